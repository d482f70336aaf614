package engine

import (
	"context"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// TestConnectionsKeepToTheBound counts the connections that the server itself
// sees while work is under way.
func TestConnectionsKeepToTheBound(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct{ bound, workers, least, most int }{
		{0, 6, 7, 7},
		{3, 6, 3, 3},
		{1, 6, 2, 2}, // a scanner and one who writes are the least
		{2, 0, 2, 2},
	} {
		f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) { spec.Endpoints[0].Connections = tt.bound })
		f.Fill(t, "p", 2000, 10)
		// A connection of single-key access does not stay beside the others.
		if err := f.Get(ctx, [][]byte{[]byte("p:1:key-0")})[0].Err; err != nil {
			t.Fatal(err)
		}
		watch := f.Servers[0].Client(0).Conn()
		if err := watch.Ping(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		clients := func() map[string]string {
			list := map[string]string{}
			for line := range strings.Lines(watch.ClientList(ctx).Val()) {
				id, rest, _ := strings.Cut(line, " ")
				list[id] = rest
			}
			return list
		}
		// The test's own, and the one of single-key access, which is looked for
		// in the end: the server may take a while to see that it was closed.
		others := clients()
		most, stop, stopped := 0, make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				now := 0
				for id := range clients() {
					if _, other := others[id]; !other {
						now++
					}
				}
				most = max(most, now)
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		total := whole(t, Run(ctx, f.Cluster, reinsert(), Options{Workers: tt.workers, Batch: 8, Rate: 6000}))
		close(stop)
		<-stopped
		rested := false
		for id, about := range clients() {
			rested = rested || others[id] != "" && strings.Contains(about, "cmd=pttl")
		}
		if rested {
			t.Error("the connection of single-key access is still there")
		}
		if total.Rewritten != 2000 {
			t.Errorf("bound %d: %+v", tt.bound, total)
		}
		if most < tt.least || most > tt.most {
			t.Errorf("bound %d, %d workers asked for: %d connections, want %d to %d", tt.bound, tt.workers, most, tt.least, tt.most)
		}
	}
}

// TestWorkersOfABound: the bound counts, however long the round trip and however
// many keys there are.
func TestWorkersOfABound(t *testing.T) {
	r := &run{pace: scan.Pace{Batch: 10}}
	for _, tt := range []struct {
		trip        time.Duration
		keys        int64
		connections int
		want        int
	}{
		{nearby, 1e6, 0, 2}, {0, 1e6, 2, 1}, {0, 1e6, 1, 1}, {nearby, 1e6, 20, 2}, {2 * time.Millisecond, 1e6, 4, 3},
		{time.Second, 1e6, 0, 8}, {time.Second, 1e6, 5, 4}, {time.Second, 25, 5, 2}, {time.Second, 0, 5, 1},
	} {
		if got := r.workers(tt.trip, tt.keys, tt.connections); got != tt.want {
			t.Errorf("round trip %v, %d keys, %d connections: %d workers, want %d", tt.trip, tt.keys, tt.connections, got, tt.want)
		}
	}
	// All shards together have no more than so many, if each has one.
	for shards, want := range map[int]int{1: 8, 4: 8, 5: 6, 16: 2, 32: 1, 1000: 1} {
		r := &run{o: Options{Shards: make([]*cluster.Shard, shards)}, pace: scan.Pace{Batch: 10}}
		if got := r.workers(time.Second, 1e6, 0); got != want {
			t.Errorf("%d shards: %d workers, want %d", shards, got, want)
		}
	}
}
