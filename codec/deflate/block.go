package deflate

import "math/bits"

const (
	maxSymbols = 16<<10 - 1 // of a block
	maxStored  = 1<<16 - 1  // bytes of a stored block

	endOfBlock = 256
	literals   = 286 // literals, the end of the block, and lengths
	distances  = 30
)

// block gathers the symbols of a block and writes it.
type block struct {
	bits bitWriter
	data []byte // of the whole value
	from int    // where the block begins in it

	symbols       [maxSymbols]uint32 // distance<<8 | length-3, or a literal
	n             int
	literalCount  [literals]uint32
	distanceCount [distances]uint32

	huffman  huffman
	literalC [literals]code
	distance [distances]code
	fixedL   [literals]code // the fixed codes, made at their first use
	fixedD   [distances]code
}

func (b *block) begin(data []byte) {
	b.data, b.from = data, 0
	b.clear()
}

func (b *block) clear() {
	b.n = 0
	clear(b.literalCount[:])
	clear(b.distanceCount[:])
	b.literalCount[endOfBlock] = 1
}

// full tells that the block must be written before the next symbol.
func (b *block) full() bool { return b.n == maxSymbols }

func (b *block) literal(c byte) {
	b.symbols[b.n] = uint32(c)
	b.n++
	b.literalCount[c]++
}

func (b *block) match(length, distance int) {
	b.symbols[b.n] = uint32(distance)<<8 | uint32(length-minMatch)
	b.n++
	l, _, _ := lengthCode(uint32(length - minMatch))
	d, _, _ := distanceCode(uint32(distance))
	b.literalCount[l]++
	b.distanceCount[d]++
}

// lengthCode returns the symbol of a length, less the shortest one, and the bits
// that follow it (RFC 1951, section 3.2.5).
func lengthCode(length uint32) (symbol, extra uint32, n uint) {
	switch {
	case length < 8:
		return 257 + length, 0, 0
	case length == maxMatch-minMatch:
		return 285, 0, 0
	}
	n = uint(bits.Len32(length)) - 3
	return 257 + 4*uint32(n) + length>>n, length & (1<<n - 1), n
}

// distanceCode returns the symbol of a distance and the bits that follow it.
func distanceCode(distance uint32) (symbol, extra uint32, n uint) {
	distance--
	if distance < 4 {
		return distance, 0, 0
	}
	n = uint(bits.Len32(distance)) - 2
	return 2*uint32(n) + distance>>n, distance & (1<<n - 1), n
}

// extraOfLength and extraOfDistance are how many bits follow a symbol.
func extraOfLength(symbol int) uint32 {
	if symbol < 257+8 || symbol == 285 {
		return 0
	}
	return uint32(symbol-257)/4 - 1
}

func extraOfDistance(symbol int) uint32 {
	if symbol < 4 {
		return 0
	}
	return uint32(symbol)/2 - 1
}

// flush writes what was gathered, the bytes of the value up to end, in the
// shortest of the three forms of a block.
func (b *block) flush(end int, final bool) {
	data := b.data[b.from:end]
	lastL := b.huffman.lengths(b.literalCount[:], b.literalC[:], maxBits)
	lastD := b.huffman.lengths(b.distanceCount[:], b.distance[:], maxBits)
	h := b.header(lastL, lastD)
	own, fixed := h.bits, uint32(0)
	for i, n := range b.literalCount {
		extra := extraOfLength(i)
		own += n * (uint32(b.literalC[i].n) + extra)
		fixed += n * (fixedLength(i) + extra)
	}
	for i, n := range b.distanceCount {
		extra := extraOfDistance(i)
		own += n * (uint32(b.distance[i].n) + extra)
		fixed += n * (5 + extra)
	}
	// In bytes, with the three bits that begin a block. zlib takes the fixed codes, and
	// the stored form, also where they are no shorter.
	ownBytes, fixedBytes := (own+3+7)/8, (fixed+3+7)/8
	switch {
	case uint32(len(data))+4 <= min(ownBytes, fixedBytes) && len(data) <= maxStored:
		b.bits.storeBlock(data, final)
	case fixedBytes <= ownBytes:
		if b.fixedL[endOfBlock].n == 0 {
			b.makeFixed()
		}
		b.bits.begin(int(fixedBytes), fixedForm, final)
		b.write(&b.fixedL, &b.fixedD)
	default:
		b.bits.begin(int(ownBytes), ownForm, final)
		b.writeHeader(h)
		assign(b.literalC[:])
		assign(b.distance[:])
		b.write(&b.literalC, &b.distance)
	}
	b.from = end
	b.clear()
}

