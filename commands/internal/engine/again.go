package engine

import (
	"context"
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
// asks on the connections of the run: what another process holds by now, read
// from an older dump, is not the application's doing.
func (r *run) lookAgain(ctx context.Context, op resampler) {
	from := make([]*survey.Sampler, len(r.links))
	each := func(do func(i int, link *scan.Link)) {
		errs := cluster.AtOnce(r.o.Shards, func(i int, _ *cluster.Shard) error {
			if r.report.Shards[i].Err == nil {
				do(i, r.links[i])
			}
			return nil
		})
		for i, err := range errs {
			if err != nil {
				r.report.Shards[i].Err = err
			}
		}
	}
	each(func(i int, link *scan.Link) {
		from[i] = survey.NewSampler(ctx, link.Conn, scan.NewFilter(r.o.Selection, r.cl, link.Shard))
	})
	taken := slices.DeleteFunc(slices.Clone(from), func(s *survey.Sampler) bool { return s == nil })
	survey.Draw(ctx, taken, survey.SampleSize(len(from)))
	each(func(i int, link *scan.Link) {
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
