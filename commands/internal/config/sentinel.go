package config

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/library"
	"cachering/ring"
)

// Sentinels are asked where the master of a service is, or a replica, whenever
// one is dialled: SENTINELS and SENTINEL_KWARGS of django-redis and
// django-valkey, whose locations then name a service in place of a host.
type Sentinels struct {
	Addrs          []string // host:port, in the order of the file
	TLS            bool
	SocketTimeout  time.Duration // 0: no limit was given
	ConnectTimeout time.Duration // 0: no limit was given

	cache  *Cache
	kwargs *node
	tls    tlsSettings
	secret *secretSource
	dial   map[string]string // where to connect instead of an address
}

// Login is what to authenticate with at a sentinel. It may run a
// password_command, once.
func (s *Sentinels) Login(ctx context.Context) (Login, error) {
	password, err := s.secret.get(ctx)
	return Login{Username: text(s.kwargs.get("username")), Password: password}, err
}

// LoginAgain is that of Cache, for a sentinel.
func (s *Sentinels) LoginAgain(ctx context.Context, refused Login) (login Login, changed bool) {
	refused.Password, changed = s.secret.getAgain(ctx, refused.Password)
	return refused, changed
}

// TLSConfig is how a sentinel is spoken to where TLS is set. The host that is
// dialled becomes the name of the server, unless a setting gives one. The error
// is an *Error.
func (s *Sentinels) TLSConfig() (*tls.Config, error) {
	return tlsConfig("", func(name string) tlsSetting { return s.tls[name] },
		func(at tlsSetting, _, msg, hint string, err error) error {
			return &Error{File: s.cache.File, Line: at.at.line, Key: at.at.path(), Msg: msg, Hint: hint, err: err}
		})
}

// Dial is where to connect for an address, of a sentinel or one that it told.
func (s *Sentinels) Dial(addr string) (network, to string) {
	if target, ok := s.dial[addr]; ok {
		network, to, _ = dialTarget(target)
		return network, to
	}
	return "tcp", addr
}

// sentinelFields are SENTINEL_KWARGS, arguments of redis-py for connections to
// sentinels, and where a password may come from.
var sentinelFields = slices.Concat(passwordFields, []field{
	{name: "socket_timeout", kinds: seconds, want: `seconds or "none"`, write: `seconds, such as 5 or 0.5, or "none"`, check: checkSeconds},
	{name: "socket_connect_timeout", kinds: seconds, want: `seconds or "none"`, write: `seconds, such as 5 or 0.5, or "none"`, check: checkSeconds},
	{name: "ssl", kinds: kindBool, write: "true or false"},
	{name: "db", kinds: kindInt, write: "a number", idle: true},
	{name: "client_name", kinds: kindString, write: "it in quotes", idle: true},
	{name: "decode_responses", kinds: kindBool, write: "true or false", idle: true},
	{name: "health_check_interval", kinds: kindInt | kindFloat, write: "seconds, such as 30", idle: true},
	{name: "max_connections", kinds: kindInt, write: "a number, such as 20", check: between(1, 1<<31-1), idle: true},
	{name: "protocol", kinds: kindInt, write: "2 or 3", idle: true},
	{name: "retry_on_timeout", kinds: kindBool, write: "true or false", idle: true},
	{name: "socket_keepalive", kinds: kindBool, write: "true or false", idle: true},
}, tlsFields)

const writeSentinels = `sentinels = [["10.0.0.1", 26379], ["10.0.0.2", 26379]], as SENTINELS in the application`

// checkSentinels wants pairs of a host and a port.
func checkSentinels(n *node) problem {
	wrong := problem{"not a list of hosts and ports", "write " + writeSentinels}
	for _, pair := range n.items {
		if pair.kind != kindArray || len(pair.items) != 2 || text(pair.items[0]) == "" {
			return wrong
		}
		port, ok := pythonInt(pair.items[1].value)
		if kind := pair.items[1].kind; !ok || kind&(kindInt|kindString) == 0 || port < 1 || port > 65535 {
			return wrong
		}
	}
	if len(n.items) == 0 {
		return problem{"no sentinel is given", "write " + writeSentinels}
	}
	return problem{}
}

