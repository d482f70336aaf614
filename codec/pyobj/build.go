package pyobj

import (
	"bytes"
	"math"
	"math/big"
	"slices"
)

func (g *Graph) add(nd node) Ref {
	n := len(g.nodes)
	if n == cap(g.nodes) {
		g.growNodes()
	}
	g.nodes = g.nodes[:n+1]
	g.nodes[n] = nd
	return Ref(n)
}

// growNodes doubles, but while a value is being decoded not beyond what its size can need: a node for each byte.
func (g *Graph) growNodes() {
	size := g.roomFor(len(g.nodes), int(symbolEnd))
	g.Take((size - len(g.nodes)) * nodeCost)
	nodes := make([]node, len(g.nodes), size)
	copy(nodes, g.nodes)
	g.nodes = nodes
}

// roomFor is the next size of a full array of n entries, fixed of which are there from the start.
func (g *Graph) roomFor(n, fixed int) int {
	bound := fixed + len(g.src) + 1
	if n >= bound {
		return 2*n + 64
	}
	// An eighth, so that doubling ends at the bound; but a large value may be one string.
	return max(fixed+64, min(bound/8+1, 8<<10), min(2*n, bound))
}

// grown returns a, full, with room for more entries.
func grown[T any](g *Graph, a []T) []T {
	size := g.roomFor(len(a), 0)
	g.Take(size * recordCost)
	b := make([]T, len(a), size)
	copy(b, a)
	return b
}

// growRefs makes room for more entries of a.
func (g *Graph) growRefs(a []Ref, more int) []Ref {
	if cap(a)-len(a) >= more {
		return a
	}
	size := max(g.roomFor(len(a), 0), len(a)+more)
	g.Take(size * refCost)
	b := make([]Ref, len(a), size)
	copy(b, a)
	return b
}

func (g *Graph) addKeyed(r Ref) {
	if len(g.keyed) == cap(g.keyed) {
		g.keyed = g.growRefs(g.keyed, 1)
	}
	g.keyed = append(g.keyed, r)
}

func (g *Graph) addData(k Kind, data []byte) Ref {
	off := len(g.arena)
	g.appendArena(data)
	return g.add(node{kind: k, flags: flagArena, n: uint32(len(data)), v: uint64(off)})
}

func (g *Graph) appendArena(data []byte) {
	if cap(g.arena)-len(g.arena) < len(data) {
		g.Take(2*len(g.arena) + len(data))
		g.arena = slices.Grow(g.arena, len(g.arena)+len(data))
	}
	g.arena = append(g.arena, data...)
}

// sharedStr is the node of a str that Python has only once, else 0.
func sharedStr(text []byte) Ref {
	switch {
	case len(text) == 0:
		return RefEmptyStr
	case len(text) == 1:
		return firstChar + Ref(text[0])
	case len(text) == 2 && text[0]&0xfe == 0xc2:
		return firstChar + Ref(text[0]&3)<<6 + Ref(text[1]&0x3f)
	}
	return 0
}

// NewInt returns an Int.
func (g *Graph) NewInt(v int64) Ref { return g.add(node{kind: Int, v: uint64(v)}) }

// NewBigInt returns an Int of any size.
func (g *Graph) NewBigInt(x *big.Int) Ref {
	if x.IsInt64() {
		return g.NewInt(x.Int64())
	}
	r := g.addData(Int, intToData(x))
	g.nodes[r].flags |= flagBig
	return r
}

// NewBool returns RefTrue or RefFalse.
func (g *Graph) NewBool(v bool) Ref {
	if v {
		return RefTrue
	}
	return RefFalse
}

// NewFloat returns a Float.
func (g *Graph) NewFloat(v float64) Ref { return g.add(node{kind: Float, v: math.Float64bits(v)}) }

// NewStr returns a Str of text, which is UTF-8 where lone surrogates may stand as three bytes. Like the str that Python would
// make, it is a new node unless it is empty or a single character below U+0100.
func (g *Graph) NewStr(text []byte) Ref {
	if r := sharedStr(text); r != 0 {
		return r
	}
	return g.addData(Str, text)
}

// NewBytes returns a new Bytes, or the one empty Bytes.
func (g *Graph) NewBytes(data []byte) Ref {
	if len(data) == 0 {
		return RefEmptyBytes
	}
	return g.addData(Bytes, data)
}

// CharRef is the Str of the one character with that code, below U+0100.
func CharRef(c byte) Ref { return firstChar + Ref(c) }

// ByteRef is the shared Bytes of one byte, which is what computing bytes gives in Python where reading them does not.
func ByteRef(b byte) Ref { return firstByte + Ref(b) }

