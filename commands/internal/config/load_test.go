package config

import (
	"fmt"
	"io/fs"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"cachering/codec"
	"cachering/ring"
	"cachering/scripts/trials"
)

const sharded = `[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
`

// one parses a text that is right and holds one cache.
func one(t *testing.T, text string) (*Cache, *File) {
	t.Helper()
	f, errs := parse("c.toml", text, 0o600, func(string) string { return "" })
	for _, err := range errs {
		t.Fatalf("%s\n%v", text, err)
	}
	if len(f.Caches) != 1 {
		t.Fatalf("%d caches in\n%s", len(f.Caches), text)
	}
	return f.Caches[0], f
}

func TestDefaults(t *testing.T) {
	c, f := one(t, sharded)
	if len(f.Warnings) > 0 {
		t.Errorf("warnings: %v", f.Warnings)
	}
	if c.Alias != "default" || c.File != "c.toml" || c.Line != 1 || !c.Sharded || c.Ring != ring.RedisCache || c.Version != 1 ||
		c.Timeout != (Timeout{After: 300 * time.Second}) || c.ReadOnly || c.Keyspace.Stored("k", 1) != ":1:k" ||
		!reflect.DeepEqual(c.Protect, []string{"@logout", "@state"}) ||
		c.ProtocolKnown() || c.Codec.String() != "pickle" || c.SocketTimeout != 0 || c.Bulk != (Bulk{}) ||
		c.Traits.Side != (ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"}) {
		t.Errorf("unexpected defaults: %#v", *c)
	}
	if got := c.Servers[1].Label; got != "('10.0.0.2', 6379, 1, None)" {
		t.Errorf("label %s: the default database is 1", got)
	}
	if got, want := c.Endpoint(1), (Endpoint{Network: "tcp", Addr: "10.0.0.2:6379", DB: 1}); got != want {
		t.Errorf("endpoint %+v, want %+v", got, want)
	}
	if c.Place.Len() != 2 || c.Place.Name() != ring.RedisCache {
		t.Errorf("ring %s of %d", c.Place.Name(), c.Place.Len())
	}
}

