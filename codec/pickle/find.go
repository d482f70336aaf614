package pickle

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// Names is what a pickle says without anything being made of it. Its bytes are part of
// the pickle, or of nothing that changes.
type Names struct {
	// Globals are the classes and functions that it names: by GLOBAL, by INST, and by
	// STACK_GLOBAL, also where module and name come from the memo.
	Globals []Global
	// Models are the labels of Django models: what django.db.models.base.model_unpickle
	// is called with.
	Models []Model
	// Djangos are the versions of Django under the key _django_version, of models and
	// query sets.
	Djangos [][]byte
}

// Global is a class or a function, spelled as the pickle has it.
type Global struct {
	Module, Name []byte
	Offset       int // of the opcode that names it
	old          bool
}

// Model is the label of a model.
type Model struct{ App, Name []byte }

// Python3 is how Python 3 looks it up: what a pickle of protocol 2 or below names it
// takes for a name of Python 2.
func (n *Global) Python3() (module, name []byte) {
	if n.old {
		return toPython3(n.Module, n.Name)
	}
	return n.Module, n.Name
}

// findRoom is how many bytes it may take to find names, beside the pickle.
const findRoom = 64 << 20

// Find collects what the pickle src names, each as often as it is named, in that order.
// It goes by the opcodes, with a stack of texts and names, and makes no value. What is
// named before a defect counts: pickle.loads has looked it up by then. What stands after
// STOP does not. It is false where src takes more memory than 64 MiB.
func (n *Names) Find(src []byte) bool {
	n.Globals, n.Models, n.Djangos = n.Globals[:0], n.Models[:0], n.Djangos[:0]
	f := finder{Names: n, src: src, things: make([]thing, 1, 64), memo: make(map[uint64]uint32)}
	for f.at < len(src) && f.step() {
		if len(src) > findRoom/64 && 4*len(f.stack)+24*len(f.things)+8*len(f.marks)+48*(len(f.memo)+len(f.Globals)) > findRoom {
			return false
		}
	}
	return true
}

// thing is a text or a name that a value on the stack is.
type thing struct {
	is   thingKind
	op   byte // that pushed the text
	a, b extent
}

// extent is a part of the pickle.
type extent struct{ from, to uint32 }

type thingKind uint8

const (
	unknown    thingKind = iota
	aText                // a
	aUnpickler           // model_unpickle
	aPair                // the tuple of the texts a and b
	aCall                // a tuple that begins with such a tuple
)

// longestName is how many bytes a text has at most that may be a name.
const longestName = 1024

// finder goes through a pickle.
type finder struct {
	*Names
	src    []byte
	at     int
	stack  []uint32 // of things; 0 is what nothing is known of
	marks  []int
	things []thing
	memo   map[uint64]uint32
	proto  byte
}

func (f *finder) push(t uint32) { f.stack = append(f.stack, t) }

// pop drops the top n, as far as there are so many.
func (f *finder) pop(n int) { f.stack = f.stack[:max(0, len(f.stack)-n)] }

// top is what lies below n others.
func (f *finder) top(n int) uint32 {
	if n >= len(f.stack) {
		return 0
	}
	return f.stack[len(f.stack)-1-n]
}

// unmark takes all above the last mark off the stack.
func (f *finder) unmark() []uint32 {
	from := 0
	if n := len(f.marks); n > 0 {
		from, f.marks = min(f.marks[n-1], len(f.stack)), f.marks[:n-1]
	}
	items := f.stack[from:]
	f.stack = f.stack[:from]
	return items
}

func (f *finder) add(t thing) uint32 {
	f.things = append(f.things, t)
	return uint32(len(f.things) - 1)
}

