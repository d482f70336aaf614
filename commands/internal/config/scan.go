package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep tables and arrays nest, the parts of dotted keys
// included. The TOML library follows some of it by recursion, and takes memory
// with the square of it.
const maxDepth = 20

// A scanner finds the line of every key and array item of a TOML text, which
// the TOML library does not tell once it has decoded it. It looks for
// boundaries only and never decides whether something is valid: of a text that
// the library refuses it makes something that means nothing, but it ends.
type scanner struct {
	text  string
	pos   int
	line  int
	depth int

	root  *node
	keys  [][]string // every key as [toml.MetaData.Keys] lists them
	twice *node      // a value given a second time, at the line of the second
	deep  int        // line where maxDepth is passed and scanning ends; 0: nowhere
}

// scan returns the tree of keys and positions of a TOML text. Values are left
// out; see attach.
func scan(text string) *scanner {
	s := &scanner{text: trimBOM(text), line: 1, root: &node{kind: kindTable, line: 1}}
	table := s.root
	var context []string
	for {
		s.blank()
		switch {
		case s.pos >= len(s.text):
			return s
		case s.peek() == '[':
			table, context = s.header()
		default:
			s.pair(table, context)
		}
	}
}

// trimBOM drops what the TOML library drops.
func trimBOM(text string) string {
	for _, bom := range []string{"\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"} {
		if rest, ok := strings.CutPrefix(text, bom); ok {
			return rest
		}
	}
	return text
}

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// advance moves on n bytes and counts the lines passed.
func (s *scanner) advance(n int) {
	end := min(s.pos+n, len(s.text))
	s.line += strings.Count(s.text[s.pos:end], "\n")
	s.pos = end
}

// blank skips space, line ends and comments.
func (s *scanner) blank() {
	for s.pos < len(s.text) {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.advance(1)
		case '#':
			n := strings.IndexByte(s.text[s.pos:], '\n')
			if n < 0 {
				n = len(s.text) - s.pos
			}
			s.advance(n)
		default:
			return
		}
	}
}

// enter and leave keep count of the depth.
func (s *scanner) enter(levels int) {
	s.depth += levels
	if s.depth > maxDepth && s.deep == 0 {
		s.deep = s.line
		s.pos = len(s.text)
	}
}

func (s *scanner) leave(levels int) { s.depth -= levels }

func (s *scanner) spaces() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.pos++
	}
}

// header reads [a.b] or [[a.b]] and returns the table that the lines below it
// belong to.
func (s *scanner) header() (*node, []string) {
	line := s.line
	s.advance(1)
	array := s.peek() == '['
	if array {
		s.advance(1)
	}
	parts := s.key()
	s.advance(1) // ]
	if array {
		s.advance(1)
	}
	s.keys = append(s.keys, parts)
	s.depth = 0
	s.enter(len(parts))

	t := s.root
	for _, name := range parts[:len(parts)-1] {
		t = t.child(name, line).innermost()
	}
	last := t.child(parts[len(parts)-1], line)
	if last.given {
		last.line = line
		s.twice = last
	}
	if array {
		last.kind = kindArray
		return last.item(line), parts
	}
	// A table may have been implied by a header of one of its own tables;
	// the header that names it is the better place to point at.
	last.line = line
	return last, parts
}

// pair reads key = value into table.
func (s *scanner) pair(table *node, context []string) {
	line := s.line
	parts := s.key()
	s.advance(1) // =
	full := append(append(make([]string, 0, len(context)+len(parts)), context...), parts...)
	s.keys = append(s.keys, full)
	for _, name := range parts[:len(parts)-1] {
		table = table.child(name, line)
	}
	n := table.child(parts[len(parts)-1], line)
	if n.given || len(n.keys) > 0 || len(n.items) > 0 {
		// The library accepts some of these, and drops one of the values.
		n.line = line
		s.twice = n
	}
	n.given = true
	s.spaces()
	s.enter(len(parts))
	s.value(n, full)
	s.leave(len(parts))
}

// value skips one value, recording the positions inside it.
func (s *scanner) value(n *node, context []string) {
	start := s.pos
	switch s.peek() {
	case '"', '\'':
		n.kind = kindString
		s.str()
	case '[':
		n.kind = kindArray
		s.advance(1)
		s.enter(1)
		for s.more(']') {
			s.value(n.item(s.line), context)
		}
		s.leave(1)
	case '{':
		n.kind = kindTable
		s.advance(1)
		s.enter(1)
		for s.more('}') {
			s.pair(n, context)
		}
		s.leave(1)
	default:
		n.kind = kindScalar
		end := strings.IndexAny(s.text[s.pos:], ",]}#\n")
		if end < 0 {
			end = len(s.text) - s.pos
		}
		s.advance(max(end, 1)) // at least something, where nothing is valid
		n.raw = strings.TrimSpace(s.text[start:s.pos])
	}
}

// more reports whether an array or inline table has another item, and skips
// what stands before it, or its end.
func (s *scanner) more(end byte) bool {
	for {
		s.blank()
		switch s.peek() {
		case ',':
			s.advance(1)
		case end, 0:
			s.advance(1)
			return false
		default:
			return true
		}
	}
}

// key reads a dotted key up to, and without, the = or ] after it.
func (s *scanner) key() []string {
	var parts []string
	for {
		s.spaces()
		start := s.pos
		if len(parts) > maxDepth {
			s.enter(maxDepth + 1)
		}
		switch s.peek() {
		case '"':
			parts = append(parts, unescape(s.str()))
		case '\'':
			parts = append(parts, s.str())
		default:
			n := strings.IndexAny(s.text[s.pos:], " \t.=]\r\n")
			if n < 0 {
				n = len(s.text) - s.pos
			}
			s.advance(n)
			parts = append(parts, s.text[start:s.pos])
		}
		s.spaces()
		if s.peek() != '.' {
			return parts
		}
		s.advance(1)
	}
}

// str skips a string of any of the four kinds and returns what is between its
// quotes.
func (s *scanner) str() string {
	quote := s.peek()
	fence := s.text[s.pos : s.pos+1]
	if long := strings.Repeat(fence, 3); strings.HasPrefix(s.text[s.pos:], long) {
		fence = long
	}
	s.advance(len(fence))
	start := s.pos
	for s.pos < len(s.text) {
		switch {
		case s.peek() == '\\' && quote == '"':
			s.advance(2)
		case strings.HasPrefix(s.text[s.pos:], fence):
			s.advance(len(fence))
			// Up to two quotes may stand right before the closing three.
			for n := 0; len(fence) == 3 && n < 2 && s.peek() == quote; n++ {
				s.advance(1)
			}
			return s.text[start : s.pos-len(fence)]
		default:
			s.advance(1)
		}
	}
	return s.text[start:s.pos]
}

// unescape resolves the escapes of a basic string.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	single := map[byte]byte{'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r', 'e': 0x1b, '"': '"', '\\': '\\'}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if c, ok := single[s[i]]; ok {
			b = append(b, c)
			continue
		}
		end := min(i+1+digits[s[i]], len(s))
		r, _ := strconv.ParseUint(s[i+1:end], 16, 32)
		b = utf8.AppendRune(b, rune(r))
		i = end - 1
	}
	return string(b)
}
