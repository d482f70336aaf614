package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

func TestPressure(t *testing.T) {
	info := func(lines ...string) *cluster.Info { return cluster.ParseInfo(strings.Join(lines, "\r\n")) }
	master := func(offset int, replicas ...string) *cluster.Info {
		lines := []string{"role:master", fmt.Sprintf("master_repl_offset:%d", offset)}
		for i, r := range replicas {
			lines = append(lines, fmt.Sprintf("slave%d:ip=10.0.0.%d,port=6379,%s,lag=0", i, i, r))
		}
		return info(lines...)
	}
	begin := time.Now()
	p := pressure{g: Guards{ReplicaLag: 100}, writes: true}
	for i, step := range []struct {
		about *cluster.Info
		after time.Duration
		holds bool
	}{
		{master(0), 0, false}, // no replica
		{master(1000, "state=online,offset=900"), 0, false},
		{master(1000, "state=online,offset=899"), 0, true},
		{master(1000, "state=online,offset=1000", "state=online,offset=1"), 0, true},
		{master(1000, "state=online,offset=1000", "state=wait_bgsave,offset=0"), 0, true},
		{master(1000, "state=online,offset=1000", "state=online,offset=990"), 0, false},
		{master(1000, "state=online,offset=1000"), 0, true}, // one has just gone
		{master(1000, "state=online,offset=1000"), goneFor, true},
		{master(1000, "state=online,offset=1000"), goneFor + time.Second, false}, // for good
		{master(1000), goneFor + 2*time.Second, true},
		{master(1000, "state=online,offset=1000"), goneFor + 3*time.Second, false}, // and back
	} {
		if why, _ := p.judge(step.about, begin.Add(step.after)); (why != "") != step.holds {
			t.Errorf("step %d: %q", i, why)
		}
	}
	for _, c := range []struct {
		saves  Saves
		writes bool
		about  *cluster.Info
		holds  bool
	}{
		{SavesWait, true, info("rdb_bgsave_in_progress:1"), true},
		{SavesWait, true, info("aof_rewrite_in_progress:1"), true},
		{SavesWait, true, info("rdb_bgsave_in_progress:0"), false},
		{SavesWait, false, info("rdb_bgsave_in_progress:1"), false},
		{SavesGo, true, info("rdb_bgsave_in_progress:1"), false},
		{SavesLarge, true, info("rdb_bgsave_in_progress:1", "used_memory:26", "maxmemory:100"), true},
		{SavesLarge, true, info("rdb_bgsave_in_progress:1", "used_memory:25", "maxmemory:100"), false},
		{SavesLarge, true, info("rdb_bgsave_in_progress:1", "used_memory:26", "maxmemory:0", "total_system_memory:100"), true},
		{SavesLarge, true, info("rdb_bgsave_in_progress:1", "used_memory:26", "maxmemory:0", "total_system_memory:1000"), false},
	} {
		p := pressure{g: Guards{Saves: c.saves}, writes: c.writes}
		if why, _ := p.judge(c.about, begin); (why != "") != c.holds {
			t.Errorf("%+v: %q", c, why)
		}
	}
	for name, c := range map[string]struct {
		before, after *cluster.Info
		ends          bool
	}{
		"it begins":        {info("evicted_keys:0"), info("evicted_keys:1"), true},
		"it did once":      {info("evicted_keys:5", "used_memory:50", "maxmemory:100"), info("evicted_keys:6"), true},
		"it does all day":  {info("evicted_keys:5", "used_memory:99", "maxmemory:100"), info("evicted_keys:6"), false},
		"it does not":      {info("evicted_keys:5"), info("evicted_keys:5"), false},
		"it was restarted": {info("evicted_keys:5"), info("evicted_keys:0"), false},
	} {
		p := pressure{g: Guards{Evictions: true}, writes: true}
		p.judge(c.before, begin)
		if _, ends := p.judge(c.after, begin); ends != c.ends {
			t.Errorf("%s: ends %v", name, ends)
		}
	}
}

