package pyobj

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"unicode/utf8"
)

// equalSteps bounds the work of one Equal: values that people store take thousands.
const equalSteps = 20_000_000

// mostMet bounds the memory of one Equal: of so many nodes it is known whether they were met.
const mostMet = 1 << 20

// Equal reports whether two values are the same to who uses them: of the same types and contents all through, whatever
// protocol or serializer they were written by. Types count, where == of Python takes 1, 1.0 and True for one, and so do the
// two zeros; a NaN equals a NaN. The order of a dict and of a set counts nothing, nor which parts are shared. Of an object
// that only Python can make it is class, arguments and state that are compared: how a protocol spells the making is not. A
// byte string of Python 2 equals what its bytes are as bytes, or as text in UTF-8 or Latin-1.
//
// known is false where telling would take too long, as it may of values that are made for that.
func Equal(a *Graph, x Ref, b *Graph, y Ref) (equal, known bool) {
	e := equality{a: a, b: b, steps: new(equalSteps), seed: a.num.seed}
	e.met = make([]Ref, min(a.Size()-int(symbolEnd), mostMet))
	equal = e.all(x, y)
	return equal && *e.steps > 0, *e.steps > 0
}

// equality is one comparison: of pairs that have to be equal all of them.
type equality struct {
	a, b  *Graph
	todo  [][2]Ref
	met   []Ref // of b, with which containers of a were met, by Ref: in a value that holds itself they are equal if nothing else differs
	steps *int
	seed  maphash.Seed
}

// all compares a pair and whatever it holds.
func (e *equality) all(x, y Ref) bool {
	for ok := e.same(x, y); ok; {
		n := len(e.todo)
		if n == 0 {
			return true
		}
		p := e.todo[n-1]
		e.todo = e.todo[:n-1]
		ok = e.contents(p[0], p[1])
	}
	e.todo = e.todo[:0]
	return false
}

// same compares what is no container, and puts what is one on the list.
func (e *equality) same(x, y Ref) bool {
	if *e.steps--; *e.steps <= 0 {
		return false
	}
	kind, other := e.a.Kind(x), e.b.Kind(y)
	if kind != other && !(kind.IsObj() && other.IsObj()) {
		return e.a.py2Equals(x, e.b, y) || e.b.py2Equals(y, e.a, x)
	}
	switch kind {
	case Invalid, None:
		return true
	case Bool:
		return e.a.Bool(x) == e.b.Bool(y)
	case Int:
		i, small := e.a.Int64(x)
		j, both := e.b.Int64(y)
		return small == both && (small && i == j || !small && bytes.Equal(e.a.IntData(x), e.b.IntData(y)))
	case Float:
		f, g := e.a.Float(x), e.b.Float(y)
		return math.Float64bits(f) == math.Float64bits(g) || f != f && g != g
	case Str:
		return bytes.Equal(e.a.Data(x), e.b.Data(y)) || e.a.py2Equals(x, e.b, y) || e.b.py2Equals(y, e.a, x)
	case Bytes, ByteArray:
		return bytes.Equal(e.a.Data(x), e.b.Data(y))
	case List, Tuple, Dict, Set, FrozenSet:
		if e.a.Len(x) != e.b.Len(y) {
			return false
		} else if e.a.Len(x) == 0 {
			return true
		}
	}
	e.todo = append(e.todo, [2]Ref{x, y})
	return true
}

// py2Equals compares a byte string of Python 2, as Latin-1 or as it is, with what became of one.
func (g *Graph) py2Equals(x Ref, o *Graph, y Ref) bool {
	kind, other := g.Kind(x), o.Kind(y)
	if !g.IsPy2(x) || other != Str && other != Bytes {
		return false
	}
	raw := g.Data(x)
	if kind == Str {
		raw = latin1(raw)
	}
	if bytes.Equal(raw, o.Data(y)) {
		return other == Bytes || utf8.Valid(raw)
	}
	return other == Str && bytes.Equal(raw, latin1(o.Data(y)))
}

// latin1 is the bytes of a text in Latin-1; nil if it has other characters.
func latin1(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r > 0xff {
			return nil
		}
		out = append(out, byte(r))
		i += n
	}
	return out
}

// list compares items in their order.
func (e *equality) list(xs, ys []Ref) bool {
	if len(xs) != len(ys) {
		return false
	}
	for i := range xs {
		if !e.same(xs[i], ys[i]) {
			return false
		}
	}
	return true
}

// contents compares what two values of one kind hold.
func (e *equality) contents(x, y Ref) bool {
	if n := int(x) - int(symbolEnd); n >= 0 && n < len(e.met) {
		if e.met[n] == y {
			return true
		}
		e.met[n] = y
	}
	switch e.a.Kind(x) {
	case List, Tuple:
		return e.list(e.a.Items(x), e.b.Items(y))
	case Dict:
		return e.unordered(e.a.Items(x), e.b.Items(y), 2)
	case Set, FrozenSet:
		return e.unordered(e.a.Items(x), e.b.Items(y), 1)
	}
	return e.objects(x, y)
}

