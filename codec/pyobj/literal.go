package pyobj

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxBrackets is how deep CPython's tokenizer lets brackets nest.
const maxBrackets = 200

// SyntaxError says where a text stops being a value. Lines and columns count
// from 1, columns in characters.
type SyntaxError struct {
	Line, Column int
	Text         string
	cause        error
}

// ErrNamedCharacter is in the chain of the error of a literal that is none here and
// may well be one in Python: it holds a character by its name, \N{SNOWMAN}. The
// names of all characters are a table of their own, which people do not type.
var ErrNamedCharacter = errors.New("a character by its name")

func (e *SyntaxError) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Text)
}

// Unwrap returns the sentinel of what a caller may take otherwise, or nil.
func (e *SyntaxError) Unwrap() error { return e.cause }

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
// operators other than a sign or the one in 1+2j, and f-strings are not; nor is,
// unlike in Python, a character by its name ([ErrNamedCharacter]). What
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

func (p *literalParser) fail(at int, format string, args ...any) {
	panic(p.errorAt(at, format, args...))
}

func (p *literalParser) errorAt(at int, format string, args ...any) *SyntaxError {
	err := syntaxError(p.text, at, format, args...)
	if err.Line == 1 {
		err.Column += p.trimmed
	}
	return err
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
