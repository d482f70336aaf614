package settings

import "slices"

// effects are what code that is not run step by step may do to the names of the
// module, whenever and however often it runs.
type effects struct {
	binds []string // names of the module that it may bind
	uses  []use    // names of the module and of others that it mentions
	sets  []string // attributes that it sets
	attrs []string // attributes that it looks up
	// deep tells that it changes, or calls something of, what is neither a name of
	// the module nor an import: a result, a parameter, a local variable.
	deep bool
	star bool // from x import *
	size int  // expressions and statements
}

// A use is a mention of a dotted name.
type use struct {
	path string
	how  useKind
	// imported tells that path is one of another module, bound inside.
	imported bool
}

type useKind uint8

const (
	read   useKind = iota // what is made of it holds nothing of it
	load                  // anything may be made of it
	called                // for its value
	alone                 // it is called, and its value dropped
)

// A scope is that of a function, a class or a comprehension; nil is the module.
type scope struct {
	up      *scope
	names   map[string]bool   // bound in it
	global  map[string]bool   // declared so
	imports map[string]string // dotted names of those bound by an import
	class   bool              // its names are not those of the functions in it
	inner   bool              // of a comprehension: := binds outside
}

// A walker gathers effects.
type walker struct {
	*effects
	scope *scope
	// declares is the scope whose own names are sought, not the effects: the walk goes
	// into no function or class of it.
	declares *scope
}

// effectsOf are those of code at the level of the module.
func effectsOf(exprs []expr, body []stmt) *effects {
	w := &walker{effects: &effects{}}
	w.exprs(exprs...)
	w.stmts(body)
	return w.effects
}

// effects are those of a call of a function.
func (f *function) effects() *effects {
	if f.sum == nil {
		w := &walker{effects: &effects{}}
		w.function(f)
		f.sum = w.effects
	}
	return f.sum
}

// effects are those of all methods of a class.
func (c *class) effects() *effects {
	if c.sum == nil {
		w := &walker{effects: &effects{}}
		w.class(c)
		c.sum = w.effects
	}
	return c.sum
}

// find is where a name is bound: nil for the module.
func (w *walker) find(name string) *scope {
	for s := w.scope; s != nil; s = s.up {
		if s.global[name] {
			return nil
		}
		if s.names[name] && (!s.class || s == w.scope) {
			return s
		}
	}
	return nil
}

func (w *walker) use(path, root string, how useKind) {
	s := w.find(root)
	switch {
	case s == nil:
		w.uses = append(w.uses, use{path, how, false})
	case s.imports[root] != "":
		w.uses = append(w.uses, use{s.imports[root] + path[len(root):], how, true})
	case how >= called:
		w.deep = true
	}
}

func (w *walker) bind(name string) {
	s := w.scope
	for s != nil && s.inner {
		s = s.up
	}
	if s == nil || s.global[name] {
		w.binds = append(w.binds, name)
	}
}

// dotted is the path of a name with attributes, and the name.
func dotted(x expr) (path, root string, ok bool) {
	switch x := x.(type) {
	case *nameExpr:
		return x.name, x.name, true
	case *attribute:
		if path, root, ok := dotted(x.of); ok {
			return path + "." + x.name, root, true
		}
	}
	return "", "", false
}

func (w *walker) exprs(list ...expr) {
	for _, x := range list {
		if x != nil {
			w.expr(x)
		}
	}
}

func (w *walker) expr(x expr) {
	w.size++
	switch x := x.(type) {
	case *nameExpr:
		w.use(x.name, x.name, load)
	case *attribute:
		w.attrs = append(w.attrs, x.name)
		if path, root, ok := dotted(x); ok {
			for y, up := x.of.(*attribute); up; y, up = y.of.(*attribute) {
				w.attrs = append(w.attrs, y.name)
			}
			w.use(path, root, load)
			return
		}
		if isHandle(x.name) {
			w.deep = true
			w.uses = append(w.uses, use{x.name, load, true})
		}
		w.expr(x.of)
	case *call:
		w.call(x, called)
	case *joined:
		for _, p := range x.parts {
			w.read(p.value)
			if p.spec != nil {
				w.read(p.spec)
			}
		}
	case *comparison:
		w.read(x.first)
		for _, y := range x.rest {
			w.read(y)
		}
	case *conditional:
		w.read(x.test)
		w.exprs(x.yes, x.no)
	case *unary:
		w.read(x.x)
	case *function:
		w.function(x)
	case *comprehension:
		w.comprehension(x)
	case *assigned:
		w.bind(x.name)
		w.expr(x.value)
	default:
		w.exprs(children(x)...)
	}
}

