package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// renewedAtOnce is how many keys one transaction renews at most: the cost of WATCH
// grows with the square of their number, and their values are held together.
const renewedAtOnce = 32

// A Renewal makes the value to store of the one that is there and is to live life, and
// says how long it is kept then, Forever or from now on. nil leaves the value as it is. It
// is called by several goroutines, and once more where others were faster.
type Renewal func(value []byte, life time.Duration) (renewed []byte, ttl time.Duration, err error)

// Renew changes the values of strings and their lifetimes in one step, and gives what
// is no string ttl and its jitter to live, or Forever. No key is written that is not what renewal was
// told of. Done tells whether a value was stored, or an expiry set or removed; an error
// of renewal is that of its key.
func (c *Cluster) Renew(ctx context.Context, stored [][]byte, ttl time.Duration, jitter Jitter, renewal Renewal) []Entry {
	life := func(stored []byte) time.Duration {
		if ttl == Forever {
			return Forever
		}
		return ttl + jitter.Of(stored)
	}
	return c.perShard(ctx, stored, once, func(s *Shard, entries []Entry, at []int) {
		for len(at) > 0 {
			n := distinct(entries, at[:min(s.together(renewedAtOnce), len(at))])
			s.renew(ctx, entries, at[:n], life, renewal)
			at = at[n:]
		}
	})
}

// distinct is how many of the first entries are of different keys: what is done to
// one is to be seen where it is asked for again.
func distinct(entries []Entry, at []int) int {
	seen := make(map[string]bool, len(at))
	for n, i := range at {
		if seen[string(entries[i].Stored)] {
			return n
		}
		seen[string(entries[i].Stored)] = true
	}
	return len(at)
}

// renew renews the entries that at names in one transaction, in smaller ones where
// others wrote one of the keys meanwhile, and one by one where one is refused.
func (s *Shard) renew(ctx context.Context, entries []Entry, at []int, life func([]byte) time.Duration, renewal Renewal) {
	var all [][]redis.Cmder // of each entry
	t := s.renewing(ctx, entries, at, &all, life, renewal)
	var replies []any
	var err error
	if len(at) == 1 {
		replies, err = s.transact(ctx, t)
	} else {
		replies, err = s.try(ctx, &t)
		part := 0
		switch {
		case errors.Is(err, errOutrun):
			part = (len(at) + 1) / 2
		case answered(err) && !errors.Is(err, errUntransacted):
			part = 1
		}
		if part > 0 {
			for some := range slices.Chunk(at, part) {
				s.renew(ctx, entries, some, life, renewal)
			}
			return
		}
	}
	for k, i := range at {
		e := &entries[i]
		switch {
		case err != nil:
			e.Err = err
		case e.Err == nil && len(all[k]) > 0:
			e.renewed(replies[:len(all[k])])
			e.Err = s.Wrap(e.Err)
		}
		if replies != nil {
			replies = replies[len(all[k]):]
		}
	}
}

// renewing is the transaction of renew. It leaves in all what is sent for each of the
// entries: SET alone, or EXISTS and what changes the expiry, or nothing.
func (s *Shard) renewing(ctx context.Context, entries []Entry, at []int, all *[][]redis.Cmder, life func([]byte) time.Duration, renewal Renewal) transaction {
	watch, gets := make([][]byte, len(at)), make([]*redis.StringCmd, len(at))
	for k, i := range at {
		watch[k] = entries[i].Stored
	}
	return transaction{watch: watch, ask: func() []redis.Cmder {
		cmds := make([]redis.Cmder, len(at))
		for k := range at {
			gets[k] = redis.NewStringCmd(ctx, "get", watch[k])
			cmds[k] = gets[k]
		}
		return cmds
	}, write: func() (cmds []redis.Cmder, err error) {
		*all = make([][]redis.Cmder, len(at))
		size := 0
		for k, i := range at {
			e := &entries[i]
			var n int
			if (*all)[k], n = e.renewal(ctx, gets[k], life(e.Stored), renewal); e.Err != nil && answered(e.Err) {
				e.Err = s.Wrap(e.Err)
			}
			cmds, size = append(cmds, (*all)[k]...), size+n
		}
		if size > keptAtOnce && len(at) > 1 {
			return nil, errOutrun // not all together
		}
		return cmds, nil
	}}
}

// renewal is what to send for a key that was read, and how many bytes its value has.
func (e *Entry) renewal(ctx context.Context, get *redis.StringCmd, ttl time.Duration, renewal Renewal) ([]redis.Cmder, int) {
	value, err := get.Bytes()
	if err != nil {
		err = notString(err)
	}
	var renewed []byte
	switch {
	case err == nil:
		renewed, ttl, err = renewal(value, ttl)
	case errors.Is(err, ErrNotString):
		err = nil
	case errors.Is(err, redis.Nil):
		e.Found, e.Err = false, nil
		return nil, 0
	}
	if e.Err = err; err != nil {
		return nil, 0
	}
	e.Found = true
	if renewed != nil {
		return []redis.Cmder{redis.NewCmd(ctx, append(expiry([]any{"set", e.Stored, renewed}, ttl), "xx")...)}, len(renewed)
	}
	change := redis.NewCmd(ctx, "persist", e.Stored)
	if ttl != Forever {
		change = redis.NewCmd(ctx, "pexpire", e.Stored, milliseconds(ttl))
	}
	return []redis.Cmder{redis.NewCmd(ctx, "exists", e.Stored), change}, 0
}

// renewed reads the answers to what was sent for e.
func (e *Entry) renewed(replies []any) {
	last := replies[len(replies)-1]
	if err, refused := last.(error); refused {
		e.Err = err
		return
	}
	e.Done = last == "OK" || last == int64(1)
	// It may have expired since it was read.
	e.Found = e.Done || len(replies) == 2 && replies[0] == int64(1)
}
