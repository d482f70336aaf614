package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"cachering/codec"
	"cachering/ring"
)

// cache checks one table of caches and makes a Cache of it; nil if anything in
// it is wrong. The steps that relate keys to each other run only on a table
// whose shape is right.
func (l *loader) cache(n *node) *Cache {
	if n.kind != kindTable {
		l.wrongType(n, fileField.table[0].each)
		return nil
	}
	failed := len(l.errs)
	b, ok := l.backend(n)
	if !ok {
		return nil
	}
	l.validate(n, &field{kinds: kindTable, table: cacheFields})
	if len(l.errs) > failed {
		return nil
	}
	c := &Cache{
		Alias: n.name, File: l.file, Line: n.line, Backend: text(n.get("backend")),
		Sharded: b.sharded, node: n, loader: l,
		Version: 1, Timeout: Timeout{After: 300 * time.Second},
		Protect: []string{"django.contrib.sessions*"},
	}
	l.plainSettings(c, n)
	l.placement(c, n, b)
	l.codec(c, n.get("options"))
	l.password(c, n)
	if len(l.errs) > failed {
		return nil
	}
	l.dial(c, n.get("dial"))
	l.duplicates(c, n)
	if len(l.errs) > failed {
		return nil
	}
	l.ignored(c, n)
	return c
}

// text is the string of a node, empty if there is none.
func text(n *node) string {
	if n == nil {
		return ""
	}
	s, _ := n.value.(string)
	return s
}

// plainSettings reads what stands for itself.
func (l *loader) plainSettings(c *Cache, n *node) {
	c.Keyspace = ring.Keyspace{Prefix: text(n.get("key_prefix"))}
	if v := n.get("version"); v != nil {
		c.Version = v.value.(int64)
	}
	if v := n.get("read_only"); v != nil {
		c.ReadOnly = v.value.(bool)
	}
	if v := n.get("protect"); v != nil {
		c.Protect = []string{}
		for _, item := range v.items {
			c.Protect = append(c.Protect, item.value.(string))
		}
	}
	if v := n.get("timeout"); v != nil {
		// int(timeout) of django.core.cache.backends.base cuts fractions off.
		c.Timeout = Timeout{After: duration(v).Truncate(time.Second)}
		if v.kind == kindString {
			c.Timeout = Timeout{Forever: true}
		} else if c.Timeout.After <= 0 {
			l.warn(v, "with this timeout the library stores nothing", `write "none" for entries that never expire`)
		}
	}
	o := n.get("options")
	if v := o.get("socket_timeout"); v != nil {
		c.SocketTimeout = duration(v)
	}
	if v := o.get("socket_connect_timeout"); v != nil {
		c.ConnectTimeout = duration(v)
	}
	if v := o.get("connection_pool_class_kwargs", "max_connections"); v != nil {
		c.PoolSize = int(v.value.(int64))
	}
	c.Python = text(o.get("python"))

	b := n.get("bulk")
	if v := b.get("rate"); v != nil {
		c.Bulk.Rate = v.value.(int64)
	}
	if v := b.get("batch"); v != nil {
		c.Bulk.Batch = int(v.value.(int64))
	}
	if v := b.get("max_deletes"); v != nil {
		c.Bulk.MaxDeletes = maxDeletes(v)
	}
	if v := b.get("no_progress"); v != nil {
		c.Bulk.NoProgress = v.value.(bool)
	}
}

// placement reads everything that decides on which server a key lives.
func (l *loader) placement(c *Cache, n *node, b backend) {
	failed := len(l.errs)
	l.ring(c, n, b)
	opts := ring.Options{Library: b.library, Release: c.Release, Python: l.python(c, n.get("options", "python"))}
	opts.DB, opts.DBSet = l.database(n)
	if len(l.errs) > failed {
		return
	}
	c.Side = ring.SideKeysOf(b.library, c.Release)
	if c.Release == "" && b.sharded {
		_, newest := c.Ring.Releases()
		c.Side = ring.SideKeysOf(b.library, newest)
	}
	l.servers(c, n, opts)
	if len(l.errs) > failed {
		return
	}
	place, err := ring.New(c.Ring, c.Servers)
	if err == nil && !b.sharded {
		c.Master = l.master(c, n.get("options", "master_cache"), opts)
		place, err = place.WithWriter(c.Master, ring.ReadAny)
	}
	if err != nil {
		l.fail(n.get("location"), err.Error(), "compare with LOCATION of the application")
		return
	}
	c.Place = place
	if m := n.get("options", "master_cache"); m != nil && b.sharded {
		if c.Ring == ring.RedisCache10 || c.Ring == ring.RedisCache10x32 {
			l.fail(m, "a master of the sharded class of releases before 1.2 is not supported yet", "leave it out to work by the ring alone")
			return
		}
		c.Ignored = append(c.Ignored, m.path())
	}
}

