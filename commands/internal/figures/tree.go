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

// sum counts entries, and their bytes.
type sum struct {
	entries, bytes int64
	squares        float64 // of the bytes of each
}

func (s *sum) add(bytes int64) {
	s.entries++
	s.bytes += bytes
	s.squares += float64(bytes) * float64(bytes)
}

func (s *sum) plus(o *sum) {
	s.entries += o.entries
	s.bytes += o.bytes
	s.squares += o.squares
}

// node is a prefix.
type node struct {
	name       string // the segment
	parent     uint32
	inner      bool // others are below it
	sum        sum
	persistent int64
	largest    int64
	rest       sum // below it, but of no prefix of its own
}

// edge leads from a prefix to one below it.
type edge struct {
	from uint32
	name string
}

// tree is the prefixes of keys. Node 0 is the root.
type tree struct {
	nodes  []node
	edges  map[edge]uint32
	names  map[string]string // one text for each segment
	leaves int
}

func newTree() *tree {
	return &tree{nodes: make([]node, 1, 256), edges: make(map[edge]uint32), names: make(map[string]string)}
}

// add counts an entry under its folded key.
func (t *tree) add(folded []byte, bytes int64, persistent bool) {
	at := uint32(0)
	t.count(at, bytes, persistent)
	for level := 0; level < levels && len(folded) > 0; level++ {
		n := segment(folded)
		next, ok := t.below(at, folded[:n], n == len(folded) || level == levels-1)
		if !ok {
			t.nodes[at].rest.add(bytes)
			return
		}
		at, folded = next, folded[n:]
		t.count(at, bytes, persistent)
	}
}

func (t *tree) count(at uint32, bytes int64, persistent bool) {
	n := &t.nodes[at]
	n.sum.add(bytes)
	n.largest = max(n.largest, bytes)
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
	if next, ok := t.edges[edge{at, string(name)}]; ok {
		return next, true
	}
	if last && t.leaves >= Exact || !last && len(t.nodes)-1-t.leaves >= branches {
		return 0, false
	}
	text, ok := t.names[string(name)]
	if !ok {
		text = string(name)
		t.names[text] = text
	}
	if last {
		t.leaves++
	}
	next := uint32(len(t.nodes))
	t.nodes = append(t.nodes, node{name: text, parent: at})
	t.nodes[at].inner = true
	t.edges[edge{at, text}] = next
	return next, true
}
