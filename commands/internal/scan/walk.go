package scan

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// PageKeys is COUNT of SCAN, of all lanes of a walk together: about as many keys
// are passed by a page, which costs the server well under a millisecond.
const PageKeys = 1000

// Walk goes over the keys of a database, on the connection of a link.
type Walk struct {
	link    *Link
	pattern string
	lanes   []lane
	untried bool // whether the server can be asked for several lanes
	passed  int64
	err     error // of the position
}

// Walk begins a walk over the keys that fit a pattern, where another was when it
// told its Position; "" is the beginning. It is in one lane, unless the other was
// in several.
func (l *Link) Walk(pattern, position string) *Walk {
	w := &Walk{link: l, pattern: pattern}
	if texts := strings.Fields(position); len(texts) > 1 {
		w.lanes, w.err = lanesAt(texts)
	} else {
		w.lanes = []lane{{cursor: cmp.Or(position, "0"), count: PageKeys}}
	}
	return w
}

// WalkSpread is Walk for a database that has about so many keys. Where they are many
// it is in several lanes, if the server can do that, and the keys of a page lie
// far apart in the server's table.
func (l *Link) WalkSpread(pattern, position string, keys int64) *Walk {
	w := l.Walk(pattern, position)
	w.untried = position == "" && keys >= spreadFrom
	return w
}

// Position is from where another walk with the same pattern goes on after the last
// page, as long as the server is the same process. It means nothing after the end.
func (w *Walk) Position() string {
	if len(w.lanes) == 1 {
		return w.lanes[0].cursor
	}
	texts := make([]string, len(w.lanes))
	for i := range w.lanes {
		texts[i] = w.lanes[i].position()
	}
	return strings.Join(texts, " ")
}

// Passed is how many keys lie behind the walk, about.
func (w *Walk) Passed() int64 { return w.passed }

// Ended reports whether all keys were given.
func (w *Walk) Ended() bool {
	for i := range w.lanes {
		if !w.lanes[i].done {
			return false
		}
	}
	return w.err == nil
}

// Page reads the next keys, perhaps none. A key may come twice. The bytes are the
// caller's to keep.
func (w *Walk) Page(ctx context.Context) (keys [][]byte, err error) {
	if w.err != nil {
		return nil, w.err
	}
	err = w.link.retry(ctx, Lost, func() error {
		if w.untried {
			if err := w.try(ctx); err != nil {
				return err
			}
		}
		keys, err = w.ask(ctx)
		return err
	})
	return keys, err
}

// ask asks for the next page of each lane in one flush, and gives their keys in
// turns, one of each.
func (w *Walk) ask(ctx context.Context) ([][]byte, error) {
	var open []int
	for i := range w.lanes {
		if !w.lanes[i].done {
			open = append(open, i)
		}
	}
	reply := new(cluster.Reply)
	cmds := make([]redis.Cmder, len(open))
	for i, n := range open {
		cmds[i] = w.scan(ctx, reply, w.lanes[n].cursor, w.lanes[n].count)
	}
	if err := w.link.Conn.Do(ctx, cmds); err != nil {
		return nil, err
	}
	next := make([]lane, len(open))
	pages := make([][]cluster.Item, len(open))
	items, sum, passed := reply.Items, 0, 0
	for i, n := range open {
		cursor, page, rest, err := ReadPage(reply, items)
		if err != nil {
			return nil, err
		}
		use := true
		if next[i] = w.lanes[n]; len(w.lanes) == 1 {
			next[i].cursor, next[i].done = cursor, cursor == "0"
		} else if use, err = next[i].advance(cursor); err != nil {
			return nil, err
		}
		if use {
			pages[i] = page
			sum += len(page)
			passed += w.lanes[n].count
		}
		items = rest
	}
	for i, n := range open {
		w.lanes[n] = next[i]
	}
	w.passed += int64(passed)
	keys := make([][]byte, 0, sum)
	for turn := 0; len(keys) < sum; turn++ {
		for _, page := range pages {
			if turn < len(page) {
				keys = append(keys, reply.Bytes(page[turn]))
			}
		}
	}
	return keys, nil
}

func (w *Walk) scan(ctx context.Context, reply *cluster.Reply, cursor string, count int) redis.Cmder {
	return cluster.NewCommand(ctx, reply, "scan", cursor, "match", w.pattern, "count", count)
}

var errNoPage = fmt.Errorf("%w: to SCAN, no cursor with a list of keys", cluster.ErrProtocol)

// ReadPage reads the answer to a SCAN that items of a reply begin with, and
// returns those after it. An error of the server's is the answer to this SCAN
// alone.
func ReadPage(r *cluster.Reply, items []cluster.Item) (cursor string, keys, rest []cluster.Item, err error) {
	if len(items) == 0 {
		return "", nil, nil, r.Err(cluster.Item{})
	}
	if err := r.Err(items[0]); err != nil {
		return "", nil, nil, err
	}
	if len(items) < 3 || items[1].Kind != cluster.Bulk || items[2].Kind != cluster.Array || items[2].Int > int64(len(items)-3) {
		return "", nil, nil, errNoPage
	}
	n := 3 + items[2].Int
	for _, key := range items[3:n] {
		if key.Kind != cluster.Bulk {
			return "", nil, nil, errNoPage
		}
	}
	return string(r.Bytes(items[1])), items[3:n], items[n:], nil
}
