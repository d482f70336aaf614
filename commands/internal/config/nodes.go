package config

import (
	"slices"

	"cachering/commands/internal/library"
	"cachering/ring"
)

// clusterNames are the options that name a class or a function which makes a client of a
// Redis Cluster, where the application uses one.
var clusterNames = []string{"redis_client_class", "base_client_class", "connection_pool_class", "connection_factory", "pool_class"}

// clustered tells whether a cache is a Redis Cluster: its backend or client class is of one,
// options.cluster or django-vcache's own option says so, or the name of what makes its
// clients does.
func (l *loader) clustered(n *node, cl library.Client) (library.Client, bool) {
	o := n.get("options")
	flag := firstOf(o.get("cluster"), o.get("cluster_mode"))
	var named *node
	for _, name := range clusterNames {
		if k := o.get(name); named == nil && library.NamesCluster(text(k)) {
			named = k
		}
	}
	switch {
	case flag != nil && flag.value == false && (named != nil || cl.Cluster):
		l.fail(flag, "the application reaches a cluster: "+text(firstOf(named, o.get("client_class"), n.get("backend")))+" is of one", "leave it out, or write true")
		return cl, false
	}
	cl.Cluster = cl.Cluster || isTrue(flag) || named != nil
	if cl.Cluster && (cl.Sharded || cl.Sentinel) {
		l.fail(firstOf(o.get("client_class"), n.get("backend")), "a cluster places keys itself and tells where they are, and this does, too", "leave one of the two out")
		return cl, false
	}
	return cl, true
}

// seeds reads the servers of a cluster, of which any tells the others.
func (l *loader) seeds(c *Cache, n *node) {
	loc := n.get("location")
	for i, s := range c.Servers {
		at, which := loc, ordinal(loc, i)
		if loc.kind == kindArray && i < len(loc.items) {
			at = loc.items[i]
		}
		switch {
		case s.DB != 0 && n.get("options", "db") != nil:
			l.fail(n.get("options", "db"), "a cluster has database 0 only", "leave it out")
			return
		case s.DB != 0:
			l.fail(at, which+"a cluster has database 0 only", "leave the number of the database out: redis://host:port")
		case s.Network != "tcp":
			l.fail(at, which+"the nodes of a cluster are reached by host and port", "write "+quote("redis://10.0.0.1:6379"))
		}
	}
	c.Ring = ring.Cluster
	// Until the cluster is asked all that is known is that it has all slots.
	place, err := ring.NewCluster(c.Servers, []ring.SlotRange{{First: 0, Last: ring.Slots - 1}})
	if err != nil {
		l.fail(loc, err.Error(), "compare with LOCATION of the application")
		return
	}
	c.Place = place
}

// dialNodes reads where to connect instead of addresses of a cluster's nodes, those of
// location and those that they tell.
func (l *loader) dialNodes(c *Cache, n *node) {
	c.nodes = map[string]string{}
	for _, k := range n.children() {
		name := k.name
		if i := slices.IndexFunc(c.Servers, func(s ring.Server) bool { return name == s.Spelling || name == s.Masked() }); i >= 0 {
			name = c.Servers[i].Addr
		}
		if network, _, err := dialTarget(name); err != "" || network != "tcp" {
			l.fail(k, "not host:port", "write the address of a node, of location or one that the cluster tells")
			continue
		}
		c.nodes[name] = text(k)
	}
	for i := range c.endpoints {
		c.endpoints[i].Network, c.endpoints[i].Addr = c.Dial(c.endpoints[i].Addr)
	}
}

// Dial is where to connect for the address of a node of a cluster.
func (c *Cache) Dial(addr string) (network, to string) {
	if target, ok := c.nodes[addr]; ok {
		network, to, _ = dialTarget(target)
		return network, to
	}
	return "tcp", addr
}

// WithMasters is the file after a cluster was asked: c, and whatever other caches have a
// node of it among their servers, with its masters.
func (f *File) WithMasters(c *Cache, seed int, masters []string, slots []ring.SlotRange) (*File, *Cache, error) {
	made := *f
	made.Caches = slices.Clone(f.Caches)
	found, err := c.WithMasters(seed, masters, slots)
	if err != nil {
		return nil, nil, err
	}
	of := func(s ring.Server) bool {
		return slices.Contains(masters, s.Addr) || slices.ContainsFunc(c.Servers, func(t ring.Server) bool { return t.Addr == s.Addr })
	}
	for i, other := range f.Caches {
		switch at := slices.IndexFunc(other.Servers, of); {
		case other == c:
			made.Caches[i] = found
		case other.Cluster && at >= 0:
			if made.Caches[i], err = other.WithMasters(at, masters, slots); err != nil {
				return nil, nil, err
			}
		}
	}
	return &made, found, nil
}

// Seeds reports whether the servers of a cache that is a cluster are those of the
// configuration, and none of them is known to keep a key.
func (c *Cache) Seeds() bool { return c.Cluster && !c.found }

// WithMasters is a cache that is a cluster with its masters for servers: host:port of each,
// as the cluster tells, and the slots that they have. They are spoken to as the seed is.
func (c *Cache) WithMasters(seed int, masters []string, slots []ring.SlotRange) (*Cache, error) {
	made := *c
	made.Servers, made.endpoints, made.found = nil, nil, true
	for _, addr := range masters {
		s := c.Servers[seed].At(addr)
		e := endpoint(s)
		e.Network, e.Addr = c.Dial(addr)
		made.Servers, made.endpoints = append(made.Servers, s), append(made.endpoints, e)
	}
	var err error
	made.Place, err = ring.NewCluster(made.Servers, slots)
	return &made, err
}
