package pyobj

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
)

// NotJSONError says which part of a value JSON cannot say exactly.
type NotJSONError struct {
	Path string // from the root, such as $.user.tags[3]
	Type string // "datetime", "tuple", "nan"
}

func (e *NotJSONError) Error() string {
	return shortPath(e.Path) + ": " + e.Type + " has no exact JSON form"
}

// shortPath leaves the middle out of the path to something that is very deep.
func shortPath(path string) string {
	const end = 100
	if len(path) <= 3*end {
		return path
	}
	return strings.ToValidUTF8(path[:end], "") + " … " + strings.ToValidUTF8(path[len(path)-end:], "")
}

// AppendJSON appends r as one line of JSON that reads back as an equal value:
// None, bool, int, finite float, str, list, and dict with str keys. Anything
// else is a *NotJSONError, unless typed asks for the tagged form, in which
//
//	tuple set frozenset           {"$tuple":[…]} {"$set":[…]} {"$frozenset":[…]}
//	bytes bytearray               {"$bytes":"BASE64"} {"$bytearray":"BASE64"}
//	nan inf -inf                  {"$float":"nan"} …
//	dict with other keys, or with a key that begins with $
//	                              {"$dict":[[KEY,VALUE],…]}
//	str with the halves of a surrogate pair as two characters
//	                              {"$str":"BASE64 of its UTF-8, 3 bytes each half"}
//	datetime date time            {"$datetime":"2024-01-02T03:04:05+00:00"} …
//	Decimal UUID                  {"$decimal":"1.5"} {"$uuid":"…"}
//	a class or function           {"$class":"module.Name"}
//	any other object              {"$obj":{"class":…,"args":…,"kwargs":…,"items":…,"state":…}}
//	persistent id, extension      {"$persistent":…} {"$ext":300}
//
// Shared parts are written wherever they occur, within a bound; a value that
// contains itself is refused in both forms.
func (g *Graph) AppendJSON(dst []byte, r Ref, typed bool) (out []byte, err error) {
	w := jsonWriter{printer: newPrinter(g, dst, Limits{}), typed: typed}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *NotJSONError:
			out, err = dst, e
		default:
			panic(e)
		}
	}()
	w.value(r)
	return w.dst, nil
}

// jsonWriter panics with *NotJSONError.
type jsonWriter struct {
	printer
	typed bool
	path  []byte
}

func (w *jsonWriter) fail(what string) {
	panic(&NotJSONError{Path: "$" + string(w.path), Type: what})
}

// tag begins the typed form of something that has no form of its own.
func (w *jsonWriter) tag(name, what string) {
	if !w.typed {
		w.fail(what)
	}
	w.text(`{"$` + name + `":`)
}

func (w *jsonWriter) value(r Ref) {
	g := w.g
	if w.left--; w.left < 0 || len(w.dst) > w.end {
		w.fail("a value with more shared parts than can be written out")
	}
	switch g.Kind(r) {
	case None:
		w.text("null")
	case Bool:
		w.dst = strconv.AppendBool(w.dst, g.Bool(r))
	case Int:
		var ok bool
		if w.dst, ok = g.appendInt(w.dst, r, HugeDigits); !ok {
			w.fail("an int of more than " + strconv.Itoa(HugeDigits) + " digits")
		}
	case Float:
		f := g.Float(r)
		if !math.IsInf(f, 0) && f == f {
			w.dst = AppendFloat(w.dst, f)
			return
		}
		text := string(AppendFloat(nil, f))
		w.tag("float", text)
		w.text(`"` + text + `"}`)
	case Str:
		w.str(g.Data(r))
	case Bytes:
		w.base64("bytes", g.Data(r))
	case ByteArray:
		w.base64("bytearray", g.Data(r))
	case Global:
		w.tag("class", "class")
		w.class(r)
		w.text("}")
	default:
		w.compound(r)
	}
}

func (w *jsonWriter) base64(tag string, data []byte) {
	w.tag(tag, tag)
	w.text(`"`)
	w.dst = base64.StdEncoding.AppendEncode(w.dst, data)
	w.text(`"}`)
}

