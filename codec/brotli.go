package codec

import (
	"bytes"

	"github.com/andybalholm/brotli"
)

// brotliEngine is brotli of Python: one stream of RFC 7932.
type brotliEngine struct {
	w     *brotli.Writer
	level int
	out   sliceWriter
	r     *brotli.Reader
	in    bytes.Reader
}

// brotliWindow is the lgwin of brotli.compress, and of django-valkey
// (COMPRESS_BROTLI_LGWIN).
const brotliWindow = 22

// brotliBest is the level from which on the encoder's tables are as large as its window
// asks for.
const brotliBest = 9

func (z *brotliEngine) compress(dst, data []byte, level int) ([]byte, error) {
	z.out.b = dst
	if z.w == nil || z.level != level {
		z.w, z.level = brotli.NewWriterOptions(&z.out, brotli.WriterOptions{Quality: level, LGWin: brotliWindow}), level
	} else {
		z.w.Reset(&z.out)
	}
	return finish(z.w, &z.out, data)
}

// decompress takes no window above 16 MiB, as the library does: the reader refuses
// the extension for larger ones.
func (z *brotliEngine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	z.in.Reset(stored)
	if z.r == nil {
		z.r = brotli.NewReader(&z.in)
	} else {
		z.r.Reset(&z.in)
	}
	out, err := inflate(dst, z.r, Brotli, &z.in, budget)
	if err != nil && err.Err != nil && err.Err.Error() == "brotli: excessive input" {
		err = &Error{Kind: KindTrailing, Offset: err.Offset, Text: "brotli: bytes after the end of the stream"}
	}
	return out, err
}

// mayBeBrotli reports whether b may be a stream, which has no mark of its own: what
// begins and ends as a pickle does is taken for one.
func mayBeBrotli(b []byte) bool {
	return len(b) > 0 && !(len(b) > 2 && b[0] == 0x80 && 2 <= b[1] && b[1] <= HighestProtocol && b[len(b)-1] == '.')
}

// never is sure of nothing.
func never([]byte) bool { return false }
