package pickle

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// shared is what the memo gives for v: nothing is added to a container by way of it.
func shared(v val) val {
	if v.kind > valKey {
		v.kind = valShared
	}
	return v
}

// put returns the end of the opcode at p if that memoizes under the index next, else 0. next never falls during a rewrite.
func (w *rewriter) put(src []byte, p, next int) (end int) {
	if p == len(src) {
		return 0
	}
	arg := word(src, p+1)
	switch src[p] {
	case opMemoize:
		return p + 1
	case opBinPut:
		if arg&0xff == uint64(next) {
			end = p + 2
		}
	case opLongBinPut:
		if arg&0xffffffff == uint64(next) {
			end = p + 5
		}
	case opPut:
		for w.line.index < next {
			w.line.advance()
		}
		if (arg^w.line.word)&w.line.mask == 0 {
			end = p + 1 + w.line.size
		}
	}
	if end > len(src) {
		return 0
	}
	return end
}

// word is the eight bytes at p as far as src goes, then zeros. src must not be shorter than that, nor p beyond its end.
func word(src []byte, p int) uint64 {
	if missing := p + 8 - len(src); missing > 0 {
		return binary.LittleEndian.Uint64(src[len(src)-8:]) >> (8 * missing)
	}
	return binary.LittleEndian.Uint64(src[p:])
}

// indexLine is the line that a PUT of some index has, as the low bytes of a word: up to seven digits.
type indexLine struct {
	index, size int
	word, mask  uint64
}

var firstLine = indexLine{size: 2, word: '0' | '\n'<<8, mask: 0xffff}

// advance makes it the line of the next index: it counts as people do.
func (l *indexLine) advance() {
	l.index++
	for at := 8 * (l.size - 2); at >= 0; at -= 8 {
		if byte(l.word>>at) != '9' {
			l.word += 1 << at
			return
		}
		l.word -= 9 << at
	}
	l.size++
	l.word = l.word<<8 | '1'
	l.mask = l.mask<<8 | 0xff
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
	copy(b[at:], text)
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
		s := word(src, int(v.off))
		if len(text) >= 8 {
			s = s*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(text[len(text)-8:])
		} else {
			s &= 1<<(8*len(text)) - 1
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

// appendInt appends an int of 32 bits. It looks the form up because nobody could predict a branch.
func appendInt(b []byte, v int32) []byte {
	const (
		ops   = "KKKKKKKKK" + "MMMMMMMM" + "JJJJJJJJJJJJJJJJ" // by number of bits: BININT1, BININT2, BININT
		sizes = "222222222" + "33333333" + "5555555555555555"
	)
	form := bits.Len32(uint32(v))
	n := len(b)
	b = append(b, ops[form], byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	return b[:n+int(sizes[form]-'0')]
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
