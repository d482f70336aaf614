package yaml

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"

	"cachering/codec/pyobj"
)

// Append appends what yaml.dump(value, encoding="utf-8") of PyYAML writes. It
// refuses what PyYAML's FullLoader would not read back as an equal value;
// objects allows what only its UnsafeLoader reads, for a value that came from
// YAML. The error is an *Error.
func Append(dst []byte, g *pyobj.Graph, root pyobj.Ref, objects bool) (out []byte, err error) {
	e := encoder{emitter: emitter{dst: dst, indent: -1, blank: true, leading: true}, g: g, objects: objects}
	e.start, e.limit = len(dst), len(dst)+max(minBudget, 16*len(g.Source()))
	defer catch(&err)
	e.survey(root)
	e.value(root, inDocument)
	e.bounded()
	e.end()
	return e.dst, nil
}

// maxWritten is how deep a value is that is written: what called yaml.load needs
// some of Python's 1000 frames as well, and is left a hundred.
const maxWritten = 440

// minBudget is how many bytes any value may take. A larger one may take 16 times
// the bytes that it came from: a str that stands in a list again and again takes
// two bytes of a pickle each time.
const minBudget = 64 << 20

// encoder writes values: yaml/representer.py and yaml/serializer.py. A survey
// comes first: it refuses what cannot be written, and finds what occurs twice.
type encoder struct {
	emitter
	g       *pyobj.Graph
	objects bool
	start   int // length of dst before
	limit   int // length of dst from which on it is too much
	path    []byte
	depth   int
	seen    map[pyobj.Ref]int // what could be an alias: 0, or the number of its anchor
	anchors int
	written map[pyobj.Ref]bool
	sorted  map[pyobj.Ref][]pyobj.Ref // the entries of dicts and sets, as written
	calls   map[pyobj.Ref]*callForm
}

func (e *encoder) refuse(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	what, _, _ := strings.Cut(text, " has no ")
	what, _, _ = strings.Cut(what, " is made in more steps ")
	panic(&Error{Kind: Unrepresentable, Offset: -1, Path: string(e.path), What: what, Text: text})
}

// aliased tells the values whose identity PyYAML keeps: ignore_aliases of
// yaml/representer.py.
func (e *encoder) aliased(r pyobj.Ref) bool {
	switch e.g.Kind(r) {
	case pyobj.None, pyobj.Bool, pyobj.Int, pyobj.Float, pyobj.Str, pyobj.Bytes:
		return false
	}
	return r != pyobj.RefEmptyTuple
}

// survey visits what is in a value in the order in which it is written.
func (e *encoder) survey(r pyobj.Ref) {
	if e.aliased(r) {
		if n, again := e.seen[r]; again {
			if n == 0 {
				e.anchors++
				e.seen[r] = e.anchors
			}
			return
		}
		if e.seen == nil {
			e.seen = make(map[pyobj.Ref]int)
		}
		e.seen[r] = 0
	}
	deeper := 1
	switch e.g.Kind(r) {
	case pyobj.Tuple:
		deeper = 2 // as its constructor is on Python's stack, too
	case pyobj.List, pyobj.Dict, pyobj.Set:
	default:
		e.scalar(r)
		if e.form(r) == nil {
			return
		}
	}
	if e.depth += deeper; e.depth > maxWritten {
		e.refuse("a value nested deeper than PyYAML reads")
	}
	e.inside(r)
	e.depth -= deeper
}

// inside visits the items of a container or the parts of an object.
func (e *encoder) inside(r pyobj.Ref) {
	n := len(e.path)
	visit := func(r pyobj.Ref, path []byte) {
		e.path = path
		e.survey(r)
		e.path = e.path[:n]
	}
	list := func(items []pyobj.Ref) {
		for i, item := range items {
			visit(item, append(strconv.AppendInt(append(e.path, '['), int64(i), 10), ']'))
		}
	}
	switch e.g.Kind(r) {
	case pyobj.List, pyobj.Tuple:
		list(e.g.Items(r))
	case pyobj.Dict:
		pairs := e.entries(r)
		for i := 0; i < len(pairs); i += 2 {
			e.survey(pairs[i])
			visit(pairs[i+1], e.g.AppendKeyPath(e.path, pairs[i]))
		}
	case pyobj.Set:
		list(e.entries(r))
	default:
		f := e.form(r)
		for _, part := range f.parts {
			if part.many {
				list(part.items)
			} else {
				visit(part.items[0], append(append(e.path, '.'), part.name...))
			}
		}
	}
}

