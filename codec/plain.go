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
	seen   map[pyobj.Ref]bool // lists and dicts; true while one is being written
}

func (w *plainWriter) fail(kind Kind, what string) {
	panic(&Error{Kind: kind, Text: "$" + string(w.path) + ": " + what})
}

// refuse fails because of what r is.
func (w *plainWriter) refuse(what string) {
	w.fail(KindUnrepresentable, what+" has no "+w.format+" form")
}

// enter begins a list or dict. One that occurs again would be read back as two.
func (w *plainWriter) enter(r pyobj.Ref) {
	if open, again := w.seen[r]; again {
		if open {
			w.refuse("a " + w.g.TypeName(r) + " that contains itself")
		}
		w.refuse("a " + w.g.TypeName(r) + " that occurs twice")
	}
	if w.opened == w.depth {
		w.refuse("a value nested deeper than " + strconv.Itoa(w.depth))
	}
	if w.seen == nil {
		w.seen = make(map[pyobj.Ref]bool)
	}
	w.seen[r] = true
	w.opened++
}

func (w *plainWriter) leave(r pyobj.Ref) {
	w.seen[r] = false
	w.opened--
}

// items calls f for each item, with the path leading to it.
func (w *plainWriter) items(r pyobj.Ref, f func(i int, item pyobj.Ref)) {
	n := len(w.path)
	for i, item := range w.g.Items(r) {
		w.path = strconv.AppendInt(append(w.path, '['), int64(i), 10)
		w.path = append(w.path, ']')
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
