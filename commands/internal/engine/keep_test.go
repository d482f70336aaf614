package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/scan"
	"cachering/scripts/trials"
)

// ledger keeps states as a file does.
type ledger struct {
	t  *testing.T
	mu sync.Mutex
	// each is told every state, if there is one; an error is that of the file.
	each func(n int, of []checkpoint.Shard) error

	states   int
	last     []checkpoint.Shard
	complete bool
}

func (l *ledger) Keep(shards []checkpoint.Shard, complete bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	text, err := (&checkpoint.State{Shards: shards}).Encode()
	if err != nil {
		l.t.Error(err)
	}
	s, err := checkpoint.Decode(text)
	if err != nil {
		l.t.Error(err)
	}
	l.states++
	if l.each != nil {
		if err := l.each(l.states, s.Shards); err != nil {
			return err
		}
	}
	l.last, l.complete = s.Shards, complete
	return nil
}

// keptRun is one of the commands, what it is for and what makes its keys.
type keptRun struct {
	op   Operation
	sel  scan.Selection
	fill func(t *testing.T, f *farm, n int)
}

func keptRuns() map[string]keptRun {
	mixed := func(t *testing.T, f *farm, n int) {
		f.Fill(t, "p", n, 10)
		var pairs []string
		for i := range n / 20 {
			pairs = append(pairs, fmt.Sprint("p:1:kept-", i), "old:x", fmt.Sprint("p:1:bad-", i), "bad:x", fmt.Sprint("q:1:other-", i), "old:x",
				fmt.Sprint("__fresh__p:1:key-", i), "1", fmt.Sprint("p:2:key-", i), "new:x")
		}
		f.Put(t, pairs...)
		for i := range n / 50 {
			for _, c := range f.Clients {
				c.RPush(context.Background(), fmt.Sprint("p:1:key-list-", i), "x")
			}
		}
	}
	hit := scan.Selection{Versions: []int64{1}, Protect: []string{"kept-*"}}
	return map[string]keptRun{
		"reinsert":    {op: reinsert(), fill: mixed},
		"del-pattern": {op: &Delete{Command: "del-pattern"}, sel: hit, fill: mixed},
		"expire":      {op: &Expire{TTL: 9 * time.Hour}, sel: hit, fill: mixed},
		"persist":     {op: &Persist{}, sel: hit, fill: mixed},
	}
}

// A run that is told to stop, again and again, and goes on each time, comes to the same
// sums as one that was left alone. Each command is run in one way, and with
// CACHERING_WHOLE in each.
func TestARunThatIsStoppedGoesOn(t *testing.T) {
	t.Parallel()
	random := trials.Rand(t)
	var went atomic.Int64
	t.Cleanup(func() {
		if went.Load() < 4 {
			t.Errorf("%d runs went on: this test shows little", went.Load())
		}
	})
	type pair struct {
		name string
		Options
	}
	var pairs []pair
	runsOf := keptRuns()
	for _, name := range slices.Sorted(maps.Keys(runsOf)) {
		for _, o := range []Options{{Workers: 2}, {Workers: 1, Batch: 7}, {Workers: 3, Rate: 8000}} {
			pairs = append(pairs, pair{name, o})
		}
	}
	for _, p := range trials.Cover(t, pairs, func(p pair) []string { return []string{p.name, fmt.Sprint(p.Workers)} }) {
		c, o, seed := runsOf[p.name], p.Options, random.Uint64()
		t.Run(fmt.Sprintf("%s/batch %d, rate %v", p.name, o.Batch, o.Rate), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			o.Selection, o.stateEvery = c.sel, 3*time.Millisecond
			alone := newFarm(t, 2, "p", nil)
			const n = 3000
			c.fill(t, alone, n)
			want := Run(context.Background(), alone.Cluster, c.op, o)

			f := newFarm(t, 2, "p", nil)
			c.fill(t, f, n)
			l := &ledger{t: t}
			o.Keeper = l
			runs := 0
			for ; !l.complete; runs++ {
				if runs == 200 {
					t.Fatal("it does not end")
				}
				stop := make(chan struct{})
				until := 1 + random.IntN(4)
				if runs > 20 {
					until = 0
				}
				l.states = 0
				l.each = func(n int, _ []checkpoint.Shard) error {
					if n == until {
						close(stop)
					}
					return nil
				}
				o.Stop, o.Resume = stop, slices.Clone(l.last)
				r := Run(context.Background(), f.Cluster, c.op, o)
				if r.Lost() > 0 || r.NotKept != nil || r.Uncounted != 0 || r.Resumed != (runs > 0) {
					t.Fatalf("%+v", r)
				}
				if l.complete {
					sameCounts(t, want, r)
				}
			}
			went.Add(int64(runs) - 1)
			if a, b := alone.All(t), f.All(t); !maps.Equal(a, b) {
				t.Errorf("%d keys, %d keys, and not the same", len(a), len(b))
			}
			t.Logf("%d runs", runs)
		})
	}
}

