package codec

import (
	"encoding/binary"
	"math"

	"cachering/codec/pyobj"
)

// Extensions of MessagePack are what msgpack.loads makes of them: the one of code
// -1 a msgpack.Timestamp, and others an msgpack.ExtType.

const extModule = "msgpack.ext"

// ext reads an extension of n bytes, after its length.
func (d *msgPackReader) ext(at int, n uint64) pyobj.Ref {
	code := int8(d.take(1)[0])
	data := d.take(n)
	if d.rules.Rust {
		d.refuse(at, "an extension type")
	}
	g := d.g
	class := func(name string) pyobj.Ref { return g.NewGlobal([]byte(extModule), []byte(name)) }
	switch {
	case code >= 0:
		return g.NewCall(pyobj.NewObj, class("ExtType"), g.NewTuple(g.NewInt(int64(code)), d.bytes(data)))
	case code < -1:
		d.fail(KindUnrepresentable, at, "an extension type of a code below zero, which msgpack does not read")
	}
	seconds, nanoseconds := int64(0), uint32(0)
	switch len(data) {
	case 4:
		seconds = int64(binary.BigEndian.Uint32(data))
	case 8:
		v := binary.BigEndian.Uint64(data)
		seconds, nanoseconds = int64(v&(1<<34-1)), uint32(v>>34)
	case 12:
		seconds, nanoseconds = int64(binary.BigEndian.Uint64(data[4:])), binary.BigEndian.Uint32(data)
	default:
		d.fail(KindUnknown, at, "a timestamp of another size than 4, 8 or 12 bytes")
	}
	if nanoseconds >= 1e9 {
		d.fail(KindUnknown, at, "a timestamp of more nanoseconds than a second has")
	}
	r := g.NewCall(pyobj.NewObj, class("Timestamp"), pyobj.RefEmptyTuple)
	g.AddBuild(r, g.NewTuple(pyobj.RefNone, g.NewDict(g.NewStr([]byte("seconds")), g.NewInt(seconds), g.NewStr([]byte("nanoseconds")), g.NewInt(int64(nanoseconds)))))
	return r
}

// ext writes an ExtType or a Timestamp; it says false of any other object, and of all
// where ormsgpack writes.
func (w *msgPackWriter) ext(r pyobj.Ref) bool {
	g := w.g
	if g.Kind(r) != pyobj.NewObj || w.rules.Rust {
		return false
	}
	parts := g.Parts(r)
	if g.Kind(parts.Callable) != pyobj.Global || g.Kind(parts.Args) != pyobj.Tuple {
		return false
	}
	module, name := g.Name(parts.Callable)
	args := g.Items(parts.Args)
	switch {
	case string(module) != extModule:
		return false
	case string(name) == "ExtType" && g.FirstOp(r) == 0 && len(args) == 2 && g.Kind(args[0]) == pyobj.Int && g.Kind(args[1]) == pyobj.Bytes:
		code, ok := g.Int64(args[0])
		if !ok || code < 0 || code > math.MaxInt8 {
			return false
		}
		w.extension(byte(code), g.Data(args[1]))
		return true
	case string(name) == "Timestamp" && len(args) == 0:
		seconds, nanoseconds, ok := timestamp(g, r)
		if !ok {
			return false
		}
		var data []byte
		switch {
		case seconds>>34 != 0:
			data = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, uint32(nanoseconds)), uint64(seconds))
		case nanoseconds != 0 || seconds > math.MaxUint32:
			data = binary.BigEndian.AppendUint64(nil, uint64(nanoseconds)<<34|uint64(seconds))
		default:
			data = binary.BigEndian.AppendUint32(nil, uint32(seconds))
		}
		w.extension(0xff, data)
		return true
	}
	return false
}

// timestamp takes the state of a Timestamp apart: the attributes in its slots.
func timestamp(g *pyobj.Graph, r pyobj.Ref) (seconds, nanoseconds int64, ok bool) {
	op, more := g.Op(g.FirstOp(r))
	if op.Kind != pyobj.OpBuild || more != 0 || g.Kind(op.State) != pyobj.Tuple || g.Len(op.State) != 2 {
		return 0, 0, false
	}
	slots := g.Items(op.State)[1]
	if g.Kind(slots) != pyobj.Dict || g.Len(slots) != 2 {
		return 0, 0, false
	}
	found := 0
	for items := g.Items(slots); len(items) > 0; items = items[2:] {
		v, small := g.Int64(items[1])
		if g.Kind(items[0]) != pyobj.Str || g.Kind(items[1]) != pyobj.Int || !small {
			return 0, 0, false
		}
		switch string(g.Data(items[0])) {
		case "seconds":
			seconds, found = v, found|1
		case "nanoseconds":
			nanoseconds, found = v, found|2
		}
	}
	return seconds, nanoseconds, found == 3 && nanoseconds >= 0 && nanoseconds < 1e9
}

// extension writes code and data after the length.
func (w *msgPackWriter) extension(code byte, data []byte) {
	switch len(data) {
	case 1:
		w.dst = append(w.dst, 0xd4)
	case 2:
		w.dst = append(w.dst, 0xd5)
	case 4:
		w.dst = append(w.dst, 0xd6)
	case 8:
		w.dst = append(w.dst, 0xd7)
	case 16:
		w.dst = append(w.dst, 0xd8)
	default:
		w.header(len(data), 0, 0, 0xc7, 0xc8, 0xc9)
	}
	w.dst = append(append(w.dst, code), data...)
}
