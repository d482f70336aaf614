package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/config"
	"cachering/commands/internal/redistest"
	"cachering/ring"
)

// open makes a cluster of servers where the last character of a stored key is
// the index of its home.
func open(t *testing.T, timeout time.Duration, ends ...Endpoint) *Cluster {
	t.Helper()
	c, err := New(Spec{
		Alias:     "default",
		Endpoints: ends,
		SideKeys:  ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"},
		Home: func(stored []byte) (int, error) {
			i := int(stored[len(stored)-1] - '0')
			if i < 0 || i >= len(ends) {
				return 0, errors.New("no home")
			}
			return i, nil
		},
		SocketTimeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func at(name string, s *redistest.Server) Endpoint {
	return Endpoint{Name: name, Network: s.Network, Addr: s.Addr, Writable: true}
}

func login(password string) func(context.Context) (string, string, error) {
	return loginAs("", password)
}

func loginAs(user, password string) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return user, password, nil }
}

func keys(names ...string) [][]byte {
	var out [][]byte
	for _, n := range names {
		out = append(out, []byte(n))
	}
	return out
}

func TestAnswersComeInTheOrderAsked(t *testing.T) {
	ctx := context.Background()
	a, b := redistest.RunT(t), redistest.RunT(t)
	c := open(t, time.Minute, at("a", a), at("b", b))
	a.Client(0).Set(ctx, ":1:x0", "A", 0)
	b.Client(0).Set(ctx, ":1:y1", "B", time.Minute)
	b.Client(0).RPush(ctx, ":1:list1", "v")

	got := c.Get(ctx, keys(":1:y1", ":1:x0", ":1:none0", ":1:list1", ":1:none1"))
	for i, want := range []string{"true B", "true A", "false ", "false ", "false "} {
		if text := fmt.Sprintf("%v %s", got[i].Found, got[i].Value); text != want {
			t.Errorf("answer %d is %q, want %q", i, text, want)
		}
	}
	if got[0].TTL <= 50*time.Second || got[0].TTL > time.Minute || got[1].TTL != Forever || got[2].TTL != Missing {
		t.Errorf("lifetimes %v %v %v", got[0].TTL, got[1].TTL, got[2].TTL)
	}
	if !errors.Is(got[3].Err, ErrNotString) || got[4].Err != nil {
		t.Errorf("errors %v, %v", got[3].Err, got[4].Err)
	}
	if got[0].Shard.Name != "b" || got[1].Shard.Name != "a" {
		t.Errorf("shards %s %s", got[0].Shard.Name, got[1].Shard.Name)
	}
}

func TestSetKeepsExpiresAndMinds(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	c := open(t, time.Minute, at("a", s))
	k := []byte(":1:k0")
	set := func(v string, w Write) bool {
		t.Helper()
		e := c.Set(ctx, Put{k, []byte(v), w})[0]
		if e.Err != nil {
			t.Fatal(e.Err)
		}
		return e.Done
	}
	if set("v", Write{TTL: Forever, XX: true}) {
		t.Error("XX made a key")
	}
	if !set("v", Write{TTL: time.Hour, NX: true}) || set("w", Write{TTL: Forever, NX: true}) {
		t.Error("NX")
	}
	set("kept", Write{TTL: Forever, KeepTTL: true})
	e := c.Get(ctx, [][]byte{k})[0]
	if string(e.Value) != "kept" || e.TTL < 59*time.Minute {
		t.Errorf("%q lives %v", e.Value, e.TTL)
	}
	if p := c.Persist(ctx, [][]byte{k, []byte(":1:none0")}); !p[0].Done || !p[0].Found || p[1].Done || p[1].Found {
		t.Errorf("persist %+v", p)
	}
	if p := c.Persist(ctx, [][]byte{k}); p[0].Done || !p[0].Found {
		t.Errorf("second persist %+v", p)
	}
	if e := c.Expire(ctx, [][]byte{k}, 1500*time.Microsecond, Jitter{}); !e[0].Done {
		t.Errorf("expire %+v", e)
	}
}

func TestDeleteTakesTheMarker(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	c := open(t, time.Minute, at("a", s))
	r := s.Client(0)
	r.MSet(ctx, ":1:k0", "v", "__fresh__:1:k0", "1", "__lock__:1:k0", "t", "__fresh__:1:other0", "1")
	d := c.Delete(ctx, keys(":1:k0", ":1:none0"))
	if !d[0].Done || d[1].Done {
		t.Errorf("delete %+v", d)
	}
	if left := r.Keys(ctx, "*").Val(); len(left) != 2 {
		t.Errorf("left %q", left)
	}
}

func TestALostShardNamesItselfAndSparesTheOthers(t *testing.T) {
	ctx := context.Background()
	a, b := redistest.RunT(t), redistest.RunT(t)
	a.Client(0).Set(ctx, ":1:x0", "A", 0)
	c := open(t, time.Minute, at("first", a), at("redis://:***@second", b))
	if e := c.Get(ctx, keys(":1:x1")); e[0].Err != nil {
		t.Fatal(e[0].Err)
	}
	b.Kill()
	for range 2 { // once on the connection that was lost, once on none
		got := c.Get(ctx, keys(":1:x1", ":1:x0"))
		var lost *ShardError
		if !errors.As(got[0].Err, &lost) || lost.Shard != "redis://:***@second" {
			t.Fatalf("error %v", got[0].Err)
		}
		if got[1].Err != nil || string(got[1].Value) != "A" {
			t.Fatalf("the other shard: %+v", got[1])
		}
	}
	b.Restart()
	if e := c.Get(ctx, keys(":1:x1")); e[0].Err != nil {
		t.Errorf("after a restart: %v", e[0].Err)
	}
}

func TestRefusedLoginShowsNoPassword(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t, "requirepass right")
	for _, password := range []string{"", "wrong-Secret"} {
		end := at("a", s)
		end.Login = login(password)
		e := open(t, time.Minute, end).Get(ctx, keys(":1:k0"))[0]
		if !errors.Is(e.Err, ErrLogin) {
			t.Errorf("%q: error %v", password, e.Err)
		}
	}
	end := at("a", s)
	end.Login = login("right")
	if e := open(t, time.Minute, end).Get(ctx, keys(":1:k0"))[0]; e.Err != nil {
		t.Error(e.Err)
	}
}

