package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after two minutes: %s", what)
		}
	}
}

// began starts a run, and ends it with the test.
func began(t *testing.T, f *farm, o Options) (report func() *Report, ended func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var r atomic.Pointer[Report]
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Store(Run(ctx, f.Cluster, reinsert(), o))
	}()
	t.Cleanup(func() { cancel(); <-done })
	return func() *Report { <-done; return r.Load() }, func() bool { return r.Load() != nil }
}

// Failures go to a disk, a pipe or a terminal, any of which may stand still.
func TestAReceiverOfFailuresThatStandsStillHoldsUpNoOtherShard(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const bad, few, old = 6000, 5, 4000
	f := newFarm(t, 3, "p", nil)
	for shard, c := range f.Clients {
		pipe := c.Pipeline()
		for i := range bad {
			if shard == 0 || i < few {
				pipe.Set(ctx, fmt.Sprintf("p:1:bad-%d-%d", shard, i), "bad:x", 0)
			}
		}
		for i := range old {
			if shard > 0 {
				pipe.Set(ctx, fmt.Sprintf("p:1:old-%d-%d", shard, i), "old:x", 0)
			}
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	asked := monitor(t, f.Servers[0], "mget")
	stuck := make(chan struct{})
	released := func() {
		select {
		case <-stuck:
		default:
			close(stuck)
		}
	}
	told := make(map[string]int)
	report, ended := began(t, f, Options{Failure: func(f Failure) {
		<-stuck
		told[string(f.Stored)]++
	}})
	t.Cleanup(released)
	eventually(t, "the other shards are not done", func() bool {
		left, _ := sides(t, f)
		return left == 0
	})
	if n := len(asked()); ended() || n > bad/2 {
		t.Errorf("ended %v; %d of %d keys were read that nobody can be told about", ended(), n, bad)
	}
	released()
	total := whole(t, report())
	if total.Failed["unreadable"] != bad+2*few || total.Rewritten != 2*old || len(told) != bad+2*few {
		t.Errorf("%d keys were told, %+v", len(told), total)
	}
	for key, times := range told {
		if times > 1 {
			t.Errorf("%s was told %d times", key, times)
		}
	}
}

// Progress is drawn on a terminal, which a person may have stopped.
func TestProgressThatStandsStillHoldsUpNoShard(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2, "p", nil)
	f.Fill(t, "p", 8000, 10)
	stuck := make(chan struct{})
	var last, calls int64
	report, ended := began(t, f, Options{Progress: func(p Progress) {
		<-stuck
		last = p.Done
		calls++
	}})
	defer func() {
		if t.Failed() {
			close(stuck)
		}
	}()
	eventually(t, "the work is not done", func() bool {
		old, _ := sides(t, f)
		return old == 0
	})
	if ended() {
		t.Error("it was not told, or after the end")
	}
	close(stuck)
	whole(t, report())
	if last != 8000 || calls > 3 {
		t.Errorf("told %d times, %d keys at last", calls, last)
	}
}
