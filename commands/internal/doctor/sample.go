package doctor

import (
	"fmt"
	"strings"

	"cachering/commands/internal/plain"
)

// Sample is what a sample of the keys and values of all shards shows.
type Sample struct {
	Seen       int64
	Mine       int64 // of the cache
	Side       int64 // its locks and markers
	Neighbours int64 // keys of other caches of the file
	Foreign    int64 // keys of none
	// Versions are of the entries; Prefixes of the keys of none, where they are
	// named as Django does; Codecs of the values, a sample of its own.
	Versions map[string]int64
	Prefixes map[string]int64
	Codecs   map[string]int64
	Ring     string // what the entries say about it; empty where there is none
	// Head are the shards whose sample is of the keys that SCAN gives first.
	Head []string

	Placed int64 // entries that were looked for where few keys are
}

// Sample adds up what all shards show.
func (f *Facts) Sample() *Sample {
	t := &Sample{Versions: map[string]int64{}, Prefixes: map[string]int64{}, Codecs: map[string]int64{}}
	for _, sh := range f.Shards {
		if sh.Err != nil || sh.Own == nil {
			continue
		}
		t.Seen += sh.Own.Seen
		t.Mine += sh.Own.Mine
		t.Side += sh.Own.Side
		t.Neighbours += sh.Own.Neighbours
		t.Foreign += sh.Own.Foreign
		addAll(t.Versions, sh.Own.Versions)
		addAll(t.Prefixes, sh.Own.Prefixes)
		t.Placed += sh.Sample.Size()
		if sh.Sample.Head {
			t.Head = append(t.Head, sh.Name)
		}
	}
	for sight, n := range f.Values {
		t.Codecs[sight.String()] += n
	}
	if f.Guess != nil {
		t.Ring = f.Guess.Sentence()
	}
	return t
}

// String is the sample in a few words.
func (t *Sample) String() string {
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
