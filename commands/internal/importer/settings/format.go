package settings

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// joined is an f-string, or literals side by side.
func (r *runner) joined(x *joined) *Value {
	var b textBuilder
	kind, unicode := Str, false
	for i, p := range x.parts {
		item := r.glance(p.value)
		if !p.field {
			if item.Kind != Bytes && item.Kind != Str {
				r.suspectParts(x, i+1)
				return reason(item, x.at())
			}
			b.text(item.Text)
			kind, unicode = item.Kind, unicode || item.unicode
			continue
		}
		spec := text("")
		if p.spec != nil {
			spec = r.joined(p.spec)
		}
		if spec.Kind == Str && isWhole(item, p.conv, spec.Text) && b.value(item) {
			if b.tooLong() {
				r.suspectParts(x, i+1)
				return unknown(x.at(), "the text is too long")
			}
			continue
		}
		s, bad := formatted(item, p.conv, spec, x.at())
		if bad == nil && b.size+len(s) > maxText {
			bad = unknown(x.at(), "the text is too long")
		}
		if bad != nil {
			r.suspectParts(x, i+1)
			return b.firstOpen(bad)
		}
		b.formatted(s, item)
		b.of = append(b.of, spec)
	}
	v := b.result(x.at())
	if v.Kind == Str {
		v.Kind, v.unicode = kind, unicode
	}
	return v
}

// suspectParts is for those of a text that are not evaluated.
func (r *runner) suspectParts(x *joined, from int) {
	if from < len(x.parts) {
		r.suspect(x.at(), "the text before is not known", []expr{&joined{line: x.line, parts: x.parts[from:]}}, nil)
	}
}

// formatted is format(v, spec) after a conversion; bad says why it is not known.
func formatted(v *Value, conv byte, spec *Value, line int) (s string, bad *Value) {
	switch {
	case v.Kind == Unknown:
		return "", v.derived()
	case spec.Kind == Unknown:
		return "", spec.derived()
	}
	ok := true
	switch conv {
	case 'r':
		s, ok = v.repr()
		v = text(s)
	case 's':
		s, ok = v.str()
		v = text(s)
	case 'a':
		ok = false
	}
	if ok && spec.Text == "" {
		s, ok = v.str()
	} else if ok {
		s, ok = padded(v, spec.Text)
	}
	if !ok {
		return "", reason(&Value{Kind: v.Kind, Text: v.Text, Why: v.Why}, line)
	}
	return s, nil
}

// padded formats by a specification of fill, alignment, zero, width and d or s;
// others are not followed.
func padded(v *Value, spec string) (string, bool) {
	fill, align := " ", ""
	if r, n := utf8.DecodeRuneInString(spec); n < len(spec) && strings.Contains("<>^", spec[n:n+1]) {
		fill, align, spec = string(r), spec[n:n+1], spec[n+1:]
	} else if spec != "" && strings.Contains("<>^", spec[:1]) {
		align, spec = spec[:1], spec[1:]
	}
	number := v.Kind == Int
	if number && align == "" && strings.HasPrefix(spec, "0") {
		fill, align = "0", "="
	}
	digits := spec
	if n := len(spec); n > 0 && (number && spec[n-1] == 'd' || v.Kind == Str && spec[n-1] == 's') {
		digits = spec[:n-1]
	}
	width := 0
	if digits != "" {
		var err error
		if width, err = strconv.Atoi(digits); err != nil || strings.Trim(digits, "0123456789") != "" || width > 1000 {
			return "", false
		}
	}
	if !number && v.Kind != Str || !number && strings.HasPrefix(digits, "0") {
		return "", false
	}
	s, _ := v.str()
	room := max(0, width-utf8.RuneCountInString(s))
	switch {
	case align == "=" && strings.HasPrefix(s, "-"):
		return "-" + strings.Repeat(fill, room) + s[1:], true
	case align == "^":
		return strings.Repeat(fill, room/2) + s + strings.Repeat(fill, room-room/2), true
	case align == "<" || align == "" && !number:
		return s + strings.Repeat(fill, room), true
	}
	return strings.Repeat(fill, room) + s, true
}

