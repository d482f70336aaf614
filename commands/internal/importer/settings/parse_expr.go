package settings

import (
	"slices"
	"strings"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// A parser reads statements and expressions by recursive descent, after the
// grammar of Python 3.12 and what settings of Python 2 have besides. Its methods
// panic with *Error.
type parser struct {
	source string // for places
	base   place  // of source in the file: that of an expression of an f-string is not its beginning
	tokens []token
	pos    int
	depth  int
	lines  []int        // offsets of the line starts of source
	graph  *pyobj.Graph // for literals, one after the other
}

func newParser(source string, base place, inside bool) *parser {
	p := &parser{source: source, base: base}
	for i := 0; ; {
		p.lines = append(p.lines, i)
		n := strings.IndexByte(source[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
	}
	p.tokens = lex(source, inside)
	return p
}

// keywords cannot be names. None, True and False are read as names are.
var keywords = []string{
	"and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
	"finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
	"raise", "return", "try", "while", "with", "yield",
}

func (p *parser) peek() token { return p.tokens[p.pos] }

// is reports whether the next token is that operator or keyword.
func (p *parser) is(text string) bool {
	t := p.peek()
	return (t.kind == tokOp || t.kind == tokName) && t.text == text
}

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokEnd {
		p.pos++
	}
	return t
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) want(text string) {
	if !p.accept(text) {
		p.unexpected()
	}
}

// at is the line of a token in the file.
func (p *parser) at(t token) line { return line(p.base.line + p.row(t.at)) }

// row counts the lines of source before an offset.
func (p *parser) row(offset int) int {
	i, found := slices.BinarySearch(p.lines, offset)
	if !found {
		i--
	}
	return i
}

// place is that of an offset of source in the file.
func (p *parser) place(offset int) place {
	i := p.row(offset)
	at := place{p.base.line + i, 1 + utf8.RuneCountInString(p.source[p.lines[i]:offset])}
	if i == 0 {
		at.column += p.base.column - 1
	}
	return at
}

func (p *parser) here() line { return p.at(p.peek()) }

func (p *parser) fail(t token, format string, args ...any) {
	panic(p.place(t.at).errorf(format, args...))
}

func (p *parser) unexpected() {
	switch t := p.peek(); t.kind {
	case tokEnd, tokNewline:
		p.fail(t, "the line ends where more is expected")
	case tokIndent, tokDedent:
		p.fail(t, "unexpected indent")
	case tokString:
		p.fail(t, "a string is not expected here") // it may be a password
	default:
		p.fail(t, "%q is not expected here", t.text)
	}
}

// down bounds the depth; the caller defers up.
func (p *parser) down() {
	// Thirty times the brackets: every operator of every precedence is a level.
	if p.depth++; p.depth > 30*maxDepth {
		p.fail(p.peek(), "expressions are nested too deep")
	}
}

func (p *parser) up() { p.depth-- }

// exprList reads expressions between commas: one is itself, unless a comma makes
// it a tuple.
func (p *parser) exprList() expr {
	at := p.here()
	first := p.starExpr()
	if !p.is(",") {
		return first
	}
	items := []expr{first}
	for p.accept(",") && p.startsExpr() {
		items = append(items, p.starExpr())
	}
	return &display{at, Tuple, items}
}

// startsExpr reports whether an expression may begin here.
func (p *parser) startsExpr() bool {
	t := p.peek()
	switch t.kind {
	case tokName:
		return !slices.Contains(keywords, t.text) || slices.Contains([]string{"not", "lambda", "await", "yield"}, t.text)
	case tokNumber, tokString:
		return true
	case tokOp:
		return slices.Contains([]string{"(", "[", "{", "-", "+", "~", "*", "**", "...", "`"}, t.text)
	}
	return false
}

func (p *parser) starExpr() expr {
	if at := p.here(); p.accept("*") {
		return &starred{at, p.orTest(6)}
	}
	return p.namedExpr()
}

// namedExpr reads an expression that may be name := value.
func (p *parser) namedExpr() expr {
	at := p.here()
	x := p.expr()
	if n, ok := x.(*nameExpr); ok && p.accept(":=") {
		return &assigned{at, n.name, p.expr()}
	}
	return x
}

// expr reads one expression.
func (p *parser) expr() expr {
	p.down()
	defer p.up()
	at := p.here()
	switch {
	case p.accept("lambda"):
		f := &function{line: at, params: p.params(":")}
		p.want(":")
		f.result = p.expr()
		return f
	case p.accept("yield"):
		p.accept("from")
		y := &opaque{line: at, what: "yield is not run"}
		if p.startsExpr() {
			y.parts = []expr{p.exprList()}
		}
		return y
	}
	x := p.orTest(0)
	if !p.accept("if") {
		return x
	}
	test := p.orTest(0)
	p.want("else")
	return &conditional{at, test, x, p.expr()}
}

// skipOne goes past a token, or past a bracket and all in it.
func (p *parser) skipOne() {
	t := p.next()
	if t.kind == tokEnd || t.kind == tokNewline {
		p.pos--
		p.unexpected()
	}
	if t.kind == tokOp && strings.Contains("([{", t.text) {
		for !p.is(")") && !p.is("]") && !p.is("}") {
			p.skipOne()
		}
		p.pos++
	}
}

// precedence lists the operators from those that bind least; 2 is not and 3 are
// the comparisons.
var precedence = [][]string{
	{"or"}, {"and"}, {"not"}, nil, {"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "//", "%", "@"},
}

func (p *parser) orTest(level int) expr {
	switch {
	case level == 2:
		if at := p.here(); p.accept("not") {
			p.down()
			defer p.up()
			return &unary{at, "not", p.orTest(2)}
		}
		return p.comparison()
	case level == len(precedence):
		return p.factor()
	}
	x := p.orTest(level + 1)
	for {
		t := p.peek()
		if t.kind != tokOp && t.kind != tokName || !slices.Contains(precedence[level], t.text) {
			return x
		}
		p.pos++
		x = &binary{p.at(t), t.text, x, p.orTest(level + 1)}
	}
}

func (p *parser) comparison() expr {
	at := p.here()
	first := p.orTest(4)
	var c *comparison
	for {
		op := p.comparator()
		if op == "" {
			break
		}
		if c == nil {
			c = &comparison{line: at, first: first}
		}
		c.ops, c.rest = append(c.ops, op), append(c.rest, p.orTest(4))
	}
	if c == nil {
		return first
	}
	return c
}

func (p *parser) comparator() string {
	t := p.peek()
	switch t.text {
	case "==", "!=", "<", "<=", ">", ">=", "in":
		if t.kind == tokString {
			return ""
		}
		p.pos++
		return t.text
	case "<>":
		p.pos++
		return "!="
	case "is":
		p.pos++
		if p.accept("not") {
			return "is not"
		}
		return "is"
	case "not":
		p.pos++
		p.want("in")
		return "not in"
	}
	return ""
}

func (p *parser) factor() expr {
	p.down()
	defer p.up()
	t := p.peek()
	if t.kind == tokOp && (t.text == "-" || t.text == "+" || t.text == "~") {
		p.pos++
		return &unary{p.at(t), t.text, p.factor()}
	}
	if p.accept("await") {
		return &opaque{p.at(t), "await is not run", []expr{p.factor()}}
	}
	x := p.primary()
	if p.is("**") {
		p.pos++
		return &binary{p.at(t), "**", x, p.factor()}
	}
	return x
}

// primary reads an atom with its calls, attributes and subscripts.
func (p *parser) primary() expr {
	x := p.atom()
	for {
		at := p.here()
		switch {
		case p.accept("."):
			t := p.next()
			if t.kind != tokName {
				p.pos--
				p.unexpected()
			}
			x = &attribute{at, x, t.text}
		case p.accept("("):
			x = &call{at, x, p.arguments()}
		case p.accept("["):
			x = &subscript{at, x, p.index()}
		default:
			return x
		}
	}
}

// arguments reads those of a call, up to and with its closing bracket.
func (p *parser) arguments() []argument {
	var args []argument
	for !p.accept(")") {
		var a argument
		switch t := p.peek(); {
		case p.accept("*"):
			a.stars, a.value = 1, p.expr()
		case p.accept("**"):
			a.stars, a.value = 2, p.expr()
		case t.kind == tokName && p.tokens[p.pos+1].text == "=" && p.tokens[p.pos+1].kind == tokOp:
			p.pos += 2
			a.name, a.value = t.text, p.expr()
		default:
			a.value = p.namedExpr()
			if p.is("for") || p.is("async") {
				a.value = p.generator(p.at(t), a.value)
			}
		}
		args = append(args, a)
		if !p.is(")") {
			p.want(",")
		}
	}
	return args
}

func (p *parser) index() expr {
	at := p.here()
	var items []expr
	comma := false
	for !p.accept("]") {
		items = append(items, p.indexItem())
		if comma = p.accept(","); !comma && !p.is("]") {
			p.unexpected()
		}
	}
	if len(items) == 0 {
		p.pos--
		p.unexpected()
	}
	if len(items) == 1 && !comma {
		return items[0]
	}
	return &display{at, Tuple, items}
}

func (p *parser) indexItem() expr {
	s := &slice{line: p.here()}
	if !p.is(":") {
		if s.low = p.starExpr(); !p.is(":") {
			return s.low
		}
	}
	p.want(":")
	if p.startsExpr() {
		s.high = p.expr()
	}
	if p.accept(":") && p.startsExpr() {
		s.step = p.expr()
	}
	return s
}
