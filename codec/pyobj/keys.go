package pyobj

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
)

// numbering gives equal keys one number: the Ref of the first node with that value, its canon. Tuples and frozensets are
// compared by the numbers of their items, so that deep keys which share their parts cost no more than their nodes.
type numbering struct {
	seed  maphash.Seed
	mix   uint64
	notes []note // by Ref
	table []Ref  // open addressing, by hash of the value
	stamp uint32

	scratch [2]floatInt
}

// floatInt has room for the integer that any float is: 1024 bits, a sign, and what is written at a time.
type floatInt [136]byte

// note is what is known about a node as a key.
type note struct {
	canon Ref    // 0: not numbered yet
	stamp uint32 // the dict or set that had it last
	at    uint32 // its position there
}

func (m *numbering) init() {
	m.seed = maphash.MakeSeed()
	m.mix = maphash.String(m.seed, "") | 1
	m.drop()
}

// drop gives the memory back.
func (m *numbering) drop() { m.notes, m.table, m.stamp = nil, nil, 0 }

// Settle makes dicts and sets what Python would have made of the same items: of equal keys a Dict keeps the first key, in its
// place, and the last value; a Set keeps the first item. Equality is Python's: 1 == 1.0 == True. Builders and decoders call
// it once, when the value is complete. It returns the number of items dropped.
func (g *Graph) Settle() (dropped int) {
	begun := g.compound
	if begun {
		g.begin()
		g.markKeys()
		dropped += g.numberCompound()
	}
	var last []Ref
	for _, r := range g.keyed {
		nd := &g.nodes[r]
		if nd.kind == FrozenSet || nd.n == 0 {
			continue
		}
		items := g.items[lo(nd.v):][:nd.n]
		if nd.kind == Dict && (sameKeys(last, items) || !begun && g.plainlyDistinct(items)) {
			last = items
			continue
		}
		if !begun {
			g.begin()
			begun = true
		}
		if nd.kind == Set {
			dropped += g.settleSet(r)
			continue
		}
		dropped += g.settleDict(r)
		last = items[:nd.n]
	}
	return dropped
}

