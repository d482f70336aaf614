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
	unlink  bool // UNLINK, before 4.0, or renamed away
}

// probe asks a server what it cannot do, by commands that find nothing to do:
// version numbers tell little about forks and hosted servers, which also take
// commands away. The key that is asked about is of this cache, so that an ACL
// allows it, and XX makes no key.
func probe(ctx context.Context, conn *cluster.Conn, cl *cluster.Cluster) (lacks, error) {
	absent := cl.Keyspace().Stored("cachering: can this server do it?", 0)
	set := redis.NewStatusCmd(ctx, "set", absent, "", "xx", "keepttl")
	unlink := redis.NewIntCmd(ctx, "unlink", absent)
	if err := conn.Do(ctx, []redis.Cmder{set, unlink}); err != nil {
		return lacks{}, err
	}
	return lacks{keepTTL: says(set.Err(), "syntax error"), unlink: says(unlink.Err(), "unknown command")}, nil
}

func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
