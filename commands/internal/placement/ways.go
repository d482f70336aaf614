package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// A Cause is why a key lies where it does. The words are stable.
type Cause string

// The causes.
const (
	IncrVersion Cause = "incr_version"
	Release     Cause = "release"
	Respelling  Cause = "respelling"
	Servers     Cause = "servers"
)

// A Way is a way in which a key may have come to a shard that is not its home.
// One key alone fits much by chance: with three shards every third ring puts it
// there. So each is tried on the keys of a sample that are astray, too.
type Way struct {
	Cause    Cause
	Ring     ring.Name
	Location string // how the first is spelled, where that is another way
	Python   ring.Python
	Without  string // the shard without which it was at home there

	// loose marks a way that leads almost anywhere: it takes more than one key to
	// make it a cause.
	loose bool

	Explains, Astray int64 // sampled keys that are not at home

	home func(stored []byte) (int, bool)
}

const (
	// fewAstray keys say something about a loose way.
	fewAstray = 3
	// manyAstray keys say something against a way that explains few of them.
	manyAstray = 10
)

// holds reports whether the keys that are astray allow a way to be a cause.
func (f *Way) holds() bool {
	switch {
	case f.loose:
		return f.Astray >= fewAstray && f.Explains*10 >= f.Astray*9
	case f.Astray >= manyAstray:
		return f.Explains*2 >= f.Astray
	}
	return true
}

// Fits lists the ways that lead to the shard on which a key was found, the
// likeliest first: what explains most of the keys that are astray, and of ways
// that explain the same, in the order of ways.
func Fits(cache *config.Cache, ways []Way, found Key, astray []Key) []Way {
	return fits(ways, found, astray, func(a, b int) bool { return same(cache, a, b) })
}

func fits(ways []Way, found Key, astray []Key, same func(a, b int) bool) []Way {
	var list []Way
	for _, w := range ways {
		if home, ok := w.home(found.Stored); !ok || !same(home, found.On) {
			continue
		}
		w.Astray = int64(len(astray))
		for _, a := range astray {
			if home, ok := w.home(a.Stored); ok && same(home, a.On) {
				w.Explains++
			}
		}
		if w.holds() {
			list = append(list, w)
		}
	}
	slices.SortStableFunc(list, func(a, b Way) int { return cmp.Compare(b.Explains, a.Explains) })
	return list
}

// Ways are how a key of a cache may have been placed elsewhere than at its home:
// by its library's incr_version, under another release, another spelling of the
// locations, and before a server was added.
func Ways(cache *config.Cache, stored []byte) []Way {
	ks := cache.Keyspace
	_, version, _ := ks.Split(stored)
	var list []Way
	incr := incrVersionWay(cache)
	// incr_version makes versions that nobody sets.
	likely := string(version) != strconv.FormatInt(cache.Version, 10)
	if incr != nil && likely {
		list = append(list, *incr)
	}
	var respelled []Way
	for _, c := range candidates(cache)[1:] {
		if c.Name.Library() != cache.Ring.Library() {
			continue
		}
		f := Way{Cause: Release, Ring: c.Name, Location: c.Spelling, Python: c.Python, home: homeIn(c.place, ks)}
		if c.Name == cache.Ring {
			f.Cause = Respelling
		}
		f.loose = c.Name != cache.Ring && (c.Spelling != "" || c.Python != "") || c.Spelling != "" && c.Python != ""
		if c.Spelling != "" || c.Python != "" {
			respelled = append(respelled, f)
		} else {
			list = append(list, f)
		}
	}
	if incr != nil && !likely {
		list = append(list, *incr)
	}
	if home, err := cache.Place.Home(ks, stored); err == nil {
		respelled = append(withoutServer(cache, home), respelled...)
	}
	slices.SortStableFunc(respelled, func(a, b Way) int { return cmp.Compare(btoi(a.loose), btoi(b.loose)) })
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
func incrVersionWay(cache *config.Cache) *Way {
	ks, place := cache.Keyspace, cache.Place
	f := &Way{Cause: IncrVersion, Ring: cache.Ring}
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
func withoutServer(cache *config.Cache, home int) []Way {
	var servers []ring.Server
	var index []int
	for i, s := range cache.Servers {
		if !same(cache, i, home) {
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
	return []Way{{Cause: Servers, loose: true, Ring: cache.Ring, Without: cache.Servers[home].Masked(), home: func(stored []byte) (int, bool) {
		i, ok := before(stored)
		if !ok {
			return 0, false
		}
		return index[i], true
	}}}
}

// Sentence says how the key came there.
func (f *Way) Sentence() string {
	text := ""
	switch f.Cause {
	case IncrVersion:
		text = "incr_version of the library leaves the new key on a shard where nobody looks, and that is this one"
	case Servers:
		text = "it was at home there before " + f.Without + " was a server of the cache"
	default:
		text = "it is at home there under " + library.Holders(f.Ring)
		if f.Location != "" {
			text += ", with locations as " + f.Location
		}
		if f.Python != "" {
			text += ", under Python 2 with unicode locations"
		}
	}
	if f.Astray > 1 {
		text += fmt.Sprintf("; of the sampled keys that are not at home this explains %d of %d", f.Explains, f.Astray)
	}
	return text
}
