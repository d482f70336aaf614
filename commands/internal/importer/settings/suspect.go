package settings

import (
	"slices"
	"strings"
)

// wild notes what may change any name of the module.
func (r *runner) wild(line int, text string) {
	r.shaky++
	_, late := r.file.Vars["CACHES"]
	d := Doubt{Line: line, Late: late}
	if r.doubted[d] {
		return // all is in doubt already
	}
	if r.doubted == nil {
		r.doubted = map[Doubt]bool{}
	}
	r.doubted[d] = true
	d.Text = text
	r.file.Doubts = append(r.file.Doubts, d)
	r.step(1 + len(r.file.Vars)>>4)
	why := &Reason{text + " and may change it", line}
	for name, v := range r.file.Vars {
		// What was imported is taken to stay, and of CACHES the doubt tells.
		if v.Kind != Name && name != "CACHES" {
			r.file.Vars[name] = &Value{Kind: Unknown, Line: v.Line, Why: why}
		}
	}
	for _, scope := range r.local {
		for name, v := range scope.names {
			if v.Kind != Name {
				scope.names[name] = &Value{Kind: Unknown, Line: v.Line, Why: why}
			}
		}
	}
}

// spent reports that there was too much work, once in words: nothing is followed any
// more then.
func (r *runner) spent(line int) bool {
	if r.steps <= maxSteps {
		return false
	}
	if !r.over {
		r.over = true
		r.wild(line, "there is too much here to follow it")
	}
	return true
}

// lose gives up following what can change: something that is not followed has it
// now. Nothing in a container is known from here on.
func (r *runner) lose(v *Value, why *Reason) {
	list, seen := []*Value{v}, map[*Value]bool{}
	for len(list) > 0 {
		v := list[len(list)-1]
		list = list[:len(list)-1]
		switch {
		case v.fn != nil || v.cls != nil:
			r.escape(v, why)
			continue
		case !v.isContainer() || v.escaped || seen[v]:
			continue
		}
		seen[v] = true
		r.step(len(v.Items))
		list = append(list, v.Items...)
		if v.Kind == Tuple {
			continue
		}
		v.escaped = true
		if v.Why == nil {
			v.Why = why
		}
		for i, item := range v.Items {
			if !item.isContainer() {
				v.Items[i] = &Value{Kind: Unknown, Line: item.Line, Why: why}
			}
		}
	}
}

// escape hands a function or a class of the file to others, who may call it now,
// and whenever something runs that is not followed.
func (r *runner) escape(v *Value, why *Reason) {
	if !r.held.add(v, 1) {
		return
	}
	r.atLarge = append(r.atLarge, v)
	r.ran(v, why)
	for _, attr := range v.attrs {
		r.lose(attr, why)
	}
	for _, d := range v.defaults {
		if d != nil {
			r.lose(d, why)
		}
	}
}

// holders are functions and classes that others hold, each in ways that are bits.
type holders map[any]int

// add reports whether a way is a new one.
func (h *holders) add(v *Value, way int) bool {
	var key any = v.fn
	if v.cls != nil {
		key = v.cls
	}
	if *h == nil {
		*h = holders{}
	}
	before := (*h)[key]
	(*h)[key] = before | way
	return before&way == 0
}

// keep is for what was called, whose result may lead back into it: the instance of
// a class, a function that it made.
func (r *runner) keep(v *Value) {
	if r.held.add(v, 2) && !r.harmless(v, map[*Value]bool{}) {
		r.called = append(r.called, v)
	}
}

