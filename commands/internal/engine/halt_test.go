package engine

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
)

// A run that was told to stop when there was nothing left to do was not
// interrupted, and one that left anything was.
func TestARunIsInterruptedIfItLeavesWork(t *testing.T) {
	t.Parallel()
	const n = 320 // ten batches, of which a worker has two in hand
	var stop atomic.Pointer[chan struct{}]
	var word atomic.Pointer[string]
	var left atomic.Int64
	var p *redistest.Proxy
	f := newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
		if bytes.Contains(b, []byte("\r\n"+*word.Load()+"\r\n")) && left.Add(-1) == 0 {
			close(*stop.Load())
		}
		return redistest.Forward
	}))
	interrupted, whole := 0, 0
	for _, moment := range []struct {
		word   string
		counts []int64
	}{
		{"scan", []int64{1}},
		{"exec", []int64{2, 3, 8, 9, 10, 11}}, // the first is to see whether it is allowed
		{"dbsize", []int64{1, 2, 3}},          // before, after, and in the look again
	} {
		for _, count := range moment.counts {
			for _, workers := range []int{1, 2} {
				f.Clients[0].FlushAll(context.Background())
				f.Fill(t, "p", n, 10)
				ch := make(chan struct{})
				stop.Store(&ch)
				word.Store(&moment.word)
				left.Store(count)
				r := Run(context.Background(), f.Cluster, reinsert(), Options{Stop: ch, Workers: workers})
				s := &r.Shards[0]
				if s.Err != nil || r.Interrupted != (s.Rewritten < n) {
					t.Errorf("%s %d, %d workers: interrupted %v, error %v, %+v", moment.word, count, workers, r.Interrupted, s.Err, s.Tally)
				}
				if r.Interrupted {
					interrupted++
				} else {
					whole++
				}
			}
		}
	}
	if interrupted < 6 || whole < 6 {
		t.Errorf("%d runs were interrupted and %d were not: this test shows little", interrupted, whole)
	}
	// Before the first key there is everything to do.
	for _, op := range []Operation{reinsert(), &Delete{Command: "clear"}} {
		word.Store(new("nothing"))
		ch := make(chan struct{})
		close(ch)
		r := Run(context.Background(), f.Cluster, op, Options{Stop: ch})
		if total := r.Total(); !r.Interrupted || r.Lost() > 0 || total.Scanned > 0 {
			t.Error(fmt.Sprintf("%T", op), r.Interrupted, total)
		}
	}
}

