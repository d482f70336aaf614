package pickle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"cachering/codec/pyobj"
)

// Decoder reads pickles. It may be reused, which saves allocations, but not concurrently. The zero Decoder is ready, and reads
// Python 2 byte strings as loads() does by default.
type Decoder struct {
	Py2Strings Py2Strings

	g     *pyobj.Graph
	src   []byte
	stack []pyobj.Ref
	marks []uint32
	memo  []pyobj.Ref          // by index, 0 unset
	far   map[uint32]pyobj.Ref // indexes that no array should reach to
	puts  int                  // entries of memo and far
	proto int

	calls   bool // some call was made
	popped  bool // something was dropped
	kept    []pyobj.Ref
	pending []pendingString
	py2     Py2Counts
	args    []pyobj.Ref // scratch
	buf     []byte
	text    []byte
}

// maxInput keeps offsets and node numbers well inside 32 bits.
const maxInput = 1 << 31

// Decode reads the one value that src holds into g, which it resets. The nodes point into src: it must not change while they
// are used. The error is an *Error.
func (d *Decoder) Decode(g *pyobj.Graph, src []byte) (pyobj.Ref, error) {
	g.Reset(src)
	if len(src) >= maxInput {
		return 0, &Error{Kind: TooLarge, Text: "more than 2 GiB"}
	}
	d.g, d.src = g, src
	if cap(d.stack) > keepEntries {
		d.stack = nil
	}
	if cap(d.memo) > keepEntries {
		d.memo = nil
	}
	d.stack, d.marks, d.memo = d.stack[:0], d.marks[:0], d.memo[:0]
	if len(d.far) > 0 {
		d.far = nil
	}
	d.kept, d.pending = d.kept[:0], d.pending[:0]
	d.puts, d.proto, d.calls, d.popped, d.py2 = 0, 0, false, false, Py2Counts{}
	root, err := d.run()
	if err == nil {
		err = d.finish(root)
	}
	d.g, d.src = nil, nil
	if err != nil {
		return 0, err
	}
	return root, nil
}

// keepEntries bounds what a Decoder or Encoder keeps in each of its arrays from one value to the next.
const keepEntries = 1 << 20

// Py2 counts the Python 2 byte strings of the value decoded last.
func (d *Decoder) Py2() Py2Counts { return d.py2 }

func (d *Decoder) fail(kind ErrorKind, at int, format string, args ...any) *Error {
	e := &Error{Kind: kind, Offset: at, Text: format}
	if len(args) > 0 {
		e.Text = fmt.Sprintf(format, args...)
	}
	if at < len(d.src) {
		e.Op = opcodes[d.src[at]].name
	}
	return e
}

func (d *Decoder) short(at int) *Error {
	return d.fail(Truncated, at, "the data ends inside")
}

func (d *Decoder) underflow(at int) *Error {
	if len(d.marks) > 0 {
		return d.fail(StackError, at, "nothing above the mark")
	}
	return d.fail(StackError, at, "stack is empty")
}

