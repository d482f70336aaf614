package engine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// proxied puts a proxy before the first server.
func proxied(t *testing.T, p **redistest.Proxy, onReq func([]byte) redistest.Action) func(*farm, *cluster.Spec) {
	return func(f *farm, spec *cluster.Spec) {
		*p = redistest.ProxyT(t, f.Servers[0], onReq)
		spec.Endpoints[0].Network, spec.Endpoints[0].Addr = (*p).Network, (*p).Addr
		spec.SocketTimeout = 4 * time.Second // a busy machine may stop for one
	}
}

// onPage is called when a scanner asks for a page, which waits meanwhile; pages
// count from 1.
func onPage(at func(page int)) func([]byte) redistest.Action {
	var pages atomic.Int64
	return func(b []byte) redistest.Action {
		if bytes.Contains(b, []byte("\r\nscan\r\n")) {
			at(int(pages.Add(1)))
		}
		return redistest.Forward
	}
}

// paging puts a proxy before the first server that calls at for every page.
func paging(t *testing.T, at func(page int)) func(*farm, *cluster.Spec) {
	var p *redistest.Proxy
	return func(f *farm, spec *cluster.Spec) {
		proxied(t, &p, onPage(at))(f, spec)
		spec.SocketTimeout = time.Minute // a page waits as long as at takes
	}
}

// counts of the values on each side.
func sides(t *testing.T, f *farm) (old, new int) {
	t.Helper()
	for _, v := range f.All(t) {
		if strings.HasPrefix(v, "old:") {
			old++
		} else if strings.HasPrefix(v, "new:") {
			new++
		}
	}
	return old, new
}

func TestALostAnswerIsSettledByReadingAgain(t *testing.T) {
	t.Parallel()
	const n = 3000
	for name, action := range map[string]redistest.Action{"carried out": redistest.CutAfter, "never arrived": redistest.CutBefore} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var execs, cuts atomic.Int64
			var p *redistest.Proxy
			f := newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
				if bytes.Contains(b, []byte("\r\nexec\r\n")) && execs.Add(1)%7 == 0 {
					cuts.Add(1)
					return action
				}
				return redistest.Forward
			}))
			f.Fill(t, "p", n, 20)
			total := whole(t, Run(context.Background(), f.Cluster, reinsert(), Options{}))
			if old, _ := sides(t, f); old != 0 || total.Rewritten != n || cuts.Load() < 5 {
				t.Errorf("%d cuts, %d old values left, %+v", cuts.Load(), old, total)
			}
		})
	}
}

func TestALostAnswerThatNobodyCanSettleIsCounted(t *testing.T) {
	t.Parallel()
	var execs atomic.Int64
	var p *redistest.Proxy
	f := newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
		if bytes.Contains(b, []byte("\r\nexec\r\n")) && execs.Add(1) == 7 {
			p.Refuse(true)
			return redistest.CutAfter
		}
		return redistest.Forward
	}))
	f.Fill(t, "p", 3000, 20)
	r := Run(context.Background(), f.Cluster, reinsert(), Options{Workers: 1})
	s := &r.Shards[0]
	sum(t, &s.Tally)
	_, new := sides(t, f)
	if s.Err == nil || s.Failed[ReasonUnsettled] != 32 || int64(new) != s.Rewritten+32 {
		t.Errorf("%d values are new, error %v, %+v", new, s.Err, s.Tally)
	}
}

func TestACutConnectionIsDialledAgain(t *testing.T) {
	t.Parallel()
	const n = 20_000
	var p *redistest.Proxy
	var sent, cut atomic.Int64
	f := newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
		if bytes.Contains(b, []byte("\r\nscan\r\n")) && sent.Add(1)%5 == 0 { // never all connections at once
			cut.Add(1)
			return redistest.CutBefore
		}
		return redistest.Forward
	}))
	f.Fill(t, "p", n, 20)
	total := whole(t, Run(context.Background(), f.Cluster, reinsert(), Options{}))
	if old, _ := sides(t, f); old != 0 || total.Rewritten != n {
		t.Errorf("%d old values left, %+v", old, total)
	}
	f.Fill(t, "p", n, 20)
	total = whole(t, Run(context.Background(), f.Cluster, &Delete{Command: "clear"}, Options{}))
	if left := len(f.All(t)); left != 0 || total.Deleted != n {
		t.Errorf("%d keys left, %+v", left, total)
	}
	if n := cut.Load(); n < 6 {
		t.Errorf("%d connections were cut", n)
	}
}

