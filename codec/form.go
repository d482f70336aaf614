package codec

import "cachering/codec/pickle"

// A Form is how a value was stored: by a serializer and perhaps a compressor, or
// past both. The zero Form is that of a value which was not stored. Forms compare.
type Form struct {
	Plain      Plain // what went past the serializer; "" if nothing did
	Serializer Serializer
	Protocol   int // of a pickle
	Compressor Compressor
	Marked     bool // with a byte before the compressed value, see Rules.Marked; String does not show it
}

// A Plain is a value that libraries store past serializer and compressor.
type Plain string

// The plain values.
const (
	PlainInt   Plain = "int"   // its digits
	PlainFloat Plain = "float" // its repr
	PlainText  Plain = "text"  // digits that the library takes for text, and passes on as they are
)

// String is the form in the notation of a CODEC, with the protocol that the value
// has, and without the level, which bytes do not show: "int", "pickle:4",
// "json+zlib".
func (f Form) String() string {
	switch {
	case f.Plain != "":
		return string(f.Plain)
	case f.Serializer == "":
		return ""
	}
	return Codec{Serializer: f.Serializer, Protocol: f.Protocol, Compressor: f.Compressor, Level: DefaultLevel}.String()
}

// Form is that of the values that c writes, where it does compress them.
func (c Codec) Form() Form {
	f := Form{Serializer: c.Serializer, Compressor: c.Compressor}
	if f.Compressor == "" {
		f.Compressor = None
	}
	if c.Serializer == Pickle {
		f.Protocol = c.Protocol
	}
	f.Marked = c.Rules.Marked && markOf(f.Compressor) != 0
	return f
}

// form tells the layers of a value that a serializer was found to read.
func (l layers) form(s Serializer) Form {
	f := Form{Serializer: s, Compressor: compressions[l.compressed].name, Marked: l.marked}
	if s == Pickle {
		f.Protocol = pickle.Protocol(l.serialized)
	}
	return f
}
