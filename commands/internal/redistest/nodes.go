package redistest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// NodeTimeout is the cluster-node-timeout of the nodes that RunNodesT starts: a replica
// takes the place of its master about so long after that went, and a second later the
// cluster is up again.
const NodeTimeout = 2 * time.Second

// Slots is how many slots a Redis Cluster has.
const Slots = 16384

// Nodes are a running Redis Cluster.
type Nodes struct {
	Masters  []*Server // those that it began with; they had the slots in this order
	Replicas []*Server // Replicas[i] is that of Masters[i % len(Masters)]

	tb  testing.TB
	ids map[*Server]string
}

// RunNodesT starts a Redis Cluster on the loopback interface, all slots given to masters in equal
// parts, and stops it when the test ends. It takes about two seconds, for which a node waits
// before it serves. lines are as in RunT, for every node.
func RunNodesT(tb testing.TB, masters, replicas int, lines ...string) *Nodes {
	tb.Helper()
	n := &Nodes{tb: tb, ids: map[*Server]string{}}
	for i := range masters + replicas {
		if s := n.start(lines); i < masters {
			n.Masters = append(n.Masters, s)
		} else {
			n.Replicas = append(n.Replicas, s)
		}
	}
	for i, s := range n.Masters {
		// Another epoch for each spares the cluster to settle which is the greater.
		n.do(s, "cluster", "set-config-epoch", i+1)
		n.do(s, "cluster", "addslotsrange", i*Slots/masters, (i+1)*Slots/masters-1)
	}
	n.meet()
	for i, s := range n.Replicas {
		id := n.ID(n.Masters[i%masters])
		n.until(func() bool { return n.Client(s).Do(context.Background(), "cluster", "replicate", id).Err() == nil })
	}
	n.settle()
	return n
}

func (n *Nodes) start(lines []string) *Server {
	n.tb.Helper()
	s := run(n.tb, &Server{Network: "tcp", node: true, lines: lines}, loopback)
	n.ids[s] = n.do(s, "cluster", "myid").(string)
	return s
}

// Add starts another master, which has no slot yet.
func (n *Nodes) Add(lines ...string) *Server {
	n.tb.Helper()
	s := n.start(lines)
	n.Masters = append(n.Masters, s)
	n.meet()
	n.settle()
	return s
}

// All are all nodes, the masters first.
func (n *Nodes) All() []*Server { return append(append([]*Server(nil), n.Masters...), n.Replicas...) }

// Addrs are the addresses of all nodes.
func (n *Nodes) Addrs() []string {
	var list []string
	for _, s := range n.All() {
		list = append(list, s.Addr)
	}
	return list
}

// meet has every two nodes meet. One introduction each would do, and take longer.
func (n *Nodes) meet() {
	n.tb.Helper()
	all := n.All()
	for i, s := range all {
		for _, other := range all[i+1:] {
			host, port, _ := net.SplitHostPort(other.Addr)
			_, bus, _ := net.SplitHostPort(other.bus)
			n.do(s, "cluster", "meet", host, port, bus)
		}
	}
}

// settle waits until every node knows all, and serves.
func (n *Nodes) settle() {
	n.tb.Helper()
	ctx := context.Background()
	for _, s := range n.All() {
		c := n.Client(s)
		n.until(func() bool {
			info := c.ClusterInfo(ctx).Val()
			if !strings.Contains(info, "cluster_state:ok\r\n") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r\n", len(n.All()))) {
				return false
			}
			return len(n.Replicas) == 0 || strings.Count(c.ClusterNodes(ctx).Val(), "slave ") == len(n.Replicas)
		})
	}
	for _, s := range n.Replicas {
		c := n.Client(s)
		n.until(func() bool { return strings.Contains(c.Info(ctx, "replication").Val(), "master_link_status:up\r\n") })
	}
}

// until waits for what is bound to come.
func (n *Nodes) until(is func() bool) {
	n.tb.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			n.tb.Fatalf("the cluster is not as it should be after %v", patience)
		}
	}
}

