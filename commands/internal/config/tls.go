package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// tlsFields are TLS settings by the names of redis-py. django-redis-cache and
// django-redis have them among the arguments of the pool, Django among the
// options, and any URL in its query; options take them for every library. Only
// ssl_server_name is ours.
var tlsFields = []field{
	{name: "ssl_cert_reqs", kinds: kindString, write: `"required", or "none" for no check at all`, check: oneOf("required", "optional", "none")},
	{name: "ssl_ca_certs", kinds: kindString, write: "the path of a file, in quotes", check: notEmpty},
	{name: "ssl_certfile", kinds: kindString, write: "the path of a file, in quotes", check: notEmpty},
	{name: "ssl_keyfile", kinds: kindString, write: "the path of a file, in quotes", check: notEmpty},
	{name: "ssl_check_hostname", kinds: kindBool, write: "true or false"},
	{name: "ssl_server_name", kinds: kindString, write: "the name in the server's certificate, in quotes", check: notEmpty},
}

// tlsOptions are the TLS settings of a URL that have an effect here.
var tlsOptions = []string{"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname"}

// unchecked is what ssl_cert_reqs = "none" means.
const unchecked = "the certificates of servers are not checked: anybody in between can read and change everything"

// A tlsSetting is the text of one and where it stands.
type tlsSetting struct {
	text string
	at   *node
}

// tlsSettings are those given, by name.
type tlsSettings map[string]tlsSetting

// tlsSettings reads those of some tables.
func (l *loader) tlsSettings(tables ...*node) tlsSettings {
	list := tlsSettings{}
	for _, table := range tables {
		for _, k := range table.children() {
			if !slices.ContainsFunc(tlsFields, func(f field) bool { return f.name == k.name }) {
				continue
			}
			if before, twice := list[k.name]; twice {
				l.fail(laterOf(before.at, k), "given already on line "+fmt.Sprint(min(before.at.line, k.line)), "keep one of the two")
			}
			value := fmt.Sprint(k.value)
			if k.kind == kindString && strings.HasSuffix(k.name, "file") || k.name == "ssl_ca_certs" {
				value = besides(l.file, value)
			}
			list[k.name] = tlsSetting{value, k}
		}
	}
	if key, cert := list["ssl_keyfile"], list["ssl_certfile"]; key.at != nil && cert.at == nil {
		l.idle(key.at, "there is no certificate to this key", "write ssl_certfile, too")
	}
	if reqs := list["ssl_cert_reqs"]; reqs.text == "none" {
		l.warnOf(CodeCertificate, reqs.at, unchecked, `write ssl_ca_certs with the authority that signed them`)
	}
	return list
}

// TLSPaths are the files with which a server is spoken to, as TLS takes them, and
// whether its certificate is looked at; a path that is not set is empty.
func (c *Cache) TLSPaths(server int) (authority, cert, key string, checked bool) {
	setting := c.tlsSetting(server)
	authority, cert, key = setting("ssl_ca_certs").text, setting("ssl_certfile").text, setting("ssl_keyfile").text
	if key == "" {
		key = cert
	}
	return authority, cert, key, setting("ssl_cert_reqs").text != "none"
}

// tlsSetting looks settings of a server up: what its URL says comes before the
// options, as in from_url of redis-py.
func (c *Cache) tlsSetting(server int) func(name string) tlsSetting {
	return func(name string) tlsSetting {
		if text, ok := c.Servers[server].Query[name]; ok && text != "" {
			return tlsSetting{text: text}
		}
		return c.tls[name]
	}
}

// TLS is how a server is spoken to whose Endpoint says so. The name in the certificate is checked
// unless a setting says not to; redis-py before 6 does not do it by itself. The
// error is an *Error.
func (c *Cache) TLS(server int) (*tls.Config, error) {
	at := c.endpoints[server]
	fail := func(s tlsSetting, name, msg, hint string, err error) error {
		n := s.at
		if n == nil {
			n = c.node.get("location")
			msg = "server " + fmt.Sprint(server+1) + ": " + name + ": " + msg
		}
		return &Error{File: c.File, Line: n.line, Key: n.path(), Msg: msg, Hint: hint, err: err}
	}
	return tlsConfig(at.ServerName, c.tlsSetting(server), fail)
}

// tlsConfig makes of settings what crypto/tls takes. fail makes the error of one
// that cannot be used.
func tlsConfig(server string, setting func(name string) tlsSetting, fail func(s tlsSetting, name, msg, hint string, err error) error) (*tls.Config, error) {
	conf := &tls.Config{ServerName: server}
	if name := setting("ssl_server_name"); name.text != "" {
		conf.ServerName = name.text
	}
	if ca := setting("ssl_ca_certs"); ca.text != "" {
		pem, err := os.ReadFile(ca.text)
		if err != nil {
			return nil, fail(ca, "ssl_ca_certs", reason(err), "name a file of certificates in PEM", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fail(ca, "ssl_ca_certs", printable(ca.text)+" holds no certificate", "name a file of certificates in PEM", nil)
		}
	} else {
		trustSomebody()
	}
	if cert := setting("ssl_certfile"); cert.text != "" {
		key := setting("ssl_keyfile")
		if key.text == "" {
			key = cert
		}
		pair, err := tls.LoadX509KeyPair(cert.text, key.text)
		if err != nil {
			return nil, fail(cert, "ssl_certfile", reason(err), "name a certificate and its key, in PEM", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	switch reqs := setting("ssl_cert_reqs"); reqs.text {
	case "", "required", "optional":
	case "none":
		conf.InsecureSkipVerify = true
		return conf, nil
	default:
		return nil, fail(reqs, "ssl_cert_reqs", "unknown value", "write none, optional or required", nil)
	}
	switch strings.ToLower(setting("ssl_check_hostname").text) {
	case "0", "f", "false", "n", "no": // to_bool of redis-py
		// What crypto/tls would check, without the name.
		conf.InsecureSkipVerify = true
		conf.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, conf.RootCAs) }
	}
	return conf, nil
}

// reason is the text of an error on one line.
func reason(err error) string { return printable(strings.ReplaceAll(err.Error(), "\n", " ")) }

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
