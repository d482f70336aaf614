package pickle

import (
	"slices"

	"cachering/codec/pyobj"
)

// fit returns the arguments as takes wants them, nil if that is what they are.
func (s *settler) fit(x pyobj.Ref, args []pyobj.Ref, takes string) (fitted []pyobj.Ref, err *Error) {
	s.args = append(s.args[:0], args...)
	for i := range min(len(args), len(takes)) {
		arg := s.args[i]
		as := arg
		switch takes[i] {
		case 'k':
			if err := s.names(x, arg); err != nil {
				return nil, err
			}
			continue
		case 't':
			if s.isBytes(arg) {
				as = s.text(arg)
			}
		case 'b':
			if s.isString(arg) && s.isPy2(arg) {
				as = s.bytes(arg)
			}
		case '!':
			as = 0
		}
		switch {
		case as == 0:
			if err := s.refuse(x, "Python 3 makes none of what Python 2 wrote"); err != nil {
				return nil, err
			}
		case as != arg:
			s.args[i] = as
			fitted = s.args
		}
	}
	return fitted, nil
}

// text is a string that the policy leaves bytes, or a tuple with such, as text; 0 if it cannot be.
func (s *settler) text(x pyobj.Ref) pyobj.Ref {
	g := s.g
	if s.twins[x] != 0 {
		return s.twins[x]
	}
	if g.Kind(x) == pyobj.Tuple {
		items := slices.Clone(g.Items(x))
		for i, item := range items {
			if !s.isBytes(item) {
				continue
			}
			if g.Kind(item) != pyobj.Tuple {
				items[i] = s.text(item)
			}
			if g.Kind(items[i]) != pyobj.Str {
				s.twins[x] = x // not to be tried again
				return 0
			}
		}
		s.twins[x] = g.NewTuple(items...)
		return s.twins[x]
	}
	switch data := g.Data(x); {
	case asciiPrefix(data) < len(data):
		return 0
	case len(data) < 2:
		s.twins[x] = g.NewStr(data)
	default:
		s.twins[x] = g.CopyAs(pyobj.Str, x)
	}
	return s.twins[x]
}

// bytes is a string of Python 2 as the bytes that it was. Like the state of dates it is no longer counted.
func (s *settler) bytes(x pyobj.Ref) pyobj.Ref {
	g := s.g
	data := g.Data(x)
	switch {
	case g.Kind(x) == pyobj.Bytes && (s.Py2Strings == Py2Bytes || x < pyobj.SymEnd):
		return x
	case s.twins[x] != 0:
		return s.twins[x]
	}
	if g.Kind(x) == pyobj.Str && asciiPrefix(data) < len(data) {
		s.py2.NonASCII--
		if s.Py2Strings == Py2Latin1 {
			s.py2.Latin1--
			s.buf, _ = appendAsLatin1(s.buf[:0], data)
			data = s.buf
		} else {
			s.py2.UTF8--
		}
	}
	var as pyobj.Ref
	if len(data) == 1 {
		as = pyobj.ByteRef(data[0])
	} else {
		as = g.NewBytes(data)
	}
	if x >= pyobj.SymEnd {
		s.twins[x] = as
	}
	return as
}
