package codec

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math/bits"
	"slices"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

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

func xzLevelFits(stream []byte, level, size int) bool {
	s := xzStream{b: stream, at: xzHeaderSize}
	block, err := s.blockHeader()
	return err == nil && (block.dictionary == uint64(xzDictionary(level)) || block.dictionary == uint64(xzDictionaryFor(level, size)))
}

// decompress reads the container itself: a reader of a block allocates the dictionary that its header asks for, which is as large
// as the writer liked and of no use beyond the content, and the heads of the chunks tell before how much that is.
func (z *xzEngine) decompress(dst, stored []byte, budget int64) ([]byte, *Error) {
	start := len(dst)
	s := xzStream{b: stored}
	err := s.header()
	for err == nil {
		var block xzBlock
		if block, err = s.block(); err != nil {
			break
		}
		if block.content > budget-int64(len(dst)-start) {
			return dst[:start], tooLarge(LZMA)
		}
		from := len(dst)
		dst = slices.Grow(dst, int(block.content)+1)
		z.in.Reset(stored[:block.end])
		z.in.Seek(int64(block.chunks), io.SeekStart)
		r, bad := lzma.Reader2Config{DictCap: int(max(lzma.MinDictCap, min(block.dictionary, uint64(block.content))))}.NewReader2(&z.in)
		if bad != nil {
			return dst[:start], corrupt(LZMA, &z.in, bad)
		}
		var e *Error
		if dst, e = inflate(dst, r, LZMA, &z.in, block.content); e != nil {
			return dst[:start], e
		}
		err = s.check(block, dst[from:])
	}
	if err == errXZIndex {
		err = s.index()
	}
	if err != nil {
		z.in.Reset(stored)
		z.in.Seek(int64(s.at), io.SeekStart)
		return dst[:start], corrupt(LZMA, &z.in, err)
	}
	if s.at < len(stored) {
		return dst[:start], &Error{Kind: KindTrailing, Offset: s.at, Text: string(LZMA) + ": bytes after the end of the stream"}
	}
	return dst, nil
}

const xzHeaderSize = 12

// xzStream walks over a stream (The .xz File Format 1.2.1; sections are of it).
type xzStream struct {
	b       []byte
	at      int
	flags   byte
	records []xzRecord
}

// xzRecord is what the index says of a block.
type xzRecord struct{ unpadded, content uint64 }

// xzBlock is a block whose chunks were walked over.
type xzBlock struct {
	dictionary  uint64
	head        int      // where it begins
	chunks, end int      // where the chunks begin, and end
	content     int64    // bytes that the chunks say they hold
	said        [2]int64 // sizes of the chunks and of the content by the header; -1 where it has none
}

var (
	errXZ      = errors.New("xz: it is damaged")
	errXZCheck = errors.New("xz: a checksum is wrong")
	errXZKind  = errors.New("xz: a filter or a check that lzma.compress does not write")
	errXZIndex = errors.New("xz: the index begins") // instead of a block
)

func (s *xzStream) take(n int) ([]byte, error) {
	if n > len(s.b)-s.at {
		return nil, io.ErrUnexpectedEOF
	}
	s.at += n
	return s.b[s.at-n : s.at], nil
}

// number reads a multibyte integer (section 1.2).
func (s *xzStream) number() (uint64, error) {
	v, n := binary.Uvarint(s.b[s.at:])
	switch {
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	case n < 0 || v >= 1<<63:
		return 0, errXZ
	}
	s.at += n
	return v, nil
}

// zeros passes the padding of what began at a place, a multiple of four bytes.
func (s *xzStream) zeros(from int) error {
	pad, err := s.take((from - s.at) & 3)
	if err == nil && len(bytes.Trim(pad, "\x00")) > 0 {
		err = errXZ
	}
	return err
}

// checksummed takes n bytes and the CRC32 of them.
func (s *xzStream) checksummed(n int) ([]byte, error) {
	b, err := s.take(n + 4)
	if err == nil && crc32.ChecksumIEEE(b[:n]) != binary.LittleEndian.Uint32(b[n:]) {
		err = errXZCheck
	}
	return b, err
}

// header reads the header of the stream (section 2.1.1).
func (s *xzStream) header() error {
	const magic = "\xfd7zXZ\x00"
	switch head, err := s.take(len(magic)); {
	case err != nil:
		return err
	case string(head) != magic:
		return errXZ
	}
	flags, err := s.checksummed(2)
	if err != nil {
		return err
	}
	if s.flags = flags[1]; flags[0] != 0 || xzCheckSize(s.flags) < 0 {
		return errXZKind
	}
	return nil
}

// xzCheckSize is the size of the checks of a stream (section 2.1.1.2), -1 of unknown ones.
func xzCheckSize(flags byte) int {
	switch flags {
	case xz.None:
		return 0
	case xz.CRC32:
		return 4
	case xz.CRC64:
		return 8
	case xz.SHA256:
		return sha256.Size
	}
	return -1
}

