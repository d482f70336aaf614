package pickle_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// large inputs, each of about n bytes, of the sorts that cost a decoder most.
func large(n int) map[string]string {
	rep := strings.Repeat
	count := func(unit string) int { return n / len(unit) }
	var sparse, spread, ints strings.Builder
	for i := range n / 6 {
		sparse.WriteString("]r")
		binary.Write(&sparse, binary.LittleEndian, uint32(i)*0x9e3779b1)
		ints.WriteString("J")
		binary.Write(&ints, binary.LittleEndian, uint32(i)*0x9e3779b1)
		ints.WriteString("N")
		fmt.Fprintf(&spread, "(lp%d\n", 7*i)
	}
	return map[string]string{
		"lists":             rep("]", count("]")) + rep("a", count("]")-1) + ".",
		"dicts":             rep("}N", count("}N")) + "N" + rep("s", count("}N")) + ".",
		"dicts alone":       "(" + rep("}", n) + "t.",
		"sets":              "(" + rep("\x8f", n) + "t.",
		"tuples":            ")" + rep("\x85", n) + ".",
		"tuple key":         "})" + rep("\x85", n) + "Ns.",
		"tuple keys":        "}(" + rep("K\x07\x85N", n/4) + "u.",
		"frozensets":        rep("(", n/2) + rep("\x91", n/2) + ".",
		"marks":             rep("(", n),
		"marks and tuples":  rep("(", n/2) + rep("t", n/2) + ".",
		"Nones":             "(" + rep("N", n) + "t.",
		"dups":              "(]" + rep("2", n) + "t.",
		"appends in turn":   "]q\x00]q\x01" + rep("h\x00Na0h\x01Na0", n/12) + "\x86.",
		"one by one":        "]" + rep("Na", n/2) + ".",
		"persistent ids":    "N" + rep("Q", n) + ".",
		"builds":            "NQ" + rep("Nb", n/2) + ".",
		"builds with self":  "NQ" + rep("2b", n/2) + ".",
		"calls":             "cm\nn\n" + rep(")R", n/2) + ".",
		"newobjs":           "cm\nn\n" + rep(")\x81", n/2) + ".",
		"appends to calls":  "(" + rep("NQNa", n/4) + "t.",
		"memoized":          "(" + rep("]\x94", n/2) + "t.",
		"sparse memo":       "(" + sparse.String() + "t.",
		"spread memo":       "(" + spread.String() + "t.",
		"ints as keys":      "}(" + ints.String() + "u.",
		"same key":          "}(" + rep("K\x07N", n/3) + "u.",
		"characters":        "(" + rep("\x8c\x01a", n/3) + "t.",
		"empty frames":      rep("\x95\x00\x00\x00\x00\x00\x00\x00\x00", n/9) + "N.",
		"globals":           "(" + rep("cm\nn\n", n/5) + "t.",
		"escapes":           "V" + rep("\xe9", n) + "\n.",
		"escaped":           "V" + rep("\\u20ac", n/6) + "\n.",
		"popped":            rep("]0", n/2) + "N.",
		"popped with calls": "cm\nn\n)R" + rep("]0", n/2) + ".",
		"python 2":          "(" + rep("U\x04ab\xe9\xe9", n/6) + "t.",
		"keys in sets":      "(" + rep("\x8f(K\x07\x85\x90", n/7) + "t.",
		"sets of one list":  "(cbuiltins\nset\n\x94(" + rep("K\x01", n/4) + "l\x94" + rep("h\x00h\x01\x85R", n/12) + "t.",
		"lists of one list": "(cbuiltins\nlist\n\x94(" + rep("K\x01", n/4) + "l\x94" + rep("h\x00h\x01\x85R", n/12) + "t.",
		"lists of one str":  "(cbuiltins\nlist\n\x94X" + string(binary.LittleEndian.AppendUint32(nil, uint32(n/2))) + rep("a", n/2) + "\x94" + rep("h\x00h\x01\x85R", n/12) + "t.",
		"dicts of one dict": "(cbuiltins\ndict\n\x94(" + rep("K\x01", n/4) + "d\x94" + rep("h\x00h\x01\x85R", n/12) + "t.",
		"lists of one dict": "(cbuiltins\nlist\n\x94(" + rep("K\x01", n/4) + "d\x94" + rep("h\x00h\x01\x85R", n/12) + "t.",
		"zeros":             "(cbuiltins\nbytes\n\x94" + rep("h\x00M\xff\xff\x85R", n/7) + "t.",
		"appended bytes":    "\x96" + string(binary.LittleEndian.AppendUint64(nil, uint64(n/2))) + rep("a", n/2) + rep("K\x01a", n/6) + ".",
		"floats in a set":   "\x8f(" + rep("G\x7e\x37\xe4\x3c\x88\x00\x75\x9c", n/9) + "\x90.",
	}
}

