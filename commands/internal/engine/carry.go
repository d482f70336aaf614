package engine

import (
	"errors"
	"sync/atomic"
	"time"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/cluster"
)

// Carry brings entries that are not at home there: it writes the value with its expiry at
// the home, reads it back, and removes the stray copy if that is still what was read. At
// every moment there is a whole copy.
//
// The transaction that removes strays begins before they are read and ends when what was
// read is at home, so that a stray that changed meanwhile is read again. What is at home
// by then is replaced only if the run itself wrote it. One that was deleted meanwhile
// goes from home as well.
type Carry struct {
	// KeepSource leaves the stray copies where they are.
	KeepSource bool
	Existing   Existing
	// MaxTTL is how long what is carried lives on at most; 0: as long as it would have.
	MaxTTL time.Duration
	// Journal is what runs wrote at home. With it home gives way where that still is what
	// was written there, and stays where anybody else wrote. nil: there is none.
	Journal *checkpoint.Journal
	// Foreign recognises values that are never moved, such as lock tokens.
	Foreign func(stored, value []byte) (reason string, foreign bool)
	// Transfer has all entries that are at home carried into another cache; nil: those that
	// are not are brought home.
	Transfer *Transfer

	differ, later atomic.Int64
}

// Existing is what becomes of an entry that has another value at home.
type Existing uint8

const (
	ExistingAsk     Existing = iota // both stay, and that is a conflict
	ExistingKeep                    // that at home stays
	ExistingLater                   // the one that expires later
	ExistingReplace                 // the stray takes its place
)

// ReasonDiffer is a conflict: an entry has another value at home.
const ReasonDiffer = "both_differ"

// ReasonTarget: the home of the entry did not answer.
const ReasonTarget = "home_lost"

// Differ is how many entries that were looked at had another value at home, and how many
// of those expired later than it.
func (o *Carry) Differ() (differ, later int64) { return o.differ.Load(), o.later.Load() }

// GoOn adds what runs before this one counted.
func (o *Carry) GoOn(differ, later int64) {
	o.differ.Add(differ)
	o.later.Add(later)
}

func (o *Carry) command() (name, to string) {
	if o.Transfer != nil {
		return "migrate", o.Transfer.To.Alias()
	}
	return "rebalance", ""
}

func (o *Carry) columns() columns {
	if o.Transfer != nil {
		return transferColumns
	}
	return carryColumns
}

func (o *Carry) batch() int      { return watchKeys }
func (o *Carry) asksMoments()    {}
func (o *Carry) onlyReads() bool { return o.Transfer != nil && o.KeepSource }

func (o *Carry) way(l *lacks) way { return l.wayWithoutScript() }

func (o *Carry) start(w *worker) (steps, error) {
	guarded := w.without.transactions == nil && !o.onlyReads()
	if !guarded && !o.KeepSource && !w.o.DryRun {
		return steps{}, unguarded(w.without.transactions)
	}
	lives := w.without.lifetimes()
	p := &lifting{op: o, markers: markerReader{w.cl.SideKeys().Fresh, lives, guarded && !w.o.DryRun}}
	p.valueReader = valueReader{w: w, lifetimes: lives, value: p.lift, absent: p.absent, twice: o.onlyReads(),
		tooLarge: func(e *entry) { w.done(e, skip(ReasonTooLarge)) }}
	c := &carrying{op: o, w: w, guarded: guarded}
	of := steps{prepare: p, commit: c, rehearse: &carried{c}, ready: c.deliver, serial: true}
	of.before = func(b *batch, e *entry) {
		if e.trip != nil && e.trip.fate == removed && !o.KeepSource && !c.spares(e) {
			w.keepWhole(b, e)
		}
	}
	return w.lookedAgain(of, moved)
}

// trip is how an entry gets home.
type trip struct {
	home *cluster.Shard
	// cargo is what is to be there.
	cargo
	fate fate
	outcome
	// wrote is what this run wrote at home, and as what.
	wrote digest
	as    kind
	// sent is what may have been written: the answer was lost.
	sent digest
	// seen tells that it was at home when it had been written.
	seen bool
	// counted tells that it was counted as another than that at home.
	counted bool
	// absent tells that the stray is gone since.
	absent bool
}

// fate is what is to be done about a stray.
type fate uint8

