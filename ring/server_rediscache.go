package ring

import (
	"fmt"
	"math/big"
	"net"
	"strconv"
	"strings"
)

// redisCacheTuple is the ring whose tuples an unsharded django-redis-cache of
// that release makes.
func redisCacheTuple(release string) Name {
	switch {
	case Before(release, "1.0.0"):
		return RedisCache12 // it has no tuple; its entries read the same
	case Before(release, "1.2.0"):
		return RedisCache10
	case Before(release, "1.5.3"):
		return RedisCache12
	case Before(release, "2.0.0"):
		return RedisCache15
	}
	return RedisCache
}

// A tuple is what django-redis-cache makes of a server.
type tuple struct{ host, port, db, path item }

// An item is one of a tuple, as Python prints it: full, and shown to people.
type item struct{ full, shown string }

var none = literal("None")

// literal is an item that holds no secret.
func literal(repr string) item { return item{repr, repr} }

// stringItem is the item of a string, and of what people may see of it.
func stringItem(text, shown string, python Python) item {
	return item{pythonRepr(text, python), pythonRepr(shown, python)}
}

func (s *Server) label(t tuple) {
	s.Label = "(" + t.host.full + ", " + t.port.full + ", " + t.db.full + ", " + t.path.full + ")"
	s.maskedLabel = "(" + t.host.shown + ", " + t.port.shown + ", " + t.db.shown + ", " + t.path.shown + ")"
}

// redisCacheServer is parse_connection_kwargs of redis_cache/utils.py together
// with get_connection_pool of redis_cache/connection.py, which makes the tuple.
func redisCacheServer(name Name, entry string, o Options) (Server, error) {
	s := Server{Spelling: entry, Network: "tcp", DB: o.db(), masked: Mask(entry)}
	var err *LocationError
	if strings.Contains(entry, "://") {
		err = s.redisCacheURL(name, entry, o)
	} else {
		err = s.redisCachePair(entry, o)
	}
	if err != nil {
		err.Entry = s.masked
		return Server{}, err
	}
	return s, nil
}

// redisCachePair reads an entry that is no URL: host:port, else a path.
func (s *Server) redisCachePair(entry string, o Options) *LocationError {
	t := tuple{none, none, literal(strconv.Itoa(s.DB)), none}
	colon := strings.LastIndexByte(entry, ':')
	if colon < 0 {
		s.Network, s.Addr = "unix", entry
		if entry == "" {
			// redis-py then dials host None, port None, which fails. An empty
			// address must not reach a client that has a default for it.
			s.Network, s.Addr = "tcp", "None:None"
			s.warn("is empty: keys placed there are lost")
		} else if !strings.Contains(entry, "/") {
			s.warn("has no port, so the library takes it for the path of a socket")
		}
		t.path = stringItem(entry, s.masked, o.Python)
		s.label(t)
		return nil
	}
	port, ok := pythonInt(entry[colon+1:])
	if !ok {
		return &LocationError{Kind: "ImproperlyConfigured", Reason: "the port, after the last colon, is not a number"}
	}
	host := entry[:colon]
	// Python would look up all of a host with a user in it; nothing may show it.
	shown := maskUser(host)
	if shown != host {
		s.warn("has a user before the host, which only a redis:// URL can have: the library takes it for part of the host")
	}
	s.Addr = joinHostPort(shown, port.String())
	if !port.IsInt64() || port.Int64() < 0 || port.Int64() > 65535 {
		s.Unusable = "the port is not 0 to 65535"
	}
	t.host, t.port = stringItem(host, shown, o.Python), intItem(port, o.Python)
	s.label(t)
	return nil
}

// redisCacheURL reads an entry with ://.
func (s *Server) redisCacheURL(name Name, entry string, o Options) *LocationError {
	s.URL = true
	u, wellFormed, refused := splitURL(entry, o.Python)
	if refused != nil {
		return &LocationError{Kind: refused.kind, Reason: refused.reason}
	}
	if !wellFormed {
		s.label(tuple{none, literal("6379"), literal(strconv.Itoa(s.DB)), emptyPath(name)})
		return &LocationError{Reason: "the text before :// is not the name of a scheme, so the library sees no host", Label: s.maskedLabel}
	}
	if entry[0] <= ' ' {
		s.warn("begins with a blank, which only a Python with the security fixes of 2023 drops")
	}
	// The library reads no user name, and does not decode the password.
	_, s.Password, s.HasPassword = u.userinfo()
	s.Query = u.options()
	s.Username = s.Query["username"]
	port, refused := u.port()
	if u.isCutShort() {
		s.Unusable = cutShort + noEscape
	}

	var t tuple
	db := big.NewInt(int64(s.DB))
	if u.scheme == "unix" {
		t = s.redisCacheSocket(&u)
	} else {
		if refused != nil {
			return &LocationError{Kind: refused.kind, Reason: firstOf(s.Unusable, refused.reason)}
		}
		t = s.redisCacheTCP(&u, port, name)
		if !isHost(u.host()) {
			s.Unusable = firstOf(s.Unusable, wrongHost)
		}
		if n, ok := pythonInt(strings.ReplaceAll(u.path, "/", "")); ok {
			db = n
		}
	}
	if text, given := s.Query["db"]; given {
		var ok bool
		if db, ok = pythonInt(text); !ok {
			return &LocationError{Kind: "ValueError", Reason: "the db of the query is not a number"}
		}
	}
	// These reach the constructor of the client, once all else is read.
	if s.TLS && !tlsRead(name, o.Release) {
		return &LocationError{Kind: "TypeError", Reason: "this release of django-redis-cache cannot read rediss://; 2.1.1 and later can"}
	}
	if name != RedisCache10 && name != RedisCache10x32 && unknownOption(s.Query) {
		return &LocationError{Kind: "TypeError", Reason: "the query has an option that the Redis client does not know"}
	}
	if err := s.setDB(db); err != nil {
		return err
	}
	t.db = intItem(db, o.Python)
	s.label(t)
	return nil
}

