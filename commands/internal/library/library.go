// Package library is what is known of each Python library that keeps a Django
// cache in Redis: the names of its classes, the options that it takes, and what
// each of its releases does. It is one table, and the only place below commands
// that names a library: a new release is a line in the file of its library, a new
// library a file and a line in the list of all.
//
// How a ring places keys, and how a location is read, is package ring's; how
// values become bytes is package codec's. What of both a release uses is said
// here. The package dials nothing, reads no file, and knows no cache.
package library

import (
	"maps"
	"slices"
	"strings"

	"cachering/codec"
	"cachering/ring"
)

// A Library is a Python package.
type Library struct {
	Name ring.Library
	// Backends are the classes that BACKEND may name.
	Backends []Backend
	// Spans are the releases whose settings are understood, oldest first.
	Spans []Span
	// Changes tell what releases do, oldest first; the first is of all of them.
	Changes []Change

	// NoRelease: which release it is makes no difference to anything here, so
	// that none need be given.
	NoRelease bool
	// OfDjango: it is part of Django, whose release is its own.
	OfDjango bool
	// BeforeMsgpack is the release of msgpack from which on it reads nothing that msgpack
	// stored, "" if it does: it hands loads an argument that is gone.
	BeforeMsgpack string
	// Python2: it runs on no other Python.
	Python2 bool
	// PrintsLabels: the labels that its rings hash are tuples as Python prints
	// them, which the two kinds of strings of Python 2 do differently.
	PrintsLabels bool

	// Example is a location, in quotes, for the remedy of a missing one.
	Example string
	// Location is where a cache is whose settings have no LOCATION; "" is nowhere.
	Location string
	// SentinelURL: a location sentinel://HOST:PORT,HOST:PORT/SERVICE/DB names sentinels.
	SentinelURL bool
	// Separator splits a LOCATION that is one string into its servers.
	Separator string
	// Reads is where a cache that does not shard is read.
	Reads ring.Reads
	// URLLogin: a location that is a URL brings its own password, or none, whatever
	// OPTIONS say, and its user name is not used. Elsewhere a location that
	// has a password comes before OPTIONS.
	URLLogin bool
	// DB is the database where neither location nor options tell one.
	DB int

	// Options are what OPTIONS may hold, in lower case.
	Options []Option
	// Refused are keys of the cache beside OPTIONS that only other libraries read.
	Refused []Option
	// Arguments: OPTIONS are arguments of redis-py, in lower case; elsewhere they
	// are in upper case.
	Arguments bool
	// AnyCase: config import takes their names in either case.
	AnyCase bool
	// Chains: a serializer and a compressor may be a list of them, of which the first
	// writes and any reads.
	Chains bool
	// Beside are options that it reads from settings beside CACHES, for all of
	// its caches at once: the names of the settings.
	Beside map[string]string

	// Strange are settings beside CACHES with which a compressor, by what it is called here,
	// makes values that are not read.
	Strange map[string]codec.Compressor

	// Serializers and Compressors are the classes, and what CODEC calls them. Retired
	// are those that have another name since a release.
	Serializers, Compressors map[string]string
	Retired                  map[string]string
	// Elsewhere are classes of its modules that keep nothing in Redis, or nothing of
	// their own, by their name without the modules, and a clause that says so.
	Elsewhere map[string]string
	// Suffix of the options that take a class: serializer_class, or serializer,
	// which then takes short names, too.
	Suffix string
	// Picks are compressors among which the library chooses by what is installed, in that
	// order. Its settings name none: the option is ours alone.
	Picks []codec.Compressor
	// Levels are the default levels of compressors that differ from CODEC's.
	Levels map[codec.Compressor]string

	// Clients are the values of CLIENT_CLASS.
	Clients map[string]Client
	// Clusters: an application can give its classes a client of a Redis Cluster, which
	// options.cluster tells.
	Clusters bool
	// Factories are what stands before the names of the connection factories,
	// FactorySetting the setting beside CACHES that names one.
	Factories      []string
	FactorySetting string
	// HerdModule has the class that HerdClient marks values with.
	HerdModule string
}

// A Backend is a class that BACKEND may name.
type Backend struct {
	Name    string // dotted
	Sharded bool   // by itself, without a client class
	Cluster bool   // of a Redis Cluster
	// Alias: the library's documentation calls the class by another name.
	Alias bool
	// Sentinel: the class asks sentinels, and makes of the first location alone a
	// master and its replicas.
	Sentinel bool
	// Valkey: its client reads URLs of the schemes valkey and valkeys.
	Valkey bool
	// From and Before are the first release that has the class, and the first without;
	// "" is no bound.
	From, Before string
}

// Has tells whether a release has the class; one that is not given may.
func (b Backend) Has(release string) bool {
	return release == "" || (b.From == "" || !ring.Before(release, b.From)) && (b.Before == "" || ring.Before(release, b.Before))
}

