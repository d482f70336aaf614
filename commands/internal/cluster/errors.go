package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"
)

var (
	// ErrLogin is wrapped by the error of a server that did not accept the
	// configured user or password, or asks for one.
	ErrLogin = errors.New("login refused")
	// ErrNotString is the answer for a key that holds another type.
	ErrNotString = errors.New("not a string")
)

// ShardError is a failure of one shard. Its text names the shard and holds no
// password.
type ShardError struct {
	Shard string
	Err   error
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

// plain says what err means for a user. Servers before 6.0 repeat the words of
// a command they do not know, and the first command that go-redis sends holds
// the password, so no server's text is passed on unseen.
func (s *Shard) plain(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no answer within %v: %w", s.cluster.spec.SocketTimeout, os.ErrDeadlineExceeded)
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return errors.New("the connection was closed")
	}
	text := err.Error()
	s.mu.Lock()
	password := s.password
	s.mu.Unlock()
	if password != "" {
		text = strings.ReplaceAll(text, password, "***")
	}
	if refusedLogin(text) {
		return fmt.Errorf("%w: %s", ErrLogin, text)
	}
	if text != err.Error() {
		return errors.New(text)
	}
	return err
}

func refusedLogin(text string) bool {
	for _, sign := range []string{"WRONGPASS", "NOAUTH", "ERR invalid password", "ERR AUTH ", "without any password configured"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
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