// TestSettings sets one thing at a time in every spelling that is allowed.
func TestSettings(t *testing.T) {
	plain := func(c *Cache) string { return c.Timeout.String() }
	protocol := func(c *Cache) string { return c.Codec.String() }
	label := func(c *Cache) string { return c.Servers[0].Label }
	for _, tt := range []struct {
		lines string
		get   func(*Cache) string
		want  string
	}{
		{`timeout = 60`, plain, "60"},
		{`timeout = "none"`, plain, "none"},
		{`timeout = 1.9`, plain, "1"}, // int() of Django
		{`timeout = 1.9`, func(c *Cache) string { return c.Timeout.After.String() }, "1s"},
		{`timeout = 0`, plain, "0"},
		{`timeout = -1`, plain, "-1"},
		{`timeout = 99999999999999`, plain, "9000000000"},

		{`options.db = 0`, label, "('10.0.0.1', 6379, 0, None)"},
		{`options.db = 3`, label, "('10.0.0.1', 6379, 3, None)"},
		{`options.db = "3"`, label, "('10.0.0.1', 6379, 3, None)"},
		{`options.db = " +1_2 "`, label, "('10.0.0.1', 6379, 12, None)"},
		{`options.db = 2.9`, label, "('10.0.0.1', 6379, 2, None)"},
		{`options.db = true`, label, "('10.0.0.1', 6379, 1, None)"},
		{`db = 4`, label, "('10.0.0.1', 6379, 4, None)"},
		{"db = 4\noptions.db = 5", label, "('10.0.0.1', 6379, 4, None)"},
		{`options.python = "2-str"`, label, "('10.0.0.1', 6379, 1, None)"},
		{`options.python = "2-unicode"`, label, "(u'10.0.0.1', 6379, 1, None)"},
		{`options.python = "3"`, label, "('10.0.0.1', 6379, 1, None)"},

		{`options.pickle_version = 2`, protocol, "pickle:2"},
		{`options.pickle_version = "2"`, protocol, "pickle:2"},
		{`options.pickle_version = -1`, protocol, "pickle"},
		{"options.pickle_version = 0\noptions.python = \"3.12\"", protocol, "pickle:0"},
		{`options.python = "2-str"`, protocol, "pickle:2"},
		{`options.python = "2-unicode"`, protocol, "pickle:2"},
		{`options.python = "3"`, protocol, "pickle"},
		{`options.python = "3.3"`, protocol, "pickle:3"},
		{`options.python = "3.4"`, protocol, "pickle:4"},
		{`options.python = "3.7.16"`, protocol, "pickle:4"},
		{`options.python = "3.8"`, protocol, "pickle:5"},
		{`options.python = "3.10"`, protocol, "pickle:5"},
		{`options.python = "3.14"`, protocol, "pickle:5"},
		{"options.python = \"3.12\"\noptions.pickle_version = -1", protocol, "pickle:5"},
		{"options.pickle_version = 2\noptions.serializer_class_kwargs.pickle_version = 4", protocol, "pickle:4"},
		{`options.serializer = "pickle"`, protocol, "pickle"},
		{`options.serializer_class = "redis_cache.serializers.PickleSerializer"`, protocol, "pickle"},
		{`options.compressor = "zlib"`, protocol, "pickle+zlib:6"},
		{`options.compressor = "bz2"`, protocol, "pickle+bz2:9"},
		{"options.compressor_class = \"redis_cache.compressors.BZip2Compressor\"\noptions.compressor_class_kwargs.compresslevel = 1", protocol, "pickle+bz2:1"},
		{`options.compressor = "none"`, protocol, "pickle"},
		{`options.compressor_class = "redis_cache.compressors.NoopCompressor"`, protocol, "pickle"},
		{"options.compressor_class = \"redis_cache.compressors.ZLibCompressor\"\noptions.compressor_class_kwargs.level = 9", protocol, "pickle+zlib:9"},
		{"options.compressor = \"zlib\"\noptions.compressor_class_kwargs = {level = -1}", protocol, "pickle+zlib:6"},

		{`options.socket_timeout = 2`, func(c *Cache) string { return c.SocketTimeout.String() }, "2s"},
		{`options.socket_timeout = 0.25`, func(c *Cache) string { return c.SocketTimeout.String() }, "250ms"},
		{`options.socket_timeout = "1m"`, func(c *Cache) string { return c.SocketTimeout.String() }, "1m0s"},
		{`options.socket_timeout = "none"`, func(c *Cache) string { return c.SocketTimeout.String() }, "0s"},
		{`options.socket_connect_timeout = 3`, func(c *Cache) string { return c.ConnectTimeout.String() }, "3s"},
		{`bulk = {rate = 5, batch = 6, max_deletes = 7, no_progress = true}`, func(c *Cache) string { return fmt.Sprint(c.Bulk) }, "{5 6 7   true  {false 0} {false 0}  false 0 false}"},
		{`bulk = {max_latency = "2s", max_replica_lag = "1.5k"}`, func(c *Cache) string { return fmt.Sprint(c.Bulk.MaxLatency, c.Bulk.MaxReplicaLag) }, "{true 2000000000} {true 1536}"},
		{`bulk = {max_latency = "none", max_replica_lag = 5, during_saves = "go", allow_eviction = true, parallel = 4, gentle = true}`,
			func(c *Cache) string { return fmt.Sprint(c.Bulk) }, "{0 0    false  {true 0} {true 5} go true 4 true}"},

		{`bulk.progress = "json"`, func(c *Cache) string { return c.Bulk.Progress }, "json"},
		{`bulk = {max_failures = "1%", deadline = "06:00"}`, func(c *Cache) string { return fmt.Sprint(c.Bulk.MaxFailures, c.Bulk.Deadline) }, "1%06:00"},
		{`bulk.max_deletes = "2.5%"`, func(c *Cache) string { return c.Bulk.MaxDeletes.String() }, "2.5%"},
		{`protect = []`, func(c *Cache) string { return fmt.Sprint(len(c.Protect), c.Protect != nil) }, "0 true"},
		{`protect = ["@sessions", "@stale", "a*"]`, func(c *Cache) string { return fmt.Sprint(c.Protect) }, "[@sessions @stale a*]"},
		{`protect = ["a*", "b"]`, func(c *Cache) string { return fmt.Sprint(c.Protect) }, "[a* b]"},
		{`read_only = true`, func(c *Cache) string { return fmt.Sprint(c.ReadOnly) }, "true"},
		{"key_prefix = \"a:[b\"\nversion = -2", func(c *Cache) string { return c.Keyspace.Stored("k", c.Version) }, "a:[b:-2:k"},
		{`key_function = "{prefix}:{version}:{key}"`, func(c *Cache) string { return c.Keyspace.Function() }, "{prefix}:{version}:{key}"},
		{`key_function = "django.core.cache.backends.base.default_key_func"`, func(c *Cache) string { return c.Keyspace.Function() }, "{prefix}:{version}:{key}"},
		{`options.ring = "django-redis-cache-1.2"`, func(c *Cache) string { return string(c.Ring) }, "django-redis-cache-1.2"},
	} {
		c, _ := one(t, sharded+tt.lines+"\n")
		if got := tt.get(c); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.lines, got, tt.want)
		}
	}
}