// NewByteArray returns a new ByteArray.
func (g *Graph) NewByteArray(data []byte) Ref { return g.addData(ByteArray, data) }

// NewComplex returns what Python makes of complex(re, im): a call, since pickles know no complex numbers.
func (g *Graph) NewComplex(re, im float64) Ref {
	return g.NewReduce(SymComplex, g.NewTuple(g.NewFloat(re), g.NewFloat(im)))
}

// addItems returns where the items went. That of no items is 0: Append may cut slack off the end of the array.
func (g *Graph) addItems(items []Ref) int {
	if len(items) == 0 {
		return 0
	}
	off := len(g.items)
	g.items = append(g.growRefs(g.items, len(items)), items...)
	return off
}

// NewList returns a new List; Append adds to it.
func (g *Graph) NewList(items ...Ref) Ref {
	if len(items) == 0 {
		return g.add(node{kind: List})
	}
	off := g.addItems(items)
	return g.add(node{kind: List, n: uint32(len(items)), v: span(off, len(items))})
}

const unhashableKinds = 1<<List | 1<<Dict | 1<<Set | 1<<ByteArray

// NewTuple returns a new Tuple, or the one empty Tuple.
func (g *Graph) NewTuple(items ...Ref) Ref {
	if len(items) == 0 {
		return RefEmptyTuple
	}
	var flags uint8
	for _, r := range items {
		nd := &g.nodes[r]
		if 1<<nd.kind&unhashableKinds != 0 {
			flags = flagUnhashable
		}
		flags |= nd.flags & flagUnhashable
	}
	off := g.addItems(items)
	return g.add(node{kind: Tuple, flags: flags, n: uint32(len(items)), v: uint64(off)})
}

// Hashable reports whether r can be a dict key or a set item. Objects are taken to be.
func (g *Graph) Hashable(r Ref) bool {
	nd := &g.nodes[r]
	return 1<<nd.kind&unhashableKinds == 0 && nd.flags&flagUnhashable == 0
}

// NewDict returns a new Dict of keys and values in turn. Equal keys become one when Settle is called. All keys must be
// Hashable.
func (g *Graph) NewDict(pairs ...Ref) Ref {
	r := g.add(node{kind: Dict})
	g.addKeyed(r)
	if len(pairs) > 0 {
		g.SetItems(r, pairs...)
	}
	return r
}

// NewSet returns a new Set. Equal items become one when Settle is called. All items must be Hashable.
func (g *Graph) NewSet(items ...Ref) Ref {
	r := g.add(node{kind: Set})
	g.addKeyed(r)
	if len(items) > 0 {
		g.AddToSet(r, items...)
	}
	return r
}

// SetItems adds keys and values in turn to a Dict. It returns the first key that is not Hashable, and then adds nothing;
// 0 if all is well.
func (g *Graph) SetItems(r Ref, pairs ...Ref) Ref {
	for i := 0; i < len(pairs); i += 2 {
		if nd := &g.nodes[pairs[i]]; 1<<nd.kind&odd != 0 {
			if !g.Hashable(pairs[i]) {
				return pairs[i]
			}
			g.compound = true
		}
	}
	g.Append(r, pairs...)
	return 0
}

// AddToSet adds items to a Set. It returns the first that is not Hashable, and then adds nothing; 0 if all is well.
func (g *Graph) AddToSet(r Ref, items ...Ref) Ref {
	for _, x := range items {
		if nd := &g.nodes[x]; 1<<nd.kind&odd != 0 {
			if !g.Hashable(x) {
				return x
			}
			g.compound = true
		}
	}
	g.Append(r, items...)
	return 0
}

// odd are the kinds of keys that need a second look.
const odd = unhashableKinds | 1<<Tuple | 1<<FrozenSet

// NewFrozenSet returns a new FrozenSet. Equal items become one when Settle is called. All items must be Hashable.
func (g *Graph) NewFrozenSet(items ...Ref) Ref {
	g.compound = true
	off := g.addItems(items)
	r := g.add(node{kind: FrozenSet, n: uint32(len(items)), v: uint64(off)})
	g.addKeyed(r)
	return r
}

// Append adds items to a List.
func (g *Graph) Append(r Ref, items ...Ref) {
	nd := &g.nodes[r]
	off, room, n := int(lo(nd.v)), int(hi(nd.v)), int(nd.n)
	need := n + len(items)
	switch {
	case n == 0 && room == 0:
		off = g.addItems(items)
		room = need
	case off+room == len(g.items): // the last run: it can grow where it is
		g.items = append(g.growRefs(g.items[:off+n], len(items)), items...)
		room = need
	case need <= room:
		copy(g.items[off+n:], items)
	default:
		old := off
		room = 2 * need
		off = len(g.items)
		g.items = append(g.growRefs(g.items, room), g.items[old:old+n]...)
		g.items = append(g.items, items...)[:off+room]
	}
	nd.n, nd.v = uint32(need), span(off, room)
}

