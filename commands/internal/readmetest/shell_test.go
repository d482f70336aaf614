package readmetest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cachering/commands/internal/ptytest"
)

// failure is a command of a script that did not exit with 0.
type failure struct {
	line  int
	codes []int // of each command in its pipe
}

// script runs bash on a file without a terminal, as cron would. It returns what
// the commands printed on both streams, and those that failed.
func (r *room) script(text string) (output string, failed []failure) {
	r.t.Helper()
	dir := r.t.TempDir()
	script, before, failures := filepath.Join(dir, "script"), filepath.Join(dir, "before"), filepath.Join(dir, "failures")
	for name, text := range map[string]string{
		script: text,
		// Not at the top of the script itself: its lines keep their numbers.
		before:   "unset BASH_ENV\nset -o pipefail\ntrap 'echo \"$LINENO ${PIPESTATUS[*]}\" >>" + failures + "' ERR\n",
		failures: "",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(r.t.Context(), "bash", script)
	cmd.Dir, cmd.Env = r.dir, append(slices.Clone(r.env), "BASH_ENV="+before)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	lines, err := os.ReadFile(failures)
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(lines)) {
		var numbers []int
		for _, word := range strings.Fields(line) {
			n, err := strconv.Atoi(word)
			if err != nil {
				r.t.Fatal(err)
			}
			numbers = append(numbers, n)
		}
		failed = append(failed, failure{numbers[0], numbers[1:]})
	}
	return string(out), failed
}

// wants runs a line, and wants what it prints to hold a text and its exit code to be code.
func (r *room) wants(line, text string, code int) {
	r.t.Helper()
	out, failed := r.script(line)
	got := 0
	if len(failed) > 0 {
		got = failed[len(failed)-1].codes[0]
	}
	if got != code || !strings.Contains(out, text) {
		r.t.Errorf("it printed %q with exit code %d, want %q and %d", out, got, text, code)
	}
}

// run runs one block.
func (r *room) run(b block, now map[place]exchange) {
	r.t.Helper()
	text := strings.Join(b.lines, "\n") + "\n"
	switch {
	case b.lang == "console":
		r.converse(b, now)
	case b.lang == "crontab":
		r.cron(b)
	case strings.HasPrefix(text, "#!"):
		// A script of its own: it is written down here, and run by others.
		m := regexp.MustCompile(`^#!.*\n# ([a-z-]+): `).FindStringSubmatch(text)
		if m == nil {
			r.t.Fatalf("%s:%d: the second line of a script is its name, a colon and what it does", b.doc, b.first)
		}
		r.write(m[1], r.here(text), 0o755)
	default:
		r.wantScript(b, text)
	}
}

// wantScript runs a block and wants each line to exit as it states. Where a pipe
// goes on, a negative answer and a broken pipe are nothing to anybody.
func (r *room) wantScript(b block, text string) {
	r.t.Helper()
	out, failed := r.script(text)
	codes := map[int]int{}
	for _, f := range failed {
		last := f.codes[len(f.codes)-1]
		for _, code := range f.codes {
			if code != 0 && (stated(b.lines[f.line-1]) == code || last == 0 && code != 4 && code != 141) {
				last = code
			}
		}
		codes[f.line] = last
	}
	for i, line := range b.lines {
		if got, want := codes[i+1], stated(line); got != want {
			r.t.Errorf("%s:%d: exit code %d, want %d: %s\n%s", b.doc, b.first+i, got, want, line, out)
		}
	}
	r.t.Logf("%s:%d: %s", b.doc, b.first, out)
}

// cronEnv is all that cron sets.
var cronEnv = []string{"HOME=/", "LOGNAME=root", "SHELL=/bin/sh", "PATH=/usr/bin:/bin"}

// cron runs the command of each line of a crontab as cron does, in the shell sh,
// elsewhere, with no variables but cron's own and those set above it. A command that prints something sends a letter
// to somebody, so it must not.
func (r *room) cron(b block) {
	r.t.Helper()
	env := slices.Clone(cronEnv)
	for i, line := range b.lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if regexp.MustCompile(`^[A-Z_]+=`).MatchString(line) {
			env = append(env, line)
			continue
		}
		words := regexp.MustCompile(`^(?:[-0-9*,/]+ +){5}(.*)$`).FindStringSubmatch(line)
		if words == nil {
			r.t.Errorf("%s:%d: not a line of a crontab: %s", b.doc, b.first+i, line)
			continue
		}
		// To cron a % is the end of the line, unless it is escaped.
		if regexp.MustCompile(`(^|[^\\])%`).MatchString(words[1]) {
			r.t.Errorf("%s:%d: a %% without \\: %s", b.doc, b.first+i, line)
		}
		cmd := exec.CommandContext(r.t.Context(), "sh", "-c", r.here(strings.ReplaceAll(words[1], `\%`, "%")))
		cmd.Dir, cmd.Env = "/", env
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			r.t.Errorf("%s:%d: %s: %v\n%s", b.doc, b.first+i, line, err, out)
		}
	}
}

