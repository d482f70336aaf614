package config

import (
	"fmt"
	"strings"
)

// Error is one thing wrong with a configuration: where, what, and what to
// write instead. None of its fields ever holds a password.
type Error struct {
	File string // path of the file; empty when no file was found
	Line int    // 1-based; 0 when there is no file to point into
	Key  string // dotted path as TOML spells it, with [n] for array items
	Msg  string // what is wrong
	Hint string // what to do about it

	err error
}

// Error puts everything on one line: FILE:LINE: KEY: what is wrong; remedy.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(printable(e.File))
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key)
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Unwrap gives the cause, such as the error of the file system.
func (e *Error) Unwrap() error { return e.err }

// Warning is something that is allowed and yet worth a look.
type Warning struct {
	Code  Code
	Cache string // alias of the cache it is about; empty: the file as such
	File  string
	Line  int
	Key   string
	Msg   string
	Hint  string
}

// String has the form of [Error.Error].
func (w Warning) String() string {
	return (&Error{File: w.File, Line: w.Line, Key: w.Key, Msg: w.Msg, Hint: w.Hint}).Error()
}

// printable keeps text that comes from outside on one line and free of
// terminal escapes.
func printable(s string) string {
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffd {
			q := fmt.Sprintf("%+q", s)
			return q[1 : len(q)-1]
		}
	}
	return s
}
