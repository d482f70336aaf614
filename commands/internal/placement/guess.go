package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
	"cachering/commands/internal/plain"
	"cachering/ring"
)

// Enough is how many sampled keys it takes to say something about a ring.
const Enough = 20

// A Candidate is a ring that the application may have, and how many of the
// sampled keys it looks for where they were found.
type Candidate struct {
	Name       ring.Name
	Spelling   string // locations, masked, where they are not the configured ones: the first, or all if they have no one form
	Python     ring.Python
	Configured bool
	Home       int64

	place   *ring.Ring
	servers []ring.Server
	options ring.Options // by which they were read
}

// A Guess is what sampled keys say about the ring of the application.
type Guess struct {
	Sampled    int64
	Configured *Candidate
	// Best holds the best Candidate of each ring, the best of all first.
	Best []*Candidate

	cache *config.Cache
}

// GuessRing tries every known ring, and every spelling of the locations, on keys
// and the servers on which they were found.
func GuessRing(cache *config.Cache, keys []Key) *Guess {
	g := &Guess{Sampled: int64(len(keys)), cache: cache}
	all := candidates(cache)
	g.Configured = all[0]
	first := make([]int, len(cache.Servers)) // of those listed twice
	for i := range first {
		first[i] = cache.Duplicate(i)
	}
	atHome := func(place *ring.Ring) (n int64) {
		for _, key := range keys {
			// A key that a ring cannot place is not at home in it.
			if home, err := place.Home(cache.Keyspace, key.Stored); err == nil && first[home] == first[key.On] {
				n++
			}
		}
		return n
	}
	for _, c := range all {
		c.Home = atHome(c.place)
	}
	// Stable: of equals the first stays first, and the configured one is.
	order := func(a, b *Candidate) int { return cmp.Compare(b.Home, a.Home) }
	slices.SortStableFunc(all, order)
	if g.Judges() && !g.Fits(all[0]) {
		for _, start := range all[:min(len(all), mixedStarts)] {
			if c := mixed(cache, start, atHome); g.Fits(c) {
				all = append(all, c)
			}
		}
		slices.SortStableFunc(all, order)
	}
	for _, c := range all {
		if !slices.ContainsFunc(g.Best, func(o *Candidate) bool { return o.Name == c.Name }) {
			g.Best = append(g.Best, c)
		}
	}
	return g
}

// A mixed list of locations is searched from the best candidates of one form,
// with a bound on the servers of the rings that are made for each.
const (
	mixedStarts  = 3
	mixedServers = 16_000
)

// mixed respells one server after the other in the way that brings most keys
// home, as long as that helps. The labels of the others stay, so that each
// right one brings the keys of its points home, whatever the rest is.
func mixed(cache *config.Cache, start *Candidate, atHome func(*ring.Ring) int64) *Candidate {
	best := *start
	best.Configured = false
	for helped, tried := true, 0; helped; {
		helped = false
		for i := range best.servers {
			for form := range spellings(cache.Servers[i], best.options.Library) {
				one, ok := respelled(best.Name, cache.Servers[i:i+1], form, best.options)
				if !ok || one[0].Label == best.servers[i].Label {
					continue
				}
				if tried += len(best.servers); tried > mixedServers {
					return &best
				}
				servers := slices.Clone(best.servers)
				servers[i] = one[0]
				place, err := ring.New(best.Name, servers)
				if err != nil {
					continue
				}
				if home := atHome(place); home > best.Home {
					best.servers, best.place, best.Home, helped = servers, place, home, true
				}
			}
		}
	}
	var names []string
	for _, s := range best.servers {
		names = append(names, s.Masked())
	}
	best.Spelling = strings.Join(names, ", ")
	return &best
}

