package survey

import (
	"context"

	"cachering/commands/internal/areas"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// Census counts the keys of one shard.
type Census struct {
	Shard    string
	Keys     int64 // in the database
	Selected int64 // taken by the selection
	Spared   int64 // selected, but protected
	// Of a whole census only:
	Mine       int64 // of this cache, every version, selected or not
	Foreign    int64 // of no cache in the file
	Neighbours map[string]int64
	areas      map[areas.Area]int64 // of all keys
	Err        error
}

// Count counts exactly, by a scan of every shard, what a Selection takes. A
// whole census also counts whose all the other keys are. Types are not asked.
func Count(ctx context.Context, cl *cluster.Cluster, o Options, whole bool) []Census {
	shards := o.shards(cl)
	out := make([]Census, len(shards))
	errs := cluster.AtOnce(shards, func(i int, s *cluster.Shard) error {
		out[i] = Census{Shard: s.Name, Neighbours: make(map[string]int64), areas: make(map[areas.Area]int64)}
		return s.Wrap(out[i].count(ctx, s, scan.NewFilter(o.Selection, cl, s), whole))
	})
	for i := range out {
		out[i].Err = errs[i]
	}
	return out
}

func (c *Census) count(ctx context.Context, s *cluster.Shard, f *scan.Filter, whole bool) error {
	link, err := scan.Open(ctx, s)
	if err != nil {
		return err
	}
	defer link.Close()
	about, err := link.Begin(ctx)
	if err != nil {
		return err
	}
	c.Keys = about.Keys
	pattern := f.Pattern
	if whole {
		pattern = "*"
	}
	for walk := link.Walk(pattern, ""); !walk.Ended(); {
		keys, err := walk.Page(ctx)
		if err != nil {
			return err
		}
		if err := c.page(ctx, link, f, keys, whole); err != nil {
			return err
		}
	}
	return nil
}

func (c *Census) page(ctx context.Context, link *scan.Link, f *scan.Filter, keys [][]byte, whole bool) error {
	var asked [][]byte
	for _, key := range keys {
		if (!whole || f.Fits(key)) && f.Verdict(key) != scan.Other {
			asked = append(asked, key)
		}
		if whole {
			c.one(f, key)
		}
	}
	fits, err := link.Sift(ctx, f, asked)
	if err != nil {
		return err
	}
	for i, key := range asked {
		switch {
		case fits[i] != scan.Fits:
		case f.Verdict(key) == scan.Spare:
			c.Spared++
		default:
			c.Selected++
		}
	}
	return nil
}

// one counts whose a key is.
func (c *Census) one(f *scan.Filter, key []byte) {
	c.areas[areaOf(f, key)]++
	if _, _, ok := f.Mine(key); ok {
		c.Mine++
	} else if alias, ok := f.Neighbour(key); ok {
		c.Neighbours[alias]++
	} else {
		c.Foreign++
	}
}
