package pickle

import (
	"bytes"

	"cachering/codec/pyobj"
)

// visit is an attempt at an object (before protocol 4: or a set) that is not in the memo yet. Such an object may come up again
// among its own parts, and is then attempted again, deeper.
type visit struct {
	ref   pyobj.Ref
	outer uint32 // 1 + index of the attempt around this one, 0 if none
	depth int    // number of attempts around this one
	nodes uint32 // nodes in the memo when it began
}

// enter begins an attempt. Python goes on like this until a part that refers back is in the memo itself; when nothing has been
// memoized since the last attempt at the same object nothing ever will.
func (e *Encoder) enter(x pyobj.Ref) *Error {
	if len(e.opened) < e.g.Size() {
		opened := make([]uint32, e.g.Size()+e.g.Size()/4)
		copy(opened, e.opened)
		e.opened = opened
	}
	v := visit{ref: x, outer: e.opened[x], nodes: e.nodes}
	if v.outer != 0 {
		around := e.open[v.outer-1]
		if around.nodes == e.nodes {
			return writeError(Cycle, "%v contains itself in a way that protocol %d cannot express", e.g.Kind(x), e.proto)
		}
		v.depth = around.depth + 1
	}
	e.open = append(e.open, v)
	e.opened[x] = uint32(len(e.open))
	return nil
}

func (e *Encoder) leave(x pyobj.Ref) {
	v := e.open[len(e.open)-1]
	e.open = e.open[:len(e.open)-1]
	e.opened[x] = v.outer
}

// object begins to write an object of the kinds that calls make.
func (e *Encoder) object(x pyobj.Ref) *Error {
	if err := e.enter(x); err != nil {
		return err
	}
	g := e.g
	part := x
	if alts := g.Alts(x); len(alts) > 0 {
		if i := len(alts) - 1 - e.open[len(e.open)-1].depth; i >= 0 {
			part = alts[i]
		}
	}
	p := g.Parts(part)
	kind := g.Kind(x)
	isTuple := g.Kind(p.Args) == pyobj.Tuple || g.Kind(p.Args) == pyobj.List
	switch {
	case kind == pyobj.NewObj && e.proto < 2:
		if !isTuple {
			return writeError(Unrepresentable, "an object made by NEWOBJ with arguments that are no plain tuple has no form at protocol %d", e.proto)
		}
		if err := e.save(pyobj.SymNewObj); err != nil {
			return err
		}
		e.buf = append(e.buf, opMark)
	case kind == pyobj.NewObjEx && e.proto < 4:
		if err := e.save(pyobj.SymNewObjEx); err != nil {
			return err
		}
		if e.proto < 2 {
			e.buf = append(e.buf, opMark)
		}
	case kind == pyobj.Obj:
		e.buf = append(e.buf, opMark)
	}
	e.push(x, inParts)
	e.frames[len(e.frames)-1].part = part
	return nil
}

