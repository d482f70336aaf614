package pyobj

import (
	"bytes"
	"math"
	"math/big"
	"slices"
	"strconv"
)

// MaxDigits is how many decimal digits of an int CPython reads or writes, since 3.11
// and the security releases of 3.7 to 3.10, unless it is told otherwise.
const MaxDigits = 4300

// HugeDigits is how many decimal digits of an int are read or written here: more
// would take long, because conversion takes more than linear time.
const HugeDigits = 1 << 16

// What Python's float makes of the words; its NaN has no payload.
var (
	infinity     = math.Inf(1)
	negativeZero = math.Copysign(0, -1)
	nan          = math.Float64frombits(0x7ff8000000000000)
)

// builder is what the readers of texts make nodes with. Items of containers
// that are still open wait on one stack: mark says where a container begins,
// push adds to the innermost, and the methods that take a mark make the
// container of what lies above it.
type builder struct {
	g     *Graph
	stack []Ref
	sets  []Ref // of literals, to be put in the order of CPython

	complexKeys bool // some key is or contains a complex
}

func newBuilder(g *Graph) builder {
	g.Reset(nil)
	return builder{g: g}
}

func (b *builder) mark() int { return len(b.stack) }

func (b *builder) push(r Ref) { b.stack = append(b.stack, r) }

func (b *builder) pop(mark int) []Ref {
	items := b.stack[mark:]
	b.stack = b.stack[:mark]
	return items
}

func (b *builder) none() Ref              { return RefNone }
func (b *builder) bool(v bool) Ref        { return b.g.NewBool(v) }
func (b *builder) float(v float64) Ref    { return b.g.NewFloat(v) }
func (b *builder) str(text []byte) Ref    { return b.g.NewStr(text) }
func (b *builder) list(mark int) Ref      { return b.g.NewList(b.pop(mark)...) }
func (b *builder) tuple(mark int) Ref     { return b.g.NewTuple(b.pop(mark)...) }
func (b *builder) dict(mark int) Ref      { return b.g.NewDict(b.pop(mark)...) }
func (b *builder) emptySet() Ref          { return b.g.NewSet() }
func (b *builder) ellipsis() Ref          { return b.g.NewGlobal([]byte("builtins"), []byte("Ellipsis")) }
func (b *builder) integer(n *big.Int) Ref { return b.g.NewBigInt(n) }

func (b *builder) complex(re, im float64) Ref { return b.g.NewComplex(re, im) }

// bytes shares single bytes: the parser of CPython computes the contents of a
// literal, and what it computes it looks up among the one-byte objects.
func (b *builder) bytes(data []byte) Ref {
	if len(data) == 1 {
		return ByteRef(data[0])
	}
	return b.g.NewBytes(data)
}

// NewDecimal returns the Int that is written as text: digits, with a minus sign
// before them or not.
func (g *Graph) NewDecimal(text []byte) Ref {
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return g.NewInt(v)
	}
	n, ok := new(big.Int).SetString(string(text), 10)
	if !ok {
		panic("pyobj: not a number: " + strconv.Quote(string(text)))
	}
	return g.NewBigInt(n)
}

func (b *builder) set(mark int) Ref {
	r := b.g.NewSet(b.pop(mark)...)
	b.sets = append(b.sets, r)
	return r
}

// sameKey finds the key among those that a dict or set from mark on has, when
// one of the two is or contains a complex: for Settle that is an object, which
// equals nothing else. step is 2 in a dict.
func (b *builder) sameKey(mark, step int, key Ref) (at int, found bool) {
	isComplex := b.g.hasComplex(key)
	b.complexKeys = b.complexKeys || isComplex
	if !b.complexKeys {
		return 0, false
	}
	// The last of several equal keys: its value is the one that Settle keeps.
	for at := len(b.stack) - step; at >= mark; at -= step {
		if (isComplex || b.g.hasComplex(b.stack[at])) && b.g.equalNumbers(b.stack[at], key) {
			return at, true
		}
	}
	return 0, false
}

// unhashable names what forbids r as a dict key, or says nothing.
func (b *builder) unhashable(r Ref) string {
	switch {
	case b.g.Hashable(r):
		return ""
	case b.g.Kind(r) == Tuple:
		return "tuple that holds a list, dict or set"
	}
	return b.g.Kind(r).String()
}

