package boundtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// What the program takes as users start it, beside what they would do without it. CPU
// tells more than time on a machine that does other things, too.

const benchShards = 4

// bench is four shards, one server beside them, and the program.
type bench struct {
	*testing.B
	program, conf string
	servers       []*redistest.Server
	clients       []*redis.Client
	keys          int
}

func newBench(b *testing.B) *bench {
	f := &bench{B: b, program: programtest.Build(b), keys: trials.Count(b, "CACHERING_BENCH_KEYS", 50_000) * benchShards}
	var location, dial []string
	for i := range benchShards + 1 {
		s := redistest.RunT(b)
		f.servers, f.clients = append(f.servers, s), append(f.clients, s.Client(0))
		if name := fmt.Sprintf("10.0.0.%d:6379", i+1); i < benchShards {
			location, dial = append(location, fmt.Sprintf("%q", name)), append(dial, fmt.Sprintf("%q = %q", name, s.Addr))
		}
	}
	f.conf = filepath.Join(b.TempDir(), "cachering.toml")
	if err := os.WriteFile(f.conf, fmt.Appendf(nil, `[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = [%s]
options = { python = "3.12", db = 0 }
dial = { %s }
[caches.one]
backend = "django_redis.cache.RedisCache"
location = "unix://%s?db=0"
options = { python = "3.12" }
`, strings.Join(location, ", "), strings.Join(dial, ", "), f.servers[benchShards].Addr), 0o600); err != nil {
		b.Fatal(err)
	}
	return f
}

// lines are n keys as set --ndjson takes them.
func lines(n int) []byte {
	var out bytes.Buffer
	for i := range n {
		fmt.Fprintf(&out, "{\"key\":\"user:%d:profile\",\"value\":{\"id\":%d,\"name\":\"Ada Lovelace\",\"tags\":[\"a\",\"b\"],\"score\":1.5},\"ttl\":3600}\n", i, i)
	}
	return out.Bytes()
}

// cost is what something takes: wall time, and CPU of those who ask and of the servers.
type cost struct{ wall, client, servers time.Duration }

func (f *bench) cpu() (client, servers time.Duration) {
	var u syscall.Rusage
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		if err := syscall.Getrusage(who, &u); err != nil {
			f.Fatal(err)
		}
		client += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for _, c := range f.clients {
		for line := range strings.Lines(c.Info(context.Background(), "cpu").Val()) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			if name == "used_cpu_user" || name == "used_cpu_sys" {
				s, _ := strconv.ParseFloat(value, 64)
				servers += time.Duration(s * float64(time.Second))
			}
		}
	}
	return client, servers
}

// task is one of those that are compared.
type task struct {
	name string
	do   func()
}

// compare reports the best of each: seconds, and CPU of clients and servers in
// microseconds for each of n; and how many times as much, in time and in CPU of the
// clients, ours takes, which comes first.
func (f *bench) compare(n int, fresh func(), tasks ...task) {
	best := make([]cost, len(tasks))
	for f.Loop() {
		for i := len(tasks) - 1; i >= 0; i-- {
			fresh()
			client, servers := f.cpu()
			begin := time.Now()
			tasks[i].do()
			c := cost{wall: time.Since(begin)}
			c.client, c.servers = f.cpu()
			c.client, c.servers = c.client-client, c.servers-servers
			if best[i].wall == 0 || c.wall < best[i].wall {
				best[i] = c
			}
		}
	}
	f.ReportMetric(0, "ns/op")
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(n) }
	for i, c := range best {
		of := "-" + tasks[i].name
		f.ReportMetric(c.wall.Seconds(), "s"+of)
		f.ReportMetric(per(c.client), "us-client"+of)
		f.ReportMetric(per(c.servers), "us-servers"+of)
		if i > 0 {
			f.ReportMetric(best[0].wall.Seconds()/c.wall.Seconds(), "x"+of)
			f.ReportMetric(float64(best[0].client)/float64(c.client), "x-client"+of)
		}
	}
}

