package config

import (
	"reflect"
	"testing"

	"cachering/ring"
)

// TestMasterOfAShardedCache: 1.0 writes to MASTER_CACHE, whether or not it is in
// LOCATION, and reads by the ring of LOCATION.
func TestMasterOfAShardedCache(t *testing.T) {
	const text = "[caches.x]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"1.0.6\"\nlocation = [\"a:1\", \"b:1\"]\noptions.master_cache = "
	without, _ := one(t, "[caches.x]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"1.0.6\"\nlocation = [\"a:1\", \"b:1\"]\n")
	for _, tt := range []struct {
		master  string
		index   int
		servers []string
	}{
		{`"b:1"`, 1, []string{"a:1", "b:1"}},
		{`"redis://b:1/1"`, 1, []string{"a:1", "b:1"}}, // the same tuple
		{`"c:1"`, 2, []string{"a:1", "b:1", "c:1"}},
	} {
		c, _ := one(t, text+tt.master+"\n")
		if writer, only := c.Place.Writer(); !only || writer != tt.index || c.Master != tt.index || !reflect.DeepEqual(c.Locations(), tt.servers) {
			t.Errorf("%s: writer %d of %v", tt.master, writer, c.Locations())
		}
		for _, key := range []string{"k1", "k2", "k3", "k4", "k5"} {
			if got, want := c.Place.HomeOf(ring.Keyspace{}, key, 1), without.Place.HomeOf(ring.Keyspace{}, key, 1); got != want {
				t.Errorf("%s: %s is read from %d, want %d", tt.master, key, got, want)
			}
		}
		if c.Endpoint(tt.index).Addr != c.Servers[tt.index].Addr {
			t.Errorf("%s: dialled at %s", tt.master, c.Endpoint(tt.index).Addr)
		}
		again, errs := parse("c.toml", c.View().Text(), 0o600, func(string) string { return "" })
		if len(errs) > 0 || !reflect.DeepEqual(again.Caches[0].Locations(), tt.servers) || again.Caches[0].Master != tt.index {
			t.Errorf("%s: loaded again %v\n%s", tt.master, errs, c.View().Text())
		}
		changed, _, err := c.With(Change{Add: []string{"d:1"}})
		if err != nil || len(changed.listed()) != 3 || changed.Master != len(changed.Servers)-1 && tt.index == 2 {
			t.Errorf("%s: changed %v, %v", tt.master, changed.Locations(), err)
		}
	}
	// From 1.1 on it is without effect.
	c, _ := one(t, "[caches.x]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"1.1.0\"\nlocation = [\"a:1\", \"b:1\"]\noptions.master_cache = \"c:1\"\n")
	if _, only := c.Place.Writer(); only || len(c.ignored) != 1 {
		t.Error("1.1 writes to a master")
	}
}
