package movetest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/config"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// entry is one of a cache, or of two.
type entry struct {
	Key   string  `json:"key"`
	Value []byte  `json:"value"`
	TTL   *int64  `json:"ttl"` // milliseconds
	Plant *string `json:"plant"`
}

// plants are the differences that are planted, and what must not count as one.
var plants = []string{"missing", "value", "type", "later", "sooner", "forever", "both", "damage", "list", "extra", "order", "nearly"}

// demoEntries are one in so many of the demo's entries.
func demoEntries(t *testing.T, each int) (list []entry) {
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
		s := entry{Key: strings.TrimPrefix(e.Key, ":1:")}
		for _, r := range e.Value {
			s.Value = append(s.Value, byte(r))
		}
		if e.TTL > 0 {
			s.TTL = new(1000 * e.TTL)
		}
		list = append(list, s)
	}
}

// asked gives a program in Python lines to read, and returns those that it writes.
func asked[T any](t *testing.T, questions []T, words ...string) [][]byte {
	t.Helper()
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for i := range questions {
		if err := enc.Encode(&questions[i]); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/usr/bin/python3", append([]string{"../../../testdata/python/compare_caches.py"}, words...)...)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("this test asks Python: %v", err)
	}
	return bytes.Split(bytes.TrimSuffix(out, []byte("\n")), []byte("\n"))
}

// twoCaches are the caches here and there, on servers of their own.
type twoCaches struct {
	path        string
	here, there *config.Cache
	clients     map[string]*redis.Client // by address
}

