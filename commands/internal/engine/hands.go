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

// hands are the Transcoders of a run, which the workers of all shards share. Their work
// is the processors', so that more than work at a time would only keep memory. A hand
// that is free and was not needed yet is nil.
type hands struct {
	once sync.Once
	free chan Transcoder
}

// take waits for a Transcoder that nobody else uses, for a short time: who has one waits
// for nothing but it.
func (o *Reinsert) take() (t Transcoder, err error) {
	h := &o.hands
	h.once.Do(func() {
		n := max(1, min(runtime.GOMAXPROCS(0), int(heldBudget/max(o.Keeps, leastKept))))
		h.free = make(chan Transcoder, n)
		for range n {
			h.free <- nil
		}
	})
	if t = <-h.free; t != nil {
		return t, nil
	}
	if t, err = o.NewTranscoder(); err != nil {
		o.give(nil)
		return nil, err
	}
	return t, nil
}

// give lets others have what was taken; nil in place of one that is not to be used again.
func (o *Reinsert) give(t Transcoder) { o.hands.free <- t }