// sameCounts wants two reports to have the same counts.
func sameCounts(t *testing.T, want, got *Report) {
	t.Helper()
	for i := range want.Shards {
		a, b := want.Shards[i].Tally, got.Shards[i].Tally
		// What the application aborts is no key.
		a.Aborted, b.Aborted = 0, 0
		if !reflect.DeepEqual(a, b) {
			t.Errorf("got  %+v\nwant %+v", b, a)
		}
	}
}

// What a kill leaves is a state, of any age. A run that goes on from it leaves nothing
// out, does no more again than the state says, and counts no key twice.
func TestWhatAKillLeavesUncountedIsBounded(t *testing.T) {
	t.Parallel()
	random := trials.Rand(t)
	for name, c := range keptRuns() {
		seed := random.Uint64()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			for range rounds(t, 2) {
				const n = 3000
				alone := newFarm(t, 1, "p", nil)
				c.fill(t, alone, n)
				o := Options{Selection: c.sel, stateEvery: 2 * time.Millisecond, Workers: 2, Batch: 16}
				want := Run(context.Background(), alone.Cluster, c.op, o)

				f := newFarm(t, 1, "p", nil)
				c.fill(t, f, n)
				l := &ledger{t: t}
				o.Keeper = l
				// The state of a moment, and what was done by the end of the next: that
				// is what is on a disk when the next cannot be written any more.
				until := 1 + random.IntN(6)
				var killed []checkpoint.Shard
				ctx, kill := context.WithCancel(context.Background())
				l.each = func(n int, of []checkpoint.Shard) error {
					if n <= until {
						killed = of
					}
					if n == until {
						time.AfterFunc(time.Duration(random.IntN(5000))*time.Microsecond, kill)
					} else if n > until {
						kill()
						return errors.New("killed")
					}
					return nil
				}
				first := Run(ctx, f.Cluster, c.op, o)
				kill()
				sum := first.Total()
				did := sum.Scanned - sum.Spared
				l.each, l.last = nil, killed
				o.Resume = slices.Clone(killed)
				r := Run(context.Background(), f.Cluster, c.op, o)
				if !l.complete || r.Lost() > 0 {
					t.Fatalf("complete %v, %+v", l.complete, r)
				}
				if a, b := alone.All(t), f.All(t); !maps.Equal(a, b) {
					t.Errorf("%d keys, %d keys, and not the same", len(a), len(b))
				}
				s, total, all := &killed[0], r.Total(), want.Total()
				again := did - (s.Counts["scanned"] - s.Counts["spared"])
				if r.Uncounted != s.Ahead || again > r.Uncounted {
					t.Errorf("%d keys were done after the state, at most %d were to be, the report says %d", again, s.Ahead, r.Uncounted)
				}
				if c.op.columns() == deleteColumns {
					if total.Deleted > all.Deleted || total.Deleted+r.Uncounted < all.Deleted {
						t.Errorf("%d deleted and at most %d, of %d", total.Deleted, r.Uncounted, all.Deleted)
					}
				} else if total.Scanned != all.Scanned || total.Rewritten > all.Rewritten || total.Changed > all.Changed {
					t.Errorf("%+v, want %+v", total, all)
				}
			}
		})
	}
}

