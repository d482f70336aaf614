package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/scripts/trials"
)

const entriesFile = "../../testdata/demo/entries.jsonl.gz"

// demoPath and programPath are those of the programs under test, testDir is where they are.
var demoPath, programPath, testDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "demo-test-")
	if err == nil {
		testDir = dir
		demoPath, programPath = filepath.Join(dir, "demo"), os.Getenv(trials.Program)
		packages := []string{"cachering/scripts/demo"}
		if programPath == "" {
			programPath, packages = filepath.Join(dir, "cachering"), append(packages, "cachering")
		}
		build := exec.Command("go", append([]string{"build", "-o", dir + "/"}, packages...)...)
		build.Stderr = os.Stderr
		err = build.Run()
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func needRedis(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed")
	}
}

// The entries stand in the file in no order, so that an eighth of its lines has every kind of them.
const (
	parts   = 8
	entries = 22_000
)

// shown matches the lines of the entries that the demo shows.
var shown = regexp.MustCompile(`^\{"key":":1:(user:7:profile|auth\.user\.7|views:product:7|misc\.(1:1|3:3|4:4)|throttle_anon_10\.0\.7\.7)"`)

var few struct {
	once  sync.Once
	path  string
	count int
	err   error
}

// fewEntries is a file with an eighth of the entries, which one by the seed, and those that the demo shows, and how many
// these are. With CACHERING_WHOLE it is the whole file.
func fewEntries(t *testing.T) (path string, count int) {
	t.Helper()
	if trials.Whole() {
		return entriesFile, entries
	}
	seed := trials.Seed(t)
	few.once.Do(func() { few.path, few.count, few.err = writeFew(int(seed % parts)) })
	if few.err != nil {
		t.Fatal(few.err)
	}
	return few.path, few.count
}

func writeFew(part int) (path string, count int, err error) {
	path = filepath.Join(testDir, "few.jsonl.gz")
	in, err := os.Open(entriesFile)
	if err != nil {
		return "", 0, err
	}
	defer in.Close()
	unpacked, err := gzip.NewReader(bufio.NewReader(in))
	if err != nil {
		return "", 0, err
	}
	out, err := os.Create(path)
	if err != nil {
		return "", 0, err
	}
	packed, err := gzip.NewWriterLevel(out, gzip.NoCompression)
	if err != nil {
		return "", 0, err
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 1<<20)
	for n := 0; lines.Scan(); n++ {
		if n%parts == part || shown.Match(lines.Bytes()) {
			fmt.Fprintf(packed, "%s\n", lines.Bytes())
			count++
		}
	}
	return path, count, errors.Join(lines.Err(), packed.Close(), out.Close())
}

// slowly is a cachering that reinserts a hundred keys a second, so that a signal comes before the end on any machine.
func slowly(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "slowly")
	script := fmt.Sprintf("#!/bin/sh\nfor word; do\n\tshift\n\t[ \"$word\" != 10000 ] || word=100\n\tset -- \"$@\" \"$word\"\ndone\nexec '%s' \"$@\"\n", programPath)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// demoCommand runs the demo, with a directory for temporary files of its own. Args may name other entries and another program.
func demoCommand(t *testing.T, args ...string) (cmd *exec.Cmd, tmp string) {
	t.Helper()
	// Not t.TempDir: a socket's path may have no more than 107 bytes.
	tmp, err := os.MkdirTemp("", "demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	cmd = exec.Command(demoPath,
		append([]string{"-cachering", programPath, "-entries", entriesFile}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	return cmd, tmp
}

// leftBehind names the files and processes of a demo that has ended.
func leftBehind(t *testing.T, tmp string) []string {
	t.Helper()
	var left []string
	files, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		left = append(left, "file "+f.Name())
	}
	for _, args := range processes(t) {
		if strings.Contains(args, tmp) {
			left = append(left, "process "+args)
		}
	}
	return left
}

// processes are the command lines of all processes: from /proc, since a small
// machine has no ps, else from ps.
func processes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		// A process may have ended since.
		if words, err := os.ReadFile(file); err == nil {
			all = append(all, strings.ReplaceAll(string(words), "\x00", " "))
		}
	}
	if len(files) > 0 {
		return all
	}
	lines, err := exec.Command("ps", "-A", "-o", "args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(lines), "\n")
}

