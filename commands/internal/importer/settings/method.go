package settings

import (
	"slices"
	"strings"
)

// method calls a method of a value that is no module.
func (r *runner) method(line int, of *Value, name string, args []*Value, named *Value) *Value {
	a := &arguments{line: line, list: args, named: named}
	if named == nil {
		a.named = &Value{Kind: Dict}
	}
	why := &Reason{"." + name + "() is not followed", line}
	if of.escaped {
		r.shaky++
		r.loseAll(a, why)
		return &Value{Kind: Unknown, Line: line, Why: of.Why}
	}
	var v *Value
	switch of.Kind {
	case Str:
		v = r.textMethod(of, name, a)
	case Dict:
		v = r.dictMethod(of, name, a)
	case List:
		v = r.listMethod(of, name, a)
	case Duration:
		if name == "total_seconds" {
			v = (&Value{Kind: Float, Float: of.Float}).dependsOn(of)
		}
	}
	if v == nil {
		r.shaky++
		r.lose(of, why)
		r.loseAll(a, why)
		r.stir(why)
		return unknown(line, why.Text)
	}
	if v.Line == 0 {
		v.Line = line
	}
	return v
}

// textMethod is a method of str.
func (r *runner) textMethod(of *Value, name string, a *arguments) *Value {
	for _, v := range a.list {
		if v.Kind == Unknown && name != "format" {
			return v.derived()
		}
	}
	arg := func(i int) string {
		if i < len(a.list) && a.list[i].Kind == Str {
			return a.list[i].Text
		}
		return ""
	}
	texts := !slices.ContainsFunc(a.list, func(v *Value) bool { return v.Kind != Str })
	result := func(s string) *Value { return text(s).dependsOn(append(a.list, of)...) }
	switch {
	case name == "format":
		return r.format(of, a)
	case name == "join" && len(a.list) == 1:
		return r.join(of, a.list[0], a.line)
	case !texts || len(a.named.Items) > 0:
	case (name == "strip" || name == "lstrip" || name == "rstrip") && len(a.list) <= 1:
		cut := " \t\n\r\v\f"
		if len(a.list) == 1 {
			cut = arg(0)
		}
		s := of.Text
		if name != "rstrip" {
			s = strings.TrimLeft(s, cut)
		}
		if name != "lstrip" {
			s = strings.TrimRight(s, cut)
		}
		return result(s)
	case name == "lower" && len(a.list) == 0:
		return result(strings.ToLower(of.Text))
	case name == "upper" && len(a.list) == 0:
		return result(strings.ToUpper(of.Text))
	case name == "replace" && len(a.list) == 2:
		if n := strings.Count(of.Text, arg(0)) * len(arg(1)); n > maxText {
			return unknown(a.line, "the text is too long")
		}
		return result(strings.ReplaceAll(of.Text, arg(0), arg(1)))
	case name == "startswith" && len(a.list) == 1:
		return boolean(strings.HasPrefix(of.Text, arg(0))).dependsOn(of, a.list[0])
	case name == "endswith" && len(a.list) == 1:
		return boolean(strings.HasSuffix(of.Text, arg(0))).dependsOn(of, a.list[0])
	case name == "split" && len(a.list) <= 1:
		list := &Value{Kind: List, Line: a.line}
		parts := strings.FieldsFunc(of.Text, func(c rune) bool { return strings.ContainsRune(" \t\n\r\v\f", c) })
		if len(a.list) == 1 && arg(0) != "" {
			parts = strings.Split(of.Text, arg(0))
		} else if len(a.list) == 1 {
			return nil
		}
		if r.step(len(parts)) {
			return unknown(a.line, "the text is too long")
		}
		for _, part := range parts {
			list.Items = append(list.Items, result(part))
		}
		return list
	}
	return nil
}

// join is separator.join(items).
func (r *runner) join(separator, of *Value, line int) *Value {
	items, ok := r.iterate(of)
	if !ok {
		if of.Kind == Set && of.Why == nil {
			return unknown(line, "a set has no order")
		}
		return reason(of, line)
	}
	b := textBuilder{of: []*Value{separator, of}}
	for i, item := range items {
		if i > 0 {
			b.text(separator.Text)
		}
		if !b.value(item) {
			return reason(item, line)
		}
		if b.tooLong() {
			return unknown(line, "the text is too long")
		}
	}
	return b.result(line)
}

func (r *runner) dictMethod(of *Value, name string, a *arguments) *Value {
	key := a.get(0, "")
	list := func(item func(i int) *Value) *Value {
		v := &Value{Kind: List, Why: of.Why, Line: a.line}
		if r.step(len(of.Items)) {
			return unknown(a.line, "the dict is too large")
		}
		for i := range of.Items {
			v.Items = append(v.Items, item(i))
		}
		return v
	}
	switch {
	case name == "update" && len(a.list) <= 1:
		if key != nil {
			r.update(of, key, a.line)
		}
		r.update(of, a.named, a.line)
		return &Value{Kind: None}
	case name == "copy" && len(a.list) == 0:
		return of.snapshot()
	case name == "keys" && len(a.list) == 0:
		return list(func(i int) *Value { return of.Keys[i] })
	case name == "values" && len(a.list) == 0:
		return list(func(i int) *Value { return of.Items[i] })
	case (name == "items" || name == "iteritems") && len(a.list) == 0:
		return list(func(i int) *Value { return &Value{Kind: Tuple, Items: []*Value{of.Keys[i], of.Items[i]}} })
	case key == nil:
		return nil
	case key.Kind == Unknown:
		if name == "get" {
			return key.derived()
		}
		return nil
	}
	item, other := of.find(key), a.get(1, "default")
	if item == nil && of.Why != nil {
		item = &Value{Kind: Unknown, Line: a.line, Why: of.Why}
	}
	if other == nil {
		other = &Value{Kind: None}
	}
	switch {
	case name == "get" && item != nil, name == "setdefault" && item != nil:
		r.item = item
		return item
	case name == "get":
		return other
	case name == "setdefault":
		if !of.set(key, r.perhaps(other)) {
			return nil
		}
		return other
	case name == "pop" && r.unsure() != nil:
		of.set(key, r.perhaps(other))
		return r.perhaps(other)
	case name == "pop" && (item != nil || len(a.list) == 2):
		of.remove(key)
		if item != nil {
			return item
		}
		return other
	}
	return nil
}

func (r *runner) listMethod(of *Value, name string, a *arguments) *Value {
	if name == "copy" && len(a.list) == 0 {
		return of.snapshot()
	}
	if why := r.unsure(); why != nil && (name == "append" || name == "extend" || name == "insert") {
		r.lose(of, why)
		r.loseAll(a, why)
		return &Value{Kind: None}
	}
	switch {
	case name == "append" && len(a.list) == 1:
		of.Items = append(of.Items, a.list[0])
	case name == "extend" && len(a.list) == 1:
		items, ok := r.iterate(a.list[0])
		if !ok {
			r.shaky++
			r.lose(a.list[0], notIterable(a.list[0], a.line))
			r.lose(of, notIterable(a.list[0], a.line))
			break
		}
		of.Items = append(of.Items, items...)
	case name == "insert" && len(a.list) == 2 && a.list[0].Kind == Int:
		i := a.list[0].Int
		if i < 0 {
			i += int64(len(of.Items))
		}
		of.Items = slices.Insert(of.Items, int(min(max(i, 0), int64(len(of.Items)))), a.list[1])
	default:
		return nil
	}
	return &Value{Kind: None}
}
