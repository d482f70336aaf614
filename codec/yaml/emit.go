package yaml

import (
	"strings"
	"unicode/utf8"
)

// lineWidth is where yaml.dump breaks a scalar at the next blank.
const lineWidth = 80

// emitter lays out a document as yaml/emitter.py does, with the settings that
// yaml.dump has by default: block style, an indent of two, ASCII only.
type emitter struct {
	dst     []byte
	column  int
	indent  int // -1: of the document itself
	indents []int
	blank   bool // the last character was white space
	leading bool // nothing but indentation and indicators on this line so far
	open    bool // the document ends with a plain scalar, so its end must be marked
}

// context is where a value stands.
type context uint8

const (
	inDocument context = iota
	inSequence
	inMapping // as value, or as key after a question mark
	asKey
)

func (e *emitter) write(s string) {
	e.dst = append(e.dst, s...)
	e.column += len(s)
}

// indicator writes a sign, after a blank if it needs one.
func (e *emitter) indicator(s string, apart bool) {
	if apart && !e.blank {
		e.write(" ")
	}
	e.write(s)
	e.blank, e.leading, e.open = false, false, false
}

// mark is indicator for the signs that may stand between indentation and the
// first word of a line.
func (e *emitter) mark(s string) {
	leading := e.leading
	e.indicator(s, true)
	e.leading = leading
}

func (e *emitter) newline() {
	e.dst = append(e.dst, '\n')
	e.column, e.blank, e.leading = 0, true, true
}

func (e *emitter) newIndent() {
	indent := max(e.indent, 0)
	if !e.leading || e.column > indent || e.column == indent && !e.blank {
		e.newline()
	}
	if e.column < indent {
		e.blank = true
		e.write(strings.Repeat(" ", indent-e.column))
	}
}

// push indents deeper; scalars in the document itself are indented too.
func (e *emitter) push(isScalar, indentless bool) {
	e.indents = append(e.indents, e.indent)
	switch {
	case e.indent >= 0 && !indentless:
		e.indent += 2
	case e.indent >= 0:
	case isScalar:
		e.indent = 2
	default:
		e.indent = 0
	}
}

func (e *emitter) pop() {
	n := len(e.indents) - 1
	e.indent = e.indents[n]
	e.indents = e.indents[:n]
}

// end ends the document.
func (e *emitter) end() {
	open := e.open
	e.newIndent()
	if open {
		e.indicator("...", true)
		e.newIndent()
	}
}

// layout is what a text allows: analyze_scalar of yaml/emitter.py. Text that is
// not ASCII, or has other control characters than newlines, is double-quoted.
type layout struct {
	plain, single, block, lines bool
}

func isBlankOrBreak(c byte) bool { return c == ' ' || c == '\n' }

func analyze(text []byte) layout {
	if len(text) == 0 {
		return layout{single: true}
	}
	l := layout{plain: true, single: true, block: true}
	// In a plain scalar some signs mean something else.
	head := text[0]
	alone := len(text) == 1 || strings.IndexByte("\x00 \t\r\n", text[1]) >= 0
	if strings.IndexByte("#,[]{}&*!|>'\"%@`", head) >= 0 || strings.IndexByte("-?:", head) >= 0 && alone {
		l.plain = false
	}
	if len(text) >= 3 && (string(text[:3]) == "---" || string(text[:3]) == "...") {
		l.plain = false
	}
	last := len(text) - 1
	for i, c := range text {
		switch {
		case c == '\n':
			l.plain, l.lines = false, true
		case c < ' ' || c > '~':
			l.lines = l.lines || isWideBreak(text[i:])
			l.plain, l.single, l.block = false, false, false
		case c == ':' && (i == last || isBlankOrBreak(text[i+1])),
			c == '#' && i > 0 && isBlankOrBreak(text[i-1]):
			l.plain = false
		case c == ' ' && i > 0 && text[i-1] == '\n':
			l.plain, l.single = false, false
		}
		if c == '\n' && i > 0 && text[i-1] == ' ' {
			l.plain, l.single, l.block = false, false, false
		}
	}
	if isBlankOrBreak(head) || isBlankOrBreak(text[last]) {
		l.plain = false
	}
	if text[last] == ' ' {
		l.block = false
	}
	return l
}

// isWideBreak tells the line breaks that Unicode has beyond the newline.
func isWideBreak(b []byte) bool {
	return len(b) > 1 && b[0] == 0xc2 && b[1] == 0x85 || len(b) > 2 && b[0] == 0xe2 && b[1] == 0x80 && b[2]|1 == 0xa9
}