// run runs the program, whose exit code is to be 0.
func (f *bench) run(stdin []byte, words ...string) {
	cmd := exec.Command(f.program, append([]string{"-c", f.conf}, words...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		f.Errorf("%v: %v: %.500s", words, err, errs.Bytes())
	}
}

// python runs a script, as many processes at a time as are asked for, each with its
// number as the last argument.
func (f *bench) python(processes int, script string, args ...string) {
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() {
			cmd := exec.Command("/usr/bin/python3", append(append([]string{"-c", script}, args...), strconv.Itoa(i))...)
			if out, err := cmd.CombinedOutput(); err != nil {
				f.Errorf("%v: %.800s", err, out)
			}
		})
	}
	all.Wait()
}

// needPython skips where Django or redis-py are missing.
func (f *bench) needPython() {
	if err := exec.Command("/usr/bin/python3", "-c", "import django_redis").Run(); err != nil {
		f.Skip("django_redis is not installed")
	}
}

const djangoCache = `
import sys
from django.conf import settings
settings.configure(CACHES={'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'unix://%s?db=0' % sys.argv[1]}})
from django.core.cache import cache
n = int(sys.argv[2])
`

// BenchmarkGetAndSet reads, and writes, many keys beside the application's own library.
func BenchmarkGetAndSet(b *testing.B) {
	f := newBench(b)
	f.needPython()
	n := f.keys / 2
	text, at := lines(n), f.servers[benchShards].Addr
	var names bytes.Buffer
	for i := range n {
		fmt.Fprintf(&names, "user:%d:profile\n", i)
	}
	b.Run("set --ndjson", func(b *testing.B) {
		f := *f
		f.B = b
		f.compare(n, func() { f.clients[benchShards].FlushAll(context.Background()) },
			task{"cachering", func() { f.run(text, "set", "--ndjson", "-a", "one", "--quiet") }},
			task{"set_many", func() {
				f.python(1, djangoCache+`
for i in range(0, n, 1000):
    cache.set_many({'user:%d:profile' % k: {'id': k, 'name': 'Ada Lovelace', 'tags': ['a', 'b'], 'score': 1.5} for k in range(i, i + 1000)}, 3600)
`, at, strconv.Itoa(n))
			}})
	})
	f.run(text, "set", "--ndjson", "-a", "one", "--quiet")
	b.Run("get -", func(b *testing.B) {
		f := *f
		f.B = b
		f.compare(n, func() {},
			task{"cachering", func() { f.run(names.Bytes(), "get", "-", "-a", "one") }},
			task{"get_many", func() {
				f.python(1, djangoCache+`
out = open('/dev/null', 'w')
for i in range(0, n, 1000):
    keys = ['user:%d:profile' % k for k in range(i, i + 1000)]
    for key, value in cache.get_many(keys).items():
        out.write('%s\t%r\n' % (key, value))
`, at, strconv.Itoa(n))
			}})
	})
}

// BenchmarkWalk is what goes over all keys, beside SCAN alone on as many connections.
func BenchmarkWalk(b *testing.B) {
	f := newBench(b)
	f.run(lines(f.keys), "set", "--ndjson", "--quiet")
	for _, words := range []string{"keys", "keys --json", "check", "ring diff --add 10.0.0.9:6379 --json"} {
		b.Run(words, func(b *testing.B) {
			f := *f
			f.B = b
			f.compare(f.keys, func() {},
				task{"cachering", func() {
					cmd := exec.Command(f.program, append([]string{"-c", f.conf}, strings.Fields(words)...)...)
					_ = cmd.Run() // ring diff finds something
					if code := cmd.ProcessState.ExitCode(); code != 0 && code != 4 {
						b.Errorf("%s: exit code %d", words, code)
					}
				}},
				task{"scan", func() { f.scan() }})
		})
	}
}

