package pickle

import (
	"encoding/binary"
	"math"
	"strconv"

	"cachering/codec/pyobj"
)

// Encoder writes values as CPython's pickler would. It may be reused, which saves allocations, but not concurrently. The zero
// Encoder is ready.
type Encoder struct {
	// Budget is the most bytes that a value may take; 0 is the larger of 64 MiB and 16 times the size of the input. Some small
	// values have a very large pickle: a tuple of k lists that each hold the tuple takes k*k steps.
	Budget int64

	g     *pyobj.Graph
	proto int
	start int // where the value begins in buf
	buf   []byte

	memo   []uint64 // by Ref: epoch in the high half, index in the low half
	epoch  uint32
	puts   uint32 // next index
	nodes  uint32 // how many of them are nodes of the value, and not made by the encoder
	frames []frame

	frameStart int // of the open frame's header, valid if frameLimit is not 0
	frameLimit int // a save that begins here or later starts another frame; 0 if no frame is open

	quickEnd int // from this length of buf on, quick leaves the work to save

	open   []visit  // attempts at objects that are not in the memo yet
	opened []uint32 // by Ref: 1 + index of its innermost visit in open
}

const (
	frameHeader = 9
	frameTarget = 64 << 10 // the size from which a frame is closed, and the size from which data goes outside of frames
	batch       = 1000     // items between a mark and APPENDS, SETITEMS or ADDITEMS
)

// Append appends the pickle of root at a protocol from 0 to 5. It may add nodes to g. The error is an *Error, and then dst is
// returned as it was.
func (e *Encoder) Append(dst []byte, g *pyobj.Graph, root pyobj.Ref, protocol int) ([]byte, error) {
	if protocol < 0 || protocol > 5 {
		return dst, writeError(ProtocolError, "protocol %d is not known", protocol)
	}
	e.g, e.proto, e.start, e.buf = g, protocol, len(dst), dst
	e.puts, e.nodes, e.frames = 0, 0, e.frames[:0]
	if e.epoch++; e.epoch == 0 {
		clear(e.memo[:cap(e.memo)])
		e.epoch = 1
	}
	if cap(e.memo) > keepEntries {
		e.memo = nil
	}
	e.cover()
	e.frameLimit = math.MaxInt
	if cap(dst)-len(dst) < 4*quickRoom { // much less would keep the quick paths from being taken
		e.buf = append(make([]byte, 0, len(dst)+4*quickRoom+len(g.Source())), dst...)
	}
	if protocol >= 2 {
		e.buf = append(e.buf, opProto, byte(protocol))
	}
	if protocol >= 4 {
		e.frameLimit = 0
	}
	err := e.save(root)
	if err == nil {
		err = e.run()
	}
	out := e.buf
	e.g, e.buf = nil, nil
	for _, v := range e.open { // only after an error
		e.opened[v.ref] = 0
	}
	e.open = e.open[:0]
	if err != nil {
		return dst, err
	}
	out = append(out, opStop)
	if protocol >= 4 {
		out = e.closeFrame(out)
	}
	if int64(len(out)-e.start) > e.budget(g) {
		return dst, e.tooLarge(g)
	}
	return out, nil
}

func (e *Encoder) budget(g *pyobj.Graph) int64 {
	if e.Budget > 0 {
		return e.Budget
	}
	return max(64<<20, 16*int64(len(g.Source())))
}

func (e *Encoder) tooLarge(g *pyobj.Graph) *Error {
	return writeError(TooLarge, "the pickle would be larger than %d bytes", e.budget(g))
}

// cover makes the notes about nodes reach all nodes.
func (e *Encoder) cover() {
	n := e.g.Size()
	if n <= cap(e.memo) {
		e.memo = e.memo[:cap(e.memo)]
		return
	}
	memo := make([]uint64, n+n/4)
	copy(memo, e.memo)
	e.memo = memo
}

