package pickle_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/scripts/trials"
)

// TestLoads reads pickles that no pickler writes, most of them nearly right, as a CPython reads them that stands beside: what it
// loads is the value that is read here, and what it refuses is refused. PICKLE_LOADS is how many.
func TestLoads(t *testing.T) {
	t.Parallel()
	testLoads(t, python(t), trials.Count(t, "PICKLE_LOADS", 800))
}

// TestLoadsEverywhere is TestLoads by all the CPythons there are.
func TestLoadsEverywhere(t *testing.T) {
	trials.Optional(t, "cpython")
	pythons := trials.Pythons()
	if len(pythons) == 0 {
		t.Skip("pyenv has no CPython")
	}
	for _, python := range pythons {
		t.Run(python, func(t *testing.T) { testLoads(t, python, trials.Count(t, "PICKLE_LOADS", 2000)) })
	}
}

// loadsJudge is testdata/python/pickle_loads.py.
type loadsJudge struct {
	in  io.Writer
	out *bufio.Reader
}

func (j *loadsJudge) ask(t *testing.T, given, made []byte) string {
	t.Helper()
	if err := errors.Join(writeString(j.in, given), writeString(j.in, made)); err != nil {
		t.Fatal(err)
	}
	line, err := j.out.ReadString('\n')
	if err != nil {
		t.Fatalf("after %s: %v", short(given), err)
	}
	return strings.TrimSuffix(line, "\n")
}

func testLoads(t *testing.T, interpreter string, count int) {
	rnd := trials.Rand(t)
	old := strings.Contains(interpreter, "/3.6.") || strings.Contains(interpreter, "/3.7.") // no protocol 5, and frames are read otherwise from a file, which is what the judge has to do there
	in, out := trials.Python(t, interpreter, "../../testdata/python/pickle_loads.py")
	judge := &loadsJudge{in, out}
	d := pickle.Decoder{AsLoads: true, Evaluate: true}
	var e pickle.Encoder
	g := pyobj.New()
	if strings.Contains(interpreter, "/3.6.") {
		g.SetDigits(pyobj.HugeDigits)
	}
	var given []vector
	for _, v := range vectorsOf(t, "builtin-random") {
		if len(v.In) < 400 {
			given = append(given, v)
		}
	}
	tally := map[string]int{}
	bad := 0
	for i := range count {
		m := mutator{Rand: rnd}
		var data []byte
		if i%4 == 0 {
			data = slices.Clone(given[rnd.IntN(len(given))].In)
			m.damage(&data)
		} else {
			data = m.pickle()
			if rnd.IntN(3) == 0 {
				m.damage(&data)
			}
		}
		if old && slices.ContainsFunc(data, func(c byte) bool { return c == 0x05 || 0x95 <= c && c <= 0x98 }) {
			continue
		}
		var made []byte
		root, err := d.Decode(g, data)
		if err == nil {
			if made, err = e.Append(nil, g, root, 4); err != nil {
				t.Fatalf("%s is read, and not written: %v", short(data), err)
			}
		}
		answer := judge.ask(t, data, made)
		tally[answer[:1]]++
		switch {
		case answer == "=" || answer[0] == '?':
		case answer[0] == '-' && (err != nil || carried(g, answer)):
		default:
			if bad++; bad < 12 {
				t.Errorf("%s\nread as %s, %v\n%s", short(data), g.AppendRepr(nil, root, pyobj.Limits{Nodes: 50}), err, answer)
			}
		}
	}
	t.Logf("of %d pickles %d are loaded, %d refused, %d open", count, tally["="], tally["-"], tally["?"])
	if asked := tally["="] + tally["-"] + tally["?"]; tally["="] < asked/5 || tally["-"] < asked/10 {
		t.Errorf("the pickles are too odd: %v", tally)
	}
}

// carried tells what is read here although CPython refuses it: names, which are not looked up, persistent ids, codes, byte
// strings of Python 2, and calls whose arguments nobody looks at.
func carried(g *pyobj.Graph, answer string) bool {
	for _, text := range []string{"No module named", "get attribute", `module \'builtins\' has no`, `module 'builtins' has no`, "persistent", "extension code", "t decode byte"} {
		if strings.Contains(answer, text) {
			return true
		}
	}
	for r := pyobj.SymEnd; int(r) < g.Size(); r++ {
		if g.Kind(r).IsCall() {
			return true
		}
	}
	return false
}

