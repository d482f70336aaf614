package commands_test

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
				code, out, errs := p.run("", "get-or-set", "k", "--ttl", "1h", "--stale", "1h", "--lock-ttl", "1m", "--wait", "1m", "--",
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
	path, err := exec.LookPath("cachering")
	if err != nil {
		t.Fatal(err)
	}
	const lives = 3 * time.Second // a slow machine must see the lock in that time
	cmd := exec.Command(path, "-c", p.conf, "get-or-set", "k", "--ttl", "5m", "--lock-ttl", lives.String(), "--", "sleep", "3")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for {
		if _, out, _ := p.run("", "keys", "--locks"); strings.HasPrefix(out, "k\tlock\t") {
			break
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatal("no lock appears")
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	killed := time.Now()
	code, out, errs := p.run("", "get-or-set", "k", "--ttl", "5m", "--wait", "30s", "--", "printf", "mine")
	if code != 0 || out != "mine" {
		t.Fatalf("exit code %d, %q %s", code, out, errs)
	}
	// What is above the lock's life is the pace of looking, and a slow machine.
	if waited := time.Since(killed); waited > lives+5*time.Second {
		t.Errorf("waited %v", waited)
	}
}

// Python computes, the shell waits or takes the stale value; then the other way
// round; then Python dies.
func TestGetOrSetBesidePython(t *testing.T) {
	p := newPair(t, newest)
	python := func(value string, seconds float64) {
		p.begin("get_or_set", call{"key": "k", "value": value, "seconds": seconds, "timeout": 60, "stale": 60, "lock_timeout": 30, "repr": true})
	}
	shell := func(want string, words ...string) {
		t.Helper()
		words = append([]string{"get-or-set", "k", "--ttl", "1m", "--stale", "1m"}, words...)
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

	python("'by python'", 0.3)
	if a := p.line(); a.Computing != "k" {
		t.Fatalf("python does not compute: %+v", a)
	}
	shell("by python", "--wait", "30s", "--", "printf", "by the shell")
	if a := p.line(); string(a.Result) != `"'by python'"` {
		t.Errorf("python answers %s", a.Result)
	}
	shell("by python", "--", "false")

	unmark()
	python("'newer'", 0.3)
	if a := p.line(); a.Computing != "k" {
		t.Fatalf("python does not compute: %+v", a)
	}
	shell("by python", "--wait", "30s", "--", "printf", "by the shell") // stale
	p.line()

	unmark()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.run("", "get-or-set", "k", "--ttl", "1m", "--stale", "1m", "--", "sh", "-c", "sleep 0.3; printf 'from the shell'")
	}()
	for deadline := time.Now().Add(30 * time.Second); ; {
		if _, out, _ := p.run("", "keys", "--locks"); strings.Contains(out, "k\tlock\t") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no lock appears")
		}
	}
	python("'not needed'", 0)
	if a := p.line(); string(a.Result) != `"'newer'"` {
		t.Errorf("while the shell computes python answers %s %s", a.Result, a.Computing)
	}
	<-done
	python("'not needed'", 0)
	if a := p.line(); string(a.Result) != `"'from the shell'"` {
		t.Errorf("then python answers %s %s", a.Result, a.Computing)
	}

	unmark()
	p.run("", "delete", "k")
	if got := p.ask("abandon", call{"key": "k", "lock_timeout": 0.3}); got != "true" {
		t.Fatalf("abandon: %s", got)
	}
	shell("again", "--wait", "30s", "--", "printf", "again")
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
	p.begin("get_or_set", call{"key": "k", "value": "'by python'", "seconds": python, "timeout": 60, "repr": true})
	if a := p.line(); a.Computing != "k" {
		t.Fatalf("python does not compute: %+v", a)
	}
	if code, out, errs := p.run("", "get-or-set", "k", "--ttl", "1m", "--", "false"); code != 4 || out != "" {
		t.Errorf("without --wait: exit code %d, %q %s", code, out, errs)
	}
	ready(python)
	code, out, errs := p.run("", "get-or-set", "k", "--ttl", "1m", "--wait", "30s", "--", "false")
	p.line()
	if code == 1 {
		// These releases give up the lock before they store the value: who comes
		// in between makes it himself, whatever he does. Now it is stored.
		code, out, errs = p.run("", "get-or-set", "k", "--ttl", "1m", "--wait", "30s", "--", "false")
	}
	if code != 0 || out != "by python" {
		t.Errorf("exit code %d, %q %s", code, out, errs)
	}

	go func() {
		_, out, _ := p.run("", "get-or-set", "n", "--ttl", "1m", "--", "sh", "-c", "until [ -e "+shell+" ]; do sleep 0.01; done; printf new")
		done <- out
	}()
	for deadline := time.Now().Add(30 * time.Second); ; {
		if _, out, _ := p.run("", "keys", "--locks"); strings.HasPrefix(out, "n\tlock\t") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no lock appears")
		}
	}
	ask := func() string {
		return p.ask("get_or_set", call{"key": "n", "value": "'not needed'", "timeout": 60, "repr": true})
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
		_, out, _ := late.run("", "get-or-set", "k", "--ttl", "1m", "--", "printf", "again")
		done <- out
	}()
	<-reached
	if code, _, errs := p.run("", "get-or-set", "k", "--ttl", "1m", "--", "printf", "first"); code != 0 {
		t.Error(errs)
	}
	close(release)
	if out := <-done; out != "first" {
		t.Errorf("the late caller answers %q", out)
	}
}