// run executes the opcodes up to STOP. Its local variables are the state that every opcode touches: p the position, stack the
// values, fence the height of the topmost mark, below which nothing may be popped.
func (d *Decoder) run() (pyobj.Ref, *Error) {
	g, src, stack, fence := d.g, d.src, d.stack, 0
	callEnd := -1 // end of the opcode that made the call on top, when no other opcode came since
	popEnd := -1  // end of the POP that dropped the call in lastCall
	var lastCall pyobj.Ref
	for p := 0; p < len(src); {
		at := p
		op := src[p]
		p++
		var x pyobj.Ref // what the opcode pushes
		switch op {
		case opBinPut, opLongBinPut, opPut, opMemoize:
			var index uint32
			switch op {
			case opBinPut:
				if p == len(src) {
					return 0, d.short(at)
				}
				index = uint32(src[p])
				p++
			case opLongBinPut:
				if len(src)-p < 4 {
					return 0, d.short(at)
				}
				index = binary.LittleEndian.Uint32(src[p:])
				p += 4
			case opPut:
				var err *Error
				if index, p, err = d.textIndex(at, p); err != nil {
					return 0, err
				}
			default:
				index = uint32(d.puts)
			}
			if len(stack) == fence {
				return 0, d.underflow(at)
			}
			d.put(index, stack[len(stack)-1])
			continue

		case opBinGet, opLongBinGet, opGet:
			var index uint32
			switch op {
			case opBinGet:
				if p == len(src) {
					return 0, d.short(at)
				}
				index = uint32(src[p])
				p++
			case opLongBinGet:
				if len(src)-p < 4 {
					return 0, d.short(at)
				}
				index = binary.LittleEndian.Uint32(src[p:])
				p += 4
			default:
				var err *Error
				if index, p, err = d.textIndex(at, p); err != nil {
					return 0, err
				}
			}
			if int(index) < len(d.memo) {
				x = d.memo[index]
			} else if d.far != nil {
				x = d.far[index]
			}
			if x == 0 {
				return 0, d.fail(MemoError, at, "memo has no entry %d", index)
			}
			if popEnd == at {
				d.keepAttempt(x, lastCall)
			}

		case opShortBinUnicode:
			if p == len(src) || len(src)-p-1 < int(src[p]) {
				return 0, d.short(at)
			}
			n := int(src[p])
			p++
			if !validText(src[p : p+n]) {
				return 0, d.badText(at)
			}
			x = g.SrcStr(p, n)
			p += n
		case opBinUnicode:
			if len(src)-p < 4 || len(src)-p-4 < int(binary.LittleEndian.Uint32(src[p:])) {
				return 0, d.short(at)
			}
			n := int(binary.LittleEndian.Uint32(src[p:]))
			p += 4
			if !validText(src[p : p+n]) {
				return 0, d.badText(at)
			}
			x = g.SrcStr(p, n)
			p += n
		case opUnicode:
			n := plainLine(src[p:])
			if p+n < len(src) && src[p+n] == '\n' {
				x = g.SrcStr(p, n)
				p += n + 1
				break
			}
			more := bytes.IndexByte(src[p+n:], '\n')
			if more < 0 {
				return 0, d.short(at)
			}
			n += more
			room := g.Room(2*n + 8)
			size, ok := decodeUnicodeLine(room, src[p:p+n])
			if !ok {
				return 0, d.fail(TextError, at, "bad \\u escape")
			}
			x = g.UseStr(size)
			p += n + 1

		case opBinInt1:
			if p == len(src) {
				return 0, d.short(at)
			}
			x = g.NewInt(int64(src[p]))
			p++
		case opBinInt2:
			if len(src)-p < 2 {
				return 0, d.short(at)
			}
			x = g.NewInt(int64(binary.LittleEndian.Uint16(src[p:])))
			p += 2
		case opBinInt:
			if len(src)-p < 4 {
				return 0, d.short(at)
			}
			x = g.NewInt(int64(int32(binary.LittleEndian.Uint32(src[p:]))))
			p += 4
		case opInt, opLong, opFloat:
			if op == opFloat {
				if f, end := smallFloat(src, p); end > 0 {
					x = g.NewFloat(f)
					p = end
					break
				}
			}
			if v, end := shortInt(src, p); end > 0 && op == opInt {
				x = g.NewInt(v)
				p = end
				break
			}
			n := bytes.IndexByte(src[p:], '\n')
			if n < 0 {
				return 0, d.short(at)
			}
			if x = d.number(op, src[p:p+n]); x == 0 {
				return 0, d.fail(NumberError, at, "not a number, or one of more than %d digits", maxDigits)
			}
			p += n + 1
		case opBinFloat:
			if len(src)-p < 8 {
				return 0, d.short(at)
			}
			x = g.NewFloat(math.Float64frombits(binary.BigEndian.Uint64(src[p:])))
			p += 8
		case opNone:
			x = pyobj.RefNone
		case opNewTrue:
			x = pyobj.RefTrue
		case opNewFalse:
			x = pyobj.RefFalse
		case opLong1:
			if p == len(src) || len(src)-p-1 < int(src[p]) {
				return 0, d.short(at)
			}
			x = g.SrcInt(p+1, int(src[p]))
			p += 1 + int(src[p])

		case opMark:
			if len(d.marks) == cap(d.marks) {
				d.marks = grow(d.marks, len(src))
			}
			d.marks = append(d.marks, uint32(fence))
			fence = len(stack)
			continue
		case opEmptyList:
			x = g.NewList()
		case opEmptyDict:
			x = g.NewDict()
		case opEmptyTuple:
			x = pyobj.RefEmptyTuple
		case opEmptySet:
			x = g.NewSet()
		case opTuple1, opTuple2, opTuple3:
			n := int(op) - opTuple1 + 1
			if len(stack)-fence < n {
				return 0, d.underflow(at)
			}
			x = g.NewTuple(stack[len(stack)-n:]...)
			stack = stack[:len(stack)-n]

		case opAppend, opSetItem:
			n := 1
			if op == opSetItem {
				n = 2
			}
			if len(stack)-fence < n+1 {
				return 0, d.underflow(at)
			}
			items := stack[len(stack)-n:]
			stack = stack[:len(stack)-n]
			if x := stack[len(stack)-1]; op == opAppend && g.Kind(x) == pyobj.List {
				g.Append(x, items...)
				continue
			}
			if err := d.extend(at, op, stack[len(stack)-1], items); err != nil {
				return 0, err
			}
			continue
		case opAppends, opSetItems, opAddItems:
			if len(d.marks) == 0 {
				return 0, d.fail(StackError, at, "no mark on the stack")
			}
			items := stack[fence:]
			stack = stack[:fence]
			fence = d.unmark()
			if len(stack) == fence {
				return 0, d.underflow(at)
			}
			if err := d.extend(at, op, stack[len(stack)-1], items); err != nil {
				return 0, err
			}
			continue
		case opTuple, opList, opDict, opFrozenSet, opObj, opInst:
			if len(d.marks) == 0 {
				return 0, d.fail(StackError, at, "no mark on the stack")
			}
			var err *Error
			if x, p, err = d.fromMark(at, p, stack[fence:]); err != nil {
				return 0, err
			}
			stack = stack[:fence]
			fence = d.unmark()

		case opProto:
			if p == len(src) {
				return 0, d.short(at)
			}
			if src[p] > 5 {
				return 0, d.fail(ProtocolError, at, "protocol %d is not known", src[p])
			}
			d.proto = int(src[p])
			p++
			continue
		case opFrame:
			if len(src)-p < 8 || uint64(len(src)-p-8) < binary.LittleEndian.Uint64(src[p:]) {
				return 0, d.short(at)
			}
			p += 8
			if callEnd == at {
				callEnd = p
			}
			if popEnd == at {
				popEnd = p
			}
			continue
		case opStop:
			switch {
			case len(stack) == fence:
				return 0, d.underflow(at)
			case len(stack) > 1 || len(d.marks) > 0:
				return 0, d.fail(StackError, at, "%d more values or marks on the stack", len(stack)-1+len(d.marks))
			case p < len(src):
				return 0, d.fail(Trailing, at, "%d more bytes after the end", len(src)-p)
			}
			d.stack = stack
			return stack[0], nil

		case opPop:
			switch {
			case len(stack) > fence:
				x := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				d.popped = true
				if callEnd == at {
					if len(stack) == fence || !d.keepEffect(stack[len(stack)-1], x) {
						popEnd, lastCall = p, x
					}
				}
			case len(d.marks) > 0:
				fence = d.unmark()
			default:
				return 0, d.underflow(at)
			}
			continue
		case opPopMark:
			if len(d.marks) == 0 {
				return 0, d.fail(StackError, at, "no mark on the stack")
			}
			stack = stack[:fence]
			fence = d.unmark()
			d.popped = true
			continue
		case opDup:
			if len(stack) == fence {
				return 0, d.underflow(at)
			}
			x = stack[len(stack)-1]

		case opGlobal:
			module, name, end, err := d.twoLines(at, p)
			if err != nil {
				return 0, err
			}
			p = end
			if x, err = d.global(at, module, name); err != nil {
				return 0, err
			}
		case opStackGlobal:
			if len(stack)-fence < 2 {
				return 0, d.underflow(at)
			}
			module, name := stack[len(stack)-2], stack[len(stack)-1]
			stack = stack[:len(stack)-2]
			if g.Kind(module) != pyobj.Str || g.Kind(name) != pyobj.Str {
				return 0, d.fail(TypeError, at, "names are %v and %v, not str", g.Kind(module), g.Kind(name))
			}
			var err *Error
			if x, err = d.global(at, g.Data(module), g.Data(name)); err != nil {
				return 0, err
			}
		case opReduce, opNewObj:
			if len(stack)-fence < 2 {
				return 0, d.underflow(at)
			}
			var err *Error
			if x, err = d.call(at, op, stack[len(stack)-2], stack[len(stack)-1], 0); err != nil {
				return 0, err
			}
			stack = stack[:len(stack)-2]
			callEnd = p
		case opNewObjEx:
			if len(stack)-fence < 3 {
				return 0, d.underflow(at)
			}
			var err *Error
			if x, err = d.call(at, op, stack[len(stack)-3], stack[len(stack)-2], stack[len(stack)-1]); err != nil {
				return 0, err
			}
			stack = stack[:len(stack)-3]
			callEnd = p
		case opBuild:
			if len(stack)-fence < 2 {
				return 0, d.underflow(at)
			}
			state := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			obj := stack[len(stack)-1]
			if !d.takes(obj) {
				return 0, d.fail(TypeError, at, "%v has no state", g.Kind(obj))
			}
			g.AddBuild(obj, state)
			continue

		default:
			if opcodes[op].name == "" {
				return 0, d.fail(OpcodeError, at, "0x%02x is no opcode", op)
			}
			var err *Error
			switch op {
			case opBinPersID:
				if len(stack) == fence {
					return 0, d.underflow(at)
				}
				x = g.NewPersID(stack[len(stack)-1])
				stack = stack[:len(stack)-1]
			default:
				x, p, err = d.rare(at, p, op)
			}
			if err != nil {
				return 0, err
			}
		}
		n := len(stack)
		if n == cap(stack) {
			stack = grow(stack, len(src))
		}
		stack = stack[:n+1]
		stack[n] = x

		// Most values are memoized at once, under the next index.
		if p+1 >= len(src) || d.puts != len(d.memo) || len(d.memo) == cap(d.memo) {
			continue
		}
		switch src[p] {
		case opMemoize:
			p++
		case opBinPut:
			if int(src[p+1]) != d.puts {
				continue
			}
			p += 2
		case opPut:
			end := isIndex(src, p+1, d.puts)
			if end == 0 {
				continue
			}
			p = end
		default:
			continue
		}
		d.memo = d.memo[:d.puts+1]
		d.memo[d.puts] = x
		d.puts++
		if g.Kind(x) >= pyobj.PersID {
			g.SetPut(x)
		}
	}
	return 0, d.fail(Truncated, len(src), "no STOP")
}

