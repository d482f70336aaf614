package library

import (
	"slices"

	"cachering/ring"
)

// django-cachex.
var cachex = Library{
	Name: ring.LibCachex,
	Backends: slices.Concat(
		[]Backend{
			{Name: "django_cachex.cache.RedisCache"},
			{Name: "django_cachex.cache.ValkeyCache", Valkey: true},
			{Name: "django_cachex.cache.RedisSentinelCache", Sentinel: true},
			{Name: "django_cachex.cache.ValkeySentinelCache", Valkey: true, Sentinel: true},
			{Name: "django_cachex.cache.RedisClusterCache", Cluster: true},
			{Name: "django_cachex.cache.ValkeyClusterCache", Valkey: true, Cluster: true},
			{Name: "django_cachex.cache.ValkeyGlideCache", Valkey: true, Alias: true, From: "0.4.0"},
			{Name: "django_cachex.cache.RedisRsCache", Valkey: true, Alias: true, From: "0.4.0", Before: "0.5.0"},
			{Name: "django_cachex.cache.RedisRsSentinelCache", Valkey: true, Alias: true, Sentinel: true, From: "0.4.0", Before: "0.5.0"},
		},
		cachexClasses(Backend{Name: "RedisCache"}, "cache", "redis_py"),
		cachexClasses(Backend{Name: "ValkeyCache", Valkey: true}, "cache", "valkey_py"),
		cachexClasses(Backend{Name: "RedisSentinelCache", Sentinel: true}, "sentinel", "redis_py"),
		cachexClasses(Backend{Name: "ValkeySentinelCache", Valkey: true, Sentinel: true}, "sentinel", "valkey_py"),
		cachexClasses(Backend{Name: "RedisClusterCache", Cluster: true}, "cluster", "redis_py"),
		cachexClasses(Backend{Name: "ValkeyClusterCache", Valkey: true, Cluster: true}, "cluster", "valkey_py"),
		[]Backend{
			{Name: "django_cachex.cache.valkey_glide.ValkeyGlideCache", Valkey: true, Alias: true, From: "0.4.0"},
			{Name: "django_cachex.cache.redis_rs.RedisRsCache", Valkey: true, Alias: true, From: "0.4.0", Before: "0.5.0"},
			{Name: "django_cachex.cache.redis_rs.RedisRsSentinelCache", Valkey: true, Sentinel: true, Alias: true, From: "0.4.0", Before: "0.5.0"},
		}),
	Spans: []Span{
		{From: "0.1.0", To: "0.3.0"},
		{From: "0.4.0", To: "0.14", Shown: "0.4.0 to 0.14"},
	},
	Changes: []Change{
		{"", func(t *Traits) {
			t.LocationForms = `write "redis://host:port/db", "rediss://host:port/db" or "unix:///path/to.sock?db=1"; with a Valkey class valkey:// and valkeys:// do, too`
			t.Zero, t.Negative = Delete, Delete
			t.XX = true
			t.Protocol = ProtocolPreferred // serializers.pickle
			t.Rules.MinLength = 256        // compressors.base
			t.Sentinels, t.PlainReads = true, true
			t.Lacks = []string{"orjson", "ormsgpack"}
		}},
		{"0.4.0", func(t *Traits) {
			t.OldestPython = "3.14"
			t.Lacks = nil
			t.Rules.AnyMapKeys = true // strict_map_key=False in serializers.msgpack
			t.ClearsVersion = true
			t.IncrCreates, t.Stampede = true, true
		}},
		{"0.6.0", func(t *Traits) { t.Rules.RustMapKeys = true }},
		{"0.10.0", func(t *Traits) { t.OneService = true }},
	},
	Example:   `"redis://10.0.0.1:6379/1"`,
	Separator: ",",
	Reads:     ring.ReadOthers,
	Arguments: true,
	AnyCase:   true,
	Chains:    true,
	// Beside the first three lines these are arguments of redis-py.
	Options: slices.Concat(
		used("serializer", "compressor", "sentinels", "sentinel_kwargs", "stampede_prevention"),
		constructed("pickle_version", "compress_level", "compress_min_length"),
		idle(Text, "reverse_key_function"), idle(Flag, "ignore_exceptions", "log_ignored_exceptions", "close_connection"),
		used("db", "ssl", "max_connections"),
		idle(Text, "pool_class", "async_pool_class", "parser_class", "client_name", "lib_name", "lib_version"),
		idle(Any, "retry_on_error", "request_timeout", "use_tls"), idle(Count, "protocol"),
		used("timeout", "retry_on_timeout", "health_check_interval", "socket_keepalive", "socket_read_size"),
		refused("servers are not read from here; write them in location", "host", "port")),
	Refused: slices.Concat(
		refused("the library reads no database here; write it as options.db", "db"),
		refused("the library reads no password here; write it as options.password", "password")),
	Serializers: map[string]string{
		"django_cachex.serializers.pickle.PickleSerializer":       "pickle",
		"django_cachex.serializers.json.JsonSerializer":           "json",
		"django_cachex.serializers.json.JSONSerializer":           "json",
		"django_cachex.serializers.msgpack.MsgpackSerializer":     "msgpack",
		"django_cachex.serializers.msgpack.MessagePackSerializer": "msgpack",
		"django_cachex.serializers.orjson.OrjsonSerializer":       "orjson",
		"django_cachex.serializers.ormsgpack.OrmsgpackSerializer": "ormsgpack",
	},
	Compressors: map[string]string{
		"django_cachex.compressors.zlib.ZlibCompressor": "zlib",
		"django_cachex.compressors.gzip.GzipCompressor": "gzip",
		"django_cachex.compressors.lzma.LzmaCompressor": "lzma",
		"django_cachex.compressors.lz4.Lz4Compressor":   "lz4",
		"django_cachex.compressors.zstd.ZstdCompressor": "zstd",
		"django_cachex.compressors.zstd.ZStdCompressor": "zstd",
	},
	Retired: map[string]string{
		"django_cachex.serializers.json.JSONSerializer":           "0.4.0",
		"django_cachex.serializers.msgpack.MessagePackSerializer": "0.4.0",
		"django_cachex.compressors.zstd.ZStdCompressor":           "0.4.0",
	},
	Elsewhere: map[string]string{
		"LocMemCache":   "it keeps its entries in memory",
		"DatabaseCache": "it keeps its entries in a database",
		"TieredCache":   "it has no keys of its own, but passes them on to other caches",
		"TrackingCache": "it has no keys of its own, but passes them on to another cache",
		"StreamCache":   "it keeps its entries in memory, and a stream in another cache",
	},
}

// cachexClasses are other names of a class: that of the module before 0.4.0, below client,
// and of the one of its driver since then.
func cachexClasses(b Backend, before, driver string) []Backend {
	name := b.Name
	b.Alias = true
	var list []Backend
	for _, module := range []string{"client", "client." + before} {
		b.Name, b.Before = "django_cachex."+module+"."+name, "0.4.0"
		list = append(list, b)
	}
	b.Name, b.From, b.Before = "django_cachex.cache."+driver+"."+name, "0.4.0", ""
	return append(list, b)
}
