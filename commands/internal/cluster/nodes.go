package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/ring"
)

// A Redis Cluster tells itself which of its masters has a key, and may change that at any
// moment: slots move from one master to another, and replicas take the place of masters.
// Its shards are the masters that there were when the cache was opened; nodes follows what
// becomes of their slots.

// ErrNoNode is wrapped by the error of a server that is no node of a Redis Cluster, where
// the cache is one.
var ErrNoNode = errors.New("this server is no node of a Redis Cluster")

// A Topology is which masters a Redis Cluster has, and with which slots.
type Topology struct {
	Masters []string         // host:port
	Slots   []ring.SlotRange // Server is the place of the master in Masters
	Epoch   int64            // the greater, the newer
	// Timeout is how long the nodes wait for one another; 0: they do not tell.
	Timeout time.Duration
}

// topology asks a node. It may name no host for itself, or none at all: then that is the
// one by which it was reached.
func topology(ctx context.Context, conn *Conn) (Topology, error) {
	slots := redis.NewSliceCmd(ctx, "cluster", "slots")
	info := redis.NewStringCmd(ctx, "cluster", "info")
	timeout := redis.NewMapStringStringCmd(ctx, "config", "get", "cluster-node-timeout")
	if err := conn.Do(ctx, []redis.Cmder{slots, info, timeout}); err != nil {
		return Topology{}, err
	}
	rows, err := slots.Result()
	if err != nil {
		return Topology{}, conn.Shard.Wrap(err)
	}
	var t Topology
	t.Epoch = ParseInfo(info.Val()).Number("cluster_current_epoch")
	if ms, err := strconv.Atoi(timeout.Val()["cluster-node-timeout"]); err == nil {
		t.Timeout = time.Duration(ms) * time.Millisecond
	}
	reached, _, _ := net.SplitHostPort(conn.known)
	type run struct {
		first, last int
		addr        string
	}
	runs := make([]run, len(rows))
	for i, row := range rows {
		r, ok := &runs[i], false
		if r.first, r.last, r.addr, ok = slotRow(row, reached); !ok {
			return Topology{}, conn.Shard.Wrap(fmt.Errorf("%w: to CLUSTER SLOTS, no slots with a master", ErrProtocol))
		}
	}
	// Masters come in the order of their lowest slots, whichever node is asked.
	slices.SortFunc(runs, func(a, b run) int { return a.first - b.first })
	for _, r := range runs {
		i := slices.Index(t.Masters, r.addr)
		if i < 0 {
			i = len(t.Masters)
			t.Masters = append(t.Masters, r.addr)
		}
		t.Slots = append(t.Slots, ring.SlotRange{First: r.first, Last: r.last, Server: i})
	}
	return t, nil
}

// slotRow reads a row of CLUSTER SLOTS: the first slot, the last, the master, replicas.
func slotRow(row any, reached string) (first, last int, addr string, ok bool) {
	fields, _ := row.([]any)
	if len(fields) < 3 {
		return 0, 0, "", false
	}
	from, isFrom := fields[0].(int64)
	to, isTo := fields[1].(int64)
	node, _ := fields[2].([]any)
	if !isFrom || !isTo || from < 0 || to < from || to >= ring.Slots || len(node) < 2 {
		return 0, 0, "", false
	}
	host, _ := node[0].(string) // nil: it does not know its own address
	port, isPort := node[1].(int64)
	if !isPort || port <= 0 || port > 65535 {
		return 0, 0, "", false
	}
	if host == "" || host == "?" {
		host = reached
	}
	return int(from), int(to), net.JoinHostPort(host, strconv.FormatInt(port, 10)), true
}

// nodes is what is known of a Redis Cluster.
type nodes struct {
	make func(addr string) (*Shard, error)

	mu      sync.Mutex
	owner   [ring.Slots]*Shard // nil: nobody
	known   map[string]*Shard  // by address
	asking  map[string]*Shard  // those in knowing that they are to get a slot, by address
	lines   map[*Shard]*line
	timeout time.Duration
}

// home is the master of a key.
func (n *nodes) home(stored []byte) (*Shard, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	slot := ring.Slot(stored)
	if s := n.owner[slot]; s != nil {
		return s, nil
	}
	return nil, &ring.UncoveredError{Slot: slot}
}

// has reports whether a shard has a slot.
func (n *nodes) has(s *Shard, slot int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.owner[slot] == s
}

// at is the node of an address. The lock is held.
func (n *nodes) at(addr string) (*Shard, error) {
	if s := n.known[addr]; s != nil {
		return s, nil
	}
	s, err := n.make(addr)
	if err == nil {
		n.known[addr] = s
	}
	return s, err
}

// askingAt is the node of an address as one that is asked for keys of slots that are on
// their way to it.
func (n *nodes) askingAt(addr string) (*Shard, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.asking[addr]; s != nil {
		return s, nil
	}
	s, err := n.make(addr)
	if err == nil {
		s.asks = true
		n.asking[addr] = s
	}
	return s, err
}

