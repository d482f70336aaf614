package engine

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// keep makes a backup for a run, which end brings to its end.
func keep(t testing.TB) (dir string, w *archive.Writer, end func()) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "backup")
	w, err := archive.Create(dir, archive.Manifest{Command: "test", Servers: []archive.Server{}})
	if err != nil {
		t.Fatal(err)
	}
	return dir, w, func() {
		if err := w.Close(true, nil); err != nil {
			t.Error(err)
		}
	}
}

// back opens a backup, checked.
func back(t testing.TB, dir string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	for _, f := range a.Files {
		if err := f.Check(t.Context(), false, nil); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// home is the target of entries of a farm of n shards.
func home(n int) func(int, []byte) int {
	return func(_ int, stored []byte) int {
		stored = []byte(strings.TrimPrefix(string(stored), "__fresh__"))
		return farmtest.HomeOf(stored, n)
	}
}

// state is every key of every server with its value and the moment it expires.
func (f *farm) state(t testing.TB) map[string]string {
	t.Helper()
	ctx := context.Background()
	all := map[string]string{}
	for i, c := range f.Clients {
		keys, err := c.Keys(ctx, "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for len(keys) > 0 {
			some := keys[:min(len(keys), 1000)]
			keys = keys[len(some):]
			gets, times := make([]*redis.StringCmd, len(some)), make([]*redis.DurationCmd, len(some))
			_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
				for j, key := range some {
					gets[j], times[j] = p.Get(ctx, key), p.PExpireTime(ctx, key)
				}
				return nil
			})
			if err != nil && !strings.Contains(err.Error(), "WRONGTYPE") && err != redis.Nil {
				t.Fatal(err)
			}
			for j, key := range some {
				all[fmt.Sprint(i, " ", key)] = gets[j].Val() + " " + strconv.FormatInt(times[j].Val().Milliseconds(), 10)
			}
		}
	}
	return all
}

