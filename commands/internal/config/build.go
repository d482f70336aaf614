package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cachering/commands/internal/library"
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
	lib, b := l.backend(n)
	if lib == nil {
		return nil
	}
	l.validate(n, &field{kinds: kindTable, table: schema(lib)})
	if len(l.errs) > failed {
		return nil
	}
	if l.environment(n); len(l.errs) > failed {
		return nil
	}
	cl, ok := l.client(n, lib, b)
	if !ok {
		return nil
	}
	c := &Cache{
		Alias: n.name, File: l.file, Line: n.line, Backend: text(n.get("backend")),
		Sharded: cl.Sharded, Cluster: cl.Cluster, Herd: cl.Herd, pools: cl.Sentinel, first: cl.First, library: lib, backend: b, node: n,
		Version: 1, Timeout: Timeout{After: 300 * time.Second},
	}
	l.plainSettings(c, n)
	c.Release = text(n.get("release"))
	l.sentinels(c, n, cl)
	l.placement(c, n)
	l.timeout(c, n)
	l.codec(c, n.get("options"))
	l.password(c, n)
	o := n.get("options")
	c.tls = l.tlsSettings(o, o.get("connection_pool_kwargs"), o.get("connection_pool_class_kwargs"))
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
	l.keyspace(c, n)
	if v := n.get("version"); v != nil {
		c.Version = v.value.(int64)
	}
	if v := n.get("read_only"); v != nil {
		c.ReadOnly = v.value.(bool)
	}
	c.Confirm = n.get("confirm") != nil
	c.Label = text(n.get("label"))
	l.protect(c, n.get("protect"))
	o := n.get("options")
	if v := o.get("socket_timeout"); v != nil {
		c.SocketTimeout = duration(v)
	}
	if v := o.get("socket_connect_timeout"); v != nil {
		c.ConnectTimeout = duration(v)
	}
	pool := firstOf(o.get(maxConnections), o.get("connection_pool_kwargs", maxConnections), o.get("connection_pool_class_kwargs", maxConnections))
	if pool != nil {
		c.MaxConnections = int(pool.value.(int64))
		if c.MaxConnections == 1 {
			l.warn(pool, "bulk work takes two connections to a server", "write 2, to say so")
		}
	}
	c.Python = text(o.get("python"))
	c.Bulk = bulk(n.get("bulk"))
}

// maxConnections bounds a pool, in options and in URLs.
const maxConnections = "max_connections"

// DjangoKeyFunction is the name by which settings call the default.
const DjangoKeyFunction = "django.core.cache.backends.base.default_key_func"

// keyspace reads how keys become stored keys.
func (l *loader) keyspace(c *Cache, n *node) {
	fn := n.get("key_function")
	function := text(fn)
	if function == DjangoKeyFunction {
		function = ""
	}
	var err error
	c.Keyspace, err = ring.NewKeyspace(text(n.get("key_prefix")), function)
	var te *ring.TemplateError
	switch {
	case err == nil:
	case !strings.ContainsAny(function, "{}"):
		l.fail(fn, "a function cannot be called; its work can be described", "write what it makes of prefix, version and key, such as "+quote(DefaultKeyFunction))
	case errors.As(err, &te):
		l.fail(fn, te.Reason, "write a template such as "+quote(DefaultKeyFunction)+` or "{prefix}:{key|md5}"`)
	}
}

// timeout reads how long entries live. What 0 means is a matter of the release.
func (l *loader) timeout(c *Cache, n *node) {
	if c.Herd {
		c.HerdTimeout, c.HerdModule = 60*time.Second, c.library.HerdModule // CACHE_HERD_TIMEOUT
		if v := n.get("options", "cache_herd_timeout"); v != nil {
			c.HerdTimeout = duration(v)
		}
	}
	l.stampede(c, n.get("options", "stampede_prevention"))
	v := n.get("timeout")
	if c.Traits.IgnoresTimeout {
		c.Timeout = Timeout{Forever: true}
		if v != nil && v.kind != kindString {
			l.idle(v, "set() of this release stores entries for ever unless it is given a timeout", "give --ttl, or correct the release")
		}
		return
	}
	if v == nil {
		return
	}
	if v.kind == kindString {
		c.Timeout = Timeout{Forever: true}
		return
	}
	// int(timeout) of django.core.cache.backends.base cuts fractions off.
	c.Timeout = Timeout{After: duration(v).Truncate(time.Second)}
	switch {
	case c.Timeout.After > 0:
	case c.Timeout.After == 0 && c.Traits.Zero == library.Store, c.Timeout.After < 0 && c.Traits.Negative == library.Store:
		c.Timeout = Timeout{Forever: true}
		l.warn(v, "with this timeout this release stores entries that never expire", `write "none" to say so`)
	default:
		l.warn(v, "with this timeout the library stores nothing", `write "none" for entries that never expire`)
	}
}

func firstOf(nodes ...*node) *node {
	for _, n := range nodes {
		if n != nil {
			return n
		}
	}
	return nil
}

// secretOf notes which of some keys says where a password comes from.
func (l *loader) secretOf(keys []*node) *secretSource {
	s := &secretSource{file: l.file, env: l.env}
	var given []*node
	for _, v := range keys {
		if v.name == "password" || strings.HasPrefix(v.name, "password_") {
			given = append(given, v)
		}
	}
	if len(given) > 1 {
		slices.SortStableFunc(given, func(a, b *node) int { return a.line - b.line })
		l.fail(given[1], fmt.Sprintf("a password is given already by %s on line %d", given[0].name, given[0].line), "keep one of the two")
	}
	if len(given) > 0 {
		s.from = given[0]
	}
	return s
}

// password notes where the password comes from.
func (l *loader) password(c *Cache, n *node) {
	keys := n.get("options").children()
	if v := n.get("password"); v != nil {
		keys = append([]*node{v}, keys...)
	}
	c.secret = l.secretOf(keys)
	from := c.secret.from
	wanted := slices.ContainsFunc(c.Servers, func(s ring.Server) bool { return !c.ownLogin(s) })
	if from == nil && wanted && l.env(EnvPassword) != "" {
		c.secret.otherwise = EnvPassword
	}
	if from != nil && len(c.Servers) > 0 && !wanted {
		if c.library.URLLogin {
			l.idle(from, "every location is a URL, and a URL's own password, or none, is used", "write the password into the URLs, or the servers as host:port, as the application does")
		} else {
			l.idle(from, "every location brings its own password", "leave one of the two out")
		}
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
				c.ignored = append(c.ignored, k)
			} else if i >= 0 && fields[i].table != nil {
				walk(k, fields[i].table)
			}
		}
	}
	walk(n, schema(c.library))
}
