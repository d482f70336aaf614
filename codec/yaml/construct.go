package yaml

import (
	"strings"

	"cachering/codec/pyobj"
)

// Decode makes of a document what yaml.load of PyYAML makes of it with its
// FullLoader or, where a tag wants that, says what its UnsafeLoader would do:
// then refused, of the kind Unrepresentable, is why the FullLoader makes nothing
// of the document. The Graph points into data. The error is an *Error, what
// neither of them reads.
func Decode(g *pyobj.Graph, data []byte) (root pyobj.Ref, refused *Error, err error) {
	g.Reset(data)
	c := constructor{g: g}
	root, err = c.document(data)
	return root, c.refused, err
}

func (c *constructor) document(data []byte) (root pyobj.Ref, err error) {
	defer catch(&err)
	n := c.parse(data)
	if n < 0 {
		return pyobj.RefNone, nil
	}
	c.made = make([]pyobj.Ref, len(c.nodes))
	c.state = make([]state, len(c.nodes))
	root = c.value(n)
	for len(c.later) > 0 {
		round := c.later
		c.later = nil
		for _, n := range round {
			c.fill(n)
		}
	}
	c.g.Settle()
	return root, nil
}

// state is what has become of a node.
type state uint8

const (
	making state = 1 << iota // its value is being made
	made
	merged // its << are taken out
)

// constructor makes values of nodes: yaml/constructor.py. A list, dict, set or
// object exists before what is in it, which waits in later, so that it can
// contain itself; a tuple and the arguments of an object do not.
type constructor struct {
	parser
	g     *pyobj.Graph
	made  []pyobj.Ref // by node
	state []state
	later []int32
	now   int // in arguments, nothing waits
	depth int
	pairs int // made by merging
	utc   pyobj.Ref
	// refused is the first tag that the FullLoader does not follow.
	refused *Error
}

func (c *constructor) pos(n int32) int { return int(c.nodes[n].at) }

func (c *constructor) kidsOf(n int32) []int32 { return c.kids[c.nodes[n].from:c.nodes[n].to] }

func (c *constructor) tagOf(n int32) string {
	name := c.tags.name(c.nodes[n].tag)
	if rest, ok := strings.CutPrefix(name, tagPrefix); ok {
		return "!!" + rest
	}
	return name
}

// value makes the value of a node, or finds it.
func (c *constructor) value(n int32) pyobj.Ref {
	switch {
	case c.state[n]&made != 0:
		return c.made[n]
	case c.state[n]&making != 0:
		fail(Cycle, c.pos(n), "%s of the tag %s contains itself", formNames[c.nodes[n].form], c.tagOf(n))
	case c.depth > maxDepth:
		fail(TooLarge, c.pos(n), "nested deeper than PyYAML reads")
	}
	c.depth++
	c.state[n] |= making
	r, waits := c.make(n)
	c.made[n] = r
	if waits {
		if c.now > 0 {
			c.fill(n) // which may meet n again, and not find it made
		} else {
			c.later = append(c.later, n)
		}
	}
	c.state[n] = c.state[n]&^making | made
	c.depth--
	return r
}

// make makes the value of a node; waits says that it is to be filled.
func (c *constructor) make(n int32) (r pyobj.Ref, waits bool) {
	g, at := c.g, c.pos(n)
	switch t := c.nodes[n].tag; t {
	case tagNull, tagPyNone:
		c.scalar(n)
		return pyobj.RefNone, false
	case tagBool, tagPyBool:
		switch text := c.scalar(n); strings.ToLower(string(text)) {
		case "yes", "true", "on":
			return pyobj.RefTrue, false
		case "no", "false", "off":
			return pyobj.RefFalse, false
		default:
			fail(Tag, at, "%q is no bool", text)
		}
	case tagInt, tagPyInt, tagPyLong:
		return c.integer(c.scalar(n), at), false
	case tagFloat, tagPyFloat:
		return c.float(c.scalar(n), at), false
	case tagPyComplex:
		return c.complex(c.scalar(n), at), false
	case tagTimestamp:
		c.want(n, scalarForm) // PyYAML finds no = in place of one here
		return c.timestamp(c.scalar(n), at), false
	case tagBinary, tagPyBytes:
		return c.base64(c.scalar(n), at), false
	case tagStr, tagPyStr, tagPyUnicode:
		return c.str(n), false
	case tagSeq, tagPyList:
		c.want(n, sequenceForm)
		return g.NewList(), true
	case tagOmap, tagPairs:
		c.wantPairs(n)
		return g.NewList(), true
	case tagMap, tagPyDict:
		c.want(n, mappingForm)
		return g.NewDict(), true
	case tagSet:
		c.want(n, mappingForm)
		return g.NewSet(), true
	case tagPyTuple:
		return g.NewTuple(c.items(n)...), false
	}
	return c.object(n)
}

// fill puts into a container what is in it.
func (c *constructor) fill(n int32) {
	r := c.made[n]
	switch c.nodes[n].tag {
	case tagSeq, tagPyList:
		c.g.Append(r, c.items(n)...)
	case tagOmap, tagPairs:
		for _, one := range c.kidsOf(n) {
			pair := c.kidsOf(one)
			key := c.value(pair[0])
			c.g.Append(r, c.g.NewTuple(key, c.value(pair[1])))
		}
	case tagMap, tagPyDict:
		c.g.SetItems(r, c.entries(n)...)
	case tagSet:
		pairs := c.entries(n)
		keys := pairs[:0]
		for i := 0; i < len(pairs); i += 2 {
			keys = append(keys, pairs[i])
		}
		c.g.AddToSet(r, keys...)
	default: // !!python/object
		if pairs := c.entries(n); len(pairs) > 0 {
			c.g.AddBuild(r, c.g.NewDict(pairs...))
		}
	}
}