func TestDemo(t *testing.T) {
	some, count := fewEntries(t)
	for _, c := range []struct {
		name    string
		args    []string
		count   int
		measure string
	}{
		{"redis", nil, entries, "used_memory of the four shards: "},
		{"embedded", []string{"-embedded", "-entries", some}, count, "sum of the value sizes on the four shards: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.name == "redis" {
				needRedis(t)
			}
			cmd, tmp := demoCommand(t, c.args...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			wants := []string{fmt.Sprintf("Loaded %d entries", c.count), c.measure, "$ cachering reinsert --to pickle:5"}
			if c.count == entries {
				wants = append(wants, "11000 expire")
			}
			for _, want := range wants {
				if !strings.Contains(string(out), want) {
					t.Errorf("the output lacks %q:\n%s", want, out)
				}
			}
			if bytes.ContainsRune(out, '\x1b') {
				t.Errorf("terminal escapes in a pipe:\n%q", out)
			}
			if left := leftBehind(t, tmp); left != nil {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestDemoInterrupted(t *testing.T) {
	some, _ := fewEntries(t)
	for _, c := range []struct {
		name  string
		after string // the output to wait for
		args  []string
		send  syscall.Signal
	}{
		{"loading", "$ cat cachering.toml", nil, syscall.SIGINT},
		{"reinsert", "$ cachering reinsert", nil, syscall.SIGINT},
		{"terminated", "$ cachering reinsert", nil, syscall.SIGTERM},
		{"embedded", "$ cachering reinsert", []string{"-embedded"}, syscall.SIGINT},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.args == nil {
				needRedis(t)
			}
			args := c.args
			if c.name != "loading" {
				args = append(args, "-entries", some, "-cachering", slowly(t))
			}
			cmd, tmp := demoCommand(t, args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			for lines.Scan() && !strings.HasPrefix(lines.Text(), c.after) {
			}
			if c.after == "$ cachering reinsert" {
				awaitRewriting(t, tmp)
			}
			cmd.Process.Signal(c.send)
			io.Copy(io.Discard, stdout)
			cmd.Wait()
			if got, want := cmd.ProcessState.ExitCode(), 128+int(c.send); got != want {
				t.Errorf("exit code %d, want %d\n%s", got, want, &stderr)
			}
			if left := leftBehind(t, tmp); left != nil {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// awaitRewriting returns once the demo whose files are in tmp has a value at
// protocol 5.
func awaitRewriting(t *testing.T, tmp string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(tmp, "*", "cachering.toml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("configurations of the demo: %q, %v", files, err)
	}
	config, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`"cache-1:6379" = "(.*)"`).FindSubmatch(config)
	if m == nil {
		t.Fatalf("no address of the first shard in\n%s", config)
	}
	network := "tcp"
	if m[1][0] == '/' {
		network = "unix"
	}
	client := redis.NewClient(&redis.Options{Network: network, Addr: string(m[1]), DB: database, ReadTimeout: time.Minute})
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for ; ; time.Sleep(5 * time.Millisecond) { // the demo needs the processor, too
		key, err := client.RandomKey(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		value, err := client.Get(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(value, "\x80\x05") {
			return
		}
	}
}

// TestReaderGone: the reader of the demo's output ends, as in "make demo | head".
func TestReaderGone(t *testing.T) {
	needRedis(t)
	cmd, tmp := demoCommand(t)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout.Read(make([]byte, 1))
	stdout.Close()
	cmd.Wait()
	if left := leftBehind(t, tmp); left != nil {
		t.Errorf("left behind: %q", left)
	}
}

// TestEntriesStayEqual rewrites entries 0 → 5 → 0 on real servers, with CACHERING_WHOLE
// all of them. After each run Python with Django loads what was stored before and after
// it to equal objects, and every expiry is what it was, to the millisecond.
func TestEntriesStayEqual(t *testing.T) {
	needRedis(t)
	if err := exec.Command("/usr/bin/python3", "-c", "import django").Run(); err != nil {
		t.Skip("/usr/bin/python3 has no Django")
	}
	dir, err := os.MkdirTemp("", "demo-equal-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := startShards(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	ctx := context.Background()
	path, _ := fewEntries(t)
	count, _, err := load(ctx, path, s)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "cachering.toml")
	if err := os.WriteFile(config, []byte(configuration(s)), 0o600); err != nil {
		t.Fatal(err)
	}

	before := snapshot(t, ctx, s)
	if len(before) != count {
		t.Fatalf("%d entries are stored, want %d", len(before), count)
	}
	for _, protocol := range []int{5, 0} {
		cmd := exec.Command(programPath, "reinsert", "--config", config, "--cache", "default",
			"--to", fmt.Sprintf("pickle:%d", protocol), "--yes", "--json")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		report, err := cmd.Output()
		if err != nil {
			t.Fatalf("reinsert --to pickle:%d: %v\n%s%s", protocol, err, report, &stderr)
		}
		after := snapshot(t, ctx, s)
		for key, was := range before {
			if now := after[key]; now.expires != was.expires {
				t.Errorf("to pickle:%d: %s expires at %d, was %d", protocol, key, now.expires, was.expires)
			}
		}
		compareObjects(t, protocol, before, after)
		before = after
	}
}

type stored struct {
	Value   []byte
	expires time.Duration // PEXPIRETIME
}

// snapshot reads every entry of every shard.
func snapshot(t *testing.T, ctx context.Context, s *shards) map[string]stored {
	t.Helper()
	all := map[string]stored{}
	for _, one := range s.list {
		keys, err := one.client.Keys(ctx, "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for some := range slices.Chunk(keys, 1000) {
			values := one.client.MGet(ctx, some...)
			pipe := one.client.Pipeline()
			var expires []*redis.DurationCmd
			for _, key := range some {
				expires = append(expires, pipe.PExpireTime(ctx, key))
			}
			if _, err := pipe.Exec(ctx); err != nil || values.Err() != nil {
				t.Fatal(errors.Join(err, values.Err()))
			}
			for i, key := range some {
				value, _ := values.Val()[i].(string)
				all[key] = stored{[]byte(value), expires[i].Val()}
			}
		}
	}
	return all
}

func compareObjects(t *testing.T, protocol int, before, after map[string]stored) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(before))
	in, w := io.Pipe()
	go func() {
		lines := json.NewEncoder(w)
		for _, key := range keys {
			lines.Encode(map[string]any{"key": key, "protocol": protocol, "before": before[key].Value, "after": after[key].Value})
		}
		w.Close()
	}()
	cmd := exec.Command("/usr/bin/python3", "../../testdata/python/same_values.py")
	cmd.Stdin = in
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("%d values compared, 0 differ\n", len(keys)); err != nil || string(out) != want {
		t.Errorf("to pickle:%d: %v\n%s", protocol, err, out)
	}
}

// The playground says what to type, which works from another shell, and goes with Enter.
func TestPlayground(t *testing.T) {
	t.Parallel()
	needRedis(t)
	path, _ := fewEntries(t)
	cmd := exec.Command(demoPath, "-keep", "-cachering", programPath, "-entries", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var typed []string
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Enter") {
		if line, ok := strings.CutPrefix(lines.Text(), "  "); ok {
			typed = append(typed, line)
		}
	}
	if len(typed) != 4 {
		t.Fatalf("it says to type %q", typed)
	}
	other := exec.Command("sh", "-ec", strings.Join(append(typed, "redis-cli ping"), "\n"))
	text, err := other.CombinedOutput()
	for _, want := range []string{"cache-4:6379", "'username'", "dry run: nothing was written", "PONG"} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%v: no %s in what was typed:\n%s", err, want, text)
		}
	}
	dir := strings.Fields(typed[0])[1]
	io.WriteString(in, "\n")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left behind: %v", dir, err)
	}
}
