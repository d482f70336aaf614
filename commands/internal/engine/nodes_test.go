package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
	"cachering/ring"
	"cachering/scripts/trials"
)

// ofNodes is a cache on a Redis Cluster.
func ofNodes(t *testing.T, n *redistest.Nodes) *cluster.Cluster {
	t.Helper()
	end := func(addr string) (cluster.Endpoint, error) {
		return cluster.Endpoint{Name: addr, Network: "tcp", Addr: addr, Writable: true}, nil
	}
	spec := cluster.Spec{Alias: "c", Keyspace: ring.Keyspace{Prefix: "app"}, Node: end}
	for i, s := range n.Masters {
		e, _ := end(s.Addr)
		spec.Endpoints = append(spec.Endpoints, e)
		m := len(n.Masters)
		spec.Slots = append(spec.Slots, ring.SlotRange{First: i * ring.Slots / m, Last: (i+1)*ring.Slots/m - 1, Server: i})
	}
	cl, err := cluster.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.Close() })
	return cl
}

// fill stores n values under keys that begin so.
func fill(t *testing.T, c *redis.ClusterClient, key, value string, n int, ttl time.Duration) {
	t.Helper()
	pipe := c.Pipeline()
	for i := range n {
		pipe.Set(t.Context(), fmt.Sprintf("%s%d", key, i), fmt.Sprintf("%s%d", value, i), ttl)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRunsOverARedisCluster(t *testing.T) {
	ctx := t.Context()
	n := redistest.RunNodesT(t, 3, 0)
	cl, c := ofNodes(t, n), n.ClientT(t)
	const keys, tagged = 3000, 500
	fill(t, c, "app:1:k", "old:", keys, time.Hour)
	fill(t, c, "app:1:{tag}", "old:", tagged, 0)
	fill(t, c, "other:1:k", "old:", 100, 0)
	c.RPush(ctx, "app:1:list", "v")
	c.Set(ctx, "app:2:bad", "bad:", 0)
	c.Set(ctx, "app:2:large", "old:"+strings.Repeat("x", 2*batchBudget), 0)
	moment := c.PExpireTime(ctx, "app:1:k7").Val()

	for _, huge := range []int64{0, 100} { // with that, the keys with a tag are scanned
		dry := whole(t, Run(ctx, cl, reinsert(), Options{DryRun: true, hugeSlot: huge}))
		if dry.Rewritten != keys+tagged+1 || dry.Failed["unreadable"] != 1 || dry.Skipped[ReasonNotAString] != 1 {
			t.Fatalf("the dry run with slots of up to %d: %+v", huge, dry)
		}
	}
	if v := c.Get(ctx, "app:1:k7").Val(); v != "old:7" {
		t.Fatalf("a dry run wrote %q", v)
	}
	total := whole(t, Run(ctx, cl, reinsert(), Options{}))
	if total.Rewritten != keys+tagged+1 || total.Failed["unreadable"] != 1 || total.Skipped[ReasonNotAString] != 1 || total.Scanned != keys+tagged+3 {
		t.Errorf("reinsert: %+v", total)
	}
	if v, at := c.Get(ctx, "app:1:k7").Val(), c.PExpireTime(ctx, "app:1:k7").Val(); v != "new:7" || at != moment {
		t.Errorf("after the run %q, which expires at %v, not %v", v, at, moment)
	}
	if v := c.Get(ctx, "other:1:k7").Val(); v != "old:7" {
		t.Errorf("another's key is %q", v)
	}
	if again := whole(t, Run(ctx, cl, reinsert(), Options{hugeSlot: 100})); again.Unchanged != keys+tagged+1 {
		t.Errorf("again: %+v", again)
	}
	persisted := whole(t, Run(ctx, cl, &Persist{}, Options{}))
	if persisted.Changed != keys || persisted.Unchanged != tagged+2 {
		t.Errorf("persist: %+v", persisted)
	}
	expiring := whole(t, Run(ctx, cl, &Expire{TTL: time.Hour}, Options{Selection: scan.Selection{Match: "{tag}*"}, hugeSlot: 100}))
	if expiring.Changed != tagged {
		t.Errorf("expire: %+v", expiring)
	}
	op := &Delete{Command: "del-pattern"}
	some := Options{Selection: scan.Selection{Match: "k*", Protect: []string{"k1"}}}
	some.DryRun = true
	if dry := whole(t, Run(ctx, cl, op, some)); dry.Deleted != keys-1 || dry.Spared != 1 {
		t.Errorf("dry deletion: %+v", dry)
	}
	some.DryRun = false
	if gone := whole(t, Run(ctx, cl, op, some)); gone.Deleted != keys-1 || gone.Spared != 1 {
		t.Errorf("deletion: %+v", gone)
	}
	if all := whole(t, Run(ctx, cl, &Delete{Command: "clear"}, Options{})); all.Deleted != tagged+3 || all.Skipped[ReasonNotAString] != 1 {
		t.Errorf("clear: %+v", all)
	}

	t.Run("a slot on its way", func(t *testing.T) {
		from, to := n.Masters[0], n.Masters[1]
		for moved, step := range []func(slot int){
			func(slot int) { n.Begin(slot, from, to); n.Carry(from, to, "app:1:{way}0", "app:1:{way}1") },
			func(slot int) { n.Move(from, to, slot, slot) },
		} {
			fill(t, c, "app:1:{way}", "old:", 40, time.Hour)
			slot := n.Slot("app:1:{way}0")
			if from, to = n.Owner(n.Masters[0], slot), n.Masters[1]; from == to {
				to = n.Masters[0]
			}
			step(slot)
			if total := whole(t, Run(ctx, cl, reinsert(), Options{})); total.Rewritten != 40 || total.Scanned != 41 { // the list, too
				t.Errorf("moved %d: reinsert: %+v", moved, total)
			}
			if total := whole(t, Run(ctx, cl, &Persist{}, Options{})); total.Changed != 40 {
				t.Errorf("moved %d: persist: %+v", moved, total)
			}
			if total := whole(t, Run(ctx, cl, &Delete{Command: "clear"}, Options{})); total.Deleted != 40 {
				t.Errorf("moved %d: clear: %+v", moved, total)
			}
		}
	})
}

// stands is what an application last stored, and until when.
type stands struct {
	value string
	at    int64
}

// TestSlotsMoveDuringARun: no key is missed or counted twice, no update of the application
// is lost, no expiry moves.
func TestSlotsMoveDuringARun(t *testing.T) {
	trials.Optional(t, "cluster")
	ctx := t.Context()
	n := redistest.RunNodesT(t, 3, 0)
	cl, c := ofNodes(t, n), n.ClientT(t)
	const keys, owned, writers = 8000, 50, 4
	fill(t, c, "app:1:k", "old:", keys, time.Hour)
	moments := make([]time.Duration, keys)
	for i := range moments {
		moments[i] = c.PExpireTime(ctx, fmt.Sprintf("app:1:k%d", i)).Val()
	}

	stop := make(chan struct{})
	var wg sync.WaitGroup
	ledgers := make([][]stands, writers)
	for w := range writers {
		ledgers[w] = make([]stands, owned)
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 1))
			for round := 0; ; round++ {
				select {
				case <-stop:
					return
				default:
				}
				i := random.IntN(owned)
				key := fmt.Sprintf("app:1:w%d-%d", w, i)
				at := time.Now().Add(time.Hour + time.Duration(random.IntN(1e6))*time.Millisecond).UnixMilli()
				was := &ledgers[w][i]
				var err error
				switch random.IntN(4) {
				case 0:
					err = c.Del(ctx, key).Err()
					*was = stands{}
				case 1:
					if was.value != "" {
						err = c.PExpireAt(ctx, key, time.UnixMilli(at)).Err()
						was.at = at
					}
				default:
					value := fmt.Sprintf("old:%d-%d", w, round)
					err = c.Do(ctx, "set", key, value, "pxat", at).Err()
					*was = stands{value, at}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		n.Move(n.Masters[0], n.Masters[1], 4000, 4040)
		n.Move(n.Masters[2], n.Masters[0], ring.Slots-40, ring.Slots-1)
		n.Move(n.Masters[0], n.Masters[2], 0, 20)
	}()
	runs := 0
	for over := false; !over; runs++ {
		select {
		case <-moved:
			over = true
		default:
		}
		if runs > 0 {
			refill(t, c, keys)
		}
		report := Run(ctx, cl, reinsert(), Options{Rate: 8000})
		total := whole(t, report)
		static := total.Rewritten + total.Unchanged + total.Gone
		if total.Rewritten < keys || static > keys+writers*owned || total.Conflict != 0 || len(total.Failed)+len(total.Skipped) != 0 {
			t.Fatalf("run %d: %+v", runs, total)
		}
		for i := range keys {
			key := fmt.Sprintf("app:1:k%d", i)
			if v := c.Get(ctx, key).Val(); v != fmt.Sprintf("new:%d", i) {
				t.Fatalf("run %d: %s is %q", runs, key, v)
			}
			if at := c.PExpireTime(ctx, key).Val(); !sameMoment(key, at, moments[i]) {
				t.Fatalf("run %d: %s expires at %v, not %v", runs, key, at, moments[i])
			}
		}
	}
	close(stop)
	wg.Wait()
	for w := range writers {
		for i, was := range ledgers[w] {
			key := fmt.Sprintf("app:1:w%d-%d", w, i)
			value, err := c.Get(ctx, key).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				t.Fatal(err)
			}
			if value != was.value && value != strings.Replace(was.value, "old:", "new:", 1) {
				t.Errorf("%s is %q, not %q", key, value, was.value)
			}
			if at := c.PExpireTime(ctx, key).Val(); was.value != "" && !sameMoment(key, at, time.Duration(was.at)*time.Millisecond) {
				t.Errorf("%s expires at %v, not %v", key, at, was.at)
			}
		}
	}
	t.Logf("%d runs", runs)
}

// sameMoment compares expiries. MIGRATE carries what is left of a time, which comes later at
// the other master by as long as that took.
func sameMoment(key string, got, want time.Duration) bool {
	late := time.Duration(0)
	if slot := ring.Slot([]byte(key)); slot >= 4000 && slot <= 4040 || slot >= ring.Slots-40 || slot <= 20 {
		late = 10 * time.Second
	}
	return got >= want && got <= want+late
}

// refill stores the old values again, expiries kept.
func refill(t *testing.T, c *redis.ClusterClient, n int) {
	t.Helper()
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	for some := range slices.Chunk(list, 1000) {
		pipe := c.Pipeline()
		for _, i := range some {
			pipe.Set(context.Background(), fmt.Sprintf("app:1:k%d", i), fmt.Sprintf("old:%d", i), redis.KeepTTL)
		}
		if _, err := pipe.Exec(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
