package pyobj

import (
	"math"
	"time"
)

// objectKey is what is equal of equal objects of the classes that say so plainly.
type objectKey struct {
	callable Ref // of the class
	zoned    bool
	a, b     uint64
}

// isReal tells the Ints, the Floats, and the complex numbers that equal a float.
func (g *Graph) isReal(r Ref) bool {
	switch g.nodes[r].kind {
	case Int, Float:
		return true
	}
	_, im, ok := g.Complex(r)
	return ok && im == 0
}

// real is the float that a Float is, or a complex that equals one.
func (g *Graph) real(r Ref) float64 {
	if nd := &g.nodes[r]; nd.kind == Float {
		return math.Float64frombits(nd.v)
	}
	re, _, _ := g.Complex(r)
	return re
}

// objectKey is that of a date, a datetime, or a complex that no float equals. Two
// datetimes with zones are equal at the same moment, wherever; one without is equal
// to none with.
func (g *Graph) objectKey(r Ref) (key objectKey, ok bool) {
	if g.nodes[r].kind != Reduce || g.FirstOp(r) != 0 {
		return key, false
	}
	key.callable = g.Parts(r).Callable
	switch key.callable {
	case SymComplex:
		re, im, ok := g.Complex(r)
		// Adding 0 makes one of the two zeros. A NaN equals nothing.
		key.a, key.b = math.Float64bits(re+0), math.Float64bits(im+0)
		return key, ok && re == re && im == im
	case SymDate, SymDateTime:
		c := g.call(r)
		_, name := g.Name(key.callable)
		m, ok := g.moment(&c, string(name))
		if !ok {
			return key, false
		}
		at := time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, 0, time.UTC).Unix()
		if m.tz != 0 {
			offset, _, ok := g.fixedOffset(m.tz)
			if !ok {
				return key, false
			}
			at -= offset
			key.zoned = true
		}
		key.a, key.b = uint64(at), uint64(m.microsecond)
		return key, true
	}
	return key, false
}
