package codec

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
)

// deflater and inflater keep the state of the compressor, which is much larger
// than most values, from one value to the next.
type deflater struct {
	w     *zlib.Writer
	level int
	out   sliceWriter
}

type inflater struct {
	r  io.ReadCloser
	in bytes.Reader
}

// compress appends the zlib stream of data to dst.
func (d *deflater) compress(dst, data []byte, level int) []byte {
	d.out.b = dst
	if d.w == nil || d.level != level {
		w, err := zlib.NewWriterLevel(&d.out, level)
		if err != nil {
			panic("codec: level not checked: " + err.Error())
		}
		d.w, d.level = w, level
	} else {
		d.w.Reset(&d.out)
	}
	// A sliceWriter takes everything, so neither call can fail.
	d.w.Write(data)
	d.w.Close()
	dst, d.out.b = d.out.b, nil
	return dst
}

// decompress appends the content of one zlib stream, which must fill stored to
// its last byte, to dst. It never lets the content grow beyond budget.
func (f *inflater) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	f.in.Reset(stored)
	var err error
	if f.r == nil {
		f.r, err = zlib.NewReader(&f.in)
	} else {
		err = f.r.(zlib.Resetter).Reset(&f.in, nil)
	}
	start := len(dst)
	for err == nil {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		var n int
		n, err = f.r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if int64(len(dst)-start) > budget {
			return dst[:start], &Error{Kind: KindTooLarge, Text: "zlib: the content is larger than the budget"}
		}
	}
	at := len(stored) - f.in.Len()
	switch {
	case err == io.EOF && f.in.Len() == 0:
		return dst, nil
	case err == io.EOF:
		return dst[:start], &Error{Kind: KindTrailing, Offset: at, Text: "zlib: bytes after the end of the stream"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return dst[:start], &Error{Kind: KindCorrupt, Offset: at, Text: "zlib: the stream ends too early", Err: err}
	case errors.Is(err, zlib.ErrChecksum):
		return dst[:start], &Error{Kind: KindCorrupt, Offset: at, Text: "zlib: the checksum does not match", Err: err}
	}
	return dst[:start], &Error{Kind: KindCorrupt, Offset: at, Text: "zlib: not a valid stream", Err: err}
}

// hasZlibHeader reports whether b may begin a zlib stream without a preset
// dictionary (RFC 1950, section 2.2).
func hasZlibHeader(b []byte) bool {
	return len(b) >= 2 && b[0]&0x0f == 8 && b[0]>>4 <= 7 && b[1]&0x20 == 0 && (int(b[0])<<8|int(b[1]))%31 == 0
}

// zlibLevelFits reports whether a stream with this header may have been made
// at level: the header tells only four groups of levels apart.
func zlibLevelFits(header []byte, level int) bool {
	return header[1]>>6 == zlibGroup(level)
}

func zlibGroup(level int) byte {
	switch {
	case level == DefaultLevel || level == 6:
		return 2
	case level < 2:
		return 0
	case level < 6:
		return 1
	}
	return 3
}

// sliceWriter is an io.Writer that appends.
type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}
