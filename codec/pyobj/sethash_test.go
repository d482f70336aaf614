package pyobj

import (
	"fmt"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// The order of sets of ints, from small ones to some that were resized often,
// with values that collide.
func TestSetOrder(t *testing.T) {
	r := trials.Rand(t)
	var sets [][]int64
	for i := range 300 {
		size := 1 + i
		if i > 290 {
			size = 10_000 * (i - 289)
		}
		seen := map[int64]bool{}
		var set []int64
		for len(set) < size {
			v := r.Int64N(int64(size) * 4)
			switch r.IntN(8) {
			case 0:
				v = r.Int64() >> r.IntN(60)
			case 1:
				v = -v - 3
			case 2:
				v <<= 16
			}
			if v != -1 && v < hashModulus && v > -hashModulus && !seen[v] {
				seen[v] = true
				set = append(set, v)
			}
		}
		sets = append(sets, set)
	}
	var text strings.Builder
	for _, set := range sets {
		fmt.Fprintln(&text, strings.Trim(fmt.Sprint(set), "[]"))
	}
	lines := pythonInput(t, `
import sys
for line in sys.stdin:
    s = set()
    for w in line.split(): s.add(int(w))
    print(*s)
`, text.String())
	for i, set := range sets {
		var got []int64
		for _, at := range setOrder(set) { // an int hashes to itself
			got = append(got, set[at])
		}
		if text := strings.Trim(fmt.Sprint(got), "[]"); text != lines[i] {
			t.Errorf("a set of %d ints has another order:\n got %.300s\nwant %.300s", len(set), text, lines[i])
		}
	}
}

func TestHashes(t *testing.T) {
	texts := []string{"0", "1", "-1", "-2", "2305843009213693951", "2305843009213693950", "-2305843009213693951", "2**61", "2**64", "-2**64", "3**200", "-3**200",
		"0.0", "-0.0", "1.0", "-1.0", "0.5", "-0.5", "1e300", "5e-324", "1e16", "123456.789", "1e400", "-1e400", "2.5e-7", "1.7976931348623157e308",
		"1j", "1+2j", "-1j", "(-0.0-1j)", "0.5+0.25j", "()", "(1,)", "(1, 2, 3)", "((1, 2), -1)", "(1.5, True, 2j, '')", "''", "b''", "True", "False"}
	for i, want := range python(t, "for v in ("+strings.Join(texts, ",")+",): print(hash(v))") {
		g := New()
		text := texts[i]
		if strings.Contains(text, "**") {
			text = python(t, "print("+text+")")[0]
		}
		r, err := ParseLiteral(g, []byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		if got, ok := g.hash(r); !ok || fmt.Sprint(got) != want {
			t.Errorf("hash(%s) = %d, %v; want %s", texts[i], got, ok, want)
		}
	}
}
