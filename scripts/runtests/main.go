// Command runtests runs every test of the project and says which groups of
// tests did not run, and why. A skipped test is never silent: its reason is in
// the report, and with -require all it fails the run.
//
//	go run ./scripts/runtests [-require all] [-optional] [-- go test flags and packages]
//
// Optional groups need what scripts/install-test-deps does not install, or take
// long. They run with -optional alone, and -require all demands them only then.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strings"
	"time"

	"cachering/scripts/trials"
)

// group is a set of tests that needs something from the machine.
type group struct {
	name    string
	needs   string // what to install, for the report
	present func() bool
}

var groups = []group{
	{"unit", "nothing but Go", func() bool { return true }},
	{"race", "a C compiler (gcc, libc6-dev)", hasCompiler},
	{"redis", "redis-server", func() bool { return onPath("redis-server") }},
	{"jq", "jq", func() bool { return onPath("jq") }},
	{"python", "/usr/bin/python3", func() bool { return python("pass") }},
	{"django", "Django for /usr/bin/python3 (python3-django)", func() bool { return python("import django") }},
	{"django_redis", "django-redis for /usr/bin/python3 (python3-django-redis)", func() bool { return python("import django_redis") }},
	{"codecs", "modules for /usr/bin/python3 (python3-lz4, python3-msgpack, python3-yaml, python3-zstandard)",
		func() bool { return python("import lz4, msgpack, yaml, zstandard") }},
}

// optional are the groups of tests that call trials.Optional with their names.
var optional = []group{
	{"browser", "chromium", func() bool { return onPath("chromium") }},
	{"cpython", "Pythons beside /usr/bin/python3 in ~/.pyenv/versions", func() bool { return len(trials.Pythons()) > 0 }},
	{"cluster", "redis-server 7.0, redis-cli", func() bool { return onPath("redis-server") && onPath("redis-cli") }},
	{"root", "root, and make", func() bool { return os.Getuid() == 0 && onPath("make") }},
	{"shells", "bash; zsh, fish, ksh, mksh and busybox where they are", func() bool { return onPath("bash") }},
	{"release", "make, man (man-db) and dpkg", func() bool { return onPath("make") && (onPath("man") || onPath("dpkg")) }},
	{"servers", "what scripts/other-servers fetches, in the directory that " + trials.ServersIn + " names", hasServer},
}

// alone is the package whose tests take longest, so many of them side by side as else those of several packages.
const alone = "./commands/internal/engine"

// longest are the packages whose tests take longest of the others. They begin first, so that none is left alone at the end.
var longest = []string{"./commands", "./commands/internal/cluster", "./commands/internal/sidetest"}

// unraced are the packages for which the race detector takes its time and has nothing to
// see: those that start no goroutine and share nothing that changes, those whose tests
// run programs that are built without it, and one that asks commands which others run under
// it the same question a hundred ways. With the optional groups they run under it, too.
// The longest begin first.
var unraced = []string{"./commands/internal/boundtest", "./commands/internal/killtest", "./commands/internal/movetest", "./commands/internal/filtertest", "./commands/internal/readmetest", "./commands/internal/danger", "./commands/internal/reader", "./scripts/demo", "./commands/internal/figures", "./commands/internal/placement", "./codec/pickle", "./codec", "./codec/...", "./ring/..."}

// rounds are the arguments of go test, one run after the other.
func rounds(race, optional bool, rest []string) ([][]string, error) {
	args := []string{"test", "-json", "-count=1", "-timeout=20m",
		// A package more than there are processors: one that waits for servers leaves its processor to another.
		fmt.Sprintf("-p=%d", runtime.GOMAXPROCS(0)+1)}
	raced := slices.Clone(args)
	if race {
		raced = append(raced, "-race")
	}
	switch {
	case len(rest) > 0:
		return [][]string{append(raced, rest...)}, nil
	case optional || !race:
		return [][]string{slices.Concat(raced, []string{alone}, longest, unraced, []string{"./..."})}, nil
	}
	list, err := exec.Command("go", slices.Concat([]string{"list", alone}, unraced)...).Output()
	if err != nil {
		return nil, err
	}
	all, err := exec.Command("go", "list", "./...").Output()
	if err != nil {
		return nil, err
	}
	apart := strings.Fields(string(list))
	others := slices.DeleteFunc(strings.Fields(string(all)), func(name string) bool { return slices.Contains(apart, name) })
	return [][]string{append(raced, fmt.Sprintf("-parallel=%d", 2*runtime.GOMAXPROCS(0)), alone), slices.Concat(raced, longest, others),
		slices.Concat(args, unraced)}, nil
}

// goTest runs go test and counts what it says. It is false if a test failed.
func (t *tally) goTest(args, env []string) (bool, error) {
	cmd := exec.Command("go", args...)
	cmd.Stderr, cmd.Env = os.Stderr, env
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	if err := t.read(out, os.Stdout); err != nil {
		return false, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &exit) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, nil
}

// build makes the cachering that the tests of all packages run, in a directory that make clean removes.
func build() (program string, err error) {
	program, err = filepath.Abs("bin/tested/cachering")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(program), 0o777)
	}
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-o", program, "cachering").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
}

