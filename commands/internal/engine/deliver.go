package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// digest is that of a value; the zero digest is of none.
type digest [sha256.Size]byte

// deliver writes the entries of a batch at their homes, all at once, and says what is to
// become of the strays. An error ends the run.
func (c *carrying) deliver(ctx context.Context, b *batch) error {
	if b.mode != values {
		return nil
	}
	at := map[*sink][]*entry{}
	for i := range b.entries {
		e := &b.entries[i]
		if e.trip != nil && !e.done {
			if e.trip.home == nil {
				e.trip.home, _ = c.w.target().Home(e.trip.key)
			}
			k := c.w.sinks.of(e.trip.home)
			at[k] = append(at[k], e)
		}
	}
	var mu sync.Mutex
	var first error
	var wg sync.WaitGroup
	for k, list := range at {
		wg.Go(func() {
			v := &visit{sink: k, op: c.op, from: c.w, list: list}
			if err := k.shard.Contain(func() error { return v.pay(ctx) }); err != nil {
				mu.Lock()
				first = errors.Join(first, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if first != nil {
		c.w.finish(EndNotWritable, first)
		return c.w.going.Err()
	}
	kept := b.entries[:0]
	for i := range b.entries {
		e := &b.entries[i]
		switch {
		case e.done:
		case e.trip == nil:
			kept = append(kept, *e)
		case e.trip.fate == ended:
			c.w.done(e, e.trip.outcome)
		case e.trip.fate == undecided || e.trip.fate == reread:
			c.w.reread(b, e)
		default:
			kept = append(kept, *e)
		}
	}
	b.entries = kept
	return nil
}

// visit is what one worker has to do at one sink.
type visit struct {
	*sink
	op   *Carry
	from *worker
	list []*entry

	conn *cluster.Conn
	q    *queue
	is   batch // what is there under the keys, with its expiries
}

// errKept is an error of the journal or the backup.
type errKept struct{ error }

// pay visits the sink. An entry that is undecided afterwards is to be read again. The
// error is one of what is kept of the run.
func (v *visit) pay(ctx context.Context) error {
	var err error
	if v.conn, err = v.borrow(ctx); err != nil {
		for _, e := range v.list {
			e.trip.end(failure(ReasonTarget, err.Error()))
		}
		return nil
	}
	v.hold(ctx)
	var done errKept
	switch err = v.work(ctx); {
	case err == nil:
		v.free(v.conn)
	case errors.As(err, &done):
		v.drop(v.conn, nil, false)
		return done.error
	default:
		v.drop(v.conn, err, !scan.WorthRedial(v.going, err))
	}
	return nil
}

func (v *visit) work(ctx context.Context) error {
	v.q = newQueue(ctx)
	if v.o.DryRun {
		return v.look(ctx)
	}
	var first, guarded []*entry
	for _, e := range v.list {
		if e.trip.absent || e.trip.mark != nil || v.without.moments || e.trip.wrote != (digest{}) {
			guarded = append(guarded, e)
		} else {
			first = append(first, e)
		}
	}
	if len(first) > 0 {
		more, err := v.add(ctx, first)
		if err != nil {
			return err
		}
		guarded = append(guarded, more...)
	}
	if len(guarded) == 0 {
		return nil
	}
	if err := v.without.transactions; err != nil {
		for _, e := range guarded {
			e.trip.end(failure(ReasonRefused, v.shard.Said(unguarded(err))))
		}
		return nil
	}
	return v.exchange(ctx, guarded)
}

// load has what is at home under the keys of a list be asked.
func (v *visit) load(list []*entry) {
	v.q.reset()
	v.is.reply.Reset()
	v.is.entries = v.is.entries[:0]
	size := batchBudget
	for _, e := range list {
		v.is.entries = append(v.is.entries, entry{key: e.trip.key})
		size += 2 * len(e.trip.value)
	}
	v.is.reply.Limit = size
}

func (v *visit) askAll() {
	v.q.add(cluster.NewCommand(v.q.ctx, &v.is.reply, v.is.keys("mget")...))
	v.without.lifetimes().ask(v.q, &v.is, nil)
}

// found is what is at home: nothing, a value, or what is no string.
type found struct {
	there bool
	large int64 // its size, where it was not read
	value []byte
	at    int64 // when it expires; 0: never
}

func (v *visit) read() ([]found, error) {
	items, err := v.is.reply.Array(len(v.is.entries))
	if err != nil {
		return nil, err
	}
	if err := v.without.lifetimes().read(v.q, &v.is); err != nil {
		return nil, err
	}
	list := make([]found, len(items))
	for i, item := range items {
		f := &list[i]
		switch f.at = v.is.entries[i].expireAt; item.Kind {
		case cluster.Bulk:
			f.there, f.value = true, v.is.reply.Bytes(item)
		case cluster.Large:
			f.there, f.large = true, item.Int
		}
	}
	return list, nil
}

// look judges without writing anything.
func (v *visit) look(ctx context.Context) error {
	v.load(v.list)
	v.askAll()
	if err := v.conn.Do(ctx, v.q.cmds); err != nil {
		return err
	}
	is, err := v.read()
	if err != nil {
		return err
	}
	for i, e := range v.list {
		if !is[i].there {
			e.trip.remove(moved)
			continue
		}
		if ok, err := v.judge(ctx, e, &is[i]); err != nil {
			return err
		} else if ok {
			e.trip.remove(replaced)
		}
	}
	return nil
}

// add writes what is missing at home, and reads it back. It returns what has to be looked
// at more closely.
func (v *visit) add(ctx context.Context, list []*entry) (more []*entry, err error) {
	if err := v.writes(list); err != nil {
		return nil, err
	}
	v.load(list)
	was := make([]digest, len(list)) // that may have been written before
	for i, e := range list {
		args, _ := v.set(e)
		v.q.add(v.q.command(append(args, "nx")...))
		was[i], e.trip.sent = e.trip.sent, sha256.Sum256(e.trip.value)
	}
	v.askAll()
	if err := v.conn.Do(ctx, v.q.cmds); err != nil {
		return nil, err
	}
	answers := make([]cluster.Item, len(list))
	for i := range answers {
		answers[i] = v.q.take()
	}
	is, err := v.read()
	if err != nil {
		return nil, err
	}
	for i, e := range list {
		t, wrote := e.trip, false
		switch item := answers[i]; {
		case item.Kind == cluster.Status:
			wrote = true
			t.written(t.sent, moved)
			v.back(t, &is[i])
		case item.Kind == cluster.Error:
			t.sent = was[i]
			t.end(failure(ReasonRefused, v.shard.Said(v.q.answers.Err(item))))
		case item.Kind != cluster.Nil:
			return nil, errors.New("an answer to SET NX that is none")
		default:
			t.sent = was[i]
		}
		if err := v.settled(e, wrote); err != nil {
			return nil, err
		}
	}
	for i, e := range list {
		if e.trip.fate != undecided {
			continue
		}
		replaces := !is[i].there
		if !replaces {
			if replaces, err = v.judge(ctx, e, &is[i]); err != nil {
				return nil, err
			}
		}
		if replaces {
			more = append(more, e)
		}
	}
	return more, nil
}

// exchange writes, or replaces, under the guard of a transaction at home.
func (v *visit) exchange(ctx context.Context, list []*entry) error {
	v.load(list)
	watched := v.is.keys("watch")
	if prefix := v.cl.SideKeys().Fresh; prefix != "" {
		watched = append(watched, markers(prefix, v.is.entries)...)
	}
	v.q.add(v.q.command(watched...))
	askTypes(v.q, &v.is)
	v.askAll()
	v.q.add(v.q.command("multi"))
	if err := v.conn.Do(ctx, v.q.cmds); err != nil {
		return err
	}
	if err := v.q.agreed("WATCH"); err != nil {
		return err
	}
	types := make([]string, len(list))
	for i := range types {
		item := v.q.take()
		if err := v.q.answers.Err(item); err != nil {
			return err
		}
		types[i] = string(v.q.answers.Bytes(item))
	}
	is, err := v.read()
	if err != nil {
		return err
	}
	if err := v.q.agreed("MULTI"); err != nil {
		return err
	}
	var puts []*entry
	var was []found
	for i, e := range list {
		switch t := e.trip; {
		case types[i] != "none" && types[i] != "string":
			t.end(skip(ReasonNotAString))
		case t.absent:
			if is[i].there && t.isOurs(sha256.Sum256(is[i].value)) {
				puts, was = append(puts, e), append(was, is[i])
			} else {
				t.end(outcome{kind: gone})
			}
		case types[i] == "none" && t.seen && t.wrote == sha256.Sum256(e.trip.value):
			v.leave(t, t.as) // it was deleted there since, or its time is up
		case types[i] == "none":
			puts, was = append(puts, e), append(was, is[i])
		default:
			replaces, err := v.judge(ctx, e, &is[i])
			if err != nil {
				return err
			}
			if replaces {
				puts, was = append(puts, e), append(was, is[i])
			}
		}
	}
	return v.put(ctx, puts, was)
}

// put ends a transaction in which entries take the place of what was there.
func (v *visit) put(ctx context.Context, list []*entry, was []found) error {
	if err := v.keepReplaced(list, was); err != nil {
		return err
	}
	if err := v.writes(list); err != nil {
		return err
	}
	v.load(list)
	prefix := v.cl.SideKeys().Fresh
	writes := 0
	write := func(args ...any) {
		v.q.add(v.q.command(args...))
		writes++
	}
	firsts := make([]int, len(list)) // of the answers, that of each entry's own SET
	for i, e := range list {
		mark := append([]byte(prefix), e.trip.key...)
		firsts[i] = writes
		if e.trip.absent {
			write("del", e.trip.key)
		} else {
			args, moment := v.set(e)
			write(args...)
			if moment != nil {
				write(moment...)
			}
			e.trip.sent = sha256.Sum256(e.trip.value)
		}
		switch {
		case prefix == "":
		case e.trip.mark == nil || e.trip.absent:
			write("del", mark)
		default:
			args, moment := v.setFor(e.trip.mark.Key, e.trip.mark.Value, e.trip.mark.At)
			write(args...)
			if moment != nil {
				write(moment...)
			}
		}
	}
	v.q.add(v.q.command("exec"))
	if len(list) > 0 {
		v.askAll()
	}
	if err := v.conn.Do(ctx, v.q.cmds); err != nil {
		return err
	}
	var refused error
	for range writes {
		if err := v.q.ok(); refused == nil {
			refused = err
		}
	}
	exec := v.q.take()
	if exec.Kind == cluster.Array && exec.Int == int64(writes) {
		results := make([]cluster.Item, writes)
		for i := range results {
			results[i] = v.q.take()
		}
		return v.placed(list, was, func(i int) error { return v.q.answers.Err(results[firsts[i]]) })
	}
	if err := v.q.answers.Err(exec); err != nil && refused == nil {
		refused = err
	}
	for _, e := range list {
		if refused != nil {
			e.trip.end(failure(ReasonRefused, v.shard.Said(refused)))
		} else {
			e.trip.startAnew() // somebody wrote there
		}
		e.trip.sent = digest{}
		if err := v.settled(e, false); err != nil {
			return err
		}
	}
	return nil
}

// placed reads back what was written in a transaction.
func (v *visit) placed(list []*entry, was []found, failed func(i int) error) error {
	if len(list) == 0 {
		return nil
	}
	is, err := v.read()
	if err != nil {
		return err
	}
	for i, e := range list {
		t := e.trip
		err := failed(i)
		t.sent = digest{}
		switch as := moved; {
		case err != nil:
			t.end(failure(ReasonRefused, v.shard.Said(err)))
		case t.absent:
			t.wrote = digest{}
			t.end(outcome{kind: gone})
		default:
			if was[i].there {
				as = replaced
			}
			t.written(sha256.Sum256(e.trip.value), as)
			v.back(t, &is[i])
		}
		if err := v.settled(e, err == nil && !t.absent); err != nil {
			return err
		}
	}
	return nil
}

// back decides about an entry that was written at home, by what was read back: also where
// somebody has overwritten it since it is there.
func (v *visit) back(t *trip, is *found) {
	switch t.seen = is.there; {
	case !t.seen:
		t.fate = asked
	case v.op.Transfer != nil && (is.large > 0 || sha256.Sum256(is.value) != t.wrote):
		t.end(outcome{kind: t.as})
	default:
		t.remove(t.as)
	}
}

// leave has both copies stay, or in a rebalance that at home: the application does not see
// the other.
func (v *visit) leave(t *trip, k kind) {
	if v.op.Transfer != nil {
		t.end(outcome{kind: k})
	} else {
		t.remove(k)
	}
}

// set are the words that write an entry with its expiry, in one command or two.
func (v *visit) set(e *entry) (set, moment []any) {
	return v.setFor(e.trip.key, e.trip.value, e.trip.at)
}

func (v *visit) setFor(key, value []byte, at int64) (set, moment []any) {
	set = []any{"set", key, value}
	at, left := v.until(at)
	word, command, n := "pxat", "pexpireat", at
	switch {
	case left != nil: // what is up by now is so in a moment
		word, command, n = "px", "pexpire", max(1, *left)
	case at == 0:
		return set, nil
	}
	if v.without.moments {
		return set, []any{command, key, n}
	}
	return append(set, word, n), nil
}

// until is when an entry is to expire at home, as a moment or as what is left of the
// time.
func (v *visit) until(at int64) (moment int64, left *int64) {
	ahead, known := v.from.clock.mean()
	if at == 0 || !known {
		return at, nil
	}
	if rest, use := v.clock.left(at, ahead); use {
		return at, &rest
	}
	return at, nil
}

// sourceTime is a moment of the sink's clock by that of the source; 0 is never.
func (v *visit) sourceTime(at int64) int64 {
	if at == 0 {
		return 0
	}
	here, _ := v.clock.mean()
	there, _ := v.from.clock.mean()
	return at - here + there
}
