package engine

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
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

// probe asks a server what it cannot do, by commands that find nothing to do:
// version numbers tell little about forks and hosted servers, which also take
// commands away. The key that is asked about is of this cache, so that an ACL
// allows it, and nobody's, and XX makes no key. The error is one of the connection,
// or of a server that cannot tell for a while.
//
// That transactions are refused is said before anything is read. The transaction
// comes last, because where EXEC is refused what follows would be part of it.
func probe(ctx context.Context, link *scan.Link, cl *cluster.Cluster) (lacks, error) {
	absent := cl.Keyspace().Stored("cachering: can this server do it? "+rand.Text(), 0)
	set := redis.NewStatusCmd(ctx, "set", absent, "", "xx", "keepttl")
	moment := redis.NewStatusCmd(ctx, "set", absent, "", "xx", "pxat", "1")
	expiry := redis.NewIntCmd(ctx, "pexpiretime", absent)
	unlink := redis.NewIntCmd(ctx, "unlink", absent)
	eval := probeScript(ctx, absent, cl.SideKeys().Fresh+absent)
	watch := redis.NewStatusCmd(ctx, "watch", absent)
	multi := redis.NewStatusCmd(ctx, "multi")
	queued := redis.NewStatusCmd(ctx, "type", absent)
	exec := redis.NewCmd(ctx, "exec")
	cmds := []redis.Cmder{set, moment, expiry, unlink, eval, watch, multi, queued, exec}
	if err := link.Conn.Do(ctx, cmds); err != nil {
		return lacks{}, err
	}
	if exec.Err() != nil && queued.Val() == "QUEUED" {
		discard := redis.NewStatusCmd(ctx, "discard") // it may be refused as well
		if err := link.Conn.Do(ctx, []redis.Cmder{discard}); err != nil || discard.Err() != nil {
			if err := link.Anew(ctx); err != nil {
				return lacks{}, err
			}
		}
	}
	for _, cmd := range cmds {
		if passing(cmd.Err()) {
			return lacks{}, cmd.Err()
		}
	}
	l := lacks{keepTTL: says(set.Err(), "syntax error"), moments: says(moment.Err(), "syntax error"), expireTime: expiry.Err() != nil,
		unlink: unlink.Err() != nil, script: scriptRefused(eval)}
	full := queued.Err() // one that is full takes no command into a transaction
	if !says(full, "OOM") {
		full = nil
	}
	for _, err := range []error{watch.Err(), multi.Err(), full, exec.Err()} {
		if err != nil && (queued.Err() == nil || !says(err, "EXECABORT")) {
			l.transactions = unguarded(err)
			break
		}
	}
	return l, nil
}

// passing reports whether a server refuses everything for a while, so that
// nothing is known of what it can do.
func passing(err error) bool {
	if err == nil {
		return false
	}
	code, _, _ := strings.Cut(err.Error(), " ")
	return slices.Contains([]string{"BUSY", "LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN"}, code)
}

func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
