// Package filtertest compares what filters select, in any combination, and what an audit counts,
// with models of them.
package filtertest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/codec"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/ring"
	"cachering/scripts/trials"
)

// sample is an entry of the demo, and what is known of it without the program.
type sample struct {
	key     string
	version int
	shard   int
	value   []byte
	ttl     int64  // seconds; 0: it never expires
	idle    int64  // seconds, at least
	kind    string // int, lock, undecodable, or a codec with protocol and compressor
	names   struct{ Globals, Models, Djangos []string }
}

// demoSamples are one in so many of the demo's entries, stored in several ways.
func demoSamples(t *testing.T, each int) []*sample {
	t.Helper()
	file, err := os.Open("../../../testdata/demo/entries.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	in, out := trials.Python(t, "/usr/bin/python3", "../../../testdata/python/pickle_names.py")
	transcoders := map[int]*codec.Transcoder{}
	for _, protocol := range []int{2, 5} {
		to := codec.Codec{Serializer: codec.Pickle, Protocol: protocol, Compressor: codec.None}
		if transcoders[protocol], err = codec.NewTranscoder(codec.Stored(to), to, codec.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	var list []*sample
	lines := json.NewDecoder(packed)
	for n := 0; ; n++ {
		var e struct {
			Key, Value string
			TTL        int64
		}
		if err := lines.Decode(&e); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		if n%each != 0 {
			continue
		}
		i := len(list)
		s := &sample{key: strings.TrimPrefix(e.Key, ":1:"), version: 1 + i%3, shard: i / 3 % 4, ttl: e.TTL, kind: "pickle:0+none"}
		for _, r := range e.Value {
			s.value = append(s.value, byte(r))
		}
		if _, err := strconv.ParseInt(e.Value, 10, 64); err == nil {
			s.kind = "int"
		} else {
			s.transform(t, i, transcoders)
		}
		if i%4 == 0 && s.kind != "int" { // small integers are one object in the server
			s.idle = 5000
		}
		if strings.HasPrefix(s.kind, "pickle") {
			pickle := s.value
			if strings.HasSuffix(s.kind, "+zlib") {
				z, _ := zlib.NewReader(bytes.NewReader(s.value))
				pickle, _ = io.ReadAll(z)
			}
			question, _ := json.Marshal(map[string][]byte{"v": pickle})
			if _, err := in.Write(append(question, '\n')); err != nil {
				t.Fatal(err)
			}
			answer, err := out.ReadBytes('\n')
			if err == nil {
				err = json.Unmarshal(answer, &s.names)
			}
			if err != nil {
				t.Fatalf("%s: %v", s.key, err)
			}
		}
		list = append(list, s)
	}
}

// transform stores s in the i-th way.
func (s *sample) transform(t *testing.T, i int, transcoders map[int]*codec.Transcoder) {
	t.Helper()
	for _, protocol := range []int{2, 5} {
		if i%3 != protocol%3 {
			continue
		}
		out, changed, err := transcoders[protocol].Transcode(nil, s.value)
		if err != nil || !changed {
			t.Fatalf("%s: %v, %v", s.key, changed, err)
		}
		s.value, s.kind = out, fmt.Sprintf("pickle:%d+none", protocol)
	}
	switch i % 11 {
	case 1, 4:
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		z.Write(s.value)
		z.Close()
		s.value, s.kind = b.Bytes(), strings.Replace(s.kind, "none", "zlib", 1)
	case 2:
		if i%5 == 0 {
			s.value, s.kind = []byte(fmt.Sprintf("%031xa", i)), "lock"
		} else if len(s.value) > 40 {
			s.value, s.kind = append([]byte("\x80\x07"), s.value[:20]...), "undecodable"
		}
	}
}

// filterCase is a combination of filters, and what a model makes of it.
type filterCase struct {
	pattern string
	words   []string
	holds   []func(*sample) bool
	idle    bool // it asks for uses
	touches bool // and looks at values or sizes
}

func (c *filterCase) has(s *sample) bool {
	for _, holds := range c.holds {
		if !holds(s) {
			return false
		}
	}
	return true
}

// randomFilters draws a combination.
func randomFilters(r *rand.Rand) *filterCase {
	c := &filterCase{pattern: "*"}
	add := func(holds func(*sample) bool, words ...string) {
		c.words, c.holds = append(c.words, words...), append(c.holds, holds)
	}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	some := func(n int) bool { return r.IntN(n) == 0 }
	if some(3) {
		begin := pick("auth.", "user:", "s", "django.contrib", "views.", "t")
		c.pattern = begin + "*"
		c.holds = append(c.holds, func(s *sample) bool { return strings.HasPrefix(s.key, begin) })
	}
	versions := pick("1", "2", "1,2", "3,1,2", "1,2,3")
	add(func(s *sample) bool { return strings.Contains(versions, strconv.Itoa(s.version)) }, "--version", versions)
	if some(3) {
		shards := pick("0", "1-2", "0,3", "2-3,0", "10.0.0.2:6379,3")
		of := map[string][]int{"0": {0}, "1-2": {1, 2}, "0,3": {0, 3}, "2-3,0": {0, 2, 3}, "10.0.0.2:6379,3": {1, 3}}[shards]
		add(func(s *sample) bool { return slices.Contains(of, s.shard) }, "--shard", shards)
	}
	if some(4) {
		d, text := time.Duration(0), pick("0", "40m", "3h", "13h", "4d")
		d = map[string]time.Duration{"40m": 40 * time.Minute, "3h": 3 * time.Hour, "13h": 13 * time.Hour, "4d": 96 * time.Hour}[text]
		add(func(s *sample) bool { return s.ttl > int64(d.Seconds()) }, "--ttl-over", text)
	}
	if some(4) {
		text := pick("40m", "3h", "13h", "4d")
		d := map[string]time.Duration{"40m": 40 * time.Minute, "3h": 3 * time.Hour, "13h": 13 * time.Hour, "4d": 96 * time.Hour}[text]
		add(func(s *sample) bool { return s.ttl > 0 && s.ttl < int64(d.Seconds()) }, "--ttl-under", text)
	}
	if some(5) {
		add(func(s *sample) bool { return s.ttl == 0 }, "--persistent")
	}
	if some(5) {
		c.idle = true
		add(func(s *sample) bool { return s.idle >= 5000 }, "--idle-over", pick("1h", "4000", "83m"))
		if !some(10) {
			return c
		}
	}
	before := len(c.words)
	if some(4) {
		n, text := 0, pick("0", "100", "1k", "0.5k", "10K")
		n = map[string]int{"100": 100, "1k": 1024, "0.5k": 512, "10K": 10240}[text]
		add(func(s *sample) bool { return len(s.value) > n }, "--larger", text)
	}
	if some(4) {
		text := pick("10", "1k", "4k", "2M")
		n := map[string]int{"10": 10, "1k": 1024, "4k": 4096, "2M": 2 << 20}[text]
		add(func(s *sample) bool { return len(s.value) < n }, "--smaller", text)
	}
	if some(3) {
		spec := pick("pickle", "pickle:2", "5", "pickle+none", "pickle+zlib", "pickle:0+zlib", "pickle:highest", "int", "lock", "undecodable", "float", "json")
		add(func(s *sample) bool {
			protocol, compressor, isPickle := "", "", strings.HasPrefix(s.kind, "pickle")
			if isPickle {
				protocol, compressor, _ = strings.Cut(strings.TrimPrefix(s.kind, "pickle:"), "+")
			}
			switch spec {
			case "pickle":
				return isPickle
			case "pickle:2":
				return protocol == "2"
			case "5", "pickle:highest":
				return protocol == "5"
			case "pickle+none", "pickle+zlib":
				return isPickle && compressor == spec[len("pickle+"):]
			case "pickle:0+zlib":
				return s.kind == spec
			}
			return s.kind == spec
		}, "--codec", spec)
	}
	if some(3) {
		globs := pick("decimal.Decimal", "datetime.*", "auth.User", "auth.*,uuid.UUID", "builtins.set,collections.*", "*.models.*", "copyreg.*", "nothing.*")
		add(func(s *sample) bool {
			for glob := range strings.SplitSeq(globs, ",") {
				for _, name := range slices.Concat(s.names.Globals, s.names.Models) {
					if ring.Match([]byte(glob), []byte(name)) {
						return true
					}
				}
			}
			return false
		}, "--class", globs)
	}
	if some(5) {
		is := pick("<4.2", "3.2", ">=5", ">3", "<=3.2", ">=3.2", "=3.2.25")
		add(func(s *sample) bool { // all of the demo are of one release
			return slices.Contains(s.names.Djangos, "3.2.25") && !slices.Contains([]string{">=5", ">3"}, is)
		}, "--django", is)
	}
	c.touches = len(c.words) > before
	return c
}

// filterFarm has the samples on four servers.
type filterFarm struct {
	samples []*sample
	config  string
	clients []*redis.Client
}

func newFilterFarm(t *testing.T, each int) *filterFarm {
	t.Helper()
	ctx := context.Background()
	f := &filterFarm{samples: demoSamples(t, each), config: filepath.Join(t.TempDir(), "cachering.toml")}
	text := "[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\n" +
		"location = [\"10.0.0.1:6379\", \"10.0.0.2:6379\", \"10.0.0.3:6379\", \"10.0.0.4:6379\"]\noptions = { python = \"3.12\", db = 1 }\n[caches.default.dial]\n"
	for i := range 4 {
		server := redistest.RunT(t)
		client := server.Client(1)
		f.clients = append(f.clients, client)
		text += fmt.Sprintf("\"10.0.0.%d:6379\" = %q\n", i+1, server.Addr)
		pipe, dumps := client.Pipeline(), client.Pipeline()
		var idle []*sample
		for _, s := range f.samples {
			if s.shard != i {
				continue
			}
			pipe.Set(ctx, s.stored(), s.value, time.Duration(s.ttl)*time.Second)
			if s.idle > 0 {
				idle = append(idle, s)
				dumps.Dump(ctx, s.stored())
			}
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
		got, err := dumps.Exec(ctx)
		if err != nil {
			t.Fatal(err)
		}
		pipe = client.Pipeline()
		for k, s := range idle {
			pipe.Do(ctx, "restore", s.stored(), s.ttl*1000, got[k].(*redis.StringCmd).Val(), "replace", "idletime", s.idle)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(f.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func (s *sample) stored() string { return fmt.Sprintf(":%d:%s", s.version, s.key) }

// run runs the program in this process.
func (f *filterFarm) run(words ...string) (code int, stdout, stderr string) {
	return programtest.InProcess("", append([]string{"-c", f.config}, words...)...)
}

func (f *filterFarm) fitting(c *filterCase) []string {
	var keys []string
	for _, s := range f.samples {
		if c.has(s) {
			keys = append(keys, s.stored())
		}
	}
	slices.Sort(keys)
	return keys
}

// total is the field of the report of a run.
func total(t *testing.T, report, field string) int64 {
	t.Helper()
	var doc struct{ Total map[string]any }
	if err := json.Unmarshal([]byte(report), &doc); err != nil {
		t.Fatalf("%v in %q", err, report)
	}
	n, _ := doc.Total[field].(float64)
	return int64(n)
}

// TestFilters compares combinations of filters with a model of them.
func TestFilters(t *testing.T) {
	t.Parallel()
	f := newFilterFarm(t, 8)
	seed := uint64(1)
	if text := os.Getenv("CACHERING_TEST_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	var cases []*filterCase
	for range 200 {
		cases = append(cases, randomFilters(r))
	}
	// What looks at values makes them look used, before Redis 7.2.
	slices.SortStableFunc(cases, func(a, b *filterCase) int {
		of := map[bool]int{true: 0, false: 1}
		return of[a.idle && !a.touches] - of[b.idle && !b.touches]
	})
	some := 0
	for n, c := range cases {
		want := f.fitting(c)
		code, out, errs := f.run(slices.Concat([]string{"keys", c.pattern, "--json"}, c.words)...)
		if c.idle && c.touches && code == 2 {
			continue
		}
		var got []string
		for line := range strings.Lines(out) {
			var doc struct {
				Stored string `json:"stored_key"`
			}
			if err := json.Unmarshal([]byte(line), &doc); err != nil {
				t.Fatal(err)
			}
			got = append(got, doc.Stored)
		}
		slices.Sort(got)
		if code != 0 || !slices.Equal(got, want) {
			t.Errorf("%q %q: exit %d, %d keys, want %d: %s%q", c.pattern, c.words, code, len(got), len(want), errs, differing(got, want))
		}
		if len(want) > 0 {
			some++
		}
		if n%20 == 7 && !c.idle {
			words := slices.Concat([]string{"del-pattern", c.pattern, "--json", "--dry-run", "--include-protected"}, c.words)
			if code, out, errs := f.run(words...); code != 0 || total(t, out, "deleted") != int64(len(want)) {
				t.Errorf("%q: exit %d, %d keys: %s%s", words, code, len(want), out, errs)
			}
			words = slices.Concat([]string{"reinsert", "--match", c.pattern, "--to", "pickle:4", "--json", "--dry-run"}, c.words)
			if _, out, errs := f.run(words...); total(t, out, "scanned") != int64(len(want)) {
				t.Errorf("%q: %d keys: %s%s", words, len(want), out, errs)
			}
		}
	}
	if some < 60 {
		t.Errorf("only %d of the combinations select anything", some)
	}
	f.deleteSome(t, cases)
}

// deleteSome deletes by some combinations, and looks what is left.
func (f *filterFarm) deleteSome(t *testing.T, cases []*filterCase) {
	t.Helper()
	deleted := 0
	for _, c := range cases {
		gone := f.fitting(c)
		if c.idle || len(gone) == 0 || len(gone) > len(f.samples)/4 || deleted == 6 {
			continue
		}
		deleted++
		code, out, errs := f.run(slices.Concat([]string{"del-pattern", c.pattern, "--json", "--yes", "--include-protected"}, c.words)...)
		if code != 0 || total(t, out, "deleted") != int64(len(gone)) {
			t.Errorf("%q %q: exit %d, %d keys: %s%s", c.pattern, c.words, code, len(gone), out, errs)
		}
		f.samples = slices.DeleteFunc(f.samples, c.has)
	}
	if deleted < 6 {
		t.Errorf("deleted by %d combinations", deleted)
	}
	left := map[string]bool{}
	for _, client := range f.clients {
		for _, key := range client.Keys(context.Background(), "*").Val() {
			left[key] = true
		}
	}
	for _, s := range f.samples {
		if !left[s.stored()] {
			t.Errorf("%s is gone", s.stored())
		}
	}
	if len(left) != len(f.samples) {
		t.Errorf("%d keys are left, want %d", len(left), len(f.samples))
	}
}

// differing are the first few of which one list has more than the other.
func differing(a, b []string) []string {
	var differ []string
	for _, pair := range [][2][]string{{a, b}, {b, a}} {
		for _, key := range pair[0] {
			if !slices.Contains(pair[1], key) && len(differ) < 6 {
				differ = append(differ, key)
			}
		}
	}
	return differ
}
