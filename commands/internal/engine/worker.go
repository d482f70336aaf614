package engine

import (
	"context"
	"time"

	"cachering/commands/internal/cluster"
)

// worker does the batches of one shard on one connection, one after the other.
type worker struct {
	*shardRun
	conn  *cluster.Conn
	queue *queue
	prep  preparer
	com   committer
	tally Tally

	spare  []*batch // not in use
	held   []entry  // taken from the scanner, not yet paid for
	paidAt time.Time
	todo   []task  // to be done before anything new is taken
	nils   []entry // keys without a value: gone, or of another type
	mean   int     // bytes a value, of late
	full   bool    // the report has examples enough
	losses int     // of the connection, without an answer between them
}

// worker works until there is nothing left to do, or the shard is lost.
func (s *shardRun) worker(ctx context.Context) error {
	w := &worker{shardRun: s, queue: newQueue(ctx)}
	defer func() { s.count(&w.tally) }()
	prep, com, rehearsal, err := s.op.start(w)
	if err != nil {
		return err
	}
	w.prep, w.com = prep, com
	if s.o.DryRun {
		w.com = rehearsal
	}
	if w.conn, err = redial(ctx, s.shard); err != nil {
		return err
	}
	defer func() { w.conn.Close() }()
	if err = w.rounds(ctx); err != nil {
		w.abandon()
	}
	return err
}

// rounds composes the flushes: what is to be written of the batch in hand goes
// out together with the questions about the next.
func (w *worker) rounds(ctx context.Context) error {
	var hand *batch // decided, its writes not yet sent
	for {
		next, err := w.take(ctx, hand != nil)
		if err != nil {
			w.unsettled(hand)
			return err
		}
		if next == nil && hand == nil {
			return nil
		}
		if err := w.flush(ctx, hand, next); err != nil {
			if err := w.recover(ctx, hand, next, err); err != nil {
				return err
			}
			hand = nil
			continue
		}
		w.losses = 0
		if hand != nil {
			err = w.com.settle(w.queue, hand)
			w.release(hand)
			hand = nil
		}
		if err == nil && next != nil {
			err = w.prep.decide(w.queue, next)
		}
		if err != nil {
			w.release(next)
			return err
		}
		switch {
		case next == nil:
		case len(next.entries) > 0 || next.guarded:
			hand = next
		default:
			w.release(next)
		}
	}
}

// flush sends the writes of hand and the questions about next.
func (w *worker) flush(ctx context.Context, hand, next *batch) error {
	w.queue.reset()
	if hand != nil {
		w.com.commit(w.queue, hand)
	}
	if next != nil {
		w.com.guard(w.queue, next)
		w.prep.ask(w.queue, next)
	}
	if len(w.queue.cmds) == 0 {
		return nil
	}
	return w.conn.Do(ctx, w.queue.cmds)
}

// take returns the next batch, or nil if there is none. While a batch is in
// hand it does not wait: the keys in hand are watched, and every moment makes a
// conflict with the application more likely.
func (w *worker) take(ctx context.Context, inHand bool) (*batch, error) {
	if n := len(w.todo); n > 0 {
		return w.begin(ctx, w.todo[n-1], inHand)
	}
	if len(w.nils) >= w.o.Batch {
		return w.askTypes(ctx, inHand)
	}
	if w.held == nil {
		select {
		case w.held = <-w.work:
		default:
			switch {
			case len(w.nils) > 0:
				return w.askTypes(ctx, inHand)
			case inHand:
				return nil, nil
			}
			w.held = <-w.work
		}
		if w.held == nil || w.halted() {
			w.held = nil
			if len(w.nils) > 0 {
				return w.askTypes(ctx, inHand)
			}
			return nil, nil
		}
		w.paidAt = time.Time{}
		if w.limiter != nil {
			now := time.Now()
			w.paidAt = now.Add(w.limiter.ReserveN(now, len(w.held)).DelayFrom(now))
		}
	}
	if wait := time.Until(w.paidAt); w.limiter != nil && wait > 0 {
		if inHand {
			return nil, nil
		}
		select {
		case <-time.After(wait):
		case <-w.halt:
			w.held = nil
			return nil, nil
		}
	}
	keys := w.held
	w.held = nil
	w.split(task{entries: keys})
	n := len(w.todo)
	return w.begin(ctx, w.todo[n-1], inHand)
}

func (w *worker) halted() bool {
	select {
	case <-w.halt:
		return true
	default:
		return false
	}
}

// split puts the keys of t on the list of what is to do, in pieces that should
// fit the budget if values go on as they were of late.
func (w *worker) split(t task) {
	fit := len(t.entries)
	if w.mean > 0 {
		fit = max(1, batchBudget/w.mean)
	}
	for n := len(t.entries); n > fit; n = len(t.entries) {
		piece := t
		piece.entries = t.entries[n-fit:]
		t.entries = t.entries[:n-fit]
		w.todo = append(w.todo, piece)
	}
	w.todo = append(w.todo, t)
}

