package codec

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// maxMsgPackDepth is how deep Python's msgpack writes and reads.
const maxMsgPackDepth = 511

// encodeMsgPack writes what msgpack.dumps of Python's msgpack 1.0 does: numbers
// in their shortest form, floats in 64 bits, text as str and bytes as bin. Dicts
// with keys of other types are written only where the library reads them; tuples,
// which come back as lists, only of what comes from somebody's hands.
func encodeMsgPack(dst []byte, g *pyobj.Graph, root pyobj.Ref, rules Rules, from origin) (out []byte, err *Error) {
	w := msgPackWriter{plainWriter: newPlainWriter(dst, g, "MessagePack", maxMsgPackDepth), rules: rules, dumps: from == fromPerson}
	defer catch(&err)
	w.value(root)
	w.bounded()
	return w.dst, nil
}

type msgPackWriter struct {
	plainWriter
	rules Rules
	dumps bool // tuples
}

// mapKey tells whether the library reads a dict with such a key: a str or bytes
// always, other kinds that are hashable in every reader by its rules. ormsgpack reads
// those of str, or all of these.
func (r Rules) mapKey(k pyobj.Kind) bool {
	if r.Rust {
		return k == pyobj.Str || r.RustMapKeys && (k == pyobj.Bytes || k < pyobj.Str)
	}
	return k == pyobj.Str || k == pyobj.Bytes || r.AnyMapKeys && k < pyobj.Str
}

func (w *msgPackWriter) value(r pyobj.Ref) {
	g := w.g
	switch g.Kind(r) {
	case pyobj.None:
		w.dst = append(w.dst, 0xc0)
	case pyobj.Bool:
		if g.Bool(r) {
			w.dst = append(w.dst, 0xc3)
		} else {
			w.dst = append(w.dst, 0xc2)
		}
	case pyobj.Int:
		w.integer(r)
	case pyobj.Float:
		w.dst = binary.BigEndian.AppendUint64(append(w.dst, 0xcb), math.Float64bits(g.Float(r)))
	case pyobj.Str:
		text := g.Data(r)
		if !utf8.Valid(text) {
			w.refuse("a str with a lone surrogate")
		}
		w.header(len(text), 0xa0, 32, 0xd9, 0xda, 0xdb)
		w.dst = append(w.dst, text...)
	case pyobj.Bytes:
		w.header(g.Len(r), 0, 0, 0xc4, 0xc5, 0xc6)
		w.dst = append(w.dst, g.Data(r)...)
	case pyobj.List, pyobj.Tuple:
		if !w.dumps && g.Kind(r) == pyobj.Tuple {
			w.refuse(g.TypeName(r))
		}
		w.enter(r)
		w.header(g.Len(r), 0x90, 16, 0, 0xdc, 0xdd)
		w.items(r, func(_ int, item pyobj.Ref) { w.value(item) })
		w.leave(r)
	case pyobj.Dict:
		w.enter(r)
		w.header(g.Len(r), 0x80, 16, 0, 0xde, 0xdf)
		w.pairs(r, func(_ int, key, value pyobj.Ref) {
			if !w.rules.mapKey(g.Kind(key)) {
				w.refuse("a dict key of type " + g.TypeName(key))
			}
			w.value(key)
			w.value(value)
		})
		w.leave(r)
	default:
		if !w.ext(r) {
			w.refuse(g.TypeName(r))
		}
	}
}

// header writes the length of something: in the low bits of fix when it is
// below few, else after the code for one, two or four bytes. one is 0 where the
// format has no such code.
func (w *msgPackWriter) header(n int, fix byte, few int, one, two, four byte) {
	switch {
	case n < few:
		w.dst = append(w.dst, fix|byte(n))
	case n <= math.MaxUint8 && one != 0:
		w.dst = append(w.dst, one, byte(n))
	case n <= math.MaxUint16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, two), uint16(n))
	case int64(n) <= math.MaxUint32:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, four), uint32(n))
	default:
		w.refuse(strconv.Itoa(n) + " bytes or items in one")
	}
}

