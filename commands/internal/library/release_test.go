package library_test

import (
	"slices"
	"strings"
	"testing"

	"cachering/commands/internal/library"
	"cachering/ring"
)

func TestRingOfRelease(t *testing.T) {
	for _, test := range []struct {
		lib     ring.Library
		release string
		want    ring.Name
	}{
		{ring.LibRedisCache, "3.0.1", ring.RedisCache},
		{ring.LibRedisCache, "2.0.0", ring.RedisCache},
		{ring.LibRedisCache, "2.1", ring.RedisCache},
		{ring.LibRedisCache, " 2.1.2\n", ring.RedisCache},
		{ring.LibRedisCache, "1.8.1", ring.RedisCache15},
		{ring.LibRedisCache, "1.5.3", ring.RedisCache15},
		{ring.LibRedisCache, "1.6.5", ring.RedisCache15},
		{ring.LibRedisCache, "1.5.2", ring.RedisCache12},
		{ring.LibRedisCache, "1.2.0", ring.RedisCache12},
		{ring.LibRedisCache, "1.1.1", ring.RedisCache10},
		{ring.LibRedisCache, "1.0", ring.RedisCache10},
		{ring.LibRedisCache, "0.13.1", ""},
		{ring.LibRedisCache, "1.1.2", ""},
		{ring.LibRedisCache, "1.9.0", ""},
		{ring.LibRedisCache, "3.0.2", ring.RedisCache},
		{ring.LibRedisCache, "2.0.0b1", ""},
		{ring.LibRedisCache, "3.0.1.post1", ring.RedisCache},
		{ring.LibRedisCache, "10.0.0", ring.RedisCache},
		{ring.LibRedisCache, "", ""},
		{ring.LibRedisCache, "3", ring.RedisCache},
		{ring.LibRedisCache, "3.x", ""},
		{ring.LibRedisCache, "latest", ""},
		{ring.LibDredis, "1.3.0a", ring.Dredis},
		{ring.LibDredis, "1.3.0a0", ring.Dredis},
		{ring.LibDredis, "1.3.0", ring.Dredis},
		{ring.LibDredis, "1.2.9", ""},
		{ring.LibDjangoRedis, "6.0.0", ring.DjangoRedis},
		{ring.LibDjangoRedis, "4.12.1", ring.DjangoRedis},
		{ring.LibDjangoRedis, "3.4.0", ring.DjangoRedis},
		{ring.LibDjangoRedis, "3.3.0", ring.DjangoRedis33},
		{ring.LibDjangoRedis, "2.1", ring.DjangoRedis33},
		{ring.LibDjangoRedis, "2.0.9", ""},
		{ring.LibDjangoRedis, "3.3.1", ""},
		{ring.LibDjangoRedis, "6.0.1", ring.DjangoRedis},
		{ring.LibDjangoRedis, "7.0.0", ring.DjangoRedis},
		{ring.LibDjangoRedis, "8.1", ring.DjangoRedis},
		{ring.LibValkey, "0.2.0", ring.DjangoRedis},
		{ring.LibDjango, "5.0", ""},
	} {
		lib := library.Named(test.lib)
		got, known := lib.Ring(test.release), lib.Known(test.release, true)
		if got != test.want || known != (test.want != "") {
			t.Errorf("%s %s: got %q, %v, want %q", test.lib, test.release, got, known, test.want)
		}
	}
	if library.Named("memcached") != nil {
		t.Error("memcached is no library of this table")
	}
}

func TestKnown(t *testing.T) {
	for release, want := range map[string]bool{
		"django 4.0": true, "django 4.0rc1": true, "django 6.1.2": true, "django 3.2.25": false, "django ": false,
		"django-redis-cache 0.9": true, "django-redis-cache 0.13.2": true, "django-redis-cache 0.14": false, "django-redis-cache 0.8.9": false,
		"django-redis-cache 1.6.5": true, "django-redis-cache 1.9": false, "django-redis-cache 3.0.1": true,
		"django-redis 5.4.0": true, "django-redis 2.0": false, "django-redis 7": true,
		"django-valkey 0.2.1": true, "django-valkey new": false,
		"django-cachex 0.1.0": true, "django-cachex 0.4.1": true, "django-cachex 0.14.1": true, "django-cachex 0.3.1": false, "django-cachex 0.0.9": false,
		"django-dredis-cache 1.3.0a": true, "django-dredis-cache 1.3": true,
	} {
		name, number, _ := strings.Cut(release, " ")
		if got := library.Named(ring.Library(name)).Known(number, false); got != want {
			t.Errorf("%s: got %v", release, got)
		}
	}
	if got := strings.Join(library.Named(ring.LibRedisCache).Ranges(true), ", "); strings.Contains(got, "0.9") {
		t.Errorf("sharding releases are %s", got)
	}
	if got := strings.Join(library.Named(ring.LibDjango).Ranges(false), ", "); got != "4.0 to 6.1" {
		t.Errorf("releases of Django are %s", got)
	}
}