// told notes that a node sent somebody elsewhere for a slot.
func (n *nodes) told(r *Redirect) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s, err := n.at(r.Addr); err == nil {
		n.owner[r.Slot] = s
	}
}

// learn takes a topology.
func (n *nodes) learn(t *Topology) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	masters := make([]*Shard, len(t.Masters))
	for i, addr := range t.Masters {
		var err error
		if masters[i], err = n.at(addr); err != nil {
			return err
		}
	}
	clear(n.owner[:])
	for _, r := range t.Slots {
		for slot := r.First; slot <= r.Last; slot++ {
			n.owner[slot] = masters[r.Server]
		}
	}
	if t.Timeout > 0 {
		n.timeout = t.Timeout
	}
	return nil
}

// patience is for how long a key is followed.
func (n *nodes) patience() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return cmp.Or(n.timeout, usualTimeout) + beyondTimeout
}

// all are the nodes that are known.
func (n *nodes) all() []*Shard {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]*Shard, 0, len(n.known))
	for _, s := range n.known {
		list = append(list, s)
	}
	return list
}

// lag is how long after the first answer others are waited for.
const lag = 200 * time.Millisecond

// newest asks nodes for the topology, all at once, and takes the newest of what those say
// who answer in time. Of several failures it is the first of the list.
func newest(ctx context.Context, shards []*Shard) (best Topology, by int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		t   Topology
		err error
		by  int
	}
	answers := make(chan answer, len(shards))
	for i, s := range shards {
		go func() {
			a := answer{by: i}
			a.err = s.Contain(func() error {
				conn, err := s.Dial(ctx, 0)
				if err != nil {
					return err
				}
				defer conn.Close()
				a.t, err = topology(ctx, conn)
				return err
			})
			answers <- a
		}()
	}
	errs := make([]error, len(shards))
	var late <-chan time.Time
	got := false
	for range shards {
		select {
		case a := <-answers:
			errs[a.by] = a.err
			if a.err != nil {
				continue
			}
			if !got || a.t.Epoch > best.Epoch {
				best, by = a.t, a.by
			}
			if late == nil {
				late = time.After(lag)
			}
			got = true
		case <-late:
			return best, by, nil
		}
	}
	if got {
		return best, by, nil
	}
	for _, e := range errs {
		if err == nil || errors.Is(e, ErrNoNode) {
			err = e
		}
	}
	return Topology{}, 0, err
}

// refresh asks the nodes anew.
func (n *nodes) refresh(ctx context.Context) error {
	t, _, err := newest(ctx, n.all())
	if err != nil {
		return err
	}
	return n.learn(&t)
}

// close closes the connections of nodes that are no shards of the cache.
func (n *nodes) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, list := range []map[string]*Shard{n.known, n.asking} {
		for _, s := range list {
			s.closeConn()
		}
	}
	for _, l := range n.lines {
		l.Lock()
		l.close()
		l.Unlock()
	}
}

// A Redirect is the answer of a node that sends who asks for a key elsewhere.
type Redirect struct {
	Slot int
	Addr string // host:port
	// Ask tells that the slot is on its way there, and only this key, or none, has come.
	Ask bool
}

func (r *Redirect) Error() string { return fmt.Sprintf("slot %d is at %s", r.Slot, r.Addr) }

// SentAway reports whether a node of a Redis Cluster did not answer about a key, because
// another has its slot.
func SentAway(err error) bool {
	var r *Redirect
	return errors.As(err, &r)
}

// Importing are the slots that are on their way to the node of the shard, of a Redis
// Cluster: it has keys of them, and is not yet who is asked for them.
func (s *Shard) Importing(ctx context.Context) (map[int]bool, error) {
	nodes := AskView(ctx)
	if err := s.do(ctx, []redis.Cmder{nodes}, repeatable); err != nil {
		return nil, err
	}
	v, err := s.conn.ReadView(nodes)
	if err != nil {
		return nil, err
	}
	return v.Coming, nil
}

// redirect reads "MOVED 3999 127.0.0.1:6381" and "ASK …"; a host that is not told is that of
// the node itself.
func redirect(said, reached string) (*Redirect, bool) {
	fields := strings.Fields(said)
	if len(fields) != 3 || fields[0] != "MOVED" && fields[0] != "ASK" {
		return nil, false
	}
	slot, err := strconv.Atoi(fields[1])
	colon := strings.LastIndexByte(fields[2], ':')
	if err != nil || slot < 0 || slot >= ring.Slots || colon < 0 {
		return nil, false
	}
	host, port := strings.Trim(fields[2][:colon], "[]"), fields[2][colon+1:]
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, false
	}
	if host == "" || host == "?" {
		host, _, _ = net.SplitHostPort(reached)
	}
	return &Redirect{Slot: slot, Addr: net.JoinHostPort(host, port), Ask: fields[0] == "ASK"}, true
}
