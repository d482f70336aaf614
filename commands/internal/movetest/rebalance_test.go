// Package movetest has the program bring entries home after rings changed, among
// applications of both configurations, and kills it.
package movetest

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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/config"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// movers are servers, and configurations of one cache on some of them.
type movers struct {
	program string
	dir     string
	servers []*redistest.Server
	clients []*redis.Client
}

// twoLogins lets servers in by either of two passwords.
const twoLogins = "user default on >one >two ~* &* +@all"

func newMovers(t *testing.T, program string, n int, lines ...string) *movers {
	t.Helper()
	m := &movers{program: program, dir: t.TempDir()}
	for range n {
		s := redistest.RunT(t, lines...)
		o := s.Options(1)
		if len(lines) > 0 {
			o.Password = "one"
		}
		c := redis.NewClient(o)
		t.Cleanup(func() { c.Close() })
		m.servers, m.clients = append(m.servers, s), append(m.clients, c)
	}
	return m
}

// layout is what of a configuration decides where keys are. In a location N stands for
// the place of a server.
type layout struct {
	backend, release string
	options          string
	location         []string
}

// sharded is a layout of django-redis-cache on the first n servers.
func sharded(release string, n int) layout {
	l := layout{backend: "redis_cache.ShardedRedisCache", release: release, options: `python = "3.12"`}
	for i := range n {
		l.location = append(l.location, fmt.Sprintf("10.0.0.%d:6379", i+1))
	}
	return l
}

