package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"cachering/commands/internal/cluster"
)

// takes has a server take so many connections beside those there are.
func takes(t *testing.T, f *farm, more int) {
	t.Helper()
	ctx := context.Background()
	n := strings.Count(f.Clients[0].ClientList(ctx).Val(), "\n")
	if err := f.Clients[0].ConfigSet(ctx, "maxclients", fmt.Sprint(n+more)).Err(); err != nil {
		t.Fatal(err)
	}
}

// A run does with the connections that a server takes, whatever it would rather have;
// where it takes none the shard fails, and the error says why.
func TestAFullServerIsWorkedOnWithTheConnectionsThereAre(t *testing.T) {
	t.Parallel()
	const n = 3000
	for more := range 5 {
		for name, op := range map[string]func() Operation{
			"reinsert": func() Operation { return reinsert() },
			"delete":   func() Operation { return &Delete{Command: "del-pattern"} },
		} {
			t.Run(fmt.Sprintf("%d %s", more, name), func(t *testing.T) {
				t.Parallel()
				f := newFarm(t, 1, "p", nil)
				f.Fill(t, "p", n, 20)
				takes(t, f, more)
				r := Run(context.Background(), f.Cluster, op(), Options{Workers: 4, Batch: 8})
				if more == 0 {
					if err := r.Shards[0].Err; !errors.Is(err, cluster.ErrFull) {
						t.Errorf("got %v", err)
					}
					return
				}
				if total := whole(t, r); total.Rewritten+total.Deleted != n || total.Scanned != n {
					t.Errorf("%+v", total)
				}
			})
		}
	}
}

// What a worker had in hand that lost its connection and gets no other is done by the
// others, or by itself on that of the source.
func TestAWorkerThatGetsNoOtherConnectionLeavesItsKeysToOthers(t *testing.T) {
	t.Parallel()
	const n = 4000
	for _, workers := range []int{1, 4} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			f := newFarm(t, 1, "p", nil)
			f.Fill(t, "p", n, 20)
			killed := 0
			kill := func() {
				if killed > 0 {
					return
				}
				for line := range strings.Lines(f.Clients[0].ClientList(ctx).Val()) {
					id, _, _ := strings.Cut(strings.TrimPrefix(line, "id="), " ")
					for _, last := range []string{"exec", "multi", "mget", "set"} {
						if strings.Contains(line, " cmd="+last+" ") {
							killed++
							takes(t, f, -1)
							f.Clients[0].Do(ctx, "client", "kill", "id", id)
						}
					}
				}
			}
			for _, c := range f.Clients {
				c.Close() // the ones that filled it
			}
			f.Clients[0] = f.Servers[0].Client(0)
			r := Run(ctx, f.Cluster, reinsert(), Options{Workers: workers, Batch: 8, Rate: 4000, Progress: func(Progress) { kill() }})
			if total := whole(t, r); total.Rewritten != n {
				t.Errorf("%d killed, %+v", killed, total)
			}
			if killed == 0 {
				t.Error("no connection of a worker was seen")
			}
		})
	}
}

// The scan that lost its connection and gets no other goes on with that of a worker,
// which leaves, or with the only worker in turns.
func TestAScanThatGetsNoOtherConnectionGoesOnWithThatOfAWorker(t *testing.T) {
	t.Parallel()
	const n = 8000
	for _, workers := range []int{1, 2, 4} {
		for name, op := range map[string]func() Operation{
			"reinsert": func() Operation { return reinsert() },
			"delete":   func() Operation { return &Delete{Command: "del-pattern"} },
		} {
			t.Run(fmt.Sprint(workers, " ", name), func(t *testing.T) {
				t.Parallel()
				ctx := context.Background()
				f := newFarm(t, 1, "p", nil)
				f.Fill(t, "p", n, 20)
				for _, c := range f.Clients {
					c.Close() // the ones that filled it
				}
				f.Clients[0] = f.Servers[0].Client(0)
				var mu sync.Mutex // of killed
				killed := 0
				kill := func(p Progress) {
					mu.Lock()
					defer mu.Unlock()
					if killed == workers || p.Done < n*int64(killed+1)/int64(workers+2) {
						return
					}
					for line := range strings.Lines(f.Clients[0].ClientList(ctx).Val()) {
						id, _, _ := strings.Cut(strings.TrimPrefix(line, "id="), " ")
						if strings.Contains(line, " cmd=scan ") {
							killed++
							takes(t, f, -1)
							f.Clients[0].Do(ctx, "client", "kill", "id", id)
						}
					}
				}
				r := Run(ctx, f.Cluster, op(), Options{Workers: workers, Batch: 8, Rate: 6000, Progress: kill})
				if total := whole(t, r); total.Rewritten+total.Deleted != n {
					t.Errorf("%d killed, %+v", killed, total)
				}
				if killed == 0 {
					t.Error("no connection of a scan was seen")
				}
			})
		}
	}
}
