package codec

import (
	"math"
	"strconv"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// maxJSONDepth is how deep CPython's json.loads reads what is written here: the
// limit of 1000 frames is that of all that called it, too, so that it leaves the
// application a hundred.
const maxJSONDepth = 890

func decodeJSON(g *pyobj.Graph, data []byte, rules Rules) (root pyobj.Ref, refused, err *Error) {
	root, e := pyobj.ParseJSON(g, data)
	if e != nil {
		return 0, nil, &Error{Kind: KindUnknown, Text: "json: " + e.Error(), Err: e}
	}
	if rules.Rust {
		refused = refusedByOrjson(g, root)
	}
	return root, refused, nil
}

// encodeJSON writes what json.dumps of Python does by default: ASCII, a blank
// after commas and colons. NaN and the infinities, which json.loads takes though
// JSON has none, are not written of values from elsewhere; tuples and keys that are
// no str, which come back as others, of those from somebody's hands alone. By other rules it
// is orjson that writes.
func encodeJSON(dst []byte, g *pyobj.Graph, root pyobj.Ref, rules Rules, from origin) (out []byte, err *Error) {
	w := jsonWriter{plainWriter: newPlainWriter(dst, g, "JSON", maxJSONDepth), loose: from != fromOther, dumps: from == fromPerson}
	if rules.Rust {
		w = orjsonWriter(dst, g, from)
	}
	defer catch(&err)
	w.value(root)
	w.bounded()
	return w.dst, nil
}

type jsonWriter struct {
	plainWriter
	loose bool // NaN and the infinities
	dumps bool // tuples, other keys, and what is read back as one character
	rust  bool // as orjson.dumps does
}

// between stands between two items, and behind a key.
func (w *jsonWriter) between(sign byte) {
	if w.dst = append(w.dst, sign); !w.rust {
		w.dst = append(w.dst, ' ')
	}
}

func (w *jsonWriter) text(s string) { w.dst = append(w.dst, s...) }

func (w *jsonWriter) value(r pyobj.Ref) {
	g := w.g
	switch g.Kind(r) {
	case pyobj.None:
		w.text("null")
	case pyobj.Bool:
		w.dst = strconv.AppendBool(w.dst, g.Bool(r))
	case pyobj.Int:
		if w.rust && !orjsonInt(g, r) {
			w.refuse("an int beyond 64 bits")
		}
		var ok bool
		if w.dst, ok = g.AppendInt(w.dst, r); !ok {
			w.fail(KindNumber, "an int of more than "+strconv.Itoa(MaxIntegerDigits)+" digits, which Python does not read")
		}
	case pyobj.Float:
		w.float(g.Float(r))
	case pyobj.Str:
		w.str(g.Data(r))
	case pyobj.List, pyobj.Tuple:
		if !w.dumps && g.Kind(r) == pyobj.Tuple {
			w.refuse(g.TypeName(r))
		}
		w.enter(r)
		w.text("[")
		w.items(r, func(i int, item pyobj.Ref) {
			if i > 0 {
				w.between(',')
			}
			w.value(item)
		})
		w.text("]")
		w.leave(r)
	case pyobj.Dict:
		w.enter(r)
		w.text("{")
		w.pairs(r, func(i int, key, value pyobj.Ref) {
			if i > 0 {
				w.between(',')
			}
			w.key(key)
			w.between(':')
			w.value(value)
		})
		w.text("}")
		w.leave(r)
	default:
		w.refuse(g.TypeName(r))
	}
}

// key writes a key of a dict. json.dumps makes a str of what is None, a bool or a
// number.
func (w *jsonWriter) key(r pyobj.Ref) {
	switch kind := w.g.Kind(r); {
	case kind == pyobj.Str:
		w.str(w.g.Data(r))
	case w.dumps && !w.rust && (kind == pyobj.None || kind == pyobj.Bool || kind == pyobj.Int || kind == pyobj.Float):
		w.text(`"`)
		w.value(r)
		w.text(`"`)
	default:
		w.refuse("a dict key of type " + w.g.TypeName(r))
	}
}

func (w *jsonWriter) float(f float64) {
	switch finite := !math.IsInf(f, 0) && f == f; {
	case finite && w.rust:
		w.dst = appendOrjsonFloat(w.dst, f)
	case finite:
		w.dst = pyobj.AppendFloat(w.dst, f)
	case w.rust && w.dumps:
		w.text("null")
	case !w.loose:
		w.refuse(string(pyobj.AppendFloat(nil, f)))
	case f > 0:
		w.text("Infinity")
	case f < 0:
		w.text("-Infinity")
	default:
		w.text("NaN")
	}
}

func (w *jsonWriter) str(text []byte) {
	if w.rust {
		w.compactStr(text)
		return
	}
	if !w.dumps && pyobj.HasSplitPair(text) {
		w.refuse("a str with a surrogate pair in two halves")
	}
	w.dst = append(w.dst, '"')
	for len(text) > 0 {
		r, width := utf8.DecodeRune(text)
		if r == utf8.RuneError && width == 1 { // a lone surrogate, in three bytes
			r, width = 0xd000|rune(text[1]&0x3f)<<6|rune(text[2]&0x3f), 3
		}
		text = text[width:]
		switch {
		case r == '"' || r == '\\':
			w.dst = append(w.dst, '\\', byte(r))
		case r == '\n':
			w.text(`\n`)
		case r == '\r':
			w.text(`\r`)
		case r == '\t':
			w.text(`\t`)
		case r == '\b':
			w.text(`\b`)
		case r == '\f':
			w.text(`\f`)
		case ' ' <= r && r <= '~':
			w.dst = append(w.dst, byte(r))
		case r > 0xffff:
			w.unit(0xd800 + (r-0x10000)>>10)
			w.unit(0xdc00 + (r-0x10000)&0x3ff)
		default:
			w.unit(r)
		}
	}
	w.dst = append(w.dst, '"')
}

// unit writes a UTF-16 code unit as an escape.
func (w *jsonWriter) unit(r rune) {
	w.bounded() // six bytes for one or two
	const hex = "0123456789abcdef"
	w.dst = append(w.dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
