package codec

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"io"

	"github.com/klauspost/compress/zlib"

	"cachering/codec/deflate"
)

// zlibEngine is zlib of Python: one stream of RFC 1950.
type zlibEngine struct {
	w  *deflate.Encoder
	r  io.ReadCloser
	in bytes.Reader
}

func (z *zlibEngine) compress(dst, data []byte, level int) ([]byte, error) {
	if z.w == nil {
		z.w = new(deflate.Encoder)
	}
	// A window of 32 KiB, the group of the level, and what makes the two bytes a
	// multiple of 31.
	header := uint16(0x7800) | uint16(zlibGroup(level))<<6
	header += 31 - header%31
	out, err := z.w.Append(binary.BigEndian.AppendUint16(dst, header), data, level)
	if err != nil {
		return dst, err
	}
	return binary.BigEndian.AppendUint32(out, adler32.Checksum(data)), nil
}

// finish writes data and closes w, and returns what that put into out.
func finish(w io.WriteCloser, out *sliceWriter, data []byte) ([]byte, error) {
	_, err := w.Write(data)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	dst := out.b
	out.b = nil
	return dst, err
}

func (z *zlibEngine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	z.in.Reset(stored)
	var err error
	if z.r == nil {
		z.r, err = zlib.NewReader(&z.in)
	} else {
		err = z.r.(zlib.Resetter).Reset(&z.in, nil)
	}
	if err != nil {
		return dst, corrupt(Zlib, &z.in, err)
	}
	return inflate(dst, z.r, Zlib, &z.in, budget)
}

// hasZlibHeader reports whether b may begin a zlib stream without a preset
// dictionary (RFC 1950, section 2.2).
func hasZlibHeader(b []byte) bool {
	return len(b) >= 2 && b[0]&0x0f == 8 && b[0]>>4 <= 7 && b[1]&0x20 == 0 && (int(b[0])<<8|int(b[1]))%31 == 0
}

// isPythonZlib: Python's zlib writes a first byte of 78, which begins no
// pickle. Other first bytes of zlib do.
func isPythonZlib(b []byte) bool { return b[0] == 0x78 }

// zlibLevelFits compares the two bits of the header that tell four groups of
// levels apart.
func zlibLevelFits(stream []byte, level, _ int) bool { return stream[1]>>6 == zlibGroup(level) }

func zlibGroup(level int) byte {
	switch {
	case level < 2:
		return 0
	case level < 6:
		return 1
	case level == 6:
		return 2
	}
	return 3
}
