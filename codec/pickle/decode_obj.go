package pickle

import (
	"cachering/codec/pyobj"
)

// call executes REDUCE, NEWOBJ and NEWOBJ_EX.
func (d *Decoder) call(at int, op byte, callable, args, kwargs pyobj.Ref) (pyobj.Ref, *Error) {
	g := d.g
	if !g.Kind(callable).IsObj() {
		return 0, d.fail(CallError, at, "%v is not callable", g.Kind(callable))
	}
	if k := g.Kind(args); k != pyobj.Tuple && !k.IsObj() {
		return 0, d.fail(CallError, at, "arguments are of type %v, not tuple", k)
	}
	switch op {
	case opNewObj:
		return d.newObj(at, callable, args)
	case opNewObjEx:
		if k := g.Kind(kwargs); k != pyobj.Dict {
			return 0, d.fail(CallError, at, "keywords are of type %v, not dict", k)
		}
		return d.newObjEx(at, callable, args, kwargs)
	}
	if g.Kind(callable) == pyobj.Global && g.Kind(args) == pyobj.Tuple {
		if callable < pyobj.SymEnd {
			if x, err := d.known(at, callable, args); x != 0 || err != nil {
				return x, err
			}
		}
		if d.Evaluate {
			if x, err := d.evaluate(at, callable, g.Items(args), false); x != 0 || err != nil {
				return x, err
			}
		}
	}
	return d.called(at, g.NewReduce(callable, args)), nil
}

func (d *Decoder) newObj(at int, class, args pyobj.Ref) (pyobj.Ref, *Error) {
	if d.Evaluate && d.g.Kind(args) == pyobj.Tuple {
		if x, err := d.evaluate(at, class, d.g.Items(args), true); x != 0 || err != nil {
			return x, err
		}
	}
	return d.called(at, d.g.NewCall(pyobj.NewObj, class, args)), nil
}

func (d *Decoder) newObjEx(at int, class, args, kwargs pyobj.Ref) (pyobj.Ref, *Error) {
	if d.Evaluate && d.g.Kind(args) == pyobj.Tuple && d.g.Len(kwargs) == 0 {
		if x, err := d.evaluate(at, class, d.g.Items(args), true); x != 0 || err != nil {
			return x, err
		}
	}
	return d.called(at, d.g.NewObjEx(class, args, kwargs)), nil
}

// called notes that the opcode at a place made a call.
func (d *Decoder) called(at int, x pyobj.Ref) pyobj.Ref {
	d.calls = true
	if x == d.wanted {
		d.wantedAt = at
	}
	return x
}

// known makes plain nodes of the calls by which picklers of older protocols write bytes, bytearrays, sets and objects. 0: the
// call is none of them, or has other arguments than they write.
func (d *Decoder) known(at int, callable, args pyobj.Ref) (pyobj.Ref, *Error) {
	g := d.g
	a := g.Items(args)
	kind := func(i int) pyobj.Kind {
		if i < len(a) {
			return g.Kind(a[i])
		}
		return pyobj.Invalid
	}
	if (callable == pyobj.SymEncode || callable == pyobj.SymByteArray) && kind(0) == pyobj.Bytes && g.IsPy2(a[0]) && d.Py2Strings != Py2Bytes {
		return 0, d.fail(CallError, at, "a Python 2 string where text or bytes must be")
	}
	switch callable {
	case pyobj.SymEncode:
		if len(a) == 2 && kind(0) == pyobj.Str && d.isLatin1(a[1]) {
			return d.encodeLatin1(at, a[0], pyobj.Bytes)
		}
	case pyobj.SymBytes:
		if len(a) == 0 {
			return pyobj.RefEmptyBytes, nil
		}
	case pyobj.SymByteArray:
		switch {
		case len(a) == 0:
			return g.NewByteArray(nil), nil
		case len(a) == 1 && kind(0) == pyobj.Bytes:
			return g.CopyAs(pyobj.ByteArray, a[0]), nil
		case len(a) == 2 && kind(0) == pyobj.Str && d.isLatin1(a[1]) && string(g.Data(a[1])) == "latin-1":
			return d.encodeLatin1(at, a[0], pyobj.ByteArray)
		}
	case pyobj.SymSet, pyobj.SymFrozenSet:
		var items []pyobj.Ref
		switch {
		case len(a) == 0:
		case len(a) == 1 && (kind(0) == pyobj.List || kind(0) == pyobj.Tuple):
			items = g.Items(a[0])
		default:
			return 0, nil
		}
		if !d.spend(len(items)) {
			return 0, nil // picklers list the items for each call alone
		}
		if err := d.hashable(at, items); err != nil {
			return 0, err
		}
		if callable == pyobj.SymSet {
			return g.NewSet(items...), nil
		}
		return g.NewFrozenSet(items...), nil
	case pyobj.SymNewObj:
		if len(a) > 0 && kind(0).IsObj() {
			return d.newObj(at, a[0], g.NewTuple(a[1:]...))
		}
	case pyobj.SymNewObjEx:
		if len(a) == 3 && kind(0).IsObj() && (kind(1) == pyobj.Tuple || kind(1).IsObj()) && kind(2) == pyobj.Dict {
			return d.newObjEx(at, a[0], a[1], a[2])
		}
	}
	return 0, nil
}

