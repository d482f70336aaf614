package engine

import (
	"time"

	"cachering/commands/internal/cluster"
)

// Persist removes expiries.
type Persist struct{}

func (o *Persist) command() (name, to string) { return "persist", "" }
func (o *Persist) columns() columns           { return expiryColumns }
func (o *Persist) batch() int                 { return 256 }
func (o *Persist) way(l *lacks) way           { return l.way() }

func (o *Persist) start(w *worker) (steps, error) {
	set := &expirer{w: w, command: "persist"}
	// In a dry run: a key that has an expiry would lose it.
	ask := &expirer{w: w, command: "pttl", rehearsal: true}
	of := steps{prepare: w.sorted(set), commit: newGuarded(w, set), rehearse: ask}
	if w.segment != nil {
		of.prepare = newLapsing(w, set, func(int64) int64 { return 0 })
		var err error
		if of, err = w.kept(of, set.keepExpiry); err != nil {
			return of, err
		}
	}
	return w.lookedAgain(of, changed)
}

// Expire gives keys a time to live, counted from when each is written, or up to a
// time by the clock of the server.
type Expire struct {
	TTL time.Duration
	At  time.Time // in place of TTL, if it is not zero
	// Jitter is what each key lives longer.
	Jitter cluster.Jitter
}

func (o *Expire) command() (name, to string) { return "expire", "" }
func (o *Expire) columns() columns           { return expiryColumns }
func (o *Expire) batch() int                 { return 256 }
func (o *Expire) way(l *lacks) way           { return l.way() }

func (o *Expire) start(w *worker) (steps, error) {
	ms := int64((o.TTL + time.Millisecond - 1) / time.Millisecond)
	set := &expirer{w: w, command: "pexpire", argv: []int64{ms}, jitter: o.Jitter}
	if !o.At.IsZero() {
		set.at = o.At.UnixMilli()
	}
	ask := &expirer{w: w, command: "exists"}
	of := steps{prepare: w.sorted(set), commit: newGuarded(w, set), rehearse: ask}
	if w.segment != nil {
		of.prepare = newLapsing(w, set, func(now int64) int64 {
			if o.At.IsZero() {
				return now + ms
			}
			if left, use := w.clock.left(set.at, 0); use {
				return now + left
			}
			return set.at
		})
		var err error
		if of, err = w.kept(of, set.keepExpiry); err != nil {
			return of, err
		}
	}
	return w.lookedAgain(of, changed)
}

// expirer sends one command for each key, whose answer is 1 for a change.
type expirer struct {
	w         *worker
	command   string
	argv      []int64 // after the key
	at        int64   // the moment in place of both, in milliseconds since 1970; 0: there is none
	rehearsal bool    // the answer is what is left of a life
	jitter    cluster.Jitter
}

func (c *expirer) guards(*batch) bool { return false }

// order is the command and what follows the key, without jitter.
func (c *expirer) order() (command string, argv []int64) {
	if c.at == 0 {
		return c.command, c.argv
	}
	if left, use := c.w.clock.left(c.at, 0); use {
		return "pexpire", []int64{left}
	}
	return "pexpireat", []int64{c.at}
}

func (c *expirer) commit(q *queue, b *batch) {
	command, argv := c.order()
	if b.at != 0 { // the moment that is in the backup
		command, argv = "pexpireat", []int64{b.at}
	}
	for i := range b.entries {
		q.add(q.command(c.with([]any{command, b.entries[i].key}, argv, b.entries[i].key)...))
	}
}

// with adds to words what follows a key.
func (c *expirer) with(words []any, argv []int64, key []byte) []any {
	for _, n := range argv {
		words = append(words, n+c.jitter.Of(key).Milliseconds())
	}
	return words
}

func (c *expirer) settle(q *queue, b *batch) error {
	var first error
	for i := range b.entries {
		e := &b.entries[i]
		item := q.take()
		err := q.answers.Err(item)
		switch {
		case err != nil:
			c.w.done(e, failure(ReasonRefused, c.w.shard.Said(err)))
			if first == nil {
				first = err
			}
		case c.rehearsal && item.Int >= 0, !c.rehearsal && (item.Int == 1 || e.lost):
			c.w.done(e, outcome{kind: changed})
		default:
			c.w.done(e, outcome{kind: unchanged})
		}
	}
	return first
}

func (c *expirer) fresh() string { return "" }

func (c *expirer) script(chunk []entry) (text string, argv []any) {
	command, to := c.order()
	argv = []any{command}
	if c.jitter.None() {
		return expiryScript, c.with(argv, to, nil)
	}
	for i := range chunk {
		argv = c.with(argv, to, chunk[i].key)
	}
	return jitterScript, argv
}

func (c *expirer) tell(e *entry, answer int64) {
	switch {
	case answer == notString:
		c.w.done(e, skip(ReasonNotAString))
	case answer == 1, e.lost: // what was lost was there when it was to be changed
		c.w.done(e, outcome{kind: changed})
	case answer == absent:
		c.w.done(e, outcome{kind: gone})
	default:
		c.w.done(e, outcome{kind: unchanged})
	}
}
