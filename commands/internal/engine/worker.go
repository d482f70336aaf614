package engine

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// worker does the batches of one shard on one connection, one after the other.
type worker struct {
	*shardRun
	conn     *cluster.Conn
	prep     preparer
	com      committer
	tally    Tally
	foreseen foreseen // in a dry run

	// What is written and what is asked goes out in one flush, but the answers
	// are kept apart: nonsense in the one does not disturb the other.
	writes, questions *queue
	multi, exec       redis.Cmder
	cmds              []redis.Cmder // of one flush

	hand *batch // decided, its writes not yet settled
	next *batch // to be asked about
	open bool   // the last transaction did not end, and took in what was sent after it

	spare  []*batch // not in use
	held   []entry  // taken from the source, to be begun when it is their turn
	due    scan.Turn
	todo   []task  // to be done before anything new is taken
	nils   []entry // keys without a value: gone, or of another type
	mean   int     // bytes a value, of late
	plain  bool    // new keys are read unguarded
	full   bool    // the report has examples enough
	losses int     // of the connection, without an answer between them
	serial bool    // one batch at a time
	before func(*batch, *entry)
	ready  func(context.Context, *batch) error
	frame  archive.Frame
	alone  bool       // the connection is that of the source, too
	judge  scan.Judge // of values, by the selection; nil until it is needed

	taken chan bool // whether the source that took the connection shares it
}

// worker works until there is nothing left to do, or the shard is lost.
func (s *shardRun) worker(ctx context.Context) (err error) {
	w := &worker{shardRun: s, writes: newQueue(ctx), questions: newQueue(ctx), taken: make(chan bool, 1)}
	w.multi, w.exec = w.questions.command("multi"), w.writes.command("exec")
	defer func() {
		if err != nil { // nobody does any more what others left
			w.todo = append(w.todo, s.crew.inherit()...)
		}
		s.count(&w.tally)
		s.foresee(&w.foreseen)
		w.abandon()
		s.countUnfinished(&w.tally)
	}()
	of, err := s.op.start(w)
	if err != nil {
		return err
	}
	w.prep, w.com, w.serial, w.before, w.ready = of.prepare, of.commit, of.serial, of.before, of.ready
	if s.o.DryRun {
		w.com = of.rehearse
	}
	if aboard, err := w.board(); !aboard {
		if s.halted() {
			return nil // there is nothing in hand
		}
		return err
	}
	defer w.disembark()
	for {
		if err := w.rounds(ctx); err != nil {
			if over, err := w.goOn(err); over {
				return err
			}
			continue
		}
		if w.conn == nil {
			return nil // the source has it
		}
		if w.todo = s.crew.end(); len(w.todo) == 0 {
			return nil
		}
	}
}

// rounds composes the flushes: what is to be written of the batch in hand goes
// out together with the questions about the next.
func (w *worker) rounds(ctx context.Context) error {
	for {
		var err error
		if w.next, err = w.take(ctx); err != nil {
			return err
		}
		if w.next == nil && w.hand == nil {
			return nil
		}
		if w.hand != nil && w.ready != nil {
			if err = w.ready(ctx, w.hand); err != nil {
				return err
			}
		}
		if err = w.keep(); err != nil {
			return err
		}
		if err = w.flush(ctx); err != nil {
			err = w.recover(ctx, err)
		} else {
			if len(w.cmds) > 0 {
				w.losses = 0
			}
			err = w.turn()
		}
		w.count(&w.tally)
		if err != nil {
			return err
		}
	}
}

// flush sends the writes of the batch in hand and the questions about the next.
func (w *worker) flush(ctx context.Context) error {
	w.writes.reset()
	w.questions.reset()
	if w.hand != nil {
		w.commit()
	}
	if w.next != nil {
		w.ask()
	}
	clear(w.cmds)
	w.cmds = append(append(w.cmds[:0], w.writes.cmds...), w.questions.cmds...)
	if len(w.cmds) == 0 {
		return nil
	}
	before := w.conn.Traffic()
	err := w.conn.Through(ctx, w.cmds)
	w.foreseen.flushed.Add(w.conn.Traffic().Less(before))
	return err
}