// isLatin1 reports whether x is a text that names the codec, as picklers write it.
func (d *Decoder) isLatin1(x pyobj.Ref) bool {
	if d.g.Kind(x) != pyobj.Str && !(d.g.Kind(x) == pyobj.Bytes && d.g.IsPy2(x)) {
		return false
	}
	switch string(d.g.Data(x)) {
	case "latin1", "latin-1", "iso-8859-1":
		return true
	}
	return false
}

// encodeLatin1 makes a Bytes or ByteArray of a Str.
func (d *Decoder) encodeLatin1(at int, text pyobj.Ref, kind pyobj.Kind) (pyobj.Ref, *Error) {
	g := d.g
	data := g.Data(text)
	if asciiPrefix(data) == len(data) && len(data) > 1 {
		return g.CopyAs(kind, text), nil
	}
	var ok bool
	if d.buf, ok = appendAsLatin1(d.buf[:0], data); !ok {
		return 0, d.fail(CallError, at, "text that is not Latin-1")
	}
	switch {
	case kind == pyobj.ByteArray:
		return g.NewByteArray(d.buf), nil
	case len(d.buf) == 1:
		return pyobj.ByteRef(d.buf[0]), nil
	}
	return g.NewBytes(d.buf), nil
}

// keepEffect handles a call that is popped at once: if x, which is then on top, was its first argument, the call was made for
// what it does to x (the sixth item of a __reduce__ value).
func (d *Decoder) keepEffect(x, call pyobj.Ref) bool {
	g := d.g
	if g.Kind(call) != pyobj.Reduce || !g.Kind(x).IsObj() {
		return false
	}
	p := g.Parts(call)
	if g.Kind(p.Args) != pyobj.Tuple || g.Len(p.Args) == 0 || g.Items(p.Args)[0] != x {
		return false
	}
	g.AddEffect(x, p.Callable, p.Args)
	d.kept = append(d.kept, call)
	return true
}

// keepAttempt handles a call that is popped and then fetched from the memo, which is how picklers end the outer attempt at an
// object that turned up inside its own arguments.
func (d *Decoder) keepAttempt(x, call pyobj.Ref) {
	g := d.g
	if k := g.Kind(x); k != g.Kind(call) || !k.IsCall() || x == call || g.Parts(x).Callable != g.Parts(call).Callable {
		return
	}
	g.AddAlt(x, call)
	d.kept = append(d.kept, call)
}

// finish does what can only be done when the whole value is there.
func (d *Decoder) finish(root pyobj.Ref) *Error {
	if d.calls && d.hasPy2() && !d.AsIs {
		if err := d.settleCalls(); err != nil {
			return err
		}
	}
	if err := d.settlePending(root); err != nil {
		return err
	}
	dropped := d.g.Settle()
	if d.py2.NonASCII > 0 {
		d.py2.Merged = dropped
	}
	if d.AsLoads || !d.calls || !d.popped && dropped == 0 {
		return nil
	}
	reached := d.reach(root)
	for _, x := range d.kept {
		reached[x] = true
	}
	for r := range reached {
		x := pyobj.Ref(r)
		if k := d.g.Kind(x); !reached[r] && (k.IsCall() || k == pyobj.Global && d.g.FirstOp(x) != 0) {
			return d.discarded(x)
		}
	}
	return nil
}

// discarded is the error about a call that is not part of the value.
func (d *Decoder) discarded(x pyobj.Ref) *Error {
	name := d.describe(x)
	return d.fail(Discarded, d.place(x), "the result of a call is not part of the value: %s", name)
}

// place is the offset of the opcode that made a call; of other nodes that of STOP. It is found by decoding once more: nodes get
// the same numbers each time.
func (d *Decoder) place(x pyobj.Ref) int {
	py2 := d.py2
	d.reset(d.g, d.src)
	d.wanted, d.wantedAt = x, len(d.src)-1
	d.run()
	d.wanted, d.py2 = 0, py2
	return d.wantedAt
}

// describe names the class or function that a call is about.
func (d *Decoder) describe(x pyobj.Ref) string {
	for d.g.Kind(x).IsCall() {
		x = d.g.Parts(x).Callable
	}
	if d.g.Kind(x) != pyobj.Global {
		return d.g.Kind(x).String()
	}
	module, name := d.g.Name(x)
	return printable(module) + "." + printable(name)
}

// reach finds the nodes that the value is made of.
func (d *Decoder) reach(root pyobj.Ref) []bool {
	g := d.g
	reached := make([]bool, g.Size())
	todo := append(d.stack[:0], root)
	reached[root] = true
	visit := func(x pyobj.Ref) {
		if x != 0 && !reached[x] {
			reached[x] = true
			todo = append(todo, x)
		}
	}
	all := func(items []pyobj.Ref) {
		for _, x := range items {
			visit(x)
		}
	}
	for len(todo) > 0 {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch k := g.Kind(x); k {
		case pyobj.List, pyobj.Tuple, pyobj.Dict, pyobj.Set, pyobj.FrozenSet:
			all(g.Items(x))
		case pyobj.PersID:
			visit(g.ID(x))
		case pyobj.Reduce, pyobj.NewObj, pyobj.NewObjEx, pyobj.Obj:
			p := g.Parts(x)
			visit(p.Callable)
			visit(p.Args)
			visit(p.Kwargs)
			all(g.Alts(x))
		}
		if !g.Kind(x).IsObj() {
			continue
		}
		for id := g.FirstOp(x); id != 0; {
			var op pyobj.Op
			op, id = g.Op(id)
			visit(op.Items)
			visit(op.State)
			visit(op.Callable)
			visit(op.Args)
		}
	}
	d.stack = todo
	return reached
}
