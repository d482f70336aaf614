package config

import (
	"fmt"
	"net"
	"strings"

	"cachering/ring"
)

func endpoint(s ring.Server) Endpoint {
	e := Endpoint{Network: s.Network, Addr: s.Addr, TLS: s.TLS, DB: s.DB}
	if s.TLS {
		e.ServerName, _, _ = net.SplitHostPort(s.Addr)
	}
	return e
}

// dial reads where to connect instead. A server is found by its spelling, which
// may have its password hidden, and failing that by its host and port.
func (l *loader) dial(c *Cache, n *node) {
	switch {
	case c.Sentinels != nil:
		l.dialServices(c, n)
		return
	case c.Cluster:
		l.dialNodes(c, n)
		return
	}
	taken := map[int]*node{}
	used := map[*node]bool{}
	spelled := c.spelled()
	for i, s := range c.Servers {
		k := firstOf(n.get(s.Spelling), n.get(s.Masked()), n.get(s.Addr))
		if k == nil && len(spelled) == len(c.Servers) {
			k = n.get(spelled[i])
		}
		if k != nil {
			taken[i], used[k] = k, true
			c.endpoints[i].Network, c.endpoints[i].Addr, _ = dialTarget(text(k))
		}
	}
	for _, k := range n.children() {
		if used[k] {
			continue
		}
		hint := "spell it as in location: " + strings.Join(c.Locations(), ", ")
		if near := Nearest(mask(k.name), c.Locations()); near != "" && near != k.name {
			hint = "did you mean " + quote(near) + "?"
		}
		l.fail(k, "not one of the locations, or dialled by another line already", hint)
	}
	// Two shards behind one address would be taken for one server, and bulk
	// work would visit it once.
	for i := range c.Servers {
		for j := range i {
			k := firstOf(taken[i], taken[j])
			if k != nil && c.endpoints[i].Same(c.endpoints[j]) && !endpoint(c.Servers[i]).Same(endpoint(c.Servers[j])) {
				l.fail(k, "two servers are dialled at the same address", "give each its own")
				return
			}
		}
	}
}

// duplicates warns about a server that is listed twice.
func (l *loader) duplicates(c *Cache, n *node) {
	loc := n.get("location")
	for i := range c.Servers {
		first := c.Duplicate(i)
		if first == i {
			continue
		}
		at, which := loc, fmt.Sprintf("server %d is server %d again", i+1, first+1)
		if loc.kind == kindArray && i < len(loc.items) {
			at, which = loc.items[i], "the same server as location["+fmt.Sprint(first)+"]"
		}
		l.warnOf(CodeTwice, at, which+"; it counts as the library counts it, and bulk work visits it once", "list each server once, if the application does")
	}
}
