package survey

import (
	"bytes"
	"context"

	"cachering/commands/internal/cluster"
)

// pair is a key that two shards hold, or more.
type pair struct {
	stored []byte
	on     []int // the shards
	at     int   // which of the findings it is
	equal  *bool // whether the values are; nil: one is no string, or was not read
	size   int64 // of all values together, in bytes
}

// comparedAtOnce bounds the bytes of the values that are held to be compared.
const comparedAtOnce = 16 << 20

// compare tells whether the values of keys are the same on all shards that hold
// them. Those of different lengths are not read.
func (c *checkup) compare(ctx context.Context, pairs []*pair) {
	var alike []*pair
	for k, there := range askHolders(c, pairs, func(i int, stored [][]byte) []cluster.Glimpse {
		glimpses, _ := c.shards[i].Glance(ctx, stored...) // without them the values tell
		return glimpses
	}) {
		p, text, same := pairs[k], true, true
		p.size = comparedAtOnce // where STRLEN is refused: one at a time
		for _, g := range there {
			text, same = text && g.Type == "string", same && g.Bytes == there[0].Bytes
		}
		if len(there) == len(p.on) && there[0].Bytes > 0 {
			p.size = there[0].Bytes * int64(len(p.on))
		}
		switch {
		case !text:
		case !same:
			p.equal = new(false)
		default:
			alike = append(alike, p)
		}
	}
	for len(alike) > 0 {
		n, size := 1, alike[0].size
		for n < len(alike) && size+alike[n].size <= comparedAtOnce {
			size += alike[n].size
			n++
		}
		c.compareValues(ctx, alike[:n])
		alike = alike[n:]
	}
}

func (c *checkup) compareValues(ctx context.Context, pairs []*pair) {
	for k, there := range askHolders(c, pairs, func(i int, stored [][]byte) []cluster.Entry {
		return c.lines[i].Get(ctx, stored)
	}) {
		p, same := pairs[k], true
		read := len(there) == len(p.on)
		for _, e := range there {
			read = read && e.Err == nil && e.Found
			same = same && bytes.Equal(e.Value, there[0].Value)
		}
		if read {
			p.equal = &same
		}
	}
}

// askHolders asks the shards that hold keys about them, all at once, and returns
// for each key the answers in the order of its shards: fewer if one gives none.
func askHolders[T any](c *checkup, pairs []*pair, ask func(i int, stored [][]byte) []T) [][]T {
	stored, of := make([][][]byte, len(c.shards)), make([][]int, len(c.shards))
	for k, p := range pairs {
		for _, i := range p.on {
			stored[i], of[i] = append(stored[i], p.stored), append(of[i], k)
		}
	}
	answers := make([][]T, len(c.shards))
	c.each(stored, func(i int) { answers[i] = ask(i, stored[i]) })
	byKey := make([][]T, len(pairs))
	for i := range answers {
		for n, a := range answers[i] {
			byKey[of[i][n]] = append(byKey[of[i][n]], a)
		}
	}
	return byKey
}
