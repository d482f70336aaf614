package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates, for the hour of a test.
type Authority struct {
	File string // its own certificate, in PEM

	tb   testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// AuthorityT makes an authority whose files are in dir, NAME.pem for its own
// certificate.
func AuthorityT(tb testing.TB, dir, name string) *Authority {
	tb.Helper()
	a := &Authority{tb: tb, dir: dir}
	a.cert = template(name, time.Now().Add(time.Hour))
	a.cert.IsCA, a.cert.BasicConstraintsValid, a.cert.KeyUsage = true, true, x509.KeyUsageCertSign
	a.File, _ = a.sign(name, a.cert)
	return a
}

// Issue writes NAME.pem and NAME.key, a certificate for hosts that a server and
// a client may show, and returns their paths.
func (a *Authority) Issue(name string, hosts ...string) (cert, key string) {
	a.tb.Helper()
	return a.issue(name, time.Now().Add(time.Hour), hosts)
}

// IssueExpired is Issue of a certificate whose time is over.
func (a *Authority) IssueExpired(name string, hosts ...string) (cert, key string) {
	a.tb.Helper()
	return a.issue(name, time.Now().Add(-time.Minute), hosts)
}

func (a *Authority) issue(name string, until time.Time, hosts []string) (cert, key string) {
	a.tb.Helper()
	t := template(name, until)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	return a.sign(name, t)
}

func template(name string, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
	}
}

// sign makes a key for t; the authority's own certificate, which is the first,
// signs itself.
func (a *Authority) sign(name string, t *x509.Certificate) (cert, key string) {
	a.tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	if a.key == nil {
		a.key = private
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, &private.PublicKey, a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		a.tb.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(a.dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			a.tb.Fatal(err)
		}
		return file
	}
	return write(name+".pem", "CERTIFICATE", der), write(name+".key", "EC PRIVATE KEY", keyDER)
}

// TLSLines are lines of redis.conf for a server, or a sentinel, that shows cert
// and lets in clients with a certificate that ca signed.
func TLSLines(cert, key, ca string) []string {
	return []string{"tls-cert-file " + cert, "tls-key-file " + key, "tls-ca-cert-file " + ca}
}

// RunTLST is RunT of a server that also listens for TLS; lines hold TLSLines.
func RunTLST(tb testing.TB, lines ...string) *Server {
	tb.Helper()
	return run(tb, &Server{Network: "unix", secure: true, lines: lines}, "")
}

// RunTLSSentinelT is RunSentinelT of a sentinel that also listens for TLS.
func RunTLSSentinelT(tb testing.TB, lines ...string) *Server {
	tb.Helper()
	return run(tb, &Server{Network: "tcp", secure: true, sentinel: true, lines: lines}, loopback)
}
