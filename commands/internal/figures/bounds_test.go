package figures

import (
	"fmt"
	"runtime"
	"testing"
)

// letters is a name of letters, as digits would be folded.
func letters(n int) string {
	var b []byte
	for range 4 {
		b = append(b, byte('a'+n%26))
		n /= 26
	}
	return string(b)
}

func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// However many prefixes and classes there are, what is held stays within its bounds, and
// nothing is lost: what is not counted for itself is among the others.
func TestBounds(t *testing.T) {
	for _, by := range []Cut{"", ByClass} {
		for _, c := range []struct{ prefixes, classes, entries int }{{100_000, 10_000, 100_000}, {120_000, 120_000, 120_000}} {
			if testing.Short() || by != "" && c.classes < Exact {
				continue
			}
			before := live()
			tally := New(Options{Shards: []string{"a"}, By: by, Depth: 1, Top: 5})
			for n := range c.entries {
				key := []byte(fmt.Sprintf(":1:%s:%d", letters(n%c.prefixes), n))
				tally.Add(&Entry{Stored: key, User: key[3:], Version: key[1:2], Bytes: int64(n % 4000), TTL: -1, Codec: "pickle:0",
					Classes: [][]byte{[]byte("shop.models.C" + letters(n%c.classes))}})
			}
			held := live() - before
			r := tally.Build(nil, Shown, 3, nil, nil)
			t.Logf("by %q, %d prefixes, %d classes: %d MB, report %d MB", by, c.prefixes, c.classes, held>>20, (live()-before-held)>>20)
			if most := map[Cut]int64{"": 48 << 20}[by]; most > 0 && held > most || held > 96<<20 {
				t.Errorf("by %q: %d MB", by, held>>20)
			}
			sum := func(rows []Prefixed, others *Others) (n int64) {
				for i := range rows {
					n += rows[i].Entries
				}
				return n + others.Entries
			}
			if n := sum(r.Prefixes.Rows, r.Prefixes.Others); n != int64(c.entries) {
				t.Errorf("prefixes of %d entries, want %d", n, c.entries)
			}
			n := r.Classes.Others.Entries
			for i := range r.Classes.Rows {
				n += r.Classes.Rows[i].Entries
			}
			if n != int64(c.entries) || int(r.Classes.Distinct) != min(Exact, c.classes) {
				t.Errorf("%d classes of %d entries, want %d", r.Classes.Distinct, n, c.entries)
			}
			if r.By != nil {
				n := r.By.Others.Entries
				for i := range r.By.Rows {
					n += r.By.Rows[i].Entries
				}
				if n != int64(c.entries) {
					t.Errorf("groups of %d entries, want %d", n, c.entries)
				}
			}
			runtime.KeepAlive(tally)
		}
	}
}
