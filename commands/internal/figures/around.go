package figures

// Around is what lies around the entries.
type Around struct {
	Wide              bool // keys of others were looked for
	Locks             int64
	LocksPersistent   int64 // of them, without an expiry
	Markers           int64
	MarkersPersistent int64
	MarkersOrphaned   int64            // of which the entry is gone
	Types             map[string]int64 // keys of the cache that hold no string, by type
	Neighbours        map[string]int64 // keys of other caches of the file, by alias
	Foreign           int64            // keys of nobody in the file
	ForeignTypes      map[string]int64
	ForeignAreas      map[string]int64 // by what made them
}

// Around lets count what lies around.
func (t *Tally) Around(count func(*Around)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range []*map[string]int64{&t.around.Types, &t.around.Neighbours, &t.around.ForeignTypes, &t.around.ForeignAreas} {
		if *m == nil {
			*m = make(map[string]int64)
		}
	}
	count(&t.around)
}

// Memory is what a server says of the memory of some of its entries.
type Memory struct {
	Used  int64 // by the server in all; 0 where it does not tell
	Picks []Pick
	Takes []int64 // memory of each of the picks
}

// Remember takes in what a server said.
func (t *Tally) Remember(shard int, m Memory) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.memory[shard] = m
}

// Finding is a name in a pickle that is not to be there.
type Finding struct {
	Shard  int
	Stored []byte
	Name   string // as Python 3 spells it
	Offset int64  // in the unpacked bytes, of what names it or of what that is in
	Where  string // "" in the pickle itself
	Rule   string // what it is found by
}

// found is a finding that is remembered.
type found struct {
	Finding
	key string
}

// mostFound is how many findings are listed.
const mostFound = 10_000

// forbidden is what was found.
type forbidden struct {
	entries, names int64
	list           []found
}

// Find takes in the findings of one entry.
func (t *Tally) Find(list []Finding) {
	if len(list) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found.entries++
	t.found.names += int64(len(list))
	for _, f := range list {
		if len(t.found.list) < mostFound {
			t.found.list = append(t.found.list, found{f, kept(f.Stored)})
			t.found.list[len(t.found.list)-1].Stored = nil
		}
	}
}
