// Package trials says which tests try what, how often, and with which random numbers. Only tests and what runs them
// import it.
//
// Every test of chance has one seed, CACHERING_SEED: a fixed one unless it is set, so that a run of the tests fails for
// what was changed and not for its luck. "make differential" and "make soak" take a fresh one and print it.
package trials

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	variable = "CACHERING_SEED"
	fixed    = 1
)

// Groups is the variable with the names of the groups that are to run; NotRun is what a test of an optional group that
// is not among them says before the name.
const (
	Groups = "CACHERING_GROUPS"
	NotRun = "optional group "
)

// Optional skips a test of a group that runs only when it is asked for, as "make test-all" does. The groups are listed in
// scripts/runtests.
func Optional(t testing.TB, group string) {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv(Groups), ","), group) {
		t.Skip(NotRun + group)
	}
}

// Pythons are the interpreters of Python 3 that pyenv has installed, for the group cpython.
func Pythons() []string { return pyenv("3.*") }

// Python2 are those of Python 2.7.
func Python2() []string { return pyenv("2.7.*") }

func pyenv(versions string) []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	found, _ := filepath.Glob(filepath.Join(home, ".pyenv/versions", versions, "bin/python"))
	return found
}

// Shells are what starts each of the shells that the group shells is about, by their names; nil where there is none.
func Shells() map[string][]string {
	shells := map[string][]string{}
	for _, words := range [][]string{{"bash"}, {"dash"}, {"zsh"}, {"ksh"}, {"mksh"}, {"busybox", "sh"}} {
		path, err := exec.LookPath(words[0])
		shells[words[0]] = nil
		if err == nil {
			shells[words[0]] = append([]string{path}, words[1:]...)
		}
	}
	return shells
}

// ServersIn is the variable with the directory to which scripts/other-servers fetched servers, for the group servers.
const ServersIn = "CACHERING_SERVERS"

// servers are the names that scripts/other-servers gives them.
func servers() []string {
	return []string{"redis-6.0", "redis-7.0", "redis-8.0", "valkey-8", "valkey-9", "redict"}
}

// Servers are the programs of other servers by their names; one that could not be had is "".
func Servers() map[string]string {
	programs := map[string]string{}
	for _, name := range servers() {
		program := filepath.Join(os.Getenv(ServersIn), name)
		if info, err := os.Stat(program); err != nil || !info.Mode().IsRegular() || os.Getenv(ServersIn) == "" {
			program = ""
		}
		programs[name] = program
	}
	return programs
}

// NotHad is what the test of a part of an optional group says that this machine cannot get, before its name. It is
// reported and is no failure, as long as the group has another part.
const NotHad = "not to be had here: "

// Program is the variable with the path of a cachering that is built already: scripts/runtests builds one for all packages.
const Program = "CACHERING_PROGRAM"

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

// whole is the variable that has every row of a table of vectors tried.
const whole = "CACHERING_WHOLE"

// Whole tells whether a test is to try every row of its table of vectors or cases, as "make differential" and "make soak"
// have it, and not only a spread.
func Whole() bool { return os.Getenv(whole) != "" }

// Cover is the whole table, or a spread by Seed: so many rows that every kind that a row is of is that of one at least.
func Cover[T any](t testing.TB, table []T, kinds func(T) []string) []T {
	t.Helper()
	if Whole() {
		return table
	}
	var few []T
	had := map[string]bool{}
	for _, i := range Rand(t).Perm(len(table)) {
		before := len(had)
		for _, kind := range kinds(table[i]) {
			had[kind] = true
		}
		if len(had) > before {
			few = append(few, table[i])
		}
	}
	return few
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
