package cluster

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/config"
)

// Glimpse is what a server holds under a stored key, its value left out.
type Glimpse struct {
	Stored []byte
	Type   string        // string, list, set, …; empty where there is nothing
	TTL    time.Duration // left to live; Forever; Missing
	Bytes  int64         // of a string
	// Expired tells that the time of the key is up, so that no client is given
	// it, and that the server has not yet removed it.
	Expired bool
}

// Found reports whether a client is given the key.
func (g *Glimpse) Found() bool { return g.Type != "" }

// DB is the number of the shard's database.
func (s *Shard) DB() int { return s.end.DB }

// SameServer reports whether two LOCATION entries are databases of one server.
func (s *Shard) SameServer(o *Shard) bool {
	return s.end.Network == o.end.Network && s.end.Addr == o.end.Addr
}

// Reaches reports whether an endpoint is the shard's server and database.
func (s *Shard) Reaches(at config.Endpoint) bool {
	return s.end.Network == at.Network && s.end.Addr == at.Addr && s.end.DB == at.DB
}

// Database is another database of the shard's server, to look into. It has a
// connection of its own, which Close closes.
func (s *Shard) Database(db int) *Shard {
	other := &Shard{Index: s.Index, Name: s.Name, cluster: s.cluster, end: s.end}
	other.end.DB = db
	return other
}

// Close closes the connection that single-key access opened.
func (s *Shard) Close() { s.closeConn() }

// Glance asks the shard, whoever's home it is, what it holds under stored keys,
// in one round trip. The answers are in the order of stored. Should a command be
// refused, as by an ACL, what it would have told is not known.
func (s *Shard) Glance(ctx context.Context, stored ...[]byte) ([]Glimpse, error) {
	const each = 4
	cmds := make([]redis.Cmder, 0, each*len(stored))
	for _, key := range stored {
		cmds = append(cmds,
			// MEMORY USAGE finds a key without asking whether its time is up
			// (memoryCommand in object.c). It comes first because on a master the
			// others remove such a key.
			redis.NewIntCmd(ctx, "memory", "usage", key),
			redis.NewStatusCmd(ctx, "type", key),
			redis.NewIntCmd(ctx, "pttl", key),
			redis.NewIntCmd(ctx, "strlen", key))
	}
	if err := s.do(ctx, cmds, repeatable); err != nil {
		return nil, err
	}
	out := make([]Glimpse, len(stored))
	for i, key := range stored {
		held, kind := cmds[each*i].(*redis.IntCmd), cmds[each*i+1].(*redis.StatusCmd)
		pttl, size := cmds[each*i+2].(*redis.IntCmd), cmds[each*i+3].(*redis.IntCmd)
		g := &out[i]
		g.Stored, g.TTL = key, Missing
		if err := s.Wrap(kind.Err()); SentAway(err) {
			continue // it gives the key to nobody
		} else if err != nil {
			return nil, err
		}
		if kind.Val() == "none" {
			g.Expired = held.Err() == nil && held.Val() > 0
			continue
		}
		g.TTL = Forever
		if n := pttl.Val(); n >= 0 {
			g.TTL = time.Duration(n) * time.Millisecond
		} else if n == int64(Missing) {
			continue // it went meanwhile
		}
		g.Type, g.Bytes = kind.Val(), size.Val()
	}
	return out, nil
}
