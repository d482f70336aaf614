package engine

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
)

// peak is the most memory that was live at a time while run ran.
func peak(run func()) (bytes uint64) {
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var m runtime.MemStats
		for {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapAlloc))
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	run()
	close(stop)
	<-done
	return most.Load() - min(most.Load(), m.HeapAlloc)
}

// Of values of which no two fit the budget one is held at a time, however many workers
// have one each: what is read and what is to be written of it.
func TestHugeValuesGoAloneAndWithinTheBudget(t *testing.T) {
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	const few, huge, size = 300, 4, heavyBudget/2 + 1<<20
	f.Fill(t, "p", few, 100)
	value := "old:" + strings.Repeat("h", size)
	for i := range huge {
		f.Clients[i%2].Set(ctx, fmt.Sprintf("p:1:huge-%d", i), value, 0)
	}
	f.Put(t, "p:1:bad", "bad:"+value[:4<<20])
	var r *Report
	most := peak(func() { r = Run(ctx, f.Cluster, reinsert(), Options{Workers: 2}) })
	total := whole(t, r)
	if total.Rewritten != few+huge || total.Failed["unreadable"] != 1 {
		t.Errorf("%+v", total)
	}
	for i := range huge {
		if got := f.Clients[i%2].Get(ctx, fmt.Sprintf("p:1:huge-%d", i)).Val(); len(got) != len(value) || !strings.HasPrefix(got, "new:") {
			t.Errorf("value %d has %d bytes", i, len(got))
		}
	}
	t.Logf("%d MB were live", most>>20)
	if limit := uint64(3 * size); most > limit {
		t.Errorf("%d MB were live, the limit is %d", most>>20, limit>>20)
	}
}

func TestMiddlingValuesAreBatchedByTheirSize(t *testing.T) {
	f := newFarm(t, 1, "p", nil)
	f.Fill(t, "p", 600, 50<<10)
	var r *Report
	most := peak(func() { r = Run(context.Background(), f.Cluster, reinsert(), Options{}) })
	if total := whole(t, r); total.Rewritten != 600 {
		t.Errorf("%+v", total)
	}
	if most > 24<<20 {
		t.Errorf("%d MB were live", most>>20)
	}
}

func TestMemoryDoesNotGrowWithTheNumberOfKeys(t *testing.T) {
	var most [2]uint64
	for i, n := range []int{1_500, 15_000} {
		f := newFarm(t, 2, "p", nil)
		f.Fill(t, "p", n, 3000)
		most[i] = peak(func() { whole(t, Run(context.Background(), f.Cluster, reinsert(), Options{})) })
	}
	if most[1] > most[0]+16<<20 {
		t.Errorf("%d KB were live with 1,500 keys, %d KB with 15,000", most[0]>>10, most[1]>>10)
	}
}

func TestRateHoldsForAllShardsTogether(t *testing.T) {
	const n, rate = 3000, 4000
	f := newFarm(t, 3, "p", nil)
	for _, op := range []Operation{reinsert(), &Delete{Command: "clear"}} {
		f.Fill(t, "p", n, 10)
		r := Run(context.Background(), f.Cluster, op, Options{Rate: rate})
		if total := whole(t, r); total.Scanned != n {
			t.Errorf("%+v", total)
		}
		if least := time.Second * (n - rate/10) / rate; r.Elapsed < least || r.Elapsed > time.Minute {
			t.Errorf("%T took %v, at least %v was to be", op, r.Elapsed, least)
		}
	}
}

// The server is made to refuse KEEPTTL by sending it another word.
func TestServersWithoutKeepTTLKeepTheExpiry(t *testing.T) {
	ctx := context.Background()
	const n = 3000
	var p *redistest.Proxy
	var refused atomic.Int64
	f := newFarm(t, 1, "app", proxied(t, &p, func(b []byte) redistest.Action {
		if i := bytes.Index(b, []byte("keepttl")); i >= 0 {
			copy(b[i:], "keepxxx")
			refused.Add(1)
		}
		return redistest.Forward
	}))
	for i := range n {
		ttl := time.Duration(0)
		if i%2 == 0 {
			ttl = time.Hour + time.Duration(i)*time.Millisecond
		}
		f.Clients[0].Set(ctx, entryKey(i), "old:x", ttl)
	}
	before := states(t, f, n)
	total := whole(t, Run(ctx, f.Cluster, reinsert(), Options{}))
	if refused.Load() != 1 || total.Rewritten != n {
		t.Errorf("KEEPTTL was refused %d times, %+v", refused.Load(), total)
	}
	for i, got := range states(t, f, n) {
		if moved := got.at - before[i].at; got.value != "new:x" || moved < -2 || moved > 2 || (got.at == 0) != (before[i].at == 0) {
			t.Fatalf("%s is %q and expires at %d, before %d", entryKey(i), got.value, got.at, before[i].at)
		}
	}
}

// A server that waits for a processor between two answers tells a wrong moment. It is
// asked again, and an entry that never expires is written all the same.
func TestAMomentThatIsNotSureIsAskedForAgain(t *testing.T) {
	for _, c := range []struct {
		vague   bool
		expires int64
		write   bool
	}{{true, 0, true}, {false, 1, true}, {true, 1, false}} {
		p := &rereader{Reinsert: reinsert(), t: oldNew{}}
		p.w = &worker{shardRun: &shardRun{run: new(run)}}
		e := &entry{key: []byte("k"), expireAt: c.expires}
		if write := p.transcode(&batch{vague: c.vague}, e, []byte("old:x")); write != c.write {
			t.Errorf("%+v: it is written: %v", c, write)
		} else if !write && (len(p.aside) != 1 || p.aside[0].tries != 1) {
			t.Errorf("%+v: to be read again are %+v", c, p.aside)
		}
	}
}

func TestServersWithoutUnlink(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t, `rename-command UNLINK ""`)
	f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
		spec.Endpoints[0].Network, spec.Endpoints[0].Addr = s.Network, s.Addr
		f.Servers[0] = s
		f.Clients[0] = s.Client(0)
	})
	f.Fill(t, "p", 1000, 10)
	if total := whole(t, Run(ctx, f.Cluster, &Delete{Command: "clear"}, Options{})); total.Deleted != 1000 || len(f.All(t)) != 0 {
		t.Errorf("%+v", total)
	}
}
