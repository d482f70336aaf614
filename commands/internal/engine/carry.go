package engine

import (
	"errors"
	"sync/atomic"
	"time"

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

func (o *Carry) command() (name, to string) { return "rebalance", "" }
func (o *Carry) columns() columns           { return carryColumns }
func (o *Carry) batch() int                 { return watchKeys }
func (o *Carry) asksMoments()               {}

func (o *Carry) way(l *lacks) way { return l.wayWithoutScript() }

func (o *Carry) start(w *worker) (steps, error) {
	guarded := w.without.transactions == nil
	if !guarded && !o.KeepSource && !w.o.DryRun {
		return steps{}, unguarded(w.without.transactions)
	}
	lives := w.without.lifetimes()
	p := &lifting{op: o, markers: markerReader{w.cl.SideKeys().Fresh, lives, guarded && !w.o.DryRun}}
	p.valueReader = valueReader{w: w, lifetimes: lives, value: p.lift, absent: p.absent,
		tooLarge: func(e *entry) { w.done(e, skip(ReasonTooLarge)) }}
	c := &carrying{op: o, w: w, guarded: guarded}
	of := steps{prepare: p, commit: c, rehearse: &carried{c}, ready: c.deliver, serial: true}
	of.before = func(b *batch, e *entry) {
		if e.trip != nil && e.trip.fate == removed && !o.KeepSource {
			w.keepWhole(b, e)
		}
	}
	return w.lookedAgain(of, moved)
}

// trip is how an entry gets home.
type trip struct {
	home *cluster.Shard
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
	if b.vague && e.expireAt != 0 { // the moment may never have been that of the entry
		p.w.reread(b, e)
		return false
	}
	var err error
	if t.home, err = p.w.cl.Home(e.key); err != nil {
		p.w.done(e, failure(ReasonTarget, err.Error()))
		return false
	}
	return true
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
		case e.trip.fate == removed && !c.op.KeepSource:
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
			removes = removes || !c.op.KeepSource
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
		if !c.op.KeepSource {
			c.w.tally.Removed++
		}
		if e.mark != nil && (e.trip.kind == moved || e.trip.kind == replaced) {
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
			if e.mark != nil && (e.trip.kind == moved || e.trip.kind == replaced) {
				c.w.tally.Markers++
			}
			c.w.done(e, e.trip.outcome)
		}
	}
	return nil
}

// strays reports whether the run is for keys alone that are not at home.
func (r *run) strays() bool {
	switch op := r.op.(type) {
	case *Carry:
		return true
	case *Delete:
		return op.Astray
	}
	return false
}

// strayed is what tells a source which keys are not at home; nil where all are meant. Of
// a key whose home nobody can tell it says why, and the key is counted.
func (s *shardRun) strayed() func(stored []byte, p *part) bool {
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