// mutator makes pickles of builtin values, as odd as the opcodes allow.
type mutator struct {
	*rand.Rand
	b    []byte
	puts []uint32
}

func (m *mutator) pick(from ...string) string { return from[m.IntN(len(from))] }

func (m *mutator) add(parts ...string) {
	for _, s := range parts {
		m.b = append(m.b, s...)
	}
}

func (m *mutator) pickle() []byte {
	m.b, m.puts = nil, nil
	if m.IntN(3) > 0 {
		m.add("\x80", string(rune(m.IntN(6))))
	}
	if m.IntN(8) == 0 {
		m.add(m.pick("(", "((", "N", "(K\x01", "(N0", "]\x94"))
	}
	m.value(3)
	if m.IntN(8) == 0 {
		m.add(m.pick("(", "(0", "N0", "20", "(N1", "\x80\x02", "\x95\x01\x00\x00\x00\x00\x00\x00\x00"))
	}
	m.add(".")
	if m.IntN(8) == 0 {
		m.add(m.pick("N.", "\n", "\r\n", "\x00\x00", ".", "abc"))
	}
	return m.b
}

// text is the argument of an opcode that reads a line.
func (m *mutator) number(digits string) string {
	blank := func() string { return m.pick("", "", "", "", " ", "\t", "\r", "\x0b", "  ", "\x00", "\x1f", "\xa0") }
	return blank() + m.pick("", "", "", "+", "-", "--") + m.pick("", "", "", "0", "00", "0x", "0X", "0o", "0b", "_", "0x_") + digits +
		m.pick("", "", "", "", "_0", "__1", "_", "L", "l", ".5", "e3", "\x00x", "j") + blank()
}

func (m *mutator) digits() string {
	return m.pick("", "0", "1", "1", "7", "8", "9", "10", "255", "1f", "fF", "2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999",
		"ffffffffffffffffffff", "777777777777777777777777", strings.Repeat("9", 4300), strings.Repeat("1", 4301), strings.Repeat("f", 4301))
}

func (m *mutator) float() string {
	return m.pick("", "", "", " ", "-", "+", "\x00") + m.pick("0", "1.5", "1e5", "1E-5", ".5", "5.", ".", "inf", "nan", "-nan", "Infinity", "infi", "1e400", "1e-400", "0x1p3", "1_0", "1.5e", "123456789012345678901234567890") +
		m.pick("", "", "", " ", "\r", "\x00zz", "f", "_")
}

func (m *mutator) quoted() string {
	q := m.pick("'", "\"")
	return m.pick("", "", "", " ") + q + m.pick("", "a", "ab", "a'b", "\\x41", "\\x4", "\\q", "\\101", "\\", "\\\\", "\\'", "\\n", "\\u0041", "a\x00b") + q + m.pick("", "", "", "", " ", "\r", "x")
}

func (m *mutator) unicode() string {
	return m.pick("", "a", "ab", "\xe9", "\\u00e9", "\\u00", "\\U0001f600", "\\U00110000", "\\", "\\\\u0041", "\\x41", "a\r", "\x00", "\\ud83d\\ude00", "日")
}

func (m *mutator) put() {
	switch m.IntN(9) {
	case 0:
		m.add("\x94")
		m.puts = append(m.puts, uint32(len(m.puts)))
	case 1:
		i := uint32(m.IntN(4))
		m.add("q", string(rune(i)))
		m.puts = append(m.puts, i)
	case 2:
		i := uint32(m.IntN(300))
		m.add("r")
		m.b = binary.LittleEndian.AppendUint32(m.b, i)
		m.puts = append(m.puts, i)
	case 3:
		i := m.IntN(12)
		if m.IntN(2) == 0 {
			m.add("p", fmt.Sprint(i), "\n")
		} else {
			m.add("p", m.pick("", " ", "+", "0", "00", "-"), fmt.Sprint(i), m.pick("", " ", "\r", "_", "\x00", "L"), "\n")
		}
		m.puts = append(m.puts, uint32(i))
	}
}

func (m *mutator) get() {
	if len(m.puts) == 0 {
		m.add("N")
		return
	}
	i := m.puts[m.IntN(len(m.puts))]
	switch m.IntN(3) {
	case 0:
		m.add("g", m.pick("", "", " ", "+", "0", "-"), fmt.Sprint(i), m.pick("", "", " ", "\r", "\x00x", "_"), "\n")
	case 1:
		m.add("j")
		m.b = binary.LittleEndian.AppendUint32(m.b, i)
	default:
		m.add("h", string([]byte{byte(i)}))
	}
}