// A state is written before anything is changed, and about once a second; those that
// nothing is left of name no key.
func TestAStateIsWrittenNowAndThen(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 1, "p", nil)
	f.Fill(t, "p", 3000, 10)
	var when []time.Time
	l := &ledger{t: t, each: func(n int, of []checkpoint.Shard) error {
		if s := &of[0]; n == 1 && (len(s.Counts) > 0 || s.RunID == "" || s.Ahead == 0 || s.Keys != 3000 || strings.HasPrefix(f.Value("p:1:key-1"), "new:")) {
			t.Errorf("the first state: %+v", s)
		}
		when = append(when, time.Now())
		return nil
	}}
	before := 0
	r := Run(context.Background(), f.Cluster, reinsert(), Options{Keeper: l, Rate: 1000, beforeState: func() error { before++; return nil }})
	if !l.complete || len(when) < 3 || before != len(when) {
		t.Errorf("complete %v, %d states, %d times told before: %+v", l.complete, len(when), before, r)
	}
	if s := &l.last[0]; !s.Done() || s.Ahead != 0 || s.Counts["rewritten"] != 3000 || s.Pending != nil {
		t.Errorf("the last state: %+v", s)
	}
	t.Logf("%d states in %v", len(when), r.Elapsed)
}

// With a rate that makes a batch wait, a state waits neither for what is to come nor
// for the batches that nobody has taken.
func TestAStateDoesNotWaitForTheRate(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2, "p", nil)
	f.Fill(t, "p", 4000, 10)
	stop := make(chan struct{})
	var mu sync.Mutex
	var when []time.Time
	sums := []int64{}
	l := &ledger{t: t}
	l.each = func(n int, of []checkpoint.Shard) error {
		mu.Lock()
		defer mu.Unlock()
		when = append(when, time.Now())
		sums = append(sums, of[0].Counts["scanned"]+of[1].Counts["scanned"])
		if len(when) == 8 {
			close(stop)
		}
		return nil
	}
	const rate = 100
	begin := time.Now()
	r := Run(context.Background(), f.Cluster, reinsert(), Options{Keeper: l, Rate: rate, Stop: stop, Workers: 2})
	total := whole(t, r)
	if s := l.last; s[0].Counts["scanned"]+s[1].Counts["scanned"] != total.Scanned || len(s[0].Pending) == 0 {
		t.Errorf("%d and %d of %d", s[0].Counts["scanned"], s[1].Counts["scanned"], total.Scanned)
	}
	for i, n := range sums[:8] {
		// What was done until then and stands in no state is of less than two seconds.
		if done := when[i].Sub(begin).Seconds() * rate; float64(n) < done-4*rate-50 {
			t.Logf("state %d after %v: %d keys, of about %.0f", i, when[i].Sub(begin), n, done)
		}
	}
	t.Logf("%v", sums)
}

