package scan

import (
	"strconv"
	"strings"

	"cachering/commands/internal/areas"
	"cachering/commands/internal/cluster"
	"cachering/ring"
)

// Selection says which keys of a cache work is for. The zero Selection is all of
// them.
type Selection struct {
	Match    string   // glob of the key as the application names it; "" is every key
	Stored   bool     // Match is a glob of the stored key; other caches' keys stay out all the same
	Versions []int64  // nil: every version
	Protect  []string // what to spare: globs of keys, and @ with what areas.Named knows
	Where    Where    // what entries have to be like, protected ones too
}

// Verdict is what a Selection says about a stored key.
type Verdict uint8

const (
	Other Verdict = iota // not selected, or not of this cache
	Spare                // selected, but protected
	Take
)

// Filter is a Selection made ready for one shard, for one goroutine where it asks about
// values.
type Filter struct {
	Pattern    string // for SCAN; lets through whatever is selected, and perhaps more
	Space      ring.Keyspace
	nearer     []ring.Keyspace // of neighbours whose longer prefix comes first
	match      []byte          // of the key; nil: the pattern has decided
	versions   []string
	protect    [][]byte
	spared     areas.Set
	byArea     bool // spared holds something
	neighbours []cluster.Neighbour
	where      Where
	judge      Judge // of the values; nil until it is needed
}

// NewFilter prepares a selection of keys of cl on the shard s.
func NewFilter(sel Selection, cl *cluster.Cluster, s *cluster.Shard) *Filter {
	f := &Filter{Space: cl.Keyspace(), neighbours: s.Neighbours(), where: sel.Where}
	for _, n := range f.neighbours {
		if len(n.Keyspace.Prefix) > len(f.Space.Prefix) {
			f.nearer = append(f.nearer, n.Keyspace)
		}
	}
	glob := sel.Match
	if glob == "" {
		glob = "*"
	}
	switch {
	case sel.Stored:
		f.Pattern = glob
	case len(sel.Versions) == 1:
		f.Pattern = f.Space.Pattern(glob, sel.Versions[0])
	default:
		f.Pattern = f.Space.PatternAll(glob)
	}
	if !sel.Stored && sel.Match != "" {
		f.match = []byte(glob)
	}
	for _, v := range sel.Versions {
		f.versions = append(f.versions, strconv.FormatInt(v, 10))
	}
	for _, p := range sel.Protect {
		if name, marked := strings.CutPrefix(p, "@"); marked {
			set, ok := areas.Named(name)
			f.byArea = f.byArea || ok
			f.spared.Add(set)
		} else {
			f.protect = append(f.protect, []byte(p))
		}
	}
	return f
}

// Elsewhere is f for another database of the server, where the neighbours of the
// shard have nothing.
func (f *Filter) Elsewhere() *Filter {
	alone := *f
	alone.nearer, alone.neighbours = nil, nil
	return &alone
}

// Mine reports whether a stored key belongs to this cache: of the caches on the
// same server and database, that with the longest prefix that fits.
func (f *Filter) Mine(stored []byte) (key, version []byte, ok bool) {
	key, version, ok = f.Space.Split(stored)
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

// Verdict judges a key that the pattern let through.
func (f *Filter) Verdict(stored []byte) Verdict {
	key, version, ok := f.Mine(stored)
	if !ok || !f.selects(version) || f.match != nil && !ring.Match(f.match, key) {
		return Other
	}
	for _, p := range f.protect {
		if ring.Match(p, key) {
			return Spare
		}
	}
	if f.byArea && f.spared.Has(areas.Of(stored, key, areas.Unseen)) {
		return Spare
	}
	return Take
}

func (f *Filter) selects(version []byte) bool {
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

// Neighbour names the cache of the file that a key of another belongs to.
func (f *Filter) Neighbour(stored []byte) (alias string, ok bool) {
	longest := -1
	for _, n := range f.neighbours {
		if _, _, fits := n.Keyspace.Split(stored); fits && len(n.Keyspace.Prefix) > longest {
			longest, alias = len(n.Keyspace.Prefix), n.Alias
		}
	}
	return alias, longest >= 0
}

// Fits applies the pattern to a key that was scanned without it.
func (f *Filter) Fits(stored []byte) bool { return ring.Match([]byte(f.Pattern), stored) }

// Takes reports whether a key that was met without the pattern is selected.
func (f *Filter) Takes(stored []byte) bool { return f.Fits(stored) && f.Verdict(stored) == Take }
