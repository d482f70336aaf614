package commands

import (
	"context"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/herd"
)

// deadline is when a value in one of the forms of --from gets stale that is stored
// now, and how long it is kept; 0 where it has no time of its own.
func deadline(cache *config.Cache, form string, ttl time.Duration) (at int64, keep time.Duration) {
	if form == asRaw {
		return 0, cache.Kept(ttl)
	}
	return herd.Deadline(cache, ttl)
}

// expiring is what gives keys ttl and their jitter to live, or Forever.
func expiring(cl *cluster.Cluster, cache *config.Cache, ttl time.Duration, jitter cluster.Jitter) func(context.Context, [][]byte) []cluster.Entry {
	return func(ctx context.Context, stored [][]byte) []cluster.Entry {
		switch {
		case cache.Herd:
			return herd.Expire(ctx, cl, cache, stored, ttl, jitter)
		case ttl == cluster.Forever:
			return cl.Persist(ctx, stored)
		}
		return cl.Expire(ctx, stored, cache.Kept(ttl), jitter)
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
