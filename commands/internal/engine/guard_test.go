package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
	"cachering/scripts/trials"
)

// pasture is what a run over strings finds: some with markers, some that live
// for a while, other types, and markers that are none.
const pastured = 300

func (f *farm) pasture(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	pipe := f.Clients[0].Pipeline()
	pipe.FlushDB(ctx)
	for i := range pastured {
		key := fmt.Sprintf("p:1:key-%d", i)
		switch {
		case i%10 == 9:
			pipe.RPush(ctx, key, "v")
			pipe.PExpire(ctx, key, 10*time.Hour)
		case i%10 == 8:
			pipe.HSet(ctx, key, "f", "v")
		default:
			pipe.Set(ctx, key, "v", time.Duration(i%2)*10*time.Hour)
		}
		switch {
		case i%20 == 1:
			pipe.SAdd(ctx, "__fresh__"+key, "no marker")
		case i%4 == 0:
			pipe.Set(ctx, "__fresh__"+key, "1", 0)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

// Of the keys of a pasture, those that are strings; of those, those that have a
// marker or live for a while.
const (
	pasturedStrings = pastured * 8 / 10
	pasturedMarkers = 60 // of every twenty those at 0, 4, 12 and 16
	pasturedMortal  = pastured * 4 / 10
)

// unharmed checks that what is no string is as the pasture made it.
func (f *farm) unharmed(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	pipe := f.Clients[0].Pipeline()
	type look struct {
		key    string
		typ    *redis.StatusCmd
		rest   *redis.DurationCmd
		want   string
		mortal bool
	}
	var looks []look
	for i := range pastured {
		key := fmt.Sprintf("p:1:key-%d", i)
		l := look{key: key, mortal: i%10 == 9}
		switch {
		case i%10 == 9:
			l.want = "list"
		case i%10 == 8:
			l.want = "hash"
		case i%20 == 1:
			l.key, l.want = "__fresh__"+key, "set"
		default:
			continue
		}
		l.typ, l.rest = pipe.Type(ctx, l.key), pipe.PTTL(ctx, l.key)
		looks = append(looks, l)
	}
	pipe.Exec(ctx)
	for _, l := range looks {
		if rest := l.rest.Val(); l.typ.Val() != l.want || l.mortal != (rest > 5*time.Hour) || !l.mortal && rest >= 0 {
			t.Errorf("%s came to harm", l.key)
		}
	}
}

// done checks that op did all there is to do on a pasture.
func pastureDone(t *testing.T, op Operation, got *Tally) {
	t.Helper()
	want := Tally{Scanned: pastured, Skipped: map[string]int64{ReasonNotAString: pastured - pasturedStrings}}
	switch op.(type) {
	case *Delete:
		want.Deleted, want.Markers = pasturedStrings, pasturedMarkers
	case *Persist:
		want.Changed, want.Unchanged = pasturedMortal, pasturedStrings-pasturedMortal
	case *Expire:
		want.Changed = pasturedStrings
	}
	want.Failed = map[string]int64{}
	if fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("%T: got  %+v\nwant %+v", op, *got, want)
	}
}

// Every way does the same, in a rehearsal too, and without UNLINK.
func TestEveryWayDoesTheSame(t *testing.T) {
	t.Parallel()
	for _, guard := range guards {
		for _, barredToo := range []string{"", " -unlink"} {
			f := newFarm(t, 1, "p", barred(guard.barred+barredToo, nil))
			for _, work := range stringWork {
				for _, dry := range []bool{true, false} {
					f.pasture(t)
					before := f.All(t)
					r := Run(context.Background(), f.Cluster, work.op, Options{DryRun: dry})
					total := whole(t, r)
					pastureDone(t, work.op, &total)
					f.unharmed(t)
					s := &r.Shards[0]
					if s.Unguarded != (guard.way == inTwoSteps && !dry) || len(r.Examples) != examples {
						t.Errorf("%s, dry %v: unguarded %v, examples %v", guard.way, dry, s.Unguarded, r.Examples)
					}
					if dry && (fmt.Sprint(f.All(t)) != fmt.Sprint(before) || s.Ways != nil) {
						t.Errorf("%s: the dry run wrote", guard.way)
					}
				}
				// With nothing to change nothing was changed unguarded.
				r := Run(context.Background(), f.Cluster, &Persist{}, Options{Selection: scan.Selection{Match: "nothing*"}})
				if whole(t, r); r.Shards[0].Unguarded {
					t.Error("unguarded, though nothing was changed")
				}
			}
		}
	}
}

// The commands as users who lack one right each: they do the whole work in one
// way or another, or say which right it takes. Each right is lacking in each way and
// by each command, with CACHERING_WHOLE in each way by each.
func TestEachRightIsMissed(t *testing.T) {
	t.Parallel()
	all := strings.Fields("select get mget getrange pttl exists type scan set del unlink persist pexpire watch unwatch multi exec rename eval info dbsize ping client role time echo")
	needs := map[string][]string{
		"delete": {"select", "scan", "del"}, "persist": {"select", "scan", "persist"}, "expire": {"select", "scan", "pexpire"},
		"expire with jitter": {"select", "scan", "pexpire"},
	}
	type lack struct {
		right       string
		guard, work int // of guards and stringWork
	}
	var table []lack
	for _, right := range all {
		for guard := range guards {
			for work := range stringWork {
				table = append(table, lack{right, guard, work})
			}
		}
	}
	f := newFarm(t, 1, "p", asUser("run", nil))
	for _, c := range trials.Cover(t, table, func(c lack) []string {
		return []string{fmt.Sprint(c.right, " way ", c.guard), fmt.Sprint(c.right, " work ", c.work), fmt.Sprint(c.guard, c.work)}
	}) {
		right, guard, work := c.right, guards[c.guard], stringWork[c.work]
		setUser(f.Clients[0], "+@all "+guard.barred+" -"+right)
		need := append([]string{"type"}, needs[work.name]...)
		if guard.way != byScript && work.name == "delete" {
			need = append(need, "mget")
		}
		if guard.way == byTransaction { // it is proven by it
			need = append(need, "set")
		}
		f.pasture(t)
		r := Run(context.Background(), f.Cluster, work.op, Options{})
		s := &r.Shards[0]
		sum(t, &s.Tally)
		f.unharmed(t)
		needed := slices.Contains(need, right) && right != "select" // of database 0
		// Without UNLINK it is DEL, and without DEL it is UNLINK.
		needed = needed && right != "del"
		switch {
		case needed && (s.Err == nil || !strings.Contains(s.Err.Error(), "may not run "+strings.ToUpper(right))):
			t.Errorf("%s, %s without %s: error %v, %+v", guard.way, work.name, right, s.Err, s.Tally)
		case !needed && s.Err != nil:
			t.Errorf("%s, %s without %s: error %v", guard.way, work.name, right, s.Err)
		case !needed:
			pastureDone(t, work.op, &s.Tally)
		}
	}
}

// An answer that is lost is settled by looking again.
func TestALostAnswerOfAChangeIsSettled(t *testing.T) {
	t.Parallel()
	const n = 2000
	word := map[way]string{byScript: "\r\neval\r\n", byTransaction: "\r\nexec\r\n", inTwoSteps: "\r\nunlink\r\n"}
	for _, guard := range guards {
		for name, action := range map[string]redistest.Action{"carried out": redistest.CutAfter, "never arrived": redistest.CutBefore} {
			t.Run(fmt.Sprint(guard.way, "/", name), func(t *testing.T) {
				t.Parallel()
				var asked, cuts atomic.Int64
				var p *redistest.Proxy
				f := newFarm(t, 1, "p", barred(guard.barred, proxied(t, &p, func(b []byte) redistest.Action {
					if bytes.Contains(b, []byte(word[guard.way])) && asked.Add(1)%5 == 0 {
						cuts.Add(1)
						return action
					}
					return redistest.Forward
				})))
				f.Fill(t, "p", n, 20)
				r := Run(context.Background(), f.Cluster, &Delete{Command: "clear"}, Options{Batch: 40, Workers: 1})
				total := whole(t, r)
				if left := len(f.All(t)); left != 0 || total.Deleted != n || cuts.Load() < 5 {
					t.Errorf("%d cuts, %d keys left, %+v", cuts.Load(), left, total)
				}
				if r.Shards[0].Unguarded != (guard.way == inTwoSteps) {
					t.Errorf("unguarded %v", r.Shards[0].Unguarded)
				}
			})
		}
	}
}

// A server that cuts whatever changes something: the work ends, and every key is
// in the report.
func TestAChangeThatIsAlwaysCut(t *testing.T) {
	t.Parallel()
	const n = 1000
	var sent atomic.Int64
	var p *redistest.Proxy
	f := newFarm(t, 1, "p", proxied(t, &p, func(b []byte) redistest.Action {
		if bytes.Contains(b, []byte("p:1:key-")) && sent.Add(1) > 0 {
			return redistest.CutAfter
		}
		return redistest.Forward
	}))
	f.Fill(t, "p", n, 20)
	r := Run(context.Background(), f.Cluster, &Delete{Command: "clear"}, Options{Workers: 1})
	s := &r.Shards[0]
	sum(t, &s.Tally)
	if left := len(f.All(t)); s.Err == nil || int64(n-left) > s.Scanned || sent.Load() > 2*scan.Redials+2 {
		t.Errorf("%d keys left after %d tries, error %v, %+v", left, sent.Load(), s.Err, s.Tally)
	}
}

func TestWhatAServerRefusesToChange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		setup func(*farm)
		is    error
		says  string
	}{
		"a replica":           {func(f *farm) { f.Clients[0].ReplicaOf(ctx, "127.0.0.1", "1") }, cluster.ErrReplica, ""},
		"too few replicas":    {func(f *farm) { f.Clients[0].ConfigSet(ctx, "min-replicas-to-write", "1") }, nil, "NOREPLICAS"},
		"memory is full":      {func(f *farm) { f.Clients[0].ConfigSet(ctx, "maxmemory", "1") }, nil, ""},
		"no script and write": {func(f *farm) { setUser(f.Clients[0], "-eval -unlink -del -persist -pexpire") }, nil, "may not run"},
	} {
		for _, guard := range guards {
			for _, work := range stringWork {
				t.Run(fmt.Sprint(name, "/", guard.way, "/", work.name), func(t *testing.T) {
					f := newFarm(t, 1, "p", barred(guard.barred, nil))
					f.pasture(t)
					before := f.All(t)
					c.setup(f)
					r := Run(ctx, f.Cluster, work.op, Options{})
					s := &r.Shards[0]
					sum(t, &s.Tally)
					if c.is == nil && c.says == "" {
						if s.Err != nil {
							t.Fatal(s.Err)
						}
						pastureDone(t, work.op, &s.Tally)
						return
					}
					if s.Err == nil || c.is != nil && !errors.Is(s.Err, c.is) || !strings.Contains(s.Err.Error(), c.says) {
						t.Errorf("error %v", s.Err)
					}
					if s.Unguarded || s.Deleted+s.Changed > 0 || fmt.Sprint(f.All(t)) != fmt.Sprint(before) {
						t.Errorf("unguarded %v, %+v", s.Unguarded, s.Tally)
					}
				})
			}
		}
	}
}

