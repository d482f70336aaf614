package settings

import (
	"slices"
	"strings"
)

func (p *parser) atom() expr {
	t := p.peek()
	at := p.at(t)
	switch {
	case t.kind == tokString:
		return p.strings()
	case t.kind == tokNumber:
		p.pos++
		v, ok := p.number(t.text)
		if !ok {
			p.fail(t, "%q is not a number", t.text)
		}
		v.Line = int(at)
		if v.Why != nil {
			v.Why.Line = int(at)
		}
		return &constant{at, v}
	case t.kind == tokName && !slices.Contains(keywords, t.text):
		p.pos++
		switch t.text {
		case "None":
			return &constant{at, &Value{Kind: None, Line: int(at)}}
		case "True", "False":
			v := boolean(t.text == "True")
			v.Line = int(at)
			return &constant{at, v}
		}
		return &nameExpr{at, t.text}
	case p.accept("..."):
		return &opaque{line: at, what: "..."}
	case p.accept("`"):
		x := &opaque{at, "backquotes are not run", []expr{p.exprList()}}
		p.want("`")
		return x
	case p.accept("("):
		return p.parenthesis(at)
	case p.accept("["):
		return p.list(at)
	case p.accept("{"):
		return p.braces(at)
	}
	p.unexpected()
	return nil
}

func (p *parser) parenthesis(at line) expr {
	if p.accept(")") {
		return &display{line: at, kind: Tuple}
	}
	var x expr
	if p.is("yield") {
		x = p.expr()
	} else {
		x = p.starExpr()
	}
	if p.is("for") || p.is("async") {
		x = p.generator(at, x)
	} else if p.is(",") {
		items := []expr{x}
		for p.accept(",") && !p.is(")") {
			items = append(items, p.starExpr())
		}
		x = &display{at, Tuple, items}
	}
	p.want(")")
	return x
}

func (p *parser) list(at line) expr {
	d := &display{line: at, kind: List}
	for !p.accept("]") {
		x := p.starExpr()
		if len(d.items) == 0 && (p.is("for") || p.is("async")) {
			x = p.comprehension(at, List, nil, x)
			p.want("]")
			return x
		}
		d.items = append(d.items, x)
		if !p.is("]") {
			p.want(",")
		}
	}
	return d
}

// braces reads a dict or a set.
func (p *parser) braces(at line) expr {
	d := &dictDisplay{line: at}
	if p.accept("}") {
		return d
	}
	if !p.is("**") {
		first := p.starExpr()
		if !p.is(":") {
			return p.set(at, first)
		}
		p.want(":")
		item := p.expr()
		if p.is("for") || p.is("async") {
			x := p.comprehension(at, Dict, first, item)
			p.want("}")
			return x
		}
		d.keys, d.items = append(d.keys, first), append(d.items, item)
		if !p.is("}") {
			p.want(",")
		}
	}
	for !p.accept("}") {
		var key expr
		if !p.accept("**") {
			key = p.expr()
			p.want(":")
		}
		d.keys, d.items = append(d.keys, key), append(d.items, p.expr())
		if !p.is("}") {
			p.want(",")
		}
	}
	return d
}

func (p *parser) set(at line, first expr) expr {
	if p.is("for") || p.is("async") {
		x := p.comprehension(at, Set, nil, first)
		p.want("}")
		return x
	}
	d := &display{at, Set, []expr{first}}
	for !p.accept("}") {
		p.want(",")
		if p.accept("}") {
			break
		}
		d.items = append(d.items, p.starExpr())
	}
	return d
}

// generator reads what follows the item of a generator.
func (p *parser) generator(at line, item expr) expr {
	g := p.comprehension(at, List, nil, item)
	g.lazy = true
	return g
}