// compound writes what may contain itself.
func (w *jsonWriter) compound(r Ref) {
	g := w.g
	if !w.enter(r) {
		w.fail("a " + g.TypeName(r) + " that contains itself")
	}
	if w.depth > maxReprDepth {
		w.fail("a value nested more than " + strconv.Itoa(maxReprDepth) + " deep")
	}
	switch g.Kind(r) {
	case List:
		w.list(g.Items(r))
	case Tuple, Set, FrozenSet:
		name := g.Kind(r).String()
		w.tag(name, name)
		w.list(g.Items(r))
		w.text("}")
	case Dict:
		w.dict(r)
	default:
		w.object(r)
	}
	w.leave(r)
}

func (w *jsonWriter) list(items []Ref) {
	w.text("[")
	n := len(w.path)
	for i, item := range items {
		if i > 0 {
			w.text(",")
		}
		w.path = strconv.AppendInt(append(w.path, '['), int64(i), 10)
		w.path = append(w.path, ']')
		w.value(item)
		w.path = w.path[:n]
	}
	w.text("]")
}

func (w *jsonWriter) dict(r Ref) {
	g := w.g
	items := g.Items(r)
	n := len(w.path)
	plain := true
	for i := 0; i < len(items) && plain; i += 2 {
		if g.Kind(items[i]) != Str {
			if !w.typed {
				w.path = g.AppendKeyPath(w.path, items[i])
				w.fail("dict key of type " + g.TypeName(items[i]))
			}
			plain = false
		} else if key := g.Data(items[i]); w.typed && (len(key) > 0 && key[0] == '$' || HasSplitPair(key)) {
			plain = false
		}
	}
	if plain {
		w.text("{")
	} else {
		w.text(`{"$dict":[`)
	}
	for i := 0; i < len(items); i += 2 {
		if i > 0 {
			w.text(",")
		}
		w.path = g.AppendKeyPath(w.path[:n], items[i])
		if plain {
			w.str(g.Data(items[i]))
			w.text(":")
			w.value(items[i+1])
		} else {
			w.text("[")
			w.value(items[i])
			w.text(",")
			w.value(items[i+1])
			w.text("]")
		}
	}
	w.path = w.path[:n]
	if plain {
		w.text("}")
	} else {
		w.text("]}")
	}
}

// AppendKeyPath appends to a path such as $.user what leads to the value under a
// key: .name, or the key in brackets when it is not a plain name.
func (g *Graph) AppendKeyPath(path []byte, key Ref) []byte {
	if g.Kind(key) == Str {
		name := string(g.Data(key))
		if name != "" && !isDigit(name[0]) && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" {
			return append(append(path, '.'), name...)
		}
	}
	path = append(path, '[')
	path = g.AppendRepr(path, key, Limits{Depth: 2, Items: 4, Chars: 60, Nodes: 10})
	return append(path, ']')
}

// str writes a string. What repr would escape is escaped here too, so that
// nothing in it can drive a terminal.
func (w *jsonWriter) str(text []byte) {
	if HasSplitPair(text) {
		// JSON would join the two halves.
		w.tag("str", "str with a surrogate pair in two halves")
		w.text(`"`)
		w.dst = base64.StdEncoding.AppendEncode(w.dst, text)
		w.text(`"}`)
		return
	}
	w.dst = append(w.dst, '"')
	for len(text) > 0 {
		r, width := decodeRune(text)
		switch {
		case r == '"' || r == '\\':
			w.dst = append(w.dst, '\\', byte(r))
		case r == '\n' || r == '\r' || r == '\t':
			w.dst = appendEscape(w.dst, r)
		case isPrintable(r):
			w.dst = append(w.dst, text[:width]...)
		case r > 0xffff:
			w.unit(0xd800 + (r-0x10000)>>10)
			w.unit(0xdc00 + (r-0x10000)&0x3ff)
		default:
			w.unit(r)
		}
		text = text[width:]
	}
	w.dst = append(w.dst, '"')
}

