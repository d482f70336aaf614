// Command demo shows cachering's main job on four shards that it starts itself:
// entries that Django wrote at pickle protocol 0 are rewritten at protocol 5
// under their keys, with their expiries, while the shards keep serving.
//
// With -keep it shows nothing and keeps the shards: a playground.
//
// The shards are redis-server processes on unix sockets, or embedded servers if
// redis-server is not installed. The demo ends by itself and leaves nothing
// behind, interrupted or not; it never talks to a Redis that it did not start.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// grace is how long an interrupted cachering may take to finish its batch.
const grace = 15 * time.Second

func main() {
	// The kernel ends the redis-servers with the thread that started them
	// (parent_linux.go), so that thread must live as long as the demo.
	runtime.LockOSThread()

	cachering := flag.String("cachering", "bin/cachering", "the `program` to show")
	entries := flag.String("entries", "testdata/demo/entries.jsonl.gz", "the cache entries to load")
	embedded := flag.Bool("embedded", false, "use embedded servers even if redis-server is installed")
	keep := flag.Bool("keep", false, "show nothing, and keep the shards until Enter or a signal")
	flag.Parse()

	// SIGPIPE too: a reader that goes away must not leave the servers behind.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)

	err := demo(*cachering, *entries, *embedded, *keep, signals)
	var stop interrupted
	switch {
	case errors.As(err, &stop) && stop.signal == syscall.SIGPIPE:
		// The reader has seen enough. That is not an error.
	case errors.As(err, &stop):
		fmt.Fprintln(os.Stderr, "demo: stopped; nothing is left behind")
		os.Exit(128 + int(stop.signal))
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// interrupted is the error of a demo that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return i.signal.String() }

// demo starts the shards, plays the scenes and takes everything down again.
func demo(program, entries string, embedded, keep bool, signals <-chan os.Signal) (err error) {
	program, err = filepath.Abs(program)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cachering-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	shards, err := startShards(dir, embedded)
	if err != nil {
		return err
	}
	defer shards.stop()

	s := &stage{program: program, dir: dir, shards: shards, signals: signals}
	if keep {
		return s.playground(entries)
	}
	return s.play(entries)
}

// stage runs the scenes of the demo one after the other.
type stage struct {
	program, dir string
	shards       *shards
	signals      <-chan os.Signal
}

func (s *stage) play(entries string) error {
	fmt.Printf("\nFour shards: %s.\n", s.shards.kind)
	config := configuration(s.shards)
	if err := os.WriteFile(filepath.Join(s.dir, "cachering.toml"), []byte(config), 0o600); err != nil {
		return err
	}
	fmt.Printf("\n$ cat cachering.toml\n%s", config)

	if err := s.load(entries); err != nil {
		return err
	}
	if err := s.show("ring", "show", "--keys"); err != nil {
		return err
	}

	note("Entries as Django stored them at protocol 0.")
	for _, args := range [][]string{
		{"get", "user:7:profile"},
		{"get", "auth.user.7"},
		{"get", "views:product:7", "misc.3:3", "misc.4:4"},
		{"get", "--json", "misc.1:1"},
	} {
		if err := s.show(args...); err != nil {
			return err
		}
	}

	before, err := s.shards.memory()
	if err != nil {
		return err
	}
	note("The main job. --rate spares the shards, and lets you watch.")
	if err := s.show("reinsert", "--to", "pickle:5", "--rate", "10000", "--yes"); err != nil {
		return err
	}
	after, err := s.shards.memory()
	if err != nil {
		return err
	}
	fmt.Printf("\n%s: %s before, %s after (%.0f %% less)\n",
		s.shards.measure, megabytes(before), megabytes(after), 100*(1-float64(after)/float64(before)))

	note("The same values, at protocol 5, and their expiries.")
	for _, args := range [][]string{
		{"get", "user:7:profile"},
		{"get", "--json", "misc.1:1"},
		{"ttl", "user:7:profile", "throttle_anon_10.0.7.7"},
	} {
		if err := s.show(args...); err != nil {
			return err
		}
	}
	note("A second run finds nothing to do.")
	return s.show("reinsert", "--to", "pickle:5", "--yes")
}

// load fills the shards. A signal ends it between two batches.
func (s *stage) load(path string) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan struct{})
	go func() {
		select {
		case sig := <-s.signals:
			cancel(interrupted{sig.(syscall.Signal)})
		case <-done:
		}
	}()
	n, expiring, err := load(ctx, path, s.shards)
	close(done)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	cancel(nil)
	if err != nil {
		return err
	}
	fmt.Printf("\nLoaded %d entries that CPython and Django wrote at protocol 0, each on the shard that the ring gives; %d expire.\n", n, expiring)
	return nil
}

// show prints a command, runs it on the demo's configuration, and passes a
// signal on to it.
//
// The command gets a process group of its own: otherwise it would receive a
// Ctrl-C twice, from the terminal and from here, and the second one makes
// cachering stop at once instead of finishing its batch.
func (s *stage) show(args ...string) error {
	select {
	case sig := <-s.signals:
		return interrupted{sig.(syscall.Signal)}
	default:
	}
	fmt.Printf("\n$ cachering %s\n", strings.Join(args, " "))
	cmd := exec.Command(s.program, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "CACHERING_CONFIG="+filepath.Join(s.dir, "cachering.toml"), "CACHERING_CACHE=default")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()

	var stop *interrupted
	var giveUp <-chan time.Time
	for {
		select {
		case err := <-done:
			if stop != nil {
				return *stop
			}
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGPIPE {
				return interrupted{syscall.SIGPIPE}
			}
			if err != nil {
				return fmt.Errorf("cachering %s: %w", args[0], err)
			}
			return nil
		case sig := <-s.signals:
			if stop == nil {
				stop, giveUp = &interrupted{sig.(syscall.Signal)}, time.After(grace)
			}
			syscall.Kill(-cmd.Process.Pid, sig.(syscall.Signal))
		case <-giveUp:
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}
}

// configuration is the file that a user would write for these shards. The
// names in location stay the same from run to run, so the ring does too; dial
// says where the shards really are.
func configuration(s *shards) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[caches.default]\nbackend  = \"redis_cache.ShardedRedisCache\"\nrelease  = \"3.0.1\"\nlocation = [")
	for i, shard := range s.list {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", shard.name)
	}
	b.WriteString("]\n\n[caches.default.options]\ndb             = 1\npython         = \"3.11\"\npickle_version = 5\n\n[caches.default.dial]\n")
	for _, shard := range s.list {
		fmt.Fprintf(&b, "%q = %q\n", shard.name, shard.addr)
	}
	return b.String()
}

func note(text string) { fmt.Printf("\n# %s\n", text) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