func (w *msgPackWriter) integer(r pyobj.Ref) {
	v, ok := w.g.Int64(r)
	switch {
	case ok && w.rules.Rust && v == math.MinInt64:
		w.refuse("an int of -2**63") // ormsgpack says so
	case !ok:
		n := w.g.Big(r)
		if !n.IsUint64() {
			w.refuse("an int beyond 64 bits")
		}
		w.dst = binary.BigEndian.AppendUint64(append(w.dst, 0xcf), n.Uint64())
	case -32 <= v && v <= 127:
		w.dst = append(w.dst, byte(v))
	case v >= 0 && v <= math.MaxUint8:
		w.dst = append(w.dst, 0xcc, byte(v))
	case v >= 0 && v <= math.MaxUint16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, 0xcd), uint16(v))
	case v >= 0 && v <= math.MaxUint32:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, 0xce), uint32(v))
	case v >= 0:
		w.dst = binary.BigEndian.AppendUint64(append(w.dst, 0xcf), uint64(v))
	case v >= math.MinInt8:
		w.dst = append(w.dst, 0xd0, byte(v))
	case v >= math.MinInt16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, 0xd1), uint16(v))
	case v >= math.MinInt32:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, 0xd2), uint32(v))
	default:
		w.dst = binary.BigEndian.AppendUint64(append(w.dst, 0xd3), uint64(v))
	}
}

// decodeMsgPack reads what msgpack.loads(raw=False) does, and what it refuses: a
// str that is not UTF-8 was written by msgpack before 1.0, which had no bin, and is
// bytes; maps have keys other than str and bytes, which the library reads by its
// rules. Extensions are objects of package msgpack.
func decodeMsgPack(g *pyobj.Graph, data []byte, rules Rules) (root pyobj.Ref, refused, err *Error) {
	g.Reset(data)
	d := msgPackReader{g: g, data: data, rules: rules}
	defer catch(&err)
	root = d.value(0)
	if d.at < len(data) {
		d.fail(KindTrailing, d.at, "bytes after the end of the value")
	}
	g.Settle()
	return root, d.refused, nil
}

type msgPackReader struct {
	g       *pyobj.Graph
	data    []byte
	at      int
	stack   []pyobj.Ref
	rules   Rules
	refused *Error
}

func msgPackError(kind Kind, at int, what string) *Error {
	return &Error{Kind: kind, Offset: at, Text: "msgpack: byte " + strconv.Itoa(at) + ": " + what}
}

// refuse notes what the library does not read.
func (d *msgPackReader) refuse(at int, what string) {
	if d.refused == nil {
		who := "msgpack 1.0 and later refuse"
		if d.rules.Rust {
			who = "ormsgpack refuses"
		}
		d.refused = msgPackError(KindUnrepresentable, at, what+", which "+who)
	}
}

func (d *msgPackReader) fail(kind Kind, at int, what string) {
	panic(msgPackError(kind, at, what))
}

// take returns the next n bytes.
func (d *msgPackReader) take(n uint64) []byte {
	if n > uint64(len(d.data)-d.at) {
		d.fail("truncated", d.at, "the data ends too soon")
	}
	b := d.data[d.at : d.at+int(n)]
	d.at += int(n)
	return b
}

