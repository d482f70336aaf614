package engine

import (
	"errors"

	"cachering/commands/internal/cluster"
)

// sorter asks for the types of keys and leaves the strings, and finds out which of
// them have a marker that is one. Where a script will look for itself it leaves
// all.
type sorter struct {
	change
	w *worker
}

func (p *sorter) ask(q *queue, b *batch) {
	if b.way == byScript {
		return
	}
	b.mode = types
	var marks []any
	if p.fresh() != "" {
		marks = markers(p.fresh(), b.entries)
	}
	if b.guarded && marks != nil {
		q.add(q.command(append([]any{"watch"}, marks...)...))
	}
	askTypes(q, b)
	if marks != nil {
		// It answers null for what is there and no string.
		q.add(cluster.NewCommand(q.ctx, &b.reply, append([]any{"mget"}, marks...)...))
	}
}

func (p *sorter) decide(q *queue, b *batch) error {
	if b.way == byScript {
		return nil
	}
	var refused error // the types were asked for all the same
	if p.fresh() != "" {
		if b.guarded {
			if err := q.agreed("WATCH"); err != nil {
				refused = unguarded(err)
			}
		}
		if err := p.marked(b); refused == nil {
			refused = err
		}
	}
	err := b.keep(func(_ int, e *entry) (bool, error) {
		item := q.take()
		if err := q.answers.Err(item); err != nil {
			return false, err
		}
		switch string(q.answers.Bytes(item)) {
		case "string":
			return true, nil
		case "none":
			p.tell(e, absent)
		default:
			p.tell(e, notString)
		}
		return false, nil
	})
	if refused != nil {
		return refused
	}
	return err
}

// marked notes which entries have a marker.
func (p *sorter) marked(b *batch) error {
	items := b.reply.Items
	if len(items) > 0 {
		if err := b.reply.Err(items[0]); err != nil {
			return err
		}
		items = items[1:]
	}
	if len(items) != len(b.entries) {
		return errors.New("an answer to MGET that does not fit what was asked")
	}
	for i := range items {
		k := items[i].Kind
		b.entries[i].marked = k == cluster.Bulk || k == cluster.Large
	}
	return nil
}

// markers are the keys of the markers of entries.
func markers(prefix string, entries []entry) []any {
	size := 0
	for i := range entries {
		size += len(prefix) + len(entries[i].key)
	}
	buf, keys := make([]byte, 0, size), make([]any, len(entries))
	for i := range entries {
		from := len(buf)
		buf = append(append(buf, prefix...), entries[i].key...)
		keys[i] = buf[from:len(buf):len(buf)]
	}
	return keys
}
