package pyobj

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// maxJSONDepth is how deep json.loads gets before CPython's recursion limit of
// 1000 stops it, called from the first line of a program.
const maxJSONDepth = 994

// ParseJSON reads text as Python's json.loads does into g, which is reset. That
// is JSON (RFC 8259) and NaN, Infinity and
// -Infinity; numbers without fraction and exponent are ints of any size up to
// Digits of g; a key that repeats keeps its first place and takes its
// last value; escaped surrogates that make a pair are joined, others stay.
// Equal keys of the document are one string, as Python's scanner makes them.
//
// The errors are *SyntaxError.
func ParseJSON(g *Graph, text []byte) (root Ref, err error) {
	p := jsonParser{builder: newBuilder(g), text: text}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *SyntaxError:
			root, err = 0, e
		default:
			panic(e)
		}
	}()
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		p.fail(0, "the document begins with a byte order mark")
	}
	p.space()
	root = p.value()
	p.space()
	if p.at < len(p.text) {
		p.fail(p.at, "extra data after the value")
	}
	p.finish()
	return root, nil
}

// jsonParser is a recursive descent whose methods panic with *SyntaxError.
type jsonParser struct {
	builder
	text  []byte
	at    int
	depth int
	buf   []byte
	keys  map[string]Ref // every key of the document so far
}

func (p *jsonParser) fail(at int, format string, args ...any) {
	panic(syntaxError(p.text, at, format, args...))
}

func (p *jsonParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *jsonParser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *jsonParser) word(w string) bool {
	if !bytes.HasPrefix(p.text[p.at:], []byte(w)) {
		return false
	}
	p.at += len(w)
	return true
}

func (p *jsonParser) value() Ref {
	switch c := p.peek(); {
	case c == '"':
		return p.str(p.string())
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case isDigit(c) || c == '-' && p.at+1 < len(p.text) && isDigit(p.text[p.at+1]):
		return p.number()
	case p.word("null"):
		return p.none()
	case p.word("true"):
		return p.bool(true)
	case p.word("false"):
		return p.bool(false)
	case p.word("NaN"):
		return p.float(nan)
	case p.word("Infinity"):
		return p.float(infinity)
	case p.word("-Infinity"):
		return p.float(-infinity)
	}
	p.fail(p.at, "a value is expected here")
	panic("unreachable")
}

func (p *jsonParser) enter() {
	if p.depth == maxJSONDepth {
		p.fail(p.at, "the document is nested deeper than Python reads")
	}
	p.depth++
	p.at++
	p.space()
}

func (p *jsonParser) array() Ref {
	mark := p.mark()
	p.enter()
	for first := true; p.peek() != ']'; first = false {
		if !first {
			p.comma(']')
		}
		p.push(p.value())
		p.space()
	}
	p.depth--
	p.at++
	return p.list(mark)
}

func (p *jsonParser) object() Ref {
	mark := p.mark()
	p.enter()
	for first := true; p.peek() != '}'; first = false {
		if !first {
			p.comma('}')
		}
		if p.peek() != '"' {
			p.fail(p.at, "a key in double quotes is expected here")
		}
		p.push(p.key())
		if p.space(); p.peek() != ':' {
			p.fail(p.at, "\":\" is expected here")
		}
		p.at++
		p.space()
		p.push(p.value())
		p.space()
	}
	p.depth--
	p.at++
	return p.dict(mark)
}

// comma goes past the comma between two items, which nothing but an item may
// follow.
func (p *jsonParser) comma(end byte) {
	if p.peek() != ',' {
		p.fail(p.at, "\",\" or \"%c\" is expected here", end)
	}
	p.at++
	p.space()
	if p.peek() == end {
		p.fail(p.at, "nothing follows the comma")
	}
}

// key reads a string through the table of the keys seen, because the C scanner
// of CPython hands out one object for all equal keys of a document.
func (p *jsonParser) key() Ref {
	text := p.string()
	if ref, ok := p.keys[string(text)]; ok {
		return ref
	}
	ref := p.str(text)
	if p.keys == nil {
		p.keys = make(map[string]Ref)
	}
	p.keys[string(text)] = ref
	return ref
}

