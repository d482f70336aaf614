package pickle

import (
	"encoding/binary"
	"math"

	"cachering/codec/pyobj"
)

// The methods below write containers. Each is called again when an item that is a container itself has been written, and goes
// on where it left; it removes its frame from the stack at the end.

// item saves an item and reports whether it is done; if not, its frame lies above.
func (e *Encoder) item(x pyobj.Ref) (done bool, err *Error) {
	n := len(e.frames)
	err = e.save(x)
	return len(e.frames) == n, err
}

// quickRoom is the room that quick asks for: more than it ever writes.
const quickRoom = 320

// quick appends the commonest nodes to b, which is e.buf: it is save for a binary protocol, as long as no frame ends and b need
// not grow. It says whether it has done so; in b, since that is cheap to pass and to return.
func (e *Encoder) quick(b []byte, x pyobj.Ref) ([]byte, bool) {
	if len(b) >= e.quickEnd {
		return b, false
	}
	g := e.g
	kind := g.Kind(x)
	if kind <= pyobj.Float {
		switch kind {
		case pyobj.Int:
			v, ok := g.Int64(x)
			switch {
			case !ok || v != int64(int32(v)):
				return b, false
			case uint64(v) < 1<<8:
				return append(b, opBinInt1, byte(v)), true
			case uint64(v) < 1<<16:
				return append(b, opBinInt2, byte(v), byte(v>>8)), true
			}
			return append(b, opBinInt, byte(v), byte(v>>8), byte(v>>16), byte(v>>24)), true
		case pyobj.Float:
			return binary.BigEndian.AppendUint64(append(b, opBinFloat), math.Float64bits(g.Float(x))), true
		case pyobj.None:
			return append(b, opNone), true
		}
		if e.proto < 2 {
			return b, false
		}
		if x == pyobj.RefTrue {
			return append(b, opNewTrue), true
		}
		return append(b, opNewFalse), true
	}
	if m := e.memo[x]; uint32(m>>32) == e.epoch {
		if i := uint32(m); i < 1<<8 {
			return append(b, opBinGet, byte(i)), true
		} else {
			return append(b, opLongBinGet, byte(i), byte(i>>8), byte(i>>16), byte(i>>24)), true
		}
	}
	if kind != pyobj.Str {
		return b, false
	}
	data := g.Data(x)
	n := len(data)
	if n >= 1<<8 {
		return b, false
	}
	if e.proto >= 4 {
		b = append(b, opShortBinUnicode, byte(n))
	} else {
		b = append(b, opBinUnicode, byte(n), 0, 0, 0)
	}
	if end := len(b) + n; n <= 16 && cap(data) >= 16 { // two moves are cheaper than a call
		d, s := b[len(b):len(b)+16], data[:16]
		binary.LittleEndian.PutUint64(d, binary.LittleEndian.Uint64(s))
		binary.LittleEndian.PutUint64(d[8:], binary.LittleEndian.Uint64(s[8:]))
		b = b[:end]
	} else {
		b = append(b, data...)
	}
	i := e.puts
	e.memo[x] = uint64(e.epoch)<<32 | uint64(i)
	e.nodes++
	e.puts++
	switch {
	case e.proto >= 4:
		return append(b, opMemoize), true
	case i < 1<<8:
		return append(b, opBinPut, byte(i)), true
	}
	return append(b, opLongBinPut, byte(i), byte(i>>8), byte(i>>16), byte(i>>24)), true
}

// quicken lets quick run until the buffer is nearly full or a frame is.
func (e *Encoder) quicken() {
	e.quickEnd = 0
	if e.proto > 0 {
		e.quickEnd = min(cap(e.buf)-quickRoom, e.frameLimit)
	}
}

func (e *Encoder) list(f *frame) *Error {
	items := e.g.Items(f.ref)
	if e.proto == 0 {
		return e.textItems(f, items, 1, opAppend)
	}
	n := uint32(len(items))
	i := f.i
	e.quicken()
	b := e.buf
	for {
		if i > 0 && (i == n || i%batch == 0) {
			if n == 1 {
				b = append(b, opAppend)
			} else {
				b = append(b, opAppends)
			}
		}
		if i == n {
			break
		}
		if n > 1 && i%batch == 0 {
			b = append(b, opMark)
		}
		for end := min(n, i-i%batch+batch); i < end; {
			var ok bool
			x := items[i]
			i++
			if b, ok = e.quick(b, x); ok {
				continue
			}
			f.i, e.buf = i, b
			if done, err := e.item(x); !done || err != nil {
				return err
			}
			e.quicken()
			b = e.buf
		}
	}
	e.buf = b
	e.pop()
	return nil
}