func (m *mutator) global(name string) {
	module := m.pick("builtins", "__builtin__", "builtins", "builtins\r", " builtins")
	switch m.IntN(4) {
	case 0:
		m.add("X")
		m.b = binary.LittleEndian.AppendUint32(m.b, uint32(len(module)))
		m.add(module, "\x8c", string(rune(len(name))), name, "\x93")
	default:
		m.add("c", module, "\n", name, "\n")
	}
}

var builtinNames = []string{"list", "tuple", "dict", "set", "frozenset", "str", "bytes", "bytearray", "int", "float", "complex", "bool", "unicode", "long"}

// value writes one value and perhaps a PUT.
func (m *mutator) value(depth int) {
	n := 26
	if depth == 0 {
		n = 14
	}
	items := func() int {
		k := m.IntN(4)
		for range k {
			m.value(depth - 1)
		}
		return k
	}
	switch m.IntN(n) {
	case 0, 1:
		m.add("I", m.number(m.digits()), "\n")
	case 2:
		m.add("L", m.number(m.digits()), m.pick("L", "L", "", "l"), "\n")
	case 3:
		m.add("F", m.float(), "\n")
	case 4:
		m.add("S", m.quoted(), "\n")
	case 5:
		m.add("V", m.unicode(), "\n")
	case 6:
		m.add(m.pick("N", "\x88", "\x89", ")", "]", "}", "K\x05", "M\x01\x02", "J\xff\xff\xff\xff", "\x8a\x00", "\x8a\x01\xff", "\x8a\x02\xff\xff", "\x8b\x01\x00\x00\x00\x80", "G\x7f\xf8\x00\x00\x00\x00\x00\x00"))
	case 7:
		m.add(m.pick("X\x02\x00\x00\x00ab", "X\x03\x00\x00\x00\xed\xa0\x80", "X\x02\x00\x00\x00\xc0\x80", "\x8c\x01a", "\x8c\x00", "\x8d\x01\x00\x00\x00\x00\x00\x00\x00a", "U\x02ab", "T\x01\x00\x00\x00a"))
	case 8:
		m.add(m.pick("C\x02ab", "C\x01a", "C\x00", "B\x02\x00\x00\x00ab", "\x8e\x02\x00\x00\x00\x00\x00\x00\x00ab", "\x96\x02\x00\x00\x00\x00\x00\x00\x00ab", "\x96\x00\x00\x00\x00\x00\x00\x00\x00"), m.pick("", "", "\x98"))
	case 9, 10:
		m.get()
	case 11:
		m.add(m.pick("\x8f", "(\x91", "(t", "(l", "(d"))
	case 12:
		m.value(0)
		m.add(m.pick("2", "N0", "(0", "(N1", "Nb", "NN\x86b", "N}\x86b", "}b", "(e", "(u", "(\x90", "\x98", "\x95\x00\x00\x00\x00\x00\x00\x00\x00", "\x80\x03", "Na", "NNs"))
	case 13:
		m.global(builtinNames[m.IntN(len(builtinNames))])
		m.add(m.pick(")R", ")\x81", ")}\x92", "Nb"))
	case 14, 15:
		m.add("(")
		items()
		m.add(m.pick("t", "l", "l", "d", "\x91"))
	case 16, 17:
		m.add(m.pick("]", "}", "\x8f", "(l", "(d"))
		m.put()
		m.add("(")
		items()
		m.add(m.pick("e", "e", "u", "\x90"))
	case 18:
		m.value(depth - 1)
		m.value(depth - 1)
		m.add(m.pick("\x86", "a", "a"))
	case 19:
		m.value(depth - 1)
		m.value(depth - 1)
		m.value(depth - 1)
		m.add(m.pick("\x87", "s", "s", "s"))
	case 20, 21:
		m.global(builtinNames[m.IntN(len(builtinNames))])
		m.value(depth - 1)
		m.add(m.pick("\x85R", "\x85R", "\x85R", "\x85\x81", "\x85}\x92", "R"))
	case 22:
		m.global(builtinNames[m.IntN(len(builtinNames))])
		m.add("(")
		items()
		m.add(m.pick("tR", "tR", "t\x81"))
	case 23:
		m.add("(")
		m.global(builtinNames[m.IntN(len(builtinNames))])
		items()
		m.add("o")
	case 24:
		m.add("(")
		items()
		m.add("i", m.pick("builtins", "__builtin__", "b\xc3\xa9"), "\n", builtinNames[m.IntN(len(builtinNames))], "\n")
	default:
		switch m.IntN(5) {
		case 0: // an encoding
			m.global(m.pick("str", "bytes", "bytearray", "unicode"))
			m.add(m.pick("X\x02\x00\x00\x00ab", "X\x02\x00\x00\x00\xc3\xa9", "C\x02\xc3\xa9", "C\x01\xe9"), "V", m.pick("utf-8", "UTF_8", "ascii", "latin-1", "latin1", "iso-8859-1"), "\n")
			m.add(m.pick("\x86R", "Vstrict\n\x87R", "Vreplace\n\x87R", "\x86\x81"))
		case 1: // text that is read as a number
			m.global(m.pick("int", "float", "long", "complex"))
			m.add("V", m.pick(m.number(m.digits()), m.float()), "\n", m.pick("\x85R", "\x85R", "K\x10\x86R", "K\x00\x86R", "K\x02\x86R"))
		case 2: // copyreg
			m.add("ccopy", m.pick("reg", "_reg"), "\n", m.pick("_reconstructor", "__newobj__"), "\n")
			name := builtinNames[m.IntN(len(builtinNames))]
			m.global(name)
			m.global(m.pick(name, "object"))
			m.value(0)
			m.add(m.pick("\x87R", "\x87R", "0\x85R"))
		case 3: // pairs
			m.global("dict")
			m.add("(")
			for range m.IntN(3) {
				m.value(0)
				m.value(0)
				m.add(m.pick("\x86", "\x86", "\x85"))
			}
			m.add(m.pick("l", "t"), "\x85R")
		default: // a shared list that is changed
			m.add("]")
			m.put()
			m.add("(K\x01K\x02e")
			m.value(depth - 1)
			m.value(depth - 1)
			m.add("s")
		}
	}
	m.put()
}

