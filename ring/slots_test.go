package ring_test

import (
	"encoding/base64"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cachering/ring"
)

func TestSlotIsThatOfClusterKeyslot(t *testing.T) {
	known := map[string]int{
		":1:k": 324, ":1:user:42": 4051, ":1:session:abc": 1368, ":1:é": 13757, "x": 16287, "": 0,
		"{user1}:a": 8106, ":1:{user1}:b": 8106, "myprefix:1:{u}x": 11826, "foo{}{bar}": 8363, "foo{{bar}}zap": 4015, "foo{bar}{zap}": 5061,
		"{}": 15257, "a{": 14311, "a}b{c": 13587, ":1:django.contrib.sessions.cacheabc": 15453, "123456789": 12739, "k": 7629,
	}
	for key, slot := range known {
		if got := ring.Slot([]byte(key)); got != slot {
			t.Errorf("%q is in slot %d, not %d", key, slot, got)
		}
	}
	text, err := os.ReadFile("../testdata/ring/slots.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(text)) {
		key64, slot, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		key, err := base64.StdEncoding.DecodeString(key64)
		if err != nil {
			t.Fatal(err)
		}
		if got := ring.Slot(key); strconv.Itoa(got) != slot {
			t.Errorf("%q is in slot %s, not %d", key, slot, got)
		}
		lines++
	}
	if lines < 100 {
		t.Errorf("only %d vectors", lines)
	}
}

func TestClusterPlacesBySlot(t *testing.T) {
	var servers []ring.Server
	seed, err := ring.ParseServer(ring.Plain, "redis://user:secret@a:6379", ring.Options{Library: ring.LibDjangoRedis})
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{"a:1", "b:1", "c:1"} {
		servers = append(servers, seed.At(addr))
	}
	if s := servers[1]; s.Masked() != "b:1" || s.Password != "secret" || s.Username != "user" || s.Addr != "b:1" {
		t.Errorf("%+v is no server of the cluster", s)
	}
	ranges := []ring.SlotRange{{0, 5460, 0}, {5461, 10922, 1}, {10923, 16382, 2}, {100, 100, 2}}
	r, err := ring.NewCluster(servers, ranges)
	if err != nil {
		t.Fatal(err)
	}
	space, _ := ring.NewKeyspace("", "")
	for key, home := range map[string]int{"k": 0, "{user1}:a": 1, "session:abc": 0} {
		at, err := r.Home(space, []byte(space.Stored(key, 1)))
		if err != nil || at != home || r.HomeOf(space, key, 1) != home {
			t.Errorf("%q is at home on %d, %v, and HomeOf %d", key, at, err, r.HomeOf(space, key, 1))
		}
	}
	want := []ring.SlotRange{{0, 99, 0}, {100, 100, 2}, {101, 5460, 0}, {5461, 10922, 1}, {10923, 16382, 2}}
	if got := r.SlotRanges(); !slices.Equal(got, want) {
		t.Errorf("ranges %v", got)
	}
	if got := r.PointCounts(); !slices.Equal(got, []int{5460, 5462, 5461}) {
		t.Errorf("slots %v", got)
	}
	if got := r.Shares()[0]; got != 5460.0/16384 {
		t.Errorf("share %v", got)
	}
	if got := want[0].String() + " " + want[1].String(); got != "0-99 100" {
		t.Errorf("printed as %q", got)
	}
	nobodys := key(t, 16383)
	var uncovered *ring.UncoveredError
	if _, err := r.Home(space, []byte(nobodys)); !errors.As(err, &uncovered) || uncovered.Slot != 16383 {
		t.Errorf("a slot that nobody has: %v", err)
	}
	if _, err := ring.NewCluster(servers, []ring.SlotRange{{0, 16384, 0}}); err == nil {
		t.Error("slot 16384 was taken")
	}
	if _, ok := r.Writer(); ok || r.Name() != ring.Cluster {
		t.Errorf("%q has one writer", r.Name())
	}
}

// key is one of a slot.
func key(t *testing.T, slot int) string {
	t.Helper()
	for i := range 1 << 20 {
		if key := ":1:" + strconv.Itoa(i); ring.Slot([]byte(key)) == slot {
			return key
		}
	}
	t.Fatalf("no key of slot %d", slot)
	return ""
}
