package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"cachering/commands/internal/library"
	"cachering/ring"
)

// placement reads everything that decides on which server a key lives.
func (l *loader) placement(c *Cache, n *node) {
	failed, lib := len(l.errs), c.library
	l.ring(c, n)
	if c.release = c.Release; c.release == "" {
		c.release = lib.LastOf(c.Ring)
	}
	c.Traits = lib.At(c.release)
	c.Keyspace.BareFalsy = c.Traits.BareFalsy
	opts := ring.Options{Library: lib.Name, Release: c.Release, Python: l.python(c, n.get("options", "python")), Valkey: c.backend.Valkey}
	opts.DB, opts.DBSet = l.database(n)
	c.db = lib.DB
	if opts.DBSet {
		c.db = opts.DB
	}
	if len(l.errs) > failed {
		return
	}
	l.servers(c, n, opts)
	if len(l.errs) == failed {
		l.services(c, n)
	}
	if len(l.errs) > failed {
		return
	}
	if c.Cluster {
		l.seeds(c, n)
		return
	}
	place, err := ring.New(c.Ring, c.Servers)
	if err == nil && !c.Sharded {
		c.Master = l.master(c, n.get("options", "master_cache"), opts)
		place, err = place.WithWriter(c.Master, lib.Reads)
	}
	if err != nil {
		l.fail(n.get("location"), err.Error(), "compare with LOCATION of the application")
		return
	}
	c.Place = place
	if m := n.get("options", "master_cache"); m != nil && c.Sharded {
		_, span := library.OfRing(c.Ring)
		switch {
		case c.Release == "" && lib.At(span.From).WritesToMaster:
			l.fail(m, "whether writes go there depends on the release: those from "+span.From+" on do", "write release = "+quote(span.From)+", or what pip show says")
		case c.Traits.WritesToMaster:
			l.writeMaster(c, m, opts)
		default:
			c.ignored = append(c.ignored, m)
		}
	}
}

// writeMaster reads the master of the sharded class of 1.0, which takes every
// write while keys are read by the ring: the servers of location are its
// replicas. It may be one of them, in any spelling that has its tuple.
func (l *loader) writeMaster(c *Cache, n *node, opts ring.Options) {
	servers, master, err := ring.Master(c.Servers, text(n), opts)
	if err == nil && servers[master].Unusable != "" {
		l.fail(n, servers[master].Unusable, c.Traits.LocationForms)
		return
	}
	if err == nil && master == len(c.Servers) {
		c.endpoints, c.outside = append(c.endpoints, endpoint(servers[master])), true
	}
	if err == nil {
		c.Servers, c.Master = servers, master
		c.Place, err = c.Place.WithMaster(servers, master)
	}
	if err != nil {
		l.location(c, n, "", err)
	}
}

// ring chooses the ring by options.ring, else by the release.
func (l *loader) ring(c *Cache, n *node) {
	lib := c.library
	rel, name := n.get("release"), n.get("options", "ring")
	c.Release = text(rel)
	byRelease := lib.Ring(c.Release)
	if rel != nil && !lib.Known(c.Release, c.Sharded) {
		hint := "known are " + strings.Join(lib.Ranges(c.Sharded), ", ")
		if c.Sharded {
			hint += "; if it has one of these rings, write options.ring and leave release out"
		}
		l.fail(rel, "unknown release of "+string(lib.Name), hint)
		return
	}
	if !c.backend.Has(c.Release) {
		l.fail(rel, string(lib.Name)+" "+c.Release+" has no class "+c.Backend, "correct the release, or the backend")
		return
	}
	if lib.Newer(c.Release) {
		l.warn(rel, "the newest release of "+string(lib.Name)+" that is known here is "+lib.Newest()+"; "+quote(c.Release)+" is taken to be like it",
			"see in its release notes whether keys or values changed")
	}
	if only := lib.Only(); only != "" && rel == nil && name == nil {
		byRelease, rel = lib.Ring(only), n
	}
	switch {
	case !c.Sharded && name != nil:
		shard := "a client_class that shards"
		if class := lib.Sharding(); class != "" {
			shard = "backend = " + quote(class)
		}
		l.fail(name, "this backend does not shard, so it has no ring", "leave it out, or write "+shard)
	case !c.Sharded:
		c.Ring = ring.Plain
	case name != nil:
		c.Ring = ring.Name(text(name))
		var names []string
		for _, known := range lib.Rings() {
			names = append(names, string(known))
		}
		if p := oneOf(names...)(name); p.msg != "" {
			l.fail(name, "not a ring of "+string(lib.Name), p.hint)
			return
		}
		if rel != nil && !lib.HasRing(c.Release, c.Ring) {
			l.warn(name, "release "+quote(c.Release)+" has the ring "+string(byRelease)+"; the one named here is used", "leave one of the two out")
		}
	case rel == nil:
		l.fail(n, "release is missing, and the ring depends on it", "write release = "+quote(lib.Newest())+" with what pip show "+string(lib.Name)+" says")
	default:
		c.Ring = byRelease
	}
}

