package commands_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"cachering/commands"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/ptytest"
	"cachering/commands/internal/redistest"
)

// The test binary is cachering as well: tests run it as a program of its own, with
// real streams, signals and exit codes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cachering": func() {
			os.Exit(commands.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// manyAtWork begin the names of the scripts, one at least of each area, in which several
// goroutines work. Their program is the test binary, with the race detector if that has
// it; that of all others is the one that users have, which starts in a third of the time.
// In the test binary itself package sidetest runs every command that reads or writes entries.
var manyAtWork = []string{"backup_undo", "bulk_failures", "bulk_restart", "bulk_shard_down", "check_", "clear_database", "del_pattern", "doctor_findings", "explain_gone",
	"explain_misplaced", "get_or_set_herd", "get_shard_down", "keys_locks", "pipe_closed", "pty_", "reinsert_report", "ring_diff_scan",
	"ring_locate_look", "ring_show_keys", "sample_", "signal_"}

// TestScript runs testdata/script. testdata/script/README.md says how to write
// one.
func TestScript(t *testing.T) {
	tested, err := exec.LookPath("cachering")
	if err != nil {
		t.Fatal(err)
	}
	plain := programtest.Build(t)
	program := func(script string) string {
		// Only what was built with coverage can tell it.
		if testing.CoverMode() != "" || slices.ContainsFunc(manyAtWork, func(begin string) bool { return strings.HasPrefix(script, begin) }) {
			return tested
		}
		return plain
	}
	testscript.RunT(scriptT{t}, testscript.Params{
		Dir: "../testdata/script",
		Setup: func(env *testscript.Env) error {
			w := &world{t: env.T().(scriptT).T, began: time.Now(), servers: map[string]*redistest.Server{}, proxies: map[string]*redistest.Proxy{}}
			w.program = program(strings.TrimPrefix(w.t.Name(), "TestScript/"))
			env.Values[worldKey{}] = w
			env.Setenv("PATH", filepath.Dir(w.program)+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir+"/home")
			// A program built with -race would wait a second at its end.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Setenv("NO_COLOR", "1") // a script that is about colours takes it away
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "django_redis", "lz4", "msgpack", "yaml":
				return exec.Command("/usr/bin/python3", "-c", "import "+cond).Run() == nil, nil
			case "ipv6":
				l, err := net.Listen("tcp", "[::1]:0")
				if err == nil {
					l.Close()
				}
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"run":      scriptRun,
			"pty":      scriptPty,
			"start":    scriptStart,
			"signal":   scriptSignal,
			"said":     scriptSaid,
			"finish":   scriptFinish,
			"redis":    scriptRedis,
			"nodes":    scriptNodes,
			"down":     scriptDown,
			"up":       scriptUp,
			"pause":    scriptPause,
			"certs":    scriptCerts,
			"portof":   scriptPortOf,
			"sentinel": scriptSentinel,
			"proxy":    scriptProxy,
			"liar":     scriptLiar,
			"stall":    scriptStall,
			"cli":      scriptCli,
			"until":    scriptUntil,
			"fill":     scriptFill,
			"subst":    scriptSubst,
			"bytes":    scriptBytes,
			"json":     scriptJSON,
			"metrics":  scriptMetrics,
			"left":     scriptLeft,
		},
	})
}

const (
	patience = 2 * time.Minute      // for what should come at once, on a busy machine
	pace     = 2 * time.Millisecond // of looking for it
)

// scriptT lets a script's commands reach the *testing.T of their subtest.
type scriptT struct{ *testing.T }

func (t scriptT) Run(name string, f func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { f(scriptT{t}) })
}
func (t scriptT) Verbose() bool { return testing.Verbose() }

type worldKey struct{}

// world is what one script has started.
type world struct {
	t       *testing.T
	program string // the path of cachering
	began   time.Time
	servers map[string]*redistest.Server
	proxies map[string]*redistest.Proxy
	running *exec.Cmd
	out     ptytest.Screen
	err     ptytest.Screen
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// run CODE word… runs cachering and wants exactly this exit code.
func scriptRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: run CODE word…")
	}
	err := ts.Exec("cachering", args[1:]...)
	wantCode(ts, args[0], err)
	code, _ := strconv.Atoi(args[0])
	if declared := commands.DeclaredExits(args[1:]); declared != nil && !slices.Contains(declared, code) {
		ts.Fatalf("exit code %d is not in the help, which lists %v", code, declared)
	}
}

func wantCode(ts *testscript.TestScript, want string, err error) {
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// command is cachering with the script's environment, for the commands that
// cannot use ts.Exec.
func command(ts *testscript.TestScript, words []string) *exec.Cmd {
	cmd := exec.Command(worldOf(ts).program, words...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "WORK", "GORACE", "TMPDIR", "GOCOVERDIR", "TERM", "NO_COLOR",
		"XDG_CONFIG_HOME", "CACHERING_CONFIG", "CACHERING_CACHE", "CACHE_PASSWORD"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd
}

// start [-nohup] word… runs cachering in the background; signal and finish follow.
// With -nohup SIGHUP is ignored when it starts.
func scriptStart(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	nohup := args[0] == "-nohup"
	if nohup {
		args = args[1:]
	}
	cmd := command(ts, args)
	// The tests may run under nohup themselves, which a child inherits unless SIGHUP
	// is caught here when it starts.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	if nohup {
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `trap '' HUP; exec "$0" "$@"`, w.program}, args...)
	}
	w.out, w.err = ptytest.Screen{}, ptytest.Screen{}
	cmd.Stdout, cmd.Stderr = &w.out, &w.err
	ts.Check(cmd.Start())
	w.running = cmd
	ts.Defer(func() { cmd.Process.Kill() })
}