// sameKeys reports whether two dicts have the same keys, node by node: rows of a table mostly do, and then what is known of one
// holds for the other.
func sameKeys(a, b []Ref) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i += 2 {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// plainlyDistinct reports whether the keys of a small dict are strs that differ in length, beginning or end, which is true of
// most dicts and saves numbering them.
func (g *Graph) plainlyDistinct(items []Ref) bool {
	var signs [8]uint64
	n := len(items) / 2
	if n > len(signs) {
		return false
	}
	for i := range n {
		nd := &g.nodes[items[2*i]]
		if nd.kind != Str {
			return false
		}
		var s uint64
		if text := g.Data(items[2*i]); len(text) >= 4 {
			s = uint64(binary.LittleEndian.Uint32(text)) | uint64(text[len(text)-1])<<32
		} else {
			for _, c := range text {
				s = s<<8 | uint64(c)
			}
		}
		s |= uint64(nd.n) << 40
		for _, other := range signs[:i] {
			if s == other {
				return false
			}
		}
		signs[i] = s
	}
	return true
}

// begin prepares for numbering the keys of all dicts and sets.
func (g *Graph) begin() {
	keys := 0
	for _, r := range g.keyed {
		keys += int(g.nodes[r].n)
	}
	if g.compound {
		keys = len(g.items) + len(g.keyed) // parts of parts
	}
	m := &g.num
	if cap(m.notes) < len(g.nodes) {
		// The fixed nodes are all different from each other but for False and True, which are 0 and 1; NewInt and
		// NewFloat nodes of those values are numbered after them, so each fixed node is its own canon for ever.
		m.notes = make([]note, len(g.nodes), cap(g.nodes))
		for r := range m.notes[:symbolEnd] {
			m.notes[r].canon = Ref(r)
		}
	} else {
		m.notes = m.notes[:len(g.nodes)]
		clear(m.notes[symbolEnd:])
	}
	if n := keys + keys/4 + 8; cap(m.table) < n {
		m.table = make([]Ref, n)
	} else {
		m.table = m.table[:n]
		clear(m.table)
	}
}

func (m *numbering) nextStamp() uint32 {
	m.stamp++
	if m.stamp == 0 {
		for i := range m.notes[:cap(m.notes)] {
			m.notes[:cap(m.notes)][i].stamp = 0
		}
		m.stamp = 1
	}
	return m.stamp
}

func (g *Graph) settleDict(r Ref) int {
	nd := &g.nodes[r]
	items := g.items[lo(nd.v):][:nd.n]
	notes := g.num.notes
	stamp := g.num.nextStamp()
	out := 0
	for i := 0; i < len(items); i += 2 {
		c := notes[items[i]].canon
		if c == 0 {
			c = g.number(items[i])
		}
		n := &notes[c]
		if n.stamp == stamp {
			items[n.at+1] = items[i+1]
			continue
		}
		n.stamp, n.at = stamp, uint32(out)
		items[out], items[out+1] = items[i], items[i+1]
		out += 2
	}
	nd.n = uint32(out)
	return (len(items) - out) / 2
}

func (g *Graph) settleSet(r Ref) int {
	nd := &g.nodes[r]
	items := g.items[lo(nd.v):][:nd.n]
	stamp := g.num.nextStamp()
	out := 0
	for _, x := range items {
		n := &g.num.notes[g.number(x)]
		if n.stamp == stamp {
			continue
		}
		n.stamp = stamp
		items[out] = x
		out++
	}
	nd.n = uint32(out)
	return len(items) - out
}

// markKeys marks the keys and the parts of keys. Parts are older than what they are part of, which saves a stack: one pass down
// finds all.
func (g *Graph) markKeys() {
	for _, r := range g.keyed {
		nd := &g.nodes[r]
		step := 1
		if nd.kind == Dict {
			step = 2
		}
		items := g.items[lo(nd.v):][:nd.n]
		for i := 0; i < len(items); i += step {
			g.nodes[items[i]].flags |= flagMark
		}
	}
	for r := Ref(len(g.nodes)) - 1; r >= symbolEnd; r-- {
		nd := &g.nodes[r]
		if nd.flags&flagMark == 0 || nd.kind != Tuple {
			continue // items of frozensets were marked above
		}
		for _, x := range g.items[lo(nd.v):][:nd.n] {
			g.nodes[x].flags |= flagMark
		}
	}
}

// numberCompound settles all frozensets and numbers the marked nodes, parts first.
func (g *Graph) numberCompound() (dropped int) {
	for r := range g.nodes {
		nd := &g.nodes[r]
		if nd.kind == FrozenSet {
			dropped += g.settleSet(Ref(r))
		}
		if nd.flags&flagMark != 0 {
			nd.flags &^= flagMark
			g.number(Ref(r))
		}
	}
	return dropped
}

// number returns the canon of a key. The parts of a compound key must have theirs already.
func (g *Graph) number(r Ref) Ref {
	if c := g.num.notes[r].canon; c != 0 {
		return c
	}
	c := g.find(r)
	g.num.notes[r].canon = c
	return c
}

func (g *Graph) find(r Ref) Ref {
	nd := &g.nodes[r]
	var h uint64
	switch nd.kind {
	case Str:
		h = maphash.Bytes(g.num.seed, g.Data(r))
	case Bytes:
		if nd.n == 1 {
			return ByteRef(g.Data(r)[0])
		}
		h = maphash.Bytes(g.num.seed, g.Data(r)) + 1
	case Int, Float, Reduce:
		if nd.kind == Reduce && !g.isReal(r) {
			key, ok := g.objectKey(r)
			if !ok {
				return r // an object equals itself; what its __eq__ says is not known
			}
			h = g.num.hash(key.a ^ g.num.hash(key.b))
			break
		}
		v, data, ok := g.integer(r, &g.num.scratch[0])
		switch {
		case !ok: // a fraction, an infinity
			f := g.real(r)
			if f != f {
				return r // a NaN equals nothing else
			}
			h = g.num.hash(math.Float64bits(f))
		case data != nil:
			h = maphash.Bytes(g.num.seed, data)
		case v == 0:
			return RefFalse
		case v == 1:
			return RefTrue
		default:
			h = g.num.hash(uint64(v))
		}
	case Tuple:
		h = uint64(nd.n)
		for _, x := range g.items[lo(nd.v):][:nd.n] {
			h = g.num.hash(h ^ uint64(g.num.notes[x].canon))
		}
	case FrozenSet:
		for _, x := range g.items[lo(nd.v):][:nd.n] {
			h += g.num.hash(uint64(g.num.notes[x].canon))
		}
	default:
		return r
	}
	size := uint64(len(g.num.table))
	for i, _ := bits.Mul64(h, size); ; {
		c := g.num.table[i]
		if c == 0 {
			g.num.table[i] = r
			return r
		}
		if g.equalKeys(c, r) {
			return c
		}
		if i++; i == size {
			i = 0
		}
	}
}

func (m *numbering) hash(x uint64) uint64 {
	h, l := bits.Mul64(x^m.mix, 0x9e3779b97f4a7c15)
	h, l = bits.Mul64(h^l^m.mix, 0xd6e8feb86659fd93)
	return h ^ l
}

// equalKeys compares two keys whose parts are numbered.
func (g *Graph) equalKeys(a, b Ref) bool {
	x, y := &g.nodes[a], &g.nodes[b]
	switch x.kind {
	case Str, Bytes:
		return x.kind == y.kind && x.n == y.n && g.sameData(a, b)
	case Int, Float, Reduce:
		if !g.isReal(a) || !g.isReal(b) {
			key, ok := g.objectKey(a)
			other, also := g.objectKey(b)
			return ok && also && key == other
		}
		v, data, ok := g.integer(a, &g.num.scratch[0])
		w, other, ok2 := g.integer(b, &g.num.scratch[1])
		if !ok || !ok2 {
			return ok == ok2 && g.real(a) == g.real(b)
		}
		return v == w && bytes.Equal(data, other)
	case Tuple:
		if y.kind != Tuple || x.n != y.n {
			return false
		}
		other := g.items[lo(y.v):]
		for i, r := range g.items[lo(x.v):][:x.n] {
			if g.num.notes[r].canon != g.num.notes[other[i]].canon {
				return false
			}
		}
		return true
	case FrozenSet:
		if y.kind != FrozenSet || x.n != y.n {
			return false
		}
		stamp := g.num.nextStamp()
		for _, r := range g.items[lo(x.v):][:x.n] {
			g.num.notes[g.num.notes[r].canon].stamp = stamp
		}
		for _, r := range g.items[lo(y.v):][:y.n] {
			if g.num.notes[g.num.notes[r].canon].stamp != stamp {
				return false
			}
		}
		return true
	}
	return false
}

// integer is the exact integer value of an Int or what isReal: v, or data, which may lie in buf, when it needs more than 64 bits.
// Not ok: there is none.
func (g *Graph) integer(r Ref, buf *floatInt) (v int64, data []byte, ok bool) {
	nd := &g.nodes[r]
	if nd.kind == Int {
		if nd.flags&flagBig != 0 {
			return 0, g.Data(r), true
		}
		return int64(nd.v), nil, true
	}
	f := g.real(r)
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		return 0, nil, false
	}
	if f >= -1<<63 && f < 1<<63 {
		return int64(f), nil, true
	}
	return 0, buf.set(f), true
}

// set is intToData of a float that is an integer beyond 64 bits. A million of them may be keys: nothing is allocated.
func (b *floatInt) set(f float64) []byte {
	word := math.Float64bits(f)
	mantissa := word&(1<<52-1) | 1<<52
	shift := int(word>>52&0x7ff) - 1075
	mantissa <<= shift % 8
	if f < 0 {
		mantissa = -mantissa
	}
	at := shift / 8
	clear(b[:at])
	binary.LittleEndian.PutUint64(b[at:], mantissa)
	n := at + 8
	for b[n-1] == 0 && b[n-2] < 0x80 || b[n-1] == 0xff && b[n-2] >= 0x80 {
		n--
	}
	return b[:n]
}
