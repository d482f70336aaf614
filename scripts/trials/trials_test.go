package trials_test

import (
	"fmt"
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

// skipper is a test that only takes note of what it is skipped for.
type skipper struct {
	testing.TB
	why string
}

func (s *skipper) Helper()          {}
func (s *skipper) Skip(args ...any) { s.why = fmt.Sprint(args...) }

func TestOptional(t *testing.T) {
	const not = "optional group some"
	for groups, want := range map[string]string{"": not, "other": not, "some": "", "unit,some": ""} {
		t.Setenv(trials.Groups, groups)
		s := &skipper{TB: t}
		if trials.Optional(s, "some"); s.why != want {
			t.Errorf("with the groups %q: skipped because of %q, want %q", groups, s.why, want)
		}
	}
}