// blockHeader reads the header of a block (section 3.1), or finds that there is none.
func (s *xzStream) blockHeader() (xzBlock, error) {
	block := xzBlock{head: s.at, said: [2]int64{-1, -1}}
	if s.at == len(s.b) {
		return block, io.ErrUnexpectedEOF
	}
	if s.b[s.at] == 0 {
		return block, errXZIndex
	}
	b, err := s.checksummed(4 * int(s.b[s.at]))
	if err != nil {
		return block, err
	}
	fields := xzStream{b: b[:len(b)-4], at: 2}
	if b[1]&0x3f != 0 {
		return block, errXZKind
	}
	for i, flag := range []byte{0x40, 0x80} {
		if b[1]&flag != 0 {
			n, err := fields.number()
			if err != nil {
				return block, errXZ
			}
			block.said[i] = int64(n)
		}
	}
	filter, err := fields.take(3) // LZMA2 with one byte (section 5.3.1)
	switch {
	case err != nil:
		return block, errXZ
	case filter[0] != 0x21 || filter[1] != 1 || filter[2] > 40:
		return block, errXZKind
	case len(bytes.Trim(fields.b[fields.at:], "\x00")) > 0:
		return block, errXZ
	}
	n := uint64(filter[2])
	if block.dictionary = (2 | n&1) << (n/2 + 11); n == 40 {
		block.dictionary = 1<<32 - 1
	}
	return block, nil
}

// block walks over the chunks of a block, as lzma2_decode of liblzma does
// (src/liblzma/lzma/lzma2_decoder.c).
func (s *xzStream) block() (xzBlock, error) {
	block, err := s.blockHeader()
	if err != nil {
		return block, err
	}
	block.chunks = s.at
	for {
		head, err := s.take(1)
		if err != nil {
			return block, err
		}
		control, skip := head[0], 0
		if control == 0 {
			break
		}
		if head, err = s.take(2); err != nil {
			return block, err
		}
		content := int(binary.BigEndian.Uint16(head)) + 1
		switch {
		case control >= 0x80:
			content += int(control&0x1f) << 16
			if head, err = s.take(2); err != nil {
				return block, err
			}
			skip = int(binary.BigEndian.Uint16(head)) + 1
			if control >= 0xc0 {
				skip++ // properties
			}
		case control > 2:
			return block, errXZ
		default:
			skip = content
		}
		if _, err = s.take(skip); err != nil {
			return block, err
		}
		block.content += int64(content)
	}
	if block.end = s.at; block.said[0] >= 0 && block.said[0] != int64(block.end-block.chunks) || block.said[1] >= 0 && block.said[1] != block.content {
		return block, errXZ
	}
	return block, nil
}

// check reads what stands behind the chunks of a block, and compares it with the content.
func (s *xzStream) check(block xzBlock, content []byte) error {
	if err := s.zeros(block.head); err != nil {
		return err
	}
	want, err := s.take(xzCheckSize(s.flags))
	if err != nil {
		return err
	}
	var sum []byte
	switch s.flags {
	case xz.CRC32:
		sum = binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(content))
	case xz.CRC64:
		sum = binary.LittleEndian.AppendUint64(nil, crc64.Checksum(content, crc64.MakeTable(crc64.ECMA)))
	case xz.SHA256:
		digest := sha256.Sum256(content)
		sum = digest[:]
	}
	if !bytes.Equal(sum, want) {
		return errXZCheck
	}
	s.records = append(s.records, xzRecord{uint64(block.end - block.head + len(want)), uint64(len(content))})
	return nil
}

// index reads the index and the footer (sections 4 and 2.1.2).
func (s *xzStream) index() error {
	from := s.at
	s.at++
	n, err := s.number()
	if err == nil && n != uint64(len(s.records)) {
		err = errXZ
	}
	for _, want := range s.records {
		var got xzRecord
		if err == nil {
			got.unpadded, err = s.number()
		}
		if err == nil {
			got.content, err = s.number()
		}
		if err == nil && got != want {
			err = errXZ
		}
	}
	if err == nil {
		err = s.zeros(from)
	}
	if err != nil {
		return err
	}
	size := s.at - from
	s.at = from
	if _, err = s.checksummed(size); err != nil {
		return err
	}
	foot, err := s.take(12)
	switch {
	case err != nil:
		return err
	case string(foot[10:]) != "YZ" || foot[8] != 0 || foot[9] != s.flags || 4*(int64(binary.LittleEndian.Uint32(foot[4:]))+1) != int64(size+4):
		return errXZ
	case crc32.ChecksumIEEE(foot[4:10]) != binary.LittleEndian.Uint32(foot):
		return errXZCheck
	}
	return nil
}
