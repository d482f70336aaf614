package pickle

import (
	"bytes"
	"math"
	"math/big"

	"cachering/codec/pyobj"
)

// What pickle.loads of CPython takes and no pickler writes is read here, where Decoder.AsLoads asks for it: Modules/_pickle.c,
// which is what an application runs. It is the same in all releases from 3.6 on.

// cString is a line up to the first NUL, which ends it for the functions of C that read numbers.
func cString(line []byte) []byte {
	if i := bytes.IndexByte(line, 0); i >= 0 {
		return line[:i]
	}
	return line
}

// isSpace is isspace of C, and Py_ISSPACE.
func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// loadsNumber reads the text of INT, LONG or FLOAT that number does not take; 0 if CPython does not either.
func (d *Decoder) loadsNumber(op byte, line []byte) pyobj.Ref {
	switch {
	case len(line) == 0:
		return 0
	case op == opFloat:
		if f, ok := parseFloat(cString(line)); ok {
			return d.g.NewFloat(f)
		}
		return 0
	case op == opLong && line[len(line)-1] == 'L':
		line = line[:len(line)-1]
	case op == opInt:
		// load_int asks strtol first, which knows the octal numbers of C, and takes 0 and 1 of two characters for bools.
		if text := cString(line); len(text) == 0 {
			if len(line) == 2 {
				return pyobj.RefFalse
			}
			return d.g.NewInt(0)
		} else if v, ok := strtol(text); ok {
			if len(line) == 2 && (v == 0 || v == 1) {
				return d.g.NewBool(v == 1)
			}
			return d.g.NewInt(v)
		}
	}
	x, ok := parseLong(cString(line), 0, d.g.Digits())
	if !ok {
		return 0
	}
	return d.g.NewBigInt(x)
}

// strtol is that of C in base 0, applied to all of the text; not ok where it stops early, or overflows.
func strtol(s []byte) (v int64, ok bool) {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	neg := len(s) > 0 && s[0] == '-'
	if len(s) > 0 && (neg || s[0] == '+') {
		s = s[1:]
	}
	base := uint64(10)
	switch {
	case len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x':
		base, s = 16, s[2:]
	case len(s) > 1 && s[0] == '0':
		base = 8
	}
	limit := uint64(math.MaxInt64)
	if neg {
		limit++
	}
	if len(s) == 0 {
		return 0, false
	}
	var n uint64
	for _, c := range s {
		digit := uint64(digitValue(c))
		if digit >= base || n > (limit-digit)/base {
			return 0, false
		}
		n = n*base + digit
	}
	if neg {
		n = -n
	}
	return int64(n), true
}

// digitValue is the value of a digit or letter as Python counts up to base 36; 99 of all else.
func digitValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return 99
}

// parseLong reads an int as PyLong_FromString does: blanks around it, a sign, with base 0 a prefix that says the base, single
// underscores between digits, and in bases that are no power of two as many digits as are allowed.
func parseLong(s []byte, base, most int) (x *big.Int, ok bool) {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	neg := len(s) > 0 && s[0] == '-'
	if len(s) > 0 && (neg || s[0] == '+') {
		s = s[1:]
	}
	prefix := 0
	if len(s) > 1 && s[0] == '0' {
		switch s[1] | 0x20 {
		case 'x':
			prefix = 16
		case 'o':
			prefix = 8
		case 'b':
			prefix = 2
		}
	}
	zero := false
	if base == 0 {
		if base = 10; prefix != 0 {
			base = prefix
		} else {
			zero = len(s) > 0 && s[0] == '0' // the octal numbers of Python 2
		}
	}
	if prefix != 0 && prefix == base {
		if s = s[2:]; len(s) > 0 && s[0] == '_' {
			s = s[1:]
		}
	}
	digits := make([]byte, 0, len(s))
	underscore := true
	for _, c := range s {
		if c == '_' && !underscore {
			underscore = true
			continue
		}
		if digitValue(c) >= base || zero && c != '0' {
			return nil, false
		}
		underscore = false
		digits = append(digits, c)
	}
	if underscore {
		return nil, false
	}
	bits := map[int]uint{2: 1, 4: 2, 8: 3, 16: 4, 32: 5}[base]
	switch {
	case bits != 0:
		x = bitsValue(digits, bits)
	case len(digits) > most:
		return nil, false
	default:
		x, _ = new(big.Int).SetString(string(digits), base)
	}
	if neg {
		x.Neg(x)
	}
	return x, true
}

// bitsValue is the value of digits of so many bits each. It takes linear time, which big.Int.SetString does not.
func bitsValue(digits []byte, bits uint) *big.Int {
	out := make([]byte, (len(digits)*int(bits)+7)/8)
	var word, have uint
	at := len(out)
	for i := len(digits) - 1; i >= 0; i-- {
		word |= uint(digitValue(digits[i])) << have
		for have += bits; have >= 8; have -= 8 {
			at--
			out[at] = byte(word)
			word >>= 8
		}
	}
	if have > 0 {
		out[at-1] = byte(word)
	}
	return new(big.Int).SetBytes(out)
}

