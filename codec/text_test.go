package codec_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

type judged struct {
	Out   []string `json:"out"`
	Repr  string   `json:"repr"`
	Error string   `json:"error"`
}

func judge(t *testing.T, p, same *python, from, text string, g *pyobj.Graph, stable bool) (valid bool) {
	t.Helper()
	var want judged
	p.ask(map[string]string{"from": from, "text": b64([]byte(text))}, &want)
	parse := pyobj.ParseLiteral
	if from == "json" {
		parse = pyobj.ParseJSON
	}
	root, err := parse(g, []byte(text))
	if err != nil || want.Error != "" {
		if (err == nil) != (want.Error == "") {
			t.Errorf("%s %.300q: got error %v, Python says %q", from, text, err, want.Error)
		}
		return false
	}
	for protocol, out := range want.Out {
		got, err := new(pickle.Encoder).Append(nil, g, root, protocol)
		if err != nil {
			t.Errorf("%s %.300q at protocol %d: %v", from, text, protocol, err)
		} else if stable && b64(got) != out {
			want, _ := base64.StdEncoding.DecodeString(out)
			t.Errorf("%s %.300q at protocol %d:\n got %.1000q\nwant %.1000q", from, text, protocol, got, want)
		} else if !stable {
			same.send(map[string]string{"a": b64(got), "b": out})
			var answer struct{ Same bool }
			if same.receive(&answer); !answer.Same {
				t.Errorf("%s %.300q at protocol %d: %.1000q loads to another value", from, text, protocol, got)
			}
		}
	}
	repr := unhex(t, want.Repr)
	if got := string(g.AppendRepr(nil, root, pyobj.Limits{})); stable && got != repr {
		t.Errorf("%s %.300q:\n got repr %.1000s\nwant repr %.1000s", from, text, got, repr)
	}
	return true
}

