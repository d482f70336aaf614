package settings

import (
	"slices"
	"strings"
)

// arguments are those of a call, evaluated.
type arguments struct {
	line    int
	list    []*Value
	named   *Value // a dict
	unknown *Value // an argument that cannot be told apart: *x or **x
}

// get is the argument of a place or a name, nil if it is not given.
func (a *arguments) get(i int, name string) *Value {
	if i >= 0 && i < len(a.list) {
		return a.list[i]
	}
	return a.named.Get(name)
}

// arguments evaluates those of a call. Of a function that goes through generators
// to their end, these are evaluated, too.
func (r *runner) arguments(x *call, toTheEnd bool) *arguments {
	a := &arguments{line: x.at(), named: &Value{Kind: Dict}}
	for _, arg := range x.args {
		var v *Value
		if g, ok := arg.value.(*comprehension); ok && g.lazy && toTheEnd {
			all := *g
			all.lazy = false
			v = r.eval(&all)
		} else {
			v = r.eval(arg.value)
		}
		switch {
		case arg.name != "":
			a.named.set(text(arg.name), v)
		case arg.stars == 0:
			a.list = append(a.list, v)
		case arg.stars == 1:
			items, ok := r.iterate(v)
			if !ok {
				a.unknown = reason(v, x.at())
				r.lose(v, a.unknown.Why)
			}
			a.list = append(a.list, items...)
		default:
			if v.Kind != Dict || v.Why != nil {
				a.unknown = reason(v, x.at())
			}
			r.update(a.named, v, x.at())
		}
	}
	return a
}

// all are the arguments.
func (a *arguments) all() []*Value { return slices.Concat(a.list, a.named.Items) }

func (r *runner) loseAll(a *arguments, why *Reason) {
	for _, v := range a.all() {
		r.lose(v, why)
	}
}

func (r *runner) call(x *call) *Value {
	alone := r.alone == x
	var fn *Value
	if attr, ok := x.fn.(*attribute); ok {
		of := r.eval(attr.of)
		if of.Kind != Name || of.attribute(attr.name) == nil && (of.fn != nil || of.cls != nil) {
			a := r.arguments(x, of.Kind == Str && attr.name == "join")
			why := &Reason{"." + attr.name + "() is not followed", x.at()}
			switch {
			case of.Kind == Name:
				r.lose(of, why)
				r.spoil(a)
				return unknown(x.at(), why.Text)
			case of.Kind == Unknown:
				r.spoil(a)
				if of.foreign {
					r.wild(x.at(), why.Text)
				}
				return of.derived()
			case a.unknown != nil:
				r.lose(of, why)
				r.spoil(a)
				return a.unknown
			}
			return r.method(x.at(), of, attr.name, a.list, a.named)
		}
		fn = r.attribute(attr, of)
	} else {
		fn = r.glance(x.fn)
	}
	a := r.arguments(x, fn.Kind == Name && fn.fn == nil && eager[fn.Text])
	switch {
	case fn.Kind != Name:
		r.spoil(a)
		if fn.Kind == Unknown && fn.foreign && (alone || !a.plain()) {
			r.wild(x.at(), "what is called on this line is not run")
		}
		v := reason(fn, x.at())
		v.foreign = v.foreign || fn.Kind == Unknown && fn.foreign
		return v
	case fn.fn != nil || fn.cls != nil:
		return r.callDefined(fn, a)
	}
	if a.unknown == nil {
		if v := r.function(fn, a); v != nil {
			if v.Line == 0 {
				v.Line = x.at()
			}
			if plainResult[fn.Text] {
				r.forget(len(x.args))
			}
			return v
		}
	}
	return r.notRun(fn, a, x, alone)
}

// forget takes the arguments of a call from what its result may hold.
func (r *runner) forget(n int) { r.kids = r.kids[:max(0, len(r.kids)-n)] }

// plain reports whether nothing that is handed over leads to the module.
func (a *arguments) plain() bool {
	return a.unknown == nil && !slices.ContainsFunc(a.all(), func(v *Value) bool {
		return v.foreign || v.Kind == Name && (v.Text == "__name__" || v.fn == nil && v.cls == nil && !isTrusted(v.Text) && !isData(v.Text))
	})
}

// notRun is the call of a function that is not run; see trusted.
func (r *runner) notRun(fn *Value, a *arguments, x *call, alone bool) *Value {
	name := strings.TrimPrefix(fn.Text, ".")
	known := fn.scheme != nil || isTrusted(fn.Text)
	switch {
	case plainResult[fn.Text]:
		r.forget(len(x.args))
	default:
		r.spoil(a)
	}
	if fn.Text == "os.environ.update" || fn.Text == "os.environ.clear" || fn.Text == "os.environ.popitem" || !known && slices.ContainsFunc(a.all(), isEnviron) {
		r.env.lost(&Reason{name + "() is not run", x.at()})
	}
	switch {
	case others[fn.Text], !known && (alone && !isChange(fn.Text) || !a.plain()):
		r.wild(x.at(), name+"() is not run")
	case (fn.Text == "globals" || fn.Text == "locals" || fn.Text == "vars"):
		r.wild(x.at(), fn.Text+"() is changed")
	}
	if a.unknown != nil {
		return a.unknown
	}
	v := unknown(x.at(), name+"() is not run")
	v.made = &made{name, len(a.list), a.named}
	v.foreign = !known || fn.Text == "getattr" && !a.plain() || known && slices.ContainsFunc(a.all(), func(v *Value) bool { return v.foreign && !plainResult[fn.Text] })
	return v
}

