package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/farmtest"
	"cachering/scripts/trials"
)

// live is an application of many connections on the servers of a cache, each with
// keys of its own, which it changes in every way that Redis has, a pipeline at a
// time. What a key may hold is known after every command, and each answer is held
// against it: an update that is lost for a moment shows as well as one that is lost
// for good.
type live struct {
	t       *testing.T
	f       *farm
	effect  *effect
	writers []*liveWriter
	runs    atomic.Int64 // twice the runs that are over, and one more during a run
	begun   time.Time    // of the first run

	last   atomic.Int64 // moment of the last key to expire soon, in milliseconds since 1970
	writes atomic.Int64
	seen   atomic.Int64 // answers that show that the run came by
	crowds atomic.Int64 // how often the tables grew and shrank
	failed atomic.Bool

	pxat, pexpiretime, exact bool
	window                   time.Duration // of Expire with a TTL
}

const (
	liveWriters = 16
	// liveEach is how many keys a writer has of each of liveNames.
	liveEach = 2
	// soonest is within how many milliseconds some keys expire.
	soonest = 30
	// largeValue is one that no batch holds beside others.
	largeValue = batchBudget + 1000
)

// liveNames are what the keys of writers begin with: by pattern, version, form
// and protection some are not for a run.
var liveNames = []string{"app:1:hit", "app:1:hit", "app:1:hit", "app:1:miss", "app:2:hit", "app:1:hit-kept", "app:1x:hit"}

type liveWriter struct {
	*live
	conn   *redis.Conn
	random *rand.Rand
	keys   []*owned
	all    []*owned // the markers among them
	step   int
}

// newLive makes the writers. The run is e's; exact tells that it keeps expiries to
// the millisecond, which servers before 7.0 do not tell.
func newLive(t *testing.T, f *farm, e *effect, exact bool) *live {
	t.Helper()
	ctx := context.Background()
	l := &live{t: t, f: f, effect: e, begun: time.Now()}
	if op, ok := e.op.(*Expire); ok {
		l.window = op.TTL
	}
	c := f.Clients[0]
	l.pxat = c.Do(ctx, "set", "probe", "", "pxat", time.Now().Add(time.Hour).UnixMilli()).Err() == nil
	l.pexpiretime = c.Do(ctx, "pexpiretime", "probe").Err() == nil
	c.Del(ctx, "probe")
	l.exact = exact && l.pexpiretime
	seeds := trials.Rand(t)
	for i := range liveWriters {
		shard := i % len(f.Clients)
		w := &liveWriter{live: l, conn: f.Servers[shard].Client(0).Conn(), random: rand.New(rand.NewPCG(seeds.Uint64(), 0))}
		for n := 0; len(w.keys) < liveEach*len(liveNames); n++ {
			name := fmt.Sprintf("%s-%d-%d", liveNames[len(w.keys)%len(liveNames)], i, n)
			if farmtest.HomeOf([]byte(name), len(f.Clients)) != shard {
				continue
			}
			k := &owned{name: name, may: []held{nothing}}
			w.keys, w.all = append(w.keys, k), append(w.all, k)
			if n%2 == 0 {
				k.marker = &owned{name: "__fresh__" + name, may: []held{nothing}}
				w.all = append(w.all, k.marker)
			}
		}
		l.writers = append(l.writers, w)
	}
	return l
}

// same tells whether an expiry is the one that is to be.
func (l *live) same(want, got int64) bool {
	ran := time.Since(l.begun).Milliseconds() + 1
	switch {
	case want == byRun:
		early := l.begun.Add(l.window).UnixMilli()
		return got >= early-1 && got <= early+ran+1
	case l.exact:
		return want == got
	}
	return got >= want-ran && got <= want+ran
}

// start lets the writers write until stop is called, which waits for each to have
// written once more.
func (l *live) start() (stop func()) {
	end := make(chan struct{})
	var writers, crowds sync.WaitGroup
	for _, w := range l.writers {
		writers.Go(func() {
			for last := false; !last && !l.failed.Load(); {
				select {
				case <-end:
					last = true
				default:
				}
				if err := w.write(); err != nil {
					l.failed.Store(true)
					l.t.Error(err)
				}
				// Or they would leave a small machine no time for the run.
				time.Sleep(time.Duration(w.random.Int64N(int64(20 * time.Millisecond))))
			}
		})
	}
	for _, c := range l.f.Clients {
		crowds.Go(func() { l.crowd(c, end) })
	}
	return sync.OnceFunc(func() {
		close(end)
		writers.Wait()
		crowds.Wait()
	})
}

