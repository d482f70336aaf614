package codec

import "slices"

// maxFallbacks is how many serializers a library may try beside the first: each of
// those that there are, once, JSON and MessagePack twice.
const maxFallbacks = len(serializations) + 1

// Fallbacks are what a library tries on stored bytes where serializer and compressor of
// its Codec do not read them: it writes by the first and reads by any. The zero
// Fallbacks are none. Fallbacks compare.
//
// Nothing in the bytes tells by which serializer they were written. In turn each is
// asked, as the library does (OPTIONS["serializer"] and OPTIONS["compressor"] of
// django-cachex as lists).
type Fallbacks struct {
	serializers [maxFallbacks]fallback
	number      int
	compressors uint32 // a bit for each of compressions
}

// fallback is a serializer, as an index in serializations.
type fallback struct {
	serializer int8
	rust       bool
}

// Serializer adds a serializer behind those that there are; rust as in Rules.Rust. A
// second time it adds nothing.
func (f Fallbacks) Serializer(s Serializer, rust bool) Fallbacks {
	one := fallback{int8(serializationOf(s)), rust}
	if one.serializer >= 0 && f.number < len(f.serializers) && !slices.Contains(f.links(), one) {
		f.serializers[f.number] = one
		f.number++
	}
	return f
}

// Compressor adds a compressor.
func (f Fallbacks) Compressor(k Compressor) Fallbacks {
	if i := compressionOf(k); i > 0 {
		f.compressors |= 1 << i
	}
	return f
}

func (f *Fallbacks) links() []fallback { return f.serializers[:f.number] }

// Serializers are those that read: its own, and the fallbacks, each once.
func (c Codec) Serializers() []Serializer {
	list := []Serializer{serializations[max(serializationOf(c.Serializer), 0)].name}
	for _, link := range c.Fallbacks.links() {
		if name := serializations[link.serializer].name; !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// Compressors are those that read: its own, and the fallbacks. None is one only where
// it is its own.
func (c Codec) Compressors() []Compressor {
	list := []Compressor{compressions[max(compressionOf(c.Compressor), 0)].name}
	for i, k := range compressions {
		if c.Fallbacks.compressors>>i&1 != 0 && !slices.Contains(list, k.name) {
			list = append(list, k.name)
		}
	}
	return list
}

// rust tells whether a serializer is read by the library written in Rust, and by no
// other.
func (c Codec) rust(s Serializer) bool {
	if serializationOf(s) == serializationOf(c.Serializer) {
		return c.Rules.Rust
	}
	rust := false
	for _, link := range c.Fallbacks.links() {
		if int(link.serializer) == serializationOf(s) {
			if !link.rust {
				return false
			}
			rust = true
		}
	}
	return rust
}
