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
	local []*frame // of comprehensions, functions and classes, innermost last
	steps int
	depth int

	// doubt is set while statements are read that may not run: whatever they
	// assign is unknown then.
	doubt *Reason
	// shaky counts what may raise an exception. Where it is above try.base, an
	// except may have taken over.
	shaky int
	try   *attempt

	stars   []*starImport
	kids    []*Value       // values of the expressions that were evaluated inside of this one
	item    *Value         // the last that was found in a container
	alone   *call          // the call that is a statement
	atLarge []*Value       // functions and classes that others hold
	called  []*Value       // those that were called, and may be called by their results
	held    holders        // both
	doubted map[Doubt]bool // lines that may change anything
	over    bool           // there was too much to follow
	env     environment
	deps    dependencies
}

// A frame holds names that are not the module's.
type frame struct {
	names map[string]*Value
	inner bool // of a comprehension: := binds outside
}

// An attempt is a body whose exceptions are caught.
type attempt struct {
	base int
	why  *Reason
}

func (r *runner) run(body []stmt) {
	for _, s := range body {
		if r.spent(s.at()) {
			return
		}
		r.deps.begin()
		r.statement(s)
		r.kids = r.kids[:0]
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

// unsure is why what is done now may not be done at all; nil if it is.
func (r *runner) unsure() *Reason {
	if r.doubt == nil && r.try != nil && r.shaky > r.try.base {
		return r.try.why
	}
	return r.doubt
}

func (r *runner) statement(s stmt) {
	switch s := s.(type) {
	case *assign:
		r.assign(s)
	case *exprStmt:
		r.alone, _ = s.x.(*call)
		r.eval(s.x)
	case *deletion:
		for _, target := range s.targets {
			r.remove(target)
		}
	case *importing:
		for i, name := range s.names {
			if !isTrusted(s.values[i].Text) {
				r.shaky++
			}
			r.bind(name, s.values[i])
			if s.values[i].Text == "__future__.unicode_literals" {
				r.file.UnicodeLiterals = true
			}
		}
	case *starImport:
		r.shaky++
		r.stars = append(r.stars, s)
		r.wild(s.at(), fmt.Sprintf("from %s import * is not followed", s.module))
	case *definition:
		v := r.defined(s.fn)
		r.bind(s.fn.name, r.decorate(v, s.fn.decorators))
		if strings.HasPrefix(s.fn.name, "__") && len(r.local) == 0 {
			r.escape(v, &Reason{s.fn.name + "() may be called by Python", s.at()})
		}
	case *class:
		r.class(s)
	case *ifStmt:
		r.ifStatement(s)
	case *forStmt:
		r.forStatement(s)
	case *whileStmt:
		r.whileStatement(s)
	case *withStmt:
		r.withStatement(s)
	case *tryStmt:
		r.tryStatement(s)
	case *matchStmt:
		r.matchStatement(s)
	case *other:
		r.suspect(s.at(), "it depends on the "+s.what+" on this line", nil, []stmt{s})
		if s.what == "raise" || s.what == "assert" {
			r.shaky++
		}
	}
}

func (r *runner) bind(name string, v *Value) {
	if why := r.unsure(); why != nil {
		r.lose(v, why)
		v = &Value{Kind: Unknown, Line: v.Line, Why: why}
	}
	r.setName(name, v)
}

func (r *runner) assign(s *assign) {
	if s.notes != nil {
		r.suspect(s.at(), "it depends on an annotation", []expr{s.notes}, nil)
	}
	if s.op == "" {
		v := r.eval(s.value)
		for _, target := range s.targets {
			r.store(target, v)
		}
		return
	}
	old, v := r.eval(s.targets[0]), r.eval(s.value)
	why := &Reason{"this assignment is not followed", s.at()}
	// Lists and dicts change in place, whoever else holds them.
	switch {
	case old.Kind == List && s.op == "+":
		r.method(s.at(), old, "extend", []*Value{v}, nil)
	case old.Kind == Dict && s.op == "|":
		r.method(s.at(), old, "update", []*Value{v}, nil)
	case old.Kind == List || old.Kind == Dict || old.Kind == Set:
		r.lose(old, why)
		r.lose(v, why)
		r.store(s.targets[0], unknown(s.at(), why.Text))
	default:
		if old.foreign {
			r.wild(s.at(), "something that is not read is changed")
		}
		result := r.arithmetic(s.at(), s.op, old, v)
		if result.Kind == Unknown {
			r.lose(v, why)
		}
		r.store(s.targets[0], result)
	}
}

// store assigns a value to a target.
func (r *runner) store(target expr, v *Value) {
	if why := r.unsure(); why != nil {
		r.lose(v, why)
		v = &Value{Kind: Unknown, Line: target.at(), Why: why}
	}
	switch t := target.(type) {
	case *nameExpr:
		r.setName(t.name, v)
	case *starred:
		r.store(t.x, v)
	case *display:
		r.unpack(t, v)
	case *attribute:
		r.setAttribute(t, v)
	case *subscript:
		of := r.eval(t.of)
		key := r.eval(t.index)
		why := &Reason{"this assignment is not followed", target.at()}
		switch {
		case of.escaped:
			r.lose(v, why)
		case of.Kind == Dict && key.Kind != Unknown && of.set(key, v):
		case of.Kind == List && key.Kind == Int && r.inRange(of, key) >= 0:
			of.Items[r.inRange(of, key)] = v
		case of.Kind == Name && of.Text == "os.environ":
			r.env.set(key, v, target.at())
		default:
			r.shaky++
			r.lose(v, why)
			r.lose(of, why)
			r.stir(why)
			if of.foreign || of.Kind == Name && r.file.Vars[key.Text] != nil {
				r.wild(target.at(), "something that is not read is changed")
			}
		}
	}
}

// setAttribute assigns to an attribute. Of a module it may be this one.
func (r *runner) setAttribute(t *attribute, v *Value) {
	of := r.eval(t.of)
	why := &Reason{"this assignment is not followed", t.at()}
	r.lose(v, why)
	r.lose(of, why)
	r.stir(why)
	if isEnviron(&Value{Kind: of.Kind, Text: of.Text + "." + t.name}) {
		r.env.lost(why)
	}
	if of.foreign || r.file.Vars[t.name] != nil || t.name == "CACHES" || harmless[t.name] || others[t.name] || isHandle(t.name) {
		r.wild(t.at(), "the attribute "+t.name+" of something that is not read is set")
	}
}

func (r *runner) setName(name string, v *Value) {
	if n := len(r.local); n > 0 {
		r.local[n-1].names[name] = v
		return
	}
	r.setGlobal(name, v)
}

func (r *runner) setGlobal(name string, v *Value) {
	r.file.Vars[name] = v
	r.deps.bound(name)
	if name == "CACHES" && r.unsure() == nil {
		for i := range r.file.Doubts {
			r.file.Doubts[i].Late = false // it is another now
		}
	}
}

func (r *runner) unpack(t *display, v *Value) {
	if (v.Kind == Tuple || v.Kind == List) && len(v.Items) == len(t.items) && v.Why == nil &&
		!slices.ContainsFunc(t.items, func(x expr) bool { _, star := x.(*starred); return star }) {
		for i, item := range slices.Clone(v.Items) {
			r.store(t.items[i], item)
		}
		return
	}
	r.shaky++
	if v.Kind != Unknown {
		why := &Reason{"this assignment to several names is not followed", t.at()}
		r.lose(v, why)
		v = unknown(t.at(), why.Text)
	}
	for _, target := range t.items {
		r.store(target, v.derived())
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
	why := r.unsure()
	switch t := target.(type) {
	case *nameExpr:
		if why != nil {
			r.store(target, unknown(t.at(), ""))
		} else {
			delete(r.file.Vars, t.name)
		}
	case *display:
		for _, item := range t.items {
			r.remove(item)
		}
	case *attribute:
		r.setAttribute(t, unknown(t.at(), ""))
	case *subscript:
		of, key := r.eval(t.of), r.eval(t.index)
		switch {
		case of.escaped:
		case of.Kind == Dict && why != nil && of.set(key, &Value{Kind: Unknown, Line: t.at(), Why: why}):
		case of.Kind == Dict && of.find(key) != nil:
			of.remove(key)
		case of.Kind == Name && of.Text == "os.environ":
			r.env.set(key, nil, t.at())
		default:
			r.shaky++
			r.lose(of, &Reason{"this del is not followed", t.at()})
			r.stir(&Reason{"this del is not followed", t.at()})
			if of.foreign || of.Kind == Name && r.file.Vars[key.Text] != nil {
				r.wild(target.at(), "something that is not read is changed")
			}
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
			r.stir(&Reason{why, test.at()})
			r.suspect(test.at(), why, s.tests[i+1:], nil)
			for _, body := range s.bodies[i:] {
				r.may(body, test.at(), why)
			}
			return
		}
		if len(v.Env) > 0 && r.unsure() == nil {
			r.decided(test, v.Env, s.bodies[i:])
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
	of := r.eval(s.iter)
	items, ok := r.iterate(of)
	if !ok || s.jumps {
		const why = "it depends on the loop on this line"
		r.lose(of, &Reason{why, s.at()})
		r.stir(&Reason{why, s.at()})
		r.may([]stmt{&assign{line: s.line, targets: []expr{s.target}, value: &opaque{line: s.line, what: "a loop that is not followed"}}}, s.at(), why)
		r.may(slices.Concat(s.body, s.orElse), s.at(), why)
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

func (r *runner) whileStatement(s *whileStmt) {
	const why = "it depends on the while on this line"
	if truth, known := r.eval(s.test).truth(); known && !truth {
		r.run(s.orElse)
		return
	}
	r.stir(&Reason{why, s.at()})
	r.suspect(s.at(), why, []expr{s.test}, nil)
	r.may(slices.Concat(s.body, s.orElse), s.at(), why)
}

// withStatement takes it that what is not known may swallow exceptions, as
// contextlib.suppress does.
func (r *runner) withStatement(s *withStmt) {
	swallows := false
	for _, item := range s.items {
		v := r.eval(item.context)
		why := &Reason{"what with opens is not read", s.at()}
		r.lose(v, why)
		r.stir(why)
		swallows = swallows || !r.opens(item.context)
		if item.target != nil {
			bound := unknown(item.target.at(), why.Text)
			bound.foreign = v.foreign
			r.store(item.target, bound)
		}
	}
	if !swallows {
		r.run(s.body)
		return
	}
	r.catching(s.at(), "with", func() { r.run(s.body) })
}

// opens reports whether a context manager is one that lets exceptions pass.
func (r *runner) opens(x expr) bool {
	c, ok := x.(*call)
	if !ok {
		return false
	}
	path, root, ok := dotted(c.fn)
	if !ok {
		attr, ok := c.fn.(*attribute)
		return ok && attr.name == "open"
	}
	v := r.lookup(root, x.at())
	if v.Kind != Name {
		return strings.HasSuffix(path, ".open")
	}
	path = v.Text + path[len(root):]
	return isTrusted(path)
}

// catching runs what may end early.
func (r *runner) catching(line int, what string, body func()) {
	before := r.try
	if r.unsure() == nil {
		r.try = &attempt{r.shaky, &Reason{"it depends on the " + what + " on this line", line}}
	}
	body()
	r.try = before
}

// tryStatement takes it that a body whose every step is known ends. From the
// first step that is not, an exception may have come.
func (r *runner) tryStatement(s *tryStmt) {
	body := func() {
		r.run(s.body)
		r.run(s.orElse)
	}
	if slices.ContainsFunc(s.handlers, func(h handler) bool { return !ends(h.body) }) {
		r.catching(s.at(), "except", body)
	} else {
		body()
	}
	for _, h := range s.handlers {
		if h.types != nil {
			r.suspect(s.at(), "it depends on the except on this line", []expr{h.types}, nil)
		}
		if h.name != "" {
			h.body = append([]stmt{&assign{line: s.line, targets: []expr{&nameExpr{s.line, h.name}}, value: &opaque{line: s.line, what: "an exception"}}}, h.body...)
		}
		r.may(h.body, s.at(), "it depends on the except on this line")
	}
	r.run(s.finally)
}

// ends reports whether what comes after a body is not reached.
func ends(body []stmt) bool {
	if len(body) == 0 {
		return false
	}
	o, ok := body[len(body)-1].(*other)
	return ok && o.what == "raise"
}

func (r *runner) matchStatement(s *matchStmt) {
	const why = "it depends on the match on this line"
	r.lose(r.eval(s.subject), &Reason{why, s.at()})
	r.stir(&Reason{why, s.at()})
	for _, c := range s.cases {
		for _, name := range c.names {
			r.bind(name, unknown(s.at(), why))
		}
		if c.guard != nil {
			r.suspect(s.at(), why, []expr{c.guard}, nil)
		}
		r.may(c.body, s.at(), why)
	}
}

// step counts work; it reports true when there was too much of it.
func (r *runner) step(n int) bool {
	r.steps += n
	return r.steps > maxSteps
}

// iterate lists what a for goes through.
func (r *runner) iterate(v *Value) ([]*Value, bool) {
	if v.Why != nil || v.escaped || r.step(len(v.Items)) {
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
		if v := scope.names[name]; v != nil {
			return v
		}
	}
	return r.global(name, line)
}

// global finds a name of the module.
func (r *runner) global(name string, line int) *Value {
	r.deps.read(name)
	if v := r.file.Vars[name]; v != nil && v.Kind == Name {
		c := *v // an import means something where it is used
		c.Line = line
		return &c
	} else if v != nil {
		return v
	}
	if harmless[name] || others[name] {
		return &Value{Kind: Name, Text: name, Line: line}
	}
	v := unknown(line, name+" is not assigned in this file")
	v.foreign = !isData(name)
	if n := len(r.stars); n > 0 {
		v.Why.Text = fmt.Sprintf("%s may come from %s, whose * on line %d is not followed", name, r.stars[n-1].module, r.stars[n-1].at())
	}
	return v
}

// scoped runs f with names of its own.
func (r *runner) scoped(f func()) {
	r.local = append(r.local, &frame{names: map[string]*Value{}, inner: true})
	f()
	r.local = r.local[:len(r.local)-1]
}

// snapshot is a copy of a container; what is in it is shared, as dict(x) shares.
func (v *Value) snapshot() *Value {
	c := *v
	c.escaped = false
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
