package engine

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
)

// mode is what is asked about the keys of a batch.
type mode uint8

const (
	values mode = iota // their values
	types              // their types
)

// entry is one key on its way through a batch.
type entry struct {
	key []byte // stored key
	old []byte // value as read
	new []byte // value to write; nil if there is none yet
	// expireAt is when the key expires, in milliseconds since 1970, where the
	// server cannot keep an expiry by itself; 0 is never.
	expireAt int64
	// expiredAt is what was answered to the same question just before.
	expiredAt int64
	// size is that of a value which did not fit its batch, or stands for the room it
	// needs; 0 if not known.
	size  int64
	tries int  // how often it was tried alone
	lost  bool // it was written, or not: the answer was lost
	read  bool // a question about it was answered, so that it must be counted
	done  bool // it was counted
	unfit bool // it is not as the selection wants it any more
	alone bool // a command is to be about it alone

	marked bool           // it has a marker
	mark   *archive.Entry // that, where a backup is kept

	from *fromBackup // nil: it is no entry of a backup
	trip *trip       // nil: it is not carried
}

// batch is a number of keys that are asked about, decided and written together.
// Two of them take turns in a worker.
type batch struct {
	mode    mode
	way     way
	entries []entry
	weight  int64 // held of the run's heavy budget
	fresh   bool  // its keys were not read before
	plain   bool  // what is to be written of it is read again first
	guarded bool  // its writes are made in a transaction
	writes  int   // how many commands they are
	marked  int   // of how many entries the markers are written
	at      int64 // when the entries are to expire, without jitter, where a backup is kept; 0: never
	vague   bool  // its expiries are not those of one moment
	sent    bool  // there are any, and they went out

	reply cluster.Reply // values as read
	out   []byte        // values to write
	args  []cluster.Arg
	any   []any
}

// load fills b with the keys of t.
func (b *batch) load(t task) {
	b.mode, b.way, b.fresh, b.plain = t.mode, inTwoSteps, t.fresh, false
	b.entries = append(b.entries[:0], t.entries...)
	b.guarded, b.sent, b.vague, b.at = false, false, false, 0
	b.out = b.out[:0]
	b.reply.Reset()
	b.reply.Limit = batchBudget
	if t.limit > 0 {
		b.reply.Limit = t.limit
	}
}

// room is how many bytes working on a value of so many may take.
func (b *batch) room(size int) int {
	if b.weight == 0 {
		return lightRoom
	}
	return max(lightRoom, 2*int(b.weight)-size)
}

// keep asks about each entry, in order, and leaves those in b for which the
// answer is true. An entry with an error stays, as one that was not read; the
// first error is returned.
func (b *batch) keep(wanted func(i int, e *entry) (bool, error)) error {
	var first error
	kept := b.entries[:0]
	for i := range b.entries {
		e := &b.entries[i]
		before := e.read
		e.read = true
		want, err := wanted(i, e)
		if err != nil {
			e.read, want = before, true
			if first == nil {
				first = err
			}
		}
		if want {
			kept = append(kept, *e)
		}
	}
	b.entries = kept
	return first
}

// unsure notes that the writes of b may have been carried out, or not.
func (b *batch) unsure() {
	if b.sent {
		for i := range b.entries {
			b.entries[i].lost = true
		}
	}
}

// detach leaves the memory that the entries of b are part of to them.
func (b *batch) detach() {
	b.reply, b.out = cluster.Reply{}, nil
}

// keys are the arguments of a command on every key of b.
func (b *batch) keys(command string) []any {
	n := len(b.entries)
	if cap(b.args) < n {
		b.args = make([]cluster.Arg, n)
		b.any = make([]any, n+1)
		for i := range b.args {
			b.any[i+1] = &b.args[i]
		}
	}
	b.args = b.args[:cap(b.args)]
	for i := range b.entries {
		b.args[i].B = b.entries[i].key
	}
	return append([]any{command}, b.any[1:n+1]...)
}

// stored are the keys of b.
func (b *batch) stored() [][]byte {
	keys := make([][]byte, len(b.entries))
	for i := range b.entries {
		keys[i] = b.entries[i].key
	}
	return keys
}

// task is work that waits for its turn.
type task struct {
	mode    mode
	entries []entry
	limit   int  // bytes of values to read, if more than a batch may
	fresh   bool // its keys come from the source
}

// queue gathers commands of one flush and gives their answers, but for the
// values of a batch, in the order in which they were queued.
type queue struct {
	ctx     context.Context
	cmds    []redis.Cmder
	answers cluster.Reply
	next    int

	slots []*slot // used again: a write costs no allocation
	used  int
}

// slot is the commands about one key that are sent for every key of a run.
type slot struct {
	key, value cluster.Arg
	set, typ   redis.Cmder
}

func newQueue(ctx context.Context) *queue {
	return &queue{ctx: ctx}
}

func (q *queue) command(args ...any) redis.Cmder {
	return cluster.NewCommand(q.ctx, &q.answers, args...)
}

// reset forgets the flush before.
func (q *queue) reset() {
	clear(q.cmds)
	q.cmds = q.cmds[:0]
	q.answers.Reset()
	q.next, q.used = 0, 0
}

// forget lets go of what was written.
func (q *queue) forget() {
	for _, s := range q.slots {
		s.key.B, s.value.B = nil, nil
	}
}

// add queues a command whose answer goes to the queue.
func (q *queue) add(cmd redis.Cmder) { q.cmds = append(q.cmds, cmd) }

// slot returns the next free slot.
func (q *queue) slot() *slot {
	if q.used == len(q.slots) {
		q.slots = append(q.slots, new(slot))
	}
	q.used++
	return q.slots[q.used-1]
}

// take returns the next answer, the zero Item if there is none.
func (q *queue) take() cluster.Item {
	if q.next == len(q.answers.Items) {
		return cluster.Item{}
	}
	item := q.answers.Items[q.next]
	q.next++
	return item
}

// ok takes an answer that is of no interest unless it is an error.
func (q *queue) ok() error { return q.answers.Err(q.take()) }

// agreed takes an answer that must be OK.
func (q *queue) agreed(command string) error {
	item := q.take()
	if err := q.answers.Err(item); err != nil {
		return err
	}
	if item.Kind != cluster.Status || string(q.answers.Bytes(item)) != "OK" {
		return fmt.Errorf("an answer to %s that is not OK", command)
	}
	return nil
}

// count takes an answer that must be a number from 0 to most.
func (q *queue) count(most int) (int, error) {
	item := q.take()
	if err := q.answers.Err(item); err != nil {
		return 0, err
	}
	if item.Kind != cluster.Int || item.Int < 0 || item.Int > int64(most) {
		return 0, fmt.Errorf("an answer that is no number from 0 to %d", most)
	}
	return int(item.Int), nil
}