const (
	undecided fate = iota
	removed        // it is at home, or is not wanted there
	asked          // it is not at home though it was written there: is its time up?
	reread         // it is read again
	ended          // nothing more
)

func (t *trip) end(o outcome) { t.fate, t.outcome = ended, o }
func (t *trip) remove(k kind) { t.fate, t.outcome = removed, outcome{kind: k} }
func (t *trip) startAnew()    { t.fate = reread }

// cargo is an entry as it is to be at home, with its marker.
type cargo struct {
	key, value []byte
	at         int64          // when it expires, by the clock of the source; 0: never
	mark       *archive.Entry // nil: it has none
}

// isOurs reports whether a value at home is what this run wrote there.
func (t *trip) isOurs(there digest) bool {
	return there != digest{} && (there == t.wrote || there == t.sent)
}

func (t *trip) written(s digest, as kind) {
	if t.wrote == (digest{}) {
		t.as = as
	}
	t.wrote, t.sent = s, digest{}
}

// lifting reads strays, with their expiries and markers.
type lifting struct {
	valueReader
	op      *Carry
	markers markerReader
}

func (p *lifting) ask(q *queue, b *batch) {
	p.markers.ask(q, b)
	p.valueReader.ask(q, b)
}

func (p *lifting) decide(q *queue, b *batch) error {
	if err := p.markers.read(q, b); err != nil {
		return err
	}
	return p.valueReader.decide(q, b)
}

// lift decides about a stray; it is true if it goes home.
func (p *lifting) lift(b *batch, e *entry, value []byte) bool {
	e.old, e.lost = value, false
	if e.trip == nil {
		e.trip = new(trip)
	}
	t := e.trip
	t.fate, t.absent = undecided, false
	if !p.w.fits(e, value) {
		return false
	}
	if p.op.Foreign != nil {
		if reason, foreign := p.op.Foreign(e.key, value); foreign {
			p.w.done(e, skip(reason))
			return false
		}
	}
	if b.vague && e.expireAt != 0 || p.twice && !p.lifetimes.same(e.expireAt, e.expiredAt) {
		p.w.reread(b, e) // the moment may never have been that of the entry
		return false
	}
	if !p.load(b, e, value) {
		return false
	}
	var err error
	if t.home, err = p.w.target().Home(t.key); err != nil {
		p.w.done(e, failure(ReasonTarget, err.Error()))
		return false
	}
	return true
}

// load makes of an entry what is to be at home; it is false where that is nothing.
func (p *lifting) load(b *batch, e *entry, value []byte) bool {
	t := e.trip
	t.cargo = cargo{e.key, value, e.expireAt, e.mark}
	if p.op.Transfer != nil {
		return p.convert(b, e)
	}
	if most := p.op.MaxTTL.Milliseconds(); most > 0 {
		last := p.w.clock.now() + most
		t.at = sooner(t.at, last)
		if t.mark != nil {
			mark := *t.mark
			mark.At = sooner(mark.At, last)
			t.mark = &mark
		}
	}
	return true
}

