package deflate

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	minMatch = 3
	maxMatch = 258

	window = 32 << 10
	// lookAhead is how many bytes zlib wants in its window beyond the current one, so
	// that no match is cut short; the rest of the window is for looking back.
	lookAhead   = maxMatch + minMatch + 1
	maxDistance = window - lookAhead

	hashBits  = 15
	hashShift = hashBits / minMatch
)

// matcher finds earlier occurrences of the bytes at a position of a value.
//
// The tables hold numbers that go on from one value to the next: position p is
// base+p. What earlier values left there is below base, and need not be cleared.
type matcher struct {
	effort
	data []byte
	long bool // it is searched as a long value
	base int32
	next int32 // base of the next value
	// start is the position that zlib's window, of 64 KiB, begins with. zlib finds
	// no match there.
	start int
	head  [1 << hashBits]int32 // the last position of each hash
	prev  [window]int32        // for each position the one before it of the same hash
}

func (m *matcher) begin(data []byte, e effort) {
	if len(data) > math.MaxInt32-int(m.next) {
		clear(m.head[:])
		m.next = 0
	}
	m.data, m.effort = data, e
	m.long = len(data) >= longValue && e.probes > 0
	m.base, m.start = m.next, 0
	m.next += int32(len(data))
}

// slide moves the window where zlib does.
func (m *matcher) slide(p int) {
	if p-m.start > window+maxDistance || p-m.start == window+maxDistance && len(m.data)-p < lookAhead {
		m.start += window
	}
}

// insert makes p known and returns the number of the last position of the same
// hash, which is below that of start if there is none.
func (m *matcher) insert(p int) int32 {
	if m.long {
		return m.insertLong(p)
	}
	if p > len(m.data)-minMatch {
		return -1
	}
	s := m.data[p : p+minMatch : p+minMatch]
	h := (uint(s[0])<<(2*hashShift) ^ uint(s[1])<<hashShift ^ uint(s[2])) & (1<<hashBits - 1)
	at := m.head[h]
	m.prev[uint(p)%window] = at
	m.head[h] = m.base + int32(p)
	return at
}

// insertAll makes the positions from p up to end known.
func (m *matcher) insertAll(p, end int) {
	if m.long {
		for ; p < end; p++ {
			m.insertLong(p)
		}
		return
	}
	end = min(end, len(m.data)-minMatch+1)
	if p >= end {
		return
	}
	s := m.data[p : end+minMatch-1]
	h := uint(s[0])<<hashShift ^ uint(s[1])
	number := m.base + int32(p)
	for _, c := range s[2:] {
		h = (h<<hashShift ^ uint(c)) & (1<<hashBits - 1)
		m.prev[uint(number-m.base)%window] = m.head[h]
		m.head[h] = number
		number++
	}
}

// longest looks for a match of the bytes at p that is longer than best, and
// returns best if there is none. at is what insert returned.
func (m *matcher) longest(p int, at int32, best int) (length, distance int) {
	if m.long {
		return m.longestLong(p, at, best)
	}
	number := m.base + int32(p)
	first := m.base + int32(m.start) + 1
	rest := len(m.data) - p
	if at < first || number-at > maxDistance || best >= rest {
		return best, 0
	}
	// After the first one zlib asks for less than the greatest distance.
	first = max(first, number-maxDistance+1)
	nice := min(m.nice, rest)
	chain := m.chain
	if best >= m.good {
		chain /= 4
	}
	scan := m.data[p : p+min(rest, maxMatch)]
	// A better match has these bytes, too.
	tail, mask := 0, uint32(1<<24-1)
	if best > minMatch-1 {
		tail, mask = best-3, 1<<32-1
	}
	data, base := m.data, m.base
	want := last(scan, tail, mask)
	for {
		q := int(at - base)
		if (binary.LittleEndian.Uint32(data[q+tail:])^want)&mask == 0 {
			if n := common(data[q:], scan); n > best {
				best, distance = n, p-q
				if n >= nice {
					break
				}
				tail, mask = best-3, 1<<32-1
				want = binary.LittleEndian.Uint32(scan[tail:])
			}
		}
		if at = m.prev[uint(q)%window]; at < first {
			break
		}
		if chain--; chain == 0 {
			break
		}
	}
	return best, distance
}

// last loads the bytes of b that mask keeps.
func last(b []byte, tail int, mask uint32) uint32 {
	if len(b)-tail >= 4 {
		return binary.LittleEndian.Uint32(b[tail:]) & mask
	}
	return uint32(b[tail]) | uint32(b[tail+1])<<8 | uint32(b[tail+2])<<16
}

// common is how many bytes at the beginning of a and b are the same. a is not
// shorter than b.
func common(a, b []byte) int {
	n := 0
	for len(b)-n >= 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