// need makes room for n more bytes, which keeps the hot paths free of growing, and watches the budget.
func (e *Encoder) need(n int) *Error {
	if cap(e.buf)-len(e.buf) >= n {
		return nil
	}
	size := len(e.buf) + n
	if int64(size-e.start) > e.budget(e.g)+frameTarget {
		return e.tooLarge(e.g)
	}
	buf := make([]byte, len(e.buf), max(256, size+size/2))
	copy(buf, e.buf)
	e.buf = buf
	return nil
}

// frame is a container or object that is being written. (Not the frames of the format: those are bytes.)
type frame struct {
	ref  pyobj.Ref
	kind uint8
	i    uint32     // the next item
	part pyobj.Ref  // objects: the attempt whose parts are written
	op   pyobj.OpID // objects: the operation that is being written
	next pyobj.OpID // objects: the one after it
}

const (
	inList = iota
	inDict
	inTuple
	inSet
	inFrozenSet
	inSetCall // a set or frozenset before protocol 4
	inParts   // an object, on its way into existence
	inOps     // an object, afterwards
	inPersID
)

// save begins to write a node. Scalars, strings, everything in the memo and empty containers are done when it returns; others
// are left on the stack for run.
func (e *Encoder) save(x pyobj.Ref) *Error {
	if len(e.buf) >= e.frameLimit {
		e.boundary(x)
	}
	g := e.g
	kind := g.Kind(x)
	if kind > pyobj.Float {
		if m := e.memo[x]; uint32(m>>32) == e.epoch {
			return e.get(uint32(m))
		}
	}
	if err := e.need(64); err != nil {
		return err
	}
	b := e.buf
	switch kind {
	case pyobj.None:
		b = append(b, opNone)
	case pyobj.Bool:
		switch {
		case e.proto >= 2 && x == pyobj.RefTrue:
			b = append(b, opNewTrue)
		case e.proto >= 2:
			b = append(b, opNewFalse)
		case x == pyobj.RefTrue:
			b = append(b, "I01\n"...)
		default:
			b = append(b, "I00\n"...)
		}
	case pyobj.Int:
		v, ok := g.Int64(x)
		if !ok || v != int64(int32(v)) {
			return e.bigInt(x)
		}
		switch {
		case e.proto == 0:
			b = append(b, opInt)
			b = strconv.AppendInt(b, v, 10)
			b = append(b, '\n')
		case v >= 0 && v < 1<<8:
			b = append(b, opBinInt1, byte(v))
		case v >= 0 && v < 1<<16:
			b = append(b, opBinInt2, byte(v), byte(v>>8))
		default:
			b = append(b, opBinInt, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
	case pyobj.Float:
		if e.proto == 0 {
			b = append(b, opFloat)
			b = appendFloat(b, g.Float(x))
			b = append(b, '\n')
		} else {
			b = append(b, opBinFloat)
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(g.Float(x)))
		}
	case pyobj.Str:
		return e.str(x, g.Data(x))
	case pyobj.Bytes:
		return e.bytes(x)
	case pyobj.ByteArray:
		return e.byteArray(x)
	case pyobj.List:
		if e.proto == 0 {
			b = append(b, opMark, opList)
		} else {
			b = append(b, opEmptyList)
		}
		e.buf = b
		e.put(x)
		if g.Len(x) > 0 {
			e.push(x, inList)
		}
		return nil
	case pyobj.Dict:
		if e.proto == 0 {
			b = append(b, opMark, opDict)
		} else {
			b = append(b, opEmptyDict)
		}
		e.buf = b
		e.put(x)
		if g.Len(x) > 0 {
			e.push(x, inDict)
		}
		return nil
	case pyobj.Tuple:
		n := g.Len(x)
		switch {
		case n == 0 && e.proto == 0:
			b = append(b, opMark, opTuple)
		case n == 0:
			b = append(b, opEmptyTuple)
		case n > 3 || e.proto < 2:
			b = append(b, opMark)
		}
		e.buf = b
		if n > 0 {
			e.push(x, inTuple)
		}
		return nil
	case pyobj.Set, pyobj.FrozenSet:
		return e.set(x, kind)
	case pyobj.Global:
		if err := e.global(x, 0); err != nil {
			return err
		}
		e.put(x)
		e.pushOps(x)
		return nil
	case pyobj.Ext:
		return e.ext(x)
	case pyobj.PersID:
		return e.persID(x)
	case pyobj.Reduce, pyobj.NewObj, pyobj.NewObjEx, pyobj.Obj:
		return e.object(x)
	}
	e.buf = b
	return nil
}

// run writes what is on the stack.
func (e *Encoder) run() *Error {
	for len(e.frames) > 0 {
		var err *Error
		f := &e.frames[len(e.frames)-1]
		switch f.kind {
		case inList:
			err = e.list(f)
		case inDict:
			err = e.dict(f)
		case inTuple:
			err = e.tuple(f)
		case inSet:
			err = e.setItems(f)
		case inFrozenSet:
			err = e.frozenSet(f)
		case inSetCall:
			err = e.setCall(f)
		case inParts:
			err = e.parts(f)
		case inOps:
			err = e.operations(f)
		case inPersID:
			err = e.endPersID(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Encoder) push(x pyobj.Ref, kind uint8) {
	if len(e.frames) == cap(e.frames) {
		frames := make([]frame, len(e.frames), 2*len(e.frames)+32)
		copy(frames, e.frames)
		e.frames = frames
	}
	e.frames = append(e.frames, frame{ref: x, kind: kind})
}

func (e *Encoder) pop() { e.frames = e.frames[:len(e.frames)-1] }

// put memoizes a node that has just been written.
func (e *Encoder) put(x pyobj.Ref) {
	e.memo[x] = uint64(e.epoch)<<32 | uint64(e.puts)
	e.nodes++
	e.putFresh()
}

// putFresh memoizes what the encoder has made up; nothing will refer to it.
func (e *Encoder) putFresh() {
	b := e.buf
	switch i := e.puts; {
	case e.proto >= 4:
		if e.frameLimit == 0 {
			b = e.openFrame(b)
		}
		b = append(b, opMemoize)
	case e.proto == 0:
		b = append(b, opPut)
		b = strconv.AppendUint(b, uint64(i), 10)
		b = append(b, '\n')
	case i < 1<<8:
		b = append(b, opBinPut, byte(i))
	default:
		b = append(b, opLongBinPut, byte(i), byte(i>>8), byte(i>>16), byte(i>>24))
	}
	e.buf = b
	e.puts++
}

func (e *Encoder) inMemo(x pyobj.Ref) (index uint32, ok bool) {
	m := e.memo[x]
	return uint32(m), uint32(m>>32) == e.epoch
}

func (e *Encoder) get(i uint32) *Error {
	if err := e.need(16); err != nil {
		return err
	}
	b := e.buf
	switch {
	case e.proto == 0:
		b = append(b, opGet)
		b = strconv.AppendUint(b, uint64(i), 10)
		b = append(b, '\n')
	case i < 1<<8:
		b = append(b, opBinGet, byte(i))
	default:
		b = append(b, opLongBinGet, byte(i), byte(i>>8), byte(i>>16), byte(i>>24))
	}
	e.buf = b
	return nil
}

// boundary is what CPython does at the start of every save and only there: a frame that is full is closed. The next one opens
// at once, unless x is large data, which goes outside of frames.
func (e *Encoder) boundary(x pyobj.Ref) {
	if e.frameLimit != 0 {
		e.buf = e.closeFrame(e.buf)
	}
	if e.isLarge(x) {
		if _, ok := e.inMemo(x); !ok {
			return
		}
	}
	e.buf = e.openFrame(e.buf)
}

func (e *Encoder) isLarge(x pyobj.Ref) bool {
	switch e.g.Kind(x) {
	case pyobj.Str, pyobj.Bytes:
		return e.g.Len(x) >= frameTarget
	case pyobj.ByteArray:
		return e.g.Len(x) >= frameTarget && e.proto >= 5
	}
	return false
}

func (e *Encoder) openFrame(b []byte) []byte {
	e.frameStart = len(b)
	e.frameLimit = len(b) + frameHeader + frameTarget
	return append(b, opFrame, 0, 0, 0, 0, 0, 0, 0, 0)
}

func (e *Encoder) closeFrame(b []byte) []byte {
	if e.frameLimit == 0 {
		return b
	}
	e.frameLimit = 0
	body := b[e.frameStart+frameHeader:]
	if len(body) < 4 {
		n := copy(b[e.frameStart:], body)
		return b[:e.frameStart+n]
	}
	binary.LittleEndian.PutUint64(b[e.frameStart+1:], uint64(len(body)))
	return b
}

// str writes a Str of the value and memoizes it.
func (e *Encoder) str(x pyobj.Ref, data []byte) *Error {
	if err := e.text(data); err != nil {
		return err
	}
	e.put(x)
	return nil
}

// text writes a str, without memoizing it.
func (e *Encoder) text(data []byte) *Error {
	if e.proto == 0 {
		if err := e.need(32 + len(data)); err != nil {
			return err
		}
		b := append(e.buf, opUnicode)
		b = appendUnicode(b, data)
		e.buf = append(b, '\n')
		return nil
	}
	return e.sized(data, opShortBinUnicode, opBinUnicode, opBinUnicode8, e.proto >= 4)
}

// sized writes data after its length in 1, 4 or 8 bytes.
func (e *Encoder) sized(data []byte, op1, op4, op8 byte, short bool) *Error {
	if err := e.need(32 + len(data)); err != nil {
		return err
	}
	b := e.buf
	if e.proto >= 4 && len(data) >= frameTarget {
		b = e.closeFrame(b)
	}
	switch n := len(data); {
	case n < 1<<8 && short:
		b = append(b, op1, byte(n))
	case op4 != 0 && uint64(n) <= math.MaxUint32:
		b = append(b, op4, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	default:
		b = append(b, op8)
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	e.buf = append(b, data...)
	return nil
}

func (e *Encoder) bytes(x pyobj.Ref) *Error {
	data := e.g.Data(x)
	if err := e.freshBytes(data); err != nil {
		return err
	}
	e.put(x)
	return nil
}

// freshBytes writes a bytes, without memoizing it.
func (e *Encoder) freshBytes(data []byte) *Error {
	if e.proto >= 3 {
		return e.sized(data, opShortBinBytes, opBinBytes, opBinBytes8, true)
	}
	if len(data) == 0 {
		return e.emptyCall(pyobj.SymBytes)
	}
	// Before there was an opcode for bytes, picklers wrote text and a call that encodes it.
	if err := e.save(pyobj.SymEncode); err != nil {
		return err
	}
	if e.proto < 2 {
		e.buf = append(e.buf, opMark)
	}
	if len(data) == 1 {
		if err := e.save(pyobj.CharRef(data[0])); err != nil {
			return err
		}
	} else {
		if err := e.latin1(data); err != nil {
			return err
		}
		e.putFresh()
	}
	if err := e.save(pyobj.RefLatin1); err != nil {
		return err
	}
	e.endArgs(2)
	return nil
}

// latin1 writes the str of which Latin-1 makes data.
func (e *Encoder) latin1(data []byte) *Error {
	if asciiPrefix(data) == len(data) {
		return e.text(data)
	}
	if err := e.need(32 + len(data)); err != nil {
		return err
	}
	b := e.buf
	if e.proto > 0 {
		b = append(b, opBinUnicode, 0, 0, 0, 0)
		n := len(b)
		b = appendLatin1(b, data)
		binary.LittleEndian.PutUint32(b[n-4:], uint32(len(b)-n))
		e.buf = b
		return nil
	}
	b = append(b, opUnicode)
	for len(data) > 0 {
		n := cleanLine(data)
		b = append(b, data[:n]...)
		if data = data[n:]; len(data) == 0 {
			break
		}
		if data[0] < 0x80 {
			b = appendUnicode(b, data[:1])
		} else {
			b = append(b, data[0])
		}
		data = data[1:]
	}
	e.buf = append(b, '\n')
	return nil
}

// emptyCall writes a call without arguments.
func (e *Encoder) emptyCall(f pyobj.Ref) *Error {
	if err := e.save(f); err != nil {
		return err
	}
	if e.proto == 0 {
		e.buf = append(e.buf, opMark, opTuple, opReduce)
	} else {
		e.buf = append(e.buf, opEmptyTuple, opReduce)
	}
	return nil
}

// endArgs ends the fresh tuple of n arguments whose items have been written, after a mark before protocol 2, and the call.
func (e *Encoder) endArgs(n int) {
	if e.proto >= 2 && n <= 3 {
		e.buf = append(e.buf, byte(opTuple1+n-1))
	} else {
		e.buf = append(e.buf, opTuple)
	}
	e.putFresh()
	e.buf = append(e.buf, opReduce)
}

func (e *Encoder) byteArray(x pyobj.Ref) *Error {
	data := e.g.Data(x)
	switch {
	case e.proto >= 5:
		if err := e.sized(data, 0, 0, opByteArray8, false); err != nil {
			return err
		}
	case len(data) == 0:
		if err := e.emptyCall(pyobj.SymByteArray); err != nil {
			return err
		}
	default:
		if err := e.save(pyobj.SymByteArray); err != nil {
			return err
		}
		if e.proto < 2 {
			e.buf = append(e.buf, opMark)
		}
		if len(e.buf) >= e.frameLimit {
			e.boundarySize(len(data))
		}
		if err := e.freshBytes(data); err != nil {
			return err
		}
		e.putFresh()
		e.endArgs(1)
	}
	e.put(x)
	return nil
}

// boundarySize is boundary for data that is no node.
func (e *Encoder) boundarySize(n int) {
	if e.frameLimit != 0 {
		e.buf = e.closeFrame(e.buf)
	}
	if n < frameTarget {
		e.buf = e.openFrame(e.buf)
	}
}

// bigInt writes an Int that needs more than 32 bits.
func (e *Encoder) bigInt(x pyobj.Ref) *Error {
	g := e.g
	v, small := g.Int64(x)
	if e.proto < 2 {
		b := append(e.buf, opLong)
		if small {
			b = strconv.AppendInt(b, v, 10)
		} else {
			if len(g.IntData(x)) > maxIntData {
				return writeError(NumberError, "an int of more than %d digits cannot be read back at protocol %d", maxDigits, e.proto)
			}
			digits := g.Big(x).Append(nil, 10)
			if n := len(digits); n > maxDigits+1 || n == maxDigits+1 && digits[0] != '-' {
				return writeError(NumberError, "an int of more than %d digits cannot be read back at protocol %d", maxDigits, e.proto)
			}
			e.buf = b
			if err := e.need(len(digits) + 16); err != nil {
				return err
			}
			b = append(e.buf, digits...)
		}
		e.buf = append(b, 'L', '\n')
		return nil
	}
	var room [8]byte
	data := room[:]
	if small {
		binary.LittleEndian.PutUint64(data, uint64(v))
		for n := len(data); n > 1 && (data[n-1] == 0 && data[n-2] < 0x80 || data[n-1] == 0xff && data[n-2] >= 0x80); n-- {
			data = data[:n-1]
		}
	} else {
		data = g.IntData(x)
	}
	if err := e.need(16 + len(data)); err != nil {
		return err
	}
	if n := len(data); n < 1<<8 {
		e.buf = append(e.buf, opLong1, byte(n))
	} else {
		e.buf = append(e.buf, opLong4, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	e.buf = append(e.buf, data...)
	return nil
}

// maxIntData bounds the bytes of an int of 4300 digits, so that larger ones are not converted in vain.
const maxIntData = maxDigits*3322/8000 + 2
