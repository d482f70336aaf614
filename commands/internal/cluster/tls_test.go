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

func TestRedissFollowsTheQueryOfTheLocation(t *testing.T) {
	cert, key := certificate(t, "cache.example")
	s := redistest.RunT(t, "tls-cert-file "+cert, "tls-key-file "+key, "tls-ca-cert-file "+cert)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	host, port, _ := net.SplitHostPort(address)
	free.Close()
	// Not every redis-server is built with TLS.
	if err := s.Client(0).ConfigSet(context.Background(), "tls-port", port).Err(); err != nil {
		t.Skipf("tls-port: %v", err)
	}
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
