package ring

import "strings"

// A Name is a ring, as options.ring spells it.
type Name string

// Plain is a cache that does not shard.
const Plain Name = ""

// The rings; see the package comment for what tells them apart.
const (
	RedisCache      Name = "django-redis-cache"
	RedisCache15    Name = "django-redis-cache-1.5"
	RedisCache12    Name = "django-redis-cache-1.2"
	RedisCache10    Name = "django-redis-cache-1.0"
	RedisCache10x32 Name = "django-redis-cache-1.0-32bit"
	Dredis          Name = "django-dredis-cache"
	DjangoRedis     Name = "django-redis"
	DjangoRedis33   Name = "django-redis-3.3"
)

// A Library is the Python package that reads the settings, by its name on PyPI.
type Library string

// The libraries whose caches are understood.
const (
	LibRedisCache  Library = "django-redis-cache"
	LibDredis      Library = "django-dredis-cache"
	LibDjangoRedis Library = "django-redis"
	LibDjango      Library = "django" // its own django.core.cache.backends.redis
	LibValkey      Library = "django-valkey"
	LibCachex      Library = "django-cachex"
	LibVcache      Library = "django-vcache"
)

// Names lists the rings, newest first within a library; Plain is not among them.
func Names() []Name {
	names := make([]Name, len(specs))
	for i, s := range specs {
		names[i] = s.name
	}
	return names
}

// Library is the package that the ring comes from, "" for Plain.
func (n Name) Library() Library {
	if s := n.spec(); s != nil {
		return s.library
	}
	return ""
}

// BareKey tells whether the ring hashes the key as the application passes it
// rather than as it is stored, so that all versions of a key share a server.
func (n Name) BareKey() bool {
	s := n.spec()
	return s != nil && s.bareKey
}

// HashesSpelling tells whether the ring hashes locations as they are spelled,
// passwords included.
func (n Name) HashesSpelling() bool { return n == DjangoRedis || n == DjangoRedis33 }

// ByOrder tells whether the ring places servers by their order alone, whatever
// they are called.
func (n Name) ByOrder() bool { return n == Dredis }

// Known tells whether New accepts the name.
func (n Name) Known() bool { return n == Plain || n.spec() != nil }

func (n Name) spec() *spec {
	for i := range specs {
		if specs[i].name == n {
			return &specs[i]
		}
	}
	return nil
}

// An UnknownNameError is a ring name that is none of Names.
type UnknownNameError struct{ Name Name }

func (e *UnknownNameError) Error() string {
	var b strings.Builder
	b.WriteString("unknown ring " + quote(string(e.Name)) + "; known are")
	for i, n := range Names() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + string(n))
	}
	return b.String()
}
