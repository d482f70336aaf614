package pickle

import (
	"bytes"
	"encoding/binary"
	"math"
)

// A rewriter turns pickles of plain data directly into those of protocol 2 or later, opcode by opcode, without building the
// graph. It does so only where the result is what Decoder and Encoder give, and otherwise gives up: it never reports an error,
// and it never guesses. FuzzRewrite compares the two.
//
// Plain data is None, bools, ints of 32 bits, floats, strs, lists, tuples and dicts with few keys, all of them strs; a list is
// filled by one APPEND or APPENDS, or by an APPEND for each item, and a dict alike; all in all less than 64 KiB. For such values
// picklers of all protocols visit the same nodes in the same order and memoize the same of them. What differs is spelling, and
// where the marks stand. Two things make equal values one object or one entry, and are looked after: the strs of which Python
// has one, and equal keys.
type rewriter struct {
	vals  []val
	marks []rewriterMark
	memo  []val       // of the input
	keys  []val       // of the open dicts that SETITEM fills one by one
	last  []uint32    // numbers of the keys of the last dict that was looked at
	known [257]uint64 // by character, and emptyStr: epoch in the high half, number in the output's memo in the low half
	epoch uint32
	text  int // containers on the stack that are filled one by one
	moved int // bytes that were moved because a mark turned out wrong

	line indexLine
}

// val is a value on the stack.
type val struct {
	kind valKind
	n    uint32 // of keys the length, of containers the number of items or pairs
	off  uint32 // of keys where they stand in the input, of containers filled one by one where their mark stands in the output
	memo uint32 // number in the output's memo
}

type valKind uint8

const (
	valAtom     valKind = iota // not memoized
	valShared                  // memoized: a container that is complete, or any str
	valKey                     // a str that stands in the input as it is
	valList                    // as EMPTY_LIST makes it
	valDict                    // as EMPTY_DICT makes it
	valTextList                // as LIST makes it: to be filled one by one
	valTextDict                // as DICT makes it: to be filled one by one
)

type rewriterMark struct {
	fence int    // height of the stack below which the mark before this one lets nothing be popped
	out   uint32 // where it stands in the output
}

const (
	rewriteMin  = 8           // what is shorter than a word would need care everywhere
	rewriteMax  = frameTarget // what is longer may need more frames than one
	rewriteKeys = 24          // dicts with more keys are left to the graph, which finds equal ones in linear time
	emptyStr    = 256         // see known
)

// step is what the rewriter does about an opcode. The numbers are dense where those of the opcodes are not, so that the switch
// below becomes a table of jumps.
type step uint8

const (
	giveUp step = iota
	stepProto
	stepFrame
	stepPut
	stepAppend
	stepSetItem
	stepFill
	stepTuple
	stepTupleN
	stepStop

	// From here on: steps that begin a value.
	stepMark
	stepConstant
	stepInt1
	stepInt2
	stepInt4
	stepIntLine
	stepFloat
	stepFloatLine
	stepGet1
	stepGet4
	stepGetLine
	stepEmptyList
	stepEmptyDict

	// From here on: strs.
	stepStr1
	stepStr4
	stepStrLine
)

var steps = [256]step{
	opProto: stepProto, opFrame: stepFrame, opBinPut: stepPut, opLongBinPut: stepPut, opPut: stepPut, opMemoize: stepPut,
	opAppend: stepAppend, opSetItem: stepSetItem, opAppends: stepFill, opSetItems: stepFill, opTuple: stepTuple,
	opTuple1: stepTupleN, opTuple2: stepTupleN, opTuple3: stepTupleN, opStop: stepStop, opMark: stepMark, opNone: stepConstant,
	opNewTrue: stepConstant, opNewFalse: stepConstant, opEmptyTuple: stepConstant, opBinInt1: stepInt1, opBinInt2: stepInt2,
	opBinInt: stepInt4, opInt: stepIntLine, opBinFloat: stepFloat, opFloat: stepFloatLine, opBinGet: stepGet1,
	opLongBinGet: stepGet4, opGet: stepGetLine, opEmptyList: stepEmptyList, opEmptyDict: stepEmptyDict,
	opShortBinUnicode: stepStr1, opBinUnicode: stepStr4, opUnicode: stepStrLine,
}