func main() {
	require := flag.String("require", "", "`groups` that must run, with commas, or all: a missing one or a skipped test fails the run")
	more := flag.Bool("optional", false, "run the optional groups as well")
	flag.Parse()
	required := func(name string) bool {
		return *require == "all" || strings.Contains(","+*require+",", ","+name+",")
	}

	wanted := groups
	if *more {
		wanted = slices.Concat(groups, optional)
	}
	absent := map[string]bool{}
	var names, missing []string
	for _, g := range wanted {
		if g.present() {
			names = append(names, g.name)
			continue
		}
		absent[g.name] = true
		if required(g.name) {
			missing = append(missing, g.name)
		}
	}

	// Without paths in them packages that were built in one clone are those of every other, and tests that build find them.
	if err := os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath")); err != nil {
		fatal(err)
	}
	if absent["race"] {
		fmt.Println("no C compiler: the tests run without the race detector")
	}
	program, err := build()
	if err != nil {
		fatal(err)
	}
	env := append(os.Environ(), trials.Program+"="+program)
	if *require == "all" {
		// Tests that know this variable fail where they would have skipped.
		env = append(env, "CACHERING_REQUIRE="+strings.Join(names, ","))
	}
	if *more {
		env = append(env, trials.Groups+"="+strings.Join(names, ","))
	}
	runs, err := rounds(!absent["race"], *more, flag.Args())
	if err != nil {
		fatal(err)
	}
	start, passed, t := time.Now(), true, newTally()
	for _, args := range runs {
		ok, err := t.goTest(args, env)
		if err != nil {
			fatal(err)
		}
		passed = passed && ok
	}

	fmt.Printf("\n%d tests passed, %d failed, %d skipped in %.0f s\n", t.passed, t.failed, t.skipped(), time.Since(start).Seconds())
	for _, g := range wanted {
		if absent[g.name] {
			fmt.Printf("  group %-12s did NOT run: needs %s\n", g.name, g.needs)
		} else {
			fmt.Printf("  group %-12s ran\n", g.name)
		}
	}
	for _, g := range optional {
		if !*more {
			fmt.Printf("  group %-12s did not run, as it is optional: make test-all runs it\n", g.name)
		}
		delete(t.apart, g.name)
	}
	for _, reason := range t.reasons() {
		fmt.Printf("  skipped: %s (%s)\n", reason, some(t.skips[reason]))
	}
	switch {
	case !passed:
		os.Exit(1)
	case len(t.apart) > 0:
		fatal(fmt.Errorf("tests skip themselves for optional groups that are not listed here: %v", slices.Sorted(maps.Keys(t.apart))))
	case len(missing) > 0:
		fatal(fmt.Errorf("groups that must run did not: %s", strings.Join(missing, ", ")))
	case *require == "all" && t.skipped() > t.notHad():
		fatal(errors.New("every test must run, and some were skipped"))
	}
}

// tally is what a run of the tests came to.
type tally struct {
	passed, failed int
	skips          map[string][]string // reason -> tests
	apart          map[string]int      // optional group -> its tests that were not run
}

func newTally() *tally {
	return &tally{skips: map[string][]string{}, apart: map[string]int{}}
}

func (t *tally) skipped() (n int) {
	for _, tests := range t.skips {
		n += len(tests)
	}
	return n
}

// notHad counts the tests of parts of optional groups that this machine cannot get.
func (t *tally) notHad() (n int) {
	for reason, tests := range t.skips {
		if strings.HasPrefix(reason, trials.NotHad) {
			n += len(tests)
		}
	}
	return n
}

func (t *tally) reasons() []string {
	var list []string
	for reason := range t.skips {
		list = append(list, reason)
	}
	sort.Strings(list)
	return list
}

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

// read follows the run. It prints a line for every package, and what a test
// printed only if the test failed; text that is not JSON (a build that failed)
// passes through.
func (t *tally) read(in io.Reader, out io.Writer) error {
	output := map[string]*strings.Builder{} // package and test -> what it printed
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if len(line) > 0 && json.Unmarshal(line, &e) != nil {
			out.Write(line)
		} else if len(line) > 0 {
			t.add(e, output, out)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) add(e event, output map[string]*strings.Builder, out io.Writer) {
	id := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if output[id] == nil {
			output[id] = &strings.Builder{}
		}
		output[id].WriteString(e.Output)
		return
	case "build-output":
		io.WriteString(out, e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	text := ""
	if b := output[id]; b != nil {
		text = b.String()
		delete(output, id)
	}
	switch {
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(out, "ok    %s  %.1f s\n", e.Package, e.Elapsed)
	case e.Test == "" && e.Action == "skip":
		fmt.Fprintf(out, "none  %s\n", e.Package)
	case e.Action == "fail":
		fmt.Fprintf(out, "%sFAIL  %s\n", text, strings.TrimSpace(id))
	}
	switch {
	case e.Test == "":
	case e.Action == "pass":
		t.passed++
	case e.Action == "fail":
		t.failed++
	case e.Action == "skip":
		reason := skipReason(text)
		if group, ok := strings.CutPrefix(reason, trials.NotRun); ok {
			t.apart[group]++
		} else {
			t.skips[reason] = append(t.skips[reason], id)
		}
	}
}

// skipReason takes "why" out of "    file_test.go:12: why", the last such line
// before "--- SKIP".
func skipReason(text string) string {
	reason := "no reason given"
	for line := range strings.Lines(text) {
		if m := logLine.FindStringSubmatch(line); m != nil {
			reason = m[1]
		}
	}
	return reason
}

var logLine = regexp.MustCompile(`^ +\S+\.go:\d+: (.+)`)

// some names the first few of a list.
func some(list []string) string {
	const few = 3
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}

func onPath(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

func python(code string) bool {
	return exec.Command("/usr/bin/python3", "-c", code).Run() == nil
}

func hasServer() bool {
	for _, program := range trials.Servers() {
		if program != "" {
			return true
		}
	}
	return false
}

func hasCompiler() bool {
	cc, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		return false
	}
	cmd := exec.Command(strings.TrimSpace(string(cc)), "-x", "c", "-o", os.DevNull, "-")
	cmd.Stdin = strings.NewReader("#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n")
	return cmd.Run() == nil
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "runtests:", err)
	os.Exit(1)
}