// children are the expressions in one that means nothing special here.
func children(x expr) []expr {
	switch x := x.(type) {
	case *subscript:
		return []expr{x.of, x.index}
	case *slice:
		return []expr{x.low, x.high, x.step}
	case *display:
		return x.items
	case *dictDisplay:
		return slices.Concat(x.keys, x.items)
	case *binary:
		return []expr{x.x, x.y}
	case *starred:
		return []expr{x.x}
	case *opaque:
		return x.parts
	}
	return nil
}

// read is for an expression of which only a truth, a text or a number is taken.
func (w *walker) read(x expr) {
	switch x := x.(type) {
	case *nameExpr:
		w.size++
		w.use(x.name, x.name, read)
	case *attribute:
		if path, root, ok := dotted(x); ok {
			w.use(path, root, read)
			return
		}
		w.expr(x)
	case *subscript:
		w.size++
		w.read(x.of)
		w.exprs(x.index)
	case *binary:
		w.size++
		if x.op != "and" && x.op != "or" {
			w.expr(x)
			return
		}
		w.read(x.x)
		w.read(x.y)
	default:
		w.expr(x)
	}
}

func (w *walker) call(x *call, how useKind) {
	path, root, ok := dotted(x.fn)
	attr, isMethod := x.fn.(*attribute)
	switch {
	case ok:
		for y, up := x.fn.(*attribute); up; y, up = y.of.(*attribute) {
			w.attrs = append(w.attrs, y.name)
		}
		w.use(path, root, how)
	case isMethod:
		if _, ofText := attr.of.(*constant); !ofText {
			w.deep = true
		}
		w.expr(attr.of)
	default:
		w.deep = true
		w.expr(x.fn)
	}
	for _, a := range x.args {
		if ok && plainResult[path] && w.find(root) == nil {
			w.read(a.value)
		} else {
			w.expr(a.value)
		}
	}
}

// function is the body of one, and what its definition evaluates.
func (w *walker) function(f *function) {
	s := newScope(w.scope)
	for _, p := range f.params {
		w.exprs(p.def, p.notes)
		s.names[p.name] = true
	}
	w.exprs(f.decorators...)
	s.declare(f.body)
	outer := w.scope
	w.scope = s
	if f.result != nil && f.body == nil {
		w.expr(f.result)
	}
	w.stmts(f.body)
	w.scope = outer
}

// class is the body of one.
func (w *walker) class(c *class) {
	outer := w.scope
	s := newScope(outer)
	s.class = true
	s.declare(c.body)
	clear(s.names) // one that is not bound yet is that of the module
	w.scope = s
	w.stmts(c.body)
	w.scope = outer
}

func newScope(up *scope) *scope {
	return &scope{up: up, names: map[string]bool{}, global: map[string]bool{}, imports: map[string]string{}}
}

func (w *walker) comprehension(x *comprehension) {
	s := newScope(w.scope)
	s.inner = true
	outer := w.scope
	for i, c := range x.clauses {
		if i > 0 {
			w.scope = s
		}
		w.exprs(c.iter)
		for _, name := range targetNames(c.target, nil) {
			s.names[name] = true
		}
	}
	w.scope = s
	for _, c := range x.clauses {
		w.target(c.target)
		w.exprs(c.tests...)
	}
	w.exprs(x.key, x.item)
	w.scope = outer
}

