package settings

import (
	"math"
	"slices"
)

// eval is the value of an expression; an Unknown where it cannot be told.
func (r *runner) eval(x expr) *Value {
	if r.depth++; r.depth > 3*maxDepth || r.step(1) {
		r.depth--
		return unknown(x.at(), "the expression is too large")
	}
	v := r.value(x)
	r.depth--
	// Long texts are work, too.
	if r.step(len(v.Text) >> 8) {
		return unknown(x.at(), "the expression is too large")
	}
	return v
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
		return r.comprehension(x)
	case *attribute:
		return r.attribute(x)
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
	case *assigned:
		v := r.eval(x.value)
		r.file.Vars[x.name] = v
		return v
	case *opaque:
		return unknown(x.at(), x.what)
	}
	return unknown(x.at(), "this expression is not followed")
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
			v.blur(notIterable(key, keyExpr.at()))
		}
	}
	return v
}

// blur makes what a dict has now unknown: more keys may have come, under names
// that cannot be told. What is set later is known again.
func (v *Value) blur(why *Reason) {
	v.Why = why
	for i, item := range v.Items {
		v.Items[i] = &Value{Kind: Unknown, Line: item.Line, Why: why}
	}
}

// update is dict.update with one mapping or list of pairs.
func (r *runner) update(v, with *Value, line int) {
	switch {
	case with.Kind == Dict:
		if with.Why != nil {
			v.blur(with.Why)
		}
		for i, key := range with.Keys {
			v.set(key, r.doubted(with.Items[i]))
		}
	case with.Kind == List || with.Kind == Tuple:
		for _, pair := range with.Items {
			if (pair.Kind == Tuple || pair.Kind == List) && len(pair.Items) == 2 && v.set(pair.Items[0], r.doubted(pair.Items[1])) {
				continue
			}
			v.blur(notIterable(pair, line))
		}
	default:
		v.blur(notIterable(with, line))
	}
}

// doubted is what an assignment of v leaves where it is not sure to happen.
func (r *runner) doubted(v *Value) *Value {
	if r.doubt == nil {
		return v
	}
	return &Value{Kind: Unknown, Line: v.Line, Why: r.doubt}
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
		}
		return
	}
	of := r.eval(rest[0].iter)
	items, ok := r.iterate(of)
	if !ok {
		v.Why = notIterable(of, x.at())
		return
	}
	for _, item := range items {
		if r.step(1) {
			v.Why = &Reason{"the comprehension is too long", x.at()}
			return
		}
		r.store(rest[0].target, item)
		pass := true
		for _, test := range rest[0].tests {
			t := r.eval(test)
			truth, known := t.truth()
			if !known {
				v.Why = notIterable(t, test.at())
			}
			pass = pass && truth
		}
		if pass {
			r.clauses(x, rest[1:], v)
		}
	}
}

func (r *runner) attribute(x *attribute) *Value {
	of := r.eval(x.of)
	switch {
	case of.Kind == Unknown:
		return of.derived()
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
	of := r.eval(x.of)
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
		return noDefault(x.at(), key.Text, `os.environ["`+key.Text+`"]`)
	case of.Kind == Dict:
		if item := of.find(key); item != nil {
			return item
		}
	case (of.Kind == List || of.Kind == Tuple) && (key.Kind == Int || key.Kind == Bool):
		if i := r.inRange(of, key); i >= 0 && of.Why == nil {
			return of.Items[i]
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
	if !ok1 || !ok2 || s.step != nil || of.Why != nil {
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
	v := r.eval(x.x)
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
		return &Value{Kind: Unknown, Line: line, Why: v.Why}
	}
	if v.Kind == Name {
		return unknown(line, v.Text+" is not followed")
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
		return reason(left, x.at())
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
	test := r.eval(x.test)
	truth, known := test.truth()
	if !known {
		return reason(test, x.at())
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
