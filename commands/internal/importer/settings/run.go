package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A runner follows the statements of a module.
type runner struct {
	file  *File
	local []map[string]*Value // of comprehensions, innermost last
	steps int
	depth int

	// doubt is set while statements are read that may not run: whatever they
	// assign is unknown then.
	doubt *Reason
	stars []*starImport
}

func (r *runner) run(body []stmt) {
	for _, s := range body {
		r.statement(s)
	}
}

// may runs statements that may or may not be executed.
func (r *runner) may(body []stmt, line int, text string) {
	before := r.doubt
	if r.doubt == nil {
		r.doubt = &Reason{text, line}
	}
	r.run(body)
	r.doubt = before
}

func (r *runner) statement(s stmt) {
	switch s := s.(type) {
	case *assign:
		r.assign(s)
	case *exprStmt:
		r.eval(s.x)
	case *deletion:
		for _, target := range s.targets {
			r.remove(target)
		}
	case *binding:
		for i, name := range s.names {
			r.bind(name, s.values[i])
			if s.values[i].Text == "__future__.unicode_literals" {
				r.file.UnicodeLiterals = true
			}
		}
	case *starImport:
		r.stars = append(r.stars, s)
		r.doubtful(s.at(), fmt.Sprintf("from %s import * is not followed", s.module))
	case *ifStmt:
		r.ifStatement(s)
	case *forStmt:
		r.forStatement(s)
	case *block:
		for _, target := range s.targets {
			r.store(target, unknown(s.at(), "what "+s.what+" opens is not read"))
		}
		r.run(s.sure)
		r.may(s.maybe, s.at(), "it depends on the "+s.what+" on this line")
	case *other:
		if strings.HasSuffix(s.what, "not followed") {
			r.doubtful(s.at(), s.what)
		}
	}
}

// doubtful notes a statement that may change anything.
func (r *runner) doubtful(line int, text string) {
	_, late := r.file.Vars["CACHES"]
	r.file.Doubts = append(r.file.Doubts, Doubt{Line: line, Text: text, Late: late})
}

func (r *runner) bind(name string, v *Value) {
	if r.doubt != nil {
		v = &Value{Kind: Unknown, Line: v.Line, Why: r.doubt}
	}
	r.file.Vars[name] = v
}

func (r *runner) assign(s *assign) {
	if s.op == "" {
		v := r.eval(s.value)
		for _, target := range s.targets {
			r.store(target, v)
		}
		return
	}
	old, v := r.eval(s.targets[0]), r.eval(s.value)
	// Lists and dicts change in place, whoever else holds them.
	switch {
	case old.Kind == List && s.op == "+":
		r.method(s.at(), old, "extend", []*Value{v}, nil)
	case old.Kind == Dict && s.op == "|":
		r.method(s.at(), old, "update", []*Value{v}, nil)
	default:
		r.store(s.targets[0], r.arithmetic(s.at(), s.op, old, v))
	}
}

// store assigns a value to a target.
func (r *runner) store(target expr, v *Value) {
	if r.doubt != nil {
		v = &Value{Kind: Unknown, Line: target.at(), Why: r.doubt}
	}
	switch t := target.(type) {
	case *nameExpr:
		r.setName(t.name, v)
	case *starred:
		r.store(t.x, v)
	case *display:
		r.unpack(t, v)
	case *subscript:
		of := r.eval(t.of)
		key := r.eval(t.index)
		switch {
		case of.Kind == Dict && key.Kind != Unknown && of.set(key, v):
		case of.Kind == List && key.Kind == Int && r.inRange(of, key) >= 0:
			of.Items[r.inRange(of, key)] = v
		case of.Kind == Name && strings.HasSuffix(of.Text, "()"):
			// globals()["X"] = 1
			r.doubtful(target.at(), of.Text+" is changed")
		default:
			of.doubt(&Reason{"this assignment is not followed", target.at()}, 0)
		}
	}
}

func (r *runner) setName(name string, v *Value) {
	if n := len(r.local); n > 0 {
		r.local[n-1][name] = v
		return
	}
	r.file.Vars[name] = v
}

func (r *runner) unpack(t *display, v *Value) {
	if (v.Kind == Tuple || v.Kind == List) && len(v.Items) == len(t.items) && v.Why == nil {
		if slices.ContainsFunc(t.items, func(x expr) bool { _, star := x.(*starred); return star }) {
			v = unknown(t.at(), "an assignment with a star is not followed")
		}
	} else if v.Kind != Unknown {
		v = unknown(t.at(), "this assignment to several names is not followed")
	}
	for i, target := range t.items {
		if v.Kind == Unknown {
			r.store(target, v.derived())
		} else {
			r.store(target, v.Items[i])
		}
	}
}