// TestMemory: at most 64 bytes for each byte of input, all allocations taken together, whatever the input is like.
func TestMemory(t *testing.T) {
	const n = 120_000
	for name, in := range large(n) {
		for _, loads := range []bool{false, true} {
			g := pyobj.New()
			d := pickle.Decoder{Py2Strings: pickle.Py2Latin1, AsLoads: loads, Evaluate: loads}
			data := []byte(in)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := d.Decode(g, data)
			runtime.ReadMemStats(&after)
			if err != nil && name != "marks" && name != "appended bytes" {
				t.Errorf("%s: %v", name, err)
			}
			used := after.TotalAlloc - before.TotalAlloc
			t.Logf("%-18s %5.1f", name, float64(used)/float64(len(data)))
			if used > 64*uint64(len(data)) {
				t.Errorf("%s: %.1f bytes of memory for each byte", name, float64(used)/float64(len(data)))
			}
		}
	}
}

// TestDeep: nesting without end is written at every protocol and read again.
func TestDeep(t *testing.T) {
	rep := strings.Repeat
	for name, in := range map[string]func(n int) string{
		"lists":      func(n int) string { return rep("]", n) + rep("a", n-1) + "." },
		"tuples":     func(n int) string { return ")" + rep("\x85", n) + "." },
		"dicts":      func(n int) string { return rep("}N", n) + "N" + rep("s", n) + "." },
		"frozensets": func(n int) string { return rep("(", n) + rep("\x91", n) + "." },
		"objects":    func(n int) string { return "cm\nn\n" + rep(")R", n) + "." },
		"states":     func(n int) string { return rep("cm\nn\n)R", n) + "N" + rep("b", n) + "." },
		"arguments":  func(n int) string { return rep("cm\nn\n", n) + ")" + rep("R\x85", n-1) + "R." },
	} {
		var tr pickle.Transcoder
		for p := range 6 {
			n := 10_000
			if p == 0 && name == "lists" || p == 5 && name == "tuples" {
				n = 1_000_000
			}
			out, err := tr.Transcode(nil, []byte(in(n)), p)
			if err != nil {
				t.Errorf("%s to %d: %v", name, p, err)
				continue
			}
			again, err := tr.Transcode(nil, out, p)
			if err != nil || !bytes.Equal(out, again) {
				t.Errorf("%s to %d: not the same again: %v", name, p, err)
			}
		}
	}
}

// TestErrors: kind, offset and opcode of what is wrong.
func TestErrors(t *testing.T) {
	tests := []struct {
		in   string
		kind pickle.ErrorKind
		at   int
		op   string
		text string
	}{
		{"", pickle.Truncated, 0, "", "pickle: data at byte 0: no STOP"},
		{"N", pickle.Truncated, 1, "", "pickle: data at byte 1: no STOP"},
		{".", pickle.StackError, 0, "STOP", "pickle: STOP at byte 0: stack is empty"},
		{"N\x8c\x05abcd", pickle.Truncated, 1, "SHORT_BINUNICODE", "pickle: SHORT_BINUNICODE at byte 1: the data ends inside"},
		{"NN.", pickle.StackError, 2, "STOP", "pickle: STOP at byte 2: 1 more values or marks on the stack"},
		{"N.NN", pickle.Trailing, 1, "STOP", "pickle: STOP at byte 1: 2 more bytes after the end"},
		{"K\x05\x93.", pickle.StackError, 2, "STACK_GLOBAL", "pickle: STACK_GLOBAL at byte 2: stack is empty"},
		{"(K\x05(s.", pickle.StackError, 4, "SETITEM", "pickle: SETITEM at byte 4: nothing above the mark"},
		{"\x80\x06N.", pickle.ProtocolError, 0, "PROTO", "pickle: PROTO at byte 0: protocol 6 is not known"},
		{"N{", pickle.OpcodeError, 1, "", "pickle: data at byte 1: 0x7b is no opcode"},
		{"}]N\x86Ns.", pickle.Unhashable, 5, "SETITEM", "pickle: SETITEM at byte 5: a tuple with a list, dict, set or bytearray in it cannot be a key"},
		{"K\x01)R.", pickle.CallError, 3, "REDUCE", "pickle: REDUCE at byte 3: int is not callable"},
		{"cm\nn\n)R0N.", pickle.Discarded, 6, "REDUCE", "pickle: REDUCE at byte 6: the result of a call is not part of the value: m.n"},
		{"N(cm\nn\n)\x811.", pickle.Discarded, 8, "NEWOBJ", "pickle: NEWOBJ at byte 8: the result of a call is not part of the value: m.n"},
		{"(cm\nn\no0N.", pickle.Discarded, 6, "OBJ", "pickle: OBJ at byte 6: the result of a call is not part of the value: m.n"},
		{"}N(im\nn\nsNNs.", pickle.Discarded, 3, "INST", "pickle: INST at byte 3: the result of a call is not part of the value: m.n"},
		{"N(K\x05cm\nn\n)RK\x06cm\nn\n)Rt0.", pickle.Discarded, 10, "REDUCE", "pickle: REDUCE at byte 10: the result of a call is not part of the value: m.n"},
		{"cm\nn\n)R0\x1b", pickle.OpcodeError, 8, "", "pickle: data at byte 8: 0x1b is no opcode"},
		{"(U\x01a(U\x02a\xe9t.", pickle.StackError, 10, "STOP", "pickle: STOP at byte 10: 2 more values or marks on the stack"},
		{"(U\x01aU\x02a\xe9t.", pickle.Py2Str, 4, "SHORT_BINSTRING", "pickle: SHORT_BINSTRING at byte 4: a Python 2 string that is not ascii"},
		{"c\xff\nx\n.", pickle.TextError, 0, "GLOBAL", "pickle: GLOBAL at byte 0: malformed UTF-8"},
		{"ca\nb.c\n.", pickle.NameError, 0, "GLOBAL", "pickle: GLOBAL at byte 0: a dotted name, which means nothing before protocol 4"},
	}
	for _, tt := range tests {
		var d pickle.Decoder
		_, err := d.Decode(pyobj.New(), []byte(tt.in))
		var e *pickle.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Offset != tt.at || e.Op != tt.op || e.Error() != tt.text {
			t.Errorf("%q:\n got %#v\nwant %s", tt.in, e, tt.text)
		}
	}
}