// entries are the keys and values of a dict or the items of a set, by the keys
// if these can be compared.
func (e *encoder) entries(r pyobj.Ref) []pyobj.Ref {
	step := 1
	if e.g.Kind(r) == pyobj.Dict {
		step = 2
	}
	items := e.g.Items(r)
	if len(items) <= step {
		return items
	}
	if pairs, ok := e.sorted[r]; ok {
		return pairs
	}
	if e.sorted == nil {
		e.sorted = make(map[pyobj.Ref][]pyobj.Ref)
	}
	items = sortedBy(e.g, items, step)
	e.sorted[r] = items
	return items
}

// scalarText is how a scalar is written.
type scalarText struct {
	tag     string
	text    []byte
	literal bool
	plain   bool // resolves to the tag
}

// scalar is how r is written if that is as one scalar; the tag is empty if not.
func (e *encoder) scalar(r pyobj.Ref) scalarText {
	g := e.g
	switch g.Kind(r) {
	case pyobj.None:
		return scalarText{tag: "!!null", text: []byte("null"), plain: true}
	case pyobj.Bool:
		return scalarText{tag: "!!bool", text: strconv.AppendBool(nil, g.Bool(r)), plain: true}
	case pyobj.Int:
		text, ok := g.AppendInt(nil, r)
		if !ok {
			panic(&Error{Kind: Number, Offset: -1, Path: string(e.path), Text: fmt.Sprintf("an int of more than %d digits, which Python does not read", g.Digits())})
		}
		return scalarText{tag: "!!int", text: text, plain: true}
	case pyobj.Float:
		return scalarText{tag: "!!float", text: appendFloat(nil, g.Float(r)), plain: true}
	case pyobj.Str:
		text := g.Data(r)
		return scalarText{tag: "!!str", text: text, plain: resolve(text) == tagStr}
	case pyobj.Bytes:
		return scalarText{tag: "!!binary", text: base64Lines(g.Data(r)), literal: true}
	case pyobj.Global:
		if e.objects || found(e.g.Name(r)) {
			return scalarText{tag: "!!python/name:" + e.dotted(r)}
		}
	case pyobj.Reduce:
		if iso, ok := g.ISOFormat(r); ok {
			// A zone with seconds is no timestamp any more.
			text := []byte(strings.Replace(iso, "T", " ", 1))
			if m, ok := parseMoment(text, true); ok && m.exists() {
				return scalarText{tag: "!!timestamp", text: text, plain: true}
			}
		}
		if re, im, ok := g.Complex(r); ok {
			return scalarText{tag: "!!python/complex", text: e.complex(re, im)}
		}
	}
	return scalarText{}
}

func appendFloat(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, ".nan"...)
	case math.IsInf(f, 1):
		return append(dst, ".inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-.inf"...)
	}
	text := string(pyobj.AppendFloat(nil, f))
	if mantissa, exponent, ok := strings.Cut(text, "e"); ok && !strings.Contains(mantissa, ".") {
		text = mantissa + ".0e" + exponent // a float of YAML has a point
	}
	return append(dst, text...)
}

// complex writes what represent_complex does, which leaves out a part of zero.
func (e *encoder) complex(re, im float64) []byte {
	negativeZero := func(f float64) bool { return f == 0 && math.Signbit(f) }
	if negativeZero(re) || negativeZero(im) || im != im {
		e.refuse("a complex of negative zero or nan has no YAML form")
	}
	switch {
	case im == 0:
		return pyobj.AppendFloat(nil, re)
	case re == 0:
		return append(pyobj.AppendFloat(nil, im), 'j')
	}
	text := pyobj.AppendFloat(nil, re)
	if im > 0 {
		text = append(text, '+')
	}
	return append(pyobj.AppendFloat(text, im), 'j')
}

// base64Lines is base64.encodebytes of Python: lines for 57 bytes each.
func base64Lines(data []byte) []byte {
	out := make([]byte, 0, len(data)*4/3+len(data)/57+8)
	for len(data) > 0 {
		n := min(len(data), 57)
		out = append(base64.StdEncoding.AppendEncode(out, data[:n]), '\n')
		data = data[n:]
	}
	return out
}

