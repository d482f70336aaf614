package settings

import (
	"slices"
	"strconv"
)

// defined is a function of the file.
func (r *runner) defined(f *function) *Value {
	v := &Value{Kind: Name, Text: "." + f.name, Line: f.at(), fn: f}
	if f.name == "" {
		v.Text = ".lambda on line " + strconv.Itoa(f.at())
	}
	for _, p := range f.params {
		var def *Value
		if p.def != nil {
			def = r.eval(p.def)
		}
		v.defaults = append(v.defaults, def)
		if p.notes != nil {
			r.suspect(f.at(), "it depends on an annotation", []expr{p.notes}, nil)
		}
	}
	return v
}

// decorate hands a function or a class to its decorators.
func (r *runner) decorate(v *Value, decorators []expr) *Value {
	for _, x := range slices.Backward(decorators) {
		d := r.eval(x)
		why := &Reason{"it may be called by the decorator on this line", x.at()}
		if d.Kind == Name && d.fn == nil && d.cls == nil && isTrusted(d.Text) || d.Kind == Unknown && !d.foreign {
			v.decorated = true
			continue
		}
		r.lose(d, why)
		r.lose(v, why)
		v.decorated = true
	}
	return v
}

// callDefined calls a function of the file: one that only returns something is
// followed.
func (r *runner) callDefined(f *Value, a *arguments) *Value {
	why := &Reason{f.Text[1:] + "() is not run", a.line}
	names, ok := f.match(a)
	if ok && r.depth < maxDepth {
		caller := r.local
		r.local = []*frame{{names: names}}
		v := r.eval(f.fn.result)
		r.local = caller
		return v
	}
	foreign := slices.ContainsFunc(a.all(), func(v *Value) bool { return v.foreign })
	r.spoil(a)
	foreign = r.ran(f, why) || foreign
	r.keep(f)
	v := unknown(a.line, why.Text)
	v.foreign = foreign
	return v
}

// match gives the parameters of a function their values; not ok where it is not
// one that is followed.
func (v *Value) match(a *arguments) (names map[string]*Value, ok bool) {
	f := v.fn
	if f == nil || f.result == nil || v.decorated || a.unknown != nil {
		return nil, false
	}
	names = map[string]*Value{}
	given, named := 0, 0
	for i, p := range f.params {
		switch {
		case p.name == "": // what is returned, or / and *
			if p.stars != 0 {
				return nil, false
			}
			continue
		case p.stars != 0:
			return nil, false
		}
		value := v.defaults[i]
		if i < len(a.list) {
			value = a.list[i]
			given++
		} else if n := a.named.Get(p.name); n != nil {
			value = n
			named++
		}
		if value == nil {
			return nil, false
		}
		names[p.name] = value
	}
	return names, given == len(a.list) && named == len(a.named.Items)
}

// attribute is one of a class, or of a class that it is made of; nil if it is not
// known.
func (v *Value) attribute(name string) *Value {
	if attr := v.attrs[name]; attr != nil {
		return attr
	}
	for _, base := range v.bases {
		if attr := base.attribute(name); attr != nil {
			return attr
		}
	}
	return nil
}

// derive makes a subclass, which __init_subclass__ of any class above may see.
func (r *runner) derive(base *Value, why *Reason) {
	r.apply(base.effects(), why, map[*effects]bool{})
	for _, b := range base.bases {
		r.derive(b, why)
	}
}

// class follows the body of a class: what it assigns are attributes.
func (r *runner) class(s *class) {
	v := &Value{Kind: Name, Text: "." + s.name, Line: s.at(), cls: s}
	why := &Reason{"it is an attribute of a class that is not followed", s.at()}
	known := true
	for _, arg := range s.args {
		base := r.eval(arg.value)
		switch {
		case base.cls != nil && arg.name == "":
			v.bases = append(v.bases, base)
			r.derive(base, why)
		case base.Kind != Name || base.cls != nil || base.fn != nil || !isTrusted(base.Text):
			known = false
			r.lose(base, why)
		}
	}
	caller := r.local
	f := &frame{names: map[string]*Value{}}
	r.local = append(r.local, f)
	r.run(s.body)
	r.local = caller
	v.attrs = f.names
	r.stir(why)
	for _, name := range s.effects().attrs {
		if attr := v.attrs[name]; attr != nil {
			r.lose(attr, why) // a method may change it
		}
	}
	if c := v.attrs["CACHES"]; c != nil {
		r.file.Classes[s.name] = c
	}
	if !known {
		r.escape(v, why)
	}
	r.bind(s.name, r.decorate(v, s.decorators))
}
