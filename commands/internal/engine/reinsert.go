package engine

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// Transcoder turns stored bytes into the bytes to store instead. It is for one
// goroutine.
type Transcoder interface {
	// Transcode appends the new bytes to dst; changed is false if stored is
	// what it should be. stored is not kept.
	Transcode(dst, stored []byte) (out []byte, changed bool, err error)
}

// Reinsert rewrites values in place under another codec, expiries kept.
type Reinsert struct {
	To            string                     // name of the target, for the report
	NewTranscoder func() (Transcoder, error) // called once for every worker
	// Classify names the reason of a Transcode error; skip tells that the value
	// is not the cache's own rather than one that could not be done.
	Classify func(error) (reason string, skip bool)
	// Foreign recognises values that are not to be looked at, such as lock
	// tokens; nil: none.
	Foreign func(stored, value []byte) (reason string, foreign bool)
}

func (o *Reinsert) command() (name, to string) { return "reinsert", o.To }
func (o *Reinsert) columns() columns           { return reinsertColumns }

// batch is 32 because the cost of WATCH grows with the square of the batch: 25
// to 32 keys are the cheapest, and 100 cost half as much again.
func (o *Reinsert) batch() int { return 32 }

func (o *Reinsert) start(w *worker) (preparer, committer, committer, error) {
	if err := w.without.transactions; err != nil {
		return nil, nil, nil, err
	}
	t, err := o.NewTranscoder()
	if err != nil {
		return nil, nil, nil, err
	}
	legacy := w.without.keepTTL
	prep := &rereader{Reinsert: o, w: w, t: t, lifetimes: legacy && !w.o.DryRun}
	if legacy {
		return prep, &rewriteExpiring{rewriter{w}}, &rehearsal{w}, nil
	}
	return prep, &rewriter{w}, &rehearsal{w}, nil
}

// rereader reads values and decides by transcoding them.
type rereader struct {
	*Reinsert
	w *worker
	t Transcoder
	// lifetimes asks when keys expire, for servers without KEEPTTL.
	lifetimes bool
}

func (p *rereader) ask(q *queue, b *batch) {
	if b.mode == types {
		askTypes(q, b)
		return
	}
	q.add(cluster.NewCommand(q.ctx, &b.reply, b.keys("mget")...))
	if p.lifetimes {
		q.add(q.command("time"))
		for i := range b.entries {
			q.add(q.command("pttl", b.entries[i].key))
		}
	}
}

func askTypes(q *queue, b *batch) {
	for i := range b.entries {
		s := q.slot()
		s.key.B = b.entries[i].key
		if s.typ == nil {
			s.typ = q.command("type", &s.key)
		}
		q.add(s.typ)
	}
}

func (p *rereader) decide(q *queue, b *batch) error {
	if b.guarded {
		if err := q.ok(); err != nil { // of WATCH
			return err
		}
	}
	if b.mode == types {
		return p.decideTypes(q, b)
	}
	if err := b.reply.Err(b.reply.Items[0]); err != nil {
		return err
	}
	if len(b.reply.Items) != len(b.entries)+1 {
		return fmt.Errorf("an answer to MGET with %d values for %d keys", len(b.reply.Items)-1, len(b.entries))
	}
	if p.lifetimes {
		if err := readLifetimes(q, b); err != nil {
			return err
		}
	}
	items := b.reply.Items[1:]
	var large []entry
	kept := b.entries[:0]
	read, found := 0, 0
	for i, e := range b.entries {
		switch item := items[i]; item.Kind {
		case cluster.Large:
			e.size = item.Int
			large = append(large, e)
			read += clampInt(item.Int)
			found++
		case cluster.Bulk:
			read += int(item.Int)
			found++
			if p.value(b, &e, b.reply.Bytes(item)) {
				kept = append(kept, e)
			}
		default:
			p.w.nils = append(p.w.nils, e)
		}
	}
	b.entries = kept
	if found > 0 {
		p.w.mean = (p.w.mean + read/found) / 2
	}
	p.apart(large)
	return nil
}

// value decides about one value; it is true if the value is to be rewritten.
func (p *rereader) value(b *batch, e *entry, value []byte) bool {
	w := p.w
	if e.new != nil {
		if e.lost && bytes.Equal(value, e.new) {
			w.rewritten(e) // it was carried out, only the answer was lost
			return false
		}
		e.lost = false
		if bytes.Equal(value, e.old) {
			e.old = value
			return true
		}
	}
	e.old, e.new = value, nil
	if p.Foreign != nil {
		if reason, foreign := p.Foreign(e.key, value); foreign {
			w.kept(len(value))
			w.skipped(reason)
			return false
		}
	}
	out, changed, err := p.t.Transcode(b.out, value)
	switch {
	case err != nil:
		w.kept(len(value))
		reason, skip := p.Classify(err)
		if skip {
			w.skipped(reason)
		} else {
			w.failed(e.key, reason, err.Error())
		}
		return false
	case !changed:
		w.kept(len(value))
		w.tally.Scanned++
		w.tally.Unchanged++
		return false
	}
	e.new = out[len(b.out):len(out):len(out)]
	b.out = out
	return true
}

// apart puts values that did not fit on the list again, in batches that they
// fit by the sizes now known; what is larger than any batch goes alone.
func (p *rereader) apart(large []entry) {
	for len(large) > 0 {
		n, sum := 1, large[0].size
		for n < len(large) && sum+large[n].size <= batchBudget {
			sum += large[n].size
			n++
		}
		if e := &large[0]; n == 1 && e.size > batchBudget {
			// It may grow again before it is read; an entry that always does
			// would otherwise be tried for ever.
			if e.tries++; e.tries > maxTries {
				p.w.giveUp(e)
				large = large[1:]
				continue
			}
		}
		p.w.again(values, large[:n])
		large = large[n:]
	}
}

