package engine

import (
	"context"
	"errors"
	"slices"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
)

// A resampler is an operation after which values are read again: those that are
// still as before were written by the application.
type resampler interface {
	// judge makes what tells whether a value is still as before; known is false
	// where nobody can say. It is for one goroutine.
	judge() (func(stored, value []byte) (old, known bool), error)
}

// lookAgain looks whether the application still writes what was rewritten. It
// asks on the connections of the run, or others to the same processes: what another
// holds by now, read from an older dump, is not the application's doing.
func (r *run) lookAgain(ctx context.Context, op resampler) {
	var all []int
	for i := range r.links {
		if r.report.Shards[i].Err == nil && r.links[i] != nil {
			all = append(all, i)
		}
	}
	for part := range slices.Chunk(all, max(1, r.parallel)) {
		if ctx.Err() == nil {
			r.lookAgainAt(ctx, op, part, survey.SampleSize(len(r.links))*len(part)/len(all))
		}
	}
}

// lookAgainAt is lookAgain for some shards, with a sample of n keys.
func (r *run) lookAgainAt(ctx context.Context, op resampler, of []int, n int) {
	from := make([]*survey.Sampler, len(r.links))
	var shards []*cluster.Shard
	for _, i := range of {
		shards = append(shards, r.o.Shards[i])
	}
	each := func(do func(i int, link *scan.Link)) {
		errs := cluster.AtOnce(shards, func(k int, _ *cluster.Shard) error {
			do(of[k], r.links[of[k]])
			return nil
		})
		for k, err := range errs {
			if err != nil {
				r.report.Shards[of[k]].Err = err
			}
		}
	}
	each(func(i int, link *scan.Link) {
		if link.Conn.Closed() { // it was left for other shards
			conn, err := link.Rejoin(ctx)
			if err != nil {
				if ctx.Err() == nil && errors.Is(err, cluster.ErrReplaced) && link.Named() {
					r.report.Shards[i].Err = link.Shard.Wrap(err)
				}
				return
			}
			link.Conn = conn
		}
		from[i] = survey.NewSampler(ctx, link.Conn, scan.NewFilter(r.o.Selection, r.cl, link.Shard))
	})
	taken := slices.DeleteFunc(slices.Clone(from), func(s *survey.Sampler) bool { return s == nil })
	survey.Draw(ctx, taken, n)
	each(func(i int, link *scan.Link) {
		if from[i] == nil {
			return
		}
		defer r.rest(i)
		err := from[i].Err()
		if err == nil {
			err = r.readAgain(ctx, op, from[i], &r.report.Shards[i])
		}
		// A sample that cannot be taken takes nothing from the run, unless the
		// server is not the same any more.
		if err == nil || !scan.Lost(ctx, err) || !link.Named() {
			return
		}
		if _, err := link.Still(ctx); err != nil && ctx.Err() == nil {
			r.report.Shards[i].Err = link.Shard.Wrap(err)
		}
	})
}

// readAgain counts the values of a sample that are not at the target.
func (r *run) readAgain(ctx context.Context, op resampler, of *survey.Sampler, out *ShardReport) error {
	judge, err := op.judge()
	if err != nil {
		return nil // that was told
	}
	var sampled, old int64
	err = of.Values(ctx, func(stored, value []byte) {
		was, known := judge(stored, value)
		if !known {
			return
		}
		sampled++
		if was {
			old++
		}
	})
	if err == nil {
		out.Sampled, out.StillOld, out.Head = sampled, old, of.Head()
	}
	return err
}
