package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

const token = "0123456789abcdef0123456789abcdef"

// Where the library keeps no side keys, a lock is an entry that holds a token.
func TestLocksAmongEntries(t *testing.T) {
	ctx := context.Background()
	f := newFarm(t, 1, "p", func(_ *farm, spec *cluster.Spec) { spec.SideKeys = ring.SideKeys{} })
	c := f.Clients[0]
	c.Set(ctx, "p:1:held", token, time.Minute)
	c.Set(ctx, "p:1:value", "new:x", 0)
	c.Set(ctx, "p:1:longer", token+"0", 0)
	c.Set(ctx, "q:1:other", token, 0)
	c.RPush(ctx, "p:1:list", token)
	isToken := func(_, value []byte) bool { return string(value) == token }
	var got []string
	err := Locks(ctx, f.Cluster, f.Shards()[0], scan.Selection{}, isToken, func(found []Held) error {
		for _, h := range found {
			got = append(got, fmt.Sprintf("%s %v %s", h.Key, h.Kind == ring.Lock, h.Token))
			if h.TTL <= 0 || h.TTL > time.Minute {
				t.Errorf("lives %v", h.TTL)
			}
		}
		return nil
	})
	if want := "held true " + token; err != nil || strings.Join(got, ",") != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
}

// A listing crosses pages, and ends with the receiver's error.
func TestListPages(t *testing.T) {
	ctx := context.Background()
	f := newFarm(t, 1, "p", nil)
	const n = 3 * scan.PageKeys
	pipe := f.Clients[0].Pipeline()
	for i := range n {
		pipe.Set(ctx, fmt.Sprintf("p:1:k%d", i), "x", 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	list := func(use func([]Listed) error) error {
		return List(ctx, f.Cluster, f.Shards()[0], scan.Selection{Match: "k*"}, use)
	}
	if err := list(func(found []Listed) error {
		for _, l := range found {
			seen[string(l.Key)] = true
		}
		return nil
	}); err != nil || len(seen) != n {
		t.Errorf("%d keys, %v; want %d", len(seen), err, n)
	}
	calls := 0
	if err := list(func([]Listed) error { calls++; return errBad }); err != errBad || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}
