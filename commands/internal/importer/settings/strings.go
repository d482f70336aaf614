package settings

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// stringStart reports the length of the prefix of a string literal, -1 if s
// does not begin with one. Python 2 has ur"".
func stringStart(s string) int {
	for i := 0; i < len(s) && i <= 2; i++ {
		switch s[i] | 0x20 {
		case 'r', 'b', 'u', 'f':
			continue
		}
		if s[i] == '"' || s[i] == '\'' {
			return i
		}
		return -1
	}
	return -1
}

// A piece is a part of an f-string: literal text, or an expression in braces.
type piece struct {
	text string // as it is spelled
	at   int    // offset of an expression; -1 for literal text
	conv byte   // of an expression: 0, r, s or a, after !
	spec []piece
	echo string // of {x=}: the text that comes before the value
}

// stringEnd is where the literal that begins at start ends. Pieces of an f-string
// are added to *pieces, if that is asked for. A quote inside of the braces of an
// f-string begins a string of its own, as from Python 3.12 on; before, none could
// stand there. Errors are panics with *Error.
func stringEnd(source string, start, depth int, pieces *[]piece) int {
	s := stringScanner{source: source, start: start, depth: depth}
	n := stringStart(source[start:])
	prefix := strings.ToLower(source[start : start+n])
	s.raw = strings.Contains(prefix, "r")
	s.fence = source[start+n : start+n+1]
	if long := strings.Repeat(s.fence, 3); strings.HasPrefix(source[start+n:], long) {
		s.fence = long
	}
	s.pos = start + n + len(s.fence)
	found := s.literal(strings.Contains(prefix, "f"), false)
	if pieces != nil {
		*pieces = found
	}
	return s.pos + len(s.fence)
}

type stringScanner struct {
	source string
	start  int // of the literal
	pos    int
	fence  string
	raw    bool
	depth  int // of f-strings and fields inside each other
}

func (s *stringScanner) unclosed() {
	panic(placeOf(s.source, s.start).errorf("the string has no closing quote"))
}

// literal reads text up to the closing quotes, or, in the format after a colon,
// up to the brace that closes the field.
func (s *stringScanner) literal(fields, spec bool) []piece {
	var pieces []piece
	begin := s.pos
	flush := func() {
		if begin < s.pos {
			pieces = append(pieces, piece{text: s.source[begin:s.pos], at: -1})
		}
	}
	for s.pos < len(s.source) {
		rest := s.source[s.pos:]
		switch c := rest[0]; {
		case strings.HasPrefix(rest, s.fence):
			if spec {
				s.unclosed()
			}
			flush()
			return pieces
		case c == '\\' && fields && !s.raw && strings.HasPrefix(rest, `\N{`) && strings.IndexByte(rest, '}') > 0:
			s.pos += strings.IndexByte(rest, '}') + 1
		case c == '\\' && len(rest) > 1 && !(fields && (rest[1] == '{' || rest[1] == '}')):
			s.pos += 2
		case c == '\n' && len(s.fence) == 1:
			s.unclosed()
		case spec && c == '}':
			flush()
			return pieces
		case fields && !spec && (strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "}}")):
			s.pos += 2
		case fields && c == '{':
			flush()
			pieces = append(pieces, s.field())
			begin = s.pos
		case fields && c == '}':
			panic(placeOf(s.source, s.pos).errorf("a single } in an f-string: write }}"))
		default:
			s.pos++
		}
	}
	s.unclosed()
	return nil
}

// field reads {expression!conversion:format}.
func (s *stringScanner) field() piece {
	if s.depth++; s.depth > maxDepth {
		panic(placeOf(s.source, s.pos).errorf("f-strings are nested more than %d deep", maxDepth))
	}
	defer func() { s.depth-- }()
	s.pos++
	p := piece{at: s.pos}
	brackets := 0
	for s.pos < len(s.source) {
		rest := s.source[s.pos:]
		c := rest[0]
		switch {
		case stringStart(rest) >= 0 && !isNameBefore(s.source[:s.pos]):
			s.pos = stringEnd(s.source, s.pos, s.depth+1, nil)
			continue
		case c == '\n' && len(s.fence) == 1 && brackets == 0:
			s.unclosed()
		case c == '(' || c == '[' || c == '{':
			brackets++
		case brackets > 0 && (c == ')' || c == ']' || c == '}'):
			brackets--
		case brackets > 0:
		case c == '=' && strings.HasPrefix(rest, "=="), strings.HasPrefix(rest, "!="), strings.HasPrefix(rest, "<="), strings.HasPrefix(rest, ">="):
			s.pos++
		case c == '=' || c == '!' || c == ':' || c == '}':
			return s.fieldEnd(p)
		}
		s.pos++
	}
	s.unclosed()
	return piece{}
}

