package engine

import (
	"context"

	"cachering/commands/internal/cluster"
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
	shards := o.Shards
	if shards == nil {
		shards = cl.Visit()
	}
	out := make([]Census, len(shards))
	errs := cluster.AtOnce(shards, func(i int, s *cluster.Shard) error {
		out[i] = Census{Shard: s.Name, Neighbours: make(map[string]int64)}
		return s.Wrap(out[i].count(ctx, s, newFilter(o.Selection, cl, s), whole))
	})
	for i := range out {
		out[i].Err = errs[i]
	}
	return out
}

func (c *Census) count(ctx context.Context, s *cluster.Shard, f *filter, whole bool) error {
	conn, err := s.Dial(ctx, 0)
	if err != nil {
		return err
	}
	scan := &scanner{shard: s, pattern: f.pattern, count: scanCount, conn: conn}
	defer func() { scan.conn.Close() }()
	about, err := serverInfo(ctx, conn)
	if err != nil {
		return err
	}
	c.Keys, scan.runID = about.keys, about.runID
	if whole {
		scan.pattern = "*"
	}
	for !scan.ended {
		keys, err := scan.page(ctx)
		if err != nil {
			return err
		}
		for _, key := range keys {
			c.one(f, key, whole)
		}
	}
	return nil
}

func (c *Census) one(f *filter, key []byte, whole bool) {
	if !whole || f.fits(key) {
		switch f.verdict(key) {
		case take:
			c.Selected++
		case spare:
			c.Spared++
		}
	}
	if !whole {
		return
	}
	if _, _, ok := f.mine(key); ok {
		c.Mine++
	} else if alias, ok := f.neighbour(key); ok {
		c.Neighbours[alias]++
	} else {
		c.Foreign++
	}
}