func TestReleases(t *testing.T) {
	for release, want := range map[string]ring.Name{
		"2.0.0": ring.RedisCache, "2.1.2": ring.RedisCache, "3.0.0": ring.RedisCache, "3.0.1": ring.RedisCache,
		"1.8.1": ring.RedisCache15, "1.5.2": ring.RedisCache12, "1.0.0": ring.RedisCache10, "1.1.1": ring.RedisCache10,
	} {
		c, _ := one(t, strings.Replace(sharded, "3.0.1", release, 1))
		if c.Ring != want || c.Place.Name() != want {
			t.Errorf("release %s: ring %s, want %s", release, c.Ring, want)
		}
	}
	// Only 1.0 has a master beside its ring.
	one(t, strings.Replace(sharded, "3.0.1", "1.1.0", 1)+`options.master_cache = "10.0.0.1:6379"`)
	c, f := one(t, strings.Replace(sharded, `release = "3.0.1"`, `options.ring = "django-redis-cache-1.5"`, 1))
	if c.Ring != ring.RedisCache15 || c.Release != "" || c.Traits.Side.Fresh != "" || len(f.Warnings) > 0 {
		t.Errorf("a ring without release: %s, %q, %v, %v", c.Ring, c.Release, c.Traits.Side, f.Warnings)
	}
}

func TestLocationForms(t *testing.T) {
	text := strings.Replace(sharded, `["10.0.0.1:6379", "10.0.0.2:6379"]`,
		`"h:1,redis://:s3%41cret@H:2/3,rediss://tls:6380,/run/r.sock,unix://:pw@/run/u.sock?db=2"`, 1)
	c, _ := one(t, text+"options.password = \"plain\"\n[caches.default.dial]\n\"rediss://tls:6380\" = \"127.0.0.1:9\"\n\"redis://:***@H:2/3\" = \"/tmp/t.sock\"\n")
	want := []Endpoint{
		{Network: "tcp", Addr: "h:1", DB: 1},
		{Network: "unix", Addr: "/tmp/t.sock", DB: 3},
		{Network: "tcp", Addr: "127.0.0.1:9", TLS: true, ServerName: "tls", DB: 1},
		{Network: "unix", Addr: "/run/r.sock", DB: 1},
		{Network: "unix", Addr: "/run/u.sock", DB: 2},
	}
	// A URL's password comes before that of the options, even if it has none,
	// and its percent signs are taken literally.
	passwords := []string{"plain", "s3%41cret", "", "plain", "pw"}
	for i := range want {
		if got := c.Endpoint(i); got != want[i] {
			t.Errorf("endpoint %d: %+v, want %+v", i, got, want[i])
		}
		if s, err := c.Login(t.Context(), i); err != nil || s.Password.Reveal() != passwords[i] {
			t.Errorf("password %d: %q, %v, want %q", i, s.Password.Reveal(), err, passwords[i])
		}
	}
	if got := strings.Join(c.Locations(), " "); strings.Contains(got, "cret") || strings.Contains(got, "pw") {
		t.Errorf("a password in %s", got)
	}
}

func TestPlainBackend(t *testing.T) {
	text := `[caches.default]
backend = "redis_cache.RedisCache"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
`
	for _, tt := range []struct {
		lines  string
		master int
	}{
		{"", 0},
		{`options.master_cache = "10.0.0.2:6379"`, 1},
		{`options.master_cache = "10.0.0.2:06379"`, 1}, // the tuple decides, not the spelling
		{`options = {master_cache = "10.0.0.1:6379", python = "2.7"}`, 0},
	} {
		c, _ := one(t, text+tt.lines+"\n")
		writer, ok := c.Place.Writer()
		if c.Ring != ring.Plain || c.Sharded || c.Master != tt.master || !ok || writer != tt.master {
			t.Errorf("%q: ring %q, master %d, writer %d %v", tt.lines, c.Ring, c.Master, writer, ok)
		}
	}
}

