package codec

import (
	"fmt"
	"strconv"
	"strings"
)

// Serializer names how a value becomes bytes before compression.
type Serializer string

// The serializers that are built.
const (
	Pickle  Serializer = "pickle"
	JSON    Serializer = "json"
	MsgPack Serializer = "msgpack"
	YAML    Serializer = "yaml"
	Dummy   Serializer = "dummy" // none: what the application stores are bytes
)

// Compressor names what is done to the serialized bytes.
type Compressor string

// The compressors that are built.
const (
	None   Compressor = "none"
	Zlib   Compressor = "zlib"
	BZ2    Compressor = "bz2"
	Gzip   Compressor = "gzip"
	LZMA   Compressor = "lzma" // in an .xz container
	LZ4    Compressor = "lz4"  // in a frame
	Zstd   Compressor = "zstd"
	Brotli Compressor = "brotli"
)

// HighestProtocol is the newest pickle protocol there is; CPython writes it
// since 3.8.
const HighestProtocol = 5

// AnyProtocol stands in Codec.Protocol where the protocol is not known, or
// does not matter: reading takes every protocol.
const AnyProtocol = -1

// DefaultLevel stands in Codec.Level for the level that the Python library
// takes when none is given. Parse never returns it.
const DefaultLevel = -1

// Codec is how a value is serialized and then compressed.
type Codec struct {
	Serializer Serializer
	Protocol   int // of pickle: 0 to 5, or AnyProtocol
	Compressor Compressor
	Level      int   // of the compressor; 0 when there is none
	Rules      Rules // of the library; no part of the spelling
	// Fallbacks are what else the library tries on what it reads; no part of the
	// spelling, either.
	Fallbacks Fallbacks
}

// Serializers returns the names that a CODEC may begin with.
func Serializers() []Serializer {
	names := make([]Serializer, len(serializations))
	for i, s := range serializations {
		names[i] = s.name
	}
	return names
}

// Compressors returns the names that may follow the plus sign of a CODEC.
func Compressors() []Compressor {
	names := make([]Compressor, len(compressions))
	for i, c := range compressions {
		names[i] = c.name
	}
	return names
}

// String writes c the way Parse reads it: "pickle:5", "pickle:2+zlib:6". A
// protocol that is not known is left out, as is the compressor none.
func (c Codec) String() string {
	s := string(c.Serializer)
	if c.Serializer == Pickle && c.Protocol >= 0 {
		s += ":" + strconv.Itoa(c.Protocol)
	}
	if c.Compressor == None || c.Compressor == "" {
		return s
	}
	s += "+" + string(c.Compressor)
	if c.Level != DefaultLevel {
		s += ":" + strconv.Itoa(c.Level)
	}
	return s
}

// Parse reads SERIALIZER[:N][+COMPRESSOR[:LEVEL]]; a bare number means pickle
// of that protocol. What spec leaves out comes from base: the protocol if base
// is pickle too, the compressor with its level. A level comes from base only
// for the same compressor, else it is the compressor's default. Rules are always
// those of base, for the serializer as base reads it. There are no fallbacks. The errors
// are *SpecError.
func Parse(spec string, base Codec) (Codec, error) {
	bad := func(format string, args ...any) (Codec, error) {
		return Codec{}, &SpecError{Spec: spec, Reason: fmt.Sprintf(format, args...)}
	}
	if spec == "" {
		return bad("it is empty")
	}
	head, tail, plus := strings.Cut(spec, "+")
	name, number, colon := strings.Cut(head, ":")
	if !colon && name != "" && strings.Trim(name, "0123456789") == "" {
		name, number, colon = string(Pickle), name, true
	}
	c := Codec{Serializer: Serializer(name), Protocol: AnyProtocol, Rules: base.Rules}
	switch {
	case name == "" || serializationOf(c.Serializer) < 0:
		return bad("serializer %q is not one of: %s", name, join(Serializers()))
	case colon && c.Serializer != Pickle:
		return bad("serializer %s takes no number", name)
	case c.Serializer != Pickle:
	case colon && number == "highest":
		c.Protocol = HighestProtocol
	case colon:
		n, ok := smallNumber(number)
		if !ok || n > HighestProtocol {
			return bad("pickle protocol %q is not 0 to %d or highest", number, HighestProtocol)
		}
		c.Protocol = n
	case base.Serializer == Pickle:
		c.Protocol = base.Protocol
	}
	c.Rules.Rust = base.rust(c.Serializer)
	if !plus {
		c.Compressor, c.Level = base.Compressor, base.Level
		if c.Compressor == "" {
			c.Compressor = None
		}
		return c.resolveLevel(), nil
	}
	name, number, colon = strings.Cut(tail, ":")
	c.Compressor, c.Level = Compressor(name), DefaultLevel
	i := compressionOf(c.Compressor)
	if i < 0 || name == "" {
		return bad("compressor %q is not one of: %s", name, join(Compressors()))
	}
	k := compressions[i]
	switch n, ok := smallNumber(number); {
	case colon && k.high == 0:
		return bad("compressor %s has no level", name)
	case colon && (!ok || n < k.low || n > k.high):
		return bad("%s level %q is not %d to %d", name, number, k.low, k.high)
	case colon:
		c.Level = n
	case base.Compressor == c.Compressor:
		c.Level = base.Level
	}
	return c.resolveLevel(), nil
}

// resolveLevel replaces DefaultLevel by the number it stands for.
func (c Codec) resolveLevel() Codec {
	if i := compressionOf(c.Compressor); i >= 0 && (c.Level == DefaultLevel || compressions[i].high == 0) {
		c.Level = compressions[i].def
	}
	return c
}

// Keeps is about how many bytes a Transcoder to c keeps from one value to the next:
// the state of the compressor.
func (c Codec) Keeps() int64 {
	switch c = c.resolveLevel(); {
	case c.Compressor == BZ2:
		return 20 << 20 // the suffixes of a block
	case c.Compressor == Zstd && c.Level >= zstdBest, c.Compressor == Brotli && c.Level >= brotliBest:
		return 40 << 20 // the tables of matches
	}
	return 4 << 20
}

// check says what makes c unusable as a target, if anything does.
func (c Codec) check() error {
	bad := func(format string, args ...any) error {
		return &SpecError{Spec: c.String(), Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case serializationOf(c.Serializer) < 0 || c.Serializer == "":
		return bad("serializer %q is not one of: %s", c.Serializer, join(Serializers()))
	case c.Serializer != Pickle:
	case c.Protocol == AnyProtocol:
		return bad("the pickle protocol to write is not known: write for instance pickle:5")
	case c.Protocol < 0 || c.Protocol > HighestProtocol:
		return bad("pickle protocol %d is not 0 to %d", c.Protocol, HighestProtocol)
	}
	i := compressionOf(c.Compressor)
	if i < 0 {
		return bad("compressor %q is not one of: %s", c.Compressor, join(Compressors()))
	}
	if k := compressions[i]; c.Level != DefaultLevel && k.high > 0 && (c.Level < k.low || c.Level > k.high) {
		return bad("%s level %d is not %d to %d", k.name, c.Level, k.low, k.high)
	}
	return nil
}

// smallNumber reads one to three plain digits.
func smallNumber(s string) (int, bool) {
	if s == "" || len(s) > 3 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func join[T ~string](names []T) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(n))
	}
	return b.String()
}
