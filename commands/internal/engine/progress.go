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

// passed is how far the source of a shard is.
type passed struct{ done, total int64 }

func (p passed) share() float64 { return float64(p.done) / float64(max(1, p.total)) }

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

// passed notes how far shard i is: at done of total, which are counted against what was
// foretold.
func (t *told) passed(i int, done, total int64) {
	if t.moved == nil {
		return
	}
	t.mu.Lock()
	p := &t.progress[i]
	if p.total == 0 {
		p.total = total
	}
	if done >= total {
		p.done = p.total
	} else {
		p.done = max(p.done, int64(passed{done, total}.share()*float64(p.total)))
	}
	t.mu.Unlock()
	select {
	case t.moved <- struct{}{}:
	default: // what is about to be told takes this in
	}
}

// progress is how far the run is.
func (r *run) progress() (sum Progress) {
	r.mu.Lock()
	live := slices.Clone(r.live)
	r.mu.Unlock()
	r.told.mu.Lock()
	parts := slices.Clone(r.told.progress)
	r.told.mu.Unlock()
	for i, p := range parts {
		sum.Done += p.done
		sum.Total += p.total
		s := live[i]
		if s == nil {
			continue
		}
		s.tallies.Lock()
		conflicts := s.tally.Conflict
		sum.Conflicts += conflicts
		sum.Failures += s.tally.failures() - conflicts
		over := s.over
		s.tallies.Unlock()
		if !over && len(parts) > 1 && (sum.Slowest == "" || p.share() < sum.SlowestShare) {
			sum.Slowest, sum.SlowestShare = r.o.Shards[i].Name, p.share()
		}
	}
	return sum
}
