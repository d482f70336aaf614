package config

import "strings"

// DefaultKeyFunction is the template of Django's default key function.
const DefaultKeyFunction = "{prefix}:{version}:{key}"

const (
	seconds  = kindInt | kindFloat | kindString
	anyScale = kindInt | kindFloat | kindString | kindBool | kindArray | kindTable
)

// fileField is the schema of the whole file.
var fileField = field{kinds: kindTable, table: []field{
	{name: "caches", kinds: kindTable, write: "[caches.default]", each: &field{
		kinds: kindTable, write: "a table such as [caches.default]", table: cacheFields,
	}},
}}

// cacheFields is the schema of one cache: the settings of Django's CACHES in
// lower case, and what cachering adds.
var cacheFields = []field{
	{name: "backend", kinds: kindString, write: `the dotted name, as in CACHES: "` + backendSharded + `"`},
	{name: "release", kinds: kindString, write: `it in quotes, such as "3.0.1"`, echo: true, check: notEmpty},
	{name: "location", kinds: kindString | kindArray, write: `one string or an array of strings, such as ["10.0.0.1:6379", "10.0.0.2:6379"]`,
		each: &field{kinds: kindString, write: `it in quotes, such as "10.0.0.1:6379"`}},
	{name: "key_prefix", kinds: kindString, write: "it in quotes"},
	{name: "version", kinds: kindInt, write: "an integer, such as 1"},
	{name: "timeout", kinds: seconds, none: true, want: `seconds or "none"`, write: `seconds, such as 300, or "none"`},
	{name: "key_function", kinds: kindString, write: quote(DefaultKeyFunction), check: checkKeyFunction},
	{name: "read_only", kinds: kindBool, write: "true or false"},
	{name: "protect", kinds: kindArray, write: `an array of patterns, such as ["django.contrib.sessions*"]`,
		each: &field{kinds: kindString, write: "it in quotes", check: notEmpty}},
	// BaseRedisCache.get_db and get_password of django-redis-cache look here
	// before they look in OPTIONS.
	{name: "db", kinds: kindInt | kindFloat | kindBool | kindString, want: "a number", write: "a number, such as 1"},
	{name: "password", kinds: kindString, write: "it in quotes"},
	{name: "options", kinds: kindTable, write: "[caches.NAME.options]", table: optionFields},
	{name: "dial", kinds: kindTable, write: `[caches.NAME.dial] with lines such as "10.0.0.1:6379" = "127.0.0.1:16379"`,
		each: &field{kinds: kindString, write: `it in quotes, such as "127.0.0.1:16379"`, check: checkDial}},
	{name: "bulk", kinds: kindTable, write: "[caches.NAME.bulk]", table: bulkFields},
}

