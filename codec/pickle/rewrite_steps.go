package pickle

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// shared is what the memo gives for v: nothing is added to a container by way of it.
func shared(v val) val {
	if v.kind > valKey {
		v.kind = valShared
	}
	return v
}

// put returns the end of the argument of an opcode that memoizes under the index next, 0 if op is none or the index another.
func (w *rewriter) put(src []byte, p int, op byte, next int) (end int) {
	switch op {
	case opMemoize:
		return p
	case opBinPut:
		if p < len(src) && int(src[p]) == next {
			return p + 1
		}
	case opLongBinPut:
		if len(src)-p >= 4 && uint64(binary.LittleEndian.Uint32(src[p:])) == uint64(next) {
			return p + 4
		}
	case opPut:
		if next != w.expect.index || w.expect.size == 0 {
			w.expect.advance(next)
		}
		if len(src)-p >= 8 && (binary.LittleEndian.Uint64(src[p:])^w.expect.word)&w.expect.mask == 0 {
			return p + w.expect.size
		}
		return isIndex(src, p, next)
	}
	return 0
}

// indexLine is the line that a PUT of some index has, as the low bytes of a word.
type indexLine struct {
	index, size int
	word, mask  uint64
}

// advance makes it the line of another index; that of the next one is cheap.
func (l *indexLine) advance(index int) {
	last := 8 * (l.size - 2) & 63
	if l.size > 0 && index == l.index+1 && byte(l.word>>last) != '9' {
		l.index = index
		l.word += 1 << last
		return
	}
	var line [20]byte
	text := append(strconv.AppendInt(line[:0], int64(index), 10), '\n')
	*l = indexLine{index: index, size: len(text), word: binary.LittleEndian.Uint64(line[:])}
	l.mask = 1<<(8*len(text)) - 1
}

// str writes and memoizes a str, or fetches it if it is one that Python has once and the output has already; memo is its number.
// escaped text is decoded; a line without escapes is known to be ASCII.
func (w *rewriter) str(b, text []byte, escaped, line bool, proto int, puts uint32) (out []byte, memo uint32, ok bool) {
	n := len(text)
	head := len(b)
	if room := 2*n + 64; cap(b)-head < room {
		b = append(make([]byte, 0, 2*cap(b)+room), b...)
	}
	if escaped {
		at := head + 5
		if proto >= 4 && n < 1<<8 {
			at = head + 2 // where it shall stand, unless it becomes longer than that
		}
		decoded := b[at : at+2*n+8]
		if n, ok = decodeUnicodeLine(decoded, text); !ok {
			return b, 0, false
		}
		text = decoded[:n]
	} else if !line && !validText(text) {
		return b, 0, false
	}
	if n <= 2 {
		c := -1
		switch {
		case n == 0:
			c = emptyStr
		case n == 1:
			c = int(text[0])
		case text[0]&0xfe == 0xc2:
			c = int(text[0]&3)<<6 | int(text[1]&0x3f)
		}
		if c >= 0 {
			if k := w.known[c]; uint32(k>>32) == w.epoch {
				return appendGet(b, uint32(k)), uint32(k), true
			}
			w.known[c] = uint64(w.epoch)<<32 | uint64(puts)
		}
	}
	at := head + 5
	if proto >= 4 && n < 1<<8 {
		at = head + 2
	}
	b = b[:at+n]
	if d := b[at:cap(b)]; n <= 16 && cap(text) >= 16 && !escaped { // two moves are cheaper than a call
		s := text[:16]
		binary.LittleEndian.PutUint64(d, binary.LittleEndian.Uint64(s))
		binary.LittleEndian.PutUint64(d[8:], binary.LittleEndian.Uint64(s[8:]))
	} else {
		copy(d, text)
	}
	if at == head+2 {
		b[head], b[head+1] = opShortBinUnicode, byte(n)
	} else {
		b[head] = opBinUnicode
		binary.LittleEndian.PutUint32(b[head+1:], uint32(n))
	}
	return appendPut(b, proto, puts), puts, true
}

// complete ends a container that was filled one by one, now that it is used.
func (w *rewriter) complete(b []byte, start int, src []byte, v *val) (out []byte, ok bool) {
	if v.kind < valTextList {
		return b, true
	}
	w.text--
	one, many := byte(opAppend), byte(opAppends)
	if v.kind == valTextDict {
		one, many = opSetItem, opSetItems
		keys := w.keys[len(w.keys)-int(v.n):]
		if v.n > 1 && !w.distinct(src, keys, 1) {
			return b, false
		}
		w.keys = w.keys[:len(w.keys)-int(v.n)]
	}
	v.kind = valShared
	switch v.n {
	case 0:
		return b, v.off == 0
	case 1:
		b, ok = w.unmark(b, start+int(v.off), len(src))
		return append(b, one), ok
	}
	return append(b, many), true
}

// incomplete reports whether one of the values should have been completed when the next one began. That was not known then.
func (w *rewriter) incomplete(vals []val) bool {
	if w.text > 0 {
		for _, v := range vals {
			if v.kind >= valTextList {
				return true
			}
		}
	}
	return false
}

// unmark removes a mark from the output. What that costs is kept in proportion to the input.
func (w *rewriter) unmark(b []byte, at, input int) (out []byte, ok bool) {
	n := copy(b[at:], b[at+1:])
	w.moved += n
	return b[:at+n], w.moved <= 4*input+256
}

// distinct reports whether all keys are strs that differ; it may fail to see it.
func (w *rewriter) distinct(src []byte, items []val, step int) bool {
	n := len(items) / step
	same := n == len(w.last)
	for i := 0; same && i < n; i++ {
		same = items[i*step].memo == w.last[i] && items[i*step].kind == valKey
	}
	if same {
		return true
	}
	var signs [rewriteKeys]uint64
	for i := range n {
		v := items[i*step]
		if v.kind != valKey {
			return false
		}
		text := src[v.off : v.off+v.n]
		var s uint64
		if len(text) >= 8 {
			s = binary.LittleEndian.Uint64(text)*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(text[len(text)-8:])
		} else {
			for _, c := range text {
				s = s<<8 | uint64(c)
			}
		}
		s += uint64(v.n) << 56
		for j, other := range signs[:i] {
			if o := items[j*step]; s == other && (v.n > 64 || bytes.Equal(text, src[o.off:o.off+o.n])) {
				return false
			}
		}
		signs[i] = s
	}
	w.last = w.last[:0]
	for i := range n {
		w.last = append(w.last, items[i*step].memo)
	}
	return true
}

// appendInt appends an int of 32 bits.
func appendInt(b []byte, v int32) []byte {
	switch {
	case uint32(v) < 1<<8:
		return append(b, opBinInt1, byte(v))
	case uint32(v) < 1<<16:
		return append(b, opBinInt2, byte(v), byte(v>>8))
	}
	return append(b, opBinInt, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

// appendGet appends the opcode that fetches from the memo, in a binary protocol.
func appendGet(b []byte, i uint32) []byte {
	if i < 1<<8 {
		return append(b, opBinGet, byte(i))
	}
	return append(b, opLongBinGet, byte(i), byte(i>>8), byte(i>>16), byte(i>>24))
}

// appendPut appends the opcode that memoizes under the next index, in a binary protocol.
func appendPut(b []byte, proto int, i uint32) []byte {
	switch {
	case proto >= 4:
		return append(b, opMemoize)
	case i < 1<<8:
		return append(b, opBinPut, byte(i))
	}
	return append(b, opLongBinPut, byte(i), byte(i>>8), byte(i>>16), byte(i>>24))
}