// inRange is the place of an index in a list, -1 if there is none.
func (r *runner) inRange(of, key *Value) int {
	i := key.Int
	if i < 0 {
		i += int64(len(of.Items))
	}
	if i < 0 || i >= int64(len(of.Items)) {
		return -1
	}
	return int(i)
}

func (r *runner) remove(target expr) {
	switch t := target.(type) {
	case *nameExpr:
		if r.doubt != nil {
			r.store(target, unknown(t.at(), ""))
		} else {
			delete(r.file.Vars, t.name)
		}
	case *subscript:
		of, key := r.eval(t.of), r.eval(t.index)
		switch {
		case of.Kind == Dict && r.doubt != nil:
			of.set(key, &Value{Kind: Unknown, Line: t.at(), Why: r.doubt})
		case of.Kind == Dict && of.find(key) != nil:
			of.remove(key)
		default:
			of.doubt(&Reason{"this del is not followed", t.at()}, 0)
		}
	}
}

func (r *runner) ifStatement(s *ifStmt) {
	for i, test := range s.tests {
		v := r.eval(test)
		truth, known := v.truth()
		if !known {
			why := "it depends on an if that cannot be decided"
			if v.Why != nil && v.Why.Text != "" {
				why += ": " + v.Why.Text
			}
			for _, body := range s.bodies[i:] {
				r.may(body, test.at(), why)
			}
			return
		}
		if len(v.Env) > 0 && r.doubt == nil {
			r.file.Decided = append(r.file.Decided, Doubt{Line: test.at(),
				Text: "this if is decided by the default of " + strings.Join(v.Env, ", ")})
		}
		if truth {
			r.run(s.bodies[i])
			return
		}
	}
	if len(s.bodies) > len(s.tests) {
		r.run(s.bodies[len(s.tests)])
	}
}

func (r *runner) forStatement(s *forStmt) {
	items, ok := r.iterate(r.eval(s.iter))
	if !ok || s.jumps {
		r.may([]stmt{&assign{s.line, []expr{s.target}, "", &opaque{s.line, "a loop that is not followed"}}}, s.at(), "it depends on the loop on this line")
		r.may(append(slices.Clip(s.body), s.orElse...), s.at(), "it depends on the loop on this line")
		return
	}
	for _, item := range items {
		if r.step(1) {
			r.may(s.body, s.at(), "the loop on this line is too long")
			return
		}
		r.store(s.target, item)
		r.run(s.body)
	}
	r.run(s.orElse)
}

// step counts work; it reports true when there was too much of it.
func (r *runner) step(n int) bool {
	r.steps += n
	return r.steps > maxSteps
}

// iterate lists what a for goes through.
func (r *runner) iterate(v *Value) ([]*Value, bool) {
	if v.Why != nil || r.step(len(v.Items)) {
		return nil, false
	}
	switch v.Kind {
	case Tuple, List:
		return slices.Clone(v.Items), true
	case Dict:
		return slices.Clone(v.Keys), true
	case Str:
		if r.step(len(v.Text)) {
			return nil, false
		}
		var items []*Value
		for _, c := range v.Text {
			items = append(items, text(string(c)).dependsOn(v))
		}
		return items, true
	}
	return nil, false // a set has no order to rely on
}

// lookup finds a name.
func (r *runner) lookup(name string, line int) *Value {
	for _, scope := range slices.Backward(r.local) {
		if v := scope[name]; v != nil {
			return v
		}
	}
	if v := r.file.Vars[name]; v != nil && v.Kind == Name {
		c := *v // an import means something where it is used
		c.Line = line
		return &c
	} else if v != nil {
		return v
	}
	if slices.Contains(builtins, name) {
		return &Value{Kind: Name, Text: name, Line: line}
	}
	if n := len(r.stars); n > 0 {
		return unknown(line, fmt.Sprintf("%s may come from %s, whose * on line %d is not followed", name, r.stars[n-1].module, r.stars[n-1].at()))
	}
	return unknown(line, name+" is not assigned in this file")
}

// scoped runs f with names of its own.
func (r *runner) scoped(f func()) {
	r.local = append(r.local, map[string]*Value{})
	f()
	r.local = r.local[:len(r.local)-1]
}

// snapshot is a copy of a container; what is in it is shared, as dict(x) shares.
func (v *Value) snapshot() *Value {
	c := *v
	c.Keys, c.Items, c.index = slices.Clone(v.Keys), slices.Clone(v.Items), maps.Clone(v.index)
	return &c
}

// deepCopy is copy.deepcopy(v).
func (r *runner) deepCopy(v *Value, depth int) *Value {
	if v.Kind != Tuple && v.Kind != List && v.Kind != Dict && v.Kind != Set {
		return v
	}
	if depth > maxDepth || r.step(len(v.Items)+1) {
		return unknown(v.Line, "the value is nested too deep")
	}
	c := v.snapshot()
	for i, item := range c.Items {
		c.Items[i] = r.deepCopy(item, depth+1)
	}
	return c
}
