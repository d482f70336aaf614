package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Lifetimes that are no duration.
const (
	Forever time.Duration = -1 // the key never expires
	Missing time.Duration = -2 // there is no such key
)

// LargestValue is how many bytes a stored value may have to be looked at, or worked on,
// where there may be many: with what becomes of it, it has to fit the memory that is
// enough for any run. All that is read at a time of larger values than a batch has
// stays within it, too.
const LargestValue = 48 << 20

// Entry is what was found for one key.
type Entry struct {
	Stored []byte
	Shard  *Shard // its home; nil if Err says why it has none
	Found  bool
	Value  []byte
	TTL    time.Duration // left to live; Forever; Missing
	// Large tells that the value was not read, for its size.
	Large bool
	// Done tells whether a change took place: a key deleted, an expiry set or
	// removed, a value stored.
	Done bool
	// Marker tells whether the freshness marker of the key was deleted with it.
	Marker bool
	Err    error
}

// Get reads values and what is left of their lives. The answers are in the
// order of stored; one shard's failure is in the entries of that shard alone.
func (c *Cluster) Get(ctx context.Context, stored [][]byte) []Entry {
	return c.each(ctx, stored, repeatable, func(e *Entry) ([]redis.Cmder, func()) {
		get := redis.NewStringCmd(ctx, "get", e.Stored)
		pttl := redis.NewIntCmd(ctx, "pttl", e.Stored)
		return []redis.Cmder{get, pttl}, func() {
			value, err := get.Bytes()
			switch {
			case errors.Is(err, redis.Nil):
				e.TTL = Missing
			case err != nil:
				e.Err = notString(err)
			default:
				e.Found, e.Value = true, value
				e.setTTL(pttl)
				if e.TTL == Missing { // it expired between the two commands
					e.Found, e.Value = false, nil
				}
			}
		}
	})
}

// GetUpTo is Get for values of so many bytes each; a larger one is Large.
func (c *Cluster) GetUpTo(ctx context.Context, stored [][]byte, limit int) []Entry {
	return c.each(ctx, stored, repeatable, func(e *Entry) ([]redis.Cmder, func()) {
		reply := &Reply{Limit: limit}
		pttl := redis.NewIntCmd(ctx, "pttl", e.Stored)
		return []redis.Cmder{NewCommand(ctx, reply, "get", e.Stored), pttl}, func() {
			item := reply.Item(0)
			if err := reply.Err(item); err != nil {
				e.Err = notString(err)
				return
			}
			if e.setTTL(pttl); item.Kind == Nil || e.TTL == Missing { // it expired between the two commands
				e.TTL = Missing
				return
			}
			e.Found, e.Large = true, item.Kind == Large
			if !e.Large {
				e.Value = reply.Bytes(item)
			}
		}
	})
}

// TTL asks what is left of the lives of keys, of whatever type they are.
func (c *Cluster) TTL(ctx context.Context, stored [][]byte) []Entry {
	return c.each(ctx, stored, repeatable, func(e *Entry) ([]redis.Cmder, func()) {
		pttl := redis.NewIntCmd(ctx, "pttl", e.Stored)
		return []redis.Cmder{pttl}, func() {
			e.setTTL(pttl)
			e.Found = e.Err == nil && e.TTL != Missing
		}
	})
}

// Exists asks whether keys are there, of whatever type they are.
func (c *Cluster) Exists(ctx context.Context, stored [][]byte) []Entry {
	return c.each(ctx, stored, repeatable, func(e *Entry) ([]redis.Cmder, func()) {
		exists := redis.NewIntCmd(ctx, "exists", e.Stored)
		return []redis.Cmder{exists}, func() {
			n, err := exists.Result()
			e.Found, e.Err = n > 0, err
		}
	})
}

// Persist removes the expiries of keys.
func (c *Cluster) Persist(ctx context.Context, stored [][]byte) []Entry {
	return c.change(ctx, stored, func(e *Entry) *redis.IntCmd {
		return redis.NewIntCmd(ctx, "persist", e.Stored)
	})
}

// Expire gives keys ttl and their jitter to live, counted from now.
func (c *Cluster) Expire(ctx context.Context, stored [][]byte, ttl time.Duration, jitter Jitter) []Entry {
	return c.change(ctx, stored, func(e *Entry) *redis.IntCmd {
		return redis.NewIntCmd(ctx, "pexpire", e.Stored, milliseconds(ttl+jitter.Of(e.Stored)))
	})
}