// TestLoginAsAUser: where the default user is off, as one that may read and one
// without a password.
func TestLoginAsAUser(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t, "user default off", "user reader on >s3cret ~* +get +pttl +select +ping", "user anyone on nopass ~* +@all")
	for _, tt := range []struct {
		user, password string
		want           error
	}{
		{"reader", "s3cret", nil},
		{"reader", "wrong", ErrLogin},
		{"reader", "", ErrLogin},
		{"nobody", "s3cret", ErrLogin},
		{"", "s3cret", ErrLogin},
		{"anyone", "", nil},
	} {
		end := at("a", s)
		end.Login = loginAs(tt.user, tt.password)
		c := open(t, time.Minute, end)
		if e := c.Get(ctx, keys(":1:k0"))[0]; !errors.Is(e.Err, tt.want) {
			t.Errorf("%s %q: %v, want %v", tt.user, tt.password, e.Err, tt.want)
		}
		if e := c.Delete(ctx, keys(":1:k0"))[0]; tt.user == "reader" && (e.Err == nil || strings.Contains(e.Err.Error(), "s3cret")) {
			t.Errorf("%s may delete, or: %v", tt.user, e.Err)
		}
	}
}

// A server that knows neither HELLO nor AUTH repeats their words in its error.
func TestAnErrorThatRepeatsThePasswordIsMasked(t *testing.T) {
	s := redistest.RunT(t, `rename-command HELLO ""`, `rename-command AUTH ""`)
	end := at("a", s)
	end.Login = login("hunter22")
	e := open(t, time.Minute, end).Get(context.Background(), keys(":1:k0"))[0]
	if e.Err == nil || strings.Contains(e.Err.Error(), "hunter22") {
		t.Errorf("error %v", e.Err)
	}
	for err := e.Err; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("wrapped error %v", err)
		}
	}
}

func TestAStalledServerEndsWithATimeout(t *testing.T) {
	p := redistest.ProxyT(t, redistest.RunT(t), nil)
	c := open(t, time.Second, Endpoint{Name: "a", Network: p.Network, Addr: p.Addr})
	ctx := context.Background()
	if e := c.Get(ctx, keys(":1:k0")); e[0].Err != nil {
		t.Fatal(e[0].Err)
	}
	p.Stall(true)
	if e := c.Get(ctx, keys(":1:k0")); !errors.Is(e[0].Err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v", e[0].Err)
	}
}

func TestTheEndOfAContextEndsTheWait(t *testing.T) {
	p := redistest.ProxyT(t, redistest.RunT(t), nil)
	c := open(t, -1, Endpoint{Name: "a", Network: p.Network, Addr: p.Addr})
	if e := c.Get(context.Background(), keys(":1:k0")); e[0].Err != nil {
		t.Fatal(e[0].Err)
	}
	p.Stall(true)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if e := c.Get(ctx, keys(":1:k0")); !errors.Is(e[0].Err, context.Canceled) {
		t.Errorf("error %v", e[0].Err)
	}
}

