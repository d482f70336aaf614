package config

import (
	"slices"

	"cachering/codec"
	"cachering/ring"
)

// A library is a Python package as far as the packages differ in the reading of
// their settings. Where it is a matter of the release, methods tell.
type library struct {
	name    ring.Library
	options []field    // OPTIONS in lower case
	refused []field    // of the cache, in place of fields that only others have
	reads   ring.Reads // of a cache that does not shard
	forms   string     // of a location, for the remedy of an error
	example string     // of a location
	newest  string     // release, for the remedy of a missing one
	db      int        // where neither location nor options tell one
	dbKnown bool       // OPTIONS has a db

	// classes of serializers and compressors, and what CODEC calls them.
	serializers, compressors map[string]string
	// suffix of the options that take a class: serializer_class, or serializer,
	// which then takes short names too.
	suffix    string
	clients   map[string]client // CLIENT_CLASS
	factories string            // module of the connection factories
	// herdModule has the class that HerdClient marks values with.
	herdModule string
}

// A client is what CLIENT_CLASS of django-redis chooses.
type client struct {
	sharded, herd, sentinel bool
}

// libraryOf finds what is known of a package.
func libraryOf(name ring.Library) *library {
	i := slices.IndexFunc(libraries, func(l *library) bool { return l.name == name })
	return libraries[i]
}

var libraries = []*library{redisCacheLib, dredisLib, djangoRedisLib, djangoLib, valkeyLib}

var redisCacheLib = &library{
	name:    ring.LibRedisCache,
	newest:  "3.0.1",
	forms:   `write "host:port", "redis://host:port/db", "/path/to.sock" or "unix:///path/to.sock"`,
	example: `"10.0.0.1:6379"`,
	options: redisCacheOptions,
	reads:   ring.ReadAny,
	db:      1, // BaseRedisCache.get_db
	dbKnown: true,
	suffix:  "_class",
	serializers: map[string]string{
		"redis_cache.serializers.PickleSerializer":  "pickle",
		"redis_cache.serializers.JSONSerializer":    "json",
		"redis_cache.serializers.MSGPackSerializer": "msgpack",
		"redis_cache.serializers.YAMLSerializer":    "yaml",
		"redis_cache.serializers.DummySerializer":   "dummy",
	},
	compressors: map[string]string{
		"redis_cache.compressors.NoopCompressor":  "none",
		"redis_cache.compressors.ZLibCompressor":  "zlib",
		"redis_cache.compressors.BZip2Compressor": "bz2",
	},
}

var dredisLib = &library{
	name:    ring.LibDredis,
	forms:   `write "host:port"`,
	example: `"10.0.0.1:6379"`,
	options: dredisOptions,
	db:      1,
	dbKnown: true,
}

var djangoRedisLib = &library{
	name:       ring.LibDjangoRedis,
	newest:     "6.0.0",
	herdModule: "django_redis.client.herd",
	factories:  "django_redis.pool",
	forms:      `write "redis://host:port/db", "rediss://host:port/db" or "unix:///path/to.sock?db=1"`,
	example:    `"redis://10.0.0.1:6379/1"`,
	options:    djangoRedisOptions,
	refused:    inURL,
	reads:      ring.ReadOthers,
	serializers: map[string]string{
		"django_redis.serializers.pickle.PickleSerializer":   "pickle",
		"django_redis.serializers.json.JSONSerializer":       "json",
		"django_redis.serializers.msgpack.MSGPackSerializer": "msgpack",
	},
	compressors: map[string]string{
		"django_redis.compressors.identity.IdentityCompressor": "none",
		"django_redis.compressors.zlib.ZlibCompressor":         "zlib",
		"django_redis.compressors.gzip.GzipCompressor":         "gzip",
		"django_redis.compressors.lzma.LzmaCompressor":         "lzma",
		"django_redis.compressors.lz4.Lz4Compressor":           "lz4",
		"django_redis.compressors.zstd.ZStdCompressor":         "zstd",
	},
	clients: map[string]client{
		"django_redis.client.DefaultClient":           {},
		"django_redis.client.default.DefaultClient":   {},
		"django_redis.client.ShardClient":             {sharded: true},
		"django_redis.client.sharded.ShardClient":     {sharded: true},
		"django_redis.client.HerdClient":              {herd: true},
		"django_redis.client.herd.HerdClient":         {herd: true},
		"django_redis.client.SentinelClient":          {sentinel: true},
		"django_redis.client.sentinel.SentinelClient": {sentinel: true},
	},
}

