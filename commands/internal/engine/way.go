package engine

import (
	"slices"
	"sync"

	"cachering/commands/internal/cluster"
)

// A way is how strings are changed that are not read, so that nothing is changed
// that became another type after it was found.
type way uint8

const (
	// inTwoSteps asks for the types in one flush and changes the strings in the
	// next. What becomes another type in between is changed all the same.
	inTwoSteps way = iota
	// byTransaction does the same while it watches the keys.
	byTransaction
	// byScript has the server look and change in one step. It is the cheapest.
	byScript
	// ifMissing writes what is missing, in one step (SET NX).
	ifMissing
	// byComparing has the server compare each value with what was read and replace it in
	// one step.
	byComparing
)

// watchKeys is how many keys a transaction takes at most: the cost of WATCH grows
// with the square of their number.
const watchKeys = 32

// String is what guards, by the commands that the server must allow.
func (y way) String() string {
	switch y {
	case byScript, byComparing:
		return cluster.GuardScript
	case byTransaction:
		return cluster.GuardTransaction
	case ifMissing:
		return "the server (SET NX)"
	}
	return "nothing"
}

// way is the best that a server allows.
func (l *lacks) way() way {
	if l.script == nil {
		return byScript
	}
	return l.wayWithoutScript()
}

func (l *lacks) wayWithoutScript() way {
	if l.transactions == nil {
		return byTransaction
	}
	return inTwoSteps
}

// ways are the way in which a shard is worked on and, before it, those that were
// refused in the middle of the work.
type ways struct {
	mu   sync.Mutex
	list []way
	wide int // batches that were changed unguarded
}

func (y *ways) begin(first way) { y.list = []way{first} }

// now is the way for the next batch.
func (y *ways) now() way {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.list[len(y.list)-1]
}

// lower takes another way when one is refused, unless another worker did.
func (y *ways) lower(from, to way) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.list[len(y.list)-1] == from {
		y.list = append(y.list, to)
	}
}

// unguarded counts batches that are changed unguarded.
func (y *ways) unguarded(n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.wide += n
}

// report is what the report says of them.
func (y *ways) report() (names []string, unguarded bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, w := range y.list {
		names = append(names, w.String())
	}
	return names, y.wide > 0
}

// change is what becomes of strings that are not read.
type change interface {
	// committer changes the keys of a batch, which were strings when they were
	// looked at, by commands.
	committer
	// script does the same with keys that were not looked at: its text, and what it
	// is told besides the keys. It answers as deleteScript does.
	script(chunk []entry) (text string, argv []any)
	// fresh is the prefix of the markers that share the lot of their entries; ""
	// is none.
	fresh() string
	// tell counts a key by the answer of a script.
	tell(e *entry, answer int64)
}

// guarded makes a change in the way that a shard allows when a batch is begun.
type guarded struct {
	change
	w        *worker
	scripted scripted
}

func newGuarded(w *worker, c change) *guarded {
	return &guarded{change: c, w: w, scripted: scripted{change: c, w: w}}
}

func (c *guarded) guards(b *batch) bool {
	b.way = c.w.ways.now()
	if b.way != byTransaction {
		return false
	}
	if len(b.entries) > watchKeys {
		for rest := range slices.Chunk(b.entries[watchKeys:], watchKeys) {
			c.w.again(b.mode, rest)
		}
		b.entries = b.entries[:watchKeys]
	}
	return true
}

func (c *guarded) commit(q *queue, b *batch) {
	switch {
	case len(b.entries) == 0:
	case b.way == byScript:
		c.scripted.commit(q, b)
	default:
		if b.way == inTwoSteps {
			c.w.ways.unguarded(1) // as it stays, should the answer be lost
		}
		c.change.commit(q, b)
	}
}

func (c *guarded) settle(q *queue, b *batch) error {
	switch {
	case len(b.entries) == 0:
		return nil
	case b.way == byScript:
		return c.scripted.settle(q, b)
	}
	t := &c.w.tally
	before := t.Deleted + t.Changed
	err := c.change.settle(q, b)
	if b.way == inTwoSteps && t.Deleted+t.Changed == before {
		c.w.ways.unguarded(-1)
	}
	return err
}
