package ring

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Python is the interpreter of the application as far as labels show it: "" or
// a version such as "3.12" for Python 3.
type Python string

// Python 2 prints labels in two ways, by the type of the LOCATION strings.
const (
	Python2Str     Python = "2-str"     // byte strings
	Python2Unicode Python = "2-unicode" // unicode strings, printed with a u
)

// Options are the settings beside LOCATION that decide how it is read.
type Options struct {
	Library Library // who reads it; a ring implies it, Plain means LibRedisCache without
	Release string  // of the library; "" is the newest of the ring
	DB      int     // OPTIONS DB, of the libraries that have it
	DBSet   bool    // false: DB is the library's default, 1 or 0
	Python  Python
	Valkey  bool // the client is one of Valkey, whose schemes a library reads only then
}

// A Server is one entry of LOCATION as the library reads it.
type Server struct {
	Spelling string // the entry as written, with its secrets
	Label    string // what the ring hashes, with its secrets; no secret in django-redis-cache
	Network  string // "tcp" or "unix"
	Addr     string // host:port, IPv6 hosts in brackets, or the path of a socket
	TLS      bool
	DB       int
	// Username and Password are those of the entry. HasPassword tells an entry
	// that gives one, perhaps empty, from one that leaves it to OPTIONS.
	Username    string
	Password    string
	HasPassword bool
	URL         bool              // the entry is a URL; the library may then ignore OPTIONS PASSWORD
	Query       map[string]string // the URL's other options, decoded, the first of each name
	Unusable    string            // why no server is reached, though the library starts with the entry; no secrets
	Warnings    []string          // what is accepted but was hardly meant; no secrets

	masked, maskedLabel string
}

// Format prints the masked spelling under every verb, so that no log or error
// prints a password by accident.
func (s Server) Format(f fmt.State, _ rune) { io.WriteString(f, s.masked) }

// Masked is the spelling for people to see: passwords are ***.
func (s Server) Masked() string { return s.masked }

// MaskedLabel is the label for people to see.
func (s Server) MaskedLabel() string { return s.maskedLabel }

// A LocationError is an entry of LOCATION that the library refuses, or that is
// refused here although the library starts with it.
type LocationError struct {
	Entry  string // masked
	Kind   string // Python exception, "" if the library does not refuse
	Reason string // no secrets
	Label  string // what the library would hash, masked, if it does not refuse
}

func (e *LocationError) Error() string {
	return fmt.Sprintf("location %s: %s", quote(e.Entry), e.Reason)
}

// Split reads a LOCATION that is one string.
func Split(name Name, location string, o Options) ([]string, error) {
	o = o.resolved(name)
	switch {
	case o.Library == LibDredis:
		return strings.Split(location, ";"), nil
	case o.Library == LibVcache:
		return []string{location}, nil // for from_url of valkey-py
	case o.Library == LibDjango || o.Library == LibCachex:
		return strings.Split(strings.ReplaceAll(location, ";", ","), ","), nil
	case o.Library == LibDjangoRedis && Before(o.Release, "3.4.0"):
		return []string{location}, nil
	case o.Library == LibRedisCache && Before(o.Release, "1.1.0"):
		return []string{location}, nil
	case o.Library == LibRedisCache && Before(o.Release, "1.2.0") && o.Python == Python2Unicode:
		// 1.1 asks for isinstance(location, str), and iterates over the rest.
		return nil, &LocationError{Entry: maskAll(location, ","), Kind: "ImproperlyConfigured",
			Reason: "django-redis-cache 1.1 refuses a unicode string; it splits byte strings only"}
	}
	return strings.Split(location, ","), nil
}

// Entries is a LOCATION that is a list, after the library's default for an
// empty one.
func Entries(name Name, list []string) ([]string, error) {
	switch {
	case len(list) > 0:
		return list, nil
	case name == Dredis:
		return []string{"localhost"}, nil
	}
	return nil, errors.New("location is empty")
}

// ParseServer reads one entry of LOCATION. The error is a *LocationError.
func ParseServer(name Name, entry string, o Options) (Server, error) {
	o = o.resolved(name)
	if !utf8.ValidString(entry) {
		return Server{}, &LocationError{Entry: Mask(entry), Reason: "it is not UTF-8"}
	}
	switch o.Library {
	case LibRedisCache:
		if name == Plain {
			name = redisCacheTuple(o.Release)
		}
		return redisCacheServer(name, entry, o)
	case LibDredis:
		return dredisServer(entry, o)
	}
	return clientServer(entry, o)
}

// resolved fills in the library of a ring.
func (o Options) resolved(name Name) Options {
	if o.Library == "" {
		o.Library = name.Library()
	}
	if o.Library == "" {
		o.Library = LibRedisCache
	}
	if s := name.spec(); s != nil && o.Release == "" {
		o.Release = s.assumed
	}
	return o
}

// db is OPTIONS DB or what the library takes in its place.
func (o Options) db() int {
	switch o.Library {
	case LibRedisCache, LibDredis:
		if !o.DBSet {
			return 1
		}
	case LibDjangoRedis, LibValkey:
		return 0 // they have no such option
	}
	return o.DB
}
