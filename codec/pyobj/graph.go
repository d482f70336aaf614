package pyobj

import (
	"math"
	"math/big"
	"sync"
)

// Ref names a node of one Graph. It is an index, valid until the Graph's next Reset. The zero Ref names nothing.
type Ref uint32

// Nodes that every Graph has from the start, because Python has one object of each.
const (
	RefNone       Ref = 1
	RefFalse      Ref = 2
	RefTrue       Ref = 3
	RefEmptyTuple Ref = 4
	RefEmptyStr   Ref = 5
	RefEmptyBytes Ref = 6
	// RefLatin1 is the text "latin1" that the pickler itself passes to _codecs.encode: never the same object as a str of
	// the data.
	RefLatin1 Ref = 7

	firstChar Ref = 8   // the 256 one-character strs below U+0100
	firstByte Ref = 264 // the 256 one-byte bytes
	fixedEnd  Ref = 520 // from here on: the globals of symbols.go, then nodes of the value
)

// Kind says what a node is.
type Kind uint8

// Kinds of nodes. From Global on they are objects that only Python can make: they are carried, never resolved.
const (
	Invalid   Kind = iota
	None           // None
	Bool           // True, False
	Int            // int of any size
	Float          // float, all 64 bits kept
	Str            // str, may hold lone surrogates
	Bytes          // bytes
	ByteArray      // bytearray
	List           // list
	Tuple          // tuple
	Dict           // dict, in order of insertion
	Set            // set, in the order read
	FrozenSet      // frozenset, in the order read
	Global         // a class or function, by module and qualified name
	Reduce         // callable(*args)
	NewObj         // class.__new__(class, *args)
	NewObjEx       // class.__new__(class, *args, **kwargs)
	Obj            // what INST and OBJ make: class(*args), or the bare class.__new__ without arguments
	PersID         // the object a persistent id stands for
	Ext            // the object an extension code stands for
)

var kindNames = [...]string{"invalid", "None", "bool", "int", "float", "str", "bytes", "bytearray", "list", "tuple", "dict", "set",
	"frozenset", "global", "object", "object", "object", "object", "persistent object", "extension object"}

// String is the name of the Python type, or of the sort of object.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// IsObj reports whether nodes of the kind stand for objects that only Python can make.
func (k Kind) IsObj() bool { return k >= Global }

// IsCall reports whether making the object runs code: the kinds whose loss would lose an effect.
func (k Kind) IsCall() bool { return k >= Reduce && k <= Obj }

const (
	flagArena      = 1 << iota // the data lies in the arena, not in the source
	flagBig                    // an Int beyond 64 bits: the data is two's complement, little endian, shortest form
	flagUnhashable             // a Tuple that contains a list, dict, set or bytearray at some depth
	flagPy2                    // came as a Python 2 byte string
	flagPut                    // was put into the memo of the pickle it came from
	flagMark                   // scratch of Settle
)

// A node is 16 bytes. n and v by kind:
//
//	Bool, Int, Float            v the value's bits
//	Str, Bytes, ByteArray, big  n bytes at v of source or arena
//	List, Dict, Set             n items at the low half of v, room for the high half
//	Tuple, FrozenSet            n items at v
//	Global                      name and module (Str nodes) in the halves of v, n extra
//	Reduce, NewObj*, Obj        callable and arguments in the halves of v, n extra
//	PersID, Ext                 id or code in the low half of v, n extra
type node struct {
	kind  Kind
	flags uint8
	n     uint32
	v     uint64
}

func lo(v uint64) uint32        { return uint32(v) }
func hi(v uint64) uint32        { return uint32(v >> 32) }
func pair(low, high Ref) uint64 { return uint64(low) | uint64(high)<<32 }
func span(off, room int) uint64 { return uint64(uint32(off)) | uint64(room)<<32 }
func (g *Graph) at(r Ref) *node { return &g.nodes[r] }

