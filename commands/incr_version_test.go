package commands_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands"
	"cachering/commands/internal/redistest"
)

// at is a point of a run: the first time that a shard is sent a command.
type at struct {
	shard    int
	verb     string
	received bool // the shard gets the command, and its answer is held back
}

// Wherever incr-version is killed between two shards, the entry is at one place
// or at both, whole and with its expiry, and running it again ends the work.
func TestIncrVersionKilled(t *testing.T) {
	for _, point := range []at{
		{0, "watch", false},
		{0, "watch", true},
		{1, "set", false},
		{1, "set", true},
		{0, "del", false},
		{0, "exec", false},
		{0, "exec", true},
	} {
		t.Run(fmt.Sprintf("%d-%s-%v", point.shard, point.verb, point.received), func(t *testing.T) {
			t.Parallel()
			killedAt(t, point)
		})
	}
}

func killedAt(t *testing.T, point at) {
	ctx := context.Background()
	var clients [2]*redis.Client
	var proxies [2]*redistest.Proxy
	reached := make(chan struct{})
	armed := make(chan struct{}, 1) // holds a token until the point is reached
	armed <- struct{}{}
	release := make(chan struct{})
	for i := range proxies {
		s := redistest.RunT(t)
		clients[i] = s.Client(1)
		proxies[i] = redistest.ProxyT(t, s, func(req []byte) redistest.Action {
			names := func(verb string) bool { return bytes.Contains(bytes.ToLower(req), []byte("\r\n"+verb+"\r\n")) }
			// An EXEC right behind its MULTI does nothing.
			if i != point.shard || !names(point.verb) || point.verb == "exec" && names("multi") {
				return redistest.Forward
			}
			select {
			case <-armed:
			default:
				return redistest.Forward
			}
			if point.received {
				proxies[i].Stall(true)
				close(reached)
				return redistest.Forward
			}
			close(reached)
			<-release
			return redistest.CutBefore
		})
	}
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	text := fmt.Sprintf(`[caches.default]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
options  = { python = "3.12" }
[caches.default.dial]
"10.0.0.1:6379" = %q
"10.0.0.2:6379" = %q
`, proxies[0].Addr, proxies[1].Addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	key := keyThatMoves(t, conf)
	from, to := ":1:"+key, ":2:"+key
	value := "\x80\x05K\x01. and \x00 \xff"
	clients[0].Set(ctx, from, value, time.Hour)
	clients[0].Set(ctx, "__fresh__"+from, 1, 0)
	clients[1].Set(ctx, to, "overwritten", 0)
	expires := clients[0].PExpireTime(ctx, from).Val()

	path, err := exec.LookPath("cachering")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "incr-version", key, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	select {
	case <-reached:
	case <-time.After(2 * time.Minute):
		t.Fatal("the point is never reached")
	}
	whole := func(i int, stored string) bool {
		return clients[i].Get(ctx, stored).Val() == value && clients[i].PExpireTime(ctx, stored).Val() == expires
	}
	if point.received {
		// Killed only after the shard has done what it was sent.
		done := map[string]func() bool{
			"watch": func() bool { return true },
			"set":   func() bool { return whole(1, to) },
			"exec":  func() bool { return clients[0].Exists(ctx, from).Val() == 0 },
		}[point.verb]
		for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the command is never carried out")
			}
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	close(release)
	proxies[point.shard].Stall(false)

	old, fresh := whole(0, from), whole(1, to)
	wantOld := point.verb != "exec" || !point.received
	wantNew := point.verb == "exec" || point.verb == "set" && point.received
	if old != wantOld || fresh != wantNew {
		t.Errorf("killed: at the old place %v, want %v; at the new %v, want %v", old, wantOld, fresh, wantNew)
	}
	code := commands.Main([]string{"cachering", "incr-version", key, "-c", conf, "-q"}, strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer))
	if want := map[bool]int{true: 0, false: 4}[wantOld]; code != want {
		t.Errorf("again: exit code %d, want %d", code, want)
	}
	if !whole(1, to) || clients[0].Exists(ctx, from, "__fresh__"+from).Val() != 0 {
		t.Error("running it again did not end the work")
	}
}

// keyThatMoves finds a key whose versions 1 and 2 live on shards 0 and 1.
func keyThatMoves(t *testing.T, conf string) string {
	t.Helper()
	args := []string{"cachering", "ring", "locate", "-c", conf, "--json", "--stored"}
	for i := range 50 {
		args = append(args, fmt.Sprintf(":1:k%d", i), fmt.Sprintf(":2:k%d", i))
	}
	var out, errs bytes.Buffer
	if code := commands.Main(args, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	dec := json.NewDecoder(&out)
	for i := range 50 {
		var one, two struct{ Index int }
		if dec.Decode(&one) != nil || dec.Decode(&two) != nil {
			t.Fatal("ring locate printed something else")
		}
		if one.Index == 0 && two.Index == 1 {
			return fmt.Sprintf("k%d", i)
		}
	}
	t.Fatal("no key moves")
	return ""
}