// unit writes a UTF-16 code unit as an escape.
func (w *jsonWriter) unit(r rune) {
	w.dst = append(w.dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// HasSplitPair reports whether the text of a Str has a high surrogate followed
// by a low one as two characters, which most formats would join.
func HasSplitPair(text []byte) bool {
	for i := 0; i+5 < len(text); i++ {
		if text[i] == 0xed && text[i+1]&0xf0 == 0xa0 && text[i+3] == 0xed && text[i+4]&0xf0 == 0xb0 {
			return true
		}
	}
	return false
}

func (w *jsonWriter) class(r Ref) {
	module, name := w.g.Name(r)
	w.str([]byte(string(module) + "." + string(name)))
}

// TypeName names the type of r the way a person would: the class of an object,
// without its module.
func (g *Graph) TypeName(r Ref) string {
	if g.Kind(r).IsCall() {
		if c := g.call(r); c.class != 0 {
			_, name := g.Name(c.class)
			if c.class == SymGetattr && len(c.args) == 2 && g.Kind(c.args[0]) == Global {
				_, name = g.Name(c.args[0]) // a member of an enum
			}
			if label, ok := g.modelLabel(&c); ok {
				name = label
			}
			return string(appendText(nil, name, 0))
		}
	}
	return g.Kind(r).String()
}

func (w *jsonWriter) object(r Ref) {
	g := w.g
	switch g.Kind(r) {
	case PersID:
		w.tag("persistent", "persistent object")
		w.value(g.ID(r))
		w.text("}")
		return
	case Ext:
		w.tag("ext", "extension object")
		w.text(strconv.Itoa(int(g.Code(r))) + "}")
		return
	}
	if !w.typed {
		w.fail(g.TypeName(r))
	}
	c := g.call(r)
	if w.known(&c) {
		return
	}
	w.text(`{"$obj":{"class":`)
	if c.class != 0 && c.method == "" {
		w.class(c.class)
	} else {
		w.value(g.Parts(r).Callable)
	}
	if c.argsRef != 0 {
		w.text(`,"args":`)
		w.value(c.argsRef)
	} else if len(c.args) > 0 {
		w.text(`,"args":`)
		w.list(c.args)
	}
	if k := g.Parts(r).Kwargs; k != 0 {
		w.text(`,"kwargs":`)
		w.value(k)
	}
	for _, op := range c.ops {
		switch op.Kind {
		case OpAppend, OpAdd:
			w.text(`,"items":`)
			w.list(g.Items(op.Items))
		case OpSetItem:
			w.text(`,"items":[`)
			for i, items := 0, g.Items(op.Items); i < len(items); i += 2 {
				if i > 0 {
					w.text(",")
				}
				w.list(items[i : i+2])
			}
			w.text("]")
		case OpBuild:
			w.text(`,"state":`)
			w.value(op.State)
		case OpEffect:
			w.text(`,"effect":`)
			w.value(op.Callable)
		}
	}
	w.text("}}")
}

// known writes the tagged form of the few classes that have one. What the repr
// printer knows how to take apart is taken from its notation.
func (w *jsonWriter) known(c *call) bool {
	if c.class == 0 || c.argsRef != 0 || c.method != "" {
		return false
	}
	module, name := w.g.Name(c.class)
	switch string(module) + "." + string(name) {
	case "decimal.Decimal":
		if w.is(c, Str) {
			w.tag("decimal", "")
			w.str(w.g.Data(c.args[0]))
			w.text("}")
			return true
		}
	case "uuid.UUID":
		p := printer{g: w.g, left: 8}
		if p.uuid(c) {
			w.tag("uuid", "")
			w.text(`"` + string(p.dst[len("UUID('"):len(p.dst)-len("')")]) + `"}`)
			return true
		}
	case "datetime.datetime", "datetime.date", "datetime.time":
		if text, ok := w.g.isoFormat(c, string(name)); ok {
			w.tag(string(name), "")
			w.text(`"` + text + `"}`)
			return true
		}
	}
	return false
}