// decideTypes settles keys that had no value.
func (p *rereader) decideTypes(q *queue, b *batch) error {
	for _, e := range b.entries {
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return err
		}
		switch string(q.answers.Bytes(item)) {
		case "none":
			p.w.gone()
		case "string": // made again in between
			if e.tries++; e.tries > maxTries {
				p.w.giveUp(&e)
			} else {
				p.w.again(values, []entry{e})
			}
		default:
			p.w.skipped(ReasonNotAString)
		}
	}
	b.entries = b.entries[:0]
	return nil
}

func (w *worker) gone() {
	w.tally.Scanned++
	w.tally.Gone++
}

func (w *worker) rewritten(e *entry) {
	w.tally.Scanned++
	w.tally.Rewritten++
	w.tally.BytesBefore += int64(len(e.old))
	w.tally.BytesAfter += int64(len(e.new))
	w.show(e.key)
}

// rewriter writes new values in a transaction that the server refuses if any of
// the keys was changed since WATCH, which comes before they are read. XX keeps
// it from making a key that expired: WATCH notices that only since 6.0.9.
type rewriter struct{ w *worker }

func (c *rewriter) guard(q *queue, b *batch) {
	if b.mode == values {
		q.add(q.command(b.keys("watch")...))
		b.guarded = true
	}
}

func (c *rewriter) commit(q *queue, b *batch) {
	if len(b.entries) == 0 {
		q.add(q.unwatch)
		return
	}
	q.add(q.multi)
	for i := range b.entries {
		q.add(q.set(&b.entries[i]))
	}
	q.add(q.exec)
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
	if len(b.entries) == 0 {
		return q.ok()
	}
	return c.settleTransaction(q, b, func(*entry) int { return 1 })
}

// settleTransaction reads the answers to MULTI, the commands, and EXEC; commands
// tells how many there were for an entry, the first of them the SET.
func (c *rewriter) settleTransaction(q *queue, b *batch, commands func(*entry) int) error {
	refused := q.ok() // MULTI
	for i := range b.entries {
		for range commands(&b.entries[i]) {
			if err := q.ok(); err != nil && refused == nil {
				refused = err
			}
		}
	}
	exec := q.take()
	switch exec.Kind {
	case cluster.Nil:
		c.w.tally.Aborted++
		c.w.halve(b, 1)
		return nil
	case cluster.Array:
	default:
		if refused == nil {
			refused = q.answers.Err(exec)
		}
		for i := range b.entries {
			e := &b.entries[i]
			c.w.kept(len(e.old))
			c.w.failed(e.key, ReasonRefused, refused.Error())
		}
		return refused
	}
	for i := range b.entries {
		e := &b.entries[i]
		item := q.take()
		for range commands(e) - 1 {
			q.take()
		}
		switch item.Kind {
		case cluster.Status:
			c.w.rewritten(e)
		case cluster.Nil:
			c.w.gone()
		case cluster.Error:
			c.w.kept(len(e.old))
			c.w.failed(e.key, ReasonRefused, q.answers.Err(item).Error())
		default:
			return fmt.Errorf("an answer to SET of kind %q", item.Kind)
		}
	}
	return nil
}

// rewriteExpiring is for servers before 6.0, which cannot keep an expiry: the
// value is set without one, and gets its expiry again in the same transaction,
// as the moment it stood for and not as a time from now.
type rewriteExpiring struct{ rewriter }

func (c *rewriteExpiring) commit(q *queue, b *batch) {
	if len(b.entries) == 0 {
		q.add(q.unwatch)
		return
	}
	q.add(q.multi)
	for i := range b.entries {
		e := &b.entries[i]
		q.add(q.command("set", e.key, e.new, "xx"))
		if e.expireAt != 0 {
			q.add(q.command("pexpireat", e.key, e.expireAt))
		}
	}
	q.add(q.exec)
}

func (c *rewriteExpiring) settle(q *queue, b *batch) error {
	if len(b.entries) == 0 {
		return q.ok()
	}
	return c.settleTransaction(q, b, func(e *entry) int {
		if e.expireAt != 0 {
			return 2
		}
		return 1
	})
}

// readLifetimes reads the answers to TIME and every PTTL. The server's clock
// stands between them for no longer than it takes to answer.
func readLifetimes(q *queue, b *batch) error {
	if err := q.ok(); err != nil {
		return err
	}
	seconds, _ := strconv.ParseInt(string(q.answers.Bytes(q.take())), 10, 64)
	micros, _ := strconv.ParseInt(string(q.answers.Bytes(q.take())), 10, 64)
	now := time.Unix(seconds, micros*1000).UnixMilli()
	for i := range b.entries {
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return err
		}
		b.entries[i].expireAt = 0
		if item.Int >= 0 {
			b.entries[i].expireAt = now + item.Int
		}
	}
	return nil
}

// rehearsal counts what would have been rewritten.
type rehearsal struct{ w *worker }

func (c *rehearsal) guard(*queue, *batch)  {}
func (c *rehearsal) commit(*queue, *batch) {}
func (c *rehearsal) settle(_ *queue, b *batch) error {
	for i := range b.entries {
		c.w.rewritten(&b.entries[i])
	}
	return nil
}
