package pickle

import (
	"bytes"
	"encoding/binary"
	"math"

	"cachering/codec/pyobj"
)

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
	return d.oddIndex(at, p)
}

// oddIndex is textIndex for what no pickler writes.
func (d *Decoder) oddIndex(at, p int) (index uint32, end int, err *Error) {
	line := bytes.IndexByte(d.src[p:], '\n')
	if line < 0 {
		return 0, 0, d.short(at)
	}
	if d.AsLoads {
		if index, ok := d.loadsIndex(d.src[p : p+line]); ok {
			return index, p + line + 1, nil
		}
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
			d.memo = grow(d.g, d.memo[:cap(d.memo)], len(d.src)+1)
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
	case opNextBuffer:
		return 0, 0, d.fail(BufferError, at, "part of the value is kept outside of the pickle")
	}
	return x, end, nil
}

// number reads the text of INT, LONG or FLOAT as picklers write it; 0 if it is malformed.
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
	v, x, ok := parseInt(line, op == opLong, d.g.Digits())
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
	case d.AsLoads && bytes.ContainsAny(module, "\x00\r\n"), d.AsLoads && bytes.ContainsAny(name, "\x00\r\n"):
		return 0, d.fail(NameError, at, "a name with a control character")
	case d.proto < 4 && bytes.IndexByte(name, '.') >= 0:
		return 0, d.fail(NameError, at, "a dotted name, which means nothing before protocol 4")
	}
	if d.proto < 3 {
		if module, name = toPython3(module, name); !d.Lenient && isGone(module, name) {
			return 0, d.fail(NameError, at, "Python 3 has no %s.%s", module, name)
		}
	}
	return d.g.NewGlobal(module, name), nil
}
