package engine

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/ring"
)

// Listed is a key that a listing found. Its bytes are the receiver's to keep.
type Listed struct {
	Stored  []byte
	Key     []byte // nil where the key function does not let it be read back
	Version []byte // nil where the key function has none
}

// List hands over the selected keys of one shard, of whatever type, a page at a
// time as the scan finds them. SCAN may give a key twice while the server
// resizes its table.
func List(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, sel Selection, use func([]Listed) error) error {
	f := newFilter(sel, cl, s)
	return pages(ctx, s, f.pattern, func(_ *cluster.Conn, keys [][]byte) error {
		var found []Listed
		for _, stored := range keys {
			if f.verdict(stored) == take {
				key, version, _ := f.space.Split(stored)
				found = append(found, Listed{stored, key, version})
			}
		}
		return use(found)
	})
}

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
// are selected. Where the library keeps them beside the entries they are told by
// their names; elsewhere a lock is an entry of which isToken says that it holds
// a token.
func Locks(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, sel Selection,
	isToken func(stored, value []byte) bool, use func([]Held) error) error {
	f := newFilter(sel, cl, s)
	side := cl.SideKeys()
	apart := side != ring.SideKeys{}
	pattern := f.pattern
	if apart {
		pattern = "*" + pattern
	}
	return pages(ctx, s, pattern, func(conn *cluster.Conn, keys [][]byte) error {
		var found []Held
		for _, stored := range keys {
			kind, main := side.Classify(f.space, stored)
			if apart == (kind == ring.Entry) || kind == ring.Foreign || !f.fits(main) || f.verdict(main) != take {
				continue
			}
			key, version, _ := f.space.Split(main)
			found = append(found, Held{Listed: Listed{main, key, version}, Kind: kind, Stored: stored})
		}
		return describe(ctx, s, conn, found, isToken, use)
	})
}

// describe asks who holds the locks of one page.
func describe(ctx context.Context, s *cluster.Shard, conn *cluster.Conn, found []Held,
	isToken func(stored, value []byte) bool, use func([]Held) error) error {
	if len(found) == 0 {
		return use(nil)
	}
	cmds := make([]redis.Cmder, 0, 2*len(found))
	for _, h := range found {
		cmds = append(cmds,
			redis.NewStringCmd(ctx, "getrange", h.Stored, 0, tokenLimit),
			redis.NewIntCmd(ctx, "pttl", h.Stored))
	}
	if err := conn.Do(ctx, cmds); err != nil {
		return err
	}
	kept := found[:0]
	for i, h := range found {
		value, pttl := cmds[2*i].(*redis.StringCmd), cmds[2*i+1].(*redis.IntCmd)
		if err := value.Err(); err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") {
			continue // neither a lock nor a marker
		}
		if err := value.Err(); err != nil {
			return s.Wrap(err)
		}
		if err := pttl.Err(); err != nil {
			return s.Wrap(err)
		}
		if pttl.Val() == int64(cluster.Missing) {
			continue // it went after the scan
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
		h.TTL = time.Duration(pttl.Val())
		if h.TTL >= 0 {
			h.TTL *= time.Millisecond
		}
		kept = append(kept, h)
	}
	return use(kept)
}

// pages scans one shard and hands over its keys a page at a time, with a
// connection to ask about them.
func pages(ctx context.Context, s *cluster.Shard, pattern string, use func(*cluster.Conn, [][]byte) error) error {
	conn, err := s.Dial(ctx, 0)
	if err != nil {
		return err
	}
	scan := &scanner{shard: s, pattern: pattern, count: scanCount, conn: conn}
	defer func() { scan.conn.Close() }()
	about, err := serverInfo(ctx, conn)
	if err != nil {
		return s.Wrap(err)
	}
	scan.runID = about.runID
	for !scan.ended {
		keys, err := scan.page(ctx)
		if err != nil {
			return s.Wrap(err)
		}
		if err := use(scan.conn, keys); err != nil {
			return err
		}
	}
	return nil
}
