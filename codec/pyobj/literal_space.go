package pyobj

import (
	"bytes"
	"unicode/utf8"
)

// prepare checks what compile() checks of the whole source first.
func (p *literalParser) prepare(text []byte) {
	p.text = bytes.TrimLeft(text, " \t")
	p.trimmed = len(text) - len(p.text)
	if i := bytes.IndexByte(p.text, 0); i >= 0 {
		p.fail(i, "a NUL byte cannot stand in a literal: write \\0")
	}
	for i := 0; i < len(p.text); {
		r, width := utf8.DecodeRune(p.text[i:])
		if r == utf8.RuneError && width == 1 {
			p.fail(i, "byte 0x%02x is not UTF-8", p.text[i])
		}
		i += width
	}
	if bytes.IndexByte(p.text, '\r') >= 0 {
		p.text = bytes.ReplaceAll(p.text, []byte("\r\n"), []byte{'\n'})
		p.text = bytes.ReplaceAll(p.text, []byte{'\r'}, []byte{'\n'})
	}
}

func (p *literalParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// firstToken skips blank lines and comments.
func (p *literalParser) firstToken() {
	p.lineStart()
	if p.at == len(p.text) {
		p.fail(p.at, "there is no value")
	}
}

// lastToken makes sure that nothing follows the value.
func (p *literalParser) lastToken() {
	p.skip()
	if p.at < len(p.text) && p.text[p.at] == '\n' {
		p.at++
		p.lineStart()
	}
	if p.at < len(p.text) {
		p.unexpected()
	}
}

// lineStart goes to the first token of the next line that has one, which may
// not be indented: literal_eval cuts off the blanks of the very first line only.
func (p *literalParser) lineStart() {
	for {
		column, joined := 0, 0
	blanks:
		for {
			switch p.peek() {
			case ' ', '\t':
				column++
			case '\f':
				column = 0
			case '\\':
				if joined == 0 {
					joined = column
				}
				p.joinLine()
				continue
			default:
				break blanks
			}
			p.at++
		}
		if joined > 0 {
			column = joined
		}
		switch p.peek() {
		case '#':
			p.skipComment()
			if p.peek() == '\n' {
				p.at++
			}
			continue
		case '\n':
			p.at++
			continue
		}
		if column > 0 {
			p.fail(p.at, "unexpected indent")
		}
		return
	}
}

// skip goes to the next token: over blanks, comments, joined lines and, inside
// brackets, newlines.
func (p *literalParser) skip() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ' ' || c == '\t' || c == '\f' || c == '\n' && len(p.open) > 0:
			p.at++
		case c == '#':
			p.skipComment()
		case c == '\\':
			p.joinLine()
		default:
			return
		}
	}
}

func (p *literalParser) skipComment() {
	if i := bytes.IndexByte(p.text[p.at:], '\n'); i >= 0 {
		p.at += i
	} else {
		p.at = len(p.text)
	}
}

// joinLine skips a backslash at the end of a line.
func (p *literalParser) joinLine() {
	if p.at+1 >= len(p.text) || p.text[p.at+1] != '\n' {
		p.fail(p.at, "a backslash outside of quotes must end its line")
	}
	if p.at+2 == len(p.text) {
		p.fail(p.at, "nothing follows the backslash")
	}
	p.at += 2
}
