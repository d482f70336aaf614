package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/codec"
	"cachering/commands/internal/scan"
)

const (
	benchShards = 4
	benchKeys   = 50_000 // of each shard
)

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
			for i := range benchKeys {
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

// careful is what a good script does: pipelines of pages and batches, every
// shard at once, and nothing to protect the application's writes.
func (f *farm) careful(b *testing.B, page func(ctx context.Context, c *redis.Client, keys []string) error, pattern string) {
	ctx := context.Background()
	var wg sync.WaitGroup
	for _, c := range f.Clients {
		wg.Go(func() {
			var cursor uint64
			for {
				keys, next, err := c.Scan(ctx, cursor, pattern, 1000).Result()
				if err == nil && len(keys) > 0 {
					err = page(ctx, c, keys)
				}
				if err != nil {
					b.Error(err)
					return
				}
				if cursor = next; cursor == 0 {
					return
				}
			}
		})
	}
	wg.Wait()
}

// rewriteBlindly reads and writes the same bytes.
func rewriteBlindly(ctx context.Context, c *redis.Client, keys []string) error {
	for len(keys) > 0 {
		n := min(100, len(keys))
		values, err := c.MGet(ctx, keys[:n]...).Result()
		if err != nil {
			return err
		}
		pipe := c.Pipeline()
		for i, v := range values {
			pipe.Set(ctx, keys[i], v, redis.KeepTTL)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func unlinkAll(ctx context.Context, c *redis.Client, keys []string) error {
	return c.Unlink(ctx, keys...).Err()
}

// cost is what a run takes: wall time, and CPU of this process and the servers.
type cost struct{ wall, client, servers time.Duration }

func (f *farm) measure(b *testing.B, work func()) cost {
	b.Helper()
	servers, client, begin := f.cpu(b), selfCPU(b), time.Now()
	work()
	return cost{time.Since(begin), selfCPU(b) - client, f.cpu(b) - servers}
}

func selfCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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

// compare runs ours and the careful client in turn, on fresh data, and reports
// the best of each.
func compare(b *testing.B, f *farm, values [][]byte, keys int, ours, careful func()) {
	best := func(c, than cost) cost {
		if than.wall == 0 || c.wall < than.wall {
			return c
		}
		return than
	}
	var we, they cost
	for b.Loop() {
		f.load(b, values)
		they = best(f.measure(b, careful), they)
		f.load(b, values)
		we = best(f.measure(b, ours), we)
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(keys) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(we.wall.Seconds(), "s")
	b.ReportMetric(they.wall.Seconds(), "s-careful")
	b.ReportMetric(we.wall.Seconds()/they.wall.Seconds(), "ratio")
	b.ReportMetric(per(we.client), "us-client/key")
	b.ReportMetric(per(we.servers), "us-servers/key")
	b.ReportMetric(per(they.client), "us-client-careful/key")
	b.ReportMetric(per(they.servers), "us-servers-careful/key")
}

// BenchmarkReinsert rewrites 200,000 values from protocol 0 to 5, against a
// client that writes what it read without looking.
func BenchmarkReinsert(b *testing.B) {
	values := benchValues(b)
	f := newFarm(b, benchShards, "", nil)
	stored := codec.Codec{Serializer: codec.Pickle, Protocol: 5, Compressor: codec.None}
	op := &Reinsert{
		To: stored.String(),
		NewTranscoder: func() (Transcoder, error) {
			t, err := codec.NewTranscoder(codec.Stored(stored), stored, codec.Options{})
			return roomy{t}, err
		},
		Classify: func(error) (string, bool) { return "failed", false },
	}
	compare(b, f, values, benchShards*benchKeys, func() { benchRun(b, f, op, scan.Selection{}) },
		func() { f.careful(b, rewriteBlindly, ":*") })
}

// BenchmarkReinsertWithoutCodec is BenchmarkReinsert with nothing to transcode:
// what is left is the engine.
func BenchmarkReinsertWithoutCodec(b *testing.B) {
	values := benchValues(b)
	f := newFarm(b, benchShards, "", nil)
	op := reinsert()
	op.NewTranscoder = func() (Transcoder, error) { return same{}, nil }
	op.Foreign = nil
	compare(b, f, values, benchShards*benchKeys, func() { benchRun(b, f, op, scan.Selection{}) },
		func() { f.careful(b, rewriteBlindly, ":*") })
}

// same rewrites every value as it is.
type same struct{}

// roomy takes the room that it needs.
type roomy struct{ *codec.Transcoder }

func (r roomy) Transcode(dst, stored []byte, _ int) ([]byte, bool, error) {
	return r.Transcoder.Transcode(dst, stored)
}

func (same) Transcode(dst, stored []byte, _ int) ([]byte, bool, error) {
	return append(dst, stored...), true, nil
}

// BenchmarkDeletePattern deletes 36,000 of 200,000 keys; per key means per
// deleted key.
func BenchmarkDeletePattern(b *testing.B) {
	values := benchValues(b)
	sel := scan.Selection{Match: "fragment:*", Versions: []int64{1}}
	for _, guard := range guards {
		b.Run(guard.way.String(), func(b *testing.B) {
			f := newFarm(b, benchShards, "", barred(guard.barred, nil))
			compare(b, f, values, benchShards*benchKeys*9/50, func() { benchRun(b, f, &Delete{Command: "del-pattern"}, sel) },
				func() { f.careful(b, unlinkAll, ":1:fragment:*") })
		})
	}
}

func benchRun(b *testing.B, f *farm, op Operation, sel scan.Selection) {
	r := Run(context.Background(), f.Cluster, op, Options{Selection: sel})
	t := r.Total()
	if done := t.Rewritten + t.Unchanged + t.Deleted; !r.Complete() || done != t.Scanned || done < benchShards*benchKeys*9/50 {
		b.Errorf("%+v, first failures %v", t, r.First)
	}
}
