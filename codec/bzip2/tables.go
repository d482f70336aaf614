package bzip2

const (
	maxTables = 6
	groupSize = 50 // symbols that are written with one table
	passes    = 4  // in which the tables are made better

	// maxLength is that of a code which libbzip2 writes; the format allows 20.
	maxLength = 17
	// notMeant is what a symbol costs, at first, in a table that is not meant for it.
	notMeant = 15
)

// tables are the Huffman codes of a block.
type tables struct {
	n         int
	lengths   [maxTables][maxSymbols]uint8
	counts    [maxTables][maxSymbols]uint32
	selectors []uint8 // the table of each group
	// cost is that of a symbol in each of the tables, 16 bits for each, so that what a
	// group of symbols costs is added up for all of them at once.
	cost    [maxSymbols][2]uint64
	codes   [maxTables][maxSymbols]uint32 // the bits of a code, and in the lowest eight how many they are
	huffman huffman
}

// choose makes the tables for the symbols, which occur count times. Each table is
// first meant for a part of the symbols; then the groups each choose the one that is
// best for them, and the tables are made anew for those that chose them.
func (t *tables) choose(list []uint16, count []uint32) {
	switch n := len(list); {
	case n < 200:
		t.n = 2
	case n < 600:
		t.n = 3
	case n < 1200:
		t.n = 4
	case n < 2400:
		t.n = 5
	default:
		t.n = 6
	}
	t.divide(len(list), count)
	for range passes {
		t.weigh(len(count))
		t.pick(list, len(count))
		for i := range t.n {
			t.huffman.lengths(t.counts[i][:len(count)], t.lengths[i][:])
		}
	}
}

// divide gives each table about as many of the n symbols, the last table the first
// ones.
func (t *tables) divide(n int, count []uint32) {
	left, from := uint32(n), 0
	for i := t.n - 1; i >= 0; i-- {
		share, to, sum := left/uint32(i+1), from, uint32(0)
		for to < len(count) && sum < share {
			sum += count[to]
			to++
		}
		// The share is exceeded by the last symbol: every other table goes without.
		if to > from+1 && i != t.n-1 && i != 0 && (t.n-1-i)%2 == 1 {
			to--
			sum -= count[to]
		}
		for s := range count {
			t.lengths[i][s] = notMeant
			if from <= s && s < to {
				t.lengths[i][s] = 0
			}
		}
		from, left = to, left-sum
	}
}

// weigh sets the costs of the symbols.
func (t *tables) weigh(symbols int) {
	for s := range t.cost[:symbols] {
		var c [2]uint64
		for i := range t.n {
			c[i/4] |= uint64(t.lengths[i][s]) << (i % 4 * 16)
		}
		t.cost[s] = c
	}
}

// pick picks the table of each group, and counts the symbols that are written with
// each.
func (t *tables) pick(list []uint16, symbols int) {
	for i := range t.n {
		clear(t.counts[i][:symbols])
	}
	t.selectors = t.selectors[:0]
	for len(list) > 0 {
		group := list[:min(groupSize, len(list))]
		list = list[len(group):]
		var sums [2]uint64
		for _, s := range group {
			sums[0] += t.cost[s][0]
			sums[1] += t.cost[s][1]
		}
		best, least := 0, uint16(1<<16-1)
		for i := range t.n {
			if sum := uint16(sums[i/4] >> (i % 4 * 16)); sum < least {
				best, least = i, sum
			}
		}
		t.selectors = append(t.selectors, uint8(best))
		counts := &t.counts[best]
		for _, s := range group {
			counts[s]++
		}
	}
}

// writeTables writes which table each group has, as how many others were used since
// it was used last, and the lengths of the codes, each as what it differs from the
// one before it.
func (t *tables) writeTables(w *bitWriter, symbols int) {
	w.put(uint64(t.n), 3)
	w.put(uint64(len(t.selectors)), 15)
	order := [maxTables]uint8{0, 1, 2, 3, 4, 5}
	for _, s := range t.selectors {
		i := 0
		for order[i] != s {
			i++
		}
		copy(order[1:i+1], order[:i])
		order[0] = s
		w.put(1<<(i+1)-2, uint(i+1))
	}
	for i := range t.n {
		last := t.lengths[i][0]
		w.put(uint64(last), 5)
		for _, n := range t.lengths[i][:symbols] {
			for ; last < n; last++ {
				w.put(0b10, 2)
			}
			for ; last > n; last-- {
				w.put(0b11, 2)
			}
			w.put(0, 1)
		}
	}
}

// writeSymbols writes the symbols with the tables that were chosen.
func (t *tables) writeSymbols(w *bitWriter, list []uint16, symbols int) {
	for i := range t.n {
		assign(t.lengths[i][:symbols], t.codes[i][:])
	}
	for _, table := range t.selectors {
		codes := &t.codes[table]
		group := list[:min(groupSize, len(list))]
		list = list[len(group):]
		for _, s := range group {
			c := codes[s]
			w.put(uint64(c>>8), uint(c&0xff))
		}
	}
}
