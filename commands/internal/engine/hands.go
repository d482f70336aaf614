package engine

import (
	"runtime"
	"sync"
)

const (
	// heldBudget is how many bytes all Transcoders of a run may keep together.
	heldBudget = 48 << 20
	// leastKept is what any of them may come to keep: the state of every decompressor,
	// where values of all kinds are met.
	leastKept = 12 << 20
)

// hands are the Transcoders of a run, or its Converters, which the workers of all shards
// share. Their work is the processors', so that more than work at a time would only keep
// memory. A hand that is free and was not needed yet is nil.
type hands[T comparable] struct {
	once sync.Once
	free chan T
}

// take waits for a hand that nobody else uses, for a short time: who has one waits for
// nothing but it. Each keeps about so many bytes from one value to the next.
func (h *hands[T]) take(keeps int64, anew func() (T, error)) (t T, err error) {
	var none T
	h.once.Do(func() {
		n := max(1, min(runtime.GOMAXPROCS(0), int(heldBudget/max(keeps, leastKept))))
		h.free = make(chan T, n)
		for range n {
			h.free <- none
		}
	})
	if t = <-h.free; t != none {
		return t, nil
	}
	if t, err = anew(); err != nil {
		h.give(none)
		return none, err
	}
	return t, nil
}

// give lets others have what was taken; nil in place of one that is not to be used again.
func (h *hands[T]) give(t T) { h.free <- t }

func (o *Reinsert) take() (Transcoder, error) { return o.hands.take(o.Keeps, o.NewTranscoder) }
func (o *Reinsert) give(t Transcoder)         { o.hands.give(t) }
