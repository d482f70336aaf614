package settings

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd     tokenKind = iota // after the last
	tokNewline                  // of a logical line
	tokIndent                   //
	tokDedent                   //
	tokName                     // keywords included
	tokNumber                   //
	tokString                   // one literal, prefix and quotes included
	tokOp                       //
)

type token struct {
	kind tokenKind
	text string
	at   int // offset in the text
}

// operators of more than one character, the longest first.
var operators = []string{
	"**=", "//=", ">>=", "<<=", "...", "!=", "<>", "->", ":=", "==", "<=", ">=", "+=", "-=", "*=", "/=",
	"%=", "&=", "|=", "^=", "@=", "**", "//", "<<", ">>",
}

// A lexer splits text into tokens, logical lines and blocks as Python's
// tokenizer does.
type lexer struct {
	text   string
	pos    int
	tokens []token
	open   []int // offsets of the brackets that are open
	indent []int // columns of the blocks that are open
	inside bool  // an expression of an f-string: newlines mean nothing
}

// lex splits a whole text. Errors are panics with *Error.
func lex(source string, inside bool) []token {
	l := &lexer{text: source, inside: inside, indent: []int{0}}
	if !inside {
		l.lineStart()
	}
	for l.pos < len(l.text) {
		l.token()
	}
	if n := len(l.open); n > 0 {
		l.fail(l.open[n-1], "%q is never closed", source[l.open[n-1]])
	}
	if n := len(l.tokens); !inside && n > 0 && l.tokens[n-1].kind != tokNewline && l.tokens[n-1].kind != tokDedent {
		l.emit(tokNewline, l.pos)
	}
	for range l.indent[1:] {
		l.emit(tokDedent, l.pos)
	}
	l.emit(tokEnd, l.pos)
	return l.tokens
}

func (l *lexer) fail(at int, format string, args ...any) {
	panic(placeOf(l.text, at).errorf(format, args...))
}

// emit appends the token from start to where the lexer is.
func (l *lexer) emit(kind tokenKind, start int) {
	l.tokens = append(l.tokens, token{kind, l.text[start:l.pos], start})
}

func (l *lexer) peek() byte {
	if l.pos < len(l.text) {
		return l.text[l.pos]
	}
	return 0
}

// lineStart measures the indent of the next line that is not blank.
func (l *lexer) lineStart() {
	for l.pos < len(l.text) {
		column := 0
	blanks:
		for ; l.pos < len(l.text); l.pos++ {
			switch l.text[l.pos] {
			case ' ':
				column++
			case '\t':
				column += 8 - column%8
			case '\f':
				column = 0
			default:
				break blanks
			}
		}
		switch l.peek() {
		case '#':
			l.comment()
			continue
		case '\n':
			l.pos++
			continue
		case 0:
			if l.pos == len(l.text) {
				return
			}
		}
		l.block(column)
		return
	}
}

// block opens and closes blocks by the indent of a line.
func (l *lexer) block(column int) {
	switch top := l.indent[len(l.indent)-1]; {
	case column > top:
		if len(l.indent) > maxDepth {
			l.fail(l.pos, "blocks are nested more than %d deep", maxDepth)
		}
		l.indent = append(l.indent, column)
		l.emit(tokIndent, l.pos)
	case column < top:
		for column < l.indent[len(l.indent)-1] {
			l.indent = l.indent[:len(l.indent)-1]
			l.emit(tokDedent, l.pos)
		}
		if column != l.indent[len(l.indent)-1] {
			l.fail(l.pos, "the indent matches no line above")
		}
	}
}

func (l *lexer) comment() {
	if i := strings.IndexByte(l.text[l.pos:], '\n'); i >= 0 {
		l.pos += i
	} else {
		l.pos = len(l.text)
	}
}

// token reads one token and what is blank before it.
func (l *lexer) token() {
	start, c := l.pos, l.text[l.pos]
	switch {
	case c == ' ' || c == '\t' || c == '\f':
		l.pos++
	case c == '#':
		l.comment()
	case c == '\\' && strings.HasPrefix(l.text[start:], "\\\n"):
		l.pos += 2
	case c == '\n' && (l.inside || len(l.open) > 0):
		l.pos++
	case c == '\n':
		l.pos++
		l.emit(tokNewline, start)
		l.lineStart()
	case stringStart(l.text[start:]) >= 0:
		l.pos = stringEnd(l.text, start, 0, nil)
		l.emit(tokString, start)
	case isDigit(c) || c == '.' && start+1 < len(l.text) && isDigit(l.text[start+1]):
		l.number()
		l.emit(tokNumber, start)
	case isNameStart(l.text[start:]):
		for l.pos < len(l.text) && isNamePart(l.text[l.pos:]) {
			_, width := utf8.DecodeRuneInString(l.text[l.pos:])
			l.pos += width
		}
		l.emit(tokName, start)
	default:
		l.operator()
	}
}

func (l *lexer) operator() {
	start := l.pos
	l.pos++
	for _, op := range operators {
		if strings.HasPrefix(l.text[start:], op) {
			l.pos = start + len(op)
			break
		}
	}
	switch op := l.text[start:l.pos]; op {
	case "(", "[", "{":
		if len(l.open) >= maxDepth {
			l.fail(start, "brackets are nested more than %d deep", maxDepth)
		}
		l.open = append(l.open, start)
	case ")", "]", "}":
		n := len(l.open)
		if n == 0 {
			l.fail(start, "%q was never opened", op[0])
		}
		if o := l.text[l.open[n-1]]; o+1 != op[0] && o+2 != op[0] {
			l.fail(start, "%q does not close %q of line %d", op[0], o, placeOf(l.text, l.open[n-1]).line)
		}
		l.open = l.open[:n-1]
	default:
		// A backquote is repr() in Python 2.
		if len(op) == 1 && !strings.Contains("+-*/%@&|^~<>=.,:;`!", op) {
			r, _ := utf8.DecodeRuneInString(l.text[start:])
			l.fail(start, "%q is not expected here", r)
		}
	}
	l.emit(tokOp, start)
}

// number skips a number. Whether it is a right one is seen when it is read.
func (l *lexer) number() {
	hex := strings.HasPrefix(l.text[l.pos:], "0x") || strings.HasPrefix(l.text[l.pos:], "0X")
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		switch {
		case isDigit(c) || c == '.' || c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z':
		case (c == '+' || c == '-') && !hex && l.text[l.pos-1]|0x20 == 'e':
		default:
			return
		}
		// 1if x and 1or y are numbers and keywords, as in Python.
		if rest := l.text[l.pos:]; !hex && isNameStart(rest) && keywordAfterNumber(rest) {
			return
		}
		l.pos++
	}
}

func keywordAfterNumber(rest string) bool {
	for _, word := range []string{"if", "or", "and", "in", "is", "for", "else", "not"} {
		if strings.HasPrefix(rest, word) && !isNamePart(rest[len(word):]) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == '_' || unicode.IsLetter(r)
}

func isNamePart(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r)
}
