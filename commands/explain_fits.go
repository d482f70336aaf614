package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// fit is a way in which a key may have come to a shard that is not its home.
// One key alone fits much by chance: with three shards every third ring puts it
// there. So each is tried on the keys of a sample that are astray, too.
type fit struct {
	cause    string
	ring     ring.Name
	location string // how the first is spelled, where that is another way
	python   ring.Python
	without  string // the shard without which it was at home there

	// loose marks a way that leads almost anywhere: it takes more than one key to
	// make it a cause.
	loose bool

	explains, astray int64 // sampled keys that are not at home

	home func(stored []byte) (int, bool)
}

// stray is a key and the shard on which it was found.
type stray struct {
	stored []byte
	on     int
}

const (
	// fewAstray keys say something about a loose way.
	fewAstray = 3
	// manyAstray keys say something against a way that explains few of them.
	manyAstray = 10
)

// holds reports whether the keys that are astray allow a way to be a cause.
func (f *fit) holds() bool {
	switch {
	case f.loose:
		return f.astray >= fewAstray && f.explains*10 >= f.astray*9
	case f.astray >= manyAstray:
		return f.explains*2 >= f.astray
	}
	return true
}

// fitsOf lists the ways that lead to the shard on which a key was found, the
// likeliest first: what explains most of the keys that are astray, and of ways
// that explain the same, in the order of ways.
func fitsOf(ways []fit, found stray, astray []stray, same []int) []fit {
	var fits []fit
	for _, w := range ways {
		if home, ok := w.home(found.stored); !ok || same[home] != same[found.on] {
			continue
		}
		w.astray = int64(len(astray))
		for _, a := range astray {
			if home, ok := w.home(a.stored); ok && same[home] == same[a.on] {
				w.explains++
			}
		}
		if w.holds() {
			fits = append(fits, w)
		}
	}
	slices.SortStableFunc(fits, func(a, b fit) int { return cmp.Compare(b.explains, a.explains) })
	return fits
}

// ways are how a key of a cache may have been placed elsewhere than at its home:
// by its library's incr_version, under another release, another spelling of the
// locations, and before a server was added.
func ways(cache *config.Cache, shards []*cluster.Shard, stored []byte) []fit {
	ks := cache.Keyspace
	_, version, _ := ks.Split(stored)
	var list []fit
	incr := incrVersionWay(cache)
	// incr_version makes versions that nobody sets.
	likely := string(version) != strconv.FormatInt(cache.Version, 10)
	if incr != nil && likely {
		list = append(list, *incr)
	}
	var respelled []fit
	for _, c := range candidates(cache)[1:] {
		if c.name.Library() != cache.Ring.Library() {
			continue
		}
		f := fit{cause: causeRelease, ring: c.name, location: c.spelling, python: c.python, home: homeIn(c.place, ks)}
		if c.name == cache.Ring {
			f.cause = causeRespelling
		}
		f.loose = c.name != cache.Ring && (c.spelling != "" || c.python != "") || c.spelling != "" && c.python != ""
		if c.spelling != "" || c.python != "" {
			respelled = append(respelled, f)
		} else {
			list = append(list, f)
		}
	}
	if incr != nil && !likely {
		list = append(list, *incr)
	}
	if home, err := cache.Place.Home(ks, stored); err == nil {
		respelled = append(withoutServer(cache, shards, home), respelled...)
	}
	slices.SortStableFunc(respelled, func(a, b fit) int { return cmp.Compare(btoi(a.loose), btoi(b.loose)) })
	return append(list, respelled...)
}

func homeIn(place *ring.Ring, ks ring.Keyspace) func([]byte) (int, bool) {
	return func(stored []byte) (int, bool) {
		home, err := place.Home(ks, stored)
		return home, err == nil
	}
}

// incrVersionWay is where incr_version of the cache's library leaves the new
// key, nil where it puts it home.
func incrVersionWay(cache *config.Cache) *fit {
	ks, place := cache.Keyspace, cache.Place
	f := &fit{cause: causeIncrVersion, ring: cache.Ring}
	if !cache.Sharded {
		return nil
	}
	switch cache.Traits.IncrVersion {
	case library.HomeOfBare:
		f.home = func(stored []byte) (int, bool) {
			key, _, ok := ks.Split(stored)
			return place.Owner(key), ok && key != nil
		}
	case library.HomeBefore:
		f.home = func(stored []byte) (int, bool) {
			key, version, ok := ks.Split(stored)
			n, err := strconv.ParseInt(string(version), 10, 64)
			if !ok || key == nil || err != nil {
				return 0, false
			}
			return place.HomeOf(ks, string(key), n-1), true
		}
	default:
		return nil
	}
	return f
}

// withoutServer is the ring as it was before the home of a key was one of its
// servers.
func withoutServer(cache *config.Cache, shards []*cluster.Shard, home int) []fit {
	var servers []ring.Server
	var index []int
	for i, s := range cache.Servers {
		if !shards[i].Same(shards[home]) {
			servers, index = append(servers, s), append(index, i)
		}
	}
	if len(servers) < 2 { // then every key that is astray is on the other
		return nil
	}
	place, err := ring.New(cache.Ring, servers)
	if err != nil {
		return nil
	}
	before := homeIn(place, cache.Keyspace)
	return []fit{{cause: causeServers, loose: true, ring: cache.Ring, without: shards[home].Name, home: func(stored []byte) (int, bool) {
		i, ok := before(stored)
		if !ok {
			return 0, false
		}
		return index[i], true
	}}}
}

// astray are the keys of a sample that are not at home; of tells how many keys
// the sample holds.
func astray(ctx context.Context, cl *cluster.Cluster) (list []stray, of int) {
	shards := cl.Visit()
	// A shard that fails gives no keys; that it fails is told elsewhere.
	for i, survey := range engine.Look(ctx, cl, engine.Options{Shards: shards}, sampleSize, nil) {
		of += len(survey.Sample())
		for _, key := range survey.Sample() {
			if home, err := cl.Home(key); err == nil && !home.Same(shards[i]) {
				list = append(list, stray{key, shards[i].Index})
			}
		}
	}
	return list, of
}

// sentence says how the key came there.
func (f *fit) sentence() string {
	text := ""
	switch f.cause {
	case causeIncrVersion:
		text = "incr_version of the library leaves the new key on a shard where nobody looks, and that is this one"
	case causeServers:
		text = "it was at home there before " + f.without + " was a server of the cache"
	default:
		text = "it is at home there under " + library.Holders(f.ring)
		if f.location != "" {
			text += ", with locations as " + f.location
		}
		if f.python != "" {
			text += ", under Python 2 with unicode locations"
		}
	}
	if f.astray > 1 {
		text += fmt.Sprintf("; of the sampled keys that are not at home this explains %d of %d", f.explains, f.astray)
	}
	return text
}
