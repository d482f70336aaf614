// Package herd keeps many callers from making one value at the same time, as the
// Python libraries do: get_or_set of django-redis-cache with its marker and its lock,
// and the deadlines that HerdClient of django-redis and django-valkey stores inside of
// values. It makes no value itself, and says nothing to anybody.
package herd

import (
	"context"
	"math/rand/v2"
	"time"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// Deadline is the Unix time from which on a value is stale that is stored now for ttl,
// and how long it is kept; 0 where it has none. HerdClient counts whole
// seconds, and wraps no value that never expires.
func Deadline(cache *config.Cache, ttl time.Duration) (deadline int64, keep time.Duration) {
	if !cache.Herd || ttl == cluster.Forever {
		return 0, cache.Kept(ttl)
	}
	return time.Now().Unix() + int64((ttl+time.Second-1)/time.Second), ttl + cache.HerdTimeout
}

// outdated tells whether a caller makes a value anew at that time. One that is kept longer
// than it lives it does then (should_recompute of django_cachex/stampede.py; the chance
// that it does a moment before is not drawn), one of HerdClient CACHE_HERD_TIMEOUT after its deadline surely, before by chance and the likelier
// the later, so that few callers do it at once (_is_expired in
// django_redis/client/herd.py).
func outdated(got *Made, cache *config.Cache, now time.Time) bool {
	if !cache.Herd {
		return cache.Late(cache.Left(got.TTL))
	}
	v, err := codec.Decode(got.Value, codec.Stored(cache.Codec), codec.Options{})
	if err != nil {
		return false // what cannot be read is said when it is to be shown
	}
	_, deadline, ok := v.Graph.Herd(v.Root)
	if !ok {
		return false
	}
	late := now.Unix() - deadline
	window := int64(cache.HerdTimeout / time.Second)
	return late > 0 && late+1+rand.Int64N(max(window, 1)) >= window
}

// rewrap is a value with the deadline that touch of HerdClient would give it, and how
// long it is kept then; one that is to live for ever has none. It is nil for a value
// that is not wrapped, which keeps to its expiry alone.
func rewrap(stored []byte, cache *config.Cache, ttl time.Duration) ([]byte, time.Duration, error) {
	v, err := codec.Decode(stored, codec.Stored(cache.Codec), codec.Options{})
	if err != nil {
		return nil, ttl, nil // as for the application, whatever it is
	}
	value, _, ok := v.Graph.Herd(v.Root)
	if !ok {
		return nil, ttl, nil
	}
	v.Root = value
	deadline, keep := Deadline(cache, ttl)
	if deadline != 0 {
		v.Root = v.Graph.NewHerd(cache.HerdModule, value, deadline)
	}
	renewed, err := codec.Encode(nil, v, cache.Codec)
	return renewed, keep, err
}

// Expire gives keys ttl and their jitter to live, counted from now, or Forever, and their values the
// deadline that goes with it: the expiry alone would leave a value to get stale when
// it was to before.
func Expire(ctx context.Context, cl *cluster.Cluster, cache *config.Cache, stored [][]byte, ttl time.Duration, jitter cluster.Jitter) []cluster.Entry {
	return cl.Renew(ctx, stored, ttl, jitter, func(value []byte, life time.Duration) ([]byte, time.Duration, error) {
		return rewrap(value, cache, life)
	})
}
