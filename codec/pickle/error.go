package pickle

import (
	"fmt"
	"strconv"
)

// ErrorKind is what is wrong with a pickle, or with writing one.
type ErrorKind string

// Kinds of errors.
const (
	Truncated       ErrorKind = "truncated"       // the data ends too soon
	StackError      ErrorKind = "stack"           // too few values, a mark in the way, or values left over at the end
	OpcodeError     ErrorKind = "opcode"          // no such opcode
	ProtocolError   ErrorKind = "protocol"        // a protocol above 5
	LengthError     ErrorKind = "length"          // a negative length
	NumberError     ErrorKind = "number"          // text that is no number, or one of more than 4300 digits
	TextError       ErrorKind = "text"            // bad UTF-8, escape or quoting
	MemoError       ErrorKind = "memo"            // a memo index that is malformed or was never set
	TypeError       ErrorKind = "type"            // an operation on a value of the wrong type
	Unhashable      ErrorKind = "unhashable"      // a list, dict, set or bytearray as key
	CallError       ErrorKind = "call"            // a call of no callable, or with arguments that are no tuple
	NameError       ErrorKind = "name"            // a name that Python could not look up
	ExtError        ErrorKind = "ext"             // an extension code that is not positive
	BufferError     ErrorKind = "buffer"          // data that is kept outside of the pickle
	Trailing        ErrorKind = "trailing"        // bytes after the end
	Discarded       ErrorKind = "discarded"       // a call, at the offset, whose result is not part of the value
	Cycle           ErrorKind = "cycle"           // an object inside its own arguments, in a way the protocol cannot express
	Unrepresentable ErrorKind = "unrepresentable" // a name that the protocol cannot express
	TooLarge        ErrorKind = "too-large"       // the output budget is used up, or the input is beyond 2 GiB
	Py2Str          ErrorKind = "py2str"          // a Python 2 byte string that the policy cannot read, or code not take
)

// Error is why a pickle cannot be read, or a value not be written.
type Error struct {
	Kind   ErrorKind
	Offset int    // of the opcode in the input; -1 when a value is being written
	Op     string // name of the opcode; empty when there is none
	Text   string
}

func (e *Error) Error() string {
	if e.Offset < 0 {
		return "pickle: " + e.Text
	}
	op := e.Op
	if op == "" {
		op = "data"
	}
	return "pickle: " + op + " at byte " + strconv.Itoa(e.Offset) + ": " + e.Text
}

func writeError(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Offset: -1, Text: fmt.Sprintf(format, args...)}
}
