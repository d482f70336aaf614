package codec

import "cachering/codec/pickle"

// Finder finds out what pickles name, and makes no value of them. It keeps its buffers
// from one to the next, and is for one goroutine.
type Finder struct {
	opener
	names pickle.Names
}

// NewFinder returns a Finder for values that are stored so.
func NewFinder(from Source) *Finder { return &Finder{opener: opener{source: from}} }

// Find tells what the pickle that is stored names, up to a defect if it has one; nil if
// what is stored is none. It is valid until the next call, and as long as stored is. The
// error is an *Error: it was compressed, and cannot be unpacked, or there is no room.
func (f *Finder) Find(stored []byte, o Options) (*pickle.Names, error) {
	f.release(stored)
	l, e := f.open(stored, o)
	if e != nil {
		if e == errLockToken || e == errDamaged {
			return nil, nil
		}
		return nil, e
	}
	if l.integer != nil || l.float || l.text {
		return nil, nil
	}
	if _, is := f.source.noPickle(l.serialized); is {
		return nil, nil
	}
	if !f.names.Find(l.serialized) {
		return nil, noRoom()
	}
	return &f.names, nil
}
