package pickle

import (
	"slices"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// Python 2 handed its byte strings to the code of classes: to constructors and to __setstate__, and as names of attributes.
// Python 3's code takes either text or bytes there, whatever the policy says of data. Names are text; what known classes take
// says py2_code.go; and what other code takes nobody knows: it is given no string that the policy leaves bytes.

// settler looks at all calls and states of a value that has strings of Python 2.
type settler struct {
	*Decoder
	marks []uint8     // of nodes
	twins []pyobj.Ref // what a string, or a tuple of strings, becomes where the policy is not right; 0 nothing so far
}

const (
	markBytes = 1 << iota // a string of Python 2 that stays bytes, or a tuple with one inside
	markNames             // a dict whose keys were made text
)

// settleCalls gives all code what it takes. If that cannot be, or is not known, the error says so, unless Lenient.
func (d *Decoder) settleCalls() *Error {
	n := d.g.Size()
	s := settler{d, make([]uint8, n), make([]pyobj.Ref, n)}
	s.mark()
	for x := pyobj.SymEnd; int(x) < n; x++ {
		kind := d.g.Kind(x)
		if kind.IsCall() {
			if err := s.call(x); err != nil {
				return err
			}
		}
		if kind.IsObj() {
			if err := s.operations(x); err != nil {
				return err
			}
		}
	}
	for i, p := range d.pending {
		d.pending[i].taken = s.twins[p.ref] != 0
	}
	return nil
}

// mark finds the strings that the policy leaves bytes, and the tuples with such. Parts of tuples are older than the tuples.
func (s *settler) mark() {
	g := s.g
	if s.Py2Strings != Py2Bytes && s.Py2Strings != Py2Auto {
		return
	}
	for x := range pyobj.Ref(len(s.marks)) {
		switch g.Kind(x) {
		case pyobj.Bytes:
			if s.isPy2(x) && !(s.Py2Strings == Py2Auto && utf8.Valid(g.Data(x))) {
				s.marks[x] = markBytes
			}
		case pyobj.Tuple:
			for _, y := range g.Items(x) {
				s.marks[x] |= s.marks[y] & markBytes
			}
		}
	}
}

// isPy2 reports whether a Str or Bytes is, or as one of the nodes shared by value may be, a string of Python 2.
func (s *settler) isPy2(x pyobj.Ref) bool { return x < pyobj.SymEnd || s.g.IsPy2(x) }

// refuse is the error that Python 3 could not load x, an object.
func (s *settler) refuse(x pyobj.Ref, why string) *Error {
	if s.Lenient {
		return nil
	}
	name := s.describe(s.classOf(x))
	return s.fail(Py2Str, s.place(x), "%s: %s", name, why)
}

const unknownCode = "its code is given a Python 2 string, and may need text or bytes"

// call looks at the arguments of x.
func (s *settler) call(x pyobj.Ref) *Error {
	g := s.g
	p := g.Parts(x)
	if p.Kwargs != 0 && g.Kind(p.Kwargs) == pyobj.Dict {
		if err := s.names(x, p.Kwargs); err != nil {
			return err
		}
	}
	kind := g.Kind(p.Args)
	if kind != pyobj.Tuple && kind != pyobj.List {
		return nil
	}
	args := g.Items(p.Args)
	switch code := s.codeOf(p.Callable, args); {
	case s.isReconstructor(p.Callable) && len(args) == 3:
		return s.reconstructed(x, args[0], args[1], args[2])
	case code != nil && code.args == "":
		return nil
	case code != nil && len(args) <= maxKnown:
		fitted, err := s.fit(x, args, code.args)
		if fitted != nil {
			g.SetArgs(x, s.sequence(kind, fitted))
		}
		return err
	case s.isTuple(x, args):
		return nil
	case s.isBytes(p.Args), kind == pyobj.List && slices.ContainsFunc(args, s.isBytes):
		return s.refuse(x, unknownCode)
	}
	return nil
}

// maxKnown is how many arguments or items of a state known code is given at most, which bounds the work for each of many calls
// that may share them.
const maxKnown = 8

// sequence is a Tuple, or the List that holds the arguments of an Obj.
func (s *settler) sequence(kind pyobj.Kind, items []pyobj.Ref) pyobj.Ref {
	if kind == pyobj.List {
		return s.g.NewList(items...)
	}
	return s.g.NewTuple(items...)
}

// isBytes reports whether x is a string that stays bytes, or a tuple with one inside. Lists and dicts are data.
func (s *settler) isBytes(x pyobj.Ref) bool { return s.marks[x]&markBytes != 0 }

// isTuple tells instances of subclasses of tuple, which hold data: those of collections.namedtuple are made of their items and
// have no state, others of one tuple.
func (s *settler) isTuple(x pyobj.Ref, args []pyobj.Ref) bool {
	g := s.g
	if g.Kind(x) != pyobj.NewObj {
		return false
	}
	if len(args) == 1 {
		return g.Kind(args[0]) == pyobj.Tuple
	}
	return g.FirstOp(x) == 0
}

// reconstructed looks at copyreg._reconstructor(class, base, state), which is base.__new__(class, state).
func (s *settler) reconstructed(x, class, base, state pyobj.Ref) *Error {
	g := s.g
	code := s.codeOf(class, nil)
	if code != nil && code.keys && g.Kind(state) == pyobj.Dict {
		return s.names(x, state)
	}
	if !s.isString(state) {
		return nil
	}
	takes, as := "t", base // the base is Python 3's str, which is text
	if code != nil && code.args == "b" {
		takes, as = "b", pyobj.SymBytes
	}
	fitted, err := s.fit(x, []pyobj.Ref{state}, takes)
	if fitted != nil {
		state = fitted[0]
	}
	if fitted != nil || as != base {
		g.SetArgs(x, g.NewTuple(class, as, state))
	}
	return err
}

// operations looks at what is done to x after it was made.
func (s *settler) operations(x pyobj.Ref) *Error {
	g := s.g
	for id := g.FirstOp(x); id != 0; {
		op, next := g.Op(id)
		var err *Error
		switch op.Kind {
		case pyobj.OpBuild:
			err = s.state(x, id, op.State)
		case pyobj.OpSetItem:
			if code := s.codeOf(s.classOf(x), nil); code != nil && code.keys {
				err = s.keys(x, op.Items)
			}
		}
		if err != nil {
			return err
		}
		id = next
	}
	return nil
}

// classOf is the class of an object as far as what makes it tells, which may be a function.
func (s *settler) classOf(x pyobj.Ref) pyobj.Ref {
	if !s.g.Kind(x).IsCall() {
		return x
	}
	p := s.g.Parts(x)
	if s.isReconstructor(p.Callable) && s.g.Kind(p.Args) == pyobj.Tuple && s.g.Len(p.Args) == 3 {
		return s.g.Items(p.Args)[0]
	}
	return p.Callable
}

// state looks at what __setstate__ of x is given, or becomes its attributes: a dict, or two of which the second is of slots.
func (s *settler) state(x pyobj.Ref, id pyobj.OpID, state pyobj.Ref) *Error {
	g := s.g
	kind := g.Kind(state)
	code := s.codeOf(s.classOf(x), nil)
	switch {
	case code != nil && code.state == "!":
		_, err := s.fit(x, []pyobj.Ref{state}, code.state)
		return err
	case code != nil && code.state != "" && kind == pyobj.Tuple && g.Len(state) <= maxKnown:
		fitted, err := s.fit(x, g.Items(state), code.state)
		if fitted != nil {
			g.SetState(id, g.NewTuple(fitted...))
		}
		return err
	case kind == pyobj.Dict:
		return s.names(x, state)
	case kind == pyobj.Tuple && g.Len(state) == 2:
		if items := g.Items(state); s.isAttributes(items[0]) && s.isAttributes(items[1]) {
			for _, dict := range [...]pyobj.Ref{items[0], items[1]} {
				if err := s.names(x, dict); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if s.isBytes(state) {
		return s.refuse(x, unknownCode)
	}
	return nil
}

func (s *settler) isAttributes(x pyobj.Ref) bool {
	return x == pyobj.RefNone || s.g.Kind(x) == pyobj.Dict
}

// names makes the keys of a dict of attributes, or of keywords, text.
func (s *settler) names(x, dict pyobj.Ref) *Error {
	if s.g.Kind(dict) != pyobj.Dict || s.marks[dict]&markNames != 0 {
		return nil
	}
	s.marks[dict] |= markNames
	return s.keys(x, dict)
}

// keys makes every other item text.
func (s *settler) keys(x, pairs pyobj.Ref) *Error {
	for i := 0; i < len(s.g.Items(pairs)); i += 2 {
		key := s.g.Items(pairs)[i]
		if !s.isBytes(key) || s.g.Kind(key) != pyobj.Bytes {
			continue
		}
		text := s.text(key)
		if text == 0 {
			if err := s.refuse(x, "the name of an attribute is no text"); err != nil {
				return err
			}
			continue
		}
		s.g.Replace(pairs, i, text)
	}
	return nil
}