func TestJSONLikePython(t *testing.T) {
	p, same := startPython(t, judgeScript), startPython(t, sameScript)
	g := pyobj.New()
	gen := newTextGen(t)
	for _, text := range []string{"", " ", "1", "-0", "01", "+1", "1.", ".5", "-", "--1", "1e", "1e+", "[1,]", `{"a":1,}`, "{,}", "nul", "nan", "-NaN", "-Infinity", "Infinit", "'a'", `{"a" 1}`, "{1:2}", "[1 2]", "1 2",
		"\ufeff1", "\"\x00\"", "\"\x1f\"", "\"\x7f\"", `"\u00"`, `"\ud83d\u"`, `"\x41"`, `"\`, `"abc`, "\u00a01", "1\f", "[\v1]", "\"\xed\xa0\x80\"", "\"\xed\xa0\xbd\xed\xb8\x80\"",
		strings.Repeat("9", 4300), "-" + strings.Repeat("9", 4300), strings.Repeat("9", 4301), strings.Repeat("9", 5000) + ".0", "1e" + strings.Repeat("9", 30), strings.Repeat("[", 400) + strings.Repeat("]", 400),
		strings.Repeat("[", 2000) + strings.Repeat("]", 2000), strings.Repeat(`{"a":`, 400) + "1" + strings.Repeat("}", 400)} {
		judge(t, p, same, "json", text, g, true)
	}
	valid, broken := 0, 0
	for i := range 6000 {
		text := gen.blank() + gen.jsonText(1+i%5) + gen.blank()
		if i%4 == 3 {
			text = gen.broken(text)
			broken++
		}
		if judge(t, p, same, "json", text, g, true) {
			valid++
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d documents, %d of them damaged, %d valid", 6000, broken, valid)
}

func TestLiteralLikePython(t *testing.T) {
	p, same := startPython(t, judgeScript), startPython(t, sameScript)
	g := pyobj.New()
	gen := newTextGen(t)
	for _, text := range literalCases {
		judge(t, p, same, "literal", text, g, true)
	}
	valid, broken, sets := 0, 0, 0
	for i := range 6000 {
		stable := true
		text := gen.pick("", "", " ", "\t", "# first\n") + gen.literalText(1+i%4, false, false, &stable) + gen.pick("", "", "", " ", "\n", " # end", ",", "\n\n", "\n # end")
		if i%4 == 3 {
			text = gen.broken(text)
			broken++
			stable = !strings.ContainsAny(text, "{")
		}
		if _, err := pyobj.ParseLiteral(pyobj.New(), []byte(text)); errors.Is(err, pyobj.ErrNamedCharacter) {
			continue // bytes that lost their b: Python reads the name
		}
		if !stable {
			sets++
		}
		if judge(t, p, same, "literal", text, g, stable) {
			valid++
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d literals, %d of them damaged, %d valid, %d with sets whose order depends on the run", 6000, broken, valid, sets)
}

var literalCases = func() []string {
	cases := strings.Split("1\n1;\n'\\\n1,\n1,2\n()\n(,)\n[,]\n{,}\n{1,}\n{1:2,}\n{1:2,3}\n{1,2:3}\n{**{}}\n[*[]]\n...\nEllipsis\nset\nset()\n(set)()\nset()()\nset(())\n+set()\nfrozenset()\nnot 1\n-True\n--1\n-(1)\n-(-1)\n"+
		"~1\n1+2j\n1-2j\n-1-2j\n1+(2j)\n(1)+2j\n(-1)+2j\n1j+2j\n1+2\n1+-2j\n-(1+2j)\n1+2j+3j\n+1j\n-1j\n-0j\n0-0j\n-0.0-0j\n-0.0+0j\n1-0j\n0x10+1j\n1__0\n1_\n_1\n0x_f\n0x\n0xg\n0b12\n0o8\n1e\n1._5\n1e_5\n1if\n00\n0_0\n01\n0_7\n09\n09.5\n"+
		"09j\n1_j\n1jj\n0xfj\n1l\n\"a\" b\"b\"\nb\"a\" \"b\"\nur\"a\"\nf\"a\"\n\"a\" f\"b\"\nrb'\\x'\nr'\\'\nr'\\''\nb'\\400'\n'\\400'\n'\\777'\n'\\x4'\n'\\u12'\n'\\U00110000'\n'\\Uffffffff'\n'\\U0010ffff'\n'\\8'\n'a\n\"\"\"a\n'\"'\n\"'\"\n'\\'\"'\n'''a'''\n\"\"\"\"\"\"\n"+
		"''''\n{[]}\n{[]:1}\n{({},)}\n{{1}}\n{1:{2}}\n[1\n1]\n(1]\n1 2\n\"a\" 1\n1\"a\"\n\"a\"1\n#\n# x\nlambda:1\na\n\"a\"[0]\n1 .real\n[1 for x in ()]\n(1)(2)\n{1:2}{3}\n1==1\nTrue,False\nprint\n`1`\n$\n1?\n{True:1,1:2}\n{1,True,1.0}\n{0.0,-0.0}\n{1j:1,1j:2}\n{1j,1j,(1j,),(1j,)}\n"+
		"{1,1+0j}\n{1+0j,1}\n{(1,1j):1,(1+0j,1j):2}\n{2**3}\n'é'\nb'é'\nrb'é'\n'\\é'\n\u00a01\n'\ufeff'\n\ufeff1\n5 #\u2028x\n1+1e400j\n1e400-1j\nTrue+1j\nNone+1j\n'a'+1j\n1*2\n1if 1else 2\n....5\n.\n..\n1...\n-...\nyield\n(yield)\n*1,\n1 <2\n1\\\n\\\n \\\n{1:}\n{:1}\n{1:2 3:4}\n[1 2]\n(1 2)\n{1 2}", "\n")
	return append(cases, "{1.5: 1, 1.5: 2, 1.5+0j: 3}", "{1.5+0j: 1, 1.5: 2, 1.5: 3, (1.5+0j): 4, 2: 5}", `'\N{}'`, `'\N'`, `'\N{SNOWMAN'`, `'\NSNOWMAN}'`, `rb'\N{SNOWMAN}'`, `b'\N{x}'`, `r'\N{x}'`, "", "   ", "\t1", "\f1", " \f1", "\f 1", "\n1", "\n 1", "  \n1", "1\n\n", "1 #c", "#c\n1", " #c\n1", "#c\n 1", "1\n2", "(1\n)\n", "[1]\n  ", "[1]\n  \n", "[1]\n  #x", "[1]\n  #x\n", "[1]\n\f", "[1]\n \f",
		"\\\n 1", "\\\n1", " \\\n 1", " \\\n1", "\n\\\n1", "1 \\\n+2j", "1 \\\n", "1\\\n", "1\\\n ", "1\\\n\n", "1\\ \n", "\"a\"\n\"b\"", "\"a\"\\\n\"b\"", "(\"a\"\n\"b\")", "(1\r\n,\r2)", "'''a\r\nb\rc\n'''", "'a\\\r\nb'", "'a\\\rb'", "'a\\\nb'", "'a\rb'",
		"'\x00'", "1\x00", "1\x0c", "(1\x0c)", "'\x01\x1b\x7f\t'", "1,\n", "1,\n2", "1,#\n", "(1,#\n)", "'''\n\"\"\"\n'''", "'''a\\'''", "'''a\\\\'''", "''''a'''", "'''a''''", "'''a'", "\xff", "'\xed\xa0\x80'", "b'\xff'",
		strings.Repeat("9", 4300), strings.Repeat("9", 4301), "-"+strings.Repeat("9", 4301), strings.Repeat("0", 5000), strings.Repeat("9_", 4299)+"9", "0x"+strings.Repeat("f", 3500), strings.Repeat("9", 5000)+".0", strings.Repeat("9", 5000)+"j",
		strings.Repeat("9", 400)+"+1j", strings.Repeat("9", 308)+"+1j", "1e-400", "123456789012345678901234567890e-10",
		strings.Repeat("[", 200)+strings.Repeat("]", 200), strings.Repeat("[", 201)+strings.Repeat("]", 201), strings.Repeat("{1:", 200)+"1"+strings.Repeat("}", 200), strings.Repeat("(", 90)+"1"+strings.Repeat(")", 90))
}()

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
