package settings

import (
	"math"
	"slices"
	"strings"
)

// eval is the value of an expression; an Unknown where it cannot be told. What went
// into an Unknown and can change is followed no longer: the Unknown may be it.
func (r *runner) eval(x expr) *Value {
	if r.depth++; r.depth > 3*maxDepth || r.step(1) {
		if r.depth--; !r.spent(x.at()) {
			r.wild(x.at(), "the expression is too large")
		}
		return unknown(x.at(), "the expression is too large")
	}
	outer := len(r.kids)
	v := r.value(x)
	r.depth--
	if v.Kind == Unknown {
		r.shaky++
		if _, name := x.(*nameExpr); v != r.item && !name {
			if len(r.kids) > outer {
				r.stir(reasonWhy(v, x.at())) // an operator may be a method
			}
			for _, kid := range r.kids[outer:] {
				r.lose(kid, reasonWhy(v, x.at()))
			}
		}
	}
	r.kids = append(r.kids[:outer], v)
	// Long texts are work, too.
	if r.step(len(v.Text) >> 8) {
		return unknown(x.at(), "the expression is too large")
	}
	return v
}

// glance is eval for an expression of which only a truth, a text or a number is
// taken.
func (r *runner) glance(x expr) *Value {
	v := r.eval(x)
	r.kids = r.kids[:len(r.kids)-1]
	return v
}

func reasonWhy(v *Value, line int) *Reason {
	if v.Why != nil {
		return v.Why
	}
	return &Reason{"what becomes of it is not followed", line}
}

func (r *runner) value(x expr) *Value {
	switch x := x.(type) {
	case *constant:
		return x.value
	case *nameExpr:
		return r.lookup(x.name, x.at())
	case *joined:
		return r.joined(x)
	case *display:
		return r.display(x)
	case *dictDisplay:
		return r.dictDisplay(x)
	case *comprehension:
		if !x.lazy {
			return r.comprehension(x)
		}
		return r.unfollowed(x, "a generator is not run", []expr{x})
	case *attribute:
		return r.attribute(x, r.eval(x.of))
	case *subscript:
		return r.subscript(x)
	case *call:
		return r.call(x)
	case *unary:
		return r.unary(x)
	case *binary:
		return r.binary(x)
	case *comparison:
		return r.comparison(x)
	case *conditional:
		return r.conditional(x)
	case *function:
		return r.defined(x)
	case *assigned:
		v := r.eval(x.value)
		r.walrus(x.name, v)
		return v
	case *opaque:
		return r.unfollowed(x, x.what, x.parts)
	}
	return r.unfollowed(x, "this expression is not followed", []expr{x})
}

// unfollowed is the value of an expression of which parts are not evaluated.
func (r *runner) unfollowed(x expr, why string, parts []expr) *Value {
	r.suspect(x.at(), why, parts, nil)
	return unknown(x.at(), why)
}

// walrus binds a name outside of the comprehensions that it stands in.
func (r *runner) walrus(name string, v *Value) {
	if why := r.unsure(); why != nil {
		r.lose(v, why)
		v = &Value{Kind: Unknown, Line: v.Line, Why: why}
	}
	for _, f := range slices.Backward(r.local) {
		if !f.inner {
			f.names[name] = v
			return
		}
	}
	r.setGlobal(name, v)
}

// display makes a tuple, list or set.
func (r *runner) display(x *display) *Value {
	v := &Value{Kind: x.kind, Line: x.at()}
	for _, item := range x.items {
		if s, ok := item.(*starred); ok {
			of := r.eval(s.x)
			items, ok := r.iterate(of)
			if !ok {
				v.Why = notIterable(of, x.at())
				r.lose(of, v.Why)
				r.stir(v.Why)
				r.shaky++
			}
			v.Items = append(v.Items, items...)
			continue
		}
		v.Items = append(v.Items, r.eval(item))
	}
	if x.kind != Set {
		return v
	}
	items := v.Items
	v.Items = nil
	for _, item := range items {
		if !v.add(item) {
			v.Why = &Reason{"an item of a set cannot be told", x.at()}
			r.lose(item, v.Why)
		}
	}
	return v
}

func notIterable(v *Value, line int) *Reason {
	if v.Why != nil {
		return v.Why
	}
	return &Reason{"this is not followed", line}
}

func (r *runner) dictDisplay(x *dictDisplay) *Value {
	v := &Value{Kind: Dict, Line: x.at()}
	for i, keyExpr := range x.keys {
		if keyExpr == nil {
			r.update(v, r.eval(x.items[i]), x.items[i].at())
			continue
		}
		key, item := r.eval(keyExpr), r.eval(x.items[i])
		if key.Kind == Unknown || !v.set(key, item) {
			r.shaky++
			r.lose(item, notIterable(key, keyExpr.at()))
			r.blur(v, notIterable(key, keyExpr.at()))
		}
	}
	return v
}

// blur makes what a dict has now unknown: more keys may have come, under names
// that cannot be told. What is set later is known again.
func (r *runner) blur(v *Value, why *Reason) {
	v.Why = why
	for i, item := range v.Items {
		r.lose(item, why)
		v.Items[i] = &Value{Kind: Unknown, Line: item.Line, Why: why}
	}
}

