package config

import (
	"fmt"
	"slices"
	"strings"
)

// A field is what the schema says about one key: which TOML types it may
// have, what to write, and, for a table, which keys may stand in it.
type field struct {
	name  string
	kinds kind
	want  string // what is expected, where the types alone say it badly
	write string // an example, for the remedy of a wrong type

	table   []field               // of a table with a fixed set of keys
	each    *field                // of an array's items or of a table with free keys
	none    bool                  // the string "none" stands for Python's None
	idle    bool                  // accepted because the library has it; without effect here
	echo    bool                  // a value of the wrong type may be shown
	free    bool                  // of a table: whatever stands in it
	refused string                // why the key cannot be used, with the remedy after "; "
	check   func(n *node) problem // of the value alone, once its type is right
}

// A problem is what and remedy of an error, without its place.
type problem struct{ msg, hint string }

// A loader gathers what is wrong with a file.
type loader struct {
	file     string
	env      func(string) string
	errs     []*Error
	warnings []Warning
}

func (l *loader) fail(n *node, msg, hint string) {
	l.errs = append(l.errs, &Error{File: l.file, Line: n.line, Key: n.path(), Msg: msg, Hint: hint})
}

func (l *loader) warn(n *node, msg, hint string) { l.warnOf(CodeSetting, n, msg, hint) }

// idle warns of a setting from which the application gets nothing.
func (l *loader) idle(n *node, why, hint string) {
	l.warnOf(CodeNoEffect, n, "without effect: "+why, hint)
}

func (l *loader) warnOf(code Code, n *node, msg, hint string) {
	l.warnings = append(l.warnings, Warning{Code: code, Cache: cacheOf(n), File: l.file, Line: n.line, Key: n.path(), Msg: msg, Hint: hint})
}

// cacheOf is the alias of the cache that a node stands in.
func cacheOf(n *node) string {
	for ; n.parent != nil && n.parent.parent != nil; n = n.parent {
		if n.parent.name == "caches" && n.parent.parent.parent == nil {
			return n.name
		}
	}
	return ""
}

// validate checks the shape of n: its type, and all below it. Whatever passes
// has the types that the schema promises.
func (l *loader) validate(n *node, f *field) {
	if f.refused != "" {
		msg, hint, _ := strings.Cut(f.refused, "; ")
		l.fail(n, msg, hint)
		return
	}
	if n.kind&f.kinds == 0 {
		l.wrongType(n, f)
		return
	}
	if n.kind == kindString && f.none && n.value != "none" {
		l.wrongType(n, f)
		return
	}
	if f.check != nil {
		if p := f.check(n); p.msg != "" {
			l.fail(n, p.msg, p.hint)
			return
		}
	}
	switch n.kind {
	case kindArray:
		if f.each != nil {
			for _, item := range n.items {
				l.validate(item, f.each)
			}
		}
	case kindTable:
		for _, k := range n.keys {
			if !f.free {
				l.validateKey(k, f)
			}
		}
	}
}

func (l *loader) validateKey(k *node, f *field) {
	if f.each != nil {
		l.validate(k, f.each)
		return
	}
	i := slices.IndexFunc(f.table, func(g field) bool { return g.name == k.name })
	if i < 0 {
		l.fail(k, "unknown key", suggest(k, f))
		return
	}
	l.validate(k, &f.table[i])
}

// wrongType reports n without ever showing its value.
func (l *loader) wrongType(n *node, f *field) {
	hint := "write " + f.write
	if n.kind == kindString {
		text := n.value.(string)
		switch trimmed := strings.TrimSpace(text); {
		case f.kinds&(kindInt|kindFloat) != 0 && isNumber(trimmed):
			hint = "write " + trimmed + " without quotes"
		case f.none:
			l.fail(n, `the only text known here is "none"`, hint)
			return
		case f.kinds&kindBool != 0 && (strings.EqualFold(trimmed, "true") || strings.EqualFold(trimmed, "false")):
			hint = "write " + strings.ToLower(trimmed) + " without quotes"
		}
	}
	if f.echo && n.raw != "" {
		hint = "write " + quote(n.raw) + ", in quotes"
	}
	want := f.want
	if want == "" {
		want = kindNames(f.kinds)
	}
	l.fail(n, "expected "+want+", not "+n.kind.String(), hint)
}

func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && len(s) < 20 && strings.Trim(s, "0123456789") == ""
}

// kindNames lists types for people: "an integer or a string".
func kindNames(k kind) string {
	var names []string
	for one := kindTable; one < kindScalar; one <<= 1 {
		if k&one != 0 {
			names = append(names, one.String())
		}
	}
	switch len(names) {
	case 1:
		return names[0]
	default:
		return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
	}
}

// oneOf checks a string against the values that exist.
func oneOf(values ...string) func(*node) problem {
	return func(n *node) problem {
		s, ok := n.value.(string)
		if !ok || slices.Contains(values, s) {
			return problem{}
		}
		if near := Nearest(s, values); near != "" {
			return problem{"unknown value", "did you mean " + quote(near) + "?"}
		}
		return problem{"unknown value", "write one of " + strings.Join(values, ", ")}
	}
}

// between checks an integer.
func between(low, high int64) func(*node) problem {
	return func(n *node) problem {
		v, ok := n.value.(int64)
		if !ok || v >= low && v <= high {
			return problem{}
		}
		return problem{fmt.Sprintf("%d is not between %d and %d", v, low, high), "write a number in that range"}
	}
}

// atLeast checks an integer or a number with a fraction.
func atLeast(low int64) func(*node) problem {
	return func(n *node) problem {
		switch v := n.value.(type) {
		case int64:
			if v >= low {
				return problem{}
			}
		case float64:
			if v >= float64(low) {
				return problem{}
			}
		default:
			return problem{}
		}
		return problem{fmt.Sprintf("%s is less than %d", n.raw, low), "write a larger number"}
	}
}

// notEmpty checks a string.
func notEmpty(n *node) problem {
	if n.value == "" {
		return problem{"empty text", "write a value, or leave the key out"}
	}
	return problem{}
}
