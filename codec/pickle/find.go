package pickle

import (
	"bytes"
	"encoding/binary"
	"math"
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

	// Attributes are what getattr is called for: the name of what it is called on is
	// before the last full stop, and Module nil where that is no class and no function.
	// builtins.getattr itself is there where it is handed on, to be called by others.
	Attributes []Global
	// Extensions are the codes of EXT1, EXT2 and EXT4: what copyreg has for them, the
	// application knows alone.
	Extensions []Extension
	// End is the offset behind STOP, or, where Stopped is false, of the opcode that is
	// none, or is cut off.
	End     int
	Stopped bool
	// Lacks is the offset of the first opcode that takes more from the stack than is there,
	// where loads ends; End if there is none. Calls is that of the first one before it that
	// calls something; -1 if there is none.
	Lacks, Calls int
	// Constant, if it is set, is handed each text and each bytes, with the offset of its
	// opcode and that of content, which is -1 where it does not stand there as it is. It
	// keeps nothing of them.
	Constant func(at, from int, content []byte)

	kept finder // its buffers
}

// Extension is a code of the registry of copyreg.
type Extension struct {
	Code   uint32
	Offset int // of the opcode that has it
}

// Global is a class or a function, spelled as the pickle has it.
type Global struct {
	Module, Name []byte
	Offset       int // of the opcode that names it
	old          bool
}

// Known reports whether the pickle says the name by itself: what calls make of it is
// known to nobody.
func (n *Global) Known() bool { return n.Module != nil && n.Name != nil }

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

// keptThings is of how many a pickle may have been whose buffers the next one takes.
const keptThings = 10_000

// findRoom is how many bytes it may take to find names, beside the pickle.
const findRoom = 64 << 20

