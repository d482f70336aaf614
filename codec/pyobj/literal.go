package pyobj

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxBrackets is how deep CPython's tokenizer lets brackets nest.
const maxBrackets = 200

// SyntaxError says where a text stops being a value. Lines and columns count
// from 1, columns in characters.
type SyntaxError struct {
	Line, Column int
	Text         string
}

func (e *SyntaxError) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Text)
}

// syntaxError makes the error for the byte at offset of text.
func syntaxError(text []byte, offset int, format string, args ...any) *SyntaxError {
	before := text[:offset]
	line := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:   1 + bytes.Count(before, []byte{'\n'}),
		Column: 1 + utf8.RuneCount(before[line:]),
		Text:   fmt.Sprintf(format, args...),
	}
}

// ParseLiteral reads text as Python's ast.literal_eval does into g, which is
// reset. Strings, bytes, numbers, tuples, lists,
// dicts, sets, set(), True, False, None and ... are literals; names, calls,
// operators other than a sign or the one in 1+2j, and f-strings are not. What
// Python shares is shared: nothing but the empty and one-character strings,
// the empty and one-byte bytes and the empty tuple.
//
// The errors are *SyntaxError.
func ParseLiteral(g *Graph, text []byte) (root Ref, err error) {
	p := literalParser{builder: newBuilder(g)}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *SyntaxError:
			root, err = 0, e
		default:
			panic(e)
		}
	}()
	p.prepare(text)
	p.firstToken()
	root = p.value(p.elements(p.at))
	p.lastToken()
	p.finish()
	return root, nil
}

// literalParser is a recursive descent over the text. Its methods panic with
// *SyntaxError; brackets bound the depth.
type literalParser struct {
	builder
	text    []byte // without blanks in front; \n alone ends a line
	trimmed int    // how many blanks were in front
	at      int
	open    []int // where the brackets are that are open
	buf     []byte
}

// operand is an expression that may still become part of a larger one.
type operand struct {
	kind  operandKind
	start int
	ref   Ref
	num   number
}

type operandKind uint8

const (
	plainOperand  operandKind = iota // anything that takes no sign
	numberOperand                    // a number as written
	signedOperand                    // a number after its sign
	setOperand                       // the name set, not called yet
)

// number is a numeric constant before it becomes a node: an int (whole), or a
// float, which imaginary makes the second half of a complex.
type number struct {
	whole     *big.Int
	float     float64
	imaginary bool
}

func (p *literalParser) fail(at int, format string, args ...any) {
	err := syntaxError(p.text, at, format, args...)
	if err.Line == 1 {
		err.Column += p.trimmed
	}
	panic(err)
}

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

// unexpected fails at the token in front.
func (p *literalParser) unexpected() {
	if n := len(p.open); n > 0 && p.at >= len(p.text) {
		p.fail(p.open[n-1], "%q is never closed", p.text[p.open[n-1]])
	}
	if p.at >= len(p.text) || p.text[p.at] == '\n' {
		p.fail(p.at, "the value is not complete")
	}
	if name := p.name(); name != "" {
		p.fail(p.at, "name %q is not a literal", name)
	}
	r, _ := utf8.DecodeRune(p.text[p.at:])
	p.fail(p.at, "%s is not expected here", AppendString(nil, []byte(string(r))))
}

// name returns the identifier in front, without going past it.
func (p *literalParser) name() string {
	i := p.at
	for i < len(p.text) && (isNameByte(p.text[i]) || p.text[i] >= utf8.RuneSelf) {
		i++
	}
	if i > p.at && !isDigit(p.text[p.at]) {
		return string(p.text[p.at:i])
	}
	return ""
}

