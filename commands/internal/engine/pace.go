package engine

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// pace says when work may go on. Keys are booked when they are taken, and begun when
// their turn has come; until then a worker may do what else there is.
type pace struct {
	limiter *rate.Limiter // of all shards together; nil: no limit
	batch   int           // keys that may be booked at a time
	brake   *brake        // of the shard; nil: nothing holds its batches back
}

// turn is what was booked, and when that may be begun as far as it is known by then.
type turn struct {
	paid   time.Time // by the rate
	booked time.Time
}

// newPace holds to so many keys per second, 0 being no limit, which are taken up to
// batch at a time. A batch is paid for at once: a tenth of a second's worth of keys
// keeps low rates even.
func newPace(perSecond float64, batch int) pace {
	if perSecond <= 0 {
		return pace{batch: batch}
	}
	burst := max(1, int(perSecond/10))
	p := pace{limiter: rate.NewLimiter(rate.Limit(perSecond), burst), batch: min(batch, burst)}
	p.limiter.AllowN(time.Now(), burst) // nothing was saved up
	return p
}

// book books n keys, at most a batch. They are paid for also if they are never begun.
func (p *pace) book(n int) turn {
	now := time.Now()
	if p.limiter == nil || n == 0 {
		return turn{booked: now}
	}
	return turn{booked: now, paid: now.Add(p.limiter.ReserveN(now, n).DelayFrom(now))}
}

// left is how long a turn has to be waited for, 0 if it has come. It is the longest of
// what each reason to wait asks for, and may grow while it is waited for.
func (p *pace) left(t turn) time.Duration {
	left := max(0, time.Until(t.paid))
	if p.brake != nil {
		left = max(left, p.brake.left(t.booked))
	}
	return left
}

// wait returns when the turn has come, or at the end of going.
func (p *pace) wait(going context.Context, t turn) {
	for left := p.left(t); left > 0 && going.Err() == nil; left = p.left(t) {
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-going.Done():
			timer.Stop()
		}
	}
}
