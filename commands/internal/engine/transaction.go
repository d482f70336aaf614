package engine

import (
	"errors"
	"fmt"
	"strings"

	"cachering/commands/internal/cluster"
)

// A transaction guards the writes of a batch. It is spread over two flushes, so
// that it costs no round trip of its own:
//
//	WATCH …, questions, MULTI    with the writes of the batch before
//	writes, EXEC                 with the questions about the batch after
//
// No write is sent before MULTI was answered with OK: where it is refused, which
// an administrator can bring about at any moment, what follows it is carried out
// at once and unguarded. A batch of which nothing is to be written ends its
// transaction by an EXEC without writes, which needs no right of its own as
// DISCARD and UNWATCH do.

// ask queues the questions about the next batch.
func (w *worker) ask() {
	b, q := w.next, w.questions
	b.guarded = w.com.guards(b)
	if b.guarded {
		q.add(q.command(b.keys("watch")...))
	}
	w.prep.ask(q, b)
	if b.guarded {
		q.add(w.multi)
	}
}

// decide reads the answers about the next batch. Where it has no guard nothing
// of it will be written.
func (w *worker) decide() error {
	b, q := w.next, w.questions
	var refused error
	if b.guarded {
		refused = q.agreed("WATCH")
	}
	if err := w.prep.decide(q, b); err != nil {
		return err
	}
	if b.guarded {
		if err := q.agreed("MULTI"); refused == nil {
			refused = err
		}
	}
	if refused != nil {
		return w.refuse(b, unguarded(refused))
	}
	return nil
}

// unguarded says what it means that transactions are refused.
func unguarded(err error) error {
	return fmt.Errorf("transactions are refused, and without them an update could be lost: %w", err)
}

// commit queues the writes of the batch in hand.
func (w *worker) commit() {
	b, q := w.hand, w.writes
	w.com.commit(q, b)
	b.writes = len(q.cmds)
	if b.guarded {
		q.add(w.exec)
	}
	b.sent = b.writes > 0
}

// settle reads what became of the batch in hand.
func (w *worker) settle() error {
	b, q := w.hand, w.writes
	if !b.guarded {
		return w.com.settle(q, b)
	}
	var refused error
	for range b.writes {
		if err := q.ok(); err != nil && refused == nil {
			refused = err
		}
	}
	exec := q.take()
	switch {
	case exec.Kind == cluster.Nil:
		if len(b.entries) > 0 {
			w.tally.Aborted++
			w.halve(b, 1)
		}
		return nil
	case exec.Kind == cluster.Error:
		err := q.answers.Err(exec)
		if refused == nil {
			refused = err
		}
		if !strings.HasPrefix(err.Error(), "EXECABORT") {
			w.open = true
		}
		return w.refuse(b, refused)
	case exec.Kind != cluster.Array || exec.Int != int64(b.writes):
		return errors.New("an answer to EXEC that does not fit what was asked")
	}
	return w.com.settle(q, b)
}

// refuse counts the keys of b as refused, none of which was written.
func (w *worker) refuse(b *batch, err error) error {
	for i := range b.entries {
		w.done(&b.entries[i], failure(ReasonRefused, w.shard.Said(err)))
	}
	return err
}
