package settings

import (
	"slices"
	"strings"
)

// file reads a whole text.
func (p *parser) file() []stmt {
	var body []stmt
	for p.peek().kind != tokEnd {
		body = append(body, p.statement()...)
	}
	return body
}

// statement reads one logical line, or a compound statement.
func (p *parser) statement() []stmt {
	p.down()
	defer p.up()
	t := p.peek()
	at := p.at(t)
	if t.kind == tokName {
		switch t.text {
		case "if":
			return []stmt{p.ifStatement(at)}
		case "for":
			return []stmt{p.forStatement(at)}
		case "try":
			return []stmt{p.tryStatement(at)}
		case "with":
			return []stmt{p.withStatement(at)}
		case "while":
			p.pos++
			w := &whileStmt{line: at, test: p.namedExpr()}
			w.body, w.orElse = p.body(), p.orElse()
			return []stmt{w}
		case "def", "class":
			return []stmt{p.definition(at, nil)}
		case "async":
			p.pos++
			return p.statement()
		case "match":
			if p.blockFollows() {
				return []stmt{p.matchStatement(at)}
			}
		}
	}
	if t.kind == tokOp && t.text == "@" {
		return []stmt{p.decorated()}
	}
	return p.simple()
}

// simple reads small statements up to the end of the line.
func (p *parser) simple() []stmt {
	var body []stmt
	for {
		body = append(body, p.small())
		if !p.accept(";") {
			break
		}
		if p.peek().kind == tokNewline {
			break
		}
	}
	p.newline()
	return body
}

func (p *parser) newline() {
	if p.peek().kind != tokNewline {
		p.unexpected()
	}
	p.pos++
}

// body reads what follows the colon of a compound statement, and the colon.
func (p *parser) body() []stmt {
	p.want(":")
	if p.peek().kind != tokNewline {
		return p.simple()
	}
	p.pos++
	if p.peek().kind != tokIndent {
		p.fail(p.peek(), "an indented block is expected")
	}
	p.pos++
	var body []stmt
	for p.peek().kind != tokDedent {
		body = append(body, p.statement()...)
	}
	p.pos++
	return body
}

func (p *parser) orElse() []stmt {
	if p.accept("else") {
		return p.body()
	}
	return nil
}

// small reads one simple statement.
func (p *parser) small() stmt {
	t := p.peek()
	at := p.at(t)
	if t.kind == tokName {
		switch t.text {
		case "import":
			return p.importStatement(at)
		case "from":
			return p.fromStatement(at)
		case "del":
			p.pos++
			return &deletion{at, p.targetList()}
		case "pass", "break", "continue":
			p.pos++
			return &other{line: at, what: t.text}
		case "global", "nonlocal":
			s := &scopeStmt{line: at}
			for p.pos++; p.peek().kind == tokName || p.is(","); p.pos++ {
				if p.peek().kind == tokName && t.text == "global" {
					s.names = append(s.names, p.peek().text)
				}
			}
			return s
		case "return":
			p.pos++
			o := &other{line: at, what: t.text}
			if p.startsExpr() {
				o.parts = []expr{p.exprList()}
			}
			return o
		case "raise", "assert":
			p.pos++
			return &other{line: at, what: t.text, parts: p.commaList("from")}
		case "print", "exec":
			if p.python2Statement() {
				p.pos++
				p.accept(">>")
				return &other{line: at, what: t.text, parts: p.commaList("in")}
			}
		case "type":
			// type X = …, a soft keyword of 3.12.
			if next := p.tokens[p.pos+1]; next.kind == tokName && !slices.Contains(keywords, next.text) {
				p.skipLine()
				b := &importing{line: at}
				b.bind(next.text, "type")
				return b
			}
		}
	}
	return p.assignment(at)
}

// python2Statement reports whether print or exec stands here as a statement: what
// follows it begins an expression and does not go on with one.
func (p *parser) python2Statement() bool {
	next := p.tokens[p.pos+1]
	switch next.kind {
	case tokString, tokNumber, tokName:
		return !slices.Contains(keywords, next.text) || next.text == "not" || next.text == "lambda"
	case tokOp:
		if p.peek().text == "print" && next.text == ">>" {
			return true
		}
		return next.text == "`" || next.text == "{"
	case tokNewline:
		return true
	}
	return false
}