// waiting follows what a run tells of its waits.
type waiting struct {
	mu    sync.Mutex
	why   string
	heard []string
}

func (w *waiting) tell(_, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.why = why
	w.heard = append(w.heard, why)
}

func (w *waiting) now() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why
}

// mgets is how many batches were read.
func mgets(f *farm) int64 {
	calls := cluster.ParseInfo(f.Clients[0].Info(context.Background(), "commandstats").Val()).Field("cmdstat_mget")
	var n int64
	fmt.Sscanf(calls, "calls=%d", &n)
	return n
}

// While PING takes longer than before, the run is slow, and then it is not.
func TestARunGivesWayToASlowServer(t *testing.T) {
	t.Parallel()
	const n = 30_000
	for _, name := range []string{"delay", "debug sleep", "client pause"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p *redistest.Proxy
			var late atomic.Bool
			f := newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
				if late.Load() {
					time.Sleep(60 * time.Millisecond)
				}
				return redistest.Forward
			}))
			f.Fill(t, "p", n, 10)
			over := make(chan struct{})
			var troubles sync.WaitGroup
			trouble := func(command ...any) {
				troubles.Go(func() {
					for late.Load() {
						f.Clients[0].Do(context.Background(), command...)
						select {
						case <-over:
						case <-time.After(20 * time.Millisecond):
						}
					}
				})
			}
			stop := make(chan struct{})
			var w waiting
			report, ended := began(t, f, Options{
				Rate: 3000, Stop: stop, Workers: 1, Waits: w.tell, // the rate leaves time to look
				Guards: Guards{Latency: 25 * time.Millisecond},
			})
			eventually(t, "the work did not begin", func() bool { return mgets(f) > 10 })
			late.Store(true)
			switch name {
			case "debug sleep":
				trouble("debug", "sleep", "0.08")
			case "client pause":
				trouble("client", "pause", "80", "all")
			}
			eventually(t, "the run did not slow down", func() bool { return w.now() != "" })
			// From a pause of a second on, a batch is read in no less.
			eventually(t, "the run did not slow down enough", func() bool {
				before, at := mgets(f), time.Now()
				time.Sleep(2500 * time.Millisecond)
				return float64(mgets(f)-before) <= 1+time.Since(at).Seconds()
			})
			late.Store(false)
			close(over)
			troubles.Wait()
			eventually(t, "the run did not get faster again", func() bool { return w.now() == "" || ended() })
			before, at := mgets(f), time.Now()
			eventually(t, "the rate did not recover", func() bool {
				return ended() || float64(mgets(f)-before) > 10*time.Since(at).Seconds()
			})
			close(stop)
			if total := report().Total(); total.Rewritten == 0 {
				t.Errorf("%+v", total)
			}
		})
	}
}

