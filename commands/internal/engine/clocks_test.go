package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
)

// shifted has the clock of the first server look as if it were ahead.
func shifted(t *testing.T, by time.Duration) func(*farm, *cluster.Spec) {
	return twisted(t, func([]byte) {}, func(command string, reply []byte) []byte {
		lines := strings.Split(string(reply), "\r\n")
		if command != "time" || len(lines) < 5 {
			return nil
		}
		seconds, err := strconv.ParseInt(lines[2], 10, 64)
		if err != nil {
			return nil
		}
		return fmt.Appendf(nil, "*2\r\n$10\r\n%d\r\n$%d\r\n%s\r\n", seconds+int64(by/time.Second), len(lines[4]), lines[4])
	})
}

// What is left of lives is near to what it should be, for the first server of a farm: less
// by what passed since.
func livesNear(t *testing.T, f *farm, want time.Duration, since time.Time) {
	t.Helper()
	ctx := context.Background()
	keys := f.Clients[0].Keys(ctx, "p:*").Val()
	if len(keys) == 0 {
		t.Error("no keys")
	}
	for _, key := range keys {
		left := f.Clients[0].PTTL(ctx, key).Val()
		if least := want - time.Since(since) - time.Second; left > want+time.Second || left < least {
			t.Fatalf("%s lives for %v, want %v", key, left, want)
		}
	}
}

// Where the clock of a server differs, an expiry is written as what is left of the time,
// and the report says so; else the moment is kept to the millisecond.
func TestExpiriesWhereClocksDiffer(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour, "the same": 0} {
		for _, barred := range []string{"", "-eval"} {
			t.Run(name+barred, func(t *testing.T) {
				t.Parallel()
				f := newFarm(t, 1, "p", asUser("run", shifted(t, by)))
				ctx := context.Background()
				setUser(f.Clients[0], "+@all "+barred)
				f.Fill(t, "p", 300, 10)
				begin := time.Now()
				at := begin.Add(30 * time.Minute).Truncate(time.Millisecond)
				check := func(what string, r *Report) {
					t.Helper()
					whole(t, r)
					livesNear(t, f, 30*time.Minute, begin)
					s := &r.Shards[0]
					off := time.Duration(s.ClockAhead)*time.Millisecond - by
					if s.AsTimeLeft != (by != 0) || s.AsTimeLeft && off.Abs() > 10*time.Second {
						t.Errorf("%s: as time left %v, ahead %d", what, s.AsTimeLeft, s.ClockAhead)
					}
					text, err := json.Marshal(r)
					if err != nil || strings.Contains(string(text), `"expiries":"as_time_left","clock_ahead_ms":`) != (by != 0) {
						t.Errorf("%s: %s, %v", what, text, err)
					}
					if exact := f.Clients[0].PExpireTime(ctx, f.Clients[0].RandomKey(ctx).Val()).Val(); by == 0 && exact.Milliseconds() != at.UnixMilli() {
						t.Errorf("%s: a key expires at %v, want %v", what, exact, at)
					}
				}
				check("expire", Run(ctx, f.Cluster, &Expire{At: at}, Options{}))

				// A backup by a machine whose servers had its own clock.
				dir, w, end := keep(t)
				whole(t, Run(ctx, f.Cluster, &Backup{}, Options{Backup: w}))
				end()
				a := back(t, dir)
				a.Manifest.Servers = []archive.Server{{Index: 0, Shard: "shard0", Ahead: new(int64(0))}}
				for _, replace := range []bool{false, true} {
					f.Clients[0].FlushAll(ctx)
					r := Run(ctx, f.Cluster, &Restore{Archive: a, Target: home(1), Replace: replace}, Options{})
					check(fmt.Sprint("restore, replace ", replace), r)
					if total := r.Total(); total.Restored != 300 {
						t.Errorf("%+v", total)
					}
				}
			})
		}
	}
}
