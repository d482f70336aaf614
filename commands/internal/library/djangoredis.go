package library

import (
	"slices"

	"cachering/codec"
	"cachering/ring"
)

// django-redis.
var djangoRedis = Library{
	Name:     ring.LibDjangoRedis,
	Backends: []Backend{{Name: "django_redis.cache.RedisCache"}},
	Spans: []Span{
		{From: "2.1.0", To: "3.3.0", Ring: ring.DjangoRedis33},
		{From: "3.4.0", To: "7.0.0", Ring: ring.DjangoRedis,
			Widest: "4.4.0"},
	},
	Changes: []Change{
		{"", func(t *Traits) {
			t.LocationForms = `write "host:port:db" or "unix:/path/to.sock:db"`
			t.Zero, t.Negative = Store, Delete
			t.XX = true                // client/default.py
			t.Rules.OnlySmaller = true // COMPRESS_MIN_LEN adds the threshold
			t.CompressMinLen, t.PlainReads = true, true
			t.Lacks = []string{"gzip", "lz4", "zstd"}
			t.IncrVersion, t.IncrRenames = HomeBefore, LastColon // client/sharded.py
		}},
		{"3.5.0", func(t *Traits) { t.IncrVersion = Home }},
		{"3.8.0", func(t *Traits) {
			t.LocationForms = `write "redis://host:port/db", "rediss://host:port/db" or "unix:///path/to.sock?db=1"`
		}},
		{"4.0.0", func(t *Traits) { t.Zero = Delete }},
		{"4.4.0", func(t *Traits) {
			t.CompressMinLen = false
			t.Rules = codec.Rules{MinLength: 15}
			t.MinLengthOf = map[codec.Compressor]int{"lzma": 100}
		}},
		{"4.5.0", func(t *Traits) { t.Milliseconds = true }},
		{"4.10.0", func(t *Traits) { t.Lacks = []string{"gzip", "zstd"} }},
		{"5.0.0", func(t *Traits) { t.Sentinels = true }},
		{"5.2.0", func(t *Traits) {
			t.Protocol = ProtocolPreferred
			t.Lacks = []string{"gzip"}
		}},
		{"6.0.0", func(t *Traits) { t.Lacks = nil }},
	},
	Example:   `"redis://10.0.0.1:6379/1"`,
	Separator: ",",
	Reads:     ring.ReadOthers,
	Options: slices.Concat(clientOptions,
		used("compress_min_len"),
		refused("a compressor of the application's own is not known here; leave it out if it is zlib",
			"compress_compressor", "compress_decompressor", "compress_decompressor_error"),
		idle(Text, "redis_client_class"), idle(Table, "redis_client_kwargs")),
	Refused: inURL,
	Beside:  map[string]string{"cache_herd_timeout": "CACHE_HERD_TIMEOUT"},
	Serializers: map[string]string{
		"django_redis.serializers.pickle.PickleSerializer":   "pickle",
		"django_redis.serializers.json.JSONSerializer":       "json",
		"django_redis.serializers.msgpack.MSGPackSerializer": "msgpack",
	},
	Compressors: map[string]string{
		"django_redis.compressors.identity.IdentityCompressor": "none",
		"django_redis.compressors.zlib.ZlibCompressor":         "zlib",
		"django_redis.compressors.gzip.GzipCompressor":         "gzip",
		"django_redis.compressors.lzma.LzmaCompressor":         "lzma",
		"django_redis.compressors.lz4.Lz4Compressor":           "lz4",
		"django_redis.compressors.zstd.ZStdCompressor":         "zstd",
	},
	Clients: map[string]Client{
		"django_redis.client.DefaultClient":           {},
		"django_redis.client.default.DefaultClient":   {},
		"django_redis.client.ShardClient":             {Sharded: true},
		"django_redis.client.sharded.ShardClient":     {Sharded: true},
		"django_redis.client.HerdClient":              {Herd: true},
		"django_redis.client.herd.HerdClient":         {Herd: true},
		"django_redis.client.SentinelClient":          {Sentinel: true},
		"django_redis.client.sentinel.SentinelClient": {Sentinel: true},
	},
	Clusters:       true,
	Factories:      []string{"django_redis.pool."},
	FactorySetting: "DJANGO_REDIS_CONNECTION_FACTORY",
	HerdModule:     "django_redis.client.herd",
}

// clientOptions are those of django-redis and its offspring django-valkey.
var clientOptions = slices.Concat(
	used("pickle_version"),
	refused("the library has no such option; write the database into the location: redis://host:port/db", "db"),
	used("client_class", "serializer", "compressor", "compress_min_length", "compress_level", "connection_pool_kwargs",
		"cache_herd_timeout", "connection_factory", "sentinels", "sentinel_kwargs"),
	idle(Text, "connection_pool_class", "parser_class"),
	idle(Flag, "ignore_exceptions", "replica_read_only"))

// inURL are keys of a cache for which locations have a place.
var inURL = slices.Concat(
	refused("the library reads no database here; write it into the location: redis://host:port/db", "db"),
	refused("the library reads no password here; write it as options.password", "password"))

// refused are options that cannot be used, and why.
func refused(why string, names ...string) []Option {
	list := used(names...)
	for i := range list {
		list[i].Refused = why
	}
	return list
}