func anchorName(n int) string { return fmt.Sprintf("id%03d", n) }

// bounded refuses to go on when too much has been written.
func (e *encoder) bounded() {
	if len(e.dst) > e.limit || e.g.Lacks(3*(len(e.dst)-e.start)/2) {
		panic(&Error{Kind: TooLarge, Offset: -1, Text: "the YAML form is larger than the budget"})
	}
}

// value writes r where it stands.
func (e *encoder) value(r pyobj.Ref, where context) {
	e.bounded()
	if n := e.seen[r]; n > 0 {
		if e.written[r] {
			e.indicator("*"+anchorName(n), true)
			return
		}
		if e.written == nil {
			e.written = make(map[pyobj.Ref]bool)
		}
		e.written[r] = true
		e.indicator("&"+anchorName(n), true)
	}
	switch e.g.Kind(r) {
	case pyobj.List:
		e.sequence("", e.g.Items(r), where)
	case pyobj.Tuple:
		e.sequence("!!python/tuple", e.g.Items(r), where)
	case pyobj.Dict:
		e.mapping("", e.entries(r), 2)
	case pyobj.Set:
		e.mapping("!!set", e.entries(r), 1)
	default:
		if f := e.form(r); f != nil {
			e.object(f, where)
			return
		}
		e.scalarValue(e.scalar(r), where)
	}
}

func (e *encoder) tagged(tag string) {
	if tag != "" {
		e.indicator(tag, true)
	}
}

func (e *encoder) scalarValue(s scalarText, where context) {
	l := analyze(s.text)
	split := where != asKey
	isStr := s.tag == "!!str"
	isPlain := s.plain && l.plain && !s.literal
	if !isPlain && !isStr {
		e.tagged(s.tag)
	}
	e.push(true, false)
	switch {
	case isPlain:
		e.plain(s.text, where)
	case s.literal && l.block && split:
		e.literal(s.text)
	case !s.literal && l.single && (split || !l.lines):
		e.single(s.text, split)
	default:
		e.double(s.text, split)
	}
	e.pop()
}

// sequence writes a list. Under a key its dashes are not indented.
func (e *encoder) sequence(tag string, items []pyobj.Ref, where context) {
	e.tagged(tag)
	if len(items) == 0 {
		e.indicator("[]", true)
		return
	}
	e.push(false, where == inMapping && !e.leading)
	for _, item := range items {
		e.newIndent()
		e.mark("-")
		e.value(item, inSequence)
	}
	e.pop()
}

// mapping writes a dict, or, with a step of 1, a set as a dict without values.
func (e *encoder) mapping(tag string, entries []pyobj.Ref, step int) {
	e.tagged(tag)
	if len(entries) == 0 {
		e.indicator("{}", true)
		return
	}
	e.push(false, false)
	for i := 0; i < len(entries); i += step {
		value := pyobj.Ref(pyobj.RefNone)
		if step == 2 {
			value = entries[i+1]
		}
		e.newIndent()
		if e.simpleKey(entries[i]) {
			e.value(entries[i], asKey)
			e.indicator(":", false)
		} else {
			e.mark("?")
			e.value(entries[i], inMapping)
			e.newIndent()
			e.mark(":")
		}
		e.value(value, inMapping)
	}
	e.pop()
}

// longKey is from which length on a key wants a question mark; what counts is
// check_simple_key of yaml/emitter.py.
const longKey = 128

func (e *encoder) simpleKey(r pyobj.Ref) bool {
	length := 0
	if n := e.seen[r]; n > 0 {
		if e.written[r] {
			return true
		}
		length = len(anchorName(n))
	}
	switch e.g.Kind(r) {
	case pyobj.Tuple:
		return e.g.Len(r) == 0
	case pyobj.List, pyobj.Dict, pyobj.Set:
		return false // no keys in Python
	}
	if e.form(r) != nil {
		return false
	}
	s := e.scalar(r)
	if len(s.text) == 0 || analyze(s.text).lines {
		return false
	}
	for i := 0; i < len(s.text) && length <= longKey; length++ {
		_, n := char(s.text[i:])
		i += n
	}
	return length+len(s.tag) < longKey
}
