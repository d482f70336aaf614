package survey

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// lacking looks which of some entries of To, on the shard that is on, From has not.
func (c *comparing) lacking(ctx context.Context, on int, link *scan.Link, f *scan.Filter, keys []Listed) error {
	var stored [][]byte // how From calls them
	homes := make(map[int][]int)
	nameless := 0
	for i, l := range keys {
		here, ok := c.To.There(l.Stored, l.Key, l.Version)
		stored = append(stored, here)
		place := -1
		if ok {
			place = c.from.home(here)
		}
		switch {
		case place < 0:
			nameless++
		case slices.ContainsFunc(c.Shards, c.from.shards[place].Same):
			homes[place] = append(homes[place], i)
		}
	}
	c.skip(skipNameless, nameless)
	var absent []int
	for place, of := range homes {
		some, err := c.absent(ctx, place, of, stored)
		if err != nil {
			return err
		}
		absent = append(absent, some...)
	}
	slices.Sort(absent)
	lone := make([]Listed, len(absent))
	for k, i := range absent {
		lone[k] = keys[i]
	}
	lone, err := c.sifted(ctx, link, f, lone)
	if err != nil {
		return err
	}
	return c.extra(ctx, on, lone)
}

// absent are those of some entries that a shard of From does not have.
func (c *comparing) absent(ctx context.Context, place int, of []int, stored [][]byte) (list []int, err error) {
	words := make([]any, 1, len(of)+1)
	words[0] = "exists"
	for _, i := range of {
		words = append(words, stored[i])
	}
	if !c.from.ask(ctx, place, func(link *scan.Link) error {
		list = list[:0]
		// All at once, as they are all there as a rule.
		n := redis.NewIntCmd(ctx, words...)
		if err := link.Retry(ctx, func() error { return link.Conn.Do(ctx, []redis.Cmder{n}) }); err != nil {
			return err
		}
		if n.Err() == nil && n.Val() == int64(len(of)) {
			return nil
		}
		each := make([]*redis.IntCmd, len(of))
		cmds := make([]redis.Cmder, len(of))
		for k := range of {
			each[k] = redis.NewIntCmd(ctx, "exists", words[k+1])
			cmds[k] = each[k]
		}
		if err := link.Retry(ctx, func() error { return link.Conn.Do(ctx, cmds) }); err != nil {
			return err
		}
		for k, n := range each {
			if err := n.Err(); err != nil {
				return err
			}
			if n.Val() == 0 {
				list = append(list, of[k])
			}
		}
		return nil
	}) {
		c.skip(skipUnanswered, len(of))
		return nil, ctx.Err()
	}
	return list, nil
}

// extra tells of the entries that To alone has, after another look.
func (c *comparing) extra(ctx context.Context, on int, keys []Listed) error {
	var differ []Difference
	for some := range slices.Chunk(keys, mostPairs) {
		stored := make([][]byte, len(some))
		for i := range some {
			stored[i] = some[i].Stored
		}
		for i, seen := range c.to.peek(ctx, on, stored, c.IsToken) {
			l := some[i]
			here, _ := c.To.There(l.Stored, l.Key, l.Version)
			home := c.from.home(here)
			switch there := c.from.peek(ctx, home, [][]byte{here}, c.IsToken)[0]; {
			case seen.skip != "":
				c.skip(seen.skip, 1)
			case there.skip == skipUnanswered:
				c.skip(there.skip, 1)
			case seen.gone || !there.gone:
				c.add(func(a *Agreement) { a.Gone++ })
			default:
				key, version, _ := c.From.Cluster.Keyspace().Split(here)
				differ = append(differ, Difference{Kind: NotHere, Listed: Listed{Stored: here, Key: key, Version: version}, On: c.from.shards[home],
					There: l.Stored, OnThere: c.to.shards[on], ThereTTL: &seen.left})
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.found(on, differ)
}

// peeked is what an entry is without its value.
type peeked struct {
	gone bool
	left int64  // milliseconds that the application sees
	skip string // why it is no entry, or not known
}

// peek looks at some entries of a shard.
func (s *side) peek(ctx context.Context, place int, stored [][]byte, isToken func(stored, value []byte) bool) []peeked {
	out := make([]peeked, len(stored))
	reply := new(cluster.Reply)
	if !s.ask(ctx, place, func(link *scan.Link) error {
		return link.Retry(ctx, func() error {
			reply.Reset()
			var cmds []redis.Cmder
			for _, key := range stored {
				cmds = append(cmds, cluster.NewCommand(ctx, reply, "pttl", key), cluster.NewCommand(ctx, reply, "getrange", key, 0, tokenLimit))
			}
			if err := link.Conn.Do(ctx, cmds); err != nil {
				return err
			}
			for i := range stored {
				pttl, value := reply.Item(2*i), reply.Item(2*i+1)
				if err := reply.Err(pttl); err != nil {
					return err
				}
				if pttl.Kind != cluster.Int || value.Kind != cluster.Bulk && value.Kind != cluster.Error {
					return fmt.Errorf("%w: to PTTL and GETRANGE, no number and no string", cluster.ErrProtocol)
				}
				left, is := s.is(&copied{ttl: pttl.Int})
				out[i] = peeked{gone: !is, left: left}
				switch {
				case value.Kind == cluster.Error:
					out[i].skip = skipType
				case isToken(stored[i], reply.Bytes(value)):
					out[i].skip = skipToken
				}
			}
			return nil
		})
	}) {
		for i := range out {
			out[i].skip = skipUnanswered
		}
	}
	return out
}
