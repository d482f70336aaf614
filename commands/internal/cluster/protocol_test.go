package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/redistest"
)

// nonsense is a server that says nothing but text, to everybody who asks it
// something.
func nonsense(t *testing.T, l net.Listener, text string) {
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := c.Read(make([]byte, 1000)); err == nil {
					io.WriteString(c, text)
				}
				io.Copy(io.Discard, c)
			}()
		}
	}()
}

// Whoever is asked, in whatever way: what is no answer is an error before the
// client library takes memory for it.
func TestNonsenseIsAnErrorOnEveryWay(t *testing.T) {
	dir := t.TempDir()
	cert, key := redistest.AuthorityT(t, dir, "ca").Issue("server", "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	insecure := &tls.Config{InsecureSkipVerify: true}
	for _, text := range []string{"$4611686018427387904\r\n", "*1000000000\r\n", "+" + strings.Repeat("x", 1<<20), "%4611686018427387904\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"} {
		plain, secure, sentinel := listen(), tls.NewListener(listen(), &tls.Config{Certificates: []tls.Certificate{pair}}), listen()
		for _, l := range []net.Listener{plain, secure, sentinel} {
			nonsense(t, l, text)
		}
		for way, end := range map[string]Endpoint{
			"plain":    {Name: "s", Network: "tcp", Addr: plain.Addr().String()},
			"TLS":      {Name: "s", Network: "tcp", Addr: secure.Addr().String(), TLS: insecure},
			"sentinel": {Name: "s", Network: "tcp", Service: &Service{Name: "m", Sentinels: NewSentinels(Watch{Addrs: []string{sentinel.Addr().String()}})}},
		} {
			c, err := New(Spec{Endpoints: []Endpoint{end}, Home: func([]byte) (int, error) { return 0, nil }})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Get(context.Background(), keys("k"))[0].Err
			c.Close()
			if !errors.Is(err, ErrProtocol) || !strings.HasPrefix(err.Error(), "shard s: ") {
				t.Errorf("%s, %.30q: error %v", way, text, err)
			}
		}
	}
}

// An answer too many would be the answer to what is asked next.
func TestAnAnswerTooManyIsNotTakenForTheNext(t *testing.T) {
	server := redistest.RunT(t)
	ctx := context.Background()
	for n := range 12 {
		for i := range 4 {
			server.Client(0).Set(ctx, string(rune('a'+i)), strings.Repeat("x", i), 0)
		}
		proxy := redistest.LiarT(t, server, func(at int, reply []byte) *redistest.Lie {
			if at != n {
				return nil
			}
			return &redistest.Lie{Bytes: append(reply, reply...)}
		})
		c, err := New(Spec{Endpoints: []Endpoint{{Name: "s", Network: proxy.Network, Addr: proxy.Addr}}, Home: func([]byte) (int, error) { return 0, nil }})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			e := c.Get(ctx, keys(string(rune('a'+i))))[0]
			if e.Err == nil && len(e.Value) != i {
				t.Errorf("reply %d twice: key %d has the value %q", n, i, e.Value)
			}
		}
		c.Close()
	}
}

// What a server cannot do without MULTI is known, and no nonsense.
func TestWhatIsQueuedBehindARefusedExecIsNoNonsense(t *testing.T) {
	server := redistest.RunT(t, `rename-command exec ""`)
	ctx := context.Background()
	c, err := New(Spec{Endpoints: []Endpoint{{Name: "s", Network: server.Network, Addr: server.Addr}}, Home: func([]byte) (int, error) { return 0, nil }})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := c.Shards()[0].Dial(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec, set, discard := redis.NewCmd(ctx, "exec"), redis.NewStatusCmd(ctx, "set", "k", "v"), redis.NewStatusCmd(ctx, "discard")
	if err := conn.Do(ctx, []redis.Cmder{redis.NewStatusCmd(ctx, "multi"), exec, set, discard}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(exec.Err().Error(), "unknown command") || set.Val() != "QUEUED" || discard.Val() != "OK" {
		t.Errorf("%v, %v, %v", exec, set, discard)
	}
}
