package engine

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"cachering/commands/internal/checkpoint"
)

// What a run keeps, to be gone on with when it was cut short, is a state of each
// shard. Once a second the source of a shard gives nothing more until all that it gave
// is counted, which takes a few round trips, and its state is taken then: so its counts
// are those of exactly the keys before its position. What of the part at hand was not
// given yet stands in the state by name.
//
// A state says how many keys may be begun until the next one is written, and no more
// are. That is what a kill can leave uncounted.

const (
	// stateEvery is how often a state is taken.
	stateEvery = time.Second
	// partsEnd is how long a state that is due waits for the end of a part, after
	// which it names no keys.
	partsEnd = 100 * time.Millisecond
	// drainsIn is how long a state waits for what was given. Batches that nobody has
	// taken until then, as --rate has them wait, are taken back.
	drainsIn = 250 * time.Millisecond
	// gathering is how long a state of one shard waits for those of others before
	// they are written together.
	gathering = 50 * time.Millisecond
	// aheadFirst is how many keys a shard begins before its second state: what a fast
	// server does in a second. Later it is what was done in the second before, twice.
	aheadFirst = 50000
)

// Keeper has the state of a run written down.
type Keeper interface {
	// Keep writes the state of the shards, in the order of Options.Shards; complete
	// tells that there is nothing to go on with. It is called by one goroutine at a
	// time, about once a second and at the end. An error ends the run after the
	// batches in hand. The states are the engine's own again when it returns.
	Keep(shards []checkpoint.Shard, complete bool) error
}

// keeping is what the shards of a run share for that.
type keeping struct {
	keeper Keeper
	before func() error // nil: nothing is to be done before
	every  time.Duration
	finish func(End, error)
	err    error // the first

	mu     sync.Mutex
	states []checkpoint.Shard
	limits []int64 // of each shard, when its state is written
	shards []*keeper
	news   chan struct{} // holds one if there is a state to write
	urgent chan struct{} // holds one if a shard waits for that
	wg     sync.WaitGroup
}

// keeper is what one shard has for it.
type keeper struct {
	*keeping // nil: nothing is kept
	index    int

	limit   int64         // so many keys may be given; guarded by mu
	written chan struct{} // holds one when a state was

	least int64 // keys that a state lets be given, at least
	given int64 // keys, to the workers, by this run
	taken time.Time
	from  int64 // given, when that was
	gone  int64 // that this run had deleted then
	state checkpoint.Shard
}

// keep begins to keep the state of a run.
func (r *run) keep() {
	if r.o.Keeper == nil {
		return
	}
	n := len(r.o.Shards)
	k := &keeping{
		keeper: r.o.Keeper, before: r.o.beforeState, every: r.o.stateEvery,
		finish: r.finish,
		states: make([]checkpoint.Shard, n), limits: make([]int64, n), shards: make([]*keeper, n),
		news: make(chan struct{}, 1), urgent: make(chan struct{}, 1),
	}
	if k.every <= 0 {
		k.every = stateEvery
	}
	if k.before == nil && r.o.Backup != nil {
		k.before = r.o.Backup.Sync
	}
	if op, ok := r.op.(*Carry); ok && k.before == nil && op.Journal != nil {
		k.before = op.Journal.Sync
	}
	for i, s := range r.o.Shards {
		k.states[i].Name = s.Name
		if r.o.Resume != nil {
			k.states[i] = r.o.Resume[i]
			r.report.Resumed = r.report.Resumed || k.states[i].Begun()
		}
	}
	r.keeping = k
	k.wg.Go(k.write)
}

// write writes states until news is closed.
func (k *keeping) write() {
	for range k.news {
		select {
		case <-k.urgent:
		case <-time.After(gathering):
		}
		if err := k.writeNow(false); err != nil {
			k.fail(err)
			for range k.news { // the last one is tried again
			}
			return
		}
	}
}

func (k *keeping) writeNow(complete bool) error {
	k.mu.Lock()
	states, limits, of := slices.Clone(k.states), slices.Clone(k.limits), slices.Clone(k.shards)
	k.mu.Unlock()
	if k.before != nil {
		if err := k.before(); err != nil {
			return err
		}
	}
	if err := k.keeper.Keep(states, complete); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, s := range of {
		if s == nil {
			continue
		}
		s.limit = limits[i]
		wake(s.written)
	}
	return nil
}

// fail ends the run, if that goes on.
func (k *keeping) fail(err error) {
	if k.err == nil {
		k.err = err
	}
	k.finish(EndNotWritable, err)
}

// wake leaves a token in a channel that holds one.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// stopKeeping writes the last state.
func (r *run) stopKeeping() {
	k := r.keeping
	if k == nil {
		return
	}
	close(k.news)
	k.wg.Wait()
	complete := true
	for i := range k.states {
		complete = complete && k.states[i].Done() && r.report.Shards[i].Err == nil
	}
	if err := k.writeNow(complete); err != nil {
		k.fail(err)
		r.cut = true
	}
	r.report.NotKept = k.err
	for i := range k.states { // one that was not begun has the state before
		r.report.Uncounted += k.states[i].Uncounted + k.states[i].Ahead
	}
}

