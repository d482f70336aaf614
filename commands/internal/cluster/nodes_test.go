package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/redistest"
	"cachering/ring"
	"cachering/scripts/trials"
)

// discovered is the cluster of n as a cache whose seeds are addrs.
func discovered(t *testing.T, more string, addrs ...string) (*config.Cache, *cluster.Cluster) {
	t.Helper()
	text := "[caches.default]\nbackend = \"django_redis.cache.RedisCache\"\noptions.cluster = true\n" + more + "location = ["
	for _, addr := range addrs {
		text += fmt.Sprintf("\"redis://%s\", ", addr)
	}
	f, errs := config.Parse("c.toml", text+"]\n", func(string) string { return "" })
	if errs != nil {
		t.Fatal(errs)
	}
	_, c, err := cluster.Discover(t.Context(), f, f.Caches[0], cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cl, err := cluster.Open(c, cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.Close() })
	return c, cl
}

// storedKeys are n stored keys from all over the slots.
func storedKeys(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, ":1:k%d", i)
	}
	return list
}

func noErrors(t *testing.T, entries []cluster.Entry) {
	t.Helper()
	for _, e := range entries {
		if e.Err != nil {
			t.Fatalf("%s: %v", e.Stored, e.Err)
		}
	}
}

// away is a master that does not have a slot.
func away(n *redistest.Nodes, owner *redistest.Server) *redistest.Server {
	return n.Masters[slices.IndexFunc(n.Masters, func(s *redistest.Server) bool { return s != owner })]
}

