package codec

import (
	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// serialization is a serializer other than pickle, which has protocols and is
// rewritten without making a value first.
type serialization struct {
	name Serializer
	// decode reads what can be read, for people to look at. refused is why the
	// library, by its rules, reads nothing of it all the same.
	decode func(g *pyobj.Graph, data []byte, rules Rules) (root pyobj.Ref, refused, err *Error)
	// encode appends root. It refuses what the library, by its rules, would not read
	// back, or as another value, unless the value's origin allows it.
	encode func(dst []byte, g *pyobj.Graph, root pyobj.Ref, rules Rules, from origin) ([]byte, *Error)
	// inert: what the library refuses to read names what another serializer would
	// make, or call.
	inert bool
}

// serializations are in the order in which CODECs are explained.
var serializations = [...]serialization{
	{name: Pickle},
	{name: JSON, decode: decodeJSON, encode: encodeJSON},
	{name: MsgPack, decode: decodeMsgPack, encode: encodeMsgPack},
	{name: YAML, decode: decodeYAML, encode: encodeYAML, inert: true},
	{name: Dummy, decode: decodeDummy}, // appendDummy writes
}

// An origin is where a value to be written is from.
type origin uint8

const (
	fromOther  origin = iota // from what another serializer stored: it must stay what it is
	fromSame                 // from the format itself, whose reader takes more than its standard has
	fromPerson               // from somebody's hands: it becomes what the library makes of it
)

// serializationOf returns the index in serializations, or -1. No name is Pickle.
func serializationOf(name Serializer) int {
	if name == "" {
		return 0
	}
	for i := range serializations {
		if serializations[i].name == name {
			return i
		}
	}
	return -1
}

// candidates are the serializers that the bytes may come from, the likeliest
// first: the configured one; pickle, which nothing else looks like; and the
// target, which a run before this one may have written. -1 is none.
func (s Source) candidates(data []byte, target int) [3]int {
	configured := serializationOf(s.codec.Serializer)
	switch {
	case !s.stored:
		return [3]int{configured, configured, configured}
	case s.opaque() && (target != 0 || len(data) == 0 || data[0] != 0x80):
		return [3]int{configured, configured, configured}
	case s.opaque():
		return [3]int{0, configured, -1}
	case len(data) > 1 && data[0] == 0x80:
		// PROTO. In MessagePack this byte is an empty map, and the end.
		return [3]int{0, 0, 0}
	case serializations[configured].name == YAML && len(data) > 0 && data[len(data)-1] == '.':
		// STOP. Most pickles of protocol 0 would pass for a str in YAML, and
		// yaml.dump ends with a newline.
		return [3]int{0, configured, target}
	case target < 0:
	case serializations[target].name == Dummy, serializations[target].name == YAML && !dumpsYAML(data):
		target = -1 // anything at all would pass for what an earlier run wrote
	}
	return [3]int{configured, 0, target}
}

// noPickle reports whether data is of the configured serializer, which is another than
// pickle. What nothing reads is a pickle, whose opcodes may lead to the defect.
func (s Source) noPickle(data []byte) (Serializer, bool) {
	i := s.candidates(data, -1)[0]
	if i <= 0 {
		return "", false
	}
	_, _, wrong := serializations[i].decode(pyobj.New(), data, s.codec.Rules)
	return serializations[i].name, wrong == nil
}

// found is a value that was read: by which of the serializations, and why the
// library would not read it, if so.
type found struct {
	root    pyobj.Ref
	from    int
	refused *Error
}

// read tries the candidates in turn. The error is that of the first.
func (s Source) read(d *pickle.Decoder, g *pyobj.Graph, candidates [3]int, data []byte) (v found, err error) {
	for n, i := range candidates {
		if i < 0 || n > 0 && (i == candidates[0] || i == candidates[n-1]) {
			continue
		}
		v.from, v.refused = i, nil
		var e error
		if i == 0 {
			v.root, e = d.Decode(g, data)
		} else if root, refused, wrong := serializations[i].decode(g, data, s.codec.Rules); wrong != nil {
			e = wrong
		} else {
			v.root, v.refused = root, refused
		}
		if e == nil {
			return v, nil
		}
		if err == nil {
			err = e
		}
	}
	return found{}, err
}

// serialize appends root the way c says. from is the index of the serializer
// that the value was read from, -1 for none.
func (c Codec) serialize(e *pickle.Encoder, dst []byte, g *pyobj.Graph, root pyobj.Ref, from int) ([]byte, error) {
	i := serializationOf(c.Serializer)
	if i == 0 {
		out, err := e.Append(dst, g, root, c.Protocol)
		if err != nil {
			return nil, wrapPickle(err)
		}
		return out, nil
	}
	if c.Serializer == Dummy {
		return c.appendDummy(dst, g, root, from < 0)
	}
	how := fromOther
	switch from {
	case i:
		how = fromSame
	case -1:
		how = fromPerson
	}
	out, err := serializations[i].encode(dst, g, root, c.Rules, how)
	if err != nil {
		return nil, err
	}
	return out, nil
}