// TestNewer: what comes after the newest release is known to be unknown.
func TestNewer(t *testing.T) {
	for release, want := range map[string]bool{
		"django-redis 7.0.0": false, "django-redis 7.0.1": true, "django-redis 8": true, "django-redis 6.0.1": false, "django-redis 2.0": false,
		"django 6.1": false, "django 6.1.3": false, "django 6.2": true, "django 7.0a1": true, "django new": false,
		"django-cachex 0.14.1": false, "django-cachex 0.15.0": true, "django-cachex 1.0": true,
		"django-valkey 0.4.1": false, "django-valkey 0.4.2": true, "django-redis-cache 3.1": true, "django-dredis-cache 1.3": true,
	} {
		name, number, _ := strings.Cut(release, " ")
		lib := library.Named(ring.Library(name))
		if got := lib.Newer(number); got != want || want && !lib.Known(number, false) {
			t.Errorf("%s: got %v, known %v", release, got, lib.Known(number, false))
		}
	}
}

// Every ring has its releases, and these have that ring.
func TestOfRing(t *testing.T) {
	for _, name := range ring.Names() {
		lib, span := library.OfRing(name)
		if lib == nil {
			t.Errorf("%s is of no library", name)
			continue
		}
		for _, release := range []string{span.From, span.To} {
			if !lib.HasRing(release, name) || !lib.Known(release, true) {
				t.Errorf("%s %s does not have the ring %s", lib.Name, release, name)
			}
		}
		if !slices.Contains(lib.Rings(), name) {
			t.Errorf("%s is not among the rings of %s", name, lib.Name)
		}
	}
	if lib, _ := library.OfRing(ring.Plain); lib != nil {
		t.Errorf("no ring is of %s", lib.Name)
	}
	if got := library.Holders(ring.RedisCache10x32); got != "django-redis-cache 1.0.0 to 1.1.1 on a 32-bit Python" {
		t.Errorf("got %s", got)
	}
}

// What a table says has to be of one piece: classes are found, the codecs that
// they stand for exist, and changes come in the order of releases.
func TestTables(t *testing.T) {
	seen := map[string]bool{}
	for _, lib := range library.All() {
		if library.Named(lib.Name) != lib || len(lib.Spans) == 0 || lib.Newest() == "" && !lib.NoRelease {
			t.Errorf("%s is not found by its name, or has no release", lib.Name)
		}
		for _, b := range lib.Backends {
			if found, _ := library.OfBackend(b.Name); found != lib || seen[b.Name] {
				t.Errorf("%s is not found as a backend of %s alone", b.Name, lib.Name)
			}
			seen[b.Name] = true
		}
		names := map[string]bool{}
		for _, o := range lib.Options {
			if names[o.Name] {
				t.Errorf("%s: option %s stands there twice", lib.Name, o.Name)
			}
			names[o.Name] = true
		}
		for i, c := range lib.Changes {
			switch {
			case (i == 0) != (c.From == ""):
				t.Errorf("%s: change %d is from %q on", lib.Name, i, c.From)
			case i > 0 && (!ring.IsRelease(c.From) || !ring.Before(lib.Changes[i-1].From, c.From) && i > 1):
				t.Errorf("%s: the change of %s is out of order", lib.Name, c.From)
			}
		}
		for i, s := range lib.Spans {
			if i > 0 && !ring.Before(lib.Spans[i-1].To, s.From) {
				t.Errorf("%s: %s is out of order", lib.Name, s)
			}
		}
		for name := range lib.Beside {
			if !lib.Has(name) {
				t.Errorf("%s: %s is no option", lib.Name, name)
			}
		}
	}
}
