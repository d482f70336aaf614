package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// restarting is a cache on two servers. The first is restarted once, at a moment
// of the run that is to come, and then has its n entries as they were before.
type restarting struct {
	*farm
	n int64

	mu sync.Mutex
	// moment is asked before each piece that a client sends is passed on.
	moment    func(request []byte) bool
	restarted bool
	took      time.Duration // the restart
}

func newRestarting(t *testing.T, n int, rights string) *restarting {
	t.Helper()
	r := &restarting{n: int64(n)}
	var p *redistest.Proxy
	r.farm = newFarm(t, 2, "p", func(f *farm, spec *cluster.Spec) {
		proxied(t, &p, func(b []byte) redistest.Action {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.moment != nil && !r.restarted && r.moment(b) {
				r.restarted = true
				begin := time.Now()
				f.Servers[0].Restart()
				r.took = time.Since(begin)
				f.allow(t, rights)
			}
			return redistest.Forward
		})(f, spec)
		spec.SocketTimeout = time.Minute
	})
	ctx := context.Background()
	pipes := r.Pipes()
	for i := 0; pipes[0].Len() < n; i++ {
		key := fmt.Sprintf("p:1:key-%d", i)
		pipes[farmtest.HomeOf([]byte(key), 2)].Set(ctx, key, "old:x", time.Hour)
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Clients[0].Save(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	r.allow(t, rights)
	return r
}

// allow changes what the first server lets its clients do.
func (f *farm) allow(t *testing.T, rights string) {
	if rights == "" {
		return
	}
	if err := f.Clients[0].Do(context.Background(), "acl", "setuser", "default", rights).Err(); err != nil {
		t.Error(err)
	}
}

// at sets the moment of the restart.
func (r *restarting) at(moment func(request []byte) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moment = moment
}

// left is how many entries of the first server no operation has done anything to.
func (r *restarting) left() int64 {
	n, err := r.Clients[0].Eval(context.Background(), `local n = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  local ttl = redis.call('TTL', key)
  if redis.call('GET', key):sub(1, 4) == 'old:' and ttl > 0 and ttl <= 3600 then n = n + 1 end
end
return n`, nil).Int64()
	if err != nil {
		return -1
	}
	return n
}

func sends(request []byte, command string) bool {
	return bytes.Contains(request, fmt.Appendf(nil, "$%d\r\n%s\r\n", len(command), command))
}

// The moments at which the server is restarted.
var moments = map[string]func(*restarting) func([]byte) bool{
	"before the first page": func(*restarting) func([]byte) bool {
		return func(b []byte) bool { return sends(b, "scan") }
	},
	"between two pages": func(*restarting) func([]byte) bool {
		pages := 0
		return func(b []byte) bool {
			if sends(b, "scan") {
				pages++
			}
			return pages == 2
		}
	},
	"after the scan": func(r *restarting) func([]byte) bool {
		pages := 0
		return func(b []byte) bool {
			if sends(b, "scan") {
				pages++
			}
			return pages == 2 && !sends(b, "scan") && r.left() < r.n/2
		}
	},
	"at the end": func(r *restarting) func([]byte) bool {
		return func([]byte) bool { return r.left() == 0 }
	},
	"when looked at again": func(r *restarting) func([]byte) bool {
		return func(b []byte) bool { return sends(b, "mget") && r.left() == 0 }
	},
}

// TestAServerThatHasOldDataAgainIsNotDone: wherever in the run the restart is,
// what was done before is undone, and nobody wrote it.
func TestAServerThatHasOldDataAgainIsNotDone(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]func() Operation{
		"reinsert":    func() Operation { return reinsert() },
		"del-pattern": func() Operation { return &Delete{Command: "del-pattern"} },
		"persist":     func() Operation { return &Persist{} },
		"expire":      func() Operation { return &Expire{TTL: 9 * time.Hour} },
	} {
		for when, moment := range moments {
			if name != "reinsert" && when != "after the scan" && when != "at the end" {
				continue // the scan is the same, and only reinsert looks again
			}
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				r := newRestarting(t, 1200, "")
				r.at(moment(r))
				report := Run(context.Background(), r.Cluster, op(), Options{Workers: 1, Batch: 32})
				r.check(t, report, scan.ErrRestarted)
			})
		}
	}
	t.Run("dry run", func(t *testing.T) {
		t.Parallel()
		r := newRestarting(t, 100, "")
		r.at(func(b []byte) bool { return sends(b, "mget") })
		r.check(t, Run(context.Background(), r.Cluster, reinsert(), Options{DryRun: true}), scan.ErrRestarted)
	})
}

// TestAServerThatMayHaveOldDataAgainIsNotDone is the same where nobody tells
// whether the server was restarted. A sample proves nothing then.
func TestAServerThatMayHaveOldDataAgainIsNotDone(t *testing.T) {
	t.Parallel()
	for when, moment := range moments {
		var want error = scan.ErrNameless
		if when == "when looked at again" {
			want = nil
		}
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			r := newRestarting(t, 1200, "-info")
			r.at(moment(r))
			r.check(t, Run(context.Background(), r.Cluster, reinsert(), Options{Workers: 1}), want)
		})
	}
}

// check wants the first shard of a run to have ended with that error, and the
// second to be done.
func (r *restarting) check(t *testing.T, report *Report, want error) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.restarted {
		t.Fatal("the server was not restarted")
	}
	err := report.Shards[0].Err
	// A server that is away for longer than it is dialled is lost as well.
	if away := err != nil && r.took > 200*time.Millisecond; !errors.Is(err, want) && !away {
		t.Errorf("error %v, %+v", err, report.Shards[0])
	}
	if err := report.Shards[1].Err; err != nil || report.Shards[1].Scanned == 0 {
		t.Errorf("the other shard: %v, %+v", err, report.Shards[1])
	}
	if errors.Is(err, want) && want != nil && report.Replaced() != 1 {
		t.Errorf("%d shards were replaced", report.Replaced())
	}
	if report.Complete() != (want == nil) {
		t.Errorf("complete: %v", report.Complete())
	}
	if old, _ := report.StillOld(); old != 0 {
		t.Errorf("the application is blamed for %d values", old)
	}
}
