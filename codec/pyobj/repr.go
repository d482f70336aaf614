package pyobj

import "strconv"

// Limits bounds what AppendRepr writes. Zero in any field is no limit of that
// sort, except that nothing nests deeper than maxReprDepth and shared parts are
// not written again without end.
type Limits struct {
	Depth int // of containers and objects inside each other
	Items int // of one container
	Chars int // of one str or bytes
	Nodes int // in all
}

// maxReprDepth keeps the stack small; CPython's own repr stops at 1000.
const maxReprDepth = 10000

// nodes returns the limit on nodes, by default one that lets every value without shared parts
// be written in full, and a value of 2^60 paths not.
func (l Limits) nodes(g *Graph) int {
	if l.Nodes > 0 {
		return l.Nodes
	}
	return 1<<16 + 64*g.Size()
}

// AppendRepr appends r in Python notation: repr for plain data, the notation of
// their own for objects of well-known classes, and for all others
//
//	<module.Class args=(…) kwargs={…} items=[…] state={…}>
//
// with the parts that there are. A class or function is <global module.Name>: which
// of the two it is cannot be known.
// A part that contains itself is ... inside its own brackets; what a limit cuts
// off is counted in angle brackets: <3 more>. Whatever could drive a terminal
// is escaped.
func (g *Graph) AppendRepr(dst []byte, r Ref, l Limits) []byte {
	p := newPrinter(g, dst, l)
	if p.limits.Depth <= 0 || p.limits.Depth > maxReprDepth {
		p.limits.Depth = maxReprDepth
	}
	p.value(r)
	return p.dst
}

type printer struct {
	g      *Graph
	dst    []byte
	limits Limits
	left   int // nodes that may still be written
	end    int // length of dst from which on nothing more is begun
	depth  int
	open   map[Ref]struct{} // containers that are being written
}

func (p *printer) text(s string) { p.dst = append(p.dst, s...) }

// newPrinter bounds what shared parts can add up to: a str that is fetched from
// the memo again and again takes two bytes each time.
func newPrinter(g *Graph, dst []byte, l Limits) printer {
	own := 16*(len(g.src)+len(g.arena)) + 64*g.Size()
	return printer{g: g, dst: dst, limits: l, left: l.nodes(g), end: len(dst) + max(64<<20, own)}
}

func (p *printer) full() bool { return p.left <= 0 || len(p.dst) > p.end }

// more says how much was left out.
func (p *printer) more(n int, what string) {
	p.text("<")
	p.dst = strconv.AppendInt(p.dst, int64(n), 10)
	p.text(" more")
	p.text(what)
	p.text(">")
}

func (p *printer) value(r Ref) {
	g := p.g
	p.left--
	switch g.Kind(r) {
	case None:
		p.text("None")
	case Bool:
		if g.Bool(r) {
			p.text("True")
		} else {
			p.text("False")
		}
	case Int:
		p.int(r)
	case Float:
		p.dst = AppendFloat(p.dst, g.Float(r))
	case Str:
		p.str(g.Data(r))
	case Bytes:
		p.bytes(g.Data(r), AppendBytes)
	case ByteArray:
		p.bytes(g.Data(r), appendByteArray)
	case List:
		p.container(r, "[", "]")
	case Tuple:
		if !p.herd(r) {
			p.container(r, "(", ")")
		}
	case Dict:
		p.container(r, "{", "}")
	case Set:
		if g.Len(r) == 0 {
			p.text("set()")
			return
		}
		p.container(r, "{", "}")
	case FrozenSet:
		if g.Len(r) == 0 {
			p.text("frozenset()")
			return
		}
		p.container(r, "frozenset({", "})")
	case Global:
		p.global(r)
	default:
		if p.enter(r) {
			p.object(r)
			p.leave(r)
		} else {
			p.text("...")
		}
	}
}

// AppendInt appends the decimal digits of an Int. Not ok: there are more than
// Digits of them, which the Python of the value neither reads nor writes, and dst
// is as it was.
func (g *Graph) AppendInt(dst []byte, r Ref) (out []byte, ok bool) {
	return g.appendInt(dst, r, g.Digits())
}

func (g *Graph) appendInt(dst []byte, r Ref, most int) (out []byte, ok bool) {
	if v, ok := g.Int64(r); ok {
		return strconv.AppendInt(dst, v, 10), true
	}
	if len(g.IntData(r)) > most*3322/8000+2 { // the bits of a digit, rounded up
		return dst, false
	}
	out = g.Big(r).Append(dst, 10)
	digits := len(out) - len(dst)
	if out[len(dst)] == '-' {
		digits--
	}
	if digits > most {
		return dst, false
	}
	return out, true
}

