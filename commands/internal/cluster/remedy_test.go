package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/redistest"
)

// What real servers answer that a user can do something about is told in our words.
func TestRemedies(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	get := func(t *testing.T, c *Cluster) error { return c.Get(ctx, keys(":1:k0"))[0].Err }
	set := func(t *testing.T, c *Cluster) error {
		return c.Set(ctx, Put{Stored: []byte(":1:k0"), Value: []byte("v"), Write: Write{TTL: Forever}})[0].Err
	}
	for _, c := range []struct {
		name  string
		lines []string
		make  func(t *testing.T, s *redistest.Server) // brings the server into its state
		do    func(*testing.T, *Cluster) error
		want  string
	}{
		{"memory", []string{"maxmemory 1"}, nil, set, "OOM: the memory of the server is full, and it evicts nothing: raise maxmemory"},
		{"memory of a transaction", []string{"maxmemory 1"}, nil, func(_ *testing.T, c *Cluster) error {
			return c.SetMarked(ctx, []byte(":1:k0"), []byte("v"), time.Hour, time.Hour).Err
		}, "OOM: the memory of the server is full, and it evicts nothing: raise maxmemory"},
		{"disk", nil, failSaving, set, "MISCONF: the server cannot save to its disk"},
		{"replicas", []string{"min-replicas-to-write 1"}, nil, set, "NOREPLICAS: the master has fewer replicas at hand than it wants for a write"},
		{"master lost", nil, loseMaster, get, "MASTERDOWN: the server is a replica that has lost its master"},
		{"unknown", []string{`rename-command GET ""`}, nil, get, "the server does not know GET: undo its rename-command, or connect past the proxy that lacks it"},
		{"loading", []string{"loading-process-events-interval-bytes 1024"}, load, get, "LOADING: the server is still reading its data from disk: run again in a while"},
		{"loading, and a write", []string{"loading-process-events-interval-bytes 1024"}, load, set, "LOADING: the server is still reading its data from disk: run again in a while"},
		{"cluster", []string{"cluster-enabled yes", "user default on nopass ~* +@all -info"}, nil, get, clusterNode + "; and the cluster is down"},
		{"script", []string{"lua-time-limit 1"}, runForEver, get, "BUSY: the server is running a script, and answers nobody: wait for its end, or end it by SCRIPT KILL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := redistest.RunTCP(t, c.lines...)
			if c.make != nil {
				c.make(t, s)
			}
			err := c.do(t, open(t, time.Minute, at("a", s)))
			if err == nil || !strings.HasPrefix(err.Error(), "shard a: "+c.want) {
				t.Errorf("got %v\nwant shard a: %s", err, c.want)
			}
			if !answered(err) {
				t.Errorf("%v is no answer of the server's", err)
			}
		})
	}
}

// failSaving has a server fail to write its dump.
func failSaving(t *testing.T, s *redistest.Server) {
	t.Helper()
	ctx, client := context.Background(), s.Client(0)
	dir, err := client.ConfigGet(ctx, "dir").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir["dir"], "dump.rdb"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := client.ConfigSet(ctx, "save", "3600 1").Err(); err != nil {
		t.Fatal(err)
	}
	client.BgSave(ctx)
	await(t, func() bool {
		return strings.Contains(client.Info(ctx, "persistence").Val(), "rdb_last_bgsave_status:err")
	})
	// What only reads is answered all the same.
	if e := open(t, time.Minute, at("a", s)).Get(ctx, keys(":1:k0"))[0]; e.Err != nil {
		t.Error(e.Err)
	}
}

