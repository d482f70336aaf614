package engine

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// Transcoder turns stored bytes into the bytes to store instead. It is for one
// goroutine.
type Transcoder interface {
	// Transcode appends the new bytes to dst; changed is false if stored is
	// what it should be, and out is dst then, with the room that it has by now, or
	// nil. stored is not kept. The error is ErrNoRoom if it would take
	// more than room bytes of memory, beside stored.
	Transcode(dst, stored []byte, room int) (out []byte, changed bool, err error)
}

// ErrNoRoom is the error of a Transcoder that lacks room.
var ErrNoRoom = errors.New("it does not fit the memory that there is for one value")

// Reinsert rewrites values in place under another codec, expiries kept.
type Reinsert struct {
	To            string                     // name of the target, for the report
	NewTranscoder func() (Transcoder, error) // its error ends the work
	// Keeps is about how many bytes a Transcoder keeps from one value to the next.
	Keeps int64
	// Classify names the reason of a Transcode error, and what of the value the target
	// cannot hold, if that is it; skip tells that the value is not the cache's own rather
	// than one that could not be done.
	Classify func(error) (reason, what string, skip bool)
	// Foreign recognises values that are not to be looked at, such as lock
	// tokens; nil: none.
	Foreign func(stored, value []byte) (reason string, foreign bool)

	hands hands[Transcoder]
}

func (o *Reinsert) command() (name, to string) { return "reinsert", o.To }
func (o *Reinsert) columns() columns           { return reinsertColumns }

// batch is 32 because the cost of WATCH grows with the square of the batch: 25
// to 32 keys are the cheapest, and 100 cost half as much again.
func (o *Reinsert) batch() int { return 32 }

func (o *Reinsert) judge() (func(stored, value []byte) (old, known bool), error) {
	return func(stored, value []byte) (old, known bool) {
		if o.Foreign != nil {
			if _, foreign := o.Foreign(stored, value); foreign {
				return false, false
			}
		}
		t, err := o.take()
		if err != nil {
			return false, false
		}
		var whole Transcoder
		defer func() { o.give(whole) }()
		_, old, err = t.Transcode(nil, value, lightRoom)
		whole = t
		return old, err == nil
	}, nil
}

func (o *Reinsert) way(l *lacks) way {
	if l.several() {
		return byComparing
	}
	return byTransaction
}

func (o *Reinsert) start(w *worker) (steps, error) {
	err := w.without.transactions
	if w.cl.OfNodes() {
		err = w.without.comparing()
	}
	if err != nil {
		return steps{}, err
	}
	w.plain = w.o.DryRun
	legacy := w.without.keepTTL
	read := &rereader{Reinsert: o, valueReader: valueReader{w: w}}
	read.value, read.tooLarge = read.transcode, read.leave
	if (legacy || w.segment != nil) && !w.o.DryRun {
		read.lifetimes = w.without.lifetimes()
	}
	of := steps{
		prepare:  read,
		commit:   &rewriter{w},
		rehearse: &rehearsal{w},
	}
	if legacy {
		of.commit = &rewriteExpiring{rewriter{w}}
	}
	if w.cl.OfNodes() {
		of.commit = &comparer{w}
	}
	of.before = w.keepWhole
	return of, nil
}

// rereader decides about values by transcoding them.
type rereader struct {
	*Reinsert
	valueReader
	t     Transcoder // as long as values are decided; nil: one is to be taken
	busy  bool       // it is at work
	aside []entry    // for another batch
}

func (p *rereader) decide(q *queue, b *batch) error {
	defer p.free()
	if b.mode == values {
		if err := p.hold(); err != nil {
			return err
		}
	}
	asked := len(b.entries)
	err := p.valueReader.decide(q, b)
	p.w.again(values, p.aside)
	p.aside = p.aside[:0]
	if err == nil && b.mode == values && !p.w.o.DryRun && !p.w.cl.OfNodes() {
		p.plain(b, asked)
	}
	return err
}

// plain decides whether new keys are to be read unguarded, because few of those in b
// are to be written, and has what is to be written of an unguarded batch read again.
func (p *rereader) plain(b *batch, asked int) {
	if b.fresh {
		p.w.plain = len(b.entries) <= asked/8
	}
	if !b.plain {
		return
	}
	for i := range b.entries {
		b.entries[i].old, b.entries[i].new = nil, nil
	}
	p.w.again(values, b.entries)
	b.entries = b.entries[:0]
}

