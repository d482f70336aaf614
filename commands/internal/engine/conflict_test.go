package engine

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/redistest"
)

// An application that always strikes between the read and the EXEC: the key it
// writes is given up after a bounded number of tries, the others of its batch
// are rewritten.
func TestAKeyInTheWayHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n, hot = 320, "p:1:key-7"
	for name, c := range map[string]struct {
		strike func(c *redis.Client, i int64)
		strikes,
		tries int64
		want Tally
	}{
		"always written": {
			strike:  func(c *redis.Client, i int64) { c.Set(ctx, hot, fmt.Sprintf("old:strike %d", i), 0) },
			strikes: 1000, tries: 5 + 1 + maxTries, // 32 keys are halved 5 times
			want: Tally{Rewritten: n - 1, Conflict: 1},
		},
		"written a few times": {
			strike:  func(c *redis.Client, i int64) { c.Set(ctx, hot, fmt.Sprintf("old:strike %d", i), 0) },
			strikes: 8, tries: 9,
			want: Tally{Rewritten: n},
		},
		"made what it should be": {
			strike:  func(c *redis.Client, i int64) { c.Set(ctx, hot, "new:strike", 0) },
			strikes: 1, tries: 1,
			want: Tally{Rewritten: n - 1, Unchanged: 1},
		},
		"deleted": {
			strike:  func(c *redis.Client, i int64) { c.Del(ctx, hot) },
			strikes: 1, tries: 1,
			want: Tally{Rewritten: n - 1, Gone: 1},
		},
		"made a list": {
			strike:  func(c *redis.Client, i int64) { c.Del(ctx, hot); c.RPush(ctx, hot, "v") },
			strikes: 1, tries: 1,
			want: Tally{Rewritten: n - 1, Skipped: map[string]int64{"not_a_string": 1}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var strikes, tries atomic.Int64
			var f *farm
			var p *redistest.Proxy
			f = newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
				// To strike at the SET of the key, not at WATCH or MGET.
				set := bytes.Index(b, []byte(hot+"\r\n$"))
				if set < 0 || !bytes.Contains(b[set:], []byte("keepttl")) {
					return redistest.Forward
				}
				tries.Add(1)
				if i := strikes.Add(1); i <= c.strikes {
					c.strike(f.Clients[0], i)
				}
				return redistest.Forward
			}))
			f.Fill(t, "p", n, 20)
			total := whole(t, Run(ctx, f.Cluster, reinsert(), Options{}))
			got := fmt.Sprint(total.Rewritten, total.Unchanged, total.Conflict, total.Gone, total.Skipped)
			if want := fmt.Sprint(c.want.Rewritten, c.want.Unchanged, c.want.Conflict, c.want.Gone, addCounts(nil, c.want.Skipped)); got != want {
				t.Errorf("counted %s, want %s", got, want)
			}
			if tries.Load() > c.tries+1 || tries.Load() < c.tries {
				t.Errorf("%d tries, want %d", tries.Load(), c.tries)
			}
			if c.want.Conflict == 1 && f.Value(hot) != fmt.Sprintf("old:strike %d", strikes.Load()) {
				t.Errorf("the key holds %q after %d strikes", f.Value(hot), strikes.Load())
			}
		})
	}
}
