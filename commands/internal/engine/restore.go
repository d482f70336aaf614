package engine

import (
	"bytes"
	"fmt"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
)

// Restore writes the entries of a backup, or with Undo takes back what a run did that
// kept one. Its keys come from the backup and not from the servers.
type Restore struct {
	Archive *archive.Archive // whose files were checked
	// Target is the place among the shards of the run where an entry of the backup
	// goes, by its place in the backup; -1: it is not selected.
	Target func(shard int, stored []byte) int
	// Replace overwrites strings that exist; else they are kept.
	Replace bool
	Undo    bool
	// Foreign recognises values that are never written, such as lock tokens.
	Foreign func(stored, value []byte) (reason string, foreign bool)
	// NewConvert makes what turns keys and values into those of another cache, for one
	// goroutine; nil: they are as they are. The reason of an error is that of a failure.
	NewConvert func() (Convert, error)
}

// Convert makes the stored key and the value for another cache. The error, with a reason,
// is of an entry that cannot be there; its key is nil if that is why.
type Convert func(stored, value []byte) (newStored, newValue []byte, reason string, err error)

func (o *Restore) command() (name, to string) { return "restore", "" }
func (o *Restore) batch() int {
	if o.Replace || o.Undo {
		return watchKeys
	}
	return 256
}

func (o *Restore) columns() columns {
	if o.Undo {
		return undoColumns
	}
	return restoreColumns
}

func (o *Restore) way(l *lacks) way {
	if o.guarded(l) {
		return byTransaction
	}
	return ifMissing
}

func (o *Restore) asksMoments() {}

// ahead is by how many milliseconds the clock of a shard of the backup was ahead of the
// one of the machine that made it; nil where that is not known.
func (o *Restore) ahead(shard int) *int64 {
	if o.Undo {
		return nil
	}
	for _, s := range o.Archive.Manifest.Servers {
		if s.Index == shard {
			return s.Ahead
		}
	}
	return nil
}

// timeLeft is what is left of the time of an entry, where that is to be written.
func (w *worker) timeLeft(e *entry) (ms int64, use bool) {
	if e.expireAt == 0 || e.from.ahead == nil {
		return 0, false
	}
	return w.clock.left(e.expireAt, *e.from.ahead)
}

// over reports whether the time of an entry is up, which the server says is now.
func (w *worker) over(e *entry, now int64) bool {
	if left, use := w.timeLeft(e); use {
		return left <= 0
	}
	return e.expireAt != 0 && e.expireAt <= now
}

// guarded reports whether it takes a transaction to look and write in one step. SET NX
// does without, where the server takes the moment of expiry with it.
func (o *Restore) guarded(l *lacks) bool { return o.Replace || o.Undo || l.moments }

func (o *Restore) start(w *worker) (steps, error) {
	guards := o.guarded(&w.without)
	if err := w.without.transactions; guards && err != nil {
		return steps{}, unguarded(err)
	}
	put := &restorer{w: w, op: o, guarded: guards}
	if o.Undo {
		prep := &undoer{op: o, w: w, lifetimes: w.without.lifetimes()}
		return steps{prepare: prep, commit: put, rehearse: &restoring{w}, serial: true}, nil
	}
	prep := &restorable{op: o, w: w, looks: guards || w.o.DryRun}
	return steps{prepare: prep, commit: put, rehearse: &restoring{w}}, nil
}

// restorable leaves the entries that are to be written.
type restorable struct {
	op    *Restore
	w     *worker
	looks bool // it is looked at what the keys are
}

func (p *restorable) ask(q *queue, b *batch) {
	q.add(q.command("time"))
	if p.looks {
		askTypes(q, b)
	}
}

func (p *restorable) decide(q *queue, b *batch) error {
	now, err := q.time()
	if err != nil {
		return err
	}
	return b.keep(func(_ int, e *entry) (bool, error) {
		is := "none"
		if p.looks {
			item := q.take()
			if err := q.answers.Err(item); err != nil {
				return false, err
			}
			is = string(q.answers.Bytes(item))
		}
		e.from.found = is != "none"
		switch {
		case p.w.over(e, now):
			p.w.done(e, outcome{kind: expired})
		case is == "none", is == "string" && p.op.Replace:
			return true, nil
		case is == "string" && e.lost:
			p.w.done(e, outcome{kind: restored}) // only the answer was lost
		case is == "string":
			p.w.done(e, outcome{kind: kept})
		default:
			p.w.done(e, skip(ReasonNotAString))
		}
		return false, nil
	})
}

// undoer leaves the entries that are still as the run left them.
type undoer struct {
	op        *Restore
	w         *worker
	lifetimes lifetimes
}

func (p *undoer) ask(q *queue, b *batch) {
	q.add(q.command("time"))
	q.add(cluster.NewCommand(q.ctx, &b.reply, b.keys("mget")...))
	p.lifetimes.ask(q, b, nil)
	askTypes(q, b)
}

