package library

import (
	"slices"

	"cachering/codec"
	"cachering/ring"
)

// django-vcache. Of releases from 1.0 on the guide is known, and no value was seen:
// they are read, and not written.
var vcache = Library{
	Name: ring.LibVcache,
	Backends: []Backend{
		{Name: "django_vcache.backend.ValkeyCache"},
		{Name: "django_vcache.ValkeyCache", Alias: true},          // from 2.0 on
		{Name: "django_vcache.wsgi.ValkeyWSGICache", Alias: true}, // before 1.0
	},
	Spans: []Span{{From: "0.0.1", To: "3.2.0"}},
	Changes: []Change{
		{"", func(t *Traits) {
			t.LocationForms = `write "valkey://host:port/db", "valkeys://host:port/db" or "unix:///path/to.sock?db=1"; of sentinels, "valkey://service/db", and options.sentinels`
			t.OneServer = true
			t.Zero, t.Negative, t.AddIgnores = Delete, Ignore, true
			t.Sentinels = true
			t.PlainReads, t.Threshold = true, true
			t.Rules = codec.Rules{MinLength: 1024, SerializeInts: true, Marked: true}
		}},
		{"1.0", func(t *Traits) {
			t.Unwritten = "how django-vcache from 1.0 on stores values is known by its guide alone, and none is written by that"
			t.Serializer = codec.MsgPack // ormsgpack
			t.Rules = codec.Rules{MinLength: 1024, AnyMark: true, Rust: true, RustMapKeys: true}
		}},
	},
	Location:    "valkey://valkey:6379/1",
	SentinelURL: true,
	Example:     `"valkey://10.0.0.1:6379/1"`,
	Reads:       ring.ReadOthers,
	Picks:       []codec.Compressor{codec.Zstd, codec.Zlib},
	// What is not its own goes to valkey-py.
	Arguments: true,
	AnyCase:   true,
	Options: slices.Concat(
		upper(used("compress_min_len", "cluster_mode")), used("compressor"), upper(idle(Flag, "ignore_exceptions")), used("sentinels", "sentinel_kwargs", "db", "max_connections"),
		idle(Text, "parser_class", "client_name", "lib_name", "lib_version"), idle(Any, "retry_on_error"), idle(Count, "protocol"),
		used("timeout", "retry_on_timeout", "health_check_interval", "socket_keepalive", "socket_read_size"),
		refused("servers are not read from here; write them in location", "host", "port")),
	Refused: inURL,
}