func isEnviron(v *Value) bool { return v.Kind == Name && v.Text == "os.environ" }

// spoil puts in doubt what a function was given that is not run: it may change it,
// and call what it can reach.
func (r *runner) spoil(a *arguments) {
	r.shaky++
	why := &Reason{"it is handed to a function that is not run", a.line}
	r.loseAll(a, why)
	r.stir(why)
}

// handle is eval for an expression that is only looked into: globals() and the like
// are no danger there.
func (r *runner) handle(x, index expr) *Value {
	c, ok := x.(*call)
	if !ok || len(c.args) > 0 {
		return r.eval(x)
	}
	if _, ok := index.(*slice); ok {
		return r.eval(x)
	}
	name, ok := c.fn.(*nameExpr)
	if !ok || name.name != "globals" && name.name != "locals" && name.name != "vars" || r.lookup(name.name, x.at()).Kind != Name {
		return r.eval(x)
	}
	v := &Value{Kind: Name, Text: name.name + "()", Line: x.at()}
	r.kids = append(r.kids, v)
	return v
}

// function runs a function that is known; nil for any other.
func (r *runner) function(fn *Value, a *arguments) *Value {
	if fn.scheme != nil {
		return r.environ(fn, a)
	}
	one := func() *Value { return a.get(0, "") }
	switch fn.Text {
	case "os.environ.get", "os.getenv":
		return r.getenv(a, "default", "os.environ.get")
	case "os.environ.setdefault", "os.environ.pop":
		v := r.getenv(a, "default", "os.environ.get")
		if name := a.get(0, "key"); fn.Text == "os.environ.pop" {
			r.env.set(name, nil, a.line)
		} else {
			r.env.set(name, v, a.line)
		}
		return v
	case "typing.cast", "typing_extensions.cast":
		if len(a.list) == 2 {
			return a.list[1]
		}
	case "urllib.parse.quote", "urllib.parse.quote_plus", "urllib.quote", "urllib.quote_plus":
		return quoted(fn.Text, a)
	case "os.path.join", "posixpath.join":
		return r.pathJoin(a)
	case "decouple.config", "decouple.AutoConfig()":
		return r.decouple(a)
	case "decouple.Csv", "decouple.AutoConfig":
		if len(a.list) == 0 {
			return &Value{Kind: Name, Text: fn.Text + "()"}
		}
	case "environ.Env", "environ.FileAwareEnv":
		return &Value{Kind: Name, Text: "environ.Env()", scheme: a.named}
	case "environ.Env.read_env":
		return &Value{Kind: None}
	case "datetime.timedelta":
		return timedelta(a)
	case "copy.copy", "copy.deepcopy":
		if len(a.list) == 1 && one().Kind != Unknown {
			if fn.Text == "copy.copy" {
				return one().snapshot()
			}
			return r.deepCopy(one(), 0)
		}
	case "dict":
		v := &Value{Kind: Dict}
		if len(a.list) == 1 {
			r.update(v, a.list[0], a.line)
		}
		r.update(v, a.named, a.line)
		return v
	case "str", "unicode":
		if len(a.list) == 1 {
			if one().Pieces() != nil {
				return one()
			}
			if one().Kind == Unknown {
				return one().derived()
			}
			if s, ok := one().str(); ok {
				return text(s).dependsOn(one())
			}
		}
	case "int", "float", "bool":
		if len(a.list) == 1 && len(a.named.Items) == 0 {
			return cast(fn.Text, one(), a.line)
		}
	case "len":
		if len(a.list) == 1 && one().Why == nil {
			switch v := one(); v.Kind {
			case Str:
				return integer(int64(len([]rune(v.Text)))).dependsOn(v)
			case Tuple, List, Set, Dict:
				return integer(int64(len(v.Items)))
			}
		}
	case "list", "tuple", "set", "frozenset":
		return r.collection(fn.Text, a)
	case "range":
		return r.rangeOf(a)
	case "sorted":
		return r.sorted(a)
	}
	return nil
}

// withDefault is a value that stands in for a variable that is not set.
func withDefault(name string, v *Value) *Value {
	c := *v
	if c.Kind == Unknown {
		return v.derived() // of two variables
	}
	if c.Kind == List || c.Kind == Dict { // it has identity, and is named on its own
		v.Env = append(v.Env, name)
		return v
	}
	c.Env = append(slices.Clip(c.Env), name)
	c.Var, c.pieces, c.given = name, nil, false
	return &c
}

