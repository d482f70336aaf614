package survey

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// Lister lists the keys of one shard after the other, with what it is told to ask
// about each. It is for one goroutine.
type Lister struct {
	Cluster   *cluster.Cluster
	Selection scan.Selection
	Limit     int64 // of the keys handed over that are selected, where it is above 0
	Details   bool  // Detailed.TTL and Detailed.Bytes are asked for
	// Left is what of an expiry the server tells the application sees.
	Left func(time.Duration) time.Duration
	// See, if it is set, is shown the value of each key that holds a string, unless it
	// does not fit the memory there is to look at it. It keeps nothing of value.
	See func(stored, value []byte)

	given int64
}

// Detailed is a listed key with what was asked about it.
type Detailed struct {
	Listed
	TTL   time.Duration // as cluster.Entry has it
	Bytes *int64        // stored; nil where it is no string
}

// errFull ends a listing that has what it is to have.
var errFull = errors.New("the listing is full")

// Full reports whether the limit was met, so that no other shard has to be asked.
func (l *Lister) Full() bool { return l.Limit > 0 && l.given >= l.Limit }

// List hands over the selected keys of a shard as List does. Those that went before they
// were asked about are left out.
func (l *Lister) List(ctx context.Context, s *cluster.Shard, use func([]Detailed) error) error {
	f := scan.NewFilter(l.Selection, l.Cluster, s)
	var look *scan.Filter
	if l.See != nil {
		see := func(stored, value []byte) scan.Fit {
			l.See(stored, value)
			return scan.Fits
		}
		values := scan.NewValues(func() scan.Judge { return see })
		look = scan.NewFilter(scan.Selection{Where: scan.Where{Values: values}}, l.Cluster, s)
	}
	err := pages(ctx, s, f.Pattern, func(link *scan.Link, keys [][]byte) error {
		page, err := listed(ctx, link, f, keys)
		for err == nil && len(page) > 0 && !l.Full() {
			n := int64(len(page))
			if l.Limit > 0 {
				n = min(n, l.Limit-l.given)
			}
			var found []Detailed
			if found, err = l.describe(ctx, link, look, page[:n]); err == nil {
				page = page[n:]
				for i := range found {
					if !found[i].TooLarge {
						l.given++
					}
				}
				err = use(found)
			}
		}
		if err == nil && l.Full() {
			return errFull
		}
		return err
	})
	if errors.Is(err, errFull) {
		return nil
	}
	return err
}

// describe asks about some keys, all in one request but for their values.
func (l *Lister) describe(ctx context.Context, link *scan.Link, look *scan.Filter, page []Listed) ([]Detailed, error) {
	found := make([]Detailed, len(page))
	for i := range page {
		found[i].Listed = page[i]
	}
	if l.Details {
		if err := link.Retry(ctx, func() error { return lives(ctx, link, found) }); err != nil {
			return nil, err
		}
		there := found[:0]
		for _, d := range found {
			if d.TTL != cluster.Missing {
				d.TTL = l.Left(d.TTL)
				there = append(there, d)
			}
		}
		found = there
	}
	if look == nil {
		return found, nil
	}
	stored := make([][]byte, len(found))
	for i := range found {
		stored[i] = found[i].Stored
	}
	_, err := link.Sift(ctx, look, stored)
	return found, err
}

// lives asks how long entries live, and how large they are.
func lives(ctx context.Context, link *scan.Link, found []Detailed) error {
	const each = 2
	cmds := make([]redis.Cmder, 0, each*len(found))
	for i := range found {
		cmds = append(cmds, redis.NewIntCmd(ctx, "pttl", found[i].Stored), redis.NewIntCmd(ctx, "strlen", found[i].Stored))
	}
	if err := ask(ctx, link.Conn, cmds); err != nil {
		return err
	}
	for i := range found {
		pttl, size := cmds[each*i].(*redis.IntCmd), cmds[each*i+1].(*redis.IntCmd)
		if err := pttl.Err(); err != nil {
			return link.Shard.Wrap(err)
		}
		if found[i].TTL = time.Duration(pttl.Val()); found[i].TTL >= 0 {
			found[i].TTL *= time.Millisecond
		}
		switch err := size.Err(); {
		case err == nil:
			found[i].Bytes = new(size.Val())
		case !strings.HasPrefix(err.Error(), "WRONGTYPE"):
			return link.Shard.Wrap(err)
		}
	}
	return nil
}