// ExpireAt lets keys live up to a time by the clocks of their servers, and their jitter
// longer.
func (c *Cluster) ExpireAt(ctx context.Context, stored [][]byte, at time.Time, jitter Jitter) []Entry {
	return c.change(ctx, stored, func(e *Entry) *redis.IntCmd {
		return redis.NewIntCmd(ctx, "pexpireat", e.Stored, at.Add(jitter.Of(e.Stored)).UnixMilli())
	})
}

// Delete deletes keys, and with each its marker where the library keeps one.
func (c *Cluster) Delete(ctx context.Context, stored [][]byte) []Entry {
	return c.each(ctx, stored, once, func(e *Entry) ([]redis.Cmder, func()) {
		exists := redis.NewIntCmd(ctx, "exists", e.Stored)
		del := redis.NewIntCmd(ctx, "del", e.Stored)
		fresh := c.Fresh(e.Stored)
		cmds := []redis.Cmder{del}
		if fresh != nil {
			// One command, because an ACL may allow the entry and not its marker.
			// Which of the two there was, where there was one, EXISTS tells.
			del = redis.NewIntCmd(ctx, "del", e.Stored, fresh)
			cmds = []redis.Cmder{exists, del}
		}
		return cmds, func() {
			n, err := del.Result()
			e.Err = err
			e.Found = n == 2 || n == 1 && (fresh == nil || exists.Err() != nil || exists.Val() > 0)
			e.Done, e.Marker = e.Found, n == 2 || n == 1 && !e.Found
		}
	})
}

// WouldDelete tells what Delete would find, and deletes nothing.
func (c *Cluster) WouldDelete(ctx context.Context, stored [][]byte) []Entry {
	return c.each(ctx, stored, repeatable, func(e *Entry) ([]redis.Cmder, func()) {
		exists := redis.NewIntCmd(ctx, "exists", e.Stored)
		cmds, marker := []redis.Cmder{exists}, (*redis.IntCmd)(nil)
		if fresh := c.Fresh(e.Stored); fresh != nil {
			marker = redis.NewIntCmd(ctx, "exists", fresh)
			cmds = append(cmds, marker)
		}
		return cmds, func() {
			n, err := exists.Result()
			e.Found, e.Err = n > 0, err
			e.Marker = marker != nil && marker.Val() > 0
		}
	})
}

// Fresh is the stored key of the freshness marker of an entry, nil where the
// library keeps none.
func (c *Cluster) Fresh(stored []byte) []byte {
	if c.spec.SideKeys.Fresh == "" {
		return nil
	}
	return append([]byte(c.spec.SideKeys.Fresh), stored...)
}

// change runs a command that answers 1 if it changed the key; Found is set
// whenever the key is there.
func (c *Cluster) change(ctx context.Context, stored [][]byte, cmd func(*Entry) *redis.IntCmd) []Entry {
	return c.each(ctx, stored, once, func(e *Entry) ([]redis.Cmder, func()) {
		exists := redis.NewIntCmd(ctx, "exists", e.Stored)
		change := cmd(e)
		return []redis.Cmder{exists, change}, func() {
			n, err := change.Result()
			if e.Err = err; err == nil && n == 0 {
				e.Err = exists.Err()
			}
			e.Found, e.Done = n > 0 || exists.Val() > 0, n > 0
		}
	})
}

func (e *Entry) setTTL(pttl *redis.IntCmd) {
	n, err := pttl.Result()
	switch {
	case err != nil:
		e.Err = err
	case n < 0:
		e.TTL = time.Duration(n)
	default:
		e.TTL = time.Duration(n) * time.Millisecond
	}
}

func notString(err error) error {
	if strings.HasPrefix(err.Error(), "WRONGTYPE") {
		return ErrNotString
	}
	return err
}

// How often a request may be sent.
const (
	once       = false
	repeatable = true
)

// each builds the commands of every key, sends them with one flush a shard, all
// shards at once, and has the answers read. It is for one goroutine at a time.
func (c *Cluster) each(ctx context.Context, stored [][]byte, again bool, build func(*Entry) (cmds []redis.Cmder, read func())) []Entry {
	return c.perShard(ctx, stored, again, func(s *Shard, entries []Entry, at []int) {
		s.each(ctx, entries, at, again, func(_ int, e *Entry) ([]redis.Cmder, func()) { return build(e) })
	})
}

// perShard has the entries of each shard worked on, all shards at once; at are
// the places of those of the shard among those asked. It is for one goroutine at a
// time.
func (c *Cluster) perShard(ctx context.Context, stored [][]byte, again bool, work func(s *Shard, entries []Entry, at []int)) []Entry {
	entries := make([]Entry, len(stored))
	todo := make([]int, len(stored))
	for i := range todo {
		todo[i] = i
	}
	f := c.follow()
	for len(todo) > 0 {
		f.round(ctx, entries, todo, stored, work)
		var errs []error
		var left []int
		for _, i := range todo {
			if err := entries[i].Err; f.again(stored[i], err, again) {
				left, errs = append(left, i), append(errs, err)
			}
		}
		if left == nil || !f.ready(ctx, errs) {
			break
		}
		todo = left
	}
	return entries
}

