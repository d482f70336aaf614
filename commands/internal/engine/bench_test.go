package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cachering/codec"
	"cachering/commands/internal/scan"
)

const benchShards = 4

// benchKeys is how many keys each shard has: CACHERING_BENCH_KEYS, by default 50,000.
func benchKeys() int {
	if n, err := strconv.Atoi(os.Getenv("CACHERING_BENCH_KEYS")); err == nil && n > 0 {
		return n
	}
	return 50_000
}

// benchValues makes values as Django stores them, at protocol 0.
func benchValues(b *testing.B) [][]byte {
	b.Helper()
	cmd := exec.Command("/usr/bin/python3", "../../../scripts/gen_values.py", "0", "10000")
	out, err := cmd.Output()
	if err != nil {
		b.Skipf("scripts/gen_values.py: %v", err)
	}
	var values [][]byte
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ V []byte }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			b.Fatal(err)
		}
		values = append(values, line.V)
	}
	return values
}

// load empties the servers and stores the values, every third with an expiry.
func (f *farm) load(b *testing.B, values [][]byte) {
	b.Helper()
	ctx := context.Background()
	var wg sync.WaitGroup
	for s, c := range f.Clients {
		wg.Go(func() {
			c.FlushAll(ctx)
			pipe := c.Pipeline()
			for i := range benchKeys() {
				// The namespaces of real caches: one key in five or so is of a
				// kind that is deleted by pattern.
				name := "page"
				if i%50 < 9 {
					name = "fragment"
				}
				ttl := time.Duration(0)
				if i%3 == 0 {
					ttl = time.Hour
				}
				pipe.Set(ctx, fmt.Sprintf(":1:%s:%d:%d", name, s, i), values[(i*benchShards+s)%len(values)], ttl)
				if pipe.Len() == 500 {
					if _, err := pipe.Exec(ctx); err != nil {
						b.Error(err)
					}
				}
			}
			if _, err := pipe.Exec(ctx); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

// cost is what a run takes: wall time, and CPU of this process and the servers.
type cost struct{ wall, client, servers time.Duration }

func (f *farm) measure(b *testing.B, work func()) cost {
	b.Helper()
	servers, client, begin := f.cpu(b), selfCPU(b), time.Now()
	work()
	return cost{time.Since(begin), selfCPU(b) - client, f.cpu(b) - servers}
}

// selfCPU is that of this process and of those that it started.
func selfCPU(b *testing.B) (sum time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

func (f *farm) cpu(b *testing.B) (sum time.Duration) {
	for _, c := range f.Clients {
		for line := range strings.Lines(c.Info(context.Background(), "cpu").Val()) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			if name == "used_cpu_user" || name == "used_cpu_sys" {
				s, err := strconv.ParseFloat(value, 64)
				if err != nil {
					b.Fatal(err)
				}
				sum += time.Duration(s * float64(time.Second))
			}
		}
	}
	return sum
}

// rival is what a run is measured against.
type rival struct {
	name string
	work func()
}

// compare runs ours and its rivals in turn, each on fresh data, and reports the best
// of each: seconds of wall time, microseconds of CPU a key of this process and of the
// servers, and how many times as much ours takes.
func compare(b *testing.B, f *farm, fresh func(), keys int, ours func(), rivals ...rival) {
	best := make([]cost, len(rivals)+1)
	for b.Loop() {
		for i := range best {
			work := ours
			if i < len(rivals) {
				work = rivals[i].work
			}
			fresh()
			if c := f.measure(b, work); best[i].wall == 0 || c.wall < best[i].wall {
				best[i] = c
			}
		}
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(keys) }
	report := func(c cost, of string) {
		b.ReportMetric(c.wall.Seconds(), "s"+of)
		b.ReportMetric(per(c.client), "us-client"+of)
		b.ReportMetric(per(c.servers), "us-servers"+of)
	}
	b.ReportMetric(0, "ns/op")
	we := best[len(rivals)]
	report(we, "")
	for i, r := range rivals {
		report(best[i], "-"+r.name)
		b.ReportMetric(we.wall.Seconds()/best[i].wall.Seconds(), "x-"+r.name)
		b.ReportMetric(float64(we.servers)/float64(best[i].servers), "x-servers-"+r.name)
	}
}

// toProtocol5 rewrites to pickle protocol 5.
func toProtocol5() *Reinsert {
	stored := codec.Codec{Serializer: codec.Pickle, Protocol: 5, Compressor: codec.None}
	return &Reinsert{
		To: stored.String(),
		NewTranscoder: func() (Transcoder, error) {
			t, err := codec.NewTranscoder(codec.Stored(stored), stored, codec.Options{})
			return roomy{t}, err
		},
		Classify: func(error) (string, string, bool) { return "failed", "", false },
	}
}

// roomy takes the room that it needs.
type roomy struct{ *codec.Transcoder }

func (r roomy) Transcode(dst, stored []byte, _ int) ([]byte, bool, error) {
	return r.Transcoder.Transcode(dst, stored)
}

// same rewrites every value as it is.
type same struct{}

func (same) Transcode(dst, stored []byte, _ int) ([]byte, bool, error) {
	return append(dst, stored...), true, nil
}

// BenchmarkReinsert rewrites values from protocol 0 to 5, and then finds nothing to
// do; with nothing to transcode what is left is the engine. limit is the same
// commands, guarded, without transcoding.
func BenchmarkReinsert(b *testing.B) {
	values := benchValues(b)
	f := newFarm(b, benchShards, "", nil)
	fresh, n := func() { f.load(b, values) }, benchShards*benchKeys()
	limit := rival{"limit", func() { f.bareOnAll(b, rewriteGuarded) }}
	b.Run("without codec", func(b *testing.B) {
		op := toProtocol5()
		op.NewTranscoder = func() (Transcoder, error) { return same{}, nil }
		compare(b, f, fresh, n, func() { benchRun(b, f, op, scan.Selection{}) }, limit)
	})
	b.Run("0 to 5", func(b *testing.B) {
		compare(b, f, fresh, n, func() { benchRun(b, f, toProtocol5(), scan.Selection{}) }, limit)
	})
	b.Run("nothing to do", func(b *testing.B) {
		compare(b, f, func() {}, n, func() { benchRun(b, f, toProtocol5(), scan.Selection{}) },
			rival{"read", func() { f.bareOnAll(b, readAll) }})
	})
}

// BenchmarkDeletePattern deletes 18 of 100 keys; per key means per deleted key.
func BenchmarkDeletePattern(b *testing.B) {
	values := benchValues(b)
	sel := scan.Selection{Match: "fragment:*", Versions: []int64{1}}
	for _, guard := range guards {
		b.Run(guard.way.String(), func(b *testing.B) {
			f := newFarm(b, benchShards, "", barred(guard.barred, nil))
			compare(b, f, func() { f.load(b, values) }, benchShards*benchKeys()*9/50,
				func() { benchRun(b, f, &Delete{Command: "del-pattern"}, sel) },
				rival{"limit", func() { f.bareOnAll(b, deleteGuarded) }}, rival{"redis-cli", func() { f.unlinkByHand(b) }})
		})
	}
}

// BenchmarkMemory tells how much memory is live at most while values are rewritten,
// whatever the number of shards.
func BenchmarkMemory(b *testing.B) {
	values := benchValues(b)
	for _, shards := range []int{4, 16} {
		b.Run(fmt.Sprint(shards, " shards"), func(b *testing.B) {
			f := newFarm(b, shards, "", nil)
			var most uint64
			for b.Loop() {
				f.load(b, values)
				most = max(most, peak(func() { benchRun(b, f, toProtocol5(), scan.Selection{}) }))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(most)/1e6, "MB")
		})
	}
}

func benchRun(b *testing.B, f *farm, op Operation, sel scan.Selection) {
	r := Run(context.Background(), f.Cluster, op, Options{Selection: sel})
	t := r.Total()
	if done := t.Rewritten + t.Unchanged + t.Deleted; !r.Complete() || done != t.Scanned || done < int64(len(f.Servers)*benchKeys()*9/50) {
		b.Errorf("%+v, first failures %v", t, r.First)
	}
}
