package settings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// timedelta is datetime.timedelta(…).
func timedelta(a *arguments) *Value {
	units := []struct {
		name    string
		seconds float64
	}{{"days", 86400}, {"seconds", 1}, {"microseconds", 1e-6}, {"milliseconds", 1e-3}, {"minutes", 60}, {"hours", 3600}, {"weeks", 604800}}
	d := &Value{Kind: Duration}
	for i, u := range units {
		switch v := a.get(i, u.name); {
		case v == nil:
		case !v.isNumber():
			return reason(v, a.line)
		default:
			d.Float += v.float() * u.seconds
			d.dependsOn(v)
		}
	}
	return d
}

// cast is int(v), float(v) or bool(v).
func cast(to string, v *Value, line int) *Value {
	if v.Kind == Unknown {
		return v.derived()
	}
	s := strings.TrimSpace(v.Text)
	switch {
	case to == "bool":
		if truth, known := v.truth(); known {
			return boolean(truth).dependsOn(v)
		}
	case to == "int" && (v.Kind == Int || v.Kind == Bool):
		return integer(v.Int).dependsOn(v)
	case to == "int" && v.Kind == Float && math.Abs(v.Float) < 1<<62:
		return integer(int64(v.Float)).dependsOn(v)
	case to == "int" && v.Kind == Str && decimal(s):
		if n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64); err == nil {
			return integer(n).dependsOn(v)
		}
	case to == "float" && v.isNumber():
		return (&Value{Kind: Float, Float: v.float()}).dependsOn(v)
	case to == "float" && v.Kind == Str && strings.Trim(s, "+-0123456789.e") == "":
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return (&Value{Kind: Float, Float: f}).dependsOn(v)
		}
	}
	return unknown(line, to+"() cannot read this")
}

// decimal reports whether int() of Python reads a text without blanks.
func decimal(s string) bool {
	digits := strings.TrimLeft(s, "+-")
	return len(s)-len(digits) <= 1 && digits != "" && strings.Trim(digits, "0123456789_") == "" &&
		!strings.Contains(digits, "__") && digits[0] != '_' && digits[len(digits)-1] != '_'
}

func (r *runner) collection(name string, a *arguments) *Value {
	v := &Value{Kind: map[string]Kind{"list": List, "tuple": Tuple, "set": Set, "frozenset": Set}[name]}
	if len(a.list) == 0 {
		return v
	}
	if of := a.list[0]; of.Kind == Set && v.Kind == Set {
		return of.snapshot()
	}
	items, ok := r.iterate(a.list[0])
	if !ok {
		v = reason(a.list[0], a.line)
		if a.list[0].Kind == Set {
			v.Why = &Reason{"a set has no order", a.line}
		}
		return v
	}
	if v.Kind != Set {
		v.Items = items
		return v
	}
	for _, item := range items {
		if !v.add(item) {
			v.Why = &Reason{"an item of a set cannot be told", a.line}
		}
	}
	return v
}

func (r *runner) rangeOf(a *arguments) *Value {
	n := [3]int64{0, 0, 1}
	for i, v := range a.list {
		if v.Kind != Int || i > 2 {
			return reason(v, a.line)
		}
		if n[i] = v.Int; len(a.list) == 1 {
			n[0], n[1] = 0, v.Int
		}
	}
	v := &Value{Kind: List} // as far as settings see
	for i := n[0]; n[2] > 0 && i < n[1] || n[2] < 0 && i > n[1]; i += n[2] {
		if r.step(1) || len(v.Items) > maxSteps {
			return unknown(a.line, "the range is too long")
		}
		v.Items = append(v.Items, integer(i))
	}
	return v
}

// sorted is sorted() of texts, or of numbers.
func (r *runner) sorted(a *arguments) *Value {
	if len(a.list) != 1 || len(a.named.Items) > 0 {
		return nil
	}
	of := a.list[0]
	items, ok := r.iterate(of)
	if of.Kind == Set && of.Why == nil {
		items, ok = slices.Clone(of.Items), true
	}
	for _, item := range items {
		_, known := r.compare("<", items[0], item)
		ok = ok && known
	}
	if !ok {
		return nil
	}
	slices.SortStableFunc(items, func(a, b *Value) int {
		if less, _ := r.compare("<", a, b); less {
			return -1
		}
		if more, _ := r.compare(">", a, b); more {
			return 1
		}
		return 0
	})
	return &Value{Kind: List, Items: items}
}

// quoted is urllib.parse.quote(text, safe).
func quoted(fn string, a *arguments) *Value {
	v, safe := a.get(0, "string"), "/"
	plus := strings.HasSuffix(fn, "_plus")
	if plus {
		safe = ""
	}
	if s := a.get(1, "safe"); s != nil {
		if s.Kind != Str {
			return reason(s, a.line)
		}
		safe = s.Text
	}
	switch {
	case v == nil || len(a.list)+len(a.named.Items) > 2:
		return nil
	case v.Kind == Unknown && v.Var != "":
		c := *v
		c.Var, c.pieces = "", []Piece{{Var: v.Var, Open: true, Quoted: true}}
		return &c
	case v.Kind != Str:
		return reason(v, a.line)
	}
	var b strings.Builder
	for i := range len(v.Text) {
		switch c := v.Text[i]; {
		case c == ' ' && plus:
			b.WriteByte('+')
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_.-~"+safe, c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteString(fmt.Sprintf("%%%02X", c))
		}
	}
	quoted := text(b.String()).dependsOn(v)
	if v.Var != "" {
		quoted.pieces = []Piece{{Text: quoted.Text, Var: v.Var, Quoted: true, Told: v.given}}
	}
	return quoted
}
