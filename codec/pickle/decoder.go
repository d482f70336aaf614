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
	// Lenient lets values of Python 2 pass that Python 3 could not load, whatever is made of their strings: to be looked at,
	// not to be written.
	Lenient bool
	// AsIs gives code the byte strings of Python 2 as Py2Strings reads them, also where it then fails: to be looked at, too.
	AsIs bool
	// AsLoads takes what pickle.loads takes and no pickler writes: bytes after the end, values left on the stack, calls whose
	// result is dropped, numbers spelled as C and Python spell them. To be looked at, too: a rewriter that drops what it does
	// not understand would do harm.
	AsLoads bool
	// Evaluate makes plain values of calls of builtin types with plain arguments, list([1, 2]), which otherwise stay calls.
	Evaluate bool

	g     *pyobj.Graph
	src   []byte
	stack []pyobj.Ref
	marks []uint32
	memo  []pyobj.Ref          // by index, 0 unset
	far   map[uint32]pyobj.Ref // indexes that no array should reach to
	puts  int                  // entries of memo and far
	proto int
	room  int // what may still be copied, see spend

	calls   bool // some call was made
	popped  bool // something was dropped
	kept    []pyobj.Ref
	pending []pendingString
	py2     Py2Counts
	args    []pyobj.Ref // scratch
	buf     []byte
	text    []byte

	wanted   pyobj.Ref // a call whose offset is to be found, see discarded
	wantedAt int
}

// maxInput keeps offsets and node numbers well inside 32 bits.
const maxInput = 1 << 31

// Decode reads the one value that src holds into g, which it resets. The nodes point into src: it must not change while they
// are used. The error is an *Error.
func (d *Decoder) Decode(g *pyobj.Graph, src []byte) (pyobj.Ref, error) {
	if len(src) >= maxInput {
		g.Reset(src)
		return 0, &Error{Kind: TooLarge, Text: "more than 2 GiB"}
	}
	d.reset(g, src)
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

// reset prepares for decoding src into g.
func (d *Decoder) reset(g *pyobj.Graph, src []byte) {
	g.Reset(src)
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
	d.room = len(src) + 1<<10
}

// keepEntries bounds what a Decoder or Encoder keeps in each of its arrays from one value to the next.
const keepEntries = 1 << 17

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
			if x = d.number(op, src[p:p+n]); x == 0 && d.AsLoads {
				x = d.loadsNumber(op, src[p:p+n])
			}
			if x == 0 {
				return 0, d.fail(NumberError, at, "not a number, or one of more than %d digits", g.Digits())
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
				d.marks = grow(g, d.marks, len(src))
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
			case d.AsLoads:
			case len(stack) > 1 || len(d.marks) > 0:
				return 0, d.fail(StackError, at, "%d more values or marks on the stack", len(stack)-1+len(d.marks))
			case p < len(src):
				return 0, d.fail(Trailing, at, "%d more bytes after the end", len(src)-p)
			}
			d.stack = stack
			return stack[len(stack)-1], nil

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
			switch {
			case d.takes(obj):
				g.AddBuild(obj, state)
			case !d.AsLoads || !d.loadsBuild(obj, state):
				return 0, d.fail(TypeError, at, "%v has no state", g.Kind(obj))
			}
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
			case opReadOnlyBuffer:
				switch {
				case !d.AsLoads:
					return 0, d.fail(BufferError, at, "part of the value is kept outside of the pickle")
				case len(stack) == fence:
					return 0, d.underflow(at)
				}
				x, err = d.readOnly(at, stack[len(stack)-1])
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
			stack = grow(g, stack, len(src))
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
