package deflate

import "math/bits"

const (
	maxBits       = 15 // of a code
	maxLengthBits = 7  // of a code of code lengths
)

// code is that of a symbol, first bit lowest; n is 0 for one that is not used.
type code struct {
	bits uint16
	n    uint8
}

// huffman finds the lengths of codes. All of it is room that is used again.
type huffman struct {
	heap   [2*literals + 1]int16 // from 1 on; the other end holds the nodes as they left, the lightest last
	parent [2 * literals]int16
	depth  [2 * literals]uint8
	// weight is how often a node occurs, and the height below it, which decides between
	// nodes that occur equally often.
	weight [2 * literals]uint32
	header header
}

// lengths sets the lengths of the codes of symbols that occur count times, none
// longer than limit, and returns the last symbol that has one. At least two have.
//
// Which of several optimal codes that is, and which near-optimal one where the
// optimal one is too long, is decided as zlib does (trees.c).
func (h *huffman) lengths(count []uint32, codes []code, limit int) (last int) {
	size := 0
	for i, n := range count {
		codes[i].n = 0
		if n > 0 {
			size++
			h.heap[size] = int16(i)
			h.weight[i] = n << 8
			last = i
		}
	}
	if size < 2 {
		if size == 0 {
			last = -1
		}
		for size < 2 {
			i := 0
			if last < 2 {
				last++
				i = last
			}
			size++
			h.heap[size] = int16(i)
			h.weight[i] = 1 << 8
		}
	}
	for i := size / 2; i >= 1; i-- {
		h.sink(i, size)
	}
	top, node := len(h.heap), len(count)
	for ; size > 1; node++ {
		a := h.heap[1]
		h.heap[1] = h.heap[size]
		size--
		h.sink(1, size)
		b := h.heap[1]
		top -= 2
		h.heap[top+1], h.heap[top] = a, b
		wa, wb := h.weight[a], h.weight[b]
		h.weight[node] = wa&^0xff + wb&^0xff + max(wa&0xff, wb&0xff) + 1
		h.parent[a], h.parent[b] = int16(node), int16(node)
		h.heap[1] = int16(node)
		h.sink(1, size)
	}
	top--
	h.heap[top] = h.heap[1]
	h.measure(codes, top, limit)
	return last
}

// sink moves the node at i of a heap of size nodes down to where it belongs.
func (h *huffman) sink(i, size int) {
	node := h.heap[i]
	w := h.weight[node]
	for j := 2 * i; j <= size; j *= 2 {
		if j < size && h.weight[h.heap[j+1]] <= h.weight[h.heap[j]] {
			j++
		}
		if w <= h.weight[h.heap[j]] {
			break
		}
		h.heap[i] = h.heap[j]
		i = j
	}
	h.heap[i] = node
}

// measure gives the symbols below the nodes in heap[top:], the heaviest first, the
// lengths of their codes.
func (h *huffman) measure(codes []code, top, limit int) {
	var number [maxBits + 1]int // of codes of each length
	root := h.heap[top]
	h.depth[root] = 0
	over := 0
	for _, node := range h.heap[top+1:] {
		d := int(h.depth[h.parent[node]]) + 1
		if d > limit {
			d = limit
			over++
		}
		h.depth[node] = uint8(d)
		if int(node) < len(codes) {
			codes[node].n = uint8(d)
			number[d]++
		}
	}
	if over == 0 {
		return
	}
	// A leaf above the limit becomes a node for itself and one of those below.
	for ; over > 0; over -= 2 {
		d := limit - 1
		for number[d] == 0 {
			d--
		}
		number[d]--
		number[d+1] += 2
		number[limit]--
	}
	next := len(h.heap)
	for d := limit; d > 0; d-- {
		for n := number[d]; n > 0; {
			next--
			if node := h.heap[next]; int(node) < len(codes) {
				codes[node].n = uint8(d)
				n--
			}
		}
	}
}

// assign gives codes of known lengths their bits (RFC 1951, section 3.2.2).
func assign(codes []code) {
	var number, next [maxBits + 1]uint16
	for i := range codes {
		number[codes[i].n]++
	}
	number[0] = 0
	for n := 1; n <= maxBits; n++ {
		next[n] = (next[n-1] + number[n-1]) << 1
	}
	for i := range codes {
		if c := &codes[i]; c.n > 0 {
			c.bits = bits.Reverse16(next[c.n]) >> (16 - c.n)
			next[c.n]++
		}
	}
}
