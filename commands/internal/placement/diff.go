package placement

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/config"
	"cachering/ring"
)

// A Diff compares where two caches look for the same keys. It is safe for
// concurrent use.
type Diff struct {
	from, to *config.Cache
	renamed  bool // the caches have different stored keys
	// same tells which server of to is which of from: equal numbers are one
	// database of one server.
	fromID, toID []int
}

// A Tally counts keys by where they are and would be.
type Tally struct {
	Keys, Misplaced int64
	moves           map[[2]int]int64 // by the servers from which and to which
}

// Merge adds what another counted.
func (t *Tally) Merge(o *Tally) {
	t.Keys += o.Keys
	t.Misplaced += o.Misplaced
	for pair, n := range o.moves {
		t.move(pair[0], pair[1], n)
	}
}

func (t *Tally) move(from, to int, n int64) {
	if t.moves == nil {
		t.moves = map[[2]int]int64{}
	}
	t.moves[[2]int{from, to}] += n
}

// NewDiff compares two caches. The error tells of keys that one of them cannot
// place.
func NewDiff(from, to *config.Cache) (*Diff, error) {
	d := &Diff{from: from, to: to, renamed: !SameKeyspace(from, to)}
	for _, c := range []*config.Cache{from, to} {
		// A ring that cannot place one stored key can place none.
		if _, err := c.Place.Home(c.Keyspace, []byte(c.Keyspace.Stored("key", c.Version))); err != nil {
			return nil, fmt.Errorf("cache %s: %w", c.Alias, err)
		}
	}
	if d.renamed && !from.Keyspace.Reversible() {
		return nil, fmt.Errorf("the caches have different stored keys, and those of %s do not show the key", from.Alias)
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

// SameKeyspace tells whether two caches have the same stored keys.
func SameKeyspace(a, b *config.Cache) bool {
	return a.Keyspace.Prefix == b.Keyspace.Prefix && a.Keyspace.Function() == b.Keyspace.Function()
}

// Place counts a key found on a server of from, and tells where it is and would
// be.
func (d *Diff) Place(key Key, t *Tally) (from, to int, moved bool) {
	from, err := d.from.Place.Home(d.from.Keyspace, key.Stored)
	if err != nil || !same(d.from, from, key.On) {
		t.Misplaced++
		return from, 0, false
	}
	if !d.renamed {
		to, err = d.to.Place.Home(d.to.Keyspace, key.Stored)
	} else {
		name, text, _ := d.from.Keyspace.Split(key.Stored)
		version := d.to.Version
		if text != nil {
			version, err = strconv.ParseInt(string(text), 10, 64)
		}
		to = d.to.Place.HomeOf(d.to.Keyspace, string(name), version)
	}
	if err != nil { // a version that no integer holds: the library wrote none such
		t.Misplaced++
		return from, to, false
	}
	return from, to, d.count(from, to, t)
}

// count counts a key whose homes are known.
func (d *Diff) count(from, to int, t *Tally) (moved bool) {
	t.Keys++
	if d.fromID[from] == d.toID[to] {
		return false
	}
	t.move(from, to, 1)
	return true
}

// Model places n random keys. They are the same in every run, so that two
// changes can be compared.
func (d *Diff) Model(ctx context.Context, n int64, t *Tally) error {
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

// A Move is how many keys go from one server to another, by their indexes.
type Move struct {
	From, To int
	Keys     int64
}

// Moves lists what was counted, in the order of the servers.
func (t *Tally) Moves() []Move {
	var list []Move
	for pair, n := range t.moves {
		list = append(list, Move{pair[0], pair[1], n})
	}
	slices.SortFunc(list, func(a, b Move) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return list
}

// Advice says of a difference what can be done about it.
func Advice(difference string) string { return advice[difference] }

var advice = map[string]string{
	"backend":      "one of the two does not shard",
	"cluster":      "one of the two is a Redis Cluster, which places keys itself",
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

// Differences tells in what two caches differ that decides where keys live.
func Differences(a, b *config.Cache) []string {
	list := []string{}
	add := func(name string, differs bool) {
		if differs && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	add("cluster", a.Cluster != b.Cluster)
	add("backend", a.Sharded != b.Sharded && a.Cluster == b.Cluster)
	add("release", a.Sharded && b.Sharded && a.Ring != b.Ring)
	add("key_prefix", a.Keyspace.Prefix != b.Keyspace.Prefix)
	add("key_function", a.Keyspace.Function() != b.Keyspace.Function())
	if a.Cluster || b.Cluster {
		_, same := pair(a.Servers, b.Servers, database)
		add("servers", a.Cluster == b.Cluster && !same)
		return list
	}
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
