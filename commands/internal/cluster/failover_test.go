package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/redistest"
)

// What a server says that took a write before, and one that never did.
const (
	demoted      = "shard a: the server is a replica and takes no writes: it took some before, so its master has changed: run again"
	neverWritten = "shard a: the server is a replica and takes no writes: name its master in location"
)

// demote makes a server a replica, as a failover does.
func demote(t *testing.T, s *redistest.Server) {
	t.Helper()
	if err := s.Client(0).ReplicaOf(context.Background(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
}

// A master that becomes a replica between two writes was replaced, whatever they are;
// one that is a replica from the first write on is the wrong server.
func TestAMasterThatBecomesAReplica(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	key := []byte(":1:k0")
	one := func(e []Entry) error { return e[0].Err }
	s := redistest.RunT(t)
	for name, write := range map[string]func(c *Cluster) error{
		"set": func(c *Cluster) error {
			return one(c.Set(ctx, Put{Stored: key, Value: []byte("v"), Write: Write{TTL: Forever}}))
		},
		"set, expiry kept": func(c *Cluster) error {
			return one(c.Set(ctx, Put{Stored: key, Value: []byte("v"), Write: Write{TTL: time.Hour, KeepTTL: true}}))
		},
		"delete":  func(c *Cluster) error { return one(c.Delete(ctx, [][]byte{key})) },
		"persist": func(c *Cluster) error { return one(c.Persist(ctx, [][]byte{key})) },
		"expire":  func(c *Cluster) error { return one(c.Expire(ctx, [][]byte{key}, time.Hour, Jitter{})) },
		"at a time": func(c *Cluster) error {
			return one(c.ExpireAt(ctx, [][]byte{key}, time.Now().Add(time.Hour), Jitter{}))
		},
		"marked": func(c *Cluster) error { return c.SetMarked(ctx, key, []byte("v"), time.Hour, time.Hour).Err },
		"renew": func(c *Cluster) error {
			return one(c.Renew(ctx, [][]byte{key}, time.Hour, Jitter{}, func([]byte, time.Duration) ([]byte, time.Duration, error) { return []byte("w"), time.Hour, nil }))
		},
		"flush": func(c *Cluster) error { _, err := c.Shards()[0].FlushDB(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			client := s.Client(0)
			if err := client.ReplicaOf(ctx, "no", "one").Err(); err != nil {
				t.Fatal(err)
			}
			client.Set(ctx, string(key), "v", 0)
			before, never := open(t, time.Minute, at("a", s)), open(t, time.Minute, at("a", s))
			if err := write(before); err != nil {
				t.Fatal(err)
			}
			if e := never.Get(ctx, [][]byte{key})[0]; e.Err != nil { // which is no write
				t.Fatal(e.Err)
			}
			client.Set(ctx, string(key), "v", 0)
			demote(t, s)
			for c, want := range map[*Cluster]string{before: demoted, never: neverWritten} {
				for range 2 { // the second time over another connection
					err := write(c)
					if err == nil || strings.Replace(err.Error(), "flushdb async: ", "", 1) != want || !errors.Is(err, ErrReplica) {
						t.Errorf("got  %v\nwant %s", err, want)
					}
					if errors.Is(err, ErrReplaced) != (c == before) {
						t.Errorf("replaced: %v", !errors.Is(err, ErrReplaced))
					}
					c.Close()
				}
			}
		})
	}
}

// A server becomes a replica also between the commands of a transaction and its EXEC.
func TestAMasterThatBecomesAReplicaBeforeEXEC(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.RunT(t)
	c := open(t, time.Minute, at("a", s))
	shard := c.Shards()[0]
	_, err := shard.transact(ctx, transaction{
		write: func() ([]redis.Cmder, error) { return []redis.Cmder{redis.NewCmd(ctx, "set", ":1:k0", "v")}, nil },
		ready: func() error { demote(t, s); return nil },
	})
	if err == nil || err.Error() != demoted {
		t.Errorf("got  %v\nwant %s", err, demoted)
	}
	// What a worker of a run shows is the answer to EXEC itself.
	if said := shard.Said(answer("EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.")); "shard a: "+said != demoted {
		t.Errorf("got  %s\nwant %s", said, demoted)
	}
}

// Behind sentinels the master is known by its name.
func TestASentinelsMasterThatBecomesAReplica(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.RunTCP(t)
	host, port, _ := net.SplitHostPort(s.Addr)
	sentinel := redistest.RunSentinelT(t, fmt.Sprintf("sentinel monitor orders %s %s 1", host, port))
	c := open(t, time.Minute, Endpoint{Name: "a", Writable: true,
		Service: &Service{Name: "orders", Sentinels: NewSentinels(Watch{Addrs: []string{sentinel.Addr}})}})
	put := Put{Stored: []byte(":1:k0"), Value: []byte("v"), Write: Write{TTL: Forever}}
	if err := c.Set(ctx, put)[0].Err; err != nil {
		t.Fatal(err)
	}
	demote(t, s)
	err := c.Set(ctx, put)[0].Err
	if err == nil || !strings.HasSuffix(err.Error(), ": the master of orders has changed, run again") || !errors.Is(err, ErrReplaced) {
		t.Errorf("got %v", err)
	}
}
