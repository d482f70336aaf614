package reader

import (
	"bytes"
	"sync"

	"cachering/codec/pyobj"
	"cachering/commands/internal/config"
)

// Alike is what two applications make of what is stored for each.
type Alike uint8

const (
	Equal     Alike = iota // the same value
	Different              // another value, or one of them reads none
	NoValue                // for the first it is no value at all, but the token of a lock
	Unknown                // it takes more memory, or time, to tell than there is
)

// Pair compares what two caches store for one key as values: how each is serialized and
// compressed counts nothing, nor whether a HerdClient wrapped it. It is for one goroutine.
type Pair struct {
	from, to *eye
	heavy    *sync.Mutex
	same     bool // both read the same of the same bytes
}

// NewPair makes one. heavy is shared by all that compare: it is held by the one that needs
// much memory.
func NewPair(from, to *config.Cache, heavy *sync.Mutex) *Pair {
	a, b := from.Codec, to.Codec
	b.Protocol, b.Level = a.Protocol, a.Level // which only writing asks for
	return &Pair{newEye(from), newEye(to), heavy, a == b && from.Python == to.Python && from.HighestProtocol() == to.HighestProtocol() &&
		from.Traits.PlainReads == to.Traits.PlainReads && from.Library().Python2 == to.Library().Python2}
}

// Compare tells of what is stored under the key from of the one, and under to of the other;
// why is a clause for people, and "" where the values tell.
func (p *Pair) Compare(from, value, to, other []byte) (alike Alike, why string) {
	alike, why = p.within(lightRoom, from, value, to, other)
	if alike == Unknown {
		p.heavy.Lock()
		defer p.heavy.Unlock()
		alike, why = p.within(Room, from, value, to, other)
	}
	return alike, why
}

func (p *Pair) within(room int64, from, value, to, other []byte) (Alike, string) {
	alike := bytes.Equal(value, other)
	if alike && p.same && len(value) != tokenLength {
		return Equal, ""
	}
	a, b := p.from.within(room, from, value), p.to.within(room, to, other)
	switch {
	case a.Cause == LockToken:
		return NoValue, a.Why
	case a.Cause == TooLarge || b.Cause == TooLarge:
		if alike && p.same {
			return Equal, ""
		}
		return Unknown, "it takes more memory to compare than there is for one value"
	case b.Cause == LockToken:
		return Different, "there " + b.Why
	case a.Cause == Read && b.Cause != Read:
		return Different, "there it is not read: " + b.Why
	case a.Value == nil && b.Value == nil && alike:
		return Equal, ""
	case a.Value == nil:
		return Different, "here it is not read: " + a.Why
	case b.Value == nil:
		return Different, "there it is not read: " + b.Why
	}
	equal, known := pyobj.Equal(a.Value.Graph, unwrapped(a), b.Value.Graph, unwrapped(b))
	switch {
	case !known:
		return Unknown, "it takes too long to compare"
	case !equal:
		return Different, ""
	}
	return Equal, ""
}

// tokenLength is that of the token of a lock.
const tokenLength = 32

// unwrapped is a value without the deadline that a HerdClient stores with it.
func unwrapped(r Reading) pyobj.Ref {
	if value, _, ok := r.Value.Graph.Herd(r.Value.Root); ok {
		return value
	}
	return r.Value.Root
}
