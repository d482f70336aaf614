package scan_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

// begin opens a link and asks what the server is.
func begin(t *testing.T, f *farmtest.Farm) *scan.Link {
	t.Helper()
	link, err := scan.Open(context.Background(), f.Shards()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	if _, err := link.Begin(context.Background()); err != nil {
		t.Fatal(err)
	}
	return link
}

// drop closes the connections of all others to a server.
func drop(t *testing.T, f *farmtest.Farm) {
	t.Helper()
	if err := f.Clients[0].Do(context.Background(), "client", "kill", "type", "normal", "skipme", "yes").Err(); err != nil {
		t.Fatal(err)
	}
}

func TestARestartedServerEndsItsWalk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", 5*scan.PageKeys, 20)
	link, other := begin(t, f), begin(t, f)
	walk := link.Walk("*", "")
	if keys, err := walk.Page(ctx); err != nil || len(keys) == 0 || walk.Ended() {
		t.Fatalf("%d keys, ended %v, %v", len(keys), walk.Ended(), err)
	}
	// The same process goes on where it was.
	drop(t, f)
	if keys, err := walk.Page(ctx); err != nil || len(keys) == 0 || walk.Ended() {
		t.Fatalf("%d keys, ended %v, %v", len(keys), walk.Ended(), err)
	}
	if about, err := link.Still(ctx); err != nil || about.Keys != 5*scan.PageKeys || about.UsedMemory == 0 {
		t.Errorf("%+v, %v", about, err)
	}
	drop(t, f)
	begun := time.Now()
	if trip, err := link.RoundTrip(ctx); err != nil || trip <= 0 || trip > time.Since(begun) {
		t.Errorf("a round trip of %v, %v", trip, err)
	}
	f.Servers[0].Restart()
	if _, err := walk.Page(ctx); !errors.Is(err, scan.ErrRestarted) || !errors.Is(err, cluster.ErrReplaced) {
		t.Errorf("a page: %v", err)
	}
	if _, err := other.Still(ctx); !errors.Is(err, scan.ErrRestarted) {
		t.Errorf("the end: %v", err)
	}
	if _, err := link.Rejoin(ctx); !errors.Is(err, scan.ErrRestarted) {
		t.Errorf("another connection: %v", err)
	}
}

// Without INFO nobody knows what a lost connection led to.
func TestANamelessServerIsNotGoneBackTo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", 5*scan.PageKeys, 20)
	f.Allow(t, "-info")
	link := begin(t, f)
	if link.Named() {
		t.Error("the server has told")
	}
	if about, err := link.Still(ctx); err != nil || about.Keys != 5*scan.PageKeys {
		t.Errorf("%+v, %v", about, err)
	}
	walk := link.Walk("*", "")
	if _, err := walk.Page(ctx); err != nil || walk.Ended() {
		t.Fatal(walk.Ended(), err)
	}
	drop(t, f)
	if _, err := walk.Page(ctx); !errors.Is(err, scan.ErrNameless) || !errors.Is(err, cluster.ErrReplaced) {
		t.Errorf("error %v", err)
	}
}

// A server that answers nothing costs its time-out once, and not for each try.
func TestASilentServerIsNotDialledAgain(t *testing.T) {
	t.Parallel()
	f := farmtest.New(t, 1, "p", func(_ *farmtest.Farm, spec *cluster.Spec) { spec.SocketTimeout = 2 * time.Second })
	link := begin(t, f)
	link.Again = func(_ context.Context, cause error) (*cluster.Conn, error) {
		t.Error("dialled again")
		return nil, cause
	}
	f.Servers[0].Pause()
	_, err := link.Still(context.Background())
	if err == nil || scan.WorthRedial(context.Background(), err) || !scan.Lost(context.Background(), err) {
		t.Error(err)
	}
}
