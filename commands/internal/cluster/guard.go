package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// What follows changes a key only if it still is what was read: WATCH, read,
// MULTI, write, EXEC, all on one connection. Whoever else writes in between
// makes EXEC answer nil, and the key is read again.

// contention is how long a key is followed that others keep writing. Somebody
// wins every round, so hundreds of writers are through long before.
const contention = 30 * time.Second

// ErrContended is a key that others wrote faster than it could be followed.
var ErrContended = errors.New("others keep writing this key")

// transact makes one change. ask lists what to read, anew for every try; write
// says, knowing the answers, what to send, nil for nothing. The replies to that
// come back. An error of write ends the transaction.
func (s *Shard) transact(ctx context.Context, key []byte, ask func() []redis.Cmder, write func() ([]redis.Cmder, error)) ([]any, error) {
	deadline := time.Now().Add(contention)
	for try := 0; ; try++ {
		watch := redis.NewStatusCmd(ctx, "watch", key)
		if err := s.do(ctx, append([]redis.Cmder{watch}, ask()...), repeatable); err != nil {
			return nil, err
		}
		if err := watch.Err(); err != nil {
			return nil, s.Wrap(err)
		}
		cmds, err := write()
		if err != nil || cmds == nil {
			// Should it fail the connection is gone, and what it watched with it.
			_ = s.do(ctx, []redis.Cmder{redis.NewStatusCmd(ctx, "unwatch")}, once)
			return nil, err
		}
		exec := redis.NewSliceCmd(ctx, "exec")
		cmds = append([]redis.Cmder{redis.NewStatusCmd(ctx, "multi")}, cmds...)
		if err := s.do(ctx, append(cmds, exec), once); err != nil {
			return nil, fmt.Errorf("%w; whether the change was made is not known", err)
		}
		replies, err := exec.Result()
		if err == nil {
			return replies, nil
		}
		if !errors.Is(err, redis.Nil) {
			for _, cmd := range cmds {
				if cmd.Err() != nil { // says more than EXECABORT
					return nil, s.Wrap(cmd.Err())
				}
			}
			return nil, s.Wrap(err)
		}
		if time.Now().After(deadline) {
			return nil, s.Wrap(ErrContended)
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// pause lets others go first, the longer the more often they were faster.
func pause(ctx context.Context, try int) error {
	wait := time.NewTimer(rand.N(time.Millisecond << min(try, 5)))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return nil
	}
}

// Update replaces the value of a key by what change makes of it. The expiry
// stays, and a key that expires meanwhile is not brought back. Found tells
// whether there was one; an error of change is returned as it is.
func (c *Cluster) Update(ctx context.Context, stored []byte, change func(value []byte) ([]byte, error)) Entry {
	e := Entry{Stored: stored, TTL: Missing}
	if e.Shard, e.Err = c.Home(stored); e.Err != nil {
		return e
	}
	withoutKeepTTL := false
	for {
		var get *redis.StringCmd
		var pttl *redis.IntCmd
		replies, err := e.Shard.transact(ctx, stored, func() []redis.Cmder {
			get, pttl = redis.NewStringCmd(ctx, "get", stored), redis.NewIntCmd(ctx, "pttl", stored)
			return []redis.Cmder{get, pttl}
		}, func() ([]redis.Cmder, error) {
			value, err := get.Bytes()
			switch {
			case errors.Is(err, redis.Nil):
				e.Found = false
				return nil, nil
			case err != nil:
				return nil, e.Shard.Wrap(notString(err))
			}
			e.Found = true
			// Without an answer the expiry could be lost with the write.
			if e.setTTL(pttl); e.Err != nil {
				return nil, e.Shard.Wrap(e.Err)
			}
			if e.Value, err = change(value); err != nil {
				return nil, err
			}
			args := []any{"set", stored, e.Value, "xx"}
			switch {
			case !withoutKeepTTL:
				args = append(args, "keepttl")
			case e.TTL >= 0:
				args = append(args, "px", max(1, milliseconds(e.TTL)))
			}
			return []redis.Cmder{redis.NewCmd(ctx, args...)}, nil
		})
		if err != nil || replies == nil {
			e.Err = err
			return e
		}
		switch answer := replies[0].(type) {
		case nil: // it expired just before
			continue
		case error:
			if !withoutKeepTTL && strings.Contains(answer.Error(), "syntax error") {
				withoutKeepTTL = true // a server before 6.0
				continue
			}
			e.Err = e.Shard.Wrap(answer)
			return e
		}
		e.Done = true
		return e
	}
}

// DeleteIf deletes a key if it holds value. Found tells whether there was one,
// and Value then what it held.
func (c *Cluster) DeleteIf(ctx context.Context, stored, value []byte) Entry {
	e := Entry{Stored: stored, TTL: Missing}
	if e.Shard, e.Err = c.Home(stored); e.Err != nil {
		return e
	}
	var get *redis.StringCmd
	replies, err := e.Shard.transact(ctx, stored, func() []redis.Cmder {
		get = redis.NewStringCmd(ctx, "get", stored)
		return []redis.Cmder{get}
	}, func() ([]redis.Cmder, error) {
		held, err := get.Bytes()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, e.Shard.Wrap(notString(err))
		}
		e.Found, e.Value = err == nil, held
		if !e.Found || !bytes.Equal(held, value) {
			return nil, nil
		}
		return []redis.Cmder{redis.NewCmd(ctx, "del", stored)}, nil
	})
	e.Err = err
	if err == nil && replies != nil {
		e.Done = replies[0] == int64(1)
		if failed, ok := replies[0].(error); ok {
			e.Err = e.Shard.Wrap(failed)
		}
	}
	return e
}