func isNameByte(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// elements reads expressions between commas: one is itself, unless a comma
// makes it a tuple.
func (p *literalParser) elements(start int) operand {
	first := p.expression()
	if p.skip(); p.peek() != ',' {
		return first
	}
	mark := p.mark()
	p.push(p.value(first))
	for p.peek() == ',' {
		p.at++
		if p.skip(); p.at == len(p.text) || p.peek() == ')' || p.peek() == '\n' {
			break
		}
		p.push(p.value(p.expression()))
		p.skip()
	}
	return operand{start: start, ref: p.tuple(mark)}
}

// expression reads one element: an operand with at most one sign before it,
// and the sum or difference that writes a complex number.
func (p *literalParser) expression() operand {
	left := p.signed()
	p.skip()
	op := p.peek()
	if op != '+' && op != '-' {
		return left
	}
	at := p.at
	p.at++
	p.skip()
	right := p.operand()
	if left.kind != numberOperand && left.kind != signedOperand || left.num.imaginary ||
		right.kind != numberOperand || !right.num.imaginary {
		p.fail(at, "%q is only for complex numbers such as 1+2j", op)
	}
	re := left.num.float
	if left.num.whole != nil {
		var ok bool
		if re, ok = wholeToFloat(left.num.whole); !ok {
			p.fail(left.start, "the integer is too large for a complex number")
		}
	}
	// Python adds or subtracts a complex whose real part is 0.0, which decides
	// the sign of zeros.
	im := right.num.float
	if op == '+' {
		re, im = re+0, 0+im
	} else {
		re, im = re-0, 0-im
	}
	v := operand{start: left.start, ref: p.complex(re, im)}
	if p.skip(); p.peek() == '+' || p.peek() == '-' {
		p.fail(p.at, "%q is only for complex numbers such as 1+2j", p.peek())
	}
	return v
}

func (p *literalParser) signed() operand {
	start := p.at
	sign := p.peek()
	if sign != '+' && sign != '-' {
		return p.operand()
	}
	p.at++
	p.skip()
	v := p.operand()
	if v.kind != numberOperand {
		p.fail(start, "%q must stand before a number", sign)
	}
	v.kind, v.start = signedOperand, start
	if sign == '+' {
		return v
	}
	switch {
	case v.num.whole != nil:
		v.num.whole.Neg(v.num.whole)
	case v.num.imaginary:
		// -(2j) negates the real part too.
		return operand{start: start, ref: p.complex(negativeZero, -v.num.float)}
	default:
		v.num.float = -v.num.float
	}
	return v
}

// value turns an operand that stays alone into a node.
func (p *literalParser) value(v operand) Ref {
	switch v.kind {
	case setOperand:
		p.fail(v.start, "name \"set\" is not a literal: the empty set is set()")
	case numberOperand, signedOperand:
		switch {
		case v.num.whole != nil:
			return p.integer(v.num.whole)
		case v.num.imaginary:
			return p.complex(0, v.num.float)
		}
		return p.float(v.num.float)
	}
	return v.ref
}

// operand reads an atom, and the call in set().
func (p *literalParser) operand() operand {
	v := p.atom()
	if v.kind != setOperand {
		return v
	}
	if p.skip(); p.peek() != '(' {
		return v
	}
	p.enter()
	if p.skip(); p.peek() != ')' {
		p.fail(p.at, "set() takes nothing: write {1, 2}")
	}
	p.leave()
	return operand{start: v.start, ref: p.emptySet()}
}

func (p *literalParser) atom() operand {
	start := p.at
	c := p.peek()
	switch {
	case p.at >= len(p.text):
		p.unexpected()
	case isDigit(c) || c == '.' && p.at+1 < len(p.text) && isDigit(p.text[p.at+1]):
		return operand{kind: numberOperand, start: start, num: p.number()}
	case bytes.HasPrefix(p.text[p.at:], []byte("...")):
		p.at += 3
		return operand{start: start, ref: p.ellipsis()}
	case p.stringPrefix() >= 0:
		return operand{start: start, ref: p.strings()}
	case c == '(':
		return p.parenthesis()
	case c == '[':
		return operand{start: start, ref: p.list()}
	case c == '{':
		return operand{start: start, ref: p.braces()}
	}
	name := p.name()
	switch name {
	case "None":
		p.at += len(name)
		return operand{start: start, ref: p.none()}
	case "True", "False":
		p.at += len(name)
		return operand{start: start, ref: p.bool(name == "True")}
	case "set":
		p.at += len(name)
		return operand{kind: setOperand, start: start}
	}
	p.unexpected()
	panic("unreachable")
}

func (p *literalParser) enter() {
	if len(p.open) == maxBrackets {
		p.fail(p.at, "more than %d brackets are open", maxBrackets)
	}
	p.open = append(p.open, p.at)
	p.at++
}

func (p *literalParser) leave() {
	p.open = p.open[:len(p.open)-1]
	p.at++
}

// parenthesis reads a tuple, or an operand in brackets, which stays what it is.
func (p *literalParser) parenthesis() operand {
	start := p.at
	p.enter()
	if p.skip(); p.peek() == ')' {
		p.leave()
		return operand{start: start, ref: p.tuple(p.mark())}
	}
	v := p.elements(start)
	p.expectClose(')')
	return v
}

func (p *literalParser) list() Ref {
	mark := p.mark()
	p.enter()
	for p.skip(); p.peek() != ']'; p.skip() {
		p.push(p.value(p.expression()))
		if p.skip(); p.peek() != ',' {
			break
		}
		p.at++
	}
	p.expectClose(']')
	return p.builder.list(mark)
}

// braces reads a dict or a set.
func (p *literalParser) braces() Ref {
	mark := p.mark()
	p.enter()
	isDict := true
	for p.skip(); p.peek() != '}'; p.skip() {
		at := p.at
		key := p.value(p.expression())
		p.skip()
		if p.mark() == mark {
			isDict = p.peek() == ':'
		} else if isDict && p.peek() != ':' {
			p.fail(p.at, "the key has no value: \":\" is missing")
		}
		if why := p.unhashable(key); why != "" {
			p.fail(at, "a %s cannot be a %s", why, map[bool]string{true: "dict key", false: "set element"}[isDict])
		}
		if isDict {
			p.at++
			p.skip()
			p.pair(mark, key, p.value(p.expression()))
			p.skip()
		} else if _, found := p.sameKey(mark, 1, key); !found {
			p.push(key)
		}
		if p.peek() != ',' {
			break
		}
		p.at++
	}
	p.expectClose('}')
	if isDict {
		return p.dict(mark)
	}
	return p.set(mark)
}

func (p *literalParser) pair(mark int, key, value Ref) {
	if at, found := p.sameKey(mark, 2, key); found {
		p.stack[at+1] = value
		return
	}
	p.push(key)
	p.push(value)
}

func (p *literalParser) expectClose(shut byte) {
	if p.skip(); p.peek() != shut {
		p.unexpected()
	}
	p.leave()
}

// number reads a numeric constant by the tokenizer's rules.
func (p *literalParser) number() number {
	start := p.at
	if p.text[p.at] == '0' && p.at+1 < len(p.text) {
		base, digits := 0, ""
		switch p.text[p.at+1] | 0x20 {
		case 'x':
			base, digits = 16, "0123456789abcdefABCDEF"
		case 'o':
			base, digits = 8, "01234567"
		case 'b':
			base, digits = 2, "01"
		}
		if base != 0 {
			p.at += 2
			if p.peek() == '_' {
				p.at++
			}
			text := p.digits(digits)
			if text == "" || isNameByte(p.peek()) {
				p.fail(p.at, "not a digit of a number of base %d", base)
			}
			n, _ := new(big.Int).SetString(text, base)
			return number{whole: n}
		}
	}
	const decimal = "0123456789"
	whole := p.digits(decimal)
	text := whole
	isFloat := false
	if p.peek() == '.' {
		p.at++
		isFloat = true
		text += "." + p.digits(decimal)
	}
	if p.peek()|0x20 == 'e' {
		i := p.at + 1
		if i < len(p.text) && (p.text[i] == '+' || p.text[i] == '-') {
			i++
		}
		if i < len(p.text) && isDigit(p.text[i]) {
			text += string(p.text[p.at:i])
			p.at = i
			isFloat = true
			text += p.digits(decimal)
		}
	}
	imaginary := p.peek()|0x20 == 'j'
	if imaginary {
		p.at++
	}
	if isNameByte(p.peek()) || p.peek() >= utf8.RuneSelf {
		p.fail(p.at, "the number is not spelt as Python does")
	}
	if isFloat || imaginary {
		// A number too large is infinite, in Python as here.
		f, _ := strconv.ParseFloat(text, 64)
		return number{float: f, imaginary: imaginary}
	}
	significant := strings.TrimLeft(whole, "0")
	switch {
	case significant == "":
		return number{whole: new(big.Int)}
	case len(significant) < len(whole):
		p.fail(start, "an integer does not begin with 0")
	case len(whole) > MaxDigits:
		p.fail(start, "the integer has %d digits, Python reads at most %d", len(whole), MaxDigits)
	}
	n, _ := new(big.Int).SetString(whole, 10)
	return number{whole: n}
}

// digits reads digits with single underscores between them and returns them
// without.
func (p *literalParser) digits(allowed string) string {
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c == '_' && b.Len() > 0 && p.at+1 < len(p.text) && strings.IndexByte(allowed, p.text[p.at+1]) >= 0 {
			p.at++
			continue
		}
		if strings.IndexByte(allowed, c) < 0 {
			break
		}
		b.WriteByte(c)
		p.at++
	}
	return b.String()
}

// wholeToFloat is float(n); false means that Python raises OverflowError.
func wholeToFloat(n *big.Int) (float64, bool) {
	f, _ := n.Float64()
	return f, !math.IsInf(f, 0)
}