// harmless reports whether a function mentions nothing that it could change.
func (r *runner) harmless(v *Value, seen map[*Value]bool) bool {
	if seen[v] {
		return true
	}
	seen[v] = true
	e := v.effects()
	if r.step(1 + len(e.uses)) {
		return false
	}
	if len(e.binds)+len(e.sets) > 0 || e.deep && len(v.attrs) > 0 || slices.ContainsFunc(v.bases, func(base *Value) bool { return !r.harmless(base, seen) }) {
		return false
	}
	return !slices.ContainsFunc(e.uses, func(u use) bool {
		root, rest, _ := strings.Cut(u.path, ".")
		if u.imported {
			return !isTrusted(u.path)
		}
		switch o := r.file.Vars[root]; {
		case o == nil:
			return !harmless[root]
		case o.fn != nil || o.cls != nil:
			return !r.harmless(o, seen)
		case o.Kind == Name:
			return !isTrusted(strings.TrimSuffix(o.Text+"."+rest, "."))
		default:
			return o.isContainer() || o.foreign
		}
	})
}

// effects are those of a call of v, or of any of its methods.
func (v *Value) effects() *effects {
	switch {
	case v.fn != nil:
		return v.fn.effects()
	case v.cls != nil:
		return v.cls.effects()
	}
	return &effects{}
}

// stir runs, perhaps, what others hold.
func (r *runner) stir(why *Reason) {
	if r.step(len(r.atLarge) + len(r.called)) {
		return
	}
	for _, v := range slices.Concat(r.atLarge, r.called) {
		r.ran(v, why)
	}
}

// ran does what a call of a function, or of any method of a class, may do. It reports
// whether its result may lead to a module or a frame.
func (r *runner) ran(v *Value, why *Reason) (foreign bool) {
	return r.applyDefined(v, why, map[*effects]bool{})
}

// suspect does what code may do that is not followed; text is why what it changes is
// unknown.
func (r *runner) suspect(line int, text string, exprs []expr, body []stmt) {
	r.apply(effectsOf(exprs, body), &Reason{text, line}, map[*effects]bool{})
}

// apply does what effects may be. It reports whether a result may lead to a module
// or a frame.
func (r *runner) apply(e *effects, why *Reason, seen map[*effects]bool) (foreign bool) {
	if seen[e] {
		return false
	}
	seen[e] = true
	if r.step(e.size) {
		r.spent(why.Line)
		return true
	}
	name, wild := false, e.star
	for _, u := range e.uses {
		if u.path == "__name__" {
			name = true
		}
		f, w := r.used(u, why, seen)
		foreign, wild = foreign || f, wild || w
	}
	for _, attr := range e.sets {
		wild = wild || r.file.Vars[attr] != nil || attr == "CACHES" || harmless[attr] || others[attr]
	}
	if wild || foreign && (e.deep || name) {
		r.wild(why.Line, "what runs on this line is not followed")
	}
	for _, b := range e.binds {
		r.file.Vars[b] = &Value{Kind: Unknown, Line: why.Line, Why: why}
	}
	return foreign
}

// used is one mention of a name in code that is not followed.
func (r *runner) used(u use, why *Reason, seen map[*effects]bool) (foreign, wild bool) {
	root, rest := u.path, ""
	for i := range u.path {
		if u.path[i] == '.' {
			root, rest = u.path[:i], u.path[i:]
			break
		}
	}
	v := &Value{Kind: Name, Text: root}
	if !u.imported {
		v = r.lookup(root, why.Line)
	}
	switch {
	case v.fn != nil || v.cls != nil:
		foreign = r.applyDefined(v, why, seen)
		return foreign || hasHandle(rest), hasHandle(rest)
	case v.Kind == Name:
		path := v.Text + rest
		switch {
		case isTrusted(path):
			return false, false
		case others[v.Text] || hasHandle(rest):
			return true, true
		case u.how == alone:
			return true, !isChange(path)
		}
		return true, false
	case v.Kind == Unknown:
		return v.foreign, v.foreign && (u.how == alone || rest != "" && u.how == called)
	case u.how != read:
		r.lose(v, why)
	}
	return false, false
}

func (r *runner) applyDefined(v *Value, why *Reason, seen map[*effects]bool) (foreign bool) {
	for _, attr := range v.attrs {
		if attr.fn == nil && attr.cls == nil {
			r.lose(attr, why)
		}
	}
	for _, base := range v.bases {
		foreign = r.applyDefined(base, why, seen) || foreign
	}
	return r.apply(v.effects(), why, seen) || foreign
}
