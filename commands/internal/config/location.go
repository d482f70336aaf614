package config

import (
	"slices"
	"strings"

	"cachering/ring"
)

// environment puts in place of location_env, and of ${NAME} inside a location, what
// the environment says: whatever looks a location up finds that, under the line and
// the key that the file has. The keys of the table stay as they are written.
func (l *loader) environment(n *node) {
	loc, names := n.get("location"), n.get("location_env")
	switch {
	case loc != nil && names != nil:
		first, second := loc, names
		if laterOf(loc, names) == loc {
			first, second = names, loc
		}
		l.fail(second, "the locations are given already by "+first.name, "keep one of the two")
	case names != nil:
		made := *names
		made.items = nil
		if names.kind == kindString {
			made.value = l.variable(names, text(names))
		}
		for _, item := range names.items {
			one := *item
			one.parent, one.value = &made, l.variable(item, text(item))
			made.items = append(made.items, &one)
		}
		n.byName["location"] = &made
	case loc != nil:
		n.byName["location"] = l.expanded(loc)
	}
	if o := n.get("options"); o.get("master_cache") != nil {
		o.byName["master_cache"] = l.expanded(o.get("master_cache"))
	}
}

// expanded is a location, or a list of them, with the values of its variables.
func (l *loader) expanded(n *node) *node {
	if !strings.Contains(text(n), "${") && !slices.ContainsFunc(n.items, func(item *node) bool { return strings.Contains(text(item), "${") }) {
		return n
	}
	made := *n
	made.items = nil
	if n.kind == kindString {
		made.value = l.expand(n)
	}
	for _, item := range n.items {
		one := *item
		one.parent, one.value = &made, l.expand(item)
		made.items = append(made.items, &one)
	}
	return &made
}

// expand reads one text.
func (l *loader) expand(n *node) string {
	var b strings.Builder
	for _, p := range LocationParts(text(n)) {
		switch {
		case !p.Variable:
			b.WriteString(p.Text)
		case checkEnvName(&node{value: p.Text}).msg != "":
			l.fail(n, "${ begins the name of an environment variable, and none stands there", `write ${NAME}, or $${ for these two characters`)
			return ""
		default:
			b.WriteString(l.variable(n, p.Text))
		}
	}
	return b.String()
}

// variable is the value of an environment variable that has to have one.
func (l *loader) variable(n *node, name string) string {
	value := l.env(name)
	if value == "" {
		msg, hint := unset(name)
		l.fail(n, msg, hint)
	}
	return value
}

// unset tells of an environment variable that is not there. Only a name in the usual
// form is shown: anything else may be a password that was written by mistake.
func unset(name string) (msg, hint string) {
	if strings.ToUpper(name) != name {
		return "the environment variable is not set", "set it, or name another"
	}
	return "the environment variable " + name + " is not set", "set " + name + ", or name another"
}

// A LocationPart is text, or the name of a variable.
type LocationPart struct {
	Text     string
	Variable bool
}

// LocationParts takes a location apart. $${ stands for ${; a brace that is not closed
// makes a variable without a name.
func LocationParts(s string) []LocationPart {
	var parts []LocationPart
	plain := ""
	for s != "" {
		i := strings.Index(s, "${")
		if i < 0 {
			plain += s
			break
		}
		if i > 0 && s[i-1] == '$' {
			plain += s[:i-1] + "${"
			s = s[i+2:]
			continue
		}
		name, rest, closed := strings.Cut(s[i+2:], "}")
		if !closed {
			name, rest = "", ""
		}
		parts = append(parts, LocationPart{plain + s[:i], false}, LocationPart{name, true})
		plain, s = "", rest
	}
	return append(parts, LocationPart{plain, false})
}

// EscapeLocation writes a location as the file has it.
func EscapeLocation(location string) string { return strings.ReplaceAll(location, "${", "$${") }

// ShownLocation is a location of the file for people to see: passwords are ***, and
// variables in their place stay.
func ShownLocation(location string) string {
	masked := ring.Mask(location)
	if strings.ReplaceAll(literal(masked), hidden, "") == literal(location) {
		return location // all that is hidden is a variable
	}
	return masked
}

// literal is what of a location is no variable.
func literal(location string) string {
	var b strings.Builder
	for _, p := range LocationParts(location) {
		if !p.Variable {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// raw is the location, or the list, as the file has it; nil where location_env
// stands in its place.
func (c *Cache) raw() *node {
	i := slices.IndexFunc(c.node.keys, func(k *node) bool { return k.name == "location" })
	if i < 0 {
		return nil
	}
	return c.node.keys[i]
}

// spelled are the entries of location as the file has them; ${NAME} for those that
// location_env names.
func (c *Cache) spelled() []string {
	if env := c.node.get("location_env"); env != nil {
		if env.kind == kindString {
			return []string{"${" + text(env) + "}"}
		}
		var names []string
		for _, item := range env.items {
			names = append(names, "${"+text(item)+"}")
		}
		return names
	}
	raw := c.raw()
	if raw == nil {
		return nil
	}
	if raw.kind == kindString && !c.pools {
		return strings.Split(text(raw), c.library.Separator)
	}
	entries := []string{}
	if raw.kind == kindString {
		entries = append(entries, text(raw))
	}
	for _, item := range raw.items {
		entries = append(entries, text(item))
	}
	return entries
}

// holdsPassword reports whether a password stands in the location of the file
// itself.
func (c *Cache) holdsPassword() bool {
	return c.raw() != nil && slices.ContainsFunc(c.spelled(), func(entry string) bool { return ShownLocation(entry) != entry })
}
