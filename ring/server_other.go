package ring

import (
	"math/big"
	"net"
	"slices"
	"strconv"
	"strings"
)

// dredisServer is the reading of a server in dredis_cache/cache.py: host or
// host:port. Its label is not hashed.
func dredisServer(entry string, o Options) (Server, error) {
	s := Server{Spelling: entry, Network: "tcp", DB: o.db(), masked: Mask(entry)}
	host, text, found := strings.Cut(entry, ":")
	if strings.Contains(text, ":") {
		return Server{}, &LocationError{Entry: s.masked, Kind: "ImproperlyConfigured",
			Reason: "more than one colon: django-dredis-cache reads host or host:port, no URLs and no IPv6 addresses"}
	}
	port, ok := pythonInt(text)
	if !ok {
		port = big.NewInt(6379)
		if found {
			s.warn("has a port that is not a number: the library takes 6379")
		}
	}
	if strings.Contains(host, "/") {
		s.warn("looks like the path of a socket, which the library takes for a host")
	}
	s.Addr = net.JoinHostPort(hostOrLocal(maskUser(host)), port.String())
	s.Label = host + ":" + port.String()
	s.maskedLabel = Mask(s.Label)
	return s, nil
}

// clientServer reads a server of the libraries that leave it to the Redis
// client: django-redis, django-valkey, django-vcache, django-cachex and Django itself. The label is the entry
// as it stands.
func clientServer(entry string, o Options) (Server, error) {
	s := Server{Spelling: entry, Label: entry, Network: "tcp", DB: o.db(), masked: Mask(entry)}
	s.maskedLabel = s.masked
	var err *LocationError
	// Triples until 3.7, triples and URLs until 4.4, then URLs alone.
	if o.Library == LibDjangoRedis && (Before(o.Release, "3.8.0") || Before(o.Release, "4.5.0") && !strings.Contains(entry, "://")) {
		err = s.djangoRedisTriple(entry, o)
	} else {
		err = s.clientURL(entry, o)
	}
	if err != nil {
		err.Entry = s.masked
		return Server{}, err
	}
	return s, nil
}

// djangoRedisTriple is the form of django-redis up to 4.4: host:port:db or
// unix:path:db; up to 2.2 also host:port, database 1.
func (s *Server) djangoRedisTriple(entry string, o Options) *LocationError {
	fields := strings.Split(entry, ":")
	if len(fields) == 2 && Before(o.Release, "2.3.0") {
		fields = append(fields, "1")
	}
	if len(fields) != 3 {
		return &LocationError{Kind: "ImproperlyConfigured", Reason: "this release of django-redis reads host:port:db or unix:path:db"}
	}
	db, ok := pythonInt(fields[2])
	if !ok {
		return &LocationError{Kind: "ImproperlyConfigured", Reason: "the database, after the second colon, is not a number"}
	}
	if fields[0] == "unix" {
		s.Network, s.Addr = "unix", fields[1]
		return s.setDB(db)
	}
	port, ok := pythonInt(fields[1])
	if !ok {
		return &LocationError{Kind: "ImproperlyConfigured", Reason: "the port, after the first colon, is not a number"}
	}
	s.Addr = net.JoinHostPort(hostOrLocal(maskUser(fields[0])), port.String())
	return s.setDB(db)
}

// clientURL is redis.connection.parse_url, or valkey's. What the client leaves
// out keeps its default: host localhost, port 6379.
func (s *Server) clientURL(entry string, o Options) *LocationError {
	s.URL = true
	u, wellFormed, refused := splitURL(entry, o.Python)
	if refused != nil {
		return &LocationError{Kind: refused.kind, Reason: refused.reason}
	}
	if !wellFormed || !slices.Contains(o.schemes(), u.scheme) {
		return &LocationError{Kind: "ValueError", Reason: "it is not a URL of the schemes " + strings.Join(o.schemes(), " ")}
	}
	if entry[0] <= ' ' {
		s.warn("begins with a blank, which only a Python with the security fixes of 2023 drops")
	}
	s.Query = u.options()
	for name, value := range s.Query {
		s.Query[name] = unquote(value) // decoded twice, as the client does
	}
	s.Username = s.Query["username"]
	s.Password, s.HasPassword = s.Query["password"]
	username, password, _ := u.userinfo()
	if username != "" {
		s.Username = unquote(username)
	}
	if password != "" {
		s.Password, s.HasPassword = unquote(password), true
	}

	db := big.NewInt(int64(s.DB))
	if text, given := s.Query["db"]; given {
		n, ok := pythonInt(text)
		if !ok {
			return &LocationError{Kind: "ValueError", Reason: "the db of the query is not a number"}
		}
		db = n
	}
	port, refused := u.port()
	if u.isCutShort() {
		s.Unusable = cutShort + escape
	}
	if u.scheme == "unix" {
		s.Network, s.Addr = "unix", unquote(u.path)
		if path, given := s.Query["path"]; given && u.path == "" {
			s.Addr = path
		}
		if s.Addr == "" {
			return &LocationError{Kind: "TypeError", Reason: "it names no socket"}
		}
		return s.setDB(db)
	}
	if refused != nil {
		return &LocationError{Kind: refused.kind, Reason: firstOf(s.Unusable, refused.reason)}
	}
	host := unquote(u.host())
	if host == "" {
		host = hostOrLocal(s.Query["host"])
	}
	if !isHost(host) {
		s.Unusable = firstOf(s.Unusable, wrongHost)
	}
	if port == 0 {
		port = 6379
		if n, ok := ParseInt(s.Query["port"]); ok {
			port = n
		}
	}
	s.Addr = net.JoinHostPort(host, strconv.Itoa(port))
	s.TLS = u.scheme == "rediss" || u.scheme == "valkeys"
	if _, given := s.Query["db"]; !given {
		if n, ok := pythonInt(strings.ReplaceAll(unquote(u.path), "/", "")); ok {
			db = n
		}
	}
	return s.setDB(db)
}

// schemes are those of the URLs that the client reads.
func (o Options) schemes() []string {
	list := []string{"redis", "rediss", "unix"}
	if o.Library == LibValkey || o.Library == LibVcache || o.Valkey {
		return append([]string{"valkey", "valkeys"}, list...)
	}
	return list
}
