package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/archive"
)

// entries are one of each form.
func entries() []archive.Entry {
	return []archive.Entry{
		{Key: []byte(":1:a"), Value: []byte("value"), At: 1900000000123},
		{Key: []byte(":1:b"), Value: []byte{}},
		{Key: []byte(":1:\r\n$5"), Value: []byte("\x00\r\n\xff"), At: 1, Wrote: &archive.Wrote{Sum: archive.Sum([]byte("new")), At: 1900000000124}},
		{Key: []byte(":1:c"), Value: bytes.Repeat([]byte("0123456789"), 12), Wrote: &archive.Wrote{Sum: archive.Sum(nil)}},
		{Key: []byte(":1:d"), ExpiryOnly: true, At: 7, Wrote: &archive.Wrote{At: 8}},
		{Key: []byte(":1:e"), ExpiryOnly: true, Wrote: &archive.Wrote{}},
		{Key: []byte{}, ExpiryOnly: true, At: 9},
	}
}

func manifest() archive.Manifest {
	return archive.Manifest{
		Program: "cachering test", Command: "backup", Started: time.Unix(1700000000, 0).UTC(),
		Cache:   archive.Cache{Alias: "default", Locations: []string{"10.0.0.1:6379"}, Prefix: "<p>"},
		Servers: []archive.Server{{Index: 0, Shard: "10.0.0.1:6379"}},
	}
}

// write makes a backup of two shards, a frame an entry on the first.
func write(t testing.TB, complete bool) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "b")
	w, err := archive.Create(dir, manifest())
	if err != nil {
		t.Fatal(err)
	}
	for shard, frames := range [][][]archive.Entry{slices.Collect(slices.Chunk(entries(), 1)), {entries()}} {
		s, err := w.Segment(shard, "redis://:***@[::1]:6379/1")
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range frames {
			var f archive.Frame
			for i := range list {
				f.Add(&list[i])
			}
			if err := s.Put(&f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(complete, map[string]int64{"stored": 14}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// read checks a whole backup and lists its entries as text.
func read(dir string, partial bool) (texts []string, err error) {
	a, err := archive.Open(dir, partial)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	for _, f := range a.Files {
		if err := f.Check(context.Background(), partial, nil); err != nil {
			return texts, err
		}
		for i := range f.Frames() {
			list, err := f.Frame(i)
			if err != nil {
				return texts, err
			}
			for _, e := range list {
				texts = append(texts, text(e))
			}
		}
		if f.Entries > int64(len(texts)) {
			return texts, errors.New("not all entries are in the frames")
		}
	}
	return texts, nil
}

func text(e archive.Entry) string {
	wrote := "-"
	if e.Wrote != nil {
		wrote = fmt.Sprint(*e.Wrote)
	}
	return fmt.Sprintf("%q %q %t %d %s", e.Key, e.Value, e.ExpiryOnly, e.At, wrote)
}

func wanted() (texts []string) {
	for range 2 {
		for _, e := range entries() {
			texts = append(texts, text(e))
		}
	}
	return texts
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	t.Parallel()
	dir := write(t, true)
	got, err := read(dir, false)
	if err != nil || !slices.Equal(got, wanted()) {
		t.Fatalf("got %q, %v", got, err)
	}
	for name, mode := range map[string]os.FileMode{
		"": os.ModeDir | 0o700, "manifest.json": 0o600, "0000-redis-1-6379-1.resp.zst": 0o600,
	} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%q: %v, %v", name, info, err)
		}
	}
}

// What others unpack is what the documentation of the package says, byte for byte.
func TestOthersReadIt(t *testing.T) {
	t.Parallel()
	zstd, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("zstd is not installed")
	}
	dir := write(t, true)
	file := filepath.Join(dir, "0001-redis-1-6379-1.resp.zst")
	if out, err := exec.Command(zstd, "-tq", file).CombinedOutput(); err != nil {
		t.Fatalf("zstd -tq: %v: %s", err, out)
	}
	got, err := exec.Command(zstd, "-dcq", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	const want = "*2\r\n$4\r\nECHO\r\n$41\r\n{\"format\":\"cachering-backup\",\"version\":1}\r\n" +
		"*6\r\n$3\r\nSET\r\n$4\r\n:1:a\r\n$5\r\nvalue\r\n$2\r\nNX\r\n$4\r\nPXAT\r\n$13\r\n1900000000123\r\n" +
		"*4\r\n$3\r\nSET\r\n$4\r\n:1:b\r\n$0\r\n\r\n$2\r\nNX\r\n" +
		"*2\r\n$4\r\nECHO\r\n$50\r\n{\"sha256\":\"11507a0e2f5e69d5\",\"pxat\":1900000000124}\r\n"
	if !strings.HasPrefix(string(got), want) {
		t.Errorf("got %q\nwant %q", got[:min(len(got), len(want))], want)
	}
}

// One bit is turned over in each byte of each file: no damage goes unseen.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	dir := write(t, true)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		try := func(what string, text []byte, partial bool) {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := read(dir, partial)
			var damage *archive.DamageError
			switch {
			case partial && err == nil: // it is left out
			case err == nil:
				t.Errorf("%s: %s: nothing was noticed", filepath.Base(file), what)
			case !errors.As(err, &damage):
				t.Errorf("%s: %s: %v", filepath.Base(file), what, err)
			}
		}
		for i := range whole {
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << rand.IntN(8)
			try(fmt.Sprintf("byte %d is %#x", i, bad[i]), bad, false)
			if i%8 == 0 {
				try(fmt.Sprintf("cut to %d", i), whole[:i], false)
			}
			if i%8 == 1 && filepath.Base(file) != "manifest.json" {
				try(fmt.Sprintf("partial, byte %d is %#x", i, bad[i]), bad, true)
			}
		}
		try("one byte more", append(bytes.Clone(whole), 0), false)
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := read(dir, false); err == nil {
		t.Error("a file that is missing was not missed")
	}
}

