package survey

import (
	"context"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// Search hands over the stored keys of one database that fit a pattern, whoever's
// they are, a page at a time. passed is told how many keys of the database were
// looked at since it was last called, about. A key that is written meanwhile may
// be missed.
func Search(ctx context.Context, s *cluster.Shard, pattern string, passed func(int64), use func([][]byte) error) error {
	return pages(ctx, s, pattern, func(_ *scan.Link, keys [][]byte) error {
		passed(scan.PageKeys)
		if len(keys) == 0 {
			return nil
		}
		return use(keys)
	})
}