// update is dict.update with one mapping or list of pairs.
func (r *runner) update(v, with *Value, line int) {
	switch {
	case with.Kind == Dict && !with.escaped:
		if with.Why != nil {
			r.blur(v, with.Why)
		}
		for i, key := range with.Keys {
			v.set(key, r.perhaps(with.Items[i]))
		}
	case with.Kind == List || with.Kind == Tuple:
		for _, pair := range with.Items {
			if (pair.Kind == Tuple || pair.Kind == List) && len(pair.Items) == 2 && v.set(pair.Items[0], r.perhaps(pair.Items[1])) {
				continue
			}
			r.shaky++
			r.lose(pair, notIterable(pair, line))
			r.blur(v, notIterable(pair, line))
		}
	default:
		r.shaky++
		r.lose(with, notIterable(with, line))
		r.blur(v, notIterable(with, line))
	}
}

// perhaps is what an assignment of v leaves where it is not sure to happen.
func (r *runner) perhaps(v *Value) *Value {
	why := r.unsure()
	if why == nil {
		return v
	}
	r.lose(v, why)
	return &Value{Kind: Unknown, Line: v.Line, Why: why}
}

func (r *runner) comprehension(x *comprehension) *Value {
	v := &Value{Kind: x.kind, Line: x.at()}
	r.scoped(func() { r.clauses(x, x.clauses, v) })
	return v
}

// clauses goes through what is left of a comprehension's clauses.
func (r *runner) clauses(x *comprehension, rest []clause, v *Value) {
	if len(rest) == 0 {
		item := r.eval(x.item)
		switch {
		case x.kind == List:
			v.Items = append(v.Items, item)
		case x.kind == Set && v.add(item):
		case x.kind == Dict && v.set(r.eval(x.key), item):
		default:
			v.Why = notIterable(item, x.at())
			r.lose(item, v.Why)
		}
		return
	}
	of := r.eval(rest[0].iter)
	items, ok := r.iterate(of)
	if !ok {
		r.cut(x, v, notIterable(of, x.at()), of)
		return
	}
	for _, item := range items {
		if r.step(1) {
			r.cut(x, v, &Reason{"the comprehension is too long", x.at()}, of)
			return
		}
		r.store(rest[0].target, item)
		pass := true
		for _, test := range rest[0].tests {
			t := r.glance(test)
			truth, known := t.truth()
			if !known {
				r.cut(x, v, notIterable(t, test.at()), of)
				return
			}
			if pass = truth; !pass {
				break
			}
		}
		if pass {
			r.clauses(x, rest[1:], v)
		}
	}
}

// cut ends a comprehension that cannot be followed.
func (r *runner) cut(x *comprehension, v *Value, why *Reason, of *Value) {
	v.Why = why
	r.shaky++
	r.lose(of, why)
	r.stir(why)
	r.suspect(x.at(), why.Text, []expr{x}, nil)
}

func (r *runner) attribute(x *attribute, of *Value) *Value {
	switch {
	case of.Kind == Unknown:
		v := of.derived()
		v.foreign = v.foreign || isHandle(x.name)
		return v
	case of.cls != nil && of.attribute(x.name) != nil:
		return of.attribute(x.name)
	case of.fn != nil || of.cls != nil:
		v := unknown(x.at(), "."+x.name+" is not followed")
		v.foreign = isHandle(x.name)
		return v
	case of.Kind == Name:
		path := of.Text + "." + x.name
		if path == "pickle.HIGHEST_PROTOCOL" || path == "cPickle.HIGHEST_PROTOCOL" {
			// -1 is what pickle calls the same.
			return &Value{Kind: Int, Int: -1, Line: x.at()}
		}
		return &Value{Kind: Name, Text: path, Line: x.at(), scheme: of.scheme}
	}
	return unknown(x.at(), "."+x.name+" is not followed")
}

func (r *runner) subscript(x *subscript) *Value {
	of := r.handle(x.of, x.index)
	if s, ok := x.index.(*slice); ok {
		return r.slice(x.at(), of, s)
	}
	key := r.eval(x.index)
	switch {
	case of.Kind == Unknown:
		return of.derived()
	case key.Kind == Unknown:
		return key.derived()
	case of.Kind == Name && of.Text == "os.environ" && key.Kind == Str:
		if v := r.env.get(key.Text); v != nil {
			return v
		}
		return noDefault(x.at(), key.Text, `os.environ["`+key.Text+`"]`)
	case of.Kind == Name && (of.Text == "globals()" || of.Text == "locals()" || of.Text == "vars()") && key.Kind == Str:
		return r.lookup(key.Text, x.at())
	case of.Kind == Name:
		v := reason(of, x.at())
		v.foreign = !isTrusted(of.Text) && !isData(of.Text)
		return v
	case of.Kind == Dict && !of.escaped:
		if r.item = of.find(key); r.item != nil {
			return r.item
		}
	case (of.Kind == List || of.Kind == Tuple) && (key.Kind == Int || key.Kind == Bool) && !of.escaped:
		if i := r.inRange(of, key); i >= 0 && of.Why == nil {
			r.item = of.Items[i]
			return r.item
		}
	case of.Kind == Str && key.Kind == Int:
		runes := []rune(of.Text)
		if i := key.Int; i >= -int64(len(runes)) && i < int64(len(runes)) {
			if i < 0 {
				i += int64(len(runes))
			}
			return text(string(runes[i])).dependsOn(of, key)
		}
	}
	if of.Why != nil {
		return &Value{Kind: Unknown, Line: x.at(), Why: of.Why}
	}
	return unknown(x.at(), "there is no such item in this file")
}

