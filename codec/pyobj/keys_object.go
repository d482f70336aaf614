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

// objectKey is that of a date, a datetime, or a complex that no float equals.
func (g *Graph) objectKey(r Ref) (key objectKey, ok bool) {
	if re, im, ok := g.Complex(r); ok {
		// Adding 0 makes one of the two zeros. A NaN equals nothing.
		return objectKey{callable: SymComplex, a: math.Float64bits(re + 0), b: math.Float64bits(im + 0)}, re == re && im == im
	}
	m, ok := g.Moment(r)
	if !ok {
		return key, false
	}
	key = objectKey{callable: SymDateTime, zoned: m.Zoned, a: uint64(m.Seconds), b: uint64(m.Microsecond)}
	if m.Date {
		key.callable = SymDate
	}
	return key, true
}

// Moment is what Python compares of a date or a datetime.
type Moment struct {
	Date  bool // datetime.date, of which there is no time of day
	Zoned bool // with a zone, at that moment in UTC; comparable with its like only
	// Seconds since 1970-01-01 00:00, of UTC or of the clock without a zone, and
	// microseconds beyond.
	Seconds     int64
	Microsecond int
}

// Moment takes a datetime.date or datetime.datetime for what Python compares: two
// with zones at the same moment are equal, wherever, and a fold makes no
// difference. It says false for any other value, and for zones other than
// datetime.timezone of whole seconds.
func (g *Graph) Moment(r Ref) (m Moment, ok bool) {
	if g.nodes[r].kind != Reduce {
		return m, false
	}
	callable := g.Parts(r).Callable
	if callable != SymDate && callable != SymDateTime {
		return m, false
	}
	c := g.call(r)
	_, name := g.Name(callable)
	at, ok := g.moment(&c, string(name))
	if !ok {
		return m, false
	}
	m = Moment{Date: callable == SymDate, Zoned: at.tz != 0, Microsecond: at.microsecond}
	m.Seconds = time.Date(at.year, time.Month(at.month), at.day, at.hour, at.minute, at.second, 0, time.UTC).Unix()
	if m.Zoned {
		offset, _, fixed := g.fixedOffset(at.tz)
		m.Seconds -= offset
		ok = fixed
	}
	return m, ok
}
