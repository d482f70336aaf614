// Package scripts_test tests the project's scripts.
package scripts_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cachering/scripts/trials"
)

// machine is a PATH on which redis-server is missing and apt-get is ours, and
// a policy-rc.d of its own.
type machine struct {
	t           *testing.T
	bin, policy string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if err := exec.Command("/usr/bin/python3", "-c", "import django, django_redis, lz4, msgpack, yaml, zstandard").Run(); err != nil {
		t.Skip("/usr/bin/python3 lacks Django, django-redis, lz4, msgpack, yaml or zstandard")
	}
	dir := t.TempDir()
	m := &machine{t: t, bin: filepath.Join(dir, "bin"), policy: filepath.Join(dir, "policy-rc.d")}
	if err := os.Mkdir(m.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"bash", "sh", "cat", "mktemp", "chmod", "ln", "mv", "rm", "grep", "flock", "sleep"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skipf("%s is not installed", tool)
		}
		if err := os.Symlink(path, filepath.Join(m.bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	m.tool("id", "echo 0")
	m.tool("go", "echo cc") // go env CC
	m.tool("jq", "")
	m.tool("zstd", "")
	m.tool("cc", "cat >"+os.DevNull)
	m.aptGet("echo 'exit 0' > " + m.bin + "/redis-server; chmod +x " + m.bin + "/redis-server")
	return m
}

func (m *machine) tool(name, script string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// aptGet makes an apt-get that first writes down its words and what the policy
// answers, then runs script.
func (m *machine) aptGet(script string) {
	m.t.Helper()
	m.tool("apt-get", m.policy+"; echo \"$? $*\" >> "+m.log()+"\n"+script)
}

func (m *machine) log() string { return filepath.Join(m.bin, "apt-get.log") }

func (m *machine) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	var out bytes.Buffer
	cmd := exec.Command("./install-test-deps", args...)
	cmd.Env = []string{"PATH=" + m.bin, "POLICY_RC_D=" + m.policy}
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, &out
}

// calls are the lines of the log: what the policy answered, and apt-get's words.
func (m *machine) calls() []string {
	m.t.Helper()
	text, err := os.ReadFile(m.log())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// checkPolicy holds the policy against what it was, nil for none.
func (m *machine) checkPolicy(was os.FileInfo) {
	m.t.Helper()
	files, err := filepath.Glob(m.policy + "*")
	if err != nil {
		m.t.Fatal(err)
	}
	if was == nil {
		if len(files) != 0 {
			m.t.Errorf("left behind: %q", files)
		}
		return
	}
	if len(files) != 1 || files[0] != m.policy {
		m.t.Fatalf("policies: got %q, want only %q", files, m.policy)
	}
	now, err := os.Lstat(m.policy)
	if err != nil {
		m.t.Fatal(err)
	}
	if !os.SameFile(was, now) || was.Mode() != now.Mode() || !was.ModTime().Equal(now.ModTime()) {
		m.t.Errorf("another policy than before: %v, was %v", now, was)
	}
}

func TestInstallKeepsPolicy(t *testing.T) {
	t.Parallel()
	nothing := func(*testing.T, string) {}
	file := func(t *testing.T, path string) {
		if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 104\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := func(t *testing.T, path string) {
		if err := os.Symlink("/bin/true", path); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		policy func(*testing.T, string)
		apt    string // instead of an installation that succeeds
		fails  bool
		calls  int
	}{
		{"no policy", nothing, "", false, 1},
		{"a file", file, "", false, 1},
		{"a symbolic link", link, "", false, 1},
		{"apt-get fails", file, "exit 100", true, 2},
		{"nothing comes of it", link, "exit 0", true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			c.policy(t, m.policy)
			was, _ := os.Lstat(m.policy)
			if c.apt != "" {
				m.aptGet(c.apt)
			}
			cmd, out := m.command()
			if err := cmd.Run(); (err != nil) != c.fails {
				t.Errorf("%v\n%s", err, out)
			}
			calls := m.calls()
			if len(calls) != c.calls {
				t.Fatalf("apt-get was called %d times, want %d: %q\n%s", len(calls), c.calls, calls, out)
			}
			for _, call := range calls {
				if !strings.HasPrefix(call, "101 ") {
					t.Errorf("the policy let services start: %q", call)
				}
			}
			if !strings.HasSuffix(calls[0], " redis-server") {
				t.Errorf("got %q, want an installation of redis-server alone", calls[0])
			}
			m.checkPolicy(was)
		})
	}
}

func TestInstallInterrupted(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if err := os.Symlink("/bin/true", m.policy); err != nil {
		t.Fatal(err)
	}
	was, err := os.Lstat(m.policy)
	if err != nil {
		t.Fatal(err)
	}
	m.aptGet("exec sleep 60")
	cmd, out := m.command()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); m.calls() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("apt-get was not called\n%s", out)
		}
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit code %d, want 130\n%s", got, out)
	}
	m.checkPolicy(was)
}

// A run that was killed leaves its policy; the next one puts the old one back.
func TestInstallAfterKill(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if err := os.Symlink("/bin/true", m.policy); err != nil {
		t.Fatal(err)
	}
	was, err := os.Lstat(m.policy)
	if err != nil {
		t.Fatal(err)
	}
	m.aptGet("kill -9 $PPID")
	cmd, _ := m.command()
	if err := cmd.Run(); err == nil {
		t.Fatal("the first run ended well, want it killed")
	}
	if now, err := os.Lstat(m.policy); err != nil || os.SameFile(was, now) {
		t.Fatalf("policy after the kill: %v, %v; want the denying one", now, err)
	}
	if err := os.Remove(m.log()); err != nil {
		t.Fatal(err)
	}
	m.aptGet("exit 100")
	cmd, _ = m.command()
	if err := cmd.Run(); err == nil || len(m.calls()) != 2 {
		t.Errorf("second run: %v, calls %q", err, m.calls())
	}
	m.checkPolicy(was)
}

func TestInstallRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, user, arg, want string }{
		{"not root", "1000", "", "missing for the tests: redis-server\n" +
			"to run every test, install them; on Debian and its kin:\n" +
			"    sudo apt-get install --no-install-recommends redis-server\n"},
		{"only looking", "0", "--check", "missing for the tests: redis-server\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.tool("id", "echo "+c.user)
			cmd, out := m.command(strings.Fields(c.arg)...)
			err := cmd.Run()
			if cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("%v, want exit code 1", err)
			}
			if out.String() != c.want {
				t.Errorf("got\n%swant\n%s", out, c.want)
			}
			if calls := m.calls(); calls != nil {
				t.Errorf("apt-get was called: %q", calls)
			}
			m.checkPolicy(nil)
		})
	}
}

// The tests know the servers by the names that the script gives them.
func TestOtherServersNames(t *testing.T) {
	out, err := exec.Command("./other-servers", "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(string(out))
	slices.Sort(listed)
	if want := slices.Sorted(maps.Keys(trials.Servers())); !slices.Equal(listed, want) {
		t.Errorf("the script lists %q, the tests %q", listed, want)
	}
}
