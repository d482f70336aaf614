package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"

	dsnet "github.com/dsnet/compress/bzip2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

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
	stored, limit := zstdWithin(stored, budget)
	if z.r == nil || z.budget != budget {
		// The limit of a decoder is fixed, but small values all have one.
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(limit))
		if err != nil {
			return dst, &Error{Kind: KindCorrupt, Text: "zstd: " + err.Error(), Err: err}
		}
		z.r, z.budget = r, budget
	}
	room := min(zstdContent(stored), int64(limit)) + zstdBlock
	out, err := z.r.DecodeAll(stored, slices.Grow(dst, int(room)))
	switch {
	case err == nil && int64(len(out)-len(dst)) > budget, err == zstd.ErrDecoderSizeExceeded, err == zstd.ErrWindowSizeExceeded:
		return dst, tooLarge(Zstd)
	case err == nil:
		return out, nil
	}
	return dst, &Error{Kind: KindCorrupt, Text: "zstd: not a valid stream: " + err.Error(), Err: err}
}

// zstdBest is the level from which on the encoder is the slowest, with tables of 34 MiB
// (EncoderLevelFromZstd).
const zstdBest = 10

// zstdMaxWindow is the largest window that ZSTD_decompressStream takes unless told otherwise
// (ZSTD_WINDOWLOG_LIMIT_DEFAULT).
const zstdMaxWindow = 1 << 27

// zstdBlock is the most content of one block (RFC 8878, section 3.1.1.2.4).
const zstdBlock = 128 << 10

// zstdContent is how much the blocks of a frame can hold at most: where its header does not say, the content would be copied
// again and again while it grows.
func zstdContent(frame []byte) (most int64) {
	if len(frame) < 5 {
		return 0
	}
	descriptor, at := frame[4], 5
	at += [...]int{0, 1, 2, 4}[descriptor&3]  // dictionary
	at += [...]int{0, 2, 4, 8}[descriptor>>6] // size of the content
	if single := descriptor&(1<<5) != 0; !single || descriptor>>6 == 0 {
		at++ // the window, or the size of a small content
	}
	for at+3 <= len(frame) {
		head := int(frame[at]) | int(frame[at+1])<<8 | int(frame[at+2])<<16
		size := head >> 3
		at += 3
		switch head >> 1 & 3 {
		case 0: // raw
			most += int64(size)
			at += size
		case 1: // one byte, repeated
			most += int64(size)
			at++
		default:
			most += zstdBlock
			at += size
		}
		if head&1 != 0 {
			break
		}
	}
	return most
}

// zstdWithin is the frame with no larger window than what of it can be read within the budget needs, and the bytes that a reader
// has to allow for. A writer that does not know the size of the content says the window of its level, whatever comes.
func zstdWithin(frame []byte, budget int64) (within []byte, limit uint64) {
	exponent, eighths := 10, int64(0) // the smallest window that holds the budget (RFC 8878, section 3.1.1.1.2)
	if budget > 1<<10 {
		exponent = bits.Len64(uint64(budget)) - 1
		eighths = (budget - 1<<exponent + 1<<(exponent-3) - 1) >> (exponent - 3)
		if eighths == 8 {
			exponent, eighths = exponent+1, 0
		}
	}
	limit = 1<<exponent + uint64(eighths)<<(exponent-3)
	const descriptor, singleSegment = 4, 1 << 5
	if len(frame) < descriptor+2 || frame[descriptor]&singleSegment != 0 {
		return frame, limit
	}
	base := uint64(1) << (10 + frame[descriptor+1]>>3)
	if window := base + base/8*uint64(frame[descriptor+1]&7); window > limit && window <= zstdMaxWindow {
		frame = bytes.Clone(frame)
		frame[descriptor+1] = byte(exponent-10)<<3 | byte(eighths)
	}
	return frame, limit
}