// finish merges equal keys and puts sets into the order in which CPython would
// iterate over them, where that is the same in every run.
func (b *builder) finish() {
	b.g.Settle()
	for _, r := range b.sets {
		b.g.orderSet(r)
	}
}

// orderSet leaves a set as it is when the hash of an element depends on the
// run: that of a non-empty str or bytes, of None, of any object.
func (g *Graph) orderSet(r Ref) {
	items := g.Items(r)
	hashes := make([]int64, len(items))
	for i, item := range items {
		var ok bool
		if hashes[i], ok = g.hash(item); !ok {
			return
		}
	}
	ordered := make([]Ref, len(items))
	for i, from := range setOrder(hashes) {
		ordered[i] = items[from]
	}
	copy(items, ordered)
}

// hash returns CPython's hash of r, or false if that is not the same in every
// run.
func (g *Graph) hash(r Ref) (int64, bool) {
	switch g.Kind(r) {
	case Bool, Int:
		return g.hashInt(r), true
	case Float:
		f := g.Float(r)
		return hashFloat(f), f == f
	case Str, Bytes:
		return 0, g.Len(r) == 0
	case Tuple:
		items := g.Items(r)
		hashes := make([]int64, len(items))
		for i, item := range items {
			var ok bool
			if hashes[i], ok = g.hash(item); !ok {
				return 0, false
			}
		}
		return hashTuple(hashes), true
	case Reduce:
		if re, im, ok := g.Complex(r); ok && re == re && im == im {
			return hashComplex(re, im), true
		}
	}
	return 0, false
}

func (g *Graph) hashInt(r Ref) int64 {
	if g.Kind(r) == Bool {
		if g.Bool(r) {
			return 1
		}
		return 0
	}
	v, ok := g.Int64(r)
	if !ok {
		return hashInt(g.Big(r))
	}
	if v %= hashModulus; v == -1 {
		return -2
	}
	return v
}

// hasComplex reports whether r is a complex or a tuple that holds one.
func (g *Graph) hasComplex(r Ref) bool {
	if g.Kind(r) == Tuple {
		return slices.ContainsFunc(g.Items(r), g.hasComplex)
	}
	_, _, ok := g.Complex(r)
	return ok
}

// equalNumbers is Python's == for what a literal may hold as a key.
func (g *Graph) equalNumbers(a, b Ref) bool {
	if a == b {
		return true
	}
	if g.Kind(a) == Int && g.Kind(b) == Int {
		return g.Big(a).Cmp(g.Big(b)) == 0
	}
	are, aim, ok := g.asComplex(a)
	bre, bim, also := g.asComplex(b)
	switch {
	case ok && also:
		return are == bre && aim == bim
	case g.Kind(a) == Tuple && g.Kind(b) == Tuple:
		return slices.EqualFunc(g.Items(a), g.Items(b), g.equalNumbers)
	case g.Kind(a) == g.Kind(b) && (g.Kind(a) == Str || g.Kind(a) == Bytes):
		return bytes.Equal(g.Data(a), g.Data(b))
	}
	return false
}

// asComplex reads any number as a complex. An int that a float cannot hold
// exactly equals no complex.
func (g *Graph) asComplex(r Ref) (re, im float64, ok bool) {
	switch g.Kind(r) {
	case Bool, Int:
		n := g.Big(r)
		f, accuracy := n.Float64()
		return f, 0, accuracy == big.Exact
	case Float:
		return g.Float(r), 0, true
	}
	return g.Complex(r)
}

// Complex is the value of a complex number, as NewComplex makes it; ok is false
// for any other value.
func (g *Graph) Complex(r Ref) (re, im float64, ok bool) {
	if g.Kind(r) != Reduce || g.FirstOp(r) != 0 {
		return 0, 0, false
	}
	p := g.Parts(r)
	if p.Callable != SymComplex || g.Kind(p.Args) != Tuple || g.Len(p.Args) != 2 {
		return 0, 0, false
	}
	args := g.Items(p.Args)
	if g.Kind(args[0]) != Float || g.Kind(args[1]) != Float {
		return 0, 0, false
	}
	return g.Float(args[0]), g.Float(args[1]), true
}