// crowd makes the table of a server grow and shrink, by keys that are nobody's. It rests
// now and then: a server shrinks a table from time to time, and has other things to do.
func (l *live) crowd(c *redis.Client, end <-chan struct{}) {
	const (
		keys, many = 8000, 1000
		rest       = 10 * time.Millisecond
		each       = "for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do redis.call("
	)
	for ; ; l.crowds.Add(1) {
		for _, call := range []string{"'set', 'crowd:' .. i, ''", "'del', 'crowd:' .. i"} {
			for i := 0; i < keys; i += many {
				select {
				case <-end:
					return
				case <-time.After(rest):
				}
				if err := c.Do(context.Background(), "eval", each+call+") end", 0, i, i+many-1).Err(); err != nil && !errors.Is(err, redis.Nil) {
					l.failed.Store(true)
					l.t.Error(err)
					return
				}
			}
		}
	}
}

// sent is an action on its way.
type sent struct {
	key *owned
	action
	cmd *redis.Cmd
}

// write sends a pipeline, and holds what is answered against what may be.
func (w *liveWriter) write() error {
	ctx := context.Background()
	pipe := w.conn.Pipeline()
	epoch := w.runs.Load()
	var list []sent
	for range 1 + w.random.IntN(20) {
		k := w.keys[w.random.IntN(len(w.keys))]
		if w.random.IntN(3) == 0 {
			k = w.keys[w.random.IntN(3)] // a few keys that are written all the time
		}
		if k.marker != nil && w.random.IntN(4) == 0 {
			k = k.marker
		}
		for _, a := range w.actions(k) {
			words := append([]any{a.words[0], k.name}, a.words[1:]...)
			list = append(list, sent{k, a, pipe.Do(ctx, words...)})
		}
	}
	pipe.Exec(ctx)
	now, after := time.Now().UnixMilli(), w.runs.Load()
	for i := range list {
		s := &list[i]
		answer, err := answerOf(s.cmd)
		if err != nil {
			return err
		}
		w.step++
		alone := len(s.key.may) // what it may hold if no run came by
		for _, k := range []*owned{s.key, s.to} {
			if k != nil {
				k.spread(w.effect, k.epoch%2 != 0 || k.epoch != after, now)
				k.epoch = epoch
			}
		}
		byRun, err := s.key.settle(s.action, answer, alone)
		if err != nil {
			return err
		}
		if byRun {
			w.seen.Add(1)
		}
		switch {
		case s.creates:
			s.key.made = w.step
		case s.unsettles:
			s.key.made = 0
		}
	}
	w.writes.Add(int64(len(list)))
	return nil
}

// actions are what a writer does next to a key.
func (w *liveWriter) actions(k *owned) []action {
	later := time.Now().Add(time.Hour).UnixMilli() + w.random.Int64N(int64(9*time.Hour/time.Millisecond))
	switch n := w.random.IntN(100); {
	case n < 20:
		return []action{set(w.value(), 0)}
	case n < 36 && w.pxat:
		return []action{set(w.value(), later)}
	case n < 36:
		return []action{set(w.value(), 0), expireAt(later)}
	case n < 42:
		return []action{setKeepTTL(w.value())}
	case n < 45:
		return []action{setXX(w.value())}
	case n < 50:
		return []action{getSet(w.value())}
	case n < 58:
		return []action{del()}
	case n < 63:
		return []action{expireAt(later)}
	case n < 64:
		return []action{expireAt(1)}
	case n < 65 && w.exact:
		soon := time.Now().UnixMilli() + w.random.Int64N(soonest)
		w.last.Store(time.Now().UnixMilli() + soonest)
		return []action{expireAt(soon)}
	case n < 68:
		return []action{persistKey()}
	case n < 72:
		return []action{incr()}
	case n < 74:
		return []action{set(fmt.Sprint(1+w.random.IntN(1e6)), 0), incr()}
	case n < 77:
		return []action{appendTo("x")}
	case n < 81 && k.marker != nil:
		if to := w.keys[w.random.IntN(len(w.keys))]; to != k {
			return []action{rename(to)}
		}
	case n < 86:
		return []action{del(), push("a"), expireAt(later)}
	case n < 87:
		return []action{push("b")}
	case n < 90:
		return []action{del(), setField(w.value())}
	case n < 93:
		return []action{kindOfKey()}
	case n < 97 && w.pexpiretime:
		return []action{expiryOfKey(w.same)}
	}
	return []action{get()}
}

