package scan

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// Identity is which data a server has: as long as it is the same, a position of a walk
// means what it meant. What the server does not tell is left empty.
type Identity struct {
	RunID   string // another after each start of the server
	ReplID  string // another after it took its data from another server
	Flushes int64  // how often keys were thrown away at once since its start, in any database
}

// Identity asks the server of the link for it. What is no answer at all is an error.
func (l *Link) Identity(ctx context.Context) (id Identity, err error) {
	server := redis.NewStringCmd(ctx, "info", "server")
	replication := redis.NewStringCmd(ctx, "info", "replication")
	commands := redis.NewStringCmd(ctx, "info", "commandstats")
	err = l.retry(ctx, WorthRedial, func() error {
		return l.Conn.Do(ctx, []redis.Cmder{server, replication, commands})
	})
	if err != nil {
		return Identity{}, err
	}
	id.RunID = cluster.ParseInfo(server.Val()).RunID
	id.ReplID = cluster.ParseInfo(replication.Val()).Field("master_replid")
	counts := cluster.ParseInfo(commands.Val())
	for _, name := range []string{"flushall", "flushdb", "swapdb"} {
		id.Flushes += calls(counts.Field("cmdstat_" + name))
	}
	return id, nil
}

// calls reads "calls=3,usec=12,…".
func calls(stats string) int64 {
	for part := range strings.SplitSeq(stats, ",") {
		if n, ok := strings.CutPrefix(part, "calls="); ok {
			count, _ := strconv.ParseInt(n, 10, 64)
			return count
		}
	}
	return 0
}

// Keys asks how many keys the database has, once.
func (l *Link) Keys(ctx context.Context) (int64, error) {
	size := redis.NewIntCmd(ctx, "dbsize")
	if err := l.Conn.Do(ctx, []redis.Cmder{size}); err != nil {
		return 0, err
	}
	return size.Val(), size.Err()
}
