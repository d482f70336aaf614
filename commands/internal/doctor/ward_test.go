package doctor_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/redistest"
)

// ward is servers that clinics use one after the other. Each is given back as it
// was when it was started; one that cannot be made so is stopped.
type ward struct {
	*testing.T // when it ends the servers do

	mu   sync.Mutex
	free []*bed
}

// bed is a server of a ward.
type bed struct {
	*redistest.Server
	admin  *redis.Client     // of a user of its own, whatever happens to the default one
	config map[string]string // as it was
}

// newWard begins with a server, so that the test is skipped where there is none.
func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{T: t}
	b, err := w.start("unix")
	if err != nil {
		t.Fatal(err)
	}
	w.free = append(w.free, b)
	return w
}

// open is a clinic of two healthy servers.
func (w *ward) open(t *testing.T) *clinic {
	c := &clinic{T: t, ward: w, config: healthy, path: filepath.Join(t.TempDir(), "cachering.toml")}
	// What a clinic starts itself ends first.
	t.Cleanup(func() { w.discharge(c.beds) })
	c.a, c.b = c.unix(), c.unix()
	return c
}

// admit is a server of a network with lines of redis.conf, which are set.
func (w *ward) admit(c *clinic, network string, lines []string) *redistest.Server {
	c.Helper()
	b := w.take(network)
	if b == nil {
		var err error
		if b, err = w.start(network); err != nil {
			c.Fatal(err)
		}
	}
	c.beds = append(c.beds, b)
	ctx := context.Background()
	for line := range strings.SplitSeq(strings.Join(lines, "\n"), "\n") {
		name, value, ok := strings.Cut(line, " ")
		if !ok {
			continue
		}
		set := []any{"config", "set", name, value}
		if name == "user" {
			set = []any{"acl", "setuser"}
			for _, word := range strings.Fields(value) {
				set = append(set, word)
			}
		}
		if err := b.admin.Do(ctx, set...).Err(); err != nil {
			c.Fatalf("%s: %v", line, err)
		}
	}
	return b.Server
}

func (w *ward) take(network string) *bed {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, b := range w.free {
		if b.Network == network {
			w.free = append(w.free[:i:i], w.free[i+1:]...)
			return b
		}
	}
	return nil
}

func (w *ward) start(network string) (*bed, error) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	const name = "ward"
	run := redistest.RunT
	if network == "tcp" {
		run = redistest.RunTCP
	}
	b := &bed{Server: run(w.T, "user "+name+" on >"+name+" ~* &* +@all")}
	as := b.Options(0)
	as.Username, as.Password = name, name
	b.admin = redis.NewClient(as)
	w.Cleanup(func() { b.admin.Close() })
	var err error
	b.config, err = b.admin.ConfigGet(context.Background(), "*").Result()
	return b, err
}

// discharge takes servers back.
func (w *ward) discharge(beds []*bed) {
	for _, b := range beds {
		b.admin.Do(context.Background(), "replicaof", "no", "one")
	}
	for _, b := range beds {
		if err := b.reset(); err != nil {
			w.Logf("a server is not used again: %v", err)
			b.Kill()
			continue
		}
		w.mu.Lock()
		w.free = append(w.free, b)
		w.mu.Unlock()
	}
}

// reset makes the server what it was.
func (b *bed) reset() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	now, err := b.admin.ConfigGet(ctx, "*").Result()
	if err != nil {
		return err
	}
	for name, was := range b.config {
		if now[name] == was {
			continue
		}
		if err := b.admin.ConfigSet(ctx, name, was).Err(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	users, err := b.admin.Do(ctx, "acl", "users").StringSlice()
	if err != nil {
		return err
	}
	for _, name := range users {
		if name != "default" && name != b.admin.Options().Username {
			b.admin.Do(ctx, "acl", "deluser", name)
		}
	}
	for _, words := range [][]any{{"flushall"}, {"config", "resetstat"}, {"acl", "setuser", "default", "on", "nopass", "~*", "&*", "+@all"}} {
		if err := b.admin.Do(ctx, words...).Err(); err != nil {
			return fmt.Errorf("%v: %w", words, err)
		}
	}
	for {
		info, err := b.admin.Info(ctx, "replication").Result()
		if err != nil || strings.Contains(info, "connected_slaves:0") && strings.Contains(info, "role:master") {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}
