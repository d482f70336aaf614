package yaml

import (
	"math"
	"unicode/utf8"
)

// A sort of token. Collections in block style have no brackets: the scanner
// finds their beginnings and ends by the indentation.
type sort uint8

const (
	streamEnd sort = iota
	directive
	documentStart
	documentEnd
	blockSequence // begins one
	blockMapping  // begins one
	blockEnd
	flowSequence
	flowSequenceEnd
	flowMapping
	flowMappingEnd
	flowEntry
	blockEntry
	key
	value
	alias
	anchor
	tag
	scalar
)

var sortNames = [...]string{"the end", "a directive", "---", "...", "a list", "a mapping", "less indentation", "[", "]", "{", "}", "a comma", "a dash",
	"a key", "a colon", "an alias", "an anchor", "a tag", "a scalar"}

// What a colon that came later made of the token: the first of a key, and
// perhaps of a mapping. Tokens need not be inserted then.
const (
	beginsKey     = 1 << iota
	beginsMapping // before the key
)

type token struct {
	sort   sort
	style  byte // of a scalar: ' " | > or 0 for a plain one
	begins uint8
	span
	at int32
}

// span is a piece of the document or, if it reads otherwise than it is written,
// of the scanner's memory. The from of a tag is its number.
type span struct {
	copied   bool
	from, to int32
}

// scanner makes tokens of a document: yaml/scanner.py, with the tokens of the
// whole document in one list.
type scanner struct {
	data    []byte
	at      int
	line    int // where the line begins; columns count from there
	tokens  []token
	copies  []byte
	breaks  []byte // line breaks that may become part of a scalar
	indent  int
	indents []int
	flow    int // how many flow collections are open
	// keyAllowed says that a key without question mark may begin here; keys has
	// the place where one may have begun, for each level of flow collections.
	keyAllowed bool
	keys       []possibleKey

	handles map[string]string
	version bool
	tags    tagTable
}

// possibleKey is where a key began, if a colon follows: on the same line, within
// maxKey characters.
type possibleKey struct {
	token    int // -1: none
	required bool
	at, line int
}

const maxKey = 1024

// maxDepth is how deep PyYAML reads within Python's limit of 1000 frames.
const maxDepth = 490

func (s *scanner) scan(data []byte) {
	if len(data) > math.MaxInt32 {
		fail(TooLarge, 0, "the document is beyond 2 GiB")
	}
	checkText(data)
	s.data, s.indent, s.keyAllowed = data, -1, true
	s.keys = append(s.keys, possibleKey{token: -1})
	if len(data) >= 3 && string(data[:3]) == "\ufeff" {
		s.at, s.line = 3, 3
	}
	for s.next() {
	}
}

// checkText refuses what PyYAML's reader does: yaml/reader.py NON_PRINTABLE.
func checkText(data []byte) {
	for i := 0; i < len(data); {
		c := data[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			fail(Text, i, "not UTF-8")
		case r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff:
			fail(Text, i, "character %U is not allowed in YAML", r)
		}
		i += n
	}
}

// peek is the byte so many bytes ahead, 0 at the end.
func (s *scanner) peek(ahead int) byte {
	if s.at+ahead < len(s.data) {
		return s.data[s.at+ahead]
	}
	return 0
}

// breakAt is the length of the line break at i, 0 if there is none.
func (s *scanner) breakAt(i int) int {
	if i >= len(s.data) {
		return 0
	}
	switch s.data[i] {
	case '\n':
		return 1
	case '\r':
		if i+1 < len(s.data) && s.data[i+1] == '\n' {
			return 2
		}
		return 1
	case 0xc2: // U+0085
		if s.data[i+1] == 0x85 {
			return 2
		}
	case 0xe2: // U+2028 and U+2029
		if s.data[i+1] == 0x80 && s.data[i+2]|1 == 0xa9 {
			return 3
		}
	}
	return 0
}

// lineEnds tells a line break or the end.
func (s *scanner) lineEnds(i int) bool { return i >= len(s.data) || s.breakAt(i) > 0 }

// wordEnds tells white space or the end.
func (s *scanner) wordEnds(i int) bool {
	return i >= len(s.data) || s.data[i] == ' ' || s.data[i] == '\t' || s.breakAt(i) > 0
}

func (s *scanner) column() int { return s.at - s.line }

// lineBreak passes a line break and returns what it means: every break is a
// newline, except the two that Unicode made for the purpose.
func (s *scanner) lineBreak() string {
	n := s.breakAt(s.at)
	if n == 0 {
		return ""
	}
	was := s.data[s.at : s.at+n]
	s.at += n
	s.line = s.at
	if n == 3 {
		return string(was)
	}
	return "\n"
}

func (s *scanner) spaces() {
	for s.peek(0) == ' ' {
		s.at++
	}
}

// comment passes one, if there is one, up to the end of the line.
func (s *scanner) comment() {
	if s.peek(0) == '#' {
		for !s.lineEnds(s.at) {
			s.at++
		}
	}
}

// separator tells --- or ... at the beginning of a line.
func (s *scanner) separator() bool {
	return s.column() == 0 && s.at+3 <= len(s.data) && s.wordEnds(s.at+3) &&
		(string(s.data[s.at:s.at+3]) == "---" || string(s.data[s.at:s.at+3]) == "...")
}

func (s *scanner) add(t token, at int) {
	t.at = int32(at)
	s.tokens = append(s.tokens, t)
}

