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
		lazy      bool // a generator
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
	opaque struct { // what is never evaluated, with what is in it
		line
		what  string
		parts []expr
	}
	function struct { // def and lambda
		line
		name       string // empty: a lambda
		params     []param
		decorators []expr
		body       []stmt
		result     expr // of a lambda, or of a def whose body is one return
		sum        *effects
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

// A param of a function: stars is 1 for *x and 2 for **x.
type param struct {
	name       string
	stars      int
	def, notes expr // nil where left out
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
		notes   expr // the annotation; nil if there is none
	}
	exprStmt struct {
		line
		x expr
	}
	deletion struct {
		line
		targets []expr
	}
	importing struct { // names bound to what is imported
		line
		names  []string
		values []*Value
	}
	starImport struct {
		line
		module string
	}
	definition struct { // a function and its name
		line
		fn *function
	}
	class struct {
		line
		name       string
		args       []argument
		decorators []expr
		body       []stmt
		sum        *effects
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
	whileStmt struct {
		line
		test         expr
		body, orElse []stmt
	}
	withStmt struct {
		line
		items []withItem
		body  []stmt
	}
	tryStmt struct {
		line
		body     []stmt
		handlers []handler
		orElse   []stmt
		finally  []stmt
	}
	matchStmt struct {
		line
		subject expr
		cases   []matchCase
	}
	scopeStmt struct { // global; nonlocal has no names here, and binds none
		line
		names []string
	}
	other struct { // nothing that binds a name
		line
		what  string // the keyword
		parts []expr
	}
)

// A withItem is a context manager, and what it is bound to; nil for nothing.
type withItem struct{ context, target expr }

// A handler is an except.
type handler struct {
	types expr   // nil: of everything
	name  string // bound to the exception; may be empty
	body  []stmt
}

// A matchCase is a case with the names that its pattern may bind.
type matchCase struct {
	names []string
	guard expr
	body  []stmt
}
