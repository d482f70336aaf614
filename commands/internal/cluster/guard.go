package cluster

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// What follows changes a key only if it still is what was read.

// Update replaces the value of a key by what change makes of it, and gives it the
// lifetime of w. A key that expires meanwhile is not brought back. Found tells
// whether there was one; an error of change is returned as it is.
func (c *Cluster) Update(ctx context.Context, stored []byte, w Write, change func(value []byte) ([]byte, error)) Entry {
	return c.single(ctx, stored, func(e *Entry) { e.update(ctx, w, change) })
}

// update is Update on the shard of the entry.
func (e *Entry) update(ctx context.Context, w Write, change func(value []byte) ([]byte, error)) {
	for byClock := false; ; {
		stored := e.Stored
		var get *redis.StringCmd
		var expires *expiryQuestion
		replies, err := e.Shard.transact(ctx, transaction{watch: [][]byte{stored}, ask: func() []redis.Cmder {
			get = redis.NewStringCmd(ctx, "get", stored)
			if !byClock {
				return []redis.Cmder{get}
			}
			expires = askExpiry(ctx, stored)
			return append([]redis.Cmder{get}, expires.cmds()...)
		}, write: func() ([]redis.Cmder, error) {
			value, err := get.Bytes()
			switch {
			case errors.Is(err, redis.Nil):
				e.Found = false
				return nil, nil
			case err != nil:
				return nil, e.Shard.Wrap(notString(err))
			}
			e.Found = true
			if e.Value, err = change(value); err != nil {
				return nil, err
			}
			if byClock {
				return e.Shard.replaceByClock(ctx, stored, e.Value, expires)
			}
			return []redis.Cmder{redis.NewCmd(ctx, append(w.lifetime([]any{"set", stored, e.Value}), "xx")...)}, nil
		}})
		if err != nil || replies == nil {
			e.Err = err
			return
		}
		if replies[0] == nil {
			continue // it expired just before
		}
		e.Err = e.Shard.refusal(replies)
		if !byClock && w.KeepTTL && lacksKeepTTL(e.Err) {
			byClock, e.Err = true, nil
			continue
		}
		e.Done = e.Err == nil
		return
	}
}

// DeleteIf deletes a key if it holds value. Found tells whether there was one,
// and Value then what it held.
func (c *Cluster) DeleteIf(ctx context.Context, stored, value []byte) Entry {
	return c.single(ctx, stored, func(e *Entry) { e.deleteIf(ctx, value) })
}

// deleteIf is DeleteIf on the shard of the entry.
func (e *Entry) deleteIf(ctx context.Context, value []byte) {
	var get *redis.StringCmd
	stored := e.Stored
	replies, err := e.Shard.transact(ctx, transaction{watch: [][]byte{stored}, ask: func() []redis.Cmder {
		get = redis.NewStringCmd(ctx, "get", stored)
		return []redis.Cmder{get}
	}, write: func() ([]redis.Cmder, error) {
		held, err := get.Bytes()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, e.Shard.Wrap(notString(err))
		}
		e.Found, e.Value = err == nil, held
		if !e.Found || !bytes.Equal(held, value) {
			return nil, nil
		}
		return []redis.Cmder{redis.NewCmd(ctx, "del", stored)}, nil
	}})
	if e.Err = err; err == nil && replies != nil {
		e.Done, e.Err = replies[0] == int64(1), e.Shard.refusal(replies)
	}
}

// Take stores a value for ttl where there is nothing yet; Done tells whether it
// did. It needs of the server what DeleteIf needs, so that nobody takes what he
// then cannot give back.
func (c *Cluster) Take(ctx context.Context, stored, value []byte, ttl time.Duration) Entry {
	return c.single(ctx, stored, func(e *Entry) { e.take(ctx, value, ttl) })
}

// take is Take on the shard of the entry.
func (e *Entry) take(ctx context.Context, value []byte, ttl time.Duration) {
	var exists *redis.IntCmd
	stored := e.Stored
	replies, err := e.Shard.transact(ctx, transaction{watch: [][]byte{stored}, ask: func() []redis.Cmder {
		exists = redis.NewIntCmd(ctx, "exists", stored)
		return []redis.Cmder{exists}
	}, write: func() ([]redis.Cmder, error) {
		if exists.Err() != nil || exists.Val() > 0 {
			return nil, e.Shard.Wrap(exists.Err())
		}
		return []redis.Cmder{redis.NewCmd(ctx, append(expiry([]any{"set", stored, value}, ttl), "nx")...)}, nil
	}})
	if e.Err = err; err == nil && replies != nil {
		e.Done, e.Err = replies[0] == "OK", e.Shard.refusal(replies)
	}
}