// noDefault is a variable of the environment that nothing is known of.
func noDefault(line int, name, how string) *Value {
	v := unknown(line, how+" has no default")
	v.Var = name
	return v
}

func (r *runner) slice(line int, of *Value, s *slice) *Value {
	if of.Kind == Unknown {
		return of.derived()
	}
	length := len(of.Items)
	runes := []rune(of.Text)
	if of.Kind == Str {
		length = len(runes)
	}
	bound := func(x expr, def int) (int, bool) {
		if x == nil {
			return def, true
		}
		v := r.eval(x)
		if v.Kind == None {
			return def, true
		}
		i := v.Int
		if i < 0 {
			i += int64(length)
		}
		return int(min(max(i, 0), int64(length))), v.Kind == Int
	}
	low, ok1 := bound(s.low, 0)
	high, ok2 := bound(s.high, length)
	if s.step != nil {
		r.suspect(line, "this slice is not followed", []expr{s.step}, nil)
	}
	if !ok1 || !ok2 || s.step != nil || of.Why != nil || of.escaped {
		return unknown(line, "this slice is not followed")
	}
	high = max(low, high)
	switch of.Kind {
	case Str:
		return text(string(runes[low:high])).dependsOn(of)
	case List, Tuple:
		return &Value{Kind: of.Kind, Line: line, Items: slices.Clone(of.Items[low:high])}
	}
	return unknown(line, "this slice is not followed")
}

func (r *runner) unary(x *unary) *Value {
	v := r.glance(x.x)
	if x.op == "not" {
		truth, known := v.truth()
		if !known {
			return reason(v, x.at())
		}
		return boolean(!truth).dependsOn(v)
	}
	switch {
	case v.Kind == Unknown:
		return v.derived()
	case v.Kind == Float && x.op != "~":
		f := v.Float
		if x.op == "-" {
			f = -f
		}
		return (&Value{Kind: Float, Float: f, Line: x.at()}).dependsOn(v)
	case v.Kind == Int || v.Kind == Bool:
		n := v.Int
		switch x.op {
		case "-":
			if n == math.MinInt64 {
				return unknown(x.at(), "the number is too large")
			}
			n = -n
		case "~":
			n = ^n
		}
		return at(integer(n), x.at()).dependsOn(v)
	}
	return unknown(x.at(), "Python has no such operation")
}

// reason is an unknown that comes of v.
func reason(v *Value, line int) *Value {
	if v.Why != nil {
		return &Value{Kind: Unknown, Line: line, Why: v.Why, foreign: v.foreign}
	}
	if v.Kind == Name {
		if i := strings.LastIndexByte(v.Text, '.'); i > 0 {
			return unknown(line, v.Text[i+1:]+" is imported from "+v.Text[:i]+", and not followed")
		}
		return unknown(line, strings.TrimPrefix(v.Text, ".")+" is not followed")
	}
	return unknown(line, "this is not followed")
}

func at(v *Value, line int) *Value {
	v.Line = line
	return v
}

func (r *runner) binary(x *binary) *Value {
	if x.op != "and" && x.op != "or" {
		return r.arithmetic(x.at(), x.op, r.eval(x.x), r.eval(x.y))
	}
	left := r.eval(x.x)
	truth, known := left.truth()
	if left.optional && x.op == "or" { // os.environ.get("X") or "default"
		return withDefault(left.Var, r.eval(x.y))
	}
	switch {
	case !known:
		v := reason(left, x.at())
		r.suspect(x.at(), reasonWhy(v, x.at()).Text, []expr{x.y}, nil)
		return v
	case truth == (x.op == "or"):
		return left
	}
	right := r.eval(x.y)
	if len(left.Env) == 0 || right.Kind == List || right.Kind == Dict {
		return right
	}
	v := *right
	return v.dependsOn(left)
}

func (r *runner) conditional(x *conditional) *Value {
	test := r.glance(x.test)
	truth, known := test.truth()
	if !known {
		v := reason(test, x.at())
		r.suspect(x.at(), reasonWhy(v, x.at()).Text, []expr{x.yes, x.no}, nil)
		return v
	}
	branch := x.no
	if truth {
		branch = x.yes
	}
	v := r.eval(branch)
	if len(test.Env) == 0 || v.Kind == List || v.Kind == Dict {
		return v
	}
	c := *v
	return c.dependsOn(test)
}
