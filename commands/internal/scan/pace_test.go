package scan

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPace(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   float64
		batch  int
		books  []int
		lefts  []time.Duration // just after each was booked
		atMost int             // keys in a batch
	}{
		{"no limit", 0, 256, []int{256, 256}, []time.Duration{0, 0}, 256},
		{"nothing is saved up before", 1000, 32, []int{32, 32, 8}, []time.Duration{32e6, 64e6, 72e6}, 32},
		{"a batch is a tenth of a second", 100, 256, []int{10, 10}, []time.Duration{1e8, 2e8}, 10},
		{"a key at a time", 0.5, 256, []int{1, 1}, []time.Duration{2e9, 4e9}, 1},
		{"the end of the work costs nothing", 100, 256, []int{10, 0}, []time.Duration{1e8, 0}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := NewPace(c.rate, c.batch)
				if p.Batch != c.atMost {
					t.Errorf("batches of %d keys, want %d", p.Batch, c.atMost)
				}
				var turns []Turn
				for i, n := range c.books {
					turns = append(turns, p.Book(n))
					if left := p.Left(turns[i]); left != c.lefts[i] {
						t.Errorf("booked %d: %v left, want %v", n, left, c.lefts[i])
					}
				}
				begin, want := time.Now(), time.Duration(0)
				for i, booked := range turns {
					want = max(want, c.lefts[i])
					p.Wait(t.Context(), booked)
					if took := time.Since(begin); p.Left(booked) != 0 || took != want {
						t.Errorf("turn %d came after %v, want %v", i, took, want)
					}
				}
			})
		})
	}
}

// Nobody waits for a turn when no new batch is to be begun.
func TestPaceEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		going, halt := context.WithCancel(t.Context())
		p := NewPace(0.001, 1)
		begin := time.Now()
		time.AfterFunc(time.Second, halt)
		p.Wait(going, p.Book(1))
		if took := time.Since(begin); took != time.Second {
			t.Errorf("waited for %v", took)
		}
		p.Wait(going, p.Book(1))
		if took := time.Since(begin); took != time.Second {
			t.Errorf("waited for %v after the end", took)
		}
	})
}
