package bzip2

import "slices"

// sorter sorts the rotations of a block.
type sorter struct {
	text   []byte  // the block, from the least of its rotations on, as numbers of letters
	sorted []int32 // where in text each rotation begins
	room   []int32
}

// rotations sorts the rotations of block and returns the place of the block itself
// among them. number gives a letter to each byte, in the same order.
//
// Among the suffixes of a text that is the least of its rotations, the order is that
// of the rotations that begin there: where one suffix is the beginning of another,
// its rotation goes on with the least.
func (s *sorter) rotations(block []byte, number *[maxLetters]byte, letters int) (begin int) {
	n := len(block)
	least := leastRotation(block)
	s.text = slices.Grow(s.text[:0], n)[:n]
	s.sorted = slices.Grow(s.sorted[:0], n)[:n]
	room := max(letters, n/2+1)
	s.room = slices.Grow(s.room[:0], room)[:room]
	for i, c := range block[least:] {
		s.text[i] = number[c]
	}
	for i, c := range block[:least] {
		s.text[n-least+i] = number[c]
	}
	sortSuffixes(s.text, s.sorted, s.room, letters)
	// The shortest suffix that is the beginning of all of text is the sequence that text
	// may be several times over. Of equal rotations libbzip2 has the block itself last.
	period := n - int(s.sorted[0])
	return slices.Index(s.sorted, int32((n-least)%period))
}

// leastRotation returns where the least rotation of b begins. Of two candidates one
// is dropped, and with it all that were compared, at each difference: so it takes
// no more than three comparisons for each byte.
func leastRotation(b []byte) int {
	n := len(b)
	i, j, same := 0, 1, 0
	for j < n && i < n && same < n {
		x, y := i+same, j+same
		if x >= n {
			x -= n
		}
		if y >= n {
			y -= n
		}
		switch {
		case b[x] == b[y]:
			same++
			continue
		case b[x] > b[y]:
			i += same + 1
		default:
			j += same + 1
		}
		if i == j {
			j++
		}
		same = 0
	}
	return min(i, j)
}

// sortSuffixes puts the suffixes of text, whose letters are below letters, in order
// into sorted. room has place for each letter, and for half of the text.
//
// The method is that of induced sorting (Nong, Zhang and Chan, "Two Efficient
// Algorithms for Linear Time Suffix Array Construction", 2011). A suffix falls if it
// is greater than the next, and else rises; the end counts as less than anything. It
// is a valley if it rises and the one before it falls. From the order of the valleys
// that of all the falling suffixes follows, from left to right, and from those that
// of the rising ones, from right to left. The order of the valleys is that of a text
// of at most half the length: each valley up to the next one is a letter of it.
//
// Until it is done, a place in sorted that is 0 is free, or is the suffix 0, before
// which there is none; of a suffix that is written as its complement the one before
// is not of the kind that the pass in hand looks for.
func sortSuffixes[T byte | int32](text []T, sorted, room []int32, letters int) {
	n := len(text)
	if n < 2 {
		clear(sorted)
		return
	}
	bucket := room[:letters]
	clear(sorted)
	ends(text, bucket)
	for p := range valleys(text) {
		c := text[p]
		bucket[c]--
		sorted[bucket[c]] = int32(p)
	}
	induce(text, sorted, bucket, false)
	m := 0
	for _, p := range sorted {
		if p < 0 {
			sorted[m] = ^p
			m++
		}
	}
	if names := name(text, sorted, m); names < m {
		reduced := sorted[n-m:]
		sortSuffixes(reduced, sorted[:m], room, names)
		i := m
		for p := range valleys(text) {
			i--
			reduced[i] = int32(p)
		}
		for i, p := range sorted[:m] {
			sorted[i] = reduced[p]
		}
	}
	clear(sorted[m:])
	ends(text, bucket)
	for i := m - 1; i >= 0; i-- {
		p := sorted[i]
		sorted[i] = 0
		c := text[p]
		bucket[c]--
		sorted[bucket[c]] = p
	}
	induce(text, sorted, bucket, true)
}

// valleys yields the valleys of text, the last one first.
func valleys[T byte | int32](text []T) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		rises := false
		for i := len(text) - 2; i >= 0; i-- {
			switch c, next := text[i], text[i+1]; {
			case c < next:
				rises = true
			case c > next:
				if rises && !yield(i+1) {
					return
				}
				rises = false
			}
		}
	}
}

// name makes the text whose letters are the m valleys, which sorted begins with, in
// the order of what lies between each and the next: equal ones are the same letter.
// It is put at the end of sorted; the result is how many letters it has.
func name[T byte | int32](text []T, sorted []int32, m int) (names int) {
	if m == 0 {
		return 0
	}
	// No two valleys are neighbours, so half of a position is enough to find what is
	// known about it: first its length, and then its name, from 1 on.
	list, about := sorted[:m], sorted[m:]
	clear(about)
	next := -1
	for p := range valleys(text) {
		if next >= 0 { // the last one reaches to the end, as no other does: 0
			about[p/2] = int32(next - p + 1)
		}
		next = p
	}
	var last []T
	for _, p := range list {
		length := about[p/2]
		this := text[p : p+length]
		if length == 0 || !slices.Equal(this, last) {
			names++
			last = this
		}
		about[p/2] = int32(names)
	}
	end := len(about)
	for i := len(about) - 1; i >= 0; i-- {
		if about[i] > 0 {
			end--
			about[end] = about[i] - 1
		}
	}
	return names
}

// induce brings the suffixes into the order that follows from that of the valleys,
// which stand at the ends of their buckets. Unless all are wanted, only the valleys
// are left, as complements.
func induce[T byte | int32](text []T, sorted, bucket []int32, all bool) {
	starts(text, bucket)
	fall := func(p int32) {
		c := text[p]
		if p > 0 && text[p-1] < c {
			p = ^p
		}
		sorted[bucket[c]] = p
		bucket[c]++
	}
	fall(int32(len(text) - 1))
	for i, p := range sorted {
		switch {
		case p > 0:
			sorted[i] = 0
			if all {
				sorted[i] = ^p
			}
			fall(p - 1)
		case p < 0:
			sorted[i] = ^p
		}
	}
	ends(text, bucket)
	for i := len(sorted) - 1; i >= 0; i-- {
		p := sorted[i]
		switch {
		case p > 0:
			if !all {
				sorted[i] = 0
			}
			p--
			c := text[p]
			if p > 0 && text[p-1] > c {
				p = ^p
			}
			bucket[c]--
			sorted[bucket[c]] = p
		case p < 0 && all:
			sorted[i] = ^p
		}
	}
}

// starts sets where the suffixes that begin with each letter begin.
func starts[T byte | int32](text []T, bucket []int32) {
	ends(text, bucket)
	last := int32(0)
	for c, end := range bucket {
		bucket[c], last = last, end
	}
}

// ends sets where the suffixes that begin with each letter end.
func ends[T byte | int32](text []T, bucket []int32) {
	clear(bucket)
	for _, c := range text {
		bucket[c]++
	}
	sum := int32(0)
	for c, n := range bucket {
		sum += n
		bucket[c] = sum
	}
}
