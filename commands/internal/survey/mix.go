package survey

import (
	"bytes"
	"context"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// Mix is whose keys a sample of one database of a server holds.
type Mix struct {
	DB         int
	Seen       int64 // keys looked at
	Mine       int64 // of those, entries of this cache
	Side       int64 // its locks and markers
	Neighbours int64 // keys of other caches of the file, in the shard's own database
	Foreign    int64 // keys of no cache in the file
	// Versions counts Mine by version.
	Versions map[string]int64
	// Prefixes counts Foreign by prefix, of those that are named as Django names
	// keys: prefix:version:key.
	Prefixes map[string]int64
}

// Mix is whose keys are in the database of a shard that was looked at: as many of
// them are looked at as the sample is large, each shard with its share.
func (s *Sample) Mix(cl *cluster.Cluster) *Mix { return mixOf(s.sight, s.filter, cl.SideKeys()) }

// LookAround takes a sample of n keys of each of some databases on the server of a
// shard that are not its own, whoever's they are. It reads no value and writes
// nothing.
func LookAround(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, n int, others []int) (of []*Mix, err error) {
	if len(others) == 0 {
		return nil, nil
	}
	conn, err := s.Dial(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	f := scan.NewFilter(scan.Selection{}, cl, s).Elsewhere()
	for _, db := range others {
		chosen := redis.NewStatusCmd(ctx, "select", db)
		if err := conn.Do(ctx, []redis.Cmder{chosen}); err != nil {
			return of, err
		}
		if err := chosen.Err(); err != nil {
			return of, s.Wrap(err)
		}
		from := newSampler(ctx, conn, f.Pattern, func([]byte) bool { return true })
		Draw(ctx, []*Sampler{from}, n)
		if from.err != nil {
			return of, s.Wrap(from.err)
		}
		m := mixOf(from.sight, f, cl.SideKeys())
		m.DB = db
		of = append(of, m)
	}
	return of, nil
}

func mixOf(keys [][]byte, f *scan.Filter, side ring.SideKeys) *Mix {
	m := &Mix{Versions: make(map[string]int64), Prefixes: make(map[string]int64)}
	for _, key := range keys {
		m.add(f, side, key)
	}
	return m
}

// add counts one key.
func (m *Mix) add(f *scan.Filter, side ring.SideKeys, stored []byte) {
	m.Seen++
	kind, main := side.Classify(f.Space, stored)
	_, version, mine := f.Mine(main)
	_, neighbour := f.Neighbour(stored)
	switch {
	case mine && kind == ring.Entry:
		m.Mine++
		m.Versions[string(version)]++
	case mine && kind != ring.Foreign:
		m.Side++
	case neighbour:
		m.Neighbours++
	default:
		m.Foreign++
		for _, prefix := range []string{side.Fresh, side.Lock} {
			stored = bytes.TrimPrefix(stored, []byte(prefix))
		}
		if prefix, _, ok := djangoKey(stored); ok {
			m.Prefixes[string(prefix)]++
		}
	}
}

// djangoKey is what stands before the version, -?[0-9]+ between colons, in a key that
// Django's default key function made, and what stands after it; of several places the
// first.
func djangoKey(stored []byte) (prefix, key []byte, ok bool) {
	for at := 0; ; {
		colon := bytes.IndexByte(stored[at:], ':')
		if colon < 0 {
			return nil, nil, false
		}
		at += colon + 1
		end := bytes.IndexByte(stored[at:], ':')
		if end < 0 {
			return nil, nil, false
		}
		version := bytes.TrimPrefix(stored[at:at+end], []byte("-"))
		if len(version) > 0 && len(bytes.Trim(version, "0123456789")) == 0 {
			return stored[:at-1], stored[at+end+1:], true
		}
	}
}
