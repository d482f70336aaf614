package library

import (
	"slices"

	"cachering/codec"
	"cachering/ring"
)

// django-valkey, which began as django-redis.
var valkey = Library{
	Name: ring.LibValkey,
	Backends: []Backend{
		{Name: "django_valkey.cache.ValkeyCache"},
		{Name: "django_valkey.async_cache.cache.AsyncValkeyCache", Alias: true},
		{Name: "django_valkey.cluster_cache.cache.ClusterValkeyCache", Cluster: true},
	},
	// Its hash_ring.py is that of django-redis in every release.
	Spans: []Span{{From: "0.0.1", To: "0.4.1", Ring: ring.DjangoRedis}},
	Changes: []Change{{"", func(t *Traits) {
		t.LocationForms = `write "valkey://host:port/db", "valkeys://host:port/db" or "unix:///path/to.sock?db=1"`
		t.Zero, t.Negative, t.Milliseconds = Delete, Delete, true
		t.XX = true
		t.Protocol = ProtocolPreferred
		t.Rules.MinLength = 15
		t.Sentinels, t.PlainReads = true, true
		t.IncrRenames = LastColon
	}},
		{"0.2.0", func(t *Traits) { t.Rules.FloatText = true }},
		{"0.3.0", func(t *Traits) { t.BareFalsy = true }},
	},
	Example:   `"valkey://10.0.0.1:6379/1"`,
	Separator: ",",
	Reads:     ring.ReadOthers,
	Options: slices.Concat(clientOptions,
		idle(Text, "base_client_class"), idle(Table, "base_client_kwargs")),
	Refused: inURL,
	Beside: map[string]string{
		"cache_herd_timeout":  "CACHE_HERD_TIMEOUT",
		"compress_level":      "CACHE_COMPRESS_LEVEL",
		"compress_min_length": "CACHE_COMPRESS_MIN_LENGTH",
	},
	Strange: map[string]codec.Compressor{
		"COMPRESS_ZLIB_WBITS":   codec.Zlib,
		"COMPRESS_LZMA_FORMAT":  codec.LZMA,
		"COMPRESS_LZMA_FILTERS": codec.LZMA,
		"COMPRESS_ZSTD_DICT":    codec.Zstd,
	},
	Serializers: map[string]string{
		"django_valkey.serializers.pickle.PickleSerializer":   "pickle",
		"django_valkey.serializers.json.JSONSerializer":       "json",
		"django_valkey.serializers.msgpack.MSGPackSerializer": "msgpack",
	},
	Compressors: map[string]string{
		"django_valkey.compressors.identity.IdentityCompressor": "none",
		"django_valkey.compressors.zlib.ZlibCompressor":         "zlib",
		"django_valkey.compressors.gzip.GzipCompressor":         "gzip",
		"django_valkey.compressors.bz2.Bz2Compressor":           "bz2",
		"django_valkey.compressors.lzma.LzmaCompressor":         "lzma",
		"django_valkey.compressors.lz4.Lz4Compressor":           "lz4",
		"django_valkey.compressors.zstd.ZStdCompressor":         "zstd",
		"django_valkey.compressors.brotli.BrotliCompressor":     "brotli",
	},
	Levels: map[codec.Compressor]string{"zstd": "1"}, // ZStdCompressor
	Clients: map[string]Client{
		"django_valkey.client.DefaultClient":                            {},
		"django_valkey.client.default.DefaultClient":                    {},
		"django_valkey.async_cache.client.AsyncDefaultClient":           {},
		"django_valkey.async_cache.client.default.AsyncDefaultClient":   {},
		"django_valkey.async_cache.client.herd.AsyncHerdClient":         {Herd: true},
		"django_valkey.async_cache.client.sentinel.AsyncSentinelClient": {Sentinel: true},
		"django_valkey.cluster_cache.client.DefaultClusterClient":       {Cluster: true},
		"django_valkey.client.ShardClient":                              {Sharded: true},
		"django_valkey.client.sharded.ShardClient":                      {Sharded: true},
		"django_valkey.client.HerdClient":                               {Herd: true},
		"django_valkey.client.herd.HerdClient":                          {Herd: true},
		"django_valkey.client.SentinelClient":                           {Sentinel: true},
		"django_valkey.client.sentinel.SentinelClient":                  {Sentinel: true},
	},
	Clusters:       true,
	Factories:      []string{"django_valkey.pool.", "django_valkey.async_cache.pool.Async"},
	FactorySetting: "DJANGO_VALKEY_CONNECTION_FACTORY",
	HerdModule:     "django_valkey.base_client",
}