// TestWarnings lists everything that is allowed and drawn attention to.
func TestWarnings(t *testing.T) {
	plain := "[caches.default]\nbackend = \"redis_cache.RedisCache\"\n"
	for _, tt := range []struct {
		text string
		mode fs.FileMode
		want string
	}{
		{sharded, 0o644, ""},
		{sharded + `options.password_env = "X"`, 0o644, ""},
		{sharded + `options.password = "s3cret"`, 0o640, ""},
		{sharded + `options.password = "s3cret"`, 0o644, "c.toml:5: caches.default.options.password: every user can read this file, and it holds a password; run chmod o-r on it"},
		{plain + `location = "redis://:s3cret@h:1"`, 0o604, "c.toml:3: caches.default.location: every user can read this file, and it holds a password; run chmod o-r on it"},
		{plain + `location = "a:1,b:1"`, 0o600, `c.toml:3: caches.default.location: RedisCache does not shard: every write goes to a:1; write backend = "redis_cache.ShardedRedisCache" if the application shards`},
		{strings.Replace(sharded, `.2:6379"`, `.1:6379"`, 1), 0o600, "c.toml:4: caches.default.location[1]: the same server as location[0]; it counts as the library counts it, and bulk work visits it once; list each server once, if the application does"},
		{strings.Replace(sharded, `["10.0.0.1:6379", "10.0.0.2:6379"]`, `"a:1,redis://a:1/2"`, 1) + "dial = {\"a:1\" = \"b:1\", \"redis://a:1/2\" = \"b:1\"}", 0o600, ""},
		{strings.Replace(sharded, `["10.0.0.1:6379", "10.0.0.2:6379"]`, `"a:1,redis://c:1/2"`, 1) + "dial = {\"a:1\" = \"b:1\", \"c:1\" = \"b:1\"}", 0o600, ""}, // one server, two databases
		{strings.Replace(sharded, `["10.0.0.1:6379", "10.0.0.2:6379"]`, `"a:1,redis://a:1/1"`, 1), 0o600, "c.toml:4: caches.default.location: server 2 is server 1 again; it counts as the library counts it, and bulk work visits it once; list each server once, if the application does"},
		{sharded + `options.python = "2-str"`, 0o600, "c.toml:5: caches.default.options.python: django-redis-cache 3.0.1 does not run on Python 2; correct this or the release: both decide where keys live"},
		{plain + "location = \"a:1,b:1\"\noptions.python = \"3.5\"", 0o600, `c.toml:3: caches.default.location: the master is the first in the order of a dictionary, which is arbitrary before Python 3.6; the first location is taken; name it by options.master_cache, here and in the application
c.toml:3: caches.default.location: RedisCache does not shard: every write goes to a:1; write backend = "redis_cache.ShardedRedisCache" if the application shards`},
		{sharded + "timeout = 0", 0o600, `c.toml:5: caches.default.timeout: with this timeout the library stores nothing; write "none" for entries that never expire`},
		{sharded + "options.db = 2.9", 0o600, "c.toml:5: caches.default.options.db: read as 2, as the library reads it; write 2"},
		{sharded + "db = 1\noptions.db = 2", 0o600, "c.toml:6: caches.default.options.db: without effect: the library prefers db of the cache; leave one of the two out"},
		{sharded + "options.pickle_version = 1\noptions.serializer_class_kwargs.pickle_version = 2", 0o600, "c.toml:5: caches.default.options.pickle_version: without effect: the library prefers serializer_class_kwargs.pickle_version; leave one of the two out"},
		{sharded + `options.ring = "django-redis-cache-1.5"`, 0o600, `c.toml:5: caches.default.options.ring: release "3.0.1" has the ring django-redis-cache; the one named here is used; leave one of the two out`},
		{strings.Replace(sharded, "3.0.1", "1.0.0", 1) + `options.ring = "django-redis-cache-1.0-32bit"`, 0o600, ""},
		{plain + "location = \"redis://h:1\"\noptions.password = \"s3cret\"", 0o600, "c.toml:4: caches.default.options.password: without effect: every location is a URL, and a URL's own password, or none, is used; write the password into the URLs, or the servers as host:port, as the application does"},
	} {
		f, errs := parse("c.toml", tt.text+"\n", tt.mode, func(string) string { return "" })
		if len(errs) > 0 {
			t.Errorf("%s\n%v", tt.text, errs[0])
			continue
		}
		var lines []string
		for _, w := range f.Warnings {
			lines = append(lines, w.String())
		}
		if got := strings.Join(lines, "\n"); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestPickingACache(t *testing.T) {
	two := strings.ReplaceAll(sharded, "default", "pages") + strings.ReplaceAll(sharded, "default", "\"a b\"")
	with := two + sharded
	for _, tt := range []struct{ text, alias, want string }{
		{sharded, "", "default"},
		{sharded, "default", "default"},
		{strings.ReplaceAll(sharded, "default", "pages"), "", "pages"},
		{with, "", "default"},
		{with, "pages", "pages"},
		{with, "a b", "a b"},
		{two, "", `c.toml:1: caches: several caches, and none is called default; name one with --cache or CACHERING_CACHE: pages, "a b"`},
		{two, "default", `c.toml:1: caches: there is no such cache; name one with --cache or CACHERING_CACHE: pages, "a b"`},
		{with, "page", `c.toml:1: caches: no cache "page"; did you mean "pages"? there are pages, "a b", default`},
	} {
		f, errs := parse("c.toml", tt.text, 0o600, func(string) string { return "" })
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		c, err := f.Cache(tt.alias)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = c.Alias
		}
		if got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.alias, got, tt.want)
		}
	}
}