// sameState compares, with expiries that may differ by so many milliseconds.
func sameState(t *testing.T, got, want map[string]string, slack int64) {
	t.Helper()
	split := func(state string) (value string, at int64) {
		i := strings.LastIndexByte(state, ' ')
		at, _ = strconv.ParseInt(state[i+1:], 10, 64)
		return state[:i], at
	}
	n := 0
	for key, is := range want {
		gotValue, gotAt := split(got[key] + " ")
		if got[key] != "" {
			gotValue, gotAt = split(got[key])
		}
		value, at := split(is)
		if (gotValue != value || max(gotAt-at, at-gotAt) > slack) && n < 5 {
			n++
			t.Errorf("%s: got %.30q until %d, want %.30q until %d", key, gotValue, gotAt, value, at)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
}

// fillMoments stores n values of every size, two of three with an expiry to the
// millisecond.
func (f *farm) fillMoments(t testing.TB, n int) {
	t.Helper()
	pipes, ctx := f.Pipes(), context.Background()
	now := time.Now()
	for i := range n {
		key := fmt.Sprintf("p:1:k%d", i)
		value := fmt.Sprintf("old:%d:%s", i, strings.Repeat("x", i%977))
		if i%500 == 7 {
			value += strings.Repeat("y", 300<<10)
		}
		p := pipes[farmtest.HomeOf([]byte(key), len(f.Clients))]
		p.Set(ctx, key, value, 0)
		if i%3 > 0 {
			p.PExpireAt(ctx, key, now.Add(time.Hour+time.Duration(i)*time.Millisecond))
		}
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// withoutMoments makes a farm of one server that knows neither PXAT nor PEXPIRETIME.
func withoutMoments(t *testing.T) func(*farm, *cluster.Spec) {
	var p *redistest.Proxy
	return proxied(t, &p, func(b []byte) redistest.Action {
		for _, word := range []string{"pxat", "pexpiretime"} {
			for at := b; ; {
				i := bytes.Index(at, []byte(word))
				if i < 0 {
					break
				}
				at[i+len(word)-1] = 'x'
				at = at[i:]
			}
		}
		return redistest.Forward
	})
}

func TestWhatWasBackedUpIsRestored(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprint("old server: ", old), func(t *testing.T) {
			t.Parallel()
			var change func(*farm, *cluster.Spec)
			shards, slack := 3, int64(0)
			if old {
				change, shards, slack = withoutMoments(t), 1, 2
			}
			f := newFarm(t, shards, "p", change)
			const n = 2000
			f.fillMoments(t, n)
			f.Put(t, "q:1:other", "old:foreign", "p:1:\xff\r\n", "old:bytes")
			ctx := context.Background()
			f.Client("p:1:list").LPush(ctx, "p:1:list", "x")
			before := f.state(t)
			dir, w, end := keep(t)
			r := Run(ctx, f.Cluster, &Backup{}, Options{Backup: w})
			end()
			total := whole(t, r)
			if total.Stored != n+1 || total.Skipped[ReasonNotAString] != 1 {
				t.Fatalf("%+v", total)
			}
			sameState(t, f.state(t), before, 0)
			for _, c := range f.Clients {
				c.FlushDB(ctx)
			}
			// What is there stays, and what is of another type.
			f.Put(t, "p:1:k1", "new:1")
			f.Client("p:1:k2").LPush(ctx, "p:1:k2", "x")
			f.Put(t, "p:1:k3", "token")
			op := &Restore{Archive: back(t, dir), Target: home(shards)}
			dry := whole(t, Run(ctx, f.Cluster, op, Options{DryRun: true}))
			if dry.Restored != n+1-3 || dry.Kept != 2 || dry.Skipped[ReasonNotAString] != 1 {
				t.Errorf("dry: %+v", dry)
			}
			total = whole(t, Run(ctx, f.Cluster, op, Options{Batch: 7}))
			if total.Restored != n+1-3 || total.Kept+total.Skipped[ReasonNotAString] != 3 {
				t.Errorf("%+v", total)
			}
			got, want := f.state(t), f.state(t)
			for key := range before {
				want[key] = before[key]
			}
			for key := range want {
				name := key[strings.Index(key, " ")+1:]
				switch {
				case name == "p:1:k1", name == "p:1:k2", name == "p:1:k3":
					want[key] = got[key]
				case strings.HasPrefix(name, "q:"), name == "p:1:list":
					delete(want, key)
				}
			}
			sameState(t, got, want, slack)
			op.Replace = true
			total = whole(t, Run(ctx, f.Cluster, op, Options{Selection: scan.Selection{Match: "k[13]"}}))
			if total.Replaced != 2 || total.Scanned != 2 {
				t.Errorf("replace: %+v", total)
			}
			if got := f.Value("p:1:k3"); got != "old:3:xxx" {
				t.Errorf("k3 is %q", got)
			}
		})
	}
}

// Fewer shards than there are are worked on at a time: each gets what is for it, from
// whatever file, and nobody waits for one whose turn has not come.
func TestEntriesWaitForTheTurnOfTheirShard(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 5, "p", nil)
	f.fillMoments(t, 1500)
	want := map[string]string{}
	elsewhere := func(stored []byte) int { return (farmtest.HomeOf(stored, 5) + len(stored)) % 5 } // as after a change of the ring
	for key, is := range f.state(t) {
		_, stored, _ := strings.Cut(key, " ")
		want[fmt.Sprint(elsewhere([]byte(stored)), " ", stored)] = is
	}
	dir, w, end := keep(t)
	whole(t, Run(context.Background(), f.Cluster, &Backup{}, Options{Backup: w}))
	end()
	for _, parallel := range []int{1, 2, 5} {
		for _, c := range f.Clients {
			c.FlushDB(context.Background())
		}
		op := &Restore{Archive: back(t, dir), Target: func(_ int, stored []byte) int { return elsewhere(stored) }}
		if total := whole(t, Run(context.Background(), f.Cluster, op, Options{Parallel: parallel})); total.Restored != 1500 {
			t.Errorf("%d at a time: %+v", parallel, total)
		}
		sameState(t, f.state(t), want, 0)
	}
}

// The freshness marker of an entry is stored and comes back with it, and goes where the
// entry goes. A string that is too long to be one is none.
func TestMarkersAreBackedUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	f.fillMoments(t, 400)
	moment := time.Now().Add(30 * time.Minute)
	for i := 0; i < 400; i += 4 {
		key := fmt.Sprintf("p:1:k%d", i)
		c := f.Clients[farmtest.HomeOf([]byte(key), 2)]
		c.Set(ctx, "__fresh__"+key, "1", 0)
		if i > 0 {
			c.PExpireAt(ctx, "__fresh__"+key, moment.Add(time.Duration(i)*time.Millisecond))
		}
	}
	before := f.state(t)
	long := "__fresh__p:1:k1"
	f.Clients[farmtest.HomeOf([]byte("p:1:k1"), 2)].Set(ctx, long, strings.Repeat("x", 5000), 0)
	dir, w, end := keep(t)
	total := whole(t, Run(ctx, f.Cluster, &Backup{}, Options{Backup: w}))
	end()
	if total.Stored != 400 || total.Markers != 100 {
		t.Errorf("%+v", total)
	}
	for _, c := range f.Clients {
		c.FlushDB(ctx)
	}
	total = whole(t, Run(ctx, f.Cluster, &Restore{Archive: back(t, dir), Target: home(2)}, Options{}))
	if total.Restored != 400 || total.Markers != 100 {
		t.Errorf("%+v", total)
	}
	sameState(t, f.state(t), before, 0)
}
