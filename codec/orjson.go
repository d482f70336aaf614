package codec

import (
	"math"
	"strconv"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// maxOrjsonDepth is how deep orjson.dumps writes; orjson.loads reads deeper.
const maxOrjsonDepth = 254

// orjsonWriter is what orjson.dumps does without options: no blanks, UTF-8 as it is,
// ints of 64 bits, and keys that are str.
func orjsonWriter(dst []byte, g *pyobj.Graph, from origin) jsonWriter {
	return jsonWriter{plainWriter: newPlainWriter(dst, g, "orjson", maxOrjsonDepth), dumps: from == fromPerson, rust: true}
}

// orjsonInt reports whether orjson.dumps writes an int, and orjson.loads reads it as one:
// what is wider is a float to it.
func orjsonInt(g *pyobj.Graph, r pyobj.Ref) bool {
	_, ok := g.Int64(r)
	return ok || g.Big(r).IsUint64()
}

// appendOrjsonFloat appends a float as the crate ryu of Rust writes it, which is the
// shortest text that is read back the same, as Python's repr, with an exponent from 1e16 on
// and below 1e-5, and no sign or zero in that where there need be none.
func appendOrjsonFloat(dst []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a >= 1e16 || a < 1e-5) {
		start := len(dst)
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		at := start
		for dst[at] != 'e' {
			at++
		}
		n, _ := strconv.Atoi(string(dst[at+1:]))
		return strconv.AppendInt(dst[:at+1], int64(n), 10)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

// compactStr writes a str as orjson does.
func (w *jsonWriter) compactStr(text []byte) {
	if !utf8.Valid(text) {
		w.refuse("a str with a lone surrogate")
	}
	w.dst = append(w.dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			w.dst = append(w.dst, '\\', c)
		case c >= ' ':
			w.dst = append(w.dst, c)
		case c == '\n':
			w.text(`\n`)
		case c == '\r':
			w.text(`\r`)
		case c == '\t':
			w.text(`\t`)
		case c == '\b':
			w.text(`\b`)
		case c == '\f':
			w.text(`\f`)
		default:
			w.unit(rune(c))
		}
	}
	w.dst = append(w.dst, '"')
}

// refusedByOrjson tells what of a JSON document json.loads reads and orjson.loads does
// not, or as something else; nil if nothing.
func refusedByOrjson(g *pyobj.Graph, r pyobj.Ref) *Error {
	what := ""
	switch g.Kind(r) {
	case pyobj.Int:
		if !orjsonInt(g, r) {
			what = "an int beyond 64 bits, which orjson reads as a float"
		}
	case pyobj.Float:
		if f := g.Float(r); math.IsInf(f, 0) || f != f {
			what = string(pyobj.AppendFloat(nil, f)) + ", which orjson refuses"
		}
	case pyobj.Str:
		if !utf8.Valid(g.Data(r)) {
			what = "a lone surrogate, which orjson refuses"
		}
	case pyobj.List, pyobj.Dict:
		for _, item := range g.Items(r) {
			if e := refusedByOrjson(g, item); e != nil {
				return e
			}
		}
	}
	if what == "" {
		return nil
	}
	return &Error{Kind: KindUnrepresentable, Text: "json: " + what}
}
