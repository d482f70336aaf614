package config

import "testing"

// TestConnections: the bound of a pool, wherever a library has it.
func TestConnections(t *testing.T) {
	const django, redis = "django.core.cache.backends.redis.RedisCache", "django_redis.cache.RedisCache"
	for _, tt := range []struct {
		backend, location, options string
		want                       int
		warning                    string
	}{
		{django, "redis://h/1", "max_connections = 4", 4, ""},
		{redis, "redis://h/1", "connection_pool_kwargs.max_connections = 4", 4, ""},
		{"django_valkey.cache.ValkeyCache", "valkey://h/1", "connection_pool_kwargs.max_connections = 4", 4, ""},
		{"redis_cache.RedisCache", "h:1", "connection_pool_class_kwargs.max_connections = 4", 4, ""},
		{redis, "redis://h/1?max_connections=3", "connection_pool_kwargs.max_connections = 4", 3, ""},
		{redis, "redis://h/1", "", 0, ""},
		{django, "redis://h/1", "max_connections = 1", 1, "bulk work takes two connections to a server"},
	} {
		c, f := one(t, "[caches.x]\nbackend = \""+tt.backend+"\"\nlocation = \""+tt.location+"\"\n[caches.x.options]\n"+tt.options+"\n")
		if got := c.Connections(0); got != tt.want {
			t.Errorf("%s %s: %d", tt.location, tt.options, got)
		}
		if tt.warning == "" && len(f.Warnings) > 0 || tt.warning != "" && (len(f.Warnings) != 1 || f.Warnings[0].Msg != tt.warning) {
			t.Errorf("%s: warnings %v", tt.options, f.Warnings)
		}
		if list := c.findings(); len(list) != 1 && tt.backend == redis || len(list) > 1 {
			t.Errorf("%s: %v", tt.options, list) // of the protocol that is not known
		}
		again, errs := parse("c.toml", c.View().Text(), 0o600, func(string) string { return "" })
		if len(errs) > 0 || again.Caches[0].Connections(0) != tt.want {
			t.Errorf("%s: loaded again %v", tt.options, errs)
		}
	}
}