// commaList reads expressions between commas, and one after the word.
func (p *parser) commaList(word string) []expr {
	var list []expr
	for p.startsExpr() {
		list = append(list, p.starExpr())
		if !p.accept(",") && !p.accept(word) {
			break
		}
	}
	return list
}

func (p *parser) skipLine() {
	for p.peek().kind != tokNewline && p.peek().kind != tokEnd {
		p.pos++
	}
}

func (p *parser) targetList() []expr {
	x := p.exprList()
	if d, ok := x.(*display); ok && d.kind != Set {
		return d.items
	}
	return []expr{x}
}

// augmented assignments, and the operators that they stand for.
var augmented = map[string]string{
	"+=": "+", "-=": "-", "*=": "*", "/=": "/", "//=": "//", "%=": "%", "**=": "**", "|=": "|", "&=": "&", "^=": "^",
	"<<=": "<<", ">>=": ">>", "@=": "@",
}

// assignment reads an assignment of any form, or an expression alone.
func (p *parser) assignment(at line) stmt {
	start := p.peek()
	first := p.exprList()
	t := p.peek()
	if t.kind == tokOp {
		if op := augmented[t.text]; op != "" {
			p.pos++
			p.checkTarget(start, first)
			return &assign{line: at, targets: []expr{first}, op: op, value: p.exprList()}
		}
		if t.text == ":" {
			p.pos++
			p.checkTarget(start, first)
			notes := p.expr()
			if !p.accept("=") {
				return &other{line: at, what: "annotation", parts: []expr{notes}}
			}
			return &assign{line: at, targets: []expr{first}, value: p.exprList(), notes: notes}
		}
	}
	if !p.is("=") {
		return &exprStmt{at, first}
	}
	a := &assign{line: at, targets: []expr{first}}
	p.checkTarget(start, first)
	for p.accept("=") {
		start = p.peek()
		value := p.exprList()
		if p.is("=") {
			p.checkTarget(start, value)
			a.targets = append(a.targets, value)
			continue
		}
		a.value = value
	}
	return a
}

func (p *parser) checkTarget(t token, x expr) {
	switch x := x.(type) {
	case *nameExpr, *attribute, *subscript:
	case *starred:
		p.checkTarget(t, x.x)
	case *display:
		if x.kind == Set {
			p.fail(t, "a set cannot be assigned to")
		}
		for _, item := range x.items {
			p.checkTarget(t, item)
		}
	default:
		p.fail(t, "this cannot be assigned to")
	}
}

func (p *parser) dotted() string {
	var b strings.Builder
	for {
		t := p.next()
		if t.kind != tokName {
			p.pos--
			p.unexpected()
		}
		b.WriteString(t.text)
		if !p.accept(".") {
			return b.String()
		}
		b.WriteByte('.')
	}
}

func (b *importing) bind(name, path string) {
	b.names = append(b.names, name)
	b.values = append(b.values, &Value{Kind: Name, Text: path, Line: b.at()})
}

func (p *parser) importStatement(at line) stmt {
	b := &importing{line: at}
	p.want("import")
	for {
		path := p.dotted()
		if p.accept("as") {
			b.bind(p.dotted(), path)
		} else {
			top, _, _ := strings.Cut(path, ".")
			b.bind(top, top)
		}
		if !p.accept(",") {
			return b
		}
	}
}

func (p *parser) fromStatement(at line) stmt {
	p.want("from")
	module := ""
	for p.is(".") || p.is("...") {
		module += p.next().text
	}
	if !p.is("import") {
		module += p.dotted()
	}
	p.want("import")
	if p.accept("*") {
		return &starImport{at, module}
	}
	b := &importing{line: at}
	brackets := p.accept("(")
	for !brackets || !p.is(")") {
		name := p.dotted()
		path := module + "." + name
		if strings.HasSuffix(module, ".") {
			path = module + name
		}
		if p.accept("as") {
			name = p.dotted()
		}
		b.bind(name, path)
		if !p.accept(",") {
			break
		}
	}
	if brackets {
		p.want(")")
	}
	return b
}

