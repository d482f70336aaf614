package commands

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
)

func compatFlag(to *bool) cli.Flag {
	return &cli.BoolFlag{Name: "compat", Destination: to,
		Usage: "do with an expiry that is zero, negative or a fraction what the library of the cache does with it"}
}

// compatibly is the lifespan that the cache's library makes of None.
func (l lifespan) compatibly(cache *config.Cache) lifespan {
	if l.forever && cache.Traits.NoneIsDefault {
		return lifespan{set: true, configured: true}
	}
	return l
}

// compatible is what set of the cache's library does with an expiry.
func compatible(cache *config.Cache, ttl time.Duration) (library.Deed, time.Duration) {
	if ttl == cluster.Forever {
		return library.Store, ttl
	}
	switch ttl = truncated(cache, ttl); {
	case ttl > 0:
		return library.Store, ttl
	case ttl == 0:
		return cache.Traits.Zero, cluster.Forever
	}
	return cache.Traits.Negative, cluster.Forever
}

// truncated is an expiry as far as the library sends it to the server.
func truncated(cache *config.Cache, ttl time.Duration) time.Duration {
	if cache.Traits.Milliseconds {
		return ttl.Truncate(time.Millisecond)
	}
	return ttl.Truncate(time.Second)
}

// storeNothing does what the library does in place of storing, and reports
// whether its call would have answered True.
func storeNothing(ctx context.Context, cl *cluster.Cluster, cache *config.Cache, stored []byte, do library.Deed, add bool) (bool, error) {
	keys := [][]byte{stored}
	switch {
	case do == library.Ignore:
		return false, nil
	case add && cache.Traits.AddIgnores:
		return false, nil
	case add && !cache.Traits.AddDeletes:
		e := cl.Exists(ctx, keys)[0]
		return !e.Found, e.Err
	}
	return !add, cl.Delete(ctx, keys)[0].Err
}
