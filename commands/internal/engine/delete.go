package engine

import (
	"time"

	"github.com/redis/go-redis/v9"
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
	kept := b.entries[:0]
	for _, e := range b.entries {
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return err
		}
		switch string(q.answers.Bytes(item)) {
		case "string":
			kept = append(kept, e)
		case "none":
			if e.lost {
				// It was there when it was to be deleted.
				p.w.tally.Scanned++
				p.w.tally.Deleted++
			} else {
				p.w.tally.Gone++
			}
		default:
			p.w.skipped(ReasonNotAString)
		}
	}
	b.entries = kept
	return nil
}

// remover deletes keys. With EXISTS for a command it is its own rehearsal, and
// counts what a deletion would delete.
type remover struct {
	w       *worker
	command string
	fresh   string
	markers []byte
}

func (c *remover) guard(*queue, *batch) {}

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
		return err
	}
	w := c.w
	w.tally.Scanned += item.Int
	w.tally.Deleted += item.Int
	w.tally.Gone += int64(len(b.entries)) - item.Int
	for i := 0; i < len(b.entries) && !w.full; i++ {
		w.show(b.entries[i].key)
	}
	if c.fresh == "" {
		return nil
	}
	if item = q.take(); item.Kind == ':' {
		w.tally.Markers += item.Int
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

func (c *expirer) guard(*queue, *batch) {}

func (c *expirer) commit(q *queue, b *batch) {
	for i := range b.entries {
		q.add(c.cmd(q, &b.entries[i]))
	}
}

func (c *expirer) settle(q *queue, b *batch) error {
	for i := range b.entries {
		e := &b.entries[i]
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return err
		}
		c.w.tally.Scanned++
		switch {
		case c.rehearsal && item.Int >= 0, !c.rehearsal && (item.Int == 1 || e.lost):
			c.w.tally.Changed++
			c.w.show(e.key)
		default:
			c.w.tally.Unchanged++
		}
	}
	return nil
}
