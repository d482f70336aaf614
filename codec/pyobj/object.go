package pyobj

// extra is what only some objects have.
type extra struct {
	kwargs  Ref
	firstOp OpID
	lastOp  OpID
	alts    Ref // hidden List of earlier attempts
}

// OpKind is what was done to an object after it was made.
type OpKind uint8

// Operations, in the words of the pickle opcodes.
const (
	OpAppend  OpKind = iota // Items were appended
	OpSetItem               // Items, keys and values in turn, were set
	OpAdd                   // Items were added
	OpBuild                 // State was given to __setstate__, or became attributes
	OpEffect                // Callable was called with Args, the object first among them, and the result dropped
)

// Op is one operation on an object. Neighbouring appends, setitems and adds are one.
type Op struct {
	Kind     OpKind
	Items    Ref // of OpAppend, OpSetItem, OpAdd: a List node that is no part of the value
	State    Ref // of OpBuild
	Callable Ref // of OpEffect
	Args     Ref // of OpEffect
}

// OpID names an operation of a Graph; 0 is none.
type OpID uint32

type op struct {
	kind OpKind
	a, b Ref
	next OpID
}

// Parts is what an object of the kinds Reduce, NewObj, NewObjEx and Obj is made from. Args is a Tuple, or an object that may
// be one; of Obj a List that is no part of the value.
type Parts struct {
	Callable, Args, Kwargs Ref
}

// NewReduce returns the object callable(*args).
func (g *Graph) NewReduce(callable, args Ref) Ref { return g.NewCall(Reduce, callable, args) }

// NewCall returns an object of kind Reduce, NewObj or Obj.
func (g *Graph) NewCall(k Kind, callable, args Ref) Ref {
	return g.add(node{kind: k, v: pair(callable, args)})
}

// NewObjEx returns the object cls.__new__(cls, *args, **kwargs).
func (g *Graph) NewObjEx(cls, args, kwargs Ref) Ref {
	n := g.addExtra(extra{kwargs: kwargs})
	return g.add(node{kind: NewObjEx, n: n, v: pair(cls, args)})
}

// NewPersID returns the object that a persistent id stands for.
func (g *Graph) NewPersID(id Ref) Ref { return g.add(node{kind: PersID, v: uint64(id)}) }

// NewExt returns the object that an extension code stands for.
func (g *Graph) NewExt(code int32) Ref { return g.add(node{kind: Ext, v: uint64(code)}) }

// Parts is what a called object is made from.
func (g *Graph) Parts(r Ref) Parts {
	nd := &g.nodes[r]
	p := Parts{Callable: Ref(lo(nd.v)), Args: Ref(hi(nd.v))}
	if nd.n != 0 {
		p.Kwargs = g.extra[nd.n].kwargs
	}
	return p
}

// SetArgs gives a called object other arguments.
func (g *Graph) SetArgs(r, args Ref) {
	nd := &g.nodes[r]
	nd.v = pair(Ref(lo(nd.v)), args)
}

// ID is the persistent id of a PersID.
func (g *Graph) ID(r Ref) Ref { return Ref(g.nodes[r].v) }

// Code is the code of an Ext.
func (g *Graph) Code(r Ref) int32 { return int32(g.nodes[r].v) }

func (g *Graph) extraOf(r Ref) *extra {
	nd := &g.nodes[r]
	if nd.n == 0 {
		nd.n = g.addExtra(extra{})
	}
	return &g.extra[nd.n]
}

func (g *Graph) addExtra(x extra) uint32 {
	if len(g.extra) == cap(g.extra) {
		g.extra = grown(g, g.extra)
	}
	g.extra = append(g.extra, x)
	return uint32(len(g.extra) - 1)
}

// FirstOp is the first operation on an object, 0 if there is none.
func (g *Graph) FirstOp(r Ref) OpID {
	if n := g.nodes[r].n; n != 0 {
		return g.extra[n].firstOp
	}
	return 0
}

// Op is the operation and the one that follows it, 0 at the end.
func (g *Graph) Op(id OpID) (Op, OpID) {
	o := g.ops[id]
	switch o.kind {
	case OpBuild:
		return Op{Kind: OpBuild, State: o.a}, o.next
	case OpEffect:
		return Op{Kind: OpEffect, Callable: o.a, Args: o.b}, o.next
	}
	return Op{Kind: o.kind, Items: o.a}, o.next
}

// AddItems records OpAppend, OpSetItem or OpAdd of items on an object.
func (g *Graph) AddItems(r Ref, kind OpKind, items ...Ref) {
	if len(items) == 0 {
		return // an empty batch does nothing in Python, and is not written again
	}
	if last := g.extraOf(r).lastOp; last != 0 && g.ops[last].kind == kind {
		g.Append(g.ops[last].a, items...)
		return
	}
	g.addOp(r, op{kind: kind, a: g.NewList(items...)})
}

// AddBuild records OpBuild on an object.
func (g *Graph) AddBuild(r, state Ref) { g.addOp(r, op{kind: OpBuild, a: state}) }

// SetState gives an OpBuild another state.
func (g *Graph) SetState(id OpID, state Ref) { g.ops[id].a = state }

// AddEffect records OpEffect on an object.
func (g *Graph) AddEffect(r, callable, args Ref) {
	g.addOp(r, op{kind: OpEffect, a: callable, b: args})
}

func (g *Graph) addOp(r Ref, o op) {
	if len(g.ops) == cap(g.ops) {
		g.ops = grown(g, g.ops)
	}
	g.ops = append(g.ops, o)
	id := OpID(len(g.ops) - 1)
	x := g.extraOf(r)
	if x.lastOp == 0 {
		x.firstOp = id
	} else {
		g.ops[x.lastOp].next = id
	}
	x.lastOp = id
}

// Alts is the earlier, outer attempts to make an object that met itself inside its own arguments, innermost first.
func (g *Graph) Alts(r Ref) []Ref {
	if n := g.nodes[r].n; n != 0 && g.extra[n].alts != 0 {
		return g.Items(g.extra[n].alts)
	}
	return nil
}

// AddAlt records an attempt: a node of the same kind and callable, which was dropped when r was found to exist.
func (g *Graph) AddAlt(r, attempt Ref) {
	if g.extraOf(r).alts == 0 {
		list := g.NewList()
		g.extraOf(r).alts = list
	}
	g.Append(g.extraOf(r).alts, attempt)
}
