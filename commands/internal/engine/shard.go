package engine

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// shardRun is the work on one shard.
type shardRun struct {
	*run
	cl    *cluster.Cluster // that the shard is of
	index int
	shard *cluster.Shard
	// link is the connection besides those of the workers.
	link *scan.Link
	// work carries batches from the source to the workers. It is short: what
	// waits in it was read before it is written.
	work chan []entry
	// lend gives the source a worker that waits for keys, and its connection.
	lend chan *worker
	// going ends when no new batch is to be begun, by halt or with that of the run.
	going context.Context
	halt  context.CancelCauseFunc
	// without is what the server cannot do.
	without lacks
	refused lacks // to a run, as far as a dry run asks: it needs nothing of it
	ways    ways
	crew    crew
	shared  shared
	pace    scan.Pace // that of the run, and the brake
	brake   scan.Brake

	segment *archive.Segment // of the backup; nil: none is kept

	failures chan Failure // to be told; nil: nobody asks

	undone atomic.Bool // there was work that nobody did

	tallies  sync.Mutex
	tally    Tally
	foreseen foreseen // in a dry run
	held     int64    // keys of the database when the run began
	began    scan.Identity
	looked   time.Time // when it was looked whether they are there still
	// deletedBefore were deleted by runs before this one.
	deletedBefore int64
	kills         kills
	clock         serverClock

	keys   int64 // of the database when the run began; -1: unknown
	passed int64 // by the source, about
	given  int64 // by the source to the workers
	over   bool  // all work on the shard has ended
	err    error // the first

	outstanding atomic.Int64  // entries that the workers have
	drained     chan struct{} // holds one when they have none any more

	at     part // the last of the source
	fed    bool // there was one
	keeper keeper
	anew   string // why the work began at the beginning, where a state was kept

	// Guarded by tallies: what was read and not done, and what was given and not done.
	unfinished Tally
	pending    []checkpoint.Key
	lost       int64 // of those, they may have been done
}

// contain ends the work on the shard by the error of a part of it, or by a panic.
func (s *shardRun) contain(part func() error) {
	if err := s.shard.Contain(part); err != nil {
		s.end(err)
	}
}

// count adds what one goroutine counted, and begins t anew.
func (s *shardRun) count(t *Tally) {
	s.tallies.Lock()
	s.tally.add(t)
	s.tallies.Unlock()
	s.enough(t)
	s.tell(s.lookedAt(t))
	s.told.stir()
	*t = Tally{}
}

// foresee adds what a worker learned about the run.
func (s *shardRun) foresee(f *foreseen) {
	s.tallies.Lock()
	defer s.tallies.Unlock()
	s.foreseen.add(f)
}

// countUnfinished adds what a worker counted of what it left. It is in the report, and
// a later run does it.
func (s *shardRun) countUnfinished(t *Tally) {
	s.tallies.Lock()
	s.unfinished.add(t)
	s.tallies.Unlock()
	s.enough(t)
}

// advance notes how far the source is.
func (s *shardRun) advance(p *part) {
	s.tallies.Lock()
	defer s.tallies.Unlock()
	s.passed = p.passed
	s.given += int64(len(p.entries))
}