// rewrite appends the pickle of protocol 2 or later of the value of src, if it can.
func (w *rewriter) rewrite(dst, src []byte, proto int) (out []byte, ok bool) {
	if len(src) >= rewriteMax || len(src) < rewriteMin {
		return dst, false
	}
	src = src[:len(src):len(src)]
	if w.epoch++; w.epoch == 0 {
		w.known = [257]uint64{}
		w.epoch = 1
	}
	w.marks, w.keys, w.last, w.text, w.moved = w.marks[:0], w.keys[:0], w.last[:0], 0, 0
	w.line = firstLine
	vals, memo := w.vals[:0], w.memo[:0]
	fence := 0
	puts := uint32(0)

	b := dst
	if cap(b)-len(b) < len(src)+256 {
		b = append(make([]byte, 0, len(b)+len(src)+len(src)/2+512), b...)
	}
	b = append(b, opProto, byte(proto))
	start := len(b)
	head := 5 // bytes before the text of a str that is short
	if proto >= 4 {
		head = 2
		b = append(b, opFrame, 0, 0, 0, 0, 0, 0, 0, 0)
	}

loop:
	for p := 0; p < len(src); {
		if cap(b)-len(b) < 64 {
			b = append(make([]byte, 0, 2*cap(b)+64), b...)
		}
		op := src[p]
		todo := steps[op]
		p++
		var v val
		copied := false // the text of a str stands already where it belongs
		switch todo {
		case stepProto:
			if p == len(src) || src[p] > 5 {
				break loop
			}
			p++
			continue
		case stepFrame:
			if len(src)-p < 8 || uint64(len(src)-p-8) < binary.LittleEndian.Uint64(src[p:]) {
				break loop
			}
			p += 8
			continue

		case stepGet1:
			if p == len(src) || int(src[p]) >= len(memo) {
				break loop
			}
			v = memo[src[p]]
			p++
			b = appendGet(b, v.memo)
			vals = append(vals, v)
			continue
		case stepGet4:
			if len(src)-p < 4 || uint64(binary.LittleEndian.Uint32(src[p:])) >= uint64(len(memo)) {
				break loop
			}
			v = memo[binary.LittleEndian.Uint32(src[p:])]
			p += 4
			b = appendGet(b, v.memo)
		case stepGetLine:
			n, end := 0, p
			for end < len(src) && src[end]-'0' <= 9 && n < rewriteMax {
				n = n*10 + int(src[end]-'0')
				end++
			}
			if end == p || end == len(src) || src[end] != '\n' || n >= len(memo) {
				break loop
			}
			v = memo[n]
			p = end + 1
			b = appendGet(b, v.memo)
			vals = append(vals, v)
			continue
		case stepPut:
			if p = w.put(src, p-1, len(memo)); p == 0 || len(vals) == fence || vals[len(vals)-1].kind == valAtom {
				break loop
			}
			memo = append(memo, shared(vals[len(vals)-1]))
			continue

		case stepStr1:
			if p == len(src) || len(src)-p-1 < int(src[p]) {
				break loop
			}
			v = val{kind: valKey, off: uint32(p + 1), n: uint32(src[p])}
			copied = copyShort(b[len(b)+head:cap(b)], src[p+1:], int(v.n))
			p += 1 + int(v.n)
		case stepStr4:
			if len(src)-p < 4 || uint64(len(src)-p-4) < uint64(binary.LittleEndian.Uint32(src[p:])) {
				break loop
			}
			v = val{kind: valKey, off: uint32(p + 4), n: binary.LittleEndian.Uint32(src[p:])}
			copied = copyShort(b[len(b)+head:cap(b)], src[p+4:], int(v.n))
			p += 4 + int(v.n)
		case stepStrLine:
			if n := copyShortLine(b[len(b)+head:cap(b)], src[p:]); n > 0 {
				v = val{kind: valKey, off: uint32(p), n: uint32(n)}
				p += n + 1
				copied = true
				break
			}
			n := plainLine(src[p:])
			if p+n == len(src) {
				break loop
			}
			v = val{kind: valKey, off: uint32(p), n: uint32(n)}
			if src[p+n] != '\n' {
				more := bytes.IndexByte(src[p+n:], '\n')
				if more < 0 {
					break loop
				}
				v.kind = valShared // its text is not in the input
				v.n += uint32(more)
			}
			p += int(v.n) + 1

		case stepConstant:
			b = append(b, op)
		case stepInt1:
			if p == len(src) {
				break loop
			}
			b = append(b, opBinInt1, src[p])
			p++
		case stepInt2:
			if len(src)-p < 2 {
				break loop
			}
			b = appendInt(b, int32(binary.LittleEndian.Uint16(src[p:])))
			p += 2
		case stepInt4:
			if len(src)-p < 4 {
				break loop
			}
			b = appendInt(b, int32(binary.LittleEndian.Uint32(src[p:])))
			p += 4
		case stepIntLine:
			if len(src)-p >= 3 && src[p] == '0' && src[p+1]&^1 == '0' && src[p+2] == '\n' {
				b = append(b, opNewFalse-src[p+1]&1)
				p += 3
				break
			}
			if n, end := smallInt(src, p); end > 0 {
				b = appendInt(b, int32(n))
				p = end
				break
			}
			n, end := shortInt(src, p)
			if end == 0 || n != int64(int32(n)) {
				break loop
			}
			b = appendInt(b, int32(n))
			p = end
		case stepFloat:
			if len(src)-p < 8 {
				break loop
			}
			b = append(append(b, opBinFloat), src[p:p+8]...)
			p += 8
		case stepFloatLine:
			if f, end := smallFloat(src, p); end > 0 {
				b = binary.BigEndian.AppendUint64(append(b, opBinFloat), math.Float64bits(f))
				p = end
				break
			}
			n := bytes.IndexByte(src[p:], '\n')
			if n < 0 {
				break loop
			}
			f, ok := parseFloat(src[p : p+n])
			if !ok {
				break loop
			}
			b = binary.BigEndian.AppendUint64(append(b, opBinFloat), math.Float64bits(f))
			p += n + 1

		case stepEmptyList:
			v = val{kind: valList, memo: puts}
			b = appendPut(append(b, opEmptyList), proto, puts)
			puts++
		case stepEmptyDict:
			v = val{kind: valDict, memo: puts}
			b = appendPut(append(b, opEmptyDict), proto, puts)
			puts++
		case stepMark:
			if p < len(src) && (src[p] == opList || src[p] == opDict) {
				v = val{kind: valTextList, memo: puts}
				empty := byte(opEmptyList)
				if src[p] == opDict {
					v.kind, empty = valTextDict, opEmptyDict
				}
				p++
				w.text++
				b = appendPut(append(b, empty), proto, puts)
				puts++
				if end := w.put(src, p, len(memo)); end > 0 {
					memo = append(memo, shared(v))
					p = end
				}
				if p < len(src) && steps[src[p]] >= stepMark {
					// By all appearances the first item. If the container turns out to be complete without it, see complete.
					v.off = uint32(len(b) - start)
					b = append(b, opMark)
				}
				vals = append(vals, v)
				continue
			}
			w.marks = append(w.marks, rewriterMark{fence, uint32(len(b) - start)})
			fence = len(vals)
			b = append(b, opMark)
			continue

		case stepAppend:
			if len(vals)-fence < 2 {
				break loop
			}
			if top := &vals[len(vals)-1]; top.kind >= valTextList {
				if b, ok = w.complete(b, start, src, top); !ok {
					break loop
				}
			}
			vals = vals[:len(vals)-1]
			list := &vals[len(vals)-1]
			switch list.n++; {
			case list.kind == valTextList && list.n <= batch && list.off != 0:
			case list.kind == valList && list.n == 1:
				b = append(b, opAppend)
			default:
				break loop
			}
			continue
		case stepSetItem:
			if len(vals)-fence < 3 {
				break loop
			}
			if top := &vals[len(vals)-1]; top.kind >= valTextList {
				if b, ok = w.complete(b, start, src, top); !ok {
					break loop
				}
			}
			key := vals[len(vals)-2]
			vals = vals[:len(vals)-2]
			dict := &vals[len(vals)-1]
			switch dict.n++; {
			case key.kind != valKey:
				break loop
			case dict.kind == valTextDict && dict.n <= rewriteKeys && dict.off != 0:
				w.keys = append(w.keys, key)
			case dict.kind == valDict && dict.n == 1:
				b = append(b, opSetItem)
			default:
				break loop
			}
			continue
		case stepFill, stepTuple:
			n := len(vals) - fence
			if len(w.marks) == 0 || n == 0 {
				break loop
			}
			if b, ok = w.complete(b, start, src, &vals[len(vals)-1]); !ok || w.incomplete(vals[fence:]) {
				break loop
			}
			items := vals[fence:]
			vals = vals[:fence]
			m := w.marks[len(w.marks)-1]
			w.marks = w.marks[:len(w.marks)-1]
			fence = m.fence
			if op == opTuple {
				if n <= 3 {
					if b, ok = w.unmark(b, start+int(m.out), len(src)); !ok {
						break loop
					}
					op = byte(opTuple1 + n - 1)
				}
				v = val{kind: valShared, memo: puts}
				b = appendPut(append(b, op), proto, puts)
				puts++
				break
			}
			if len(vals) == fence {
				break loop
			}
			c := &vals[len(vals)-1]
			switch {
			case c.n != 0:
				break loop
			case op == opAppends && c.kind == valList && n >= 2 && n <= batch:
			case op == opSetItems && c.kind == valDict && n >= 4 && n <= 2*rewriteKeys && n%2 == 0 && w.distinct(src, items, 2):
			default:
				break loop
			}
			c.n = uint32(n)
			b = append(b, op)
			continue
		case stepTupleN:
			n := int(op) - opTuple1 + 1
			if len(vals)-fence < n {
				break loop
			}
			if b, ok = w.complete(b, start, src, &vals[len(vals)-1]); !ok || w.incomplete(vals[len(vals)-n:]) {
				break loop
			}
			vals = vals[:len(vals)-n]
			v = val{kind: valShared, memo: puts}
			b = appendPut(append(b, op), proto, puts)
			puts++

		case stepStop:
			if p != len(src) || len(w.marks) > 0 || len(vals) != 1 {
				break loop
			}
			if b, ok = w.complete(b, start, src, &vals[0]); !ok {
				break loop
			}
			b = append(b, opStop)
			if proto >= 4 {
				size := len(b) - start - frameHeader
				switch {
				case size >= frameTarget:
					break loop
				case size < 4:
					b = b[:start+copy(b[start:], b[start+frameHeader:])]
				default:
					binary.LittleEndian.PutUint64(b[start+1:], uint64(size))
				}
			}
			w.vals, w.memo = vals, memo
			return b, true

		default:
			break loop
		}

		if copied {
			if head == 2 {
				b = append(b, opShortBinUnicode, byte(v.n))
			} else {
				b = append(b, opBinUnicode, byte(v.n), 0, 0, 0)
			}
			b = appendPut(b[:len(b)+int(v.n)], proto, puts)
			v.memo = puts
			puts++
		} else if todo >= stepStr1 {
			if b, v.memo, ok = w.str(b, src[v.off:v.off+v.n], v.kind == valShared, todo == stepStrLine, proto, puts); !ok {
				break loop
			}
			if v.memo == puts {
				puts++
			}
		}
		if v.kind != valAtom { // most are memoized at once
			if end := w.put(src, p, len(memo)); end > 0 {
				memo = append(memo, shared(v))
				p = end
			}
		}
		if top := len(vals) - 1; p < len(src) && src[p] == opSetItem && v.kind <= valKey && top > fence {
			// SETITEM, as it is executed above, without the value going by way of the stack.
			if dict := &vals[top-1]; dict.kind == valTextDict && dict.n < rewriteKeys && dict.off != 0 && vals[top].kind == valKey {
				dict.n++
				w.keys = append(w.keys, vals[top])
				vals = vals[:top]
				p++
				continue
			}
		}
		vals = append(vals, v)
	}
	w.vals, w.memo = vals, memo
	return dst, false
}