// sentinels reads who is asked for the address of a master. Whether anybody is
// asked the application says by a connection factory, one for all its caches,
// which a cache may name here and need not: to give sentinels is enough.
func (l *loader) sentinels(c *Cache, n *node, cl library.Client) {
	o := n.get("options")
	factory, list, kwargs := o.get("connection_factory"), o.get("sentinels"), o.get("sentinel_kwargs")
	named := func(class string) bool {
		return slices.ContainsFunc(c.library.Factories, func(before string) bool { return before+class == text(factory) })
	}
	plain := named("ConnectionFactory")
	switch name := text(factory); {
	case c.Cluster:
		// A factory of the application's own is how it gets a client of the cluster.
		if at := firstOf(list, kwargs); at != nil {
			l.fail(at, "the nodes of a cluster tell where its masters are, and no sentinel does", "leave it out")
		}
		return
	case library.Unbuilt(name) != "":
		l.fail(factory, unbuilt(library.Unbuilt(name)), "nothing here reads or writes such a cache")
		return
	case factory != nil && !plain && !named("SentinelConnectionFactory"):
		l.fail(factory, "a connection factory of the application's own is not known here", "leave it out, if location alone tells the servers; if it makes a client of a Redis Cluster, write cluster = true besides")
		return
	case plain && cl.Sentinel:
		l.fail(factory, "SentinelClient does not start with it", "write "+quote(strings.TrimSuffix(name, "ConnectionFactory")+"SentinelConnectionFactory"))
		return
	case plain:
		for _, given := range []*node{list, kwargs} {
			if given != nil {
				l.idle(given, "this connection factory asks no sentinel", "name SentinelConnectionFactory, if that is the application's")
			}
		}
		return
	}
	if list == nil {
		if at := firstOf(kwargs, factory); at != nil || cl.Sentinel {
			l.fail(firstOf(at, o.get("client_class"), n), "sentinels is missing", "write "+writeSentinels)
		}
		return
	}
	if !c.library.At(c.Release).Sentinels {
		l.fail(list, string(c.library.Name)+" "+c.Release+" asks no sentinel", "correct the release, or leave this out")
		return
	}
	s := &Sentinels{cache: c, kwargs: kwargs, secret: l.secretOf(kwargs.children())}
	for _, pair := range list.items {
		port, _ := pythonInt(pair.items[1].value)
		s.Addrs = append(s.Addrs, net.JoinHostPort(text(pair.items[0]), strconv.FormatInt(port, 10)))
	}
	// redis-py passes socket options on to sentinels if these have none at all.
	if s.SocketTimeout, s.ConnectTimeout = c.SocketTimeout, c.ConnectTimeout; kwargs != nil {
		s.SocketTimeout, s.ConnectTimeout = 0, 0
	}
	if v := kwargs.get("socket_timeout"); v != nil {
		s.SocketTimeout = duration(v)
	}
	if v := kwargs.get("socket_connect_timeout"); v != nil {
		s.ConnectTimeout = duration(v)
	}
	s.TLS = isTrue(kwargs.get("ssl"))
	s.tls = l.tlsSettings(kwargs)
	c.Sentinels = s
}

// isTrue reports whether a boolean is there, and true.
func isTrue(n *node) bool { return n != nil && n.value == true }

// services turns servers into what sentinels know: the host of a location is
// the name of a service, is_master of its query tells its master from its
// replicas, and a port means nothing.
func (l *loader) services(c *Cache, n *node) {
	loc := n.get("location")
	ssl := firstOf(n.get("options", "connection_pool_kwargs", "ssl"), n.get("options", "ssl"))
	if c.Sentinels == nil {
		if ssl != nil {
			l.idle(ssl, "without sentinels the location tells it", "write rediss:// in location")
		}
		return
	}
	sentinels := slices.Sorted(slices.Values(c.Sentinels.Addrs))
	for i, s := range c.Servers {
		at, which := loc, ordinal(loc, i)
		if loc.kind == kindArray && i < len(loc.items) {
			at = loc.items[i]
		}
		host, _, _ := net.SplitHostPort(s.Addr)
		_, authority, _ := strings.Cut(s.Spelling, "://")
		authority, _, _ = strings.Cut(authority[strings.LastIndexByte(authority, '@')+1:], "/")
		switch {
		case s.Network != "tcp" || host == "" || authority == "":
			l.fail(at, which+"it names no service", `write "redis://service/db"`)
			return
		case i >= len(c.listed()): // made of one that was looked at
		case strings.ToLower(authority) != authority:
			l.warnOf(CodeLocation, at, which+"the library asks for the service by lower-case letters: "+host, "compare with the names that the sentinels know")
		case s.TLS:
			l.warnOf(CodeLocation, at, which+"beside sentinels the library cannot use rediss://", "write redis:// and "+map[bool]string{true: "options.ssl = true", false: "options.connection_pool_kwargs = {ssl = true}"}[c.library.Arguments]+", as an application has to")
		}
		e := &c.endpoints[i]
		*e = Endpoint{
			Network: "sentinel", Addr: host, DB: s.DB, Sentinels: strings.Join(sentinels, " "),
			TLS: s.TLS || isTrue(ssl), Replica: notMaster(s.Query["is_master"]),
		}
		if e.Replica && (c.Sharded || i == 0) {
			l.fail(at, which+"the application writes there, and is_master makes it a replica", "leave is_master out")
			return
		}
	}
}

