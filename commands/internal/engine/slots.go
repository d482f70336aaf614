package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// The keys of a master of a Redis Cluster are those of the slots that it had when the run
// began, wherever the slots go: so each key is given once, by one shard. They are given slot
// by slot (CLUSTER GETKEYSINSLOT), because what SCAN gave of a slot that then moves cannot be
// told from what its new master has. A slot that is on its way, or has gone, is asked for
// along its way, the master that it leaves first: a key is missed by none of them, and one
// that both name is given once.
//
// A slot with very many keys, as that of a {tag} which they all have, would be one answer. The
// keys of such slots are scanned, and a slot that moves meanwhile ends the work by an error.

const (
	// slotKeys is how many keys are asked for at a time, about, and slotsAtOnce of how many
	// slots.
	slotKeys    = 2000
	slotsAtOnce = 512
	// hugeSlot is from how many keys on a slot is scanned.
	hugeSlot = 50000
	// slotPatience is for how long a slot is asked for along its way while that changes, or
	// a master there is replaced; slotPause is between two tries.
	slotPatience = 40 * time.Second
	slotPause    = 50 * time.Millisecond
)

type slotSource struct {
	s      *shardRun
	link   *scan.Link
	filter *scan.Filter
	slots  []int   // to come
	counts []int64 // of keys, of each of slots
	begun  bool
	huge   map[int]bool
	rest   *scanSource // of those; nil: not begun
	passed int64
	part   scanSource // what is given at a time
}

// slotted is the source that the slots of the shard are.
func (s *shardRun) slotted(filter *scan.Filter) *slotSource {
	return &slotSource{s: s, link: s.link, filter: filter, slots: s.shard.Slots(), huge: map[int]bool{}, part: scanSource{link: s.link, filter: filter}}
}

func (f *slotSource) next(ctx context.Context) (part, error) {
	if !f.begun {
		if err := f.count(ctx); err != nil {
			return part{}, err
		}
		f.begun = true
	}
	if len(f.slots) > 0 {
		return f.some(ctx)
	}
	return f.scanHuge(ctx)
}

// count asks how many keys the slots have.
func (f *slotSource) count(ctx context.Context) error {
	f.counts = make([]int64, len(f.slots))
	for from := 0; from < len(f.slots); from += 2 * slotsAtOnce {
		cmds := make([]redis.Cmder, min(2*slotsAtOnce, len(f.slots)-from))
		for i := range cmds {
			cmds[i] = redis.NewIntCmd(ctx, "cluster", "countkeysinslot", f.slots[from+i])
		}
		if err := f.link.Retry(ctx, func() error { return f.link.Conn.Do(ctx, cmds) }); err != nil {
			return err
		}
		for i, cmd := range cmds {
			n, err := cmd.(*redis.IntCmd).Result()
			if err != nil {
				return f.link.Shard.Wrap(err)
			}
			f.counts[from+i] = n
		}
	}
	return nil
}

// some gives the keys of the next slots.
func (f *slotSource) some(ctx context.Context) (part, error) {
	n, sum := 0, int64(0)
	for n < min(slotsAtOnce, len(f.slots)) && (n == 0 || sum+f.counts[n] <= slotKeys) {
		sum += f.counts[n]
		n++
	}
	asks := make([]*redis.StringSliceCmd, n)
	cmds := make([]redis.Cmder, n, n+1)
	for i, slot := range f.slots[:n] {
		limit := f.s.hugeSlot() + 1
		if f.counts[i] >= limit {
			limit = 0
		}
		asks[i] = redis.NewStringSliceCmd(ctx, "cluster", "getkeysinslot", slot, limit)
		cmds[i] = asks[i]
	}
	// What the master has is asked after what is in there: a slot that it has then was
	// whole before.
	view := cluster.AskView(ctx)
	if err := f.link.Retry(ctx, func() error { return f.link.Conn.Do(ctx, append(cmds, view)) }); err != nil {
		return part{}, err
	}
	v, err := f.link.Conn.ReadView(view)
	if err != nil {
		return part{}, err
	}
	f.part.begin()
	p := part{}
	for i, slot := range f.slots[:n] {
		keys, err := asks[i].Result()
		switch {
		case err != nil:
			return part{}, f.link.Shard.Wrap(err)
		case f.counts[i] > f.s.hugeSlot() || int64(len(keys)) > f.s.hugeSlot():
			f.huge[slot] = true
			continue
		case !v.Settled(slot):
			if keys, err = f.along(ctx, slot); err != nil {
				return part{}, err
			}
		}
		for _, key := range keys {
			if stored := []byte(key); f.filter.Fits(stored) { // no pattern was asked for
				f.part.take(stored, f.filter.Verdict(stored))
			}
		}
		f.passed += int64(len(keys))
	}
	f.slots, f.counts = f.slots[n:], f.counts[n:]
	p.passed = f.passed
	p.last = len(f.slots) == 0 && len(f.huge) == 0
	return p, f.part.give(ctx, &p)
}

// hugeSlot is from how many keys on a slot is scanned.
func (s *shardRun) hugeSlot() int64 {
	if s.o.hugeSlot > 0 {
		return s.o.hugeSlot
	}
	return hugeSlot
}

