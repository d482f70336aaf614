package engine

import (
	"errors"
	"strconv"
	"time"

	"cachering/commands/internal/cluster"
)

// valueReader reads the values of a batch, and, if it is asked to, when the keys
// expire. What does not fit the batch is read again later, in batches that it fits;
// what has no value is asked for its type.
type valueReader struct {
	w         *worker
	lifetimes lifetimes
	// value decides about one value; it is true if the entry is to be written.
	value func(b *batch, e *entry, value []byte) bool
	// tooLarge settles an entry that does not fit the memory there is.
	tooLarge func(*entry)
	// absent decides about an entry that has no value; known is false where it has nothing
	// to say, and nil where it never has. left is whether it stays in the batch.
	absent func(e *entry) (left, known bool)
	// twice asks for the expiries before the values, too: where nothing watches the
	// keys this tells a value and an expiry that were never those of one entry.
	twice bool
}

func (p *valueReader) ask(q *queue, b *batch) {
	if b.mode == types {
		askTypes(q, b)
		return
	}
	if p.twice {
		p.lifetimes.ask(q, b, nil)
	}
	if p.w.cl.OfNodes() {
		for _, cmd := range p.w.shard.Values(q.ctx, &b.reply, b.stored()) {
			q.add(cmd)
		}
	} else {
		q.add(cluster.NewCommand(q.ctx, &b.reply, b.keys("mget")...))
	}
	p.lifetimes.ask(q, b, nil)
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

func (p *valueReader) decide(q *queue, b *batch) error {
	if b.mode == types {
		return p.decideTypes(q, b)
	}
	items, err := b.reply.Array(len(b.entries))
	if err != nil {
		return err
	}
	var unknown error
	if p.twice {
		unknown = p.lifetimes.read(q, b)
		for i := range b.entries {
			b.entries[i].expiredAt = b.entries[i].expireAt
		}
	}
	if err := p.lifetimes.read(q, b); unknown == nil {
		unknown = err
	}
	var large []entry
	read, found := 0, 0
	err = b.keep(func(i int, e *entry) (bool, error) {
		switch item := items[i]; item.Kind {
		case cluster.Large:
			found++
			if item.Int > heavyBudget {
				p.tooLarge(e)
				return false, nil
			}
			read += clampInt(item.Int)
			e.size = item.Int
			large = append(large, *e)
			return false, nil
		case cluster.Bulk:
			read += int(item.Int)
			found++
			return p.value(b, e, b.reply.Bytes(item)), nil
		default:
			if p.absent != nil {
				if left, known := p.absent(e); known {
					return left, nil
				}
			}
			// What was read or written of it before is no more.
			e.old, e.new, e.lost = nil, nil, false
			p.w.nils = append(p.w.nils, *e)
			return false, nil
		}
	})
	if found > 0 {
		p.w.mean = (p.w.mean + read/found) / 2
	}
	p.apart(large)
	if unknown != nil {
		return unknown
	}
	return err
}

// apart puts values that did not fit on the list again, in batches that they fit by
// the sizes now known; what is larger than any batch goes alone.
func (p *valueReader) apart(large []entry) {
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
func (p *valueReader) decideTypes(q *queue, b *batch) error {
	w := p.w
	return b.keep(func(_ int, e *entry) (bool, error) {
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return false, err
		}
		switch string(q.answers.Bytes(item)) {
		case "none":
			w.done(e, outcome{kind: gone})
		case "string": // made again in between
			if e.tries++; e.tries > maxTries {
				w.giveUp(e)
			} else {
				w.again(values, []entry{*e})
			}
		default:
			w.done(e, skip(ReasonNotAString))
		}
		return false, nil
	})
}

// lifetimes is how a server is asked when keys expire.
type lifetimes uint8

const (
	unasked  lifetimes = iota
	asMoment           // PEXPIRETIME, from 7.0 on
	asRest             // TIME and PTTL, right to 2 ms
)

// lifetimes is the best that a server allows.
func (l *lacks) lifetimes() lifetimes {
	if l.expireTime {
		return asRest
	}
	return asMoment
}

// slack is how many milliseconds two answers about the same expiry may differ.
func (l lifetimes) slack() int64 {
	if l == asRest {
		return 2
	}
	return 0
}

// same reports whether two answers may be about one expiry; 0 is none.
func (l lifetimes) same(a, b int64) bool {
	return a == b || a != 0 && b != 0 && max(a-b, b-a) <= l.slack()
}

// ask queues the question about the keys of b, or about others, one for each.
func (l lifetimes) ask(q *queue, b *batch, others []any) {
	command := "pexpiretime"
	switch l {
	case unasked:
		return
	case asRest:
		q.add(q.command("time"))
		command = "pttl"
	}
	for i := range b.entries {
		var key any = b.entries[i].key
		if others != nil {
			key = others[i]
		}
		q.add(q.command(command, key))
	}
	if l == asRest {
		q.add(q.command("time"))
	}
}

// read notes when the entries expire, in milliseconds since 1970.
func (l lifetimes) read(q *queue, b *batch) error {
	if l == unasked {
		return nil
	}
	var now int64
	if l == asRest {
		var err error
		if now, err = q.time(); err != nil {
			return err
		}
	}
	for i := range b.entries {
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return err
		}
		if item.Kind != cluster.Int {
			return errors.New("an answer about an expiry that is no number")
		}
		b.entries[i].expireAt = 0
		if item.Int >= 0 {
			b.entries[i].expireAt = now + item.Int
		}
	}
	if l == asRest {
		after, err := q.time()
		b.vague = b.vague || after-now > l.slack()
		return err
	}
	return nil
}

// time takes the answer to TIME, in milliseconds since 1970.
func (q *queue) time() (int64, error) {
	if err := q.ok(); err != nil {
		return 0, err
	}
	seconds, _ := strconv.ParseInt(string(q.answers.Bytes(q.take())), 10, 64)
	micros, _ := strconv.ParseInt(string(q.answers.Bytes(q.take())), 10, 64)
	return time.Unix(seconds, micros*1000).UnixMilli(), nil
}
