package yaml

import "unicode/utf8"

// plainBegins tells whether a plain scalar may begin here.
func (s *scanner) plainBegins() bool {
	c := s.peek(0)
	if !s.wordEnds(s.at) && !oneOf(c, "-?:,[]{}#&*!|>'\"%@`") {
		return true
	}
	return !s.wordEnds(s.at+1) && (c == '-' || s.flow == 0 && (c == '?' || c == ':'))
}

// plainEnds tells whether a plain scalar ends before i.
func (s *scanner) plainEnds(i int) bool {
	if s.wordEnds(i) {
		return true
	}
	switch c := s.data[i]; c {
	case ':':
		return s.wordEnds(i+1) || s.flow > 0 && oneOf(s.data[i+1], ",[]{}")
	case ',', '?', '[', ']', '{', '}':
		return s.flow > 0
	}
	return false
}

// plain scans a scalar without quotes. It may go on in further lines that are
// indented deeper than the collection.
func (s *scanner) plain() {
	from, end := s.at, s.at // of what reads as it is written
	copied := -1            // where in copies the scalar begins, once it does not
	s.breaks = s.breaks[:0] // the line breaks before the next word, as they read
	for s.peek(0) != '#' {
		word := s.at
		for !s.plainEnds(s.at) {
			s.at++
		}
		if s.at == word {
			break
		}
		s.keyAllowed = false
		if len(s.breaks) > 0 {
			if copied < 0 {
				copied = len(s.copies)
				s.copies = append(s.copies, s.data[from:end]...)
			}
			s.copies = append(s.copies, s.breaks...)
		} else {
			word = end // with the blanks before it
		}
		end = s.at
		if copied >= 0 {
			s.copies = append(s.copies, s.data[word:end]...)
		}
		if !s.plainBlanks() || s.flow == 0 && s.column() <= s.indent {
			break
		}
	}
	text := span{from: int32(from), to: int32(end)}
	if copied >= 0 {
		text = s.copiedFrom(copied)
	}
	s.add(token{sort: scalar, span: text}, from)
}

// plainBlanks passes blanks and line breaks, and says whether there were any.
func (s *scanner) plainBlanks() bool {
	from := s.at
	s.breaks = s.breaks[:0]
	s.spaces()
	first := s.lineBreak()
	if first == "" {
		return s.at > from
	}
	s.keyAllowed = true
	for !s.separator() {
		s.spaces()
		more := s.lineBreak()
		if more == "" {
			s.fold(first)
			return true
		}
		s.breaks = append(s.breaks, more...)
	}
	return false
}

// fold makes of a line break and those after it what they read as: one newline
// is a blank, of several the first goes.
func (s *scanner) fold(first string) {
	switch {
	case first != "\n":
		s.breaks = append([]byte(first), s.breaks...)
	case len(s.breaks) == 0:
		s.breaks = append(s.breaks, ' ')
	}
}

// quoted scans a scalar in quotes.
func (s *scanner) quoted(quote byte) {
	at, from := s.at, len(s.copies)
	s.at++
	body := s.at
	asWritten := true // so far
	for {
		run := s.at
		for s.at < len(s.data) && !oneOf(s.data[s.at], "'\"\\ \t") && s.breakAt(s.at) == 0 {
			s.at++
		}
		s.copies = append(s.copies, s.data[run:s.at]...)
		if s.at == len(s.data) {
			fail(Truncated, at, "the quote is not closed")
		}
		switch c := s.data[s.at]; {
		case c == quote && c == '\'' && s.peek(1) == '\'':
			s.copies = append(s.copies, c)
			s.at += 2
			asWritten = false
		case c == quote:
			text := s.copiedFrom(from)
			if asWritten {
				s.copies = s.copies[:from]
				text = s.source(body)
			}
			s.at++
			s.add(token{sort: scalar, style: quote, span: text}, at)
			return
		case c == '\\' && quote == '"':
			s.escape()
			asWritten = false
		case c == '\'' || c == '"' || c == '\\':
			s.copies = append(s.copies, c)
			s.at++
		default:
			blanks := s.at
			for s.peek(0) == ' ' || s.peek(0) == '\t' {
				s.at++
			}
			if first := s.lineBreak(); first != "" {
				s.quotedBreaks()
				s.fold(first)
				s.copies = append(s.copies, s.breaks...)
				asWritten = false
			} else {
				s.copies = append(s.copies, s.data[blanks:s.at]...)
			}
		}
	}
}

// quotedBreaks collects the line breaks after the first, and passes the blanks
// at the beginning of each line.
func (s *scanner) quotedBreaks() {
	s.breaks = s.breaks[:0]
	for {
		if s.separator() {
			fail(Syntax, s.at, "a document ends inside of quotes")
		}
		for s.peek(0) == ' ' || s.peek(0) == '\t' {
			s.at++
		}
		more := s.lineBreak()
		if more == "" {
			return
		}
		s.breaks = append(s.breaks, more...)
	}
}

