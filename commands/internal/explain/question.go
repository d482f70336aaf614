package explain

import (
	"slices"
	"strconv"

	"cachering/commands/internal/placement"
	"cachering/ring"
)

// otherVersions are looked at without a scan: 0 to this one.
const otherVersions = 20

// Place begins the evidence of a key: as the caller named it, and its stored key; raw tells
// that the caller named that.
func (x *Explainer) Place(arg, stored string, raw bool) (*Evidence, error) {
	cache := x.cache
	e := &Evidence{
		Arg: arg, Key: arg, Named: true, Stored: stored, Raw: raw,
		Same: x.same, Down: x.down, Servers: x.servers, Copies: make([]*Trace, len(x.shards)),
		Herd: cache.HerdTimeout, Buffer: cache.Buffer, GetMany: cache.Sharded && cache.Traits.GetManyAstray, Sharded: cache.Sharded,
		Marked: cache.Traits.Side.Fresh != "", LockMarks: cache.Traits.Side.Lock != "" && !cache.Traits.Guards, Forever: cache.Timeout.Forever,
		Timeout: "the cache keeps entries for " + cache.Timeout.String() + " s unless told otherwise",
	}
	if cache.Timeout.Forever {
		e.Timeout = "it was given one, for the cache keeps entries for ever unless told otherwise"
	}
	for _, shard := range x.shards {
		e.Shards = append(e.Shards, shard.Name)
	}
	key, version, ok := cache.Keyspace.Split([]byte(e.Stored))
	e.Version = string(version)
	if raw {
		e.Key, e.Named = string(key), ok && key != nil
	}
	read, err := cache.Place.Home(cache.Keyspace, []byte(e.Stored))
	if err != nil {
		return nil, err
	}
	e.Home = read
	if writer, only := cache.Place.Writer(); only {
		e.Home, e.Sharded = writer, false
	}
	switch {
	case x.o.Replica != nil:
		e.Readers = []int{*x.o.Replica}
	case x.o.Writer:
		e.Readers = []int{e.Home}
	default:
		// One server listed twice is one reader.
		for _, i := range cache.Place.Readers(read) {
			if !slices.ContainsFunc(e.Readers, func(r int) bool { return x.same[r] == x.same[i] }) {
				e.Readers = append(e.Readers, i)
			}
		}
	}
	return e, nil
}

// question is one stored key to ask every shard about, and what to do with the
// answer.
type question struct {
	stored string
	keep   func(Trace)
	Trace  // what is known beforehand
}

// questions are all stored keys that could tell something about a key, itself
// first.
func (x *Explainer) questions(e *Evidence) []question {
	cache := x.cache
	asked := map[string]bool{}
	var list []question
	add := func(stored string, known Trace, keep func(Trace)) {
		if !asked[stored] {
			asked[stored] = true
			list = append(list, question{stored, keep, known})
		}
	}
	add(e.Stored, Trace{}, func(t Trace) { e.Copies[t.On] = &t })
	if cache.Traits.Side.Fresh != "" {
		add(cache.Traits.Side.Fresh+e.Stored, Trace{}, func(t Trace) { e.Markers = append(e.Markers, t) })
	}
	if cache.Traits.Side.Lock != "" {
		add(cache.Traits.Side.Lock+e.Stored, Trace{}, func(t Trace) { e.Locks = append(e.Locks, t) })
	}
	if !e.Named {
		return list
	}
	other := func(t Trace) {
		t.Cache = x.owner(x.shards[t.On], t.Stored, e.Key)
		e.Prefixes = append(e.Prefixes, t)
	}
	if cache.Keyspace.Versioned() {
		space := cache.Keyspace
		space.BareFalsy = false // the text "0" has prefix and version
		for v := range int64(otherVersions + 1) {
			add(space.Stored(e.Key, v), Trace{Prefix: cache.Keyspace.Prefix, Version: strconv.FormatInt(v, 10)},
				func(t Trace) { e.Versions = append(e.Versions, t) })
		}
	}
	if rest, ok := renamedKey(cache, e.Key); ok && e.Version != "" {
		if version, err := strconv.ParseInt(e.Version, 10, 64); err == nil {
			add(cache.Keyspace.Stored(rest, version), Trace{Prefix: cache.Keyspace.Prefix, Version: e.Version}, func(t Trace) { e.Renamed = append(e.Renamed, t) })
		}
	}
	for _, c := range x.file.Caches {
		known := Trace{Prefix: c.Keyspace.Prefix, Version: strconv.FormatInt(c.Version, 10)}
		keep := other
		if placement.SameKeyspace(c, cache) {
			keep = func(t Trace) { e.Versions = append(e.Versions, t) }
		}
		add(c.Keyspace.Stored(e.Key, c.Version), known, keep)
	}
	plain := ring.Keyspace{}
	add(plain.Stored(e.Key, cache.Version), Trace{Version: strconv.FormatInt(cache.Version, 10)}, other)
	add(e.Key, Trace{}, other)
	return list
}
