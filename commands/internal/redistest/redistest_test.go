package redistest

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func dialProxy(t *testing.T, p *Proxy) *redis.Client {
	c := redis.NewClient(&redis.Options{
		Network: p.Network, Addr: p.Addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1,
		ReadTimeout: 2 * time.Second, DialerRetries: 1,
	})
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServerStartsAnswersAndLeavesNothing(t *testing.T) {
	ctx := context.Background()
	var dirs []string
	for _, run := range []func(testing.TB, ...string) *Server{RunT, RunTCP} {
		t.Run("", func(t *testing.T) {
			s := run(t, "databases 3")
			dirs = append(dirs, s.dir)
			if err := s.Client(2).Set(ctx, "k", "v", 0).Err(); err != nil {
				t.Fatal(err)
			}
			if err := s.Client(3).Ping(ctx).Err(); err == nil {
				t.Fatal("database 3 of 3 answered: the extra line did not arrive")
			}
			s.Restart()
			if n := s.Client(2).DBSize(ctx).Val(); n != 0 {
				t.Fatalf("%d keys after a restart", n)
			}
		})
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", dir, err)
		}
	}
}

func TestServerWithPasswordBecomesReady(t *testing.T) {
	s := RunT(t, "requirepass secret")
	if err := s.Client(0).Ping(context.Background()).Err(); err == nil {
		t.Fatal("answered without the password")
	}
}

func TestProxyLosesTheAnswerOfARequestThatWasExecuted(t *testing.T) {
	ctx := context.Background()
	s := RunT(t)
	p := ProxyT(t, s, func(b []byte) Action {
		switch {
		case bytes.Contains(b, []byte("after")):
			return CutAfter
		case bytes.Contains(b, []byte("before")):
			return CutBefore
		}
		return Forward
	})
	c := dialProxy(t, p)
	if err := c.Set(ctx, "k", "plain", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(ctx, "k", "before", 0).Err(); err == nil {
		t.Fatal("the cut before was not seen")
	}
	if got := s.Client(0).Get(ctx, "k").Val(); got != "plain" {
		t.Fatalf("the server saw %q", got)
	}
	if err := c.Set(ctx, "k", "after", 0).Err(); err == nil {
		t.Fatal("the lost answer was not seen")
	}
	if got := s.Client(0).Get(ctx, "k").Val(); got != "after" {
		t.Fatalf("the server holds %q", got)
	}
}

func TestProxyStallsCutsAndRefuses(t *testing.T) {
	ctx := context.Background()
	p := ProxyT(t, RunT(t), nil)
	c := dialProxy(t, p)
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	p.Stall(true)
	if err := c.Ping(ctx).Err(); err == nil {
		t.Fatal("answered through a stalled proxy")
	}
	p.Stall(false)
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	p.Refuse(true)
	p.Cut()
	if err := c.Ping(ctx).Err(); err == nil {
		t.Fatal("answered through a refusing proxy")
	}
	p.Refuse(false)
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
}
