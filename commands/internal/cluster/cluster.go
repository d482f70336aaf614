// Package cluster reaches the Redis servers of one cache: which server a
// stored key lives on, connections to it, and access to single keys. It holds
// the rule that bulk work relies on: what a Conn sends is sent once, in order,
// on one connection, and is never repeated by itself. It decides nothing about
// values and prints nothing.
package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/ring"
)

// Endpoint is one LOCATION entry: how to reach it and what to call it.
type Endpoint struct {
	Name     string      // as it is shown: the spelling in the configuration, secrets masked
	Network  string      // tcp or unix
	Addr     string      // host:port or socket path
	Known    string      // host:port by which it goes, where Addr is of a tunnel to it; "": Addr
	Service  *Service    // whom to ask for the address instead; nil: nobody
	Sentinel bool        // it is no server of keys, but tells where one is
	TLS      *tls.Config // without a server name, the host that is dialled is taken
	DB       int
	Writable bool // bulk work visits it
	// Login gives user and password when the server is dialled; nil: there is
	// none. Without a user it is the server's default one.
	Login func(context.Context) (user, password string, err error)
	// LoginAgain gives another login than the one that was refused, if there is
	// one; nil: there is none.
	LoginAgain func(ctx context.Context, user, password string) (newUser, newPassword string, changed bool)
	// HideUser keeps errors from naming the user, who may be a password.
	HideUser bool
	// Connections is how many there may be at a time; bulk work takes at least
	// two. 0: as many as are of use.
	Connections int
}

// id is the same for entries that reach the same keys.
func (e *Endpoint) id() string {
	id := e.Network + " " + e.Addr + " " + strconv.Itoa(e.DB)
	if s := e.Service; s != nil {
		id += fmt.Sprintf(" %s %v %p", s.Name, s.Replica, s.Sentinels)
	}
	return id
}

// known is the address that the server goes by.
func (e *Endpoint) known() string { return cmp.Or(e.Known, e.Addr) }

// Neighbour is another cache of the configuration that shares a server and
// database with this one.
type Neighbour struct {
	Alias    string
	Keyspace ring.Keyspace
}

// Spec is what a cluster must be told.
type Spec struct {
	Alias     string
	Endpoints []Endpoint // in the order of LOCATION; a Shard's Index is its place
	Keyspace  ring.Keyspace
	// Home is the index of the endpoint on which the library would look for a
	// stored key. Of a Redis Cluster it is nil, unless the home of a key is not to be what
	// the cluster tells.
	Home func(stored []byte) (int, error)
	// Node is how a node of a Redis Cluster is reached, by the address that the cluster
	// tells; nil: the cache is no cluster. Slots are those of the endpoints.
	Node  func(addr string) (Endpoint, error)
	Slots []ring.SlotRange
	// SideKeys are what the library keeps beside a key; a marker is deleted
	// with its key.
	SideKeys ring.SideKeys
	// Neighbours are listed per endpoint.
	Neighbours map[int][]Neighbour
	// Clusters tells that the library can be given a client of a Redis Cluster.
	Clusters bool
	// Client names the connections, unless it is the zero value.
	Client         Client
	SocketTimeout  time.Duration // without any progress; 0: 10 s, negative: for ever
	ConnectTimeout time.Duration // 0: 5 s
}

// Cluster is the servers of one cache. Nothing is dialled before it is needed.
type Cluster struct {
	spec   Spec
	shards []*Shard
	visit  []*Shard
	node   *atomic.Bool // a server was found to be a node of a Redis Cluster
	nodes  *nodes       // of one that the cache is; nil: it is none
}

// New checks spec and returns its cluster.
func New(spec Spec) (*Cluster, error) {
	if len(spec.Endpoints) == 0 {
		return nil, fmt.Errorf("cache %q has no server", spec.Alias)
	}
	if spec.Home == nil && spec.Node == nil {
		return nil, fmt.Errorf("cache %q has no ring", spec.Alias)
	}
	silence()
	spec.defaults()
	c := &Cluster{spec: spec, node: new(atomic.Bool)}
	seen := make(map[string]bool)
	for i, e := range spec.Endpoints {
		s := &Shard{Index: i, Name: e.Name, cluster: c, end: e}
		c.shards = append(c.shards, s)
		if e.Writable && !seen[e.id()] {
			seen[e.id()] = true
			c.visit = append(c.visit, s)
		}
	}
	if spec.Node != nil {
		return c, c.begin()
	}
	return c, nil
}

