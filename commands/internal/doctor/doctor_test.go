package doctor_test

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/doctor"
	"cachering/commands/internal/redistest"
)

// provocation brings one finding about.
type provocation struct {
	code  string
	also  []string // other findings that it cannot but bring about
	shard string   // $A or $B; empty: the cache as a whole
	what  string   // in the text
	exit  int      // if another than that of its level
	do    func(*clinic)
}

var provocations = []provocation{
	{code: "unreachable", shard: "$B", what: "no such file|refused", do: func(c *clinic) {
		c.b = redistest.RunT(c.T)
		c.b.Kill()
		os.Remove(c.b.Addr)
	}},
	{code: "unreachable", shard: "$B", what: "no answer within 3s", do: func(c *clinic) {
		c.replace("[caches.default.options]\n", "[caches.default.options]\nsocket_timeout = 3\n")
		c.b = redistest.RunT(c.T)
		c.b.Pause()
	}},
	{code: "login_refused", shard: "$B", what: "wants a password", do: func(c *clinic) { c.b = c.unix("requirepass secret") }},
	{code: "login_refused", shard: "$B", what: "login refused", do: func(c *clinic) {
		c.replace("pickle_version", "password = \"wrong\"\npickle_version")
		c.a, c.b = c.unix("requirepass wrong"), c.unix("requirepass secret")
	}},
	{code: "command_refused", shard: "$B", what: "may not run INFO", do: user("-info")},
	{code: "command_refused", shard: "$B", what: "may not run CONFIG GET", do: user("-config")},
	{code: "command_refused", shard: "$B", what: "may not run TIME", do: user("-time")},
	{code: "command_refused", shard: "$B", what: "CONFIG GET: the server does not know CONFIG", do: func(c *clinic) { c.b = redistest.RunT(c.T, `rename-command CONFIG ""`) }},
	{code: "transactions_refused", shard: "$B", what: "may not run WATCH", do: user("-watch")},
	{code: "transactions_refused", shard: "$B", what: "may not run EXEC", do: user("-exec")},
	{code: "keys_refused", shard: "$B", what: "may not run SCAN", do: user("-scan")},
	{code: "keys_refused", shard: "$B", what: "may not run MGET", do: func(c *clinic) {
		user("-mget")(c)
		c.b.Client(1).Set(context.Background(), ":1:k", "7", 0)
	}},

	{code: "server_mode", shard: "$B", what: "this is a node of a Redis Cluster", exit: 2, do: func(c *clinic) {
		c.b = redistest.RunTCP(c.T, "cluster-enabled yes")
		c.replace("python ", "db = 0\npython ")
	}},
	{code: "writes_to_replica", also: []string{"unsaved_master"}, shard: "$A", what: "replica of 127.0.0.1:", do: func(c *clinic) {
		c.b = c.tcp()
		c.replicate(c.a, c.b)
	}},
	{code: "reads_from_master", shard: "$B", what: "no replica", do: func(c *clinic) { c.readers() }},
	{code: "link_down", shard: "$B", what: "127.0.0.1:1 is down", do: func(c *clinic) {
		c.readers()
		c.do(c.b, "replicaof", "127.0.0.1", "1")
	}},
	{code: "replica_lag", also: []string{"unsaved_master"}, shard: "$A", what: "its replica 127.0.0.1:[0-9]+ is 2.1 MB behind", do: func(c *clinic) {
		c.a = c.tcp()
		replica := redistest.RunTCP(c.T)
		c.replicate(replica, c.a)
		replica.Pause()
		c.do(c.a, "set", "large", strings.Repeat("x", 2<<20))
		c.do(c.a, "del", "large")
	}},
	{code: "unsaved_master", shard: "$A", what: "1 replica", do: func(c *clinic) {
		c.a = c.tcp()
		c.replicate(c.tcp(), c.a)
	}},

	{code: "noeviction", shard: "$B", what: "100.0 MB, of which .* are used", do: func(c *clinic) { c.b = c.unix("maxmemory 100000000") }},
	{code: "volatile_without_expiry", shard: "$B", what: "volatile-lfu", do: func(c *clinic) {
		c.replace("release", "timeout = \"none\"\nrelease")
		c.a = c.unix("maxmemory 100mb\nmaxmemory-policy allkeys-lru")
		c.b = c.unix("maxmemory 100mb\nmaxmemory-policy volatile-lfu")
	}},
	{code: "volatile_without_expiry", shard: "$B", what: "0 of 30 keys have an expiry", do: func(c *clinic) {
		c.replace(`"$A", `, "")
		c.b = c.unix("maxmemory 100mb\nmaxmemory-policy volatile-ttl")
		c.fill(c.b, 1, ":1:k", 30)
	}},
	{code: "unbounded_memory", shard: "$B", what: "timeout is none", do: func(c *clinic) {
		c.replace("release", "timeout = \"none\"\nrelease")
		c.a = c.unix("maxmemory 100mb\nmaxmemory-policy allkeys-lru")
	}},
	{code: "unbounded_memory", shard: "$B", what: "maxmemory is not set, and 30 of 30 keys never expire", do: func(c *clinic) {
		c.replace(`"$A", `, "")
		c.b = c.unix()
		c.fill(c.b, 1, ":1:k", 30)
	}},
	{code: "evictions", shard: "$B", what: "[0-9]+ keys were evicted", do: func(c *clinic) {
		c.b = c.unix("maxmemory 10mb\nmaxmemory-policy allkeys-lru")
		client := c.b.Client(1) // the buffers of many would count, too
		for i := range 200 {
			if err := client.Set(context.Background(), fmt.Sprint(i), strings.Repeat("x", 100_000), 0).Err(); err != nil {
				c.Fatal(err)
			}
		}
		c.do(c.b, "flushall")
	}},
	{code: "save_failing", shard: "$B", what: "rdb_last_bgsave_status is err", do: func(c *clinic) {
		dir := c.TempDir()
		c.b = redistest.RunT(c.T, "dir "+dir)
		// A directory that is not empty cannot be replaced by the file.
		if err := os.MkdirAll(filepath.Join(dir, "dump.rdb", "x"), 0o700); err != nil {
			c.Fatal(err)
		}
		c.do(c.b, "bgsave")
		c.until(c.b, "persistence", "rdb_last_bgsave_status:err")
	}},

	{code: "clock_skew", also: []string{"clocks_differ"}, shard: "$B", what: "ahead of that of this machine by at least (59m|1h0m)", do: func(c *clinic) {
		c.b = redistest.RunShifted(c.T, time.Hour)
	}},
	{code: "clock_skew", also: []string{"clocks_differ"}, shard: "$B", what: "behind that of this machine by at least (59m|1h0m)", do: func(c *clinic) {
		c.b = redistest.RunShifted(c.T, -time.Hour)
	}},
	{code: "clocks_differ", also: []string{"clock_skew"}, what: "the clock of .* is ahead of that of .* by at least (1h59m|2h)", do: func(c *clinic) {
		c.a, c.b = redistest.RunShifted(c.T, time.Hour), redistest.RunShifted(c.T, -time.Hour)
	}},

	{code: "plaintext_password", shard: "10.0.0.1:6379", what: "10.0.0.1:6379 without TLS", do: func(c *clinic) {
		c.a, c.b = c.unix("requirepass secret"), c.unix("requirepass secret")
		c.replace(`["$A", "$B"]`, `["10.0.0.1:6379", "127.0.0.1:6379"]`+"\ndial = { \"10.0.0.1:6379\" = \"$A\", \"127.0.0.1:6379\" = \"$B\" }",
			"python ", "password = \"secret\"\npython ")
	}},
	{code: "certificate_unchecked", what: "ssl_cert_reqs", do: func(c *clinic) { c.replace("python ", "ssl_cert_reqs = \"none\"\npython ") }},

	{code: "wrong_database", shard: "$B", what: "database 1 holds no key of this cache, and database 3 .* 30 in a sample of 31", do: func(c *clinic) {
		c.fill(c.b, 3, ":1:k", 30)
		c.in(c.b, 3, "set", "foreign", "x")
	}},
	{code: "other_database", shard: "$B", what: "database 0 .* 30 in a sample of 30", do: func(c *clinic) {
		c.fill(c.b, 0, ":1:k", 30)
		c.fill(c.b, 1, ":1:k", 3)
	}},
	{code: "wrong_prefix", also: []string{"unbounded_memory"}, what: `begins with the prefix ""; there are: "shop" 30, "blog:eu" 2`, do: func(c *clinic) {
		c.fill(c.b, 1, "shop:1:k", 30)
		c.fill(c.a, 1, "blog:eu:1:k", 2)
	}},
	{code: "wrong_version", what: "a sample of 25 is of version 1; there are: 7 25", do: func(c *clinic) { c.set(25, "--version", "7") }},
	{code: "other_versions", what: "1 of 3 sampled keys are of version 1, the others: 7 2", do: func(c *clinic) {
		c.set(1)
		c.set(2, "--version", "7")
	}},
	{code: "foreign_keys", what: "1 of 3 sampled keys are of no cache", do: func(c *clinic) {
		c.do(c.a, "set", "celery", "x")
		c.set(2)
	}},

	{code: "protocol_too_new", what: "stored by the application as pickle:4, there are: pickle:5 1", do: func(c *clinic) {
		c.replace(`"3.12"`, `"3.7"`, "= 5", "= 4")
		c.do(c.a, "set", ":1:k", "\x80\x05N.")
	}},
	{code: "other_serializer", what: "pickle:5, there are: json 1", do: func(c *clinic) { c.do(c.a, "set", ":1:k", `{"a": 1}`) }},
	{code: "other_serializer", what: "pickle:5, there are: msgpack 1", do: func(c *clinic) { c.do(c.a, "set", ":1:k", "\x81\xa1a\x01") }},
	{code: "other_serializer", what: "json, there are: pickle:5 1", do: func(c *clinic) {
		c.replace("pickle_version = 5", "serializer = \"json\"")
		c.do(c.a, "set", ":1:k", "\x80\x05N.")
	}},
	{code: "other_compressor", what: "pickle:5, there are: pickle:5\\+zlib 1", do: func(c *clinic) {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		w.Write([]byte("\x80\x05N."))
		w.Close()
		c.do(c.a, "set", ":1:k", b.Bytes())
	}},
	{code: "other_compressor", what: "pickle:5\\+zlib:6, there are: pickle:5 1", do: func(c *clinic) {
		c.replace("python ", "compressor = \"zlib\"\npython ")
		c.do(c.a, "set", ":1:k", "\x80\x05N.")
	}},
	{code: "other_protocol", what: "in a sample of 4 values, .* pickle:5, there are: pickle:2 2", do: func(c *clinic) {
		c.do(c.a, "mset", ":1:k", "\x80\x02N.", ":1:l", "\x80\x02N.", ":1:m", "\x80\x05N.", ":1:n", "7")
	}},
	{code: "unreadable_values", what: "unreadable 1", do: func(c *clinic) { c.do(c.a, "set", ":1:k", "\x80\x05torn") }},

	{code: "wrong_ring", what: `fit django-redis-cache \(100 %\), not django-redis-cache-1.5 \(\d+ %\)`, do: func(c *clinic) {
		c.set(60)
		c.replace("3.0.1", "1.8.1")
	}},
	{code: "wrong_ring", what: "with locations as unix:", do: func(c *clinic) {
		c.replace(`["$A", "$B"]`, `["unix://$A?db=1", "unix://$B?db=1"]`)
		c.set(60)
		c.replace(`["unix://$A?db=1", "unix://$B?db=1"]`, `["$A", "$B"]`)
	}},
	{code: "wrong_ring", what: "under Python 2 with unicode locations", do: func(c *clinic) {
		c.replace(`"3.12"`, `"2-unicode"`, "3.0.1", "2.1.3", "= 5", "= 2")
		c.set(60)
		c.replace(`"2-unicode"`, `"2-str"`)
	}},
	{code: "wrong_ring", what: `fit django-redis-cache with locations as /.*, not django-redis `, do: func(c *clinic) {
		c.set(60)
		c.replace("redis_cache.ShardedRedisCache", "django_redis.cache.RedisCache", "3.0.1", "5.4.0",
			`["$A", "$B"]`, `["unix://$A?db=1", "unix://$B?db=1"]`, "python ", "client_class = \"django_redis.client.ShardClient\"\npython ")
	}},
	{code: "misplaced_keys", also: []string{"unbounded_memory"}, what: "none fits", do: func(c *clinic) { c.fill(c.a, 1, ":1:k", 80) }},
	{code: "password_in_location", what: `unix://:\*\*\*@`, do: func(c *clinic) {
		c.a, c.b = c.unix("requirepass secret"), c.unix("requirepass secret")
		c.replace("redis_cache.ShardedRedisCache", "django_redis.cache.RedisCache", "3.0.1", "5.4.0",
			`["$A", "$B"]`, `["unix://:secret@$A?db=1", "unix://:secret@$B?db=1"]`, "python ", "client_class = \"django_redis.client.ShardClient\"\npython ")
	}},
	{code: "mixed_spelling", what: "unix://.* is spelled as a URL and /.* is not", do: func(c *clinic) { c.replace(`"$A"`, `"unix://$A?db=1"`) }},
	{code: "order_matters", what: "2 locations", do: func(c *clinic) {
		c.a, c.b = c.tcp(), c.tcp()
		c.config = `[caches.default]` + "\n" + `backend = "dredis_cache.RedisCache"` + "\n" + `location = "$A;$B"` + "\n"
	}},
	{code: "several_locations", also: []string{"unsaved_master"}, what: "every write goes to 127.0.0.1", do: func(c *clinic) {
		c.a = c.tcp()
		c.replicate(c.b, c.a)
		c.replace("Sharded", "")
	}},
	{code: "listed_twice", what: "location\\[0\\]", do: func(c *clinic) { c.replace(`"$A", "$B"`, `"$A", "$A"`) }},
	{code: "location_spelling", what: "names a host", do: func(c *clinic) {
		c.replace(`"$A", "$B"`, `"unix://host$A?db=1", "unix:///$B?db=1"`)
	}},

	{code: "setting", what: "db: read as 2", do: func(c *clinic) { c.replace("python ", "db = 2.0\npython ") }},
	{code: "setting_without_effect", what: "serializer_class_kwargs", do: func(c *clinic) {
		c.replace("python ", "serializer_class_kwargs = { pickle_version = 5 }\npython ")
	}},
	{code: "ignored_setting", what: "parser_class", do: func(c *clinic) { c.replace("python ", "parser_class = \"x.Y\"\npython ") }},
	{code: "protocol_unknown", what: "python is not given", do: func(c *clinic) { c.replace("pickle_version = 5\n", "", "python         = \"3.12\"\n", "") }},
	{code: "file_permissions", what: "others may write this file \\(mode 0622\\)", do: func(c *clinic) {
		c.write()
		if err := os.Chmod(c.path, 0o622); err != nil {
			c.Fatal(err)
		}
	}},
}