// comprehension reads what follows the item of one.
func (p *parser) comprehension(at line, kind Kind, key, item expr) *comprehension {
	c := &comprehension{line: at, kind: kind, key: key, item: item}
	for p.is("for") || p.is("async") {
		p.accept("async")
		p.want("for")
		cl := clause{target: p.targets()}
		p.want("in")
		cl.iter = p.orTest(0)
		for p.accept("if") {
			cl.tests = append(cl.tests, p.conditionOfClause())
		}
		c.clauses = append(c.clauses, cl)
	}
	return c
}

func (p *parser) conditionOfClause() expr {
	at := p.here()
	x := p.orTest(0)
	if n, ok := x.(*nameExpr); ok && p.accept(":=") {
		return &assigned{at, n.name, p.orTest(0)}
	}
	return x
}

// targets reads what a for binds: no comparison, as in would be one.
func (p *parser) targets() expr {
	at := p.here()
	one := func() expr {
		if at := p.here(); p.accept("*") {
			return &starred{at, p.orTest(4)}
		}
		return p.orTest(4)
	}
	first := one()
	if !p.is(",") {
		return first
	}
	items := []expr{first}
	for p.accept(",") && p.startsExpr() {
		items = append(items, one())
	}
	return &display{at, Tuple, items}
}

// strings reads literals side by side.
func (p *parser) strings() expr {
	first := p.peek()
	at := p.at(first)
	j := &joined{line: at}
	for p.peek().kind == tokString {
		t := p.next()
		n := stringStart(t.text)
		if strings.ContainsAny(t.text[:n], "fF") {
			p.pieces(j, t)
			continue
		}
		v, ok := p.literal(t.text)
		if !ok {
			p.fail(t, "the string has an escape that Python does not know")
		}
		v.Line = int(p.at(t))
		j.parts = append(j.parts, part{value: &constant{p.at(t), v}})
	}
	bytes := 0
	for _, part := range j.parts {
		if c, ok := part.value.(*constant); ok && c.value.Kind == Bytes {
			bytes++
		}
	}
	switch {
	case bytes > 0 && bytes < len(j.parts):
		p.fail(first, "a string and bytes stand side by side")
	case len(j.parts) == 1 && !j.parts[0].field:
		return j.parts[0].value
	}
	return j
}

// pieces reads an f-string.
func (p *parser) pieces(j *joined, t token) {
	p.down()
	defer p.up()
	var pieces []piece
	stringEnd(t.text, 0, 0, &pieces)
	prefix := strings.ToLower(t.text[:stringStart(t.text)])
	p.fields(j, t, pieces, strings.Contains(prefix, "r"), false)
}

func (p *parser) fields(j *joined, t token, pieces []piece, raw, inSpec bool) {
	for _, piece := range pieces {
		if piece.at < 0 {
			v, ok := p.plain(piece.text, raw, inSpec)
			if !ok {
				p.fail(t, "the string has an escape that Python does not know")
			}
			v.Line = int(p.at(t))
			j.parts = append(j.parts, part{value: &constant{p.at(t), v}})
			continue
		}
		if piece.echo != "" {
			j.parts = append(j.parts, part{value: &constant{p.at(t), text(piece.echo)}})
			if piece.conv == 0 && piece.spec == nil {
				piece.conv = 'r'
			}
		}
		sub := p.sub(piece.text, p.place(t.at+piece.at))
		f := part{value: sub.exprList(), field: true, conv: piece.conv}
		if sub.peek().kind != tokEnd {
			sub.unexpected()
		}
		if piece.spec != nil {
			f.spec = &joined{line: p.at(t)}
			p.fields(f.spec, t, piece.spec, raw, true)
		}
		j.parts = append(j.parts, f)
	}
}

// sub is a parser for an expression in a string. Its errors are placed in the
// file, whatever they are.
func (p *parser) sub(source string, base place) *parser {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error: // of the lexer, which knows source alone
			if e.Line == 1 {
				e.Column += base.column - 1
			}
			e.Line += base.line - 1
			panic(e)
		default:
			panic(e)
		}
	}()
	sub := newParser(source, base, true)
	sub.depth, sub.graph = p.depth, p.graph
	return sub
}