// int writes an Int; a huge one in hexadecimal, which is Python notation, too.
func (p *printer) int(r Ref) {
	start := len(p.dst)
	var ok bool
	if p.dst, ok = p.g.appendInt(p.dst, r, HugeDigits); !ok {
		v := p.g.Big(r)
		if v.Sign() < 0 {
			p.text("-")
			v.Neg(v)
		}
		p.text("0x")
		p.dst = v.Append(p.dst, 16)
	}
	if most := p.limits.Chars; most > 0 && len(p.dst)-start > most {
		rest := len(p.dst) - start - most
		p.dst = p.dst[:start+most]
		p.more(rest, " digits")
	}
}

func (p *printer) str(text []byte) {
	kept, rest := cutChars(text, p.limits.Chars)
	p.dst = AppendString(p.dst, kept)
	if rest > 0 {
		p.more(rest, " characters")
	}
}

// cutChars returns the first n characters and how many follow; n of 0 keeps all.
func cutChars(text []byte, n int) (kept []byte, rest int) {
	if n <= 0 || len(text) <= n {
		return text, 0
	}
	at := 0
	for ; n > 0 && at < len(text); n-- {
		_, width := decodeRune(text[at:])
		at += width
	}
	kept = text[:at]
	for at < len(text) {
		_, width := decodeRune(text[at:])
		at += width
		rest++
	}
	return kept, rest
}

func (p *printer) bytes(data []byte, appendRepr func(dst, data []byte) []byte) {
	rest := 0
	if n := p.limits.Chars; n > 0 && len(data) > n {
		data, rest = data[:n], len(data)-n
	}
	p.dst = appendRepr(p.dst, data)
	if rest > 0 {
		p.more(rest, " bytes")
	}
}

// enter goes one level down; false means that r is already being written.
func (p *printer) enter(r Ref) bool {
	if _, ok := p.open[r]; ok {
		return false
	}
	if p.open == nil {
		p.open = make(map[Ref]struct{})
	}
	p.open[r] = struct{}{}
	p.depth++
	return true
}

func (p *printer) leave(r Ref) {
	delete(p.open, r)
	p.depth--
}

// container writes a builtin container between its brackets.
func (p *printer) container(r Ref, open, shut string) {
	g := p.g
	if g.Len(r) == 0 {
		p.text(open + shut)
		return
	}
	if !p.enter(r) {
		switch g.Kind(r) {
		case Set:
			p.text("set(...)")
		case FrozenSet:
			p.text("frozenset(...)")
		default:
			p.text(open + "..." + shut)
		}
		return
	}
	p.text(open)
	if g.Kind(r) == Dict {
		p.pairs(g.Items(r))
	} else {
		p.items(g.Items(r))
	}
	if g.Kind(r) == Tuple && g.Len(r) == 1 {
		p.text(",")
	}
	p.text(shut)
	p.leave(r)
}

// room returns how many of n parts may be written.
func (p *printer) room(n int) int {
	if p.depth > p.limits.Depth {
		return 0
	}
	if p.limits.Items > 0 {
		n = min(n, p.limits.Items)
	}
	return n
}

// items writes parts with commas between them.
func (p *printer) items(items []Ref) {
	room := p.room(len(items))
	for i, item := range items {
		if i > 0 {
			p.text(", ")
		}
		if i == room || p.full() {
			p.more(len(items)-i, "")
			return
		}
		p.value(item)
	}
}

// pairs writes keys and values that stand in turn.
func (p *printer) pairs(items []Ref) {
	room := p.room(len(items) / 2)
	for i := 0; i < len(items); i += 2 {
		if i > 0 {
			p.text(", ")
		}
		if i/2 == room || p.full() {
			p.more(len(items)/2-i/2, "")
			return
		}
		p.value(items[i])
		p.text(": ")
		p.value(items[i+1])
	}
}

// className writes a dotted name. Real ones are printable; what else a pickle
// may say is escaped.
func (p *printer) className(module, name []byte) {
	p.dst = appendText(p.dst, module, 0)
	p.text(".")
	p.dst = appendText(p.dst, name, 0)
}

