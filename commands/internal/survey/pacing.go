package survey

import (
	"context"
	"errors"
	"sync"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// Pacing says how shards are gone through: how many at a time, how fast and until when.
// The zero value does as much as the servers give.
type Pacing struct {
	Parallel int       // shards at a time; 0: as many as there may be connections
	Rate     float64   // keys a second, of all shards together; 0: any
	Batch    int       // keys that are read at a time; 0: as many as are of use
	Deadline time.Time // nothing more is asked afterwards; zero: never
	// Latency is how much longer than before a PING may take, or work on that shard
	// slows down; 0: that is of no interest.
	Latency time.Duration
	// Passed, if it is set, is told how many keys more lie behind, about.
	Passed func(keys int64)
	// Waits, if it is set, is told why work on a shard waits, "" when it goes on, by one
	// goroutine at a time.
	Waits func(shard, why string)
}

// ErrDeadline is that of a shard which was not gone through when the deadline came.
var ErrDeadline = errors.New("the deadline came before the end")

// course is one survey at its pace.
type course struct {
	Pacing
	pace scan.Pace
	mu   sync.Mutex // held by who tells why it waits
}

// mostPaid is how many keys are paid for at a time.
const mostPaid = 1000

func (p Pacing) begin() *course {
	batch := mostPaid
	if p.Batch > 0 {
		batch = p.Batch
	}
	return &course{Pacing: p, pace: scan.NewPace(p.Rate, batch)}
}

// each does work on the shards, as many at a time as are to be.
func (c *course) each(shards []*cluster.Shard, work func(i int, s *cluster.Shard) error) []error {
	n := cluster.MostConnections
	if c.Latency > 0 {
		n /= 2
	}
	if c.Parallel > 0 {
		n = min(n, c.Parallel)
	}
	return cluster.Queue(shards, n, work)
}

// gait is the course on one shard. A nil one waits for nothing.
type gait struct {
	*course
	pace   scan.Pace
	brake  scan.Brake
	behind int64 // keys that Passed was told of
}

// on begins on a shard, whose PINGs are felt until done is called.
func (c *course) on(ctx context.Context, link *scan.Link) (g *gait, done func()) {
	g = &gait{course: c, pace: c.pace}
	g.pace.Brake = &g.brake
	if c.Latency <= 0 {
		return g, func() {}
	}
	if n := link.Shard.Connections(); n == 1 {
		return g, func() {}
	}
	conn, err := scan.Dial(ctx, link.Shard)
	if err != nil {
		return g, func() {} // the work goes on without
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Shard.Contain(func() error { g.feel(ctx, conn); return nil }) })
	return g, func() {
		cancel()
		wg.Wait()
	}
}

// feel sets the pause by the PINGs of a connection until that is lost, or the end of ctx.
func (g *gait) feel(ctx context.Context, conn *cluster.Conn) {
	defer conn.Close()
	var pulse scan.Pulse
	pulse.Begin(ctx, conn)
	told := ""
	tick := time.NewTicker(scan.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		slow, news, err := pulse.Feel(ctx, conn, g.Latency, &g.brake)
		if err != nil {
			return
		}
		if news && (slow == "") != (told == "") && g.Waits != nil {
			told = slow
			g.course.mu.Lock()
			g.Waits(conn.Shard.Name, slow)
			g.course.mu.Unlock()
		}
	}
}

// page is the next page of a walk.
func (g *gait) page(ctx context.Context, walk *scan.Walk) ([][]byte, error) {
	if err := g.over(); err != nil {
		return nil, err
	}
	keys, err := walk.Page(ctx)
	if g != nil && g.Passed != nil && err == nil {
		g.Passed(walk.Passed() - g.behind)
		g.behind = walk.Passed()
	}
	return keys, err
}

// pay waits as long as n keys have to.
func (g *gait) pay(ctx context.Context, n int) error {
	for g != nil && n > 0 {
		g.pace.Wait(ctx, g.pace.Book(min(n, g.pace.Batch)))
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := g.over(); err != nil {
			return err
		}
		n -= g.pace.Batch
	}
	return nil
}

// at is how many keys of most are read at a time.
func (g *gait) at(most int) int {
	if g == nil || g.Rate <= 0 && g.Batch <= 0 {
		return most
	}
	return min(most, g.pace.Batch)
}

// over is ErrDeadline once it has come.
func (g *gait) over() error {
	if g == nil || g.Deadline.IsZero() || time.Now().Before(g.Deadline) {
		return nil
	}
	return ErrDeadline
}