// begin loads the task on top of the list. A value larger than a batch waits
// for its share of the memory that all workers have for such values.
func (w *worker) begin(ctx context.Context, t task, inHand bool) (*batch, error) {
	weight := int64(0)
	if t.limit > batchBudget {
		weight = min(int64(t.limit), heavyBudget)
		if !w.heavy.TryAcquire(weight) {
			if inHand {
				return nil, nil
			}
			if err := w.heavy.Acquire(ctx, weight); err != nil {
				return nil, err
			}
		}
	}
	w.todo[len(w.todo)-1] = task{}
	w.todo = w.todo[:len(w.todo)-1]
	b := new(batch)
	if n := len(w.spare); n > 0 {
		b, w.spare = w.spare[n-1], w.spare[:n-1]
	}
	b.load(t)
	b.weight = weight
	return b, nil
}

func (w *worker) askTypes(ctx context.Context, inHand bool) (*batch, error) {
	w.todo = append(w.todo, task{mode: types, entries: w.nils})
	w.nils = nil
	return w.begin(ctx, w.todo[len(w.todo)-1], inHand)
}

// release ends the use of b.
func (w *worker) release(b *batch) {
	if b == nil {
		return
	}
	if b.weight > 0 {
		w.heavy.Release(b.weight)
		b.weight = 0
		b.detach()
	}
	w.spare = append(w.spare, b)
}

// recover puts what a lost connection left open back on the list and dials
// again. Whether the writes in hand were carried out is found out by reading
// their keys again; should they be carried out only later, they are guarded by
// the watches of their own connection.
func (w *worker) recover(ctx context.Context, hand, next *batch, cause error) error {
	defer w.release(hand)
	defer w.release(next)
	w.conn.Close()
	w.losses++
	if !lost(ctx, cause) || w.losses > redials || permanent(cause) {
		w.unsettled(hand)
		return cause
	}
	conn, err := redial(ctx, w.shard)
	if err != nil {
		w.unsettled(hand)
		return err
	}
	w.conn = conn
	if next != nil {
		w.again(next.mode, next.entries)
	}
	if hand != nil {
		for i := range hand.entries {
			hand.entries[i].lost = true
		}
		w.halve(hand, lostTries)
	}
	return nil
}

// again puts keys back on the list.
func (w *worker) again(m mode, entries []entry) {
	if len(entries) > 0 {
		w.todo = append(w.todo, task{mode: m, entries: append([]entry(nil), entries...), limit: limit(entries)})
	}
}

// limit is how much room the values of entries need, as far as is known.
func limit(entries []entry) int {
	sum := 0
	for i := range entries {
		sum += max(clampInt(entries[i].size), len(entries[i].old))
	}
	if sum <= batchBudget {
		return 0
	}
	return sum
}

// halve puts the keys of b back on the list in two halves, so that one key that
// cannot be written does not hold up the others. A single key may be tried a
// number of times, of which this one costs some.
func (w *worker) halve(b *batch, cost int) {
	if len(b.entries) == 1 {
		if e := &b.entries[0]; e.tries+cost <= maxTries {
			e.tries += cost
			w.again(b.mode, b.entries)
		} else {
			w.giveUp(e)
		}
		b.detach()
		return
	}
	half := len(b.entries) / 2
	w.again(b.mode, b.entries[half:])
	w.again(b.mode, b.entries[:half])
	b.detach()
}

// giveUp counts a key that was tried often enough.
func (w *worker) giveUp(e *entry) {
	if e.lost {
		w.failed(e.key, ReasonUnsettled, "the connection was lost whenever this key was written")
		return
	}
	w.tally.Scanned++
	w.tally.Conflict++
	w.kept(len(e.old))
	w.fail(Failure{w.shard.Name, e.key, ReasonConflict, "changed between every read and write"})
}

// unsettled counts the keys of b, of which it is not known whether they were
// written.
func (w *worker) unsettled(b *batch) {
	if b == nil {
		return
	}
	for i := range b.entries {
		w.failed(b.entries[i].key, ReasonUnsettled, "the connection ended before the answer")
	}
}

// abandon counts what is left on the list and may have been written.
func (w *worker) abandon() {
	for _, t := range w.todo {
		for i := range t.entries {
			if t.entries[i].lost {
				w.failed(t.entries[i].key, ReasonUnsettled, "the connection ended before the answer")
			}
		}
	}
}

func (w *worker) failed(key []byte, reason, detail string) {
	w.tally.Scanned++
	if w.tally.Failed == nil {
		w.tally.Failed = make(map[string]int64)
	}
	w.tally.Failed[reason]++
	w.fail(Failure{w.shard.Name, key, reason, detail})
}

func (w *worker) skipped(reason string) {
	w.tally.Scanned++
	if w.tally.Skipped == nil {
		w.tally.Skipped = make(map[string]int64)
	}
	w.tally.Skipped[reason]++
}

// kept counts the bytes of a value that stays as it is.
func (w *worker) kept(bytes int) {
	w.tally.BytesBefore += int64(bytes)
	w.tally.BytesAfter += int64(bytes)
}

// show offers a key to the report as an example.
func (w *worker) show(key []byte) {
	if !w.full {
		w.full = !w.example(w.shard, key)
	}
}