// Graph holds the nodes of one value. It is meant to be reused: Reset forgets the nodes and keeps the memory. A Graph is not
// safe for concurrent use, not even for reading while a pickle.Encoder works on it.
type Graph struct {
	nodes []node
	items []Ref  // contents of containers, each container one contiguous run
	src   []byte // what the value was decoded from; strings point into it
	arena []byte // strings that are not in src as they are
	fixed int    // how much of the arena belongs to the fixed nodes
	extra []extra
	ops   []op
	keyed []Ref // dicts and sets, for Settle

	digits int // see SetDigits
	room   room

	compound bool // a Tuple is a key, or there is a FrozenSet

	globals   []Ref // nodes of kind Global beyond the symbols
	globalMap map[globalKey]Ref
	modules   []Ref
	moduleMap map[string]Ref

	num numbering
}

// keepNodes bounds the memory that a Graph keeps from one value to the next: 3 MB or so.
const keepNodes = 1 << 16

// New returns an empty Graph.
func New() *Graph {
	of := fixedNodes()
	g := &Graph{nodes: make([]node, symbolEnd, symbolEnd+64), fixed: of.fixed}
	copy(g.nodes, of.nodes)
	g.arena = append(make([]byte, 0, of.fixed+256), of.arena...)
	g.num.init()
	g.Reset(nil)
	return g
}

// fixedNodes is a Graph of the nodes that every one has, to be copied.
var fixedNodes = sync.OnceValue(func() *Graph {
	g := &Graph{nodes: make([]node, symbolEnd)}
	put := func(r Ref, k Kind, data []byte) {
		g.nodes[r] = node{kind: k, flags: flagArena, n: uint32(len(data)), v: uint64(len(g.arena))}
		g.arena = append(g.arena, data...)
	}
	g.nodes[RefNone].kind = None
	g.nodes[RefFalse].kind = Bool
	g.nodes[RefTrue] = node{kind: Bool, v: 1}
	g.nodes[RefEmptyTuple].kind = Tuple
	put(RefEmptyStr, Str, nil)
	put(RefEmptyBytes, Bytes, nil)
	put(RefLatin1, Str, []byte("latin1"))
	for i := range Ref(256) {
		put(firstChar+i, Str, []byte(string(rune(i))))
		put(firstByte+i, Bytes, []byte{byte(i)})
	}
	g.addSymbols(put)
	g.fixed = len(g.arena)
	return g
})

// Reset forgets all nodes and prepares for a value decoded from src (nil when the value is built by hand). The Graph keeps
// src and points into it: the caller must leave it unchanged as long as the nodes are used.
func (g *Graph) Reset(src []byte) {
	if cap(g.nodes) > keepNodes || cap(g.items) > 4*keepNodes {
		fixed := make([]node, symbolEnd, symbolEnd+64)
		copy(fixed, g.nodes)
		g.nodes, g.items, g.keyed = fixed, nil, nil
		g.num.drop()
	}
	if cap(g.arena) > 16*keepNodes {
		g.arena = append([]byte(nil), g.arena[:g.fixed]...)
	}
	for r := fixedEnd; r < SymEnd; r++ {
		g.nodes[r].n, g.nodes[r].flags = 0, 0
	}
	g.nodes = g.nodes[:symbolEnd]
	g.items = g.items[:0]
	g.arena = g.arena[:g.fixed]
	g.extra = append(g.extra[:0], extra{})
	g.ops = append(g.ops[:0], op{})
	g.keyed = g.keyed[:0]
	g.compound = false
	g.globals = g.globals[:0]
	g.modules = g.modules[:0]
	if len(g.globalMap) > 0 {
		clear(g.globalMap)
	}
	if len(g.moduleMap) > 0 {
		clear(g.moduleMap)
	}
	g.src = src[:len(src):len(src)]
}

