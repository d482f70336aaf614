package codec

import (
	"strconv"

	"cachering/codec/pyobj"
)

// KindUnrepresentable is a value that the target format cannot hold so that it
// reads back equal.
const KindUnrepresentable Kind = "unrepresentable"

// plainWriter is what the writers of formats for plain values share: the path
// to where they are, and the refusal of what occurs twice. It panics with
// *Error.
type plainWriter struct {
	g      *pyobj.Graph
	dst    []byte
	format string
	depth  int // of containers that the format's Python reader still reads
	path   []byte
	opened int
	start  int                // length of dst before
	limit  int                // length of dst from which on it is too much
	seen   map[pyobj.Ref]bool // lists and dicts; true while one is being written
}

// newPlainWriter bounds what is written as pickles are bounded: a str that stands
// in a list again and again takes two bytes of a pickle each time.
func newPlainWriter(dst []byte, g *pyobj.Graph, format string, depth int) plainWriter {
	budget := Options{}.budget(len(g.Source()))
	return plainWriter{g: g, dst: dst, format: format, depth: depth, start: len(dst), limit: len(dst) + int(budget)}
}

func (w *plainWriter) fail(kind Kind, what string) {
	panic(&Error{Kind: kind, Text: "$" + string(w.path) + ": " + what})
}

// refuse fails because of what r is.
func (w *plainWriter) refuse(what string) {
	panic(&Error{Kind: KindUnrepresentable, Text: "$" + string(w.path) + ": " + what + " has no " + w.format + " form", What: what})
}

// enter begins a list, tuple or dict. A list or dict that occurs again would be read
// back as two.
func (w *plainWriter) enter(r pyobj.Ref) {
	if w.opened == w.depth {
		w.refuse("a value nested deeper than " + strconv.Itoa(w.depth))
	}
	w.opened++
	if w.g.Kind(r) == pyobj.Tuple {
		return
	}
	if open, again := w.seen[r]; again {
		if open {
			w.refuse("a " + w.g.TypeName(r) + " that contains itself")
		}
		w.refuse("a " + w.g.TypeName(r) + " that occurs twice")
	}
	if w.seen == nil {
		w.seen = make(map[pyobj.Ref]bool)
	}
	w.seen[r] = true
}

func (w *plainWriter) leave(r pyobj.Ref) {
	if w.seen != nil {
		w.seen[r] = false
	}
	w.opened--
}

// bounded refuses to go on when too much has been written.
func (w *plainWriter) bounded() {
	if len(w.dst) > w.limit || w.g.Lacks(3*(len(w.dst)-w.start)/2) {
		w.fail(KindTooLarge, "the "+w.format+" form is larger than the budget")
	}
}

// items calls f for each item, with the path leading to it.
func (w *plainWriter) items(r pyobj.Ref, f func(i int, item pyobj.Ref)) {
	n := len(w.path)
	for i, item := range w.g.Items(r) {
		w.path = strconv.AppendInt(append(w.path, '['), int64(i), 10)
		w.path = append(w.path, ']')
		w.bounded()
		f(i, item)
		w.path = w.path[:n]
	}
}

// pairs calls f for each key and value, with the path leading to it.
func (w *plainWriter) pairs(r pyobj.Ref, f func(i int, key, value pyobj.Ref)) {
	n := len(w.path)
	items := w.g.Items(r)
	for i := 0; i < len(items); i += 2 {
		w.path = w.g.AppendKeyPath(w.path, items[i])
		w.bounded()
		f(i/2, items[i], items[i+1])
		w.path = w.path[:n]
	}
}

// catch turns a panic with *Error into the error; it is to be deferred.
func catch(err **Error) {
	switch e := recover().(type) {
	case nil:
	case *Error:
		*err = e
	default:
		panic(e)
	}
}
