package engine

import (
	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
)

// Where a backup is kept, an entry is handed to the kernel before the flush that changes
// it. What goes into the backup is what the transaction watches, so that nothing is
// changed which is not in it: strings that are not read otherwise are read for it, and
// always changed by transactions.

// keep puts what the batch in hand is about to change into the backup. Where that fails
// the batch is not sent, and the run ends.
func (w *worker) keep() error {
	b := w.hand
	if b == nil || w.before == nil || w.segment == nil {
		return nil
	}
	for i := range b.entries {
		w.before(b, &b.entries[i])
	}
	return w.put()
}

// kept is steps of which each entry is kept by before. They need transactions.
func (w *worker) kept(of steps, before func(b *batch, e *entry)) (steps, error) {
	if err := w.without.transactions; err != nil {
		return steps{}, unguarded(err)
	}
	of.before = before
	return of, nil
}

// keepWhole keeps an entry of which a value takes the place, or nothing.
func (w *worker) keepWhole(_ *batch, e *entry) {
	if e.mark != nil { // before its entry: a marker alone would make the library answer None
		w.frame.Add(e.mark)
	}
	old := archive.Entry{Key: e.key, Value: e.old, At: e.expireAt}
	if e.new != nil {
		old.Wrote = &archive.Wrote{Sum: archive.Sum(e.new), At: e.expireAt}
	}
	w.frame.Add(&old)
}

// keepExpiry keeps the expiry of an entry that is to have another.
func (c *expirer) keepExpiry(b *batch, e *entry) {
	at := b.at
	if at != 0 {
		at += c.jitter.Of(e.key).Milliseconds()
	}
	if e.expireAt != 0 || at != 0 {
		c.w.frame.Add(&archive.Entry{Key: e.key, ExpiryOnly: true, At: e.expireAt, Wrote: &archive.Wrote{At: at}})
	}
}

// doomed reads what is to be deleted, and its markers, to be kept or to be judged.
type doomed struct {
	valueReader
	markers markerReader
}

func newDoomed(w *worker, fresh string) *doomed {
	lives, tooLarge := w.without.lifetimes(), w.tooLarge
	if w.segment == nil {
		lives, tooLarge = unasked, func(e *entry) { w.done(e, skip(ReasonTooLarge)) }
	}
	p := &doomed{valueReader{w: w, lifetimes: lives, tooLarge: tooLarge}, markerReader{fresh, lives, true}}
	p.value = func(_ *batch, e *entry, value []byte) bool {
		e.old = value
		return w.fits(e, value)
	}
	return p
}

func (p *doomed) ask(q *queue, b *batch) {
	p.markers.ask(q, b)
	p.valueReader.ask(q, b)
}

func (p *doomed) decide(q *queue, b *batch) error {
	if err := p.markers.read(q, b); err != nil {
		return err
	}
	return p.valueReader.decide(q, b)
}

// longestMarker is how many bytes of a marker are kept. A longer string is none.
const longestMarker = 4096

// markerReader reads the freshness markers of entries, before their expiries are read.
type markerReader struct {
	prefix    string // "": there are none
	lifetimes lifetimes
	watches   bool
}

func (p *markerReader) ask(q *queue, b *batch) {
	if p.prefix == "" || b.mode != values {
		return
	}
	marks := markers(p.prefix, b.entries)
	if p.watches {
		q.add(q.command(append([]any{"watch"}, marks...)...))
	}
	for _, mark := range marks {
		q.add(q.command("getrange", mark, 0, longestMarker-1))
	}
	p.lifetimes.ask(q, b, marks)
}

func (p *markerReader) read(q *queue, b *batch) error {
	if p.prefix == "" || b.mode != values {
		return nil
	}
	if p.watches {
		if err := q.agreed("WATCH"); err != nil {
			return unguarded(err)
		}
	}
	for i := range b.entries {
		e := &b.entries[i]
		e.mark, e.marked = nil, false
		if item := q.take(); item.Kind == cluster.Bulk && item.Int > 0 && item.Int < longestMarker {
			e.marked = true
			e.mark = &archive.Entry{Key: append([]byte(p.prefix), e.key...), Value: append([]byte(nil), q.answers.Bytes(item)...)}
		}
	}
	if err := p.lifetimes.read(q, b); err != nil {
		return err
	}
	for i := range b.entries {
		if mark := b.entries[i].mark; mark != nil {
			mark.At = b.entries[i].expireAt
		}
	}
	return nil
}

// lapsing sorts keys whose expiry is to be changed, and asks for those they have.
type lapsing struct {
	preparer
	lifetimes lifetimes
	// moment is when they are to expire, by the clock of the server now; 0 is never.
	moment func(now int64) int64
}

func newLapsing(w *worker, c change, moment func(now int64) int64) *lapsing {
	return &lapsing{w.sorted(c), w.without.lifetimes(), moment}
}

func (p *lapsing) ask(q *queue, b *batch) {
	q.add(q.command("time"))
	p.lifetimes.ask(q, b, nil)
	p.preparer.ask(q, b)
}

func (p *lapsing) decide(q *queue, b *batch) error {
	now, err := q.time()
	if err != nil {
		return err
	}
	b.at = p.moment(now)
	unknown := p.lifetimes.read(q, b)
	if err := p.preparer.decide(q, b); unknown == nil {
		unknown = err
	}
	return unknown
}
