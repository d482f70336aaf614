package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/config"
	"cachering/commands/internal/redistest"
)

// within waits for what should come at once, on a busy machine.
func within(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// TestSentinelOverTLS: sentinel and master speak TLS only to those with a
// certificate, and each wants a user of its own.
func TestSentinelOverTLS(t *testing.T) {
	dir := t.TempDir()
	authority := redistest.AuthorityT(t, dir, "ca")
	cert, key := authority.Issue("server", "127.0.0.1")
	authority.Issue("client")
	lines := redistest.TLSLines(cert, key, authority.File)
	server := redistest.RunTLST(t, append(lines, "user app on >s3cret ~* +@all")...)
	host, port, _ := net.SplitHostPort(server.TLSAddr)
	sentinel := redistest.RunTLSSentinelT(t, append(lines, "tls-replication yes", "sentinel monitor orders "+host+" "+port+" 1",
		// What the sentinels themselves advise for a client, without what it can do without.
		"user watcher on >w4tch -@all +auth +hello +sentinel|get-master-addr-by-name")...)
	_, sentinelPort, _ := net.SplitHostPort(sentinel.TLSAddr)

	const ours = `ssl_ca_certs = "ca.pem", ssl_certfile = "client.pem", ssl_keyfile = "client.key"`
	const app = `username = "app", password = "s3cret", `
	for _, c := range []struct{ location, options, kwargs, want string }{
		{"redis://orders", app + "connection_pool_kwargs = {ssl = true, " + ours + "}", `ssl = true, username = "watcher", password = "w4tch", ` + ours, ""},
		{"redis://app:s3cret@orders", "connection_pool_kwargs = {ssl = true, " + ours + "}", `ssl = true, username = "watcher", password = "w4tch", ` + ours, ""},
		{"rediss://app:s3cret@orders", ours, `ssl = true, username = "watcher", password_command = "echo w4tch", ` + ours, ""},
		{"redis://orders", app + "connection_pool_kwargs = {ssl = true, " + ours + "}", `ssl = true, username = "watcher", password = "wrong", ` + ours,
			"no sentinel tells the master of orders: 127.0.0.1:PORT: login refused: wrong password for user watcher, or no such user: see username and password (of sentinel_kwargs)"},
		{"redis://orders", app + "connection_pool_kwargs = {ssl = true, " + ours + "}", `ssl = true, username = "watcher", password = "w4tch", ssl_certfile = "client.pem", ssl_keyfile = "client.key"`,
			"127.0.0.1:PORT: the server's certificate is signed by an authority that is not known here: name its own by ssl_ca_certs"},
		{"redis://orders", app + "connection_pool_kwargs = {ssl = true, ssl_certfile = \"client.pem\", ssl_keyfile = \"client.key\"}", `ssl = true, username = "watcher", password = "w4tch", ` + ours,
			"shard redis://orders: the server's certificate is signed by an authority that is not known here: name its own by ssl_ca_certs"},
		{"redis://orders", "username = \"app\", password = \"wrong\", connection_pool_kwargs = {ssl = true, " + ours + "}", `ssl = true, username = "watcher", password = "w4tch", ` + ours,
			"shard redis://orders: login refused: wrong password for user app"},
		{"redis://other", app + "connection_pool_kwargs = {ssl = true, " + ours + "}", `ssl = true, username = "watcher", password = "w4tch", ` + ours,
			"127.0.0.1:PORT: it does not know other"},
	} {
		text := fmt.Sprintf("[caches.x]\nbackend = \"django_redis.cache.RedisCache\"\nlocation = %q\n[caches.x.options]\nsentinels = [[\"127.0.0.1\", %s]]\nsentinel_kwargs = {%s}\n%s\n",
			c.location, sentinelPort, c.kwargs, strings.ReplaceAll(c.options, ", connection_pool", "\nconnection_pool"))
		text = strings.ReplaceAll(text, `username = "app", password`, "username = \"app\"\npassword")
		if c.options == ours {
			text = strings.ReplaceAll(text, ours+"\n", strings.ReplaceAll(ours, ", ", "\n")+"\n")
		}
		file := filepath.Join(dir, "c.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := config.Load(config.Source{Path: file})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		cl, err := Open(f.Caches[0], Options{})
		if err == nil {
			err = cl.Get(context.Background(), keys(":1:k"))[0].Err
			cl.Close()
		}
		want := strings.ReplaceAll(c.want, "PORT", sentinelPort)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nerror %v\n want %s", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "w4tch") || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("a password in %v", err)
		}
	}
}

// TestSentinelNamesAnother: each connection goes to the master of the moment, and
// one to the master of before is no more to be written on.
func TestSentinelNamesAnother(t *testing.T) {
	ctx := context.Background()
	a := redistest.RunTCP(t, "repl-diskless-sync-delay 0")
	host, port, _ := net.SplitHostPort(a.Addr)
	b := redistest.RunTCP(t, "replicaof "+host+" "+port)
	within(t, "replication", func() bool {
		return strings.Contains(b.Client(0).Info(ctx, "replication").Val(), "master_link_status:up")
	})
	s := redistest.RunSentinelT(t, "sentinel monitor orders "+host+" "+port+" 1")
	asked := s.Client(0)
	within(t, "the replica", func() bool {
		return strings.Contains(fmt.Sprint(asked.Do(ctx, "sentinel", "replicas", "orders").Val()), "flags slave ")
	})
	sentinels := NewSentinels(Watch{Addrs: []string{"127.0.0.1:1", s.Addr}})
	cl, err := New(Spec{
		Alias: "x", Home: func([]byte) (int, error) { return 0, nil },
		Endpoints: []Endpoint{
			{Name: "master", Writable: true, Service: &Service{Name: "orders", Sentinels: sentinels}},
			{Name: "replica", Service: &Service{Name: "orders", Replica: true, Sentinels: sentinels}},
			{Name: "again", Writable: true, Service: &Service{Name: "orders", Sentinels: sentinels}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if len(cl.Visit()) != 1 || cl.Shards()[0].Same(cl.Shards()[1]) {
		t.Errorf("%d shards are visited", len(cl.Visit()))
	}
	dial := func(shard int, want string) *Conn {
		t.Helper()
		conn, err := cl.Shards()[shard].Dial(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if conn.known != want {
			t.Errorf("shard %d is at %s, want %s", shard, conn.known, want)
		}
		return conn
	}
	before := dial(0, a.Addr)
	dial(1, b.Addr)
	if err := before.Settled(ctx); err != nil {
		t.Error(err)
	}
	if err := asked.Do(ctx, "sentinel", "failover", "orders").Err(); err != nil {
		t.Fatal(err)
	}
	within(t, "the end of the failover", func() bool {
		return !strings.Contains(fmt.Sprint(before.Settled(ctx)), "under way") &&
			fmt.Sprint(asked.Do(ctx, "sentinel", "get-master-addr-by-name", "orders").Val()) != fmt.Sprint([]any{host, port})
	})
	if err := before.Settled(ctx); !errors.Is(err, ErrReplaced) || !strings.Contains(err.Error(), b.Addr+" is the master of orders in place of "+a.Addr) {
		t.Errorf("error %v", err)
	}
	after := dial(0, b.Addr)
	within(t, "a settled master", func() bool { return after.Settled(ctx) == nil })
}
