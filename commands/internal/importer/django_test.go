package importer

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer/settings"
)

// sum is what a cache comes to: everything that decides what a command does.
func sum(c *config.Cache) []string {
	var servers []string
	for i, s := range c.Servers {
		login, err := c.Login(context.Background(), i)
		servers = append(servers, fmt.Sprint(s.Spelling, s.Label, c.Endpoint(i), login.Username, login.Password.Reveal(), err != nil))
	}
	return append(servers, fmt.Sprintln(c.Alias, c.Backend, c.Release, c.Ring, c.Sharded, c.Master, c.Keyspace.Prefix, c.Keyspace.Function(), c.Traits.Side, c.Version),
		fmt.Sprintln(c.Timeout, c.ReadOnly, c.Protect, c.Codec.String(), c.Codec.Rules, c.Python, c.Herd, c.HerdTimeout, c.SocketTimeout, c.ConnectTimeout, c.Bulk))
}

// again imports settings and loads what comes of it.
func again(t *testing.T, f *settings.File) *config.File {
	t.Helper()
	made, err := Import("shown.py", f, Foreign{Releases: map[string]string{}})
	if err != nil {
		t.Fatal(err)
	}
	if !made.Resolved() {
		t.Fatalf("%v\n%s", made.Notes, made.Text)
	}
	return loaded(t, made.Text)
}

func loaded(t *testing.T, text string) *config.File {
	t.Helper()
	f, errs := config.Parse("made.toml", text, testEnv)
	if len(errs) > 0 {
		t.Fatalf("%v\n%s", errs, text)
	}
	return f
}

func testEnv(name string) string {
	return map[string]string{"CACHE_PASSWORD": "x", "REDIS_PASSWORD": "y"}[name]
}

func wantSame(t *testing.T, got, want *config.File, text string) {
	t.Helper()
	if len(got.Caches) != len(want.Caches) {
		t.Fatalf("%d caches, want %d\n%s", len(got.Caches), len(want.Caches), text)
	}
	for i, c := range want.Caches {
		if g, w := sum(got.Caches[i]), sum(c); !reflect.DeepEqual(g, w) {
			t.Errorf("got  %q\nwant %q\n%s", g, w, text)
		}
	}
}

// Settings that are shown for Django are the same caches: read as they are, and
// run by Python and printed as JSON.
func TestDjango(t *testing.T) {
	texts := map[string]string{"all": `
[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = ["10.0.0.1:6379", "redis://:a'\"\\b@10.0.0.2:6379/1", "/tmp/é.sock"]
key_prefix = "a\n\u0001é'"
version = -3
timeout = "none"
key_function = "{prefix}:{key|md5}"
read_only = true
confirm = "alias"
label = "production's"
protect = []
db = 2
[caches.default.options]
serializer = "json"
compressor = "zlib"
compressor_class_kwargs = {level = 9}
password_env = "CACHE_PASSWORD"
username = "admin"
python = "2-unicode"
socket_timeout = "2500ms"
socket_connect_timeout = "none"
ssl_server_name = "x"
connection_pool_class_kwargs = {max_connections = 5, timeout = "none", ssl_cert_reqs = "none"}
[caches.default.dial]
"10.0.0.1:6379" = "127.0.0.1:1"
[caches.default.bulk]
rate = 5
max_deletes = "10%"
no_progress = true
["caches"."b c"]
backend = "django_redis.cache.RedisCache"
release = "5.4.0"
location = "redis://:sesame@h:1/1,redis://h:2/2"
timeout = 2.5
options = {client_class = "django_redis.client.HerdClient", cache_herd_timeout = 9, compressor = "lz4", serializer = "msgpack", password = "sesame"}
[caches.c]
backend = "django.core.cache.backends.redis.RedisCache"
location = "redis://h:1"
options = {db = 3, username = "u", password = "sesame", ssl_ca_certs = "ca.pem", serializer = "django.core.cache.backends.redis.RedisSerializer", python = "3.12"}
[caches.d]
backend = "django_valkey.cache.ValkeyCache"
release = "0.2.1"
location = "valkey://h:1/1"
options = {compressor = "zstd", own_codec = true, compress_min_length = 50, compress_level = 3, password_command = ["printf", "p"]}
`}
	for _, f := range settingsFiles(t) {
		if f.unresolved == "0" {
			texts[f.name] = imported(t, f).Text
		}
	}
	if len(texts) < 25 {
		t.Fatalf("%d configurations", len(texts))
	}
	dir := t.TempDir()
	var files []string
	want := map[string]*config.File{}
	for name, text := range texts {
		f := loaded(t, text)
		if name == "environment_defaults.py" {
			continue // its password is asked for by the server alone
		}
		shown := Django(f.Caches, true)
		read, err := settings.ReadPython([]byte(shown), settings.Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, shown)
		}
		wantSame(t, again(t, read), f, shown)
		path := filepath.Join(dir, strings.TrimSuffix(name, ".py")+".py")
		if err := os.WriteFile(path, []byte(shown), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
		want[path] = f
	}
	cmd := exec.Command("/usr/bin/python3", append([]string{"-c", `
import json, sys
for path in sys.argv[1:]:
    names = {}
    exec(compile(open(path, encoding="utf-8").read(), path, "exec"), names)
    print(json.dumps({k: v for k, v in names.items() if k.startswith("CACHE")}))
`}, files...)...)
	cmd.Env = []string{"CACHE_PASSWORD=x", "REDIS_PASSWORD=y"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		f, err := settings.ReadJSON([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, again(t, f), want[files[i]], line)
	}
}

// Passwords are shown to who asks for them.
func TestDjangoSecrets(t *testing.T) {
	f := loaded(t, `
[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = "10.0.0.1:6379,redis://:sesame@10.0.0.2:6379/1"
options = {password = "sesame"}
[caches.default.dial]
"redis://:sesame@10.0.0.2:6379/1" = "127.0.0.1:1"
`)
	if shown := Django(f.Caches, false); strings.Contains(shown, "sesame") || !strings.Contains(shown, "# Passwords are hidden") {
		t.Errorf("a password is shown\n%s", shown)
	}
	if shown := Django(f.Caches, true); strings.Count(shown, "sesame") != 3 || strings.Contains(shown, "hidden") {
		t.Errorf("a password is hidden\n%s", shown)
	}
}
