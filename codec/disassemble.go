package codec

import (
	"io"

	"cachering/codec/pickle"
)

// Disassemble writes the opcodes of the pickle that is stored, one a line, and
// returns how it is stored. The pickle may be damaged: what stands before the
// damage is written. The error is an *Error, or one of w.
func Disassemble(w io.Writer, stored []byte, from Source, o Options) (form Form, err error) {
	op := opener{source: from}
	l, e := op.open(stored, o)
	if e != nil {
		return Form{}, e
	}
	if l.integer != nil && !l.float {
		return Form{Plain: PlainInt}, &Error{Kind: KindNumber, Text: "an integer, stored as its digits: there are no opcodes"}
	}
	if l.float {
		return Form{Plain: PlainFloat}, &Error{Kind: KindNumber, Text: "a float, stored as text: there are no opcodes"}
	}
	if name, is := from.noPickle(l.serialized); is {
		return l.form(name), &Error{Kind: KindUnknown, Text: "stored as " + string(name) + ": there are no opcodes"}
	}
	form = l.form(Pickle)
	if err := pickle.Disassemble(w, l.serialized); err != nil {
		if _, ok := err.(*pickle.Error); ok {
			return form, op.explain(err, l)
		}
		return form, err
	}
	return form, nil
}
