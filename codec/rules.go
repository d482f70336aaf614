package codec

import "cachering/codec/pyobj"

// Rules are what Python libraries do differently with one and the same
// serializer and compressor. The zero Rules are those of django-redis-cache:
// every int is stored as digits, every other value compressed. A CODEC does not
// spell them: whatever is written for a cache is written by the rules of its
// library.
type Rules struct {
	// MinLength is a number of bytes up to which a serialized value is left
	// uncompressed; 0: all are compressed. (min_length of django-redis)
	MinLength int
	// OnlySmaller leaves a value uncompressed, too, that would not become
	// smaller. (django-redis up to 4.3)
	OnlySmaller bool
	// SerializeInts treats an int as any other value. (django-dredis-cache, django-vcache
	// before 1.0)
	SerializeInts bool
	// TextDigits: what looks like digits is read as text. (django-dredis-cache)
	TextDigits bool
	// Marked: a byte before a compressed value tells how it was compressed, and without it
	// none is read. (django-vcache before 1.0)
	Marked bool
	// AnyMark reads compressed values with that byte and without. (django-vcache)
	AnyMark bool
	// FloatText stores a float as text, past serializer and compressor as an int, and
	// takes for a float whatever float() reads and is not digits alone: -7 is -7.0
	// there. (encode and decode of client/default.py of django-valkey 0.2.0)
	FloatText bool
	// AnyMapKeys: what is read as MessagePack may have dicts with keys that are
	// neither str nor bytes, which msgpack from 1.0 on refuses unless told otherwise.
	// (strict_map_key of msgpack.loads)
	AnyMapKeys bool
	// Rust: JSON and MessagePack are those of orjson and ormsgpack, which write JSON in fewer
	// bytes, and refuse what the standard of a format does not have.
	Rust bool
	// RustMapKeys: ormsgpack is told to take keys of dicts that are no str.
	// (OPT_NON_STR_KEYS)
	RustMapKeys bool
	// UnsafeYAML: YAML is read by a loader that makes whatever a tag names, and not
	// by the FullLoader of PyYAML 5.4 and later, which makes no object. (yaml.load
	// without a Loader, before PyYAML 5.1)
	UnsafeYAML bool
	// AnyDigits: the Python converts ints of any number of digits to text and back, as
	// those before 3.11 do but for security releases, instead of 4300.
	// (sys.get_int_max_str_digits)
	AnyDigits bool
}

// digits is how many digits of an int are converted.
func (r Rules) digits() int {
	if r.AnyDigits {
		return pyobj.HugeDigits
	}
	return MaxIntegerDigits
}

// compresses reports whether serialized bytes of that length are compressed at
// all.
func (r Rules) compresses(length int) bool { return r.MinLength == 0 || length > r.MinLength }
