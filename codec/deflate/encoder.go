package deflate

import (
	"fmt"
	"math"
)

// effort is what a level means (zlib's deflate.c, the table of configurations).
type effort struct {
	good int // a match of this length shortens the search for a better one to a quarter
	// lazy: a match of this length does not wait for a better one; where none waits, the
	// bytes of a longer one are not hashed.
	lazy  int
	nice  int  // a match of this length ends the search
	chain int  // how many earlier positions are looked at
	waits bool // a match is held back until the next byte is known to begin none that is longer
	// In long values: how many positions are looked at for a first match, and how many
	// each time that a longer one is looked for; none where they are searched as short ones.
	probes, more int
}

var efforts = [...]effort{
	1: {4, 4, 8, 4, false, 0, 0},
	2: {4, 5, 16, 8, false, 0, 0},
	3: {4, 6, 32, 32, false, 0, 0},
	4: {4, 4, 16, 16, true, 0, 0},
	5: {8, 16, 32, 32, true, 4, 16},
	6: {8, 16, 128, 128, true, 16, 64},
	7: {8, 32, 128, 256, true, 0, 0},
	8: {32, 128, 258, 1024, true, 0, 0},
	9: {32, 258, 258, 4096, true, 0, 0},
}

// Encoder compresses one value after the other. The zero Encoder is ready; it is
// for one goroutine. It holds a third of a mebibyte, none of which is cleared
// between values, so that small ones do not pay for it.
type Encoder struct {
	matcher
	block
}

// Append appends the deflate stream of data, at most 2 GiB, to dst. The level is
// from 0, which stores, to 9; -1 is 6.
func (e *Encoder) Append(dst, data []byte, level int) ([]byte, error) {
	if level == -1 {
		level = 6
	}
	switch {
	case level < 0 || level >= len(efforts):
		return dst, fmt.Errorf("deflate: no level %d", level)
	case len(data) > math.MaxInt32:
		return dst, fmt.Errorf("deflate: %d bytes are more than 2 GiB", len(data))
	}
	e.bits.out = dst
	if level == 0 {
		e.bits.store(data)
	} else {
		e.matcher.begin(data, efforts[level])
		e.block.begin(data)
		if e.waits {
			e.patient()
		} else {
			e.greedy()
		}
	}
	dst = e.bits.end()
	e.matcher.data, e.block.data = nil, nil
	return dst, nil
}

// greedy takes each match as it is found.
func (e *Encoder) greedy() {
	data := e.matcher.data
	for p := 0; p < len(data); {
		e.slide(p)
		length, distance := e.longest(p, e.insert(p), minMatch-1)
		if length < minMatch {
			e.literal(data[p])
			p++
		} else {
			e.match(length, distance)
			end := p + length
			if length <= e.lazy && len(data)-end >= minMatch {
				e.insertAll(p+1, end)
			}
			p = end
		}
		if e.full() {
			e.flush(p, false)
		}
	}
	e.flush(len(data), true)
}

// patient holds each match back until the next byte is known to begin none that
// is longer.
func (e *Encoder) patient() {
	// From this distance on a match of three bytes costs more than three literals.
	const far = 4 << 10
	data := e.matcher.data
	held := false // the byte before p is not written yet
	length, distance := minMatch-1, 0
	for p := 0; p < len(data); {
		e.slide(p)
		before, back := length, distance
		length = minMatch - 1
		at := e.insert(p)
		if before < e.lazy {
			length, distance = e.longest(p, at, before)
			if length == minMatch && distance > far {
				length = minMatch - 1
			}
		}
		switch {
		case before >= minMatch && length <= before:
			e.match(before, back)
			end := p - 1 + before
			e.insertAll(p+1, end)
			p = max(p+1, end)
			held, length = false, minMatch-1
			if e.full() {
				e.flush(p, false)
			}
		case held:
			e.literal(data[p-1])
			if e.full() {
				e.flush(p, false)
			}
			p++
		default:
			held = true
			p++
		}
	}
	if held {
		e.literal(data[len(data)-1])
	}
	e.flush(len(data), true)
}
