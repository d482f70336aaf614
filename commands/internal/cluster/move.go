package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"cachering/ring"
)

// Moved is how Move went.
type Moved struct {
	From, To *Shard // homes; the same where both keys live on one shard
	Found    bool
	// Copied tells that the entry is at its new place, also where an error kept
	// the old one from being deleted.
	Copied bool
	Err    error
}

// Move gives a string another stored key, at the home of that key, with the
// same bytes and the same expiry. What the new key held is overwritten, as
// RENAME and the libraries do. The old entry is deleted only once the new one
// is there, and only if it is unchanged since it was read; its freshness marker
// goes with it. Interrupted at any point, the entry is at one of the places or,
// with the same value, at both, and a second Move ends the work.
func (c *Cluster) Move(ctx context.Context, from, to []byte) Moved {
	var m Moved
	for source, target := c.follow(), c.follow(); ; {
		m = Moved{Copied: m.Copied}
		if m.From, m.Err = source.home(from); m.Err == nil {
			m.To, m.Err = target.home(to)
		}
		switch {
		case m.Err != nil:
		case m.From.Same(m.To) && (c.nodes == nil || ring.Slot(from) == ring.Slot(to)):
			c.rename(ctx, &m, from, to)
		default:
			c.carry(ctx, &m, from, to)
		}
		// Which of the two keys an answer is about its slot tells.
		f, key := source, from
		var r *Redirect
		if errors.As(m.Err, &r) && r.Slot == ring.Slot(to) {
			f, key = target, to
		}
		if !f.again(key, m.Err, once) || !f.ready(ctx, []error{m.Err}) {
			return m
		}
	}
}

// rename moves within a shard, in one transaction.
func (c *Cluster) rename(ctx context.Context, m *Moved, from, to []byte) {
	var kind *redis.StatusCmd
	replies, err := m.From.transact(ctx, transaction{watch: [][]byte{from}, ask: func() []redis.Cmder {
		kind = redis.NewStatusCmd(ctx, "type", from)
		return []redis.Cmder{kind}
	}, write: func() ([]redis.Cmder, error) {
		if err := kind.Err(); err != nil {
			return nil, m.From.Wrap(err)
		}
		m.Found = kind.Val() != "none"
		switch kind.Val() {
		case "none":
			return nil, nil
		case "string":
			return append([]redis.Cmder{redis.NewCmd(ctx, "rename", from, to)}, c.unmark(ctx, from)...), nil
		}
		return nil, m.From.Wrap(ofType(kind.Val()))
	}})
	m.Err = err
	if err == nil && replies != nil {
		m.Err = m.From.refusal(replies)
		m.Copied = m.Err == nil
	}
}

// carry moves from one shard to another. The new entry is written when the old
// one's deletion is accepted and waits for EXEC: a server that refuses any of it
// leaves no copy behind.
func (c *Cluster) carry(ctx context.Context, m *Moved, from, to []byte) {
	var get *redis.StringCmd
	var expiry *expiryQuestion
	var value []byte
	var expires int64
	target := m.To
	if target == m.From { // another slot of a master, whose connection is inside the transaction
		target = m.To.Database(m.To.DB())
		defer target.Close()
	}
	replies, err := m.From.transact(ctx, transaction{watch: [][]byte{from}, ask: func() []redis.Cmder {
		get, expiry = redis.NewStringCmd(ctx, "get", from), askExpiry(ctx, from)
		return append([]redis.Cmder{get}, expiry.cmds()...)
	}, write: func() (cmds []redis.Cmder, err error) {
		value, err = get.Bytes()
		missing := errors.Is(err, redis.Nil)
		if err != nil && !missing {
			return nil, m.From.Wrap(notString(err))
		}
		if expires, err = expiry.moment(); err != nil {
			return nil, m.From.Wrap(err)
		}
		if missing || expires == gone {
			// Gone before the first copy, or after one that its deletion then
			// followed: either way there is nothing left to move.
			m.Found = m.Copied
			return nil, nil
		}
		m.Found = true
		return append([]redis.Cmder{redis.NewCmd(ctx, "del", from)}, c.unmark(ctx, from)...), nil
	}, ready: func() error {
		err := target.put(ctx, to, value, expires)
		m.Copied = m.Copied || err == nil
		return err
	}})
	m.Err = (Entry{Stored: from, Shard: m.From, Err: err}).typed(ctx).Err
	if err == nil && replies != nil {
		m.Err = m.From.refusal(replies)
	}
}

// unmark deletes the freshness marker of an entry, where the library keeps one.
func (c *Cluster) unmark(ctx context.Context, stored []byte) []redis.Cmder {
	if fresh := c.Fresh(stored); fresh != nil {
		return []redis.Cmder{redis.NewCmd(ctx, "del", fresh)}
	}
	return nil
}

// put stores a value with its expiry in one transaction, so that it is never
// there without.
func (s *Shard) put(ctx context.Context, key, value []byte, expires int64) error {
	replies, err := s.atomically(ctx, append([]redis.Cmder{redis.NewCmd(ctx, "set", key, value)}, expireAt(ctx, key, expires)...)...)
	switch {
	case err == nil:
		return s.refusal(replies)
	case answered(err):
		return err
	}
	return fmt.Errorf("%w; the entry is still at its old place", err)
}
