package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/farmtest"
)

// written is what a writer last did with a key.
type written struct {
	touched bool
	value   string // empty: deleted
	at      int64  // expiry in milliseconds since 1970; 0: none
}

// application changes, deletes and makes again random keys until stop is
// closed. Every key has one writer, so what it did last is known.
func application(t *testing.T, f *farm, ledger []written, stop <-chan struct{}, seed uint64) (writes *atomic.Int64, wait func()) {
	const writers = 4
	owned := make([][][]int, writers) // by writer and shard
	for w := range owned {
		owned[w] = make([][]int, len(f.Clients))
	}
	for i := range ledger {
		home := farmtest.HomeOf([]byte(entryKey(i)), len(f.Clients))
		owned[i%writers][home] = append(owned[i%writers][home], i)
	}
	writes = new(atomic.Int64)
	var wg sync.WaitGroup
	for w := range writers {
		random := rand.New(rand.NewPCG(seed, uint64(w)))
		wg.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-stop:
					return
				default:
				}
				shard := random.IntN(len(f.Clients))
				if err := write(f.Clients[shard], ledger, owned[w][shard], random, round); err != nil {
					t.Error(err)
					return
				}
				writes.Add(perRound)
			}
		})
	}
	return writes, wg.Wait
}

// perRound is how many writes go into one pipeline of the application.
const perRound = 20

func write(c *redis.Client, ledger []written, owned []int, random *rand.Rand, round int) error {
	ctx := context.Background()
	pipe := c.Pipeline()
	for n := range perRound {
		i := owned[random.IntN(len(owned))]
		if random.IntN(3) == 0 {
			i = owned[random.IntN(20)] // a few keys that are written all the time
		}
		l := written{touched: true}
		if random.IntN(4) == 0 {
			pipe.Del(ctx, entryKey(i))
		} else {
			l.value = []string{"old:", "new:"}[random.IntN(2)] + fmt.Sprintf("round %d write %d", round, n)
			args := []any{"set", entryKey(i), l.value}
			if random.IntN(2) == 0 {
				l.at = time.Now().Add(time.Hour).UnixMilli() + int64(n)
				args = append(args, "pxat", l.at)
			}
			pipe.Do(ctx, args...)
		}
		ledger[i] = l
	}
	_, err := pipe.Exec(ctx)
	return err
}

func entryKey(i int) string { return fmt.Sprintf("app:1:key-%d", i) }

type state struct {
	value string // empty: no such key
	at    int64
}

// states reads values and expiries of all keys.
func states(t *testing.T, f *farm, n int) []state {
	t.Helper()
	ctx := context.Background()
	out := make([]state, n)
	get := make([]*redis.StringCmd, n)
	at := make([]*redis.Cmd, n)
	pipes := f.Pipes()
	for i := range n {
		key := entryKey(i)
		p := pipes[farmtest.HomeOf([]byte(key), len(pipes))]
		get[i], at[i] = p.Get(ctx, key), p.Do(ctx, "pexpiretime", key)
	}
	for _, p := range pipes {
		p.Exec(ctx)
	}
	for i := range n {
		out[i].value, _ = get[i].Result()
		out[i].at, _ = at[i].Int64()
		out[i].at = max(out[i].at, 0)
	}
	return out
}

func TestAnExpiredKeyIsNotBroughtBack(t *testing.T) {
	const n = 6000
	ctx := context.Background()
	f := newFarm(t, 2, "app", nil)
	pipes := f.Pipes()
	for i := range n {
		pipes[farmtest.HomeOf([]byte(entryKey(i)), 2)].Set(ctx, entryKey(i), "old:x", time.Duration(1+i%400)*time.Millisecond)
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	end := time.Now().Add(500 * time.Millisecond)
	for time.Now().Before(end) {
		whole(t, Run(ctx, f.Cluster, reinsert(), Options{}))
	}
	if left := f.All(t); len(left) != 0 {
		t.Errorf("%d keys outlived their expiry", len(left))
	}
}
