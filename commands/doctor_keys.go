package commands

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cachering/codec"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
	"cachering/ring"
)

// database compares the database in use with the others of the server.
func (e *examination) database(sh *shardFacts) {
	if sh.own == nil {
		return
	}
	for _, m := range sh.others {
		if m.Mine < placement.Enough {
			continue
		}
		at := e.cache.Endpoint(sh.index).DB
		what := fmt.Sprintf("database %d holds keys named as those of this cache, %d in a sample of %d", m.DB, m.Mine, m.Seen)
		if sh.own.Mine+sh.own.Side == 0 && sh.sample.Size() == 0 {
			e.find("wrong_database", sh, fmt.Sprintf("database %d holds no key of this cache, and %s", at, what),
				fmt.Sprintf("compare DB and LOCATION of the application; if it is right there, write db = %d under %s, or into the location", m.DB, e.table("options")))
		} else {
			e.find("other_database", sh, what, "if nobody uses them: "+sh.server+" -n "+strconv.Itoa(m.DB)+" flushdb, which deletes all that is in it")
		}
	}
}

// sampleFacts are what a sample of the keys and values of all shards shows.
type sampleFacts struct {
	Seen       int64 `json:"seen"`
	Mine       int64 `json:"entries"`    // of the cache
	Side       int64 `json:"side_keys"`  // its locks and markers
	Neighbours int64 `json:"neighbours"` // keys of other caches of the file
	Foreign    int64 `json:"foreign"`    // keys of none
	// Versions are of the entries; Prefixes of the keys of none, where they are
	// named as Django does; Codecs of the values, a sample of its own.
	Versions map[string]int64 `json:"versions"`
	Prefixes map[string]int64 `json:"foreign_prefixes"`
	Codecs   map[string]int64 `json:"codecs"`
	Ring     *string          `json:"ring"` // what the entries say about it; null where there is none
	// Head are the shards whose sample is of the keys that SCAN gives first.
	Head []string `json:"head_of_scan,omitempty"`

	sampled int64 // entries that were looked for where few keys are
}

// sample adds up what all shards show.
func (f *facts) sample() *sampleFacts {
	t := &sampleFacts{Versions: map[string]int64{}, Prefixes: map[string]int64{}, Codecs: map[string]int64{}}
	for _, sh := range f.shards {
		if sh.err != nil || sh.own == nil {
			continue
		}
		t.Seen += sh.own.Seen
		t.Mine += sh.own.Mine
		t.Side += sh.own.Side
		t.Neighbours += sh.own.Neighbours
		t.Foreign += sh.own.Foreign
		addAll(t.Versions, sh.own.Versions)
		addAll(t.Prefixes, sh.own.Prefixes)
		t.sampled += sh.sample.Size()
		if sh.sample.Head {
			t.Head = append(t.Head, sh.name)
		}
	}
	for sight, n := range f.values {
		t.Codecs[sight.String()] += n
	}
	if f.guess != nil {
		sentence := f.guess.Sentence()
		t.Ring = &sentence
	}
	return t
}

