package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
)

// named has the connections of a run be told from others.
func named(_ *farm, spec *cluster.Spec) {
	spec.Client = cluster.Client{Command: "test", User: "u", Host: "h", PID: 1}
}

// clients waits until a server has as many connections of runs, or more; a run that has
// ended has none.
func clients(t *testing.T, s *redistest.Server, least int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Count(s.Client(0).ClientList(context.Background()).Val(), " name=cachering:test:") >= least {
			return
		}
	}
}

// kill closes all connections, as an operator does, but not the own.
func kill(s *redistest.Server) {
	s.Client(0).Do(context.Background(), "client", "kill", "type", "normal")
}

// CLIENT KILL of all connections ends a run when it is done twice, at whatever speed the
// run goes, and whether or not it looks after the server meanwhile.
func TestClientKillTwiceEndsTheRun(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"slow, guarded": {Rate: 200, Guards: Guards{Latency: time.Second}},
		"slow":          {Rate: 200},
		"fast":          {Rate: 2000, Guards: Guards{Latency: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 2, "p", named)
			f.Fill(t, "p", 100_000, 10)
			done := make(chan *Report, 1)
			o.Stop = t.Context().Done()
			go func() { done <- Run(context.Background(), f.Cluster, reinsert(), o) }()
			s := f.Servers[0]
			awaitRewritten(t, f, 0)
			clients(t, s, 2)
			var r *Report
			for times := 1; r == nil; times++ {
				if times > 10 {
					t.Fatal("the run goes on")
				}
				kill(s)
				select {
				case r = <-done:
					if times < 2 {
						t.Error("it ended when it was killed once")
					}
				case <-time.After(2 * time.Second): // by then it has dialled again
				}
			}
			total := r.Total()
			sum(t, &total)
			if r.Ended != EndKilled || !errors.Is(r.Cause, errKilled) || r.Retry() || r.Lost() > 0 || total.Rewritten == 0 {
				t.Errorf("ended %s, %v, %+v", r.Ended, r.Cause, total)
			}
			if left, known := r.Left(); !known || left == 0 {
				t.Errorf("left %d, %v", left, known)
			}
		})
	}
}

// awaitRewritten waits until a value of a shard was written.
func awaitRewritten(t *testing.T, f *farm, shard int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		info := f.Clients[shard].Info(context.Background(), "commandstats").Val()
		if strings.Contains(info, "cmdstat_exec:calls=") && strings.Contains(info, "cmdstat_mget:calls=") {
			return
		}
	}
	t.Fatal("nothing was written")
}

// Once is as good as a network that failed, and so is twice in a longer time.
func TestOneKillIsRedialled(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 1, "p", named)
	f.Fill(t, "p", 3000, 10)
	done := make(chan *Report, 1)
	go func() {
		done <- Run(context.Background(), f.Cluster, reinsert(), Options{Rate: 2000, Guards: Guards{Latency: time.Second}})
	}()
	awaitRewritten(t, f, 0)
	clients(t, f.Servers[0], 3)
	kill(f.Servers[0])
	r := <-done
	if total := whole(t, r); r.Ended != EndDone || total.Rewritten != 3000 {
		t.Errorf("ended %s, %+v", r.Ended, total)
	}

	now := time.Now()
	at := func(s float64) time.Time { return now.Add(time.Duration(s * float64(time.Second))) }
	for name, c := range map[string]struct {
		notes [][2]float64 // when it was noticed and noted
		meant bool
	}{
		"twice":                 {[][2]float64{{0, 0.1}, {1, 1.1}}, true},
		"noticed by two":        {[][2]float64{{0, 0.1}, {0.05, 0.2}}, false},
		"noticed by two, twice": {[][2]float64{{0, 0.1}, {0.05, 0.2}, {9, 9.1}}, true},
		"too late":              {[][2]float64{{0, 0.1}, {10.1, 10.2}}, false},
		"late, then again":      {[][2]float64{{0, 0.1}, {11, 11.1}, {12, 12.1}}, true},
	} {
		var k kills
		meant := false
		for _, n := range c.notes {
			meant = k.note(at(n[0]), at(n[1]))
		}
		if meant != c.meant {
			t.Errorf("%s: %v", name, meant)
		}
	}
}
