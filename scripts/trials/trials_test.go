package trials_test

import (
	"fmt"
	"slices"
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

func TestCover(t *testing.T) {
	var table []int
	for i := range 600 {
		table = append(table, i)
	}
	kinds := func(n int) []string { return []string{fmt.Sprint("tens ", n/10), fmt.Sprint("last ", n%10)} }
	t.Setenv("CACHERING_SEED", "")
	t.Setenv("CACHERING_WHOLE", "")
	few := trials.Cover(t, table, kinds)
	had := map[string]bool{}
	for _, n := range few {
		for _, kind := range kinds(n) {
			had[kind] = true
		}
	}
	if len(had) != 70 || len(few) > 70 {
		t.Errorf("%d rows have %d of 70 kinds", len(few), len(had))
	}
	if !slices.Equal(trials.Cover(t, table, kinds), few) {
		t.Error("without a seed two runs differ")
	}
	t.Setenv("CACHERING_SEED", "7")
	if slices.Equal(trials.Cover(t, table, kinds), few) {
		t.Error("another seed takes the same rows")
	}
	t.Setenv("CACHERING_WHOLE", "1")
	if all := trials.Cover(t, table, kinds); len(all) != len(table) {
		t.Errorf("the whole table is %d of %d rows", len(all), len(table))
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
