package commands

import (
	"context"
	"math/rand/v2"
	"time"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// herd is when a value of HerdClient gets stale, and how long it is kept then; 0
// for other caches. HerdClient counts whole seconds, and wraps no value that
// never expires.
func herd(cache *config.Cache, form string, ttl time.Duration) (deadline int64, keep time.Duration) {
	if !cache.Herd || form == asRaw || ttl == cluster.Forever {
		return 0, ttl
	}
	return time.Now().Unix() + int64((ttl+time.Second-1)/time.Second), ttl + cache.HerdTimeout
}

// outdated tells whether a caller makes a value of HerdClient anew at that time:
// CACHE_HERD_TIMEOUT after its deadline surely, before by chance and the likelier
// the later, so that few callers do it at once (_is_expired in
// django_redis/client/herd.py).
func outdated(stored []byte, cache *config.Cache, now time.Time) bool {
	v, err := codec.Decode(stored, codec.Stored(cache.Codec), codec.Options{})
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

// rewrap is a value of HerdClient with the deadline that its touch would give it,
// and how long it is kept then; one that is to live for ever has none. It is nil for
// a value that is not wrapped, which keeps to its expiry alone.
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
	deadline, keep := herd(cache, asText, ttl)
	if deadline != 0 {
		v.Root = v.Graph.NewHerd(cache.HerdModule, value, deadline)
	}
	renewed, err := codec.Encode(nil, v, cache.Codec)
	return renewed, keep, err
}

// herdExpire is Expire, or Persist, of a cache of HerdClient: the expiry of the key
// alone would leave the value to get stale when it was to before, so that both change
// at once.
func herdExpire(cl *cluster.Cluster, cache *config.Cache, ttl time.Duration) func(context.Context, [][]byte) []cluster.Entry {
	return func(ctx context.Context, stored [][]byte) []cluster.Entry {
		return cl.Renew(ctx, stored, ttl, func(value []byte) ([]byte, time.Duration, error) { return rewrap(value, cache, ttl) })
	}
}

// herdWrites refuses what cannot be done to the values of HerdClient.
func herdWrites(cache *config.Cache) error {
	if cache.Herd && !cache.ProtocolKnown() {
		return cache.ProtocolError()
	}
	return nil
}

// herdMatch refuses to change the expiries of all keys that match.
func herdMatch(cache *config.Cache, command string) error {
	if !cache.Herd {
		return nil
	}
	return usagef("--match: the values of cache %s hold the time from which on they are stale, which is not changed so", cache.Alias).
		hinting("cachering keys PATTERN -0 | cachering %s - -0", command)
}
