// Package scan is what reading and changing the keys of a cache have in common:
// a connection that is dialled again where it is lost, as long as the server is
// the process it was, a walk over the keys, and which of them are selected. It
// knows nothing of what is done with them, and writes nothing.
package scan

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// Redials is how often a lost connection is dialled again before the shard counts
// as lost.
const Redials = 3

// bufferSize is how many bytes a connection reads, and writes, at a time: a batch of
// values of a kilobyte.
const bufferSize = 64 << 10

// The work on a shard ends where it may have met another server process: the
// cursors of one mean nothing to another, and what was written to one the other,
// which may have read an older dump, may not have.
const (
	ErrRestarted = replaced("the server was restarted, or another took its place, during the run: run again")
	ErrNameless  = replaced("the connection was lost, and without INFO it cannot be told whether the server was restarted: run again")
)

// replaced is a cluster.ErrReplaced that was not told by sentinels.
type replaced string

func (r replaced) Error() string        { return string(r) }
func (r replaced) Is(target error) bool { return target == cluster.ErrReplaced }

// Link is a connection to a shard which is dialled again where it is lost, if the
// server is still the process that it was at the beginning. It is for one
// goroutine, but for Rejoin.
type Link struct {
	Shard *cluster.Shard
	Conn  *cluster.Conn // another after a loss
	// Again dials after a loss by cause, if another than Rejoin is to do it.
	Again func(ctx context.Context, cause error) (*cluster.Conn, error)

	runID string // "" where the server does not tell
}

// Open dials a shard once. What the server is Begin asks.
func Open(ctx context.Context, s *cluster.Shard) (*Link, error) {
	conn, err := s.Dial(ctx, 0)
	if err != nil {
		return nil, err
	}
	return &Link{Shard: s, Conn: conn}, nil
}

// Begin asks the server about itself. From now on it must be the same process.
func (l *Link) Begin(ctx context.Context) (About, error) {
	about, err := ask(ctx, l.Conn)
	l.runID = about.runID
	return about, err
}