// ring chooses the ring by options.ring, else by the release.
func (l *loader) ring(c *Cache, n *node, b backend) {
	rel, name := n.get("release"), n.get("options", "ring")
	c.Release = text(rel)
	byRelease, relErr := ring.ForRelease(b.library, c.Release)
	if rel != nil && relErr != nil {
		l.fail(rel, "unknown release of "+string(b.library), "known are "+strings.Join(releases(b.library), ", "))
		return
	}
	switch {
	case !b.sharded && name != nil:
		l.fail(name, "this backend does not shard, so it has no ring", "leave it out, or write backend = "+quote(backendSharded))
	case !b.sharded:
		c.Ring = ring.Plain
	case name != nil:
		c.Ring = ring.Name(text(name))
		var names []string
		for _, known := range ring.Names() {
			if known.Library() == b.library {
				names = append(names, string(known))
			}
		}
		if p := oneOf(names...)(name); p.msg != "" {
			l.fail(name, "not a ring of "+string(b.library), p.hint)
			return
		}
		// The 32-bit ring is that of the same releases on another Python.
		if rel != nil && byRelease != c.Ring && c.Ring != byRelease+"-32bit" {
			l.warn(name, "release "+quote(c.Release)+" has the ring "+string(byRelease)+"; the one named here is used", "leave one of the two out")
		}
	case rel == nil:
		l.fail(n, "release is missing, and the ring depends on it", "write release = \"3.0.1\" with what pip show "+string(b.library)+" says")
	default:
		c.Ring = byRelease
	}
}

// releases lists the ranges of a library that have a ring each.
func releases(lib ring.Library) []string {
	var list []string
	for _, name := range ring.Names() {
		from, to := name.Releases()
		if span := from + " to " + to; name.Library() == lib && !slices.Contains(list, span) {
			list = append(list, span)
		}
	}
	return list
}