// Client is that of one node, which follows nobody elsewhere.
func (n *Nodes) Client(s *Server) *redis.Client {
	if s.own == nil {
		s.own = s.Client(0)
	}
	return s.own
}

func (n *Nodes) do(s *Server, args ...any) any {
	n.tb.Helper()
	answer, err := n.Client(s).Do(context.Background(), args...).Result()
	if err != nil {
		n.tb.Fatalf("%v on %s: %v", args, s.Addr, err)
	}
	return answer
}

// ID is the id of a node.
func (n *Nodes) ID(s *Server) string { return n.ids[s] }

// ClientT is a client of the cluster, which follows its keys, and is closed when the test
// ends.
func (n *Nodes) ClientT(tb testing.TB) *redis.ClusterClient {
	c := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: n.Addrs(), Protocol: 2, DisableIdentity: true, MaxRedirects: 100,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience,
	})
	tb.Cleanup(func() { c.Close() })
	return c
}

// Slot is that of a key, as the cluster itself says.
func (n *Nodes) Slot(key string) int {
	n.tb.Helper()
	return int(n.do(n.Masters[0], "cluster", "keyslot", key).(int64))
}

// Owner is the node that has a slot, as the node s sees it.
func (n *Nodes) Owner(s *Server, slot int) *Server {
	n.tb.Helper()
	owner := n.owner(s, slot)
	if owner == nil {
		n.tb.Fatalf("nobody has slot %d", slot)
	}
	return owner
}

// owner is Owner, nil where there is none, as in a failover.
func (n *Nodes) owner(s *Server, slot int) *Server {
	n.tb.Helper()
	shards, err := n.Client(s).ClusterShards(context.Background()).Result()
	if err != nil {
		n.tb.Fatal(err)
	}
	var id string
	for _, shard := range shards {
		if !slices.ContainsFunc(shard.Slots, func(r redis.SlotRange) bool { return r.Start <= int64(slot) && int64(slot) <= r.End }) {
			continue
		}
		for _, node := range shard.Nodes {
			if node.Role == "master" && node.Health != "fail" {
				id = node.ID
			}
		}
	}
	for _, s := range n.All() {
		if n.ids[s] == id && id != "" {
			return s
		}
	}
	return nil
}

// Begin has a slot be on its way from one master to another: keys go by Carry, the slot by
// End.
func (n *Nodes) Begin(slot int, from, to *Server) {
	n.tb.Helper()
	n.do(to, "cluster", "setslot", slot, "importing", n.ID(from))
	n.do(from, "cluster", "setslot", slot, "migrating", n.ID(to))
}

// Carry moves keys of a slot that is on its way.
func (n *Nodes) Carry(from, to *Server, keys ...string) {
	n.tb.Helper()
	host, port, _ := net.SplitHostPort(to.Addr)
	args := []any{"migrate", host, port, "", 0, int(patience.Milliseconds()), "keys"}
	for _, key := range keys {
		args = append(args, key)
	}
	n.do(from, args...)
}

// End gives a slot that was on its way to its new master, on all nodes.
func (n *Nodes) End(slot int, to *Server) {
	n.tb.Helper()
	n.do(to, "cluster", "setslot", slot, "node", n.ID(to)) // first, or nobody has it for a moment
	for _, s := range n.Masters {
		if s != to {
			n.do(s, "cluster", "setslot", slot, "node", n.ID(to))
		}
	}
}

// Move gives the slots from first to last to another master, with their keys, one slot after
// the other, as redis-cli --cluster reshard does.
func (n *Nodes) Move(from, to *Server, first, last int) {
	n.tb.Helper()
	const atOnce = 100
	for slot := first; slot <= last; slot++ {
		n.Begin(slot, from, to)
		for {
			var keys []string
			for _, key := range n.do(from, "cluster", "getkeysinslot", slot, strconv.Itoa(atOnce)).([]any) {
				keys = append(keys, key.(string))
			}
			if len(keys) == 0 {
				break
			}
			n.Carry(from, to, keys...)
		}
		n.End(slot, to)
	}
}