// shard does all the work on one shard and fills its part of the report.
func (r *run) shard(ctx context.Context, index int, sh *cluster.Shard) {
	s := &shardRun{run: r, cl: r.cl, index: index, shard: sh, keys: -1, drained: make(chan struct{}, 1), pace: r.pace}
	s.pace.Brake = &s.brake
	r.mu.Lock()
	r.live[index] = s
	r.mu.Unlock()
	s.going, s.halt = context.WithCancelCause(r.going)
	defer s.tellFailures()()
	s.before()
	out := &r.report.Shards[index]
	out.Shard = sh.Name
	defer func() {
		s.tallies.Lock()
		defer s.tallies.Unlock()
		s.over = true
		s.tally.add(&s.unfinished)
		out.Tally = s.tally
		out.Ways, out.Unguarded = s.ways.report()
		out.Anew = s.anew
		out.ClockAhead, out.AsTimeLeft = s.clock.report()
		out.Skipped, out.Failed = addCounts(out.Skipped, nil), addCounts(out.Failed, nil)
		// Having been told to stop is no failure of the shard.
		if ctx.Err() == nil {
			out.Err = s.err
		}
		out.Left = s.left()
		r.interrupted(s)
	}()

	defer r.routes.leave(index)
	sh.Rest() // the link and those of the workers are all the connections there are
	link, err := scan.Open(s.going, sh)
	if err != nil {
		s.end(err)
		return
	}
	link.Again = s.rejoinSource
	s.link, r.links[index] = link, link
	before, err := link.Begin(s.going)
	if err != nil {
		s.end(err)
		return
	}
	if err := s.ability(ctx, link); err != nil {
		s.end(err)
		return
	}
	if err := s.askClock(s.going, link); err != nil {
		s.end(err)
		return
	}
	if s.began, err = link.Identity(s.going); err != nil {
		s.end(err)
		return
	}
	s.held, s.looked = before.Keys, time.Now()
	if err := s.openSegment(); err != nil {
		s.undone.Store(true)
		s.finish(EndNotWritable, err)
		return
	}
	defer s.closeSegment()
	keys, from := s.origin(before.Keys)
	s.tallies.Lock()
	s.keys = keys
	s.tallies.Unlock()
	trip, err := link.RoundTrip(s.going)
	if err != nil {
		s.end(err)
		return
	}
	workers := r.workers(trip, keys, r.connections(sh))
	s.work, s.lend, s.crew.size, s.crew.news = make(chan []entry, 2*workers), make(chan *worker), workers, make(chan struct{}, 1)
	out.UsedMemoryBefore = before.UsedMemory
	state, err := s.beginState(s.going, before.Keys, workers)
	if err != nil {
		s.end(err)
		return
	}
	defer s.lastState()
	if r.keeping != nil {
		filter := scan.NewFilter(r.o.Selection, r.cl, sh)
		from = resumed(state, filter, func(position string) source { return s.scanned(filter, position, before.Keys) })
	}

	finished := make(chan struct{})
	var wg, watching sync.WaitGroup
	if !r.o.DryRun {
		conn := link.Conn // the link may get another
		watching.Go(func() { s.contain(func() error { return s.watch(s.going, conn, finished) }) })
	}
	guarding, unguard := context.WithCancel(s.going)
	defer unguard()
	if g := s.newGuard(guarding); g != nil {
		watching.Go(func() {
			s.contain(func() error {
				g.watch(guarding)
				return nil
			})
		})
	}
	for range workers {
		wg.Go(func() { s.contain(func() error { return s.worker(ctx) }) })
	}
	s.contain(func() error {
		return s.feed(ctx, from)
	})
	close(s.work)
	wg.Wait()
	close(finished)
	unguard()
	watching.Wait()
	for batch := range s.work {
		s.undone.Store(true)
		s.leaveOver(batch)
	}

	if s.err == nil && !r.o.DryRun {
		if err := link.Conn.Settled(ctx); err != nil {
			s.end(err)
		}
	}
	if s.err != nil {
		return // another question would only take another timeout
	}
	after, err := link.Still(ctx)
	if err != nil {
		s.end(err)
		return
	}
	out.UsedMemoryAfter = after.UsedMemory
	if s.emptied(ctx, after.Keys) {
		s.leaveEmptied()
	}
}

// budget divides the connections that there may be among the shards that are worked
// on at a time.
func (r *run) budget() {
	most, least := cluster.MostConnections, 2 // the link, and a worker
	if r.sinks != nil {
		most -= sinkConns
	}
	if r.o.Guards != (Guards{}) {
		least++
	}
	r.parallel = min(cmp.Or(r.o.Parallel, len(r.o.Shards)), most/least)
	r.each = most / max(1, min(r.parallel, len(r.o.Shards)))
}

// connections is how many there may be to a shard.
func (r *run) connections(s *cluster.Shard) int {
	if n := s.Connections(); n > 0 {
		return min(n, r.each)
	}
	return r.each
}

// rest closes the link to a shard that is done where there are others to come: to
// look at it again it is dialled again.
func (r *run) rest(i int) {
	if link := r.links[i]; link != nil && len(r.o.Shards) > r.parallel {
		link.Close()
	}
}

// settledEvery is how often it is asked whether the server is still the master:
// what is written in between may be lost, and is then done again by another run.
const settledEvery = time.Second

// watch ends the work when the server of conn is replaced as the master. That
// nobody can be asked for a while is no reason to.
func (s *shardRun) watch(ctx context.Context, conn *cluster.Conn, finished <-chan struct{}) error {
	tick := time.NewTicker(settledEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := conn.Settled(ctx); errors.Is(err, cluster.ErrReplaced) {
				return err
			}
		case <-finished:
			return nil
		}
	}
}

// nearby is how long a round trip to a server on the same machine takes at most, if the
// machine is not very busy.
const nearby = 200 * time.Microsecond

// allWorkers is how many workers there are at most, if every shard has one: each
// takes half a megabyte of buffers and batches.
const allWorkers = 32

// workers is how many connections write to one shard. Two keep a server on the
// same machine busy while one of them transcodes, and one is enough where there are
// shards for all processors; across a network more must be under way at once. The
// link is one besides, and all of them keep to
// the bound that the application has, if there is one.
func (r *run) workers(roundTrip time.Duration, keys int64, connections int) int {
	n := r.o.Workers
	switch {
	case n > 0:
	case roundTrip < nearby && len(r.o.Shards) >= runtime.GOMAXPROCS(0):
		n = 1
	case roundTrip < time.Millisecond:
		n = 2
	case roundTrip < 5*time.Millisecond:
		n = 4
	default:
		n = 8
	}
	if shards := min(len(r.o.Shards), cmp.Or(r.parallel, len(r.o.Shards))); r.o.Workers <= 0 && shards > 0 {
		n = min(n, max(1, allWorkers/shards))
	}
	if connections > 0 {
		n = min(n, connections-1)
		if r.o.Guards != (Guards{}) && connections > 2 {
			n = min(n, connections-2)
		}
	}
	return max(1, min(n, int(keys/int64(r.pace.Batch))))
}

// clampInt keeps sizes that a server tells within an int.
func clampInt(n int64) int { return int(min(n, math.MaxInt32)) }
