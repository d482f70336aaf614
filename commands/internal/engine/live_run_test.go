package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
	"cachering/scripts/trials"
)

// liveRuns are the bulk commands, with what each is for.
func liveRuns() map[string]effect {
	kept := func(stored string) bool { return strings.HasPrefix(stored, "app:1:hit-kept") }
	hit := func(stored string) bool { return strings.HasPrefix(stored, "app:1:hit") && !kept(stored) }
	matching := scan.Selection{Match: "hit*", Versions: []int64{1}, Protect: []string{"hit-kept*"}}
	return map[string]effect{
		"reinsert": {op: reinsert(), matches: func(stored string) bool {
			return strings.HasPrefix(stored, "app:1:") || strings.HasPrefix(stored, "app:2:")
		}},
		"del-pattern": {op: &Delete{Command: "del-pattern"}, matches: hit, sel: matching},
		"clear": {op: &Delete{Command: "clear"}, sel: scan.Selection{Versions: []int64{1}, Protect: []string{"hit-kept*"}},
			matches: func(stored string) bool { return strings.HasPrefix(stored, "app:1:") && !kept(stored) }},
		"persist": {op: &Persist{}, matches: hit, sel: matching},
		"expire":  {op: &Expire{At: time.Now().Add(20 * time.Hour)}, matches: hit, sel: matching},
	}
}

// Sixteen connections change keys in every way while each bulk command runs, in
// batches of every size, over tables that grow and shrink. Deletions and changes of
// expiries are tried in each way of writing, each command in each with
// CACHERING_WHOLE.
func TestNothingIsLostWhileTheApplicationWrites(t *testing.T) {
	runs := liveRuns()
	rewrite := runs["reinsert"]
	rewrite.way = byTransaction
	t.Run("reinsert", func(t *testing.T) { liveWork(t, newFarm(t, 2, "app", nil), &rewrite, true, 0, 2) })
	t.Run("reinsert/without keepttl", func(t *testing.T) {
		liveWork(t, newFarm(t, 1, "app", withoutKeepTTL(t)), &rewrite, false, 3, 1)
	})
	delete(runs, "reinsert")

	type pair struct {
		name, barred string
		effect
	}
	var pairs []pair
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		for _, guard := range guards {
			p := pair{name, guard.barred, runs[name]}
			p.way = guard.way
			if name == "expire" && p.way == byTransaction {
				p.op = &Expire{TTL: 2 * time.Hour}
			}
			pairs = append(pairs, p)
		}
	}
	for i, p := range trials.Cover(t, pairs, func(p pair) []string {
		_, deletes := p.op.(*Delete)
		return []string{p.name, fmt.Sprint(p.way, deletes)}
	}) {
		t.Run(fmt.Sprint(p.name, "/", p.way), func(t *testing.T) {
			liveWork(t, newFarm(t, 2, "app", barred(p.barred, nil)), &p.effect, true, i, 1)
		})
	}
}

// liveBatches are the sizes of batches, one for each run.
var liveBatches = []int{1, 32, 7, 1000}

// liveWork does a few runs, or CACHERING_ROUNDS, while the writers write, with one
// batch size after the other from the first on.
func liveWork(t *testing.T, f *farm, e *effect, keepsMoments bool, first, few int) {
	l := newLive(t, f, e, keepsMoments)
	stop := l.start()
	defer stop()
	var total Tally
	round := 0
	run := func() {
		batch := liveBatches[(first+round)%len(liveBatches)]
		one := l.run(batch, round)
		total.add(&one)
		round++
	}
	met := func() bool {
		return l.seen.Load() > 0 && l.crowds.Load() > 0 && (e.way != byTransaction || total.Aborted > 0)
	}
	for range rounds(t, few) {
		run()
	}
	// On a busy machine the writers may have had little time.
	for tries := 0; tries < 20 && !l.failed.Load() && !met(); tries++ {
		run()
	}
	stop()
	l.check()
	t.Logf("%d writes, %d saw the run, the tables grew %d times: %+v", l.writes.Load(), l.seen.Load(), l.crowds.Load(), total)
	if !met() && !t.Failed() {
		t.Error("the test tests nothing")
	}
	l.quiet()
}

// run does one run while the writers write, and checks the report and what became of
// keys that nobody else touched.
func (l *live) run(batch, round int) Tally {
	l.t.Helper()
	still := l.stand(min(40*batch, 700), round)
	var failures []Failure
	l.runs.Add(1)
	r := Run(context.Background(), l.f.Cluster, l.effect.op, Options{
		Selection: l.effect.sel, Batch: batch, Workers: 1 + round%3,
		Failure: func(f Failure) {
			failures = append(failures, Failure{Stored: slices.Clone(f.Stored), Reason: f.Reason})
		},
	})
	l.runs.Add(1)
	total := whole(l.t, r)
	l.account(&total)
	for _, s := range r.Shards {
		if fmt.Sprint(s.Ways) != fmt.Sprint([]string{l.effect.way.String()}) || s.Unguarded != (l.effect.way == inTwoSteps && s.Deleted+s.Changed > 0) {
			l.t.Errorf("guarded by %q, unguarded %v", s.Ways, s.Unguarded)
		}
	}
	for _, f := range failures {
		_, reinserts := l.effect.op.(*Reinsert)
		if strings.Contains(string(f.Stored), "still") || f.Reason != ReasonConflict && !(reinserts && f.Reason == "unreadable") {
			l.t.Errorf("%s: %s", f.Stored, f.Reason)
		}
	}
	l.stood(still, &total)
	return total
}