// A run waits while the server saves, and while a replica is behind or has gone.
func TestARunWaitsForSavesAndReplicas(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	held := func(t *testing.T, f *farm, w *waiting, what string) {
		t.Helper()
		eventually(t, "the run does not wait", func() bool { return strings.Contains(w.now(), what) })
		// What is in hand is finished; from then on nothing is begun.
		eventually(t, "batches are begun while the run waits", func() bool {
			before := mgets(f)
			time.Sleep(500 * time.Millisecond)
			return mgets(f) == before
		})
	}
	t.Run("save", func(t *testing.T) {
		t.Parallel()
		f := newFarm(t, 1, "p", nil)
		f.Fill(t, "p", 20_000, 10)
		var w waiting
		report, _ := began(t, f, Options{Rate: 5000, Waits: w.tell, Guards: Guards{Saves: SavesWait}})
		eventually(t, "the work did not begin", func() bool { return mgets(f) > 10 })
		f.Clients[0].ConfigSet(ctx, "rdb-key-save-delay", "10000000")
		if err := f.Clients[0].BgSave(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		held(t, f, &w, "BGSAVE")
		f.Clients[0].ConfigSet(ctx, "rdb-key-save-delay", "0")
		f.Servers[0].EndSave()
		if total := whole(t, report()); total.Rewritten != 20_000 {
			t.Errorf("%+v", total)
		}
		if w.now() != "" || len(w.heard) < 2 {
			t.Errorf("it was told %q", w.heard)
		}
	})
	t.Run("replica", func(t *testing.T) {
		t.Parallel()
		master, replica := redistest.RunTCP(t, "repl-diskless-sync-delay 0"), redistest.RunTCP(t)
		f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
			f.Servers[0], f.Clients[0] = master, master.Client(0)
			spec.Endpoints[0].Network, spec.Endpoints[0].Addr = master.Network, master.Addr
		})
		f.Fill(t, "p", 20_000, 100)
		host, port, _ := strings.Cut(master.Addr, ":")
		replica.Client(0).ReplicaOf(ctx, host, port)
		eventually(t, "the replica is not there", func() bool {
			about := cluster.ParseInfo(master.Client(0).Info(ctx, "replication").Val())
			return len(about.Replicas) == 1 && about.Replicas[0].Online
		})
		var w waiting
		stop := make(chan struct{})
		report, _ := began(t, f, Options{Rate: 5000, Stop: stop, Waits: w.tell, Guards: Guards{ReplicaLag: 50_000}})
		eventually(t, "the work did not begin", func() bool { return mgets(f) > 10 })
		replica.Pause()
		held(t, f, &w, "bytes behind")
		replica.Resume()
		eventually(t, "the run does not go on", func() bool { return w.now() == "" })
		replica.Kill()
		eventually(t, "the run does not wait for a lost replica", func() bool { return strings.Contains(w.now(), "gone") })
		close(stop)
		if r := report(); r.Ended != EndSignal {
			t.Errorf("ended %s", r.Ended)
		}
	})
}

// A server that begins to evict ends the run.
func TestEvictionsEndARun(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, allowed := range []bool{false, true} {
		f := newFarm(t, 1, "p", nil)
		f.Fill(t, "p", 6000, 500)
		used := cluster.ParseInfo(f.Clients[0].Info(ctx, "memory").Val()).UsedMemory
		stop := make(chan struct{})
		report, _ := began(t, f, Options{Rate: 2000, Stop: stop, Guards: Guards{Evictions: !allowed, Latency: time.Hour}})
		eventually(t, "the work did not begin", func() bool { return mgets(f) > 10 })
		f.Clients[0].ConfigSet(ctx, "maxmemory-policy", "allkeys-random")
		f.Clients[0].ConfigSet(ctx, "maxmemory", fmt.Sprint(used*9/10))
		r := report()
		want := EndEvictions
		if allowed {
			want = EndDone
		}
		if r.Ended != want || (r.Cause != nil) == allowed || r.Retry() {
			t.Errorf("allowed %v: ended %s, %v, %v", allowed, r.Ended, r.Cause, r.Shards[0].Err)
		}
	}
}

// A bound on connections holds with the guard.
func TestAGuardIsOneOfTheConnections(t *testing.T) {
	t.Parallel()
	for bound, most := range map[int]int{2: 2, 3: 3, 5: 5} {
		f := newFarm(t, 1, "p", func(_ *farm, spec *cluster.Spec) { spec.Endpoints[0].Connections = bound })
		f.Fill(t, "p", 3000, 10)
		others := strings.Count(f.Clients[0].ClientList(context.Background()).Val(), "\n")
		stop := make(chan struct{})
		report, ended := began(t, f, Options{Rate: 3000, Workers: 8, Stop: stop, Selection: scan.Selection{}, Guards: Guards{Latency: time.Hour}})
		seen := 0
		eventually(t, "the work did not begin", func() bool {
			seen = max(seen, strings.Count(f.Clients[0].ClientList(context.Background()).Val(), "\n")-others)
			return mgets(f) > 20 || ended()
		})
		close(stop)
		if report(); seen > most {
			t.Errorf("%d connections, and %d are allowed", seen, most)
		}
	}
}