// unordered compares the items of dicts, of which each is two, or of sets. Keys have to be equal by themselves before it is
// known which values belong together.
func (e *equality) unordered(xs, ys []Ref, each int) bool {
	if len(xs) != len(ys) {
		return false
	}
	// Most are in the same order.
	i := 0
	for i < len(xs) && e.plainKeys(xs[i], ys[i]) {
		if each == 2 && !e.same(xs[i+1], ys[i+1]) {
			return false
		}
		i += each
	}
	if i == len(xs) {
		return true
	}
	places := make(map[uint64][]int, (len(ys)-i)/each)
	for j := i; j < len(ys); j += each {
		h := e.hash(e.b, ys[j], hashDepth)
		places[h] = append(places[h], j)
	}
	for ; i < len(xs); i += each {
		h := e.hash(e.a, xs[i], hashDepth)
		found := -1
		for n, j := range places[h] {
			if e.key(xs[i], ys[j]) {
				found = n
				break
			}
		}
		if found < 0 {
			return false
		}
		list := places[h]
		if each == 2 && !e.same(xs[i+1], ys[list[found]+1]) {
			return false
		}
		list[found] = list[len(list)-1]
		places[h] = list[:len(list)-1]
	}
	return true
}

// plainKeys reports whether two keys are the same str or int, which is the first that is to be known of most.
func (e *equality) plainKeys(x, y Ref) bool {
	switch kind := e.a.Kind(x); {
	case kind != e.b.Kind(y):
		return false
	case kind == Str:
		return bytes.Equal(e.a.Data(x), e.b.Data(y))
	case kind == Int:
		return e.same(x, y)
	}
	return false
}

// key compares two keys, of which it has to be known by itself: what is undecided of others counts nothing.
func (e *equality) key(x, y Ref) bool {
	alone := equality{a: e.a, b: e.b, steps: e.steps, seed: e.seed}
	return alone.all(x, y)
}

// objects compares what only Python can make.
func (e *equality) objects(x, y Ref) bool {
	kind, other := e.a.Kind(x), e.b.Kind(y)
	if !kind.IsCall() || !other.IsCall() {
		module, name, isClass := e.a.global(x)
		m, n, both := e.b.global(y)
		switch {
		case isClass || both:
			return isClass && both && module == m && name == n
		case kind != other:
			return false
		case kind == PersID:
			return e.same(e.a.ID(x), e.b.ID(y)) && e.operations(e.a.operations(x), e.b.operations(y))
		}
		return kind == Ext && e.a.Code(x) == e.b.Code(y) && e.operations(e.a.operations(x), e.b.operations(y))
	}
	if module, name, ok := e.a.global(x); ok {
		if m, n, both := e.b.global(y); both {
			return module == m && name == n
		}
	}
	c, d := e.a.making(x), e.b.making(y)
	if c.made != d.made || !e.same(c.callable, d.callable) || (c.argsRef == 0) != (d.argsRef == 0) {
		return false
	}
	if c.argsRef != 0 && !e.same(c.argsRef, d.argsRef) {
		return false
	}
	// A tuple by another class: protocols from 2 on write what it is told to give, which is its items if it is named.
	if c.tuple && !d.tuple && len(d.args) != 1 {
		c.args = e.a.Items(c.args[0])
	} else if d.tuple && !c.tuple && len(c.args) != 1 {
		d.args = e.b.Items(d.args[0])
	} else if c.tuple != d.tuple && !e.key(c.args[0], d.args[0]) {
		if c.tuple {
			c.args = e.a.Items(c.args[0])
		} else {
			d.args = e.b.Items(d.args[0])
		}
	}
	return e.list(c.args, d.args) && e.keywords(x, y) && e.operations(c.ops, d.ops)
}

// keywords compares the keyword arguments of two objects.
func (e *equality) keywords(x, y Ref) bool {
	of := func(g *Graph, r Ref) Ref {
		if k := g.Parts(r).Kwargs; k != 0 && (g.Kind(k) != Dict || g.Len(k) > 0) {
			return k
		}
		return RefNone
	}
	return e.same(of(e.a, x), of(e.b, y))
}

// operations compares what was done to two objects.
func (e *equality) operations(xs, ys []Op) bool {
	if len(xs) != len(ys) {
		return false
	}
	for i := range xs {
		x, y := &xs[i], &ys[i]
		switch {
		case x.Kind != y.Kind:
			return false
		case x.Kind == OpBuild:
			if !e.same(x.State, y.State) {
				return false
			}
		case x.Kind == OpEffect:
			if !e.same(x.Callable, y.Callable) || !e.same(x.Args, y.Args) {
				return false
			}
		case x.Kind == OpAdd:
			if !e.unordered(e.a.Items(x.Items), e.b.Items(y.Items), 1) {
				return false
			}
		default:
			if !e.list(e.a.Items(x.Items), e.b.Items(y.Items)) {
				return false
			}
		}
	}
	return true
}