// grow doubles the array, but not beyond one entry for each byte of input, which is the most that any of them can need.
func grow[T ~uint32](a []T, input int) []T {
	b := make([]T, len(a), max(64, input/8+1, min(2*len(a), input+1)))
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

// textIndex reads the index of PUT or GET.
func (d *Decoder) textIndex(at, p int) (index uint32, end int, err *Error) {
	src := d.src
	var n uint64
	for i := p; i < len(src); i++ {
		c := src[i]
		if c == '\n' && i > p {
			return uint32(n), i + 1, nil
		}
		if c < '0' || c > '9' {
			break
		}
		if n = n*10 + uint64(c-'0'); n > math.MaxUint32 {
			break
		}
	}
	if bytes.IndexByte(src[p:], '\n') < 0 {
		return 0, 0, d.short(at)
	}
	return 0, 0, d.fail(MemoError, at, "malformed memo index")
}

// shortInt reads decimal digits and the newline after them as INT has them, if they are few and well-formed; end is 0 if not.
func shortInt(src []byte, p int) (v int64, end int) {
	i := p
	if i < len(src) && src[i] == '-' {
		i++
	}
	first := i
	for ; i < len(src) && i < first+18; i++ {
		c := src[i] - '0'
		if c > 9 {
			break
		}
		v = v*10 + int64(c)
	}
	if i == first || i == len(src) || src[i] != '\n' || src[first] == '0' && i-p > 1 {
		return 0, 0
	}
	if first > p {
		v = -v
	}
	return v, i + 1
}

// isIndex returns the end of the line at p if it holds the decimal index n, else 0.
func isIndex(src []byte, p, n int) (end int) {
	v := 0
	for i := p; i < len(src) && i < p+9; i++ {
		c := src[i] - '0'
		if c > 9 {
			if src[i] == '\n' && v == n && i > p {
				return i + 1
			}
			return 0
		}
		v = v*10 + int(c)
	}
	return 0
}

// put sets a memo entry. Indexes are not trusted: the array may become as long as the input, beyond that they go to a map.
func (d *Decoder) put(index uint32, x pyobj.Ref) {
	if d.g.Kind(x) >= pyobj.PersID {
		d.g.SetPut(x)
	}
	if int(index) < len(d.memo) {
		if d.memo[index] == 0 {
			d.puts++
		}
		d.memo[index] = x
		return
	}
	if int(index) <= len(d.src) {
		n := len(d.memo)
		for cap(d.memo) <= int(index) {
			d.memo = grow(d.memo[:cap(d.memo)], len(d.src)+1)
		}
		d.memo = d.memo[:index+1]
		clear(d.memo[n:])
		d.memo[index] = x
		d.puts++
		return
	}
	if d.far == nil {
		d.far = make(map[uint32]pyobj.Ref)
	}
	if _, ok := d.far[index]; !ok {
		d.puts++
	}
	d.far[index] = x
}

// takes reports whether something can be done to x after it was made. The classes and functions that the encoder uses itself
// are immutable, or nearly; being sure of it keeps the encoder simple.
func (d *Decoder) takes(x pyobj.Ref) bool {
	return d.g.Kind(x).IsObj() && !(d.g.Kind(x) == pyobj.Global && x < pyobj.SymEnd)
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
		d.calls = true
		x = g.NewCall(pyobj.Obj, items[0], g.NewList(items[1:]...))
	case opInst:
		module, name, after, err := d.twoLines(at, p)
		if err != nil {
			return 0, 0, err
		}
		cls, err := d.global(at, module, name)
		if err != nil {
			return 0, 0, err
		}
		d.calls = true
		return g.NewCall(pyobj.Obj, cls, g.NewList(items...)), after, nil
	}
	return x, p, err
}

