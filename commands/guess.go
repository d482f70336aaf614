package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// enoughToJudge is how many sampled keys it takes to say something about a ring.
const enoughToJudge = 20

// candidate is a ring that the application may have, and how many of the
// sampled keys it looks for where they were found.
type candidate struct {
	name       ring.Name
	place      *ring.Ring
	servers    []ring.Server
	options    ring.Options // by which they were read
	spelling   string       // locations, masked, where they are not the configured ones: the first, or all if they have no one form
	python     ring.Python
	configured bool
	home       int64
}

// guess is what a sample says about the ring of the application.
type guess struct {
	sampled    int64
	configured *candidate
	// best holds the best candidate of each ring, the best of all first.
	best []*candidate
}

// guessRing tries every known ring, and every spelling of the locations, on
// sampled keys. The surveys are of the shards in that order.
func guessRing(cache *config.Cache, cl *cluster.Cluster, shards []*cluster.Shard, surveys []engine.Survey) *guess {
	g := &guess{}
	all := candidates(cache)
	g.configured = all[0]
	atHome := func(place *ring.Ring) (n int64) {
		for i := range surveys {
			for _, key := range surveys[i].Sample() {
				// A key that a ring cannot place is not at home in it.
				if home, err := place.Home(cache.Keyspace, key); err == nil && cl.Shards()[home].Same(shards[i]) {
					n++
				}
			}
		}
		return n
	}
	for i := range surveys {
		g.sampled += int64(len(surveys[i].Sample()))
	}
	for _, c := range all {
		c.home = atHome(c.place)
	}
	// Stable: of equals the first stays first, and the configured one is.
	order := func(a, b *candidate) int { return cmp.Compare(b.home, a.home) }
	slices.SortStableFunc(all, order)
	if g.judges() && !g.fits(all[0]) {
		for _, start := range all[:min(len(all), mixedStarts)] {
			if c := mixed(cache, start, atHome); g.fits(c) {
				all = append(all, c)
			}
		}
		slices.SortStableFunc(all, order)
	}
	for _, c := range all {
		if !slices.ContainsFunc(g.best, func(o *candidate) bool { return o.name == c.name }) {
			g.best = append(g.best, c)
		}
	}
	return g
}

// A mixed list of locations is searched from the best candidates of one form,
// with a bound on the rings that are made for each.
const (
	mixedStarts = 3
	mixedRings  = 1000
)

// mixed respells one server after the other in the way that brings most keys
// home, as long as that helps. The labels of the others stay, so that each
// right one brings the keys of its points home, whatever the rest is.
func mixed(cache *config.Cache, start *candidate, atHome func(*ring.Ring) int64) *candidate {
	best := *start
	best.configured = false
	for helped, tried := true, 0; helped; {
		helped = false
		for i := range best.servers {
			for form := range spellings(cache.Servers[i], best.options.Library) {
				one, ok := respelled(best.name, cache.Servers[i:i+1], form, best.options)
				if !ok || one[0].Label == best.servers[i].Label {
					continue
				}
				if tried++; tried > mixedRings {
					return &best
				}
				servers := slices.Clone(best.servers)
				servers[i] = one[0]
				place, err := ring.New(best.name, servers)
				if err != nil {
					continue
				}
				if home := atHome(place); home > best.home {
					best.servers, best.place, best.home, helped = servers, place, home, true
				}
			}
		}
	}
	var names []string
	for _, s := range best.servers {
		names = append(names, s.Masked())
	}
	best.spelling = strings.Join(names, ", ")
	return &best
}

// candidates are the rings to try: the configured one first, then those of its
// library, newest first, then the others; and of each the configured spelling
// first.
func candidates(cache *config.Cache) []*candidate {
	list := []*candidate{{name: cache.Ring, place: cache.Place, servers: cache.Servers, options: tried(cache.Ring, cache), configured: true}}
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
				c := &candidate{name: name, place: place, servers: servers, options: o}
				if servers[0].Spelling != cache.Servers[0].Spelling {
					c.spelling = servers[0].Masked()
				}
				if o.Python != ring.Python(cache.Python) {
					c.python = o.Python
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

// labels tells rings apart: of equal ones only one is a candidate.
func labels(name ring.Name, servers []ring.Server) string {
	var b strings.Builder
	b.WriteString(string(name))
	for _, s := range servers {
		b.WriteString("\n" + s.Label)
	}
	return b.String()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// judges reports whether the sample is large enough to say something.
func (g *guess) judges() bool { return g.sampled >= enoughToJudge }

// fits reports whether a candidate explains where the keys are: a few may have
// been left behind by incr_version or by a change of servers.
func (g *guess) fits(c *candidate) bool { return c.home*10 >= g.sampled*9 }

// rounded is a share in whole percent; it is 100 only where nothing is left out.
func (g *guess) rounded(c *candidate) string {
	share := 100 * c.home / max(1, g.sampled)
	return fmt.Sprintf("%s (%d %%)", c, share)
}

// String names a candidate.
func (c *candidate) String() string {
	text := string(c.name)
	if c.spelling != "" {
		text += " with locations as " + c.spelling
	}
	if c.python != "" {
		text += " under Python 2 with unicode locations"
	}
	return text
}

// sentence is the answer in words.
func (g *guess) sentence() string {
	best := g.best[0]
	switch {
	case !g.judges():
		return fmt.Sprintf("%s in the sample: too few to tell the ring", count(g.sampled, "key"))
	case !g.fits(best):
		return fmt.Sprintf("these keys fit no ring that is known; best is %s", g.rounded(best))
	case best.configured:
		return fmt.Sprintf("these keys fit %s, as configured", g.rounded(best))
	}
	return fmt.Sprintf("these keys fit %s, not %s", g.rounded(best), g.rounded(g.configured))
}

// warnMisplaced warns where fewer than nine tenths of a sample are at home.
func (s *session) warnMisplaced(cache *config.Cache, cl *cluster.Cluster, shards []*cluster.Shard, surveys []engine.Survey) {
	var sampled, home int64
	for i := range surveys {
		sampled += surveys[i].Sampled()
		home += surveys[i].Home
	}
	if !cache.Sharded || sampled < enoughToJudge || home*10 >= sampled*9 {
		return
	}
	s.ui.Warn("warning: %d of %d sampled keys are where this ring looks for them: %s",
		home, sampled, guessRing(cache, cl, shards, surveys).sentence())
}
