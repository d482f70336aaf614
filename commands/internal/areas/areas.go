// Package areas tells which part of an application made a key, and what is lost with
// it: Django's own (sessions, pages, fragments), the packages beside it, and the
// queues that share a Redis with a cache. One table knows all of it.
//
// A key tells by its name, as the package that makes it writes names. Where names say
// too little the value may be looked at, and need not be: see [Shape]. What has the
// form of a hash and nothing else is of no area for sure. The package knows no Redis
// and no configuration.
package areas

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// A Loss is what it means to delete the keys of an area, from the least to the worst.
type Loss uint8

// The losses. Their names are stable: scripts and configurations have them.
const (
	Unknown    Loss = iota // nobody knows
	Recomputed             // nothing: the application makes it again
	Stale                  // what is wrong since then stays in other keys
	State                  // data are lost, or what keeps guard starts anew
	Logout                 // users have to log in again
)

var lossNames = [...]string{Unknown: "unknown", Recomputed: "recomputed", Stale: "stale", State: "state", Logout: "logout"}

// String is the name of the loss.
func (l Loss) String() string { return lossNames[l] }

// An Area is a part of an application that makes keys. The zero Area is Other.
type Area uint8

// about is what there is to know of an area.
type about struct {
	name   string // stable: scripts and configurations have it
	title  string // where it is more than the name
	source string // the Python modules that make the keys, or the program
	loss   Loss
	means  string // the loss in words; "" where they say no more than its name
}

// Name is the area in configurations and in JSON: lower-case letters, digits and -.
func (a Area) Name() string { return table[a].name }

// Title is the area in sentences for people.
func (a Area) Title() string { return cmp.Or(table[a].title, table[a].name) }

// Source names the Python modules, or the program, that make the keys; "" where that is
// not known.
func (a Area) Source() string { return table[a].source }

// Loss is what deleting keys of the area means.
func (a Area) Loss() Loss { return table[a].loss }

// valued tells that no key by itself tells the area.
func (a Area) valued() bool { return a == Models || a == Cachalot || a == CachalotStamps }

// Means says the loss in words that have the area for a subject, as "logs users out";
// "" where there is nothing to say.
func (a Area) Means() string { return table[a].means }

// Of tells the area of a stored key. user is the key as the application names it,
// without prefix and version; nil where nobody knows what those are. Of the value no
// more than its shape counts, and the zero Shape where it was not looked at.
//
// A key without prefix and version may be one that a package writes with a client of
// its own, and that is tried first, as are longer beginnings before shorter ones.
func Of(stored, user []byte, value Shape) Area {
	x := lists()
	bare := user == nil || len(user) == len(stored)
	if bare {
		if a := x.direct.find(stored); a != Other {
			return a
		}
	}
	if user == nil {
		user = stored
	} else if a := x.cached.find(user); a != Other {
		return a
	}
	return byShape(user, bare, value)
}

// list holds patterns by their first byte, longer beginnings first; those without a
// beginning come last.
type list struct {
	by    [256][]pattern
	loose []pattern
}

func (l *list) find(key []byte) Area {
	if len(key) == 0 {
		return Other
	}
	for _, list := range [...][]pattern{l.by[key[0]], l.loose} {
		for i := range list {
			if p := &list[i]; p.fits(key) {
				return p.area
			}
		}
	}
	return Other
}

// lists has the patterns of both layers.
var lists = sync.OnceValue(func() *struct{ direct, cached list } {
	x := new(struct{ direct, cached list })
	sorted := slices.SortedStableFunc(slices.Values(patterns), func(a, b pattern) int { return len(b.start) - len(a.start) })
	for _, p := range sorted {
		if p.layer&direct != 0 {
			x.direct.add(p)
		}
		if p.layer&cached != 0 {
			x.cached.add(p)
		}
	}
	return x
})

func (l *list) add(p pattern) {
	if p.start == "" {
		l.loose = append(l.loose, p)
	} else {
		l.by[p.start[0]] = append(l.by[p.start[0]], p)
	}
}

// Set is a number of areas.
type Set [(count + 63) / 64]uint64

// Has tells whether an area is in the set.
func (s *Set) Has(a Area) bool { return s[a/64]>>(a%64)&1 != 0 }

// Add adds those of another set.
func (s *Set) Add(other Set) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Named is the set that a configuration calls @name: one area, or all whose keys have
// one loss in common, logout, state or stale. ok is false where there is none that a key
// by itself tells.
func Named(name string) (s Set, ok bool) {
	for a := range Area(count) {
		if loss := a.Loss(); !a.valued() && (a.Name() == name || loss > Recomputed && loss.String() == name) {
			s[a/64] |= 1 << (a % 64)
			ok = true
		}
	}
	return s, ok
}

// ByName is the area of a Name.
func ByName(name string) (a Area, ok bool) {
	for a := range Area(count) {
		if a.Name() == name {
			return a, true
		}
	}
	return Other, false
}

// Names are those that Named knows, sorted.
func Names() []string {
	names := []string{Stale.String(), State.String(), Logout.String()}
	for a := range Area(count) {
		if !a.valued() {
			names = append(names, a.Name())
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