// write writes the symbols and the end of the block.
func (b *block) write(literal *[literals]code, distance *[distances]code) {
	w := &b.bits
	for _, s := range b.symbols[:b.n] {
		if s < 1<<8 {
			c := literal[s]
			w.put(uint64(c.bits), uint(c.n))
			continue
		}
		symbol, extra, n := lengthCode(s & 0xff)
		c := literal[symbol]
		v, k := uint64(c.bits)|uint64(extra)<<c.n, uint(c.n)+n
		symbol, extra, n = distanceCode(s >> 8)
		c = distance[symbol]
		v |= (uint64(c.bits) | uint64(extra)<<c.n) << k
		w.put(v, k+uint(c.n)+n)
	}
	c := literal[endOfBlock]
	w.put(uint64(c.bits), uint(c.n))
}

func fixedLength(symbol int) uint32 {
	switch {
	case symbol < 144:
		return 8
	case symbol < 256:
		return 9
	case symbol < 280:
		return 7
	}
	return 8
}

// makeFixed makes the codes of RFC 1951, section 3.2.6.
func (b *block) makeFixed() {
	var all [288]code // two are there to complete the code
	for i := range all {
		all[i].n = uint8(fixedLength(i))
	}
	assign(all[:])
	copy(b.fixedL[:], all[:])
	for i := range b.fixedD {
		b.fixedD[i] = code{bits: bits.Reverse16(uint16(i)) >> (16 - 5), n: 5}
	}
}

// header is how the lengths of the codes of a block are written: themselves in
// code (RFC 1951, section 3.2.7).
type header struct {
	lastL, lastD int
	runs         []run
	codes        [19]code
	count        int // of the lengths of codes
	bits         uint32
}

// run is a symbol of the code of code lengths, and what follows it.
type run struct{ symbol, extra, n uint8 }

// lengthOrder is the order in which the lengths of the code of lengths stand.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (b *block) header(lastL, lastD int) *header {
	h := &b.huffman.header
	h.lastL, h.lastD = lastL, lastD
	h.runs = appendRuns(h.runs[:0], b.literalC[:lastL+1])
	h.runs = appendRuns(h.runs, b.distance[:lastD+1])
	var counts [19]uint32
	for _, r := range h.runs {
		counts[r.symbol]++
	}
	b.huffman.lengths(counts[:], h.codes[:], maxLengthBits)
	h.count = len(lengthOrder)
	for h.count > 4 && h.codes[lengthOrder[h.count-1]].n == 0 {
		h.count--
	}
	h.bits = 5 + 5 + 4 + 3*uint32(h.count)
	for _, r := range h.runs {
		h.bits += uint32(h.codes[r.symbol].n + r.n)
	}
	return h
}

// appendRuns appends the lengths of codes: each for itself, or as the number of
// times that the one before it, or zero, is repeated.
func appendRuns(runs []run, codes []code) []run {
	for i := 0; i < len(codes); {
		length, n := codes[i].n, 1
		for i+n < len(codes) && codes[i+n].n == length {
			n++
		}
		i += n
		if length == 0 {
			for n >= 11 {
				k := min(n, 138)
				runs = append(runs, run{18, uint8(k - 11), 7})
				n -= k
			}
			if n >= 3 {
				runs = append(runs, run{17, uint8(n - 3), 3})
				n = 0
			}
		} else {
			runs = append(runs, run{symbol: length})
			n--
			for n >= 3 {
				k := min(n, 6)
				runs = append(runs, run{16, uint8(k - 3), 2})
				n -= k
			}
		}
		for ; n > 0; n-- {
			runs = append(runs, run{symbol: length})
		}
	}
	return runs
}

func (b *block) writeHeader(h *header) {
	w := &b.bits
	w.put(uint64(h.lastL-256), 5)
	w.put(uint64(h.lastD), 5)
	w.put(uint64(h.count-4), 4)
	for _, i := range lengthOrder[:h.count] {
		w.put(uint64(h.codes[i].n), 3)
	}
	assign(h.codes[:])
	for _, r := range h.runs {
		c := h.codes[r.symbol]
		w.put(uint64(c.bits)|uint64(r.extra)<<c.n, uint(c.n+r.n))
	}
}
