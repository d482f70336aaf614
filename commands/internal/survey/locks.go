package survey

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// Held is a lock, or a freshness marker of get_or_set.
type Held struct {
	Listed           // of the entry that it belongs to
	Kind   ring.Kind // Lock or Fresh
	Stored []byte    // of the lock or marker itself
	Token  []byte    // who holds the lock; nil for a marker
	TTL    time.Duration
}

// tokenLimit is how much of a value is read where a token may be: enough to see
// that a longer one is none.
const tokenLimit = 64

// Locks hands over the locks and freshness markers on one shard whose entries
// are selected, each once. Where the library keeps them beside the entries they
// are told by their names; elsewhere a lock is an entry of which isToken says that
// it holds a token.
func Locks(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, sel scan.Selection,
	isToken func(stored, value []byte) bool, use func([]Held) error) error {
	return Pacing{}.begin().listAndLocks(ctx, cl, s, sel, isToken, func([]Listed) error { return nil }, use)
}

// listAndLocks is List and Locks in one scan; of each page the entries come first.
func (c *course) listAndLocks(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, sel scan.Selection,
	isToken func(stored, value []byte) bool, entries func([]Listed) error, locks func([]Held) error) error {
	f := scan.NewFilter(sel, cl, s)
	side := cl.SideKeys()
	apart := side != ring.SideKeys{}
	pattern := f.Pattern
	if apart {
		pattern = "*" + pattern
	}
	return c.pages(ctx, s, pattern, func(link *scan.Link, keys [][]byte) error {
		page, err := listed(ctx, link, f, keys)
		if err == nil {
			err = entries(page)
		}
		if err != nil {
			return err
		}
		var found []Held
		for _, stored := range keys {
			kind, main := side.Classify(f.Space, stored)
			if apart == (kind == ring.Entry) || kind == ring.Foreign || !f.Fits(main) || f.Verdict(main) != scan.Take {
				continue
			}
			key, version, _ := f.Space.Split(main)
			found = append(found, Held{Listed: Listed{Stored: main, Key: key, Version: version}, Kind: kind, Stored: stored})
		}
		return describe(ctx, s, link.Conn, found, isToken, locks)
	})
}

// describe asks who holds the locks of one page, and then how long they live:
// where any entry may be a lock, few are.
func describe(ctx context.Context, s *cluster.Shard, conn *cluster.Conn, found []Held,
	isToken func(stored, value []byte) bool, use func([]Held) error) error {
	values := make([]redis.Cmder, len(found))
	for i, h := range found {
		values[i] = redis.NewStringCmd(ctx, "getrange", h.Stored, 0, tokenLimit)
	}
	if err := ask(ctx, conn, values); err != nil {
		return err
	}
	held := found[:0]
	for i, h := range found {
		value := values[i].(*redis.StringCmd)
		if err := value.Err(); err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") {
			continue // neither a lock nor a marker
		} else if err != nil {
			return s.Wrap(err)
		}
		token := []byte(value.Val())
		switch h.Kind {
		case ring.Entry:
			if !isToken(h.Stored, token) {
				continue
			}
			h.Kind, h.Token = ring.Lock, token
		case ring.Lock:
			h.Token = token
		}
		held = append(held, h)
	}
	lives := make([]redis.Cmder, len(held))
	for i, h := range held {
		lives[i] = redis.NewIntCmd(ctx, "pttl", h.Stored)
	}
	if err := ask(ctx, conn, lives); err != nil {
		return err
	}
	kept := held[:0]
	for i, h := range held {
		pttl := lives[i].(*redis.IntCmd)
		if err := pttl.Err(); err != nil {
			return s.Wrap(err)
		}
		if pttl.Val() == int64(cluster.Missing) {
			continue // it went after the scan
		}
		h.TTL = time.Duration(pttl.Val())
		if h.TTL >= 0 {
			h.TTL *= time.Millisecond
		}
		kept = append(kept, h)
	}
	return use(kept)
}

// ask sends commands, if there are any.
func ask(ctx context.Context, conn *cluster.Conn, cmds []redis.Cmder) error {
	if len(cmds) == 0 {
		return nil
	}
	return conn.Do(ctx, cmds)
}
