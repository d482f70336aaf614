package archive_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/archive"
)

// put adds a frame with an entry for each key to the segment of a shard.
func put(t testing.TB, w *archive.Writer, shard int, name string, keys ...string) *archive.Segment {
	t.Helper()
	s, err := w.Segment(shard, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		var f archive.Frame
		f.Add(&archive.Entry{Key: []byte(key), Value: []byte("value of " + key)})
		if err := s.Put(&f); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// keysOf are the keys of a backup in the order in which its files have them.
func keysOf(t testing.TB, dir string, partial bool) (keys []string) {
	t.Helper()
	a, err := archive.Open(dir, partial)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, f := range a.Files {
		err := f.Check(context.Background(), partial, func(e *archive.Entry) error {
			keys = append(keys, string(e.Key))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// A killed run leaves a segment that ends anywhere. The run that goes on cuts it at the
// last whole frame, and what it adds is a segment of its own.
func TestABackupIsGoneOnWith(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	at := t.TempDir()
	killed := filepath.Join(at, "killed")
	w, err := archive.Create(killed, manifest())
	if err != nil {
		t.Fatal(err)
	}
	put(t, w, 0, "10.0.0.1:6379", "a", "b")
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	const segment = "0000-10.0.0.1-6379.resp.zst"
	whole, err := os.ReadFile(filepath.Join(killed, segment))
	if err != nil {
		t.Fatal(err)
	}
	start, err := os.ReadFile(filepath.Join(killed, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	had := map[int]bool{}
	for n := 0; n <= len(whole); n += min(5, max(1, len(whole)-n)) {
		dir := filepath.Join(at, fmt.Sprint(n))
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "manifest.json"), start, 0o600),
			os.WriteFile(filepath.Join(dir, segment), whole[:n], 0o600)); err != nil {
			t.Fatal(err)
		}
		want := keysOf(t, dir, true)
		had[len(want)] = true
		w, err := archive.GoOn(ctx, dir, manifest())
		if err != nil {
			t.Fatalf("cut to %d: %v", n, err)
		}
		put(t, w, 0, "10.0.0.1:6379", "c").Close()
		if err := w.Close(true, nil); err != nil {
			t.Fatal(err)
		}
		if got := keysOf(t, dir, false); !slices.Equal(got, append(want, "c")) {
			t.Errorf("cut to %d: got %q, had %q", n, got, want)
		}
		if _, err := os.Stat(filepath.Join(dir, "0000-10.0.0.1-6379.0001.resp.zst")); err != nil {
			t.Error(err)
		}
	}
	if len(had) != 3 {
		t.Errorf("cut to %v entries: this test shows little", had)
	}
	if zstd, err := exec.LookPath("zstd"); err == nil {
		files, _ := filepath.Glob(filepath.Join(at, "*", "*0001.resp.zst"))
		if out, err := exec.Command(zstd, append([]string{"-tq"}, files...)...).CombinedOutput(); err != nil || len(files) < 20 {
			t.Errorf("%d files: %v: %s", len(files), err, out)
		}
	}
}

// A backup is gone on with more than once, also after an orderly end, and its segments
// stay in the order of the runs whatever its shards are called.
func TestABackupIsGoneOnWithAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "b")
	// A kill may come before there is a manifest.
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "manifest.json.new"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 4 {
		w, err := archive.GoOn(ctx, dir, manifest())
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint("key ", i)
		put(t, w, 0, "cache.6379", key)
		want = append(want, key)
		if err := w.Close(i != 1, map[string]int64{"deleted": int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := keysOf(t, dir, false); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	a, err := archive.Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if m := a.Manifest; len(m.Segments) != 4 || m.Counts["deleted"] != 3 || !m.Started.Equal(manifest().Started) {
		t.Errorf("%+v", m)
	}
}

// A run goes on in its own backup only.
func TestWhereABackupIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	other := manifest()
	other.Started = other.Started.Add(time.Millisecond)
	for name, c := range map[string]struct {
		spoil func(dir string) error
		with  archive.Manifest
		says  string
		place bool
	}{
		"of another run": {spoil: func(string) error { return nil }, with: other, says: "was begun by another run", place: true},
		"no backup": {spoil: func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "manifest.json")), os.Remove(filepath.Join(dir, "0000-a.resp.zst")),
				os.WriteFile(filepath.Join(dir, "x"), nil, 0o600))
		}, with: manifest(), says: "there is x", place: true},
		"with a file of others": {spoil: func(dir string) error { return os.WriteFile(filepath.Join(dir, "x"), nil, 0o600) }, with: manifest(), says: "x in "},
		"with a segment less":   {spoil: func(dir string) error { return os.Remove(filepath.Join(dir, "0000-a.resp.zst")) }, with: manifest(), says: "missing"},
		"damaged in the middle": {spoil: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "0001-a.resp.zst"), []byte("no zstd at all"), 0o600)
		}, with: manifest(), says: "damaged at byte 0"},
		"with a link": {spoil: func(dir string) error { return os.Symlink("manifest.json", filepath.Join(dir, "0001-a.resp.zst")) }, with: manifest(), says: "no plain file"},
	} {
		dir := filepath.Join(t.TempDir(), "b")
		w, err := archive.Create(dir, manifest())
		if err != nil {
			t.Fatal(err)
		}
		put(t, w, 0, "a", "key")
		if err := errors.Join(w.Close(false, nil), c.spoil(dir)); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(filepath.Join(dir, "manifest.json"))
		w, err = archive.GoOn(ctx, dir, c.with)
		if err == nil {
			w.Close(true, nil)
			t.Errorf("%s: it is gone on with", name)
			continue
		}
		after, _ := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if !strings.Contains(err.Error(), c.says) || errors.Is(err, archive.ErrPlace) != c.place || string(after) != string(before) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was put before something could not be is synced all the same, so that a run can
// say how far it came.
func TestWhatIsThereIsSynced(t *testing.T) {
	t.Parallel()
	w, err := archive.Create(filepath.Join(t.TempDir(), "b"), manifest())
	if err != nil {
		t.Fatal(err)
	}
	s := put(t, w, 0, "a", "key")
	var f archive.Frame
	f.Add(&archive.Entry{Key: []byte("k"), Value: make([]byte, archive.MaxValue+2<<20)})
	if err := s.Put(&f); err == nil {
		t.Fatal("a frame that is too large was taken")
	}
	if err := w.Sync(); err != nil {
		t.Error(err)
	}
	if err := w.Close(true, nil); err == nil {
		t.Error("nobody was told")
	}
}