func (p *parser) ifStatement(at line) stmt {
	s := &ifStmt{line: at}
	for p.accept("if") || p.accept("elif") {
		s.tests = append(s.tests, p.namedExpr())
		s.bodies = append(s.bodies, p.body())
	}
	if p.is("else") {
		s.bodies = append(s.bodies, p.orElse())
	}
	return s
}

func (p *parser) forStatement(at line) stmt {
	s := &forStmt{line: at}
	p.want("for")
	s.target = p.targets()
	p.want("in")
	s.iter = p.exprList()
	from := p.pos
	s.body = p.body()
	for _, t := range p.tokens[from:p.pos] {
		if t.kind == tokName && slices.Contains([]string{"break", "continue", "raise", "assert"}, t.text) {
			s.jumps = true
		}
	}
	s.orElse = p.orElse()
	return s
}

func (p *parser) tryStatement(at line) stmt {
	s := &tryStmt{line: at}
	p.want("try")
	s.body = p.body()
	for p.accept("except") {
		var h handler
		p.accept("*")
		if !p.is(":") {
			h.types = p.exprList() // with the comma of Python 2
			if d, ok := h.types.(*display); ok && len(d.items) == 2 {
				if n, ok := d.items[1].(*nameExpr); ok {
					h.name = n.name
				}
			}
		}
		if p.accept("as") {
			h.name = p.next().text
		}
		h.body = p.body()
		s.handlers = append(s.handlers, h)
	}
	s.orElse = p.orElse()
	if p.accept("finally") {
		s.finally = p.body()
	}
	return s
}

func (p *parser) withStatement(at line) stmt {
	s := &withStmt{line: at}
	p.want("with")
	// Brackets around several items look like a tuple up to the first as.
	brackets := false
	if p.is("(") {
		brackets = p.bracketsOfWith()
	}
	for {
		item := withItem{context: p.expr()}
		if p.accept("as") {
			item.target = p.orTest(4)
		}
		s.items = append(s.items, item)
		if !p.accept(",") || brackets && p.is(")") {
			break
		}
	}
	if brackets {
		p.want(")")
	}
	s.body = p.body()
	return s
}

// bracketsOfWith skips the bracket in front if it is one around the items.
func (p *parser) bracketsOfWith() bool {
	depth := 0
	for _, t := range p.tokens[p.pos:] {
		switch {
		case t.kind == tokOp && strings.Contains("([{", t.text):
			depth++
		case t.kind == tokOp && strings.Contains(")]}", t.text):
			if depth--; depth == 0 {
				return false
			}
		case depth == 1 && t.kind == tokName && t.text == "as":
			p.pos++
			return true
		case t.kind == tokNewline:
			return false
		}
	}
	return false
}

// blockFollows reports whether this line ends with a colon and a block: then
// match is a keyword.
func (p *parser) blockFollows() bool {
	for i := p.pos; i+2 < len(p.tokens); i++ {
		if p.tokens[i].kind == tokNewline {
			return i > p.pos+1 && p.tokens[i-1].text == ":" && p.tokens[i+1].kind == tokIndent
		}
	}
	return false
}

func (p *parser) matchStatement(at line) stmt {
	s := &matchStmt{line: at}
	p.want("match")
	s.subject = p.exprList()
	p.want(":")
	p.newline()
	p.pos++ // the indent
	for p.peek().kind != tokDedent {
		p.want("case")
		var c matchCase
		c.names = p.pattern()
		if p.accept("if") {
			c.guard = p.namedExpr()
		}
		c.body = p.body()
		s.cases = append(s.cases, c)
	}
	p.pos++
	return s
}

// pattern skips a pattern, and returns every name in it: those that it binds are
// among them.
func (p *parser) pattern() []string {
	var names []string
	from := p.pos
	for !p.is(":") && !p.is("if") {
		p.skipOne()
	}
	for _, t := range p.tokens[from:p.pos] {
		if t.kind == tokName && !slices.Contains(keywords, t.text) {
			names = append(names, t.text)
		}
	}
	return names
}
