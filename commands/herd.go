package commands

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"cachering/codec"
	"cachering/codec/pyobj"
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
	late := now.Unix() - seconds(v.Graph, deadline)
	window := int64(cache.HerdTimeout / time.Second)
	return late > 0 && late+1+rand.Int64N(max(window, 1)) >= window
}

// seconds is a Unix time that a library stored, as an int or a float.
func seconds(g *pyobj.Graph, r pyobj.Ref) int64 {
	if g.Kind(r) == pyobj.Float {
		return int64(g.Float(r))
	}
	return g.Big(r).Int64()
}

// errNotWrapped is a value without a deadline of its own.
var errNotWrapped = errors.New("not wrapped")

// rewrap is a value of HerdClient with the deadline that its touch would give it;
// one that is to live for ever has none.
func rewrap(stored []byte, cache *config.Cache, ttl time.Duration) ([]byte, error) {
	v, err := codec.Decode(stored, codec.Stored(cache.Codec), codec.Options{})
	if err != nil {
		return nil, errNotWrapped // as for the application, whatever it is
	}
	value, _, ok := v.Graph.Herd(v.Root)
	if !ok {
		return nil, errNotWrapped
	}
	v.Root = value
	if deadline, _ := herd(cache, asText, ttl); deadline != 0 {
		v.Root = v.Graph.NewHerd(cache.HerdModule, value, deadline)
	}
	return codec.Encode(nil, v, cache.Codec)
}

// herdExpire is Expire, or Persist, of a cache of HerdClient: the expiry of the key
// alone would leave the value to get stale when it was to before, so that both change
// at once.
func herdExpire(cl *cluster.Cluster, cache *config.Cache, ttl time.Duration) func(context.Context, [][]byte) []cluster.Entry {
	return func(ctx context.Context, stored [][]byte) []cluster.Entry {
		entries := make([]cluster.Entry, len(stored))
		keep := ttl
		if ttl != cluster.Forever {
			keep += cache.HerdTimeout
		}
		for i, key := range stored {
			e := &entries[i]
			*e = cl.Update(ctx, key, cluster.Write{TTL: keep}, func(value []byte) ([]byte, error) { return rewrap(value, cache, ttl) })
			if !errors.Is(e.Err, errNotWrapped) && !errors.Is(e.Err, cluster.ErrNotString) {
				continue
			}
			if ttl == cluster.Forever {
				*e = cl.Persist(ctx, stored[i:i+1])[0]
			} else {
				*e = cl.Expire(ctx, stored[i:i+1], ttl)[0]
			}
		}
		return entries
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