// target is what an assignment stores into.
func (w *walker) target(x expr) {
	switch x := x.(type) {
	case *nameExpr:
		if w.scope == nil || !w.scope.inner || !w.scope.names[x.name] {
			w.bind(x.name)
		}
	case *starred:
		w.target(x.x)
	case *display:
		for _, item := range x.items {
			w.target(item)
		}
	case *attribute:
		w.sets = append(w.sets, x.name)
		w.changed(x.of)
	case *subscript:
		w.changed(x.of)
		w.exprs(x.index)
	}
}

// changed is an object into which something is stored.
func (w *walker) changed(x expr) {
	_, root, ok := dotted(x)
	if s := w.find(root); !ok || s != nil && s.imports[root] == "" {
		w.deep = true
	}
	w.expr(x)
}

func (w *walker) stmts(body []stmt) {
	for _, s := range body {
		w.stmt(s)
	}
}

func (w *walker) stmt(s stmt) {
	w.size++
	switch s := s.(type) {
	case *assign:
		w.exprs(s.value, s.notes)
		for _, t := range s.targets {
			if s.op != "" {
				w.expr(t)
			}
			w.target(t)
		}
	case *exprStmt:
		if c, ok := s.x.(*call); ok {
			w.call(c, alone)
			return
		}
		w.expr(s.x)
	case *deletion:
		for _, t := range s.targets {
			w.target(t)
		}
	case *importing:
		for i, name := range s.names {
			w.bind(name)
			if w.declares != nil {
				w.declares.imports[name] = s.values[i].Text
			}
		}
	case *scopeStmt:
		for _, name := range s.names {
			if w.declares != nil {
				w.declares.global[name] = true
			}
		}
	case *starImport:
		w.star = true
	case *definition:
		w.bind(s.fn.name)
		if w.declares == nil {
			w.function(s.fn)
		}
	case *class:
		w.bind(s.name)
		if w.declares != nil {
			return
		}
		w.exprs(s.decorators...)
		for _, a := range s.args {
			w.expr(a.value)
		}
		w.class(s)
	case *ifStmt:
		for _, test := range s.tests {
			w.read(test)
		}
		for _, body := range s.bodies {
			w.stmts(body)
		}
	case *forStmt:
		w.expr(s.iter)
		w.target(s.target)
		w.stmts(s.body)
		w.stmts(s.orElse)
	case *whileStmt:
		w.read(s.test)
		w.stmts(s.body)
		w.stmts(s.orElse)
	case *withStmt:
		for _, item := range s.items {
			w.expr(item.context)
			if item.target != nil {
				w.target(item.target)
			}
		}
		w.stmts(s.body)
	case *tryStmt:
		w.stmts(s.body)
		for _, h := range s.handlers {
			w.exprs(h.types)
			if h.name != "" {
				w.bind(h.name)
			}
			w.stmts(h.body)
		}
		w.stmts(s.orElse)
		w.stmts(s.finally)
	case *matchStmt:
		w.expr(s.subject)
		for _, c := range s.cases {
			for _, name := range c.names {
				w.bind(name)
			}
			if c.guard != nil {
				w.read(c.guard)
			}
			w.stmts(c.body)
		}
	case *other:
		switch s.what {
		case "assert", "print":
			for _, x := range s.parts {
				w.read(x)
			}
			return
		case "exec":
			w.uses = append(w.uses, use{"exec", alone, true})
		}
		w.exprs(s.parts...)
	}
}

// declare notes the names that a body binds in its own scope: what it would bind at the
// level of the module.
func (s *scope) declare(body []stmt) {
	w := &walker{effects: &effects{}, declares: s}
	w.stmts(body)
	for _, name := range w.binds {
		s.names[name] = true
	}
	for name := range s.global {
		delete(s.names, name)
	}
}

// targetNames are the names that a target binds.
func targetNames(x expr, names []string) []string {
	switch x := x.(type) {
	case *nameExpr:
		return append(names, x.name)
	case *starred:
		return targetNames(x.x, names)
	case *display:
		for _, item := range x.items {
			names = targetNames(item, names)
		}
	}
	return names
}
