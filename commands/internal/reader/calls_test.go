package reader

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"cachering/codec/pyobj"
	"cachering/commands/internal/releases"
)

// TestCalls writes calls.txt where CACHERING_CALLS names a file as testdata/pickles.txt.gz,
// of more pickles: the README of releases says how that is made. Of a pickle that a Python
// does not load, though it finds all names, a call has failed: one whose like it makes
// nowhere else.
func TestCalls(t *testing.T) {
	path := os.Getenv("CACHERING_CALLS")
	if path == "" {
		return
	}
	// What was known before is not to count.
	if head := strings.SplitAfterN(releases.Calls(), "\n", 2)[0]; releases.Calls() != head {
		if err := os.WriteFile("../releases/calls.txt", []byte(head), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Fatal("calls.txt is empty now: run this again")
	}
	known := releases.Known(releases.Python)
	list := samples(t, path)
	made := make([]map[string]bool, len(known))
	type fail struct {
		keys [][]string
		what string
	}
	fails := make([][]fail, len(known))
	for i, number := range known {
		l, _, err := NewLoader(number, "")
		if err != nil {
			t.Fatal(err)
		}
		made[i] = map[string]bool{}
		for _, s := range list {
			if _, lost := l.structure(s.data); lost {
				continue
			}
			g, err := decoded(s.data, digitsOf(number), l.two)
			if err != nil {
				continue
			}
			ok := s.loads>>i&1 == 1
			var keys [][]string
			l.names.Find(s.data)
			for _, n := range l.names.Globals {
				module, name := n.Python3()
				if first, rest, dotted := strings.Cut(string(name), "."); dotted && l.python.Has(module, name) == releases.There {
					keys = append(keys, []string{"attr " + string(module) + "." + first + " " + rest})
				}
			}
			dated := false
			eachCall(g, func(x pyobj.Ref) bool {
				dated = dated || l.date(g, x) != ""
				if k := appendKeys(nil, g, x); k != nil {
					p := g.Parts(x)
					m, _ := g.Name(p.Callable)
					if l.python.Has(m, []byte("x")) != releases.Unknown {
						keys = append(keys, k)
					}
				}
				return true
			})
			if dated {
				continue
			}
			if ok {
				for _, k := range keys {
					for _, key := range k {
						made[i][key] = true
					}
				}
			} else {
				fails[i] = append(fails[i], fail{keys, s.what})
			}
		}
	}
	masks := map[string]uint16{}
	open := map[string][]string{}
	for i := range known {
		for _, f := range fails[i] {
			found := false
			for _, level := range []int{0, 1} {
				for _, k := range f.keys {
					for n, key := range k {
						exact := n == len(k)-1 && n > 0 && !strings.HasPrefix(key, "item ") && len(k) > 1
						if exact != (level == 1) || made[i][key] {
							continue
						}
						masks[key] |= 1 << i
						found = true
					}
				}
				if found {
					break
				}
			}
			if !found {
				open[f.what] = append(open[f.what], known[i])
			}
		}
	}
	var b strings.Builder
	b.WriteString(releases.Calls())
	for _, key := range slices.Sorted(maps.Keys(masks)) {
		fmt.Fprintf(&b, "%x %s\n", masks[key], key)
	}
	if err := os.WriteFile("../releases/calls.txt", []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d keys", len(masks))
	for _, w := range slices.Sorted(maps.Keys(open)) {
		t.Logf("open: %s: %v", w, open[w])
	}
}
