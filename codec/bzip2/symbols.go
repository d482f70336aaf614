package bzip2

import "slices"

const (
	runA, runB = 0, 1   // the digits of the length of a run of zeros, which count 1 and 2
	maxLetters = 1 << 8 // different bytes of a block
	maxSymbols = maxLetters + 2
)

// symbols are what a block is written as.
type symbols struct {
	used   [maxLetters]bool
	number [maxLetters]byte // of each byte that is used, among them
	order  [maxLetters]byte
	list   []uint16
	count  [maxSymbols]uint32
}

// letters finds the bytes that are used, numbers them, and returns how many there are.
func (s *symbols) letters(block []byte) int {
	clear(s.used[:])
	for _, c := range block {
		s.used[c] = true
	}
	n := 0
	for c, used := range s.used {
		if used {
			s.number[c] = byte(n)
			n++
		}
	}
	return n
}

// writeUsed writes which bytes are used: of which sixteens any is, and then which.
func (s *symbols) writeUsed(w *bitWriter) {
	which := uint64(0)
	var sixteens [16]uint64
	for c, used := range s.used {
		if used {
			which |= 1 << (15 - c/16)
			sixteens[c/16] |= 1 << (15 - c%16)
		}
	}
	w.put(which, 16)
	for _, s := range sixteens {
		if s != 0 {
			w.put(s, 16)
		}
	}
}

// moveToFront makes the list of symbols from the last letters of the sorted
// rotations of text. The symbol after those of letters ends the block.
func (s *symbols) moveToFront(text []byte, sorted []int32, letters int) {
	count, order := &s.count, &s.order
	clear(count[:letters+2])
	for i := range letters {
		order[i] = byte(i)
	}
	list := slices.Grow(s.list[:0], len(text)+1)
	zeros := 0
	for _, p := range sorted {
		if p == 0 {
			p = int32(len(text))
		}
		c, first := text[p-1], order[0]
		if c == first {
			zeros++
			continue
		}
		if zeros > 0 {
			list = s.run(list, zeros)
			zeros = 0
		}
		i := 1
		for order[0] = c; order[i] != c; i++ {
			order[i], first = first, order[i]
		}
		order[i] = first
		list = append(list, uint16(i+1))
		count[i+1]++
	}
	if zeros > 0 {
		list = s.run(list, zeros)
	}
	list = append(list, uint16(letters+1))
	count[letters+1]++
	s.list = list
}

// run appends n, at least 1, in digits that count 1 and 2, the lowest first.
func (s *symbols) run(list []uint16, n int) []uint16 {
	for ; n > 0; n = (n - 1) / 2 {
		digit := runA
		if n%2 == 0 {
			digit = runB
		}
		list = append(list, uint16(digit))
		s.count[digit]++
	}
	return list
}