// object writes what only Python could make.
func (p *printer) object(r Ref) {
	g := p.g
	switch g.Kind(r) {
	case PersID:
		p.text("<persistent ")
		p.value(g.ID(r))
		p.parts(r)
		p.text(">")
		return
	case Ext:
		p.text("<ext ")
		p.dst = strconv.AppendInt(p.dst, int64(g.Code(r)), 10)
		p.parts(r)
		p.text(">")
		return
	}
	c := g.call(r)
	if p.depth <= p.limits.Depth && p.known(&c) {
		return
	}
	p.text("<")
	if c.class != 0 {
		p.className(g.Name(c.class))
		if c.method != "" {
			p.text(".")
			p.dst = appendText(p.dst, []byte(c.method), 0)
		}
	} else {
		p.value(g.Parts(r).Callable)
	}
	if c.argsRef != 0 {
		p.text(" args=")
		p.value(c.argsRef)
	} else if len(c.args) > 0 {
		p.text(" args=(")
		p.items(c.args)
		if len(c.args) == 1 {
			p.text(",")
		}
		p.text(")")
	}
	if k := g.Parts(r).Kwargs; k != 0 && g.Len(k) > 0 {
		p.text(" kwargs=")
		p.value(k)
	}
	p.parts(r)
	p.text(">")
}

// parts writes the operations that followed the making of an object.
func (p *printer) parts(r Ref) {
	for id := p.g.FirstOp(r); id != 0; {
		var op Op
		op, id = p.g.Op(id)
		switch op.Kind {
		case OpAppend, OpAdd:
			p.text(" items=[")
			p.items(p.g.Items(op.Items))
			p.text("]")
		case OpSetItem:
			p.text(" items={")
			p.pairs(p.g.Items(op.Items))
			p.text("}")
		case OpBuild:
			p.text(" state=")
			p.value(op.State)
		case OpEffect:
			p.text(" effect=")
			p.value(op.Callable)
		}
	}
}

// call is an object taken apart: what made it and what was done to it.
type call struct {
	ref     Ref
	class   Ref    // the Global that was called or made, 0 if it is not one
	method  string // of the class, when getattr got the callable from it
	made    bool   // by __new__, not by a call
	args    []Ref
	argsRef Ref  // the arguments, when they are not a tuple
	ops     []Op // in order
}

func (g *Graph) call(r Ref) call {
	parts := g.Parts(r)
	c := call{ref: r, made: g.Kind(r) == NewObj || g.Kind(r) == NewObjEx}
	switch g.Kind(parts.Args) {
	case Tuple, List:
		c.args = g.Items(parts.Args)
	default:
		c.argsRef = parts.Args
	}
	switch {
	case g.Kind(parts.Callable) == Global:
		c.class = parts.Callable
	case g.Kind(parts.Callable) == Reduce:
		// What pickle writes for a method of a class.
		if get := g.Parts(parts.Callable); get.Callable == SymGetattr && g.Kind(get.Args) == Tuple && g.Len(get.Args) == 2 {
			items := g.Items(get.Args)
			if g.Kind(items[0]) == Global && g.Kind(items[1]) == Str {
				c.class, c.method = items[0], string(g.Data(items[1]))
			}
		}
	}
	// Protocols 0 and 1 make most objects by copyreg._reconstructor(class,
	// base, state): base.__new__(class, state), or without state if the base
	// is object.
	if c.class != 0 && len(c.args) == 3 && g.isGlobal(c.class, "copyreg", "_reconstructor") && g.Kind(c.args[0]) == Global {
		class, base, state := c.args[0], c.args[1], c.args[2]
		c.class, c.made, c.args = class, true, nil
		if !g.isGlobal(base, "builtins", "object") {
			c.args = []Ref{state}
		}
	}
	for id := g.FirstOp(r); id != 0; {
		var op Op
		op, id = g.Op(id)
		c.ops = append(c.ops, op)
	}
	return c
}

func (g *Graph) isGlobal(r Ref, module, name string) bool {
	if g.Kind(r) != Global {
		return false
	}
	m, n := g.Name(r)
	return string(m) == module && string(n) == name
}

// state returns the dict that a single build gave to the object, or 0.
func (c *call) state(g *Graph) Ref {
	if len(c.ops) != 1 || c.ops[0].Kind != OpBuild {
		return 0
	}
	s := c.ops[0].State
	if g.Kind(s) == Tuple && g.Len(s) == 2 { // (dict, slots)
		s = g.Items(s)[0]
	}
	if g.Kind(s) != Dict {
		return 0
	}
	return s
}

// get looks up a str key of a Dict; 0 if it is not there.
func (g *Graph) get(dict Ref, key string) Ref {
	if dict == 0 || g.Kind(dict) != Dict {
		return 0
	}
	items := g.Items(dict)
	for i := 0; i < len(items); i += 2 {
		if g.Kind(items[i]) == Str && string(g.Data(items[i])) == key {
			return items[i+1]
		}
	}
	return 0
}
