package config

import (
	"slices"
	"strings"

	"cachering/commands/internal/library"
)

// DefaultKeyFunction is the template of Django's default key function.
const DefaultKeyFunction = "{prefix}:{version}:{key}"

const (
	seconds  = kindInt | kindFloat | kindString
	anyScale = kindInt | kindFloat | kindString | kindBool | kindArray | kindTable
)

// confirmAlias is what a run that deletes may have to be confirmed with.
const confirmAlias = "alias"

// fileField is the schema of the whole file.
var fileField = field{kinds: kindTable, table: []field{
	{name: "caches", kinds: kindTable, write: "[caches.default]", each: &field{
		kinds: kindTable, write: "a table such as [caches.default]", table: cacheFields,
	}},
	{name: "run_log", kinds: kindString, write: `it in quotes, such as "/var/log/cachering.jsonl"`, check: notEmpty},
}}

// cacheFields is the schema of one cache: the settings of Django's CACHES in
// lower case, and what cachering adds.
var cacheFields = []field{
	{name: "backend", kinds: kindString, write: `the dotted name, as in CACHES: ` + quote(library.Default().Sharding())},
	{name: "release", kinds: kindString, write: `it in quotes, such as "3.0.1"`, echo: true, check: notEmpty},
	{name: "location", kinds: kindString | kindArray, write: `one string or an array of strings, such as ["10.0.0.1:6379", "10.0.0.2:6379"]`,
		each: &field{kinds: kindString, write: `it in quotes, such as "10.0.0.1:6379"`}},
	{name: "location_env", kinds: kindString | kindArray, write: `the name of an environment variable, such as "REDIS_URL", or an array of names`, check: checkLocationEnv,
		each: &field{kinds: kindString, write: "the name of an environment variable, in quotes", check: checkLocationEnv}},
	{name: "key_prefix", kinds: kindString, write: "it in quotes"},
	{name: "version", kinds: kindInt, write: "an integer, such as 1"},
	{name: "timeout", kinds: seconds, none: true, want: `seconds or "none"`, write: `seconds, such as 300, or "none"`},
	{name: "key_function", kinds: kindString, write: "a template, such as " + quote(DefaultKeyFunction), check: notEmpty},
	{name: "read_only", kinds: kindBool, write: "true or false"},
	{name: "confirm", kinds: kindString, write: quote(confirmAlias) + ", or leave it out", check: oneOf(confirmAlias)},
	{name: "label", kinds: kindString, write: `what the cache is, such as "production"`, check: notEmpty},
	{name: "protect", kinds: kindArray, write: `an array of patterns and areas, such as ["@logout", "@state", "report:*"]`,
		each: &field{kinds: kindString, write: "it in quotes", check: checkProtected}},
	// BaseRedisCache.get_db and get_password of django-redis-cache look here
	// before they look in OPTIONS.
	{name: "db", kinds: kindInt | kindFloat | kindBool | kindString, want: "a number", write: "a number, such as 1"},
	{name: "password", kinds: kindString, write: "it in quotes"},
	{name: "options", kinds: kindTable, write: "[caches.NAME.options]", table: optionsOf(library.Default())},
	{name: "dial", kinds: kindTable, write: `[caches.NAME.dial] with lines such as "10.0.0.1:6379" = "127.0.0.1:16379"`,
		each: &field{kinds: kindString, write: `it in quotes, such as "127.0.0.1:16379"`, check: checkDial}},
	{name: "bulk", kinds: kindTable, write: "[caches.NAME.bulk]", table: bulkFields},
}

