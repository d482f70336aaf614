package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cachering/codec"
	"cachering/commands/internal/document"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// File is a configuration that was found to be right.
type File struct {
	Path     string
	SHA256   string   // of its text, in hex
	RunLog   string   // run_log: where commands that write say so; "" is nowhere
	Caches   []*Cache // in file order; at least one
	Warnings []Warning
}

// Cache is one entry of CACHES as the application's library understands it.
// Whatever could be checked without a connection has been. It prints without
// its passwords, whatever verb prints it.
type Cache struct {
	Alias   string
	File    string // path of the configuration file
	Line    int    // where the cache begins in it
	Backend string // dotted name
	Release string // of the library; empty when options.ring stands for it

	Ring    ring.Name // ring.Plain when the backend does not shard
	Sharded bool      //
	// Cluster tells that the servers are nodes of a Redis Cluster. Those of a
	// configuration are seeds, who tell the others; WithMasters has those that keep keys.
	Cluster bool
	Place   *ring.Ring    // which server a key lives on; the same Servers, in the same order
	Servers []ring.Server // in configuration order, those listed twice included
	Master  int           // the server that takes every write, where Place has a Writer

	Traits   library.Traits // what the release does
	Keyspace ring.Keyspace
	Version  int64
	Timeout  Timeout
	ReadOnly bool
	Confirm  bool     // a run that deletes wants the alias
	Label    string   // stands first in every question; may be empty
	Protect  []string // what bulk deletes and expiries spare: patterns of keys, and @ with the name of an area or loss

	Codec  codec.Codec // Protocol is codec.AnyProtocol when the file does not tell it; see ProtocolKnown
	Python string      // of the application, as written; may be empty

	// Herd tells that values are wrapped with their deadline, and kept for
	// HerdTimeout longer than that (HerdClient). HerdModule is where the class
	// is that marks them.
	Herd        bool
	HerdTimeout time.Duration
	HerdModule  string

	// Buffer is how much longer than the application says the server keeps entries that have
	// an expiry; it takes one for missing that has no more than this left
	// (stampede_prevention of django-cachex). Kept and Left count with it.
	Buffer time.Duration

	SocketTimeout  time.Duration // 0: no limit was given
	ConnectTimeout time.Duration // 0: no limit was given
	// MaxConnections is how many connections to one server there may be, where
	// its location does not say; 0: as many as are of use.
	MaxConnections int
	Bulk           Bulk

	Sentinels *Sentinels // who tells where servers are; nil: locations do

	nodes map[string]string // of a cluster: where to connect instead of an address
	found bool              // of a cluster: the servers are its masters

	library        *library.Library
	backend        library.Backend
	release        string // Release, or the newest it can be
	outside        bool   // the last server is a master that location does not have
	pools          bool   // a location that is a string stands for master and replicas (SentinelClient)
	first          bool   // so does the first location, which is the only one that counts
	tls            tlsSettings
	endpoints      []Endpoint
	secret         *secretSource
	node           *node
	ignored        []*node // options without effect here
	db             int     // of servers that do not name their own
	compressMinLen bool    // that option, and not a compressor, is what compresses
	pickleVersion  int     // as given, before -1 is resolved
}

// Library is what is known of the library that the backend is a class of.
func (c *Cache) Library() *library.Library { return c.library }

// Timeout is how long entries live that are stored without saying how long.
type Timeout struct {
	Forever bool
	After   time.Duration // if not Forever; 0 and less store nothing
}

// String is what the configuration would say.
func (t Timeout) String() string {
	if t.Forever {
		return "none"
	}
	return strconv.FormatInt(int64(t.After/time.Second), 10)
}

// Endpoint is where a server is really dialled.
type Endpoint struct {
	Network    string // "tcp", "unix", or "sentinel"
	Addr       string // host:port, the path of a socket, or the name of a service
	TLS        bool
	ServerName string // of the certificate: the host of the location, even where dial leads elsewhere
	DB         int
	Sentinels  string // who knows the service, in an order of its own
	Replica    bool   // one of the service's replicas, and not its master
}

// Same reports whether two are one server and database.
func (e Endpoint) Same(o Endpoint) bool {
	return e.Network == o.Network && e.Addr == o.Addr && e.DB == o.DB && e.Sentinels == o.Sentinels && e.Replica == o.Replica
}

// Endpoint tells where the server of that index is dialled.
func (c *Cache) Endpoint(server int) Endpoint { return c.endpoints[server] }

// Connections is how many connections there may be to a server; 0: as many as
// are of use. A location says it before the options, as in from_url of redis-py.
func (c *Cache) Connections(server int) int {
	if text := c.Servers[server].Query[maxConnections]; text != "" {
		n, _ := pythonInt(text)
		return int(n)
	}
	return c.MaxConnections
}

// ProtocolKnown reports whether the file tells which pickle protocol the
// application writes. It does not when that depends on the application's
// Python, as pickle_version = -1 does, and options.python is not given.
func (c *Cache) ProtocolKnown() bool {
	return c.Codec.Serializer != codec.Pickle || c.Codec.Protocol != codec.AnyProtocol
}

