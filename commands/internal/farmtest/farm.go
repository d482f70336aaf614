// Package farmtest makes caches on real servers for the tests of what works on
// many keys.
package farmtest

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/ring"
)

// Farm is a cache on real servers.
type Farm struct {
	*cluster.Cluster
	Servers []*redistest.Server
	Clients []*redis.Client
}

// HomeOf is the shard, of n, where a cache of New looks for a stored key.
func HomeOf(stored []byte, n int) int {
	h := fnv.New32a()
	h.Write(stored)
	return int(h.Sum32()) % n
}

// New starts n servers for a cache with that prefix; change, if there is one, may
// alter the description.
func New(t testing.TB, n int, prefix string, change func(*Farm, *cluster.Spec)) *Farm {
	t.Helper()
	f := new(Farm)
	spec := cluster.Spec{
		Alias:         "default",
		SideKeys:      ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"},
		Home:          func(stored []byte) (int, error) { return HomeOf(stored, n), nil },
		Neighbours:    make(map[int][]cluster.Neighbour),
		SocketTimeout: 5 * time.Second,
	}
	spec.Keyspace = Keyspace(t, prefix)
	for i := range n {
		s := redistest.RunT(t)
		f.Servers = append(f.Servers, s)
		f.Clients = append(f.Clients, s.Client(0))
		spec.Endpoints = append(spec.Endpoints, cluster.Endpoint{
			Name: fmt.Sprintf("shard%d", i), Network: s.Network, Addr: s.Addr, Writable: true,
		})
	}
	if change != nil {
		change(f, &spec)
	}
	c, err := cluster.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	f.Cluster = c
	return f
}

// Keyspace is that of a prefix, with Django's own key function.
func Keyspace(t testing.TB, prefix string) ring.Keyspace {
	t.Helper()
	k, err := ring.NewKeyspace(prefix, "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Put stores pairs of stored keys and values at their homes.
func (f *Farm) Put(t testing.TB, pairs ...string) {
	t.Helper()
	ctx := context.Background()
	pipes := f.Pipes()
	for i := 0; i < len(pairs); i += 2 {
		pipes[HomeOf([]byte(pairs[i]), len(pipes))].Set(ctx, pairs[i], pairs[i+1], 0)
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// Pipes is a pipeline for each server.
func (f *Farm) Pipes() []redis.Pipeliner {
	pipes := make([]redis.Pipeliner, len(f.Clients))
	for i, c := range f.Clients {
		pipes[i] = c.Pipeline()
	}
	return pipes
}

// Client is that of the home of a stored key.
func (f *Farm) Client(stored string) *redis.Client {
	return f.Clients[HomeOf([]byte(stored), len(f.Clients))]
}

// Value is what a stored key holds at its home.
func (f *Farm) Value(stored string) string {
	return f.Client(stored).Get(context.Background(), stored).Val()
}

// All is every key of every server, with its value.
func (f *Farm) All(t testing.TB) map[string]string {
	t.Helper()
	ctx := context.Background()
	out := make(map[string]string)
	for _, c := range f.Clients {
		pipe := c.Pipeline()
		keys := c.Keys(ctx, "*").Val()
		for _, k := range keys {
			pipe.Get(ctx, k)
		}
		cmds, _ := pipe.Exec(ctx)
		for i, k := range keys {
			v, err := cmds[i].(*redis.StringCmd).Result()
			if err != nil {
				v = "(other type)"
			}
			out[k] = v
		}
	}
	return out
}

// Fill stores n values "old:…" of about size bytes, every third with an expiry.
func (f *Farm) Fill(t testing.TB, prefix string, n, size int) {
	t.Helper()
	ctx := context.Background()
	pad := strings.Repeat("x", size)
	pipes := f.Pipes()
	for i := range n {
		k := fmt.Sprintf("%s:1:key-%d", prefix, i)
		ttl := time.Duration(0)
		if i%3 == 0 {
			ttl = time.Hour + time.Duration(i)*time.Millisecond
		}
		p := pipes[HomeOf([]byte(k), len(pipes))]
		p.Set(ctx, k, fmt.Sprintf("old:%d:%s", i, pad), ttl)
		if p.Len() == 1000 {
			if _, err := p.Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// Allow changes what the default user may do on all servers, by words of ACL
// SETUSER.
func (f *Farm) Allow(t testing.TB, words string) {
	t.Helper()
	for _, c := range f.Clients {
		for word := range strings.FieldsSeq(words) {
			if err := c.Do(context.Background(), "acl", "setuser", "default", word).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Shrink deletes all keys of a server but some, and waits until its table is small:
// a SCAN under way then gives keys twice. The server needs "enable-debug-command
// yes".
func Shrink(t testing.TB, s *redistest.Server, keep []string) {
	t.Helper()
	ctx := context.Background()
	client := s.Client(0)
	kept := map[string]bool{}
	for _, key := range keep {
		kept[key] = true
	}
	var rest []string
	for _, key := range client.Keys(ctx, "*").Val() {
		if !kept[key] {
			rest = append(rest, key)
		}
	}
	if err := client.Del(ctx, rest...).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		stats, err := client.Do(ctx, "debug", "htstats", "0").Text()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(stats, "table size: 64\n") && strings.Count(stats, "table size:") == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(stats)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
