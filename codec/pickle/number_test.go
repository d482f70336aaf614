package pickle

import (
	"math"
	"strconv"
	"testing"

	"cachering/scripts/trials"
)

// TestSmallNumbers compares the quick readers of numbers with the general ones, on all that is short.
func TestSmallNumbers(t *testing.T) {
	const alphabet = "0159.-\n +eE_xL"
	check := func(text string) {
		src := []byte(text + "\n.......")
		if v, end := smallInt(src, 0); end > 0 {
			w, end2 := shortInt(src, 0)
			if int64(v) != w || end != end2 {
				t.Errorf("smallInt(%q) = %d, %d, want %d, %d", text, v, end, w, end2)
			}
		} else if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < 1e7 && strconv.Itoa(n) == text {
			t.Errorf("smallInt(%q) gives up", text)
		}
		if f, end := smallFloat(src, 0); end > 0 {
			g, ok := parseFloat(src[:end-1])
			if !ok || math.Float64bits(f) != math.Float64bits(g) {
				t.Errorf("smallFloat(%q) = %v, want %v, %v", src[:end-1], f, g, ok)
			}
		}
		if f, ok := parseFloat([]byte(text)); ok {
			if g, err := strconv.ParseFloat(text, 64); err != nil || math.Float64bits(f) != math.Float64bits(g) {
				t.Errorf("parseFloat(%q) = %v, want %v, %v", text, f, g, err)
			}
		}
	}
	var all func(text string, n int)
	all = func(text string, n int) {
		check(text)
		if n > 0 {
			for _, c := range alphabet {
				all(text+string(c), n-1)
			}
		}
	}
	all("", 4)
	rnd := trials.Rand(t)
	for range 100_000 {
		check(strconv.Itoa(int(rnd.Uint64() >> rnd.IntN(64))))
		check(strconv.FormatFloat(rnd.Float64()*100, 'f', rnd.IntN(8), 64))
		check(strconv.FormatFloat(math.Float64frombits(rnd.Uint64()), 'g', -1, 64)[1:])
	}
	if f, end := smallFloat([]byte("12.345\n."), 0); f != 12.345 || end != 7 {
		t.Errorf("12.345: got %v, %d", f, end)
	}
}