// String is the sample in a few words.
func (t *sampleFacts) String() string {
	parts := []string{plain.Count(t.Seen, "key") + " in a sample"}
	for _, p := range []struct {
		n    int64
		what string
	}{{t.Mine, "of this cache"}, {t.Side, "locks and markers"}, {t.Neighbours, "of other caches"}, {t.Foreign, "of none in the file"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// keys compares prefix and version with those of the keys that are there.
func (e *examination) keys() {
	t := e.sample()
	if named := sum(t.Prefixes); t.Mine+t.Side+t.sampled == 0 && named >= placement.Enough && e.cache.Keyspace.Function() == defaultFunction {
		e.find("wrong_prefix", nil, fmt.Sprintf("no key of a sample of %d begins with the prefix %q; there are: %s", t.Seen, e.cache.Keyspace.Prefix, frequencies(t.Prefixes, strconv.Quote)),
			fmt.Sprintf("compare KEY_PREFIX of the application; if it is right there, write key_prefix = %q under [caches.%s] of %s", ranked(t.Prefixes)[0], e.cache.Alias, e.cache.File))
	} else if t.Foreign > 0 {
		e.find("foreign_keys", nil, fmt.Sprintf("%d of %d sampled keys are of no cache of the file", t.Foreign, t.Seen),
			"describe their cache in the same file, if they are of one, or give them a database of their own")
	}
	if !e.cache.Keyspace.Versioned() {
		return
	}
	own := strconv.FormatInt(e.cache.Version, 10)
	others := maps.Clone(t.Versions)
	delete(others, own)
	switch {
	case t.Mine >= placement.Enough && t.Versions[own] == 0:
		e.find("wrong_version", nil, fmt.Sprintf("no key of a sample of %d is of version %s; there are: %s", t.Mine, own, frequencies(others, verbatim)),
			fmt.Sprintf("compare VERSION of the application; if it is right there, write version = %s under [caches.%s] of %s", ranked(others)[0], e.cache.Alias, e.cache.File))
	case len(others) > 0:
		var clears []string
		for _, v := range ranked(others) {
			clears = append(clears, e.self("clear --version "+v))
		}
		e.find("other_versions", nil, fmt.Sprintf("%d of %d sampled keys are of version %s, the others: %s", t.Versions[own], t.Mine, own, frequencies(others, verbatim)),
			"if the application is done with them: "+strings.Join(clears, "; "))
	}
}

// defaultFunction is Django's.
var defaultFunction = ring.Keyspace{}.Function()

func verbatim(text string) string { return text }

func addAll(to, from map[string]int64) {
	for name, n := range from {
		to[name] += n
	}
}

func sum(counts map[string]int64) (all int64) {
	for _, n := range counts {
		all += n
	}
	return all
}

// ranked are the names by how often each occurs, the most frequent first; a few
// are enough to see what they are.
func ranked(counts map[string]int64) []string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	return names[:min(len(names), 5)]
}

// frequencies lists names and how often each occurs.
func frequencies(counts map[string]int64, show func(string) string) string {
	var parts []string
	for _, name := range ranked(counts) {
		parts = append(parts, fmt.Sprintf("%s %d", show(name), counts[name]))
	}
	if more := len(counts) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// codecs compares how the values of a sample are stored with how the
// application stores them.
func (e *examination) codecs() {
	values := int64(0)
	found := map[string]map[string]int64{}
	for sight, n := range e.values {
		values += n
		if code := misfit(sight, e.cache.Codec); code != "" {
			if found[code] == nil {
				found[code] = map[string]int64{}
			}
			found[code][sight.String()] += n
		}
	}
	c := e.cache.Codec
	rewrite := func(to string) string { return e.self("reinsert --to " + to + " --dry-run") }
	for _, r := range [][2]string{
		{"protocol_too_new", "correct python under " + e.table("options") + ", or let the application run on a newer one; else " + rewrite(c.String())},
		{"other_serializer", "write the serializer of the application under " + e.table("options") + "; where it was changed on purpose: " + rewrite(c.String())},
		{"other_compressor", "write the compressor of the application under " + e.table("options") + "; where it was changed on purpose: " + rewrite(c.String())},
		{"other_protocol", rewrite(c.String())},
		{"unreadable_values", "see which: " + e.self("reinsert --dry-run --failures failures.jsonl")},
	} {
		if misfits := found[r[0]]; misfits != nil {
			e.find(r[0], nil, fmt.Sprintf("in a sample of %s, stored by the application as %s, there are: %s", plain.Count(values, "value"), c, frequencies(misfits, verbatim)), r[1])
		}
	}
}

// misfit is the finding that a value calls for: that the application does not read
// it, or that it would store it otherwise; "" if there is none.
func misfit(s reader.Sight, configured codec.Codec) string {
	switch s.Cause {
	case reader.Read:
		if s.Form.Serializer == codec.Pickle && configured.Protocol != codec.AnyProtocol && s.Form.Protocol != configured.Protocol {
			return "other_protocol"
		}
		return ""
	case reader.LockToken:
		return ""
	case reader.Protocol:
		return "protocol_too_new"
	case reader.Serializer:
		return "other_serializer"
	case reader.Compressor:
		return "other_compressor"
	}
	return "unreadable_values"
}
