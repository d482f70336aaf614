package bzip2

// huffman finds the lengths of codes. All of it is room that is used again.
type huffman struct {
	// weight of a node is how often what is below it occurs, times 256, and its height.
	// Nodes are numbered from 1 on, the symbols first.
	weight [2 * maxSymbols]uint32
	parent [2 * maxSymbols]uint16
	depth  [2 * maxSymbols]uint8
	// heap has the lightest node first, from 1 on: its weight, and its number in the
	// lowest 16 bits, which does not decide between nodes that are as heavy. At 0 is what
	// is lighter than all.
	heap [maxSymbols + 1]uint64
}

// lengths sets the lengths of the codes of symbols that occur count times, or, if
// that is 0, as if they occurred once. None is longer than maxLength: as long as one
// would be, all are taken to occur half as often. Which of several codes that are as
// good it is depends on the heap, so that is libbzip2's (huffman.c).
func (h *huffman) lengths(count []uint32, lengths []uint8) {
	for i, n := range count {
		h.weight[i+1] = max(n, 1) << 8
	}
	for h.build(len(count)) > maxLength {
		for i := range count {
			h.weight[i+1] = (h.weight[i+1]>>9 + 1) << 8
		}
	}
	for i := range count {
		lengths[i] = h.depth[i+1]
	}
}

// build makes the tree of n symbols and returns how deep the deepest one is.
func (h *huffman) build(n int) (deepest uint8) {
	for i := 1; i <= n; i++ {
		h.rise(i, uint64(h.weight[i])<<16|uint64(i))
	}
	node := n
	for size := n; size > 1; size-- {
		a := h.heap[1]
		h.sink(size-1, h.heap[size])
		b := h.heap[1]
		h.sink(size-2, h.heap[size-1])
		node++
		h.parent[uint16(a)], h.parent[uint16(b)] = uint16(node), uint16(node)
		wa, wb := uint32(a>>16), uint32(b>>16)
		h.weight[node] = wa&^0xff + wb&^0xff | max(wa&0xff, wb&0xff) + 1
		h.rise(size-1, uint64(h.weight[node])<<16|uint64(node))
	}
	h.depth[node] = 0
	for i := node - 1; i > 0; i-- {
		h.depth[i] = h.depth[h.parent[i]] + 1
		if i <= n {
			deepest = max(deepest, h.depth[i])
		}
	}
	return deepest
}

// rise puts a node into the heap, at i or above it.
func (h *huffman) rise(i int, node uint64) {
	for ; node>>16 < h.heap[i/2]>>16; i /= 2 {
		h.heap[i] = h.heap[i/2]
	}
	h.heap[i] = node
}

// sink puts a node in the place of the first one of a heap of size nodes, or below it.
func (h *huffman) sink(size int, node uint64) {
	i := 1
	for j := 2; j <= size; j *= 2 {
		if j < size && h.heap[j+1]>>16 < h.heap[j]>>16 {
			j++
		}
		if node>>16 < h.heap[j]>>16 {
			break
		}
		h.heap[i] = h.heap[j]
		i = j
	}
	h.heap[i] = node
}

// assign gives codes their bits: the shorter ones first, those of a length in the
// order of the symbols. The lowest eight bits of what is set are the length.
func assign(lengths []uint8, codes []uint32) {
	var next [maxLength + 1]uint32
	for _, n := range lengths {
		next[n]++
	}
	code := uint32(0)
	for n, number := range next {
		next[n], code = code, (code+number)<<1
	}
	for s, n := range lengths {
		codes[s] = next[n]<<8 | uint32(n)
		next[n]++
	}
}