func (c *constructor) want(n int32, f form) {
	if c.nodes[n].form != f {
		fail(Tag, c.pos(n), "the tag %s on %s", c.tagOf(n), formNames[c.nodes[n].form])
	}
}

func (c *constructor) wantPairs(n int32) {
	c.want(n, sequenceForm)
	for _, one := range c.kidsOf(n) {
		if c.nodes[one].form != mappingForm || len(c.kidsOf(one)) != 2 {
			fail(Tag, c.pos(one), "the items of %s are mappings of one key", c.tagOf(n))
		}
	}
}

// scalar is the text of a scalar, or of the = of a mapping in place of one.
func (c *constructor) scalar(n int32) []byte { return c.text(c.nodes[c.scalarNode(n)].span) }

func (c *constructor) scalarNode(n int32) int32 {
	for range maxDepth {
		if c.nodes[n].form == scalarForm {
			return n
		}
		inner := int32(-1)
		if c.nodes[n].form == mappingForm {
			for kids := c.kidsOf(n); len(kids) > 0 && inner < 0; kids = kids[2:] {
				if c.nodes[kids[0]].tag == tagValue {
					inner = kids[1]
				}
			}
		}
		if inner < 0 {
			fail(Tag, c.pos(n), "the tag %s on %s", c.tagOf(n), formNames[c.nodes[n].form])
		}
		n = inner
	}
	fail(Cycle, c.pos(n), "a scalar contains itself")
	panic("unreachable")
}

func (c *constructor) str(n int32) pyobj.Ref {
	s := c.nodes[c.scalarNode(n)].span
	if s.copied {
		return c.g.NewStr(c.copies[s.from:s.to])
	}
	return c.g.SrcStr(int(s.from), int(s.to-s.from))
}

func (c *constructor) items(n int32) []pyobj.Ref {
	c.want(n, sequenceForm)
	items := make([]pyobj.Ref, 0, len(c.kidsOf(n)))
	for _, k := range c.kidsOf(n) {
		items = append(items, c.value(k))
	}
	return items
}

// entries makes the keys and values of a mapping.
func (c *constructor) entries(n int32) []pyobj.Ref {
	c.want(n, mappingForm)
	c.merge(n, 0)
	pairs := make([]pyobj.Ref, 0, len(c.kidsOf(n)))
	for i, k := range c.kidsOf(n) {
		r := c.value(k)
		if i%2 == 0 && !c.g.Hashable(r) {
			fail(Unhashable, c.pos(k), "a %s as key", c.g.TypeName(r))
		}
		pairs = append(pairs, r)
	}
	return pairs
}

// minMerged is how many entries merging may make of any document; a longer one
// may make as many as it has bytes.
const minMerged = 1 << 20

// taken stands in kids for a key that merge has taken out.
const taken = -1

// merge takes each << out of a mapping and puts the entries of what it names
// before the others, as flatten_mapping of yaml/constructor.py does. A mapping that
// merges itself finds itself with that << gone, and the later ones to be merged.
func (c *constructor) merge(n int32, depth int) {
	if c.state[n]&merged != 0 {
		return
	}
	if depth > maxDepth {
		fail(TooLarge, c.pos(n), "<< of mappings nested deeper than PyYAML reads")
	}
	any := false
	var from []int32
	for i := 0; i < len(c.kidsOf(n)); i += 2 {
		kids := c.kidsOf(n)
		if kids[i] == taken {
			continue
		}
		switch k := &c.nodes[kids[i]]; k.tag {
		case tagMerge:
			any = true
			kids[i] = taken
			from = c.mergeable(n, kids[i+1], from, depth)
		case tagValue:
			k.tag = tagStr
		}
	}
	c.state[n] |= merged
	if !any {
		return
	}
	for kids := c.kidsOf(n); len(kids) > 0; kids = kids[2:] {
		if kids[0] != taken {
			from = append(from, kids[0], kids[1])
		}
	}
	c.setKids(n, from)
}

// mergeable appends the entries of what a << of the mapping n names: a mapping, or
// a list of mappings.
func (c *constructor) mergeable(n, named int32, to []int32, depth int) []int32 {
	sources := []int32{named}
	if c.nodes[named].form == sequenceForm {
		sources = c.kidsOf(named)
	}
	for _, s := range sources {
		if c.nodes[s].form != mappingForm {
			fail(Tag, c.pos(s), "<< merges mappings, not %s", formNames[c.nodes[s].form])
		}
		c.merge(s, depth+1)
	}
	for j := len(sources) - 1; j >= 0; j-- { // the first wins, so it comes last
		more := c.kidsOf(sources[j])
		if c.pairs += len(more) / 2; c.pairs > max(minMerged, len(c.data)) {
			fail(TooLarge, c.pos(n), "<< makes more than %d entries", max(minMerged, len(c.data)))
		}
		for ; len(more) > 0; more = more[2:] {
			if more[0] != taken {
				to = append(to, more[0], more[1])
			}
		}
	}
	return to
}

func (c *constructor) setKids(n int32, kids []int32) {
	c.nodes[n].from = int32(len(c.kids))
	c.kids = append(c.kids, kids...)
	c.nodes[n].to = int32(len(c.kids))
}