// damage changes a few bytes.
func (m *mutator) damage(data *[]byte) {
	b := *data
	for range 1 + m.IntN(3) {
		if len(b) == 0 {
			break
		}
		at := m.IntN(len(b))
		switch m.IntN(5) {
		case 0:
			b = slices.Delete(b, at, at+1)
		case 1:
			b = slices.Insert(b, at, b[m.IntN(len(b))])
		case 2:
			const odd = "\n\r 0(.N]}ste0_-+xL\x00\x94\x85q1"
			b = slices.Insert(b, at, odd[m.IntN(len(odd))])
		case 3:
			b[at] = byte(m.IntN(256))
		default:
			from := m.IntN(len(b))
			b[at] = b[from]
		}
	}
	*data = b
}

// TestEvaluate: calls of builtin types are their values, in the names of both Pythons, however they are called; and what is not
// such a call stays one.
func TestEvaluate(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"cbuiltins\nlist\n((lI1\naI2\natR.", "[1, 2]"},
		{"c__builtin__\nlist\n((lI1\natR.", "[1]"},
		{"\x80\x04\x8c\x08builtins\x8c\x04list\x93]\x85R.", "[]"},
		{"cbuiltins\nlist\nVab\n\x85R.", "['a', 'b']"},
		{"cbuiltins\nlist\nC\x02ab\x85R.", "[97, 98]"},
		{"cbuiltins\nlist\n(}(Va\nK\x01Vb\nK\x02Va\nK\x03utR.", "['a', 'b']"},
		{"cbuiltins\ndict\n(}(Va\nK\x01utR.", "{'a': 1}"},
		{"cbuiltins\ndict\n((Va\nK\x01\x86Vbc\nltR.", "{'a': 1, 'b': 'c'}"},
		{"cbuiltins\nset\n((K\x01K\x01ttR.", "{1}"},
		{"cbuiltins\nset\n(\x8f(K\x01\x90tR.", "{1}"},
		{"cbuiltins\nfrozenset\n(Va\ntR.", "frozenset({'a'})"},
		{"cbuiltins\ntuple\n((lI1\natR.", "(1,)"},
		{"c__builtin__\nunicode\n(I5\ntR.", "'5'"},
		{"cbuiltins\nstr\n(C\x02\xc3\xa9Vutf-8\ntR.", "'é'"},
		{"cbuiltins\nbytes\n((K\x41K\x42ltR.", "b'AB'"},
		{"cbuiltins\nbytes\n(K\x02tR.", `b'\x00\x00'`},
		{"cbuiltins\nbytearray\n(K\x02tR.", `bytearray(b'\x00\x00')`},
		{"c__builtin__\nlong\n(V 1_0 \ntR.", "10"},
		{"cbuiltins\nint\n(Vff\nK\x10tR.", "255"},
		{"cbuiltins\nint\n(G?\xf8\x00\x00\x00\x00\x00\x00tR.", "1"},
		{"cbuiltins\nfloat\n(V1e400\ntR.", "inf"},
		{"cbuiltins\ncomplex\n(K\x01tR.", "(1+0j)"},
		{"cbuiltins\nbool\n(VFalse\ntR.", "True"},
		{"\x80\x02cbuiltins\nlist\n((lI1\nat\x81.", "[]"},
		{"\x80\x02cbuiltins\ntuple\n((lI1\nat\x81.", "(1,)"},
		{"\x80\x04cbuiltins\ndict\n)}\x92.", "{}"},
		{"ccopy_reg\n__newobj__\n(c__builtin__\nset\ntR.", "set()"},
		{"ccopyreg\n_reconstructor\n(cbuiltins\nlist\ncbuiltins\nlist\n(lI7\natR.", "[7]"},
		{"(cbuiltins\nlist\n(lI7\nao.", "[7]"},
		{"((lI7\nai__builtin__\nlist\n.", "[7]"},
		{"cbuiltins\nlist\n)RK\x01a.", "[1]"},
		{"cbuiltins\ngetattr\n(Vx\nVupper\ntR.", "<builtins.getattr args=('x', 'upper')>"},
		{"cbuiltins\neval\n(V1\ntR.", "<builtins.eval args=('1',)>"},
		{"cbuiltins\nlist\n(cm\nn\n)RtR.", "<builtins.list args=(<m.n>,)>"},
		{"cm\nlist\n(]tR.", "<m.list args=([],)>"},
	} {
		d := pickle.Decoder{Evaluate: true}
		g := pyobj.New()
		root, err := d.Decode(g, []byte(tt.in))
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
		} else if got := string(g.AppendRepr(nil, root, pyobj.Limits{})); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

