package checkpoint_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"cachering/commands/internal/checkpoint"
)

func journal(t *testing.T, dir string) *checkpoint.Journal {
	t.Helper()
	j, err := checkpoint.OpenJournal(dir, "prefix")
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// The last value that was written counts, and of one that is being written both: whatever
// was written when a run was killed is known.
func TestAJournalKnowsTheLastValue(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "j")
	j := journal(t, dir)
	knows := func(value string, want bool) {
		t.Helper()
		got, err := j.Wrote("shard", []byte("key"), []byte(value))
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v", value, got, err)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	knows("1", false)
	do(j.Writes("shard", []byte("key"), []byte("1")))
	knows("1", true)
	do(j.Settle("shard", []byte("key"), false)) // somebody else's is there
	knows("1", false)
	do(j.Writes("shard", []byte("key"), []byte("1")))
	do(j.Settle("shard", []byte("key"), true))
	do(j.Writes("shard", []byte("key"), []byte("2")))
	do(j.Close()) // as after a kill
	j = journal(t, dir)
	knows("1", true)
	knows("2", true)
	do(j.Settle("shard", []byte("key"), true))
	knows("1", false)
	knows("2", true)
	if there, _ := j.Wrote("other", []byte("key"), []byte("2")); there {
		t.Error("it was not written at the other place")
	}
	if _, err := checkpoint.OpenJournal(dir, "prefix"); !errors.Is(err, checkpoint.ErrRunning) {
		t.Errorf("a second run: %v", err)
	}
	do(j.Close())
	if _, err := checkpoint.OpenJournal(dir, "another"); !errors.Is(err, checkpoint.ErrNoFile) {
		t.Errorf("of another cache: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "cachering.journal"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// What a journal says is what a map would, also after it grew and was opened again.
func TestAJournalGrows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := journal(t, dir)
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{}
	for n := range 30000 {
		key, value := fmt.Sprint("k", random.IntN(12000)), fmt.Sprint(random.IntN(3))
		wrote := random.IntN(3) > 0
		if err := j.Writes("s", []byte(key), []byte(value)); err != nil {
			t.Fatal(err)
		}
		if err := j.Settle("s", []byte(key), wrote); err != nil {
			t.Fatal(err)
		}
		if wrote {
			want[key] = value
		}
		if n%10000 == 9999 {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			j = journal(t, dir)
		}
	}
	for n := range 12000 {
		key := fmt.Sprint("k", n)
		for _, value := range []string{"0", "1", "2"} {
			got, err := j.Wrote("s", []byte(key), []byte(value))
			if is, known := want[key]; err != nil || got != (known && is == value) {
				t.Fatalf("%s %s: got %v, %v, want %v", key, value, got, err, want[key])
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoJournalIsLeft(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"text": "something else that is longer than the head of a journal: no slots are in here", "cut": "cachering journal 1\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "cachering.journal")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := checkpoint.OpenJournal(dir, "prefix"); !errors.Is(err, checkpoint.ErrNoFile) {
			t.Errorf("%s: %v", name, err)
		}
		if is, _ := os.ReadFile(path); string(is) != text {
			t.Errorf("%s: it was changed", name)
		}
	}
	dir := t.TempDir()
	if err := os.Symlink("/dev/null", filepath.Join(dir, "cachering.journal")); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.OpenJournal(dir, "prefix"); !errors.Is(err, checkpoint.ErrNoFile) {
		t.Errorf("a link: %v", err)
	}
}
