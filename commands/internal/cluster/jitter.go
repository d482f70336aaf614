package cluster

import (
	"hash/maphash"
	"time"
)

// Jitter lets each key live somewhat longer than all of them are to: keys that are given
// their lives at once would all be missing at once, and be made anew at once. The zero
// Jitter adds nothing.
type Jitter struct {
	most uint64 // milliseconds
	seed maphash.Seed
}

// NewJitter adds up to most, in whole milliseconds.
func NewJitter(most time.Duration) Jitter {
	if most < time.Millisecond {
		return Jitter{}
	}
	return Jitter{most: uint64(most / time.Millisecond), seed: maphash.MakeSeed()}
}

// None reports whether nothing is added.
func (j Jitter) None() bool { return j.most == 0 }

// Of is what is added for a stored key, from zero up to the most. It is the same whenever it
// is asked for, so that what is written twice, or told of and written, is one moment.
func (j Jitter) Of(stored []byte) time.Duration {
	if j.most == 0 {
		return 0
	}
	return time.Duration(maphash.Bytes(j.seed, stored)%(j.most+1)) * time.Millisecond
}
