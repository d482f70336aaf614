package pickle_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"

	"cachering/codec/pickle"
)

func TestDisassemble(t *testing.T) {
	tests := []struct{ in, want, kind string }{
		{"\x80\x04\x95\x0d\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x03a\x1b[\x94K\x01s.", `
 0: PROTO 4                      name the protocol
 2: FRAME 13                     a frame of that many bytes begins
11: EMPTY_DICT                   push {}
12: MEMOIZE 0                    memoize the top under the next index
13: SHORT_BINUNICODE 'a\x1b['    push a str
18: MEMOIZE 1                    memoize the top under the next index
19: BININT1 1                    push an int
21: SETITEM                      set key and value in the dict below
22: STOP                         end: the top is the value
`, ""},
		{"cos\nsystem\n(V\xe9\\u2028\nI-5\nL12L\nF1.5\ng0\nt.", `
 0: GLOBAL os system             push a class or function
11: MARK                         push a mark
12: UNICODE '\xe9\\u2028'        push a str
21: INT -5                       push an int or bool
25: LONG 12L                     push an int
30: FLOAT 1.5                    push a float
35: GET 0                        push from the memo
38: TUPLE                        make a tuple of all above the mark
39: STOP                         end: the top is the value
`, ""},
		{"J\xff\xff\xff\xffM\x00\x01\x8a\x02\x00\x80\x8a\x00G?\xf0\x00\x00\x00\x00\x00\x00C\x02'\\U\x01\xe9X\x06\x00\x00\x00\xed\xa0\x80\xe2\x80\xa8\x82\x07\x97", `
 0: BININT -1                    push an int
 5: BININT2 256                  push an int
 8: LONG1 -32768                 push an int
12: LONG1 0                      push an int
14: BINFLOAT 1.0                 push a float
23: SHORT_BINBYTES '\'\\'        push bytes
27: SHORT_BINSTRING '\xe9'       push a Python 2 byte string
30: BINUNICODE '\ud800\u2028'    push a str
41: EXT1 7                       push the object of an extension code
43: NEXT_BUFFER                  push a buffer from outside
`, "truncated"},
		{"N.N", "\n0: NONE                         push None\n1: STOP                         end: the top is the value\n", "trailing"},
		{"N\x00", "\n0: NONE                         push None\n", "opcode"},
		{"T\xff\xff\xff\xff.", "\n", "length"},
		{"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "\n", "truncated"},
		{"cos\nx", "\n", "truncated"},
		{"I5", "\n", "truncated"},
		{"", "\n", "truncated"},
	}
	for _, tt := range tests {
		var b strings.Builder
		b.WriteByte('\n')
		err := pickle.Disassemble(&b, []byte(tt.in))
		if b.String() != tt.want {
			t.Errorf("%q:\ngot %s\nwant %s", tt.in, b.String(), tt.want)
		}
		if (err == nil) != (tt.kind == "") || err != nil && kindOf(err) != tt.kind {
			t.Errorf("%q: got %v, want %q", tt.in, err, tt.kind)
		}
	}
}

// TestDisassembleVectors: what can be read can be disassembled, and nothing that a terminal acts upon gets through.
func TestDisassembleVectors(t *testing.T) {
	for _, file := range []string{"builtin-named", "stdlib", "py2", "hostile"} {
		for _, v := range vectorsOf(t, file) {
			if len(v.In) > 2000 {
				continue
			}
			var b bytes.Buffer
			err := pickle.Disassemble(&b, v.In)
			if file != "hostile" && err != nil {
				t.Errorf("%s: %v", v.Name, err)
			}
			for _, r := range b.String() {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Fatalf("%s: %U in the output", v.Name, r)
				}
			}
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestDisassembleWriteError(t *testing.T) {
	if err := pickle.Disassemble(brokenPipe{}, []byte("N.")); err == nil || err.Error() != "broken pipe" {
		t.Errorf("got %v", err)
	}
}
