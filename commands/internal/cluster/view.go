package cluster

import (
	"context"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/ring"
)

// A View is what a node of a Redis Cluster says of slots: which it has, which are on their
// way, and who has the others.
type View struct {
	// Leaving are the slots that are on their way from the node to another, by its
	// address; Coming those that are on their way to it.
	Leaving map[int]string
	Coming  map[int]bool

	own    []ring.SlotRange
	others []ring.SlotRange // Server is the place in addrs
	addrs  []string
}

// Settled reports whether the node has a slot, with all of its keys.
func (v *View) Settled(slot int) bool {
	_, leaving := v.Leaving[slot]
	return v.Has(slot) && !leaving
}

// Has reports whether the node has a slot.
func (v *View) Has(slot int) bool { return among(v.own, slot) >= 0 }

// Owner is the address of another node that has a slot, "" where nobody has.
func (v *View) Owner(slot int) string {
	if i := among(v.others, slot); i >= 0 {
		return v.addrs[v.others[i].Server]
	}
	return ""
}

func among(ranges []ring.SlotRange, slot int) int {
	for i, r := range ranges {
		if r.First <= slot && slot <= r.Last {
			return i
		}
	}
	return -1
}

// AskView is the question for the view of a node.
func AskView(ctx context.Context) *redis.StringCmd {
	return redis.NewStringCmd(ctx, "cluster", "nodes")
}

// ReadView reads the answer to AskView (CLUSTER NODES): a line for each node,
//
//	ID HOST:PORT@BUS[,NAME] FLAGS MASTER PING PONG EPOCH STATE SLOTS…
//
// where the slots of the node itself may be followed by [93->-ID] and [77-<-ID].
func (c *Conn) ReadView(cmd *redis.StringCmd) (*View, error) {
	text, err := cmd.Result()
	if err != nil {
		return nil, c.Shard.Wrap(err)
	}
	v := &View{Leaving: map[int]string{}, Coming: map[int]bool{}}
	ids, leaving := map[string]string{}, map[int]string{}
	self := false
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			continue
		}
		addr, _, _ := strings.Cut(fields[1], ",")
		addr, _, _ = strings.Cut(addr, "@")
		if colon := strings.LastIndexByte(addr, ':'); colon >= 0 {
			host := strings.Trim(addr[:colon], "[]")
			if host == "" {
				host, _, _ = net.SplitHostPort(c.known)
			}
			addr = net.JoinHostPort(host, addr[colon+1:])
		}
		ids[fields[0]] = addr
		mine := strings.Contains(fields[2], "myself")
		self = self || mine
		for _, word := range fields[8:] {
			if !strings.HasPrefix(word, "[") {
				if r, ok := slotRange(word); ok && mine {
					v.own = append(v.own, r)
				} else if ok {
					r.Server = len(v.addrs)
					v.others = append(v.others, r)
				}
				continue
			}
			word = strings.Trim(word, "[]")
			if slot, to, ok := strings.Cut(word, "->-"); ok {
				if n, err := strconv.Atoi(slot); err == nil {
					leaving[n] = to
				}
			} else if slot, _, ok := strings.Cut(word, "-<-"); ok {
				if n, err := strconv.Atoi(slot); err == nil {
					v.Coming[n] = true
				}
			}
		}
		v.addrs = append(v.addrs, addr)
	}
	if !self {
		return nil, c.Shard.Wrap(troublef(ErrProtocol, "%v: to CLUSTER NODES, no line of the node itself", ErrProtocol))
	}
	for slot, id := range leaving {
		v.Leaving[slot] = ids[id]
	}
	return v, nil
}

// slotRange reads "0-5460", or "93".
func slotRange(word string) (r ring.SlotRange, ok bool) {
	first, last, several := strings.Cut(word, "-")
	var err error
	if r.First, err = strconv.Atoi(first); err != nil {
		return r, false
	}
	if r.Last = r.First; several {
		r.Last, err = strconv.Atoi(last)
	}
	return r, err == nil
}

// Slots are the slots that a master of a Redis Cluster had when the cache was opened.
func (s *Shard) Slots() (list []int) {
	for _, r := range s.cluster.spec.Slots {
		if r.Server != s.Index {
			continue
		}
		for slot := r.First; slot <= r.Last; slot++ {
			list = append(list, slot)
		}
	}
	return list
}

// Node is a node of the Redis Cluster by its address.
func (c *Cluster) Node(addr string) (*Shard, error) {
	c.nodes.mu.Lock()
	defer c.nodes.mu.Unlock()
	return c.nodes.at(addr)
}
