package engine

import (
	"context"
	"errors"
	"time"

	"cachering/commands/internal/cluster"
)

// A run that is told to stop does so in steps. At once no new batch is begun, and
// nobody waits any longer for what only a new batch needs. The batches in hand are
// finished, for which the servers have a while. Then everything ends, as it does at
// once at the end of the context of Run.

const (
	// patience is how long the servers have for the batches in hand: the report is
	// out within ten seconds of the signal, whatever servers do.
	patience = 5 * time.Second
	// lastDial is how long is then tried to reach a server again that can tell
	// what became of a batch in hand.
	lastDial = time.Second
)

// stopping makes the two contexts of a run: all ends with the first, and no new
// batch is begun after the end of the second, of which the cause tells why.
func (o *Options) stopping(ctx context.Context) (all, going context.Context, stop context.CancelCauseFunc, cancel func()) {
	all, end := context.WithCancel(ctx)
	going, stop = context.WithCancelCause(all)
	told := &stopped{end: EndSignal}
	select {
	case <-o.Stop: // before anything was begun
		stop(told)
	default:
	}
	go func() {
		select {
		case <-o.Stop:
			stop(told)
		case <-all.Done():
			return
		}
		select {
		case <-time.After(o.patience):
			end()
		case <-all.Done():
		}
	}()
	return all, going, stop, end
}

// halted reports whether no new batch is to be begun.
func (s *shardRun) halted() bool { return s.going.Err() != nil }

// end notes why the work on the shard ends early. Having been told to stop is no
// failure of the shard.
func (s *shardRun) end(err error) {
	s.undone.Store(true)
	if told := s.going.Err(); told != nil && errors.Is(err, told) {
		return
	}
	s.tallies.Lock()
	if s.err == nil {
		s.err = s.shard.Wrap(err)
	}
	s.tallies.Unlock()
	s.halt(err)
}

// interrupted notes whether work on a shard is undone because no new batch was to be
// begun, and not because the shard had failed before.
func (r *run) interrupted(s *shardRun) {
	if s.undone.Load() && r.going.Err() != nil && context.Cause(s.going) == context.Cause(r.going) {
		r.mu.Lock()
		r.cut = true
		r.mu.Unlock()
	}
}

// rejoin dials the server again that was lost by cause.
func (s *shardRun) rejoin(ctx context.Context, cause error) (*cluster.Conn, error) {
	if conn := s.shared.another(); conn != nil {
		return conn, nil
	}
	conn, err := s.redial(s.going)
	if err == nil && s.shared.conn != nil {
		s.shared.conn = conn
	}
	if err == nil || !s.halted() {
		return conn, err
	}
	last, cancel := context.WithTimeout(ctx, lastDial)
	defer cancel()
	if conn, err = s.link.Rejoin(last); err != nil && !errors.Is(err, cluster.ErrReplaced) {
		err = cause
	}
	return conn, err
}