// Plainest is the class of a release that takes servers as they are: no cluster, and no sentinels.
func (l *Library) Plainest(release string) Backend {
	class := l.Backends[0]
	for _, b := range l.Backends {
		if b.Has(release) && !b.Cluster && !b.Sentinel && !b.Alias {
			class = b
		}
	}
	return class
}

// A Client is what CLIENT_CLASS chooses.
type Client struct {
	Sharded, Herd, Sentinel, Cluster bool
	// First: of several locations the first alone counts.
	First bool
}

// An Option is a key of OPTIONS. What it may hold the configuration knows by its
// name, which means the same in every library, unless Idle tells it.
type Option struct {
	Name string
	// Idle is the type of an option that is without effect here, and that no other
	// library has with one.
	Idle Type
	// Refused is why it cannot be used, and the remedy behind "; ".
	Refused string
	// Constructed: the application says it where it makes an instance, and not in OPTIONS.
	Constructed bool
	// Upper: in upper case, though the others are arguments.
	Upper bool
}

// A Type is what an option without effect may be.
type Type uint8

const (
	Used  Type = iota // it has an effect
	Text              // a string
	Flag              // true or false
	Count             // an integer
	Any               // whatever stands there
	Table             // a dict, whatever stands in it
)

// Has tells whether the library reads an option.
func (l *Library) Has(option string) bool {
	return slices.ContainsFunc(l.Options, func(o Option) bool { return o.Name == option && o.Refused == "" })
}

// Constructs tells whether an option is an argument of a serializer or a compressor,
// and stands in no OPTIONS.
func (l *Library) Constructs(option string) bool {
	return slices.ContainsFunc(l.Options, func(o Option) bool { return o.Name == option && o.Constructed })
}

// Class is what a release calls the one of the classes that does as a word says; ""
// where there is none.
func (l *Library) Class(classes map[string]string, word, release string) string {
	name := ""
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		until := l.Retired[class]
		old := until != "" && release != "" && ring.Before(release, until)
		if classes[class] == word && (name == "" || old || l.Retired[name] != "" && until == "") {
			if name = class; old {
				return name
			}
		}
	}
	return name
}

// Elsewhere tells why a class of a library that is known is no backend here: it keeps
// nothing in Redis, or nothing of its own; "" for any other name.
func Elsewhere(name string) string {
	for _, l := range all() {
		module, _, _ := strings.Cut(l.Backends[0].Name, ".")
		if rest, ok := strings.CutPrefix(name, module+"."); ok {
			if why := l.Elsewhere[rest[strings.LastIndexByte(rest, '.')+1:]]; why != "" {
				return why
			}
		}
	}
	return ""
}

// all are the libraries; the first is taken for a cache whose backend does not
// tell.
func all() []*Library {
	return []*Library{&redisCache, &dredis, &djangoRedis, &django, &valkey, &cachex, &vcache}
}

// Default is the library whose options are explained where a backend is missing.
func Default() *Library { return all()[0] }

// All lists the libraries.
func All() []*Library { return all() }

// Named finds a library by its name on PyPI, nil if there is none.
func Named(name ring.Library) *Library {
	for _, l := range all() {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// OfBackend finds the class that BACKEND names, and its library; nil if it is
// not known.
func OfBackend(name string) (*Library, Backend) {
	for _, l := range all() {
		for _, b := range l.Backends {
			if b.Name == name {
				return l, b
			}
		}
	}
	return nil, Backend{}
}

// Usual is the class that most settings name, and its library: what another backend
// is taken for as long as nothing is known of it.
func Usual() (*Library, Backend) { return OfBackend("django_redis.cache.RedisCache") }

// BackendNames lists the classes that are known; documented, those by the name
// that documentation uses.
func BackendNames(documented bool) []string {
	var names []string
	for _, l := range all() {
		for _, b := range l.Backends {
			if !documented || !b.Alias {
				names = append(names, b.Name)
			}
		}
	}
	return names
}

// Sharding is the backend that shards by itself, for remedies; "" where a client
// class does.
func (l *Library) Sharding() string {
	for _, b := range l.Backends {
		if b.Sharded {
			return b.Name
		}
	}
	return ""
}

// used are options that have an effect.
func used(names ...string) []Option {
	list := make([]Option, len(names))
	for i, name := range names {
		list[i] = Option{Name: name}
	}
	return list
}

// constructed are arguments of the serializers and compressors of an application.
func constructed(names ...string) []Option {
	list := used(names...)
	for i := range list {
		list[i].Constructed = true
	}
	return list
}

// upper are options in upper case, among arguments.
func upper(list []Option) []Option {
	for i := range list {
		list[i].Upper = true
	}
	return list
}

// InUpper tells whether settings spell an option in upper case.
func (l *Library) InUpper(option string) bool {
	return !l.Arguments || slices.ContainsFunc(l.Options, func(o Option) bool { return o.Name == option && o.Upper })
}

// idle are options of one type that have none.
func idle(t Type, names ...string) []Option {
	list := used(names...)
	for i := range list {
		list[i].Idle = t
	}
	return list
}
