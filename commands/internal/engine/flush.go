package engine

import (
	"context"
	"time"

	"cachering/commands/internal/cluster"
)

// Flush empties the database of every shard, whoever's keys it holds. Of the
// options only Shards and DryRun matter: there are no batches to limit
// or to count by reason. A shard is left alone where barred, if it is not nil, has
// an error at its place.
func Flush(ctx context.Context, cl *cluster.Cluster, command string, o Options, barred []error) *Report {
	begin := time.Now()
	shards := o.Shards
	if shards == nil {
		shards = cl.Visit()
	}
	r := &Report{
		Command: command, Cache: cl.Alias(), DryRun: o.DryRun,
		Shards: make([]ShardReport, len(shards)), columns: deleteColumns,
	}
	errs := cluster.AtOnce(shards, func(i int, s *cluster.Shard) (err error) {
		out := &r.Shards[i]
		out.Shard = s.Name
		if barred != nil && barred[i] != nil {
			return barred[i]
		}
		flush := s.FlushDB
		if o.DryRun {
			flush = s.DBSize
		}
		out.Deleted, err = flush(ctx)
		out.Scanned = out.Deleted
		return err
	})
	var cut *stopped
	for i := range r.Shards {
		if r.Shards[i].Err = errs[i]; errs[i] == nil {
			continue
		}
		r.Shards[i].Left = -1
		if ctx.Err() != nil {
			cut = &stopped{end: EndSignal}
		}
	}
	r.conclude(cut)
	r.Elapsed = time.Since(begin)
	return r
}
