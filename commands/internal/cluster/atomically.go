package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// What follows is the one way in which a key is changed by several commands, or
// only if it still is what was read. Where MULTI is refused, by an ACL or a proxy,
// the server carries out at once what comes behind it in the same flush, unguarded.
// So no write is sent before the OK of its MULTI was read, and every time anew: an
// ACL may be tightened at any. MULTI travels with WATCH and the reads, and costs no
// round trip where there are any.

// contention is how long a key is followed that others keep writing. Somebody
// wins every round, so hundreds of writers are through long before.
const contention = 30 * time.Second

// ErrContended is a key that others wrote faster than it could be followed.
var ErrContended = errors.New("others keep writing this key")

// errOutrun is a transaction that was not carried out because another was faster.
var errOutrun = errors.New("the key was changed meanwhile")

// errUntransacted is wrapped by the error of a server that refuses transactions,
// whatever is in them.
var errUntransacted = errors.New("no transactions")

// transaction is one change: WATCH, read, MULTI, write, EXEC on one connection.
// Whoever else writes the key in between makes EXEC answer nil, and it is read
// again.
type transaction struct {
	// watch are the keys that are to be what was read; nil: whatever they are.
	watch [][]byte
	// ask lists what to read, anew for every try; nil: nothing.
	ask func() []redis.Cmder
	// write says, knowing the answers, what to send, nil for nothing. Its error
	// ends the transaction. Commands must take any reply: QUEUED comes first.
	write func() ([]redis.Cmder, error)
	// ready, if any, runs when the server has accepted what write said, and
	// before EXEC carries it out: it may change what lies elsewhere, because
	// nothing is left that the server's ACL could refuse. Its error ends the
	// transaction.
	ready func() error
}

// transact carries out t, or nothing. The replies are those to the commands of
// write, one for each, nil if there were none. After an error that tells of no
// lost answer, nothing was changed.
func (s *Shard) transact(ctx context.Context, t transaction) ([]any, error) {
	deadline := time.Now().Add(contention)
	for try := 0; ; try++ {
		replies, err := s.try(ctx, &t)
		if !errors.Is(err, errOutrun) {
			return replies, err
		}
		if time.Now().After(deadline) {
			return nil, s.Wrap(ErrContended)
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// try is one round of transact. Its error is errOutrun if another was faster.
func (s *Shard) try(ctx context.Context, t *transaction) ([]any, error) {
	conn, err := s.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	cmds, err := t.write()
	if err != nil || cmds == nil {
		s.leave(ctx, conn)
		return nil, err
	}
	return s.commit(ctx, conn, cmds, t.ready)
}

// atomically carries out all of cmds, or none, with nobody in between. Commands
// must take any reply: QUEUED comes first.
func (s *Shard) atomically(ctx context.Context, cmds ...redis.Cmder) ([]any, error) {
	return s.transact(ctx, transaction{write: func() ([]redis.Cmder, error) { return cmds, nil }})
}

// begin reads what t asks for and waits for the OK of MULTI. Until leave or commit
// the connection is inside the transaction.
func (s *Shard) begin(ctx context.Context, t *transaction) (*Conn, error) {
	if t.ready != nil {
		if err := s.tryEmpty(ctx); err != nil {
			return nil, err
		}
	}
	var cmds []redis.Cmder
	if t.watch != nil {
		watch := []any{"watch"}
		for _, key := range t.watch {
			watch = append(watch, key)
		}
		cmds = append(cmds, redis.NewStatusCmd(ctx, watch...))
	}
	needed := cmds
	if t.ask != nil {
		cmds = append(cmds, t.ask()...)
	}
	multi := redis.NewStatusCmd(ctx, "multi")
	if err := s.do(ctx, append(cmds, multi), repeatable); err != nil {
		return nil, err
	}
	for _, cmd := range append(needed[:len(needed):len(needed)], multi) {
		if cmd.Err() != nil {
			s.closeConn() // and with it the WATCH, or the MULTI
			return nil, s.untransacted(cmd)
		}
	}
	if multi.Val() != "OK" {
		s.closeConn()
		return nil, s.Wrap(errors.New("an answer to MULTI that is not OK"))
	}
	return s.conn, nil
}

// together is how many of so many keys one transaction may change: of a Redis Cluster,
// whose transactions are of one slot, one.
func (s *Shard) together(keys int) int {
	if s.cluster.nodes != nil {
		return 1
	}
	return keys
}

// tryEmpty asks for a transaction of nothing: whether EXEC is refused is to be
// known before anything elsewhere depends on it.
func (s *Shard) tryEmpty(ctx context.Context) error {
	cmds := []redis.Cmder{redis.NewStatusCmd(ctx, "multi"), redis.NewCmd(ctx, "exec")}
	if err := s.do(ctx, cmds, repeatable); err != nil {
		return err
	}
	for _, cmd := range cmds {
		if cmd.Err() != nil {
			s.closeConn()
			return s.untransacted(cmd)
		}
	}
	return nil
}

// leave ends a transaction in which there is nothing to do. An empty EXEC ends
// WATCH as well, and takes no right that is not needed anyway, as DISCARD would.
func (s *Shard) leave(ctx context.Context, conn *Conn) {
	exec := redis.NewCmd(ctx, "exec")
	if err := conn.Do(ctx, []redis.Cmder{exec}); err != nil || exec.Err() != nil && !errors.Is(exec.Err(), redis.Nil) {
		s.closeConn()
	}
}

// commit sends cmds and EXEC, between which ready runs.
func (s *Shard) commit(ctx context.Context, conn *Conn, cmds []redis.Cmder, ready func() error) ([]any, error) {
	exec := redis.NewSliceCmd(ctx, "exec")
	last := append(cmds[:len(cmds):len(cmds)], exec)
	if ready != nil {
		last = last[len(cmds):]
		// A closed connection is a transaction that never was.
		if err := conn.Do(ctx, cmds); err != nil {
			s.closeConn()
			return nil, err
		}
		if err := errorAmong(cmds); err != nil {
			s.closeConn()
			return nil, s.Wrap(err)
		}
		if err := ready(); err != nil {
			s.closeConn()
			return nil, err
		}
	}
	if err := conn.Do(ctx, last); err != nil {
		s.closeConn()
		return nil, fmt.Errorf("%w; whether the change was made is not known", err)
	}
	replies, err := exec.Result()
	switch {
	case err == nil && len(replies) == len(cmds):
		return replies, nil
	case errors.Is(err, redis.Nil):
		return nil, errOutrun
	}
	if err == nil || !strings.HasPrefix(err.Error(), "EXECABORT ") {
		s.closeConn() // it may still be inside the transaction
	}
	if err == nil {
		return nil, s.Wrap(fmt.Errorf("an answer to EXEC of %d replies to %d commands; whether the change was made is not known",
			len(replies), len(cmds)))
	}
	if err := errorAmong(cmds); err != nil { // says more than EXECABORT
		return nil, s.Wrap(err)
	}
	return nil, s.untransacted(exec)
}

// errorAmong is the first error that a server answered to one of cmds.
func errorAmong(cmds []redis.Cmder) error {
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil {
			return err
		}
	}
	return nil
}

// refusal is the error among the replies of a transaction.
func (s *Shard) refusal(replies []any) error {
	for _, r := range replies {
		if err, ok := r.(error); ok {
			return s.Wrap(err)
		}
	}
	return nil
}

// pause lets others go first, the longer the more often they were faster.
func pause(ctx context.Context, try int) error {
	wait := time.NewTimer(rand.N(time.Millisecond << min(try, 5)))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return nil
	}
}
