package archive

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A frame of RFC 8878, in the one form that is written here: its length is known
// before it is unpacked, and a checksum ends it.
//
//	28 b5 2f fd   magic
//	xx1001 00     descriptor: size of the length, one segment, checksum, no dictionary
//	…             length of the content, 1, 2, 4 or 8 bytes
//	blocks        3 bytes: last, kind, size; then the bytes
//	…             4 bytes of the checksum of the content
const (
	frameMagic  = 0xFD2FB528
	frameForm   = 0b00100100 // of the descriptor, but for its two highest bits
	frameKnown  = 0b00111111
	maxBlock    = 128 << 10
	blockHeader = 3
)

func newPacker() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithSingleSegment(true), zstd.WithEncoderCRC(true), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
}

func newUnpacker() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxContent),
		zstd.WithDecoderMaxWindow(2*maxContent), zstd.WithDecoderLowmem(true))
}

// errCut is a frame that the end of its file cuts off.
var errCut = errors.New("the file ends in the middle of a frame")

// readFrame reads one frame, packed, and tells how long its content is. It is io.EOF
// where there is no more.
func readFrame(r io.Reader) (frame []byte, content int, err error) {
	take := func(n int) ([]byte, error) {
		from := len(frame)
		// A size in a damaged file is not to be believed: room comes as bytes do.
		for n > 0 {
			part := min(n, maxBlock)
			frame = append(frame, make([]byte, part)...)
			if _, err := io.ReadFull(r, frame[len(frame)-part:]); err != nil {
				if err == io.EOF || err == io.ErrUnexpectedEOF {
					err = errCut
				}
				return nil, err
			}
			n -= part
		}
		return frame[from:], nil
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(r, first); err != nil {
		return nil, 0, err
	}
	frame = append(make([]byte, 0, 4096), first...)
	head, err := take(4)
	if err != nil {
		return nil, 0, err
	}
	if binary.LittleEndian.Uint32(frame) != frameMagic {
		return nil, 0, errors.New("no frame begins here")
	}
	descriptor := head[3]
	if descriptor&frameKnown != frameForm {
		return nil, 0, errors.New("a frame of another form than a backup has")
	}
	length, err := take(1 << (descriptor >> 6))
	if err != nil {
		return nil, 0, err
	}
	var size uint64
	for i, b := range length {
		size |= uint64(b) << (8 * i)
	}
	if len(length) == 2 {
		size += 256
	}
	if size > maxContent {
		return nil, 0, errors.New("a frame that is larger than any")
	}
	for last := false; !last; {
		b, err := take(blockHeader)
		if err != nil {
			return nil, 0, err
		}
		header := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		last = header&1 != 0
		kind, bytes := header>>1&3, int(header>>3)
		if kind == 3 || bytes > maxBlock {
			return nil, 0, errors.New("a block that none writes")
		}
		if kind == 1 { // one byte, so many times
			bytes = 1
		}
		if len(frame)+bytes > maxContent+maxContent/64 {
			return nil, 0, errors.New("a frame that is larger than any")
		}
		if _, err := take(bytes); err != nil {
			return nil, 0, err
		}
	}
	if _, err := take(4); err != nil {
		return nil, 0, err
	}
	return frame, int(size), nil
}

// unpack is the content of a frame.
func unpack(d *zstd.Decoder, frame []byte, content int) ([]byte, error) {
	out, err := d.DecodeAll(frame, make([]byte, 0, content))
	if err != nil {
		return nil, err
	}
	if len(out) != content {
		return nil, errors.New("its content has another length than is told")
	}
	return out, nil
}
