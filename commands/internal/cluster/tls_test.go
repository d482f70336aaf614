package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cachering/commands/internal/config"
	"cachering/commands/internal/redistest"
)

func TestRedissFollowsTheQueryOfTheLocation(t *testing.T) {
	authority := redistest.AuthorityT(t, t.TempDir(), "ca")
	cert, key := authority.Issue("server", "cache.example")
	address := redistest.RunTLST(t, redistest.TLSLines(cert, key, authority.File)...).TLSAddr
	host, port, _ := net.SplitHostPort(address)
	ctx := context.Background()
	pair := "&ssl_certfile=" + cert + "&ssl_keyfile=" + key
	for _, c := range []struct {
		host, query, want string
	}{
		{host, "?ssl_ca_certs=" + authority.File + pair, "is for cache.example and not for " + host},
		{host, "?ssl_ca_certs=" + authority.File + pair + "&ssl_check_hostname=false", ""},
		{host, "?ssl_check_hostname=false" + pair, "an authority that is not known here"},
		{host, "?ssl_cert_reqs=none" + pair, ""},
		// The server wants a certificate too; it may close before it says so.
		{host, "?ssl_cert_reqs=none", "shard "},
		{"cache.example", "?ssl_ca_certs=" + authority.File + pair, ""},
		{"other.example", "?ssl_ca_certs=" + authority.File + pair, "not for other.example"},
	} {
		entry := fmt.Sprintf("rediss://%s:%s/0%s", c.host, port, c.query)
		text := fmt.Sprintf("[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nlocation = [%q]\n[caches.default.dial]\n%q = %q\n", entry, entry, address)
		file := filepath.Join(t.TempDir(), "cachering.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := config.Load(config.Source{Path: file})
		if err != nil {
			t.Fatal(err)
		}
		cl, err := Open(f.Caches[0], Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := cl.Get(ctx, keys(":1:k"))[0]
		cl.Close()
		if (e.Err == nil) != (c.want == "") || e.Err != nil && !strings.Contains(e.Err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", entry, e.Err, c.want)
		}
	}
}

// TestRedissFollowsOptions: the same settings among the options of every library,
// beside an ACL user.
func TestRedissFollowsOptions(t *testing.T) {
	authority := redistest.AuthorityT(t, t.TempDir(), "ca")
	cert, key := authority.Issue("server", "cache.example")
	address := redistest.RunTLST(t, append(redistest.TLSLines(cert, key, authority.File), "user app on >s3cret ~* +@all")...).TLSAddr
	const pair = `ssl_certfile = "cert.pem", ssl_keyfile = "key.pem"`
	for _, c := range []struct {
		backend, options, want string
	}{
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "ca.pem", ssl_server_name = "cache.example", ` + pair, ""},
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "ca.pem", ` + pair, "is for cache.example and not for 127"},
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "none.pem", ` + pair, "c.toml:5: caches.x.options.ssl_ca_certs: "},
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "key.pem"`, "key.pem holds no certificate"},
		{"django.core.cache.backends.redis.RedisCache", `ssl_cert_reqs = "none", ` + pair, ""},
		{"django_redis.cache.RedisCache", `connection_pool_kwargs = {ssl_ca_certs = "ca.pem", ssl_check_hostname = false, ` + pair + `}`, ""},
		{"django_redis.cache.RedisCache", `connection_pool_kwargs = {ssl_check_hostname = false, ` + pair + `}`, "an authority that is not known here"},
		{"django_redis.cache.RedisCache", `username = "app", password = "s3cret", ssl_cert_reqs = "none", ` + pair, ""},
		{"django_redis.cache.RedisCache", `username = "app", password = "wrong", ssl_cert_reqs = "none", ` + pair, "login refused"},
		{"redis_cache.RedisCache", `connection_pool_class_kwargs = {ssl_ca_certs = "ca.pem", ssl_check_hostname = false, ` + pair + `}`, ""},
		{"django_valkey.cache.ValkeyCache", `ssl_cert_reqs = "none", ` + pair, ""},
		{"django_valkey.cache.ValkeyCache", `ssl_cert_reqs = "none", ssl_certfile = "cert.pem", ssl_keyfile = "none.pem"`, "c.toml:5: caches.x.options.ssl_certfile: "},
	} {
		dir := t.TempDir()
		for name, from := range map[string]string{"ca.pem": authority.File, "cert.pem": cert, "key.pem": key} {
			if err := os.Symlink(from, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		scheme := "rediss"
		if strings.HasPrefix(c.backend, "django_valkey") {
			scheme = "valkeys"
		}
		file := filepath.Join(dir, "c.toml")
		text := fmt.Sprintf("[caches.x]\nbackend = %q\nlocation = %q\n\noptions = {%s}\n", c.backend, scheme+"://"+address, c.options)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := config.Load(config.Source{Path: file})
		if err != nil {
			t.Fatal(err)
		}
		cl, err := Open(f.Caches[0], Options{})
		if err == nil {
			err = cl.Get(context.Background(), keys(":1:k"))[0].Err
			cl.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s {%s}: error %v, want %q", c.backend, c.options, err, c.want)
		}
	}
}
