package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cachering/commands/internal/cluster"
)

// A master that becomes a replica in the middle of a run was replaced: what is wrong is
// not the configuration.
func TestAMasterThatBecomesAReplicaInMidRun(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n = 12_000
	run := func(t *testing.T, op Operation, barred func(*farm, *cluster.Spec)) {
		t.Parallel()
		var f *farm
		f = newFarm(t, 1, "p", func(g *farm, spec *cluster.Spec) {
			barred(g, spec)
			paging(t, func(page int) {
				if page == 6 {
					if err := f.Clients[0].ReplicaOf(ctx, "127.0.0.1", "1").Err(); err != nil {
						t.Error(err)
					}
				}
			})(g, spec)
		})
		f.Fill(t, "p", n, 20)
		r := Run(ctx, f.Cluster, op, Options{})
		s := &r.Shards[0]
		sum(t, &s.Tally)
		if !errors.Is(s.Err, cluster.ErrReplica) || !errors.Is(s.Err, cluster.ErrReplaced) || !strings.HasSuffix(s.Err.Error(), "its master has changed: run again") {
			t.Errorf("error %v", s.Err)
		}
		if done := s.Deleted + s.Changed + s.Rewritten; done == 0 || done == n {
			t.Errorf("%+v", s.Tally)
		}
	}
	t.Run("reinsert", func(t *testing.T) { run(t, reinsert(), func(*farm, *cluster.Spec) {}) })
	for _, guard := range guards {
		for _, work := range stringWork {
			t.Run(fmt.Sprint(guard.way, "/", work.name), func(t *testing.T) { run(t, work.op, barred(guard.barred, nil)) })
		}
	}
}
