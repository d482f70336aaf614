package engine

import (
	"context"
	"slices"
	"time"

	"cachering/commands/internal/cluster"
)

// Progress is how far a run is.
type Progress struct {
	// Done keys were passed of Total, about: the keys of the databases, counted before the
	// work, or the entries of a backup. A server that did not tell then adds its own once
	// it does. Neither ever becomes less.
	Done, Total int64
	Conflicts   int64
	Failures    int64
	// Slowest is the shard that is furthest from its end, of those that are worked on where
	// the run has several, "" where there is none; SlowestShare is how much of it is done,
	// from 0 to 1.
	Slowest      string
	SlowestShare float64
}

// passed is how far the work on a shard is.
type passed struct{ done, total int64 }

func (p passed) share() float64 { return float64(p.done) / float64(max(1, p.total)) }

// stirs is how often progress is told at most while keys are counted.
const stirs = 50 * time.Millisecond

// foretells is how long a server may take to say how many keys it has before the work
// begins without that.
const foretells = 2 * time.Second

// tellProgress begins to tell of progress.
func (r *run) tellProgress(ctx context.Context) {
	t := &r.told
	t.progress = make([]passed, len(r.o.Shards))
	if r.o.Progress == nil {
		return
	}
	r.foretell(ctx)
	t.moved = make(chan struct{}, 1)
	t.wg.Go(func() {
		for range t.moved {
			r.o.Progress(r.progress())
		}
		r.o.Progress(r.progress())
	})
}

// foretell finds out how many keys there are.
func (r *run) foretell(ctx context.Context) {
	t := &r.told
	if of, ok := r.op.(*Restore); ok {
		for i := range t.progress {
			t.progress[i].total = of.each(len(r.o.Shards))
		}
		return
	}
	cluster.Queue(r.o.Shards, r.parallel, func(i int, s *cluster.Shard) error {
		if len(r.o.Shards) > r.parallel {
			defer s.Rest()
		}
		ctx, cancel := context.WithTimeout(ctx, foretells)
		defer cancel()
		if n, err := s.DBSize(ctx); err == nil {
			t.progress[i].total = n
		}
		return nil // of a shard that fails its work tells
	})
}

// stir has progress be told if it was not just now.
func (t *told) stir() {
	if t.moved == nil {
		return
	}
	if now, last := time.Now().UnixNano(), t.stirred.Load(); now-last >= int64(stirs) && t.stirred.CompareAndSwap(last, now) {
		wake(t.moved)
	}
}

// far is how many keys of the shard are done with, about: those that the source came to,
// but for those that workers still have. What a scan came to is told by what it asked
// for, which is more than there is where there is little. The lock is held.
func (s *shardRun) far() int64 {
	return min(s.keys, max(s.passed, s.given)) - max(0, s.given-s.lookedAt(&s.tally))
}

// progress is how far the run is. One goroutine asks at a time.
func (r *run) progress() (sum Progress) {
	r.mu.Lock()
	live := slices.Clone(r.live)
	r.mu.Unlock()
	for i := range r.told.progress {
		p, under := &r.told.progress[i], false
		if s := live[i]; s != nil {
			s.tallies.Lock()
			sum.Conflicts += s.tally.Conflict
			sum.Failures += s.tally.failures() - s.tally.Conflict
			p.advance(s)
			under = !s.over
			s.tallies.Unlock()
		}
		sum.Done += p.done
		sum.Total += p.total
		if under && len(live) > 1 && (sum.Slowest == "" || p.share() < sum.SlowestShare) {
			sum.Slowest, sum.SlowestShare = r.o.Shards[i].Name, p.share()
		}
	}
	return sum
}

// advance takes how far the work on the shard is, counted against what was foretold. The
// lock is held.
func (p *passed) advance(s *shardRun) {
	if p.total == 0 {
		p.total = max(0, s.keys)
	}
	switch {
	case s.over && s.err == nil && !s.undone.Load():
		p.done = p.total
	case s.keys > 0:
		share := passed{s.far(), s.keys}.share()
		p.done = max(p.done, min(p.total, int64(share*float64(p.total))))
	}
}
