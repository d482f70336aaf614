package yaml

import (
	"strings"

	"cachering/codec/pyobj"
)

// callForm is how an object is written: represent_object of
// yaml/representer.py.
type callForm struct {
	tag   string
	parts []part
	whole bool // the one part is all there is, under no name
}

type part struct {
	name  string
	items []pyobj.Ref
	many  bool // a list of items, else one value
	pairs bool // keys and values in turn
}

// form is how an object is written, nil for what is no object. Objects are
// written only if that is allowed.
func (e *encoder) form(r pyobj.Ref) *callForm {
	k := e.g.Kind(r)
	if !k.IsObj() && k != pyobj.ByteArray && k != pyobj.FrozenSet || e.scalar(r).tag != "" {
		return nil
	}
	if f, ok := e.calls[r]; ok {
		return f
	}
	if !e.objects || k < pyobj.Reduce || k > pyobj.NewObjEx || e.g.Kind(e.g.Parts(r).Callable) != pyobj.Global || e.g.Kind(e.g.Parts(r).Args) != pyobj.Tuple {
		e.refuse("%s has no YAML form that PyYAML's FullLoader reads", e.g.TypeName(r))
	}
	p := e.g.Parts(r)
	var f callForm
	var state pyobj.Ref
	if args := e.g.Items(p.Args); len(args) > 0 {
		f.parts = append(f.parts, part{name: "args", items: args, many: true})
	}
	var list, dict *part
	for id := e.g.FirstOp(r); id != 0; {
		var op pyobj.Op
		op, id = e.g.Op(id)
		switch {
		case op.Kind == pyobj.OpBuild && state == 0:
			state = op.State
		case op.Kind == pyobj.OpAppend && list == nil:
			list = &part{name: "listitems", items: e.g.Items(op.Items), many: true}
		case op.Kind == pyobj.OpSetItem && dict == nil:
			dict = &part{name: "dictitems", items: e.g.Items(op.Items), many: true, pairs: true}
		default:
			e.refuse("%s is made in more steps than YAML has a form for", e.g.TypeName(r))
		}
	}
	if dict != nil {
		f.parts = append(f.parts, *dict)
	}
	if k == pyobj.NewObjEx {
		f.parts = append(f.parts, part{name: "kwds", items: []pyobj.Ref{p.Kwargs}})
	}
	if list != nil {
		f.parts = append(f.parts, *list)
	}
	tag := "!!python/object/apply:"
	if k != pyobj.Reduce {
		tag = "!!python/object/new:"
	}
	isDict := state == 0 || e.g.Kind(state) == pyobj.Dict
	switch {
	case len(f.parts) == 0 && k == pyobj.NewObj && isDict:
		tag = "!!python/object:"
		f.whole = true
		f.parts = []part{{pairs: true, many: true}}
		if state != 0 {
			f.parts[0].items = e.entries(state)
		}
	case state == 0 && len(f.parts) == 0, state == 0 && len(f.parts) == 1 && f.parts[0].name == "args":
		f.whole = true
		if len(f.parts) == 0 {
			f.parts = []part{{many: true}}
		}
	case state != 0:
		f.parts = append(f.parts, part{name: "state", items: []pyobj.Ref{state}})
	}
	f.tag = tag + e.dotted(p.Callable)
	if e.calls == nil {
		e.calls = make(map[pyobj.Ref]*callForm)
	}
	e.calls[r] = &f
	return &f
}

// dotted is the name of a class as a part of a tag.
func (e *encoder) dotted(global pyobj.Ref) string {
	module, name := e.g.Name(global)
	if len(module) == 0 || len(name) == 0 || strings.Contains(string(name), ".") {
		e.refuse("the class %s.%s has no YAML form", module, name)
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(string(module) + "." + string(name)) {
		if isNameByte(c) || oneOf(c, ";/?:@&=+$,.~*'()[]!") {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + hex[c>>4:c>>4+1] + hex[c&15:c&15+1])
		}
	}
	return b.String()
}

func (e *encoder) object(f *callForm, where context) {
	if f.whole && f.parts[0].pairs {
		e.mapping(f.tag, f.parts[0].items, 2)
		return
	}
	if f.whole {
		e.sequence(f.tag, f.parts[0].items, where)
		return
	}
	e.tagged(f.tag)
	e.push(false, false)
	for _, p := range f.parts {
		e.newIndent()
		e.plain([]byte(p.name), asKey)
		e.indicator(":", false)
		switch {
		case p.pairs:
			e.mapping("", p.items, 2)
		case p.many:
			e.sequence("", p.items, inMapping)
		default:
			e.value(p.items[0], inMapping)
		}
	}
	e.pop()
}
