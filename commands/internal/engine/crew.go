package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// A server may take fewer connections than a run would use, or fewer than before.
// The workers there are go on: one that gets no connection leaves what it has to
// them, and the last one shares that of the source. The source that gets none takes
// that of a worker which waits for keys, or shares that of the last one.

// crew is the workers of a shard.
type crew struct {
	mu   sync.Mutex
	size int           // workers that neither ended nor left
	left []task        // of those that left
	news chan struct{} // holds one when there may be something left
}

// part lets a worker leave its tasks to the others. It is false where there are none.
func (c *crew) part(tasks []task) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size == 1 {
		return false
	}
	c.size--
	if c.left = append(c.left, tasks...); len(c.left) > 0 {
		wake(c.news) // the source may give nothing before that is done
	}
	return true
}

// inherit takes what others left.
func (c *crew) inherit() []task {
	c.mu.Lock()
	defer c.mu.Unlock()
	tasks := c.left
	c.left = nil
	return tasks
}

// end is inherit for a worker that has nothing more to do. Where nothing is left the
// worker has ended.
func (c *crew) end() []task {
	c.mu.Lock()
	defer c.mu.Unlock()
	tasks := c.left
	if c.left = nil; len(tasks) == 0 {
		c.size--
	}
	return tasks
}

// shared is a connection that the last worker and the source use in turns: the worker
// while it has a batch, the source while it has none. conn is nil where each has its
// own.
type shared struct {
	sync.Mutex
	conn *cluster.Conn
}

// another is the connection in place of one that was lost, if the other of the two
// found that out before; nil: dial.
func (s *shared) another() *cluster.Conn {
	if s.conn == nil || s.conn.Closed() {
		return nil
	}
	return s.conn
}

// board gives w a connection: one of its own, or the source's where the server takes
// no more and there is no other worker. It is false where w is not needed.
func (w *worker) board() (bool, error) {
	var err error
	if w.conn, err = scan.Dial(w.going, w.shard); err == nil || !cluster.Refused(err) {
		return err == nil, err
	}
	if w.crew.part(nil) {
		return false, nil
	}
	w.share()
	return true, nil
}

// share has w use the connection of the source.
func (w *worker) share() {
	w.alone = true
	w.shared.Lock()
	w.conn, w.shared.conn = w.link.Conn, w.link.Conn
}

// await waits for keys of the source, which may have the connection meanwhile. It is
// false where w has got what another worker left, and where it has lost the connection
// and is not needed any more.
func (w *worker) await() bool {
	if w.alone {
		w.shared.Unlock()
	} else {
		over, lent := w.offer()
		if over {
			return len(w.todo) == 0
		}
		if w.alone = lent; !w.alone {
			w.conn = nil
			return false
		}
	}
	defer w.shared.Lock()
	for {
		select {
		case w.held = <-w.work:
			return true
		case <-w.crew.news:
			if w.todo = w.crew.inherit(); len(w.todo) > 0 {
				return false
			}
		}
	}
}

// offer waits while the source may take the connection. It is over where w has got
// something to do, or nothing comes any more; else the source has taken it, to share
// it if lent.
func (w *worker) offer() (over, lent bool) {
	for {
		select {
		case w.held = <-w.work:
			return true, false
		case <-w.crew.news:
			if w.todo = w.crew.inherit(); len(w.todo) > 0 {
				return true, false
			}
		case w.lend <- w:
			return false, <-w.taken
		}
	}
}

// takeFrom has the source use the connection of w, which is in await. It holds shared.
func (s *shardRun) takeFrom(w *worker) *cluster.Conn {
	conn := w.conn
	alone := !s.crew.part(nil)
	if alone {
		s.shared.conn = conn
	}
	w.taken <- alone
	return conn
}

// disembark leaves the connection.
func (w *worker) disembark() {
	switch {
	case w.alone:
		w.shared.Unlock()
	case w.conn != nil:
		w.conn.Close()
	}
}

// goOn is what w does about the error that ended its rounds. Where it gets no
// connection any more the others do what it has in hand, and it is over for w; the
// last shares that of the source. Any other error is returned.
func (w *worker) goOn(err error) (over bool, _ error) {
	if !errors.Is(err, cluster.ErrFull) || w.alone || w.halted() {
		return true, err
	}
	tasks := w.todo
	if len(w.held) > 0 {
		tasks = append(tasks, task{entries: w.held})
	}
	if len(w.nils) > 0 {
		tasks = append(tasks, task{mode: types, entries: w.nils})
	}
	if !w.crew.part(tasks) {
		w.share()
		return false, nil
	}
	w.todo, w.held, w.nils = nil, nil, nil
	return true, nil
}

// fullFor is how long the source waits for a connection that the server does not take,
// and for a worker to be without keys: there are none for it without the source, but
// the values that it has in hand may be large.
const fullFor = 30 * time.Second

// rejoinSource is rejoin for the source, whose place no worker can take.
func (s *shardRun) rejoinSource(ctx context.Context, cause error) (*cluster.Conn, error) {
	for deadline := time.Now().Add(fullFor); ; {
		conn, err := s.rejoin(ctx, cause)
		if !errors.Is(err, cluster.ErrFull) || s.halted() || time.Now().After(deadline) {
			return conn, err
		}
		select {
		case w := <-s.lend:
			conn := s.takeFrom(w)
			if err = s.link.Same(s.going, conn); err == nil || errors.Is(err, cluster.ErrReplaced) {
				return conn, err
			}
			conn.Close()
		case <-time.After(100 * time.Millisecond):
		case <-s.going.Done():
		}
	}
}
