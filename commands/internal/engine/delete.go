package engine

import (
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// Delete deletes strings, whatever they hold, and the freshness marker of each.
type Delete struct {
	Command string // as the report calls it: del-pattern or clear
}

func (o *Delete) command() (name, to string) { return o.Command, "" }
func (o *Delete) columns() columns           { return deleteColumns }
func (o *Delete) batch() int                 { return 256 }

func (o *Delete) start(w *worker) (preparer, committer, committer, error) {
	fresh := w.cl.SideKeys().Fresh
	unlink := "unlink"
	if w.without.unlink {
		unlink = "del"
	}
	return &sorter{w}, &remover{w: w, command: unlink, fresh: fresh}, &remover{w: w, command: "exists", fresh: fresh}, nil
}

// sorter asks for the types of keys and leaves the strings.
type sorter struct{ w *worker }

func (p *sorter) ask(q *queue, b *batch) {
	b.mode = types
	askTypes(q, b)
}

func (p *sorter) decide(q *queue, b *batch) error {
	return b.keep(func(_ int, e *entry) (bool, error) {
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return false, err
		}
		switch string(q.answers.Bytes(item)) {
		case "string":
			return true, nil
		case "none":
			if e.lost { // it was there when it was to be deleted
				p.w.done(e, outcome{kind: deleted})
			} else {
				p.w.done(e, outcome{kind: gone})
			}
		default:
			p.w.done(e, skip(ReasonNotAString))
		}
		return false, nil
	})
}

// remover deletes keys. With EXISTS for a command it is its own rehearsal, and
// counts what a deletion would delete.
type remover struct {
	w       *worker
	command string
	fresh   string
	markers []byte
}

func (c *remover) guards(*batch) bool { return false }

func (c *remover) commit(q *queue, b *batch) {
	q.add(q.command(b.keys(c.command)...))
	if c.fresh == "" {
		return
	}
	// The markers of all keys share one buffer; it is not used again before
	// the answers are read.
	c.markers = c.markers[:0]
	ends := make([]int, len(b.entries))
	for i := range b.entries {
		c.markers = append(c.markers, c.fresh...)
		c.markers = append(c.markers, b.entries[i].key...)
		ends[i] = len(c.markers)
	}
	args := make([]any, 1, len(ends)+1)
	args[0] = c.command
	start := 0
	for _, end := range ends {
		args = append(args, c.markers[start:end])
		start = end
	}
	q.add(q.command(args...))
}

func (c *remover) settle(q *queue, b *batch) error {
	item := q.take()
	if err := q.answers.Err(item); err != nil {
		return c.w.refuse(b, err)
	}
	for i := range b.entries { // the answer does not tell which
		k := gone
		if int64(i) < item.Int {
			k = deleted
		}
		c.w.done(&b.entries[i], outcome{kind: k})
	}
	if c.fresh == "" {
		return nil
	}
	if item = q.take(); item.Kind == cluster.Int {
		c.w.tally.Markers += item.Int
	}
	return q.answers.Err(item)
}

// Persist removes expiries.
type Persist struct{}

func (o *Persist) command() (name, to string) { return "persist", "" }
func (o *Persist) columns() columns           { return expiryColumns }
func (o *Persist) batch() int                 { return 256 }

func (o *Persist) start(w *worker) (preparer, committer, committer, error) {
	set := &expirer{w: w, cmd: func(q *queue, e *entry) redis.Cmder { return q.command("persist", e.key) }}
	// In a dry run: a key that has an expiry would lose it.
	ask := &expirer{w: w, cmd: func(q *queue, e *entry) redis.Cmder { return q.command("pttl", e.key) }, rehearsal: true}
	return &sorter{w}, set, ask, nil
}

// Expire gives keys a time to live, counted from when each is written.
type Expire struct{ TTL time.Duration }

func (o *Expire) command() (name, to string) { return "expire", "" }
func (o *Expire) columns() columns           { return expiryColumns }
func (o *Expire) batch() int                 { return 256 }

func (o *Expire) start(w *worker) (preparer, committer, committer, error) {
	ms := int64((o.TTL + time.Millisecond - 1) / time.Millisecond)
	set := &expirer{w: w, cmd: func(q *queue, e *entry) redis.Cmder { return q.command("pexpire", e.key, ms) }}
	ask := &expirer{w: w, cmd: func(q *queue, e *entry) redis.Cmder { return q.command("exists", e.key) }}
	return &sorter{w}, set, ask, nil
}

// expirer sends one command for each key, whose answer is 1 for a change.
type expirer struct {
	w         *worker
	cmd       func(*queue, *entry) redis.Cmder
	rehearsal bool // the answer is what is left of a life
}

func (c *expirer) guards(*batch) bool { return false }

func (c *expirer) commit(q *queue, b *batch) {
	for i := range b.entries {
		q.add(c.cmd(q, &b.entries[i]))
	}
}

func (c *expirer) settle(q *queue, b *batch) error {
	var first error
	for i := range b.entries {
		e := &b.entries[i]
		item := q.take()
		err := q.answers.Err(item)
		switch {
		case err != nil:
			c.w.done(e, failure(ReasonRefused, err.Error()))
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