// python reads how labels print.
func (l *loader) python(c *Cache, n *node) ring.Python {
	if !c.library.PrintsLabels {
		if c.library.Python2 && c.Python != "" && !python2(c.Python) {
			l.fail(n, string(c.library.Name)+" runs on Python 2 only", `leave it out, or write "2-str"`)
		}
		return ring.Python(c.Python) // no label depends on it
	}
	switch p := ring.Python(c.Python); {
	case p == ring.Python2Str || p == ring.Python2Unicode:
		if strings.HasPrefix(c.Release, "3.") {
			l.warn(n, string(c.library.Name)+" "+c.Release+" does not run on Python 2", "correct this or the release: both decide where keys live")
		}
		return p
	case !python2(c.Python):
		return p
	case c.Sharded:
		l.fail(n, "Python 2 names servers in two ways, and keys move with them",
			`write "2-str" if the strings of LOCATION are plain, "2-unicode" if they are u'' or under unicode_literals`)
	}
	return ring.Python2Str
}

// database reads DB as get_db of django-redis-cache does: the lower-case entry
// of the settings before OPTIONS, through int().
func (l *loader) database(n *node) (db int, set bool) {
	top, opt := n.get("db"), n.get("options", "db")
	v := opt
	if top != nil {
		v = top
		if opt != nil {
			l.idle(opt, "the library prefers db of the cache", "leave one of the two out")
		}
	}
	if v == nil {
		return 0, false
	}
	i, ok := pythonInt(v.value)
	if !ok || i > math.MaxInt32 || i < math.MinInt32 {
		l.fail(v, "not the number of a database", "write a number, such as 1")
		return 0, false
	}
	if i < 0 {
		l.fail(v, fmt.Sprintf("there is no database %d", i), "write a number, such as 1")
		return 0, false
	}
	if v.kind == kindFloat || v.kind == kindBool {
		l.warn(v, fmt.Sprintf("read as %d, as the library reads it", i), fmt.Sprintf("write %d", i))
	}
	return int(i), true
}