// post has a state written, after which the shard may have given as many keys more as
// it says.
func (k *keeper) post(urgently bool) {
	k.mu.Lock()
	k.states[k.index], k.limits[k.index] = k.state, k.given+k.state.Ahead
	k.mu.Unlock()
	if urgently {
		wake(k.urgent)
	}
	wake(k.news)
}

// may reports whether n keys more may be given.
func (k *keeper) may(n int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.given+int64(n) <= k.limit
}

// due reports whether the next state is to be taken; whole tells that a part has
// ended.
func (k *keeper) due(whole bool) bool {
	if k.keeping == nil {
		return false
	}
	age := time.Since(k.taken)
	return age > k.every+partsEnd || whole && age > k.every
}

// ahead is how many keys may be given before the next state is written: what takes two
// seconds, as it went of late, and at least what a round of all workers takes.
func (k *keeper) ahead(now time.Time) int64 {
	speed := float64(k.given-k.from) / now.Sub(k.taken).Seconds()
	return max(k.least, int64(min(2*speed, math.MaxInt32)))
}

// takeState takes the state of the shard, of whose keys pending were given by the source
// and are not counted.
func (s *shardRun) takeState(ctx context.Context, pending ...[]entry) {
	k := &s.keeper
	s.shared.Lock()
	if keys, err := s.link.Keys(ctx); err == nil {
		k.state.Keys = keys
	}
	s.shared.Unlock()
	now := time.Now()
	k.state.Ahead = k.ahead(now)
	k.taken, k.from = now, k.given
	k.gone = s.fixState()
	k.state.Pending = nil
	for _, list := range pending {
		for i := range list {
			k.state.Pending = append(k.state.Pending, list[i].key)
		}
	}
}

// fixState notes how far the source is and what was counted, and returns how many keys
// were deleted.
func (s *shardRun) fixState() (gone int64) {
	st := &s.keeper.state
	st.Position, st.Passed, st.Ended = s.at.position, s.at.passed, s.at.last
	if st.Ended {
		st.Position = ""
	}
	s.tallies.Lock()
	defer s.tallies.Unlock()
	st.Counts = s.tally.numbers()
	return s.tally.removed()
}

// lastState has the state written that the shard ends with.
func (s *shardRun) lastState() {
	k := &s.keeper
	if k.keeping == nil {
		return
	}
	if s.fed {
		k.state.Keys = max(0, k.state.Keys-(s.fixState()-k.gone))
		k.state.Pending = s.pending
	}
	k.state.Ahead = 0
	k.state.Uncounted += s.lost
	k.post(false)
}

// before takes over what was counted of the shard before this run.
func (s *shardRun) before() {
	if s.run.keeping == nil {
		return
	}
	t := tallyOf(s.run.keeping.states[s.index].Counts)
	s.tallies.Lock()
	defer s.tallies.Unlock()
	s.tally.add(&t)
	s.given = s.lookedAt(&t)
}

// beginState finds out from where the work on the shard goes on, and has a state
// written that says so. keys is how many the database has.
func (s *shardRun) beginState(ctx context.Context, keys int64, workers int) (from checkpoint.Shard, err error) {
	k := &s.keeper
	if s.run.keeping == nil {
		return from, nil
	}
	id := s.began
	k.keeping, k.index, k.written = s.run.keeping, s.index, make(chan struct{}, 1)
	if from = k.states[s.index]; from.Begun() {
		if s.anew = anew(&from, id, keys, s.loses(&from)); s.anew != "" {
			from = checkpoint.Shard{}
			s.tallies.Lock()
			s.tally, s.given = Tally{}, 0
			s.tallies.Unlock()
		}
	}
	before := tallyOf(from.Counts)
	s.deletedBefore = before.removed()
	k.state = from
	k.state.Name, k.state.Keys = s.shard.Name, keys
	k.state.RunID, k.state.ReplID, k.state.Flushes = id.RunID, id.ReplID, id.Flushes
	k.state.Uncounted += from.Ahead
	k.least = int64(2 * workers * s.pace.Batch)
	k.state.Ahead = aheadFirst
	if s.o.Rate > 0 {
		k.state.Ahead = min(aheadFirst, int64(2*s.o.Rate)/int64(len(s.o.Shards)))
	}
	k.state.Ahead = max(k.least, min(k.state.Ahead, keys))
	k.taken, k.gone = time.Now(), s.deletedBefore
	k.mu.Lock()
	k.shards[s.index] = k
	k.mu.Unlock()
	k.post(true)
	return from, nil
}

// loses is how many keys the run itself may have removed since a state was taken: each
// may have had a marker. Those that were given a time to live may be at its end.
func (s *shardRun) loses(was *checkpoint.Shard) int64 {
	n := 2 * was.Ahead
	if _, expires := s.op.(*Expire); expires {
		n += was.Counts["changed"]
	}
	return n
}
