package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/scripts/trials"
)

// flippers make strings of keys into lists and back, as fast as they can. Each
// key has one of them, which looks at every list that it made before it makes
// it a string again: a list that is gone, or whose expiry is another, was taken
// for a string.
type flippers struct {
	client *redis.Client
	life   time.Duration // of what they make; 0: for ever
	keys   int
	flips  atomic.Int64
	gone   atomic.Int64
	moved  atomic.Int64
}

// Each flipper has keys of its own in every pipeline, and every fourth key has
// a marker that is flipped with it.
const (
	flipperCount = 4
	flipperChunk = 25
)

func (f *flippers) key(i int) (key, marker string) {
	key = fmt.Sprintf("p:1:flip-%d", i)
	if i%4 == 0 {
		marker = "__fresh__" + key
	}
	return key, marker
}

// check fails the test if a list came to harm.
func (f *flippers) check(t *testing.T) {
	t.Helper()
	if gone, moved := f.gone.Load(), f.moved.Load(); gone+moved > 0 {
		t.Errorf("of %d flips %d lists were deleted and %d given another expiry", f.flips.Load(), gone, moved)
	}
}

func (f *flippers) start(t *testing.T) (stop func()) {
	end := make(chan struct{})
	var wg sync.WaitGroup
	for w := range flipperCount {
		wg.Go(func() {
			// What runs do to a string is no concern of the flipper's.
			lists := make(map[string]bool)
			for round := 0; ; round++ {
				for from := w * flipperChunk; from < f.keys; from += flipperCount * flipperChunk {
					select {
					case <-end:
						return
					default:
					}
					if err := f.flip(lists, from, min(from+flipperChunk, f.keys), round); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	return func() { close(end); wg.Wait() }
}

// flip looks at the keys from one to another that are lists and makes strings of
// them, and lists of the others.
func (f *flippers) flip(lists map[string]bool, from, to, round int) error {
	ctx := context.Background()
	pipe := f.client.Pipeline()
	looked := make(map[string][2]*redis.Cmd)
	for i := from; i < to; i++ {
		key, marker := f.key(i)
		for _, k := range []string{key, marker} {
			if k == "" {
				continue
			}
			if lists[k] {
				looked[k] = [2]*redis.Cmd{pipe.Do(ctx, "type", k), pipe.Do(ctx, "pttl", k)}
			}
			pipe.Del(ctx, k)
			// Not all in step, so that entries and markers differ.
			if lists[k] = (round+i+len(k))%2 == 0; lists[k] {
				pipe.RPush(ctx, k, "v")
				if f.life > 0 {
					pipe.PExpire(ctx, k, f.life)
				}
			} else {
				pipe.Set(ctx, k, "v", f.life)
			}
			f.flips.Add(1)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	for _, cmds := range looked {
		typ, _ := cmds[0].Text()
		pttl, _ := cmds[1].Int64()
		// A life that was given a few times over must not be mistaken: those of
		// the flippers and of the runs are hours apart.
		switch {
		case typ != "list":
			f.gone.Add(1)
		case f.life == 0 && pttl != -1, f.life > 0 && time.Duration(pttl)*time.Millisecond < f.life/2:
			f.moved.Add(1)
		}
	}
	return nil
}

// guards are the ways, and what the run's user may not do for a shard to take
// them.
var guards = []struct {
	way    way
	barred string
}{
	{byScript, ""},
	{byTransaction, "-eval"},
	{inTwoSteps, "-eval -multi"},
}

// barred makes the run a user who may not do what the words of ACL SETUSER say.
func barred(words string, more func(*farm, *cluster.Spec)) func(*farm, *cluster.Spec) {
	return asUser("run", func(f *farm, spec *cluster.Spec) {
		for _, c := range f.Clients {
			setUser(c, words)
		}
		if more != nil {
			more(f, spec)
		}
	})
}

// setUser changes the rights of the run's user.
func setUser(c *redis.Client, words string) {
	args := []any{"acl", "setuser", "run"}
	for word := range strings.FieldsSeq(words) {
		args = append(args, word)
	}
	c.Do(context.Background(), args...)
}

// stringWork is all that changes strings without reading them, and how long what
// it finds lives for the difference to be seen.
var stringWork = []struct {
	name string
	op   Operation
	life time.Duration
}{
	{"delete", &Delete{Command: "del-pattern"}, 0},
	{"persist", &Persist{}, 10 * time.Hour},
	{"expire", &Expire{TTL: time.Hour}, 0},
	{"expire with jitter", &Expire{TTL: time.Hour, Jitter: cluster.NewJitter(time.Hour)}, 0},
}

func TestWhatBecomesAnotherTypeIsLeftAlone(t *testing.T) {
	for _, guard := range guards[:2] {
		for _, work := range stringWork {
			t.Run(fmt.Sprint(guard.way, "/", work.name), func(t *testing.T) {
				f := newFarm(t, 1, "p", barred(guard.barred, nil))
				app := &flippers{client: f.Clients[0], life: work.life, keys: 2000}
				stop := app.start(t)
				var total Tally
				for range rounds(t, 2) {
					before := app.flips.Load()
					r := Run(context.Background(), f.Cluster, work.op, Options{})
					one := whole(t, r)
					total.add(&one)
					if s := &r.Shards[0]; fmt.Sprint(s.Ways) != fmt.Sprint([]string{guard.way.String()}) || s.Unguarded {
						t.Errorf("guarded by %q, unguarded %v", s.Ways, s.Unguarded)
					}
					for app.flips.Load() < before+int64(app.keys) {
						time.Sleep(time.Millisecond)
					}
				}
				stop()
				app.check(t)
				if total.Deleted+total.Changed == 0 || total.Skipped[ReasonNotAString] == 0 {
					t.Errorf("%+v", total)
				}
				if guard.way == byTransaction && total.Aborted == 0 {
					t.Errorf("nothing came in between: %+v", total)
				}
			})
		}
	}
}

// A right that a way needs is taken from the user in the middle of a run: each from
// some command, and with CACHERING_WHOLE from each.
func TestAnotherWayIsTakenInMidRun(t *testing.T) {
	type loss struct {
		name          string
		barred, taken string
		ways          []way
		ends          bool
		unguarded     bool
		work          int // of stringWork
	}
	var table []loss
	for _, c := range []loss{
		{"script, then transaction", "", "-eval", []way{byScript, byTransaction}, false, false, 0},
		{"script, then two steps", "-multi", "-eval", []way{byScript, inTwoSteps}, false, true, 0},
		{"transaction, which nothing stands for", "-eval", "-multi", []way{byTransaction}, true, false, 0},
		{"script, and all that stands for it", "", "-eval -watch", []way{byScript, byTransaction}, true, false, 0},
		{"what is to be done", "", "-unlink -persist -pexpire", []way{byScript, byTransaction}, true, false, 0},
	} {
		for c.work = range stringWork {
			table = append(table, c)
		}
	}
	for _, c := range trials.Cover(t, table, func(c loss) []string { return []string{c.name, fmt.Sprint(c.ends, c.work)} }) {
		work := stringWork[c.work]
		t.Run(c.name+"/"+work.name, func(t *testing.T) {
			var f *farm
			f = newFarm(t, 1, "p", barred(c.barred, paging(t, func(page int) {
				if page == 4 {
					setUser(f.Clients[0], c.taken)
				}
			})))
			app := &flippers{client: f.Clients[0], life: work.life, keys: 400}
			const n = 6000
			f.Fill(t, "p", n, 10)
			stop := app.start(t)
			r := Run(context.Background(), f.Cluster, work.op, Options{})
			stop()
			s := &r.Shards[0]
			sum(t, &s.Tally)
			if !c.unguarded {
				app.check(t)
			}
			if fmt.Sprint(s.Ways) != fmt.Sprint(c.ways) || s.Unguarded != c.unguarded {
				t.Errorf("guarded by %q, want %q; unguarded %v", s.Ways, c.ways, s.Unguarded)
			}
			if c.ends != (s.Err != nil) {
				t.Errorf("error %v", s.Err)
			}
			if !c.ends && s.Skipped[ReasonNotAString]+s.Deleted+s.Changed+s.Unchanged < n {
				t.Errorf("%+v", s.Tally)
			}
		})
	}
}