func TestKeysOfARedisCluster(t *testing.T) {
	ctx := t.Context()
	n := redistest.RunNodesT(t, 3, 0)
	cache, cl := discovered(t, "", n.Masters[1].Addr)
	var want []string
	for _, s := range n.Masters {
		want = append(want, s.Addr)
	}
	if got := cache.Locations(); !slices.Equal(got, want) {
		t.Fatalf("masters %v, not %v", got, want)
	}

	t.Run("all commands", func(t *testing.T) {
		keys := storedKeys(300)
		puts := make([]cluster.Put, len(keys))
		for i, key := range keys {
			puts[i] = cluster.Put{Stored: key, Value: key, Write: cluster.Write{TTL: time.Hour}}
		}
		noErrors(t, cl.Set(ctx, puts...))
		for i := range puts {
			puts[i].Write = cluster.Write{TTL: cluster.Forever, KeepTTL: true}
		}
		noErrors(t, cl.Set(ctx, puts...))
		on := map[*cluster.Shard]int{}
		got := cl.Get(ctx, keys)
		noErrors(t, got)
		for i, e := range got {
			on[e.Shard]++
			if !e.Found || !bytes.Equal(e.Value, keys[i]) || e.TTL > time.Hour || e.TTL < time.Minute {
				t.Fatalf("%s: %+v", keys[i], e)
			}
			if slot := n.Slot(string(keys[i])); slot != ring.Slot(keys[i]) {
				t.Errorf("%s is in slot %d", keys[i], slot)
			}
		}
		if len(on) != 3 {
			t.Errorf("keys lie on %d masters", len(on))
		}
		for what, entries := range map[string][]cluster.Entry{
			"exists": cl.Exists(ctx, keys), "ttl": cl.TTL(ctx, keys), "expire": cl.Expire(ctx, keys, time.Minute, cluster.Jitter{}), "persist": cl.Persist(ctx, keys),
			"renew": cl.Renew(ctx, keys, time.Minute, cluster.Jitter{}, func(v []byte, _ time.Duration) ([]byte, time.Duration, error) {
				return append(v, '!'), time.Minute, nil
			}),
		} {
			noErrors(t, entries)
			for _, e := range entries {
				if !e.Found {
					t.Fatalf("%s: %s is not found", what, e.Stored)
				}
			}
		}
		if m := cl.Move(ctx, keys[0], []byte(":2:k0")); m.Err != nil || !m.Copied || !m.Found {
			t.Errorf("moved %+v", m)
		}
		if e := cl.DeleteIf(ctx, keys[1], []byte("other")); e.Err != nil || e.Done || !e.Found {
			t.Errorf("deleted by a wrong value: %+v", e)
		}
		if e := cl.Take(ctx, []byte(":1:lock"), []byte("token"), time.Minute); e.Err != nil || !e.Done {
			t.Errorf("taken %+v", e)
		}
		if e := cl.Update(ctx, keys[2], cluster.Write{KeepTTL: true}, func(v []byte) ([]byte, error) { return []byte("7"), nil }); e.Err != nil || !e.Done {
			t.Errorf("updated %+v", e)
		}
		deleted := 0
		for _, e := range cl.Delete(ctx, keys) {
			if e.Err != nil {
				t.Fatal(e.Err)
			}
			if e.Done {
				deleted++
			}
		}
		if deleted != 299 {
			t.Errorf("%d deleted", deleted)
		}
	})

	t.Run("a slot on its way", func(t *testing.T) {
		here, there, absent := []byte(":1:{way}here"), []byte(":1:{way}there"), []byte(":1:{way}absent")
		noErrors(t, cl.Set(ctx, cluster.Put{Stored: here, Value: []byte("1"), Write: cluster.Write{TTL: time.Hour}},
			cluster.Put{Stored: there, Value: []byte("2"), Write: cluster.Write{TTL: time.Hour}}))
		slot := ring.Slot(here)
		from := n.Owner(n.Masters[0], slot)
		to := away(n, from)
		n.Begin(slot, from, to)
		n.Carry(from, to, string(there))
		got := cl.Get(ctx, [][]byte{here, there, absent})
		noErrors(t, got)
		if string(got[0].Value) != "1" || string(got[1].Value) != "2" || got[2].Found {
			t.Fatalf("%+v", got)
		}
		for _, key := range [][]byte{here, there} {
			if e := cl.Update(ctx, key, cluster.Write{KeepTTL: true}, func(v []byte) ([]byte, error) { return append(v, '0'), nil }); e.Err != nil || !e.Done {
				t.Errorf("updated %+v", e)
			}
		}
		noErrors(t, cl.Set(ctx, cluster.Put{Stored: absent, Value: []byte("3"), Write: cluster.Write{TTL: cluster.Forever, KeepTTL: true}}))
		if held := n.Client(to).Do(ctx, "asking").Err(); held != nil {
			t.Fatal(held)
		}
		if e := cl.Take(ctx, absent, []byte("4"), time.Minute); e.Err != nil || e.Done {
			t.Errorf("taken %+v", e)
		}
		if m := cl.Move(ctx, there, []byte(":1:elsewhere")); m.Err != nil || !m.Copied {
			t.Errorf("moved %+v", m)
		}
		if m := cl.Move(ctx, []byte(":1:elsewhere"), there); m.Err != nil || !m.Copied {
			t.Errorf("moved back %+v", m)
		}
		n.Carry(from, to, string(here))
		n.End(slot, to)
		got = cl.Get(ctx, [][]byte{here, there, absent})
		noErrors(t, got)
		for i, want := range []string{"10", "20", "3"} {
			if string(got[i].Value) != want {
				t.Errorf("%s is %q, not %q", got[i].Stored, got[i].Value, want)
			}
		}
		if home, err := cl.Home(here); err != nil || home.Name != to.Addr {
			t.Errorf("at home on %v, %v", home, err)
		}
	})

	t.Run("a slot that nobody has", func(t *testing.T) {
		key := []byte(":1:{nobody}k")
		slot := ring.Slot(key)
		for _, s := range n.Masters {
			if err := n.Client(s).Do(ctx, "cluster", "delslots", slot).Err(); err != nil {
				t.Fatal(err)
			}
		}
		limited, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		if e := cl.Get(limited, [][]byte{key})[0]; e.Err == nil || e.Found {
			t.Errorf("a slot that nobody has: %+v", e)
		}
		owner := n.Masters[0]
		go func() {
			time.Sleep(300 * time.Millisecond)
			n.Client(owner).Do(context.Background(), "cluster", "addslots", slot)
		}()
		if e := cl.Get(ctx, [][]byte{key})[0]; e.Err != nil || e.Found {
			t.Errorf("a slot that somebody has again: %+v", e)
		}
	})

	t.Run("no cluster", func(t *testing.T) {
		s := redistest.RunTCP(t)
		f, errs := config.Parse("c.toml", fmt.Sprintf("[caches.default]\nbackend = \"django_redis.cache.RedisCache\"\noptions.cluster = true\nlocation = \"redis://%s\"\n", s.Addr), func(string) string { return "" })
		if errs != nil {
			t.Fatal(errs)
		}
		if _, _, err := cluster.Discover(ctx, f, f.Caches[0], cluster.Options{}); !errors.Is(err, cluster.ErrNoNode) || !strings.Contains(err.Error(), "options.cluster") {
			t.Errorf("a server of its own: %v", err)
		}
	})
}

func TestKeysAreFollowedThroughAFailover(t *testing.T) {
	trials.Optional(t, "cluster")
	ctx := t.Context()
	n := redistest.RunNodesT(t, 3, 3)
	_, cl := discovered(t, "", n.Masters[0].Addr, n.Masters[1].Addr)
	keys := storedKeys(30)
	var puts []cluster.Put
	for _, key := range keys {
		puts = append(puts, cluster.Put{Stored: key, Value: key, Write: cluster.Write{TTL: cluster.Forever}})
	}
	noErrors(t, cl.Set(ctx, puts...))
	for _, s := range n.Masters {
		if err := n.Client(s).Do(ctx, "wait", 1, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	n.Masters[0].Kill()
	got := cl.Get(ctx, keys)
	noErrors(t, got)
	for _, e := range got {
		if !e.Found {
			t.Errorf("%s is missing", e.Stored)
		}
	}
	noErrors(t, cl.Set(ctx, puts...))
	n.Masters[1].Kill()
	noErrors(t, cl.Set(ctx, puts...))
}
