package yaml

import "fmt"

// Kind is what is wrong with a document, or with writing one. The names are
// those of package pickle where the trouble is the same.
type Kind string

// Kinds of errors.
const (
	Truncated       Kind = "truncated"       // the document ends inside of a quoted scalar or a collection
	Syntax          Kind = "syntax"          // no YAML
	Text            Kind = "text"            // not UTF-8, or a character that YAML does not allow
	Number          Kind = "number"          // no number, no date, or an int of more digits than Python reads
	Tag             Kind = "tag"             // a tag that the loader does not know, or on the wrong sort of node
	Unhashable      Kind = "unhashable"      // a list, dict or set as key
	Cycle           Kind = "cycle"           // a tuple or an object inside its own arguments
	Trailing        Kind = "trailing"        // a second document
	TooLarge        Kind = "too-large"       // nested too deep, merged too often, beyond 2 GiB, or beyond the budget when written
	Unrepresentable Kind = "unrepresentable" // a value that would read back as another one
)

// Error is why a document cannot be read, or a value not be written.
type Error struct {
	Kind   Kind
	Offset int    // in the document; -1 when a value is being written
	Path   string // to the part of the value that cannot be written
	What   string // that part, by its type in general
	Text   string
}

func (e *Error) Error() string {
	if e.Offset < 0 {
		return "$" + e.Path + ": " + e.Text
	}
	return fmt.Sprintf("yaml: byte %d: %s", e.Offset, e.Text)
}

// fail ends reading; Decode recovers.
func fail(kind Kind, at int, format string, args ...any) {
	panic(&Error{Kind: kind, Offset: at, Text: fmt.Sprintf(format, args...)})
}

// catch turns a panic with *Error into the error; it is to be deferred.
func catch(err *error) {
	switch e := recover().(type) {
	case nil:
	case *Error:
		*err = e
	default:
		panic(e)
	}
}
