package pyobj

import "bytes"

// Equal reports whether two values are the same graph: the same kinds and contents in the same order (of dicts and sets too),
// floats by their bits, and parts shared in one exactly where they are shared in the other.
func Equal(a *Graph, x Ref, b *Graph, y Ref) bool {
	e := equality{a: a, b: b, there: make([]Ref, a.Size()), back: make([]Ref, b.Size())}
	e.same(x, y)
	for !e.differ && len(e.todo) > 0 {
		p := e.todo[len(e.todo)-1]
		e.todo = e.todo[:len(e.todo)-1]
		e.contents(p[0], p[1])
	}
	return !e.differ
}

type equality struct {
	a, b        *Graph
	there, back []Ref // pairs of nodes that must be each other's equal
	todo        [][2]Ref
	differ      bool
}

func (e *equality) same(x, y Ref) {
	if e.differ {
		return
	}
	a, b := e.a.at(x), e.b.at(y)
	if a.kind != b.kind {
		e.differ = true
		return
	}
	switch a.kind {
	case Invalid, None:
		return
	case Int, Float, Bool:
		if a.flags&flagBig != b.flags&flagBig {
			e.differ = true
		} else if a.flags&flagBig != 0 {
			e.differ = !bytes.Equal(e.a.Data(x), e.b.Data(y))
		} else {
			e.differ = a.v != b.v
		}
		return
	}
	if e.there[x] != 0 || e.back[y] != 0 {
		e.differ = e.there[x] != y || e.back[y] != x
		return
	}
	e.there[x], e.back[y] = y, x
	e.todo = append(e.todo, [2]Ref{x, y})
}

func (e *equality) list(xs, ys []Ref) {
	if len(xs) != len(ys) {
		e.differ = true
		return
	}
	for i := range xs {
		e.same(xs[i], ys[i])
	}
}

func (e *equality) contents(x, y Ref) {
	switch k := e.a.Kind(x); k {
	case Str, Bytes, ByteArray:
		e.differ = !bytes.Equal(e.a.Data(x), e.b.Data(y))
	case List, Tuple, Dict, Set, FrozenSet:
		e.list(e.a.Items(x), e.b.Items(y))
	case Global:
		am, an := e.a.Name(x)
		bm, bn := e.b.Name(y)
		e.differ = !bytes.Equal(am, bm) || !bytes.Equal(an, bn)
	case PersID:
		e.same(e.a.ID(x), e.b.ID(y))
	case Ext:
		e.differ = e.a.Code(x) != e.b.Code(y)
	default:
		e.parts(x, y)
		e.list(e.a.Alts(x), e.b.Alts(y))
	}
	if !e.differ && e.a.Kind(x).IsObj() {
		e.operations(e.a.FirstOp(x), e.b.FirstOp(y))
	}
}

func (e *equality) parts(x, y Ref) {
	p, q := e.a.Parts(x), e.b.Parts(y)
	e.same(p.Callable, q.Callable)
	e.same(p.Kwargs, q.Kwargs)
	if e.a.Kind(p.Args) != Tuple || e.b.Kind(q.Args) != Tuple {
		e.same(p.Args, q.Args)
		return
	}
	// The tuple that *args unpacks is a new one for every call: sharing it cannot be seen.
	e.list(e.a.Items(p.Args), e.b.Items(q.Args))
}

func (e *equality) operations(i, j OpID) {
	for i != 0 && j != 0 && !e.differ {
		var o, p Op
		o, i = e.a.Op(i)
		p, j = e.b.Op(j)
		switch {
		case o.Kind != p.Kind:
			e.differ = true
		case o.Kind == OpBuild:
			e.same(o.State, p.State)
		case o.Kind == OpEffect:
			e.same(o.Callable, p.Callable)
			e.list(e.a.Items(o.Args), e.b.Items(p.Args))
		default:
			e.list(e.a.Items(o.Items), e.b.Items(p.Items))
		}
	}
	e.differ = e.differ || i != j
}
