package pyobj_test

import (
	"fmt"
	"testing"

	"cachering/codec/pyobj"
)

// Errors point at the place that a person has to look at.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		parse      func(*pyobj.Graph, []byte) (pyobj.Ref, error)
		text, want string
	}{
		{pyobj.ParseLiteral, "", "column 1: there is no value"},
		{pyobj.ParseLiteral, "  hello", "column 3: name \"hello\" is not a literal"},
		{pyobj.ParseLiteral, "[1, foo()]", "column 5: name \"foo\" is not a literal"},
		{pyobj.ParseLiteral, "{'é': 1, 'b' 2}", "column 14: the key has no value: \":\" is missing"},
		{pyobj.ParseLiteral, "[1, 2", "column 1: '[' is never closed"},
		{pyobj.ParseLiteral, "(1,\n [2, 3,\n", "line 2, column 2: '[' is never closed"},
		{pyobj.ParseLiteral, "[1\n, 2)", "line 2, column 4: ')' is not expected here"},
		{pyobj.ParseLiteral, "1 2", "column 3: '2' is not expected here"},
		{pyobj.ParseLiteral, "'abc", "column 1: the quote is never closed"},
		{pyobj.ParseLiteral, "'''a\nbc", "column 1: the quote is never closed"},
		{pyobj.ParseLiteral, "['a\nb']", "column 2: the quote is not closed on its line"},
		{pyobj.ParseLiteral, `'日\x4'`, "column 3: \\x needs 2 hexadecimal digits"},
		{pyobj.ParseLiteral, `['', 'é\N{SNOWMAN}']`, `column 8: \N{…} is not read here: write the character itself, or its number as \uXXXX`},
		{pyobj.ParseLiteral, `'\N{SNOWMAN'`, `column 2: \N needs the name of a character in braces`},
		{pyobj.ParseLiteral, `b'aé'`, "column 4: a bytes literal holds ASCII only: write \\x escapes"},
		{pyobj.ParseLiteral, "{[1]: 2}", "column 2: a list cannot be a dict key"},
		{pyobj.ParseLiteral, "{1, ({},)}", "column 5: a tuple that holds a list, dict or set cannot be a set element"},
		{pyobj.ParseLiteral, "1 + 2", "column 3: '+' is only for complex numbers such as 1+2j"},
		{pyobj.ParseLiteral, "- True", "column 1: '-' must stand before a number"},
		{pyobj.ParseLiteral, "012", "column 1: an integer does not begin with 0"},
		{pyobj.ParseLiteral, "1_000_", "column 6: the number is not spelt as Python does"},
		{pyobj.ParseLiteral, "f'{x}'", "column 1: an f-string is not a literal"},
		{pyobj.ParseLiteral, "1\n  2", "line 2, column 3: unexpected indent"},
		{pyobj.ParseLiteral, "'a\x00'", "column 3: a NUL byte cannot stand in a literal: write \\0"},
		{pyobj.ParseLiteral, "'\xff'", "column 2: byte 0xff is not UTF-8"},
		{pyobj.ParseLiteral, "set([1])", "column 5: set() takes nothing: write {1, 2}"},
		{pyobj.ParseLiteral, "\x1b[31m", "column 1: '\\x1b' is not expected here"},
		{pyobj.ParseLiteral, "x\x1b", "column 1: name \"x\" is not a literal"},

		{pyobj.ParseJSON, "", "column 1: a value is expected here"},
		{pyobj.ParseJSON, `{"a": 1,}`, "column 9: nothing follows the comma"},
		{pyobj.ParseJSON, `{'a': 1}`, "column 2: a key in double quotes is expected here"},
		{pyobj.ParseJSON, "{\"é\": 1\n \"b\": 2}", "line 2, column 2: \",\" or \"}\" is expected here"},
		{pyobj.ParseJSON, `[1 2]`, "column 4: \",\" or \"]\" is expected here"},
		{pyobj.ParseJSON, `["a`, "column 2: the string is never closed"},
		{pyobj.ParseJSON, "[\"a\tb\"]", "column 4: control character U+0009 in a string: write \\u0009"},
		{pyobj.ParseJSON, `"\x41"`, "column 2: JSON has no such escape"},
		{pyobj.ParseJSON, `01`, "column 2: extra data after the value"},
		{pyobj.ParseJSON, `True`, "column 1: a value is expected here"},
	} {
		_, err := c.parse(pyobj.New(), []byte(c.text))
		if got := fmt.Sprint(err); got != c.want {
			t.Errorf("%q: %s\n\twant %s", c.text, got, c.want)
		}
	}
}
