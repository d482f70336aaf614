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

// A candidate is a serializer that bytes may come from: an index in serializations, and
// whether it is the one written in Rust.
type candidate struct {
	index int
	rust  bool
}

// candidates are the serializers that the bytes may come from, each once, the likeliest
// first. There is one at least.
type candidates struct {
	list [2 + maxFallbacks + 1]candidate
	n    int
}

func (c *candidates) add(index int, rust bool) {
	one := candidate{index, rust && index > 0}
	for _, is := range c.list[:c.n] {
		if is == one {
			return
		}
	}
	c.list[c.n] = one
	c.n++
}

// rest are those behind the first.
func (c candidates) rest() candidates {
	c.n = copy(c.list[:], c.list[1:c.n])
	return c
}

// configured adds the serializers that the library tries, in its order.
func (c *candidates) configured(of Codec) {
	c.add(serializationOf(of.Serializer), of.Rules.Rust)
	for _, link := range of.Fallbacks.links() {
		c.add(int(link.serializer), link.rust)
	}
}

// candidates are the configured ones; pickle, which nothing else looks like; and the
// target, which a run before this one may have written. A target of -1 is none.
func (s Source) candidates(data []byte, target int) (c candidates) {
	configured := serializationOf(s.codec.Serializer)
	switch {
	case !s.stored:
		c.add(configured, s.codec.Rules.Rust)
		return c
	case s.opaque() && (target != 0 || len(data) == 0 || data[0] != 0x80):
		c.add(configured, false)
		return c
	case s.opaque():
		c.add(0, false)
		c.add(configured, false)
		return c
	case len(data) > 1 && data[0] == 0x80:
		// PROTO. In MessagePack this byte is an empty map, and the end.
		c.add(0, false)
		return c
	case serializations[configured].name == YAML && len(data) > 0 && data[len(data)-1] == '.':
		// STOP. Most pickles of protocol 0 would pass for a str in YAML, and
		// yaml.dump ends with a newline.
		c.add(0, false)
	case target < 0:
	case serializations[target].name == Dummy, serializations[target].name == YAML && !dumpsYAML(data):
		target = -1 // anything at all would pass for what an earlier run wrote
	}
	c.configured(s.codec)
	c.add(0, false)
	if target > 0 {
		c.add(target, s.codec.rust(serializations[target].name))
	}
	return c
}

// noPickle reports whether data is of a configured serializer, which is another than
// pickle. What nothing reads is a pickle, whose opcodes may lead to the defect.
func (s Source) noPickle(data []byte) (Serializer, bool) {
	c := s.candidates(data, -1)
	for _, one := range c.list[:c.n] {
		if one.index == 0 {
			if s.codec.Fallbacks == (Fallbacks{}) {
				break // of one serializer alone pickle comes behind it
			}
			continue
		}
		if _, _, wrong := serializations[one.index].decode(pyobj.New(), data, s.codec.Rules.of(one)); wrong == nil {
			return serializations[one.index].name, true
		}
	}
	return "", false
}

// of are the rules for one of the serializers.
func (r Rules) of(c candidate) Rules {
	r.Rust = c.rust
	return r
}

// found is a value that was read: by which of the serializations, and why the
// library would not read it, if so.
type found struct {
	root    pyobj.Ref
	from    int
	refused *Error
}

// read tries the candidates in turn; one whose library refuses a value that it understands
// gives way to one that does not. The error is that of the first.
func (s Source) read(d *pickle.Decoder, g *pyobj.Graph, c *candidates, data []byte) (v found, err error) {
	var refused candidate
	understood := false
	for _, one := range c.list[:c.n] {
		v, e := s.readBy(d, g, one, data)
		switch {
		case e == nil && v.refused == nil:
			return v, nil
		case e == nil && !understood:
			refused, understood = one, true
		case e != nil && err == nil:
			err = e
		}
	}
	if understood {
		return s.readBy(d, g, refused, data)
	}
	return found{}, err
}

func (s Source) readBy(d *pickle.Decoder, g *pyobj.Graph, one candidate, data []byte) (v found, err error) {
	v.from = one.index
	if one.index == 0 {
		v.root, err = d.Decode(g, data)
		return v, err
	}
	root, refused, wrong := serializations[one.index].decode(g, data, s.codec.Rules.of(one))
	if wrong != nil {
		return found{}, wrong
	}
	v.root, v.refused = root, refused
	return v, nil
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