// write writes a configuration, and returns its path.
func (m *movers) write(t *testing.T, name string, l layout) string {
	t.Helper()
	list, _ := json.Marshal(l.location)
	text := fmt.Sprintf("[caches.default]\nbackend = %q\nlocation = %s\n", l.backend, list)
	if l.release != "" {
		text += fmt.Sprintf("release = %q\n", l.release)
	}
	text += "[caches.default.options]\n" + l.options + "\n[caches.default.dial]\n"
	for i, s := range m.servers {
		if addr := fmt.Sprintf("10.0.0.%d:6379", i+1); strings.Contains(string(list), addr) {
			text += fmt.Sprintf("%q = %q\n", addr, s.Addr)
		}
	}
	path := filepath.Join(m.dir, name+".toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// home is where the application of a configuration looks for a stored key: the place of
// the server.
func (m *movers) home(t *testing.T, path string) func(stored string) int {
	t.Helper()
	file, err := config.Load(config.Source{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := file.Cache("")
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, s := range m.servers {
		at[s.Addr] = i
	}
	return func(stored string) int {
		i, err := cache.Place.Home(cache.Keyspace, []byte(stored))
		if err != nil {
			t.Error(err)
		}
		return at[cache.Endpoint(i).Addr]
	}
}

// fill stores n keys where an application looks for them.
func (m *movers) fill(t *testing.T, home func(string) int, n int) {
	t.Helper()
	ctx := context.Background()
	pipes := make([]redis.Pipeliner, len(m.clients))
	for i, c := range m.clients {
		c.FlushDB(ctx)
		pipes[i] = c.Pipeline()
	}
	for i := range n {
		key := fmt.Sprintf(":1:user:%d", i)
		pipes[home(key)].Set(ctx, key, fmt.Sprintf("Vvalue-%d%s\np0\n.", i, strings.Repeat("x", i%300)), time.Duration(i%3)*(time.Hour+time.Duration(i)*time.Millisecond))
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// exactly is each key with its value and expiry; homes counts those that are where an
// application looks for them, copies all.
func (m *movers) exactly(t *testing.T, home func(string) int) (all map[string]string, homes, copies int) {
	t.Helper()
	ctx := context.Background()
	all = map[string]string{}
	for i, c := range m.clients {
		keys := slices.DeleteFunc(c.Keys(ctx, "*").Val(), func(key string) bool { return strings.Contains(key, "does this server guard it?") })
		if len(keys) == 0 {
			continue
		}
		gets, times := make([]*redis.StringCmd, len(keys)), make([]*redis.DurationCmd, len(keys))
		if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for n, key := range keys {
				gets[n], times[n] = p.Get(ctx, key), p.PExpireTime(ctx, key)
			}
			return nil
		}); err != nil && err != redis.Nil {
			t.Fatal(err)
		}
		for n, key := range keys {
			if gets[n].Err() != nil { // it went meanwhile
				continue
			}
			copies++
			is := gets[n].Val() + " " + strconv.FormatInt(times[n].Val().Milliseconds(), 10)
			if home(key) == i {
				homes++
				all[key] = is
			} else if _, there := all[key]; !there {
				all[key] = is
			}
		}
	}
	return all, homes, copies
}

// do runs the program with a configuration and wants an exit code. It returns what was
// printed.
func (m *movers) do(t *testing.T, code int, config string, words ...string) string {
	t.Helper()
	cmd := exec.Command(m.program, append([]string{"-c", config, "--json", "--quiet"}, words...)...)
	out, err := cmd.Output()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
		out = append(out, exit.Stderr...)
	} else if err != nil {
		t.Fatal(err)
	}
	if got != code {
		t.Fatalf("%q: exit code %d, want %d\n%s", words, got, code, out)
	}
	return string(out)
}

// moved is the total of a report of rebalance.
type moved struct {
	Scanned, Moved, Kept, Replaced, Conflict, Expired, Clock int64
	StrayRemoved                                             int64 `json:"stray_removed"`
	ChangedAtTarget                                          int64 `json:"changed_at_target"`
	Skipped, Failed                                          map[string]int64
}

func total(t *testing.T, text string) moved {
	t.Helper()
	var doc struct{ Total moved }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return doc.Total
}

// After every change that moves keys check counts what ring diff had foretold, and after
// rebalance it finds nothing, with every value and expiry as it was.
func TestRebalanceAfterEveryChange(t *testing.T) {
	t.Parallel()
	program := programtest.Build(t)
	respelled := sharded("3.0.1", 3)
	for i := range respelled.location {
		respelled.location[i] = "redis://" + respelled.location[i] + "/1"
	}
	dredis := layout{backend: "dredis_cache.RedisCache", options: "db = 1", location: []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"}}
	reordered := dredis
	reordered.location = []string{"10.0.0.2:6379", "10.0.0.3:6379", "10.0.0.1:6379"}
	password := func(word string) layout {
		l := layout{backend: "django_redis.cache.RedisCache", release: "5.4.0", options: "client_class = \"django_redis.client.ShardClient\"\npython = \"3.12\""}
		for i := range 3 {
			l.location = append(l.location, fmt.Sprintf("redis://:%s@10.0.0.%d:6379/1", word, i+1))
		}
		return l
	}
	for name, tt := range map[string]struct {
		was, is layout
		lines   []string
	}{
		"four to five":     {sharded("3.0.1", 4), sharded("3.0.1", 5), nil},
		"five to four":     {sharded("3.0.1", 5), sharded("3.0.1", 4), nil},
		"another spelling": {sharded("3.0.1", 3), respelled, nil},
		"another release":  {sharded("1.8.1", 3), sharded("3.0.1", 3), nil},
		"another order":    {dredis, reordered, nil},
		"another password": {password("one"), password("two"), []string{twoLogins}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMovers(t, program, max(len(tt.was.location), len(tt.is.location)), tt.lines...)
			was, is := m.write(t, "was", tt.was), m.write(t, "is", tt.is)
			wasHome, isHome := m.home(t, was), m.home(t, is)
			m.fill(t, wasHome, 1000)
			var diff struct{ Moved int64 }
			if err := json.Unmarshal([]byte(m.do(t, 4, was, "ring", "diff", "--to-config", is)), &diff); err != nil || diff.Moved < 50 {
				t.Fatalf("%+v, %v", diff, err)
			}
			before, _, _ := m.exactly(t, isHome)
			if len(tt.is.location) >= len(tt.was.location) { // else check does not see the server that left
				if n := strings.Count(m.do(t, 4, is, "check"), `"finding":"misplaced"`); int64(n) != diff.Moved {
					t.Errorf("check finds %d, ring diff foretold %d", n, diff.Moved)
				}
			}
			got := total(t, m.do(t, 0, is, "rebalance", "--from-config", was, "--yes"))
			if got.Moved != diff.Moved || got.Scanned != diff.Moved {
				t.Errorf("%+v, ring diff foretold %d", got, diff.Moved)
			}
			m.do(t, 0, is, "check")
			after, homes, copies := m.exactly(t, isHome)
			if homes != 1000 || copies != 1000 || !maps.Equal(before, after) {
				t.Errorf("%d at home, %d copies, of 1000; the same: %v", homes, copies, maps.Equal(before, after))
			}
			if again := total(t, m.do(t, 0, is, "rebalance", "--from-config", was, "--yes")); again.Scanned != 0 {
				t.Errorf("a further run: %+v", again)
			}
		})
	}
}

// Back to four servers after five: what the time with five left at the old places is older
// or newer than what is there, as is said.
func TestRebalanceBackAgain(t *testing.T) {
	t.Parallel()
	program := programtest.Build(t)
	for existing, want := range map[string]string{"keep": "four", "later": "newest", "replace": "five"} {
		t.Run(existing, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			m := newMovers(t, program, 5)
			four, five := m.write(t, "four", sharded("3.0.1", 4)), m.write(t, "five", sharded("3.0.1", 5))
			at4, at5 := m.home(t, four), m.home(t, five)
			newest := map[string]string{}
			n := 0
			for i := range 600 {
				key := fmt.Sprintf(":1:user:%d", i)
				if at4(key) == at5(key) {
					continue
				}
				// With one timeout the later write expires later.
				early, late := time.Hour, 2*time.Hour
				if newest[key] = "five"; n%2 == 0 {
					early, late, newest[key] = late, early, "four"
				}
				n++
				m.clients[at4(key)].Set(ctx, key, "four", early)
				m.clients[at5(key)].Set(ctx, key, "five", late)
			}
			var refused struct {
				Refused string
				Keys    int
			}
			out := m.do(t, 5, four, "rebalance", "--from-config", five, "--yes")
			if err := json.Unmarshal([]byte(strings.SplitAfter(out, "}\n")[0]), &refused); err != nil || refused.Refused != "both_differ" || refused.Keys != n {
				t.Errorf("%+v of %d, %v", refused, n, err)
			}
			got := total(t, m.do(t, 0, four, "rebalance", "--from-config", five, "--existing", existing, "--yes"))
			if got.Kept+got.Replaced != int64(n) {
				t.Errorf("of %d: %+v", n, got)
			}
			all, homes, copies := m.exactly(t, at4)
			if homes != n || copies != n {
				t.Errorf("%d at home, %d copies, of %d", homes, copies, n)
			}
			for key, is := range all {
				value, _, _ := strings.Cut(is, " ")
				if right := strings.Replace(want, "newest", newest[key], 1); value != right {
					t.Errorf("%s: %s, want %s", key, value, right)
				}
			}
			if again := total(t, m.do(t, 0, four, "rebalance", "--from-config", five, "--yes")); again.Scanned != 0 {
				t.Errorf("a further run: %+v", again)
			}
		})
	}
}

// A shard is added while applications work: the old one before the deploy, both while its
// workers go, the new one after. No update of the new one is lost, nobody who asks where
// an application looks finds nothing, and in the end every key is once where it belongs.
func TestRebalanceRecipe(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	m := newMovers(t, programtest.Build(t), 5)
	old, now := m.write(t, "old", sharded("3.0.1", 4)), m.write(t, "new", sharded("3.0.1", 5))
	at4, at5 := m.home(t, old), m.home(t, now)
	const n = 800
	m.fill(t, at4, n)
	journal := filepath.Join(m.dir, "journal")
	keep := []string{"rebalance", "--from-config", old, "--keep-source", "--journal", journal, "--yes"}

	// Each worker has keys of its own; what it wrote last is known.
	last := make([]map[string]string, 4)
	var wg sync.WaitGroup
	work := func(worker int, at func(string) int, stop *atomic.Bool) (writes *atomic.Int64) {
		writes, last[worker] = new(atomic.Int64), map[string]string{}
		random := rand.New(rand.NewPCG(uint64(worker), 1))
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				key := fmt.Sprintf(":1:user:%d", random.IntN(n/4)*4+worker)
				value := fmt.Sprintf("worker %d, %d", worker, i)
				if err := m.clients[at(key)].Set(ctx, key, value, time.Hour).Err(); err != nil {
					t.Error(err)
					return
				}
				last[worker][key] = value
				writes.Add(1)
				time.Sleep(time.Millisecond) // an application does something else as well
			}
		})
		return writes
	}
	until := func(writes *atomic.Int64, more int64) {
		for want := writes.Load() + more; writes.Load() < want && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	var stopOld, stopNew atomic.Bool
	w0, w1 := work(0, at4, &stopOld), work(1, at4, &stopOld)
	until(w0, 50)
	first := total(t, m.do(t, 0, now, keep...)) // 2
	until(w1, 50)
	second := total(t, m.do(t, 0, now, keep...)) // 3
	if first.Moved < 50 || second.Replaced == 0 || second.ChangedAtTarget > 0 {
		t.Errorf("first %+v, second %+v", first, second)
	}
	// 4: the new application is deployed, its workers write other keys and read all; what
	// it asks for is there, if older by what the old workers wrote since.
	w2, w3 := work(2, at5, &stopNew), work(3, at5, &stopNew)
	var asked, cold atomic.Int64
	wg.Go(func() {
		random := rand.New(rand.NewPCG(9, 9))
		for !stopNew.Load() {
			key := fmt.Sprintf(":1:user:%d", random.IntN(n))
			if m.clients[at5(key)].Exists(ctx, key).Val() == 0 {
				cold.Add(1)
			}
			asked.Add(1)
		}
	})
	until(w2, 50)
	third := total(t, m.do(t, 0, now, keep...)) // 5
	until(w3, 20)
	stopOld.Store(true)
	until(w2, 20)
	last2 := slices.DeleteFunc(slices.Clone(keep), func(w string) bool { return w == "--keep-source" })
	fourth := total(t, m.do(t, 0, now, last2...)) // 6
	stopNew.Store(true)
	wg.Wait()
	if third.Conflict+fourth.Conflict > 0 || third.ChangedAtTarget == 0 {
		t.Errorf("third %+v, fourth %+v", third, fourth)
	}
	if cold.Load() > 0 {
		t.Errorf("%d of %d questions of the new application found nothing", cold.Load(), asked.Load())
	}
	all, homes, copies := m.exactly(t, at5)
	if homes != n || copies != n {
		t.Errorf("%d at home, %d copies, of %d", homes, copies, n)
	}
	for worker, wrote := range last {
		for key, value := range wrote {
			is, _, _ := cutLast(all[key])
			if is != value {
				t.Errorf("%s of worker %d: %q, want %q", key, worker, is, value)
			}
		}
	}
	if again := total(t, m.do(t, 0, now, "rebalance", "--from-config", old, "--yes")); again.Scanned != 0 {
		t.Errorf("a further run: %+v", again)
	}
	m.do(t, 0, now, "check")
}

