package ring_test

import (
	"slices"
	"testing"

	"cachering/ring"
)

// Every respelling reaches the same database as the entry it is made of.
func TestRespellings(t *testing.T) {
	for _, tc := range []struct {
		ring  ring.Name
		entry string
		want  string // one that must be among them
	}{
		{ring.RedisCache, "h:6379", "redis://h:6379/1"},
		{ring.RedisCache, "redis://:pw@h/3", "h:6379"},
		{ring.RedisCache, "rediss://h:6380/1", "rediss://h:6380/1"},
		{ring.RedisCache, "/run/r.sock", "unix:///run/r.sock?db=1"},
		{ring.RedisCache, "unix:///run/r.sock?db=2", "/run/r.sock"},
		{ring.RedisCache, "redis://[::1]:6379/1", "[::1]:6379"},
		{ring.DjangoRedis, "redis://:pw@h:6379/0", "redis://:pw@h"},
		{ring.DjangoRedis, "redis://u:p@h:7000/2", "redis://u:p@h:7000?db=2"},
		{ring.DjangoRedis, "h:6379:1", "redis://h/1"},
		{ring.DjangoRedis, "redis://h:6379/1", "h:6379:1"},
		{ring.DjangoRedis, "unix:/run/r.sock:1", "unix:///run/r.sock?db=1"},
	} {
		o := ring.Options{}
		if tc.ring == ring.DjangoRedis {
			o.Release = "4.4.0"
		}
		s, err := ring.ParseServer(tc.ring, tc.entry, o)
		if err != nil {
			t.Errorf("%s: %v", tc.entry, err)
			continue
		}
		forms := s.Respellings(tc.ring.Library())
		if !slices.Contains(forms, tc.want) {
			t.Errorf("%s: got %q, want %q among them", tc.entry, forms, tc.want)
		}
		for _, form := range forms {
			if form == "" {
				continue
			}
			o.DB, o.DBSet = s.DB, true
			r, err := ring.ParseServer(tc.ring, form, o)
			if err != nil {
				continue // not a form of this library
			}
			if r.DB != s.DB || r.TLS && !s.TLS || r.Network == "unix" && s.Network == "unix" && r.Addr != s.Addr {
				t.Errorf("%s: %s is database %d of %s %s, want %d of %s %s", tc.entry, form, r.DB, r.Network, r.Addr, s.DB, s.Network, s.Addr)
			}
		}
	}
}
