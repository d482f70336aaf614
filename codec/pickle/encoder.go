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
	if g.Lacks(len(g.Source())) {
		return dst, e.tooLarge(g)
	}
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
	if int64(size-e.start) > e.budget(e.g)+frameTarget || e.g.Lacks(size-e.start) {
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