// The schemas of OPTIONS are put together of what every cache may say here and
// of what its library has.
var (
	// commonOptions are not the libraries': they tell what settings do not.
	commonOptions = slices.Concat([]field{
		{name: "python", kinds: kindString, write: `it in quotes, such as "3.12"`, echo: true, check: checkPython},
		{name: "own_codec", kinds: kindBool, write: "true or false"},
	}, passwordFields, []field{
		{name: "socket_timeout", kinds: seconds, want: `seconds or "none"`, write: `seconds, such as 5 or 0.5, or "none"`, check: checkSeconds},
		{name: "socket_connect_timeout", kinds: seconds, want: `seconds or "none"`, write: `seconds, such as 5 or 0.5, or "none"`, check: checkSeconds},
		{name: "max_entries", kinds: kindInt, write: "a number", idle: true},
		{name: "cull_frequency", kinds: kindInt, write: "a number", idle: true},
	}, tlsFields)

	// passwordFields say who logs in.
	passwordFields = []field{
		{name: "password", kinds: kindString, write: "it in quotes"},
		{name: "password_env", kinds: kindString, write: `the name of an environment variable, such as "CACHE_PASSWORD"`, check: checkEnvName},
		{name: "password_file", kinds: kindString, write: "the path of a file, in quotes", check: notEmpty},
		{name: "password_command", kinds: kindString | kindArray, write: `a command, such as "pass show redis", or its words as an array`, check: notEmptyCommand,
			each: &field{kinds: kindString, write: "each word in quotes"}},
		{name: "username", kinds: kindString, write: `the name of an ACL user, such as "admin"`, check: notEmpty},
	}

	clusterOption  = field{name: "cluster", kinds: kindBool, write: "true or false"}
	ringOption     = field{name: "ring", kinds: kindString, write: `it in quotes, such as "django-redis-cache"`, check: notEmpty}
	protocolOption = field{name: "pickle_version", kinds: kindInt | kindString, want: "an integer", write: "-1, or 0 to 5", check: checkProtocol}

	// poolKwargs are arguments of the connections of redis-py.
	poolKwargs = append([]field{
		{name: "max_connections", kinds: kindInt, write: "a number, such as 20", check: between(1, 1<<31-1)},
		{name: "timeout", kinds: seconds, want: `seconds or "none"`, write: "seconds, such as 20", idle: true},
		{name: "retry_on_timeout", kinds: kindBool, write: "true or false", idle: true},
		{name: "health_check_interval", kinds: kindInt | kindFloat, write: "seconds, such as 30", idle: true},
		{name: "socket_keepalive", kinds: kindBool, write: "true or false", idle: true},
		{name: "socket_read_size", kinds: kindInt, write: "a number of bytes", idle: true},
		{name: "username", kinds: anyScale, refused: "a user name is not read from here; write it as options.username"},
		{name: "password", kinds: anyScale, refused: "a password is not read from here; write it as options.password"},
		{name: "db", kinds: anyScale, refused: "the database is not read from here; write it as options.db"},
		{name: "host", kinds: anyScale, refused: "servers are not read from here; write them in location"},
		{name: "port", kinds: anyScale, refused: "servers are not read from here; write them in location"},
	}, tlsFields[:5]...)

	// urlPoolKwargs are those of libraries without an option for the database.
	urlPoolKwargs = append([]field{
		{name: "db", kinds: anyScale, refused: "the database is not read from here; write it into the location: redis://host:port/db"},
		{name: "ssl", kinds: kindBool, write: "true or false"},
	}, slices.DeleteFunc(slices.Clone(poolKwargs), func(f field) bool { return f.name == "db" })...)

	// optionFields are the options that libraries have, by name.
	optionFields = slices.Concat([]field{
		{name: "db", kinds: kindInt | kindFloat | kindBool | kindString, want: "a number", write: "a number, such as 1"},
		protocolOption,
		{name: "serializer", kinds: kindString, write: `"pickle", or the class`, check: notEmpty},
		{name: "serializer_class", kinds: kindString, write: "the dotted name, in quotes", check: notEmpty},
		{name: "serializer_class_kwargs", kinds: kindTable, write: "{pickle_version = 5}", table: []field{protocolOption}},
		{name: "compressor", kinds: kindString, write: `"none", or the class`, check: notEmpty},
		{name: "compressor_class", kinds: kindString, write: "the dotted name, in quotes", check: notEmpty},
		{name: "compressor_class_kwargs", kinds: kindTable, write: "{level = 6}", table: []field{
			{name: "level", kinds: kindInt, write: "0 to 9"},
			{name: "compresslevel", kinds: kindInt, write: "1 to 9"},
		}},
		{name: "compress_min_length", kinds: kindInt, write: "a number of bytes, such as 15", check: between(0, 1<<31-1)},
		{name: "compress_min_len", kinds: kindInt, write: "a number of bytes, such as 10", check: between(0, 1<<31-1)},
		{name: "cluster_mode", kinds: kindBool, write: "true or false"},
		{name: "compress_level", kinds: kindInt, write: "a level, such as 6"},
		{name: "master_cache", kinds: kindString, write: "one of the locations, spelled as it is there", check: notEmpty},
		{name: "client_class", kinds: kindString, write: "the dotted name, in quotes", check: notEmpty},
		{name: "cache_herd_timeout", kinds: kindInt, write: "seconds, such as 60", check: between(0, 1<<31-1)},
		{name: "connection_factory", kinds: kindString, write: "the dotted name, in quotes", check: notEmpty},
		{name: "sentinels", kinds: kindArray, write: writeSentinels, check: checkSentinels},
		{name: "sentinel_kwargs", kinds: kindTable, write: `{password_env = "SENTINEL_PASSWORD"}`, table: sentinelFields},
		{name: "ssl", kinds: kindBool, write: "true or false"},
		{name: "stampede_prevention", kinds: kindBool | kindTable, write: "true, or {buffer = 60}", table: []field{
			{name: "buffer", kinds: kindInt, write: "seconds, such as 60", check: between(0, 1<<31-1)},
			{name: "beta", kinds: kindInt | kindFloat, write: "a number, such as 1.0", idle: true},
			{name: "delta", kinds: kindInt | kindFloat, write: "seconds, such as 1.0", idle: true},
		}},
		{name: "connection_pool_class_kwargs", kinds: kindTable, write: "{max_connections = 20}", table: poolKwargs},
		{name: "connection_pool_kwargs", kinds: kindTable, write: "{max_connections = 20}", table: urlPoolKwargs},
	}, poolKwargs)
)

