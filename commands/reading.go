package commands

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/survey"
)

// readingOptions are the flags of commands that go through a cache and only read: of
// those of bulk commands what is of use to them.
type readingOptions struct {
	bulkOptions
	keyOptions
	match word
}

// readingFlags are the flags of bulk commands that readingOptions declare.
var readingFlags = []string{"shard", "rate", "batch", "parallel", "gentle", "deadline", "max-latency", readFromFlag, metricsFlag, "progress", "no-progress"}

func (o *readingOptions) flags() []cli.Flag {
	return slices.Concat([]cli.Flag{&cli.GenericFlag{Name: "match", Value: &o.match,
		Usage: "look at the keys that match `PATTERN` only"}},
		o.keyOptions.manyFlags(), o.filters.flags(), only(o.bulkOptions.flags(), readingFlags...))
}

// only leaves those of some flags that a command has a use for.
func only(flags []cli.Flag, names ...string) []cli.Flag {
	return slices.DeleteFunc(flags, func(f cli.Flag) bool { return !slices.Contains(names, flagNames(f)[0]) })
}

// check refuses what says nothing.
func (o *readingOptions) check() error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	if o.stored && o.match == "" {
		return usagef("--stored goes with --match")
	}
	return nil
}

// openReading opens what a command reads, as openEvery does; around is set where it asks
// other shards, too, than those that are selected. The filters are known to be honoured;
// nothing else was asked yet.
func (s *session) openReading(ctx context.Context, o *readingOptions, around bool) (*bulk, error) {
	o.surveys = true
	b, err := s.openEvery(ctx, &o.bulkOptions, &o.keyOptions, string(o.match))
	if err != nil {
		return nil, err
	}
	b.reads, b.astray = true, around
	if err := b.honour(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// survey is how shards are gone through, and ends the telling of its progress.
func (b *bulk) survey(ctx context.Context) (p survey.Pacing, told func()) {
	tell := b.s.tellProgress(b.progress, progressRun{command: b.s.running.path(), cache: b.cache.Alias, does: b.s.running.name})
	p = survey.Pacing{
		Parallel: b.run.Parallel, Rate: b.run.Rate, Batch: b.run.Batch, Deadline: b.run.Deadline, Latency: b.run.Guards.Latency,
		Waits: b.waits(tell), Passed: passing(ctx, b.run.Shards, b.run.Parallel, tell),
	}
	return p, tell.done
}

// passing is told how many keys were passed, and tells the progress of it, of the keys
// that the databases had at the beginning.
func passing(ctx context.Context, shards []*cluster.Shard, parallel int, tell *progress) func(int64) {
	if tell == nil {
		return nil
	}
	var total, done atomic.Int64
	cluster.Queue(shards, parallel, func(_ int, s *cluster.Shard) error {
		if len(shards) > parallel {
			defer s.Rest()
		}
		n, err := s.DBSize(ctx)
		total.Add(n)
		return err // of a shard that does not answer the work tells
	})
	return func(n int64) {
		tell.set(engine.Progress{Done: min(done.Add(n), total.Load()), Total: total.Load()})
	}
}

// endedBy is how a command ended that only reads, where some shards were lost to errors.
func endedBy(ctx context.Context, lost []error) engine.End {
	late := slices.ContainsFunc(lost, func(err error) bool { return errors.Is(err, survey.ErrDeadline) })
	switch {
	case ctx.Err() != nil:
		return engine.EndSignal
	case late:
		return engine.EndDeadline
	case slices.ContainsFunc(lost, func(err error) bool { return err != nil }):
		return engine.EndShardLost
	}
	return engine.EndDone
}

// warnLost tells why shards were not gone through to their ends, a deadline once.
func (s *session) warnLost(lost []error) {
	late := false
	for _, err := range lost {
		if err == nil || late && errors.Is(err, survey.ErrDeadline) {
			continue
		}
		if errors.Is(err, survey.ErrDeadline) {
			late = true
			s.ui.Warn("cachering: %v: not all shards were gone through", survey.ErrDeadline)
			continue
		}
		s.ui.Warn("cachering: %v", err)
	}
}

// codeOfLost is the exit code of how many shards were lost: to have come to a deadline is
// no failure of all of them.
func codeOfLost(lost []error, shards int) int {
	failed, late := 0, false
	for _, err := range lost {
		if errors.Is(err, survey.ErrDeadline) {
			late = true
		} else if err != nil {
			failed++
		}
	}
	code := codeOfShards(failed, shards)
	if late {
		code = worse(code, exitPartial)
	}
	return code
}
