package engine

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// lacks is what a server cannot do.
type lacks struct {
	keepTTL bool // SET … KEEPTTL, before 6.0
	unlink  bool // UNLINK, before 4.0, renamed away, or not for this user
	// transactions is why WATCH, MULTI or EXEC is refused, if it is.
	transactions error
}

// probe asks a server what it cannot do, by commands that find nothing to do:
// version numbers tell little about forks and hosted servers, which also take
// commands away. The key that is asked about is of this cache, so that an ACL
// allows it, and XX makes no key.
//
// That transactions are refused is said before anything is read.
func probe(ctx context.Context, conn *cluster.Conn, cl *cluster.Cluster) (lacks, error) {
	absent := cl.Keyspace().Stored("cachering: can this server do it?", 0)
	watch := redis.NewStatusCmd(ctx, "watch", absent)
	multi := redis.NewStatusCmd(ctx, "multi")
	exec := redis.NewCmd(ctx, "exec")
	set := redis.NewStatusCmd(ctx, "set", absent, "", "xx", "keepttl")
	unlink := redis.NewIntCmd(ctx, "unlink", absent)
	if err := conn.Do(ctx, []redis.Cmder{watch, multi, exec, set, unlink}); err != nil {
		return lacks{}, err
	}
	l := lacks{keepTTL: says(set.Err(), "syntax error"), unlink: unlink.Err() != nil}
	for _, err := range []error{watch.Err(), multi.Err(), exec.Err()} {
		if err != nil {
			l.transactions = unguarded(err)
			break
		}
	}
	return l, nil
}

func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
