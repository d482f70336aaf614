// Package trials says how often the tests of chance try, and with which random numbers. Only tests import it.
//
// Every such test has one seed, CACHERING_SEED: a fixed one unless it is set, so that a run of the tests fails for
// what was changed and not for its luck. "make differential" and "make soak" take a fresh one and print it.
package trials

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

const (
	variable = "CACHERING_SEED"
	fixed    = 1
)

// Seed is the number in CACHERING_SEED, or the fixed one. The log of the test says it, which is shown if the test fails.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := number(t, variable, fixed)
	t.Logf("%s=%d", variable, seed)
	return seed
}

// Rand gives random numbers by Seed, others to each test.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	name := fnv.New64a()
	name.Write([]byte(t.Name()))
	return rand.New(rand.NewPCG(Seed(t), name.Sum64()))
}

// Count is how often a test tries: the number in the environment variable of that name, or a few times.
func Count(t testing.TB, name string, few int) int {
	t.Helper()
	return int(number(t, name, uint64(few)))
}

func number(t testing.TB, name string, unless uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return unless
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
