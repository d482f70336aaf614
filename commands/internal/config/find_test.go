package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lookup makes an environment.
func lookup(pairs ...string) func(string) string {
	env := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return env[name] }
}

// write makes a file whatever the umask is.
func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	home, xdg := filepath.Join(dir, "home"), filepath.Join(dir, "xdg")
	env := lookup("HOME", home)
	inHome := filepath.Join(home, ".config", "cachering", "config.toml")
	inXDG := filepath.Join(xdg, "cachering", "config.toml")
	find := func(flag string, env func(string) string) (string, bool) {
		t.Helper()
		s, err := Find(flag, env)
		if err != nil {
			return err.Error(), false
		}
		return s.Path, s.Searched
	}
	step := func(what, path string, searched bool, wantPath string, wantSearched bool) {
		t.Helper()
		if path != wantPath || searched != wantSearched {
			t.Errorf("%s: %s, searched %v; want %s, %v", what, path, searched, wantPath, wantSearched)
		}
	}
	if _, err := os.Stat("/etc/cachering/config.toml"); err == nil {
		t.Skip("/etc/cachering/config.toml exists on this machine")
	}

	path, searched := find("", env)
	step("nothing there", path, searched, "no configuration file: looked for cachering.toml, "+inHome+
		", /etc/cachering/config.toml; start here: cachering config import settings.py, or name one with --config or CACHERING_CONFIG", false)
	write(t, inHome, sharded, 0o600)
	path, searched = find("", env)
	step("home", path, searched, inHome, true)
	write(t, inXDG, sharded, 0o600)
	path, searched = find("", lookup("HOME", home, "XDG_CONFIG_HOME", xdg))
	step("XDG", path, searched, inXDG, true)
	path, searched = find("", lookup("HOME", home, "XDG_CONFIG_HOME", "xdg"))
	step("a relative XDG counts as unset", path, searched, inHome, true)
	write(t, filepath.Join(dir, "cachering.toml"), sharded, 0o600)
	path, searched = find("", env)
	step("here", path, searched, "cachering.toml", true)
	path, searched = find("", lookup("HOME", home, "CACHERING_CONFIG", "env.toml"))
	step("environment", path, searched, "env.toml", false)
	path, searched = find("flag.toml", lookup("CACHERING_CONFIG", "env.toml"))
	step("flag", path, searched, "flag.toml", false)

	// A broken link is a file that was meant to be there.
	if err := os.Remove("cachering.toml"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", "cachering.toml"); err != nil {
		t.Fatal(err)
	}
	path, searched = find("", env)
	step("broken link", path, searched, "cachering.toml", true)
}

func TestTrust(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, tt := range []struct {
		name     string
		mode     os.FileMode
		searched bool
		want     string
	}{
		{"private", 0o600, true, ""},
		{"readable", 0o644, true, ""},
		{"group writes", 0o664, true, "f.toml:1: others may write this file (mode 0664), and it was found by search; run chmod go-w on it, or name it with --config"},
		{"all write", 0o602, true, "f.toml:1: others may write this file (mode 0602), and it was found by search; run chmod go-w on it, or name it with --config"},
		{"all write, named", 0o666, false, ""},
	} {
		write(t, "f.toml", sharded, tt.mode)
		_, err := Load(Source{Path: "f.toml", Searched: tt.searched})
		if got := errorText(err); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	info, err := os.Stat("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	if err := trusted("/etc/passwd", info, 1000); err != nil {
		t.Errorf("a file of root, to another user: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Log("not root: files of other users cannot be made here")
		return
	}
	write(t, "f.toml", sharded, 0o600)
	if err := os.Chown("f.toml", 65534, 65534); err != nil {
		t.Fatal(err)
	}
	_, err = Load(Source{Path: "f.toml", Searched: true})
	if got, want := errorText(err), "f.toml:1: user 65534 owns this file, and it was found by search; take it over with chown, or name it with --config"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := Load(Source{Path: "f.toml"}); err != nil {
		t.Errorf("a file of somebody else that was named: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("d.toml", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, "big.toml", strings.Repeat("#", maxSize+1), 0o600)
	for _, tt := range []struct {
		src  Source
		want string
	}{
		{Source{Path: "none.toml"}, "none.toml: no such file or directory; write it after config.example.toml, or name another file with --config"},
		{Source{Path: "d.toml"}, "d.toml: is a directory; name the file inside it"},
		{Source{Path: "d.toml", Searched: true}, "d.toml:1: not a regular file; remove it, or name a file with --config"},
		{Source{Path: "a\n\x1b[31m.toml"}, `a\n\x1b[31m.toml: no such file or directory; write it after config.example.toml, or name another file with --config`},
		{Source{Path: "big.toml"}, "big.toml:1: the file is larger than 1 MiB; is this a cachering configuration?"},
	} {
		_, err := Load(tt.src)
		if got := errorText(err); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if _, findings := Check(t.Context(), tt.src); len(findings) != 1 || findings[0].Level != LevelError || findings[0].String() != tt.want {
			t.Errorf("Check: got %v, want %s", findings, tt.want)
		}
	}
}

// TestDeepNesting makes sure that a file of brackets is an error and not the
// end of the process, and that what people write is not too deep.
func TestDeepNesting(t *testing.T) {
	half := maxSize/2 - 10
	for _, text := range []string{
		"a = " + strings.Repeat("[", half) + strings.Repeat("]", half),
		"a = " + strings.Repeat("[", maxSize-10),
		"a = " + strings.Repeat("{a=", maxSize/4),
		strings.Repeat("a.", half) + "a = 1",
		"[" + strings.Repeat("a.", half) + "a]",
		"[a.b.c.d.e.f]\ng.h.i.j.k.l = {m.n.o.p = [{q.r.s = {t = 1}}]}",
		"a = {" + strings.Repeat("a.", half) + "a = 1}",
	} {
		_, errs := parse("f.toml", text, 0o600, os.Getenv)
		if len(errs) != 1 || !strings.HasSuffix(errs[0].Error(), ": nested more than 20 deep; is this a cachering configuration?") {
			t.Errorf("%.20q…: %v", text, errs)
		}
	}
	if s := scan("a = " + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + "\nb = [[[]]]"); s.deep != 0 || len(s.keys) != 2 {
		t.Errorf("depth %d: too deep on line %d, keys %v", maxDepth, s.deep, s.keys)
	}
}
