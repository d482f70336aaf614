package settings

import (
	"slices"
	"strings"
)

// dependencies are which names a name was made of, statement by statement.
type dependencies struct {
	reads []string            // names that the statement has looked up
	of    map[string][]string // by the name
	ifs   []decision
}

// A decision is an if that was decided by the environment.
type decision struct {
	doubt Doubt
	names []string // that either outcome may bind or change
}

func (d *dependencies) begin() { d.reads = d.reads[:0] }

func (d *dependencies) read(name string) {
	if len(d.reads) < 1000 {
		d.reads = append(d.reads, name)
	}
}

// bound notes that a name was made of what the statement has looked up.
func (d *dependencies) bound(name string) {
	if d.of == nil {
		d.of = map[string][]string{}
	}
	for _, other := range d.reads {
		if !slices.Contains(d.of[name], other) {
			d.of[name] = append(d.of[name], other)
		}
	}
}

// decided notes an if that was decided by variables of the environment.
func (r *runner) decided(test expr, env []string, bodies [][]stmt) {
	e := &effects{}
	for _, body := range bodies {
		b := effectsOf(nil, body)
		e.binds, e.uses, e.star = append(e.binds, b.binds...), append(e.uses, b.uses...), e.star || b.star
	}
	d := decision{doubt: Doubt{Line: test.at(), Text: "this if is decided by the default of " + strings.Join(env, ", ")}, names: e.binds}
	for _, u := range e.uses {
		root, _, _ := strings.Cut(u.path, ".")
		if v := r.file.Vars[root]; v != nil && v.isContainer() {
			d.names = append(d.names, root)
		}
	}
	if e.star {
		d.names = append(d.names, "CACHES")
	}
	r.deps.ifs = append(r.deps.ifs, d)
}

// used are the decisions that a setting which is read depends on.
func (d *dependencies) used(roots []string) []Doubt {
	reached := map[string]bool{}
	for list := slices.Clone(roots); len(list) > 0; {
		name := list[len(list)-1]
		list = list[:len(list)-1]
		if reached[name] {
			continue
		}
		reached[name] = true
		list = append(list, d.of[name]...)
	}
	var used []Doubt
	for _, one := range d.ifs {
		if !slices.Contains(used, one.doubt) && slices.ContainsFunc(one.names, func(name string) bool { return reached[name] }) {
			used = append(used, one.doubt)
		}
	}
	return used
}
