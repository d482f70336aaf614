package engine

import (
	"context"
	"sync"
	"time"

	"cachering/commands/internal/cluster"
)

// Flush empties the database of every shard, whoever's keys it holds. Of the
// options only Shards and DryRun matter: there are no batches to limit
// or to count by reason.
func Flush(ctx context.Context, cl *cluster.Cluster, command string, o Options) *Report {
	begin := time.Now()
	shards := o.Shards
	if shards == nil {
		shards = cl.Visit()
	}
	r := &Report{
		Command: command, Cache: cl.Alias(), DryRun: o.DryRun,
		Shards: make([]ShardReport, len(shards)), columns: deleteColumns,
	}
	var wg sync.WaitGroup
	for i, s := range shards {
		wg.Go(func() {
			out := &r.Shards[i]
			out.Shard = s.Name
			flush := s.FlushDB
			if o.DryRun {
				flush = s.DBSize
			}
			out.Deleted, out.Err = flush(ctx)
			out.Scanned = out.Deleted
		})
	}
	wg.Wait()
	r.Interrupted = ctx.Err() != nil
	r.Elapsed = time.Since(begin)
	return r
}
