package herd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/redistest"
)

// opened makes a cache of a library at a server, and a cluster for each caller.
func opened(t *testing.T, s *redistest.Server, library string) (*config.Cache, func() *cluster.Cluster) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cachering.toml")
	text := fmt.Sprintf("[caches.default]\n%s\noptions = { python = \"3.12\", socket_timeout = 60 }\nlocation = \"10.0.0.1:6379\"\ndial = { \"10.0.0.1:6379\" = %q }\n",
		library, s.Addr)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Load(config.Source{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := file.Cache("default")
	if err != nil {
		t.Fatal(err)
	}
	return cache, func() *cluster.Cluster {
		cl, err := cluster.Open(cache, cluster.Options{Others: file.Caches})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cl.Close() })
		return cl
	}
}

const (
	guardedLibrary = "backend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\""
	plainLibrary   = "backend = \"redis_cache.ShardedRedisCache\"\nrelease = \"1.5.4\""
)

// Of many callers at once one makes the value, and all have it.
func TestOneOfManyMakesTheValue(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cache, open := opened(t, redistest.RunT(t), guardedLibrary)
	const callers = 12
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range callers {
		m := &Maker{
			Cluster: open(), Cache: cache, Stored: []byte(":1:k"),
			TTL: time.Hour, Stale: time.Hour, LockTTL: time.Hour, Wait: time.Minute,
			Make: func(context.Context) ([]byte, time.Duration, error) {
				made.Add(1)
				return fmt.Append(nil, i), time.Hour, nil
			},
			Warn: func(err error) { t.Error(err) },
		}
		wg.Go(func() {
			got, err := m.Get(ctx)
			if err != nil || got.State != Fresh && got.State != Computed {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("made %d times", n)
	}
}

// Whoever made a value has it, whatever became of the lock meanwhile.
func TestTheLockIsGone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(1)
	cache, open := opened(t, s, guardedLibrary)
	for what, c := range map[string]struct {
		meanwhile func()
		want      func(error) bool
	}{
		"expired": {func() { client.Del(ctx, "__lock__:1:k") }, func(err error) bool { return errors.Is(err, ErrOutlived) }},
		"refused": {func() { client.Do(ctx, "acl", "setuser", "default", "-del") }, func(err error) bool {
			return err != nil && strings.Contains(err.Error(), "DEL")
		}},
	} {
		client.FlushDB(ctx)
		var warned error
		m := &Maker{
			Cluster: open(), Cache: cache, Stored: []byte(":1:k"), TTL: time.Hour, LockTTL: time.Hour,
			Make: func(context.Context) ([]byte, time.Duration, error) {
				c.meanwhile()
				return []byte("v"), 0, nil
			},
			Warn: func(err error) { warned = err },
		}
		got, err := m.Get(ctx)
		client.Do(ctx, "acl", "setuser", "default", "+del")
		if err != nil || got.State != Computed || !c.want(warned) {
			t.Errorf("%s: %+v, %v, warned of %v", what, got, err, warned)
		}
	}
}

// A library without locks gets, adds and gets: who comes second has the value of the
// first.
func TestWithoutLocksTheFirstIsRight(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.RunT(t)
	cache, open := opened(t, s, plainLibrary)
	m := &Maker{
		Cluster: open(), Cache: cache, Stored: []byte(":1:k"), TTL: time.Hour,
		Make: func(context.Context) ([]byte, time.Duration, error) {
			s.Client(1).Set(ctx, ":1:k", "first", 0)
			return []byte("second"), time.Hour, nil
		},
	}
	if got, err := m.Get(ctx); err != nil || got.State != Fresh || string(got.Value) != "first" {
		t.Errorf("%+v, %v", got, err)
	}
}