func isNameBefore(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r != utf8.RuneError && isNamePart(string(r))
}

// fieldEnd reads what follows the expression of a field.
func (s *stringScanner) fieldEnd(p piece) piece {
	p.text = s.source[p.at:s.pos]
	next := func() byte {
		if s.pos < len(s.source) {
			return s.source[s.pos]
		}
		s.unclosed()
		return 0
	}
	if next() == '=' {
		s.pos++
		for next() == ' ' {
			s.pos++
		}
		p.echo = s.source[p.at:s.pos]
	}
	if next() == '!' {
		s.pos++
		p.conv = next()
		s.pos++
	}
	if next() == ':' {
		s.pos++
		p.spec = s.literal(true, true)
	}
	if next() != '}' {
		panic(placeOf(s.source, s.pos).errorf("an expression in an f-string ends with }"))
	}
	s.pos++
	return p
}

// decode reads one literal that is no f-string, or a number. The second result is
// false if it is not one.
func (p *parser) decode(literal string) (*Value, bool) {
	g := p.graph
	root, err := pyobj.ParseLiteral(g, []byte(literal))
	switch {
	case errors.Is(err, pyobj.ErrNamedCharacter):
		return unknown(0, `a character by its name, \N{…}, is not looked up: write it itself, or as \uXXXX`), true
	case err != nil:
		return nil, false
	}
	switch g.Kind(root) {
	case pyobj.Str:
		data := string(g.Data(root))
		if !utf8.ValidString(data) {
			return unknown(0, "text with half of a surrogate pair"), true
		}
		return text(data), true
	case pyobj.Bytes:
		return &Value{Kind: Bytes, Text: string(g.Data(root))}, true
	case pyobj.Int:
		n, ok := g.Int64(root)
		if !ok {
			return unknown(0, "the number is too large"), true
		}
		return integer(n), true
	case pyobj.Float:
		return &Value{Kind: Float, Float: g.Float(root)}, true
	}
	return unknown(0, "a complex number"), true
}

// literal reads a string literal that is no f-string.
func (p *parser) literal(source string) (*Value, bool) {
	n := stringStart(source)
	prefix := strings.ToLower(source[:n])
	if len(prefix) == 2 && prefix[0] == 'u' {
		source = source[1:] // ur"" of Python 2
	}
	v, ok := p.decode(source)
	if ok {
		v.unicode = strings.Contains(prefix, "u")
	}
	return v, ok
}

// plain reads the literal text between the fields of an f-string.
func (p *parser) plain(text string, raw bool, inSpec bool) (*Value, bool) {
	if !inSpec {
		text = strings.NewReplacer("{{", "{", "}}", "}").Replace(text)
	}
	// Three quotes of the kind that does not occur, or else a copy in which they
	// are escaped, hold any text.
	fence := `"""`
	if strings.Contains(text, `"`) {
		if fence = "'''"; strings.Contains(text, "'") {
			if raw {
				return unknown(0, "a raw f-string with both kinds of quotes"), true
			}
			text = strings.ReplaceAll(strings.ReplaceAll(text, `\'`, `'`), `'`, `\'`)
		}
	}
	prefix, end := "", ""
	if raw {
		prefix = "r"
	}
	// A backslash before a field stands for itself.
	if n := len(text) - len(strings.TrimRight(text, `\`)); n%2 == 1 {
		text, end = text[:len(text)-1], `\`
	}
	v, ok := p.decode(prefix + fence + text + fence)
	if ok && v.Kind == Str {
		v.Text += end
	}
	return v, ok
}

// number reads a number, those of Python 2 included: 0777 and 10L.
func (p *parser) number(source string) (*Value, bool) {
	if source[0] != '0' && len(source) < 19 && strings.Trim(source, "0123456789") == "" {
		n, err := strconv.ParseInt(source, 10, 64) // nearly all of them
		return integer(n), err == nil
	}
	if v, ok := p.decode(source); ok {
		return v, true
	}
	s := strings.TrimRight(source, "lL")
	if len(s) > 1 && s[0] == '0' && strings.Trim(s, "01234567") == "" {
		s = "0o" + s[1:]
	}
	return p.decode(s)
}
