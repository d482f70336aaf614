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
}

// List hands over the selected keys of one shard, of whatever type, a page at a
// time as the scan finds them, each once.
func List(ctx context.Context, cl *cluster.Cluster, s *cluster.Shard, sel scan.Selection, use func([]Listed) error) error {
	f := scan.NewFilter(sel, cl, s)
	return pages(ctx, s, f.Pattern, func(_ *cluster.Conn, keys [][]byte) error { return use(listed(f, keys)) })
}

// listed are the selected of a page of keys, which the pattern let through, or
// more.
func listed(f *scan.Filter, keys [][]byte) []Listed {
	var found []Listed
	for _, stored := range keys {
		if f.Takes(stored) {
			key, version, _ := f.Space.Split(stored)
			found = append(found, Listed{stored, key, version})
		}
	}
	return found
}

// pages scans one shard and hands over its keys a page at a time, each key once,
// with a connection to ask about them.
func pages(ctx context.Context, s *cluster.Shard, pattern string, use func(*cluster.Conn, [][]byte) error) error {
	return s.Contain(func() error { return allPages(ctx, s, pattern, use) })
}

func allPages(ctx context.Context, s *cluster.Shard, pattern string, use func(*cluster.Conn, [][]byte) error) error {
	link, err := scan.Open(ctx, s)
	if err != nil {
		return err
	}
	defer link.Close()
	if _, err := link.Begin(ctx); err != nil {
		return s.Wrap(err)
	}
	given := scan.NewRecent()
	for walk := link.Walk(pattern, ""); !walk.Ended(); {
		keys, err := walk.Page(ctx)
		if err != nil {
			return s.Wrap(err)
		}
		keys = slices.DeleteFunc(keys, given.Again)
		if err := use(link.Conn, keys); err != nil {
			return err
		}
	}
	return nil
}
