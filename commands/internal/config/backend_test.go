package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/codec"
	"cachering/commands/internal/library"
)

// TestBackends reads the same few settings for every backend and release that
// differs in what they mean.
func TestBackends(t *testing.T) {
	facts := map[string]func(*Cache) string{
		"codec": func(c *Cache) string { return c.Codec.String() },
		"rules": func(c *Cache) string {
			r := c.Codec.Rules
			return fmt.Sprintf("%d %v %v", r.MinLength, r.OnlySmaller, r.SerializeInts)
		},
		"reader": func(c *Cache) string {
			r := c.Codec.Rules
			return fmt.Sprintf("%v %v", r.AnyMapKeys, r.UnsafeYAML)
		},
		"ring":  func(c *Cache) string { return fmt.Sprintf("%s %v", c.Ring, c.Sharded) },
		"db":    func(c *Cache) string { return fmt.Sprint(c.Endpoint(0).DB) },
		"dial":  func(c *Cache) string { return c.Endpoint(0).Network + " " + c.Endpoint(0).Addr },
		"ttl":   func(c *Cache) string { return c.Timeout.String() },
		"count": func(c *Cache) string { return fmt.Sprint(len(c.Servers)) },
		"reads": func(c *Cache) string { return fmt.Sprint(c.Place.Readers(c.Master)) },
		"label": func(c *Cache) string { return c.Servers[0].Label },
		"herd":  func(c *Cache) string { return fmt.Sprint(c.Herd, c.HerdTimeout) },
		"top":   func(c *Cache) string { return fmt.Sprint(c.HighestProtocol()) },
		"login": func(c *Cache) string {
			login, err := c.Login(t.Context(), 0)
			return fmt.Sprint(login.Username, " ", login.Password.Reveal(), " ", err)
		},
		"side": func(c *Cache) string { return fmt.Sprint(c.Traits.Side) },
	}
	const (
		djr   = "django_redis.cache.RedisCache"
		core  = "django.core.cache.backends.redis.RedisCache"
		dvk   = "django_valkey.cache.ValkeyCache"
		dvc   = "django_vcache.backend.ValkeyCache"
		dre   = "dredis_cache.RedisCache"
		seb   = "redis_cache.RedisCache"
		shard = "redis_cache.ShardedRedisCache"

		url = `location = "redis://h/2"` + "\n"
		hp  = `location = "h:1"` + "\n"
	)
	for _, tt := range []struct {
		backend, release, lines string
		fact, want              string
	}{
		// django-redis: where keys are
		{djr, "5.2.0", url, "ring", " false"},
		{djr, "", url, "db", "2"},
		{djr, "", `location = "redis://h"`, "db", "0"},
		{djr, "", `location = "unix:///s.sock?db=3"`, "dial", "unix /s.sock"},
		{djr, "", `location = "redis://h:7/1,redis://i:7/1,redis://j:7/1"`, "reads", "[1 2]"},
		{djr, "", url, "reads", "[0]"},
		{djr, "3.3.0", `location = "h:7:5"`, "db", "5"},
		{djr, "3.3.0", `location = "h:7:5"`, "dial", "tcp h:7"},
		{djr, "3.8.0", `location = "unix:/s.sock:1"`, "dial", "unix /s.sock"},
		{djr, "5.2.0", `location = "redis://h:7/1,redis://:p@h:8/1"` + "\noptions.client_class = \"django_redis.client.ShardClient\"", "ring", "django-redis true"},
		{djr, "6.0.0", `location = ["redis://:p@h:8/1"]` + "\noptions.client_class = \"django_redis.client.sharded.ShardClient\"", "label", "redis://:p@h:8/1"},
		{djr, "3.2.0", `location = ["h:8:1"]` + "\noptions.client_class = \"django_redis.client.ShardClient\"", "ring", "django-redis-3.3 true"},
		{djr, "", `location = ["redis://h"]` + "\noptions = {client_class = \"django_redis.client.ShardClient\", ring = \"django-redis\"}", "ring", "django-redis true"},
		{djr, "", url, "side", "{ }"},

		// django-redis: what values are
		{djr, "", url, "codec", "pickle"},
		{djr, "", url + `options.python = "3.12"`, "codec", "pickle:4"},
		{djr, "6.0.0", url + `options.python = "3.14"`, "codec", "pickle:5"},
		{djr, "5.2.0", url + `options.python = "3.7"`, "codec", "pickle:3"},
		{djr, "5.2.0", url + `options = {python = "3.12", pickle_version = -1}`, "codec", "pickle:5"},
		{djr, "5.2.0", url + `options = {python = "3.12", pickle_version = 2}`, "codec", "pickle:2"},
		{djr, "5.1.0", url + `options.python = "3.8"`, "codec", "pickle:5"},
		{djr, "4.12.1", url + `options.python = "2.7"`, "codec", "pickle:2"},
		{djr, "", url + `options.serializer = "django_redis.serializers.pickle.PickleSerializer"`, "codec", "pickle"},
		{djr, "", url + `options.compressor = "django_redis.compressors.zlib.ZlibCompressor"`, "codec", "pickle+zlib:6"},
		{djr, "", url + `options = {compressor = "zlib", compress_level = 9}`, "codec", "pickle+zlib:9"},
		{djr, "", url + `options.compressor = "zlib"`, "rules", "15 false false"},
		{djr, "4.4.0", url + `options.compressor = "zlib"`, "rules", "15 false false"},
		{djr, "", url + `options = {compressor = "zlib", compress_min_length = 512}`, "rules", "512 false false"},
		{djr, "", url + `options = {compressor = "zlib", compress_min_len = 10}`, "rules", "15 false false"},
		{djr, "4.3.0", url + `options.compress_min_len = 10`, "codec", "pickle+zlib:6"},
		{djr, "4.3.0", url + `options.compress_min_len = 10`, "rules", "9 true false"},
		{djr, "4.3.0", url + `options.compress_min_len = 0`, "codec", "pickle"},

		// django-redis: timeouts and logins
		{djr, "", url, "ttl", "300"},
		{djr, "", url + `timeout = 0`, "ttl", "0"},
		{djr, "3.8.0", url + `timeout = 0`, "ttl", "none"},
		{djr, "3.8.0", url + `timeout = -1`, "ttl", "-1"},
		{djr, "", `location = "redis://:a%20b@h/1"` + "\noptions.password = \"c\"", "login", " a b <nil>"},
		{djr, "", `location = "redis://u:a@h/1"`, "login", "u a <nil>"},
		{djr, "", `location = "redis://u@h/1"` + "\noptions.password = \"c\"", "login", "u c <nil>"},
		{djr, "", url + "options = {password = \"c\", username = \"w\"}", "login", "w c <nil>"},
		{djr, "", url, "herd", "false 0s"},
		{djr, "", url + `options.client_class = "django_redis.client.HerdClient"`, "herd", "true 1m0s"},
		{djr, "", url + `options = {client_class = "django_redis.client.herd.HerdClient", cache_herd_timeout = 20}`, "herd", "true 20s"},

		// django-redis-cache
		{seb, "0.9.1", hp, "codec", "pickle:0"},
		{seb, "0.13", hp, "ring", " false"},
		{seb, "0.9.1", hp, "side", "{ }"},
		{seb, "2.1.1", hp + `options.serializer = "yaml"`, "reader", "false true"},
		{seb, "2.1.3", hp + `options.serializer = "yaml"`, "reader", "false false"},
		{seb, "", hp + `options.serializer = "yaml"`, "reader", "false false"},
		{djr, "6.0.0", url + `options.serializer = "msgpack"`, "reader", "false false"},
		{seb, "0.9.1", hp + `timeout = 0`, "ttl", "none"},
		{seb, "1.8.1", hp + `timeout = 0`, "ttl", "none"},
		{seb, "2.0.0", hp + `timeout = 0`, "ttl", "0"},
		{seb, "1.8.1", hp + `timeout = -1`, "ttl", "-1"},
		{seb, "1.0.0", hp + `timeout = 60`, "ttl", "none"},
		{seb, "1.0.1", hp, "ttl", "none"},
		{seb, "1.1.0", hp + `timeout = 60`, "ttl", "60"},
		{seb, "", `location = ["h:1", "h:2"]`, "reads", "[0 1]"},
		{seb, "", hp, "db", "1"},
		{seb, "", hp + `options.compressor = "zlib"`, "rules", "0 false false"},
		{shard, "1.6.5", hp, "side", "{ _lock}"},
		{seb, "", `location = "redis://u:a@h/1"`, "login", " a <nil>"},
		{seb, "", hp + "options = {password = \"c\", username = \"w\"}", "login", "w c <nil>"},

		// Django
		{core, "4.0", url, "ring", " false"},
		{core, "6.0.1", url, "db", "2"},
		{core, "", `location = "redis://h"` + "\noptions.db = \"10\"", "db", "10"},
		{core, "", url + "options.db = \"10\"", "db", "2"},
		{core, "", `location = "redis://h:1;redis://h:2,redis://h:3"`, "count", "3"},
		{core, "", `location = "redis://h:1;redis://h:2,redis://h:3"`, "reads", "[1 2]"},
		{core, "", url + `options.python = "3.12"`, "codec", "pickle:5"},
		{core, "", url + `options.python = "3.7"`, "codec", "pickle:4"},
		{core, "", url + `options = {pickle_version = 3, serializer = "django.core.cache.backends.redis.RedisSerializer"}`, "codec", "pickle:3"},
		{core, "", url + `timeout = 0`, "ttl", "0"},
		{core, "", url + "options = {password = \"c\", username = \"w\"}", "login", "w c <nil>"},

		// django-dredis-cache
		{dre, "1.3.0a", hp, "ring", "django-dredis-cache true"},
		{dre, "", hp, "ring", "django-dredis-cache true"},
		{dre, "", `location = "h:1;h:2;h"`, "count", "3"},
		{dre, "", `location = []`, "dial", "tcp localhost:6379"},
		{dre, "", hp, "codec", "pickle:0"},
		{dre, "", hp, "rules", "0 false true"},
		{dre, "", hp, "db", "1"},
		{dre, "", hp, "top", "2"},
		{dre, "", hp + `timeout = -5`, "ttl", "none"},
		{dre, "", hp + `password = "x"`, "login", " x <nil>"},

		// django-valkey
		{dvk, "", `location = "valkey://h:1/3"`, "db", "3"},
		{dvk, "0.2.1", `location = "valkeys://h:1/3"`, "dial", "tcp h:1"},
		{dvk, "", `location = "valkey://h:1/3,valkey://h:2/3"` + "\noptions.client_class = \"django_valkey.client.ShardClient\"\nrelease = \"0.2.1\"", "ring", "django-redis true"},
		{dvk, "", url + `options.python = "3.12"`, "codec", "pickle:4"},
		{dvk, "", url + `options.compressor = "django_valkey.compressors.zlib.ZlibCompressor"`, "rules", "15 false false"},
		{dvk, "", url + `options.client_class = "django_valkey.client.HerdClient"`, "herd", "true 1m0s"},
		{dvk, "", url + `options.client_class = "django_valkey.async_cache.client.herd.AsyncHerdClient"`, "herd", "true 1m0s"},
		{dvk, "", url + `options.compressor = "brotli"`, "codec", "pickle+brotli:11"},

		// django-vcache
		{dvc, "0.9", url + `options.python = "3.12"`, "codec", "pickle:5+zstd:3"},
		{dvc, "0.9", url + `options = {python = "3.12", compressor = "zlib"}`, "codec", "pickle:5+zlib:6"},
		{dvc, "0.9", url + `options = {python = "3.12", compress_min_len = 0}`, "codec", "pickle:5"},
		{dvc, "0.9", url + `options.compress_min_len = 20`, "rules", "20 false true"},
		{dvc, "0.9", url, "rules", "1024 false true"},
		{dvc, "3.2.0", url, "codec", "msgpack+zstd:3"},
		{dvc, "0.9", url + `options.db = 3`, "db", "2"},
		{dvc, "0.9", `location = "valkey://h"` + "\noptions.db = 3", "db", "3"},
	} {
		text := "[caches.x]\nbackend = " + quote(tt.backend) + "\n"
		if tt.release != "" {
			text += "release = " + quote(tt.release) + "\n"
		}
		text += tt.lines + "\n"
		c, _ := one(t, text)
		if got := facts[tt.fact](c); got != tt.want {
			t.Errorf("%s\n%s: got %q, want %q", text, tt.fact, got, tt.want)
		}
		first := c.View().Text()
		again, _ := one(t, strings.ReplaceAll(first, "***", "p"))
		if second := again.View().Text(); !strings.Contains(first, "***") && lastLines(first) != lastLines(second) {
			t.Errorf("%s\nis shown as\n%s\nwhich is read as\n%s", text, first, second)
		}
	}
}