// redisCacheSocket is the tuple of a unix:// server. Host and port are the
// defaults of get_connection_pool, which a query can replace.
func (s *Server) redisCacheSocket(u *pyURL) tuple {
	t := tuple{
		host: literal(pythonRepr("127.0.0.1", libraryString(u.python))),
		port: literal("6379"),
		path: stringItem(u.path, maskPath(u.authority, u.path), u.python),
	}
	if host, given := s.Query["host"]; given {
		t.host = stringItem(host, maskUser(host), u.python)
	}
	if port, given := s.Query["port"]; given {
		t.port = stringItem(port, maskUser(port), u.python)
	}
	s.Network, s.Addr = "unix", u.path
	if u.authority != u.userPart() {
		s.warn("names a host: the path of the socket begins after it; write unix:/// and the path")
	}
	return t
}

// redisCacheTCP is the tuple of any other URL.
func (s *Server) redisCacheTCP(u *pyURL, port int, name Name) tuple {
	if port == 0 {
		port = 6379
	}
	host := u.host()
	t := tuple{host: none, port: literal(strconv.Itoa(port)), path: emptyPath(name)}
	if host != "" {
		t.host = stringItem(host, shownHost(host), u.python)
	}
	s.Addr = joinHostPort(hostOrLocal(host), strconv.Itoa(port))
	switch path, given := s.Query["unix_socket_path"]; {
	case u.scheme == "rediss":
		s.TLS, t.path = true, none
	case u.scheme == "redis" && given:
		t.path = stringItem(path, maskUser(path), u.python)
		s.Network, s.Addr = "unix", path
	}
	return t
}

// tlsRead tells whether a release reads rediss://. The ring 1.0 looks at the
// scheme unix alone; from 1.2.0 to 2.1.0 the option that asks for TLS is one
// that the connection pool does not know.
func tlsRead(name Name, release string) bool {
	switch name {
	case RedisCache10, RedisCache10x32:
		return true
	case RedisCache:
		return !Before(release, "2.1.1")
	}
	return false
}

// emptyPath is the path item of a redis:// server: the rings 1.0 and 1.2 leave
// the keyword out, later ones pass an empty path.
func emptyPath(name Name) item {
	switch name {
	case RedisCache10, RedisCache10x32, RedisCache12:
		return none
	}
	return literal("''")
}

// clientOptions are the arguments of redis.Redis, of redis-py 2 to 6, that a
// query may name.
const clientOptions = " host port db password username unix_socket_path socket_timeout socket_connect_timeout socket_keepalive" +
	" socket_keepalive_options socket_read_size connection_pool encoding encoding_errors charset errors decode_responses" +
	" retry_on_timeout retry_on_error retry ssl ssl_keyfile ssl_certfile ssl_cert_reqs ssl_ca_certs ssl_ca_path ssl_ca_data" +
	" ssl_check_hostname ssl_password ssl_validate_ocsp ssl_validate_ocsp_stapled ssl_ocsp_context ssl_ocsp_expected_cert" +
	" ssl_min_version ssl_ciphers max_connections single_connection_client health_check_interval client_name lib_name" +
	" lib_version redis_connect_func credential_provider protocol parser_class connection_pool_class" +
	" connection_pool_class_kwargs cache cache_config event_dispatcher "

func unknownOption(options map[string]string) bool {
	for name := range options {
		if strings.Contains(name, " ") || !strings.Contains(clientOptions, " "+name+" ") {
			return true
		}
	}
	return false
}

func (s *Server) warn(text string) { s.Warnings = append(s.Warnings, text) }

// setDB keeps the database that a client can select. Python's integers have no
// end; a label of such a database exists, a connection to it does not.
func (s *Server) setDB(db *big.Int) *LocationError {
	if !db.IsInt64() || int64(int(db.Int64())) != db.Int64() {
		return &LocationError{Reason: "the database number is beyond any that Redis has"}
	}
	if s.Unusable != "" {
		s.Addr = mask // it may be a piece of a password, and nobody dials it
	}
	if s.DB = int(db.Int64()); s.DB < 0 {
		s.Unusable = firstOf(s.Unusable, fmt.Sprintf("there is no database %d", s.DB))
	}
	return nil
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// userPart is the authority up to its last @.
func (u *pyURL) userPart() string { return u.authority[:strings.LastIndexByte(u.authority, '@')+1] }

// libraryString is how strings print that the library itself supplies: never
// as unicode.
func libraryString(python Python) Python {
	if python == Python2Unicode {
		return Python2Str
	}
	return python
}

// intItem is an integer; Python 2 marks those beyond a machine word.
func intItem(n *big.Int, python Python) item {
	if (python == Python2Str || python == Python2Unicode) && !n.IsInt64() {
		return literal(n.String() + "L")
	}
	return literal(n.String())
}

// hostOrLocal is where a missing host leads: the resolver takes Python's None
// for this machine.
func hostOrLocal(host string) string {
	if host == "" {
		return "localhost"
	}
	return host
}

// joinHostPort brackets IPv6 addresses, once.
func joinHostPort(host, port string) string {
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host + ":" + port
	}
	return net.JoinHostPort(host, port)
}
