package pickle

import (
	"encoding/binary"
	"math"
	"strconv"

	"cachering/codec/pyobj"
)

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
			digits, ok := g.AppendInt(nil, x)
			if !ok {
				return writeError(NumberError, "an int of more than %d digits cannot be read back at protocol %d", g.Digits(), e.proto)
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