func (e *Encoder) dict(f *frame) *Error {
	items := e.g.Items(f.ref)
	if e.proto == 0 {
		return e.textItems(f, items, 2, opSetItem)
	}
	const batch = 2 * batch
	n := uint32(len(items))
	i := f.i
	e.quicken()
	b := e.buf
	for {
		if i > 0 && (i == n || i%batch == 0) {
			if n == 2 {
				b = append(b, opSetItem)
			} else {
				b = append(b, opSetItems)
			}
		}
		if n > 2 && i%batch == 0 {
			b = append(b, opMark)
			if i == n { // CPython begins another batch before it sees that the dict is done
				b = append(b, opSetItems)
			}
		}
		if i == n {
			break
		}
		for end := min(n, i-i%batch+batch); i < end; {
			var ok bool
			x := items[i]
			i++
			if b, ok = e.quick(b, x); ok {
				continue
			}
			f.i, e.buf = i, b
			if done, err := e.item(x); !done || err != nil {
				return err
			}
			e.quicken()
			b = e.buf
		}
	}
	e.buf = b
	e.pop()
	return nil
}

// textItems writes the items of a list or dict at protocol 0, an opcode after each one or two.
func (e *Encoder) textItems(f *frame, items []pyobj.Ref, width uint32, op byte) *Error {
	for i := f.i; ; {
		if i > 0 && i%width == 0 {
			e.buf = append(e.buf, op)
		}
		if int(i) == len(items) {
			break
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	e.pop()
	return nil
}

func (e *Encoder) tuple(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := len(items)
	for int(f.i) < n {
		f.i++
		if done, err := e.item(items[f.i-1]); !done || err != nil {
			return err
		}
	}
	x := f.ref
	e.pop()
	if err := e.need(n + 32); err != nil {
		return err
	}
	if i, ok := e.inMemo(x); ok { // the tuple is part of itself: the items have it in the memo, drop what is here
		switch {
		case e.proto >= 2 && n <= 3:
			for range n {
				e.buf = append(e.buf, opPop)
			}
		case e.proto >= 1:
			e.buf = append(e.buf, opPopMark)
		default:
			for range n + 1 {
				e.buf = append(e.buf, opPop)
			}
		}
		return e.get(i)
	}
	if e.proto >= 2 && n <= 3 {
		e.buf = append(e.buf, byte(opTuple1+n-1))
	} else {
		e.buf = append(e.buf, opTuple)
	}
	e.put(x)
	return nil
}

// set begins to write a Set or FrozenSet.
func (e *Encoder) set(x pyobj.Ref, kind pyobj.Kind) *Error {
	switch {
	case e.proto < 4:
		if err := e.enter(x); err != nil {
			return err
		}
		f := pyobj.SymSet
		if kind == pyobj.FrozenSet {
			f = pyobj.SymFrozenSet
		}
		if err := e.save(f); err != nil {
			return err
		}
		switch e.proto {
		case 0:
			e.buf = append(e.buf, opMark, opMark, opList)
		case 1:
			e.buf = append(e.buf, opMark, opEmptyList)
		default:
			e.buf = append(e.buf, opEmptyList)
		}
		e.putFresh()
		e.push(x, inSetCall)
	case kind == pyobj.FrozenSet:
		e.buf = append(e.buf, opMark)
		e.push(x, inFrozenSet)
	default:
		e.buf = append(e.buf, opEmptySet)
		e.put(x)
		if e.g.Len(x) > 0 {
			e.push(x, inSet)
		}
	}
	return nil
}

func (e *Encoder) setItems(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := uint32(len(items))
	for i := f.i; ; {
		if i > 0 && (i == n || i%batch == 0) {
			e.buf = append(e.buf, opAddItems)
		}
		if i%batch == 0 {
			e.buf = append(e.buf, opMark)
			if i == n { // as for dicts
				e.buf = append(e.buf, opAddItems)
			}
		}
		if i == n {
			break
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	e.pop()
	return nil
}

func (e *Encoder) frozenSet(f *frame) *Error {
	items := e.g.Items(f.ref)
	for int(f.i) < len(items) {
		f.i++
		if done, err := e.item(items[f.i-1]); !done || err != nil {
			return err
		}
	}
	x := f.ref
	e.pop()
	if err := e.need(32); err != nil {
		return err
	}
	if i, ok := e.inMemo(x); ok {
		e.buf = append(e.buf, opPopMark)
		return e.get(i)
	}
	e.buf = append(e.buf, opFrozenSet)
	e.put(x)
	return nil
}

// setCall writes the items of a fresh list, and then ends the call of set or frozenset.
func (e *Encoder) setCall(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := uint32(len(items))
	for i := f.i; ; {
		if i > 0 {
			switch {
			case e.proto == 0 || n == 1:
				e.buf = append(e.buf, opAppend)
			case i == n || i%batch == 0:
				e.buf = append(e.buf, opAppends)
			}
		}
		if i == n {
			break
		}
		if e.proto > 0 && n > 1 && i%batch == 0 {
			e.buf = append(e.buf, opMark)
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	x := f.ref
	e.pop()
	if err := e.need(64); err != nil {
		return err
	}
	e.endArgs(1)
	e.leave(x)
	_, err := e.made(x)
	return err
}

// made ends the making of x by a call: it is memoized, unless making it has made it already.
func (e *Encoder) made(x pyobj.Ref) (fresh bool, err *Error) {
	if err := e.need(32); err != nil {
		return false, err
	}
	if i, ok := e.inMemo(x); ok {
		e.buf = append(e.buf, opPop)
		return false, e.get(i)
	}
	e.put(x)
	return true, nil
}