// candidates are the rings to try: the configured one first, then those of its
// library, newest first, then the others; and of each the configured spelling
// first.
func candidates(cache *config.Cache) []*Candidate {
	list := []*Candidate{{Name: cache.Ring, place: cache.Place, servers: cache.Servers, options: tried(cache.Ring, cache), Configured: true}}
	seen := map[string]bool{labels(cache.Ring, cache.Servers): true}
	names := ring.Names()
	slices.SortStableFunc(names, func(a, b ring.Name) int {
		lib := cache.Ring.Library()
		return cmp.Compare(btoi(a.Library() != lib), btoi(b.Library() != lib))
	})
	for _, name := range names {
		o := tried(name, cache)
		pythons := []ring.Python{o.Python}
		if library.Named(o.Library).PrintsLabels && o.Python != ring.Python2Unicode {
			pythons = append(pythons, ring.Python2Unicode)
		}
		for _, o.Python = range pythons {
			for form := range spellings(cache.Servers[0], o.Library) {
				servers, ok := respelled(name, cache.Servers, form, o)
				if !ok || seen[labels(name, servers)] {
					continue
				}
				seen[labels(name, servers)] = true
				place, err := ring.New(name, servers)
				if err != nil {
					continue
				}
				c := &Candidate{Name: name, place: place, servers: servers, options: o}
				if servers[0].Spelling != cache.Servers[0].Spelling {
					c.Spelling = servers[0].Masked()
				}
				if o.Python != ring.Python(cache.Python) {
					c.Python = o.Python
				}
				list = append(list, c)
			}
		}
	}
	return list
}

// tried are the options by which servers are read for a ring.
func tried(name ring.Name, cache *config.Cache) ring.Options {
	lib, release := cache.Library().Reading(name)
	return ring.Options{Library: lib.Name, Release: release, Python: ring.Python(cache.Python)}
}

// spellings are the ways to spell a server, the configured one first.
func spellings(s ring.Server, lib ring.Library) []string {
	return append([]string{s.Spelling}, s.Respellings(lib)...)
}

// respelled reads the servers of a cache as a ring would under other settings.
func respelled(name ring.Name, servers []ring.Server, form int, o ring.Options) ([]ring.Server, bool) {
	var list []ring.Server
	for _, s := range servers {
		forms := spellings(s, o.Library)
		if form >= len(forms) || forms[form] == "" {
			return nil, false
		}
		// The keys were found in this database, whoever told which it is.
		o.DB, o.DBSet = s.DB, true
		r, err := ring.ParseServer(name, forms[form], o)
		if err != nil || r.DB != s.DB {
			return nil, false
		}
		list = append(list, r)
	}
	return list, true
}

// labels tells rings apart: of equal ones only one is a Candidate.
func labels(name ring.Name, servers []ring.Server) string {
	var b strings.Builder
	b.WriteString(string(name))
	for _, s := range servers {
		b.WriteString("\n" + s.Label)
	}
	return b.String()
}

// Judges reports whether the sample is large enough to say something.
func (g *Guess) Judges() bool { return g.Sampled >= Enough }

// Fits reports whether a Candidate explains where the keys are: a few may have
// been left behind by incr_version or by a change of servers.
func (g *Guess) Fits(c *Candidate) bool { return c.Home*10 >= g.Sampled*9 }

// aboveChance reports whether a Candidate explains more than any ring would that has
// nothing to do with the keys: one of n keys for each of n servers, and half as many again.
func (g *Guess) aboveChance(c *Candidate) bool {
	return 2*c.Home*int64(len(g.cache.Servers)) > 3*g.Sampled
}

// rounded is a share in whole percent; it is 100 only where nothing is left out.
func (g *Guess) rounded(c *Candidate) string {
	share := 100 * c.Home / max(1, g.Sampled)
	return fmt.Sprintf("%s (%d %%)", c, share)
}

// String names a Candidate.
func (c *Candidate) String() string {
	text := string(c.Name)
	if c.Spelling != "" {
		text += " with locations as " + c.Spelling
	}
	if c.Python != "" {
		text += " under Python 2 with unicode locations"
	}
	return text
}

// Sentence is the answer in words.
func (g *Guess) Sentence() string {
	best := g.Best[0]
	switch {
	case !g.Judges():
		return fmt.Sprintf("%s in the sample: too few to tell the ring", plain.Count(g.Sampled, "key"))
	case !g.Fits(best):
		if !g.aboveChance(best) {
			return "none fits: no ring that is known looks for these keys where they are"
		}
		return fmt.Sprintf("none fits: no ring that is known looks for these keys where they are; nearest is %s", g.rounded(best))
	case best.Configured:
		return fmt.Sprintf("these keys fit %s, as configured", g.rounded(best))
	}
	return fmt.Sprintf("these keys fit %s, not %s", g.rounded(best), g.rounded(g.Configured))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
