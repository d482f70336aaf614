package engine

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
)

// A table that shrinks during a scan makes SCAN give keys twice, and a listing
// must not.
func TestListGivesNoKeyTwice(t *testing.T) {
	t.Parallel()
	s := redistest.RunT(t, "enable-debug-command yes")
	f := newFarm(t, 1, "p", func(_ *farm, spec *cluster.Spec) { spec.Endpoints[0].Addr = s.Addr })
	ctx := context.Background()
	client := s.Client(0)
	const n = 20 * scanCount

	// scan goes through walk, which calls back with the keys of each page; after
	// the third all keys go but the last ones seen, and the table shrinks.
	scan := func(walk func(page func([][]byte)) error) (twice int) {
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
				shrink(t, s, last[len(last)-50:])
			}
		})
		if err != nil || pages < 4 {
			t.Fatalf("%d pages, %v", pages, err)
		}
		return twice
	}
	raw := scan(func(page func([][]byte)) error {
		conn, err := f.Shards()[0].Dial(ctx, 0)
		if err != nil {
			return err
		}
		defer conn.Close()
		for scan := (&scanner{shard: f.Shards()[0], pattern: "*", count: scanCount, conn: conn}); !scan.ended; {
			keys, err := scan.page(ctx)
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
	if twice := scan(func(page func([][]byte)) error {
		return List(ctx, f.Cluster, f.Shards()[0], Selection{}, func(found []Listed) error {
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

func TestARunTakesNoKeyTwice(t *testing.T) {
	t.Parallel()
	s := redistest.RunT(t, "enable-debug-command yes")
	var first []string // of three pages
	asked := func() map[string]bool { return nil }
	done := make(map[string]bool)
	var pages atomic.Int64
	f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
		f.servers[0] = s
		paging(t, func(page int) {
			if pages.Store(int64(page)); page != 4 {
				return
			}
			for deadline := time.Now().Add(2 * time.Minute); len(done) < len(first); {
				for key := range asked() {
					done[key] = true
				}
				if time.Now().After(deadline) {
					t.Errorf("%d of %d keys are done", len(done), len(first))
					return
				}
			}
			shrink(t, s, first[len(first)-50:])
		})(f, spec)
	})
	ctx := context.Background()
	client := s.Client(0)
	var pairs []any
	for i := range 20 * scanCount {
		pairs = append(pairs, fmt.Sprintf("p:1:k%d", i), "x")
	}
	if err := client.MSet(ctx, pairs...).Err(); err != nil {
		t.Fatal(err)
	}
	for cursor := uint64(0); len(first) < 3*scanCount; {
		keys, next, err := client.Scan(ctx, cursor, "*", scanCount).Result()
		if err != nil {
			t.Fatal(err)
		}
		first, cursor = append(first, keys...), next
	}
	asked = monitor(t, s, "exists")
	r := Run(ctx, f.Cluster, &Delete{Command: "clear"}, Options{DryRun: true, Batch: 1})
	if total := whole(t, r); pages.Load() < 4 || total.Deleted != int64(len(first)) || total.Gone > 0 {
		t.Errorf("%d pages, %d keys: %+v", pages.Load(), len(first), total)
	}
}

// shrink deletes all keys but some, and waits until the server's table is small.
func shrink(t *testing.T, s *redistest.Server, keep []string) {
	t.Helper()
	ctx := context.Background()
	client := s.Client(0)
	kept := map[string]bool{}
	for _, key := range keep {
		kept[key] = true
	}
	var rest []string
	for _, key := range client.Keys(ctx, "*").Val() {
		if !kept[key] {
			rest = append(rest, key)
		}
	}
	if err := client.Del(ctx, rest...).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		stats, err := client.Do(ctx, "debug", "htstats", "0").Text()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(stats, "table size: 64\n") && strings.Count(stats, "table size:") == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(stats)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestRecent(t *testing.T) {
	r := newRecent()
	key := func(i int) []byte { return fmt.Appendf(nil, "k%d", i) }
	for i := range 5 * recentKeys {
		if r.again(key(i)) {
			t.Fatalf("k%d is new", i)
		}
		if back := max(0, i-recentKeys); !r.again(key(back)) {
			t.Fatalf("k%d was there, %d keys ago", back, i-back)
		}
		if len(r.now)+len(r.before) > 2*recentKeys {
			t.Fatalf("%d are remembered", len(r.now)+len(r.before))
		}
	}
}
