package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cachering/commands"
	"cachering/scripts/trials"
)

// What is installed everybody may read, whatever the umask, and a program that runs may be
// replaced.
func TestInstalled(t *testing.T) {
	program := filepath.Join(t.TempDir(), "built")
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(program, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	prefix := filepath.Join(t.TempDir(), "new", "usr")
	for range 2 {
		if err := installed(program, prefix); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]fs.FileMode{
		"bin/cachering":                                  0o755,
		"share/man/man1/cachering.1":                     0o644,
		"share/man/man1/cachering-ring-show.1":           0o644,
		"share/man/man5/cachering.toml.5":                0o644,
		"share/man/man7/cachering-incident.7":            0o644,
		"share/bash-completion/completions/cachering":    0o644,
		"share/zsh/site-functions/_cachering":            0o644,
		"share/fish/vendor_completions.d/cachering.fish": 0o644,
	} {
		info, err := os.Stat(filepath.Join(prefix, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
	}
	if text, _ := os.ReadFile(filepath.Join(prefix, "bin/cachering")); string(text) != "second" {
		t.Errorf("the program is %q", text)
	}
	if err := installed(filepath.Join(prefix, "none"), prefix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a program: %v", err)
	}
}

// Archives hold the same bytes whenever they are made, below one directory.
func TestArchives(t *testing.T) {
	when := time.Date(2026, 11, 29, 1, 2, 4, 0, time.UTC)
	files := []file{{"cachering", 0o755, []byte("program")}, {"share/man/man1/cachering.1", 0o644, []byte("page")}}
	want := "d/cachering 755 program 2026-11-29T01:02:04Z\nd/share/man/man1/cachering.1 644 page 2026-11-29T01:02:04Z\n"
	for name, c := range map[string]struct {
		pack   func(string, []file, time.Time) ([]byte, error)
		unpack func(*testing.T, []byte) []entry
	}{"tar": {tarred, untarred}, "zip": {zipped, unzipped}} {
		first, err := c.pack("d", files, when)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := c.pack("d", files, when); err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: made twice it is another, %v", name, err)
		}
		var got strings.Builder
		for _, e := range c.unpack(t, first) {
			fmt.Fprintf(&got, "%s %o %s %s\n", e.name, e.mode, e.text, e.when.UTC().Format(time.RFC3339))
		}
		if got.String() != want {
			t.Errorf("%s holds\n%s", name, got.String())
		}
	}
}

// entry is what an archive holds.
type entry struct {
	name string
	mode fs.FileMode
	when time.Time
	text []byte
}

func untarred(t *testing.T, data []byte) (all []entry) {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(packed); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{header.Name, fs.FileMode(header.Mode), header.ModTime, text})
	}
}

func unzipped(t *testing.T, data []byte) (all []entry) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		all = append(all, entry{f.Name, f.Mode().Perm(), f.Modified, text})
	}
	return all
}

