package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/wire"
)

var (
	// ErrLogin is wrapped by the error of a server that did not accept the
	// configured user or password, or asks for one.
	ErrLogin = errors.New("login refused")
	// ErrNotString is the answer for a key that holds another type.
	ErrNotString = errors.New("it is not a string")
	// ErrReplica is wrapped by the error of a server that takes no writes
	// because it is a replica.
	ErrReplica = errors.New("the server is a replica and takes no writes")
	// ErrStale is wrapped by the error of a replica that may not have what its master has,
	// and of a shard that has none.
	ErrStale = errors.New("no replica that is up to date")
	// ErrReplaced is wrapped by the error of a master in whose place another was
	// put, as sentinels tell or because it takes no more writes, and is that of a
	// server whose process is another than before.
	ErrReplaced = errors.New("what was written last may be lost")
	// ErrProtocol is wrapped by the error of a server that answers what none
	// answers. Asking it again is of no use.
	ErrProtocol = errors.New("this is no answer of a Redis server")
)

// ShardError is a failure of one shard. Its text names the shard and holds no
// password.
type ShardError struct {
	Shard string
	Err   error

	unsent bool // what failed never left
}

func (e *ShardError) Error() string { return "shard " + e.Shard + ": " + e.Err.Error() }
func (e *ShardError) Unwrap() error { return e.Err }

// Wrap gives err the name of the shard and takes the password out of it.
func (s *Shard) Wrap(err error) error {
	var already *ShardError
	if err == nil || errors.As(err, &already) {
		return err
	}
	return &ShardError{Shard: s.Name, Err: s.plain(err)}
}

// Bare is the text of an error that stands beside the name of the shard, and so without it.
func Bare(err error) string {
	var named *ShardError
	if errors.As(err, &named) && named == err {
		return named.Err.Error()
	}
	return err.Error()
}

// Said is the text of an error without the name of the shard, as it may be shown:
// what the server said is in our words, or withheld.
func (s *Shard) Said(err error) string {
	var wrapped *ShardError
	if errors.As(s.Wrap(err), &wrapped) {
		return wrapped.Err.Error()
	}
	return err.Error()
}

// A trouble is a failure in words that say what a user can do about it; the
// errors that it stands for are still found in it.
type trouble struct {
	text string
	errs []error
}

func (t *trouble) Error() string   { return t.text }
func (t *trouble) Unwrap() []error { return t.errs }

// troublef says what is the matter with err.
func troublef(err error, format string, args ...any) *trouble {
	return &trouble{fmt.Sprintf(format, args...), []error{err}}
}

// as makes a trouble one of a kind that callers tell apart.
func (t *trouble) as(kind error) error {
	t.errs = append(t.errs, kind)
	return t
}

// plain says what err means for a user. Our own words stay as they are, whatever
// the password is; what a server said is reworded.
func (s *Shard) plain(err error) error {
	if ours := s.ours(err); ours != nil {
		return ours
	}
	said := answersIn(err)
	if len(said) == 0 {
		return garbled(err)
	}
	told := &trouble{text: err.Error()}
	for _, a := range said {
		words, kept := s.reword(a.Error())
		told.text = strings.Replace(told.text, a.Error(), words, 1)
		told.errs = append(told.errs, kept...)
	}
	if told.text == err.Error() {
		return err
	}
	return told
}

// ours is an error that no server worded, in words for a user; nil for any other.
func (s *Shard) ours(err error) error {
	var already *trouble
	var wrong *wire.Error
	var network *net.OpError
	switch {
	case errors.As(err, &already), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return troublef(os.ErrDeadlineExceeded, "no answer within %v (socket_timeout)", s.cluster.spec.SocketTimeout)
	case answered(err):
		return nil
	case closed(err):
		return troublef(err, "the connection was closed")
	case errors.As(err, &wrong):
		return troublef(wrong, "%v: %v", ErrProtocol, wrong).as(ErrProtocol)
	}
	if certificate := certificateTrouble(err); certificate != nil {
		return certificate
	}
	if errors.As(err, &network) {
		return s.unreached(network)
	}
	return nil
}

// unreached says why the network did not lead to the server. Its address is told where
// the name of the shard does not.
func (s *Shard) unreached(err *net.OpError) error {
	if err.Op != "dial" {
		return troublef(err, "the connection was lost: %v", reason(err))
	}
	at := ""
	if err.Addr != nil && !strings.Contains(s.Name, err.Addr.String()) {
		at = " at " + err.Addr.String()
	}
	return troublef(err, "it cannot be reached%s: %v", at, reason(err))
}

// reason is what the operating system or the resolver says, without the call and the
// address, which the library puts before it.
func reason(err *net.OpError) error {
	var resolver *net.DNSError
	var system *os.SyscallError
	switch {
	case errors.As(err.Err, &resolver) && resolver.IsNotFound:
		return fmt.Errorf("no host %s is known", resolver.Name)
	case errors.As(err.Err, &resolver):
		return fmt.Errorf("the name %s is not resolved: %s", resolver.Name, resolver.Err)
	case errors.As(err.Err, &system):
		return system.Err
	}
	return err.Err
}