// ProtocolError is the error of a command that has to write values when
// ProtocolKnown is false: it names both ways out.
func (c *Cache) ProtocolError() *Error {
	what := "pickle_version is -1"
	if c.pickleVersion == notGiven {
		what = "the default of pickle_version depends on the Python"
	}
	return c.errorAt([]string{"options"}, what+" and python is not given, so the protocol to write is not known",
		`write python = "3.12" (the application's) or pickle_version = 5 in [`+c.path("options")+"]")
}

// WriteError is why a command cannot write values for the application, nil if it can: its
// pickle protocol is not known, or how the library stores them.
func (c *Cache) WriteError() *Error {
	switch {
	case c.Traits.Unwritten != "":
		return c.errorAt([]string{"release"}, c.Traits.Unwritten, "raw bytes can be stored, and entries deleted; correct the release, if it is an older one")
	case !c.ProtocolKnown():
		return c.ProtocolError()
	}
	return nil
}

// ReadOnlyError is the error of a command that writes when ReadOnly is set.
func (c *Cache) ReadOnlyError() *Error {
	return c.errorAt([]string{"read_only"}, "this cache is read-only here", "write read_only = false to let cachering write to it")
}

// errorAt makes an error that points at the nearest thing on a path of keys
// that the file has.
func (c *Cache) errorAt(path []string, msg, hint string) *Error {
	n := c.node
	for _, name := range path {
		if next := n.get(name); next != nil {
			n = next
		}
	}
	return &Error{File: c.File, Line: n.line, Key: c.path(path...), Msg: msg, Hint: hint}
}

func (c *Cache) path(below ...string) string {
	parts := []string{c.node.path()}
	for _, name := range below {
		parts = append(parts, quoteKey(name))
	}
	return strings.Join(parts, ".")
}

// Cache picks a cache by its alias. Without one it is the only cache, else the
// one called default.
func (f *File) Cache(alias string) (*Cache, error) {
	if alias == "" && len(f.Caches) == 1 {
		return f.Caches[0], nil
	}
	want := alias
	if want == "" {
		want = "default"
	}
	names := make([]string, len(f.Caches))
	for i, c := range f.Caches {
		if c.Alias == want {
			return c, nil
		}
		names[i] = c.Alias
	}
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quoteKey(name)
	}
	// The alias is not shown: redis-cli takes a password in its place (-a).
	e := &Error{
		File: f.Path, Line: f.Caches[0].Line, Key: "caches",
		Msg:  "there is no such cache",
		Hint: "name one with --cache or " + EnvCache + ": " + strings.Join(list, ", "),
	}
	if alias == "" {
		e.Msg = "several caches, and none is called default"
	} else if near := Nearest(alias, names); near != "" {
		e.Msg = "no cache " + quote(want)
		e.Hint = "did you mean " + quote(near) + "? there are " + strings.Join(list, ", ")
	}
	return nil, e
}

// Format prints the alias and nothing else: servers hold passwords. Like the
// other methods that print, it is there for the value too, not the pointer
// alone, or printing *c would go round it.
func (c Cache) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "cache %s", quote(c.Alias)) }

// MarshalJSON gives the View.
func (c Cache) MarshalJSON() ([]byte, error) { return document.Marshal(c.View()) }

// Format prints the path and the aliases.
func (f File) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%s %v", printable(f.Path), f.Caches) }

// listed are the servers as location has them: without the replicas that
// SentinelClient makes of one, and a master from outside.
func (c *Cache) listed() []ring.Server {
	switch {
	case c.first, c.pools && c.node.get("location").kind == kindString:
		return c.Servers[:1]
	case c.outside:
		return c.Servers[:len(c.Servers)-1]
	}
	return c.Servers
}

// Locations are the servers' spellings without passwords.
func (c *Cache) Locations() []string {
	names := make([]string, len(c.Servers))
	for i, s := range c.Servers {
		names[i] = s.Masked()
	}
	return names
}

// FindServer returns the server that a person names by its spelling, passwords
// as ***, or by its index.
func (c *Cache) FindServer(name string) (int, error) {
	if i := slices.Index(c.Locations(), name); i >= 0 {
		return i, nil
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(c.Servers) {
		return i, nil
	}
	return 0, fmt.Errorf("cache %q has no shard %q: give its location as it is spelled, or a number from 0 to %d", c.Alias, name, len(c.Servers)-1)
}

// Duplicate reports the first server with the same home as this one, which is
// itself for all but those listed twice.
func (c *Cache) Duplicate(server int) int {
	return slices.IndexFunc(c.endpoints, c.endpoints[server].Same)
}

// Owner is the cache that a stored key on a server of c belongs to: of those of
// the file on that server and database, the one with the longest prefix that fits;
// nil if none does.
func (f *File) Owner(c *Cache, server int, stored []byte) *Cache {
	var owner *Cache
	at := c.Endpoint(server)
	for _, other := range append([]*Cache{c}, f.Caches...) {
		if _, _, fits := other.Keyspace.Split(stored); !fits || owner != nil && len(other.Keyspace.Prefix) <= len(owner.Keyspace.Prefix) {
			continue
		}
		for i := range other.Servers {
			if other.Endpoint(i).Same(at) {
				owner = other
				break
			}
		}
	}
	return owner
}