// step carries out the next opcode; it is false at the end.
func (f *finder) step() bool {
	op, begin := f.src[f.at], f.at
	is := &opcodes[op]
	if is.name == "" || op == opStop {
		return false
	}
	f.at = skip(f.src, begin+1, is.arg)
	arg := f.src[begin+1 : f.at]
	switch op {
	case opMark:
		f.marks = append(f.marks, len(f.stack))
	case opPop:
		if n := len(f.marks); n > 0 && f.marks[n-1] == len(f.stack) {
			f.marks = f.marks[:n-1]
		} else {
			f.pop(1)
		}
	case opPopMark, opAppends, opAddItems:
		f.unmark()
	case opDup:
		f.push(f.top(0))
	case opString, opUnicode, opBinString, opShortBinString, opShortBinUnicode, opBinUnicode, opBinUnicode8:
		f.push(f.text(op, is.arg, arg))
	case opGlobal:
		f.push(f.global(begin, arg))
	case opInst:
		f.unmark()
		f.global(begin, arg)
		f.push(0)
	case opStackGlobal:
		module, name := f.top(1), f.top(0)
		f.pop(2)
		f.push(f.named(begin, f.read(module), f.read(name)))
	case opTuple:
		f.push(f.tuple(f.unmark()))
	case opTuple1, opTuple2, opTuple3:
		n := min(int(op-opTuple1)+1, len(f.stack))
		t := f.tuple(f.stack[len(f.stack)-n:])
		f.pop(n)
		f.push(t)
	case opReduce:
		if with := f.things[f.top(0)]; with.is == aCall && f.things[f.top(1)].is == aUnpickler {
			f.Models = append(f.Models, Model{f.readAt(with.op, with.a), f.readAt(with.op, with.b)})
		}
		f.pop(2)
		f.push(0)
	case opSetItem:
		f.item(f.top(1), f.top(0))
		f.pop(2)
	case opSetItems, opDict:
		for items := f.unmark(); len(items) > 1; items = items[2:] {
			f.item(items[0], items[1])
		}
		if op == opDict {
			f.push(0)
		}
	case opPut, opBinPut, opLongBinPut:
		if index, ok := indexOf(op, arg); ok {
			f.memo[index] = f.top(0)
		}
	case opMemoize:
		f.memo[uint64(len(f.memo))] = f.top(0) // memo_len of Modules/_pickle.c
	case opGet, opBinGet, opLongBinGet:
		index, _ := indexOf(op, arg)
		f.push(f.memo[index])
	case opList, opFrozenSet, opObj:
		f.unmark()
		f.push(0)
	case opAppend, opBuild:
		f.pop(1)
	case opBinPersID:
		f.pop(1)
		f.push(0)
	case opNewObj:
		f.pop(2)
		f.push(0)
	case opNewObjEx:
		f.pop(3)
		f.push(0)
	case opProto:
		if len(arg) == 1 {
			f.proto = arg[0]
		}
		return f.proto <= 5 // loads refuses another at once
	case opFrame, opReadOnlyBuffer:
	default:
		f.push(0)
	}
	return true
}

// global is GLOBAL or INST, with its argument.
func (f *finder) global(at int, arg []byte) uint32 {
	module, rest, _ := bytes.Cut(arg, []byte("\n"))
	name, _, _ := bytes.Cut(rest, []byte("\n"))
	return f.named(at, module, name)
}

func (f *finder) named(at int, module, name []byte) uint32 {
	f.Globals = append(f.Globals, Global{module, name, at, f.proto < 3})
	if string(module) == "django.db.models.base" && string(name) == "model_unpickle" {
		return f.add(thing{is: aUnpickler})
	}
	return 0
}

// item is a key of a dict with its value.
func (f *finder) item(key, value uint32) {
	if key != 0 && value != 0 && string(f.read(key)) == "_django_version" && f.things[value].is == aText {
		f.Djangos = append(f.Djangos, f.read(value))
	}
}

// tuple is what is known of one with those items.
func (f *finder) tuple(items []uint32) uint32 {
	if len(items) == 0 || items[0] == 0 {
		return 0
	}
	first := f.things[items[0]]
	switch {
	case len(items) == 2 && first.is == aText && f.things[items[1]].is == aText && f.things[items[1]].op == first.op:
		return f.add(thing{aPair, first.op, first.a, f.things[items[1]].a})
	case first.is == aPair:
		return f.add(thing{aCall, first.op, first.a, first.b})
	}
	return 0
}

// text is the text that the opcode with the argument before f.at pushes, if it may be a
// name.
func (f *finder) text(op byte, kind argKind, arg []byte) uint32 {
	from, to := f.at-len(arg)+min(kind.size(), len(arg)), f.at
	if kind == argLine {
		to = max(from, to-1) // the line feed
	}
	if to-from > longestName {
		return 0
	}
	return f.add(thing{is: aText, op: op, a: extent{uint32(from), uint32(to)}})
}

// read is the text that a thing is; nil if it is none.
func (f *finder) read(n uint32) []byte {
	if t := f.things[n]; t.is == aText {
		return f.readAt(t.op, t.a)
	}
	return nil
}

// readAt is the text that an opcode makes of a part of the pickle. What it cannot read
// is as it stands.
func (f *finder) readAt(op byte, at extent) []byte {
	raw := f.src[at.from:at.to:at.to]
	switch {
	case op == opUnicode && (bytes.IndexByte(raw, '\\') >= 0 || asciiPrefix(raw) < len(raw)):
		out := make([]byte, 2*len(raw)+8)
		if n, ok := decodeUnicodeLine(out, raw); ok {
			return out[:n]
		}
	case op == opString && len(raw) > 1:
		if out, ok := appendQuoted(nil, raw[1:len(raw)-1]); ok {
			return out
		}
	}
	return raw
}

// indexOf is the index of an opcode of the memo.
func indexOf(op byte, arg []byte) (uint64, bool) {
	switch {
	case op == opPut || op == opGet:
		n, err := strconv.ParseUint(string(bytes.TrimSpace(arg)), 10, 63)
		return n, err == nil
	case len(arg) == 4:
		return uint64(binary.LittleEndian.Uint32(arg)), true
	case len(arg) == 1:
		return uint64(arg[0]), true
	}
	return math.MaxUint64, false
}