// begin notes what is known of a Redis Cluster.
func (c *Cluster) begin() error {
	n := &nodes{known: map[string]*Shard{}, asking: map[string]*Shard{}, lines: map[*Shard]*line{}}
	n.make = func(addr string) (*Shard, error) {
		end, err := c.spec.Node(addr)
		if err != nil {
			return nil, err
		}
		return &Shard{Index: -1, Name: end.Name, cluster: c, end: end}, nil
	}
	for _, s := range c.shards {
		n.known[s.end.known()] = s
	}
	for _, r := range c.spec.Slots {
		for slot := r.First; slot <= r.Last; slot++ {
			n.owner[slot] = c.shards[r.Server]
		}
	}
	c.nodes = n
	return nil
}

// defaults fills in what was not given.
func (s *Spec) defaults() {
	if s.SocketTimeout == 0 {
		s.SocketTimeout = defaultSocketTimeout
	}
	if s.ConnectTimeout <= 0 {
		s.ConnectTimeout = defaultConnectTimeout
	}
}

// silence keeps go-redis from writing to standard error: every failure that it
// would log there is also returned.
var silence = sync.OnceFunc(func() { redis.SetLogger(discard{}) })

type discard struct{}

func (discard) Printf(context.Context, string, ...any) {}

// Alias is the name of the cache.
func (c *Cluster) Alias() string { return c.spec.Alias }

// Keyspace is how the cache makes its stored keys.
func (c *Cluster) Keyspace() ring.Keyspace { return c.spec.Keyspace }

// Absent is a stored key about which the server is asked to learn what it can do: another
// each time, of this cache, so that an ACL allows it, and nobody's.
func (s *Shard) Absent() string {
	return s.Own(func() string {
		return s.cluster.spec.Keyspace.Stored("cachering: can this server do it? "+rand.Text(), 0)
	})
}

// Own is a stored key that random makes, another each time. Of a Redis Cluster it is in a
// slot that the shard has, if one is found: it may have few slots, and a prefix may have
// all keys in one.
func (s *Shard) Own(random func() string) string {
	stored := random()
	if s.cluster.nodes == nil {
		return stored
	}
	for first, n := ring.Slot([]byte(stored)), 0; n < 16*ring.Slots; n++ {
		slot := ring.Slot([]byte(stored))
		if s.cluster.nodes.has(s, slot) || n == 32 && slot == first {
			break
		}
		stored = random()
	}
	return stored
}

// SideKeys are what the library keeps beside a key.
func (c *Cluster) SideKeys() ring.SideKeys { return c.spec.SideKeys }

// Shards are all LOCATION entries, in order.
func (c *Cluster) Shards() []*Shard { return c.shards }

// Number is the place of a shard among the locations, the first of a server that is listed
// twice. Those of another cluster, among some that are worked on, follow.
func (c *Cluster) Number(s *Shard, among []*Shard) int {
	for _, own := range c.visit {
		if own.Same(s) {
			return own.Index
		}
	}
	return len(c.shards) + slices.Index(among, s)
}

// Visit is the shards that bulk work goes to: the writable ones, a server and
// database that is listed twice only once.
func (c *Cluster) Visit() []*Shard { return c.visit }

// Home is the shard on which the library would look for a stored key.
func (c *Cluster) Home(stored []byte) (*Shard, error) {
	if c.spec.Home == nil {
		return c.nodes.home(stored)
	}
	i, err := c.spec.Home(stored)
	if err != nil {
		return nil, err
	}
	return c.shards[i], nil
}

// Only is the same cluster, connections shared, in which every key is at home
// on one shard: single-key access then asks that shard.
func (c *Cluster) Only(s *Shard) *Cluster {
	return c.Elsewhere(func([]byte) (int, error) { return s.Index, nil })
}

// Elsewhere is the same cluster, connections shared, with other homes.
func (c *Cluster) Elsewhere(home func(stored []byte) (int, error)) *Cluster {
	other := *c
	other.spec.Home = home
	return &other
}

// MetNode reports whether a server was found to be a node of a Redis Cluster. The
// error that told it is ErrClusterNode.
func (c *Cluster) MetNode() bool { return c.node.Load() }

// OfNodes reports whether the cache is a Redis Cluster, whose shards are its masters.
func (c *Cluster) OfNodes() bool { return c.nodes != nil }

// OfNodes reports whether the shard is a master of a Redis Cluster.
func (s *Shard) OfNodes() bool { return s.cluster.OfNodes() }

// Close closes the connections that single-key access opened.
func (c *Cluster) Close() error {
	for _, s := range c.shards {
		s.closeConn()
	}
	if c.nodes != nil {
		c.nodes.close()
	}
	return nil
}
