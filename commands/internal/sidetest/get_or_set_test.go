package sidetest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// Of 200 callers at once one runs the command, first where there is no value,
// then where there is a stale one, and nobody goes without.
func TestGetOrSetHerd(t *testing.T) {
	const callers = 200
	p := newPair(t, newest)
	ran := filepath.Join(t.TempDir(), "ran")
	herd := func(value string, want func(string) bool) {
		t.Helper()
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				code, out, errs := p.run("", "get-or-set", "k", "--ttl", "1h", "--stale", "1h", "--lock-ttl", "10m", "--wait", "10m", "--",
					"sh", "-c", "echo run >>"+ran+"; sleep 0.2; printf "+value)
				if code != 0 || !want(out) {
					t.Errorf("exit code %d, %q %s", code, out, errs)
				}
			})
		}
		wg.Wait()
	}
	runs := func() int {
		text, err := os.ReadFile(ran)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text, []byte("\n"))
	}
	herd("first", func(out string) bool { return out == "first" })
	if n := runs(); n != 1 {
		t.Errorf("no value: the command ran %d times", n)
	}
	if got := p.ask("get", call{"key": "k", "repr": true}); got != "'first'" {
		t.Errorf("python reads %s", got)
	}
	for _, c := range p.clients {
		c.Del(context.Background(), "__fresh__:1:k")
	}
	herd("second", func(out string) bool { return out == "first" || out == "second" })
	if n := runs(); n != 2 {
		t.Errorf("a stale value: the command ran %d times in all", n)
	}
}

// A caller that is killed keeps others waiting no longer than its lock lives.
func TestGetOrSetKilledHolder(t *testing.T) {
	p := newPair(t, newest)
	cmd := exec.Command(programtest.Build(t), "-c", p.conf, "get-or-set", "k", "--ttl", "5m", "--lock-ttl", "10m", "--",
		"sh", "-c", "while kill -0 $PPID; do sleep 0.1; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.untilLocked("k")
	cmd.Process.Kill()
	cmd.Wait()
	// Nobody waits for ten minutes here: most of the lock's life is taken away.
	const lives = time.Second
	home, left := 0, time.Duration(0)
	for i, c := range p.clients {
		if ttl := c.PTTL(context.Background(), "__lock__:1:k").Val(); ttl > 0 {
			home, left = i, ttl
		}
	}
	if left > 10*time.Minute || left <= lives {
		t.Errorf("the lock lives %v", left)
	}
	p.clients[home].PExpire(context.Background(), "__lock__:1:k", lives)
	killed := time.Now()
	code, out, errs := p.run("", "get-or-set", "k", "--ttl", "5m", "--wait", "2m", "--", "printf", "mine")
	if code != 0 || out != "mine" {
		t.Fatalf("exit code %d, %q %s", code, out, errs)
	}
	// What is above the lock's life is the pace of looking, and a slow machine.
	if waited := time.Since(killed); waited > lives+time.Minute {
		t.Errorf("waited %v", waited)
	}
}

// untilLocked waits for the lock of a key.
func (p *pair) untilLocked(key string) {
	p.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if _, out, _ := p.run("", "keys", "--locks", key); strings.Contains(out, "\tlock\t") {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatal("no lock appears")
		}
	}
}

// Python computes, the shell waits or takes the stale value; then the other way
// round; then Python dies.
func TestGetOrSetBesidePython(t *testing.T) {
	p := newPair(t, newest)
	dir := t.TempDir()
	// python begins to make a value; unless ready, it is made when release is called.
	python := func(value string, ready bool) (release func()) {
		name := filepath.Join(dir, value)
		release = func() {
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Error(err)
			}
		}
		if ready {
			release()
		}
		p.begin("get_or_set", call{"key": "k", "value": value, "seconds": name, "timeout": 600, "stale": 600, "lock_timeout": 600, "repr": true})
		return release
	}
	shell := func(want string, words ...string) {
		t.Helper()
		words = append([]string{"get-or-set", "k", "--ttl", "1h", "--stale", "1h"}, words...)
		if code, out, errs := p.run("", words...); code != 0 || out != want {
			t.Errorf("%q: exit code %d, %q %s; want %q", words, code, out, errs, want)
		}
	}
	unmark := func() {
		t.Helper()
		if code, _, errs := p.run("", "delete", "--stored", "__fresh__:1:k"); code != 0 {
			t.Fatal(errs)
		}
	}

	release := python("'by python'", false)
	if a := p.line(); a.Computing != "k" {
		t.Fatalf("python does not compute: %+v", a)
	}
	time.AfterFunc(300*time.Millisecond, release) // the shell waits by then, or has no need to
	shell("by python", "--wait", "2m", "--", "printf", "by the shell")
	if a := p.line(); string(a.Result) != `"'by python'"` {
		t.Errorf("python answers %s", a.Result)
	}
	shell("by python", "--", "false")

	unmark()
	release = python("'newer'", false)
	if a := p.line(); a.Computing != "k" {
		t.Fatalf("python does not compute: %+v", a)
	}
	shell("by python", "--wait", "2m", "--", "printf", "by the shell") // stale
	release()
	p.line()

	unmark()
	done, ready := make(chan struct{}), filepath.Join(dir, "ready")
	go func() {
		defer close(done)
		p.run("", "get-or-set", "k", "--ttl", "1h", "--stale", "1h", "--", "sh", "-c", "until [ -e "+ready+" ]; do sleep 0.01; done; printf 'from the shell'")
	}()
	p.untilLocked("k")
	python("'not needed'", true)
	if a := p.line(); string(a.Result) != `"'newer'"` {
		t.Errorf("while the shell computes python answers %s %s", a.Result, a.Computing)
	}
	if err := os.WriteFile(ready, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-done
	python("'not needed'", true)
	if a := p.line(); string(a.Result) != `"'from the shell'"` {
		t.Errorf("then python answers %s %s", a.Result, a.Computing)
	}

	unmark()
	p.run("", "delete", "k")
	if got := p.ask("abandon", call{"key": "k", "lock_timeout": 0.3}); got != "true" {
		t.Fatalf("abandon: %s", got)
	}
	shell("again", "--wait", "2m", "--", "printf", "again")
}