func TestErrorsForCommands(t *testing.T) {
	c, _ := one(t, sharded+"read_only = true\n[caches.default.options]\ndb = 1\n")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{c.ProtocolError(), `c.toml:6: caches.default.options: pickle_version is -1 and python is not given, so the protocol to write is not known; write python = "3.12" (the application's) or pickle_version = 5 in [caches.default.options]`},
		{c.ReadOnlyError(), "c.toml:5: caches.default.read_only: this cache is read-only here; write read_only = false to let cachering write to it"},
	} {
		if tt.err.Error() != tt.want {
			t.Errorf("got  %s\nwant %s", tt.err, tt.want)
		}
	}
}

func TestHighestProtocol(t *testing.T) {
	for version, want := range map[string]int{
		"2": 2, "2.7": 2, "2-str": 2, "3": codec.AnyProtocol, "3.0": 3, "3.3.7": 3, "3.4": 4, "3.7": 4, "3.8": 5, "3.100": 5,
	} {
		if got := highestProtocol(version); got != want {
			t.Errorf("Python %s: %d, want %d", version, got, want)
		}
	}
}

func TestLimitsDigits(t *testing.T) {
	for version, want := range map[string]bool{
		"2": false, "2.7.18": false, "2-str": false, "3": true, "": true, "3.0": false, "3.6": false, "3.6.15": false, "3.7": true, "3.7.13": false, "3.7.14": true,
		"3.8": true, "3.8.13": false, "3.8.14": true, "3.9": true, "3.9.13": false, "3.9.14": true, "3.10": true, "3.10.6": false, "3.10.7": true, "3.11": true,
		"3.11.0": true, "3.14": true,
	} {
		if got := limitsDigits(version); got != want {
			t.Errorf("Python %s: %v, want %v", version, got, want)
		}
	}
}