// turn reads the answers to a flush and takes the next batch in hand.
func (w *worker) turn() error {
	var err error
	if w.hand != nil {
		if err = w.settle(); err == nil {
			w.release(w.hand)
			w.hand = nil
		}
	}
	if w.next != nil && !w.open { // it was read also where the writes failed
		if e := w.decide(); err == nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	w.hand, w.next = w.next, nil
	if b := w.hand; b != nil && len(b.entries) == 0 && !b.guarded {
		w.release(b)
		w.hand = nil
	}
	return nil
}

// take returns the next batch, or nil if there is none.
func (w *worker) take(ctx context.Context) (*batch, error) {
	if w.serial && w.hand != nil {
		return nil, nil
	}
	if len(w.todo) == 0 {
		w.todo = w.crew.inherit()
	}
	if len(w.todo) == 0 && len(w.nils) < w.pace.Batch {
		// Nothing that was read waits for what was not: the keys in hand are
		// watched, and every moment makes a conflict with the application more
		// likely.
		if keys := w.fresh(w.hand == nil && len(w.nils) == 0); keys != nil {
			w.split(task{entries: w.more(keys), fresh: true})
		}
	}
	if len(w.todo) == 0 {
		if len(w.nils) == 0 {
			return nil, nil
		}
		w.todo = append(w.todo, task{mode: types, entries: w.nils})
		w.nils = nil
	}
	return w.begin(ctx)
}

// fresh returns keys of the source whose turn it is. It is nil where there are none,
// and where they would have to be waited for and wait is false.
func (w *worker) fresh(wait bool) []entry {
	if w.held == nil {
		select {
		case w.held = <-w.work:
		default:
			if !wait {
				return nil
			}
			if !w.await() {
				return nil
			}
		}
		w.due = w.pace.Book(len(w.held))
	}
	if !wait && w.pace.Left(w.due) > 0 {
		return nil
	}
	w.pace.Wait(w.going, w.due)
	if w.halted() {
		return nil
	}
	keys := w.held
	w.held = nil
	w.foreseen.given += int64(len(keys))
	for i := range keys {
		w.foreseen.givenBytes += int64(len(keys[i].key))
	}
	return keys
}

// more adds further keys of the source to those whose turn it is, if they are to be
// read unguarded: what is not watched costs less the more of it is asked at once.
func (w *worker) more(keys []entry) []entry {
	if !w.plain || w.pace.Batch != w.op.batch() { // a smaller one was asked for
		return keys
	}
	for len(keys)+w.pace.Batch <= plainKeys {
		further := w.fresh(false)
		if further == nil {
			break
		}
		keys = append(keys, further...)
	}
	return keys
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
func (w *worker) begin(ctx context.Context) (*batch, error) {
	t := w.todo[len(w.todo)-1]
	weight := int64(0)
	if t.limit > batchBudget {
		weight = min(int64(t.limit), heavyBudget)
		if !w.heavy.TryAcquire(weight) {
			if w.hand != nil {
				return nil, nil
			}
			if err := w.heavy.Acquire(w.going, weight); err != nil {
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
	b.plain = b.fresh && w.plain
	b.weight = weight
	return b, nil
}

// release ends the use of b.
func (w *worker) release(b *batch) {
	if b == nil {
		return
	}
	b.unsure()
	w.leave(b.entries)
	b.entries = b.entries[:0]
	if b.weight > 0 {
		b.detach()
		clear(b.entries[:cap(b.entries)])
		w.writes.forget()
		w.heavy.Release(b.weight)
		b.weight = 0
	} else if cap(b.out) > 2*lightOutput {
		b.out = nil
	}
	w.spare = append(w.spare, b)
}

// recover puts what a lost connection left open back on the list and dials
// again. Whether the writes in hand were carried out is found out by reading
// their keys again; should they be carried out only later, they are guarded by
// the watches of their own connection.
func (w *worker) recover(ctx context.Context, cause error) error {
	w.conn.Close()
	w.losses++
	if !scan.WorthRedial(ctx, cause) || w.losses > scan.Redials {
		return cause
	}
	conn, err := w.rejoin(ctx, cause)
	if err != nil && !errors.Is(err, cluster.ErrFull) {
		return err
	}
	if conn != nil {
		w.conn = conn
	}
	if b := w.next; b != nil {
		w.again(b.mode, b.entries)
		b.entries = b.entries[:0]
		w.release(b)
	}
	if b := w.hand; b != nil {
		b.unsure()
		w.halve(b, lostTries)
		w.release(b)
	}
	w.hand, w.next = nil, nil
	return err
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
	} else {
		half := len(b.entries) / 2
		w.again(b.mode, b.entries[half:])
		w.again(b.mode, b.entries[:half])
	}
	b.entries = b.entries[:0]
	b.detach()
}