// TestReleaseTwice: what is released of a commit is the same in another directory with nothing
// built before; all systems have theirs; the program runs where nothing else is, and the
// package installs there.
func TestReleaseTwice(t *testing.T) {
	trials.Optional(t, "release")
	top, err := git("rev-parse", "--show-toplevel")
	if err != nil {
		t.Fatal(err)
	}
	commit, err := git("rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	nfpm := os.Getenv("CACHERING_NFPM")
	made := func(place string, only string, env ...string) (dir string, sums []string) {
		t.Helper()
		clone := filepath.Join(t.TempDir(), place)
		if out, err := exec.CommandContext(t.Context(), "git", "clone", "--quiet", top, clone).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		words := []string{"run", "-trimpath", "./scripts/release", "-out", "released", "-platforms", only}
		if nfpm != "" {
			words = append(words, "-nfpm", nfpm)
		}
		cmd := exec.CommandContext(t.Context(), "go", words...)
		cmd.Dir, cmd.Env = clone, append(append(os.Environ(), "CGO_ENABLED=0"), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		dir = filepath.Join(clone, "released")
		text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
		check.Dir = dir
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return dir, strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	host := runtime.GOOS + "/" + runtime.GOARCH
	dir, first := made("here", platforms)
	t.Logf("%s\n%s", commit, strings.Join(first, "\n"))
	_, second := made("elsewhere, and deeper", host, "GOCACHE="+t.TempDir(), "TZ=Asia/Tokyo", "GOAMD64=v3")
	for _, line := range second {
		if !slices.Contains(first, line) {
			t.Errorf("made again: %s", line)
		}
	}
	var names []string
	for _, line := range first {
		names = append(names, line[strings.LastIndex(line, " ")+1:])
	}
	for p := range strings.SplitSeq(platforms, ",") {
		if name := "-" + strings.ReplaceAll(p, "/", "-") + "."; !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, name) }) {
			t.Errorf("there is nothing for %s in %q", p, names)
		}
	}

	data, err := os.ReadFile(filepath.Join(dir, "cachering-"+commands.Version+"-"+strings.ReplaceAll(host, "/", "-")+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	had := map[string]bool{}
	for _, e := range untarred(t, data) {
		_, name, _ := strings.Cut(e.name, "/")
		had[name] = true
		if name == "cachering" {
			if err := os.WriteFile(filepath.Join(root, name), e.text, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{"LICENSE", "share/man/man1/cachering-reinsert.1", "share/man/man5/cachering.toml.5", "share/bash-completion/completions/cachering"} {
		if !had[name] {
			t.Errorf("the archive has no %s", name)
		}
	}
	says := regexp.MustCompile(`"commit":"` + commit + `","date":"[^"]+","modified":false`)
	if out := alone(t, root, "/cachering", "version", "--json"); !says.MatchString(out) {
		t.Errorf("the program of the archive says %s", out)
	}
	t.Run("deb", func(t *testing.T) { installsDebian(t, dir, nfpm, says) })
}

// alone runs a program for which nothing but what lies below root is there.
func alone(t *testing.T, root string, words ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env, cmd.Dir = []string{"HOME=/"}, "/"
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	} else {
		cmd.Path = filepath.Join(root, words[0])
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%q: %v\n%s", words, err, out)
	}
	return string(out)
}

// installsDebian installs the package in a root in which dpkg has nothing, checks what lies
// there, and takes it away.
func installsDebian(t *testing.T, dir, nfpm string, says *regexp.Regexp) {
	dpkg, err := exec.LookPath("dpkg")
	switch {
	case err != nil:
		t.Skip(trials.NotHad + "dpkg")
	case nfpm == "":
		t.Skip(trials.NotHad + "nfpm, which make look-release fetches")
	case os.Getuid() != 0:
		t.Skip(trials.NotHad + "dpkg --install without being root")
	}
	root := t.TempDir()
	for _, name := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ask := func(words ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), dpkg, append([]string{"--root=" + root}, words...)...).CombinedOutput()
		if err != nil {
			t.Errorf("dpkg %q: %v\n%s", words, err, out)
		}
		return string(out)
	}
	ask("--install", filepath.Join(dir, "cachering_"+commands.Version+"_"+runtime.GOARCH+".deb"))
	if said := ask("--status", "cachering"); !strings.Contains(said, "Status: install ok installed") || strings.Contains(said, "Depends:") {
		t.Errorf("its status is\n%s", said)
	}
	if said := ask("--verify", "cachering"); said != "" {
		t.Errorf("files are not as the package has them:\n%s", said)
	}
	for _, name := range []string{"usr/share/man/man1/cachering.1.gz", "usr/share/man/man7/cachering-safety.7.gz", "usr/share/bash-completion/completions/cachering",
		"usr/share/zsh/vendor-completions/_cachering", "usr/share/fish/vendor_completions.d/cachering.fish", "usr/share/doc/cachering/copyright"} {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if out := alone(t, root, "/usr/bin/cachering", "version", "--json"); !says.MatchString(out) {
		t.Errorf("the program of the package says %s", out)
	}
	ask("--purge", "cachering")
	if left, _ := filepath.Glob(filepath.Join(root, "usr/*/*cachering*")); len(left) > 0 {
		t.Errorf("the package leaves %q", left)
	}
}
