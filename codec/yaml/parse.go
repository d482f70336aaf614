package yaml

// A form of node.
type form uint8

const (
	scalarForm form = iota
	sequenceForm
	mappingForm
)

var formNames = [...]string{"a scalar", "a list", "a mapping"}

// node is a part of the document: its tag, given or found by the rules of
// resolve, and its text or the numbers of the nodes in it. Nodes are numbered
// in the order of the document; an alias is the number of its node.
type node struct {
	form form
	span // of a collection: from and to in parser.kids
	tag  int32
	at   int32
}

// parser makes nodes of tokens: yaml/parser.py and yaml/composer.py.
type parser struct {
	scanner
	pos     int
	nodes   []node
	kids    []int32 // of mappings, key and value in turn
	stack   []int32 // kids of the collections that are open
	anchors map[string]int32
	depth   int
}

// parse returns the node of the one document, -1 if there is none.
func (p *parser) parse(data []byte) int32 {
	p.scan(data)
	root := int32(-1)
	switch p.sort() {
	case streamEnd:
		return root
	case directive, documentStart:
		root = p.explicit()
	default:
		root = p.node(true, false)
		if p.sort() == documentEnd {
			p.advance()
		}
	}
	for p.sort() == documentEnd {
		p.advance()
	}
	if p.sort() != streamEnd {
		fail(Trailing, p.here(), "%s after the end of the document", sortNames[p.sort()])
	}
	return root
}

// explicit parses a document with directives or --- before it.
func (p *parser) explicit() int32 {
	for p.sort() == directive {
		p.advance()
	}
	p.want(documentStart)
	switch p.sort() {
	case directive, documentStart, documentEnd, streamEnd:
		return p.empty()
	}
	return p.node(true, false)
}

// sort is that of the token here; a token that a colon made the first of a key
// is first the beginning of a mapping and of a key.
func (p *parser) sort() sort {
	switch begins := p.tokens[p.pos].begins; {
	case begins&beginsMapping != 0:
		return blockMapping
	case begins&beginsKey != 0:
		return key
	}
	return p.tokens[p.pos].sort
}

func (p *parser) here() int { return int(p.tokens[p.pos].at) }

func (p *parser) advance() {
	switch t := &p.tokens[p.pos]; {
	case t.begins&beginsMapping != 0:
		t.begins &^= beginsMapping
	case t.begins&beginsKey != 0:
		t.begins &^= beginsKey
	default:
		p.pos++
	}
}

func (p *parser) is(kinds ...sort) bool {
	here := p.sort()
	for _, k := range kinds {
		if here == k {
			return true
		}
	}
	return false
}

func (p *parser) want(kind sort) {
	if p.sort() != kind {
		p.unexpected(sortNames[kind])
	}
	p.advance()
}

func (p *parser) unexpected(wanted string) {
	if p.sort() == streamEnd && p.flow > 0 {
		fail(Truncated, p.here(), "the document ends where %s is wanted", wanted)
	}
	fail(Syntax, p.here(), "%s where %s is wanted", sortNames[p.sort()], wanted)
}

func (p *parser) add(n node, at int) int32 {
	n.at = int32(at)
	p.nodes = append(p.nodes, n)
	return int32(len(p.nodes) - 1)
}

// empty is a value that is not there.
func (p *parser) empty() int32 { return p.add(node{tag: tagNull}, p.here()) }

// node parses one; block allows block style, dashes a list whose dashes stand
// no deeper than the key.
func (p *parser) node(block, dashes bool) int32 {
	if p.sort() == alias {
		name := p.data[p.tokens[p.pos].from:p.tokens[p.pos].to]
		n, ok := p.anchors[string(name)]
		if !ok {
			fail(Syntax, p.here(), "there is no anchor %q", name)
		}
		p.advance()
		return n
	}
	at := p.here()
	name, given := p.properties()
	implicit := given < 0 || given == tagBang
	n := node{tag: given}
	if name != nil {
		if _, again := p.anchors[string(name)]; again {
			fail(Syntax, at, "a second anchor %q", name)
		}
		if p.anchors == nil {
			p.anchors = make(map[string]int32)
		}
		p.anchors[string(name)] = int32(len(p.nodes))
	}
	t := p.tokens[p.pos]
	switch kind := p.sort(); {
	case kind == scalar:
		p.advance()
		n.span = t.span
		switch {
		case given < 0 && t.style != 0:
			n.tag = tagStr
		case implicit:
			n.tag = resolveMarked(p.text(n.span))
		}
		return p.add(n, at)
	case kind == flowSequence, block && kind == blockSequence, dashes && kind == blockEntry:
		n.form = sequenceForm
		if implicit {
			n.tag = tagSeq
		}
	case kind == flowMapping, block && kind == blockMapping:
		n.form = mappingForm
		if implicit {
			n.tag = tagMap
		}
	case name != nil || given >= 0:
		if implicit {
			n.tag = tagNull
		}
		return p.add(n, at)
	default:
		p.unexpected("a value")
	}
	return p.collection(n, at)
}

