package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const shown = `[caches."a b"]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = "10.0.0.1:6379,redis://:s3cret@10.0.0.2:6379/2"
timeout = "none"
protect = []
options = {python = "3.7", password = "s3cret", compressor = "zlib", socket_timeout = 0.5, parser_class = "x"}
dial = {"10.0.0.1:6379" = "/run/t.sock"}
bulk = {rate = 5, max_deletes = "10%"}
`

func TestViewText(t *testing.T) {
	c, _ := one(t, shown)
	want := `# c.toml:1
# ring django-redis-cache, codec pickle:4+zlib:6
# shard 0: 10.0.0.1:6379, dialled at /run/t.sock, database 1
# shard 1: redis://:***@10.0.0.2:6379/2, dialled at 10.0.0.2:6379, database 2
caches."a b".backend = "redis_cache.ShardedRedisCache"
caches."a b".release = "3.0.1"
caches."a b".location = "10.0.0.1:6379,redis://:***@10.0.0.2:6379/2"
caches."a b".key_prefix = ""  # default
caches."a b".version = 1  # default
caches."a b".timeout = "none"
caches."a b".key_function = "{prefix}:{version}:{key}"  # default
caches."a b".read_only = false  # default
caches."a b".protect = []
caches."a b".options.db = 1  # default
caches."a b".options.python = "3.7"
caches."a b".options.password = "***"
caches."a b".options.pickle_version = -1  # default
caches."a b".options.serializer = "pickle"  # default
caches."a b".options.compressor = "zlib"
caches."a b".options.socket_timeout = "0.5s"
caches."a b".dial."10.0.0.1:6379" = "/run/t.sock"
caches."a b".bulk.rate = 5
caches."a b".bulk.max_deletes = "10%"
`
	if got := c.View().Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestViewLoadsAgain: what is shown means what was read.
func TestViewLoadsAgain(t *testing.T) {
	for _, text := range []string{
		sharded,
		strings.ReplaceAll(shown, "s3cret", "***"),
		sharded + "db = \"7\"\ntimeout = -5\noptions = {serializer_class = \"redis_cache.serializers.PickleSerializer\", serializer_class_kwargs.pickle_version = 3, socket_connect_timeout = \"1m\"}\n",
		"[caches.x]\nbackend = \"redis_cache.RedisCache\"\nlocation = [\"a:1\", \"b:1\"]\nread_only = true\nversion = -3\noptions = {master_cache = \"b:1\", password_env = \"X\", compressor_class = \"redis_cache.compressors.ZLibCompressor\", compressor_class_kwargs.level = 9}\nbulk = {batch = 3, no_progress = true, max_deletes = 5}\n",
		"[caches.x]\nbackend = \"redis_cache.ShardedRedisCache\"\noptions.ring = \"django-redis-cache-1.5\"\nlocation = [\"a:1\"]\nkey_prefix = \"a\\u0007\\n\\\"\"\n",
	} {
		first, _ := one(t, text)
		again, _ := one(t, first.View().Text())
		a, b := first.View(), again.View()
		a.File, a.Line, b.File, b.Line = "", 0, "", 0
		if one, two := marshal(t, a), marshal(t, b); one != two {
			t.Errorf("%s\nfirst  %s\nsecond %s", text, one, two)
		}
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestViewJSON(t *testing.T) {
	c, _ := one(t, sharded+"options.pickle_version = 2\n")
	want := `{"cache":"default","file":"c.toml","line":1,"ring":"django-redis-cache","codec":"pickle:2",` +
		`"shards":[{"index":0,"shard":"10.0.0.1:6379","label":"('10.0.0.1', 6379, 1, None)","dial":"10.0.0.1:6379","db":1,"tls":false},` +
		`{"index":1,"shard":"10.0.0.2:6379","label":"('10.0.0.2', 6379, 1, None)","dial":"10.0.0.2:6379","db":1,"tls":false}],` +
		`"settings":{"backend":"redis_cache.ShardedRedisCache","key_function":"{prefix}:{version}:{key}","key_prefix":"","location":["10.0.0.1:6379","10.0.0.2:6379"],` +
		`"options.compressor":"none","options.db":1,"options.pickle_version":2,"options.serializer":"pickle","protect":["@logout","@state"],"read_only":false,"release":"3.0.1","timeout":300,"version":1}}`
	if got := marshal(t, c.View()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	text := sharded + `timeout = 0
options = {password_env = "NO_SUCH_VARIABLE", parser_class = "x", connection_pool_class_kwargs = {timeout = 5}}
[caches.other]
backend = "redis_cache.RedisCache"
location = "a:1,redis://b?socket_timeout=5&db=3"
options = {password_command = "exit 1", pickle_version = 5, master_cache = "a:1"}
[caches.third]
backend = "redis_cache.ShardedRedisCache"
release = "2.0.0"
location = "a:1"
options = {master_cache = "a:1", pickle_version = 5}
`
	write(t, path, text, 0o644)
	var got strings.Builder
	_, findings := Check(t.Context(), Source{Path: path, env: lookup()})
	for _, f := range findings {
		got.WriteString(string(f.Level) + " " + strings.ReplaceAll(f.String(), path, "c.toml") + "\n")
	}
	want := `warning c.toml:5: caches.default.timeout: with this timeout the library stores nothing; write "none" for entries that never expire
note c.toml:6: caches.default.options.parser_class: without effect here
note c.toml:6: caches.default.options.connection_pool_class_kwargs.timeout: without effect here
warning c.toml:6: caches.default.options: pickle_version is -1 and python is not given, so the protocol to write is not known; write python = "3.12" (the application's) or pickle_version = 5 in [caches.default.options]
error c.toml:6: caches.default.options.password_env: the environment variable NO_SUCH_VARIABLE is not set; set NO_SUCH_VARIABLE, or name another
note c.toml:9: caches.other.location: server 2: its URL option socket_timeout is without effect here
note c.toml:10: caches.other.options.password_command: not run by this check
note c.toml:15: caches.third.options.master_cache: without effect here
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}

	// Everything wrong in a file is told at once, in the order of its lines.
	if err := os.WriteFile(path, []byte(strings.Replace(text, "2.0.0", "0.8", 1)+"\n[caches.fourth]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var errs []int
	_, findings = Check(t.Context(), Source{Path: path, env: lookup()})
	for _, f := range findings {
		if f.Level == LevelError {
			errs = append(errs, f.Line)
		}
	}
	if len(errs) != 3 || errs[0] != 6 || errs[1] != 13 || errs[2] != 17 {
		t.Errorf("errors on lines %v, want 6, 13 and 17", errs)
	}
}

// FuzzParse: whatever the file holds, it is loaded or refused in words, on one
// line with its place and a remedy.
func FuzzParse(f *testing.F) {
	for _, text := range append(scanSeeds, shown, sharded) {
		f.Add(text)
	}
	data, err := os.ReadFile("testdata/wrong.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, block := range strings.Split(string(data), "=== ")[1:] {
		_, text, _ := strings.Cut(block, "\n")
		text, _, _ = strings.Cut(text, "---\n")
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, errs := parse("c.toml", text, 0o600, func(string) string { return "" })
		for _, err := range errs {
			line := err.Error()
			if err.Line < 1 || err.Line > 1+strings.Count(text, "\n") || err.Hint == "" || strings.ContainsAny(line, "\n\r\x1b") || strings.Contains(line, "defect") {
				t.Fatalf("%q gives %q", text, line)
			}
		}
		if len(errs) == 0 {
			for _, c := range file.Caches {
				_ = c.View().Text()
			}
		}
	})
}

// TestAbout: what is said of one cache is about that cache and the file, and has
// a code that tells what it is about.
func TestAbout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	text := `[caches.a]
backend  = "redis_cache.RedisCache"
release  = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.1:6379", "u:p@h:1", "rediss://h/1?ssl_cert_reqs=none"]
[caches.a.options]
password       = "s3cret"
db             = 2.0
python         = "3.12"
pickle_version = 2
parser_class   = "redis.connection.HiredisParser"
ssl_keyfile    = "k"
[caches.ab]
backend  = "django_redis.cache.RedisCache"
release  = "6.0.0"
location = "rediss://h/1?ssl_cert_reqs=none"
options  = { ssl_cert_reqs = "none" }
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil { // whatever the umask
		t.Fatal(err)
	}
	f, err := Load(Source{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for alias, want := range map[string]map[Code]int{
		"a": {CodeSeveral: 1, CodeTwice: 1, CodeLocation: 1, CodeCertificate: 1, CodeSetting: 1, CodeNoEffect: 1, CodeIgnored: 1,
			CodePermissions: 2}, // others may read it, and write it
		"ab": {CodeCertificate: 2, CodeProtocol: 1, CodePermissions: 2},
	} {
		c, err := f.Cache(alias)
		if err != nil {
			t.Fatal(err)
		}
		got := map[Code]int{}
		for _, finding := range f.About(c) {
			got[finding.Code]++
			if strings.Contains(finding.String(), "s3cret") {
				t.Errorf("%s: it shows a password", finding.Code)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", alias, got, want)
		}
	}
}

// A file is read once: it may be a pipe.
func TestCheckOfAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString(sharded); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f, findings := Check(t.Context(), Source{Path: fmt.Sprintf("/dev/fd/%d", r.Fd()), env: lookup()})
	if f == nil || len(f.Caches) != 1 || slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == LevelError }) {
		t.Errorf("got %v, %v", f, findings)
	}
}

// What would fail when a server is dialled fails the check.
func TestCheckOfTLS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	for lines, want := range map[string]string{
		`location = "rediss://h:6380/0?ssl_cert_reqs=none"`:                         "",
		`location = "rediss://h:6380/0?ssl_cert_reqs=CERT_NONE"`:                    "c.toml:3: caches.default.location: server 1: ssl_cert_reqs: unknown value; write none, optional or required",
		"location = \"rediss://h:6380/0\"\noptions.ssl_ca_certs = \"/no/such.pem\"": "c.toml:4: caches.default.options.ssl_ca_certs: open /no/such.pem: no such file or directory; name a file of certificates in PEM",
		"location = \"redis://h:6380/0\"\noptions.ssl_ca_certs = \"/no/such.pem\"":  "",
	} {
		write(t, path, "[caches.default]\nbackend = \"django.core.cache.backends.redis.RedisCache\"\n"+lines+"\n", 0o600)
		_, findings := Check(t.Context(), Source{Path: path, env: lookup()})
		got := ""
		for _, f := range findings {
			if f.Level == LevelError {
				got += strings.ReplaceAll(f.String(), path, "c.toml")
			}
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", lines, got, want)
		}
	}
}
