package scan

import "hash/maphash"

// recentKeys is how many keys are remembered at least. SCAN gives a key twice
// after its server's table has become smaller: a bucket of the new table then
// holds keys of several of the old one, of which some were visited. Those were
// visited last, as the order of SCAN goes, so what is given again is among the
// last that its lane gave, and few: a table is made smaller when it is nearly empty.
const recentKeys = 1 << 13

// Recent remembers the last keys of a walk by their hashes, in two halves of which
// the older is forgotten when the newer is full.
type Recent struct {
	seed        maphash.Seed
	now, before map[uint64]struct{}
}

// NewRecent remembers no key yet.
func NewRecent() *Recent {
	return &Recent{maphash.MakeSeed(), make(map[uint64]struct{}), make(map[uint64]struct{})}
}

// Again reports whether a key was given before; one that was not is remembered.
func (r *Recent) Again(key []byte) bool {
	h := maphash.Bytes(r.seed, key)
	for _, half := range []map[uint64]struct{}{r.now, r.before} {
		if _, ok := half[h]; ok {
			return true
		}
	}
	if len(r.now) == recentKeys {
		r.now, r.before = r.before, r.now
		clear(r.now)
	}
	r.now[h] = struct{}{}
	return false
}
