package settings

// An expr is an expression; at tells its line.
type expr interface{ at() int }

// line is embedded in every expression.
type line int

func (l line) at() int { return int(l) }

type (
	constant struct { // a literal
		line
		value *Value
	}
	joined struct { // an f-string, or literals side by side with one among them
		line
		parts []part
	}
	nameExpr struct {
		line
		name string
	}
	attribute struct {
		line
		of   expr
		name string
	}
	subscript struct {
		line
		of, index expr
	}
	slice struct { // inside a subscript; nil where left out
		line
		low, high, step expr
	}
	call struct {
		line
		fn   expr
		args []argument
	}
	display struct { // tuple, list or set
		line
		kind  Kind
		items []expr
	}
	dictDisplay struct {
		line
		keys, items []expr // a nil key: **item
	}
	comprehension struct {
		line
		kind      Kind // List also stands for generators
		key, item expr // key only in a dict
		clauses   []clause
	}
	unary struct {
		line
		op string // + - ~ not
		x  expr
	}
	binary struct {
		line
		op   string // and, or, and the arithmetic ones
		x, y expr
	}
	comparison struct {
		line
		first expr
		ops   []string
		rest  []expr
	}
	conditional struct {
		line
		test, yes, no expr
	}
	assigned struct { // (name := value)
		line
		name  string
		value expr
	}
	starred struct {
		line
		x expr
	}
	opaque struct { // what is never evaluated
		line
		what string
	}
)

// A part of a joined string: a value, with its conversion and format if it is a
// field.
type part struct {
	value expr
	field bool
	conv  byte
	spec  *joined
}

// An argument of a call: stars is 1 for *x and 2 for **x.
type argument struct {
	name  string
	stars int
	value expr
}

// A clause of a comprehension: for target in iter, if tests.
type clause struct {
	target, iter expr
	tests        []expr
}

// A stmt is a statement.
type stmt interface{ at() int }

type (
	assign struct { // also augmented: op is then +, |, …
		line
		targets []expr
		op      string
		value   expr
	}
	exprStmt struct {
		line
		x expr
	}
	deletion struct {
		line
		targets []expr
	}
	binding struct { // import, def, class: names bound to what is not followed
		line
		names  []string
		values []*Value
	}
	starImport struct {
		line
		module string
	}
	ifStmt struct {
		line
		tests  []expr // one more body than tests: there is an else
		bodies [][]stmt
	}
	forStmt struct {
		line
		target, iter expr
		body, orElse []stmt
		jumps        bool // there is a break, continue or the like inside
	}
	block struct { // with, try, while, match: bodies that run, or may run
		line
		what    string
		targets []expr // bound by the header
		sure    []stmt
		maybe   []stmt
	}
	other struct { // nothing that binds a name
		line
		what string
	}
)