// Of a healthy cache doctor finds nothing, and of one that something was done to
// that, and nothing else.
func TestDoctorFinds(t *testing.T) {
	w := newWard(t)
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		c := w.open(t)
		c.set(25)
		if found, code := c.doctor(); len(found) > 0 || code != 0 {
			t.Errorf("exit code %d, %+v", code, found)
		}
	})
	for _, p := range provocations {
		t.Run(p.code, func(t *testing.T) {
			t.Parallel()
			c := w.open(t)
			p.do(c)
			if _, err := os.Stat(c.path); err != nil || p.code != "file_permissions" {
				c.write()
			}
			found, code := c.doctor()
			seen := map[string]bool{}
			bad := false
			for _, d := range found {
				seen[d.Finding] = true
				bad = bad || d.Level != string(doctor.Notice)
				c.sound(d)
				if d.Finding != p.code || p.shard == "" {
					continue
				}
				if d.Shard == nil || !strings.Contains(*d.Shard, strings.NewReplacer("$A", c.a.Addr, "$B", c.b.Addr).Replace(p.shard)) {
					t.Errorf("it is about another shard: %+v", d)
				}
			}
			want := append([]string{p.code}, p.also...)
			slices.Sort(want)
			if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v: %+v", got, want, found)
			}
			if i := slices.IndexFunc(found, func(d diagnosis) bool {
				return d.Finding == p.code && regexp.MustCompile(p.what).MatchString(d.What)
			}); i < 0 {
				t.Errorf("none says %q: %+v", p.what, found)
			}
			if want := cmp.Or(p.exit, map[bool]int{false: 0, true: 4}[bad]); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
		})
	}
}