// properties parses an anchor and a tag, in either order; the tag is -1 if
// there is none.
func (p *parser) properties() (name []byte, given int32) {
	given = -1
	for p.sort() == anchor && name == nil || p.sort() == tag && given < 0 {
		t := p.tokens[p.pos]
		if t.sort == tag {
			given = t.from
		} else {
			name = p.data[t.from:t.to]
		}
		p.advance()
	}
	return name, given
}

func (p *parser) collection(n node, at int) int32 {
	if p.depth++; p.depth > maxDepth {
		fail(TooLarge, at, "nested deeper than PyYAML reads")
	}
	index := p.add(n, at)
	mark := len(p.stack)
	switch p.sort() {
	case flowSequence:
		p.advance()
		p.flowSequence()
	case flowMapping:
		p.advance()
		p.flowMapping()
	case blockSequence:
		p.advance()
		p.dashes(blockEnd)
		p.want(blockEnd)
	case blockMapping:
		p.advance()
		p.blockMapping()
	case blockEntry:
		p.dashes(key, value, blockEnd)
	}
	p.nodes[index].from = int32(len(p.kids))
	p.kids = append(p.kids, p.stack[mark:]...)
	p.nodes[index].to = int32(len(p.kids))
	p.stack = p.stack[:mark]
	p.depth--
	return index
}

func (p *parser) push(n int32) { p.stack = append(p.stack, n) }

// dashes parses the items of a list in block style. An item that ends at once
// is empty.
func (p *parser) dashes(ends ...sort) {
	for p.sort() == blockEntry {
		p.advance()
		if p.sort() == blockEntry || p.is(ends...) {
			p.push(p.empty())
		} else {
			p.push(p.node(true, false))
		}
	}
}

func (p *parser) blockMapping() {
	for p.sort() != blockEnd {
		if p.sort() != key {
			p.unexpected("a key")
		}
		for _, part := range []sort{key, value} {
			if p.sort() != part {
				p.push(p.empty())
				continue
			}
			p.advance()
			if p.is(key, value, blockEnd) {
				p.push(p.empty())
			} else {
				p.push(p.node(true, true))
			}
		}
	}
	p.advance()
}

func (p *parser) flowSequence() {
	for first := true; p.sort() != flowSequenceEnd; first = false {
		if !first {
			if p.sort() != flowEntry {
				p.unexpected("a comma or ]")
			}
			p.advance()
		}
		switch p.sort() {
		case flowSequenceEnd:
		case key: // a mapping of one pair, without braces
			n := p.add(node{form: mappingForm, tag: tagMap}, p.here())
			pair := []int32{p.flowPart(key, flowSequenceEnd), p.flowPart(value, flowSequenceEnd)}
			p.nodes[n].from = int32(len(p.kids))
			p.kids = append(p.kids, pair...)
			p.nodes[n].to = int32(len(p.kids))
			p.push(n)
		default:
			p.push(p.node(false, false))
		}
	}
	p.advance()
}

func (p *parser) flowMapping() {
	for first := true; p.sort() != flowMappingEnd; first = false {
		if !first {
			if p.sort() != flowEntry {
				p.unexpected("a comma or }")
			}
			p.advance()
		}
		switch p.sort() {
		case flowMappingEnd:
		case key:
			p.push(p.flowPart(key, flowMappingEnd))
			p.push(p.flowPart(value, flowMappingEnd))
		default:
			p.push(p.node(false, false))
			p.push(p.empty())
		}
	}
	p.advance()
}

// flowPart parses what follows the sign of a key or value; what ends at once is
// empty.
func (p *parser) flowPart(part, end sort) int32 {
	if p.sort() != part {
		return p.empty()
	}
	p.advance()
	if p.is(value, flowEntry, end) && !(part == value && p.sort() == value) {
		return p.empty()
	}
	return p.node(false, false)
}

func (p *parser) text(s span) []byte {
	if s.copied {
		return p.copies[s.from:s.to]
	}
	return p.data[s.from:s.to]
}
