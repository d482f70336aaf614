package figures

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// Hash is the FNV-1a hash of a key, its bits mixed as MurmurHash3 does at its end: what
// is drawn by it is drawn fairly, and the same whatever the order in which keys are met.
func Hash(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// draw keeps those of the smallest hashes, so many at most.
type draw[T any] struct {
	most int
	list []drawn[T]
}

type drawn[T any] struct {
	hash uint64
	of   T
}

// wants tells whether one with that hash would be kept.
func (d *draw[T]) wants(hash uint64) bool {
	return len(d.list) < d.most || hash < d.list[0].hash
}

// keep takes one in that is wanted.
func (d *draw[T]) keep(hash uint64, of T) {
	if len(d.list) < d.most {
		heap.Push(d, drawn[T]{hash, of})
		return
	}
	d.list[0] = drawn[T]{hash, of}
	heap.Fix(d, 0)
}

// sorted are those that were kept, by their hashes.
func (d *draw[T]) sorted() []T {
	list := slices.SortedFunc(slices.Values(d.list), func(a, b drawn[T]) int { return cmp.Compare(a.hash, b.hash) })
	out := make([]T, len(list))
	for i := range list {
		out[i] = list[i].of
	}
	return out
}

// Len, Less, Swap, Push and Pop are those of package heap; the largest hash is the first.
func (d *draw[T]) Len() int           { return len(d.list) }
func (d *draw[T]) Less(i, j int) bool { return d.list[i].hash > d.list[j].hash }
func (d *draw[T]) Swap(i, j int)      { d.list[i], d.list[j] = d.list[j], d.list[i] }
func (d *draw[T]) Push(x any)         { d.list = append(d.list, x.(drawn[T])) }
func (d *draw[T]) Pop() any {
	last := d.list[len(d.list)-1]
	d.list = d.list[:len(d.list)-1]
	return last
}

// confident is how many standard errors a margin has to each side: 95 of 100 times the
// true figure lies within.
const confident = 1.96

// ratio is how much y there is for each x among all of whom some were drawn, and its
// margin to each side, which is 0 where all were (Cochran, Sampling Techniques, 6.4).
func ratio(x, y []float64, all int64) (r, margin float64) {
	var sumX, sumY float64
	for i := range x {
		sumX += x[i]
		sumY += y[i]
	}
	if sumX == 0 {
		return 0, 0
	}
	r = sumY / sumX
	n := float64(len(x))
	if n < 2 || int64(len(x)) >= all {
		return r, 0
	}
	var squares float64
	for i := range x {
		e := y[i] - r*x[i]
		squares += e * e
	}
	return r, confident * math.Sqrt((1-n/float64(all))*squares/(n-1)/n) / (sumX / n)
}
