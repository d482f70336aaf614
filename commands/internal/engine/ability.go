package engine

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/scan"
)

// lacks is what a server cannot do.
type lacks struct {
	keepTTL    bool // SET … KEEPTTL, before 6.0
	moments    bool // SET … PXAT, before 6.2
	expireTime bool // PEXPIRETIME, before 7.0
	unlink     bool // UNLINK, before 4.0, renamed away, or not for this user
	// transactions is why WATCH, MULTI or EXEC is refused, if it is.
	transactions error
	// script is why EVAL is refused, if it is.
	script error
}

// probe asks a server what it cannot do, by commands that find nothing to do (see
// cluster.Conn.Ways); XX makes no key. That transactions are refused is said before
// anything is read.
func probe(ctx context.Context, link *scan.Link) (lacks, error) {
	var set, moment *redis.StatusCmd
	var expiry, unlink *redis.IntCmd
	l, err := probeWays(ctx, link, func(absent string) []redis.Cmder {
		set = redis.NewStatusCmd(ctx, "set", absent, "", "xx", "keepttl")
		moment = redis.NewStatusCmd(ctx, "set", absent, "", "xx", "pxat", "1")
		expiry = redis.NewIntCmd(ctx, "pexpiretime", absent)
		unlink = redis.NewIntCmd(ctx, "unlink", absent)
		return []redis.Cmder{set, moment, expiry, unlink}
	})
	if err != nil {
		return lacks{}, err
	}
	l.keepTTL, l.moments = says(set.Err(), "syntax error"), says(moment.Err(), "syntax error")
	l.expireTime, l.unlink = expiry.Err() != nil, unlink.Err() != nil
	return l, nil
}

// probeWays asks a server what guards writes, as a dry run may: nothing of it writes.
func probeWays(ctx context.Context, link *scan.Link, first func(absent string) []redis.Cmder) (lacks, error) {
	w, again, err := link.Conn.Ways(ctx, first)
	if again {
		if err := link.Anew(ctx); err != nil {
			return lacks{}, err
		}
	}
	l := lacks{script: w.Script}
	switch {
	case link.Shard.OfNodes():
		l.transactions = errSlots
	case w.Transactions != nil:
		l.transactions = unguarded(w.Transactions)
	}
	return l, err
}

func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