// transcode decides about one value; it is true if the value is to be rewritten.
func (p *rereader) transcode(b *batch, e *entry, value []byte) bool {
	w := p.w
	if e.new != nil {
		if e.lost && bytes.Equal(value, e.new) {
			w.done(e, outcome{kind: rewritten}) // it was carried out, only the answer was lost
			return false
		}
		e.lost = false
		if bytes.Equal(value, e.old) {
			e.old = value
			return p.sure(b, e)
		}
	}
	e.old, e.new = value, nil
	if w.where().Values != nil {
		p.free()
	}
	if !w.fits(e, value) {
		return false
	}
	if p.Foreign != nil {
		if reason, foreign := p.Foreign(e.key, value); foreign {
			p.free()
			w.done(e, skip(reason))
			return false
		}
	}
	if len(b.out) > lightOutput { // there is more than one, so that it is not too large
		e.old = nil
		p.aside = append(p.aside, *e)
		return false
	}
	var out []byte
	changed, err := false, p.hold()
	if err == nil {
		p.busy = true
		out, changed, err = p.t.Transcode(b.out, value, b.room(len(value)))
		p.busy = false
	}
	if err != nil {
		p.free()
	}
	switch {
	case err == ErrNoRoom:
		w.lacking(b, e, p.tooLarge)
		return false
	case err != nil:
		if reason, what, foreign := p.Classify(err); foreign {
			w.done(e, skip(reason))
		} else {
			w.done(e, outcome{kind: failed, reason: reason, detail: err.Error(), what: what})
		}
		return false
	case !changed:
		if out != nil {
			b.out = out
		}
		w.done(e, outcome{kind: unchanged})
		return false
	}
	e.new = out[len(b.out):len(out):len(out)]
	b.out = out
	return p.sure(b, e)
}

// sure reports whether it is known when e expires, where that is to be written again:
// a server that had to wait between its answers tells a moment that never was.
func (p *rereader) sure(b *batch, e *entry) bool {
	if !b.vague || e.expireAt == 0 {
		return true
	}
	if e.tries++; e.tries > maxTries {
		p.w.giveUp(e)
		return false
	}
	e.old, e.new = nil, nil
	p.aside = append(p.aside, *e)
	return false
}

// hold takes a Transcoder, unless p has one.
func (p *rereader) hold() (err error) {
	if p.t == nil {
		p.t, err = p.take()
	}
	return err
}

// free lets others have the Transcoder, before anything that may take long, as to tell of a
// key that is not done. One that panicked is given up.
func (p *rereader) free() {
	switch {
	case p.t == nil:
		return
	case p.busy:
		p.give(nil)
	default:
		p.give(p.t)
	}
	p.t, p.busy = nil, false
}

// lacking puts a value for which there is no room beside others on the list again,
// to go alone, with more room.
func (w *worker) lacking(b *batch, e *entry, tooLarge func(*entry)) {
	if b.weight >= heavyBudget {
		tooLarge(e)
		return
	}
	e.old = nil
	e.size = min(max(b.weight, batchBudget)*heavier, heavyBudget)
	w.again(values, []entry{*e})
}

func (p *rereader) leave(e *entry) {
	e.old, e.new = nil, nil
	p.free()
	p.w.done(e, skip(ReasonTooLarge))
}

// rewriter writes new values in a transaction that the server refuses if any of
// the keys was changed since WATCH, which comes before they are read. XX keeps
// it from making a key that expired: WATCH notices that only since 6.0.9.
type rewriter struct{ w *worker }

func (c *rewriter) guards(b *batch) bool { return b.mode == values && !b.plain }

func (c *rewriter) commit(q *queue, b *batch) {
	for i := range b.entries {
		q.add(q.set(&b.entries[i]))
	}
}

// set is SET k v XX KEEPTTL.
func (q *queue) set(e *entry) redis.Cmder {
	s := q.slot()
	s.key.B, s.value.B = e.key, e.new
	if s.set == nil {
		s.set = q.command("set", &s.key, &s.value, "xx", "keepttl")
	}
	return s.set
}

func (c *rewriter) settle(q *queue, b *batch) error {
	var first error
	for i := range b.entries {
		if err := c.written(q, &b.entries[i]); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// written reads the answer to SET.
func (c *rewriter) written(q *queue, e *entry) error {
	switch item := q.take(); item.Kind {
	case cluster.Status:
		c.w.done(e, outcome{kind: rewritten})
	case cluster.Nil:
		c.w.done(e, outcome{kind: gone})
	case cluster.Error:
		c.w.done(e, failure(ReasonRefused, q.answers.Err(item).Error()))
	default:
		return fmt.Errorf("an answer to SET of kind %q", item.Kind)
	}
	return nil
}

// rewriteExpiring is for servers before 6.0, which cannot keep an expiry: the
// value is set without one, and gets its expiry again in the same transaction,
// as the moment it stood for and not as a time from now.
type rewriteExpiring struct{ rewriter }

func (c *rewriteExpiring) commit(q *queue, b *batch) {
	for i := range b.entries {
		e := &b.entries[i]
		q.add(q.command("set", e.key, e.new, "xx"))
		if e.expireAt != 0 {
			q.add(q.command("pexpireat", e.key, e.expireAt))
		}
	}
}

func (c *rewriteExpiring) settle(q *queue, b *batch) error {
	var first error
	for i := range b.entries {
		e := &b.entries[i]
		if err := c.written(q, e); err != nil && first == nil {
			first = err
		}
		if e.expireAt != 0 {
			q.take()
		}
	}
	return first
}

// rehearsal counts what would have been rewritten.
type rehearsal struct{ w *worker }

func (c *rehearsal) guards(*batch) bool    { return false }
func (c *rehearsal) commit(*queue, *batch) {}
func (c *rehearsal) settle(_ *queue, b *batch) error {
	for i := range b.entries {
		c.w.done(&b.entries[i], outcome{kind: rewritten})
	}
	return nil
}
