package engine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
)

// However a shard is written, each key lives as long as was asked and up to the jitter
// longer, and they are spread over all of it.
func TestLivesAreSpread(t *testing.T) {
	t.Parallel()
	const n = 500
	for _, guard := range guards {
		for _, backed := range []bool{false, true} {
			if backed && guard.way == inTwoSteps {
				continue // a backup needs transactions
			}
			for name, at := range map[string]bool{"from now": false, "at": true} {
				t.Run(fmt.Sprint(guard.way, "/", name, "/", backed), func(t *testing.T) {
					t.Parallel()
					f := newFarm(t, 1, "p", barred(guard.barred, nil))
					f.Fill(t, "p", n, 10)
					begin := time.Now()
					op := &Expire{TTL: time.Hour, Jitter: cluster.NewJitter(time.Hour)}
					if at {
						op.TTL, op.At = 0, begin.Add(time.Hour)
					}
					var options Options
					if backed {
						_, w, end := keep(t)
						defer end()
						options.Backup = w
					}
					if total := whole(t, Run(context.Background(), f.Cluster, op, options)); total.Changed != n {
						t.Fatalf("%+v", total)
					}
					took := time.Since(begin)
					tenths := map[int]int{}
					for _, key := range f.Clients[0].Keys(t.Context(), "p:*").Val() {
						at := f.Clients[0].PExpireTime(t.Context(), key).Val()
						later := at - time.Duration(begin.UnixMilli())*time.Millisecond - time.Hour
						if later < 0 || later > time.Hour+took+time.Second {
							t.Fatalf("%s lives %v longer", key, later)
						}
						tenths[int(later*10/(time.Hour+took+time.Second))]++
					}
					for i := range 10 {
						if tenths[i] == 0 { // one time in 10^21
							t.Errorf("none of %d keys expires in tenth %d", n, i)
						}
					}
				})
			}
		}
	}
}
