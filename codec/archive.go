package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/bits"

	dsnet "github.com/dsnet/compress/bzip2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"cachering/codec/bzip2"
	"cachering/codec/deflate"
)

// bz2Engine is bz2 of Python.
type bz2Engine struct {
	w  *bzip2.Encoder
	r  *dsnet.Reader
	in bytes.Reader
}

func (z *bz2Engine) compress(dst, data []byte, level int) ([]byte, error) {
	if z.w == nil {
		z.w = new(bzip2.Encoder)
	}
	return z.w.Append(dst, data, level)
}

func (z *bz2Engine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	z.in.Reset(stored)
	var err error
	if z.r == nil {
		z.r, err = dsnet.NewReader(&z.in, nil)
	} else {
		err = z.r.Reset(&z.in)
	}
	if err != nil {
		return dst, corrupt(BZ2, &z.in, err)
	}
	return inflate(dst, z.r, BZ2, &z.in, budget)
}

// hasBZ2Header looks for BZh, the level, and the start of a first block.
func hasBZ2Header(b []byte) bool {
	return len(b) >= 10 && bytes.HasPrefix(b, []byte("BZh")) && '1' <= b[3] && b[3] <= '9' && string(b[4:10]) == "1AY&SY"
}

func bz2LevelFits(stream []byte, level, _ int) bool { return int(stream[3]-'0') == level }

// gzipEngine is gzip of Python: one member. No time is written, so that equal
// values give equal bytes.
type gzipEngine struct {
	w  *deflate.Encoder
	r  gzip.Reader
	in bytes.Reader
}

