package survey

import (
	"context"
	"slices"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// Looked is what Every saw of one shard.
type Looked struct {
	Shard    string
	Entries  int64 // that are selected and whose values were read
	NotText  int64 // selected, and no strings, or gone before they were read
	TooLarge int64 // selected, or perhaps so, and too large to be looked at
	Err      error
}

// Every reads the value of each selected key of some shards, all at once, and hands over
// what is said of it. judges makes what says it, for one goroutine each; use is called by
// several, with the index of the shard, and with stored keys that it may keep.
func Every[T any](ctx context.Context, cl *cluster.Cluster, shards []*cluster.Shard, sel scan.Selection, p Pacing,
	judges func() (func(stored, value []byte) T, error), use func(shard int, l Listed, said T)) []Looked {
	out := make([]Looked, len(shards))
	c := p.begin()
	errs := c.each(shards, func(i int, s *cluster.Shard) error {
		out[i].Shard = s.Name
		judge, err := judges()
		if err != nil {
			return err
		}
		said := make(map[string]T) // of one page: a value that is read again is judged again
		look := scan.NewFilter(scan.Selection{Where: scan.Where{Values: scan.NewValues(func() scan.Judge {
			return func(stored, value []byte) scan.Fit {
				said[string(stored)] = judge(stored, value)
				return scan.Fits
			}
		})}}, cl, s)
		f := scan.NewFilter(sel, cl, s)
		return c.walk(ctx, s, f.Pattern, func(g *gait, link *scan.Link, keys [][]byte) error {
			page, err := listed(ctx, link, f, keys)
			if err != nil {
				return err
			}
			out[i].TooLarge += int64(len(page))
			page = slices.DeleteFunc(page, func(l Listed) bool { return l.TooLarge })
			out[i].TooLarge -= int64(len(page))
			if err := g.pay(ctx, len(keys)-len(page)); err != nil {
				return s.Wrap(err)
			}
			for part := range slices.Chunk(page, g.at(max(1, len(page)))) {
				if err := g.pay(ctx, len(part)); err != nil {
					return s.Wrap(err)
				}
				stored := make([][]byte, len(part))
				for k := range part {
					stored[k] = part[k].Stored
				}
				clear(said)
				fits, err := link.Sift(ctx, look, stored)
				if err != nil {
					return s.Wrap(err)
				}
				for k, fit := range fits {
					switch fit {
					case scan.Fits:
						out[i].Entries++
						use(i, part[k], said[string(stored[k])])
					case scan.TooLarge:
						out[i].TooLarge++
					default:
						out[i].NotText++
					}
				}
			}
			return nil
		})
	})
	for i := range out {
		out[i].Err = errs[i]
	}
	return out
}
