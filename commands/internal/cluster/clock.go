package cluster

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Clock is how far a server's clock is ahead of this machine's: somewhere
// between Low and High, which are below zero where it is behind. What lies
// between is the time that question and answer were on their way.
type Clock struct{ Low, High time.Duration }

// clockQuestions is how often TIME is asked: each answer narrows the bounds, and
// the fastest of a few is seldom slow.
const clockQuestions = 4

// Clock asks the server of the shard what time it is. The error is one of the
// connection, or the server's answer if it refuses TIME.
func (s *Shard) Clock(ctx context.Context) (Clock, error) {
	c, err := askClock(ctx, func(ask redis.Cmder) error { return s.do(ctx, []redis.Cmder{ask}, repeatable) })
	return c, s.Wrap(err)
}

// Clock is Clock of the shard, on this connection.
func (c *Conn) Clock(ctx context.Context) (Clock, error) {
	return askClock(ctx, func(ask redis.Cmder) error { return c.Do(ctx, []redis.Cmder{ask}) })
}

func askClock(ctx context.Context, do func(redis.Cmder) error) (Clock, error) {
	var c Clock
	for n := range clockQuestions {
		ask := redis.NewTimeCmd(ctx, "time")
		before := time.Now()
		if err := do(ask); err != nil {
			return Clock{}, err
		}
		after := time.Now()
		if err := ask.Err(); err != nil {
			return Clock{}, err
		}
		// The server looked at its clock at some moment in between.
		low, high := ask.Val().Sub(after), ask.Val().Sub(before)
		// Clocks that are set meanwhile contradict themselves: the last is right.
		if n == 0 || low > c.High || high < c.Low {
			c = Clock{low, high}
		} else {
			c = Clock{max(c.Low, low), min(c.High, high)}
		}
	}
	return c, nil
}

// Ahead is by how much the clock is surely ahead of another, 0 if it need not
// be.
func (c Clock) Ahead(o Clock) time.Duration { return max(0, c.Low-o.High) }