// sooner is the first of two moments, of which 0 is never.
func sooner(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// absent decides about a stray that is not there any more, of which something may be at
// home already.
func (p *lifting) absent(e *entry) (left, known bool) {
	t := e.trip
	switch {
	case e.lost && t != nil && t.fate == removed: // what removed it was carried out, only the answer was lost
		p.w.done(e, t.outcome)
		return false, true
	case t != nil && (t.wrote != digest{} || t.sent != digest{}):
		t.fate, t.absent = undecided, true
		return true, true
	}
	return false, false
}

// reread has an entry of b read again.
func (w *worker) reread(b *batch, e *entry) {
	if e.tries++; e.tries > maxTries {
		w.giveUp(e)
		return
	}
	e.old = nil
	if e.trip != nil {
		e.trip.value = nil
	}
	w.again(b.mode, []entry{*e})
	e.done = true // that in b is
}

// carrying removes strays that are at home.
type carrying struct {
	op      *Carry
	w       *worker
	guarded bool
}

func (c *carrying) guards(b *batch) bool { return c.guarded && b.mode == values }

func (c *carrying) commit(q *queue, b *batch) {
	command := "unlink"
	if c.w.without.unlink {
		command = "del"
	}
	args := []any{command}
	for i := range b.entries {
		switch e := &b.entries[i]; {
		case e.trip == nil:
		case e.trip.fate == asked:
			q.add(q.command("pttl", e.key))
		case e.trip.fate == removed && !c.op.KeepSource && !c.spares(e):
			args = append(args, e.key)
			if e.mark != nil {
				args = append(args, e.mark.Key)
			}
		}
	}
	if len(args) > 1 {
		q.add(q.command(args...))
	}
}

// spares reports whether a source keeps an entry that is at home.
func (c *carrying) spares(e *entry) bool {
	of := c.op.Transfer
	return of != nil && of.Protected != nil && of.Protected(e.key)
}

func (c *carrying) settle(q *queue, b *batch) error {
	removes := false
	var first error
	for i := range b.entries {
		e := &b.entries[i]
		switch t := e.trip; {
		case t == nil:
		case t.fate == asked:
			item := q.take()
			switch {
			case item.Kind != cluster.Int:
				first = errors.Join(first, q.answers.Err(item))
				c.w.done(e, failure(ReasonRefused, c.w.shard.Said(q.answers.Err(item))))
			case item.Int == absent:
				c.w.done(e, outcome{kind: expired})
			default:
				c.w.done(e, outcome{kind: clock})
			}
		case t.fate == removed:
			removes = removes || !c.op.KeepSource && !c.spares(e)
		}
	}
	if first != nil {
		return first
	}
	if removes {
		if _, err := q.count(2 * len(b.entries)); err != nil {
			return c.w.refuse(b, err)
		}
	}
	for i := range b.entries {
		e := &b.entries[i]
		if e.trip == nil || e.trip.fate != removed || e.done {
			continue
		}
		switch {
		case c.op.KeepSource:
		case c.spares(e):
			c.w.tally.Spared++
		default:
			c.w.tally.Removed++
		}
		if e.trip.mark != nil && (e.trip.kind == moved || e.trip.kind == replaced) {
			c.w.tally.Markers++
		}
		c.w.done(e, e.trip.outcome)
	}
	return nil
}

// carried counts what would have been done.
type carried struct{ *carrying }

func (c *carried) guards(*batch) bool    { return false }
func (c *carried) commit(*queue, *batch) {}
func (c *carried) settle(_ *queue, b *batch) error {
	for i := range b.entries {
		if e := &b.entries[i]; e.trip != nil {
			if e.trip.mark != nil && (e.trip.kind == moved || e.trip.kind == replaced) {
				c.w.tally.Markers++
			}
			c.w.done(e, e.trip.outcome)
		}
	}
	return nil
}

// carries reports whether the run has to do with homes.
func (r *run) carries() bool { return r.strays() || r.transfer() != nil }

// strays reports whether the run is for keys alone that are not at home.
func (r *run) strays() bool {
	switch op := r.op.(type) {
	case *Carry:
		return op.Transfer == nil
	case *Delete:
		return op.Astray
	}
	return false
}

// strayed is what tells a source which keys are not at home; nil where all are meant. Of
// a key whose home nobody can tell it says why, and the key is counted.
func (s *shardRun) strayed() func(stored []byte, p *part) bool {
	if s.transfer() != nil {
		return s.seen
	}
	if !s.strays() {
		return nil
	}
	return func(stored []byte, p *part) bool {
		astray, err := s.astray(stored)
		if err != nil {
			p.settled.Scanned++
			p.settled.Failed = plusOne(p.settled.Failed, ReasonTarget)
			s.fail(Failure{Shard: s.shard.Name, Stored: stored, Reason: ReasonTarget, Detail: err.Error()})
		}
		return astray && err == nil
	}
}

// astray reports whether a key is not at home on the shard, whatever the two are called.
func (s *shardRun) astray(stored []byte) (bool, error) {
	home, err := s.cl.Home(stored)
	if err != nil || home.Same(s.shard) {
		return false, nil // the application looks for it nowhere, or here
	}
	there, err := s.sinks.place(home)
	if err != nil {
		return false, err
	}
	if s.began.RunID == "" {
		return false, s.shard.Wrap(errNameless)
	}
	return there != place{s.began.RunID, s.shard.DB()}, nil
}

// errNameless is that nobody knows whether a shard is another.
var errNameless = errors.New("it does not tell which server it is (INFO), so it may be the one where the key is")