// asked is a question that a block shows together with its answer.
var asked = regexp.MustCompile(`^(.*(?:\[y/N\]|all of this:)) (\S+)$`)

// consoleWidth is the width of the terminal on which console blocks are run.
const consoleWidth = 200

// converse runs a console block on a terminal, and compares what stands there.
func (r *room) converse(b block, now map[place]exchange) {
	r.t.Helper()
	talk := b.exchanges()
	outputs, codes := r.console(talk)
	for i, e := range talk {
		if i >= len(outputs) {
			r.t.Errorf("%s:%d: never run: %s", b.doc, e.line, e.command)
			continue
		}
		got := strings.Split(strings.TrimSuffix(outputs[i], "\n"), "\n")
		if outputs[i] == "" {
			got = nil
		}
		if why := differs(e.command, e.shown, got); why != "" {
			r.t.Errorf("%s:%d: $ %s\n%s\nit printed:\n%s", b.doc, e.line, e.command, why, outputs[i])
			if !slices.ContainsFunc(e.shown, func(s string) bool { return strings.Contains(s, "…") }) {
				e.shown = got
				now[place{b.doc, e.line}] = e
			}
		}
		if i+1 < len(talk) && talk[i+1].command == "echo $?" {
			continue // the block shows the code
		}
		if want := stated(e.command); codes[i] != want {
			r.t.Errorf("%s:%d: exit code %d, want %d: $ %s\n%s", b.doc, e.line, codes[i], want, e.command, outputs[i])
		}
	}
}

// console runs commands one after the other in one bash on a terminal, and
// answers the questions that they show. It returns what then stands on the
// terminal, and the exit codes.
func (r *room) console(talk []exchange) (outputs []string, codes []int) {
	r.t.Helper()
	// A record separator stands before and behind each command's output.
	var script strings.Builder
	var answers []string
	script.WriteString("s=0\n")
	for _, e := range talk {
		fmt.Fprintf(&script, "printf '\\036'; (exit $s)\n%s\ns=$?; printf \"\\036$s\"\n", r.here(e.command))
		for _, line := range e.shown {
			if m := asked.FindStringSubmatch(line); m != nil {
				answers = append(answers, m[2])
			}
		}
	}
	script.WriteString("printf '\\036'\n")
	file := filepath.Join(r.t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		r.t.Fatal(err)
	}

	primary, secondary, err := ptytest.Open(consoleWidth)
	if err != nil {
		r.t.Fatal(err)
	}
	defer primary.Close()
	cmd := exec.CommandContext(r.t.Context(), "bash", file)
	cmd.Dir, cmd.Env = r.dir, r.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = secondary, secondary, secondary
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	secondary.Close()
	var terminal ptytest.Screen
	read := make(chan struct{})
	go func() {
		// Reading fails with EIO once bash has closed its side.
		io.Copy(&terminal, primary)
		close(read)
	}()
	seen := 0
	for waiting := true; waiting; {
		select {
		case <-read:
			waiting = false
		case <-time.After(2 * time.Millisecond):
			at := regexp.MustCompile(`(?:\[y/N\]|all of this:) $`).FindStringIndex(terminal.From(seen))
			if at == nil {
				break
			}
			seen += at[1]
			answer := "\x04" // nobody is there
			if len(answers) > 0 {
				answer, answers = answers[0]+"\n", answers[1:]
			}
			io.WriteString(primary, answer)
		}
	}
	if err := cmd.Wait(); err != nil {
		r.t.Errorf("bash: %v\n%s", err, terminal.From(0))
	}
	parts := strings.Split(terminal.From(0), "\x1e")
	for i := 1; i+1 < len(parts); i += 2 {
		outputs = append(outputs, ptytest.Render(parts[i]))
		code, _ := strconv.Atoi(parts[i+1])
		codes = append(codes, code)
	}
	return outputs, codes
}