// Replace puts another item in the place that i has in Items of a List or Dict. A key must be Hashable.
func (g *Graph) Replace(r Ref, i int, item Ref) { g.items[int(lo(g.nodes[r].v))+i] = item }

// The methods below are for decoders: nodes whose data is a part of the source.

// SrcStr returns the Str of n bytes at off of the source, shared by value as NewStr does.
func (g *Graph) SrcStr(off, n int) Ref {
	if n <= 2 {
		if r := sharedStr(g.src[off : off+n]); r != 0 {
			return r
		}
	}
	return g.add(node{kind: Str, n: uint32(n), v: uint64(off)})
}

// SrcBytes returns the Bytes of n bytes at off of the source; only the empty one is shared.
func (g *Graph) SrcBytes(off, n int) Ref {
	if n == 0 {
		return RefEmptyBytes
	}
	return g.add(node{kind: Bytes, n: uint32(n), v: uint64(off)})
}

// SrcByteArray returns a ByteArray of n bytes at off of the source.
func (g *Graph) SrcByteArray(off, n int) Ref {
	return g.add(node{kind: ByteArray, n: uint32(n), v: uint64(off)})
}

// SrcInt returns the Int whose two's complement, little endian, is n bytes at off of the source.
func (g *Graph) SrcInt(off, n int) Ref {
	b := g.src[off : off+n]
	for n > 1 && (b[n-1] == 0 && b[n-2] < 0x80 || b[n-1] == 0xff && b[n-2] >= 0x80) {
		n--
	}
	if n > 8 {
		return g.add(node{kind: Int, flags: flagBig, n: uint32(n), v: uint64(off)})
	}
	var v uint64
	if n > 0 && b[n-1] >= 0x80 {
		v = ^uint64(0)
	}
	for i := n - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return g.NewInt(int64(v))
}

// CopyAs returns a new node of kind Bytes, ByteArray or Str with the data of r.
func (g *Graph) CopyAs(k Kind, r Ref) Ref {
	nd := g.nodes[r]
	return g.add(node{kind: k, flags: nd.flags & flagArena, n: nd.n, v: nd.v})
}

// SetPut records that the node was put into the memo of its pickle.
func (g *Graph) SetPut(r Ref) { g.nodes[r].flags |= flagPut }

// SetPy2 records that a Str or Bytes came as a Python 2 byte string.
func (g *Graph) SetPy2(r Ref) {
	if r >= symbolEnd {
		g.nodes[r].flags |= flagPy2
	}
}

// Room returns n bytes of room at the end of the Graph's memory for text, and keeps them for the next call unless UseStr takes
// some. It lets a decoder write what it decodes where it shall stay.
func (g *Graph) Room(n int) []byte {
	if cap(g.arena)-len(g.arena) < n {
		g.Take(2*len(g.arena) + n)
		arena := make([]byte, len(g.arena), 2*len(g.arena)+n)
		copy(arena, g.arena)
		g.arena = arena
	}
	return g.arena[len(g.arena) : len(g.arena)+n]
}

// UseStr returns the Str of the first n bytes of the Room given last.
func (g *Graph) UseStr(n int) Ref {
	off := len(g.arena)
	if r := sharedStr(g.arena[off : off+n]); r != 0 {
		return r
	}
	g.arena = g.arena[:off+n]
	return g.add(node{kind: Str, flags: flagArena, n: uint32(n), v: uint64(off)})
}

// SetStr turns the node into a Str of text, in place.
func (g *Graph) SetStr(r Ref, text []byte) {
	nd := &g.nodes[r]
	nd.kind, nd.flags, nd.n, nd.v = Str, nd.flags|flagArena, uint32(len(text)), uint64(len(g.arena))
	g.appendArena(text)
}

// SetData gives a ByteArray other data.
func (g *Graph) SetData(r Ref, data []byte) {
	nd := g.at(r)
	nd.flags, nd.n, nd.v = nd.flags|flagArena, uint32(len(data)), uint64(len(g.arena))
	g.appendArena(data)
}

// SetBytes turns a Str into Bytes of the same data, in place.
func (g *Graph) SetBytes(r Ref) { g.nodes[r].kind = Bytes }

// sameData compares without regard to kind.
func (g *Graph) sameData(a, b Ref) bool { return bytes.Equal(g.Data(a), g.Data(b)) }