// optionFields is the schema of OPTIONS.
var optionFields = []field{
	{name: "db", kinds: kindInt | kindFloat | kindBool | kindString, want: "a number", write: "a number, such as 1"},
	{name: "python", kinds: kindString, write: `it in quotes, such as "3.12"`, echo: true, check: checkPython},
	{name: "ring", kinds: kindString, write: `it in quotes, such as "django-redis-cache"`, check: notEmpty},

	{name: "password", kinds: kindString, write: "it in quotes"},
	{name: "password_env", kinds: kindString, write: `the name of an environment variable, such as "CACHE_PASSWORD"`, check: checkEnvName},
	{name: "password_file", kinds: kindString, write: "the path of a file, in quotes", check: notEmpty},
	{name: "password_command", kinds: kindString | kindArray, write: `a command, such as "pass show redis", or its words as an array`, check: notEmptyCommand,
		each: &field{kinds: kindString, write: "each word in quotes"}},

	{name: "pickle_version", kinds: kindInt | kindString, want: "an integer", write: "-1, or 0 to 5", check: checkProtocol},
	{name: "serializer", kinds: kindString, write: `"pickle"`, check: notEmpty},
	{name: "serializer_class", kinds: kindString, write: `"redis_cache.serializers.PickleSerializer"`, check: notEmpty},
	{name: "serializer_class_kwargs", kinds: kindTable, write: "{pickle_version = 5}", table: []field{
		{name: "pickle_version", kinds: kindInt | kindString, want: "an integer", write: "-1, or 0 to 5", check: checkProtocol},
	}},
	{name: "compressor", kinds: kindString, write: `"none"`, check: notEmpty},
	{name: "compressor_class", kinds: kindString, write: `"redis_cache.compressors.NoopCompressor"`, check: notEmpty},
	{name: "compressor_class_kwargs", kinds: kindTable, write: "{level = 6}", table: []field{
		{name: "level", kinds: kindInt, write: "0 to 9"},
		{name: "compresslevel", kinds: kindInt, write: "1 to 9"},
	}},

	{name: "master_cache", kinds: kindString, write: "one of the locations, spelled as it is there", check: notEmpty},
	{name: "socket_timeout", kinds: seconds, want: `seconds or "none"`, write: `seconds, such as 5 or 0.5, or "none"`, check: checkSeconds},
	{name: "socket_connect_timeout", kinds: seconds, want: `seconds or "none"`, write: `seconds, such as 5 or 0.5, or "none"`, check: checkSeconds},
	{name: "connection_pool_class", kinds: kindString, write: "it in quotes", idle: true},
	{name: "connection_pool_class_kwargs", kinds: kindTable, write: "{max_connections = 20}", table: []field{
		{name: "max_connections", kinds: kindInt, write: "a number, such as 20", check: between(1, 1<<31-1), idle: true},
		{name: "timeout", kinds: seconds, want: `seconds or "none"`, write: "seconds, such as 20", idle: true},
		{name: "retry_on_timeout", kinds: kindBool, write: "true or false", idle: true},
		{name: "health_check_interval", kinds: kindInt | kindFloat, write: "seconds, such as 30", idle: true},
		{name: "socket_keepalive", kinds: kindBool, write: "true or false", idle: true},
		{name: "socket_read_size", kinds: kindInt, write: "a number of bytes", idle: true},
		{name: "ssl_cert_reqs", kinds: anyScale, refused: sslRefused},
		{name: "ssl_ca_certs", kinds: anyScale, refused: sslRefused},
		{name: "ssl_certfile", kinds: anyScale, refused: sslRefused},
		{name: "ssl_keyfile", kinds: anyScale, refused: sslRefused},
		{name: "ssl_check_hostname", kinds: anyScale, refused: sslRefused},
		{name: "username", kinds: anyScale, refused: "user names are not supported yet; the default user is, with its password"},
		{name: "password", kinds: anyScale, refused: "a password is not read from here; write it as options.password"},
		{name: "db", kinds: anyScale, refused: "the database is not read from here; write it as options.db"},
		{name: "host", kinds: anyScale, refused: "servers are not read from here; write them in location"},
		{name: "port", kinds: anyScale, refused: "servers are not read from here; write them in location"},
	}},

	{name: "parser_class", kinds: kindString, write: "it in quotes", idle: true},
	{name: "max_entries", kinds: kindInt, write: "a number", idle: true},
	{name: "cull_frequency", kinds: kindInt, write: "a number", idle: true},
}

const (
	sslRefused = "TLS settings are not supported yet; leave it out: rediss:// servers are checked against the certificates of this system"
	perRun     = "not a default for every run; give it as a flag"
)

// bulkFields is the schema of bulk: defaults of flags.
var bulkFields = []field{
	{name: "rate", kinds: kindInt, write: "keys per second, such as 20000; 0 is no limit", check: between(0, 1<<31-1)},
	{name: "batch", kinds: kindInt, write: "a number of keys, such as 32", check: between(1, 10000)},
	{name: "max_deletes", kinds: kindInt | kindString, write: `a number of keys, or a share such as "10%"`, check: checkMaxDeletes},
	{name: "no_progress", kinds: kindBool, write: "true or false"},
	{name: "dry_run", kinds: anyScale, refused: perRun},
	{name: "yes", kinds: anyScale, refused: perRun},
	{name: "failures", kinds: anyScale, refused: perRun},
	{name: "match", kinds: anyScale, refused: perRun},
	{name: "include_protected", kinds: anyScale, refused: perRun},
}

func checkKeyFunction(n *node) problem {
	switch n.value {
	case DefaultKeyFunction, "django.core.cache.backends.base.default_key_func":
		return problem{}
	}
	return problem{"key functions other than Django's default are not supported yet", "leave it out, or write " + quote(DefaultKeyFunction)}
}

func checkSeconds(n *node) problem {
	if s, ok := n.value.(string); ok {
		if s == "none" {
			return problem{}
		}
		if d, err := ParseDuration(s); err != nil || d <= 0 {
			return problem{"not a duration", `write seconds, such as 5 or 0.5, or "none"`}
		}
		return problem{}
	}
	if n.value == int64(0) {
		return problem{"a timeout of 0 would end every call at once", `write seconds, or "none" for no limit`}
	}
	return atLeast(0)(n)
}

func checkEnvName(n *node) problem {
	s := n.value.(string)
	if s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") == "" && !(s[0] >= '0' && s[0] <= '9') {
		return problem{}
	}
	// The text is not shown: a password put here by mistake must not be.
	return problem{"not the name of an environment variable", `write a name such as "CACHE_PASSWORD", without $`}
}

func notEmptyCommand(n *node) problem {
	if n.kind == kindArray && len(n.items) > 0 || n.kind == kindString && strings.TrimSpace(n.value.(string)) != "" {
		return problem{}
	}
	return problem{"no command", `write one, such as "pass show redis"`}
}