// idleFields are what options without effect may be.
var idleFields = map[library.Type]field{
	library.Text:  {kinds: kindString, write: "it in quotes", idle: true},
	library.Flag:  {kinds: kindBool, write: "true or false", idle: true},
	library.Count: {kinds: kindInt, write: "a number", idle: true},
	library.Any:   {kinds: anyScale, idle: true, free: true},
	library.Table: {kinds: kindTable, write: "{}", idle: true, free: true},
}

// optionsOf is the schema of OPTIONS of a library.
func optionsOf(lib *library.Library) []field {
	list := slices.Clone(commonOptions)
	if len(lib.Rings()) > 0 {
		list = append(list, ringOption)
	}
	if lib.Clusters {
		list = append(list, clusterOption)
	}
	for _, o := range lib.Options {
		f := optionField(o)
		if lib.Chains && (f.name == "serializer" || f.name == "compressor") {
			f.kinds |= kindArray
			f.each = &field{kinds: kindString, write: "the class, or what it does, in quotes", check: notEmpty}
		}
		list = append(list, f)
	}
	return list
}

func optionField(o library.Option) field {
	f := idleFields[o.Idle]
	switch {
	case o.Refused != "":
		f = field{kinds: anyScale, refused: o.Refused}
	case o.Idle == library.Used:
		f = optionFields[slices.IndexFunc(optionFields, func(f field) bool { return f.name == o.Name })]
	}
	if f.name = o.Name; f.idle && strings.HasSuffix(f.name, "_class") {
		f.check = checkBuilt
	}
	return f
}

// schema is that of a cache of a library.
func schema(lib *library.Library) []field {
	list := slices.Clone(cacheFields)
	for i := range list {
		if list[i].name == "options" {
			list[i].table = optionsOf(lib)
		}
		for _, o := range lib.Refused {
			if list[i].name == o.Name {
				list[i] = optionField(o)
			}
		}
	}
	return list
}

// fieldsOf is the schema of a cache; where its backend does not tell it, that of
// the first library.
func fieldsOf(cache *node) []field {
	lib, _ := library.OfBackend(text(cache.get("backend")))
	if lib == nil {
		lib = library.Default()
	}
	return schema(lib)
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

func checkLocationEnv(n *node) problem {
	switch {
	case n.kind == kindArray && len(n.items) == 0:
		return problem{"no environment variable is named", `write one, such as ["REDIS_URL"]`}
	case n.kind == kindArray:
		return problem{}
	}
	p := checkEnvName(n)
	p.hint = strings.Replace(p.hint, "CACHE_PASSWORD", "REDIS_URL", 1)
	return p
}

func notEmptyCommand(n *node) problem {
	if n.kind == kindArray && len(n.items) > 0 || n.kind == kindString && strings.TrimSpace(n.value.(string)) != "" {
		return problem{}
	}
	return problem{"no command", `write one, such as "pass show redis"`}
}