var djangoLib = &library{
	name:    ring.LibDjango,
	forms:   `write "redis://host:port/db", "rediss://host:port/db" or "unix:///path/to.sock?db=1"`,
	example: `"redis://10.0.0.1:6379/1"`,
	options: djangoOptions,
	refused: inOptions,
	reads:   ring.ReadOthers,
	dbKnown: true,
	serializers: map[string]string{
		"django.core.cache.backends.redis.RedisSerializer": "pickle",
	},
}

var valkeyLib = &library{
	name:       ring.LibValkey,
	newest:     "0.2.1",
	herdModule: "django_valkey.base_client",
	factories:  "django_valkey.pool",
	forms:      `write "valkey://host:port/db", "valkeys://host:port/db" or "unix:///path/to.sock?db=1"`,
	example:    `"valkey://10.0.0.1:6379/1"`,
	options:    valkeyOptions,
	refused:    inURL,
	reads:      ring.ReadOthers,
	serializers: map[string]string{
		"django_valkey.serializers.pickle.PickleSerializer":   "pickle",
		"django_valkey.serializers.json.JSONSerializer":       "json",
		"django_valkey.serializers.msgpack.MSGPackSerializer": "msgpack",
	},
	compressors: map[string]string{
		"django_valkey.compressors.identity.IdentityCompressor": "none",
		"django_valkey.compressors.zlib.ZlibCompressor":         "zlib",
		"django_valkey.compressors.gzip.GzipCompressor":         "gzip",
		"django_valkey.compressors.bz2.Bz2Compressor":           "bz2",
		"django_valkey.compressors.lzma.LzmaCompressor":         "lzma",
		"django_valkey.compressors.lz4.Lz4Compressor":           "lz4",
		"django_valkey.compressors.zstd.ZStdCompressor":         "zstd",
	},
	clients: map[string]client{
		"django_valkey.client.DefaultClient":           {},
		"django_valkey.client.default.DefaultClient":   {},
		"django_valkey.client.ShardClient":             {sharded: true},
		"django_valkey.client.sharded.ShardClient":     {sharded: true},
		"django_valkey.client.HerdClient":              {herd: true},
		"django_valkey.client.herd.HerdClient":         {herd: true},
		"django_valkey.client.SentinelClient":          {sentinel: true},
		"django_valkey.client.sentinel.SentinelClient": {sentinel: true},
	},
}

// locationForms says how a location is written.
func (b *library) locationForms(release string) string {
	if b.name == ring.LibDjangoRedis && ring.Before(release, "3.8.0") {
		return `write "host:port:db" or "unix:/path/to.sock:db"`
	}
	return b.forms
}

// has tells whether there is an option of that name.
func (b *library) has(option string) bool {
	return slices.ContainsFunc(b.options, func(f field) bool { return f.name == option })
}

// zeroIsForever tells whether a timeout of 0 makes a release store entries
// without expiry; the others store nothing then.
func (b *library) zeroIsForever(release string) bool {
	switch b.name {
	case ring.LibRedisCache:
		return ring.Before(release, "2.0.0")
	case ring.LibDredis:
		return true
	case ring.LibDjangoRedis:
		return ring.Before(release, "4.0.0")
	}
	return false
}

// protocol is the pickle_version of a release that is told none: -1 for the
// highest of its Python, notGiven for the one that Python itself prefers.
func (b *library) protocol(release string) int {
	switch {
	case b.name == ring.LibDredis, b.name == ring.LibRedisCache && ring.Before(release, "1.0.0"):
		return 0 // pickle.dumps(value) in Python 2
	case b.name == ring.LibValkey, b.name == ring.LibDjangoRedis && !ring.Before(release, "5.2.0"):
		return notGiven
	}
	return -1
}

// rules are what a release does differently from others with the same
// serializer and compressor.
func (b *library) rules(release string, compressor codec.Compressor) codec.Rules {
	switch b.name {
	case ring.LibDredis:
		return codec.Rules{SerializeInts: true}
	case ring.LibValkey:
		return codec.Rules{MinLength: 15}
	case ring.LibDjangoRedis:
		switch {
		case ring.Before(release, "4.4.0"):
			return codec.Rules{OnlySmaller: true} // compress_min_len adds the threshold
		case compressor == codec.Compressor("lzma"):
			return codec.Rules{MinLength: 100}
		}
		return codec.Rules{MinLength: 15}
	}
	return codec.Rules{}
}
