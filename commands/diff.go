package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/ring"
)

// diff compares where two caches look for the same keys. It is safe for
// concurrent use.
type diff struct {
	from, to *config.Cache
	renamed  bool // the caches have different stored keys
	// same tells which server of to is which of from: equal numbers are one
	// database of one server.
	fromID, toID []int
}

// diffTally counts keys by where they are and would be.
type diffTally struct {
	keys, misplaced int64
	moves           map[[2]int]int64
}

func (t *diffTally) merge(o *diffTally) {
	t.keys += o.keys
	t.misplaced += o.misplaced
	for pair, n := range o.moves {
		t.move(pair[0], pair[1], n)
	}
}

func (t *diffTally) move(from, to int, n int64) {
	if t.moves == nil {
		t.moves = map[[2]int]int64{}
	}
	t.moves[[2]int{from, to}] += n
}

func newDiff(from, to *config.Cache) (*diff, error) {
	d := &diff{from: from, to: to, renamed: !sameKeyspace(from, to)}
	for _, c := range []*config.Cache{from, to} {
		// A ring that cannot place one stored key can place none.
		if _, err := c.Place.Home(c.Keyspace, []byte(c.Keyspace.Stored("key", c.Version))); err != nil {
			return nil, usagef("cache %s: %v", c.Alias, err)
		}
	}
	if d.renamed && !from.Keyspace.Reversible() {
		return nil, usagef("the caches have different stored keys, and those of %s do not show the key", from.Alias)
	}
	ids := map[string]int{}
	for _, side := range []struct {
		servers []ring.Server
		ids     *[]int
	}{{from.Servers, &d.fromID}, {to.Servers, &d.toID}} {
		for _, sv := range side.servers {
			id, seen := ids[database(sv)]
			if !seen {
				id = len(ids)
				ids[database(sv)] = id
			}
			*side.ids = append(*side.ids, id)
		}
	}
	return d, nil
}

// server names a Redis server by how it is reached, however it is spelled: the
// case of a host means nothing, and localhost is 127.0.0.1 wherever Redis
// listens there. database names one of its databases.
func server(s ring.Server) string {
	host, port, err := net.SplitHostPort(s.Addr)
	if s.Network == "unix" || err != nil {
		return s.Network + " " + s.Addr
	}
	if host = strings.ToLower(host); host == "localhost" {
		host = "127.0.0.1"
	}
	return s.Network + " " + net.JoinHostPort(host, port)
}

func database(s ring.Server) string { return server(s) + " " + strconv.Itoa(s.DB) }

func sameKeyspace(a, b *config.Cache) bool {
	return a.Keyspace.Prefix == b.Keyspace.Prefix && a.Keyspace.Function() == b.Keyspace.Function()
}

// place counts a key found on a shard.
func (d *diff) place(l engine.Listed, cl *cluster.Cluster, on *cluster.Shard, t *diffTally) (from, to int, moved bool) {
	from, err := d.from.Place.Home(d.from.Keyspace, l.Stored)
	if err != nil || !cl.Shards()[from].Same(on) {
		t.misplaced++
		return from, 0, false
	}
	if !d.renamed {
		to, err = d.to.Place.Home(d.to.Keyspace, l.Stored)
	} else {
		version := d.to.Version
		if l.Version != nil {
			version, err = strconv.ParseInt(string(l.Version), 10, 64)
		}
		to = d.to.Place.HomeOf(d.to.Keyspace, string(l.Key), version)
	}
	if err != nil { // a version that no integer holds: the library wrote none such
		t.misplaced++
		return from, to, false
	}
	return from, to, d.count(from, to, t)
}

// count counts a key whose homes are known.
func (d *diff) count(from, to int, t *diffTally) (moved bool) {
	t.keys++
	if d.fromID[from] == d.toID[to] {
		return false
	}
	t.move(from, to, 1)
	return true
}

// model places n random keys. They are the same in every run, so that two
// changes can be compared.
func (d *diff) model(ctx context.Context, n int64, t *diffTally) error {
	random := rand.New(rand.NewPCG(0, 0))
	for i := range n {
		if i%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key := fmt.Sprintf("%016x", random.Uint64())
		d.count(d.from.Place.HomeOf(d.from.Keyspace, key, d.from.Version), d.to.Place.HomeOf(d.to.Keyspace, key, d.to.Version), t)
	}
	return nil
}