// A server that runs a script of somebody else's answers BUSY: nothing is known
// of what it can do, and nothing is tried another way.
func TestABusyServerIsNotMistakenForOneThatCannot(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, early := range map[string]bool{"from the start": true, "in mid-run": false} {
		t.Run(name, func(t *testing.T) {
			var block func()
			f := newFarm(t, 1, "p", paging(t, func(page int) {
				if page == 4 && !early {
					block()
				}
			}))
			const n = 8000
			f.Fill(t, "p", n, 10)
			c := f.Clients[0]
			c.ConfigSet(ctx, "busy-reply-threshold", "1")
			ended := make(chan struct{})
			block = func() {
				go func() {
					defer close(ended)
					f.Servers[0].Client(0).Do(ctx, "eval", "while true do end", 0)
				}()
				for deadline := time.Now().Add(2 * time.Minute); ; {
					err := c.Ping(ctx).Err()
					if err != nil && strings.HasPrefix(err.Error(), "BUSY") {
						return
					}
					if time.Now().After(deadline) {
						t.Fatal("the server does not get busy")
					}
				}
			}
			if early {
				block()
			}
			r := Run(ctx, f.Cluster, &Delete{Command: "clear"}, Options{})
			if err := c.Do(ctx, "script", "kill").Err(); err != nil {
				t.Fatal(err)
			}
			<-ended
			s := &r.Shards[0]
			sum(t, &s.Tally)
			if s.Err == nil || !strings.Contains(s.Err.Error(), "BUSY") || s.Unguarded || len(s.Ways) > 1 {
				t.Errorf("error %v, guarded by %q", s.Err, s.Ways)
			}
			total := whole(t, Run(ctx, f.Cluster, &Delete{Command: "clear"}, Options{}))
			if total.Deleted+s.Deleted != n {
				t.Errorf("%+v, and then %+v", s.Tally, total)
			}
		})
	}
}
