package main

import (
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What "go test -json" prints for a package with one test of each outcome, one
// package without tests and one that does not build.
const run = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"    good_test.go:3: chatter\n"}
{"Action":"pass","Package":"p","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"p","Test":"TestBad","Output":"    bad_test.go:5: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestBad","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestSkip","Output":"=== RUN   TestSkip\n"}
{"Action":"output","Package":"p","Test":"TestSkip","Output":"    skip_test.go:6: seed 12\n"}
{"Action":"output","Package":"p","Test":"TestSkip","Output":"    skip_test.go:7: redis-server is not installed: nothing to do\n"}
{"Action":"output","Package":"p","Test":"TestSkip","Output":"--- SKIP: TestSkip (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestSkip","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestMute","Output":"--- SKIP: TestMute (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestMute","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestApart","Output":"    apart_test.go:8: optional group cpython\n"}
{"Action":"skip","Package":"p","Test":"TestApart","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestOther/redict","Output":"    other_test.go:9: not to be had here: redict\n"}
{"Action":"skip","Package":"p","Test":"TestOther/redict","Elapsed":0}
{"Action":"output","Package":"p","Output":"exit status 1\n"}
{"Action":"fail","Package":"p","Elapsed":1.25}
{"Action":"skip","Package":"q","Elapsed":0}
{"ImportPath":"r","Action":"build-output","Output":"r.go:1:1: expected 'package'\n"}
{"Action":"pass","Package":"s","Elapsed":2.04}
not JSON
`

func TestRead(t *testing.T) {
	var out strings.Builder
	got := newTally()
	if err := got.read(strings.NewReader(run), &out); err != nil {
		t.Fatal(err)
	}
	want := &tally{passed: 1, failed: 1, skips: map[string][]string{
		"redis-server is not installed: nothing to do": {"p TestSkip"},
		"no reason given":            {"p TestMute"},
		"not to be had here: redict": {"p TestOther/redict"},
	}, apart: map[string]int{"cpython": 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.skipped() != 3 || got.notHad() != 1 {
		t.Errorf("%d skipped, %d not to be had; want 3, 1", got.skipped(), got.notHad())
	}
	const printed = `    bad_test.go:5: got 1, want 2
FAIL  p TestBad
exit status 1
FAIL  p
none  q
r.go:1:1: expected 'package'
ok    s  2.0 s
not JSON
`
	if out.String() != printed {
		t.Errorf("printed\n%swant\n%s", &out, printed)
	}
}

// TestRounds: every package is tested once, and under the race detector but for those
// that have nothing for it to see.
func TestRounds(t *testing.T) {
	t.Chdir("../..")
	all, err := exec.Command("go", "list", "cachering/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, optional := range []bool{false, true} {
		runs, err := rounds(true, optional, nil)
		if err != nil {
			t.Fatal(err)
		}
		raced := map[string]bool{}
		for _, args := range runs {
			race := slices.Contains(args, "-race")
			names := slices.DeleteFunc(slices.Clone(args[1:]), func(word string) bool { return strings.HasPrefix(word, "-") })
			for i, name := range names {
				names[i] = strings.Replace(name, "./", "cachering/", 1)
			}
			list, err := exec.Command("go", append([]string{"list"}, names...)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range strings.Fields(string(list)) {
				if _, twice := raced[name]; twice {
					t.Errorf("%s is tested twice", name)
				}
				raced[name] = race
			}
		}
		for _, name := range strings.Fields(string(all)) {
			race, tested := raced[name]
			apart := strings.HasPrefix(name, "cachering/codec") || strings.HasPrefix(name, "cachering/ring") ||
				slices.Contains([]string{"cachering/scripts/demo", "cachering/commands/internal/readmetest",
					"cachering/commands/internal/danger", "cachering/commands/internal/reader", "cachering/commands/internal/figures", "cachering/commands/internal/placement",
					"cachering/commands/internal/boundtest", "cachering/commands/internal/killtest", "cachering/commands/internal/movetest", "cachering/commands/internal/filtertest"}, name)
			if !tested || race == (apart && !optional) {
				t.Errorf("%s, with the optional groups %v: tested %v, under the race detector %v", name, optional, tested, race)
			}
		}
	}
}