// describe fills in what was counted.
func (d *diff) describe(t *diffTally, doc *diffDocument) {
	doc.Keys, doc.Misplaced = t.keys, t.misplaced
	share := func(n int64) float64 { return float64(n) / float64(max(1, t.keys)) }
	for _, pair := range slices.SortedFunc(maps.Keys(t.moves), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	}) {
		n := t.moves[pair]
		doc.Moved += n
		doc.Moves = append(doc.Moves, diffMove{
			From: d.from.Servers[pair[0]].Masked(), FromIndex: pair[0],
			To: d.to.Servers[pair[1]].Masked(), ToIndex: pair[1],
			Keys: n, Share: share(n),
		})
	}
	doc.Share = share(doc.Moved)
	if doc.Moved > 0 && len(doc.Differences) == 1 {
		doc.Cause = &doc.Differences[0]
	}
}

// causes says of each difference what can be done about it.
var causes = map[string]string{
	"backend":      "one of the two does not shard",
	"release":      "only the release differs, and with it the ring",
	"key_prefix":   "only the prefix differs, and with it every stored key",
	"key_function": "only the key function differs, and with it every stored key",
	"servers":      "servers came or went",
	"db":           "only the database of servers differs",
	"spelling":     "only the spelling of locations differs: spelled as before, no key moves",
	"password":     "only the password in locations differs, which this ring hashes: put into the options, it moves keys once and never again",
	"python":       "only the Python differs, and with it how locations are printed",
	"order":        "only the order of locations differs: in the order of before, no key moves",
	"master":       "only the server that takes every write differs",
}

// differences tells in what two caches differ that decides where keys live.
func differences(a, b *config.Cache) []string {
	list := []string{}
	add := func(name string, differs bool) {
		if differs && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	add("backend", a.Sharded != b.Sharded)
	add("release", a.Sharded && b.Sharded && a.Ring != b.Ring)
	add("key_prefix", a.Keyspace.Prefix != b.Keyspace.Prefix)
	add("key_function", a.Keyspace.Function() != b.Keyspace.Function())
	if !b.Sharded {
		add("master", !a.Sharded && server(a.Servers[a.Master]) != server(b.Servers[b.Master]))
		add("db", !a.Sharded && a.Servers[a.Master].DB != b.Servers[b.Master].DB)
		return list
	}
	pairs, ok := pair(a.Servers, b.Servers, database)
	if !ok {
		pairs, ok = pair(a.Servers, b.Servers, server)
	}
	if !ok {
		add("servers", true)
		return list
	}
	moved := false
	for i, j := range pairs {
		x, y := a.Servers[i], b.Servers[j]
		moved = moved || i != j
		switch {
		case x.DB != y.DB:
			add("db", true)
		case b.Ring.ByOrder(), a.Ring == b.Ring && x.Label == y.Label:
			// Spelled in whatever way, it is the same to this ring.
		case x.Spelling == y.Spelling:
			add("python", a.Ring == b.Ring)
		case x.Masked() == y.Masked():
			add("password", true)
		default:
			add("spelling", true)
		}
	}
	add("order", moved && orderMatters(b, pairs))
	return list
}

// pair finds for each server of a the same one of b, the first of those that
// are not taken; ok tells whether none is left over on either side.
func pair(a, b []ring.Server, id func(ring.Server) string) (pairs []int, ok bool) {
	if len(a) != len(b) {
		return nil, false
	}
	left := map[string][]int{}
	for j, s := range b {
		left[id(s)] = append(left[id(s)], j)
	}
	for _, s := range a {
		js := left[id(s)]
		if len(js) == 0 {
			return nil, false
		}
		pairs, left[id(s)] = append(pairs, js[0]), js[1:]
	}
	return pairs, true
}

// orderMatters reports whether the ring of b is another one when its servers
// stand in another order: in most it is only where points collide.
func orderMatters(b *config.Cache, order []int) bool {
	var servers []ring.Server
	for _, j := range order {
		servers = append(servers, b.Servers[j])
	}
	other, err := ring.New(b.Ring, servers)
	if err != nil {
		return true
	}
	points := func(r *ring.Ring) (list []string) {
		for p := range r.Points() {
			list = append(list, p.Position+" "+r.Servers()[p.Server].Label)
		}
		return list
	}
	return !slices.Equal(points(b.Place), points(other))
}
