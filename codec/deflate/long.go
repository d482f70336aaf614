package deflate

import "encoding/binary"

const (
	// longValue is the size from which on a value is searched, at some levels, in another
	// way than zlib's. That takes too long there: the chains of the most frequent three
	// bytes are as long as zlib's patience, and the window is full all the time.
	longValue = 128 << 10

	longMatch  = 4
	multiplier = 0x9e3779b1 // 2^32 over the golden ratio, for a hash of Fibonacci's
)

// hash4 is the hash of the positions of a long value: of four bytes.
func hash4(v uint32) uint32 { return v * multiplier >> (32 - hashBits) }

// insertLong is insert for a long value.
func (m *matcher) insertLong(p int) int32 {
	if p > len(m.data)-longMatch {
		return -1
	}
	h := hash4(binary.LittleEndian.Uint32(m.data[p:]))
	at := m.head[h]
	m.prev[uint(p)%window] = at
	m.head[h] = m.base + int32(p)
	return at
}

// longestLong is longest for a long value. A longer match than a known one has the
// last three bytes of that, and the next: so it is looked for where those four
// occurred, which is more seldom than where the first ones did.
func (m *matcher) longestLong(p int, at int32, best int) (length, distance int) {
	rest := len(m.data) - p
	if best >= rest || rest < longMatch {
		return best, 0
	}
	data, base, prev := m.data, m.base, &m.prev
	number := base + int32(p)
	first := max(base+1, number-maxDistance)
	nice := min(m.nice, rest)
	scan := data[p : p+min(rest, maxMatch)]
	tries := m.more
	if best < longMatch {
		want := binary.LittleEndian.Uint32(scan)
		for i := m.probes; i > 0 && at >= first; i-- {
			q := int(at - base)
			if binary.LittleEndian.Uint32(data[q:]) == want {
				best, distance = common(data[q:], scan), p-q
				break
			}
			at = prev[uint(q)%window]
		}
		if best < longMatch {
			return best, 0
		}
	} else if best >= m.good {
		tries /= 4
	}
	for known := 0; known != best && best < nice; {
		known = best
		off := best - longMatch + 1
		want := binary.LittleEndian.Uint32(scan[off:])
		at, first := m.head[hash4(want)], first+int32(off)
		for i := tries; i > 0 && at >= first; i-- {
			q := int(at - base)
			if binary.LittleEndian.Uint32(data[q:]) == want && data[q-off] == scan[0] {
				if n := common(data[q-off:], scan); n > best {
					best, distance = n, p-q+off
					break
				}
			}
			at = prev[uint(q)%window]
		}
	}
	return best, distance
}