// python reads how labels print.
func (l *loader) python(c *Cache, n *node) ring.Python {
	switch p := ring.Python(c.Python); {
	case p == ring.Python2Str || p == ring.Python2Unicode:
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
			l.warn(opt, "without effect: the library prefers db of the cache", "leave one of the two out")
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

const locationForms = `write "host:port", "redis://host:port/db", "/path/to.sock" or "unix:///path/to.sock"`

// servers reads location.
func (l *loader) servers(c *Cache, n *node, opts ring.Options) {
	loc := n.get("location")
	if loc == nil {
		l.fail(n, "location is missing", `write location = ["10.0.0.1:6379"], as in CACHES`)
		return
	}
	var entries []string
	at := func(int) *node { return loc }
	if loc.kind == kindString {
		var err error
		if entries, err = ring.Split(c.Ring, text(loc), opts); err != nil {
			l.location(loc, "", err)
			return
		}
	} else {
		for _, item := range loc.items {
			entries = append(entries, text(item))
		}
		at = func(i int) *node { return loc.items[i] }
	}
	if len(entries) == 0 || len(entries) == 1 && entries[0] == "" {
		l.fail(loc, "no server is given", `write location = ["10.0.0.1:6379"], as in CACHES`)
		return
	}
	if !c.Sharded && strings.HasPrefix(c.Release, "1.0") && len(entries) > 1 {
		l.fail(loc, "RedisCache of releases before 1.1 takes one server", "write one")
		return
	}
	for i, entry := range entries {
		s, err := ring.ParseServer(c.Ring, entry, opts)
		if err != nil {
			l.location(at(i), ordinal(loc, i), err)
			continue
		}
		for _, w := range s.Warnings {
			l.warn(at(i), ordinal(loc, i)+w, "compare with LOCATION of the application")
		}
		for name := range s.Query {
			if strings.HasPrefix(name, "ssl") {
				l.fail(at(i), ordinal(loc, i)+"TLS settings in a URL are not supported yet", "leave them out, if the ring does not depend on them")
			}
		}
		c.Servers = append(c.Servers, s)
		c.endpoints = append(c.endpoints, endpoint(s))
	}
}

// ordinal tells which entry of a location that is one string is meant; the key
// path tells it for an array.
func ordinal(loc *node, i int) string {
	if loc.kind == kindArray {
		return ""
	}
	return fmt.Sprintf("server %d: ", i+1)
}

func (l *loader) location(n *node, which string, err error) {
	var le *ring.LocationError
	if errors.As(err, &le) {
		l.fail(n, which+printable(le.Reason), locationForms)
		return
	}
	l.fail(n, which+"not a server", locationForms)
}

func endpoint(s ring.Server) Endpoint {
	e := Endpoint{Network: s.Network, Addr: s.Addr, TLS: s.TLS, DB: s.DB}
	if s.TLS {
		e.ServerName, _, _ = net.SplitHostPort(s.Addr)
	}
	return e
}

// master finds the server that a RedisCache writes to. The library looks it up
// by its tuple, which fails for another spelling of the same server, and for
// rediss:// and unix:// always (get_master_client, before 1.5.3 for any URL).
func (l *loader) master(c *Cache, n *node, opts ring.Options) int {
	if n == nil {
		if len(c.Servers) > 1 {
			loc := c.node.get("location")
			l.warn(loc, "RedisCache does not shard: every write goes to "+c.Servers[0].Masked(), "write backend = "+quote(backendSharded)+" if the application shards")
		}
		return 0
	}
	entry := text(n)
	s, err := ring.ParseServer(c.Ring, entry, opts)
	if err != nil {
		l.location(n, "", err)
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

// serializers and compressors map the classes of django-redis-cache to the
// names of CODEC.
var (
	serializers = map[string]string{
		"redis_cache.serializers.PickleSerializer":  "pickle",
		"redis_cache.serializers.JSONSerializer":    "json",
		"redis_cache.serializers.MSGPackSerializer": "msgpack",
		"redis_cache.serializers.YAMLSerializer":    "yaml",
		"redis_cache.serializers.DummySerializer":   "dummy",
	}
	compressors = map[string]string{
		"redis_cache.compressors.NoopCompressor":  "none",
		"redis_cache.compressors.ZLibCompressor":  "zlib",
		"redis_cache.compressors.BZip2Compressor": "bz2",
	}
)

// codec reads how values became bytes.
func (l *loader) codec(c *Cache, o *node) {
	failed := len(l.errs)
	ser, okS := choose(l, o, "serializer", serializers, []string{"pickle", "json", "msgpack", "yaml", "dummy"}, codec.Serializers())
	com, okC := choose(l, o, "compressor", compressors, []string{"none", "zlib", "bz2", "gzip", "lzma", "lz4", "zstd"}, codec.Compressors())
	if !okS || !okC {
		return
	}
	spec := ser
	if ser == "pickle" {
		c.Codec.Protocol = l.protocol(c, o)
		if c.Codec.Protocol != codec.AnyProtocol {
			spec += fmt.Sprintf(":%d", c.Codec.Protocol)
		}
	}
	spec += "+" + com
	kwargs := o.get("compressor_class_kwargs")
	for _, k := range kwargs.children() {
		want := map[string]string{"zlib": "level", "bz2": "compresslevel"}[com]
		switch {
		case want == "":
			l.fail(k, "compressor "+com+" takes no "+k.name, "leave it out, or choose a compressor")
		case k.name != want:
			l.fail(k, "compressor "+com+" takes no "+k.name, "write "+want)
		case k.value != int64(-1): // zlib's own spelling of its default
			spec += fmt.Sprintf(":%d", k.value)
		}
	}
	if len(l.errs) > failed {
		return
	}
	parsed, err := codec.Parse(spec, codec.Codec{})
	if err != nil {
		var se *codec.SpecError
		msg := err.Error()
		if errors.As(err, &se) {
			msg = se.Reason
		}
		l.fail(firstOf(kwargs, o, c.node), msg, "write level = 6, the default")
		return
	}
	c.Codec = parsed
}

// protocol resolves pickle_version. The argument of the serializer class comes
// before the option (get_serializer_class_kwargs of django-redis-cache).
func (l *loader) protocol(c *Cache, o *node) int {
	v, short := o.get("serializer_class_kwargs", "pickle_version"), o.get("pickle_version")
	if v == nil {
		v = short
	} else if short != nil {
		l.warn(short, "without effect: the library prefers serializer_class_kwargs.pickle_version", "leave one of the two out")
	}
	want := int64(-1)
	if v != nil {
		want, _ = pythonInt(v.value)
	}
	highest := codec.AnyProtocol
	if c.Python != "" {
		highest = highestProtocol(c.Python)
	}
	if want < 0 {
		return highest
	}
	if highest != codec.AnyProtocol && want > int64(highest) {
		l.fail(v, fmt.Sprintf("Python %s writes pickle protocols up to %d", c.Python, highest), fmt.Sprintf("write %d or less, or correct options.python", highest))
	}
	return int(want)
}

// choose reads an option that has a short form and the library's long one.
func choose[T ~string](l *loader, o *node, name string, classes map[string]string, names []string, built []T) (string, bool) {
	short, long := o.get(name), o.get(name+"_class")
	if short != nil && long != nil {
		l.fail(laterOf(short, long), fmt.Sprintf("%s and %s_class are the same setting, and both are given", name, name), "keep one of the two")
		return "", false
	}
	n, value := short, text(short)
	if long != nil {
		n = long
		var ok bool
		if value, ok = classes[text(long)]; !ok {
			var known []string
			for class := range classes {
				known = append(known, class)
			}
			slices.Sort(known)
			hint := "known are " + strings.Join(known, ", ")
			if near := nearest(text(long), known); near != "" {
				hint = "did you mean " + quote(near) + "?"
			}
			l.fail(n, "unknown class", hint)
			return "", false
		}
	}
	if n == nil {
		return map[string]string{"serializer": "pickle", "compressor": "none"}[name], true
	}
	if long == nil && classes[value] != "" {
		l.fail(n, "a class name belongs in "+name+"_class", "write "+name+" = "+quote(classes[value]))
		return "", false
	}
	if p := oneOf(names...)(n); long == nil && p.msg != "" {
		l.fail(n, "unknown "+name, p.hint)
		return "", false
	}
	if !slices.Contains(built, T(value)) {
		var supported []string
		for _, b := range built {
			supported = append(supported, string(b))
		}
		l.fail(n, name+" "+value+" is not supported yet", "supported are "+strings.Join(supported, ", "))
		return "", false
	}
	return value, true
}

// laterOf is the one of two nodes that comes second in the file.
func laterOf(a, b *node) *node {
	if a.line > b.line {
		return a
	}
	return b
}

func firstOf(nodes ...*node) *node {
	for _, n := range nodes {
		if n != nil {
			return n
		}
	}
	return nil
}

// password notes where the password comes from.
func (l *loader) password(c *Cache, n *node) {
	var given []*node
	if v := n.get("password"); v != nil {
		given = append(given, v)
	}
	for _, v := range n.get("options").children() {
		if v.name == "password" || strings.HasPrefix(v.name, "password_") {
			given = append(given, v)
		}
	}
	c.secret = &secretSource{file: l.file, env: l.env}
	switch len(given) {
	case 0:
		return
	case 1:
		c.secret.from = given[0]
	default:
		slices.SortStableFunc(given, func(a, b *node) int { return a.line - b.line })
		l.fail(given[1], fmt.Sprintf("a password is given already by %s on line %d", given[0].name, given[0].line), "keep one of the two")
		return
	}
	if len(c.Servers) > 0 && !slices.ContainsFunc(c.Servers, func(s ring.Server) bool { return !s.URL }) {
		l.warn(given[0], "without effect: every location is a URL, and a URL's own password, or none, is used", "write the password into the URLs, or the servers as host:port, as the application does")
	}
}

// dial reads where to connect instead.
func (l *loader) dial(c *Cache, n *node) {
	taken := map[int]*node{}
	for _, k := range n.children() {
		found := false
		for i, s := range c.Servers {
			if k.name != s.Spelling && k.name != s.Masked() && k.name != s.Addr {
				continue
			}
			found = true
			if other := taken[i]; other != nil {
				l.fail(k, fmt.Sprintf("the same server is dialled already by line %d", other.line), "keep one of the two")
				continue
			}
			taken[i] = k
			c.endpoints[i].Network, c.endpoints[i].Addr, _ = dialTarget(text(k))
		}
		if !found {
			hint := "spell it as in location: " + strings.Join(c.Locations(), ", ")
			if near := nearest(mask(k.name), c.Locations()); near != "" {
				hint = "did you mean " + quote(near) + "?"
			}
			l.fail(k, "not one of the locations", hint)
		}
	}
	// Two shards behind one address would be taken for one server, and bulk
	// work would visit it once.
	for i := range c.Servers {
		for j := range i {
			same := func(a, b Endpoint) bool { return a.Network == b.Network && a.Addr == b.Addr && a.DB == b.DB }
			k := firstOf(taken[i], taken[j])
			if k != nil && same(c.endpoints[i], c.endpoints[j]) && !same(endpoint(c.Servers[i]), endpoint(c.Servers[j])) {
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
		if loc.kind == kindArray {
			at, which = loc.items[i], "the same server as location["+fmt.Sprint(first)+"]"
		}
		l.warn(at, which+"; it counts as the library counts it, and bulk work visits it once", "list each server once, if the application does")
	}
}

// ignored gathers the options that the library has and that change nothing
// here.
func (l *loader) ignored(c *Cache, n *node) {
	var walk func(n *node, fields []field)
	walk = func(n *node, fields []field) {
		for _, k := range n.children() {
			i := slices.IndexFunc(fields, func(f field) bool { return f.name == k.name })
			if i >= 0 && fields[i].idle {
				c.Ignored = append(c.Ignored, k.path())
			} else if i >= 0 && fields[i].table != nil {
				walk(k, fields[i].table)
			}
		}
	}
	walk(n, cacheFields)
	for i, s := range c.Servers {
		if s.URL && s.Username != "" {
			l.warn(n.get("location"), fmt.Sprintf("the user name of server %d is not used, as the library does not use it", i+1), "leave it out, if the ring does not depend on it")
		}
	}
}