// scan does nothing but SCAN, on all shards at the same time.
func (f *bench) scan() {
	var all sync.WaitGroup
	for _, s := range f.servers[:benchShards] {
		all.Go(func() {
			conn, err := net.Dial(s.Network, s.Addr)
			if err != nil {
				f.Error(err)
				return
			}
			defer conn.Close()
			r := bufio.NewReaderSize(conn, 256<<10)
			line := func() []byte {
				text, err := r.ReadSlice('\n')
				if err != nil {
					f.Error(err)
				}
				return bytes.TrimRight(text, "\r\n")
			}
			for cursor := "0"; ; {
				fmt.Fprintf(conn, "*4\r\n$4\r\nSCAN\r\n$%d\r\n%s\r\n$5\r\nCOUNT\r\n$4\r\n1000\r\n", len(cursor), cursor)
				line()
				line()
				cursor = string(line())
				n, err := strconv.Atoi(strings.TrimPrefix(string(line()), "*"))
				for range n {
					line()
					line()
				}
				if cursor == "0" || err != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkReinsertByHand is reinsert beside a script with care in four processes, which
// guards nothing.
func BenchmarkReinsertByHand(b *testing.B) {
	f := newBench(b)
	f.needPython()
	out, err := exec.Command("/usr/bin/python3", "../../../scripts/gen_values.py", "0", "10000").Output()
	if err != nil {
		b.Skipf("scripts/gen_values.py: %v", err)
	}
	file := filepath.Join(b.TempDir(), "values")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		b.Fatal(err)
	}
	fill := func() {
		args := []string{file, strconv.Itoa(f.keys / benchShards)}
		for _, s := range f.servers[:benchShards] {
			args = append(args, s.Addr)
		}
		f.python(benchShards, `
import base64, json, redis, sys
values = [base64.b64decode(json.loads(line)['v']) for line in open(sys.argv[1])]
n, at = int(sys.argv[2]), sys.argv[3 + int(sys.argv[-1])]
r = redis.Redis(unix_socket_path=at)
r.flushall()
pipe = r.pipeline(transaction=False)
for i in range(n):
    pipe.set(':1:page:%s:%d' % (sys.argv[-1], i), values[i % len(values)], ex=3600 if i % 3 == 0 else None)
    if i % 500 == 499:
        pipe.execute()
pipe.execute()
`, args...)
	}
	var args []string
	for _, s := range f.servers[:benchShards] {
		args = append(args, s.Addr)
	}
	guards := []string{"--max-latency", "none", "--max-replica-lag", "none", "--during-saves", "go", "--allow-eviction"}
	reinsert := []string{"reinsert", "--to", "5", "--yes", "--quiet", "--json", "--force"}
	f.compare(f.keys, fill,
		task{"cachering", func() { f.run(nil, reinsert...) }},
		task{"unguarded", func() { f.run(nil, append(reinsert, guards...)...) }},
		task{"python", func() {
			f.python(benchShards, `
import pickle, redis, sys
r = redis.Redis(unix_socket_path=sys.argv[1 + int(sys.argv[-1])])
cursor = 0
while True:
    cursor, keys = r.scan(cursor, match=':1:*', count=1000)
    if keys:
        pipe = r.pipeline(transaction=False)
        for key, old in zip(keys, r.mget(keys)):
            try:
                new = pickle.dumps(pickle.loads(old), 5)
            except Exception:
                continue
            if new != old:
                pipe.set(key, new, xx=True, keepttl=True)
        pipe.execute()
    if not cursor:
        break
`, args...)
		}})
}

// BenchmarkStart is commands that do next to nothing, hundred times, beside redis-cli.
func BenchmarkStart(b *testing.B) {
	f := newBench(b)
	const times = 100
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		b.Skip("redis-cli is not installed")
	}
	f.run([]byte(`{"key":"k","value":1}`), "set", "--ndjson", "-a", "one", "--quiet")
	repeat := func(name string, args ...string) func() {
		return func() {
			for range times {
				if err := exec.Command(name, args...).Run(); err != nil {
					b.Error(err)
				}
			}
		}
	}
	f.compare(times, func() {},
		task{"get", repeat(f.program, "-c", f.conf, "get", "k", "-a", "one")},
		task{"redis-cli", repeat(cli, "-s", f.servers[benchShards].Addr, "GET", ":1:k")},
		task{"ring-locate", repeat(f.program, "-c", f.conf, "ring", "locate", "k")})
}
