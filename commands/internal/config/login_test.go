package config

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLogin tries every origin of a password, right and wrong.
func TestLogin(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) { write(t, filepath.Join(dir, name), text, mode) }
	put("good", "s3cret\n", 0o600)
	put("crlf", " s3 cret \r\n", 0o640)
	put("two", "s3cret\n\n", 0o600)
	put("empty", "\n", 0o600)
	put("open", "s3cret", 0o604)
	put("writable", "s3cret", 0o620)
	put("long", strings.Repeat("s3cret", maxSecret), 0o600)
	for name, mode := range map[string]os.FileMode{"public": 0o777, "sticky": 0o777 | os.ModeSticky} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		put(name+"/good", "s3cret", 0o600)
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	env := lookup("CACHE_PASSWORD", "s3cret", "EMPTY", "")

	const at = "c.toml:5: caches.default.options."
	for _, tt := range []struct{ line, want, err string }{
		{``, "", ""},
		{`options.password = "s3cret"`, "s3cret", ""},
		{`password = "s3cret"`, "s3cret", ""},
		{`options.password = ""`, "", ""},
		{`options.password_env = "CACHE_PASSWORD"`, "s3cret", ""},
		{`options.password_env = "OTHER_PASSWORD"`, "", at + "password_env: the environment variable OTHER_PASSWORD is not set; set OTHER_PASSWORD, or name another"},
		{`options.password_env = "EMPTY"`, "", at + "password_env: the environment variable EMPTY is not set; set EMPTY, or name another"},
		{`options.password_env = "s3cret"`, "", at + "password_env: the environment variable is not set; set it, or name another"},
		{`options.password_file = "good"`, "s3cret", ""},
		{`options.password_file = "` + dir + `/good"`, "s3cret", ""},
		{`options.password_file = "crlf"`, " s3 cret ", ""},
		{`options.password_file = "two"`, "s3cret\n", ""},
		{`options.password_file = "empty"`, "", at + "password_file: the file gives no password; let it give one, or leave the key out"},
		{`options.password_file = "s3cret"`, "", at + "password_file: the file does not exist; create it with mode 0600, or name another"},
		{`options.password_file = "./none"`, "", at + "password_file: ./none does not exist; create it with mode 0600, or name another"},
		{`options.password_file = "./open"`, "s3cret", ""},
		{`options.password_file = "./writable"`, "", at + "password_file: others may write ./writable (mode 0620); run chmod 600 on it"},
		{`options.password_file = "public/good"`, "", at + "password_file: everybody may replace public/good: its directory has mode 0777; run chmod o-w on the directory"},
		{`options.password_file = "sticky/good"`, "s3cret", ""},
		{`options.password_file = "."`, "", at + "password_file: the file is a directory; name a file"},
		{`options.password_file = "good/x"`, "", at + "password_file: good/x cannot be opened; name a readable file"},
		{`options.password_file = "long"`, "", at + "password_file: the file gives more than 64 KiB; let it hold the password only"},
		{`options.password_command = "echo s3cret"`, "s3cret", ""},
		{`options.password_command = ["printf", "%s", "s3 $cret"]`, "s3 $cret", ""},
		{`options.password_command = "echo s3cret >&2; exit 3"`, "", at + "password_command: the command ended with exit status 3; run it by hand to see why"},
		{`options.password_command = ["no-such-program-s3cret"]`, "", at + "password_command: the command cannot be run; run it by hand to see why"},
		{`options.password_command = "true"`, "", at + "password_command: the command gives no password; let it give one, or leave the key out"},
		{`options.password_command = "yes s3cret"`, "", at + "password_command: the command printed more than 64 KiB; let it print the password only"},
		{`options.password_command = "kill -9 $$"`, "", at + "password_command: the command ended with signal: killed; run it by hand to see why"},
	} {
		f, errs := parse(filepath.Join(dir, "c.toml"), sharded+tt.line+"\n", 0o600, env)
		if len(errs) > 0 {
			t.Errorf("%s: %v", tt.line, errs[0])
			continue
		}
		login, err := f.Caches[0].Login(t.Context(), 1)
		if got := strings.ReplaceAll(errorText(err), dir+"/", ""); login.Password.Reveal() != tt.want || got != tt.err {
			t.Errorf("%s:\n got %q, %s\nwant %q, %s", tt.line, login.Password.Reveal(), got, tt.want, tt.err)
		}
	}
}

// TestPasswordFileForAll: a secret that everybody can read, as containers mount
// them, draws a warning.
func TestPasswordFileForAll(t *testing.T) {
	dir := t.TempDir()
	for mode, want := range map[os.FileMode]int{0o444: 1, 0o600: 0, 0o640: 0} {
		file := filepath.Join(dir, mode.String())
		write(t, file, "s3cret", mode)
		f, errs := parse(filepath.Join(dir, "c.toml"), sharded+"options.password_file = "+quote(filepath.Base(file))+"\n", 0o600, nil)
		if len(errs) > 0 || len(f.Warnings) != want {
			t.Errorf("%v: %v, %v", mode, errs, f.Warnings)
		}
	}
}

