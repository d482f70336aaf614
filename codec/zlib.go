package codec

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/zlib"
)

// zlibEngine is zlib of Python: one stream of RFC 1950.
type zlibEngine struct {
	w     *zlib.Writer
	level int
	out   sliceWriter
	r     io.ReadCloser
	in    bytes.Reader
}

func (z *zlibEngine) compress(dst, data []byte, level int) ([]byte, error) {
	z.out.b = dst
	if z.w == nil || z.level != level {
		w, err := zlib.NewWriterLevel(&z.out, level)
		if err != nil {
			return dst, err
		}
		z.w, z.level = w, level
	} else {
		z.w.Reset(&z.out)
	}
	return finish(z.w, &z.out, data)
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
func zlibLevelFits(stream []byte, level, _ int) bool {
	group := byte(3)
	switch {
	case level < 2:
		group = 0
	case level < 6:
		group = 1
	case level == 6:
		group = 2
	}
	return stream[1]>>6 == group
}
