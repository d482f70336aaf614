package settings

// decorated reads decorators and what they stand before.
func (p *parser) decorated() stmt {
	var decorators []expr
	for p.accept("@") {
		decorators = append(decorators, p.namedExpr())
		p.newline()
	}
	p.accept("async")
	return p.definition(p.here(), decorators)
}

// definition reads a function or a class.
func (p *parser) definition(at line, decorators []expr) stmt {
	isClass := p.is("class")
	if !isClass && !p.is("def") {
		p.unexpected()
	}
	p.pos++
	t := p.next()
	if t.kind != tokName {
		p.pos--
		p.unexpected()
	}
	if p.is("[") { // type parameters
		p.skipOne()
	}
	if isClass {
		c := &class{line: at, name: t.text, decorators: decorators}
		if p.accept("(") {
			c.args = p.arguments()
		}
		c.body = p.body()
		return c
	}
	f := &function{line: at, name: t.text, decorators: decorators}
	p.want("(")
	f.params = p.params(")")
	p.want(")")
	if p.accept("->") {
		f.params = append(f.params, param{notes: p.expr()})
	}
	f.body = p.body()
	body := f.body
	if len(body) > 1 && isText(body[0]) {
		body = body[1:]
	}
	if o, ok := body[0].(*other); ok && o.what == "return" && len(body) == 1 && len(o.parts) == 1 {
		f.result = o.parts[0]
	}
	return &definition{at, f}
}

// isText reports whether a statement is a string alone, such as a docstring.
func isText(s stmt) bool {
	x, ok := s.(*exprStmt)
	if !ok {
		return false
	}
	c, ok := x.x.(*constant)
	return ok && c.value.Kind == Str
}

// params reads the parameters of a function, up to and without their end.
func (p *parser) params(end string) []param {
	var list []param
	for !p.is(end) {
		var one param
		switch {
		case p.accept("/"):
			one.stars = -1
		case p.accept("**"):
			one.stars = 2
		case p.accept("*"):
			one.stars = 1
		}
		switch t := p.peek(); {
		case t.kind == tokName:
			one.name = p.next().text
		case p.is("("): // Python 2 unpacks
			p.skipOne()
			one.stars = 1
		case one.stars == 0:
			p.unexpected()
		}
		if end != ":" && p.accept(":") {
			p.accept("*")
			one.notes = p.expr()
		}
		if p.accept("=") {
			one.def = p.expr()
		}
		list = append(list, one)
		if !p.is(end) {
			p.want(",")
		}
	}
	return list
}
