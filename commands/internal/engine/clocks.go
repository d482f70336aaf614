package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// A moment is one by the clock of who named it. To a server whose clock differs from that
// an expiry is written as what is left of the time, which takes the time that the command
// is on its way in addition, and is right else.

const (
	// clocksDiffer is from which difference on that is done.
	clocksDiffer = 50 * time.Millisecond
	// clockEvery is how often servers are asked for their time.
	clockEvery = time.Minute
)

// serverClock is what is known of the clock of a shard's server.
type serverClock struct {
	mu    sync.Mutex
	known bool
	ahead cluster.Clock // of this machine's
	asked time.Time
	used  bool // an expiry was written as what is left of the time
}

// setsMoments reports whether the run writes expiries that were named as moments.
func (r *run) setsMoments() bool {
	switch op := r.op.(type) {
	case *Expire:
		return !op.At.IsZero()
	case *Carry:
		return true
	case *Restore:
		return !op.Undo // which puts back what the same server had told
	}
	return false
}

// askClock asks the server for its time, if that is of interest and it is time to. The
// link is the caller's. Where TIME is refused moments are written as they are.
func (s *shardRun) askClock(ctx context.Context, link *scan.Link) error {
	c := &s.clock
	c.mu.Lock()
	fresh := time.Since(c.asked) < clockEvery
	c.mu.Unlock()
	if fresh || !s.setsMoments() {
		return nil
	}
	var ahead cluster.Clock
	err := link.Retry(ctx, func() (err error) {
		ahead, err = link.Conn.Clock(ctx)
		return err
	})
	var refused redis.Error
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.ahead, c.asked = err == nil, ahead, time.Now()
	return nil
}

// askClockAgain is askClock in the middle of the work.
func (s *shardRun) askClockAgain(ctx context.Context) error {
	if s.link == nil || !s.setsMoments() {
		return nil
	}
	s.shared.Lock()
	defer s.shared.Unlock()
	return s.askClock(ctx, s.link)
}

// left is what is left until a moment, in milliseconds, by a clock that is so many
// milliseconds ahead of this machine's; use is false where the moment can be written as it
// is.
func (c *serverClock) left(moment, ahead int64) (ms int64, use bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := time.Duration(ahead) * time.Millisecond
	if !c.known || c.ahead.Low-by <= clocksDiffer && by-c.ahead.High <= clocksDiffer {
		return 0, false
	}
	c.used = true
	return moment - ahead - time.Now().UnixMilli(), true
}

// mean is by how many milliseconds the clock is ahead of this machine's; known is false
// where nobody can tell.
func (c *serverClock) mean() (ahead int64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ((c.ahead.Low + c.ahead.High) / 2).Milliseconds(), c.known
}

// now is the time by the clock, in milliseconds since 1970; this machine's where nobody can
// tell.
func (c *serverClock) now() int64 {
	ahead, _ := c.mean()
	return time.Now().UnixMilli() + ahead
}

// report is by how many milliseconds the clock is ahead, where it mattered.
func (c *serverClock) report() (ahead int64, used bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ((c.ahead.Low + c.ahead.High) / 2).Milliseconds(), c.used
}
