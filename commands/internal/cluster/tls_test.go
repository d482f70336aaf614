package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/config"
	"cachering/commands/internal/redistest"
)

// certificate makes a self-signed certificate for one host name and returns the
// files of it and its key.
func certificate(t *testing.T, host string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "EC PRIVATE KEY", keyDER)
}

// tlsServer starts a server that wants TLS and a certificate from its clients,
// and returns its address.
func tlsServer(t *testing.T, cert, key string, lines ...string) string {
	t.Helper()
	s := redistest.RunT(t, append(lines, "tls-cert-file "+cert, "tls-key-file "+key, "tls-ca-cert-file "+cert)...)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	free.Close()
	// Not every redis-server is built with TLS.
	if err := s.Client(0).ConfigSet(context.Background(), "tls-port", port).Err(); err != nil {
		t.Skipf("tls-port: %v", err)
	}
	return address
}

func TestRedissFollowsTheQueryOfTheLocation(t *testing.T) {
	cert, key := certificate(t, "cache.example")
	address := tlsServer(t, cert, key)
	host, port, _ := net.SplitHostPort(address)
	ctx := context.Background()
	pair := "&ssl_certfile=" + cert + "&ssl_keyfile=" + key
	for _, c := range []struct {
		host, query, want string
	}{
		{host, "?ssl_ca_certs=" + cert + pair, "cannot validate certificate for " + host},
		{host, "?ssl_ca_certs=" + cert + pair + "&ssl_check_hostname=false", ""},
		{host, "?ssl_check_hostname=false" + pair, "unknown authority"},
		{host, "?ssl_cert_reqs=none" + pair, ""},
		// The server wants a certificate too; it may close before it says so.
		{host, "?ssl_cert_reqs=none", "shard "},
		{"cache.example", "?ssl_ca_certs=" + cert + pair, ""},
		{"other.example", "?ssl_ca_certs=" + cert + pair, "not other.example"},
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
	cert, key := certificate(t, "cache.example")
	address := tlsServer(t, cert, key, "user app on >s3cret ~* +@all")
	const pair = `ssl_certfile = "cert.pem", ssl_keyfile = "key.pem"`
	for _, c := range []struct {
		backend, options, want string
	}{
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "cert.pem", ssl_server_name = "cache.example", ` + pair, ""},
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "cert.pem", ` + pair, "cannot validate certificate"},
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "none.pem", ` + pair, "c.toml:5: caches.x.options.ssl_ca_certs: "},
		{"django.core.cache.backends.redis.RedisCache", `ssl_ca_certs = "key.pem"`, "key.pem holds no certificate"},
		{"django.core.cache.backends.redis.RedisCache", `ssl_cert_reqs = "none", ` + pair, ""},
		{"django_redis.cache.RedisCache", `connection_pool_kwargs = {ssl_ca_certs = "cert.pem", ssl_check_hostname = false, ` + pair + `}`, ""},
		{"django_redis.cache.RedisCache", `connection_pool_kwargs = {ssl_check_hostname = false, ` + pair + `}`, "unknown authority"},
		{"django_redis.cache.RedisCache", `username = "app", password = "s3cret", ssl_cert_reqs = "none", ` + pair, ""},
		{"django_redis.cache.RedisCache", `username = "app", password = "wrong", ssl_cert_reqs = "none", ` + pair, "login refused"},
		{"redis_cache.RedisCache", `connection_pool_class_kwargs = {ssl_ca_certs = "cert.pem", ssl_check_hostname = false, ` + pair + `}`, ""},
		{"django_valkey.cache.ValkeyCache", `ssl_cert_reqs = "none", ` + pair, ""},
		{"django_valkey.cache.ValkeyCache", `ssl_cert_reqs = "none", ssl_certfile = "cert.pem", ssl_keyfile = "none.pem"`, "c.toml:5: caches.x.options.ssl_certfile: "},
	} {
		dir := t.TempDir()
		for name, from := range map[string]string{"cert.pem": cert, "key.pem": key} {
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

// TestIPv6 reaches a server by an address in brackets.
func TestIPv6(t *testing.T) {
	free, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	free.Close()
	redistest.RunT(t, "port "+port, "bind ::1")
	for backend, location := range map[string]string{"redis_cache.RedisCache": address, "django.core.cache.backends.redis.RedisCache": "redis://" + address + "/1"} {
		file := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(file, []byte(fmt.Sprintf("[caches.x]\nbackend = %q\nlocation = %q\n", backend, location)), 0o600); err != nil {
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
		if e := cl.Get(context.Background(), keys(":1:k"))[0]; e.Err != nil {
			t.Errorf("%s: %v", location, e.Err)
		}
		cl.Close()
	}
}