// global is the module and the qualified name of a class or function, which protocols below 4 look up in another where it is
// nested.
func (g *Graph) global(r Ref) (module, name string, ok bool) {
	switch g.Kind(r) {
	case Global:
		m, n := g.Name(r)
		return string(m), string(n), g.FirstOp(r) == 0
	case Reduce:
		p := g.Parts(r)
		if p.Callable != SymGetattr || g.Kind(p.Args) != Tuple || g.Len(p.Args) != 2 || g.FirstOp(r) != 0 {
			return "", "", false
		}
		items := g.Items(p.Args)
		if g.Kind(items[0]) != Global || g.Kind(items[1]) != Str {
			return "", "", false
		}
		m, n := g.Name(items[0])
		return string(m), string(n) + "." + string(g.Data(items[1])), true
	}
	return "", "", false
}

// making is an object taken apart, with what the protocols spell in several ways made one.
type making struct {
	callable Ref
	made     bool // by __new__, not by a call
	tuple    bool // of a class derived from tuple, by protocol 0 or 1: the one argument is that
	args     []Ref
	argsRef  Ref // the arguments, when they are not a tuple
	ops      []Op
}

func (g *Graph) making(r Ref) making {
	parts := g.Parts(r)
	m := making{callable: parts.Callable, made: g.Kind(r) == NewObj || g.Kind(r) == NewObjEx, ops: g.operations(r)}
	switch g.Kind(parts.Args) {
	case Tuple, List:
		m.args = g.Items(parts.Args)
	default:
		m.argsRef = parts.Args
	}
	switch {
	case m.made || len(m.args) == 0:
	case m.callable == SymNewObj:
		m.callable, m.made, m.args = m.args[0], true, m.args[1:]
	case len(m.args) == 3 && g.isGlobal(m.callable, "copyreg", "_reconstructor"):
		base, state := m.args[1], m.args[2]
		m.callable, m.made, m.args = m.args[0], true, []Ref{state}
		switch kind := g.Kind(state); {
		case g.isGlobal(base, "builtins", "object"):
			m.args = nil
		case g.isGlobal(base, "builtins", "list") && kind == List:
			m.args = nil
			m.put(OpAppend, state, g.Len(state))
		case g.isGlobal(base, "builtins", "dict") && kind == Dict:
			m.args = nil
			m.put(OpSetItem, state, g.Len(state))
		case g.isGlobal(base, "builtins", "tuple") && kind == Tuple:
			m.tuple = true
		}
	}
	return m
}

// put does before all else what protocol 2 does with the items of a list or a dict.
func (m *making) put(kind OpKind, items Ref, n int) {
	if n > 0 {
		m.ops = append([]Op{{Kind: kind, Items: items}}, m.ops...)
	}
}

// operations are those on an object, but for states that are empty: whether they are written differs.
func (g *Graph) operations(r Ref) (list []Op) {
	for id := g.FirstOp(r); id != 0; {
		var op Op
		op, id = g.Op(id)
		if op.Kind != OpBuild || g.Kind(op.State) != None && (g.Kind(op.State) != Dict || g.Len(op.State) > 0) {
			list = append(list, op)
		}
	}
	return list
}

const (
	hashDepth = 3 // how deep a hash looks
	hashItems = 8 // and at how many items of a tuple
)

// hash is the same for keys that Equal takes for equal.
func (e *equality) hash(g *Graph, r Ref, depth int) uint64 {
	*e.steps--
	kind := g.Kind(r)
	var h maphash.Hash
	h.SetSeed(e.seed)
	number := func(n uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
	switch kind {
	case Str, Bytes:
		// A byte string of Python 2 may be either: what all of them have in common is their ASCII.
		for _, c := range g.Data(r) {
			if c < 0x80 {
				h.WriteByte(c)
			}
		}
		return h.Sum64()
	case Bool, Int:
		h.WriteByte(byte(kind))
		if n, small := g.Int64(r); small {
			number(uint64(n))
		} else {
			h.Write(g.IntData(r))
		}
	case Float:
		h.WriteByte(byte(kind))
		if f := g.Float(r); f == f {
			number(math.Float64bits(f))
		}
	case Tuple:
		h.WriteByte(byte(kind))
		items := g.Items(r)
		number(uint64(len(items)))
		if depth > 0 {
			for _, item := range items[:min(len(items), hashItems)] {
				number(e.hash(g, item, depth-1))
			}
		}
	case FrozenSet:
		h.WriteByte(byte(kind))
		sum := uint64(g.Len(r))
		if depth > 0 {
			for _, item := range g.Items(r) {
				sum += e.hash(g, item, depth-1)
			}
		}
		number(sum)
	default:
		if _, _, class := g.global(r); class || !kind.IsCall() || depth == 0 {
			break
		}
		c := g.making(r)
		for _, arg := range c.args[:min(len(c.args), hashItems)] {
			number(e.hash(g, arg, depth-1))
		}
	}
	return h.Sum64()
}