// loadsIndex reads the index of PUT or GET that textIndex does not take.
func (d *Decoder) loadsIndex(line []byte) (index uint32, ok bool) {
	x, ok := parseLong(cString(line), 10, d.g.Digits())
	if !ok || !x.IsUint64() || x.Uint64() > math.MaxUint32 || len(line) == 0 {
		return 0, false
	}
	return uint32(x.Uint64()), true
}

// loadsExtend executes APPEND(S), SETITEM(S) and ADDITEMS on what is neither a container of that sort nor an object: nothing
// may be added to anything, and lists and bytearrays have items of their own. False: CPython refuses it as well.
func (d *Decoder) loadsExtend(op byte, x pyobj.Ref, items []pyobj.Ref) bool {
	g := d.g
	switch {
	case len(items) == 0:
		return true
	case g.Kind(x) == pyobj.ByteArray && (op == opAppend || op == opAppends):
		data, _, ok := d.byteItems(items)
		if ok = ok && d.spend(g.Len(x)+len(data)); ok {
			g.SetData(x, append(append(make([]byte, 0, g.Len(x)+len(data)), g.Data(x)...), data...))
		}
		return ok
	case g.Kind(x) != pyobj.List && g.Kind(x) != pyobj.ByteArray || op != opSetItem && op != opSetItems:
		return false
	}
	var data []byte
	if g.Kind(x) == pyobj.ByteArray {
		if !d.spend(g.Len(x)) {
			return false
		}
		data = bytes.Clone(g.Data(x))
	}
	for i := 0; i < len(items); i += 2 {
		at, ok := d.index(items[i])
		if at < 0 {
			at += int64(g.Len(x))
		}
		if !ok || at < 0 || at >= int64(g.Len(x)) {
			return false
		}
		if data == nil {
			g.Replace(x, int(at), items[i+1])
			continue
		}
		value, _, ok := d.byteItems(items[i+1 : i+2])
		if !ok {
			return false
		}
		data[at] = value[0]
	}
	if data != nil {
		g.SetData(x, data)
	}
	return true
}

// index is the value of what Python takes for an index, of 64 bits at most.
func (d *Decoder) index(x pyobj.Ref) (v int64, ok bool) {
	switch d.g.Kind(x) {
	case pyobj.Bool:
		if d.g.Bool(x) {
			v = 1
		}
		return v, true
	case pyobj.Int:
		return d.g.Int64(x)
	}
	return 0, false
}

// byteItems are the bytes that ints stand for. known is false where that depends on an object, and then ok is, too.
func (d *Decoder) byteItems(items []pyobj.Ref) (data []byte, known, ok bool) {
	data = make([]byte, 0, len(items))
	for _, x := range items {
		if d.g.Kind(x).IsObj() {
			return nil, false, false
		}
		v, ok := d.index(x)
		if !ok || v < 0 || v > math.MaxUint8 {
			return nil, true, false
		}
		data = append(data, byte(v))
	}
	return data, true, true
}

// loadsBuild reports whether BUILD does nothing to a value that has no state: load_build looks for its __dict__ only where
// the state is not None.
func (d *Decoder) loadsBuild(obj, state pyobj.Ref) bool {
	g := d.g
	if g.Kind(state) == pyobj.Tuple && g.Len(state) == 2 {
		slots := g.Items(state)[1]
		return g.Items(state)[0] == pyobj.RefNone && g.Kind(slots) == pyobj.Dict && g.Len(slots) == 0
	}
	return state == pyobj.RefNone || g.Kind(obj) == pyobj.Global && g.Kind(state) == pyobj.Dict && g.Len(state) == 0
}

// readOnly executes READONLY_BUFFER: what is writable becomes a memoryview of itself, and what is not stays.
func (d *Decoder) readOnly(at int, x pyobj.Ref) (pyobj.Ref, *Error) {
	switch k := d.g.Kind(x); {
	case k == pyobj.ByteArray:
		return d.g.NewReduce(d.g.NewGlobal([]byte("builtins"), []byte("memoryview")), d.g.NewTuple(x)), nil
	case k == pyobj.Bytes, k.IsObj() && d.takes(x):
		return x, nil
	default:
		return 0, d.fail(TypeError, at, "%v is no buffer", k)
	}
}

// spend takes n from what may be copied in all while a value is read, which is in proportion to its size: containers that are
// shared can be copied again and again. False: that is used up.
func (d *Decoder) spend(n int) bool {
	d.room -= n
	return d.room >= 0
}
