package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// A table that shrinks during a scan makes SCAN give keys twice.
func TestARunTakesNoKeyTwice(t *testing.T) {
	t.Parallel()
	s := redistest.RunT(t, "enable-debug-command yes")
	// Two questions about the server's cursors and three pages for the test, and as
	// much for the run; then the table shrinks.
	const shrunk = 2*(2+3) + 1
	var first []string // of three pages
	asked := func() map[string]bool { return nil }
	done := make(map[string]bool)
	var pages atomic.Int64
	f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
		f.Servers[0] = s
		paging(t, func(page int) {
			if pages.Store(int64(page)); page != shrunk {
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
			farmtest.Shrink(t, s, first[len(first)-50:])
		})(f, spec)
	})
	ctx := context.Background()
	client := s.Client(0)
	var pairs []any
	for i := range 20 * scan.PageKeys {
		pairs = append(pairs, fmt.Sprintf("p:1:k%d", i), "x")
	}
	if err := client.MSet(ctx, pairs...).Err(); err != nil {
		t.Fatal(err)
	}
	link, err := scan.Open(ctx, f.Shards()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	walk := link.WalkSpread("*", "", 20*scan.PageKeys)
	for range 3 {
		keys, err := walk.Page(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			first = append(first, string(key))
		}
	}
	asked = monitor(t, s, "exists")
	r := Run(ctx, f.Cluster, &Delete{Command: "clear"}, Options{DryRun: true, Batch: 1})
	if total := whole(t, r); pages.Load() < shrunk || total.Deleted != int64(len(first)) || total.Gone > 0 {
		t.Errorf("%d pages, %d keys: %+v", pages.Load(), len(first), total)
	}
}
