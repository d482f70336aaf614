package cluster

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/ring"
)

// How a key of a Redis Cluster is followed. MOVED: the request goes where it says, and the
// map of slots is made anew. ASK: it goes there behind ASKING, and the map stays.
// TRYAGAIN, CLUSTERDOWN, a slot that nobody has, a node that cannot be reached or has
// become a replica: the map is made anew after a while, and the request goes to whom it
// then names, for longer than a replica needs to take the place of its master. No answer of
// these says anything of the key.

const (
	// usualTimeout is the cluster-node-timeout of a cluster that does not tell.
	usualTimeout = 15 * time.Second
	// beyondTimeout is for how much longer than that a key is followed: a failover ends a
	// few seconds after it.
	beyondTimeout = 20 * time.Second
	// leastWait and mostWait are between two tries; each wait is twice the one before.
	leastWait, mostWait = 10 * time.Millisecond, 500 * time.Millisecond
	// atOnceTries is how often a request is sent elsewhere without waiting.
	atOnceTries = 3
)

// follower follows the keys of one request.
type follower struct {
	c     *Cluster
	since time.Time // of the first failure
	tries int
	asks  map[string]string // a stored key -> the address to ask for it once
}

// follow begins to follow keys. Where the homes of keys are given, or the cache is no Redis
// Cluster, nothing is followed.
func (c *Cluster) follow() *follower { return &follower{c: c} }

// home is the shard to send a request for a key to.
func (f *follower) home(stored []byte) (*Shard, error) {
	if addr, ok := f.asks[string(stored)]; ok {
		delete(f.asks, string(stored))
		return f.c.nodes.askingAt(addr)
	}
	return f.c.Home(stored)
}

// again reports whether a request for a key, which failed so, is to be sent again after
// ready; repeatable: also where it may have been carried out.
func (f *follower) again(stored []byte, err error, repeatable bool) bool {
	if f.c.nodes == nil || f.c.spec.Home != nil || err == nil {
		return false
	}
	var r *Redirect
	var uncovered *ring.UncoveredError
	switch {
	case errors.As(err, &r) && r.Ask:
		if f.asks == nil {
			f.asks = map[string]string{}
		}
		f.asks[string(stored)] = r.Addr
		return true
	case errors.As(err, &r), errors.As(err, &uncovered), errors.Is(err, errUnsettled), errors.Is(err, ErrReplica):
		return true
	}
	return (repeatable || unsent(err)) && passes(err)
}

// passes reports whether a node that failed so may be there again soon, or another in its
// place.
func passes(err error) bool {
	var network *net.OpError
	switch {
	case errors.Is(err, ErrLogin), errors.Is(err, ErrProtocol), errors.Is(err, ErrNoNode), errors.Is(err, context.Canceled):
		return false
	}
	return closed(err) || errors.As(err, &network) || errors.Is(err, os.ErrDeadlineExceeded)
}

// ready waits before a request is sent again, and learns where to. It is false where it is
// not to be sent again, because the time is over.
func (f *follower) ready(ctx context.Context, errs []error) bool {
	n := f.c.nodes
	if f.since.IsZero() {
		f.since = time.Now()
	}
	f.tries++
	sent, asked := 0, 0 // elsewhere, and of those for once
	for _, err := range errs {
		var r *Redirect
		if errors.As(err, &r) {
			sent++
			if r.Ask {
				asked++
			}
		}
	}
	hurried := f.tries <= atOnceTries && sent == len(errs)
	switch {
	case hurried && asked == sent:
		return true
	case time.Since(f.since) > n.patience():
		return false
	case !hurried:
		select {
		case <-time.After(min(mostWait, leastWait<<min(f.tries, 10))):
		case <-ctx.Done():
		}
	}
	// Where nobody answers for now, another try tells.
	_ = n.refresh(ctx)
	// What a node said of a slot is newer than what another says of all.
	for _, err := range errs {
		var r *Redirect
		if errors.As(err, &r) && !r.Ask {
			n.told(r)
		}
	}
	return ctx.Err() == nil
}

// single does work on a key, which may change it, on its home and where that sends it.
// Work that begins anew must not know of what it did before.
func (c *Cluster) single(ctx context.Context, stored []byte, work func(e *Entry)) Entry {
	return c.perShard(ctx, [][]byte{stored}, once, func(_ *Shard, entries []Entry, _ []int) { work(&entries[0]) })[0]
}

// errUnsettled is wrapped by the error of a node that can say nothing of a key for now.
var errUnsettled = errors.New("the cluster is not settled")

// unsent reports whether a request that failed so never left.
func unsent(err error) bool {
	var se *ShardError
	return errors.As(err, &se) && se.unsent
}

// notSent marks the error of a request that never left.
func notSent(err error) error {
	var se *ShardError
	if errors.As(err, &se) {
		se.unsent = true
	}
	return err
}

// asking is cmds for a node to which the slot of their keys is on its way: ASKING holds for
// one command, and, before MULTI, up to EXEC.
func (c *Conn) asking(cmds []redis.Cmder) []redis.Cmder {
	if !c.Shard.asks || !c.in {
		return cmds
	}
	list := make([]redis.Cmder, 0, 2*len(cmds))
	for _, cmd := range cmds {
		if !c.inside {
			list = append(list, redis.NewStatusCmd(context.Background(), "asking"))
		}
		switch cmd.Name() {
		case "multi":
			c.inside = true
		case "exec", "discard":
			c.inside = false
		}
		list = append(list, cmd)
	}
	return list
}