// parts writes what the object is made from, and makes it.
func (e *Encoder) parts(f *frame) *Error {
	g := e.g
	p := g.Parts(f.part)
	kind := g.Kind(f.ref)
	spread := kind == pyobj.Obj || kind == pyobj.NewObj && e.proto < 2 // class and arguments in one row
	inst := kind == pyobj.Obj && e.isInst(p.Callable)
	for {
		var x pyobj.Ref
		i := int(f.i)
		if inst {
			i++
		}
		switch {
		case i == 0:
			x = p.Callable
		case spread:
			if i <= g.Len(p.Args) {
				x = g.Items(p.Args)[i-1]
			}
		case i == 1:
			x = p.Args
		case i == 2:
			x = p.Kwargs
		}
		if x == 0 {
			break
		}
		f.i++
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	x, n := f.ref, int(f.i)
	e.pop()
	if err := e.need(64); err != nil {
		return err
	}
	switch kind {
	case pyobj.Reduce:
		e.buf = append(e.buf, opReduce)
	case pyobj.NewObj:
		if e.proto >= 2 {
			e.buf = append(e.buf, opNewObj)
		} else {
			e.endArgs(n)
		}
	case pyobj.NewObjEx:
		if e.proto >= 4 {
			e.buf = append(e.buf, opNewObjEx)
		} else {
			e.endArgs(n)
		}
	case pyobj.Obj:
		if !inst {
			e.buf = append(e.buf, opObj)
		} else if err := e.lines(opInst, p.Callable); err != nil {
			return err
		}
	}
	e.leave(x)
	if fresh, err := e.made(x); !fresh || err != nil {
		return err
	}
	e.pushOps(x)
	return nil
}

// isInst reports whether an object is written by INST, which names the class in ASCII: in text, where OBJ does not belong.
func (e *Encoder) isInst(class pyobj.Ref) bool {
	if e.proto > 0 || e.g.Kind(class) != pyobj.Global {
		return false
	}
	module, name := e.g.Name(class)
	return bytes.IndexByte(name, '.') < 0 && asciiPrefix(module) == len(module) && asciiPrefix(name) == len(name) && e.g.FirstOp(class) == 0
}

// pushOps begins to write the operations on x, if there are any.
func (e *Encoder) pushOps(x pyobj.Ref) {
	if op := e.g.FirstOp(x); op != 0 {
		e.push(x, inOps)
		f := &e.frames[len(e.frames)-1]
		f.op = op
		_, f.next = e.g.Op(op)
	}
}

// operations writes what was done to an object after it was made.
func (e *Encoder) operations(f *frame) *Error {
	g := e.g
	for f.op != 0 {
		op, _ := g.Op(f.op)
		var done bool
		var err *Error
		switch op.Kind {
		case pyobj.OpBuild:
			if f.i == 0 {
				f.i = 1
				if done, err = e.item(op.State); !done || err != nil {
					return err
				}
			}
			e.buf = append(e.buf, opBuild)
			err = e.need(64)
		case pyobj.OpEffect:
			done, err = e.effect(f, op)
			if !done || err != nil {
				return err
			}
		default:
			if done, err = e.batches(f, op); !done || err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		f.i, f.op = 0, f.next
		if f.op != 0 {
			_, f.next = g.Op(f.op)
		}
	}
	e.pop()
	return nil
}

// effect writes a call whose result is dropped.
func (e *Encoder) effect(f *frame, op pyobj.Op) (done bool, err *Error) {
	args := e.g.Items(op.Args)
	n := len(args)
	for int(f.i) <= n {
		x := op.Callable
		if f.i > 0 {
			x = args[f.i-1]
		}
		if f.i == 1 && n > 3 {
			e.buf = append(e.buf, opMark)
		}
		f.i++
		if done, err := e.item(x); !done || err != nil {
			return false, err
		}
	}
	if n <= 3 {
		e.buf = append(e.buf, byte(opTuple1+n-1))
	} else {
		e.buf = append(e.buf, opTuple)
	}
	e.buf = append(e.buf, opReduce, opPop)
	return true, e.need(64)
}

// batches writes items that are appended, set or added to an object.
func (e *Encoder) batches(f *frame, op pyobj.Op) (done bool, err *Error) {
	items := e.g.Items(op.Items)
	n := uint32(len(items))
	width := uint32(1)
	one, many := byte(opAppend), byte(opAppends)
	switch op.Kind {
	case pyobj.OpSetItem:
		width, one, many = 2, opSetItem, opSetItems
	case pyobj.OpAdd:
		one, many = opAddItems, opAddItems
	}
	size := batch * width
	// alone tells whether the batch that begins at item i is a single entry, written without a mark.
	alone := func(i uint32) bool {
		return op.Kind != pyobj.OpAdd && (e.proto == 0 || n-i == width)
	}
	for i := f.i; ; {
		if i > 0 && i%width == 0 {
			begin := (i - 1) / size * size
			switch {
			case op.Kind != pyobj.OpAdd && (e.proto == 0 || n-begin == width):
				e.buf = append(e.buf, one)
			case i == n || i%size == 0:
				e.buf = append(e.buf, many)
			}
		}
		if i == n {
			if i == 0 { // an empty batch does nothing
				return true, nil
			}
			return true, e.need(64)
		}
		if i%size == 0 && !alone(i) {
			e.buf = append(e.buf, opMark)
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return false, err
		}
	}
}

// maxNesting bounds the parts of a dotted name, which older protocols look up one by one.
const maxNesting = 100

// global writes a class or function, without memoizing it.
func (e *Encoder) global(x pyobj.Ref, depth int) *Error {
	g := e.g
	if e.proto >= 4 {
		module, name := g.NameRefs(x)
		if err := e.save(module); err != nil {
			return err
		}
		if err := e.save(name); err != nil {
			return err
		}
		if err := e.need(64); err != nil {
			return err
		}
		e.buf = append(e.buf, opStackGlobal)
		return nil
	}
	module, name := g.Name(x)
	dot := bytes.LastIndexByte(name, '.')
	if dot < 0 {
		return e.lines(opGlobal, x)
	}
	if depth == maxNesting {
		return writeError(Unrepresentable, "a name of more than %d parts", maxNesting)
	}
	if dot == 0 || dot == len(name)-1 {
		return writeError(Unrepresentable, "the name %s.%s has no form at protocol %d", printable(module), printable(name), e.proto)
	}
	// getattr(outer, "inner"), as CPython writes it.
	outer, inner := g.NewGlobal(module, name[:dot]), g.NewStr(name[dot+1:])
	e.cover()
	if g.FirstOp(outer) != 0 {
		return writeError(Unrepresentable, "%s.%s is changed by the value, and also needed to find another class", printable(module), printable(name[:dot]))
	}
	if err := e.save(pyobj.SymGetattr); err != nil {
		return err
	}
	if e.proto < 2 {
		e.buf = append(e.buf, opMark)
	}
	if i, ok := e.inMemo(outer); ok {
		if err := e.get(i); err != nil {
			return err
		}
	} else {
		if err := e.global(outer, depth+1); err != nil {
			return err
		}
		e.put(outer)
	}
	if err := e.save(inner); err != nil {
		return err
	}
	if err := e.need(64); err != nil {
		return err
	}
	e.endArgs(2)
	return nil
}

// lines writes GLOBAL or INST.
func (e *Encoder) lines(op byte, x pyobj.Ref) *Error {
	module, name := e.g.Name(x)
	if e.proto < 3 {
		m, n, ok := toPython2(module, name)
		if !ok {
			return writeError(Unrepresentable, "at protocol %d the name %s.%s means something else", e.proto, printable(module), printable(name))
		}
		module, name = m, n
	}
	if bytes.IndexByte(module, '\n') >= 0 || bytes.IndexByte(name, '\n') >= 0 || !validUTF8(module) || !validUTF8(name) {
		return writeError(Unrepresentable, "the name %s.%s has no form at protocol %d", printable(module), printable(name), e.proto)
	}
	if err := e.need(len(module) + len(name) + 64); err != nil {
		return err
	}
	b := append(e.buf, op)
	b = append(b, module...)
	b = append(b, '\n')
	b = append(b, name...)
	e.buf = append(b, '\n')
	return nil
}

// ext writes an extension code.
func (e *Encoder) ext(x pyobj.Ref) *Error {
	switch c := e.g.Code(x); {
	case c < 1<<8:
		e.buf = append(e.buf, opExt1, byte(c))
	case c < 1<<16:
		e.buf = append(e.buf, opExt2, byte(c), byte(c>>8))
	default:
		e.buf = append(e.buf, opExt4, byte(c), byte(c>>8), byte(c>>16), byte(c>>24))
	}
	e.carried(x)
	return nil
}

// persID writes the object of a persistent id, or begins to.
func (e *Encoder) persID(x pyobj.Ref) *Error {
	g := e.g
	id := g.ID(x)
	if e.proto == 0 && g.Kind(id) == pyobj.Str {
		if text := g.Data(id); asciiPrefix(text) == len(text) && bytes.IndexByte(text, '\n') < 0 {
			if err := e.need(len(text) + 64); err != nil {
				return err
			}
			b := append(e.buf, opPersID)
			b = append(b, text...)
			e.buf = append(b, '\n')
			e.carried(x)
			return nil
		}
	}
	e.push(x, inPersID)
	return nil
}

func (e *Encoder) endPersID(f *frame) *Error {
	if f.i == 0 {
		f.i = 1
		if done, err := e.item(e.g.ID(f.ref)); !done || err != nil {
			return err
		}
	}
	x := f.ref
	e.pop()
	if err := e.need(64); err != nil {
		return err
	}
	e.buf = append(e.buf, opBinPersID)
	e.carried(x)
	return nil
}

// carried ends an object that Python's pickler does not memoize: only if the input did, or something is done to it.
func (e *Encoder) carried(x pyobj.Ref) {
	if e.g.IsPut(x) || e.g.FirstOp(x) != 0 {
		e.put(x)
		e.pushOps(x)
	}
}