// With releases before 2.0 there is the lock alone: who waits gets the value as
// soon as it is there, and Python, which does not wait, None.
func TestGetOrSetBesideOldPython(t *testing.T) {
	p := newPair(t, redisCache("1.8.1", 3, "1.8.1", `python = "3.6"`, seb1, call{"protocol": 4}))
	ready := func(name string) {
		t.Helper()
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	python, shell, done := filepath.Join(t.TempDir(), "python"), filepath.Join(t.TempDir(), "shell"), make(chan string)
	p.begin("get_or_set", call{"key": "k", "value": "'by python'", "seconds": python, "timeout": 600, "repr": true})
	if a := p.line(); a.Computing != "k" {
		t.Fatalf("python does not compute: %+v", a)
	}
	if code, out, errs := p.run("", "get-or-set", "k", "--ttl", "1h", "--", "false"); code != 4 || out != "" {
		t.Errorf("without --wait: exit code %d, %q %s", code, out, errs)
	}
	ready(python)
	code, out, errs := p.run("", "get-or-set", "k", "--ttl", "1h", "--wait", "2m", "--", "false")
	p.line()
	if code == 1 {
		// These releases give up the lock before they store the value: who comes
		// in between makes it himself, whatever he does. Now it is stored.
		code, out, errs = p.run("", "get-or-set", "k", "--ttl", "1h", "--wait", "2m", "--", "false")
	}
	if code != 0 || out != "by python" {
		t.Errorf("exit code %d, %q %s", code, out, errs)
	}

	go func() {
		_, out, _ := p.run("", "get-or-set", "n", "--ttl", "1h", "--", "sh", "-c", "until [ -e "+shell+" ]; do sleep 0.01; done; printf new")
		done <- out
	}()
	p.untilLocked("n")
	ask := func() string {
		return p.ask("get_or_set", call{"key": "n", "value": "'not needed'", "timeout": 600, "repr": true})
	}
	if got := ask(); got != "None" {
		t.Errorf("while the shell computes python answers %s", got)
	}
	ready(shell)
	if out := <-done; out != "new" {
		t.Errorf("the shell answers %q", out)
	}
	if got := ask(); got != "'new'" {
		t.Errorf("then python answers %s", got)
	}
}

// A caller that saw no value, and gets the lock only after another has made one
// and given the lock back, looks once more and does not make it again.
func TestGetOrSetLateLock(t *testing.T) {
	one := newest
	one.shards = 1
	p := newPair(t, one)
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	proxy := redistest.ProxyT(t, p.servers[0], func(req []byte) redistest.Action {
		if bytes.Contains(req, []byte("\r\n__lock__:1:k\r\n")) {
			once.Do(func() {
				close(reached)
				<-release
			})
		}
		return redistest.Forward
	})
	conf, err := os.ReadFile(p.conf)
	if err != nil {
		t.Fatal(err)
	}
	late := *p
	late.conf = p.conf + ".late"
	if err := os.WriteFile(late.conf, bytes.ReplaceAll(conf, []byte(p.servers[0].Addr), []byte(proxy.Addr)), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	go func() {
		_, out, _ := late.run("", "get-or-set", "k", "--ttl", "1h", "--", "printf", "again")
		done <- out
	}()
	<-reached
	if code, _, errs := p.run("", "get-or-set", "k", "--ttl", "1h", "--", "printf", "first"); code != 0 {
		t.Error(errs)
	}
	close(release)
	if out := <-done; out != "first" {
		t.Errorf("the late caller answers %q", out)
	}
}
