package trials_test

import (
	"testing"

	"cachering/scripts/trials"
)

func TestSeed(t *testing.T) {
	t.Setenv("CACHERING_SEED", "")
	first := trials.Rand(t).Uint64()
	if trials.Rand(t).Uint64() != first {
		t.Error("without a seed two runs differ")
	}
	t.Run("another test", func(t *testing.T) {
		if trials.Rand(t).Uint64() == first {
			t.Error("it draws the same numbers")
		}
	})
	t.Setenv("CACHERING_SEED", "18446744073709551615")
	if seed := trials.Seed(t); seed != 1<<64-1 || trials.Rand(t).Uint64() == first {
		t.Errorf("the seed is %d", seed)
	}
}

func TestCount(t *testing.T) {
	t.Setenv("SOME_COUNT", "")
	if n := trials.Count(t, "SOME_COUNT", 3); n != 3 {
		t.Errorf("got %d", n)
	}
	t.Setenv("SOME_COUNT", "200")
	if n := trials.Count(t, "SOME_COUNT", 3); n != 200 {
		t.Errorf("got %d", n)
	}
}