// newTwoCaches starts two caches; there is what the second has besides its servers.
func newTwoCaches(t *testing.T, there string) *twoCaches {
	t.Helper()
	c := &twoCaches{path: filepath.Join(t.TempDir(), "cachering.toml"), clients: map[string]*redis.Client{}}
	location := func(alias string, n int) (text string) {
		var list []string
		dial := ""
		for i := range n {
			s := redistest.RunT(t)
			c.clients[s.Addr] = s.Client(1)
			name := fmt.Sprintf("10.0.%d.%d:6379", n, i+1)
			list = append(list, name)
			dial += fmt.Sprintf("%q = %q\n", name, s.Addr)
		}
		names, _ := json.Marshal(list)
		return fmt.Sprintf("[caches.%s.dial]\n%s[caches.%s]\nlocation = %s\n", alias, dial, alias, names)
	}
	text := location("here", 4) + "backend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\noptions = { python = \"3.12\", db = 1 }\n" +
		location("there", 3) + "backend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nkey_prefix = \"next\"\nversion = 7\n" + there
	if err := os.WriteFile(c.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Load(config.Source{Path: c.path})
	if err != nil {
		t.Fatal(err)
	}
	for alias, to := range map[string]**config.Cache{"here": &c.here, "there": &c.there} {
		if *to, err = file.Cache(alias); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// at is the stored key of an entry, and the server of its home.
func (c *twoCaches) at(t *testing.T, of *config.Cache, version int64, key string) (*redis.Client, string) {
	t.Helper()
	stored := of.Keyspace.Stored(key, version)
	i, err := of.Place.Home(of.Keyspace, []byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	return c.clients[of.Endpoint(i).Addr], stored
}

// put stores entries where an application looks for them.
func (c *twoCaches) put(t *testing.T, of *config.Cache, version int64, list []entry) {
	t.Helper()
	ctx := context.Background()
	pipes := map[*redis.Client]redis.Pipeliner{}
	for i := range list {
		if list[i].Value == nil {
			continue
		}
		client, stored := c.at(t, of, version, list[i].Key)
		if pipes[client] == nil {
			pipes[client] = client.Pipeline()
		}
		ttl := time.Duration(0)
		if list[i].TTL != nil {
			ttl = time.Duration(*list[i].TTL) * time.Millisecond
		}
		pipes[client].Set(ctx, stored, list[i].Value, ttl)
	}
	for _, pipe := range pipes {
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// compared runs compare and returns its findings, sorted, and its report.
func (c *twoCaches) compared(t *testing.T, code int, words ...string) (findings []string, report map[string]any) {
	t.Helper()
	got, out, errs := programtest.InProcess("", slices.Concat([]string{"compare", "--to", "there", "-c", c.path, "-a", "here", "--json"}, words)...)
	if got != code {
		t.Fatalf("compare %q: exit %d, want %d\n%s", words, got, code, errs)
	}
	for line := range strings.Lines(out) {
		var f struct{ Finding, Key string }
		report = nil
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if f.Finding != "" {
			findings = append(findings, f.Finding+"\t"+f.Key)
		} else if err := json.Unmarshal([]byte(line), &report); err != nil {
			t.Fatal(err)
		}
	}
	if report["command"] != "compare" {
		t.Fatalf("compare %q: no report at the end", words)
	}
	slices.Sort(findings)
	for kind, field := range map[string]string{"missing": "missing", "extra": "extra", "different": "different", "expiry": "expiry"} {
		n := 0
		for _, f := range findings {
			if strings.HasPrefix(f, kind+"\t") {
				n++
			}
		}
		if report[field] != float64(n) {
			t.Errorf("compare %q: %v %s, and %d are listed", words, report[field], field, n)
		}
	}
	return findings, report
}

// TestCompare plants differences of every kind between the demo's entries and what Python
// makes of them for another cache, and compares what is found with what Python finds, value
// by value; with CACHERING_WHOLE all 22,000 entries and 1,000 differences.
func TestCompare(t *testing.T) {
	t.Parallel()
	each := 10
	if os.Getenv("CACHERING_WHOLE") != "" {
		each = 1
	}
	for _, target := range []struct{ name, options string }{
		{"pickle", "options = { python = \"3.12\", db = 1, pickle_version = 5, compressor = \"zlib\" }\n"},
		{"json", "options = { python = \"3.12\", db = 1, serializer = \"json\" }\n"},
	} {
		t.Run(target.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			c := newTwoCaches(t, target.options)
			list := demoEntries(t, each)
			for i := range list {
				if i%16 == 5 { // of 22,000 about 1,200, of which 1,000 are differences
					list[i].Plant = &plants[i/16%len(plants)]
				}
			}
			var other []entry
			for _, line := range asked(t, list, "plant", target.name) {
				var e entry
				if err := json.Unmarshal(line, &e); err != nil {
					t.Fatal(err)
				}
				other = append(other, e)
			}
			here := slices.Clone(list)
			for i := range here {
				if p := here[i].Plant; p != nil && *p == "extra" {
					here[i].Value = nil
				}
			}
			c.put(t, c.here, 1, here)
			c.put(t, c.there, 7, other)
			for i := range list {
				if p := list[i].Plant; p != nil && *p == "list" {
					client, stored := c.at(t, c.there, 7, list[i].Key)
					client.Del(ctx, stored)
					client.LPush(ctx, stored, "x")
					if other[i].TTL != nil {
						client.PExpire(ctx, stored, time.Duration(*other[i].TTL)*time.Millisecond)
					}
				}
			}
			want := c.brute(t, list)
			words := []string{"--version", "1", "--to-version", "7"}
			got, report := c.compared(t, 4, words...)
			if !slices.Equal(got, want) {
				t.Errorf("%d findings, Python has %d: %q", len(got), len(want), apart(got, want))
			}
			entries := 0
			for i := range list {
				if here[i].Value != nil || other[i].Value != nil {
					entries++
				}
			}
			if n := report["equal"].(float64); n == 0 || int(n)+len(got) != entries || len(report["skipped"].(map[string]any)) > 0 {
				t.Errorf("%d entries: %v", entries, report)
			}
			t.Logf("%d entries, %d findings, %v ms", len(list), len(got), report["elapsed_ms"])

			quick, _ := c.compared(t, 4, append(words, "--quick")...)
			var rest []string
			for _, f := range want {
				if !strings.HasPrefix(f, "different") {
					rest = append(rest, f)
				}
			}
			both := slices.DeleteFunc(slices.Clone(quick), func(f string) bool { // whose values differ, too
				return strings.HasPrefix(f, "expiry\t") && slices.Contains(want, "different\t"+strings.TrimPrefix(f, "expiry\t"))
			})
			if !slices.Equal(both, rest) {
				t.Errorf("--quick: %q", apart(both, rest))
			}
			none, _ := c.compared(t, 4, append(words, "--ttl-tolerance", "2m")...)
			if !slices.Equal(slices.DeleteFunc(slices.Clone(none), func(f string) bool { return strings.HasPrefix(f, "expiry") }),
				slices.DeleteFunc(slices.Clone(want), func(f string) bool { return strings.HasPrefix(f, "expiry") })) || len(none) >= len(want) {
				t.Errorf("--ttl-tolerance 2m: %d findings", len(none))
			}
			some, _ := c.compared(t, 4, append(words, "--match", "*s*", "--ttl-under", "20h")...)
			for _, f := range some {
				if _, key, _ := strings.Cut(f, "\t"); !slices.Contains(want, f) || !strings.Contains(key, "s") {
					t.Errorf("--match: %q", f)
				}
			}
			if len(some) == 0 || len(some) == len(want) {
				t.Errorf("--match: %d findings", len(some))
			}
			sample, report := c.compared(t, 4, append(words, "--sample", "600")...)
			for _, f := range sample {
				if !slices.Contains(want, f) {
					t.Errorf("--sample: %q", f)
				}
			}
			for _, side := range []string{"from", "to"} {
				s := report["sample"].(map[string]any)[side].(map[string]any)
				if n, of := s["entries"].(float64), s["of"].(float64); n < 500 || n > 700 || of < 0.5*float64(len(list)) || of > 1.5*float64(len(list)) {
					t.Errorf("--sample: %v", report)
				}
			}
		})
	}
}

// apart are what one list has and the other has not.
func apart(got, want []string) (out []string) {
	for _, f := range got {
		if !slices.Contains(want, f) {
			out = append(out, "+"+f)
		}
	}
	for _, f := range want {
		if !slices.Contains(got, f) {
			out = append(out, "-"+f)
		}
	}
	return out[:min(len(out), 20)]
}

// brute has Python compare what the servers have.
func (c *twoCaches) brute(t *testing.T, list []entry) []string {
	t.Helper()
	ctx := context.Background()
	type side struct {
		Value []byte `json:"value"`
		TTL   *int64 `json:"ttl"`
	}
	read := func(of *config.Cache, version int64, key string) *side {
		client, stored := c.at(t, of, version, key)
		pipe := client.Pipeline()
		left, value := pipe.PTTL(ctx, stored), pipe.Get(ctx, stored)
		pipe.Exec(ctx)
		s := new(side)
		if v, err := value.Bytes(); err == nil {
			s.Value = v
		}
		switch ttl := left.Val(); ttl {
		case -2:
			return nil
		case -1:
		default:
			s.TTL = new(ttl.Milliseconds())
		}
		return s
	}
	var pairs []map[string]any
	for i := range list {
		pairs = append(pairs, map[string]any{"key": list[i].Key, "here": read(c.here, 1, list[i].Key), "there": read(c.there, 7, list[i].Key)})
	}
	var out []string
	for _, line := range asked(t, pairs, "judge") {
		if len(line) > 0 {
			out = append(out, string(line))
		}
	}
	slices.Sort(out)
	return out
}