// Each reason for which a position means nothing: the shard begins at the beginning, its
// counts too, and the report says so. The other shard goes on.
func TestAShardThatIsNotWhatItWasStartsAnew(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for want, change := range map[string]func(t *testing.T, f *farm){
		"": func(*testing.T, *farm) {},
		AnewRestarted: func(t *testing.T, f *farm) {
			f.Servers[0].Restart()
			f.Fill(t, "p", 1500, 10)
		},
		"restarted, as a replica of another": func(t *testing.T, f *farm) {
			f.Clients[0].Do(ctx, "replicaof", "127.0.0.1", "1")
			f.Clients[0].Do(ctx, "replicaof", "no", "one")
		},
		AnewFlushed: func(t *testing.T, f *farm) {
			f.Clients[0].FlushDB(ctx)
			f.Fill(t, "p", 1500, 10)
		},
		"flushed, another database":  func(t *testing.T, f *farm) { f.Servers[0].Client(3).FlushDB(ctx) },
		"flushed, and not counted":   func(t *testing.T, f *farm) { f.Clients[0].FlushAll(ctx); f.Fill(t, "p", 1500, 10) },
		"flushed, databases swapped": func(t *testing.T, f *farm) { f.Clients[0].Do(ctx, "swapdb", 1, 2) },
		AnewKeysLost: func(t *testing.T, f *farm) {
			keys := f.Clients[0].Keys(ctx, "*").Val()
			f.Clients[0].Del(ctx, keys[:len(keys)*2/3]...)
		},
		AnewInfoRefused: func(t *testing.T, f *farm) { f.Clients[0].Do(ctx, "acl", "setuser", "default", "-info") },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 2, "p", nil)
			f.Fill(t, "p", 1500, 10)
			stop := make(chan struct{})
			l := &ledger{t: t}
			l.each = func(_ int, of []checkpoint.Shard) error {
				if of[0].Counts["scanned"] > 100 && of[1].Counts["scanned"] > 100 {
					select {
					case <-stop:
					default:
						close(stop)
					}
				}
				return nil
			}
			o := Options{Keeper: l, Workers: 1, Rate: 1000, stateEvery: 10 * time.Millisecond, Stop: stop}
			if r := Run(ctx, f.Cluster, reinsert(), o); r.Ended != EndSignal || l.complete {
				t.Fatalf("%+v", r)
			}
			old := l.last
			change(t, f)
			l.each, o.Stop, o.Rate = nil, nil, 0
			o.Resume = slices.Clone(old)
			keys := f.Clients[0].DBSize(ctx).Val()
			r := Run(ctx, f.Cluster, reinsert(), o)
			reason, _, _ := strings.Cut(want, ",")
			a, b := &r.Shards[0], &r.Shards[1]
			if a.Anew != reason || b.Anew != "" || !l.complete || a.Err != nil || b.Err != nil {
				t.Fatalf("got %q, %v and %q, %v", a.Anew, a.Err, b.Anew, b.Err)
			}
			if reason != "" && a.Scanned != keys || b.Rewritten < old[1].Counts["rewritten"] || b.Rewritten != f.Clients[1].DBSize(ctx).Val() {
				t.Errorf("%+v\n%+v", a, b)
			}
			text, err := r.MarshalJSON()
			if err != nil || strings.Contains(string(text), `"started_anew":"`+reason+`"`) != (reason != "") || !strings.Contains(string(text), `"resumed":true`) {
				t.Errorf("%s, %v", text, err)
			}
		})
	}
}

// What cannot be written ends the run after the batches in hand, and what is there is
// still a state.
func TestAStateThatIsNotWrittenEndsTheRun(t *testing.T) {
	t.Parallel()
	errFull := errors.New("no space left on device")
	for _, c := range []struct {
		fails  func(n int) bool
		before bool // it is that what comes before a state fails
	}{
		{fails: func(n int) bool { return true }},
		{fails: func(n int) bool { return n == 2 }},
		{fails: func(n int) bool { return n > 2 }},
		{fails: func(n int) bool { return n > 2 }, before: true},
	} {
		f := newFarm(t, 2, "p", nil)
		f.Fill(t, "p", 4000, 10)
		n := 0
		full := func() error {
			if n++; c.fails(n) {
				return errFull
			}
			return nil
		}
		l := &ledger{t: t}
		o := Options{Keeper: l, Workers: 1, Rate: 4000, stateEvery: 5 * time.Millisecond}
		if c.before {
			o.beforeState = full
		} else {
			l.each = func(int, []checkpoint.Shard) error { return full() }
		}
		r := Run(context.Background(), f.Cluster, reinsert(), o)
		total := whole(t, r)
		if r.Ended != EndNotWritable || !errors.Is(r.NotKept, errFull) || r.Lost() > 0 || total.Rewritten == 4000 || l.complete {
			t.Errorf("%+v", r)
		}
		if c.fails(1) && total.Scanned != 0 {
			t.Errorf("before the first state was written: %+v", total)
		}
		l.each = nil
		r = Run(context.Background(), f.Cluster, reinsert(), Options{Keeper: l, Resume: slices.Clone(l.last)})
		if total := whole(t, r); !l.complete || total.Scanned != 4000 || total.Rewritten+r.Uncounted < 4000 {
			t.Errorf("complete %v, %+v, uncounted %d", l.complete, total, r.Uncounted)
		}
	}
}

