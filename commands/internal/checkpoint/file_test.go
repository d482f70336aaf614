package checkpoint_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"cachering/commands/internal/checkpoint"
)

func opened(t *testing.T, path string) (*checkpoint.File, string) {
	t.Helper()
	f, text, err := checkpoint.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, string(text)
}

func TestAFileIsWrittenWholeAndForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	f, text := opened(t, path)
	if text != "" {
		t.Errorf("%q", text)
	}
	for _, text := range []string{"one", "two, longer"} {
		if err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	info, err := os.Lstat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(names) != 1 {
		t.Errorf("%q", names)
	}
	f.Close()
	if _, text := opened(t, path); text != "two, longer" {
		t.Errorf("%q", text)
	}
}

// One that a run was killed over, and what lies in the way, is replaced.
func TestWhatAKillLeftIsNoHindrance(t *testing.T) {
	folder := t.TempDir()
	secret := filepath.Join(folder, "secret")
	if err := os.WriteFile(secret, []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(folder, ".run.cachering-new")
	for _, left := range []func() error{
		func() error { return os.WriteFile(beside, []byte("half a sta"), 0o644) },
		func() error { return os.Symlink(secret, beside) },
		func() error { return os.Link(secret, beside) },
	} {
		if err := left(); err != nil {
			t.Fatal(err)
		}
		f, _ := opened(t, filepath.Join(folder, "run"))
		if err := f.Write([]byte("state")); err != nil {
			t.Error(err)
		}
		f.Close()
	}
	if text, _ := os.ReadFile(secret); string(text) != "s" {
		t.Errorf("what a link led to holds %q", text)
	}
}

// The lock goes with the file, from state to state.
func TestAFileIsForOneRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no flock")
	}
	path := filepath.Join(t.TempDir(), "run")
	f, _ := opened(t, path)
	taken := func(when string) {
		t.Helper()
		if _, _, err := checkpoint.Open(path); !errors.Is(err, checkpoint.ErrRunning) {
			t.Errorf("%s: %v", when, err)
		}
	}
	taken("before the first state")
	for range 3 {
		if err := f.Write([]byte("state")); err != nil {
			t.Fatal(err)
		}
		taken("after a state")
	}
	f.Close()
	opened(t, path)

	// Of many that begin at once one has it.
	path += "2"
	var wg sync.WaitGroup
	var mu sync.Mutex
	var have []*checkpoint.File
	for range 16 {
		wg.Go(func() {
			f, _, err := checkpoint.Open(path)
			if err != nil {
				if !errors.Is(err, checkpoint.ErrRunning) {
					t.Error(err)
				}
				return
			}
			for range 20 {
				if err := f.Write([]byte("state")); err != nil {
					t.Error(err)
				}
			}
			mu.Lock()
			have = append(have, f)
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(have) != 1 {
		t.Errorf("%d have it", len(have))
	}
	for _, f := range have {
		f.Close()
	}
}

func TestOnlyAFileOfItsOwnIsTaken(t *testing.T) {
	folder := t.TempDir()
	target := filepath.Join(folder, "target")
	for name, make := range map[string]func(path string) error{
		"a symbolic link":            func(path string) error { return os.Symlink(target, path) },
		"a folder":                   func(path string) error { return os.Mkdir(path, 0o700) },
		"a pipe":                     func(path string) error { return exec.Command("mkfifo", path).Run() },
		"no such file or directory":  func(string) error { return nil },
		"in the place of the device": func(string) error { return nil },
	} {
		path := filepath.Join(folder, strings.ReplaceAll(name, " ", "-"))
		switch name {
		case "no such file or directory":
			path = filepath.Join(path, "run")
		case "in the place of the device":
			path, name = "/dev/full", "/dev/full is a device"
		}
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		_, _, err := checkpoint.Open(path)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if own := errors.Is(err, checkpoint.ErrNoFile); own != (name == "a symbolic link" || name == "a folder") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a link was followed:", err)
	}

	// Nor is what was put in its place meanwhile replaced.
	path := filepath.Join(folder, "run")
	f, _ := opened(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Write([]byte("state")); err == nil {
		t.Error("a file of somebody else was replaced")
	}
	f.Close()
	if text, err := os.ReadFile(path); string(text) != "notes" {
		t.Errorf("%q, %v", text, err)
	}
}

// A run that came to nothing leaves nothing.
func TestAFileThatWasNeverWrittenGoes(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "run")
	f, _ := opened(t, path)
	f.Close()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, _ = opened(t, path)
	f.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Error("somebody's file went:", err)
	}

	// What cannot be written leaves the state before, and no half of another.
	f, _ = opened(t, path)
	if err := f.Write([]byte("state")); err != nil {
		t.Fatal(err)
	}
	hindrance := filepath.Join(folder, ".run.cachering-new")
	if err := os.MkdirAll(filepath.Join(hindrance, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Write([]byte("next")); err == nil {
		t.Error("written over a folder")
	}
	f.Close()
	if _, text := opened(t, path); text != "state" {
		t.Errorf("%q", text)
	}
}
