package engine

import (
	"errors"
	"iter"
	"slices"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/ring"
)

// scriptKeys is how many keys one script is given at most. The server does
// nothing else while it runs, a tenth of a millisecond.
const scriptKeys = 100

// What a script answers for a key that it did not change.
const (
	notString = cluster.ScriptNotString
	absent    = cluster.ScriptAbsent
)

// deleteScript deletes entries and their markers. The script for expiries answers alike.
const deleteScript = cluster.DeleteScript

// deleteOne is deleteScript for one entry that has no marker.
const deleteOne = `local is = redis.call('type', KEYS[1]).ok
return {is == 'string' and redis.call(ARGV[1], KEYS[1]) or is == 'none' and -2 or -1, 0}`

// expiryScript changes expiries. KEYS: entries. ARGV: the command, its argument.
const expiryScript = `local out = {}
for i = 1, #KEYS do
local is = redis.call('type', KEYS[i]).ok
out[i] = is == 'string' and redis.call(ARGV[1], KEYS[i], unpack(ARGV, 2)) or is == 'none' and -2 or -1
end
out[#KEYS + 1] = 0
return out`

// jitterScript is expiryScript with an argument for each key.
const jitterScript = `local out = {}
for i = 1, #KEYS do
local is = redis.call('type', KEYS[i]).ok
out[i] = is == 'string' and redis.call(ARGV[1], KEYS[i], ARGV[i + 1]) or is == 'none' and -2 or -1
end
out[#KEYS + 1] = 0
return out`

// scripted makes a change by a script.
type scripted struct {
	change
	w *worker
}

// entries is how many entries go into one script.
func (c *scripted) entries() int {
	if c.fresh() != "" {
		return scriptKeys / 2
	}
	return scriptKeys
}

// chunks are the entries of each script. Of a Redis Cluster they are those of one slot: a
// source gives those one after the other.
func (c *scripted) chunks(entries []entry) iter.Seq[[]entry] {
	if !c.w.without.several() {
		return slices.Chunk(entries, c.entries())
	}
	return func(yield func([]entry) bool) {
		for len(entries) > 0 {
			n, slot := 1, ring.Slot(entries[0].key)
			for n < min(len(entries), c.entries()) && !entries[0].alone && !entries[n].alone && ring.Slot(entries[n].key) == slot {
				n++
			}
			if !yield(entries[:n:n]) {
				return
			}
			entries = entries[n:]
		}
	}
}

func (c *scripted) commit(q *queue, b *batch) {
	for chunk := range c.chunks(b.entries) {
		q.add(q.command(c.eval(chunk)...))
	}
}

// eval is the command that does chunk.
func (c *scripted) eval(chunk []entry) []any {
	text, argv := c.script(chunk)
	keys := make([]any, len(chunk), 2*len(chunk))
	for i := range chunk {
		keys[i] = chunk[i].key
	}
	if c.fresh() != "" {
		keys = append(keys, markers(c.fresh(), chunk)...)
	}
	return slices.Concat([]any{"eval", text, len(keys)}, keys, argv)
}

// settle counts the keys of b, or puts them on the list again.
func (c *scripted) settle(q *queue, b *batch) error {
	var end error
	for chunk := range c.chunks(b.entries) {
		err := end
		var answers []cluster.Item
		if !errors.Is(err, cluster.ErrScript) { // after which nobody knows where an answer begins
			answers, err = c.answers(q, len(chunk))
		}
		var refused redis.Error
		switch {
		case err == nil:
			for i := range chunk {
				c.tell(&chunk[i], answers[i].Int)
			}
			c.w.tally.Markers += answers[len(chunk)].Int
		case !errors.As(err, &refused):
			c.fail(chunk, ReasonUnsettled, err)
		case len(chunk) > 1 && cluster.OnItsWay(err):
			for i := range chunk {
				chunk[i].alone = true
			}
			c.w.again(b.mode, chunk)
			err = nil
		case cluster.Passing(err):
			c.fail(chunk, ReasonRefused, err)
		default:
			// What the other ways send tells better what is refused.
			c.w.ways.lower(byScript, c.w.without.wayWithoutScript())
			c.w.again(b.mode, chunk)
			err = nil
		}
		if end == nil {
			end = err
		}
	}
	b.entries = b.entries[:0]
	return end
}

// answers takes what a script answered for n entries, and for their markers.
func (c *scripted) answers(q *queue, n int) ([]cluster.Item, error) {
	head := q.take()
	if err := q.answers.Err(head); err != nil {
		return nil, err
	}
	if head.Kind != cluster.Array || head.Int != int64(n+1) {
		return nil, cluster.ErrScript
	}
	answers := make([]cluster.Item, n+1)
	for i := range answers {
		a := q.take()
		least, most := absent, int64(1)
		if i == n { // of the markers
			least, most = 0, int64(n)
		}
		if a.Kind != cluster.Int || a.Int < least || a.Int > most {
			return nil, cluster.ErrScript
		}
		answers[i] = a
	}
	return answers, nil
}

func (c *scripted) fail(entries []entry, reason string, err error) {
	for i := range entries {
		c.w.done(&entries[i], failure(reason, c.w.shard.Said(err)))
	}
}