// A user that may only read is enough, so nothing is written.
func TestDoctorReads(t *testing.T) {
	t.Parallel()
	c := &clinic{T: t, a: redistest.RunT(t), b: redistest.RunT(t), config: healthy, path: filepath.Join(t.TempDir(), "cachering.toml")}
	c.set(25)
	c.fill(c.b, 7, ":1:k", 30)
	c.replace("python ", "username = \"looker\"\npassword = \"secret\"\npython ")
	for _, s := range []*redistest.Server{c.a, c.b} {
		c.do(s, "acl", "setuser", "looker", "on", ">secret", "~*", "-@all", "+@read", "+ping", "+select", "+info", "+config|get", "+time")
	}
	c.write()
	if found, code := c.doctor(); len(found) != 1 || found[0].Finding != "other_database" || code != 0 {
		t.Errorf("exit code %d, %+v", code, found)
	}
}

// Every kind of finding is provoked, and every provocation is of a kind that
// there is.
func TestDoctorFindingsAreProvoked(t *testing.T) {
	provoked := map[string]bool{}
	for _, p := range provocations {
		provoked[p.code] = true
	}
	for _, test := range judgements {
		for _, code := range test.want {
			provoked[code] = true
		}
	}
	for _, a := range doctor.Kinds() {
		if !provoked[a.Code] {
			t.Errorf("nothing provokes %s", a.Code)
		}
		delete(provoked, a.Code)
		if a.Why == "" || !slices.Contains([]doctor.Level{doctor.Error, doctor.Warning, doctor.Notice}, a.Level) || !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(a.Code) {
			t.Errorf("%+v is not complete", a)
		}
	}
	topic, err := os.ReadFile("../../topics/getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range doctor.Kinds() {
		if n := strings.Count(string(topic), "`"+a.Code+"`"); n != 1 {
			t.Errorf("getting-started names %s %d times", a.Code, n)
		}
	}
	for code := range provoked {
		t.Errorf("%s is provoked, and is no finding", code)
	}
}
