package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Write says how Set stores a value.
type Write struct {
	TTL     time.Duration // Forever, or positive
	KeepTTL bool          // an entry that exists keeps its expiry; TTL is for a new one
	NX, XX  bool          // only if the key does not exist; only if it does
}

// Put is a value to store.
type Put struct {
	Stored, Value []byte
	Write
}

// Set stores values. Done is false where NX or XX stood in the way.
func (c *Cluster) Set(ctx context.Context, puts ...Put) []Entry {
	stored := make([][]byte, len(puts))
	for i, p := range puts {
		stored[i] = p.Stored
	}
	return c.eachAt(ctx, stored, once, func(i int, e *Entry) ([]redis.Cmder, func()) {
		p := puts[i]
		args := []any{"set", p.Stored, p.Value}
		switch {
		case p.KeepTTL && !p.XX:
			return p.keep(ctx, e, args)
		case p.KeepTTL:
			args = append(args, "keepttl")
		default:
			args = expiry(args, p.TTL)
		}
		switch {
		case p.NX:
			args = append(args, "nx")
		case p.XX:
			args = append(args, "xx")
		}
		set := redis.NewStatusCmd(ctx, args...)
		return []redis.Cmder{set}, func() {
			err := set.Err()
			if errors.Is(err, redis.Nil) {
				return
			}
			e.Done, e.Found, e.Err = err == nil, err == nil, err
		}
	})
}

// keep replaces what exists under its expiry, and gives a new entry that of p:
// KEEPTTL alone would give it none. One of the two commands stores, and the
// transaction lets nobody come in between.
func (p *Put) keep(ctx context.Context, e *Entry, set []any) ([]redis.Cmder, func()) {
	multi, exec := redis.NewStatusCmd(ctx, "multi"), redis.NewSliceCmd(ctx, "exec")
	replace := redis.NewCmd(ctx, append(set[:3:3], "keepttl", "xx")...)
	create := redis.NewCmd(ctx, append(expiry(set[:3:3], p.TTL), "nx")...)
	return []redis.Cmder{multi, replace, create, exec}, func() {
		if e.Err = errors.Join(multi.Err(), replace.Err(), create.Err()); e.Err != nil {
			return
		}
		replies, err := exec.Result()
		if err == nil {
			err = refused(replies)
		}
		e.Done, e.Found, e.Err = err == nil, err == nil, err
	}
}

// SetMarked stores a value and, at the same time, a marker that it is fresh, as
// get_or_set of django-redis-cache does: a value without a marker is stale, and a
// marker without a value would make the library answer None.
func (c *Cluster) SetMarked(ctx context.Context, stored, value []byte, ttl, fresh time.Duration) Entry {
	return c.each(ctx, [][]byte{stored}, once, func(e *Entry) ([]redis.Cmder, func()) {
		multi, exec := redis.NewStatusCmd(ctx, "multi"), redis.NewSliceCmd(ctx, "exec")
		set := redis.NewCmd(ctx, expiry([]any{"set", stored, value}, ttl)...)
		mark := redis.NewCmd(ctx, expiry([]any{"set", c.Fresh(stored), "1"}, fresh)...)
		return []redis.Cmder{multi, set, mark, exec}, func() {
			if e.Err = errors.Join(multi.Err(), set.Err(), mark.Err()); e.Err != nil {
				return
			}
			replies, err := exec.Result()
			if err == nil {
				err = refused(replies)
			}
			e.Done, e.Err = err == nil, err
		}
	})[0]
}

// expiry adds what makes SET give a key a lifetime.
func expiry(set []any, ttl time.Duration) []any {
	if ttl == Forever {
		return set
	}
	return append(set, "px", milliseconds(ttl))
}

// milliseconds rounds up, so that no positive duration becomes "at once".
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
