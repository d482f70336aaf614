package config

import (
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
	name      string
	library   ring.Library
	sharded   bool
	supported bool
}

// backends lists the classes, each under every name it can be imported by.
var backends = []backend{
	{backendSharded, ring.LibRedisCache, true, true},
	{backendPlain, ring.LibRedisCache, false, true},
	{"redis_cache.backends.multiple.ShardedRedisCache", ring.LibRedisCache, true, true},
	{"redis_cache.backends.single.RedisCache", ring.LibRedisCache, false, true},
	{"dredis_cache.RedisCache", ring.LibDredis, true, false},
	{"dredis_cache.cache.RedisCache", ring.LibDredis, true, false},
	{"django_redis.cache.RedisCache", ring.LibDjangoRedis, false, false},
	{"django.core.cache.backends.redis.RedisCache", ring.LibDjango, false, false},
	{"django_valkey.cache.ValkeyCache", ring.LibValkey, false, false},
}

// backend reads the backend of a cache. Without one whose settings are
// understood nothing else in the cache can be judged.
func (l *loader) backend(cache *node) (backend, bool) {
	n := cache.get("backend")
	if n == nil {
		// It may be there under a name that is nearly right.
		failed := len(l.errs)
		for _, k := range cache.keys {
			if nearest(k.name, []string{"backend"}) != "" {
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
	var names, supported []string
	for _, b := range backends {
		names = append(names, b.name)
		if b.supported && strings.Count(b.name, ".") == 1 {
			supported = append(supported, b.name)
		}
	}
	i := slices.Index(names, name)
	switch {
	case i < 0:
		hint := "supported are " + strings.Join(supported, ", ")
		if near := nearest(name, names); near != "" {
			hint = "did you mean " + quote(near) + "?"
		}
		l.fail(n, "unknown backend", hint)
		return backend{}, false
	case !backends[i].supported:
		l.fail(n, "this backend is not supported yet", "supported are "+strings.Join(supported, ", "))
		return backend{}, false
	}
	return backends[i], true
}
