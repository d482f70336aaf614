// Package same compares graphs of Python values. Only tests import it.
package same

import (
	"bytes"
	"math"

	"cachering/codec/pyobj"
)

// Graph reports whether two values are the same graph: the same kinds and contents in the same order (of dicts and sets too),
// floats by their bits, and parts shared in one exactly where they are shared in the other.
func Graph(a *pyobj.Graph, x pyobj.Ref, b *pyobj.Graph, y pyobj.Ref) bool {
	e := equality{a: a, b: b, there: make([]pyobj.Ref, a.Size()), back: make([]pyobj.Ref, b.Size())}
	e.same(x, y)
	for !e.differ && len(e.todo) > 0 {
		p := e.todo[len(e.todo)-1]
		e.todo = e.todo[:len(e.todo)-1]
		e.contents(p[0], p[1])
	}
	return !e.differ
}

type equality struct {
	a, b        *pyobj.Graph
	there, back []pyobj.Ref // pairs of nodes that must be each other's equal
	todo        [][2]pyobj.Ref
	differ      bool
}

func (e *equality) same(x, y pyobj.Ref) {
	if e.differ {
		return
	}
	kind := e.a.Kind(x)
	if kind != e.b.Kind(y) {
		e.differ = true
		return
	}
	switch kind {
	case pyobj.Invalid, pyobj.None:
		return
	case pyobj.Bool:
		e.differ = e.a.Bool(x) != e.b.Bool(y)
		return
	case pyobj.Int:
		i, small := e.a.Int64(x)
		j, both := e.b.Int64(y)
		e.differ = small != both || small && i != j || !small && !bytes.Equal(e.a.IntData(x), e.b.IntData(y))
		return
	case pyobj.Float:
		e.differ = math.Float64bits(e.a.Float(x)) != math.Float64bits(e.b.Float(y))
		return
	}
	if e.there[x] != 0 || e.back[y] != 0 {
		e.differ = e.there[x] != y || e.back[y] != x
		return
	}
	e.there[x], e.back[y] = y, x
	e.todo = append(e.todo, [2]pyobj.Ref{x, y})
}

func (e *equality) list(xs, ys []pyobj.Ref) {
	if len(xs) != len(ys) {
		e.differ = true
		return
	}
	for i := range xs {
		e.same(xs[i], ys[i])
	}
}

func (e *equality) contents(x, y pyobj.Ref) {
	switch k := e.a.Kind(x); k {
	case pyobj.Str, pyobj.Bytes, pyobj.ByteArray:
		e.differ = !bytes.Equal(e.a.Data(x), e.b.Data(y))
	case pyobj.List, pyobj.Tuple, pyobj.Dict, pyobj.Set, pyobj.FrozenSet:
		e.list(e.a.Items(x), e.b.Items(y))
	case pyobj.Global:
		am, an := e.a.Name(x)
		bm, bn := e.b.Name(y)
		e.differ = !bytes.Equal(am, bm) || !bytes.Equal(an, bn)
	case pyobj.PersID:
		e.same(e.a.ID(x), e.b.ID(y))
	case pyobj.Ext:
		e.differ = e.a.Code(x) != e.b.Code(y)
	default:
		e.parts(x, y)
		e.list(e.a.Alts(x), e.b.Alts(y))
	}
	if !e.differ && e.a.Kind(x).IsObj() {
		e.operations(e.a.FirstOp(x), e.b.FirstOp(y))
	}
}

func (e *equality) parts(x, y pyobj.Ref) {
	p, q := e.a.Parts(x), e.b.Parts(y)
	e.same(p.Callable, q.Callable)
	e.same(p.Kwargs, q.Kwargs)
	if e.a.Kind(p.Args) != pyobj.Tuple || e.b.Kind(q.Args) != pyobj.Tuple {
		e.same(p.Args, q.Args)
		return
	}
	// The tuple that *args unpacks is a new one for every call: sharing it cannot be seen.
	e.list(e.a.Items(p.Args), e.b.Items(q.Args))
}

func (e *equality) operations(i, j pyobj.OpID) {
	for i != 0 && j != 0 && !e.differ {
		var o, p pyobj.Op
		o, i = e.a.Op(i)
		p, j = e.b.Op(j)
		switch {
		case o.Kind != p.Kind:
			e.differ = true
		case o.Kind == pyobj.OpBuild:
			e.same(o.State, p.State)
		case o.Kind == pyobj.OpEffect:
			e.same(o.Callable, p.Callable)
			e.list(e.a.Items(o.Args), e.b.Items(p.Args))
		default:
			e.list(e.a.Items(o.Items), e.b.Items(p.Items))
		}
	}
	e.differ = e.differ || i != j
}
