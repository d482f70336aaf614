package engine

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
	"cachering/scripts/trials"
)

// During a run the old application writes where it finds its keys, the new one where the
// ring has them, and a reader looks at both: no update is lost, and no key is ever without
// a copy.
func TestCarryAmongApplications(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const keys = 600
	random := trials.Rand(t)
	for trial := range trials.Count(t, "CACHERING_CARRIES", 2) {
		f := strew(t, 3, 2, keys)
		var astray []string
		for n := range keys {
			if key := fmt.Sprintf("p:1:k%d", n); f.at(key) != farmtest.HomeOf([]byte(key), 3) {
				astray = append(astray, key)
			}
		}
		var stop atomic.Bool
		var wg sync.WaitGroup
		var asked, oldWrites, newWrites atomic.Int64
		last := make([]map[string]string, 4)
		for w := range last {
			last[w] = map[string]string{}
			seed := random.Uint64()
			wg.Go(func() { // each writer has keys of its own: the even ones write as the old application
				random, clients := rand.New(rand.NewPCG(seed, 0)), make([]*redis.Client, 3)
				for i := range clients {
					clients[i] = f.Servers[i].Client(0)
				}
				for n := 0; !stop.Load(); n++ {
					key := astray[random.IntN(len(astray)/4)*4+w]
					value := fmt.Sprintf("%d-%d", w, n)
					if w%2 == 0 {
						ok, err := clients[f.at(key)].SetXX(ctx, key, value, time.Hour).Result()
						if err != nil {
							t.Error(err)
							return
						}
						if ok {
							last[w][key] = value
							oldWrites.Add(1)
						}
					} else {
						if err := clients[farmtest.HomeOf([]byte(key), 3)].Set(ctx, key, value, time.Hour).Err(); err != nil {
							t.Error(err)
							return
						}
						last[w][key] = value
						newWrites.Add(1)
					}
				}
			})
		}
		seed := random.Uint64()
		wg.Go(func() {
			random, clients := rand.New(rand.NewPCG(seed, 0)), make([]*redis.Client, 3)
			for i := range clients {
				clients[i] = f.Servers[i].Client(0)
			}
			for !stop.Load() {
				key := astray[random.IntN(len(astray))]
				// It goes from the one to the other, so that it is looked for there last.
				if clients[f.at(key)].Exists(ctx, key).Val()+clients[farmtest.HomeOf([]byte(key), 3)].Exists(ctx, key).Val() == 0 {
					t.Errorf("%s is nowhere", key)
				}
				asked.Add(1)
			}
		})
		for asked.Load() < 50 || oldWrites.Load() < 20 || newWrites.Load() < 20 {
			time.Sleep(time.Millisecond)
		}
		total := whole(t, Run(ctx, f.Cluster, &Carry{Existing: ExistingKeep}, Options{Rate: 2000}))
		stop.Store(true)
		wg.Wait()
		if total.Conflict > 0 || total.Scanned < int64(len(astray)) {
			t.Errorf("trial %d, of %d: %+v", trial, len(astray), total)
		}
		for w := range last {
			for key, value := range last[w] {
				if got := f.Value(key); got != value {
					t.Errorf("trial %d: %s, written by %d: got %q, want %q", trial, key, w, got, value)
				}
			}
		}
		t.Logf("%d and %d writes, %d questions: %+v", oldWrites.Load(), newWrites.Load(), asked.Load(), total)
	}
}

// What is lost on the way from or to a server is asked for again, and every entry is home
// in the end.
func TestCarryThroughFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, of := range map[string]struct {
		server int // 0 and 1 are left, 2 is gone to
		word   string
		action redistest.Action
	}{
		"source carried out": {0, "exec", redistest.CutAfter}, "source never arrived": {0, "exec", redistest.CutBefore},
		"target carried out": {2, "nx", redistest.CutAfter}, "target never arrived": {2, "nx", redistest.CutBefore},
		"read": {0, "mget", redistest.CutAfter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n, cuts atomic.Int64
			f := &strewn{was: 2}
			f.farm = newFarm(t, 3, "p", func(of2 *farm, spec *cluster.Spec) {
				p := redistest.ProxyT(t, of2.Servers[of.server], func(b []byte) redistest.Action {
					// As often as one connection may be dialled again, whichever they fall on.
					if bytes.Contains(b, []byte("\r\n"+of.word+"\r\n")) && n.Add(1)%5 == 0 && cuts.Load() < scan.Redials {
						cuts.Add(1)
						return of.action
					}
					return redistest.Forward
				})
				spec.Endpoints[of.server].Network, spec.Endpoints[of.server].Addr = p.Network, p.Addr
			})
			for n := range 1500 {
				key := fmt.Sprintf("p:1:k%d", n)
				f.put(t, f.at(key), key, "v"+strconv.Itoa(n), time.Duration(n%2)*time.Hour)
			}
			astray, before := f.astray(t)
			total := Run(ctx, f.Cluster, carry(), Options{Rate: 3000})
			sums := total.Total()
			sum(t, &sums)
			left, after := f.astray(t)
			if !maps.Equal(before, after) {
				t.Errorf("%d keys, want %d, or not as they were", len(after), len(before))
			}
			if left != 0 || sums.Moved != int64(astray) || cuts.Load() != scan.Redials {
				t.Errorf("%d cuts, %d left, of %d: %+v", cuts.Load(), left, astray, sums)
				for _, s := range total.Shards {
					t.Log(s.Shard, s.Err)
				}
			}
		})
	}
}

