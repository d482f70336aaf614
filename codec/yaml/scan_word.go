package yaml

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// isNameByte tells what anchors, handles and directives are named with.
func isNameByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '_'
}

// oneOf tells whether c is one of the characters; 0, the end, is none.
func oneOf(c byte, chars string) bool { return c != 0 && strings.IndexByte(chars, c) >= 0 }

// source is the span of the document from there to where the scanner is.
func (s *scanner) source(from int) span { return span{from: int32(from), to: int32(s.at)} }

// copiedFrom is the span of the copies from there on.
func (s *scanner) copiedFrom(from int) span {
	return span{copied: true, from: int32(from), to: int32(len(s.copies))}
}

// nameBytes passes a name and returns where it began.
func (s *scanner) nameBytes(what string) int {
	from := s.at
	for isNameByte(s.peek(0)) {
		s.at++
	}
	if s.at == from {
		fail(Syntax, s.at, "%s has no name", what)
	}
	return from
}

// name scans an alias or an anchor.
func (s *scanner) name(kind sort) {
	s.word()
	at := s.at
	s.at++
	from := s.nameBytes(sortNames[kind])
	if !s.wordEnds(s.at) && !oneOf(s.peek(0), "?:,]}%@`") {
		fail(Syntax, s.at, "not a character of the name of %s", sortNames[kind])
	}
	s.add(token{sort: kind, span: s.source(from)}, at)
}

// tag scans !handle!suffix, !suffix, !<whole> or a lone exclamation mark.
func (s *scanner) tag() {
	at := s.at
	whole := ""
	switch {
	case s.peek(1) == '<':
		s.at += 2
		whole = s.uri()
		if s.peek(0) != '>' {
			fail(Syntax, s.at, "the tag lacks its >")
		}
		s.at++
	case s.wordEnds(s.at + 1):
		s.at++
		whole = "!"
	default:
		handle := "!"
		i := s.at + 1
		for i < len(s.data) && s.data[i] != ' ' && s.data[i] != '!' && s.breakAt(i) == 0 {
			i++
		}
		if i < len(s.data) && s.data[i] == '!' {
			handle = s.handle()
		} else {
			s.at++
		}
		prefix, ok := s.handles[handle]
		if !ok {
			switch handle {
			case "!":
				prefix = "!"
			case "!!":
				prefix = tagPrefix
			default:
				fail(Tag, at, "the tag handle %s is not declared", handle)
			}
		}
		whole = prefix + s.uri()
	}
	if !s.lineEnds(s.at) && s.peek(0) != ' ' {
		fail(Syntax, s.at, "not a character of a tag")
	}
	s.add(token{sort: tag, span: span{from: int32(s.tags.number(whole))}}, at)
}

// handle scans !, !! or !name!.
func (s *scanner) handle() string {
	from := s.at
	if s.peek(0) != '!' {
		fail(Syntax, s.at, "a tag handle begins with !")
	}
	s.at++
	if s.peek(0) != ' ' {
		for isNameByte(s.peek(0)) {
			s.at++
		}
		if s.peek(0) != '!' {
			fail(Syntax, s.at, "a tag handle ends with !")
		}
		s.at++
	}
	return string(s.data[from:s.at])
}

// uri scans the rest of a tag, in which % escapes bytes.
func (s *scanner) uri() string {
	from := s.at
	var text []byte
	for {
		c := s.peek(0)
		switch {
		case c == '%':
			if !isHex(s.peek(1)) || !isHex(s.peek(2)) {
				fail(Syntax, s.at, "%% in a tag is followed by two hexadecimal digits")
			}
			text = append(text, byte(s.hex(1, 2)))
			s.at += 3
		case isNameByte(c), oneOf(c, ";/?:@&=+$,.!~*'()[]"):
			text = append(text, c)
			s.at++
		default:
			if len(text) == 0 || !utf8.Valid(text) {
				fail(Syntax, from, "a tag without a name")
			}
			return string(text)
		}
	}
}

// hex reads n hexadecimal digits so many bytes ahead, which are there.
func (s *scanner) hex(ahead, n int) uint32 {
	var v uint32
	for i := range n {
		c := s.peek(ahead + i)
		if c > '9' {
			c = c&0x0f + 9
		}
		v = v<<4 | uint32(c&0x0f)
	}
	return v
}

// directive scans %YAML, %TAG, or any other, which means nothing. A directive
// that no document follows is for the parser to refuse.
func (s *scanner) directive() {
	at := s.at
	s.at++
	from := s.nameBytes("a directive")
	name := string(s.data[from:s.at])
	if !s.lineEnds(s.at) && s.peek(0) != ' ' {
		fail(Syntax, s.at, "not a character of the name of a directive")
	}
	switch name {
	case "YAML":
		s.spaces()
		if s.version {
			fail(Syntax, at, "a second %%YAML")
		}
		s.version = true
		if major := s.digits(); s.peek(0) != '.' || bytes.TrimLeft(major, "0") == nil || string(bytes.TrimLeft(major, "0")) != "1" {
			fail(Syntax, at, "not YAML 1")
		}
		s.at++
		s.digits()
	case "TAG":
		s.spaces()
		handle := s.handle()
		if s.peek(0) != ' ' {
			fail(Syntax, s.at, "%%TAG lacks the prefix")
		}
		s.spaces()
		if _, again := s.handles[handle]; again {
			fail(Syntax, at, "the tag handle %s is declared twice", handle)
		}
		if s.handles == nil {
			s.handles = make(map[string]string)
		}
		s.handles[handle] = s.uri()
	default:
		for !s.lineEnds(s.at) {
			s.at++
		}
	}
	if !s.lineEnds(s.at) && s.peek(0) != ' ' {
		fail(Syntax, s.at, "the directive does not end here")
	}
	s.restOfLine()
}

func (s *scanner) digits() []byte {
	from := s.at
	for c := s.peek(0); '0' <= c && c <= '9'; c = s.peek(0) {
		s.at++
	}
	if s.at == from {
		fail(Syntax, s.at, "a version is two numbers")
	}
	return s.data[from:s.at]
}

// restOfLine passes blanks, a comment, and the line break.
func (s *scanner) restOfLine() {
	s.spaces()
	s.comment()
	if !s.lineEnds(s.at) {
		fail(Syntax, s.at, "nothing but a comment may stand here")
	}
	s.lineBreak()
}
