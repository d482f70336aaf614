package scan

import (
	"fmt"
	"testing"
)

func TestRecent(t *testing.T) {
	r := NewRecent()
	key := func(i int) []byte { return fmt.Appendf(nil, "k%d", i) }
	for i := range 5 * recentKeys {
		if r.Again(key(i)) {
			t.Fatalf("k%d is new", i)
		}
		if back := max(0, i-recentKeys); !r.Again(key(back)) {
			t.Fatalf("k%d was there, %d keys ago", back, i-back)
		}
		if len(r.now)+len(r.before) > 2*recentKeys {
			t.Fatalf("%d are remembered", len(r.now)+len(r.before))
		}
	}
}