// The Pythons that are there are the judge.
func TestLimitsDigitsAsPython(t *testing.T) {
	trials.Optional(t, "cpython")
	const ask = "import sys; print('%d.%d.%d' % sys.version_info[:3], int(hasattr(sys, 'get_int_max_str_digits')))"
	for _, python := range trials.Pythons() {
		out, err := exec.Command(python, "-c", ask).Output()
		var version string
		var limits int
		if _, scan := fmt.Sscan(string(out), &version, &limits); err != nil || scan != nil {
			t.Errorf("%s: %v, %q", python, err, out)
		} else if got := limitsDigits(version); got != (limits == 1) {
			t.Errorf("Python %s: %v", version, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for _, tt := range []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"5", 5 * time.Second, true}, {"0.5", 500 * time.Millisecond, true}, {"-5", -5 * time.Second, true},
		{"20ms", 20 * time.Millisecond, true}, {"1.001s", 1001 * time.Millisecond, true}, {"3s", 3 * time.Second, true}, {"2m", 2 * time.Minute, true},
		{"1.5h", 90 * time.Minute, true}, {"1d", 24 * time.Hour, true}, {"2w", 14 * 24 * time.Hour, true},
		{"1h30m", 90 * time.Minute, true}, {"-1h30m", -90 * time.Minute, true}, {"1d12h0.5s", 36*time.Hour + time.Second/2, true}, {"1m30ms", time.Minute + 30*time.Millisecond, true},
		{"1h30", 0, false}, {"1h-30m", 0, false}, {"h30m", 0, false}, {"1h 30m", 0, false}, {"15250w15250w", 0, false}, {"1h.", 0, false},
		{"", 0, false}, {"s", 0, false}, {"5 s", 0, false}, {"5x", 0, false}, {"1e3", 0, false}, {"0x5", 0, false}, {"inf", 0, false},
		{"nan", 0, false}, {"1_0", 0, false}, {"--5", 0, false}, {"1.2.3", 0, false}, {"9223372036854775807w", 0, false}, {"99999999999.5d", 0, false}, {"5S", 0, false},
	} {
		got, err := ParseDuration(tt.text)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q: %v, %v; want %v, %v", tt.text, got, err, tt.want, tt.ok)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "500": 500, "10k": 10 << 10, "2M": 2 << 20, "2m": 2 << 20, "1.5G": 3 << 29, "1T": 1 << 40,
		"": -1, "k": -1, "-1": -1, "1kb": -1, "1e3": -1, "nan": -1, "9999999T": -1, "1 k": -1, "x": -1,
	} {
		if n, err := ParseSize(text); (err == nil) != (want >= 0) || err == nil && n != want {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
}

func TestDeadline(t *testing.T) {
	zone := time.FixedZone("", 3600)
	now := time.Date(2026, 11, 28, 22, 30, 15, 0, zone)
	for text, want := range map[string]string{
		"90": "2026-11-28T22:31:45+01:00", "2h": "2026-11-29T00:30:15+01:00", "1.5s": "2026-11-28T22:30:16+01:00",
		"23:00": "2026-11-28T23:00:00+01:00", "22:31": "2026-11-28T22:31:00+01:00",
		"06:00": "2026-11-29T06:00:00+01:00", "6:00": "2026-11-29T06:00:00+01:00", "22:30": "2026-11-29T22:30:00+01:00", "00:00": "2026-11-29T00:00:00+01:00",
		"2026-11-28T22:30:16+01:00": "2026-11-28T22:30:16+01:00", "2026-11-28t21:30:16z": "2026-11-28T21:30:16Z",
		"0": "", "-5": "", "2026-11-28T22:30:15+01:00": "", "2026-11-28T21:30:14Z": "", "2026-11-28": "", "24:00": "", "12:60": "", "": "", "soon": "",
	} {
		got, err := ParseDeadline(text, now)
		if (err == nil) != (want != "") || err == nil && got.Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}

func TestMaxDeletes(t *testing.T) {
	for _, tt := range []struct {
		text     string
		n, total int64
		want     bool
	}{
		{"10", 10, 1000, true}, {"10", 11, 1000, false}, {"0", 0, 10, true}, {"0", 1, 10, false},
		{"10%", 100, 1000, true}, {"10%", 101, 1000, false}, {"0.5%", 5, 1000, true}, {"100%", 5, 5, true}, {"0%", 1, 5, false},
	} {
		m, err := ParseBound(tt.text)
		if err != nil || m.Allows(tt.n, tt.total) != tt.want || m.String() != tt.text {
			t.Errorf("%s: %v %v, Allows(%d, %d) is not %v", tt.text, m, err, tt.n, tt.total, tt.want)
		}
	}
	if !(Bound{}).Allows(1<<40, 1) {
		t.Error("no bound is a bound")
	}
	for _, text := range []string{"", "%", "x", "-1", "1.5", "101%", "-1%", "nan%", "1e3"} {
		if m, err := ParseBound(text); err == nil {
			t.Errorf("%q was read as %v", text, m)
		}
	}
}