// TestCommandRunsLateAndOnce: looking at a configuration runs nothing, and
// asking for every server runs the command once.
func TestCommandRunsLateAndOnce(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	path := filepath.Join(dir, "c.toml")
	write(t, path, sharded+"options.password_command = 'echo run >> "+log+"; echo s3cret'\n", 0o600)
	f, err := Load(Source{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	c := f.Caches[0]
	_ = c.View().Text()
	Check(t.Context(), Source{Path: path})
	if _, err := os.Stat(log); err == nil {
		t.Error("the command ran before a password was needed")
	}
	for server := range c.Servers {
		if s, err := c.Login(t.Context(), server); err != nil || s.Password.Reveal() != "s3cret" {
			t.Errorf("%v, %v", s.Password.Reveal(), err)
		}
	}
	if text, _ := os.ReadFile(log); string(text) != "run\n" {
		t.Errorf("the command ran like this: %q", text)
	}
}

func TestCommandIsStopped(t *testing.T) {
	c, _ := one(t, sharded+"options.password_command = \"sleep 60; echo s3cret\"\n")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := c.Login(ctx, 0)
	if want := "c.toml:5: caches.default.options.password_command: the command was stopped; let it finish"; errorText(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
}

// TestASecretHasATimeLimit: neither a command nor a pipe that nobody writes to holds
// a run up, and each can be broken off.
func TestASecretHasATimeLimit(t *testing.T) {
	dir := t.TempDir()
	if err := exec.Command("mkfifo", filepath.Join(dir, "pipe")).Run(); err != nil {
		t.Skip("mkfifo is missing")
	}
	for line, want := range map[string][2]string{
		`options.password_command = "sleep 60"`: {"the command gave no password within 50ms, and was stopped", "the command was stopped"},
		`options.password_file = "pipe"`:        {"the file gives no password within 50ms", "reading the file was stopped"},
	} {
		for i := range want {
			f, errs := parse(filepath.Join(dir, "c.toml"), sharded+line+"\n", 0o600, nil)
			if len(errs) > 0 {
				t.Fatal(errs[0])
			}
			ctx, cancel := context.WithCancel(t.Context())
			if i == 0 {
				f.Caches[0].secret.limit = 50 * time.Millisecond
			} else {
				time.AfterFunc(10*time.Millisecond, cancel) // no other time is running out
			}
			_, err := f.Caches[0].Login(ctx, 0)
			cancel()
			if err == nil || !strings.Contains(err.Error(), want[i]) {
				t.Errorf("%s: got %v, want %s", line, err, want[i])
			}
		}
	}
}

// TestNothingShowsAPassword dumps everything that holds a password in every
// way that Go knows.
func TestNothingShowsAPassword(t *testing.T) {
	text := strings.Replace(sharded, `"10.0.0.2:6379"`, `"redis://user:s3cret@h:1/2", "redis://u:s3/cr@et@h2"`, 1)
	text = strings.Replace(text, `"redis://u:s3/cr@et@h2"`, `"unix://:s3cret@/run/r.sock"`, 1)
	for _, origin := range []string{`password = "s3cret"`, `password_env = "s3cret"`, `password_file = "s3cret"`, `password_command = "echo s3cret"`, `password_command = ["echo", "s3cret"]`} {
		body := text + "dial.\"redis://user:s3cret@h:1/2\" = \"127.0.0.1:5\"\noptions." + origin + "\n"
		c, f := one(t, body)
		shown := c.View().Text()
		for _, v := range []any{c, *c, *f, f, []*Cache{c}, Secret{"s3cret"}, &Secret{"s3cret"}, c.View(), f.Warnings, c.Settings(), c.ReadOnlyError(), c.ProtocolError()} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				shown += fmt.Sprintf(verb, v) + "\n"
			}
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			shown += string(data) + "\n"
		}
		for _, leak := range []string{"s3cret", "733363726574"} {
			if i := strings.Index(shown, leak); i >= 0 {
				t.Errorf("%s: a password in …%s", origin, shown[max(0, i-80):i+10])
			}
		}
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1:6379":               "10.0.0.1:6379",
		"redis://h:1/2":               "redis://h:1/2",
		"redis://:pw@h:1/2":           "redis://***@h:1/2",
		"redis://u:p/w@x?y#z@h:1":     "redis://***@h:1",
		"redis://u:p://w@h:1":         "redis://***@h:1",
		"u:pw@h:1":                    "***@h:1",
		"redis://h?password=pw&db=2":  "redis://h?password=***&db=2",
		"redis://h?db=2&password=a@b": "redis://***@b",
	} {
		if got := mask(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
