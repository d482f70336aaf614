package engine

import (
	"context"
	"fmt"
	"math"
	"testing"

	"cachering/commands/internal/survey"
)

func TestAfterTheRunAWriterOfOldValuesIsNoticed(t *testing.T) {
	ctx := context.Background()
	f := newFarm(t, 1, "p", nil)
	f.Fill(t, "p", 200, 10)
	r := Run(ctx, f.Cluster, reinsert(), Options{})
	if old, sampled := r.StillOld(); old != 0 || sampled != 200 {
		t.Errorf("%d of %d are old", old, sampled)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				f.Clients[0].Set(ctx, fmt.Sprintf("p:1:key-%d", i%200), "old:again", 0)
			}
		}
	}()
	// Before the sample is taken each key has been written several times.
	r = Run(ctx, f.Cluster, reinsert(), Options{Rate: 400})
	close(stop)
	<-done
	if old, _ := r.StillOld(); old == 0 {
		t.Errorf("nothing was noticed: %+v", r)
	}
}

// TestASampleSeesWhatAnInterruptedRunLeft: what a run did before it was stopped is
// what SCAN gives first.
func TestASampleSeesWhatAnInterruptedRunLeft(t *testing.T) {
	t.Parallel()
	const n = 40_000
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	f.Fill(t, "p", n, 10)
	f.Fill(t, "foreign", n/2, 10)
	stop, stopped := make(chan struct{}), false
	r := Run(ctx, f.Cluster, reinsert(), Options{Stop: stop, Progress: func(p Progress) {
		if !stopped && p.Done > p.Total*7/10 {
			stopped = true
			close(stop)
		}
	}})
	if !r.Interrupted {
		t.Fatal("the run was over before it was stopped")
	}
	share := 1 - float64(r.Total().Rewritten)/n
	for name, rights := range map[string]string{"any": "", "places": "-randomkey", "no info": "-randomkey -info -dbsize"} {
		f.Allow(t, rights)
		var keys, estimate, old, of int64
		for _, s := range survey.Look(ctx, f.Cluster, survey.Options{}, 1000, func(_, value []byte) string { return string(value[:3]) }) {
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			keys, estimate = keys+s.Size(), estimate+s.Estimate()
			old, of = old+s.Codecs["old"], of+s.Codecs["old"]+s.Codecs["new"]
		}
		if keys < 1000 || keys > 1100 || of != keys || math.Abs(float64(old)/float64(of)-share) > 5*math.Sqrt(share*(1-share)/float64(of)) {
			t.Errorf("%s: %d of %d keys are old and %d known, want a share of %.3f", name, old, keys, of, share)
		}
		if estimate < n*8/10 || estimate > n*12/10 {
			t.Errorf("%s: about %d keys of %d", name, estimate, n)
		}
	}
}