// account checks that every key that was read is in the report once.
func (l *live) account(got *Tally) {
	l.t.Helper()
	n := got.Rewritten + got.Unchanged + got.Conflict + got.Deleted + got.Changed + got.Spared
	if _, ok := l.effect.op.(*Reinsert); ok {
		n += got.Gone
	}
	for _, counts := range []map[string]int64{got.Skipped, got.Failed} {
		for _, k := range counts {
			n += k
		}
	}
	if n != got.Scanned {
		l.t.Errorf("%d keys scanned, %d accounted for: %+v", got.Scanned, n, *got)
	}
}

// selected tells whether a key is in the report of a run, be it because it is spared.
func (l *live) selected(k *owned) bool {
	return l.effect.matches(k.name) || l.effect.sel.Protect != nil && strings.HasPrefix(k.name, "app:1:hit-kept")
}

// stand makes keys that nobody writes, of every name that the writers' keys have.
func (l *live) stand(n, round int) [][]*owned {
	l.t.Helper()
	ctx := context.Background()
	still := make([][]*owned, len(l.f.Clients))
	pipes := l.f.Pipes()
	for i := range n {
		k := &owned{name: fmt.Sprintf("%s-still-%d-%d", liveNames[i%len(liveNames)], round, i)}
		shard := farmtest.HomeOf([]byte(k.name), len(pipes))
		h := held{kind: "string", value: fmt.Sprintf("old:%d", i)}
		if i%10 == 9 {
			h.kind = "list"
			pipes[shard].RPush(ctx, k.name, h.value)
		} else {
			pipes[shard].Set(ctx, k.name, h.value, 0)
		}
		if i%3 == 0 {
			h.at = time.Now().Add(15*time.Hour).UnixMilli() + int64(i)
			pipes[shard].Do(ctx, "pexpireat", k.name, h.at)
		}
		k.may = []held{h}
		still[shard] = append(still[shard], k)
		if i%4 == 0 {
			k.marker = &owned{name: "__fresh__" + k.name, may: []held{{kind: "string", value: "1"}}}
			pipes[shard].Set(ctx, k.marker.name, "1", 0)
			still[shard] = append(still[shard], k.marker)
		}
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			l.t.Fatal(err)
		}
	}
	return still
}

// stood checks that of keys that nobody wrote each was done, or left as it was.
func (l *live) stood(still [][]*owned, total *Tally) {
	l.t.Helper()
	guarded := *l.effect
	guarded.way = byScript // what was no string from the start is never taken for one
	least := 0
	for shard, keys := range still {
		want := make(map[*owned]held, len(keys))
		for _, k := range keys {
			if _, ok := want[k]; !ok {
				want[k] = guarded.on(k.name, k.may[0])
			}
			if k.marker != nil {
				want[k.marker] = k.marker.may[0]
				if k.may[0].kind == "string" {
					want[k.marker] = guarded.on(k.marker.name, k.marker.may[0])
				}
			}
			if !strings.HasPrefix(k.name, "__fresh__") && l.selected(k) {
				least++
			}
		}
		var names []string
		for i, got := range l.look(l.f.Clients[shard], keys) {
			if !l.among([]held{want[keys[i]]}, got) {
				l.t.Errorf("%s, which nobody wrote, holds %.80s, want %.80s", keys[i].name, fmt.Sprint(got), fmt.Sprint(want[keys[i]]))
			}
			names = append(names, keys[i].name)
		}
		l.f.Clients[shard].Del(context.Background(), names...)
	}
	most := least
	for _, w := range l.writers {
		for _, k := range w.keys {
			if l.selected(k) {
				most++
			}
		}
	}
	if total.Scanned < int64(least) || total.Scanned > int64(most) {
		l.t.Errorf("%d keys scanned, there were from %d to %d: %+v", total.Scanned, least, most, *total)
	}
}

// quiet runs when nobody writes: everything is done then, and there is nothing left
// to do for another run.
func (l *live) quiet() {
	l.t.Helper()
	guarded := *l.effect
	guarded.way = byScript
	for _, w := range l.writers {
		for _, k := range w.keys {
			if k.marker != nil && k.may[0].kind == "string" {
				k.marker.may[0] = guarded.on(k.marker.name, k.marker.may[0])
			}
			k.may[0] = guarded.on(k.name, k.may[0])
		}
	}
	o := Options{Selection: l.effect.sel, Batch: 7}
	one := whole(l.t, Run(context.Background(), l.f.Cluster, l.effect.op, o))
	l.account(&one)
	if one.Conflict != 0 || one.Aborted != 0 {
		l.t.Errorf("when nobody writes: %+v", one)
	}
	for i, w := range l.writers {
		for n, got := range l.look(l.f.Clients[i%len(l.f.Clients)], w.all) {
			if k := w.all[n]; !l.among(k.may, got) {
				l.t.Errorf("%s holds %.80s after a run when nobody writes, want %.80s", k.name, fmt.Sprint(got), fmt.Sprint(k.may))
			}
		}
	}
	if _, ok := l.effect.op.(*Expire); ok {
		return // which changes them again
	}
	if again := whole(l.t, Run(context.Background(), l.f.Cluster, l.effect.op, o)); again.Rewritten+again.Deleted+again.Changed+again.Markers != 0 {
		l.t.Errorf("when there is nothing to do: %+v", again)
	}
}
