package engine

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cachering/codec"
)

// reading is the program, and a configuration of caches on servers.
type reading struct{ program, config string }

// newReading builds the program; each farm of one cache or more is a cache of its own, and
// codecs are what it writes.
func newReading(b *testing.B, farms []*farm, codecs ...string) *reading {
	b.Helper()
	dir := b.TempDir()
	r := &reading{filepath.Join(dir, "cachering"), filepath.Join(dir, "cachering.toml")}
	if out, err := exec.Command("go", "build", "-o", r.program, "cachering").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	text := ""
	for n, f := range farms {
		var names []string
		dial := ""
		for i, s := range f.Servers {
			names = append(names, fmt.Sprintf("10.0.%d.%d:6379", n, i+1))
			dial += fmt.Sprintf("%q = %q\n", names[i], s.Addr)
		}
		list, _ := json.Marshal(names)
		backend := "redis_cache.RedisCache"
		if len(names) > 1 {
			backend = "redis_cache.ShardedRedisCache"
		}
		text += fmt.Sprintf("[caches.c%d]\nbackend = %q\nrelease = \"3.0.1\"\nlocation = %s\noptions = { python = \"3.12\", db = 0, %s }\n[caches.c%[1]d.dial]\n%[5]s", n, backend, list, codecs[n], dial)
	}
	if err := os.WriteFile(r.config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return r
}

// run runs the program, and wants one of some exit codes.
func (r *reading) run(b *testing.B, codes string, words ...string) {
	b.Helper()
	cmd := exec.Command(r.program, append([]string{"-c", r.config, "-a", "c0", "--json"}, words...)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	cmd.Run() // the exit code tells
	if code := fmt.Sprint(cmd.ProcessState.ExitCode()); !strings.Contains(codes, code) {
		b.Errorf("%q: exit %s\n%s", words, code, errs.String())
	}
}

// BenchmarkLook reads all values of a cache, as audit and preflight do; read is SCAN and
// MGET alone.
func BenchmarkLook(b *testing.B) {
	values := benchValues(b)
	f := newFarm(b, benchShards, "", nil)
	f.load(b, values)
	r := newReading(b, []*farm{f}, "pickle_version = 0")
	read := rival{"read", func() { f.bareOnAll(b, readAll) }}
	n := benchShards * benchKeys()
	b.Run("audit", func(b *testing.B) {
		compare(b, f, func() {}, n, func() { r.run(b, "0", "audit") }, read)
	})
	b.Run("audit with forbid", func(b *testing.B) {
		compare(b, f, func() {}, n, func() { r.run(b, "0", "audit", "--forbid", "default") }, read)
	})
	b.Run("preflight", func(b *testing.B) {
		compare(b, f, func() {}, n, func() { r.run(b, "0 4", "preflight", "--reader", "python=3.13") }, read)
	})
}

// BenchmarkCompare compares caches that have the same entries, stored alike, or in another
// protocol; read is SCAN, MGET and PTTL of both sides alone.
func BenchmarkCompare(b *testing.B) {
	values := benchValues(b)
	to := codec.Codec{Serializer: codec.Pickle, Protocol: 5, Compressor: codec.None}
	transcoder, err := codec.NewTranscoder(codec.Stored(to), to, codec.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var other [][]byte
	for _, v := range values {
		out, changed, err := transcoder.Transcode(nil, v)
		if err != nil {
			b.Fatal(err)
		}
		if !changed {
			out = v
		}
		other = append(other, out)
	}
	from, there := newFarm(b, 1, "", nil), newFarm(b, 1, "", nil)
	r := newReading(b, []*farm{from, there}, "pickle_version = 0", "pickle_version = 5")
	both := &farm{Farm: new(*from.Farm)}
	both.Servers = append(both.Servers[:1:1], there.Servers...)
	both.Clients = append(both.Clients[:1:1], there.Clients...)
	for _, c := range []struct {
		name  string
		there [][]byte
	}{{"alike", values}, {"0 and 5", other}} {
		b.Run(c.name, func(b *testing.B) {
			var wg sync.WaitGroup
			wg.Go(func() { from.load(b, values) })
			wg.Go(func() { there.load(b, c.there) })
			wg.Wait()
			compare(b, both, func() {}, benchKeys(), func() {
				// What was stored first expires first.
				r.run(b, "0", "compare", "--to", "c1", "--ttl-tolerance", "10m")
			}, rival{"read", func() { both.bareOnAll(b, readAndTTL) }})
		})
	}
}

// readAndTTL reads all values with their expiries.
func readAndTTL(scanner, c *bare) error {
	return scanner.scan(":*", 1, 1000, 500, func(keys [][]byte) error {
		if len(keys) == 0 {
			return nil
		}
		c.ask("mget", keys...)
		for _, key := range keys {
			c.ask("pttl", key)
		}
		if err := c.flush(); err != nil {
			return err
		}
		if _, err := c.reply(nil); err != nil {
			return err
		}
		return c.replies(len(keys))
	})
}
