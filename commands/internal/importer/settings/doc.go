// Package settings reads what a Django settings module assigns, without running
// it.
//
// [ReadPython] takes the text of a settings.py, [ReadJSON] the document that
// json.dumps makes of the settings of a running application. Both give a [File]:
// module-level names and their values.
//
// Of Python it follows what settings are made of: literals of every form, names
// assigned before, dict, list, tuple and set displays, calls such as
// dict(a=1), os.environ.get and str.join, formatting in all three ways,
// arithmetic, comprehensions and loops over known values, functions of one
// return, and if statements whose test is known. Everything else, and all that
// depends on it, becomes an [Unknown] that says why and on which line; nothing is
// guessed, and what is not known to leave a name alone may have changed it: where
// that line is drawn is told above the variable trusted. Where a variable
// of the environment has a default, the default is taken, and the value says of
// which variables it depends.
//
//	TIMEOUT = 60 * 60                              3600
//	HOST = os.environ.get("HOST", "cache-1")       "cache-1", of HOST
//	URL = f"redis://{HOST}:6379/{os.environ['DB']}"   unknown: os.environ["DB"] has no default
//	from .base import *                            what it may bring or change is unknown
//
// A text that is not Python is an [*Error] with its line and column. Size, depth
// and work are bounded, so hostile input ends in an error or an Unknown. The
// package knows no Redis and none of the settings' meanings, and opens no file.
package settings

import (
	"fmt"
	"unicode/utf8"
)

// The bounds of a file. Settings that pass one of them are not written by people.
const (
	maxSize  = 4 << 20 // bytes of text
	maxDepth = 100     // brackets, blocks and operators inside each other
	maxSteps = 1 << 18 // expressions evaluated, items made
	maxText  = 1 << 20 // bytes of one string that is put together
)

// Error says where a text stops being readable. Line and Column count from 1,
// columns in characters.
type Error struct {
	Line, Column int
	Msg          string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// A place is where something begins in a text.
type place struct{ line, column int }

func (p place) errorf(format string, args ...any) *Error {
	return &Error{Line: p.line, Column: p.column, Msg: fmt.Sprintf(format, args...)}
}

// placeOf counts lines and columns up to an offset.
func placeOf(text string, offset int) place {
	p := place{1, 1}
	for i := 0; i < offset; {
		r, width := utf8.DecodeRuneInString(text[i:])
		i += width
		if p.column++; r == '\n' {
			p.line, p.column = p.line+1, 1
		}
	}
	return p
}