// getenv looks a variable up, whose default is the second argument.
func (r *runner) getenv(a *arguments, name, how string) *Value {
	variable := a.get(0, "key")
	switch {
	case variable == nil:
		return nil
	case variable.Kind != Str:
		return reason(variable, a.line)
	}
	if v := r.env.get(variable.Text); v != nil {
		return v
	}
	if v := a.get(1, name); v != nil {
		return withDefault(variable.Text, v)
	}
	v := noDefault(a.line, variable.Text, how+`("`+variable.Text+`")`)
	v.optional = true
	return v
}

func (r *runner) pathJoin(a *arguments) *Value {
	path := text("")
	for _, v := range a.list {
		switch {
		case v.Kind != Str:
			return reason(v, a.line)
		case strings.HasPrefix(v.Text, "/"):
			path.Text = v.Text
		case path.Text == "" || strings.HasSuffix(path.Text, "/"):
			path.Text += v.Text
		default:
			path.Text += "/" + v.Text
		}
		path.dependsOn(v)
	}
	if len(path.Text) > maxText {
		return unknown(a.line, "the text is too long")
	}
	return path
}

// decouple is config() of python-decouple, which casts the default, too.
func (r *runner) decouple(a *arguments) *Value {
	variable := a.get(0, "option")
	if variable == nil || variable.Kind != Str {
		return nil
	}
	v := a.get(1, "default")
	told := r.env.get(variable.Text)
	if told != nil {
		v = told
	}
	if v == nil {
		return noDefault(a.line, variable.Text, `config("`+variable.Text+`")`)
	}
	how := a.get(2, "cast")
	switch {
	case how == nil || v.Kind == Unknown:
	case how.Kind == Name && how.Text == "bool":
		v = decoupleBool(v, a.line)
	case how.Kind == Name && (how.Text == "int" || how.Text == "float"):
		v = cast(how.Text, v, a.line)
	case how.Kind == Name && how.Text == "str":
		s, ok := v.str()
		if !ok {
			return unknown(a.line, "this cast is not run")
		}
		v = text(s).dependsOn(v)
	case how.Kind == Name && how.Text == "decouple.Csv()" && v.Kind == Str:
		list := &Value{Kind: List, Line: a.line}
		for _, item := range strings.Split(v.Text, ",") {
			if item = strings.TrimSpace(item); item != "" || v.Text != "" {
				list.Items = append(list.Items, text(item))
			}
		}
		v = list
	default:
		return unknown(a.line, "this cast is not run")
	}
	if told != nil {
		return v
	}
	return withDefault(variable.Text, v)
}

func decoupleBool(v *Value, line int) *Value {
	s, _ := v.str()
	switch strings.ToLower(s) {
	case "y", "yes", "t", "true", "on", "1":
		return boolean(true).dependsOn(v)
	case "n", "no", "f", "false", "off", "0", "":
		return boolean(false).dependsOn(v)
	}
	return unknown(line, "this is no boolean")
}

// environ is a call of django-environ: env("X"), env.int("X", default=1). A
// default is not cast. What it makes of URLs is not followed.
func (r *runner) environ(fn *Value, a *arguments) *Value {
	method := strings.TrimPrefix(strings.TrimPrefix(fn.Text, "environ.Env()"), ".")
	variable, place := a.get(0, "var"), 1
	switch method {
	case "":
		place = 2
	case "str", "unicode", "bool", "int", "float", "json":
	case "list", "tuple", "dict", "bytes":
		place = 2
	case "read_env":
		return &Value{Kind: None}
	default:
		return unknown(a.line, "env."+method+"() makes settings of a URL, which is not followed; write what it makes")
	}
	if variable == nil || variable.Kind != Str {
		return nil
	}
	if told := r.env.get(variable.Text); told != nil {
		if method == "" {
			method = fn.scheme.castOf(variable.Text, a)
		}
		return environCast(method, told, a.line)
	}
	v := a.get(place, "default")
	if known := fn.scheme.Get(variable.Text); v == nil && known != nil && known.Kind == Tuple && len(known.Items) == 2 {
		v = known.Items[1]
	}
	if v == nil {
		return noDefault(a.line, variable.Text, `env("`+variable.Text+`")`)
	}
	return withDefault(variable.Text, v)
}

// castOf is the type that environ.Env was given for a variable, or that the call
// names.
func (v *Value) castOf(name string, a *arguments) string {
	how := a.get(1, "cast")
	if known := v.Get(name); how == nil && known != nil {
		if how = known; known.Kind == Tuple && len(known.Items) > 0 {
			how = known.Items[0]
		}
	}
	switch {
	case how == nil:
		return "str"
	case how.Kind == Name:
		return how.Text
	}
	return "?"
}

// environCast is what django-environ makes of the text of a variable.
func environCast(to string, v *Value, line int) *Value {
	switch {
	case v.Kind != Str:
		return v.derived()
	case to == "str" || to == "unicode":
		return v
	case to == "int" || to == "float":
		return cast(to, v, line)
	case to == "bool":
		return boolean(slices.Contains([]string{"true", "on", "ok", "y", "yes", "1"}, strings.ToLower(v.Text)))
	case to == "list":
		list := &Value{Kind: List, Line: line}
		for _, item := range strings.Split(v.Text, ",") {
			if item != "" {
				list.Items = append(list.Items, text(item))
			}
		}
		return list
	}
	return unknown(line, "this cast is not run")
}