// rare executes the opcodes that push one value and need nothing from the stack, but for those that are worth being fast.
func (d *Decoder) rare(at, p int, op byte) (x pyobj.Ref, end int, err *Error) {
	g, src := d.g, d.src
	rest := src[p:]
	n := opcodes[op].arg.size()
	if opcodes[op].arg == argLine {
		if n = bytes.IndexByte(rest, '\n') + 1; n == 0 {
			return 0, 0, d.short(at)
		}
	}
	if len(rest) < n {
		return 0, 0, d.short(at)
	}
	arg := rest[:n]
	p += n
	var size uint64
	switch opcodes[op].arg {
	case argData1:
		size = uint64(arg[0])
	case argData4:
		size = uint64(binary.LittleEndian.Uint32(arg))
	case argSData4:
		v := int32(binary.LittleEndian.Uint32(arg))
		if v < 0 {
			return 0, 0, d.fail(LengthError, at, "length %d", v)
		}
		size = uint64(v)
	case argData8:
		size = binary.LittleEndian.Uint64(arg)
	}
	if size > uint64(len(src)-p) {
		return 0, 0, d.short(at)
	}
	data := src[p : p+int(size)]
	end = p + int(size)
	switch op {
	case opShortBinBytes, opBinBytes, opBinBytes8:
		x = g.SrcBytes(p, len(data))
	case opByteArray8:
		x = g.SrcByteArray(p, len(data))
	case opBinUnicode8:
		if !validText(data) {
			return 0, 0, d.badText(at)
		}
		x = g.SrcStr(p, len(data))
	case opLong4:
		x = g.SrcInt(p, len(data))
	case opShortBinString, opBinString:
		x = d.py2String(at, p, data)
	case opString:
		line := arg[:len(arg)-1]
		if len(line) < 2 || line[0] != line[len(line)-1] || line[0] != '\'' && line[0] != '"' {
			return 0, 0, d.fail(TextError, at, "no quotes around the string")
		}
		line = line[1 : len(line)-1]
		if bytes.IndexByte(line, '\\') < 0 {
			return d.py2String(at, p-len(line)-2, line), end, nil
		}
		var ok bool
		if d.buf, ok = appendQuoted(d.buf[:0], line); !ok {
			return 0, 0, d.fail(TextError, at, "bad escape")
		}
		x = d.py2String(at, -1, d.buf)
	case opPersID:
		line := arg[:len(arg)-1]
		if asciiPrefix(line) < len(line) {
			return 0, 0, d.fail(TextError, at, "a persistent id that is not ASCII")
		}
		x = g.NewPersID(g.SrcStr(p-len(arg), len(line)))
	case opExt1, opExt2, opExt4:
		var code int32
		switch len(arg) {
		case 1:
			code = int32(arg[0])
		case 2:
			code = int32(binary.LittleEndian.Uint16(arg))
		default:
			code = int32(binary.LittleEndian.Uint32(arg))
		}
		if code <= 0 {
			return 0, 0, d.fail(ExtError, at, "extension code %d", code)
		}
		x = g.NewExt(code)
	case opNextBuffer, opReadOnlyBuffer:
		return 0, 0, d.fail(BufferError, at, "part of the value is kept outside of the pickle")
	}
	return x, end, nil
}

