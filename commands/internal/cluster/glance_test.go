package cluster

import (
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

func TestGlance(t *testing.T) {
	t.Parallel()
	s := redistest.RunT(t, "enable-debug-command yes")
	ctx := t.Context()
	db := s.Client(0)
	if err := db.Do(ctx, "debug", "set-active-expire", "0").Err(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]any{
		{"set", "a", "value"},
		{"set", "b", "v", "px", "100000"},
		{"sadd", "c", "x"},
		{"set", "d", "v", "px", "1"},
	} {
		if err := db.Do(ctx, args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Client(5).Set(ctx, "e", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 2*time.Millisecond; {
		time.Sleep(time.Millisecond) // d's time is up then
	}
	shard := open(t, 0, at("one", s)).Shards()[0]
	got, err := shard.Glance(ctx, keys("a", "b", "c", "d", "e")...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Glimpse{
		{Type: "string", TTL: Forever, Bytes: 5},
		{Type: "string", TTL: 100 * time.Second, Bytes: 1},
		{Type: "set", TTL: Forever},
		{TTL: Missing, Expired: true},
		{TTL: Missing},
	} {
		g := got[i]
		if string(g.Stored) != string(rune('a'+i)) || g.Type != want.Type || g.Bytes != want.Bytes || g.Expired != want.Expired || g.Found() != (want.Type != "") {
			t.Errorf("got %+v, want %+v", g, want)
		}
		if g.TTL != want.TTL && (g.TTL <= 0 || g.TTL > want.TTL) {
			t.Errorf("%s: got %v to live, want %v", g.Stored, g.TTL, want.TTL)
		}
	}
	// What was looked at is gone on a master, and is no more than missing.
	if got, err = shard.Glance(ctx, []byte("d")); err != nil || got[0].Expired {
		t.Errorf("got %+v, %v", got, err)
	}

	other := shard.Database(5)
	defer other.Close()
	if got, err = other.Glance(ctx, []byte("e")); err != nil || !got[0].Found() || other.DB() != 5 || other.Same(shard) || !other.SameServer(shard) {
		t.Errorf("database 5: got %+v, %v", got, err)
	}
}
