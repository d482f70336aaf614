package commands

import (
	"context"
	"fmt"
	"strconv"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// sameKeyspace reports whether two caches call entries alike.
func sameKeyspace(a, b *config.Cache) bool {
	return a.Keyspace.Prefix == b.Keyspace.Prefix && a.Keyspace.Function() == b.Keyspace.Function() && a.Keyspace.BareFalsy == b.Keyspace.BareFalsy
}

// namer tells how one cache calls the entries of another, in version only, or in that
// which they have.
func namer(from, to *config.Cache, only *int64) func(stored, key, version []byte) ([]byte, bool) {
	alike := sameKeyspace(from, to) && only == nil
	return func(stored, key, version []byte) ([]byte, bool) {
		if alike {
			return stored, true
		}
		n := to.Version
		switch {
		case key == nil:
			return nil, false
		case only != nil:
			n = *only
		case version != nil:
			var err error
			if n, err = strconv.ParseInt(string(version), 10, 64); err != nil || strconv.FormatInt(n, 10) != string(version) {
				return nil, false
			}
		}
		return []byte(to.Keyspace.Stored(string(key), n)), true
	}
}

// leftOf tells of what PTTL answers how long the application sees an entry. HerdClient
// keeps what it wraps longer than it says.
func leftOf(cache *config.Cache) func(pttl int64) (left int64, missing bool) {
	longer := cache.Buffer.Milliseconds()
	if cache.Herd {
		longer += cache.HerdTimeout.Milliseconds()
	}
	return func(pttl int64) (int64, bool) {
		if pttl < 0 {
			return pttl, false
		}
		return max(0, pttl-longer), cache.Buffer > 0 && pttl <= cache.Buffer.Milliseconds()
	}
}

// placedKeys is how many keys tell whether two caches are one.
const placedKeys = 256

// sameCache reports whether two caches have every key under one name in one place, as the
// servers tell, however these are spelled.
func sameCache(ctx context.Context, from, to *cluster.Cluster, there func(stored, key, version []byte) ([]byte, bool)) bool {
	a, b := placesOf(ctx, from), placesOf(ctx, to)
	for n := range placedKeys {
		stored := []byte(from.Keyspace().Stored(fmt.Sprint("cachering:", n), 1))
		key, version, _ := from.Keyspace().Split(stored)
		other, ok := there(stored, key, version)
		if !ok || string(other) != string(stored) {
			return false
		}
		here, err := from.Home(stored)
		home, wrong := to.Home(other)
		if err != nil || wrong != nil || !here.Same(home) && (a[here.Index] == "" || a[here.Index] != b[home.Index]) {
			return false
		}
	}
	return true
}

// placesOf tells the shards of a cache by the process and the database, by their index.
func placesOf(ctx context.Context, cl *cluster.Cluster) map[int]string {
	ids := make(map[int]string)
	for i, id := range processes(ctx, cl.Visit()) {
		for _, s := range cl.Shards() {
			if s.Same(cl.Visit()[i]) {
				ids[s.Index] = id
			}
		}
	}
	return ids
}
