package scan

import (
	"cmp"
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// PageKeys is COUNT of SCAN: about as many keys are passed by a page, which costs
// the server well under a millisecond.
const PageKeys = 1000

// Walk goes over the keys of a database, on the connection of a link.
type Walk struct {
	link    *Link
	pattern string
	cursor  string // "" is the beginning
	ended   bool
}

// Walk begins a walk over the keys that fit a pattern, where another was when it
// told its Position; "" is the beginning.
func (l *Link) Walk(pattern, position string) *Walk {
	return &Walk{link: l, pattern: pattern, cursor: position}
}

// Position is from where another walk with the same pattern goes on after the last
// page, as long as the server is the same process. It means nothing after the end.
func (w *Walk) Position() string { return w.cursor }

// Ended reports whether all keys were given.
func (w *Walk) Ended() bool { return w.ended }

// Page reads the next keys, perhaps none. A key may come twice. The bytes are the
// caller's to keep.
func (w *Walk) Page(ctx context.Context) (keys [][]byte, err error) {
	err = w.link.retry(ctx, Lost, func() error {
		keys, err = w.ask(ctx)
		return err
	})
	return keys, err
}

func (w *Walk) ask(ctx context.Context) ([][]byte, error) {
	reply := new(cluster.Reply)
	cmd := cluster.NewCommand(ctx, reply, "scan", cmp.Or(w.cursor, "0"), "match", w.pattern, "count", PageKeys)
	if err := w.link.Conn.Do(ctx, []redis.Cmder{cmd}); err != nil {
		return nil, err
	}
	cursor, items, _, err := ReadPage(reply, reply.Items)
	if err != nil {
		return nil, err
	}
	w.cursor, w.ended = cursor, cursor == "0"
	keys := make([][]byte, 0, len(items))
	for _, item := range items {
		keys = append(keys, reply.Bytes(item))
	}
	return keys, nil
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