// uint reads a big-endian number of so many bytes.
func (d *msgPackReader) uint(bytes int) uint64 {
	var v uint64
	for _, c := range d.take(uint64(bytes)) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (d *msgPackReader) value(depth int) pyobj.Ref {
	at := d.at
	c := d.take(1)[0]
	switch {
	case c < 0x80:
		return d.g.NewInt(int64(c))
	case c < 0x90:
		return d.dict(at, uint64(c&0x0f), depth)
	case c < 0xa0:
		return d.list(at, uint64(c&0x0f), depth)
	case c < 0xc0:
		return d.str(at, uint64(c&0x1f))
	case c >= 0xe0:
		return d.g.NewInt(int64(int8(c)))
	}
	switch c {
	case 0xc0:
		return pyobj.RefNone
	case 0xc2, 0xc3:
		return d.g.NewBool(c == 0xc3)
	case 0xc4, 0xc5, 0xc6:
		return d.bytes(d.take(d.uint(1 << (c - 0xc4))))
	case 0xca:
		return d.g.NewFloat(float64(math.Float32frombits(uint32(d.uint(4)))))
	case 0xcb:
		return d.g.NewFloat(math.Float64frombits(d.uint(8)))
	case 0xcc, 0xcd, 0xce, 0xcf:
		v := d.uint(1 << (c - 0xcc))
		if v > math.MaxInt64 {
			return d.g.NewBigInt(new(big.Int).SetUint64(v))
		}
		return d.g.NewInt(int64(v))
	case 0xd0:
		return d.g.NewInt(int64(int8(d.uint(1))))
	case 0xd1:
		return d.g.NewInt(int64(int16(d.uint(2))))
	case 0xd2:
		return d.g.NewInt(int64(int32(d.uint(4))))
	case 0xd3:
		return d.g.NewInt(int64(d.uint(8)))
	case 0xd9, 0xda, 0xdb:
		return d.str(at, d.uint(1<<(c-0xd9)))
	case 0xdc, 0xdd:
		return d.list(at, d.uint(2<<(c-0xdc)), depth)
	case 0xde, 0xdf:
		return d.dict(at, d.uint(2<<(c-0xde)), depth)
	case 0xc7, 0xc8, 0xc9:
		return d.ext(at, d.uint(1<<(c-0xc7)))
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return d.ext(at, 1<<(c-0xd4))
	}
	d.fail(KindUnknown, at, "0xc1 begins no value")
	panic("unreachable")
}

func (d *msgPackReader) str(at int, n uint64) pyobj.Ref {
	b := d.take(n)
	if !utf8.Valid(b) {
		d.refuse(at, "a str that is not UTF-8")
		return d.bytes(b)
	}
	return d.g.SrcStr(d.at-len(b), len(b))
}

// bytes makes a Bytes of b, which was just taken. Python has one object for each single byte.
func (d *msgPackReader) bytes(b []byte) pyobj.Ref {
	if len(b) == 1 {
		return pyobj.ByteRef(b[0])
	}
	return d.g.SrcBytes(d.at-len(b), len(b))
}

// open checks a container of n parts, each of one byte at least.
func (d *msgPackReader) open(at int, n uint64, depth int) {
	if depth == maxMsgPackDepth {
		d.fail(KindTooLarge, at, "nested deeper than Python reads")
	}
	if n > uint64(len(d.data)-d.at) {
		d.fail("truncated", at, "the data ends too soon")
	}
}

func (d *msgPackReader) list(at int, n uint64, depth int) pyobj.Ref {
	d.open(at, n, depth)
	mark := len(d.stack)
	for range n {
		d.stack = append(d.stack, d.value(depth+1))
	}
	r := d.g.NewList(d.stack[mark:]...)
	d.stack = d.stack[:mark]
	return r
}

func (d *msgPackReader) dict(at int, n uint64, depth int) pyobj.Ref {
	d.open(at, 2*n, depth)
	mark := len(d.stack)
	for range n {
		keyAt := d.at
		key := d.value(depth + 1)
		if !d.g.Hashable(key) {
			d.fail("unhashable", keyAt, "a "+d.g.TypeName(key)+" as key")
		}
		if !d.rules.mapKey(d.g.Kind(key)) {
			d.refuse(keyAt, "a dict key of type "+d.g.TypeName(key))
		}
		d.stack = append(d.stack, key)
		d.stack = append(d.stack, d.value(depth+1))
	}
	r := d.g.NewDict(d.stack[mark:]...)
	d.stack = d.stack[:mark]
	return r
}
