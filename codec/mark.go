package codec

import "bytes"

// markOf is the byte that django-vcache puts before what it compresses, to tell how; 0 if
// there is none.
func markOf(c Compressor) byte {
	switch c {
	case Zstd:
		return 'z'
	case Zlib:
		return 0x8f
	}
	return 0
}

// marked takes off a mark and the compression behind it. Neither byte begins a pickle of
// protocol 2 or later, or a number; is tells that stored is nothing else.
func (o *opener) marked(stored []byte, budget int64) (l layers, err *Error, is bool) {
	var of Compressor
	switch {
	case o.source.opaque():
		return layers{}, nil, false
	case bytes.HasPrefix(stored, []byte("z\x28\xb5\x2f\xfd")):
		of = Zstd
	case bytes.HasPrefix(stored, []byte("\x8f\x78")): // in MessagePack a dict of 15 items
		of = Zlib
	default:
		return layers{}, nil, false
	}
	l, err = o.inflate(compressionOf(of), stored[1:], budget)
	l.marked = true
	return l, err, err == nil || of == Zstd || err.Kind == KindTooLarge
}

// compress appends the stream of data, behind its mark where the library puts one.
func (c Codec) compress(e engine, dst, data []byte) ([]byte, error) {
	if mark := markOf(c.Compressor); c.Rules.Marked && mark != 0 {
		dst = append(dst, mark)
	}
	return e.compress(dst, data, c.Level)
}