// typed names the type of what is no string, in the error of its key. Where the server
// does not tell, or it changed meanwhile, the error stays as it is.
func (s *Shard) typed(ctx context.Context, entries []Entry, at []int) {
	var kinds []redis.Cmder
	var of []*Entry
	for _, i := range at {
		if e := &entries[i]; errors.Is(e.Err, ErrNotString) {
			kinds, of = append(kinds, redis.NewStatusCmd(ctx, "type", e.Stored)), append(of, e)
		}
	}
	if kinds == nil || s.do(ctx, kinds, repeatable) != nil {
		return
	}
	for k, e := range of {
		e.Err = s.Wrap(ofType(kinds[k].(*redis.StatusCmd).Val()))
	}
}

// typed is the entry with the type named in its error, if that is that it is no string.
func (e Entry) typed(ctx context.Context) Entry {
	one := []Entry{e}
	e.Shard.typed(ctx, one, []int{0})
	return one[0]
}

// ofType is ErrNotString that names the type, if it is one that is known.
func ofType(kind string) error {
	switch kind {
	case "zset":
		kind = "sorted set"
	case "list", "set", "hash", "stream":
	default:
		return ErrNotString
	}
	return troublef(ErrNotString, "it is a %s, not a string", kind)
}

// untransacted says that the server refuses cmd, which is WATCH, MULTI or EXEC,
// and what to do about it.
func (s *Shard) untransacted(cmd redis.Cmder) error {
	err := cmd.Err()
	// Since 6.2 an EXEC that is refused answers "EXECABORT Transaction discarded
	// because of: NOPERM …".
	if _, reason, ok := strings.Cut(err.Error(), "discarded because of: "); ok {
		err = answer(reason)
	}
	var why error
	switch text := err.Error(); {
	case denied(err) && strings.Contains(text, "'"): // the command, and not its key
		why = s.plain(err)
	case strings.Contains(text, "unknown command"):
		why = troublef(err, "%s", unknownText(cmd.Name()))
	default:
		return s.Wrap(err)
	}
	return s.Wrap(troublef(why, "transactions are refused, and without them nothing is changed: %v", why).as(errUntransacted))
}

// demoted says what to do about a server that is a replica, and what that is. One that
// took writes before has become it since, and another is the master: where, whoever dials
// anew is told by the name or the sentinels.
func (s *Shard) demoted() (words string, kinds []error) {
	kinds = []error{ErrReplica}
	if s.wrote.Load() {
		kinds = append(kinds, ErrReplaced)
	}
	switch {
	case s.dialled().Service != nil:
		words = "the master of " + s.dialled().Service.Name + " has changed, run again"
	case s.wrote.Load():
		words = "it took some before, so its master has changed: run again"
	default:
		words = "name its master in location"
	}
	return ErrReplica.Error() + ": " + words, kinds
}

// unconnected is a server that does not let us in in time.
func (s *Shard) unconnected(what, why string) error {
	return troublef(os.ErrDeadlineExceeded, "%s within %v (socket_connect_timeout)%s", what, s.cluster.spec.ConnectTimeout, why)
}

// Refused reports whether a server, or what stands before it, took no further
// connection, where it may have others of ours.
func Refused(err error) bool { return errors.Is(err, ErrFull) || closed(err) }

// closed reports whether the other side ended a connection.
func closed(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// atFirst says what a connection that is closed before its first answer may
// mean: then it is hardly the network. The server may have said it.
func (c *Conn) atFirst(err error) error {
	if !closed(err) {
		return err
	}
	s := c.Shard
	if l := c.live.Load(); l != nil && l.last != "" {
		c.said = answer(l.last)
	}
	if c.said != nil {
		return &ShardError{Shard: s.Name, Err: s.refused(c.said)}
	}
	var text string
	switch {
	case s.dialled().TLS == nil && s.dialled().Network == "tcp":
		text = "a port for TLS does this to redis://, and a tunnel to nowhere"
	case s.dialled().TLS != nil:
		// The server's alert may be lost behind the end of the connection.
		text = "the server may refuse our certificate, or want one (ssl_certfile, ssl_keyfile), or have as many clients as it takes (maxclients)"
	default:
		return err
	}
	return &ShardError{Shard: s.Name, Err: troublef(err, "the connection was closed before any answer: %s", text)}
}

// certificateTrouble says which setting is at fault where TLS was refused; nil
// for any other error.
func certificateTrouble(err error) error {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return troublef(err, "the server's certificate is signed by an authority that is not known here: name its own by ssl_ca_certs")
	case errors.As(err, &host):
		names := slices.Clone(host.Certificate.DNSNames)
		for _, ip := range host.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
		if len(names) == 0 {
			names = []string{"no host"}
		}
		return troublef(err, "the server's certificate is for %s and not for %s: name what it is for by ssl_server_name",
			strings.Join(names, ", "), host.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return troublef(err, "the server's certificate is valid from %s to %s only: renew it, or set the clock",
			invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &header):
		return troublef(err, "the server does not speak TLS on this port: write redis:// for rediss://, or the port for TLS")
	}
	if _, alert, ok := strings.Cut(err.Error(), "remote error: tls: "); ok {
		return troublef(err, "the server refuses our certificate, or wants one (%s): see ssl_certfile and ssl_keyfile", alert)
	}
	return nil
}

// Denied reports whether a server answered that the user may not do what was
// asked, by its ACL.
func Denied(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer) && denied(answer)
}

// denied reports whether an ACL does not allow a command.
func denied(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOPERM") }

// answered reports whether err is a server's answer: the connection is fine.
func answered(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}
