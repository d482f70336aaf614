package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// scriptKeys is how many keys one script is given at most. The server does
// nothing else while it runs, a tenth of a millisecond.
const scriptKeys = 100

// What a script answers for a key that it did not change; else it is what the
// command answered.
const (
	notString int64 = -1
	absent    int64 = -2
)

// Both scripts answer a number for each entry, and then how many markers were
// deleted. What could be refused is tried on markers, and then on the first
// entries: an error in place of the answer means that no entry was changed.
//
// They are for every server from 2.8 on: Lua 5.1, and TYPE is no reason for those
// before 5.0 to refuse a write after it. EXISTS of several keys is refused before
// 3.0.3, and then every marker is looked at. More than 32 words in one call crash
// some servers of 2.8 and 3.0. The text is sent each time: a digest would save
// three bytes a key, and needs another right, and a way back when the server has
// forgotten it.
const (
	// KEYS: entries, and then the marker of each if there are any.
	// ARGV: the command that deletes, the number of entries.
	deleteScript = `local n, out, found, marks = tonumber(ARGV[2]), {}, {}, {}
local function all(command, keys, from)
local sum = 0
for i = from, #keys, 30 do sum = sum + redis.call(command, unpack(keys, i, math.min(i + 29, #keys))) end
return sum
end
local marked = #KEYS > n
if marked then
local told, sum = pcall(all, 'exists', KEYS, n + 1)
marked = not told or sum > 0
end
for i = 1, n do
local is = redis.call('type', KEYS[i]).ok
out[i] = is == 'string' and 1 or is == 'none' and -2 or -1
if is == 'string' then
found[#found + 1] = KEYS[i]
if marked and redis.call('type', KEYS[n + i]).ok == 'string' then marks[#marks + 1] = KEYS[n + i] end
end
end
out[n + 1] = all(ARGV[1], marks, 1)
all(ARGV[1], found, 1)
return out`

	// KEYS: entries. ARGV: the command that changes an expiry, its argument.
	expiryScript = `local out = {}
for i = 1, #KEYS do
local is = redis.call('type', KEYS[i]).ok
out[i] = is == 'string' and redis.call(ARGV[1], KEYS[i], unpack(ARGV, 2)) or is == 'none' and -2 or -1
end
out[#KEYS + 1] = 0
return out`
)

// errScript is what makes no sense as the answer of a script.
var errScript = errors.New("an answer to EVAL that is not that of the script")

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

func (c *scripted) commit(q *queue, b *batch) {
	for chunk := range slices.Chunk(b.entries, c.entries()) {
		q.add(q.command(c.eval(chunk)...))
	}
}

// eval is the command that does chunk.
func (c *scripted) eval(chunk []entry) []any {
	text, argv := c.script(len(chunk))
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
	for chunk := range slices.Chunk(b.entries, c.entries()) {
		err := end
		var answers []cluster.Item
		if !errors.Is(err, errScript) { // after which nobody knows where an answer begins
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
		case passing(err):
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
		return nil, errScript
	}
	answers := make([]cluster.Item, n+1)
	for i := range answers {
		a := q.take()
		least, most := absent, int64(1)
		if i == n { // of the markers
			least, most = 0, int64(n)
		}
		if a.Kind != cluster.Int || a.Int < least || a.Int > most {
			return nil, errScript
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

// probeScript asks whether the server runs scripts, by one that finds nothing to
// delete.
func probeScript(ctx context.Context, key, marker string) *redis.Cmd {
	return redis.NewCmd(ctx, "eval", deleteScript, 2, key, marker, "del", 1)
}

// scriptRefused is why a server does not run scripts, knowing its answer to
// probeScript; nil if it does.
func scriptRefused(probe *redis.Cmd) error {
	answer, err := probe.Int64Slice()
	if err == nil && !slices.Equal(answer, []int64{absent, 0}) {
		err = errScript
	}
	return err
}
