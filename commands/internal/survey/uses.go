package survey

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// Use is how a server keeps account of when its entries are used.
type Use struct {
	Policy  string // maxmemory-policy; "" where it is not told
	Counted bool   // it counts uses (LFU), and does not know when the last one was
	Touched bool   // to be read by us is a use, as the server has no CLIENT NO-TOUCH
}

// Uses asks the servers of shards. The zero Use is that of one that does not answer.
func Uses(ctx context.Context, shards []*cluster.Shard) []Use {
	uses := make([]Use, len(shards))
	cluster.AtOnce(shards, func(i int, s *cluster.Shard) error {
		conn, err := s.Dial(ctx, 0)
		if err != nil {
			return err
		}
		defer conn.Close()
		memory, touch := redis.NewStringCmd(ctx, "info", "memory"), scan.NoTouch(ctx)
		if err := conn.Do(ctx, []redis.Cmder{memory, touch}); err != nil {
			return err
		}
		policy := cluster.ParseInfo(memory.Val()).Field("maxmemory_policy")
		uses[i] = Use{policy, strings.HasSuffix(policy, "-lfu"), touch.Err() != nil}
		return nil
	})
	return uses
}
