package engine

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// rounds is how often a test of random moments tries.
func rounds(t *testing.T, few int) int {
	t.Helper()
	return trials.Count(t, "CACHERING_ROUNDS", few)
}

// asUser makes the run another user than the application: what it may do
// changes while it is at work.
func asUser(user string, more func(*farm, *cluster.Spec)) func(*farm, *cluster.Spec) {
	return func(f *farm, spec *cluster.Spec) {
		for i, c := range f.Clients {
			spec.Endpoints[i].Login = func(context.Context) (string, string, error) { return user, "", nil }
			c.Do(context.Background(), "acl", "setuser", user, "on", "nopass", "~*", "+@all")
			c.Do(context.Background(), "acl", "setuser", user, "&*") // which servers before 6.2 do not know
		}
		if more != nil {
			more(f, spec)
		}
	}
}

// withoutKeepTTL puts a proxy before the first server that makes it one from
// before 6.0.
func withoutKeepTTL(t *testing.T) func(*farm, *cluster.Spec) {
	var p *redistest.Proxy
	return proxied(t, &p, func(b []byte) redistest.Action {
		if i := bytes.Index(b, []byte("keepttl")); i >= 0 {
			copy(b[i:], "keepxxx")
		}
		return redistest.Forward
	})
}

// An administrator takes from the run's user, at any moment of a run under live
// writers, a right that its transactions need: each from a run with or without
// KEEPTTL, and with CACHERING_WHOLE from both.
func TestWhatIsRefusedInMidRunIsNotWritten(t *testing.T) {
	const n = 2400
	ctx := context.Background()
	type pair struct{ name, right string }
	var pairs []pair
	for _, right := range []string{"multi", "exec", "watch", "set"} {
		pairs = append(pairs, pair{"keepttl", right}, pair{"without keepttl", right})
	}
	for _, p := range trials.Cover(t, pairs, func(p pair) []string { return []string{p.name, p.right} }) {
		name, right := p.name, p.right
		t.Run(name+"/"+right, func(t *testing.T) {
			var change func(*farm, *cluster.Spec)
			if name != "keepttl" {
				change = withoutKeepTTL(t)
			}
			f := newFarm(t, 1, "app", asUser("run", change))
			tightened, random := 0, trials.Rand(t)
			for range rounds(t, 1) {
				seed := random.Uint64()
				f.Clients[0].FlushAll(ctx)
				f.Clients[0].Do(ctx, "acl", "setuser", "run", "+"+right)
				f.Fill(t, "app", n, 100)
				before := states(t, f, n)
				ledger := make([]written, n)
				stop := make(chan struct{})
				writes, wait := application(t, f, ledger, stop, seed)
				for writes.Load() < 100 {
					time.Sleep(time.Millisecond)
				}
				refused := make(map[string]bool)
				failed := make(map[string]bool)
				var begun atomic.Bool
				moment, later := random.Int64N(n), time.Duration(random.Int64N(int64(10*time.Millisecond)))
				r := Run(ctx, f.Cluster, reinsert(), Options{
					Failure: func(f Failure) {
						failed[string(f.Stored)] = true
						refused[string(f.Stored)] = refused[string(f.Stored)] || f.Reason == ReasonRefused
					},
					Progress: func(p Progress) {
						if p.Done >= moment && !begun.Swap(true) {
							time.AfterFunc(later, func() {
								f.Clients[0].Do(ctx, "acl", "setuser", "run", "-"+right)
							})
						}
					},
				})
				close(stop)
				wait()
				s := &r.Shards[0]
				sum(t, &s.Tally)
				if s.Err != nil {
					tightened++
					if !strings.Contains(s.Err.Error(), right) {
						t.Errorf("seed %d: error %v", seed, s.Err)
					}
				}
				lost, revived, moved, mistaken := 0, 0, 0, 0
				for i, got := range states(t, f, n) {
					l, key := ledger[i], entryKey(i)
					if !l.touched {
						l = written{value: before[i].value, at: before[i].at}
					}
					switch {
					case l.value == "":
						if got.value != "" {
							revived++
						}
						continue
					case got.value == l.value:
					case got.value != "new:"+strings.TrimPrefix(l.value, "old:"):
						lost++
					case refused[key]:
						mistaken++
					}
					// Without KEEPTTL a moment is TIME + PTTL, and a busy machine
					// may stop between the two, for as long as the run took.
					ran := r.Elapsed.Milliseconds() + 1
					if d := got.at - l.at; d != 0 && (name == "keepttl" || d < -ran || d > ran) {
						moved++
					}
				}
				if lost+revived+moved+mistaken > 0 {
					t.Errorf("seed %d: %d updates lost, %d deleted keys brought back, %d expiries moved, %d of %d refused keys written: %+v, %v",
						seed, lost, revived, moved, mistaken, len(refused), s.Tally, s.Err)
				}
			}
			t.Logf("%d runs ended by it", tightened)
		})
	}
}
