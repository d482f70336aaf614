package killtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/programtest"
	"cachering/scripts/trials"
)

// exactly is every string with the moment it expires.
func (v *victim) exactly(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	all := make(map[string]string)
	for i, c := range v.clients {
		keys := c.Keys(ctx, "*").Val()
		gets, times := make([]*redis.StringCmd, len(keys)), make([]*redis.DurationCmd, len(keys))
		pipe := c.Pipeline()
		for n, key := range keys {
			gets[n], times[n] = pipe.Get(ctx, key), pipe.PExpireTime(ctx, key)
		}
		if _, err := pipe.Exec(ctx); err != nil && err != redis.Nil && !strings.HasPrefix(err.Error(), "WRONGTYPE") {
			t.Fatal(err)
		}
		for n, key := range keys {
			if gets[n].Err() == nil {
				all[fmt.Sprint(i, " ", key)] = gets[n].Val() + " " + strconv.FormatInt(times[n].Val().Milliseconds(), 10)
			}
		}
	}
	return all
}

// differ says in what keys differ, of which those that others wrote are not looked at.
func differ(t *testing.T, when string, got, want map[string]string, others map[string]string) {
	t.Helper()
	n := 0
	for key, was := range want {
		if _, written := others[key]; !written && got[key] != was {
			if n++; n < 4 {
				t.Errorf("%s: %s: got %.50q, want %.50q", when, key, got[key], was)
			}
		}
	}
	if n > 0 {
		t.Errorf("%s: %d keys of %d", when, n, len(want))
	}
}

// application writes to every second key of a victim, and deletes some.
type application struct {
	stop chan struct{}
	wg   sync.WaitGroup
	last []map[string]string // what each goroutine wrote last; "" where it deleted
}

func (v *victim) write(random *rand.Rand) *application {
	a := &application{stop: make(chan struct{})}
	ctx := context.Background()
	const writers = 8
	for w := range writers {
		mine, last := rand.New(rand.NewPCG(random.Uint64(), 0)), map[string]string{}
		a.last = append(a.last, last)
		a.wg.Go(func() {
			for {
				select {
				case <-a.stop:
					return
				case <-time.After(time.Duration(mine.IntN(4)) * time.Millisecond):
				}
				i, n := mine.IntN(len(v.clients)), 2*(w+writers*mine.IntN(killedKeys/2/writers))
				key := fmt.Sprintf(":1:k%d-%d", i, n)
				value := fmt.Sprintf("Vnew-%d\np0\n.", mine.Uint64())
				var err error
				if mine.IntN(7) == 0 {
					value, err = "", v.clients[i].Del(ctx, key).Err()
				} else {
					life := time.Duration(redis.KeepTTL) // of which only the value tells that it is another
					if mine.IntN(2) == 0 {
						life = 4 * time.Hour
					}
					err = v.clients[i].Set(ctx, key, value, life).Err()
				}
				if err == nil {
					last[fmt.Sprint(i, " ", key)] = value
				}
			}
		})
	}
	return a
}

// end ends the writing and tells what was written last.
func (a *application) end() map[string]string {
	close(a.stop)
	a.wg.Wait()
	all := map[string]string{}
	for _, last := range a.last {
		for key, value := range last {
			all[key] = value
		}
	}
	return all
}

// A run with --backup and --checkpoint is killed and goes on, again and again, in one
// backup: what it changed is taken back, and nothing that the application wrote
// meanwhile is lost. CACHERING_KILLS (2) of each.
func TestAKilledRunGoesOnInItsBackup(t *testing.T) {
	t.Parallel()
	program, random := programtest.Build(t), trials.Rand(t)
	for name, words := range map[string][]string{
		"reinsert":    {"reinsert", "--to", "5"},
		"del-pattern": {"del-pattern", "k*"},
	} {
		seed := random.Uint64()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			v := newVictim(t, program)
			kills, resumed, rounds := 0, 0, 0
			for want := trials.Count(t, "CACHERING_KILLS", 2); kills < want; {
				v.fill(t)
				before := v.exactly(t)
				at := t.TempDir()
				kept := append(words, "--checkpoint", filepath.Join(at, "run.state"), "--backup", filepath.Join(at, "dir"))
				var live *application
				if name == "reinsert" {
					live = v.write(random)
				}
				killed := v.killed(t, random, kept)
				kills += killed
				if text, _ := os.ReadFile(filepath.Join(at, "run.state")); !strings.Contains(string(text), `"complete":true`) {
					if v.whole(t, kept...).Resumed {
						resumed++
					}
				}
				when := fmt.Sprintf("round %d, killed %d times", rounds, killed)
				rounds++
				files, err := filepath.Glob(filepath.Join(at, "dir", "*"))
				if len(files) < 3 || err != nil {
					t.Fatalf("%s: %q, %v", when, files, err)
				}
				if out, err := v.command("restore", filepath.Join(at, "dir"), "--verify").CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", when, err, out)
				}
				if live == nil {
					v.whole(t, "restore", filepath.Join(at, "dir"), "--as-was")
					differ(t, when, v.exactly(t), before, nil)
					continue
				}
				v.whole(t, "restore", filepath.Join(at, "dir"), "--undo")
				last, got := live.end(), v.exactly(t)
				differ(t, when, got, before, last)
				lost := 0
				for key, value := range last {
					is := got[key]
					if i := strings.LastIndexByte(is, ' '); i >= 0 {
						is = is[:i]
					}
					if is != value {
						if lost++; lost < 4 {
							t.Errorf("%s: %s: the application wrote %q last, and there is %q", when, key, value, is)
						}
					}
				}
			}
			t.Logf("%d kills in %d rounds, of which %d went on", kills, rounds, resumed)
			if resumed == 0 && kills > 20 {
				t.Error("no run went on")
			}
		})
	}
}