// lastLines drops the line that names the file, and what are defaults.
func lastLines(s string) string {
	_, rest, _ := strings.Cut(s, "\n")
	return strings.ReplaceAll(rest, "  # default", "")
}

// TestDocumentedBackends: each name in errors and the README is accepted, and
// libraries have what the table says.
func TestDocumentedBackends(t *testing.T) {
	for _, name := range library.BackendNames(true) {
		location := "h:1"
		if strings.HasPrefix(name, "django") {
			location = "redis://h:1/1"
		}
		if library.NamesCluster(name) {
			location = "redis://h:1"
		}
		c, _ := one(t, "[caches.x]\nbackend = "+quote(name)+"\nlocation = "+quote(location)+"\noptions.socket_timeout = 3\n"+
			map[bool]string{true: "release = \"3.0.1\"\n"}[name == library.Default().Sharding()]+
			map[bool]string{true: "release = \"0.4.1\"\n"}[strings.Contains(name, "RedisRs")]+
			map[bool]string{true: "options.sentinels = [[\"h\", 1]]\n"}[strings.Contains(name, "Sentinel")])
		if c.SocketTimeout != 3*time.Second || c.Codec.Serializer != cmp.Or(c.Traits.Serializer, codec.Pickle) || c.Backend != name {
			t.Errorf("%s: %v, %v", name, c.SocketTimeout, c.Codec)
		}
	}
	for _, lib := range library.All() {
		for class, name := range lib.Compressors {
			if !slices.Contains(codec.Compressors(), codec.Compressor(name)) {
				t.Errorf("%s: class %s is %q", lib.Name, class, name)
			}
		}
		for class, name := range lib.Serializers {
			if s, _ := dialect(name); !slices.Contains(codec.Serializers(), s) {
				t.Errorf("%s: class %s is %q", lib.Name, class, name)
			}
		}
		if lib.Has("compressor") != (lib.Compressors != nil || lib.Picks != nil) {
			t.Errorf("%s: compressors, and no option for them, or the other way round", lib.Name)
		}
	}
}

// A shard is named by its spelling, with *** for a password, or by its index; a
// spelling goes before.
func TestFindServer(t *testing.T) {
	c, _ := one(t, "[caches.x]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nlocation = [\"redis://:secret@h:6379/0\", \"h:6380\", \"h:6380\"]\n")
	for name, want := range map[string]int{"redis://:***@h:6379/0": 0, "h:6380": 1, "0": 0, "2": 2} {
		if got, err := c.FindServer(name); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", name, got, err, want)
		}
	}
	for _, name := range []string{"3", "-1", "", "redis://:secret@h:6379/0", "h:6381"} {
		if got, err := c.FindServer(name); err == nil {
			t.Errorf("%s: got %d", name, got)
		}
	}
}