// take adds a token of so many bytes.
func (s *scanner) take(kind sort, n int) {
	s.add(token{sort: kind}, s.at)
	s.at += n
}

// next scans one token; false: it was the end.
func (s *scanner) next() bool {
	for {
		s.spaces()
		s.comment()
		if s.lineBreak() == "" {
			break
		}
		if s.flow == 0 {
			s.keyAllowed = true
		}
	}
	s.unwind(s.column())
	if s.at == len(s.data) {
		s.document(streamEnd, 0)
		return false
	}
	switch c := s.peek(0); {
	case c == '%' && s.column() == 0:
		s.document(directive, 0)
		s.directive()
	case s.separator():
		if c == '-' {
			s.document(documentStart, 3)
		} else {
			s.document(documentEnd, 3)
		}
	case c == '[':
		s.open(flowSequence)
	case c == '{':
		s.open(flowMapping)
	case c == ']':
		s.shut(flowSequenceEnd)
	case c == '}':
		s.shut(flowMappingEnd)
	case c == ',':
		s.dropKey()
		s.keyAllowed = true
		s.take(flowEntry, 1)
	case c == '-' && s.wordEnds(s.at+1):
		s.dash()
	case c == '?' && (s.flow > 0 || s.wordEnds(s.at+1)):
		s.begin(blockMapping, "a key")
		s.keyAllowed = s.flow == 0
		s.dropKey()
		s.take(key, 1)
	case c == ':' && (s.flow > 0 || s.wordEnds(s.at+1)):
		s.colon()
	case c == '*':
		s.name(alias)
	case c == '&':
		s.name(anchor)
	case c == '!':
		s.word()
		s.tag()
	case (c == '|' || c == '>') && s.flow == 0:
		s.dropKey()
		s.keyAllowed = true
		s.block(c)
	case c == '\'' || c == '"':
		s.word()
		s.quoted(c)
	case s.plainBegins():
		s.word()
		s.plain()
	default:
		r, _ := utf8.DecodeRune(s.data[s.at:])
		fail(Syntax, s.at, "nothing begins with the character %q", r)
	}
	return true
}

// document adds a token that ends all that is open.
func (s *scanner) document(kind sort, n int) {
	s.unwind(-1)
	s.dropKey()
	s.keyAllowed = false
	s.take(kind, n)
}

func (s *scanner) open(kind sort) {
	s.word()
	if s.flow++; s.flow > maxDepth {
		fail(TooLarge, s.at, "nested deeper than PyYAML reads")
	}
	s.keys = append(s.keys, possibleKey{token: -1})
	s.keyAllowed = true
	s.take(kind, 1)
}

func (s *scanner) shut(kind sort) {
	s.dropKey()
	if s.flow == 0 {
		fail(Syntax, s.at, "%s closes nothing", sortNames[kind])
	}
	s.keys = s.keys[:s.flow]
	s.flow--
	s.keyAllowed = false
	s.take(kind, 1)
}

// begin begins a block collection where the indentation says so.
func (s *scanner) begin(kind sort, what string) {
	if s.flow > 0 {
		return
	}
	if !s.keyAllowed {
		fail(Syntax, s.at, "%s is not allowed here", what)
	}
	if s.deeper(s.column()) {
		s.take(kind, 0)
	}
}

func (s *scanner) dash() {
	s.begin(blockSequence, "a list")
	s.keyAllowed = true
	s.dropKey()
	s.take(blockEntry, 1)
}

func (s *scanner) colon() {
	if k := s.possible(); k.token >= 0 {
		s.keys[s.flow].token = -1
		begins := uint8(beginsKey)
		if s.flow == 0 && s.deeper(k.at-k.line) {
			begins |= beginsMapping
		}
		s.tokens[k.token].begins = begins
		s.keyAllowed = false
	} else {
		s.begin(blockMapping, "a value")
		s.keyAllowed = s.flow == 0
		s.dropKey()
	}
	s.take(value, 1)
}

// possible is the key that a colon here ends.
func (s *scanner) possible() possibleKey {
	k := &s.keys[s.flow]
	if k.token >= 0 && (k.line != s.line || s.at-k.at > maxKey && utf8.RuneCount(s.data[k.at:min(s.at, k.at+8*maxKey)]) > maxKey) {
		s.dropKey()
	}
	return *k
}

// word notes that a key may begin here.
func (s *scanner) word() {
	if s.keyAllowed {
		s.dropKey()
		s.keys[s.flow] = possibleKey{token: len(s.tokens), required: s.flow == 0 && s.indent == s.column(), at: s.at, line: s.line}
	}
	s.keyAllowed = false
}

// dropKey gives up the key that may have begun.
func (s *scanner) dropKey() {
	k := &s.keys[s.flow]
	if k.token >= 0 && k.required {
		fail(Syntax, k.at, "there is no colon after the key")
	}
	k.token = -1
}

// unwind ends the block collections that are indented deeper than that.
func (s *scanner) unwind(column int) {
	for s.flow == 0 && s.indent > column {
		n := len(s.indents) - 1
		s.indent = s.indents[n]
		s.indents = s.indents[:n]
		s.take(blockEnd, 0)
	}
}

// deeper begins a block collection at the column, if that is deeper than the
// one around it.
func (s *scanner) deeper(column int) bool {
	if s.indent >= column {
		return false
	}
	s.indents = append(s.indents, s.indent)
	s.indent = column
	return true
}
