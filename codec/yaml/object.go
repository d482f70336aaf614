package yaml

import (
	"strings"

	"cachering/codec/pyobj"
)

// The tags of what Python has a name for. PyYAML's UnsafeLoader follows them all,
// its FullLoader, since 5.4, only that of a name which is imported.
const (
	nameTag   = pythonPrefix + "name:"
	moduleTag = pythonPrefix + "module:"
	objectTag = pythonPrefix + "object:"
	newTag    = pythonPrefix + "object/new:"
	applyTag  = pythonPrefix + "object/apply:"
)

// object makes of a Python tag the node that says what Python would do.
func (c *constructor) object(n int32) (r pyobj.Ref, waits bool) {
	name := c.tags.name(c.nodes[n].tag)
	at := c.pos(n)
	if class, ok := strings.CutPrefix(name, nameTag); ok {
		if text := c.scalar(n); len(text) > 0 {
			fail(Tag, at, "the tag %s on %q, where nothing may stand", c.tagOf(n), text)
		}
		r := c.global(class, n)
		if !found(c.g.Name(r)) {
			c.refuse(n, "a name that PyYAML's FullLoader may not find")
		}
		return r, false
	}
	for _, tag := range []string{moduleTag, objectTag, newTag, applyTag} {
		if strings.HasPrefix(name, tag) {
			c.refuse(n, "which PyYAML's FullLoader does not make")
		}
	}
	if strings.HasPrefix(name, moduleTag) {
		fail(Unrepresentable, at, "the tag %s makes a module, which is no value", c.tagOf(n))
	}
	if class, ok := strings.CutPrefix(name, objectTag); ok {
		c.want(n, mappingForm)
		return c.g.NewCall(pyobj.NewObj, c.global(class, n), pyobj.RefEmptyTuple), true
	}
	if class, ok := strings.CutPrefix(name, newTag); ok {
		return c.call(n, class, pyobj.NewObj), false
	}
	if class, ok := strings.CutPrefix(name, applyTag); ok {
		return c.call(n, class, pyobj.Reduce), false
	}
	fail(Tag, at, "PyYAML has no constructor for the tag %s", c.tagOf(n))
	panic("unreachable")
}

// refuse notes what the FullLoader does not make.
func (c *constructor) refuse(n int32, why string) {
	if c.refused == nil {
		c.refused = &Error{Kind: Unrepresentable, Offset: c.pos(n), Text: "the tag " + c.tagOf(n) + ", " + why}
	}
}

func (c *constructor) global(dotted string, n int32) pyobj.Ref {
	module, name := "builtins", dotted
	if i := strings.LastIndexByte(dotted, '.'); i >= 0 {
		module, name = dotted[:i], dotted[i+1:]
	}
	if module == "" || name == "" {
		fail(Tag, c.pos(n), "the tag %s names no class", c.tagOf(n))
	}
	return c.g.NewGlobal([]byte(module), []byte(name))
}

// call makes an object of its arguments: all there is in a list, or what is
// under args, kwds, state, listitems and dictitems of a mapping.
func (c *constructor) call(n int32, class string, kind pyobj.Kind) pyobj.Ref {
	g := c.g
	c.now++
	defer func() { c.now-- }()
	if c.nodes[n].form == sequenceForm {
		args := c.items(n)
		return g.NewCall(kind, c.global(class, n), g.NewTuple(args...))
	}
	pairs := c.entries(n)
	parts := make(map[string]pyobj.Ref)
	for i := 0; i < len(pairs); i += 2 {
		if g.Kind(pairs[i]) == pyobj.Str {
			parts[string(g.Data(pairs[i]))] = pairs[i+1]
		}
	}
	// part is what the mapping has under a key, 0 if that is nothing or empty.
	part := func(key string, kinds ...pyobj.Kind) pyobj.Ref {
		r, ok := parts[key]
		if !ok || g.Kind(r) == pyobj.None {
			return 0
		}
		for _, k := range kinds {
			if g.Kind(r) == k {
				if g.Len(r) == 0 {
					return 0
				}
				return r
			}
		}
		if len(kinds) > 0 {
			fail(Tag, c.pos(n), "the tag %s with a %s as %s", c.tagOf(n), g.TypeName(r), key)
		}
		return r
	}
	var args []pyobj.Ref
	if a := part("args", pyobj.List, pyobj.Tuple); a != 0 {
		args = append(args, g.Items(a)...)
	}
	tuple := g.NewTuple(args...)
	var r pyobj.Ref
	switch kwds := part("kwds", pyobj.Dict); {
	case kwds == 0:
		r = g.NewCall(kind, c.global(class, n), tuple)
	case kind == pyobj.NewObj:
		r = g.NewObjEx(c.global(class, n), tuple, kwds)
	default:
		fail(Unrepresentable, c.pos(n), "the tag %s with keyword arguments", c.tagOf(n))
	}
	if state := part("state"); state != 0 && !(g.Kind(state) == pyobj.Dict && g.Len(state) == 0) {
		g.AddBuild(r, state)
	}
	if items := part("listitems", pyobj.List, pyobj.Tuple); items != 0 {
		g.AddItems(r, pyobj.OpAppend, append([]pyobj.Ref(nil), g.Items(items)...)...)
	}
	if items := part("dictitems", pyobj.Dict); items != 0 {
		g.AddItems(r, pyobj.OpSetItem, append([]pyobj.Ref(nil), g.Items(items)...)...)
	}
	return r
}
