package killtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// other adds the cache next to a victim, into which its entries can go, and is what holds
// that: two servers of another library, serializer and prefix.
func (v *victim) other(t *testing.T) *victim {
	t.Helper()
	next := &victim{program: v.program, config: v.config}
	dial := ""
	for i := range 2 {
		s := redistest.RunT(t)
		next.clients = append(next.clients, s.Client(1))
		dial += fmt.Sprintf("%q = %q\n", fmt.Sprintf("redis://10.0.1.%d:6379/1", i+1), s.Addr)
	}
	text, err := os.ReadFile(v.config)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, `
[caches.next]
backend    = "django_redis.cache.RedisCache"
release    = "5.4.0"
key_prefix = "next"
location   = ["redis://10.0.1.1:6379/1", "redis://10.0.1.2:6379/1"]
options    = { client_class = "django_redis.client.ShardClient", serializer = "json" }
[caches.next.dial]
`+dial...)
	if err := os.WriteFile(v.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return next
}

// killedAt starts a run and kills it once so many keys are in the other cache. It tells how
// often it was there to be killed.
func (v *victim) killedAt(t *testing.T, into *victim, keys int, words []string) (kills int) {
	t.Helper()
	cmd := v.command(append(slices.Clone(words), "--rate", "5000")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	deadline := time.After(time.Minute)
	for there := int64(-1); there < int64(keys); {
		select {
		case <-ended:
			return 0
		case <-deadline:
			t.Errorf("%d keys after a minute", there)
			there = int64(keys)
		case <-time.After(200 * time.Microsecond):
			there = 0
			for _, c := range into.clients {
				there += c.DBSize(t.Context()).Val()
			}
		}
	}
	_ = cmd.Process.Kill()
	<-ended
	if !cmd.ProcessState.Exited() {
		kills++
	}
	return kills
}

// halfway says what is wrong with two caches between which a run was killed: an entry that
// is in neither, or that is not in the other as it is to be in the end. The source is
// looked at first, so that what a server is still at moves towards where it is looked for.
func halfway(t *testing.T, when string, from, into *victim, before, copied map[string]string) (partly bool) {
	t.Helper()
	left, there := from.holds(t), into.holds(t)
	for key, is := range there {
		if copied[key] != is {
			t.Errorf("%s: %s: got %.50q, want %.50q", when, key, is, copied[key])
		}
	}
	names := make(map[string]bool, len(there))
	for key := range there {
		_, key, _ = strings.Cut(key, " next")
		names[key] = true
	}
	for key, was := range before {
		_, name, _ := strings.Cut(key, " ")
		if is, ok := left[key]; ok && is != was || !ok && !names[name] {
			t.Errorf("%s: %s: got %.50q, want %.50q or a copy", when, key, is, was)
		}
	}
	return len(there) > 0 && len(there) < len(copied)
}

// A migrate that is killed has lost nothing at any moment, and what is begun again ends as
// one that nobody killed. It is killed CACHERING_KILLS (1) times in each way.
func TestAKilledMigrateGoesOn(t *testing.T) {
	t.Parallel()
	program, random := programtest.Build(t), trials.Rand(t)
	for name, flags := range map[string][]string{
		"copy":                      nil,
		"copy, checkpoint":          {"--checkpoint"},
		"delete-source":             {"--delete-source"},
		"delete-source, checkpoint": {"--delete-source", "--checkpoint"},
		"replace, checkpoint":       {"--existing", "replace", "--checkpoint"},
	} {
		seed := random.Uint64()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			v := newVictim(t, program)
			into := v.other(t)
			begin := func() {
				v.fill(t)
				for _, c := range into.clients {
					if err := c.FlushDB(t.Context()).Err(); err != nil {
						t.Fatal(err)
					}
				}
			}
			words := append([]string{"migrate", "--to", "next", "--match", "k*"}, flags...)
			points := slices.Contains(flags, "--checkpoint")
			if points {
				words = words[:len(words)-1]
			}
			begin()
			before := v.holds(t)
			alone := v.whole(t, words...)
			source, target := v.holds(t), into.holds(t)
			// About every second key is where the ring of the source looks for it.
			if n := len(target); n < killedKeys/2 || int64(n) != alone.Total.Copied {
				t.Fatalf("%d keys, %+v", n, alone)
			}
			resumed, partly := 0, 0
			for trial, kills := 0, 0; kills < trials.Count(t, "CACHERING_KILLS", 1); trial++ {
				begin()
				file, kept := filepath.Join(t.TempDir(), "run.state"), words
				if points {
					kept = append(slices.Clone(words), "--checkpoint", file)
				}
				killed := 0
				for range 1 + random.IntN(2) {
					killed += v.killedAt(t, into, random.IntN(len(target)), kept)
				}
				kills += killed
				when := fmt.Sprintf("trial %d, killed %d times", trial, killed)
				if halfway(t, when, v, into, before, target) {
					partly++
				}
				if text, _ := os.ReadFile(file); strings.Contains(string(text), `"complete":true`) {
					continue // the run was over
				}
				r := v.whole(t, kept...)
				if got := v.holds(t); !maps.Equal(got, source) {
					t.Errorf("%s: %d keys, %d keys at the source, and not the same", when, len(got), len(source))
				}
				if got := into.holds(t); !maps.Equal(got, target) {
					t.Errorf("%s: %d keys, %d keys at the target, and not the same", when, len(got), len(target))
				}
				if r.Resumed {
					resumed++
				}
				if points {
					movedSums(t, when, alone, r)
				} else if r.Ended != "done" || r.Total.Copied+r.Total.Kept > alone.Total.Copied {
					t.Errorf("%s: %+v", when, r)
				}
			}
			t.Logf("%d were killed in the middle, %d went on", partly, resumed)
		})
	}
}

// movedSums is sums for what goes into another cache: each entry is copied or was there.
func movedSums(t *testing.T, when string, alone, r *killedReport) {
	t.Helper()
	var uncounted int64
	if r.Uncounted != nil {
		uncounted = *r.Uncounted
	}
	a, b := &alone.Total, &r.Total
	there := b.Copied + b.Kept
	switch {
	case r.Ended != "done" || len(b.Failed) > 0 || !maps.Equal(a.Skipped, b.Skipped):
		t.Errorf("%s: %+v, want %+v", when, r, alone)
	case there > a.Copied || there+uncounted < a.Copied:
		t.Errorf("%s: %d copied or there, and %d at most, of %d", when, there, uncounted, a.Copied)
	case b.Deleted > a.Deleted || b.Deleted+uncounted < a.Deleted:
		t.Errorf("%s: %d deleted, and %d at most, of %d", when, b.Deleted, uncounted, a.Deleted)
	}
}
