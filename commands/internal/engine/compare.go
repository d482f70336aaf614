package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"cachering/commands/internal/cluster"
)

// A Redis Cluster has no transaction about keys of several slots, and so none about a
// batch. There each value is replaced by a script about its key alone, which compares what
// is there with what was read: all of a batch go out in one flush, and those that
// others wrote meanwhile are read again.

// compareScript replaces a value that is still what was read and keeps its expiry. It
// answers 1 if it did, absent, or 0 for whatever else is there. KEYS: the entry. ARGV: the
// value as read, the one to write.
const compareScript = `local is = redis.pcall('get', KEYS[1])
if is == ARGV[1] then
redis.call('set', KEYS[1], ARGV[2], 'keepttl')
return 1
end
return is and 0 or -2`

// errSlots is why a Redis Cluster has no transactions for a batch.
var errSlots = errors.New("a Redis Cluster has no transactions for keys of several slots")

// several reports whether the keys of a batch are in several slots.
func (l *lacks) several() bool { return l.transactions == errSlots }

// comparing is why values cannot be compared and replaced by scripts; nil if they can.
func (l *lacks) comparing() error {
	switch {
	case l.script != nil:
		return fmt.Errorf("scripts (EVAL) are refused, and without them an update could be lost on a Redis Cluster: %w", l.script)
	case l.keepTTL:
		return errors.New("it cannot keep expiries (SET KEEPTTL, of Redis 6.0), which values of a Redis Cluster are rewritten with")
	}
	return nil
}

// comparer writes new values by scripts that compare.
type comparer struct{ w *worker }

func (c *comparer) guards(*batch) bool { return false }

func (c *comparer) commit(q *queue, b *batch) {
	for i := range b.entries {
		e := &b.entries[i]
		q.add(q.command("eval", compareScript, 1, e.key, e.old, e.new))
	}
}

func (c *comparer) settle(q *queue, b *batch) error {
	var first error
	var raced []entry
	for i := range b.entries {
		e := &b.entries[i]
		switch item := q.take(); {
		case item.Kind == cluster.Int && item.Int == 1:
			c.w.done(e, outcome{kind: rewritten})
		case item.Kind == cluster.Int && item.Int == absent && !e.lost:
			c.w.done(e, outcome{kind: gone})
		case item.Kind == cluster.Int && (item.Int == 0 || item.Int == absent):
			again := entry{key: e.key, tries: e.tries + 1, read: e.read, size: e.size}
			if e.lost { // it may be what another try wrote; the buffers are used again
				again.lost, again.old, again.new = true, bytes.Clone(e.old), bytes.Clone(e.new)
			}
			raced = append(raced, again)
		default:
			err := q.answers.Err(item)
			if err == nil {
				err = errors.New("an answer to EVAL that is not one of the script")
			}
			c.w.done(e, failure(ReasonRefused, c.w.shard.Said(err)))
			if first == nil {
				first = err
			}
		}
	}
	c.w.tally.Aborted += int64(min(1, len(raced)))
	raced = slices.DeleteFunc(raced, func(e entry) bool {
		if e.tries > maxTries {
			c.w.giveUp(&e)
		}
		return e.tries > maxTries
	})
	c.w.again(values, raced)
	b.entries = b.entries[:0]
	return first
}
