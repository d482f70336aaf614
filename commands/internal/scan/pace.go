package scan

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// Pace says when work may go on. Keys are booked when they are taken, and begun when
// their turn has come; until then a worker may do what else there is.
type Pace struct {
	limiter *rate.Limiter // of all shards together; nil: no limit
	Batch   int           // keys that may be booked at a time
	Brake   *Brake        // of the shard; nil: nothing holds its batches back
}

// Turn is what was booked, and when that may be begun as far as it is known by then.
type Turn struct {
	paid   time.Time // by the rate
	booked time.Time
}

// NewPace holds to so many keys per second, 0 being no limit, which are taken up to
// batch at a time. A batch is paid for at once: a tenth of a second's worth of keys
// keeps low rates even.
func NewPace(perSecond float64, batch int) Pace {
	if perSecond <= 0 {
		return Pace{Batch: batch}
	}
	burst := max(1, int(perSecond/10))
	p := Pace{limiter: rate.NewLimiter(rate.Limit(perSecond), burst), Batch: min(batch, burst)}
	p.limiter.AllowN(time.Now(), burst) // nothing was saved up
	return p
}

// Book books n keys, at most a batch. They are paid for also if they are never begun.
func (p *Pace) Book(n int) Turn {
	now := time.Now()
	if p.limiter == nil || n == 0 {
		return Turn{booked: now}
	}
	return Turn{booked: now, paid: now.Add(p.limiter.ReserveN(now, n).DelayFrom(now))}
}

// Left is how long a turn has to be waited for, 0 if it has come. It is the longest of
// what each reason to wait asks for, and may grow while it is waited for.
func (p *Pace) Left(t Turn) time.Duration {
	left := max(0, time.Until(t.paid))
	if p.Brake != nil {
		left = max(left, p.Brake.Left(t.booked))
	}
	return left
}

// Wait returns when the turn has come, or at the end of going.
func (p *Pace) Wait(going context.Context, t Turn) {
	for left := p.Left(t); left > 0 && going.Err() == nil; left = p.Left(t) {
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-going.Done():
			timer.Stop()
		}
	}
}