// round has the entries that todo names worked on.
func (f *follower) round(ctx context.Context, entries []Entry, todo []int, stored [][]byte, work func(s *Shard, entries []Entry, at []int)) {
	at := make(map[*Shard][]int)
	for _, i := range todo {
		e := &entries[i]
		*e = Entry{Stored: stored[i], TTL: Missing}
		if e.Shard, e.Err = f.home(stored[i]); e.Err == nil {
			at[e.Shard] = append(at[e.Shard], i)
		}
	}
	var wg sync.WaitGroup
	for s := range at {
		wg.Go(func() {
			defect := s.Contain(func() error {
				work(s, entries, at[s])
				s.typed(ctx, entries, at[s])
				return nil
			})
			for _, i := range at[s] {
				if defect != nil {
					entries[i].Err = defect
				}
			}
		})
	}
	wg.Wait()
}

// each is what Cluster.each does on one shard.
func (s *Shard) each(ctx context.Context, entries []Entry, at []int, again bool, build func(int, *Entry) (cmds []redis.Cmder, read func())) {
	if len(at) == 0 {
		return
	}
	var cmds []redis.Cmder
	reads := make([]func(), len(at))
	for k, i := range at {
		built, read := build(i, &entries[i])
		cmds, reads[k] = append(cmds, built...), read
	}
	err := s.do(ctx, cmds, again)
	for k, i := range at {
		e := &entries[i]
		if e.Err = err; err == nil {
			reads[k]()
			e.Err = s.Wrap(e.Err)
		}
	}
}

// do sends cmds on the shard's own connection, opening it when needed. A server
// may have closed it since it was last used, as one with a timeout does while a
// user types keys; then what only reads is sent once more.
func (s *Shard) do(ctx context.Context, cmds []redis.Cmder, again bool) error {
	if s.conn != nil && s.cluster.nodes != nil && s.conn.hungUp() {
		s.closeConn() // before anything was sent: another node may have taken its place
	}
	used := s.conn != nil
	if !used {
		conn, err := s.Dial(ctx, 0)
		if err != nil {
			return notSent(err)
		}
		s.conn = conn
	}
	err := s.conn.Do(ctx, cmds)
	if err == nil {
		return nil
	}
	s.closeConn()
	if used && again && ctx.Err() == nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, ErrProtocol) {
		return s.do(ctx, cmds, once)
	}
	return err
}

func (s *Shard) closeConn() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// DBSize is the number of keys in the shard's database, whoever's they are.
func (s *Shard) DBSize(ctx context.Context) (int64, error) {
	size := redis.NewIntCmd(ctx, "dbsize")
	if err := s.do(ctx, []redis.Cmder{size}, repeatable); err != nil {
		return 0, err
	}
	n, err := size.Result()
	return n, s.Wrap(err)
}

// FlushDB deletes everything in the shard's database and returns how many keys
// it held. A server that has FLUSHDB ASYNC (Redis 4.0) goes on answering meanwhile.
func (s *Shard) FlushDB(ctx context.Context) (int64, error) {
	// Not in one flush: a DBSIZE that is refused would be told of a database that
	// was emptied.
	size, err := s.DBSize(ctx)
	if err != nil {
		return 0, err
	}
	flush := redis.NewStatusCmd(ctx, "flushdb", "async")
	if err := s.do(ctx, []redis.Cmder{flush}, once); err != nil {
		return 0, err
	}
	if err := flush.Err(); err != nil && !takesNoWord(err) {
		return 0, s.Wrap(fmt.Errorf("flushdb async: %w", err))
	} else if err == nil {
		return size, nil
	}
	flush = redis.NewStatusCmd(ctx, "flushdb")
	if err := s.do(ctx, []redis.Cmder{flush}, once); err != nil {
		return 0, err
	}
	if err := flush.Err(); err != nil {
		return 0, s.Wrap(fmt.Errorf("flushdb: %w", err))
	}
	return size, nil
}

// takesNoWord reports whether a server refused a word behind a command: Redis before
// 4.0 counts those of FLUSHDB, later ones read them.
func takesNoWord(err error) bool {
	return strings.HasPrefix(err.Error(), "ERR wrong number of arguments") || strings.HasPrefix(err.Error(), "ERR syntax error")
}
