package commands_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// counted is a cache of servers behind proxies that count what is sent.
type counted struct {
	*testing.T
	servers []*redistest.Server
	conf    string
	sent    atomic.Int64 // pieces, of at most some kB
}

func newCounted(t *testing.T, servers int, before func(server int, piece []byte)) *counted {
	return newCountedOf(t, "backend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\noptions = { python = \"3.12\" }\n",
		"10.0.0.%d:6379", servers, before)
}

// newCountedOf is newCounted of a cache of any library, whose servers are named
// by a format.
func newCountedOf(t *testing.T, settings, name string, servers int, before func(server int, piece []byte)) *counted {
	c := &counted{T: t, conf: filepath.Join(t.TempDir(), "cachering.toml")}
	var location, dial []string
	for i := range servers {
		s := redistest.RunT(t)
		p := redistest.ProxyT(t, s, func(piece []byte) redistest.Action {
			c.sent.Add(1)
			before(i, piece)
			return redistest.Forward
		})
		c.servers = append(c.servers, s)
		location = append(location, strconv.Quote(fmt.Sprintf(name, i+1)))
		dial = append(dial, fmt.Sprintf("%s = %q", location[i], p.Addr))
	}
	text := "[caches.default]\n" + settings +
		"location = [" + strings.Join(location, ", ") + "]\ndial = { " + strings.Join(dial, ", ") + " }\n"
	if err := os.WriteFile(c.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// run runs the program and tells how many pieces it sent.
func (c *counted) run(stdin string, words ...string) (code int, stdout string, sent int64) {
	c.Helper()
	before := c.sent.Load()
	code, stdout, stderr := programtest.InProcess(stdin, append([]string{"-c", c.conf}, words...)...)
	if strings.Contains(stderr, "cachering: ") {
		c.Errorf("%v: %s", words, stderr)
	}
	return code, stdout, c.sent.Load() - before
}

// explain asks as often about many keys as about one: those that are at home,
// misplaced, under another version, locks and nowhere.
func TestExplainAsksAboutAllKeysAtOnce(t *testing.T) {
	c := newCounted(t, 2, func(int, []byte) {})
	ctx := context.Background()
	var keys []string
	for i := range 40 {
		key := fmt.Sprintf("k%d", i)
		keys = append(keys, key)
		for n, s := range c.servers {
			if i%4 == 3 || i%4 == n {
				if err := s.Client(1).Set(ctx, fmt.Sprintf(":%d:%s", 1+i%2, key), "7", 0).Err(); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Client(1).Set(ctx, key, "0123456789abcdef0123456789abcdef", 0).Err(); err != nil {
				t.Fatal(err)
			}
			if err := s.Client(5).Set(ctx, ":1:"+key, "7", 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var one int64
	answers := map[string]string{}
	for _, key := range keys {
		_, out, sent := c.run(key, "explain", "-")
		answers[key], one = steady(out), max(one, sent)
	}
	_, out, all := c.run(strings.Join(keys, "\n"), "explain", "-")
	want := ""
	for _, key := range keys {
		want += answers[key]
	}
	if got := steady(out); got != want {
		t.Errorf("all at once\n%s\none by one\n%s", got, want)
	}
	if all > one+20 {
		t.Errorf("%d pieces were sent about %d keys, and %d about one", all, len(keys), one)
	}
}

// steady is what explain says without the lines that tell of the server's clock.
func steady(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		if !strings.Contains(line, "\tserver\t") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// No shard waits for the scan of another: the first page of each is held back until
// all were asked for one.
func TestCheckScansAllShardsAtOnce(t *testing.T) {
	const shards = 3
	var asked sync.WaitGroup
	asked.Add(shards)
	var once [shards]sync.Once
	all := make(chan struct{})
	go func() { asked.Wait(); close(all) }()
	var late atomic.Bool
	c := newCounted(t, shards, func(server int, piece []byte) {
		if bytes.Contains(bytes.ToLower(piece), []byte("scan")) {
			once[server].Do(asked.Done)
			select {
			case <-all:
			case <-time.After(patience):
				late.Store(true)
			}
		}
	})
	ctx := context.Background()
	for i := range 5 {
		for n, s := range c.servers {
			if err := s.Client(1).Set(ctx, fmt.Sprintf(":1:k%d", i), fmt.Sprint("7", n%2), 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	code, out, _ := c.run("", "check", "--socket-timeout", "1m")
	if late.Load() {
		t.Fatal("a shard was not scanned until another had been")
	}
	if code != 4 || strings.Count(out, "misplaced\t") != 10 || strings.Count(out, "\tvalues differ\n") != 5 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	// Findings come in the order of the shards all the same.
	last := 0
	for line := range strings.Lines(out) {
		on := strings.Index(line, "10.0.0.")
		n, _ := strconv.Atoi(line[on+len("10.0.0."):][:1])
		if n < last {
			t.Errorf("after shard %d: %s", last, line)
		}
		last = n
	}
}

// check asks as often about many copies as about one, values included.
func TestCheckComparesManyAtOnce(t *testing.T) {
	c := newCounted(t, 2, func(int, []byte) {})
	ctx := context.Background()
	fill := func(n int) {
		for i := range n {
			for k, s := range c.servers {
				value := fmt.Sprint("value", i*k%3) // some equal, some not, some of another length
				if i%5 == 0 {
					value += strings.Repeat("x", k)
				}
				if err := s.Client(1).Set(ctx, fmt.Sprintf(":1:k%d", i), value, 0).Err(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	fill(1)
	_, _, one := c.run("", "check", "--max-latency", "none")
	const n = 60
	fill(n)
	_, out, all := c.run("", "check", "--max-latency", "none")
	for i := range n {
		want := "values differ"
		if i%5 != 0 && i%3 == 0 {
			want = "values equal"
		}
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^duplicate\t:1:k%d\t.*\t%s$`, i, want)).MatchString(out) {
			t.Errorf("k%d: no %s in\n%s", i, want, out)
		}
	}
	if all > one+10 {
		t.Errorf("%d pieces were sent about %d copies, and %d about one", all, n, one)
	}
}

// The value and the expiry of many keys of HerdClient change in as many requests as
// there are transactions, not keys.
func TestExpireOfHerdClientAsksInBatches(t *testing.T) {
	const herd = "backend = \"django_redis.cache.RedisCache\"\nrelease = \"5.2.0\"\n" +
		"options = { python = \"3.11\", client_class = \"django_redis.client.HerdClient\" }\n"
	c := newCountedOf(t, herd, "redis://10.0.0.%d:6379/1", 1, func(int, []byte) {})
	const n = 150
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("k%d", i))
		ttl := []string{"none", "1h"}[i%2] // HerdClient wraps none but those that expire
		if code, _, _ := c.run("", "set", keys[i], "v", "--ttl", ttl); code != 0 {
			t.Fatal(code)
		}
	}
	for _, words := range [][]string{{"expire", "-", "--ttl", "2h"}, {"persist", "-"}} {
		_, _, one := c.run("k1", words...)
		c.run("k1", "expire", "-", "--ttl", "2h")
		code, out, all := c.run(strings.Join(keys, "\n"), words...)
		if code != 0 || strings.Count(out, "\tchanged\n") != n {
			t.Errorf("%v: exit code %d\n%s", words, code, out)
		}
		if all > one+20 {
			t.Errorf("%v: %d pieces were sent about %d keys, and %d about one", words, all, n, one)
		}
	}
	ctx := context.Background()
	for _, key := range keys {
		if ttl := c.servers[0].Client(1).PTTL(ctx, ":1:"+key).Val(); ttl != -1 {
			t.Errorf("%s lives for %v after persist", key, ttl)
		}
	}
}
