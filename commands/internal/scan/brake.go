package scan

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

const (
	firstPause = time.Millisecond // between batches, which doubles
	mostPause  = time.Second
	// HeldPoll is how often a batch that is held looks whether it still is.
	HeldPoll = 20 * time.Millisecond
	// tellPause is the pause from which on it is told that the run waits.
	tellPause = 64 * time.Millisecond
)

// Brake is for how long the batches of one shard are held back.
type Brake struct {
	mu    sync.Mutex
	pause time.Duration // between the batches of a worker
	hold  string        // why none is begun; "" if they are
}

// Left is how long is left of a wait that began when a batch was booked.
func (b *Brake) Left(booked time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hold != "" {
		return HeldPoll
	}
	return time.Until(booked.Add(b.pause))
}

// Slower and Faster change the pause.
func (b *Brake) Slower() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pause = min(mostPause, max(firstPause, 2*b.pause))
}

func (b *Brake) Faster() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pause /= 2; b.pause < firstPause {
		b.pause = 0
	}
}

func (b *Brake) paused() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pause
}

// Hold begins no batch any more, or does again where why is empty.
func (b *Brake) Hold(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold = why
}

// latencies are what the PINGs of the last second took.
type latencies struct {
	at   []time.Time // when each was answered
	took []time.Duration
}

// PingEvery is how often a Pulse is felt.
const PingEvery = 100 * time.Millisecond

const (
	pingsKept = time.Second
	pingsUsed = 10 // before the run
)

// add takes one in and forgets those of more than a second ago.
func (l *latencies) add(now time.Time, took time.Duration) {
	old := 0
	for old < len(l.at) && now.Sub(l.at[old]) > pingsKept {
		old++
	}
	l.at, l.took = append(l.at[old:], now), append(l.took[old:], took)
}

// quantile is interpolated between the two nearest values, so that one of ten says
// less than two.
func (l *latencies) quantile(q float64) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	sorted := slices.Clone(l.took)
	slices.Sort(sorted)
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + time.Duration((at-float64(i))*float64(sorted[i+1]-sorted[i]))
}

// Pulse is how fast a server answers PINGs, beside how fast it did at the beginning.
type Pulse struct {
	usual time.Duration
	took  latencies
}

// Begin finds out how long a PING takes usually.
func (p *Pulse) Begin(ctx context.Context, conn *cluster.Conn) {
	var before latencies
	for range pingsUsed {
		took, err := ping(ctx, conn)
		if err != nil {
			break
		}
		before.add(time.Now(), took)
	}
	p.usual = before.quantile(0.5)
}

// Feel asks how long a PING takes, and sets the pause of b by whether that is more than
// limit above what is usual. slow is why work waits, which means nothing unless news is
// true. The error is one of the connection.
func (p *Pulse) Feel(ctx context.Context, conn *cluster.Conn, limit time.Duration, b *Brake) (slow string, news bool, err error) {
	took, err := ping(ctx, conn)
	if err != nil {
		return "", false, err
	}
	p.took.add(time.Now(), took)
	if late := p.took.quantile(0.95); late > p.usual+limit {
		b.Slower()
		slow = fmt.Sprintf("a PING takes %v, %v before the run", late.Round(time.Millisecond), p.usual.Round(10*time.Microsecond))
		return slow, b.paused() >= tellPause, nil
	}
	b.Faster()
	return "", b.paused() == 0, nil
}

func ping(ctx context.Context, conn *cluster.Conn) (time.Duration, error) {
	begin := time.Now()
	err := conn.Do(ctx, []redis.Cmder{redis.NewStatusCmd(ctx, "ping")})
	return time.Since(begin), err
}
