package engine

import (
	"strconv"

	"cachering/commands/internal/cluster"
	"cachering/ring"
)

// Selection says which keys of a cache a run is for. The zero Selection is all
// of them.
type Selection struct {
	Match    string   // glob of the key as the application names it; "" is every key
	Stored   bool     // Match is a glob of the stored key; other caches' keys stay out all the same
	Versions []int64  // nil: every version
	Protect  []string // globs of keys to spare
}

// verdict is what a Selection says about a stored key.
type verdict uint8

const (
	other verdict = iota // not selected, or not of this cache
	spare                // selected, but protected
	take
)

// filter is a Selection made ready for one shard.
type filter struct {
	pattern    string // for SCAN; lets through whatever is selected, and perhaps more
	space      ring.Keyspace
	nearer     []ring.Keyspace // of neighbours whose longer prefix comes first
	match      []byte          // of the key; nil: the pattern has decided
	versions   []string
	protect    [][]byte
	neighbours []cluster.Neighbour
}

func newFilter(sel Selection, cl *cluster.Cluster, s *cluster.Shard) *filter {
	f := &filter{space: cl.Keyspace(), neighbours: s.Neighbours()}
	for _, n := range f.neighbours {
		if len(n.Keyspace.Prefix) > len(f.space.Prefix) {
			f.nearer = append(f.nearer, n.Keyspace)
		}
	}
	glob := sel.Match
	if glob == "" {
		glob = "*"
	}
	switch {
	case sel.Stored:
		f.pattern = glob
	case len(sel.Versions) == 1:
		f.pattern = f.space.Pattern(glob, sel.Versions[0])
	default:
		f.pattern = f.space.PatternAll(glob)
	}
	if !sel.Stored && sel.Match != "" {
		f.match = []byte(glob)
	}
	for _, v := range sel.Versions {
		f.versions = append(f.versions, strconv.FormatInt(v, 10))
	}
	for _, p := range sel.Protect {
		f.protect = append(f.protect, []byte(p))
	}
	return f
}

// mine reports whether a stored key belongs to this cache: of the caches on the
// same server and database, that with the longest prefix that fits.
func (f *filter) mine(stored []byte) (key, version []byte, ok bool) {
	key, version, ok = f.space.Split(stored)
	if !ok {
		return nil, nil, false
	}
	for _, n := range f.nearer {
		if _, _, nearer := n.Split(stored); nearer {
			return nil, nil, false
		}
	}
	return key, version, true
}

func (f *filter) verdict(stored []byte) verdict {
	key, version, ok := f.mine(stored)
	if !ok || !f.selects(version) || f.match != nil && !ring.Match(f.match, key) {
		return other
	}
	for _, p := range f.protect {
		if ring.Match(p, key) {
			return spare
		}
	}
	return take
}

func (f *filter) selects(version []byte) bool {
	if f.versions == nil {
		return true
	}
	for _, v := range f.versions {
		if string(version) == v {
			return true
		}
	}
	return false
}

// neighbour names the cache of the file that a key of another belongs to.
func (f *filter) neighbour(stored []byte) (alias string, ok bool) {
	longest := -1
	for _, n := range f.neighbours {
		if _, _, fits := n.Keyspace.Split(stored); fits && len(n.Keyspace.Prefix) > longest {
			longest, alias = len(n.Keyspace.Prefix), n.Alias
		}
	}
	return alias, longest >= 0
}

// fits applies the pattern to a key that was scanned without it.
func (f *filter) fits(stored []byte) bool { return ring.Match([]byte(f.pattern), stored) }

// takes reports whether a key that was met without the pattern is selected.
func (f *filter) takes(stored []byte) bool { return f.fits(stored) && f.verdict(stored) == take }
