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
			p.namedExpr()
			b := &block{line: at, what: "while"}
			b.maybe = append(p.body(), p.orElse()...)
			return []stmt{b}
		case "def", "class":
			return []stmt{p.definition(at)}
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
		p.pos++
		p.namedExpr()
		p.newline()
		return p.statement()
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
			for p.pos++; p.peek().kind == tokName || p.is(","); p.pos++ {
			}
			return &other{line: at, what: t.text}
		case "return", "raise", "assert":
			p.pos++
			p.commaList("from")
			return &other{line: at, what: t.text}
		case "print", "exec":
			if p.python2Statement() {
				p.pos++
				p.accept(">>")
				o := &other{line: at, what: t.text}
				if t.text == "exec" {
					o.what = "exec is not followed"
				}
				p.commaList("in")
				return o
			}
		case "type":
			// type X = …, a soft keyword of 3.12.
			if next := p.tokens[p.pos+1]; next.kind == tokName && !slices.Contains(keywords, next.text) {
				p.skipLine()
				return &other{line: at, what: "type"}
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

// commaList skips expressions between commas, and one after the word.
func (p *parser) commaList(word string) {
	for p.startsExpr() {
		p.starExpr()
		if !p.accept(",") && !p.accept(word) {
			return
		}
	}
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
			return &assign{at, []expr{first}, op, p.exprList()}
		}
		if t.text == ":" {
			p.pos++
			p.checkTarget(start, first)
			p.expr()
			if !p.accept("=") {
				return &other{line: at, what: "annotation"}
			}
			return &assign{at, []expr{first}, "", p.exprList()}
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

func (b *binding) bind(name, path string) {
	b.names = append(b.names, name)
	b.values = append(b.values, &Value{Kind: Name, Text: path, Line: b.at()})
}

func (p *parser) importStatement(at line) stmt {
	b := &binding{line: at}
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
	b := &binding{line: at}
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

// tryStatement takes it that nothing is raised; what an except would do then is
// in doubt.
func (p *parser) tryStatement(at line) stmt {
	b := &block{line: at, what: "except"}
	p.want("try")
	b.sure = p.body()
	for p.accept("except") {
		p.accept("*")
		if !p.is(":") {
			p.exprList() // with the comma of Python 2
		}
		if p.accept("as") {
			p.next()
		}
		b.maybe = append(b.maybe, p.body()...)
	}
	b.sure = append(b.sure, p.orElse()...)
	if p.accept("finally") {
		b.sure = append(b.sure, p.body()...)
	}
	return b
}

func (p *parser) withStatement(at line) stmt {
	b := &block{line: at, what: "with"}
	p.want("with")
	// Brackets around several items look like a tuple up to the first as.
	brackets := false
	if p.is("(") {
		brackets = p.bracketsOfWith()
	}
	for {
		p.expr()
		if p.accept("as") {
			b.targets = append(b.targets, p.orTest(4))
		}
		if !p.accept(",") || brackets && p.is(")") {
			break
		}
	}
	if brackets {
		p.want(")")
	}
	b.sure = p.body()
	return b
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

// definition skips a function or a class: neither is run, and only the name that
// it binds is known.
func (p *parser) definition(at line) stmt {
	what := map[string]string{"def": "a function", "class": "a class"}[p.next().text]
	t := p.next()
	if t.kind != tokName {
		p.pos--
		p.unexpected()
	}
	for !p.is(":") {
		p.skipOne()
	}
	p.pos++
	from := p.pos
	if p.peek().kind != tokNewline {
		p.skipLine()
		p.newline()
	} else {
		p.pos++
		if p.peek().kind != tokIndent {
			p.fail(p.peek(), "an indented block is expected")
		}
		for depth := 0; ; {
			switch p.next().kind {
			case tokIndent:
				depth++
			case tokDedent:
				depth--
			}
			if depth == 0 {
				break
			}
		}
	}
	if what == "a class" {
		p.remember(t.text, from)
	}
	b := &binding{line: at, names: []string{t.text}}
	b.values = []*Value{{Kind: Name, Text: "." + t.text, Line: int(at)}}
	return b
}

// remember notes which names the body of a class assigns.
func (p *parser) remember(class string, from int) {
	for i := from; i+1 < p.pos; i++ {
		if t := p.tokens[i]; t.kind == tokName && t.text == "CACHES" && p.tokens[i+1].text == "=" {
			if p.classes == nil {
				p.classes = map[string]line{}
			}
			p.classes[class] = p.at(t)
		}
	}
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
	b := &block{line: at, what: "match"}
	p.want("match")
	p.exprList()
	p.want(":")
	p.newline()
	p.pos++ // the indent
	for p.peek().kind != tokDedent {
		p.want("case")
		for !p.is(":") {
			p.skipOne()
		}
		b.maybe = append(b.maybe, p.body()...)
	}
	p.pos++
	return b
}