// RoundTrip is how long a question takes to be answered: the least of a few, since
// the machines may be busy.
func (l *Link) RoundTrip(ctx context.Context) (least time.Duration, err error) {
	for range 3 {
		err := l.retry(ctx, WorthRedial, func() error {
			begin := time.Now()
			if err := l.Conn.Do(ctx, []redis.Cmder{redis.NewStatusCmd(ctx, "ping")}); err != nil {
				return err
			}
			if took := time.Since(begin); least == 0 || took < least {
				least = took
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return least, nil
}

// Close ends the connection.
func (l *Link) Close() { l.Conn.Close() }

// Named reports whether the server tells which process it is.
func (l *Link) Named() bool { return l.runID != "" }

// Still asks the server about itself again, and fails where it is no longer the
// process that it was at the beginning.
func (l *Link) Still(ctx context.Context) (about About, err error) {
	err = l.retry(ctx, WorthRedial, func() error {
		about, err = ask(ctx, l.Conn)
		return err
	})
	if err == nil && about.runID != l.runID && about.runID != "" && l.runID != "" {
		err = ErrRestarted
	}
	return about, err
}

// Retry does work, and again on another connection after each loss that is worth it.
func (l *Link) Retry(ctx context.Context, work func() error) error {
	return l.retry(ctx, WorthRedial, work)
}

// retry does work again on another connection after each loss that is worth it.
func (l *Link) retry(ctx context.Context, worth func(context.Context, error) bool, work func() error) error {
	for attempt := 0; ; attempt++ {
		err := work()
		if err == nil || attempt == Redials || !worth(ctx, err) {
			return err
		}
		if err := l.reconnect(ctx, err); err != nil {
			return err
		}
	}
}

func (l *Link) reconnect(ctx context.Context, cause error) (err error) {
	l.Conn.Close()
	var conn *cluster.Conn
	if l.Again != nil {
		conn, err = l.Again(ctx, cause)
	} else {
		conn, err = l.Rejoin(ctx)
	}
	if err == nil {
		l.Conn = conn
	}
	return err
}

// Anew puts another connection to the same process in the place of one that is of no
// use any more.
func (l *Link) Anew(ctx context.Context) error {
	l.Conn.Close()
	conn, err := l.Shard.Dial(ctx, 0)
	if err != nil {
		return err
	}
	l.Conn = conn
	_, err = l.Still(ctx)
	return err
}

// Rejoin is Dial, but fails where the server is another process by now, or that
// cannot be told. The link keeps its own connection.
func (l *Link) Rejoin(ctx context.Context) (*cluster.Conn, error) {
	if !l.Named() {
		return nil, ErrNameless
	}
	for attempt := 1; ; attempt++ {
		conn, err := Dial(ctx, l.Shard)
		if err != nil {
			return nil, err
		}
		if err = l.Same(ctx, conn); err == nil {
			return conn, nil
		}
		conn.Close()
		// It may be lost again before the server has said which one it is.
		if attempt == Redials || errors.Is(err, cluster.ErrReplaced) || !WorthRedial(ctx, err) {
			return nil, err
		}
	}
}

// Same fails where another connection is not one to the process that the server was at
// the beginning, or that cannot be told.
func (l *Link) Same(ctx context.Context, conn *cluster.Conn) error {
	about, err := ask(ctx, conn)
	switch {
	case err != nil:
		return err
	case about.runID == "":
		return ErrNameless
	case about.runID != l.runID:
		return ErrRestarted
	}
	return nil
}

// About is what a server says of itself. What it refuses to tell, as an ACL can
// make it, is left empty.
type About struct {
	UsedMemory int64 // bytes
	Keys       int64 // of the database

	runID string
}

func ask(ctx context.Context, conn *cluster.Conn) (About, error) {
	server := redis.NewStringCmd(ctx, "info", "server")
	memory := redis.NewStringCmd(ctx, "info", "memory")
	size := redis.NewIntCmd(ctx, "dbsize")
	if err := conn.Do(ctx, []redis.Cmder{server, memory, size, NoTouch(ctx)}); err != nil {
		return About{}, err
	}
	return About{
		UsedMemory: cluster.ParseInfo(memory.Val()).UsedMemory,
		Keys:       size.Val(),
		runID:      cluster.ParseInfo(server.Val()).RunID,
	}, nil
}

// Lost reports whether err means that a connection is gone, and may be dialled
// again.
func Lost(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, cluster.ErrLogin) || errors.Is(err, cluster.ErrProtocol) {
		return false
	}
	var answer redis.Error
	return !errors.As(err, &answer)
}

// WorthRedial is Lost, but for a time-out: each try would cost the whole of it
// again where a server does not answer.
func WorthRedial(ctx context.Context, err error) bool {
	var timeout net.Error
	late := errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
	return Lost(ctx, err) && !late
}

// NoTouch is a command after which being read on the connection is no use of an entry:
// from 7.2 on a server can leave its place in the order of eviction as it is. Others
// answer with an error, which is of no interest unless Where asks for uses.
func NoTouch(ctx context.Context) redis.Cmder {
	return redis.NewStatusCmd(ctx, "client", "no-touch", "on")
}

// Dial dials a shard until it succeeds, a few times, waiting longer each time.
func Dial(ctx context.Context, s *cluster.Shard) (*cluster.Conn, error) {
	wait := 50 * time.Millisecond
	for attempt := 1; ; attempt++ {
		conn, err := s.Dial(ctx, bufferSize)
		if err == nil {
			if err = conn.Do(ctx, []redis.Cmder{NoTouch(ctx)}); err != nil {
				conn.Close()
			}
		}
		if err == nil || attempt == Redials || !WorthRedial(ctx, err) {
			return conn, err
		}
		select {
		case <-time.After(wait):
			wait *= 4
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