// escapes are what stands after a backslash, and what it means.
var escapes = map[byte]rune{'0': 0, 'a': 7, 'b': 8, 't': 9, '\t': 9, 'n': 10, 'v': 11, 'f': 12, 'r': 13, 'e': 27, ' ': ' ', '"': '"', '\\': '\\', '/': '/',
	'N': 0x85, '_': 0xa0, 'L': 0x2028, 'P': 0x2029}

func (s *scanner) escape() {
	at := s.at
	s.at++
	c := s.peek(0)
	if r, ok := escapes[c]; ok && s.at < len(s.data) {
		s.at++
		s.copies = utf8.AppendRune(s.copies, r)
		return
	}
	n := 0
	switch c {
	case 'x':
		n = 2
	case 'u':
		n = 4
	case 'U':
		n = 8
	default:
		if s.lineBreak() == "" {
			fail(Syntax, at, "no such escape")
		}
		s.quotedBreaks()
		s.copies = append(s.copies, s.breaks...)
		return
	}
	for i := range n {
		if !isHex(s.peek(1 + i)) {
			fail(Syntax, at, "the escape wants %d hexadecimal digits", n)
		}
	}
	r := s.hex(1, n)
	if r > utf8.MaxRune {
		fail(Syntax, at, "no character has the code %X", r)
	}
	s.at += 1 + n
	s.copies = appendChar(s.copies, rune(r))
}

// appendChar appends any character of a Python str: lone surrogates too, in
// three bytes.
func appendChar(dst []byte, r rune) []byte {
	if 0xd800 <= r && r <= 0xdfff {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f))
	}
	return utf8.AppendRune(dst, r)
}

// block scans a scalar in lines of its own, after | or >.
func (s *scanner) block(style byte) {
	at, from := s.at, len(s.copies)
	s.at++
	keep, strip, increment := s.blockHeader()
	s.restOfLine()
	indent := max(1, s.indent+1)
	if increment > 0 {
		indent += increment - 1
		s.blockBreaks(indent)
	} else {
		indent = max(indent, s.blockIndent())
	}
	lineBreak := ""
	for s.column() == indent && s.at < len(s.data) {
		s.copies = append(s.copies, s.breaks...)
		text := !oneOf(s.peek(0), " \t")
		line := s.at
		for !s.lineEnds(s.at) {
			s.at++
		}
		s.copies = append(s.copies, s.data[line:s.at]...)
		lineBreak = s.lineBreak()
		s.blockBreaks(indent)
		if s.column() != indent || s.at == len(s.data) {
			break
		}
		switch {
		case style != '>' || lineBreak != "\n" || !text || oneOf(s.peek(0), " \t"):
			s.copies = append(s.copies, lineBreak...)
		case len(s.breaks) == 0:
			s.copies = append(s.copies, ' ')
		}
	}
	if !strip {
		s.copies = append(s.copies, lineBreak...)
	}
	if keep {
		s.copies = append(s.copies, s.breaks...)
	}
	s.add(token{sort: scalar, style: style, span: s.copiedFrom(from)}, at)
}

// blockHeader scans + or - and the depth of indentation, in either order.
func (s *scanner) blockHeader() (keep, strip bool, increment int) {
	for range 2 {
		switch c := s.peek(0); {
		case (c == '+' || c == '-') && !keep && !strip:
			keep, strip = c == '+', c == '-'
			s.at++
		case '0' <= c && c <= '9' && increment == 0:
			if increment = int(c - '0'); increment == 0 {
				fail(Syntax, s.at, "an indentation is 1 to 9")
			}
			s.at++
		}
	}
	if !s.lineEnds(s.at) && s.peek(0) != ' ' {
		fail(Syntax, s.at, "the header of the scalar does not end here")
	}
	return keep, strip, increment
}

// blockIndent finds the indentation of the first line that is not empty.
func (s *scanner) blockIndent() int {
	deepest := 0
	s.breaks = s.breaks[:0]
	for {
		s.spaces()
		deepest = max(deepest, s.column())
		more := s.lineBreak()
		if more == "" {
			return deepest
		}
		s.breaks = append(s.breaks, more...)
	}
}

// blockBreaks collects line breaks, and passes the indentation of each line.
func (s *scanner) blockBreaks(indent int) {
	s.breaks = s.breaks[:0]
	for {
		for s.column() < indent && s.peek(0) == ' ' {
			s.at++
		}
		more := s.lineBreak()
		if more == "" {
			return
		}
		s.breaks = append(s.breaks, more...)
	}
}