// value is one that no other command writes: at the target or not, a number, one
// that cannot be read, a lock's token, and now and then a large one.
func (w *liveWriter) value() string {
	unique := fmt.Sprintf("%d.%d", w.step, w.random.Uint32())
	switch n := w.random.IntN(200); {
	case n < 120:
		return "old:" + unique
	case n < 150:
		return "new:" + unique
	case n < 180:
		return fmt.Sprint(1 + w.random.IntN(1e9))
	case n < 190:
		return "bad:" + unique
	case n < 199:
		return ("old:" + unique + strings.Repeat("f", lockToken))[:lockToken]
	}
	return "old:" + unique + strings.Repeat("x", largeValue)
}

// answerOf is an answer in one word: of an error only which it is.
func answerOf(cmd *redis.Cmd) (string, error) {
	result, err := cmd.Result()
	var refused redis.Error
	switch {
	case errors.Is(err, redis.Nil):
		return noValue, nil
	case errors.As(err, &refused):
		code, _, _ := strings.Cut(err.Error(), " ")
		return code, nil
	}
	return fmt.Sprint(result), err
}

// look reads what keys hold.
func (l *live) look(c *redis.Client, keys []*owned) []held {
	l.t.Helper()
	ctx := context.Background()
	list := make([]held, 0, len(keys))
	pipe := c.Pipeline()
	now := time.Now().UnixMilli()
	moment := "pexpiretime"
	if l.pexpiretime {
		now = 0
	} else {
		moment = "pttl"
	}
	const each = 5
	var cmds []*redis.Cmd
	for _, k := range keys {
		cmds = append(cmds, pipe.Do(ctx, "type", k.name), pipe.Do(ctx, "get", k.name), pipe.Do(ctx, "lrange", k.name, 0, -1),
			pipe.Do(ctx, "hget", k.name, "f"), pipe.Do(ctx, moment, k.name))
	}
	pipe.Exec(ctx)
	for ; len(cmds) > 0; cmds = cmds[each:] {
		kind, err := cmds[0].Text()
		if err != nil {
			l.t.Fatal(err)
		}
		h := held{kind: kind}
		switch kind {
		case "string":
			h.value, _ = cmds[1].Text()
		case "list":
			items, _ := cmds[2].StringSlice()
			h.value = strings.Join(items, ",")
		case "hash":
			h.value, _ = cmds[3].Text()
		}
		if at, _ := cmds[4].Int64(); at > 0 {
			h.at = now + at
		}
		list = append(list, h)
	}
	return list
}

// among tells whether what was found is one of what may be.
func (l *live) among(may []held, got held) bool {
	return slices.ContainsFunc(may, func(h held) bool {
		return h.kind == got.kind && h.value == got.value && (h.at == got.at || h.at != 0 && got.at != 0 && l.same(h.at, got.at))
	})
}

// check holds what the keys of all writers hold against what they may.
func (l *live) check() {
	l.t.Helper()
	for time.Now().UnixMilli() <= l.last.Load() {
		time.Sleep(time.Millisecond)
	}
	for i, w := range l.writers {
		got := l.look(l.f.Clients[i%len(l.f.Clients)], w.all)
		now := time.Now().UnixMilli()
		found := map[*owned]held{}
		for n, k := range w.all {
			k.spread(l.effect, k.epoch%2 != 0 || k.epoch != l.runs.Load(), now)
			if !l.among(k.may, got[n]) {
				l.t.Errorf("%s holds %.80s, not one of %.300s; before: %s", k.name, fmt.Sprint(got[n]), fmt.Sprint(k.may), strings.Join(k.trail, " · "))
			}
			k.may, k.epoch = []held{got[n]}, l.runs.Load()
			found[k] = got[n]
		}
		if _, ok := l.effect.op.(*Delete); !ok || l.effect.way == inTwoSteps {
			continue
		}
		for _, k := range w.keys {
			m := k.marker
			if m == nil || k.made == 0 || m.made == 0 {
				continue
			}
			switch there, marked := found[k] != nothing, found[m] != nothing; {
			case !there && marked && k.made > m.made:
				l.t.Errorf("%s was deleted without its marker", k.name)
			case there && !marked && k.made < m.made:
				l.t.Errorf("the marker of %s was deleted alone", k.name)
			}
		}
	}
}
