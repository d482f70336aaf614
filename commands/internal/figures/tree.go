package figures

// Bounds of the tree of prefixes.
const (
	// Exact is how many prefixes, and how many classes, are counted one by one.
	Exact = 100_000
	// branches bounds the prefixes that have others below them.
	branches = 150_000
	// levels is how many segments of a key are told apart.
	levels = 8
	// longestSegment is how many bytes of a segment are kept.
	longestSegment = 64
)

// sum counts entries, and their bytes. There are very many: it is small.
type sum struct {
	entries uint32
	squares float32 // of the bytes of each
	bytes   int64
}

func (s *sum) add(bytes int64) {
	s.entries++
	s.bytes += bytes
	s.squares += float32(bytes) * float32(bytes)
}

func (s *sum) plus(o *sum) {
	s.entries += o.entries
	s.bytes += o.bytes
	s.squares += o.squares
}

// node is a prefix.
type node struct {
	sum        sum
	name       uint32 // the segment
	parent     uint32
	persistent uint32
	largest    uint32 // bytes; Redis holds no value of more than 512 MiB
}

// edge leads from a prefix to one below it.
type edge struct{ from, name uint32 }

// tree is the prefixes of keys. Node 0 is the root.
type tree struct {
	nodes  []node
	edges  map[edge]uint32
	names  words
	rest   map[uint32]*sum // below a prefix, but of no prefix of its own
	leaves int
}

func newTree() *tree {
	return &tree{nodes: make([]node, 1, 256), edges: make(map[edge]uint32), rest: make(map[uint32]*sum)}
}

// add counts an entry under its folded key.
func (t *tree) add(folded []byte, bytes int64, persistent bool) {
	at := uint32(0)
	t.count(at, bytes, persistent)
	for level := 0; level < levels && len(folded) > 0; level++ {
		n := segment(folded)
		next, ok := t.below(at, folded[:n], n == len(folded) || level == levels-1)
		if !ok {
			if t.rest[at] == nil {
				t.rest[at] = new(sum)
			}
			t.rest[at].add(bytes)
			return
		}
		at, folded = next, folded[n:]
		t.count(at, bytes, persistent)
	}
}

func (t *tree) count(at uint32, bytes int64, persistent bool) {
	n := &t.nodes[at]
	n.sum.add(bytes)
	n.largest = max(n.largest, uint32(bytes))
	if persistent {
		n.persistent++
	}
}

// below is the prefix with one segment more; false where there are too many. last tells
// that the key ends with it.
func (t *tree) below(at uint32, name []byte, last bool) (uint32, bool) {
	if len(name) > longestSegment {
		name = append(name[:longestSegment:longestSegment], "…"...)
	}
	id, known := t.names.ids[string(name)]
	if next, ok := t.edges[edge{at, id}]; known && ok {
		return next, true
	}
	if last && t.leaves >= Exact || !last && len(t.nodes)-1-t.leaves >= branches {
		return 0, false
	}
	if !known {
		id = t.names.id(name)
	}
	if last {
		t.leaves++
	}
	next := uint32(len(t.nodes))
	t.nodes = append(t.nodes, node{name: id, parent: at})
	t.edges[edge{at, id}] = next
	return next, true
}

// text is the segment of a prefix.
func (t *tree) text(n uint32) string { return t.names.list[t.nodes[n].name] }
