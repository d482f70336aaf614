// Package killtest kills the program in the middle of its work and looks what the next run makes of it.
package killtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// victim is a cache of two servers, and the program.
type victim struct {
	program, config string
	clients         []*redis.Client
}

const killedKeys = 3000 // on each server, for the run

func newVictim(t *testing.T, program string) *victim {
	t.Helper()
	v := &victim{program: program, config: filepath.Join(t.TempDir(), "cachering.toml")}
	text := `[caches.default]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
options  = { python = "3.12" }
[caches.default.dial]
`
	for i := range 2 {
		s := redistest.RunT(t)
		v.clients = append(v.clients, s.Client(1))
		text += fmt.Sprintf("%q = %q\n", fmt.Sprintf("10.0.0.%d:6379", i+1), s.Addr)
	}
	if err := os.WriteFile(v.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return v
}

// fill empties the servers and stores what a run is for, and some that it is not for.
func (v *victim) fill(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for i, c := range v.clients {
		pipe := c.Pipeline()
		pipe.Do(ctx, "flushdb")
		for n := range killedKeys {
			ttl := time.Duration(n%3) * time.Hour
			pipe.Set(ctx, fmt.Sprintf(":1:k%d-%d", i, n), fmt.Sprintf("Vvalue-%d\np0\n.", n), ttl)
		}
		for n := range 100 {
			pipe.Set(ctx, fmt.Sprintf("p:1:k-%d", n), "Vother\np0\n.", 0)
			pipe.RPush(ctx, fmt.Sprintf(":1:klist-%d", n), "x")
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// holds is every key with its value and, in hours, its time to live. It waits for the end
// of a key by which a run that was killed had a server show that it guards what is written.
func (v *victim) holds(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	all := make(map[string]string)
	for i, c := range v.clients {
		pipe := c.Pipeline()
		for deadline := time.Now().Add(time.Minute); len(c.Keys(ctx, "*does this server guard it?*").Val()) > 0; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the key of a proof lives for more than its second")
			}
		}
		keys := c.Keys(ctx, "*").Val()
		var values []*redis.StringCmd
		var lives []*redis.DurationCmd
		for _, key := range keys {
			values = append(values, pipe.Get(ctx, key))
			lives = append(lives, pipe.PTTL(ctx, key))
		}
		if _, err := pipe.Exec(ctx); err != nil && !strings.HasPrefix(err.Error(), "WRONGTYPE") {
			t.Fatal(err)
		}
		for n, key := range keys {
			all[fmt.Sprint(i, " ", key)] = fmt.Sprintf("%q, %v", values[n].Val(), lives[n].Val().Round(time.Hour))
		}
	}
	return all
}

// report is what is read of the JSON of a run.
type killedReport struct {
	Ended     string `json:"ended"`
	Resumed   bool   `json:"resumed"`
	Uncounted *int64 `json:"uncounted_at_most"`
	Shards    []struct {
		Anew string `json:"started_anew"`
	} `json:"shards"`
	Total struct {
		Scanned   int64            `json:"scanned"`
		Rewritten int64            `json:"rewritten"`
		Unchanged int64            `json:"unchanged"`
		Deleted   int64            `json:"deleted"`
		Changed   int64            `json:"changed"`
		Copied    int64            `json:"copied"`
		Kept      int64            `json:"kept"`
		Skipped   map[string]int64 `json:"skipped"`
		Failed    map[string]int64 `json:"failed"`
	} `json:"total"`
}

func (v *victim) command(words ...string) *exec.Cmd {
	global := []string{"-c", v.config, "--json", "--quiet"}
	if words[0] != "backup" { // which asks nothing
		global = append(global, "--yes")
	}
	return exec.Command(v.program, append(global, words...)...)
}

// killed is killedOnce, once or twice.
func (v *victim) killed(t *testing.T, random *rand.Rand, words []string) (kills int) {
	t.Helper()
	for range 1 + random.IntN(2) {
		kills += v.killedOnce(t, random, words...)
	}
	return kills
}

// killedOnce starts a run and kills it at a random moment of the second that it takes. It
// tells how often it was there to be killed.
func (v *victim) killedOnce(t *testing.T, random *rand.Rand, words ...string) (kills int) {
	t.Helper()
	cmd := v.command(append(slices.Clone(words), "--rate", "5000")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(random.IntN(1300)) * time.Millisecond) // the moment, by chance
	cmd.Process.Kill()
	if cmd.Wait(); !cmd.ProcessState.Exited() {
		kills++
	}
	return kills
}

// whole runs the program to its end.
func (v *victim) whole(t *testing.T, words ...string) *killedReport {
	t.Helper()
	out, err := v.command(words...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("%v\n%s\n%s", err, out, exit.Stderr)
	}
	r := new(killedReport)
	if err := json.Unmarshal(out, r); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return r
}

// A program that is killed at any moment, and once more when it goes on, has left
// nothing out in the end, and what it counted twice or not at all is no more than it
// says. It is killed CACHERING_KILLS (4) times.
func TestAProgramThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	program := programtest.Build(t)
	random := trials.Rand(t)
	for name, words := range map[string][]string{
		"reinsert":    {"reinsert", "--to", "5"},
		"del-pattern": {"del-pattern", "k*"},
		"expire":      {"expire", "--match", "k*", "--ttl", "9h"},
	} {
		seed := random.Uint64()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			v := newVictim(t, program)
			v.fill(t)
			alone := v.whole(t, words...)
			want := v.holds(t)
			resumed := 0
			for trial, kills := 0, 0; kills < trials.Count(t, "CACHERING_KILLS", 4); trial++ {
				v.fill(t)
				file := filepath.Join(t.TempDir(), "run.state")
				kept := append(words, "--checkpoint", file)
				kills += v.killed(t, random, kept)
				if text, _ := os.ReadFile(file); strings.Contains(string(text), `"complete":true`) {
					continue // the run was over
				}
				r := v.whole(t, kept...)
				if got := v.holds(t); !maps.Equal(got, want) {
					t.Errorf("trial %d: %d keys, %d keys, and not the same", trial, len(got), len(want))
				}
				v.sums(t, trial, alone, r)
				if r.Resumed {
					resumed++
				}
				text, err := os.ReadFile(file)
				if err != nil || !strings.Contains(string(text), `"complete":true`) {
					t.Errorf("%s, %v", text, err)
				}
				if names, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(names) > 0 {
					t.Errorf("left behind: %q", names)
				}
			}
			t.Logf("%d runs went on after kills", resumed)
		})
	}
}

// sums compares the sum of a run that was killed with that of one that was not.
func (v *victim) sums(t *testing.T, trial int, alone, r *killedReport) {
	t.Helper()
	var uncounted int64
	if r.Uncounted != nil {
		uncounted = *r.Uncounted
	}
	a, b := &alone.Total, &r.Total
	did, all := b.Rewritten+b.Deleted+b.Changed, a.Rewritten+a.Deleted+a.Changed
	switch {
	case r.Ended != "done" || r.Shards[0].Anew+r.Shards[1].Anew != "":
		t.Errorf("trial %d: %+v", trial, r)
	case did > all || did+uncounted < all:
		t.Errorf("trial %d: %d, and %d at most, of %d", trial, did, uncounted, all)
	case !maps.Equal(a.Skipped, b.Skipped) || !maps.Equal(a.Failed, b.Failed):
		t.Errorf("trial %d: %+v, want %+v", trial, b, a)
	case a.Deleted == 0 && (b.Scanned != a.Scanned || b.Unchanged-a.Unchanged != all-did):
		t.Errorf("trial %d: %+v, want %+v", trial, b, a)
	}
}
