package engine

import (
	"context"
	"time"
)

// feeding hands what a source gives to the workers, in batches.
type feeding struct {
	*shardRun
	batch []entry // the next, not full yet
	rest  []entry // of the part at hand, after those in batch
}

// feed hands all that a source gives to the workers.
func (s *shardRun) feed(ctx context.Context, from source) error {
	f := &feeding{shardRun: s}
	defer func() {
		s.leaveOver(f.batch)
		s.leaveOver(f.rest)
	}()
	for {
		if s.halted() {
			s.undone.Store(true)
			return nil
		}
		s.look(ctx)
		if err := s.askClockAgain(ctx); err != nil {
			return err
		}
		p, err := s.next(ctx, from)
		if err != nil {
			return err
		}
		s.count(&p.settled)
		s.advance(&p)
		s.at, s.fed = p, true
		f.rest = p.entries
		if !f.pay(ctx, p.dropped) || !f.handOutPart(ctx, &p) {
			return nil
		}
		s.told.stir()
		if p.last {
			return nil
		}
	}
}

// handOutPart gives the entries of the part at hand, and takes a state after them if one is
// due. What is taken back for a state is given again: nothing else knows of it. It is false
// when nothing more is to be given.
func (f *feeding) handOutPart(ctx context.Context, p *part) bool {
	for again := true; again; again = len(f.rest) > 0 {
		if !f.handOut(ctx) {
			return false
		}
		due := f.keeper.due(true)
		if (p.last || p.whole || due) && len(f.batch) > 0 && !f.give(ctx) {
			return false
		}
		if due {
			f.takeState(ctx, false)
		}
	}
	return true
}

// handOut gives the entries of the part at hand that make whole batches. It is false
// when nothing more is to be given.
func (f *feeding) handOut(ctx context.Context) bool {
	for len(f.rest) > 0 {
		if f.keeper.due(false) {
			f.takeState(ctx, false)
		}
		if f.batch == nil {
			f.batch = make([]entry, 0, f.pace.Batch)
		}
		n := min(len(f.rest), f.pace.Batch-len(f.batch))
		f.batch, f.rest = append(f.batch, f.rest[:n]...), f.rest[n:]
		if len(f.batch) == f.pace.Batch && !f.give(ctx) {
			return false
		}
	}
	return true
}

// give gives a batch to the workers.
func (f *feeding) give(ctx context.Context) bool {
	n := len(f.batch)
	if !f.allowed(ctx, n) {
		f.undone.Store(true)
		return false
	}
	f.hand(n)
	select {
	case f.work <- f.batch:
		f.batch = nil
		return true
	case <-f.going.Done():
		f.hand(-n)
		f.undone.Store(true)
		return false
	}
}

// pay waits as long as work on n keys would have to, which were only asked about.
func (f *feeding) pay(ctx context.Context, n int) bool {
	for ; n > 0; n -= f.pace.Batch {
		f.pace.Wait(f.going, f.pace.Book(min(n, f.pace.Batch)))
		if f.halted() {
			f.undone.Store(true)
			return false
		}
		if f.keeper.due(false) {
			f.takeState(ctx, false)
		}
	}
	return true
}

// hand counts entries that the workers get, and those that are taken back.
func (f *feeding) hand(n int) {
	f.outstanding.Add(int64(n))
	f.keeper.given += int64(n)
}

// allowed waits until n keys more may be given by the state that was written last.
func (f *feeding) allowed(ctx context.Context, n int) bool {
	k := &f.keeper
	if k.keeping == nil {
		return true
	}
	for !k.may(n) {
		if k.given != k.from {
			f.takeState(ctx, true)
		}
		select {
		case <-k.written:
		case <-f.going.Done():
			return false
		}
	}
	return true
}

// takeState takes a state when all that was given is counted, and has it written.
func (f *feeding) takeState(ctx context.Context, urgently bool) {
	if !f.drain() {
		return
	}
	f.shardRun.takeState(ctx, f.batch, f.rest)
	f.keeper.post(urgently)
}

// drain waits until all that was given is counted. It is false when that will not be.
func (f *feeding) drain() bool {
	late := time.NewTimer(drainsIn)
	defer late.Stop()
	for f.outstanding.Load() > 0 {
		select {
		case <-f.drained:
		case <-late.C:
			f.takeBack()
		case <-f.going.Done():
			return false
		}
	}
	return true
}

// takeBack takes back the batches that no worker has taken yet.
func (f *feeding) takeBack() {
	var back []entry
	for {
		select {
		case batch := <-f.work:
			f.hand(-len(batch))
			back = append(back, batch...)
			continue
		default:
		}
		if back != nil {
			f.rest = append(back, f.rest...)
		}
		return
	}
}

// tell says that n entries were counted.
func (s *shardRun) tell(n int64) {
	if n > 0 && s.outstanding.Add(-n) == 0 {
		wake(s.drained)
	}
}

// leaveOver notes entries that nobody did.
func (s *shardRun) leaveOver(entries []entry) {
	if s.keeper.keeping == nil {
		return
	}
	s.tallies.Lock()
	defer s.tallies.Unlock()
	for i := range entries {
		e := &entries[i]
		if e.done {
			continue
		}
		s.pending = append(s.pending, e.key)
		if e.lost {
			s.lost++
		}
	}
}