// signal INT|TERM|HUP|USR1 sends a signal to what start started.
func scriptSignal(ts *testscript.TestScript, neg bool, args []string) {
	sig := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "USR1": syscall.SIGUSR1}[args[0]]
	ts.Check(worldOf(ts).running.Process.Signal(sig))
}

// said REGEXP waits for what start started to say something on standard error.
func scriptSaid(ts *testscript.TestScript, neg bool, args []string) {
	w, re := worldOf(ts), regexp.MustCompile(args[0])
	deadline := time.Now().Add(patience)
	for !re.MatchString(w.err.From(0)) {
		if time.Now().After(deadline) {
			ts.Fatalf("it only said %q", w.err.From(0))
		}
		time.Sleep(pace)
	}
}

// finish CODE waits for what start started; stdout and stderr are its own.
func scriptFinish(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	overdue := time.AfterFunc(patience, func() { w.running.Process.Kill() })
	err := w.running.Wait()
	overdue.Stop()
	io.WriteString(ts.Stdout(), w.out.From(0))
	io.WriteString(ts.Stderr(), w.err.From(0))
	wantCode(ts, args[0], err)
}

// redis NAME… [: line of redis.conf] starts servers; $NAME is the address.
// -tcp as the first word starts them on ports instead of sockets, -tcp6 on those
// of ::1. -tls starts
// servers that listen for TLS, with server.pem and ca.pem of certs; $NAME is the
// address for that, and cli reaches them without.
func scriptRedis(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	start := redistest.RunT
	if len(args) > 0 && args[0] == "-tcp" {
		start, args = redistest.RunTCP, args[1:]
	} else if len(args) > 0 && args[0] == "-tcp6" {
		start, args = redistest.RunTCP6, args[1:]
	}
	address := func(s *redistest.Server) string { return s.Addr }
	if len(args) > 0 && args[0] == "-tls" {
		args = args[1:]
		start = func(tb testing.TB, lines ...string) *redistest.Server {
			return redistest.RunTLST(tb, append(redistest.TLSLines(ts.MkAbs("server.pem"), ts.MkAbs("server.key"), ts.MkAbs("ca.pem")), lines...)...)
		}
		address = func(s *redistest.Server) string { return s.TLSAddr }
	}
	var conf []string
	for i, a := range args {
		if a == ":" {
			conf, args = []string{strings.Join(args[i+1:], " ")}, args[:i]
			break
		}
	}
	for _, name := range args {
		s := start(w.t, conf...)
		w.servers[name] = s
		ts.Setenv(name, address(s))
	}
}

// nodes NAME… starts a Redis Cluster of so many masters.
func scriptNodes(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	for i, s := range redistest.RunNodesT(w.t, len(args), 0).Masters {
		w.servers[args[i]] = s
		ts.Setenv(args[i], s.Addr)
	}
}

func (w *world) server(ts *testscript.TestScript, name string) *redistest.Server {
	s := w.servers[name]
	if s == nil {
		ts.Fatalf("no server %s", name)
	}
	return s
}

// down NAME ends a server as a crash would; up NAME starts it again, empty.
func scriptDown(ts *testscript.TestScript, neg bool, args []string) {
	worldOf(ts).server(ts, args[0]).Kill()
}

func scriptUp(ts *testscript.TestScript, neg bool, args []string) {
	worldOf(ts).server(ts, args[0]).Restart()
}

// pause NAME stops a server: it answers nothing and its connections stay, until
// up starts it again.
func scriptPause(ts *testscript.TestScript, neg bool, args []string) {
	worldOf(ts).server(ts, args[0]).Pause()
}