// percent is text % v.
func (r *runner) percent(x, y *Value, line int) *Value {
	args := []*Value{y}
	if y.Kind == Tuple {
		args = y.Items
		if y.Why != nil {
			return reason(y, line)
		}
	}
	b := textBuilder{of: []*Value{x}}
	used := 0
	for rest := x.Text; rest != ""; {
		before, field, found := strings.Cut(rest, "%")
		b.text(before)
		if !found {
			break
		}
		if after, ok := strings.CutPrefix(field, "%"); ok {
			b.text("%")
			rest = after
			continue
		}
		var arg *Value
		if name, after, ok := strings.Cut(strings.TrimPrefix(field, "("), ")"); ok && strings.HasPrefix(field, "(") {
			if arg = y.Get(name); arg == nil {
				return reason(y, line)
			}
			field = after
			used = len(args)
		} else {
			if used >= len(args) {
				return unknown(line, "the text takes more values than there are")
			}
			arg = args[used]
			used++
		}
		n := strings.IndexFunc(field, func(c rune) bool { return !strings.ContainsRune("-0123456789", c) })
		if n < 0 {
			return unknown(line, "this format is not followed")
		}
		if field[n] != 's' || n > 0 || !b.value(arg) {
			s, bad := percentField(arg, field[:n], field[n], line)
			if bad != nil {
				return b.firstOpen(bad)
			}
			b.formatted(s, arg)
		}
		if b.tooLong() {
			return unknown(line, "the text is too long")
		}
		rest = field[n+1:]
	}
	if used < len(args) && y.Kind != Dict {
		return unknown(line, "the text takes fewer values than there are")
	}
	return b.result(line)
}

// percentField is one %… with its flags and width.
func percentField(v *Value, width string, verb byte, line int) (string, *Value) {
	if v.Kind == Unknown {
		return "", v.derived()
	}
	ok, s := false, ""
	switch verb {
	case 's':
		s, ok = v.str()
	case 'r':
		s, ok = v.repr()
	case 'd', 'i', 'u':
		if v.isNumber() {
			n := integer(v.Int)
			if v.Kind == Float {
				n.Int = int64(v.Float)
			}
			if s, ok = n.str(); strings.HasPrefix(width, "0") {
				s, ok = padded(n, width)
				width = ""
			}
		}
	}
	if !ok {
		return "", reason(v, line)
	}
	if width == "" {
		return s, nil
	}
	left := strings.HasPrefix(width, "-")
	n, err := strconv.Atoi(strings.TrimPrefix(width, "-"))
	if err != nil || n > 1000 {
		return "", unknown(line, "this format is not followed")
	}
	if room := strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s))); left {
		s += room
	} else {
		s = room + s
	}
	return s, nil
}

// format is text.format(…).
func (r *runner) format(x *Value, a *arguments) *Value {
	b := textBuilder{of: []*Value{x}}
	auto := 0
	for rest := x.Text; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			b.text(rest)
			break
		}
		b.text(rest[:i])
		if strings.HasPrefix(rest[i:], "{{") || strings.HasPrefix(rest[i:], "}}") {
			b.text(rest[i : i+1])
			rest = rest[i+2:]
			continue
		}
		end := strings.IndexByte(rest[i:], '}')
		if rest[i] == '}' || end < 0 || strings.Contains(rest[i+1:i+end], "{") {
			return unknown(a.line, "this format is not followed")
		}
		field, spec, _ := strings.Cut(rest[i+1:i+end], ":")
		field, conv, _ := strings.Cut(field, "!")
		rest = rest[i+end+1:]
		if len(conv) > 1 {
			return unknown(a.line, "this format is not followed")
		}
		arg := a.field(field, &auto)
		if arg == nil {
			return unknown(a.line, fmt.Sprintf("the format has no value for {%s}", field))
		}
		if how := (conv + "\x00")[0]; !isWhole(arg, how, spec) || !b.value(arg) {
			s, bad := formatted(arg, how, text(spec), a.line)
			if bad != nil {
				return b.firstOpen(bad)
			}
			b.formatted(s, arg)
		}
		if b.tooLong() {
			return unknown(a.line, "the text is too long")
		}
	}
	return b.result(a.line)
}

// field finds the value of {}, {0}, {name} or {name[key]}; nil if there is none.
func (a *arguments) field(name string, auto *int) *Value {
	name, rest, indexed := strings.Cut(name, "[")
	var v *Value
	if name == "" {
		v = a.get(*auto, "")
		*auto++
	} else if i, err := strconv.Atoi(name); err == nil {
		v = a.get(i, "")
	} else {
		v = a.named.Get(name)
	}
	if !indexed || v == nil {
		return v
	}
	key, tail, _ := strings.Cut(rest, "]")
	if tail != "" {
		return nil
	}
	if i, err := strconv.Atoi(key); err == nil && v.Kind != Dict && i >= 0 && i < len(v.Items) {
		return v.Items[i]
	}
	return v.Get(key)
}