// TestWriteErrors: what a protocol cannot express is refused, and the output stays as it was.
func TestWriteErrors(t *testing.T) {
	tests := []struct {
		name, in string
		kind     pickle.ErrorKind
		refused  string // protocols
	}{
		{"int of 4299 digits", "\x8b\xf9\x06\x00\x00" + strings.Repeat("\x7f", 0x6f9) + ".", "", ""},
		{"int of 4301 digits", "\x8b\xfa\x06\x00\x00" + strings.Repeat("\x7f", 0x6fa) + ".", pickle.NumberError, "01"},
		{"int of too many digits", "\x8b\x00\x08\x00\x00" + strings.Repeat("\x7f", 0x800) + ".", pickle.NumberError, "01"},
		{"name with a newline", "\x80\x04\x8c\x02os\x8c\x03a\nb\x93.", pickle.Unrepresentable, "0123"},
		{"surrogate in a name", "\x80\x04\x8c\x02os\x8c\x03\xed\xa0\x80\x93.", pickle.Unrepresentable, "0123"},
		{"module of Python 2", "\x80\x03ccommands\nX\n.", pickle.Unrepresentable, "012"},
		{"empty part of a name", "\x80\x04\x8c\x02os\x8c\x03a..\x93.", pickle.Unrepresentable, "0123"},
		{"tuple of lists that hold it", "(" + strings.Repeat("]\x94", 2000) + "t\x94" + "0(" + func() string {
			var b strings.Builder
			for i := range 2000 {
				b.WriteByte('j')
				binary.Write(&b, binary.LittleEndian, uint32(i))
				b.WriteString("j\xd0\x07\x00\x00a")
			}
			return b.String()
		}() + "1j\xd0\x07\x00\x00.", pickle.TooLarge, "012345"},
		{"arguments that may be a tuple", "\x80\x02cm\nn\ncm\nargs\n\x81.", pickle.Unrepresentable, "01"},
	}
	for _, tt := range tests {
		tr := pickle.Transcoder{Encoder: pickle.Encoder{Budget: 4 << 20}}
		for p := range 6 {
			out, err := tr.Transcode([]byte("before"), []byte(tt.in), p)
			if strings.Contains(tt.refused, string('0'+rune(p))) {
				if kindOf(err) != string(tt.kind) || string(out) != "before" {
					t.Errorf("%s to %d: got %s, %v, want %s", tt.name, p, short(out), err, tt.kind)
				}
			} else if err != nil || !bytes.HasPrefix(out, []byte("before")) {
				t.Errorf("%s to %d: %v", tt.name, p, err)
			}
		}
	}
}

// TestCycle: a set with an object whose arguments hold the set can be written from protocol 4 on, and never loops.
func TestCycle(t *testing.T) {
	const in = "\x80\x04\x8f\x94(\x8c\x01m\x8c\x01n\x93h\x00\x85R\x90."
	for p := range 6 {
		var tr pickle.Transcoder
		out, err := tr.Transcode(nil, []byte(in), p)
		if p < 4 && kindOf(err) != "cycle" || p >= 4 && err != nil {
			t.Errorf("to %d: got %s, %v", p, short(out), err)
		}
	}
}

// TestBudget: the setting is kept, and the default is 64 MiB.
func TestBudget(t *testing.T) {
	in := []byte("\x80\x02]" + strings.Repeat("Na", 1000) + ".")
	for budget, want := range map[int64]string{100: "too-large", 1008: "too-large", 1017: ""} {
		tr := pickle.Transcoder{Encoder: pickle.Encoder{Budget: budget}}
		out, err := tr.Transcode(nil, in, 5)
		if want != "" && kindOf(err) != want || want == "" && err != nil {
			t.Errorf("budget %d: %d bytes, %v", budget, len(out), err)
		}
	}
}
