package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"cachering/ring"
)

// tlsConfig follows the options that a rediss:// entry carries in its query, by
// the names of redis-py: ssl_cert_reqs (required, optional or none),
// ssl_ca_certs, ssl_certfile with ssl_keyfile, and ssl_check_hostname. The name
// in a certificate is checked unless the entry says not to; redis-py before 6
// does not check it by itself.
func tlsConfig(server ring.Server, name string) (*tls.Config, error) {
	q := server.Query
	c := &tls.Config{ServerName: name}
	if file := q["ssl_ca_certs"]; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("ssl_ca_certs: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ssl_ca_certs: %s holds no certificate", file)
		}
	}
	if file := q["ssl_certfile"]; file != "" {
		key := q["ssl_keyfile"]
		if key == "" {
			key = file
		}
		pair, err := tls.LoadX509KeyPair(file, key)
		if err != nil {
			return nil, fmt.Errorf("ssl_certfile: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	switch reqs := q["ssl_cert_reqs"]; reqs {
	case "", "required", "optional":
	case "none":
		c.InsecureSkipVerify = true
		return c, nil
	default:
		return nil, fmt.Errorf("ssl_cert_reqs: %q is none of none, optional, required", reqs)
	}
	switch strings.ToLower(q["ssl_check_hostname"]) {
	case "0", "f", "false", "n", "no": // to_bool of redis-py
		// What crypto/tls would check, without the name.
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, c.RootCAs) }
	}
	return c, nil
}

func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(cert)
	}
	_, err := s.PeerCertificates[0].Verify(o)
	return err
}
