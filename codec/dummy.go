package codec

import (
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// decodeDummy reads what DummySerializer of django-redis-cache does: the bytes.
func decodeDummy(g *pyobj.Graph, data []byte, _ Rules) (root pyobj.Ref, refused, err *Error) {
	g.Reset(data)
	if len(data) == 1 {
		return pyobj.ByteRef(data[0]), nil, nil
	}
	return g.SrcBytes(0, len(data)), nil, nil
}

// appendDummy writes what redis-py makes of a value that no serializer has
// touched: bytes as they are, an int and a float as repr, a str in UTF-8. Only
// bytes and ints are read back as they were, so that the others are written only
// when typed says that a person stores them, as the application would.
func (c Codec) appendDummy(dst []byte, g *pyobj.Graph, root pyobj.Ref, typed bool) ([]byte, error) {
	refuse := func(why string) ([]byte, error) {
		return nil, &Error{Kind: KindUnrepresentable, Text: "$: a " + g.TypeName(root) + " has no dummy form" + why, What: g.TypeName(root)}
	}
	compressed := c.Compressor != "" && c.Compressor != None
	kind := g.Kind(root)
	switch {
	case kind == pyobj.Bytes && (compressed || typed):
		return append(dst, g.Data(root)...), nil
	case kind == pyobj.Bytes:
		if _, _, ok := AppendInteger(nil, g.Data(root)); ok {
			return nil, &Error{Kind: KindUnrepresentable, Text: "$: bytes of digits have no dummy form: they are read back as an int", What: "bytes of digits"}
		}
		return append(dst, g.Data(root)...), nil
	case compressed && (kind == pyobj.Str || kind == pyobj.Float || kind == pyobj.Int):
		return refuse(" that a compressor takes: only bytes have")
	case kind == pyobj.Int:
		out, ok := g.AppendInt(dst, root)
		if !ok {
			return nil, tooManyDigits(g.Digits())
		}
		return out, nil
	case (kind == pyobj.Str || kind == pyobj.Float) && !typed:
		return refuse(": it would be read back as bytes")
	case kind == pyobj.Float:
		return pyobj.AppendFloat(dst, g.Float(root)), nil
	case kind == pyobj.Str && !utf8.Valid(g.Data(root)):
		return refuse(": it has a lone surrogate")
	case kind == pyobj.Str:
		return append(dst, g.Data(root)...), nil
	}
	return refuse("")
}

// Repeatable tells whether a cache can be rewritten from s to the codec as often
// as one likes. Where dummy is one of the two, what is stored may not show
// whether it has been rewritten: then the error, a *SpecError, says so.
func (s Source) Repeatable(to Codec) error {
	bad := func(reason string) error { return &SpecError{Spec: to.String(), Reason: reason} }
	switch {
	case !s.stored || s.codec.Serializer != Dummy && to.Serializer != Dummy:
	case s.codec.Serializer != Dummy:
		return bad("bytes stored as dummy do not show that they are no " + string(s.codec.Serializer) + " any more")
	case to.Serializer != Dummy && !(to.Serializer == Pickle && to.Protocol >= 2):
		return bad("what dummy stored does not show that it was rewritten so: only pickle:2 and later show it")
	case to.Compressor != s.codec.Compressor:
		return bad("what dummy stored does not show whether it is compressed: keep +" + string(s.codec.Compressor))
	}
	return nil
}
