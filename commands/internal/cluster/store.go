package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
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
	return c.perShard(ctx, stored, once, func(s *Shard, entries []Entry, at []int) {
		kept := func(i int) bool { return puts[i].KeepTTL && !puts[i].XX }
		s.each(ctx, entries, slices.DeleteFunc(slices.Clone(at), kept), once, func(i int, e *Entry) ([]redis.Cmder, func()) {
			return puts[i].set(ctx, e)
		})
		s.keep(ctx, puts, entries, slices.DeleteFunc(slices.Clone(at), func(i int) bool { return !kept(i) }))
		for _, i := range at {
			if e := &entries[i]; puts[i].KeepTTL && lacksKeepTTL(e.Err) {
				e.Done, e.Err = s.keepByClock(ctx, &puts[i])
				e.Found = e.Done
			}
		}
	})
}

// set is one command that stores p, or does not.
func (p *Put) set(ctx context.Context, e *Entry) ([]redis.Cmder, func()) {
	args := p.lifetime([]any{"set", p.Stored, p.Value})
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
}

// lifetime adds what makes SET give a key that exists its lifetime.
func (w *Write) lifetime(set []any) []any {
	if w.KeepTTL {
		return append(set, "keepttl")
	}
	return expiry(set, w.TTL)
}

// keptAtOnce is how many bytes of values go into one transaction: the server holds
// them until its end, and does nothing else while it stores them.
const keptAtOnce = 1 << 20

// keep stores those of puts that at names: what exists is replaced under its
// expiry, and a new entry gets that of its put, as KEEPTTL alone would give it
// none.
func (s *Shard) keep(ctx context.Context, puts []Put, entries []Entry, at []int) {
	for len(at) > 0 {
		n, size := 1, len(puts[at[0]].Value)
		for n < min(len(at), s.together(len(at))) && size+len(puts[at[n]].Value) <= keptAtOnce {
			size += len(puts[at[n]].Value)
			n++
		}
		s.keepTogether(ctx, puts, entries, at[:n])
		at = at[n:]
	}
}

// keepTogether is keep of what goes into one transaction.
func (s *Shard) keepTogether(ctx context.Context, puts []Put, entries []Entry, at []int) {
	cmds := make([]redis.Cmder, 0, 2*len(at))
	for _, i := range at {
		p := &puts[i]
		// A server that does not know KEEPTTL has made a new entry as it is to
		// be, and left one that exists alone. In the other order it would make
		// one after an error.
		set := []any{"set", p.Stored, p.Value}
		cmds = append(cmds,
			redis.NewCmd(ctx, append(expiry(set[:3:3], p.TTL), "nx")...),
			redis.NewCmd(ctx, append(set[:3:3], "keepttl", "xx")...))
	}
	replies, err := s.atomically(ctx, cmds...)
	if err != nil && len(at) > 1 && errorAmong(cmds) != nil && answered(errorAmong(cmds)) {
		// One that is refused, as for its key, is not to keep others out.
		for k := range at {
			s.keepTogether(ctx, puts, entries, at[k:k+1])
		}
		return
	}
	for k, i := range at {
		e := &entries[i]
		if e.Err = err; err == nil && replies[2*k] != "OK" && replies[2*k+1] != "OK" {
			e.Err = s.refusal(replies[2*k : 2*k+2])
		}
		e.Done = e.Err == nil
		e.Found = e.Done
	}
}

// lacksKeepTTL tells that a server is older than 6.0.
func lacksKeepTTL(err error) bool { return err != nil && strings.Contains(err.Error(), "syntax error") }

// keepByClock stores p with the expiry of what is there, on a server before 6.0.
func (s *Shard) keepByClock(ctx context.Context, p *Put) (done bool, err error) {
	for {
		var expires *expiryQuestion
		replies, err := s.transact(ctx, transaction{watch: [][]byte{p.Stored}, ask: func() []redis.Cmder {
			expires = askExpiry(ctx, p.Stored)
			return expires.cmds()
		}, write: func() ([]redis.Cmder, error) {
			switch moment, err := expires.moment(); {
			case err != nil:
				return nil, s.Wrap(err)
			case moment != gone:
				return s.replaceByClock(ctx, p.Stored, p.Value, expires)
			case p.XX:
				return nil, nil
			}
			return []redis.Cmder{redis.NewCmd(ctx, append(expiry([]any{"set", p.Stored, p.Value}, p.TTL), "nx")...)}, nil
		}})
		if err != nil || replies == nil {
			return false, err
		}
		if replies[0] != nil { // else it expired just before
			err = s.refusal(replies)
			return err == nil, err
		}
	}
}

// replaceByClock replaces the value of a key and gives it its expiry again, as the
// moment that it stood for and not as a time from now, which would move it.
func (s *Shard) replaceByClock(ctx context.Context, key, value []byte, expires *expiryQuestion) ([]redis.Cmder, error) {
	moment, err := expires.moment()
	if err != nil {
		return nil, s.Wrap(err) // without an answer the expiry could be lost
	}
	return append([]redis.Cmder{redis.NewCmd(ctx, "set", key, value, "xx")}, expireAt(ctx, key, moment)...), nil
}

// SetMarked stores a value and, at the same time, a marker that it is fresh, as
// get_or_set of django-redis-cache does: a value without a marker is stale, and a
// marker without a value would make the library answer None.
func (c *Cluster) SetMarked(ctx context.Context, stored, value []byte, ttl, fresh time.Duration) Entry {
	return c.single(ctx, stored, func(e *Entry) {
		replies, err := e.Shard.atomically(ctx,
			redis.NewCmd(ctx, expiry([]any{"set", stored, value}, ttl)...),
			redis.NewCmd(ctx, expiry([]any{"set", c.Fresh(stored), "1"}, fresh)...))
		if e.Err = err; err == nil {
			e.Err = e.Shard.refusal(replies)
		}
		e.Done = e.Err == nil
	})
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
