package settings

// An environment is what is told of os.environ, and what the module itself does to
// it.
type environment struct {
	given map[string]string // variables that are told
	vars  map[string]*Value // nil: taken away
	why   *Reason           // why nothing is known of it
}

// set assigns a variable; nil takes it away.
func (e *environment) set(name, v *Value, line int) {
	if name == nil || name.Kind != Str {
		e.lost(&Reason{"os.environ is changed", line})
		return
	}
	if e.vars == nil {
		e.vars = map[string]*Value{}
	}
	e.vars[name.Text] = v
}

func (e *environment) lost(why *Reason) { e.why = why }

// get is a variable that the module has assigned, or an Unknown; nil for one that it
// leaves alone.
func (e *environment) get(name string) *Value {
	if e.why != nil {
		return &Value{Kind: Unknown, Line: e.why.Line, Why: e.why}
	}
	if v, assigned := e.vars[name]; assigned {
		return v
	}
	if value, ok := e.given[name]; ok {
		return &Value{Kind: Str, Text: value, Var: name, given: true}
	}
	return nil
}

// Told reports whether a value is that of a variable, and not a default of it.
func (v *Value) Told() bool { return v.given }

// has tells whether a variable is there: one that the module does not assign is
// taken not to be, and the answer depends on it.
func (e *environment) has(name string) (v *Value, known bool) {
	switch value, assigned := e.vars[name]; {
	case e.why != nil:
		return e.get(name), false
	case assigned:
		return boolean(value != nil), true
	}
	if _, ok := e.given[name]; ok {
		return boolean(true), true
	}
	v = boolean(false)
	v.Env = []string{name}
	return v, true
}
