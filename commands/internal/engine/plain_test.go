package engine

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"cachering/commands/internal/redistest"
)

// watches is how often WATCH was sent to a server since its counts began anew.
func (f *farm) watches(t *testing.T) (n int) {
	t.Helper()
	for line := range strings.Lines(f.Clients[0].Info(context.Background(), "commandstats").Val()) {
		if counts, ok := strings.CutPrefix(line, "cmdstat_watch:calls="); ok {
			counts, _, _ = strings.Cut(counts, ",")
			fmt.Sscan(counts, &n)
		}
	}
	return n
}

// Where there is nothing to write nothing is watched, after the first batches, and
// what little there is to write is written all the same.
func TestWhatIsOnlyReadIsNotWatched(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n = 5000
	f := newFarm(t, 1, "p", nil)
	f.Fill(t, "p", n, 20)
	for _, c := range []struct {
		old     int // every so manieth is to be written again
		watches [2]int
	}{
		{1, [2]int{n / 32, 2 * n / 32}}, {0, [2]int{1, 8}}, {500, [2]int{2, 30}}, {2, [2]int{n / 2 / 32, 2 * n / 32}},
	} {
		pipe := f.Clients[0].Pipeline()
		want := 0
		for i := 0; c.old > 0 && i < n; i += c.old {
			pipe.Set(ctx, fmt.Sprintf("p:1:key-%d", i), "old:again", 0)
			want++
		}
		pipe.Exec(ctx)
		f.Clients[0].ConfigResetStat(ctx)
		// Each worker watches its first batches, and on a busy machine there are more of them.
		total := whole(t, Run(ctx, f.Cluster, reinsert(), Options{Workers: 1}))
		if old, _ := sides(t, f); total.Rewritten != int64(want) || total.Unchanged != int64(n-want) || old != 0 {
			t.Errorf("1 in %d: %d are left, %+v", c.old, old, total)
		}
		if got := f.watches(t); got < c.watches[0] || got > c.watches[1] {
			t.Errorf("1 in %d: %d times WATCH, want %v", c.old, got, c.watches)
		}
	}
	f.Clients[0].ConfigResetStat(ctx)
	// Once it is asked whether the server guards what a run would write.
	if total := whole(t, Run(ctx, f.Cluster, reinsert(), Options{DryRun: true})); total.Unchanged != n || f.watches(t) > 1 {
		t.Errorf("dry run: %d times WATCH, %+v", f.watches(t), total)
	}
}

// A key that was read unguarded, and is to be written, is guarded when it is: an
// update that comes right before the write is kept.
func TestTheFewToBeWrittenAreGuarded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n, hot = 5000, "p:1:key-77"
	var strikes, unwatched atomic.Int64
	var f *farm
	var p *redistest.Proxy
	f = newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
		switch at := bytes.Index(b, []byte(hot+"\r\n")); {
		case at < 0:
		case bytes.Contains(b[at:], []byte("keepttl")):
			if strikes.Add(1) == 1 {
				f.Clients[0].Set(ctx, hot, "old:strike", 0)
			}
		case !bytes.Contains(b, []byte("\r\nwatch\r\n")):
			unwatched.Add(1)
		}
		return redistest.Forward
	}))
	f.Fill(t, "p", n, 20)
	whole(t, Run(ctx, f.Cluster, reinsert(), Options{}))
	f.Put(t, hot, "old:first")
	strikes.Store(0)
	unwatched.Store(0)
	total := whole(t, Run(ctx, f.Cluster, reinsert(), Options{Workers: 1}))
	if total.Rewritten != 1 || total.Unchanged != n-1 || total.Aborted != 1 || strikes.Load() != 2 {
		t.Errorf("%d strikes, %+v", strikes.Load(), total)
	}
	if got := f.Value(hot); got != "new:strike" {
		t.Errorf("the key holds %q", got)
	}
	t.Logf("%d times read unguarded", unwatched.Load())
}
