package cluster

import (
	"fmt"
	"testing"
	"time"
)

// A key is always given the same, and keys are spread from nothing up to all of it.
func TestJitter(t *testing.T) {
	j := NewJitter(time.Minute)
	var low, high int
	for i := range 1000 {
		key := fmt.Appendf(nil, ":1:k%d", i)
		by := j.Of(key)
		if by < 0 || by > time.Minute || by != j.Of(key) || by%time.Millisecond != 0 {
			t.Fatalf("%s: %v, then %v", key, by, j.Of(key))
		}
		switch {
		case by < 6*time.Second:
			low++
		case by > 54*time.Second:
			high++
		}
	}
	// 100 of each are expected; less than 20 are so one time in 10^20.
	if low < 20 || high < 20 {
		t.Errorf("%d of 1000 in the first tenth, %d in the last", low, high)
	}
	if NewJitter(time.Minute).Of([]byte("k")) == j.Of([]byte("k")) && NewJitter(time.Minute).Of([]byte("l")) == j.Of([]byte("l")) {
		t.Error("two runs give the same")
	}
	for _, none := range []Jitter{{}, NewJitter(0), NewJitter(time.Microsecond)} {
		if !none.None() || none.Of([]byte("k")) != 0 {
			t.Error("none gives some")
		}
	}
}
