package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/scripts/trials"
)

// many is how many entries a test works on, CACHERING_ROUNDS times as many in a soak.
func many(t *testing.T) int { return 2000 * max(1, min(20, rounds(t, 1))) }

// fillOdd stores values of every kind under keys of every byte, and tells how many.
func (f *farm) fillOdd(t *testing.T) int {
	t.Helper()
	ctx := context.Background()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	values := []string{"", "0", "-42", "\x80\x05K\x01.", "\x1f\x8b\x08", "{\"a\": 1}", "*1\r\n$4\r\nPING\r\n", "\r\n", "\x00", string(all), strings.Repeat(string(all), 1024)}
	n := 0
	for i, value := range values {
		for j, key := range []string{string(all[:128]), string(all[128:]), "\r\n$3\r\n", "'\"\\ ", "\x00", strings.Repeat("k", 4000)} {
			key := fmt.Sprintf("p:1:k-%d-%s", i, key)
			life := time.Duration(0)
			if (i+j)%2 == 0 {
				life = time.Hour
			}
			if err := f.Clients[farmtest.HomeOf([]byte(key), 2)].Set(ctx, key, value, life).Err(); err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	return n
}

// What a run deleted is in its backup: restore, undo, and zstd with redis-cli alone
// bring back every value, every expiry and every marker.
func TestWhatARunDeletedComesBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	n := many(t)
	f.fillMoments(t, n)
	for i := 0; i < n; i += 10 {
		key := fmt.Sprintf("p:1:k%d", i)
		f.Clients[farmtest.HomeOf([]byte(key), 2)].Set(ctx, "__fresh__"+key, "1", time.Hour)
	}
	f.Client("p:1:list").LPush(ctx, "p:1:list", "x")
	odd := f.fillOdd(t)
	before := f.state(t)
	dir, w, end := keep(t)
	total := whole(t, Run(ctx, f.Cluster, &Delete{Command: "del-pattern"}, Options{Backup: w}))
	end()
	if total.Deleted != int64(n+odd) || total.Markers != int64((n+9)/10) || total.Skipped[ReasonNotAString] != 1 {
		t.Fatalf("%+v", total)
	}
	empty := func() {
		for _, c := range f.Clients {
			keys, err := c.Keys(ctx, "*[:_]k*").Result()
			if err != nil {
				t.Fatal(err)
			}
			for len(keys) > 0 {
				some := keys[:min(1000, len(keys))]
				keys = keys[len(some):]
				c.Del(ctx, some...)
			}
		}
	}
	a := back(t, dir)
	for _, undo := range []bool{false, true} {
		target := home(2)
		if undo {
			target = func(shard int, _ []byte) int { return shard }
		}
		r := Run(ctx, f.Cluster, &Restore{Archive: a, Undo: undo, Target: target}, Options{})
		if total := whole(t, r); total.Restored != int64(n+odd) || total.Markers != int64((n+9)/10) {
			t.Errorf("undo %v: %+v", undo, total)
		}
		sameState(t, f.state(t), before, 0)
		empty()
	}
	zstd, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("zstd is not installed")
	}
	f.Put(t, "p:1:k7", "newer")
	for i, file := range a.Files {
		script := `"$0" -tq "$1" && "$0" -dcq "$1" | redis-cli -s "$2" -n ` + strconv.Itoa(f.Shards()[i].DB()) + ` --pipe`
		out, err := exec.Command("sh", "-c", script, zstd, filepath.Join(dir, file.Name), f.Servers[i].Addr).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "errors: 0") {
			t.Fatalf("%v: %s", err, out)
		}
	}
	got := f.state(t)
	key := fmt.Sprint(farmtest.HomeOf([]byte("p:1:k7"), 2), " p:1:k7")
	if got[key] == before[key] {
		t.Error("an entry that exists was overwritten")
	}
	before[key] = got[key]
	sameState(t, got, before, 0)
}

// Undo of changed expiries, but where they were changed since.
func TestChangedExpiriesAreTakenBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, op := range map[string]Operation{"persist": &Persist{}, "expire": &Expire{TTL: 2 * time.Hour}, "expire at": &Expire{At: time.Now().Add(3 * time.Hour)},
		"expire with jitter": &Expire{TTL: 2 * time.Hour, Jitter: cluster.NewJitter(time.Hour)}} {
		f := newFarm(t, 1, "p", nil)
		f.fillMoments(t, 600)
		before := f.state(t)
		dir, w, end := keep(t)
		whole(t, Run(ctx, f.Cluster, op, Options{Backup: w}))
		end()
		f.Clients[0].PExpire(ctx, "p:1:k1", 5*time.Hour)
		f.Clients[0].Del(ctx, "p:1:k2")
		now := f.state(t)
		before["0 p:1:k1"] = now["0 p:1:k1"]
		delete(before, "0 p:1:k2")
		r := Run(ctx, f.Cluster, &Restore{Archive: back(t, dir), Undo: true, Target: func(int, []byte) int { return 0 }}, Options{})
		if total := whole(t, r); total.ChangedSince != 2 {
			t.Errorf("%s: %+v", name, total)
		}
		sameState(t, f.state(t), before, 0)
	}
}