// number reads the text of INT, LONG or FLOAT; 0 if it is malformed.
func (d *Decoder) number(op byte, line []byte) pyobj.Ref {
	switch op {
	case opFloat:
		if f, ok := parseFloat(line); ok {
			return d.g.NewFloat(f)
		}
		return 0
	case opInt:
		if len(line) == 2 && line[0] == '0' && line[1]&^1 == '0' {
			return d.g.NewBool(line[1] == '1')
		}
	default:
		if n := len(line); n > 0 && line[n-1] == 'L' {
			line = line[:n-1]
		}
	}
	v, x, ok := parseInt(line, op == opLong)
	switch {
	case !ok:
		return 0
	case x != nil:
		return d.g.NewBigInt(x)
	}
	return d.g.NewInt(v)
}

// twoLines reads the module and name of GLOBAL or INST.
func (d *Decoder) twoLines(at, p int) (module, name []byte, end int, err *Error) {
	i := bytes.IndexByte(d.src[p:], '\n')
	if i < 0 {
		return nil, nil, 0, d.short(at)
	}
	j := bytes.IndexByte(d.src[p+i+1:], '\n')
	if j < 0 {
		return nil, nil, 0, d.short(at)
	}
	module, name = d.src[p:p+i], d.src[p+i+1:p+i+1+j]
	if !validUTF8(module) || !validUTF8(name) {
		return nil, nil, 0, d.badText(at)
	}
	return module, name, p + i + j + 2, nil
}

// global is the class or function of that name, in Python 3's spelling.
func (d *Decoder) global(at int, module, name []byte) (pyobj.Ref, *Error) {
	switch {
	case len(module) == 0 || len(name) == 0:
		return 0, d.fail(NameError, at, "an empty name")
	case d.proto < 4 && bytes.IndexByte(name, '.') >= 0:
		return 0, d.fail(NameError, at, "a dotted name, which means nothing before protocol 4")
	}
	if d.proto < 3 {
		module, name = toPython3(module, name)
	}
	return d.g.NewGlobal(module, name), nil
}