// ask sends one Redis command to NAME or NAME/DB; the database is 1 unless
// told, as it is in a cache's configuration.
func ask(ts *testscript.TestScript, args []string) string {
	name, db := args[0], 1
	if n, d, ok := strings.Cut(name, "/"); ok {
		var err error
		name = n
		db, err = strconv.Atoi(d)
		ts.Check(err)
	}
	s := worldOf(ts).server(ts, name)
	client := redis.NewClient(s.Options(db))
	defer client.Close()
	words := make([]any, len(args)-1)
	for i, a := range args[1:] {
		if raw, err := strconv.Unquote(`"` + a + `"`); err == nil && strings.Contains(a, `\`) {
			a = raw
		}
		words[i] = a
	}
	reply, err := client.Do(context.Background(), words...).Result()
	if err == redis.Nil {
		return "nil"
	}
	ts.Check(err)
	if list, ok := reply.([]any); ok {
		lines := make([]string, len(list))
		for i, item := range list {
			lines[i] = fmt.Sprint(item)
		}
		return strings.Join(lines, "\n")
	}
	return fmt.Sprint(reply)
}

// cli NAME[/DB] word… sends a command to a server and prints the reply. Words
// may hold escapes as \n and \xff.
func scriptCli(ts *testscript.TestScript, neg bool, args []string) {
	fmt.Fprintln(ts.Stdout(), ask(ts, args))
}

// until PATTERN NAME[/DB] word… repeats a command until its reply matches.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	re := regexp.MustCompile(args[0])
	deadline := time.Now().Add(patience)
	for wait := pace; !re.MatchString(ask(ts, args[1:])); wait = min(2*wait, 10*pace) {
		if time.Now().After(deadline) {
			ts.Fatalf("still %s", ask(ts, args[1:]))
		}
		time.Sleep(wait)
	}
}

// fill NAME[/DB] KEY N VALUE sets KEY0 … KEY(N-1).
func scriptFill(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	value, err := strconv.Unquote(`"` + args[3] + `"`)
	ts.Check(err)
	const each = 500
	for i := 0; i < n; i += each {
		words := []string{args[0], "MSET"}
		for j := i; j < min(n, i+each); j++ {
			words = append(words, args[1]+strconv.Itoa(j), value)
		}
		ask(ts, words)
	}
}

// subst FILE… replaces $NAME and ${NAME} in files.
func scriptSubst(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		text := os.Expand(ts.ReadFile(file), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

// bytes FILE TEXT writes a file that holds TEXT and nothing more; TEXT may hold
// escapes as \x80.
func scriptBytes(ts *testscript.TestScript, neg bool, args []string) {
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// json [N] wants every line of the last standard output to be one JSON
// document, and N of them.
func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	n := 0
	for _, line := range strings.Split(ts.ReadFile("stdout"), "\n") {
		if line == "" {
			continue
		}
		n++
		if !json.Valid([]byte(line)) {
			ts.Fatalf("not a JSON document: %s", line)
		}
	}
	if len(args) > 0 && strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d documents, want %s", n, args[0])
	}
}

// left [-ms] LIFETIME REGEXP wants the last standard output to match, and the
// group to be what is left of a lifetime that was given since the script began:
// LIFETIME, less no more than the script has run. The group holds seconds,
// rounded up, milliseconds with -ms, or units as in 4m59s, rounded down.
func scriptLeft(ts *testscript.TestScript, neg bool, args []string) {
	unit := time.Second
	if len(args) > 0 && args[0] == "-ms" {
		unit, args = time.Millisecond, args[1:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: left [-ms] LIFETIME REGEXP")
	}
	given := args[0]
	if _, err := strconv.Atoi(given); err == nil {
		given += "s"
	}
	whole, err := time.ParseDuration(given)
	ts.Check(err)
	out := ts.ReadFile("stdout")
	m := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(out)
	if len(m) != 2 {
		ts.Fatalf("no match with one group for %s in:\n%s", args[1], out)
	}
	ran := time.Since(worldOf(ts).began)
	if msg := wrongLeft(m[1], whole, ran, unit); msg != "" {
		ts.Fatalf("%s", msg)
	}
}

// wrongLeft says what is wrong with text as what is left of a lifetime of which
// no more than ran is over.
func wrongLeft(text string, whole, ran, unit time.Duration) string {
	up := func(d time.Duration) time.Duration { return (d + unit - 1).Truncate(unit) }
	least, most := up(max(0, whole-ran)), up(whole)
	var got time.Duration
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		got = time.Duration(n) * unit
	} else if got, err = time.ParseDuration(text); err != nil {
		return err.Error()
	} else {
		least, most = max(0, whole-ran).Truncate(time.Second), whole
	}
	if got < least || got > most {
		return fmt.Sprintf("%s is not what is left of %v after at most %v: %v to %v", text, whole, ran, least, most)
	}
	return ""
}

func TestLeft(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, c := range []struct {
		text             string
		whole, ran, unit time.Duration
		good             bool
	}{
		{"60", 60 * s, 0, s, true},
		{"60", 60 * s, 900 * ms, s, true},
		{"59", 60 * s, 900 * ms, s, false},
		{"59", 60 * s, 1000 * ms, s, true},
		{"61", 60 * s, 2 * s, s, false},
		{"90", 89500 * ms, 400 * ms, s, true},
		{"89", 89500 * ms, 400 * ms, s, false},
		{"0", s, 2 * s, s, true},
		{"59999", 60 * s, ms, ms, true},
		{"59998", 60 * s, ms, ms, false},
		{"4m59s", 300 * s, ms, s, true},
		{"5m0s", 300 * s, ms, s, true},
		{"4m58s", 300 * s, ms, s, false},
		{"none", s, s, s, false},
	} {
		if msg := wrongLeft(c.text, c.whole, c.ran, c.unit); (msg == "") != c.good {
			t.Errorf("%s of %v after %v: %q", c.text, c.whole, c.ran, msg)
		}
	}
}
