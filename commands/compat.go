package commands

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// deed is what a library makes of an expiry when it stores a value.
type deed uint8

const (
	deedStore  deed = iota // the value is stored for that long
	deedDelete             // what is there is deleted, and nothing stored
	deedIgnore             // nothing happens
)

func compatFlag(to *bool) cli.Flag {
	return &cli.BoolFlag{Name: "compat", Destination: to,
		Usage: "do with an expiry that is zero, negative or a fraction what the library of the cache does with it"}
}

// compatibly is the lifespan that the cache's library makes of None.
func (l lifespan) compatibly(cache *config.Cache) lifespan {
	if l.forever && libraryOf(cache).noneIsDefault {
		return lifespan{set: true, configured: true}
	}
	return l
}

// compatible is what set of the cache's library does with an expiry.
func compatible(cache *config.Cache, ttl time.Duration) (deed, time.Duration) {
	if ttl == cluster.Forever {
		return deedStore, ttl
	}
	lib := libraryOf(cache)
	switch ttl = truncated(cache, ttl); {
	case ttl > 0:
		return deedStore, ttl
	case ttl == 0:
		return lib.zero, cluster.Forever
	}
	return lib.negative, cluster.Forever
}

// truncated is an expiry as far as the library sends it to the server.
func truncated(cache *config.Cache, ttl time.Duration) time.Duration {
	if libraryOf(cache).milliseconds {
		return ttl.Truncate(time.Millisecond)
	}
	return ttl.Truncate(time.Second)
}

// behaviour is how a library treats expiries; with deedStore it stores for ever.
type behaviour struct {
	milliseconds   bool
	zero, negative deed
	// addDeletes: add with a zero deletes what is there; others leave it alone.
	addDeletes bool
	// noneIsDefault: an expiry of None is the configured one.
	noneIsDefault bool
}

func libraryOf(cache *config.Cache) behaviour {
	major, minor := releaseNumbers(cache.Release)
	switch pkg, _, _ := strings.Cut(cache.Backend, "."); pkg {
	case "redis_cache":
		if major < 2 {
			return behaviour{zero: deedStore, negative: deedIgnore}
		}
		return behaviour{zero: deedDelete, negative: deedIgnore, addDeletes: true}
	case "dredis_cache":
		return behaviour{zero: deedStore, negative: deedStore, noneIsDefault: true}
	case "django_redis":
		if major < 4 {
			return behaviour{zero: deedStore, negative: deedDelete}
		}
		return behaviour{zero: deedDelete, negative: deedDelete, milliseconds: major > 4 || minor >= 5}
	case "django_valkey":
		return behaviour{zero: deedDelete, negative: deedDelete, milliseconds: true}
	}
	return behaviour{zero: deedDelete, negative: deedDelete}
}

// releaseNumbers are the first two numbers of a release; one that is not given
// counts as the newest.
func releaseNumbers(release string) (major, minor int) {
	if release == "" {
		return 1 << 16, 0
	}
	first, rest, _ := strings.Cut(release, ".")
	second, _, _ := strings.Cut(rest, ".")
	major, _ = strconv.Atoi(first)
	minor, _ = strconv.Atoi(second)
	return major, minor
}

// storeNothing does what the library does in place of storing, and reports
// whether its call would have answered True.
func storeNothing(ctx context.Context, cl *cluster.Cluster, cache *config.Cache, stored []byte, do deed, add bool) (bool, error) {
	keys := [][]byte{stored}
	switch {
	case do == deedIgnore:
		return false, nil
	case add && !libraryOf(cache).addDeletes:
		e := cl.Exists(ctx, keys)[0]
		return !e.Found, e.Err
	}
	return !add, cl.Delete(ctx, keys)[0].Err
}
