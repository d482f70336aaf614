package library

import (
	"slices"

	"cachering/ring"
)

// Django's own django.core.cache.backends.redis.
var django = Library{
	Name:     ring.LibDjango,
	Backends: []Backend{{Name: "django.core.cache.backends.redis.RedisCache"}},
	Spans:    []Span{{From: "4.0a1", To: "6.1", Shown: "4.0 to 6.1"}},
	Changes: []Change{{"", func(t *Traits) {
		t.LocationForms = `write "redis://host:port/db", "rediss://host:port/db" or "unix:///path/to.sock?db=1"`
		t.Zero, t.Negative = Delete, Delete
		t.PlainReads = true
	}}},
	NoRelease: true,
	OfDjango:  true,
	Example:   `"redis://10.0.0.1:6379/1"`,
	Separator: ",",
	Reads:     ring.ReadOthers,
	Arguments: true,
	Clusters:  true,
	// Arguments of redis-py but for the first three.
	Options: slices.Concat(
		used("db", "pickle_version", "serializer", "max_connections"),
		idle(Text, "pool_class", "parser_class", "client_name", "lib_name", "lib_version"),
		idle(Any, "retry_on_error"), idle(Count, "protocol"),
		used("timeout", "retry_on_timeout", "health_check_interval", "socket_keepalive", "socket_read_size"),
		refused("servers are not read from here; write them in location", "host", "port")),
	Refused: slices.Concat(
		refused("the library reads no database here; write it as options.db", "db"),
		refused("the library reads no password here; write it as options.password", "password")),
	Serializers: map[string]string{
		"django.core.cache.backends.redis.RedisSerializer": "pickle",
	},
}
