package config

import (
	"maps"
	"slices"
	"strings"

	"cachering/ring"
)

const (
	backendPlain   = "redis_cache.RedisCache"
	backendSharded = "redis_cache.ShardedRedisCache"
)

// A backend is a class that BACKEND may name.
type backend struct {
	name    string
	library ring.Library
	sharded bool // by itself, without a client_class
}

// backends lists the classes, each under every name it can be imported by.
var backends = []backend{
	{backendSharded, ring.LibRedisCache, true},
	{backendPlain, ring.LibRedisCache, false},
	{"redis_cache.cache.RedisCache", ring.LibRedisCache, false},
	{"redis_cache.backends.multiple.ShardedRedisCache", ring.LibRedisCache, true},
	{"redis_cache.backends.single.RedisCache", ring.LibRedisCache, false},
	{"dredis_cache.RedisCache", ring.LibDredis, true},
	{"dredis_cache.cache.RedisCache", ring.LibDredis, true},
	{"django_redis.cache.RedisCache", ring.LibDjangoRedis, false},
	{"django.core.cache.backends.redis.RedisCache", ring.LibDjango, false},
	{"django_valkey.cache.ValkeyCache", ring.LibValkey, false},
}

// documented are the names that the libraries' own documentation uses.
var documented = []string{
	backendSharded, backendPlain, "dredis_cache.RedisCache", "django_redis.cache.RedisCache",
	"django.core.cache.backends.redis.RedisCache", "django_valkey.cache.ValkeyCache",
}

// client reads CLIENT_CLASS, which decides whether a cache of django-redis
// shards.
func (l *loader) client(n *node, b backend) (client, bool) {
	name, lib := n.get("options", "client_class"), libraryOf(b.library)
	if name == nil {
		return client{sharded: b.sharded}, true
	}
	if c, ok := lib.clients[text(name)]; ok {
		return c, true
	}
	known := slices.Sorted(maps.Keys(lib.clients))
	msg, hint := "unknown client", "known are "+strings.Join(known, ", ")
	if strings.Contains(text(name), "Cluster") {
		msg = "this client is not supported yet"
	} else if near := Nearest(text(name), known); near != "" {
		hint = "did you mean " + quote(near) + "?"
	}
	l.fail(name, msg, hint)
	return client{}, false
}

// backend reads the backend of a cache. Without one whose settings are
// understood nothing else in the cache can be judged.
func (l *loader) backend(cache *node) (backend, bool) {
	n := cache.get("backend")
	if n == nil {
		// It may be there under a name that is nearly right.
		failed := len(l.errs)
		for _, k := range cache.keys {
			if Nearest(k.name, []string{"backend"}) != "" {
				l.validateKey(k, &field{table: cacheFields})
			}
		}
		if len(l.errs) == failed {
			l.fail(cache, "backend is missing", "write the dotted name, as in CACHES: backend = "+quote(backendSharded))
		}
		return backend{}, false
	}
	if n.kind != kindString {
		l.wrongType(n, &cacheFields[0])
		return backend{}, false
	}
	name := n.value.(string)
	var names []string
	for _, b := range backends {
		if b.name == name {
			return b, true
		}
		names = append(names, b.name)
	}
	hint := "supported are " + strings.Join(documented, ", ")
	if near := Nearest(name, names); near != "" {
		hint = "did you mean " + quote(near) + "?"
	}
	l.fail(n, "unknown backend", hint)
	return backend{}, false
}
