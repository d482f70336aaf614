package killtest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// The program is killed at random moments of del-pattern --backup, CACHERING_KILLS (3)
// times: every key that is gone is in the backup, and comes back as it was.
func TestWhatAKilledRunDeletedIsInItsBackup(t *testing.T) {
	t.Parallel()
	program, server, ctx := programtest.Build(t), redistest.RunT(t), context.Background()
	client := server.Client(1)
	const n = 8000
	config := filepath.Join(t.TempDir(), "cachering.toml")
	text := "[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nlocation = [\"10.0.0.1:6379\"]\n" +
		"[caches.default.options]\npython = \"3.12\"\ndb = 1\n[caches.default.dial]\n\"10.0.0.1:6379\" = \"" + server.Addr + "\"\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	state := func() map[string]string {
		all := map[string]string{}
		for from := 0; from < n; from += 1000 {
			gets, times := make([]*redis.StringCmd, 1000), make([]*redis.DurationCmd, 1000)
			_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for i := range gets {
					key := fmt.Sprintf(":1:k%d", from+i)
					gets[i], times[i] = p.Get(ctx, key), p.PExpireTime(ctx, key)
				}
				return nil
			})
			if err != nil && err != redis.Nil {
				t.Fatal(err)
			}
			for i := range gets {
				if gets[i].Err() == nil {
					all[fmt.Sprintf(":1:k%d", from+i)] = gets[i].Val() + " " + strconv.FormatInt(times[i].Val().Milliseconds(), 10)
				}
			}
		}
		return all
	}
	kills, random, partly := 3, trials.Rand(t), 0
	if many, err := strconv.Atoi(os.Getenv("CACHERING_KILLS")); err == nil {
		kills = many
	}
	for round := range kills {
		_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range n {
				p.Set(ctx, fmt.Sprintf(":1:k%d", i), strings.Repeat("v", i%200), time.Duration(i%2)*time.Hour)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		before := state()
		dir := filepath.Join(t.TempDir(), "b")
		run := exec.Command(program, "-c", config, "del-pattern", "k*", "--yes", "--quiet", "--backup", dir)
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		// From the first deletion on; so many of them take a fraction of a second.
		at := int64(random.IntN(n))
		for deadline := time.Now().Add(time.Minute); client.DBSize(ctx).Val() > at && time.Now().Before(deadline); {
			time.Sleep(100 * time.Microsecond)
		}
		_ = run.Process.Kill()
		_ = run.Wait()
		left := state()
		if len(left) > 0 && len(left) < n {
			partly++
		}
		restore := exec.Command(program, "-c", config, "restore", dir, "--partial", "--yes", "--quiet")
		if out, err := restore.CombinedOutput(); err != nil {
			t.Fatalf("round %d: %v: %s", round, err, out)
		}
		after, missing := state(), 0
		for key, was := range before {
			if after[key] != was {
				if missing++; missing < 4 {
					t.Errorf("round %d, %d left: %s: got %.30q, want %.30q", round, len(left), key, after[key], was)
				}
			}
		}
	}
	if partly == 0 {
		t.Errorf("no run was killed in its middle, of %d", kills)
	}
}

// backup and restore are killed at random moments, CACHERING_KILLS (2) times each: what
// is in a backup that was cut short is as it was, and a restore that is begun again
// brings back everything.
func TestBackupAndRestoreAreKilled(t *testing.T) {
	t.Parallel()
	program, random := programtest.Build(t), trials.Rand(t)
	flush := func(v *victim) {
		for _, c := range v.clients {
			c.FlushDB(context.Background())
		}
	}
	ours := func(all map[string]string) map[string]string {
		maps.DeleteFunc(all, func(key, _ string) bool { return !strings.Contains(key, " :1:k") })
		return all
	}
	for _, name := range []string{"backup", "restore"} {
		seed := random.Uint64()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			v := newVictim(t, program)
			v.fill(t)
			before := ours(v.exactly(t))
			whole := filepath.Join(t.TempDir(), "whole")
			v.whole(t, "backup", whole)
			kills, partly := 0, 0
			for want := trials.Count(t, "CACHERING_KILLS", 2); kills < want; {
				words := []string{"restore", whole, "--as-was"}
				dir := whole
				if name == "restore" {
					flush(v)
				} else {
					dir = filepath.Join(t.TempDir(), "b")
					words = []string{"backup", dir}
				}
				killed := v.killedOnce(t, random, words...)
				kills += killed
				if name == "backup" {
					if _, err := os.Lstat(filepath.Join(dir, "manifest.json")); err != nil {
						continue // it was killed before it began
					}
					flush(v)
					v.whole(t, "restore", dir, "--as-was", "--partial")
				}
				got := v.exactly(t)
				if 0 < len(got) && len(got) < len(before) {
					partly++
				}
				for key, is := range got {
					if before[key] != is {
						t.Fatalf("kill %d: %s: got %.50q, want %.50q", kills, key, is, before[key])
					}
				}
				if name == "restore" || killed == 0 {
					v.whole(t, "restore", dir, "--as-was")
					differ(t, fmt.Sprintf("kill %d", kills), v.exactly(t), before, nil)
				} else {
					v.whole(t, "restore", whole, "--as-was")
				}
			}
			t.Logf("%d kills, %d of them in the middle", kills, partly)
			if partly == 0 && kills > 20 {
				t.Error("no run was killed in its middle")
			}
		})
	}
}
