package engine

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Whoever started a run is told about it on goroutines of their own: a disk may be
// slow, a pipe full, and a terminal stopped, and the shards do not wait for that.

// failuresHeld is how many failures of a shard wait to be told. The worker that has
// one more waits until there is room, and nobody else does: to hold all of them
// would take memory by the number of keys, and to leave one out would belie the
// list. Each shard has room of its own, so that one that fails throughout takes
// none from the others.
const failuresHeld = 256

// told is the way from the shards of a run to who started it.
type told struct {
	moved chan struct{} // holds one if there is progress to tell; nil: nobody asks
	wg    sync.WaitGroup
	one   sync.Mutex // of failures is told at a time

	stirred  atomic.Int64 // when progress was told last
	progress []passed     // by shard; of the goroutine that tells, once it is there
}

// wait returns when all was told. Nothing may happen on the shards any more.
func (t *told) wait() {
	if t.moved != nil {
		close(t.moved)
	}
	t.wg.Wait()
}

// tellFailures begins to tell of failures on the shard. It ends when no more can come.
func (s *shardRun) tellFailures() (end func()) {
	if s.o.Failure == nil {
		return func() {}
	}
	s.failures = make(chan Failure, failuresHeld)
	s.told.wg.Go(func() {
		for f := range s.failures {
			s.told.one.Lock()
			s.o.Failure(f)
			s.told.one.Unlock()
		}
	})
	return func() { close(s.failures) }
}

// fail hands on one key that was not done.
func (s *shardRun) fail(f Failure) {
	f.Stored = bytes.Clone(f.Stored) // it is part of a page, which would be held for it
	s.mu.Lock()
	if len(s.report.First[f.Reason]) < firstFailures {
		s.report.First[f.Reason] = append(s.report.First[f.Reason], f)
	}
	s.mu.Unlock()
	if s.failures != nil {
		s.failures <- f
	}
}

// tellSoFar begins to tell how far the run is, whenever that is asked.
func (r *run) tellSoFar() (end func()) {
	if r.o.Look == nil {
		return func() {}
	}
	begin, over := time.Now(), make(chan struct{})
	go func() {
		for {
			select {
			case <-r.o.Look:
				report := r.soFar()
				report.Elapsed = time.Since(begin)
				r.o.SoFar(report)
			case <-over:
				return
			}
		}
	}()
	return func() { close(over) }
}

// soFar is the report of a run that goes on.
func (r *run) soFar() *Report {
	r.mu.Lock()
	live := slices.Clone(r.live)
	// What the run fills in at its end is left out.
	report := &Report{
		Command: r.report.Command, Cache: r.report.Cache, To: r.report.To, DryRun: r.report.DryRun,
		Shards: make([]ShardReport, len(live)), columns: r.report.columns,
	}
	r.mu.Unlock()
	for i, s := range live {
		out := &report.Shards[i]
		out.Shard, out.Left = r.o.Shards[i].Name, -1
		if s == nil {
			continue
		}
		out.Ways, out.Unguarded = s.ways.report()
		s.tallies.Lock()
		out.Tally.add(&s.tally)
		out.Left, out.Err = s.left(), s.err
		s.tallies.Unlock()
	}
	return report
}