// Find collects what the pickle src names, each as often as it is named, in that order.
// It goes by the opcodes, with a stack of texts and names, and makes no value. What is
// named before a defect counts: pickle.loads has looked it up by then. What stands after
// STOP does not. It is false where src takes more memory than 64 MiB.
func (n *Names) Find(src []byte) bool {
	n.Globals, n.Models, n.Djangos = n.Globals[:0], n.Models[:0], n.Djangos[:0]
	n.Attributes, n.Extensions = n.Attributes[:0], n.Extensions[:0]
	n.Stopped, n.Lacks, n.Calls = false, -1, -1
	f := finder{Names: n, src: src, things: append(n.kept.things[:0], thing{}), stack: n.kept.stack[:0], marks: n.kept.marks[:0], memo: n.kept.memo}
	if clear(f.memo); f.memo == nil {
		f.memo = make(map[uint64]uint32)
	}
	for f.at < len(src) && f.step() {
		if len(src) > findRoom/64 && 4*len(f.stack)+24*len(f.things)+8*len(f.marks)+48*(len(f.memo)+len(f.Globals)+len(f.Attributes)+len(f.Extensions)) > findRoom {
			return false
		}
	}
	n.kept = finder{}
	if len(f.things)+len(f.stack)+len(f.memo) < keptThings {
		n.kept = finder{things: f.things, stack: f.stack, marks: f.marks, memo: f.memo}
	}
	n.End = f.at
	if f.cut || !n.Stopped && f.begin < f.at && opcodes[src[f.begin]].name == "" {
		n.End = f.begin
	}
	if n.Lacks < 0 {
		n.Lacks = n.End
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
	unknown     thingKind = iota
	aText                 // a
	aUnpickler            // model_unpickle
	aPair                 // the tuple of the texts a and b
	aCall                 // a tuple that begins with such a tuple
	aGetattr              // builtins.getattr
	aGlobal               // number a.from of Globals
	anAttribute           // number a.from of Attributes
	anAsking              // a tuple of thing a.from and the text b
	aVague                // a tuple whose second item is no text, or the first nothing known
)

// longestName is how many bytes a text has at most that may be a name.
const longestName = 1024

// finder goes through a pickle.
type finder struct {
	*Names
	src     []byte
	at      int
	begin   int      // of the opcode that is carried out
	cut     bool     // its argument is not whole
	stack   []uint32 // of things; 0 is what nothing is known of
	marks   []int
	things  []thing
	memo    map[uint64]uint32
	proto   byte
	getattr bool // was named
}

func (f *finder) push(t uint32) { f.stack = append(f.stack, t) }

// pop drops the top n, as far as there are so many.
func (f *finder) pop(n int) {
	f.needs(n)
	f.stack = f.stack[:max(0, len(f.stack)-n)]
}

// needs takes note if there are not so many above the last mark, below which no opcode
// reaches.
func (f *finder) needs(n int) {
	fence := 0
	if m := len(f.marks); m > 0 {
		fence = f.marks[m-1]
	}
	if f.Lacks < 0 && len(f.stack)-fence < n {
		f.Lacks = f.begin
	}
}

// calls takes note of an opcode that calls something.
func (f *finder) calls() {
	if f.Calls < 0 && f.Lacks < 0 {
		f.Calls = f.begin
	}
}

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
	if len(f.marks) == 0 && f.Lacks < 0 {
		f.Lacks = f.begin
	}
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
	f.begin = begin
	if op == opStop {
		f.needs(1)
		f.at, f.Stopped = begin+1, true
	}
	if is.name == "" || op == opStop {
		return false
	}
	f.at = skip(f.src, begin+1, is.arg)
	arg := f.src[begin+1 : f.at]
	f.cut = f.at == len(f.src) && !is.arg.whole(arg)
	if f.Constant != nil && isConstant[op] {
		f.constant(op, is.arg, arg)
	}
	switch op {
	case opMark:
		f.marks = append(f.marks, len(f.stack))
	case opPop:
		if n := len(f.marks); n > 0 && f.marks[n-1] == len(f.stack) {
			f.marks = f.marks[:n-1]
		} else {
			f.pop(1)
		}
	case opPopMark:
		f.unmark()
	case opAppends, opAddItems:
		f.hand(f.unmark())
	case opDup:
		f.push(f.top(0))
	case opString, opUnicode, opBinString, opShortBinString, opShortBinUnicode, opBinUnicode, opBinUnicode8:
		f.push(f.text(op, is.arg, arg))
	case opGlobal:
		f.push(f.global(begin, arg))
	case opInst:
		items := f.unmark()
		if class := f.global(begin, arg); f.things[class].is == aGetattr {
			f.push(f.attribute(f.asking(items)))
		} else {
			f.hand(items)
			f.push(0)
		}
		f.calls()
	case opExt1, opExt2, opExt4:
		code := uint32(0)
		for i, c := range arg {
			code |= uint32(c) << (8 * i)
		}
		f.Extensions = append(f.Extensions, Extension{code, begin})
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
		made := uint32(0)
		switch with := f.things[f.top(0)]; f.things[f.top(1)].is {
		case aUnpickler:
			if with.is == aCall {
				f.Models = append(f.Models, Model{f.readAt(with.op, with.a), f.readAt(with.op, with.b)})
			}
		case aGetattr:
			made = f.attribute(with)
		}
		f.pop(2)
		f.calls()
		f.push(made)
	case opSetItem:
		f.hand(f.upper(2))
		f.item(f.top(1), f.top(0))
		f.pop(2)
	case opSetItems, opDict:
		items := f.unmark()
		for f.hand(items); len(items) > 1; items = items[2:] {
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
	case opList, opFrozenSet:
		f.hand(f.unmark())
		f.push(0)
	case opObj:
		items := f.unmark()
		if len(items) > 0 && f.things[items[0]].is == aGetattr {
			f.push(f.attribute(f.asking(items[1:])))
		} else {
			f.hand(items)
			f.push(0)
		}
		f.calls()
	case opAppend:
		f.hand(f.upper(1))
		f.pop(1)
	case opBuild:
		f.hand(f.upper(1))
		f.pop(1)
		f.calls()
	case opBinPersID:
		f.pop(1)
		f.push(0)
	case opNewObj:
		f.pop(2)
		f.calls()
		f.push(0)
	case opNewObjEx:
		f.pop(3)
		f.calls()
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
	number := extent{from: uint32(len(f.Globals) - 1)}
	switch {
	case string(module) == "django.db.models.base" && string(name) == "model_unpickle":
		return f.add(thing{is: aUnpickler})
	case string(name) == "getattr" && (string(module) == "builtins" || string(module) == "__builtin__"):
		f.getattr = true
		return f.add(thing{is: aGetattr, a: number})
	}
	return f.add(thing{is: aGlobal, a: number})
}

// asking is what getattr is called with.
func (f *finder) asking(args []uint32) thing {
	switch {
	case len(args) < 2 || f.things[args[1]].is != aText:
		return thing{is: aVague}
	default:
		text := f.things[args[1]]
		return thing{is: anAsking, op: text.op, a: extent{from: args[0]}, b: text.a}
	}
}

// attribute takes note of what getattr is called for, with a tuple of arguments.
func (f *finder) attribute(with thing) uint32 {
	found := Global{Offset: f.begin, old: f.proto < 3}
	switch with.is {
	case aPair: // of a text
		found.Name = f.readAt(with.op, with.b)
	case anAsking:
		found.Name = f.readAt(with.op, with.b)
		switch of := f.things[with.a.from]; of.is {
		case aGlobal:
			found.under(&f.Globals[of.a.from])
		case anAttribute:
			found.under(&f.Attributes[of.a.from])
		}
	}
	f.Attributes = append(f.Attributes, found)
	return f.add(thing{is: anAttribute, a: extent{from: uint32(len(f.Attributes) - 1)}})
}

// under puts a name below another.
func (n *Global) under(of *Global) {
	if of.Known() && len(of.Name)+len(n.Name) < longestName {
		n.Module = of.Module
		n.Name = append(append(append(make([]byte, 0, len(of.Name)+1+len(n.Name)), of.Name...), '.'), n.Name...)
	}
}

// hand takes note where getattr itself is handed on.
func (f *finder) hand(items []uint32) {
	for _, item := range items {
		if item != 0 && f.things[item].is == aGetattr {
			f.Attributes = append(f.Attributes, f.Globals[f.things[item].a.from])
		}
	}
}

// upper are the n on top of the stack, or as many as there are.
func (f *finder) upper(n int) []uint32 { return f.stack[max(0, len(f.stack)-n):] }

// item is a key of a dict with its value.
func (f *finder) item(key, value uint32) {
	if key != 0 && value != 0 && string(f.read(key)) == "_django_version" && f.things[value].is == aText {
		f.Djangos = append(f.Djangos, f.read(value))
	}
}

// tuple is what is known of one with those items.
func (f *finder) tuple(items []uint32) uint32 {
	f.hand(items)
	if f.getattr && (len(items) == 2 || len(items) == 3) {
		first, second := f.things[items[0]], f.things[items[1]]
		if second.is == aText && (first.is != aText || len(items) == 3) {
			return f.add(f.asking(items))
		}
	}
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

// isConstant tells the opcodes that push a text or bytes.
var isConstant = [256]bool{
	opString: true, opUnicode: true, opBinString: true, opShortBinString: true, opShortBinUnicode: true, opBinUnicode: true, opBinUnicode8: true,
	opBinBytes: true, opShortBinBytes: true, opBinBytes8: true, opByteArray8: true,
}

// constant hands over what an opcode pushes.
func (f *finder) constant(op byte, kind argKind, arg []byte) {
	from, to := f.at-len(arg)+min(kind.size(), len(arg)), f.at
	if kind == argLine && to > from && f.src[to-1] == '\n' {
		to--
	}
	raw := f.src[from:to:to]
	content := f.readAt(op, extent{uint32(from), uint32(to)})
	if len(content) != len(raw) || len(raw) > 0 && &content[0] != &raw[0] {
		from = -1
	}
	f.Constant(f.begin, from, content)
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

// plainDigits reads a line of a few digits and nothing else, as picklers write an index.
func plainDigits(line []byte) (n uint64, ok bool) {
	if len(line) < 2 || len(line) > 18 || line[len(line)-1] != '\n' {
		return 0, false
	}
	for _, c := range line[:len(line)-1] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, true
}

// indexOf is the index of an opcode of the memo.
func indexOf(op byte, arg []byte) (uint64, bool) {
	switch {
	case op == opPut || op == opGet:
		if n, ok := plainDigits(arg); ok {
			return n, true
		}
		// PyLong_FromString, which load_put and load_get of Modules/_pickle.c ask.
		n, ok := parseLong(cString(bytes.TrimSuffix(arg, []byte("\n"))), 10, 20)
		if !ok || !n.IsUint64() {
			return math.MaxUint64, false
		}
		return n.Uint64(), true
	case len(arg) == 4:
		return uint64(binary.LittleEndian.Uint32(arg)), true
	case len(arg) == 1:
		return uint64(arg[0]), true
	}
	return math.MaxUint64, false
}
