package pickle

import (
	"cachering/codec/pyobj"
)

// grow doubles the array, but not beyond one entry for each byte of input, which is the most that any of them can need.
func grow[T ~uint32](g *pyobj.Graph, a []T, input int) []T {
	size := max(64, min(input/8+1, 8<<10), min(2*len(a), input+1))
	g.Take(8 * size)
	b := make([]T, len(a), size)
	copy(b, a)
	return b
}

func (d *Decoder) badText(at int) *Error {
	return d.fail(TextError, at, "malformed UTF-8")
}

// unmark removes the topmost mark and returns the new fence.
func (d *Decoder) unmark() int {
	fence := int(d.marks[len(d.marks)-1])
	d.marks = d.marks[:len(d.marks)-1]
	return fence
}

// takes reports whether something can be done to x after it was made. The classes and functions that the encoder uses itself
// are immutable, or nearly; being sure of it keeps the encoder simple.
func (d *Decoder) takes(x pyobj.Ref) bool {
	if d.g.Kind(x) != pyobj.Global {
		return d.g.Kind(x).IsObj()
	}
	return x >= pyobj.SymEnd && !(d.AsLoads && d.isBuiltin(x))
}

// extend executes APPEND(S), SETITEM(S) and ADDITEMS.
func (d *Decoder) extend(at int, op byte, x pyobj.Ref, items []pyobj.Ref) *Error {
	g := d.g
	kind := g.Kind(x)
	switch op {
	case opAppend, opAppends:
		switch {
		case kind == pyobj.List:
			g.Append(x, items...)
		case d.takes(x):
			g.AddItems(x, pyobj.OpAppend, items...)
		case d.AsLoads && d.loadsExtend(op, x, items):
		default:
			return d.fail(TypeError, at, "cannot append to %v", kind)
		}
	case opSetItem, opSetItems:
		if len(items)%2 != 0 {
			return d.fail(StackError, at, "a key without a value")
		}
		switch {
		case kind == pyobj.Dict:
			if key := g.SetItems(x, items...); key != 0 {
				return d.unhashable(at, key)
			}
		case d.takes(x):
			g.AddItems(x, pyobj.OpSetItem, items...)
		case d.AsLoads && d.loadsExtend(op, x, items):
		default:
			return d.fail(TypeError, at, "cannot set items of %v", kind)
		}
	default:
		switch {
		case kind == pyobj.Set:
			if item := g.AddToSet(x, items...); item != 0 {
				return d.unhashable(at, item)
			}
		case d.takes(x):
			g.AddItems(x, pyobj.OpAdd, items...)
		case d.AsLoads && d.loadsExtend(op, x, items):
		default:
			return d.fail(TypeError, at, "cannot add items to %v", kind)
		}
	}
	return nil
}

func (d *Decoder) hashable(at int, items []pyobj.Ref) *Error {
	for _, x := range items {
		if !d.g.Hashable(x) {
			return d.unhashable(at, x)
		}
	}
	return nil
}

func (d *Decoder) unhashable(at int, x pyobj.Ref) *Error {
	if k := d.g.Kind(x); k != pyobj.Tuple {
		return d.fail(Unhashable, at, "%v cannot be a key", k)
	}
	return d.fail(Unhashable, at, "a tuple with a list, dict, set or bytearray in it cannot be a key")
}

// fromMark executes the opcodes that make one value of all above the mark.
func (d *Decoder) fromMark(at, p int, items []pyobj.Ref) (x pyobj.Ref, end int, err *Error) {
	g := d.g
	switch d.src[at] {
	case opTuple:
		x = g.NewTuple(items...)
	case opList:
		x = g.NewList(items...)
	case opDict:
		x = g.NewDict()
		err = d.extend(at, opSetItems, x, items)
	case opFrozenSet:
		if err = d.hashable(at, items); err == nil {
			x = g.NewFrozenSet(items...)
		}
	case opObj:
		if len(items) == 0 {
			return 0, 0, d.underflow(at)
		}
		if !g.Kind(items[0]).IsObj() {
			return 0, 0, d.fail(CallError, at, "%v is no class", g.Kind(items[0]))
		}
		x, err = d.instance(at, items[0], items[1:])
	case opInst:
		module, name, after, err := d.twoLines(at, p)
		if err != nil {
			return 0, 0, err
		}
		if asciiPrefix(module) < len(module) || asciiPrefix(name) < len(name) {
			return 0, 0, d.fail(TextError, at, "a name that is not ASCII, which INST does not read")
		}
		cls, err := d.global(at, module, name)
		if err != nil {
			return 0, 0, err
		}
		x, err = d.instance(at, cls, items)
		return x, after, err
	}
	return x, p, err
}

// instance is what INST and OBJ make: class.__new__(class) where there are no arguments, else class(*args).
func (d *Decoder) instance(at int, class pyobj.Ref, args []pyobj.Ref) (pyobj.Ref, *Error) {
	if d.Evaluate {
		if x, err := d.evaluate(at, class, args, false); x != 0 || err != nil {
			return x, err
		}
	}
	return d.called(at, d.g.NewCall(pyobj.Obj, class, d.g.NewList(args...))), nil
}