// loseMaster makes a server the replica of one that is not there.
func loseMaster(t *testing.T, s *redistest.Server) {
	t.Helper()
	ctx, client := context.Background(), s.Client(0)
	for _, err := range []error{client.ConfigSet(ctx, "replica-serve-stale-data", "no").Err(), client.Do(ctx, "replicaof", "127.0.0.1", "1").Err()} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// load has a server read many keys until the end of the test, as a replica does that
// comes to a new master.
func load(t *testing.T, s *redistest.Server) {
	t.Helper()
	ctx, client := context.Background(), s.Client(0)
	master := redistest.RunTCP(t, "repl-diskless-sync-delay 0")
	pipe := master.Client(0).Pipeline()
	for i := range 20_000 {
		pipe.Set(ctx, fmt.Sprint("key-", i), "v", 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(master.Addr)
	// Microseconds a key: it takes longer than the test, and looks up every few of them.
	for _, err := range []error{client.ConfigSet(ctx, "key-load-delay", "2000").Err(), client.ReplicaOf(ctx, host, port).Err()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	await(t, func() bool {
		err := client.Ping(ctx).Err()
		return err != nil && strings.HasPrefix(err.Error(), "LOADING")
	})
}

// runForEver has a server run a script until the end of the test.
func runForEver(t *testing.T, s *redistest.Server) {
	t.Helper()
	ctx := context.Background()
	client := redis.NewClient(&redis.Options{Network: s.Network, Addr: s.Addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1, ReadTimeout: -1})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		client.Eval(ctx, "while true do end", nil)
	}()
	t.Cleanup(func() {
		s.Client(0).ScriptKill(ctx)
		<-ended
		client.Close()
	})
	other := s.Client(0)
	await(t, func() bool { err := other.Ping(ctx).Err(); return err != nil && strings.HasPrefix(err.Error(), "BUSY") })
}

// await waits until something is so.
func await(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

// A server that has as many clients as it takes is named as that, whatever the way
// to it and whether a password is sent.
func TestAFullServerIsNamed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, start := range map[string]func(testing.TB, ...string) *redistest.Server{"unix": redistest.RunT, "tcp": redistest.RunTCP} {
		for _, password := range []string{"", "s3cret"} {
			lines := []string{"maxclients 3"}
			if password != "" {
				lines = append(lines, "requirepass "+password)
			}
			s := start(t, lines...)
			held := occupy(t, s, 3)
			end := at("a", s)
			end.Login = login(password)
			c := open(t, time.Minute, end)
			for range 3 {
				err := c.Get(ctx, keys(":1:k0"))[0].Err
				want := "shard a: max number of clients reached: the server takes no more connections: raise its maxclients, or close some"
				if err == nil || err.Error() != want || !errors.Is(err, ErrFull) {
					t.Fatalf("%s, password %q: got %v\nwant %s", name, password, err, want)
				}
			}
			held[0].Close()
			await(t, func() bool { return c.Get(ctx, keys(":1:k0"))[0].Err == nil })
		}
	}
}

// occupy holds connections of a server, as many as it takes.
func occupy(t *testing.T, s *redistest.Server, n int) []net.Conn {
	t.Helper()
	var held []net.Conn
	for len(held) < n {
		conn, err := net.Dial(s.Network, s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		reply := make([]byte, 100)
		// It answers in any case: with -NOAUTH where it wants a password.
		conn.Write([]byte("PING\r\n"))
		n, err := conn.Read(reply)
		if err != nil || strings.Contains(string(reply[:n]), "max number") {
			conn.Close() // the server has not seen yet that others went
			time.Sleep(2 * time.Millisecond)
			continue
		}
		held = append(held, conn)
	}
	return held
}

// What a server says that is not known is shown on one line, and no more of it than
// a person reads.
func TestAServersWordsAreShortAndHarmless(t *testing.T) {
	ctx := context.Background()
	end := lies(t, true, "-ERR \x1b[31mred\x07 "+strings.Repeat("é", 1000))
	err := open(t, time.Minute, end).Get(ctx, keys(":1:k0"))[0].Err
	if want := `shard a: ERR \x1b[31mred\x07 ` + strings.Repeat("é", 200-len("ERR \x1b[31mred\x07 ")) + "…"; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// A server of web pages in the place of one of Redis is named as that, whatever is sent
// to it first.
func TestAServerOfWebPagesIsNamed(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	for _, password := range []string{"", "s3cret"} {
		end := Endpoint{Name: "a", Network: "tcp", Addr: web.Listener.Addr().String(), Writable: true, Login: login(password)}
		err := open(t, time.Minute, end).Get(context.Background(), keys(":1:k0"))[0].Err
		want := "shard a: this is no answer of a Redis server: it answers HTTP, so this is the port of another service"
		if err == nil || err.Error() != want || !errors.Is(err, ErrProtocol) {
			t.Errorf("password %q: got %v\nwant %s", password, err, want)
		}
	}
}
