package bzip2

import (
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
)

const (
	blockUnit = 100_000 // bytes of a block at level 1
	reserve   = 19      // bytes of a block that libbzip2 leaves free

	maxRun  = 255
	markRun = 4 // a run of so many bytes is followed by how many more there are

	blockMagic = 0x314159265359
	endMagic   = 0x177245385090
)

// Encoder compresses one value after the other. The zero Encoder is ready; it is
// for one goroutine. It holds ten bytes for each byte of the largest block that it
// has written, so no more than 9 MB.
type Encoder struct {
	bits   bitWriter
	block  []byte    // the value, or a part of it, runs shortened
	turned [512]byte // bytes with their bits the other way round
	sorter
	symbols
	tables
}

// Append appends the bzip2 stream of data to dst. The level is from 1 to 9: how
// many hundred thousand bytes a block has.
func (e *Encoder) Append(dst, data []byte, level int) ([]byte, error) {
	if level < 1 || level > 9 {
		return dst, fmt.Errorf("bzip2: no level %d", level)
	}
	e.bits.begin(dst)
	e.bits.put('B'<<24|'Z'<<16|'h'<<8|'0'+uint64(level), 32)
	sum := uint32(0)
	for most := level*blockUnit - reserve; len(data) > 0; {
		n := e.shorten(data, most)
		check := e.checksum(data[:n])
		sum = bits.RotateLeft32(sum, 1) ^ check
		e.write(check)
		data = data[n:]
	}
	e.bits.put48(endMagic)
	e.bits.put(uint64(sum), 32)
	return e.bits.end(), nil
}

// shorten begins a block with data, runs shortened, and returns how many bytes are
// in it. It ends with the run that makes it most bytes long, or longer.
func (e *Encoder) shorten(data []byte, most int) (n int) {
	block := slices.Grow(e.block[:0], min(most, len(data)+len(data)/markRun)+markRun+1)
	for n < len(data) && len(block) < most {
		c, from := data[n], n
		for n++; n < len(data) && data[n] == c && n-from < maxRun; n++ {
		}
		for range min(n-from, markRun) {
			block = append(block, c)
		}
		if n-from >= markRun {
			block = append(block, byte(n-from-markRun))
		}
	}
	e.block = block
	return n
}

// write writes the block.
func (e *Encoder) write(check uint32) {
	w := &e.bits
	w.put48(blockMagic)
	w.put(uint64(check), 32)
	letters := e.letters(e.block)
	begin := e.rotations(e.block, &e.number, letters)
	w.put(uint64(begin), 1+24) // a bit that is not used any more, and the place of the block in the sorted rotations
	e.writeUsed(w)
	e.moveToFront(e.text, e.sorted, letters)
	e.choose(e.list, e.count[:letters+2])
	e.writeTables(w, letters+2)
	e.writeSymbols(w, e.list, letters+2)
}

// checksum is the CRC-32 that takes the bits of a byte the other way round than the
// usual one does.
func (e *Encoder) checksum(data []byte) uint32 {
	sum := uint32(0)
	for len(data) > 0 {
		n := min(len(data), len(e.turned))
		for i, c := range data[:n] {
			e.turned[i] = bits.Reverse8(c)
		}
		sum = crc32.Update(sum, crc32.IEEETable, e.turned[:n])
		data = data[n:]
	}
	return bits.Reverse32(sum)
}