// A home that is down keeps its entries where they are, and no others.
func TestCarryLeavesWhatHasNoHome(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, when := range []string{"before", "during"} {
		f := strew(t, 4, 2, 1200)
		astray, before := f.astray(t)
		o := Options{Rate: 2000}
		var once sync.Once
		if when == "before" {
			f.Servers[3].Kill()
		} else {
			o.Progress = func(p Progress) {
				if p.Done > 300 {
					once.Do(f.Servers[3].Kill)
				}
			}
		}
		r := Run(ctx, f.Cluster, carry(), o)
		total := r.Total()
		sum(t, &total)
		if r.Shards[3].Err == nil && when == "before" || total.Moved == 0 || total.Failed[ReasonTarget]+total.Moved != total.Scanned || total.Scanned != int64(astray) {
			t.Errorf("%s, of %d: %+v, %v", when, astray, total, r.Shards[3].Err)
		}
		lost := 0
		f.Clients, f.Servers = f.Clients[:3], f.Servers[:3]
		there := map[string]bool{}
		for at := range f.state(t) {
			_, key, _ := strings.Cut(at, " ")
			there[key] = true
		}
		for key := range before {
			if !there[key] {
				lost++
				if farmtest.HomeOf([]byte(key), 4) != 3 {
					t.Errorf("%s is gone", key)
				}
			}
		}
		if when == "before" && lost > 0 {
			t.Errorf("%d keys are gone", lost)
		}
	}
}

// Clocks that differ are no reason to lose time, or to win it.
func TestCarryBetweenClocks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ahead := map[int]time.Duration{0: -5 * time.Second, 1: 0, 2: 5 * time.Second}
	f := &strewn{was: 3}
	f.farm = newFarm(t, 3, "p", func(of *farm, spec *cluster.Spec) {
		for i, by := range ahead {
			s := redistest.RunShifted(t, by)
			of.Servers[i], of.Clients[i] = s, s.Client(0)
			spec.Endpoints[i].Addr = s.Addr
		}
	})
	left := map[string]time.Duration{}
	begin := time.Now()
	for n := range 90 {
		key, _, other := pair(3, fmt.Sprint("k", n))
		f.put(t, other, key, "v", time.Duration(n+60)*time.Second)
		left[key] = time.Duration(n+60) * time.Second
	}
	r := Run(ctx, f.Cluster, carry(), Options{})
	if total := whole(t, r); total.Moved != 90 {
		t.Errorf("%+v", total)
	}
	for key, want := range left {
		got, passed := f.Client(key).PTTL(ctx, key).Val(), time.Since(begin)
		if got > want || got < want-passed-time.Second {
			t.Errorf("%s: %v left, %v after it had %v", key, got, passed, want)
		}
	}
	told := 0
	for _, s := range r.Shards {
		if s.AsTimeLeft {
			told++
		}
	}
	if told != 3 {
		t.Errorf("the clocks of %d shards are told", told)
	}
	if again := whole(t, Run(ctx, f.Cluster, carry(), Options{})); again.Scanned != 0 {
		t.Errorf("again: %+v", again)
	}
}

// What a clock at home takes for expired stays where it is as long as its own does not.
func TestCarryCountsAClockThatLies(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := &strewn{was: 2}
	f.farm = newFarm(t, 2, "p", func(of *farm, spec *cluster.Spec) {
		s := redistest.RunShifted(t, time.Hour)
		of.Servers[1], of.Clients[1] = s, s.Client(0)
		spec.Endpoints[1].Addr = s.Addr
	})
	f.Allow(t, "-time") // so that nobody can tell
	var want int64
	for n := range 40 {
		key, home, other := pair(2, fmt.Sprint("k", n))
		f.put(t, other, key, "v", time.Minute)
		if home == 1 {
			want++
		}
	}
	total := Run(ctx, f.Cluster, carry(), Options{}).Total()
	sum(t, &total)
	if total.Clock != want || total.Moved != 40-want || f.Clients[0].DBSize(ctx).Val() != 40 {
		t.Errorf("%d, want %d: %+v; %d keys", total.Clock, want, total, f.Clients[0].DBSize(ctx).Val())
	}
}
