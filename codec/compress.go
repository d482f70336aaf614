package codec

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// compression is what is known about one compressor.
type compression struct {
	name           Compressor
	low, high, def int // levels, as Python takes them; high is 0 if there are none

	// matches reports whether b may begin a stream; sure, that it cannot be a
	// pickle then.
	matches func(b []byte) bool
	sure    func(b []byte) bool
	// unmarked streams are looked for only where they are expected.
	unmarked bool
	// fits reports whether a stream of size bytes of content may have been made
	// at a level, as far as it shows.
	fits func(stream []byte, level, size int) bool
	make func() engine
}

// engine is the state of one compressor, which is often much larger than a
// value and so is kept from one value to the next.
type engine interface {
	// compress appends the stream of data to dst.
	compress(dst, data []byte, level int) ([]byte, error)
	// decompress appends the content of the one stream that stored is to dst,
	// as long as it stays within the budget.
	decompress(dst, stored []byte, budget int64) ([]byte, *Error)
}

// compressions are in the order in which CODECs are explained. Levels and
// defaults are those of the Python libraries named.
var compressions = [...]compression{
	{name: None},
	{name: Zlib, low: 0, high: 9, def: 6, matches: hasZlibHeader, sure: isPythonZlib, fits: zlibLevelFits, make: func() engine { return new(zlibEngine) }},
	{name: BZ2, low: 1, high: 9, def: 9, matches: hasBZ2Header, sure: always, fits: bz2LevelFits, make: func() engine { return new(bz2Engine) }},
	{name: Gzip, low: 0, high: 9, def: 9, matches: magic("\x1f\x8b\x08"), sure: always, fits: gzipLevelFits, make: func() engine { return new(gzipEngine) }},
	{name: LZMA, low: 0, high: 9, def: 4, matches: magic("\xfd7zXZ\x00"), sure: always, fits: xzLevelFits, make: func() engine { return new(xzEngine) }},
	{name: LZ4, low: 0, high: 16, def: 0, matches: magic("\x04\x22\x4d\x18"), sure: always, fits: anyLevel, make: func() engine { return new(lz4Engine) }},
	{name: Zstd, low: 1, high: 22, def: 3, matches: magic("\x28\xb5\x2f\xfd"), sure: always, fits: anyLevel, make: func() engine { return new(zstdEngine) }},
	{name: Brotli, low: 0, high: 11, def: 11, unmarked: true, matches: mayBeBrotli, sure: never, fits: anyLevel, make: func() engine { return new(brotliEngine) }}, // the last: anything may match
}

func always([]byte) bool { return true }

func anyLevel([]byte, int, int) bool { return true }

// compressionOf returns the index in compressions, or -1. No name is None.
func compressionOf(name Compressor) int {
	if name == "" {
		return 0
	}
	for i := range compressions {
		if compressions[i].name == name {
			return i
		}
	}
	return -1
}

// engines are made when they are first needed.
type engines [len(compressions)]engine

func (e *engines) of(i int) engine {
	if e[i] == nil {
		e[i] = compressions[i].make()
	}
	return e[i]
}

// magic returns a function that looks for the first bytes of a stream.
func magic(first string) func([]byte) bool {
	return func(b []byte) bool { return bytes.HasPrefix(b, []byte(first)) }
}

// sliceWriter is an io.Writer that appends, and never fails.
type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// inflate appends what r gives to dst. name begins the text of errors; in is
// what r reads from, to see where it stopped.
func inflate(dst []byte, r io.Reader, name Compressor, in *bytes.Reader, budget int64) ([]byte, *Error) {
	start := len(dst)
	for {
		if len(dst) == cap(dst) {
			more := max(len(dst), 512)
			if len(dst) > keepBuffer { // the old and the new one together are what counts
				more = len(dst) / 4
			}
			dst = slices.Grow(dst, int(min(int64(more), budget+1-int64(len(dst)-start))))
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if int64(len(dst)-start) > budget {
			return dst[:start], tooLarge(name)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return dst[:start], corrupt(name, in, err)
		}
	}
	if in.Len() > 0 {
		return dst[:start], &Error{Kind: KindTrailing, Offset: int(in.Size()) - in.Len(), Text: string(name) + ": bytes after the end of the stream"}
	}
	return dst, nil
}

func tooLarge(name Compressor) *Error {
	return &Error{Kind: KindTooLarge, Text: string(name) + ": the content is larger than the budget"}
}

// corrupt explains why a stream could not be read to its end.
func corrupt(name Compressor, in *bytes.Reader, err error) *Error {
	e := &Error{Kind: KindCorrupt, Offset: int(in.Size()) - in.Len(), Text: string(name) + ": not a valid stream (" + err.Error() + ")", Err: err}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		e.Text = string(name) + ": the stream ends too early"
	}
	return e
}