// plain writes text as it is, broken at single blanks.
func (e *emitter) plain(text []byte, where context) {
	if !e.blank {
		e.write(" ")
	}
	e.blank, e.leading = false, false
	e.words(text, where != asKey, func() { e.newIndent(); e.blank, e.leading = false, false })
	e.open = where == inDocument
}

// words writes text without line breaks, and calls fold in place of a single
// blank behind the width of a line.
func (e *emitter) words(text []byte, split bool, fold func()) {
	for i := 0; i < len(text); {
		from := i
		if text[i] == ' ' {
			for i < len(text) && text[i] == ' ' {
				i++
			}
			if i-from == 1 && e.column > lineWidth && split && from > 0 && i < len(text) {
				fold()
				continue
			}
		} else {
			for i < len(text) && text[i] != ' ' {
				i++
			}
		}
		e.write(string(text[from:i]))
	}
}

// single writes text in single quotes. A newline reads as a blank there, unless
// there are two.
func (e *emitter) single(text []byte, split bool) {
	e.indicator("'", true)
	for len(text) > 0 {
		n := 0
		for n < len(text) && text[n] == '\n' {
			n++
		}
		if n > 0 {
			e.newline()
			for range n {
				e.newline()
			}
			e.newIndent()
			text = text[n:]
			continue
		}
		for n < len(text) && text[n] != '\n' {
			n++
		}
		e.quotedLine(text[:n], split, n < len(text))
		text = text[n:]
	}
	e.indicator("'", false)
}

// quotedLine writes a line in single quotes.
func (e *emitter) quotedLine(line []byte, split, more bool) {
	first := true
	for len(line) > 0 {
		n := 0
		switch line[0] {
		case '\'':
			e.write("''")
			n = 1
		case ' ':
			for n < len(line) && line[n] == ' ' {
				n++
			}
			if n == 1 && e.column > lineWidth && split && !first && (n < len(line) || more) {
				e.newIndent()
			} else {
				e.write(string(line[:n]))
			}
		default:
			for n < len(line) && line[n] != ' ' && line[n] != '\'' {
				n++
			}
			e.write(string(line[:n]))
		}
		line = line[n:]
		first = false
	}
}

// named are the escapes of one letter.
var named = map[rune]string{0: `\0`, 7: `\a`, 8: `\b`, 9: `\t`, 10: `\n`, 11: `\v`, 12: `\f`, 13: `\r`, 27: `\e`, '"': `\"`, '\\': `\\`,
	0x85: `\N`, 0xa0: `\_`, 0x2028: `\L`, 0x2029: `\P`}

// double writes text in double quotes, escaped. Where a line is too long it is
// broken, after a backslash, before a blank or beside an escape.
func (e *emitter) double(text []byte, split bool) {
	e.indicator(`"`, true)
	run := 0 // where the characters begin that are not written yet
	for i, width := 0, 0; i < len(text); i += width {
		var r rune
		r, width = char(text[i:])
		waiting := i - run
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			e.write(string(text[run:i]))
			e.write(escaped(r))
			run, waiting = i+width, -1
		}
		if !split || i == 0 || i+width == len(text) || r != ' ' && waiting > 0 || e.column+waiting <= lineWidth {
			continue
		}
		if waiting > 0 {
			e.write(string(text[run:i]))
			run = i
		}
		e.write(`\`)
		e.newIndent()
		e.blank, e.leading = false, false
		if text[run] == ' ' {
			e.write(`\`)
		}
	}
	e.write(string(text[run:]))
	e.indicator(`"`, false)
}

// char decodes a character of a str, lone surrogates included.
func char(b []byte) (rune, int) {
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 {
		return 0xd000 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), 3
	}
	return r, n
}

func escaped(r rune) string {
	if s, ok := named[r]; ok {
		return s
	}
	const hex = "0123456789ABCDEF"
	sign, n := byte('x'), 2
	switch {
	case r > 0xffff:
		sign, n = 'U', 8
	case r > 0xff:
		sign, n = 'u', 4
	}
	b := []byte{'\\', sign}
	for n--; n >= 0; n-- {
		b = append(b, hex[r>>(4*n)&15])
	}
	return string(b)
}

// literal writes lines after a vertical bar: base64, the last line of which ends
// with a newline.
func (e *emitter) literal(text []byte) {
	e.indicator("|", true)
	e.newline()
	for _, line := range strings.SplitAfter(string(text), "\n") {
		if line != "" {
			e.newIndent()
			e.dst = append(e.dst, line[:len(line)-1]...)
			e.newline()
		}
	}
}