func (z *gzipEngine) compress(dst, data []byte, level int) ([]byte, error) {
	if z.w == nil {
		z.w = new(deflate.Encoder)
	}
	// The method, no fields, no time, the group of the level, no operating system.
	out := append(dst, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, gzipGroup(level), 0xff)
	out, err := z.w.Append(out, data, level)
	if err != nil {
		return dst, err
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(out, uint32(len(data))), nil
}

func (z *gzipEngine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	z.in.Reset(stored)
	if err := z.r.Reset(&z.in); err != nil {
		return dst, corrupt(Gzip, &z.in, err)
	}
	z.r.Multistream(false)
	return inflate(dst, &z.r, Gzip, &z.in, budget)
}

// gzipLevelFits looks at the extra flags of the header.
func gzipLevelFits(stream []byte, level, _ int) bool {
	return len(stream) > 8 && stream[8] == gzipGroup(level)
}

// gzipGroup is how zlib marks the highest level and the fastest one.
func gzipGroup(level int) byte {
	switch level {
	case 9:
		return 2
	case 1:
		return 4
	}
	return 0
}

// xzEngine is lzma of Python: an .xz container with one LZMA2 filter and
// CRC64. The library keeps no state from one stream to the next.
type xzEngine struct {
	out sliceWriter
	in  bytes.Reader
}

// xzDictionary is the size of the dictionary that a preset of liblzma has
// (src/liblzma/lzma/lzma_encoder_presets.c).
func xzDictionary(level int) int {
	return 1 << [...]int{18, 20, 21, 22, 22, 23, 23, 24, 25, 26}[level]
}

// xzDictionaryFor is the size that is written here: not more than the content
// can use, because all of it is allocated for each value.
func xzDictionaryFor(level, size int) int {
	const smallest = 64 << 10
	return min(xzDictionary(level), max(smallest, 1<<bits.Len(uint(size))))
}

func (z *xzEngine) compress(dst, data []byte, level int) ([]byte, error) {
	z.out.b = dst
	w, err := xz.WriterConfig{DictCap: xzDictionaryFor(level, len(data)), CheckSum: xz.CRC64}.NewWriter(&z.out)
	if err != nil {
		return dst, err
	}
	return finish(w, &z.out, data)
}

// The header of a stream makes its reader allocate a dictionary. No preset asks
// for more than maxXZDictionary, and most for no more than usualXZDictionary.
const (
	usualXZDictionary = 16 << 20
	maxXZDictionary   = 64 << 20
)

func (z *xzEngine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	z.in.Reset(stored)
	if size, ok := xzStreamDictionary(stored); ok && (size > maxXZDictionary || size > usualXZDictionary && int64(size) > budget) {
		return dst, tooLarge(LZMA)
	}
	r, err := xz.ReaderConfig{SingleStream: true, DictCap: 4 << 10}.NewReader(&z.in)
	if err != nil {
		return dst, corrupt(LZMA, &z.in, err)
	}
	return inflate(dst, r, LZMA, &z.in, budget)
}

// xzStreamDictionary reads the size of the dictionary from the header of the
// first block (The .xz File Format, sections 3.1 and 5.3.1).
func xzStreamDictionary(stream []byte) (size uint64, ok bool) {
	const blockHeader = 12
	if len(stream) < blockHeader+2 {
		return 0, false
	}
	flags, p := stream[blockHeader+1], blockHeader+2
	for _, present := range []byte{0x40, 0x80} { // compressed and uncompressed size
		if flags&present != 0 {
			for p < len(stream) && stream[p]&0x80 != 0 {
				p++
			}
			p++
		}
	}
	if len(stream) < p+3 || stream[p] != 0x21 || stream[p+1] != 1 || stream[p+2] > 40 {
		return 0, false
	}
	n := uint64(stream[p+2])
	if n == 40 {
		return 1<<32 - 1, true
	}
	return (2 | n&1) << (n/2 + 11), true
}

func xzLevelFits(stream []byte, level, size int) bool {
	found, ok := xzStreamDictionary(stream)
	return ok && (found == uint64(xzDictionary(level)) || found == uint64(xzDictionaryFor(level, size)))
}

// lz4Engine is lz4.frame of Python: a frame that tells the size of its content.
type lz4Engine struct {
	w   *lz4.Writer
	out sliceWriter
	r   *lz4.Reader
	in  bytes.Reader
}

func (z *lz4Engine) compress(dst, data []byte, level int) ([]byte, error) {
	z.out.b = dst
	if z.w == nil {
		z.w = lz4.NewWriter(&z.out)
	} else {
		z.w.Reset(&z.out)
	}
	depth := lz4.Fast
	if level > 2 { // from 3 on the C library searches harder, up to 12
		depth = 1 << (8 + min(level-2, 9))
	}
	err := z.w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.SizeOption(uint64(len(data))), lz4.CompressionLevelOption(depth), lz4.ConcurrencyOption(1))
	if err != nil {
		return dst, err
	}
	return finish(z.w, &z.out, data)
}

func (z *lz4Engine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	z.in.Reset(stored)
	if z.r == nil {
		z.r = lz4.NewReader(&z.in)
	} else {
		z.r.Reset(&z.in)
	}
	return inflate(dst, onlyReader{z.r}, LZ4, &z.in, budget)
}

// onlyReader hides the other methods of a reader.
type onlyReader struct{ io.Reader }

// zstdEngine is a Zstandard frame that tells the size of its content.
type zstdEngine struct {
	w      *zstd.Encoder
	level  int
	r      *zstd.Decoder
	budget int64
}

func (z *zstdEngine) compress(dst, data []byte, level int) ([]byte, error) {
	if z.w == nil || z.level != level {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
		if err != nil {
			return dst, err
		}
		z.w, z.level = w, level
	}
	return z.w.EncodeAll(data, dst), nil
}

func (z *zstdEngine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	if z.r == nil || z.budget != budget {
		// The limit of a decoder is fixed, but small values all have one.
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(budget)))
		if err != nil {
			return dst, &Error{Kind: KindCorrupt, Text: "zstd: " + err.Error(), Err: err}
		}
		z.r, z.budget = r, budget
	}
	out, err := z.r.DecodeAll(stored, dst)
	switch {
	case err == nil:
		return out, nil
	case err == zstd.ErrDecoderSizeExceeded || err == zstd.ErrWindowSizeExceeded:
		return dst, tooLarge(Zstd)
	}
	return dst, &Error{Kind: KindCorrupt, Text: "zstd: not a valid stream: " + err.Error(), Err: err}
}