// string reads a string; the result is valid until the next one.
func (p *jsonParser) string() []byte {
	start := p.at
	p.at++
	p.buf = p.buf[:0]
	for {
		from := p.at
		for p.at < len(p.text) && p.text[p.at] >= ' ' && p.text[p.at] < utf8.RuneSelf && p.text[p.at] != '"' && p.text[p.at] != '\\' {
			p.at++
		}
		p.buf = append(p.buf, p.text[from:p.at]...)
		if p.at == len(p.text) {
			p.fail(start, "the string is never closed")
		}
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return p.buf
		case c == '\\':
			p.escape(start)
		case c < ' ':
			p.fail(p.at, "control character U+%04X in a string: write \\u%04x", c, c)
		default:
			// A surrogate in three bytes is what bytes that Python wrote with
			// "surrogatepass" hold, and json.loads(bytes) takes.
			r, width := decodeRune(p.text[p.at:])
			if r == utf8.RuneError && width == 1 {
				p.fail(p.at, "byte 0x%02x is not UTF-8", c)
			}
			p.buf = append(p.buf, p.text[p.at:p.at+width]...)
			p.at += width
		}
	}
}

// escape reads one escape, or two that make a surrogate pair.
func (p *jsonParser) escape(start int) {
	if p.at+1 == len(p.text) {
		p.fail(start, "the string is never closed")
	}
	c := p.text[p.at+1]
	if i := bytes.IndexByte([]byte(`"\/bfnrt`), c); i >= 0 {
		p.buf = append(p.buf, "\"\\/\b\f\n\r\t"[i])
		p.at += 2
		return
	}
	if c != 'u' {
		p.fail(p.at, "JSON has no such escape")
	}
	r := p.hex4(p.at)
	p.at += 6
	if 0xd800 <= r && r < 0xdc00 && bytes.HasPrefix(p.text[p.at:], []byte(`\u`)) {
		if low := p.hex4(p.at); 0xdc00 <= low && low <= 0xdfff {
			r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
			p.at += 6
		}
	}
	p.buf = appendRune(p.buf, r)
}

func (p *jsonParser) hex4(at int) rune {
	var r rune
	for i := at + 2; i < at+6; i++ {
		d := -1
		if i < len(p.text) {
			d = hexValue(p.text[i])
		}
		if d < 0 {
			p.fail(at, "\\u needs 4 hexadecimal digits")
		}
		r = r<<4 | rune(d)
	}
	return r
}

// number reads an int or a float. What follows it is looked at by the caller,
// as in Python: 01 is 0 and extra data.
func (p *jsonParser) number() Ref {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	first := p.at
	if p.peek() == '0' {
		p.at++
	} else {
		p.digits()
	}
	end := p.at
	isFloat := false
	if p.peek() == '.' && p.at+1 < len(p.text) && isDigit(p.text[p.at+1]) {
		p.at++
		p.digits()
		isFloat = true
	}
	if p.peek()|0x20 == 'e' {
		i := p.at + 1
		if i < len(p.text) && (p.text[i] == '+' || p.text[i] == '-') {
			i++
		}
		if i < len(p.text) && isDigit(p.text[i]) {
			p.at = i
			p.digits()
			isFloat = true
		}
	}
	if isFloat {
		// A number too large is infinite, in Python as here.
		f, _ := strconv.ParseFloat(string(p.text[start:p.at]), 64)
		return p.float(f)
	}
	if most := p.g.Digits(); end-first > most {
		p.fail(start, "the integer has %d digits, Python reads at most %d", end-first, most)
	}
	return p.g.NewDecimal(p.text[start:end])
}

func (p *jsonParser) digits() {
	for p.at < len(p.text) && isDigit(p.text[p.at]) {
		p.at++
	}
}