func TestAServerListedTwiceIsVisitedOnce(t *testing.T) {
	a := redistest.RunT(t)
	other := at("other db", a)
	other.DB = 1
	reader := at("reader", redistest.RunT(t))
	reader.Writable = false
	c := open(t, time.Minute, at("a", a), other, at("unix a", a), reader)
	var visited []string
	for _, s := range c.Visit() {
		visited = append(visited, s.Name)
	}
	if got := strings.Join(visited, ","); got != "a,other db" {
		t.Errorf("visits %s", got)
	}
}

// Replies must be understood however the stream is cut.
func TestReplyReadsEveryCut(t *testing.T) {
	stream := []byte("+OK\r\n*3\r\n$5\r\nhel\r\n\r\n$-1\r\n$9\r\nlong-long\r\n*-1\r\n-ERR no\r\n:42\r\n$0\r\n\r\n")
	for step := 1; step <= len(stream); step++ {
		r := &Reply{Limit: 12}
		for rest := stream; len(rest) > 0; {
			n := min(step, len(rest))
			if step%2 == 0 {
				if _, err := r.ReadFrom(bytes.NewReader(rest[:n])); err != nil {
					t.Fatal(err)
				}
			} else if _, err := r.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		var got strings.Builder
		for _, i := range r.Items {
			fmt.Fprintf(&got, "%c%d%q ", i.Kind, i.Int, r.Bytes(i))
		}
		const want = `+0"OK" *3"" $5"hel\r\n" _-1"" >9"" _-1"" -0"ERR no" :42"" $0"" `
		if got.String() != want {
			t.Fatalf("in steps of %d: %s, want %s", step, got.String(), want)
		}
	}
}

func TestOpenFollowsTheConfiguration(t *testing.T) {
	a, b := redistest.RunTCP(t, "requirepass letmein"), redistest.RunT(t)
	file := t.TempDir() + "/cachering.toml"
	text := fmt.Sprintf(`
[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = ["redis://:letmein@10.1.1.1:6379/1", %[2]q]
[caches.default.dial]
"redis://:letmein@10.1.1.1:6379/1" = %[1]q

[caches.near]
backend = "redis_cache.RedisCache"
release = "3.0.1"
location = [%[2]q, "10.0.0.9:6379"]
key_prefix = "near"
`, a.Addr, b.Addr)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(config.Source{Path: file})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := f.Cache("default")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(cache, Options{Others: f.Caches})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, s := range c.Shards() {
		if n, err := s.DBSize(context.Background()); n != 0 || err != nil {
			t.Errorf("%s: %d keys, %v", s.Name, n, err)
		}
	}
	if n := c.Shards()[1].Neighbours(); len(n) != 1 || n[0].Alias != "near" {
		t.Errorf("neighbours %+v", n)
	}
	near, _ := f.Cache("near")
	if c, err := Open(near, Options{Others: f.Caches}); err != nil || len(c.Visit()) != 1 || c.Visit()[0].Index != 0 {
		t.Errorf("an unsharded cache is visited at %v, %v", c.Visit(), err)
	}
}

func TestAConnectionThatTheServerClosedIsDialledAgainForReads(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	c := open(t, time.Minute, at("a", s))
	r := s.Client(0)
	r.Set(ctx, ":1:k0", "v", 0)
	for range 3 {
		if e := c.Get(ctx, keys(":1:k0"))[0]; e.Err != nil || !e.Found {
			t.Fatalf("%+v", e)
		}
		r.Do(ctx, "client", "kill", "type", "normal", "skipme", "yes")
	}
	// A write may have been carried out before the connection broke.
	if e := c.Set(ctx, Put{[]byte(":1:k0"), []byte("w"), Write{TTL: Forever}})[0]; e.Err == nil {
		t.Error("a write on a closed connection was repeated")
	}
}

// Whatever a server sends, a Reply ends with an error or a number of items, and
// takes no memory for what did not arrive.
func FuzzReply(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nabc\r\n:1\r\n"), 1)
	f.Add([]byte("$9223372036854775807\r\nx"), 3)
	f.Add([]byte("$-7\r\n*-1\r\n+\r\n-\r\n"), 2)
	f.Add([]byte("\r\n"), 1)
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		step = 1 + max(0, step)%64
		whole, pieces := &Reply{Limit: 1 << 20}, &Reply{Limit: 1 << 20}
		_, err := whole.Write(stream)
		var cut error
		for rest := stream; len(rest) > 0 && cut == nil; {
			n := min(step, len(rest))
			_, cut = pieces.ReadFrom(bytes.NewReader(rest[:n]))
			rest = rest[n:]
		}
		if (err == nil) != (cut == nil) {
			t.Fatalf("at once %v, in pieces %v", err, cut)
		}
		if err != nil {
			return
		}
		if len(whole.Items) != len(pieces.Items) || len(whole.Items) > len(stream) {
			t.Fatalf("%d items at once, %d in pieces", len(whole.Items), len(pieces.Items))
		}
	})
}
