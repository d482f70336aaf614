package survey

import (
	"context"

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
	Err        error
}

// Count counts exactly, by a scan of every shard, what a Selection takes. A
// whole census also counts whose all the other keys are. Types are not asked.
func Count(ctx context.Context, cl *cluster.Cluster, o Options, whole bool) []Census {
	shards := o.shards(cl)
	out := make([]Census, len(shards))
	errs := cluster.AtOnce(shards, func(i int, s *cluster.Shard) error {
		out[i] = Census{Shard: s.Name, Neighbours: make(map[string]int64)}
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
		for _, key := range keys {
			c.one(f, key, whole)
		}
	}
	return nil
}

func (c *Census) one(f *scan.Filter, key []byte, whole bool) {
	if !whole || f.Fits(key) {
		switch f.Verdict(key) {
		case scan.Take:
			c.Selected++
		case scan.Spare:
			c.Spared++
		}
	}
	if !whole {
		return
	}
	if _, _, ok := f.Mine(key); ok {
		c.Mine++
	} else if alias, ok := f.Neighbour(key); ok {
		c.Neighbours[alias]++
	} else {
		c.Foreign++
	}
}
