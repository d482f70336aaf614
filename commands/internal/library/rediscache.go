package library

import (
	"slices"

	"cachering/ring"
)

// django-redis-cache.
var redisCache = Library{
	Name: ring.LibRedisCache,
	Backends: []Backend{
		{Name: "redis_cache.ShardedRedisCache", Sharded: true},
		{Name: "redis_cache.RedisCache"},
		{Name: "redis_cache.cache.RedisCache", Alias: true},
		{Name: "redis_cache.backends.multiple.ShardedRedisCache", Sharded: true, Alias: true},
		{Name: "redis_cache.backends.single.RedisCache", Alias: true},
	},
	Spans: []Span{
		{From: "0.9", To: "0.13.9999", Shown: "0.9 to 0.13 (one server)"},
		{From: "1.0.0", To: "1.1.1", Ring: ring.RedisCache10, Other: ring.RedisCache10x32},
		{From: "1.2.0", To: "1.5.2", Ring: ring.RedisCache12},
		{From: "1.5.3", To: "1.8.1", Ring: ring.RedisCache15},
		{From: "2.0.0", To: "3.0.1", Ring: ring.RedisCache},
	},
	Changes: []Change{
		{"", func(t *Traits) {
			t.LocationForms = `write "host:port", "redis://host:port/db", "/path/to.sock" or "unix:///path/to.sock"`
			t.OneServer = true
			t.Zero, t.Negative = Store, Ignore
			t.Protocol = ProtocolZero // pickle.dumps(value) in Python 2
			t.Rules.UnsafeYAML = true // yaml.load without a Loader, as made for PyYAML before 5.1
		}},
		{"1.0.0", func(t *Traits) {
			t.Side.Lock = "_lock"
			t.Protocol = ProtocolHighest
			t.WritesToMaster, t.IgnoresTimeout = true, true
		}},
		{"1.1.0", func(t *Traits) { t.OneServer, t.WritesToMaster, t.IgnoresTimeout = false, false, false }},
		{"1.5.5", func(t *Traits) { t.Guards = true }},
		{"2.0.0", func(t *Traits) {
			t.Side = ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"}
			t.Zero, t.AddDeletes = Delete, true
			t.GetManyAstray = true
			t.IncrVersion = HomeOfBare // RENAME where the bare key lives (backends/multiple.py)
		}},
		{"2.1.2", func(t *Traits) { t.Rules.UnsafeYAML = false }}, // Loader=yaml.FullLoader
	},
	PrintsLabels:  true,
	BeforeMsgpack: "1.0", // encoding, of MSGPackSerializer.deserialize
	Example:       `"10.0.0.1:6379"`,
	Separator:     ",",
	Reads:         ring.ReadAny,
	URLLogin:      true, // parse_connection_kwargs
	DB:            1,    // BaseRedisCache.get_db
	Options: slices.Concat(
		used("db", "pickle_version", "serializer", "serializer_class", "serializer_class_kwargs", "compressor", "compressor_class",
			"compressor_class_kwargs", "master_cache", "connection_pool_class_kwargs"),
		idle(Text, "connection_pool_class", "parser_class")),
	Suffix: "_class",
	Serializers: map[string]string{
		"redis_cache.serializers.PickleSerializer":  "pickle",
		"redis_cache.serializers.JSONSerializer":    "json",
		"redis_cache.serializers.MSGPackSerializer": "msgpack",
		"redis_cache.serializers.YAMLSerializer":    "yaml",
		"redis_cache.serializers.DummySerializer":   "dummy",
	},
	Compressors: map[string]string{
		"redis_cache.compressors.NoopCompressor":  "none",
		"redis_cache.compressors.ZLibCompressor":  "zlib",
		"redis_cache.compressors.BZip2Compressor": "bz2",
	},
}