// errMoves is that of a slot whose way could not be followed.
var errMoves = errors.New("it moves on and on, so not all of its keys were met: run again")

// along are the keys of a slot that is on its way, or has gone, of all nodes on its way. It
// begins anew where the way is another by then.
func (f *slotSource) along(ctx context.Context, slot int) ([]string, error) {
	for begin := time.Now(); time.Since(begin) < slotPatience; {
		keys, whole, err := f.way(ctx, slot)
		if whole || err != nil {
			return keys, err
		}
		select {
		case <-time.After(slotPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, f.link.Shard.Wrap(fmt.Errorf("slot %d: %w", slot, errMoves))
}

// way asks one node after the other for the keys of a slot, each for whom is next. whole is
// false where the slot came back meanwhile, or its way does not end.
func (f *slotSource) way(ctx context.Context, slot int) (keys []string, whole bool, err error) {
	const longest = 16
	seen, asked := map[string]bool{}, map[*cluster.Shard]bool{f.link.Shard: true}
	var first, v *cluster.View
	add := func(list []string) {
		for _, key := range list {
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	var list []string
	err = f.link.Retry(ctx, func() error {
		list, v, err = keysOf(ctx, f.link.Conn, slot, f.s.hugeSlot())
		return err
	})
	for first = v; err == nil; {
		add(list)
		addr, leaving := v.Leaving[slot]
		switch {
		case v.Settled(slot), v.Coming[slot] && !v.Has(slot) && len(asked) > 1:
			return keys, f.stays(ctx, slot, first), nil
		case !leaving:
			addr = v.Owner(slot)
		}
		if addr == "" || len(asked) > longest {
			return nil, false, nil
		}
		var node *cluster.Shard
		if node, err = f.s.cl.Node(addr); err != nil || asked[node] {
			return nil, false, err
		}
		asked[node] = true
		if list, v, err = f.at(ctx, node, slot); err != nil && scan.Lost(ctx, err) && ctx.Err() == nil {
			return nil, false, nil // another may take its place
		}
	}
	return nil, false, err
}

// stays reports whether a slot has not come back to the master since that said what it did.
func (f *slotSource) stays(ctx context.Context, slot int, was *cluster.View) bool {
	if was.Settled(slot) {
		return true
	}
	ask := cluster.AskView(ctx)
	if err := f.link.Retry(ctx, func() error { return f.link.Conn.Do(ctx, []redis.Cmder{ask}) }); err != nil {
		return false
	}
	v, err := f.link.Conn.ReadView(ask)
	return err == nil && !v.Settled(slot)
}

// at asks another node for the keys of a slot.
func (f *slotSource) at(ctx context.Context, node *cluster.Shard, slot int) ([]string, *cluster.View, error) {
	conn, err := node.Dial(ctx, 0)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	return keysOf(ctx, conn, slot, f.s.hugeSlot())
}

// keysOf are the keys of a slot that a node has, and what it says of slots after that.
func keysOf(ctx context.Context, conn *cluster.Conn, slot int, most int64) ([]string, *cluster.View, error) {
	list := redis.NewStringSliceCmd(ctx, "cluster", "getkeysinslot", slot, most+1)
	ask := cluster.AskView(ctx)
	if err := conn.Do(ctx, []redis.Cmder{list, ask}); err != nil {
		return nil, nil, err
	}
	keys, err := list.Result()
	if err != nil {
		return nil, nil, conn.Shard.Wrap(err)
	}
	if int64(len(keys)) > most {
		return nil, nil, conn.Shard.Wrap(movesHuge(slot, most))
	}
	v, err := conn.ReadView(ask)
	return keys, v, err
}

func movesHuge(slot int, most int64) error {
	return fmt.Errorf("slot %d, which has more than %d keys, moved during the run, so not all of them were met: run again when it is settled", slot, most)
}

// scanHuge gives the keys of slots that have very many, by a scan of the master.
func (f *slotSource) scanHuge(ctx context.Context) (part, error) {
	if f.rest == nil {
		keys, err := f.link.Keys(ctx)
		if err != nil {
			return part{}, err
		}
		f.rest = scanned(f.link, f.filter, "", keys)
		f.rest.strays = func(stored []byte, _ *part) bool { return f.huge[ring.Slot(stored)] }
		if err := f.settled(ctx); err != nil {
			return part{}, err
		}
	}
	p, err := f.rest.next(ctx)
	p.passed = f.passed + p.passed
	if err == nil && p.last {
		err = f.settled(ctx)
	}
	return p, err
}

// settled fails where a slot with very many keys is on its way.
func (f *slotSource) settled(ctx context.Context) error {
	ask := cluster.AskView(ctx)
	if err := f.link.Retry(ctx, func() error { return f.link.Conn.Do(ctx, []redis.Cmder{ask}) }); err != nil {
		return err
	}
	v, err := f.link.Conn.ReadView(ask)
	for slot := range f.huge {
		if err == nil && !v.Settled(slot) {
			err = f.link.Shard.Wrap(movesHuge(slot, f.s.hugeSlot()))
		}
	}
	return err
}