// What a kill leaves: a manifest that is not complete, and a file that ends anywhere.
func TestACutFileGivesWhatIsWhole(t *testing.T) {
	t.Parallel()
	dir := write(t, false)
	if _, err := read(dir, false); !errors.Is(err, archive.ErrUnfinished) {
		t.Fatalf("got %v", err)
	}
	file := filepath.Join(dir, "0000-redis-1-6379-1.resp.zst")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "0001-redis-1-6379-1.resp.zst")); err != nil {
		t.Fatal(err)
	}
	plain := manifest() // as it is before anything is sealed
	other := filepath.Join(t.TempDir(), "o")
	w, err := archive.Create(other, plain)
	if err != nil {
		t.Fatal(err)
	}
	start, err := os.ReadFile(filepath.Join(other, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(false, nil), os.WriteFile(filepath.Join(dir, "manifest.json"), start, 0o600)); err != nil {
		t.Fatal(err)
	}
	before := -1
	for n := 0; n < len(whole); n += 1 + rand.IntN(3) {
		if err := os.WriteFile(file, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := read(dir, true)
		if err != nil || len(got) > len(entries()) || !slices.Equal(got, wanted()[:len(got)]) || len(got) < before {
			t.Fatalf("cut to %d: %q, %v", n, got, err)
		}
		before = len(got)
	}
	if before != len(entries())-1 {
		t.Errorf("%d entries at the end", before)
	}
}

func TestWhereNoBackupBegins(t *testing.T) {
	t.Parallel()
	at := t.TempDir()
	in := func(name string) string { return filepath.Join(at, name) }
	if err := errors.Join(os.Mkdir(in("full"), 0o755), os.WriteFile(in("full/x"), nil, 0o600), os.Mkdir(in("empty"), 0o755),
		os.Symlink("empty", in("link")), os.WriteFile(in("file"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"full", "link", "link/", "file", "none/below"} {
		if w, err := archive.Create(in(name), manifest()); err == nil {
			t.Errorf("%s: a backup begins", name)
			w.Close(true, nil)
		}
	}
	w, err := archive.Create(in("empty"), manifest())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Segment(0, "a"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(true, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(in("empty")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A link in the place of a file is not followed when it is read, either.
	segment := in("empty/0000-a.resp.zst")
	if err := errors.Join(os.Rename(segment, in("away")), os.Symlink(in("away"), segment)); err != nil {
		t.Fatal(err)
	}
	if _, err := read(in("empty"), false); err == nil {
		t.Error("a link was followed")
	}
}

func TestNothingIsWrittenAfterAFailure(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "b")
	w, err := archive.Create(dir, manifest())
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Segment(0, "a")
	if err != nil {
		t.Fatal(err)
	}
	var f archive.Frame
	f.Add(&archive.Entry{Key: []byte("k"), Value: make([]byte, archive.MaxValue+2<<20)})
	if err := s.Put(&f); err == nil {
		t.Fatal("a frame that is too large was taken")
	}
	f.Reset()
	f.Add(&archive.Entry{Key: []byte("k")})
	if err := s.Put(&f); err == nil {
		t.Error("a frame was written after one that could not be")
	}
	if err := w.Close(true, nil); err == nil {
		t.Error("nobody was told")
	}
	if _, err := archive.Open(dir, false); !errors.Is(err, archive.ErrUnfinished) {
		t.Errorf("got %v", err)
	}
}

// The law: what is read without an error is what would be written.
func FuzzSegment(f *testing.F) {
	dir := write(f, false)
	for _, name := range []string{"0000-redis-1-6379-1.resp.zst", "0001-redis-1-6379-1.resp.zst"} {
		seed, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	at := f.TempDir()
	f.Fuzz(func(t *testing.T, segment []byte) {
		dir, err := os.MkdirTemp(at, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		w, err := archive.Create(dir, manifest())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Close(false, nil), os.WriteFile(filepath.Join(dir, "0000-a.resp.zst"), segment, 0o600)); err != nil {
			t.Fatal(err)
		}
		got, err := read(dir, true)
		if err != nil {
			var damage *archive.DamageError
			if !errors.As(err, &damage) {
				t.Fatal(err)
			}
		}
		for _, line := range got {
			if line == "" {
				t.Error("an entry of nothing")
			}
		}
	})
}