// cutLast cuts around the last blank.
func cutLast(text string) (before, after string, found bool) {
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// A rebalance that is killed, CACHERING_KILLS (3) times, loses nothing: at every moment
// each key is somewhere with its value and expiry, a second run does the rest, and a
// third finds nothing.
func TestRebalanceIsKilled(t *testing.T) {
	t.Parallel()
	m := newMovers(t, programtest.Build(t), 5)
	was, is := m.write(t, "was", sharded("3.0.1", 4)), m.write(t, "is", sharded("3.0.1", 5))
	wasHome, isHome := m.home(t, was), m.home(t, is)
	random, partly := trials.Rand(t), 0
	const n = 4000
	kills := 0
	for trial := 0; kills < trials.Count(t, "CACHERING_KILLS", 3); trial++ {
		m.fill(t, wasHome, n)
		before, at, _ := m.exactly(t, isHome)
		words := []string{"rebalance", "--yes", "--rate", "4000"}
		switch trial % 3 {
		case 1:
			words = append(words, "--checkpoint", filepath.Join(t.TempDir(), "state"))
		case 2:
			words = append(words, "--journal", filepath.Join(t.TempDir(), "journal"))
		}
		cmd := exec.Command(m.program, append([]string{"-c", is, "--json", "--quiet"}, words...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The moment, by chance: from the first key that came home on.
		at5 := int64(random.IntN(n - at))
		for deadline := time.Now().Add(time.Minute); m.clients[4].DBSize(context.Background()).Val() <= at5 && time.Now().Before(deadline); {
			time.Sleep(100 * time.Microsecond)
		}
		cmd.Process.Kill()
		if cmd.Wait(); !cmd.ProcessState.Exited() {
			kills++
		}
		all, homes, _ := m.exactly(t, isHome)
		if !maps.Equal(before, all) {
			t.Errorf("trial %d: after the kill %d keys of %d, or not as they were", trial, len(all), len(before))
		}
		if at < homes && homes < n {
			partly++
		}
		second := total(t, m.do(t, 0, is, words...))
		all, homes, copies := m.exactly(t, isHome)
		if homes != n || copies != n || !maps.Equal(before, all) || second.Conflict+second.Kept+second.Replaced+second.ChangedAtTarget > 0 {
			t.Errorf("trial %d: %d at home, %d copies: %+v", trial, homes, copies, second)
		}
		if third := total(t, m.do(t, 0, is, "rebalance", "--yes")); third.Scanned != 0 {
			t.Errorf("trial %d: a third run: %+v", trial, third)
		}
	}
	t.Logf("%d kills, %d of them in the middle", kills, partly)
	if partly == 0 {
		t.Error("no run was killed in its middle")
	}
}