// What a run that is told to stop waits for is the batch in hand, and neither a
// server that does not let it in nor a value that has no room.
func TestARunThatIsToldToStopDoesNotWait(t *testing.T) {
	t.Parallel()
	const long, short = 40 * time.Second, 20 * time.Second
	// stalling keeps a word when it is sent for the count-th time, or loses the
	// connections and keeps all that comes, and then tells the run to stop.
	stalling := func(t *testing.T, word string, count int64, lose bool, stop func()) *farm {
		var p *redistest.Proxy
		var left atomic.Int64
		left.Store(count)
		release := make(chan struct{})
		f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
			proxied(t, &p, func(b []byte) redistest.Action {
				if bytes.Contains(b, []byte("\r\n"+word+"\r\n")) && left.Add(-1) == 0 {
					time.AfterFunc(100*time.Millisecond, stop)
					if !lose {
						<-release
					} else {
						p.Stall(true)
						p.Cut()
					}
				}
				return redistest.Forward
			})(f, spec)
			spec.SocketTimeout = long
		})
		t.Cleanup(func() { close(release) })
		return f
	}
	for name, c := range map[string]struct {
		word  string
		count int64
		lose  bool
	}{
		"for the first connection":         {"ping", 1, false},
		"for that of a worker":             {"ping", 5, false},
		"for one that was lost":            {"exec", 4, true},
		"for one that the scan lost":       {"scan", 2, true},
		"for what is asked before the run": {"dbsize", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stop := make(chan struct{})
			f := stalling(t, c.word, c.count, c.lose, func() { close(stop) })
			f.Fill(t, "p", 2000, 10)
			asked := monitor(t, f.Servers[0], "mget")
			r := Run(context.Background(), f.Cluster, reinsert(), Options{Stop: stop, Workers: 1, patience: long})
			s := &r.Shards[0]
			sum(t, &s.Tally)
			if !r.Interrupted || r.Elapsed > short {
				t.Errorf("interrupted %v after %v, error %v, %+v", r.Interrupted, r.Elapsed, s.Err, s.Tally)
			}
			if read := int64(len(asked())); s.Scanned > read || s.Scanned < read-2*32 {
				t.Errorf("%d keys were read, %+v", read, s.Tally)
			}
		})
	}
	t.Run("for room", func(t *testing.T) {
		t.Parallel()
		ctx := context.Background()
		held, release := make(chan struct{}), make(chan struct{})
		free := sync.OnceFunc(func() { close(release) })
		// The first shard takes all the room, and the second begins then.
		first := func(b []byte) redistest.Action {
			if bytes.Contains(b, []byte("\r\nset\r\n$8\r\np:1:huge\r\n")) {
				close(held)
				<-release
			}
			return redistest.Forward
		}
		second := func(b []byte) redistest.Action {
			if bytes.Contains(b, []byte("\r\nscan\r\n")) {
				<-held
			}
			return redistest.Forward
		}
		f := newFarm(t, 2, "p", func(f *farm, spec *cluster.Spec) {
			for i, onReq := range []func([]byte) redistest.Action{first, second} {
				p := redistest.ProxyT(t, f.Servers[i], onReq)
				spec.Endpoints[i].Network, spec.Endpoints[i].Addr = p.Network, p.Addr
			}
			spec.SocketTimeout = long
		})
		f.Clients[0].Set(ctx, "p:1:huge", "old:"+strings.Repeat("x", heavyBudget-len("old:panic")), 0)
		f.Clients[1].Set(ctx, "p:1:other", "old:"+strings.Repeat("x", 2*batchBudget), 0)
		asked := monitor(t, f.Servers[1], "mget")
		stop, told := make(chan struct{}), make(chan Failure, 1)
		report, _ := began(t, f, Options{Stop: stop, Workers: 1, patience: long, Failure: func(f Failure) { told <- f }})
		t.Cleanup(free)
		eventually(t, "the second shard was not begun", func() bool { return len(asked()) > 0 })
		close(stop)
		select {
		case f := <-told:
			if string(f.Stored) != "p:1:other" || f.Reason != ReasonUnfinished {
				t.Errorf("%+v", f)
			}
		case <-time.After(short):
			t.Error("the second shard still waits for the first")
		}
		free()
		r := report()
		if total := whole(t, r); !r.Interrupted || total.Rewritten != 1 || !strings.HasPrefix(f.Clients[0].Get(ctx, "p:1:huge").Val(), "new:") {
			t.Errorf("interrupted %v, %+v", r.Interrupted, total)
		}
	})
}

// However slow a server is, the run ends a while after it was told to stop, and
// says which keys it does not know about.
func TestPatienceWithAServerEnds(t *testing.T) {
	t.Parallel()
	var p *redistest.Proxy
	stop := make(chan struct{})
	var execs atomic.Int64
	f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
		proxied(t, &p, func(b []byte) redistest.Action {
			if bytes.Contains(b, []byte("\r\nexec\r\n")) && execs.Add(1) == 5 {
				p.Stall(true)
				close(stop)
			}
			return redistest.Forward
		})(f, spec)
		spec.SocketTimeout = -1
	})
	f.Fill(t, "p", 2000, 10)
	r := Run(context.Background(), f.Cluster, reinsert(), Options{Stop: stop, Workers: 1, patience: 200 * time.Millisecond})
	s := &r.Shards[0]
	sum(t, &s.Tally)
	if !r.Interrupted || s.Err != nil || s.Failed[ReasonUnsettled] != 32 {
		t.Errorf("interrupted %v, error %v, %+v", r.Interrupted, s.Err, s.Tally)
	}
}