// SetDigits says how many decimal digits of an int the Python converts that the value is for (sys.get_int_max_str_digits), here
// HugeDigits at most; 0 is MaxDigits. Reset leaves it as it is.
func (g *Graph) SetDigits(n int) { g.digits = n }

// Digits is what SetDigits said.
func (g *Graph) Digits() int {
	if g.digits == 0 {
		return MaxDigits
	}
	return g.digits
}

// Size is the number of Refs in use: every valid Ref is below it. Tools that keep notes about nodes use it as array length.
func (g *Graph) Size() int { return len(g.nodes) }

// Source is what the Graph was last Reset with.
func (g *Graph) Source() []byte { return g.src }

// Kind is the kind of r.
func (g *Graph) Kind(r Ref) Kind { return g.nodes[r].kind }

// Len is the number of items of a container, of entries of a Dict, of bytes of a Str (in UTF-8), Bytes or ByteArray.
func (g *Graph) Len(r Ref) int {
	nd := g.at(r)
	if nd.kind == Dict {
		return int(nd.n / 2)
	}
	return int(nd.n)
}

// Items is the contents of a List, Tuple, Set or FrozenSet; of a Dict key, value, key, value… The slice is the Graph's own:
// it is good until a node is added or changed, and must not be written to.
func (g *Graph) Items(r Ref) []Ref {
	nd := &g.nodes[r]
	off := lo(nd.v)
	return g.items[off : off+nd.n : off+nd.n]
}

// Data is the contents of a Bytes or ByteArray, or of a Str in UTF-8 where a lone surrogate takes three bytes as if it were a
// character. It must not be written to.
func (g *Graph) Data(r Ref) []byte {
	nd := &g.nodes[r]
	if nd.flags&flagArena != 0 {
		return g.arena[nd.v : nd.v+uint64(nd.n)]
	}
	return g.src[nd.v : nd.v+uint64(nd.n)]
}

// Bool is the value of a Bool.
func (g *Graph) Bool(r Ref) bool { return r == RefTrue }

// Int64 is the value of an Int that fits 64 bits; otherwise ok is false and Big or IntData has it.
func (g *Graph) Int64(r Ref) (v int64, ok bool) {
	nd := g.at(r)
	return int64(nd.v), nd.flags&flagBig == 0
}

// IntData is the value of an Int that does not fit 64 bits: two's complement, little endian, as short as possible.
func (g *Graph) IntData(r Ref) []byte { return g.Data(r) }

// Big is the value of an Int of any size.
func (g *Graph) Big(r Ref) *big.Int {
	if v, ok := g.Int64(r); ok {
		return big.NewInt(v)
	}
	return intFromData(g.Data(r))
}

// Float is the value of a Float.
func (g *Graph) Float(r Ref) float64 { return math.Float64frombits(g.at(r).v) }

// IsPut reports whether the node was put into the memo of the pickle that it came from.
func (g *Graph) IsPut(r Ref) bool { return g.at(r).flags&flagPut != 0 }

// IsPy2 reports whether a Str or Bytes came as a Python 2 byte string. The nodes shared by value (the empty string, single
// characters) do not tell.
func (g *Graph) IsPy2(r Ref) bool { return g.at(r).flags&flagPy2 != 0 }

func intFromData(data []byte) *big.Int {
	b := make([]byte, len(data))
	neg := len(data) > 0 && data[len(data)-1] >= 0x80
	for i, c := range data {
		if neg {
			c = ^c
		}
		b[len(b)-1-i] = c
	}
	x := new(big.Int).SetBytes(b)
	if neg {
		x.Not(x)
	}
	return x
}

// intToData is the shortest two's complement of x, little endian.
func intToData(x *big.Int) []byte {
	y := x
	if x.Sign() < 0 {
		y = new(big.Int).Not(x)
	}
	b := y.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	for i, j := 0, len(b)-1; i <= j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	if x.Sign() < 0 {
		for i := range b {
			b[i] = ^b[i]
		}
	}
	return b
}