// A shard that is away when a run goes on keeps its state, and its counts in the sum.
func TestAShardThatIsAwayKeepsItsState(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	f.Fill(t, "p", 3000, 10)
	stop := make(chan struct{})
	l := &ledger{t: t}
	l.each = func(n int, of []checkpoint.Shard) error {
		if of[0].Counts["scanned"] > 0 && of[1].Counts["scanned"] > 0 && l.last != nil {
			select {
			case <-stop:
			default:
				close(stop)
			}
		}
		return nil
	}
	o := Options{Keeper: l, Workers: 1, Rate: 2000, stateEvery: 5 * time.Millisecond, Stop: stop}
	Run(ctx, f.Cluster, reinsert(), o)
	l.each, o.Stop, o.Rate = nil, nil, 0
	was := l.last[0]
	f.Servers[0].Kill()
	o.Resume = slices.Clone(l.last)
	r := Run(ctx, f.Cluster, reinsert(), o)
	if l.complete || r.Lost() != 1 || r.Shards[0].Scanned != was.Counts["scanned"] || !reflect.DeepEqual(l.last[0], was) || !l.last[1].Done() {
		t.Errorf("complete %v, %+v\n%+v\n%+v", l.complete, r.Shards[0], l.last[0], was)
	}
}

// Names in a file that anybody may have written are looked at as those that a scan
// gives.
func TestAStateNamesNoKeyOfOthers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFarm(t, 1, "p", nil)
	f.Put(t, "p:1:mine", "old:1", "q:1:other", "old:2", "p:2:version", "old:3", "p:1:kept", "old:4")
	link, err := scan.Open(ctx, f.Shards()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	id, err := link.Identity(ctx)
	if err != nil || id.RunID == "" || id.ReplID == "" {
		t.Fatalf("%+v, %v", id, err)
	}
	state := checkpoint.Shard{Name: "shard0", RunID: id.RunID, ReplID: id.ReplID, Flushes: id.Flushes, Ended: true}
	for _, key := range []string{"p:1:mine", "q:1:other", "p:2:version", "p:1:kept", "", "p:1:away"} {
		state.Pending = append(state.Pending, checkpoint.Key(key))
	}
	l := &ledger{t: t}
	r := Run(ctx, f.Cluster, &Delete{Command: "clear"}, Options{
		Selection: scan.Selection{Versions: []int64{1}, Protect: []string{"kept"}}, Keeper: l, Resume: []checkpoint.Shard{state},
	})
	if keys := slices.Sorted(maps.Keys(f.All(t))); fmt.Sprint(keys) != "[p:1:kept p:2:version q:1:other]" || !l.complete || r.Total().Deleted != 1 {
		t.Errorf("%q, %+v", keys, r.Total())
	}
}

// A state counts, or names, all that was given before its position: where everything is
// made again as it was before the run, one that goes on from any state comes to the sum.
func TestAStateCountsAllThatIsBeforeIt(t *testing.T) {
	t.Parallel()
	const n = 3000
	f := newFarm(t, 1, "p", nil)
	f.Fill(t, "p", n, 10)
	var states [][]checkpoint.Shard
	l := &ledger{t: t, each: func(_ int, of []checkpoint.Shard) error {
		states = append(states, of)
		return nil
	}}
	Run(context.Background(), f.Cluster, reinsert(), Options{Keeper: l, Workers: 3, Batch: 16, Rate: 15000, stateEvery: time.Millisecond})
	for i, state := range states[:min(len(states), 6)] {
		f.Fill(t, "p", n, 10)
		r := Run(context.Background(), f.Cluster, reinsert(), Options{Keeper: &ledger{t: t}, Resume: state})
		if total := whole(t, r); total.Rewritten != n || total.Scanned != n {
			t.Errorf("from state %d of %d, with %d counted and %d named: %+v", i, len(states), state[0].Counts["scanned"], len(state[0].Pending), total)
		}
	}
	if len(states) < 3 {
		t.Errorf("%d states: this test shows little", len(states))
	}
}