// Sixteen writers go on while values are rewritten, the run is stopped and begun again,
// and both runs are taken back: what nobody else wrote is as it was, and nothing that
// somebody wrote since is lost.
func TestAReinsertIsTakenBackUnderLiveWriters(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for range rounds(t, 1) {
		f := newFarm(t, 2, "p", nil)
		const n = 4000
		f.fillMoments(t, n)
		before := f.state(t)
		random := trials.Rand(t)
		var mu sync.Mutex
		last := map[string]string{} // what the application wrote last, by key
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 16 {
			mine := rand.New(rand.NewPCG(random.Uint64(), 1))
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					case <-time.After(time.Duration(mine.IntN(3)) * time.Millisecond):
					}
					key := fmt.Sprintf("p:1:k%d", mine.IntN(n/2)) // the others are nobody's
					c := f.Clients[farmtest.HomeOf([]byte(key), 2)]
					value := fmt.Sprintf("new:%d", mine.Uint64())
					if i%3 == 0 {
						value = "old" + value[3:]
					}
					mu.Lock() // one writer a key at a time, so that it is known which was last
					if i%7 == 0 {
						c.Del(ctx, key)
						last[key] = ""
					} else {
						life := time.Duration(redis.KeepTTL) // of which only the value tells that it is another
						if i%2 == 0 {
							life = 4 * time.Hour
						}
						c.Set(ctx, key, value, life)
						last[key] = value
					}
					mu.Unlock()
				}
			})
		}
		var dirs []string
		for i := range 2 {
			dir, w, end := keep(t)
			halt := make(chan struct{})
			o := Options{Backup: w, Stop: halt, Batch: []int{1, 32, 7}[random.IntN(3)]}
			if i == 0 {
				o.Rate = 4000
				time.AfterFunc(time.Duration(random.IntN(300))*time.Millisecond, func() { close(halt) })
			}
			Run(ctx, f.Cluster, reinsert(), o)
			end()
			dirs = append(dirs, dir)
		}
		undo := func() {
			for i := len(dirs) - 1; i >= 0; i-- {
				r := Run(ctx, f.Cluster, &Restore{Archive: back(t, dirs[i]), Undo: true, Target: func(shard int, _ []byte) int { return shard }}, Options{})
				whole(t, r)
			}
		}
		undo()
		close(stop)
		wg.Wait()
		got := f.state(t)
		lost := 0
		for key, value := range last {
			stored := fmt.Sprint(farmtest.HomeOf([]byte(key), 2), " ", key)
			is, _, _ := strings.Cut(got[stored], " ")
			// A value that the run found may have been rewritten by it, and not be back:
			// what the application wrote is there in one of the two codecs.
			if strings.TrimPrefix(is, "new") != strings.TrimPrefix(strings.TrimPrefix(value, "old"), "new") && strings.TrimPrefix(is, "old") != strings.TrimPrefix(value, "old") {
				if lost++; lost < 4 {
					t.Errorf("%s: the application wrote %q last, and there is %q", key, value, is)
				}
			}
		}
		for key, is := range before {
			_, name, _ := strings.Cut(key, " ")
			if _, written := last[name]; !written && got[key] != is {
				if lost++; lost < 4 {
					t.Errorf("%s: is %.40q, and was %.40q", key, got[key], is)
				}
			}
		}
	}
}

// Where the backup cannot be written nothing is changed any more.
func TestWhatCannotBeKeptIsNotChanged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, op := range map[string]Operation{"del-pattern": &Delete{Command: "del-pattern"}, "reinsert": reinsert(), "persist": &Persist{}} {
		f := newFarm(t, 2, "p", nil)
		f.fillMoments(t, 3000)
		before := f.state(t)
		dir, w, _ := keep(t)
		if name == "persist" {
			w.Close(false, nil) // no segment can be begun
		} else {
			time.AfterFunc(20*time.Millisecond, func() { w.Close(false, nil) }) // nothing can be put from then on
		}
		r := Run(ctx, f.Cluster, op, Options{Backup: w, Rate: 5000, Batch: 10})
		if r.Ended != EndNotWritable {
			t.Errorf("%s: ended %s", name, r.Ended)
		}
		total := r.Total()
		a, err := archive.Open(dir, true)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		stored := map[string]bool{}
		for _, file := range a.Files {
			err := file.Check(ctx, true, func(e *archive.Entry) error {
				stored[fmt.Sprint(file.Shard, " ", string(e.Key))] = true
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		got := f.state(t)
		changed := 0
		for key, is := range before {
			if got[key] == is {
				continue
			}
			changed++
			if !stored[key] {
				t.Errorf("%s: %s was changed, and is not in the backup", name, key)
			}
		}
		if int64(changed) != total.Deleted+total.Rewritten+total.Changed || changed == 3000 {
			t.Errorf("%s: %d changed: %+v", name, changed, total)
		}
	}
}
