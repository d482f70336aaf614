package codec

// Unpacker takes off what a compressor did, and nothing else. It keeps its buffers from
// one value to the next, and is for one goroutine.
type Unpacker struct{ opener }

// NewUnpacker returns an Unpacker for values that are stored so.
func NewUnpacker(from Source) *Unpacker { return &Unpacker{opener{source: from}} }

// Unpack gives the serialized bytes of what is stored: those that it was given where
// nothing is compressed. is is false for what no serializer made: a number that the
// library stores as text, a lock token, what redis-py stores for an object. They are valid
// until the next call. The error is an *Error.
func (u *Unpacker) Unpack(stored []byte, o Options) (serialized []byte, is bool, err error) {
	u.release(stored)
	l, e := u.open(stored, o)
	switch {
	case e == errLockToken || e == errDamaged:
		return nil, false, nil
	case e != nil:
		return nil, false, e
	}
	return l.serialized, l.integer == nil && !l.float && !l.text, nil
}

// Serializer is that of the codec.
func (s Source) Serializer() Serializer { return s.codec.Serializer }

// Packer tells how small compressors make what they are given, at the levels that Python
// takes when none is given. It keeps their state, and is for one goroutine.
type Packer struct {
	engines
	out []byte
}

// Size is how many bytes a compressor makes of data; 0 where it cannot.
func (p *Packer) Size(data []byte, c Compressor) int {
	i := compressionOf(c)
	if i <= 0 {
		return len(data)
	}
	out, err := p.engines.of(i).compress(p.out[:0], data, compressions[i].def)
	if err != nil {
		return 0
	}
	if p.out = out; cap(out) > keepBuffer {
		p.out = nil
	}
	return len(out)
}