// TestLoadsOnly: what is read as loads does is not rewritten: the strict reader, which writers use, refuses it as ever.
func TestLoadsOnly(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		kind     pickle.ErrorKind
	}{
		{"N.NN", "None", pickle.Trailing},
		{"(K\x05.", "5", pickle.StackError},
		{"NK\x05.", "5", pickle.StackError},
		{"I1\r\n.", "1", pickle.NumberError},
		{"I 1\n.", "True", pickle.NumberError},
		{"I017\n.", "15", pickle.NumberError},
		{"I-0x1_f\n.", "-31", pickle.NumberError},
		{"I0x1ffffffffffffffff\n.", "36893488147419103231", pickle.NumberError},
		{"L 0b1_0L\n.", "2", pickle.NumberError},
		{"F1.5\x00x\n.", "1.5", pickle.NumberError},
		{"Np 0\r\ng+0\n.", "None", pickle.MemoError},
		{"\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00ab\x98.", "memoryview(bytearray(b'ab'))", pickle.BufferError},
		{"\x80\x05C\x01a\x98.", "b'a'", pickle.BufferError},
		{"K\x05Nb.", "5", pickle.TypeError},
		{"](K\x01K\x02eI-1\nK\x03s.", "[1, 3]", pickle.TypeError},
		{"\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00abK\x00K\x63s.", "bytearray(b'cb')", pickle.TypeError},
		{"cm\nn\n)R0N.", "None", pickle.Discarded},
	} {
		g := pyobj.New()
		d := pickle.Decoder{AsLoads: true}
		root, err := d.Decode(g, []byte(tt.in))
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
		} else if got := string(g.AppendRepr(nil, root, pyobj.Limits{})); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.in, got, tt.want)
		}
		var tr pickle.Transcoder
		for protocol := range 6 {
			if _, err := tr.Transcode(nil, []byte(tt.in), protocol); kindOf(err) != string(tt.kind) {
				t.Errorf("%q is rewritten at protocol %d: %v, want %s", tt.in, protocol, err, tt.kind)
			}
		}
	}
}
