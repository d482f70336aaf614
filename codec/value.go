package codec

import (
	"slices"
	"strconv"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// Value is one value by itself, for people to look at or from people's hands.
type Value struct {
	Graph *pyobj.Graph
	Root  pyobj.Ref

	Form       Form   // how it was stored
	Serialized []byte // the pickle it was read from, if it was one
	Notes      Notes
	// Refused is why the library that the value is stored for would not read it,
	// though its serializer is the right one; nil if it would.
	Refused *Error
}

// Decode reads one stored value. The Value refers to stored where that is
// possible: it must not change as long as the Value is used. The error is an
// *Error.
func Decode(stored []byte, from Source, o Options) (*Value, error) {
	return NewReader(from).Read(stored, o)
}

// Reader reads one stored value after the other, and keeps its memory from one to the
// next. It is for one goroutine.
type Reader struct {
	op      opener
	graph   *pyobj.Graph
	pickles pickle.Decoder
	value   Value
}

// NewReader returns a Reader for values that are stored so.
func NewReader(from Source) *Reader {
	return &Reader{op: opener{source: from}, graph: pyobj.New()}
}

// Read is Decode; the Value is valid until the next call.
func (r *Reader) Read(stored []byte, o Options) (v *Value, err error) {
	from := r.op.source
	r.op.release(stored)
	l, e := r.op.open(stored, o)
	if e != nil {
		return nil, e
	}
	g := r.graph
	g.Reset(nil)
	g.SetRoom(0)
	if o.Room > 0 {
		g.SetRoom(o.left(l))
		defer func() {
			if g.Lacking() {
				recover() // a pyobj.NoRoom, if anything
				v, err = nil, noRoom()
			}
		}()
	}
	v = &r.value
	*v = Value{Graph: g}
	g.SetDigits(from.codec.Rules.digits())
	if l.float {
		f, _ := parseFloat(l.serialized)
		v.Form.Plain, v.Root = PlainFloat, g.NewFloat(f)
		return v, nil
	}
	if l.integer != nil {
		if l.digits > pyobj.HugeDigits {
			return nil, tooManyDigits(pyobj.HugeDigits)
		}
		v.Form.Plain, v.Root = PlainInt, g.NewDecimal(l.integer)
		v.Notes.LongInteger = l.digits > g.Digits()
		return v, nil
	}
	if l.text {
		v.Form.Plain, v.Root = PlainText, g.NewStr(l.serialized)
		return v, nil
	}
	// The application loads what it is given, if it is pickles that it expects.
	d := &r.pickles
	d.Py2Strings, d.Lenient, d.AsLoads, d.Evaluate = o.Py2Strings, true, slices.Contains(from.codec.Serializers(), Pickle), true
	c := from.candidates(l.serialized, -1)
	read, err := from.read(d, g, &c, l.serialized)
	if err != nil {
		return nil, r.op.explain(err, l)
	}
	v.Root, v.Refused = read.root, read.refused
	if read.from > 0 {
		v.Form = l.form(serializations[read.from].name)
		return v, nil
	}
	v.Serialized = l.serialized
	v.Notes.Py2 = d.Py2()
	v.Form = l.form(Pickle)
	return v, nil
}

func tooManyDigits(most int) *Error {
	return &Error{Kind: KindNumber, Text: "the integer has more than " + strconv.Itoa(most) + " digits, which Python does not read"}
}

// Encode appends what the cache library stores for v under codec to: the digits
// of an int (of a bool its pickle, though), the text of a float by some Rules, else
// the serialized and compressed value. The error is an *Error, or a *SpecError for a codec that cannot be
// written.
func Encode(dst []byte, v *Value, to Codec) ([]byte, error) {
	if err := to.check(); err != nil {
		return dst, err
	}
	to = to.resolveLevel()
	v.Graph.SetDigits(to.Rules.digits())
	if v.Graph.Kind(v.Root) == pyobj.Int && !to.Rules.SerializeInts {
		out, ok := v.Graph.AppendInt(dst, v.Root)
		if !ok {
			return dst, tooManyDigits(v.Graph.Digits())
		}
		return out, nil
	}
	if to.Rules.FloatText && v.Graph.Kind(v.Root) == pyobj.Float {
		return pyobj.AppendFloat(dst, v.Graph.Float(v.Root)), nil
	}
	var e pickle.Encoder
	i := compressionOf(to.Compressor)
	if i == 0 {
		out, err := to.serialize(&e, dst, v.Graph, v.Root, -1)
		if err != nil {
			return dst, err
		}
		return out, nil
	}
	packed, err := to.serialize(&e, nil, v.Graph, v.Root, -1)
	if err != nil {
		return dst, err
	}
	if !to.Rules.compresses(len(packed)) {
		return append(dst, packed...), nil
	}
	out, err := to.compress(compressions[i].make(), dst, packed)
	if err != nil {
		return dst, &Error{Kind: KindTooLarge, Text: string(to.Compressor) + ": " + err.Error(), Err: err}
	}
	if to.Rules.OnlySmaller && len(out)-len(dst) >= len(packed) {
		return append(dst, packed...), nil
	}
	return out, nil
}

// FromJSON is the value that json.loads of Python makes of text. The error is a
// *pyobj.SyntaxError.
func FromJSON(text []byte) (*Value, error) { return fromText(text, pyobj.ParseJSON) }

// FromLiteral is the value that ast.literal_eval of Python makes of text. The
// error is a *pyobj.SyntaxError.
func FromLiteral(text []byte) (*Value, error) { return fromText(text, pyobj.ParseLiteral) }

func fromText(text []byte, parse func(*pyobj.Graph, []byte) (pyobj.Ref, error)) (*Value, error) {
	g := pyobj.New()
	root, err := parse(g, text)
	if err != nil {
		return nil, err
	}
	return &Value{Graph: g, Root: root}, nil
}

// FromText is text as a str; text must be UTF-8, which is not checked.
func FromText(text []byte) *Value {
	g := pyobj.New()
	return &Value{Graph: g, Root: g.NewStr(text)}
}

// FromBytes is data as bytes.
func FromBytes(data []byte) *Value {
	g := pyobj.New()
	if len(data) == 1 {
		return &Value{Graph: g, Root: pyobj.ByteRef(data[0])}
	}
	return &Value{Graph: g, Root: g.NewBytes(data)}
}
