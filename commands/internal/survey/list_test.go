package survey

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// A listing crosses pages, and ends with the receiver's error.
func TestListPages(t *testing.T) {
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
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
	errNo := errors.New("no more of that")
	calls := 0
	if err := list(func([]Listed) error { calls++; return errNo }); err != errNo || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// A table that shrinks during a scan makes SCAN give keys twice, and a listing
// must not.
func TestListGivesNoKeyTwice(t *testing.T) {
	t.Parallel()
	s := redistest.RunT(t, "enable-debug-command yes")
	f := farmtest.New(t, 1, "p", func(_ *farmtest.Farm, spec *cluster.Spec) { spec.Endpoints[0].Addr = s.Addr })
	ctx := context.Background()
	client := s.Client(0)
	const n = 20 * scan.PageKeys

	// twiceIn goes through walk, which calls back with the keys of each page; after
	// the third all keys go but the last ones seen, and the table shrinks.
	twiceIn := func(walk func(page func([][]byte)) error) (twice int) {
		t.Helper()
		var pairs []any
		for i := range n {
			pairs = append(pairs, fmt.Sprintf("p:1:k%d", i), "x")
		}
		if err := client.MSet(ctx, pairs...).Err(); err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		var last []string
		pages := 0
		err := walk(func(keys [][]byte) {
			for _, key := range keys {
				if seen[string(key)]++; seen[string(key)] == 2 {
					twice++
				}
				last = append(last, string(key))
			}
			if pages++; pages == 3 {
				farmtest.Shrink(t, s, last[len(last)-50:])
			}
		})
		if err != nil || pages < 4 {
			t.Fatalf("%d pages, %v", pages, err)
		}
		return twice
	}
	raw := twiceIn(func(page func([][]byte)) error {
		link, err := scan.Open(ctx, f.Shards()[0])
		if err != nil {
			return err
		}
		defer link.Close()
		for walk := link.Walk("*", ""); !walk.Ended(); {
			keys, err := walk.Page(ctx)
			if err != nil {
				return err
			}
			page(keys)
		}
		return nil
	})
	if raw == 0 {
		t.Error("SCAN gave no key twice: this test shows nothing")
	}
	if twice := twiceIn(func(page func([][]byte)) error {
		return List(ctx, f.Cluster, f.Shards()[0], scan.Selection{}, func(found []Listed) error {
			var keys [][]byte
			for _, l := range found {
				keys = append(keys, l.Stored)
			}
			page(keys)
			return nil
		})
	}); twice > 0 {
		t.Errorf("%d keys were listed twice, of %d that SCAN gave twice", twice, raw)
	}
}