// servers reads location.
func (l *loader) servers(c *Cache, n *node, opts ring.Options) {
	loc := n.get("location")
	if loc == nil {
		l.fail(n, "location is missing", "write location = ["+c.library.Example+"], as in CACHES, or location_env = \"REDIS_URL\"")
		return
	}
	var entries []string
	at := func(int) *node { return loc }
	if loc.kind == kindString && c.pools && !c.first {
		entries = pools(text(loc))
	} else if loc.kind == kindString {
		var err error
		if entries, err = ring.Split(c.Ring, text(loc), opts); err != nil {
			l.location(c, loc, "", err)
			return
		}
	} else {
		for _, item := range loc.items {
			entries = append(entries, text(item))
		}
		at = func(i int) *node { return loc.items[i] }
		if defaults, err := ring.Entries(c.Ring, entries); err == nil && len(entries) == 0 {
			entries, at = defaults, func(int) *node { return loc }
		}
	}
	if c.first && len(entries) > 0 {
		if len(entries) > 1 && c.Traits.OneService {
			l.fail(loc, "a class that asks sentinels takes one location", "write one")
			return
		}
		if len(entries) > 1 {
			l.idle(loc, "of several locations this class uses the first alone", "write that one")
		}
		entries, at = pools(entries[0]), func(int) *node { return loc }
	}
	if len(entries) == 0 || len(entries) == 1 && entries[0] == "" {
		l.fail(loc, "no server is given", "write location = ["+c.library.Example+"], as in CACHES")
		return
	}
	if !c.Sharded && c.Traits.OneServer && len(entries) > 1 {
		l.fail(loc, strings.TrimSpace(c.Backend[strings.LastIndexByte(c.Backend, '.')+1:]+" of release "+c.Release)+" takes one server", "write one")
		return
	}
	for i, entry := range entries {
		s, err := ring.ParseServer(c.Ring, entry, opts)
		if err != nil {
			l.location(c, at(i), ordinal(loc, i), err)
			continue
		}
		if s.Unusable != "" {
			l.fail(at(i), ordinal(loc, i)+s.Unusable, c.Traits.LocationForms)
			continue
		}
		for _, w := range s.Warnings {
			l.warnOf(CodeLocation, at(i), ordinal(loc, i)+w, "compare with LOCATION of the application")
		}
		if text, given := s.Query[maxConnections]; given {
			if n, ok := pythonInt(text); !ok || n < 1 || n > math.MaxInt32 {
				l.fail(at(i), ordinal(loc, i)+maxConnections+" is not a number of connections", "write one, such as 20")
			}
		}
		for name := range s.Query {
			if strings.HasPrefix(name, "ssl") && !slices.Contains(tlsOptions, name) {
				l.fail(at(i), ordinal(loc, i)+name+" is not supported yet", "leave it out, if the ring does not depend on it; supported are "+strings.Join(tlsOptions, ", "))
			}
		}
		if s.TLS && s.Query["ssl_cert_reqs"] == "none" {
			l.warnOf(CodeCertificate, at(i), ordinal(loc, i)+unchecked, "leave ssl_cert_reqs out, and name the authority that signed them in ssl_ca_certs")
		}
		c.Servers = append(c.Servers, s)
		c.endpoints = append(c.endpoints, endpoint(s))
	}
}

// ordinal tells which entry of a location that is one string is meant; the key
// path tells it for an array.
func ordinal(loc *node, i int) string {
	if loc.kind == kindArray && i < len(loc.items) {
		return ""
	}
	return fmt.Sprintf("server %d: ", i+1)
}

func (l *loader) location(c *Cache, n *node, which string, err error) {
	var le *ring.LocationError
	if errors.As(err, &le) {
		l.fail(n, which+printable(le.Reason), c.Traits.LocationForms)
		return
	}
	l.fail(n, which+"not a server", c.Traits.LocationForms)
}

// master finds the server that a RedisCache writes to. The library looks it up
// by its tuple, which fails for another spelling of the same server, and for
// rediss:// and unix:// always (get_master_client, before 1.5.3 for any URL).
func (l *loader) master(c *Cache, n *node, opts ring.Options) int {
	if n == nil {
		if len(c.Servers) > 1 && c.library.Has("master_cache") {
			loc := c.node.get("location")
			if unordered(c.Python) {
				l.warnOf(CodeSeveral, loc, "the master is the first in the order of a dictionary, which is arbitrary before Python 3.6; the first location is taken", "name it by options.master_cache, here and in the application")
			}
			l.warnOf(CodeSeveral, loc, "RedisCache does not shard: every write goes to "+c.Servers[0].Masked(), "write backend = "+quote(c.library.Sharding())+" if the application shards")
		}
		return 0
	}
	entry := text(n)
	s, err := ring.ParseServer(c.Ring, entry, opts)
	if err != nil {
		l.location(c, n, "", err)
		return 0
	}
	if scheme, _, ok := strings.Cut(strings.ToLower(entry), "://"); ok && scheme != "redis" {
		l.fail(n, "the library cannot use a "+scheme+":// server as master", "put the server first in location instead, and leave master_cache out")
		return 0
	}
	for i, o := range c.Servers {
		if o.Label == s.Label {
			return i
		}
	}
	l.fail(n, "not one of the locations", "spell it as in location: "+strings.Join(c.Locations(), ", "))
	return 0
}
