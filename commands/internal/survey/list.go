package survey

import (
	"context"
	"slices"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// Listed is a key that a listing found. Its bytes are the receiver's to keep.
type Listed struct {
	Stored  []byte
	Key     []byte // nil where the key function does not let it be read back
	Version []byte // nil where the key function has none
	// TooLarge tells that nobody knows whether it is selected: its value does not fit
	// the memory there is to look at it.
	TooLarge bool
}

// List hands over the selected keys of one shard, of whatever type, a page at a
// time as the scan finds them, each once.
func List(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, sel scan.Selection, use func([]Listed) error) error {
	return Pacing{}.begin().list(ctx, cl, s, sel, use)
}

func (c *course) list(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, sel scan.Selection, use func([]Listed) error) error {
	f := scan.NewFilter(sel, cl, s)
	return c.pages(ctx, s, f.Pattern, func(link *scan.Link, keys [][]byte) error {
		found, err := listed(ctx, link, f, keys)
		if err != nil {
			return err
		}
		return use(found)
	})
}

// listed are the selected of a page of keys, which the pattern let through, or
// more.
func listed(ctx context.Context, link *scan.Link, f *scan.Filter, keys [][]byte) ([]Listed, error) {
	keys = slices.DeleteFunc(slices.Clone(keys), func(stored []byte) bool { return !f.Takes(stored) })
	fits, err := link.Sift(ctx, f, keys)
	if err != nil {
		return nil, err
	}
	var found []Listed
	for i, stored := range keys {
		if fits[i] != scan.Unfit {
			key, version, _ := f.Space.Split(stored)
			found = append(found, Listed{stored, key, version, fits[i] == scan.TooLarge})
		}
	}
	return found, nil
}

// pages scans one shard and hands over its keys a page at a time, each key once,
// with a link to ask about them.
func pages(ctx context.Context, s *cluster.Shard, pattern string, use func(*scan.Link, [][]byte) error) error {
	return Pacing{}.begin().pages(ctx, s, pattern, use)
}

func (c *course) pages(ctx context.Context, s *cluster.Shard, pattern string, use func(*scan.Link, [][]byte) error) error {
	return s.Contain(func() error {
		return c.walk(ctx, s, pattern, func(g *gait, link *scan.Link, keys [][]byte) error {
			if err := g.pay(ctx, len(keys)); err != nil {
				return s.Wrap(err)
			}
			return use(link, keys)
		})
	})
}

// walk is pages without the pay, and not contained.
func (c *course) walk(ctx context.Context, s *cluster.Shard, pattern string, use func(*gait, *scan.Link, [][]byte) error) error {
	return linked(ctx, s, func(link *scan.Link) error {
		g, done := c.on(ctx, link)
		defer done()
		given := scan.NewRecent()
		for walk := link.Walk(pattern, ""); !walk.Ended(); {
			keys, err := g.page(ctx, walk)
			if err != nil {
				return s.Wrap(err)
			}
			keys = slices.DeleteFunc(keys, given.Again)
			if err := use(g, link, keys); err != nil {
				return err
			}
		}
		return nil
	})
}

// linked opens a link to a shard for some work.
func linked(ctx context.Context, s *cluster.Shard, work func(*scan.Link) error) error {
	link, err := scan.Open(ctx, s)
	if err != nil {
		return err
	}
	defer link.Close()
	if _, err := link.Begin(ctx); err != nil {
		return s.Wrap(err)
	}
	return work(link)
}
