package ui

import "time"

// Meter tells how fast work is of late, and when it will be done.
type Meter struct{ points []point }

type point struct {
	at   time.Time
	done int64
}

// recent is the time that a rate is of: long enough to be steady, and short enough to
// show that the work waits.
const recent = 10 * time.Second

// Add notes how much was done at a moment that is not before the last.
func (m *Meter) Add(at time.Time, done int64) {
	m.points = append(m.points, point{at, done})
	for len(m.points) > 2 && at.Sub(m.points[1].at) >= recent {
		m.points = m.points[1:]
	}
}

// Rate is how much was done a second; 0 before there was anything to measure.
func (m *Meter) Rate() float64 {
	if len(m.points) < 2 {
		return 0
	}
	first, last := m.points[0], m.points[len(m.points)-1]
	took := last.at.Sub(first.at).Seconds()
	if took <= 0 {
		return 0
	}
	return float64(last.done-first.done) / took
}

// Left is how long it takes to come to a total at this rate; known is false where
// nothing is done of late.
func (m *Meter) Left(total int64) (left time.Duration, known bool) {
	rate := m.Rate()
	if rate <= 0 || total <= 0 {
		return 0, false
	}
	seconds := float64(max(0, total-m.points[len(m.points)-1].done)) / rate
	return time.Duration(min(seconds, 1e9) * float64(time.Second)), true
}