// notMaster reads is_master of a URL as to_bool of redis-py does.
func notMaster(text string) bool {
	return slices.Contains([]string{"0", "F", "FALSE", "N", "NO"}, strings.ToUpper(text))
}

// pools are the two locations that SentinelClient makes of one that is a string:
// the master, and the replicas that it reads from. A comma means nothing then.
func pools(location string) []string {
	url, _, _ := strings.Cut(location, "#")
	url, query, _ := strings.Cut(url, "?")
	fields := slices.DeleteFunc(strings.Split(query, "&"), func(field string) bool {
		return field == "" || strings.HasPrefix(field, "is_master=")
	})
	master := url
	if len(fields) > 0 {
		master += "?" + strings.Join(fields, "&")
	}
	return []string{master, url + "?" + strings.Join(append(fields, "is_master=0"), "&")}
}

// dialServices reads where to connect instead of addresses that sentinels have
// or tell. One for a service would go round them, and might lead to a server
// that is its master no more.
func (l *loader) dialServices(c *Cache, n *node) {
	c.Sentinels.dial = map[string]string{}
	for _, k := range n.children() {
		if slices.ContainsFunc(c.Servers, func(s ring.Server) bool { return k.name == s.Spelling || k.name == s.Masked() }) {
			l.fail(k, "the sentinels tell where this is", "write the address of a sentinel, or one that it tells")
			continue
		}
		if network, _, err := dialTarget(k.name); err != "" || network != "tcp" {
			l.fail(k, "not host:port", "write the address of a sentinel, or one that it tells")
			continue
		}
		c.Sentinels.dial[k.name] = text(k)
	}
}

// sentinelSettings shows them as the file has them.
func (c *Cache) sentinelSettings(given func(string, any)) {
	o := c.node.get("options")
	given("options.connection_factory", text(o.get("connection_factory")))
	if list := o.get("sentinels"); list != nil {
		pairs := [][]any{}
		for _, pair := range list.items {
			pairs = append(pairs, []any{pair.items[0].value, pair.items[1].value})
		}
		given("options.sentinels", pairs)
	}
	for _, k := range o.get("sentinel_kwargs").children() {
		switch {
		case slices.Contains(c.ignored, k):
		case c.Sentinels != nil && k == c.Sentinels.secret.from:
			given("options.sentinel_kwargs."+k.name, c.Sentinels.secret.shown())
		case strings.HasPrefix(k.name, "socket_"):
			given("options.sentinel_kwargs."+k.name, limit(duration(k)))
		case !strings.HasPrefix(k.name, "password"):
			given("options.sentinel_kwargs."+k.name, k.value)
		}
	}
	if ssl := o.get("connection_pool_kwargs", "ssl"); ssl != nil {
		given("options.connection_pool_kwargs.ssl", ssl.value)
	}
	if ssl := o.get("ssl"); ssl != nil {
		given("options.ssl", ssl.value)
	}
}

// where is the address of a server for people to see.
func (e Endpoint) where() string {
	if e.Network != "sentinel" {
		return e.Addr
	}
	role := "the master"
	if e.Replica {
		role = "a replica"
	}
	return fmt.Sprintf("%s of %s that a sentinel tells (%s)", role, e.Addr, e.Sentinels)
}
