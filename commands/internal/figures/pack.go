package figures

// Compressors are those whose gain is estimated, in the order of Entry.Pack.
var Compressors = [...]string{"zlib", "lz4", "zstd"}

// Bounds of what is drawn.
const (
	packsEach = 40  // values of a prefix that are compressed to see
	packsMost = 250 // prefixes of which values are
	// Keys of a shard whose memory is asked for: their share of so many, and at least.
	mostPicks  = 2000
	leastPicks = 100
)

// packs is what compressors would make of some values of each prefix.
type packs struct {
	of     map[string]*pack
	others pack
}

// pack is those of one prefix.
type pack struct {
	sum   sum // what the library would compress
	drawn draw[packed]
}

// packed is one value.
type packed struct {
	stored int64
	by     [len(Compressors)]int64
}

// draw draws an entry for what is asked of few.
func (t *Tally) draw(e *Entry, prefix []byte) {
	hash := Hash(e.Stored)
	if u := &t.usage[e.Shard]; u.wants(hash) && len(e.Stored) <= longestKey {
		u.keep(hash, Pick{string(e.Stored), e.Bytes})
	}
	if e.Pack == nil {
		return
	}
	p := t.packs.of[string(prefix)]
	if p == nil {
		if p = &t.packs.others; len(t.packs.of) < packsMost {
			p = new(pack)
			t.packs.of[string(prefix)] = p
		}
	}
	p.drawn.most = packsEach
	p.sum.add(e.Bytes)
	if p.drawn.wants(hash) {
		one := packed{stored: e.Bytes}
		copy(one.by[:], e.Pack())
		p.drawn.keep(hash, one)
	}
}

// Pick is a key that was drawn.
type Pick struct {
	Stored string
	Bytes  int64 // of its value
}

// Picks are the keys of a shard whose memory is to be asked for.
func (t *Tally) Picks(shard int) []Pick {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.usage[shard].sorted()
}
