package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
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
	if m.From, m.Err = c.Home(from); m.Err != nil {
		return m
	}
	if m.To, m.Err = c.Home(to); m.Err != nil {
		return m
	}
	if m.From.Same(m.To) {
		c.rename(ctx, &m, from, to)
	} else {
		c.carry(ctx, &m, from, to)
	}
	return m
}

// rename moves within a shard, in one transaction.
func (c *Cluster) rename(ctx context.Context, m *Moved, from, to []byte) {
	var kind *redis.StatusCmd
	replies, err := m.From.transact(ctx, from, func() []redis.Cmder {
		kind = redis.NewStatusCmd(ctx, "type", from)
		return []redis.Cmder{kind}
	}, func() ([]redis.Cmder, error) {
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
		return nil, m.From.Wrap(ErrNotString)
	})
	m.Err = err
	if err == nil && replies != nil {
		m.Err = m.From.refusal(replies)
		m.Copied = m.Err == nil
	}
}

// carry moves from one shard to another.
func (c *Cluster) carry(ctx context.Context, m *Moved, from, to []byte) {
	var get *redis.StringCmd
	var at, pttl *redis.IntCmd
	var clock *redis.TimeCmd
	replies, err := m.From.transact(ctx, from, func() []redis.Cmder {
		get = redis.NewStringCmd(ctx, "get", from)
		at = redis.NewIntCmd(ctx, "pexpiretime", from)
		pttl, clock = redis.NewIntCmd(ctx, "pttl", from), redis.NewTimeCmd(ctx, "time")
		return []redis.Cmder{get, at, pttl, clock}
	}, func() ([]redis.Cmder, error) {
		value, err := get.Bytes()
		switch {
		case errors.Is(err, redis.Nil):
			// Gone before the first copy, or after one that its deletion then
			// followed: either way there is nothing left to move.
			m.Found = m.Copied
			return nil, nil
		case err != nil:
			return nil, m.From.Wrap(notString(err))
		}
		m.Found = true
		expires, err := expiryAt(at, pttl, clock)
		if err != nil {
			return nil, m.From.Wrap(err)
		}
		if err := m.To.put(ctx, to, value, expires); err != nil {
			return nil, err
		}
		m.Copied = true
		return append([]redis.Cmder{redis.NewCmd(ctx, "del", from)}, c.unmark(ctx, from)...), nil
	})
	m.Err = err
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

// refusal is the error among the replies of a transaction.
func (s *Shard) refusal(replies []any) error { return s.Wrap(refused(replies)) }

func refused(replies []any) error {
	for _, r := range replies {
		if err, ok := r.(error); ok {
			return err
		}
	}
	return nil
}

// never is the expiry of a key that has none.
const never = -1

// expiryAt is when a key expires, in Unix milliseconds of its server. Servers
// before 7.0 do not tell; then it is counted from their clock.
func expiryAt(at, pttl *redis.IntCmd, clock *redis.TimeCmd) (int64, error) {
	if at.Err() == nil {
		return at.Val(), nil
	}
	if err := errors.Join(pttl.Err(), clock.Err()); err != nil {
		return 0, err
	}
	if pttl.Val() < 0 {
		return pttl.Val(), nil
	}
	return clock.Val().Add(time.Duration(pttl.Val()) * time.Millisecond).UnixMilli(), nil
}

// put stores a value with its expiry in one transaction, so that it is never
// there without.
func (s *Shard) put(ctx context.Context, key, value []byte, expires int64) error {
	cmds := []redis.Cmder{redis.NewStatusCmd(ctx, "multi"), redis.NewCmd(ctx, "set", key, value)}
	if expires != never {
		cmds = append(cmds, redis.NewCmd(ctx, "pexpireat", key, strconv.FormatInt(expires, 10)))
	}
	exec := redis.NewSliceCmd(ctx, "exec")
	if err := s.do(ctx, append(cmds, exec), once); err != nil {
		return fmt.Errorf("%w; the entry is still at its old place", err)
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil {
			return s.Wrap(err)
		}
	}
	if err := exec.Err(); err != nil {
		return s.Wrap(err)
	}
	return s.refusal(exec.Val())
}
