package sidetest

import (
	"fmt"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// ways are what the libraries do differently, as far as a walk has to know.
type ways struct {
	keeps string   // kinds of values that the serializer gives back as they were
	to    []string // codecs to which reinsert may change while Python reads on
	lacks string   // calls that Python has not, or that do something else there
	// What set does with an expiry of 0, and below; "" is to delete.
	zero, negative string
	noneIsDefault  bool // a timeout of None is the configured one
	marked         bool // get_or_set keeps markers and locks, as from 2.0 on
	old            bool // get_or_set is that of releases before 2.0
	herd           bool // values are wrapped with their deadline
	pickledInts    bool
}

// What serializers keep apart. Old msgpack has no bytes, and both it and JSON
// make lists of tuples.
const (
	ofPickle  = "int big bool none float bytes str list tuple dict set"
	ofJSON    = "int big bool none float str list dict"
	ofMsgpack = "int bool none float bytes str list dict"
	oldMsg    = "int bool none float str list dict"
	ofDummy   = "int big float str bytes"
)

// Where the library of a release chooses the server by the bare key, its own
// incr_version works; where by the stored key, on one server alone.
var (
	seb20 = ways{keeps: ofPickle, to: []string{"pickle:0", "pickle:2"}, negative: "ignore", marked: true, lacks: "keys,incr_version"}
	seb1  = ways{keeps: ofPickle, to: []string{"pickle:0", "pickle:2"}, zero: "store", negative: "ignore", old: true, lacks: "keys"}
	djr   = ways{keeps: ofPickle, to: []string{"pickle:0", "pickle:2", "pickle:4"}, lacks: "clear"}
	dre   = ways{keeps: ofPickle, to: []string{"pickle:1", "pickle:2"}, zero: "store", negative: "store", noneIsDefault: true, pickledInts: true,
		lacks: "clear,delete,delete_pattern,incr_version,keys,persist,touch,ttl"}
)

func (w ways) keeping(kinds string, to ...string) ways {
	w.keeps, w.to = kinds, to
	return w
}

func (w ways) lacking(calls string) ways {
	w.lacks += "," + calls
	return w
}

// redisCache is a cache of django-redis-cache.
func redisCache(name string, shards int, release, options string, w ways, model call) side {
	model["old"] = w.old
	return side{name: name, shards: shards, backend: "redis_cache.ShardedRedisCache", release: release,
		options: options, model: model, ways: w}
}

// djangoRedis is a cache of django-redis; its classes are given by their modules.
func djangoRedis(name string, shards int, options string, w ways, classes call) side {
	given := call{}
	for option, class := range classes {
		given[option] = "django_redis." + class.(string)
		options += "\n" + strings.ToLower(option) + " = \"" + given[option].(string) + "\""
	}
	if shards > 1 {
		given["CLIENT_CLASS"] = "django_redis.client.ShardClient"
		options += "\nclient_class = \"django_redis.client.ShardClient\""
		w = w.lacking("incr_version") // stores under another key
	}
	return side{name: name, shards: shards, backend: "django_redis.cache.RedisCache", release: "5.2.0", options: options,
		settings: call{"BACKEND": "django_redis.cache.RedisCache", "OPTIONS": given}, ways: w}
}

const (
	python311  = `python = "3.11"`
	djrZlib    = "compressors.zlib.ZlibCompressor"
	djrLzma    = "compressors.lzma.LzmaCompressor"
	djrLz4     = "compressors.lz4.Lz4Compressor"
	djrZstd    = "compressors.zstd.ZStdCompressor"
	djrJSON    = "serializers.json.JSONSerializer"
	djrMsgpack = "serializers.msgpack.MSGPackSerializer"
)

// sides are the caches on which Python and cachering work side by side: every
// serializer and compressor of the libraries, on 1, 3 and 4 shards. A run of the
// tests takes so many that it has each kind, CACHERING_WHOLE or CACHERING_STEPS all.
var sides = []side{
	redisCache("3.0.1", 3, "3.0.1", python311, seb20, call{}),
	redisCache("3.0.1-one-shard", 1, "3.0.1", python311, seb20, call{}),
	redisCache("3.0.1-protocol-0", 4, "3.0.1", `pickle_version = 0`, seb20, call{"protocol": 0}),
	redisCache("3.0.1-zlib", 3, "3.0.1", "pickle_version = 2\ncompressor = \"zlib\"", seb20, call{"protocol": 2, "compressor": "zlib"}),
	redisCache("3.0.1-bz2", 4, "3.0.1", python311+"\ncompressor = \"bz2\"", seb20, call{"compressor": "bz2"}),
	redisCache("3.0.1-json", 4, "3.0.1", `serializer = "json"`, seb20.keeping(ofJSON, "json"), call{"serializer": "json"}),
	redisCache("3.0.1-json-bz2", 1, "3.0.1", "serializer = \"json\"\ncompressor = \"bz2\"",
		seb20.keeping(ofJSON, "json+bz2:1"), call{"serializer": "json", "compressor": "bz2"}),
	redisCache("3.0.1-msgpack", 3, "3.0.1", `serializer = "msgpack"`, seb20.keeping(oldMsg, "msgpack"), call{"serializer": "msgpack"}),
	redisCache("3.0.1-msgpack-zlib", 4, "3.0.1", "serializer = \"msgpack\"\ncompressor = \"zlib\"",
		seb20.keeping(oldMsg, "msgpack+zlib:9"), call{"serializer": "msgpack", "compressor": "zlib"}),
	redisCache("3.0.1-yaml", 4, "3.0.1", `serializer = "yaml"`, seb20.keeping(ofPickle, "yaml"), call{"serializer": "yaml"}),
	redisCache("3.0.1-yaml-zlib", 1, "3.0.1", "serializer = \"yaml\"\ncompressor = \"zlib\"",
		seb20.keeping(ofPickle, "yaml+zlib:9"), call{"serializer": "yaml", "compressor": "zlib"}),
	redisCache("3.0.1-dummy", 3, "3.0.1", `serializer = "dummy"`, seb20.keeping(ofDummy, "dummy"), call{"serializer": "dummy"}),
	redisCache("1.8.1", 3, "1.8.1", `python = "3.6"`, seb1, call{"protocol": 4}),
	redisCache("1.8.1-one-shard", 1, "1.8.1", `python = "3.6"`, seb1, call{"protocol": 4}),
	redisCache("1.8.1-json-zlib", 4, "1.8.1", "serializer = \"json\"\ncompressor = \"zlib\"",
		seb1.keeping(ofJSON, "json+zlib:1"), call{"serializer": "json", "compressor": "zlib"}),
	{name: "RedisCache", shards: 3, backend: "redis_cache.RedisCache", release: "3.0.1", options: python311,
		model: call{"writer": 0}, ways: seb20},
	{name: "dredis", shards: 4, backend: "dredis_cache.RedisCache", release: "1.3.0a", model: call{"library": "dredis"}, ways: dre},
	djangoRedis("django-redis", 1, python311, djr, nil),
	djangoRedis("django-redis-shards", 4, python311, djr, nil),
	djangoRedis("django-redis-zlib", 3, python311, djr, call{"COMPRESSOR": djrZlib}),
	djangoRedis("django-redis-lzma", 4, python311, djr.keeping(ofPickle, "pickle:3", "pickle+none"), call{"COMPRESSOR": djrLzma}),
	djangoRedis("django-redis-lz4", 1, python311, djr.keeping(ofPickle, "pickle:3", "pickle+none"), call{"COMPRESSOR": djrLz4}),
	djangoRedis("django-redis-zstd", 3, python311, djr.keeping(ofPickle, "pickle:3", "pickle+none"), call{"COMPRESSOR": djrZstd}),
	djangoRedis("django-redis-json", 3, "", djr.keeping(ofJSON, "json"), call{"SERIALIZER": djrJSON}),
	djangoRedis("django-redis-json-zstd", 1, "", djr.keeping(ofJSON, "json+none"), call{"SERIALIZER": djrJSON, "COMPRESSOR": djrZstd}),
	djangoRedis("django-redis-msgpack", 4, "", djr.keeping(ofMsgpack, "msgpack"), call{"SERIALIZER": djrMsgpack}),
	djangoRedis("django-redis-msgpack-lz4", 3, "", djr.keeping(ofMsgpack, "msgpack+none"), call{"SERIALIZER": djrMsgpack, "COMPRESSOR": djrLz4}),
	djangoRedis("django-redis-herd", 1, python311, func() ways {
		w := djr.lacking("incr,incr_version")
		w.herd = true
		return w
	}(), call{"CLIENT_CLASS": "client.HerdClient"}),
}

// kinds are what a walk on the cache is about: its library, and with that each
// serializer, compressor and other option, and one server or several.
func (s side) kinds() []string {
	kinds := []string{"release " + s.release, fmt.Sprint("several ", s.shards > 1)}
	for _, option := range []string{"serializer", "compressor"} {
		if !strings.Contains(s.options, option) {
			kinds = append(kinds, "no "+option)
		}
	}
	kinds = append(kinds, strings.Split(s.options, "\n")...)
	for i := range kinds {
		kinds[i] = s.backend + " " + kinds[i]
	}
	return kinds
}

// sideSteps is how many operations a walk makes at least, unless CACHERING_STEPS
// says otherwise; it goes on until every command had its turn.
const sideSteps = 31 // each of the operations once

// entryCommands are those that read or write entries.
var entryCommands = []string{"get", "set", "delete", "exists", "ttl", "persist", "expire", "touch", "incr", "decr",
	"incr-version", "decr-version", "get-or-set", "keys", "unlock", "del-pattern", "clear", "reinsert"}

// Each of Python and cachering reads, expires, counts, moves and deletes what
// the other wrote; after every step both answer as a model does, and every key
// is on the shard on which Python looks for it.
func TestSideBySide(t *testing.T) {
	steps, table := trials.Count(t, "CACHERING_STEPS", sideSteps), sides
	if steps == sideSteps {
		table = trials.Cover(t, sides, side.kinds)
	}
	for _, s := range table {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWalk(t, s, trials.Rand(t))
			for n := 0; n < steps || n < 10*steps && w.unused() != nil; n++ {
				w.step()
				w.compare()
				if t.Failed() {
					t.Fatalf("step %d", n)
				}
			}
			w.compareAll()
			if names := w.unused(); names != nil {
				t.Errorf("no step ran %q", names)
			}
		})
	}
}

// unused are the commands that no step has run.
func (w *walk) unused() (names []string) {
	for _, name := range entryCommands {
		if !w.ran[name] {
			names = append(names, name)
		}
	}
	return names
}
