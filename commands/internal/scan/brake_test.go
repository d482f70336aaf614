package scan

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestThePauseDoublesAndShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Brake
		p := NewPace(0, 32)
		p.Brake = &b
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000} {
			b.Slower()
			if got := p.Left(p.Book(1)); got != want*time.Millisecond {
				t.Errorf("a pause of %v, want %v ms", got, want)
			}
		}
		for _, want := range []time.Duration{500e6, 250e6, 125e6, 62.5e6, 31.25e6, 15.625e6, 7812500, 3906250, 1953125, 0, 0} {
			b.Faster()
			if got := p.Left(p.Book(1)); got != want {
				t.Errorf("a pause of %v, want %v", got, want)
			}
		}
		// It is counted from when the batch was booked, and a hold has no end of its own.
		b.Slower()
		booked := p.Book(1)
		time.Sleep(time.Millisecond)
		if left := p.Left(booked); left != 0 {
			t.Errorf("%v left after the pause", left)
		}
		b.Hold("why")
		began := time.Now()
		time.AfterFunc(10*time.Second, func() { b.Hold("") })
		if p.Wait(t.Context(), booked); time.Since(began) < 10*time.Second || time.Since(began) > 10*time.Second+HeldPoll {
			t.Errorf("held for %v", time.Since(began))
		}
	})
}

func TestLatencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l latencies
		if l.quantile(0.95) != 0 {
			t.Error("nothing took time")
		}
		for i := range 30 {
			l.add(time.Now(), time.Duration(i+1)*time.Millisecond)
			time.Sleep(PingEvery)
		}
		if len(l.took) != 11 { // of the last second
			t.Errorf("%d are kept", len(l.took))
		}
		if p50, p95 := l.quantile(0.5), l.quantile(0.95); p50 != 25*time.Millisecond || p95 != 29500*time.Microsecond {
			t.Errorf("%v, %v", p50, p95)
		}
	})
}