func TestALostShardEndsOnlyItsOwnWork(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*farm, *redistest.Proxy){
		"down":    func(f *farm, p *redistest.Proxy) { f.Servers[0].Kill() },
		"refused": func(f *farm, p *redistest.Proxy) { p.Refuse(true); p.Cut() },
		"stalled": func(f *farm, p *redistest.Proxy) { p.Stall(true) },
		"paused":  func(f *farm, p *redistest.Proxy) { f.Servers[0].Pause() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p *redistest.Proxy
			var f *farm
			f = newFarm(t, 2, "p", proxied(t, &p, onPage(func(page int) {
				if page == 4 {
					lose(f, p)
				}
			})))
			f.Fill(t, "p", 10_000, 20)
			second := f.Clients[1].DBSize(context.Background()).Val()
			begin := time.Now()
			r := Run(context.Background(), f.Cluster, reinsert(), Options{})
			var end *cluster.ShardError
			if !errors.As(r.Shards[0].Err, &end) || end.Shard != "shard0" || r.Lost() != 1 || r.Complete() {
				t.Errorf("error %v", r.Shards[0].Err)
			}
			if s := r.Shards[1]; s.Err != nil || s.Rewritten != second {
				t.Errorf("the other shard: %+v, want %d rewritten", s, second)
			}
			for i := range r.Shards {
				sum(t, &r.Shards[i].Tally)
			}
			if d := time.Since(begin); d > time.Minute {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestAShardThatIsDownFromTheStart(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2, "p", nil)
	f.Fill(t, "p", 1000, 20)
	f.Servers[0].Kill()
	for _, op := range []Operation{reinsert(), &Delete{Command: "clear"}} {
		r := Run(context.Background(), f.Cluster, op, Options{})
		if r.Shards[0].Err == nil || r.Shards[1].Err != nil || r.Shards[1].Scanned < 400 {
			t.Errorf("%+v", r)
		}
	}
}

func TestWithoutInfoALostConnectionEndsTheScan(t *testing.T) {
	t.Parallel()
	var p *redistest.Proxy
	f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
		proxied(t, &p, onPage(func(page int) {
			if page == 2 {
				p.Cut()
			}
		}))(f, spec)
		spec.SocketTimeout = time.Minute // none of it is about a time-out
	})
	f.Clients[0].Do(context.Background(), "acl", "setuser", "default", "-info")
	f.Fill(t, "p", 8000, 20)
	r := Run(context.Background(), f.Cluster, reinsert(), Options{})
	if s := &r.Shards[0]; !errors.Is(s.Err, scan.ErrNameless) {
		t.Errorf("error %v, %+v", s.Err, s.Tally)
	}
	// Without a loss INFO is not needed.
	if total := whole(t, Run(context.Background(), f.Cluster, reinsert(), Options{})); total.Scanned != 8000 {
		t.Errorf("%+v", total)
	}
}

func TestTheFirstSignalFinishesTheBatchInHand(t *testing.T) {
	t.Parallel()
	const n = 20_000
	stop := make(chan struct{})
	f := newFarm(t, 2, "p", paging(t, func(page int) {
		if page == 5 {
			close(stop)
		}
	}))
	f.Fill(t, "p", n, 20)
	r := Run(context.Background(), f.Cluster, reinsert(), Options{Stop: stop})
	total := whole(t, r)
	old, new := sides(t, f)
	if !r.Interrupted || old == 0 || int64(new) != total.Rewritten || total.Rewritten == 0 {
		t.Errorf("interrupted %v, %d old, %d new, %+v", r.Interrupted, old, new, total)
	}
	if total := whole(t, Run(context.Background(), f.Cluster, reinsert(), Options{})); total.Rewritten != int64(old) {
		t.Errorf("the second run: %+v, want %d rewritten", total, old)
	}
}

func TestTheSecondSignalDoesNotWait(t *testing.T) {
	t.Parallel()
	var p *redistest.Proxy
	ctx, cancel := context.WithCancel(context.Background())
	f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
		proxied(t, &p, onPage(func(page int) {
			if page == 4 {
				p.Stall(true)
				time.AfterFunc(50*time.Millisecond, cancel)
			}
		}))(f, spec)
		spec.SocketTimeout = -1
	})
	f.Fill(t, "p", 20_000, 20)
	r := Run(ctx, f.Cluster, reinsert(), Options{})
	if !r.Interrupted || r.Shards[0].Err != nil || r.Elapsed > time.Minute {
		t.Errorf("%+v", r)
	}
	sum(t, &r.Shards[0].Tally)
}

func TestWhatAServerRefusesEndsTheShardAndHarmsNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, setup := range map[string]func(*farm){
		"memory is full": func(f *farm) { f.Clients[0].ConfigSet(ctx, "maxmemory", "1mb") },
		"read only":      func(f *farm) { f.Clients[0].ReplicaOf(ctx, "127.0.0.1", "1") },
		"no multi":       func(f *farm) { f.Clients[0].Do(ctx, "acl", "setuser", "default", "-multi") },
		"no exec":        func(f *farm) { f.Clients[0].Do(ctx, "acl", "setuser", "default", "-exec") },
		"no watch":       func(f *farm) { f.Clients[0].Do(ctx, "acl", "setuser", "default", "-watch") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 1, "p", nil)
			f.Fill(t, "p", 2000, 1000)
			setup(f)
			r := Run(ctx, f.Cluster, reinsert(), Options{})
			old, _ := sides(t, f)
			if r.Shards[0].Err == nil || old != 2000 || r.Shards[0].Rewritten != 0 {
				t.Errorf("%d old values, error %v, %+v", old, r.Shards[0].Err, r.Shards[0].Tally)
			}
			sum(t, &r.Shards[0].Tally)
		})
	}
}

func TestAStalledServerTimesOut(t *testing.T) {
	t.Parallel()
	var p *redistest.Proxy
	f := newFarm(t, 1, "p", proxied(t, &p, nil))
	p.Stall(true)
	r := Run(context.Background(), f.Cluster, reinsert(), Options{})
	if !errors.Is(r.Shards[0].Err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v", r.Shards[0].Err)
	}
}
