package yaml

import (
	"bytes"
	"cmp"
	"math/big"
	"slices"

	"cachering/codec/pyobj"
)

// sortedBy returns the entries, step Refs each, in the order of their keys. Keys
// that Python cannot compare, None with anything or a str with an int, leave
// all as it is: represent_mapping of yaml/representer.py.
func sortedBy(g *pyobj.Graph, items []pyobj.Ref, step int) []pyobj.Ref {
	order := make([]int, len(items)/step)
	for i := range order {
		order[i] = i * step
	}
	c := comparer{g: g}
	slices.SortStableFunc(order, func(i, j int) int { return c.compare(items[i], items[j]) })
	if c.failed {
		return items
	}
	sorted := make([]pyobj.Ref, 0, len(items))
	for _, i := range order {
		sorted = append(sorted, items[i:i+step]...)
	}
	return sorted
}

type comparer struct {
	g      *pyobj.Graph
	failed bool // some pair has no order
}

// compare is the order of two keys: of numbers, strs, bytes, dates, and tuples
// of these.
func (c *comparer) compare(a, b pyobj.Ref) int {
	g := c.g
	ka, kb := rank(g.Kind(a)), rank(g.Kind(b))
	if ka != kb {
		c.failed = true
		return 0
	}
	switch ka {
	case pyobj.Int:
		return c.numbers(a, b)
	case pyobj.Str, pyobj.Bytes:
		return bytes.Compare(g.Data(a), g.Data(b))
	case pyobj.Tuple:
		x, y := g.Items(a), g.Items(b)
		for i := range min(len(x), len(y)) {
			if !c.same(x[i], y[i]) {
				return c.compare(x[i], y[i])
			}
		}
		return len(x) - len(y)
	case pyobj.Reduce:
		x, ok := g.Moment(a)
		y, also := g.Moment(b)
		if ok && also && x.Date == y.Date && x.Zoned == y.Zoned {
			return cmp.Or(cmp.Compare(x.Seconds, y.Seconds), cmp.Compare(x.Microsecond, y.Microsecond))
		}
	}
	c.failed = true
	return 0
}

// same is Python's == of two items of tuples, which need not have an order.
func (c *comparer) same(a, b pyobj.Ref) bool {
	if a == b {
		return true
	}
	g := c.g
	if rank(g.Kind(a)) != rank(g.Kind(b)) {
		return false
	}
	if g.Kind(a) == pyobj.Tuple {
		return slices.EqualFunc(g.Items(a), g.Items(b), c.same)
	}
	try := comparer{g: g}
	return try.compare(a, b) == 0 && !try.failed
}

// rank makes one kind of the kinds of numbers.
func rank(k pyobj.Kind) pyobj.Kind {
	if k == pyobj.Bool || k == pyobj.Float {
		return pyobj.Int
	}
	return k
}

// numbers compares exactly, an int with a float too. A nan has no order, but
// does not keep Python from sorting.
func (c *comparer) numbers(a, b pyobj.Ref) int {
	if g := c.g; g.Kind(a) == pyobj.Int && g.Kind(b) == pyobj.Int {
		if v, small := g.Int64(a); small {
			if w, small := g.Int64(b); small {
				return cmp.Compare(v, w)
			}
		}
	}
	x, xf := c.number(a)
	y, yf := c.number(b)
	switch {
	case xf != xf || yf != yf:
		return 0
	case x == nil || y == nil: // an infinity
		return big.NewFloat(xf).Cmp(big.NewFloat(yf))
	}
	return x.Cmp(y)
}

// number is a number, exactly, if it is finite; else f is what it is.
func (c *comparer) number(r pyobj.Ref) (exact *big.Float, f float64) {
	switch c.g.Kind(r) {
	case pyobj.Float:
		if f = c.g.Float(r); f-f != 0 {
			return nil, f
		}
		return big.NewFloat(f), 0
	case pyobj.Bool:
		if c.g.Bool(r) {
			return big.NewFloat(1), 0
		}
		return new(big.Float), 0
	}
	n := c.g.Big(r)
	return new(big.Float).SetPrec(uint(max(64, n.BitLen()))).SetInt(n), 0
}