func (p *undoer) decide(q *queue, b *batch) error {
	values, err := b.reply.Array(len(b.entries))
	if err != nil {
		return err
	}
	now, err := q.time()
	if err != nil {
		return err
	}
	was := make([]int64, len(b.entries)) // when the entries of the backup expire
	for i := range b.entries {
		was[i] = b.entries[i].expireAt
	}
	unknown := p.lifetimes.read(q, b)
	is := make([]int64, len(b.entries))
	for i := range b.entries {
		is[i], b.entries[i].expireAt = b.entries[i].expireAt, was[i]
	}
	var large []entry
	err = b.keep(func(i int, e *entry) (bool, error) {
		typ := q.take()
		if err := q.answers.Err(typ); err != nil {
			return false, err
		}
		e.from.found = string(q.answers.Bytes(typ)) != "none"
		item := values[i]
		if item.Kind == cluster.Large && item.Int <= heavyBudget {
			e.size = item.Int
			large = append(large, *e)
			return false, nil
		}
		var value []byte
		if item.Kind == cluster.Bulk {
			value = b.reply.Bytes(item)
		}
		k, wanted := p.judge(e, value, item.Kind == cluster.Bulk, is[i], now)
		if !wanted {
			p.w.done(e, outcome{kind: k})
		}
		return wanted, nil
	})
	for _, e := range large {
		p.w.again(b.mode, []entry{e})
	}
	if unknown != nil {
		return unknown
	}
	return err
}

// judge tells what becomes of an entry, by what its key holds now, if that is a string,
// and when it expires; wanted is whether the entry is to be put back.
func (p *undoer) judge(e *entry, value []byte, known bool, expires, now int64) (k kind, wanted bool) {
	same := p.lifetimes.same
	from := e.from
	asBefore := from.found && same(expires, e.expireAt) && (from.expiryOnly || known && bytes.Equal(value, e.new))
	switch wrote := from.wrote; {
	case asBefore && e.lost:
		return restored, false // only the answer was lost
	case asBefore:
		return unchanged, false
	case wrote == nil && from.found:
		return changedSince, false
	case e.expireAt != 0 && e.expireAt <= now:
		return expired, false
	case wrote == nil: // it was deleted, and is missing
		return restored, true
	case !from.found, !same(expires, wrote.At), !from.expiryOnly && (!known || archive.Sum(value) != wrote.Sum):
		return changedSince, false
	}
	return restored, true
}

// restorer writes entries of a backup.
type restorer struct {
	w       *worker
	op      *Restore
	guarded bool
}

func (c *restorer) guards(*batch) bool { return c.guarded }

func (c *restorer) commit(q *queue, b *batch) {
	for i := range b.entries {
		e := &b.entries[i]
		switch {
		case e.from.expiryOnly && e.expireAt == 0:
			q.add(q.command("persist", e.key))
		case e.from.expiryOnly:
			q.add(q.command("pexpireat", e.key, e.expireAt))
		default:
			args := []any{"set", e.key, e.new, "nx"}
			if e.from.found {
				args[3] = "xx"
			}
			left, use := c.w.timeLeft(e)
			moment := []any{"pxat", e.expireAt}
			if use { // what is up by now is so in a moment
				moment = []any{"px", max(1, left)}
			}
			if e.expireAt != 0 && !c.w.without.moments {
				args = append(args, moment...)
			}
			q.add(q.command(args...))
			if e.expireAt != 0 && c.w.without.moments {
				command := "pexpireat"
				if use {
					command = "pexpire"
				}
				q.add(q.command(command, e.key, moment[1]))
			}
		}
	}
}

func (c *restorer) settle(q *queue, b *batch) error {
	var first error
	for i := range b.entries {
		e := &b.entries[i]
		if err := c.settled(q, e); err != nil && first == nil {
			first = err
		}
		if !e.from.expiryOnly && e.expireAt != 0 && c.w.without.moments {
			q.take()
		}
	}
	return first
}

func (c *restorer) settled(q *queue, e *entry) error {
	item := q.take()
	switch {
	case item.Kind == cluster.Error:
		c.w.done(e, failure(ReasonRefused, c.w.shard.Said(q.answers.Err(item))))
	case e.from.expiryOnly && item.Kind == cluster.Int:
		c.w.done(e, outcome{kind: restored})
	case item.Kind == cluster.Status && e.from.found && !c.op.Undo:
		c.w.done(e, outcome{kind: replaced})
	case item.Kind == cluster.Status:
		c.w.done(e, outcome{kind: restored})
	case item.Kind == cluster.Nil && e.from.found: // it expired a moment ago
		c.w.done(e, outcome{kind: expired})
	case item.Kind == cluster.Nil && e.lost:
		c.w.done(e, outcome{kind: restored}) // only the answer was lost
	case item.Kind == cluster.Nil && c.op.Undo:
		c.w.done(e, outcome{kind: changedSince})
	case item.Kind == cluster.Nil:
		c.w.done(e, outcome{kind: kept})
	default:
		return fmt.Errorf("an answer of kind %q to what restores an entry", item.Kind)
	}
	return nil
}

// restoring counts what would have been written.
type restoring struct{ w *worker }

func (c *restoring) guards(*batch) bool    { return false }
func (c *restoring) commit(*queue, *batch) {}
func (c *restoring) settle(_ *queue, b *batch) error {
	for i := range b.entries {
		k := restored
		if e := &b.entries[i]; e.from.found && e.from.wrote == nil {
			k = replaced
		}
		c.w.done(&b.entries[i], outcome{kind: k})
	}
	return nil
}
