package codec_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// judgeScript reads lines {"from", "text"} and answers each with the pickles of
// the value at every protocol and its repr, or with the name of the exception.
const judgeScript = `
import ast, base64, json, pickle, sys, warnings
warnings.simplefilter("ignore")
sys.stdin.reconfigure(encoding="utf-8", errors="strict")
for line in sys.stdin:
    job = json.loads(line)
    try:
        text = base64.b64decode(job["text"]).decode("utf-8", "surrogatepass")
        value = json.loads(text) if job["from"] == "json" else ast.literal_eval(text)
        answer = {"out": [base64.b64encode(pickle.dumps(value, n)).decode() for n in range(6)], "repr": repr(value).encode("utf-8", "surrogatepass").hex()}
    except Exception as e:
        answer = {"error": type(e).__name__ + ": " + str(e)[:200]}
    print(json.dumps(answer), flush=True)
`

// sameScript reads lines {"a", "b"}, two pickles, and answers whether they load
// to equal values of the same types.
const sameScript = `
import base64, json, pickle, sys
def key(v):
    if isinstance(v, (set, frozenset)): return (type(v).__name__, sorted(map(repr, map(key, v))))
    if isinstance(v, dict): return ("dict", [(key(k), key(w)) for k, w in v.items()])
    if isinstance(v, (list, tuple)): return (type(v).__name__, [key(w) for w in v])
    return (type(v).__name__, repr(v))
for line in sys.stdin:
    job = json.loads(line)
    a, b = (key(pickle.loads(base64.b64decode(job[x]))) for x in "ab")
    print(json.dumps({"same": a == b}), flush=True)
`

// python is a CPython that answers a line of JSON with a line of JSON.
type python struct {
	t   *testing.T
	in  *bufio.Writer
	out *bufio.Reader
}

func startPython(t *testing.T, script string) *python {
	t.Helper()
	in, out := trials.Python(t, "/usr/bin/python3", "-c", script)
	return &python{t: t, in: bufio.NewWriter(in), out: out}
}

func (p *python) ask(question, answer any) {
	p.t.Helper()
	p.send(question)
	p.receive(answer)
}

func (p *python) send(question any) {
	p.t.Helper()
	b, err := json.Marshal(question)
	if err != nil {
		p.t.Fatal(err)
	}
	p.in.Write(append(b, '\n'))
	if err := p.in.Flush(); err != nil {
		p.t.Fatalf("python: %v", err)
	}
}

func (p *python) receive(answer any) {
	p.t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		p.t.Fatalf("python: %v", err)
	}
	if err := json.Unmarshal(line, answer); err != nil {
		p.t.Fatal(err)
	}
}

// textGen makes random documents, valid and invalid.
type textGen struct{ *rand.Rand }

func newTextGen(t *testing.T) textGen {
	return textGen{trials.Rand(t)}
}

func (g textGen) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g textGen) blank() string {
	return g.pick("", "", "", " ", "\n", "\t", "\r", "  ", "\r\n ")
}

func (g textGen) digits(n int) string {
	b := []byte{byte('1' + g.IntN(9))}
	for len(b) < n {
		b = append(b, byte('0'+g.IntN(10)))
	}
	return string(b)
}

// jsonText makes one JSON value of at most the given depth.
func (g textGen) jsonText(depth int) string {
	switch k := g.IntN(14); {
	case k < 3 && depth > 0:
		var items []string
		for range g.IntN(5) {
			items = append(items, g.blank()+g.jsonText(depth-1)+g.blank())
		}
		return "[" + g.blank() + strings.Join(items, ",") + "]"
	case k < 7 && depth > 0:
		var items []string
		for range g.IntN(5) {
			items = append(items, g.blank()+g.jsonString(true)+g.blank()+":"+g.blank()+g.jsonText(depth-1)+g.blank())
		}
		return "{" + g.blank() + strings.Join(items, ",") + "}"
	case k < 9:
		return g.pick("", "-") + g.pick("0", g.digits(1), g.digits(3), g.digits(10), g.digits(19), g.digits(40), "2147483647", "2147483648",
			"9223372036854775807", "9223372036854775808", "255", "256", "65535", "65536", "170141183460469231731687303715884105728")
	case k < 11:
		return g.pick("", "-") + g.pick("0.0", "0e0", "1e400", "1E-400", "1.5", "5e-324", "1.7976931348623157e308", "1e16", "1e22", "0.1", "1e-5", "123456789012345678",
			g.digits(3)+"."+g.digits(17), g.digits(1)+"e"+g.pick("", "+", "-")+g.digits(2), g.digits(25)+".5")
	case k < 12:
		return g.pick("null", "true", "false", "NaN", "Infinity", "-Infinity")
	}
	return g.jsonString(false)
}

func (g textGen) jsonString(key bool) string {
	if key && g.IntN(3) > 0 {
		return g.pick(`"id"`, `"name"`, `"\u0069d"`, `"é"`, `"\u00e9"`, `"日"`, `"\u65e5"`, `""`, `"a"`, `"user name"`)
	}
	var b strings.Builder
	b.WriteByte('"')
	for range g.IntN(7) {
		b.WriteString(g.pick("a", "B", " ", "é", "日", "😀", "\u00ff", "\u0100", "\x7f", "\u2028", `\n`, `\t`, `\"`, `\\`, `\/`, `\b`, `\f`, `\r`, "'",
			`\u0000`, `\u001a`, `\u00E9`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\ud83d\u0041`, `\uD83D\uD83D\uDE00`, `\ude00\ud83d`, "id"))
	}
	b.WriteByte('"')
	return b.String()
}

// broken damages a text the way people do.
func (g textGen) broken(text string) string {
	r := []rune(text)
	junk := []rune(g.pick(",", "]", "}", "[", "{", "\"", "'", ":", "0", "-", "+", ".", "e", "\\", "\\u12", "\x01", "x", "N", " 1", "\ufeff", "_", "#", "\n", "\f", "j", "b", "()", "(", ")", "..."))
	at := g.IntN(len(r) + 1)
	switch g.IntN(3) {
	case 0:
		return string(r[:at])
	case 1:
		return string(r[:at]) + string(junk) + string(r[at:])
	}
	if at == len(r) {
		return string(junk)
	}
	return string(r[:at]) + string(junk) + string(r[at+1:])
}

// literalText makes one Python literal. inBrackets allows newlines, hashable
// rules out lists, dicts and sets. plain is false once the order of the value
// depends on the hash seed of the Python that reads it.
func (g textGen) literalText(depth int, inBrackets, hashable bool, stable *bool) string {
	gap := func() string {
		if inBrackets {
			return g.pick("", "", "", " ", "\n", "\t", "\f", " # note\n", "\\\n", "\r\n", "\r")
		}
		return g.pick("", "", " ", "\\\n ")
	}
	k := g.IntN(20)
	if depth <= 0 {
		k = 8 + g.IntN(12)
	} else if hashable && k < 6 {
		k = 6
	}
	inside := func() string {
		return gapIn(g) + g.literalText(depth-1, true, false, stable) + gapIn(g)
	}
	list := func(open, shut string, item func() string, comma bool) string {
		var items []string
		for range g.IntN(5) {
			items = append(items, item())
		}
		text := open + gapIn(g) + strings.Join(items, ",")
		if len(items) > 0 && (comma && len(items) == 1 || g.IntN(4) == 0) {
			text += "," + gapIn(g)
		}
		return text + shut
	}
	switch {
	case k < 2:
		return list("[", "]", inside, false)
	case k < 4:
		return list("{", "}", func() string {
			return gapIn(g) + g.literalText(depth-1, true, true, stable) + gapIn(g) + ":" + inside()
		}, false)
	case k < 5:
		set := list("{", "}", func() string { return gapIn(g) + g.setElement(depth-1, stable) + gapIn(g) }, false)
		if strings.Trim(set, "{} \n\t\f\r\\#note") == "" {
			return "{0}"
		}
		return set
	case k < 6:
		return g.pick("set()", "set ( )", "(set)()", "set(\n)")
	case k < 8:
		return list("(", ")", func() string { return gapIn(g) + g.literalText(depth-1, true, hashable, stable) + gapIn(g) }, true)
	case k < 11:
		return g.pick("", "", "-", "+", "- ") + g.literalNumber()
	case k < 12:
		return g.pick("", "-", "+") + g.pick("1", "0", "1.5", "0.0", "1e3", "(2)", "1e400") + gap() + g.pick("+", "-") + gap() + g.pick("2j", "0j", "1e5J", ".5j", "(3j)", "1e400j")
	case k < 13:
		return g.pick("None", "True", "False", "None", "...", "("+gapIn(g)+"1"+gapIn(g)+")", "((('a')))")
	}
	return g.literalString(gap)
}

func gapIn(g textGen) string {
	return g.pick("", "", "", "", " ", "\n", "\t", "\f", " # note\n", "\\\n", "\r\n")
}

// setElement makes an element; strings, bytes and None make the order of the
// set depend on the hash seed.
func (g textGen) setElement(depth int, stable *bool) string {
	switch g.IntN(8) {
	case 0:
		*stable = false
		return g.pick("'ab'", "b'x'", "None", "'é'")
	case 1:
		return g.pick("True", "False", "1.0", "0.5", "-0.0", "1e300", "1e400", "-1e400", "2.5e-7", "1+2j", "3j", "()", "''", "b''")
	case 2:
		if depth > 0 {
			return "(" + g.setElement(depth-1, stable) + "," + g.setElement(depth-1, stable) + ")"
		}
	case 3:
		return g.pick("-1", "-2", "2305843009213693951", "2305843009213693950", "-2305843009213693952", "18446744073709551616", "99999999999999999999999", "-"+g.digits(30))
	}
	return fmt.Sprint(g.IntN(1 << (1 + g.IntN(40))))
}

func (g textGen) literalNumber() string {
	return g.pick("0", "00", "0_0", "1_000", g.digits(3), g.digits(10), g.digits(19), g.digits(60), "0xff", "0XFF_ff", "0o17", "0b1_01", "0x"+g.digits(40), "2147483648", "2147483647",
		"1.5", "1.", ".5", "1e5", "1E-5", "1_0.0_1e1_0", "01.5", "09e1", "1e400", "0.0", "5e-324", "1j", "1.5J", "0_9j", "1e16", "1e22", g.digits(18)+"."+g.digits(3))
}

func (g textGen) literalString(gap func() string) string {
	isBytes := g.IntN(3) == 0
	var parts []string
	for range 1 + g.IntN(4)/3 + g.IntN(4)/3 {
		prefix := g.pick("", "", "", "u", "U", "r", "R")
		if isBytes {
			prefix = g.pick("b", "B", "br", "Rb", "bR", "rB", "b", "b")
		}
		quote := g.pick("'", "\"", "'''", `"""`)
		var b strings.Builder
		for range g.IntN(6) {
			s := g.pick("a", "b", " ", "{", "#", "_", "\x7f", "\t", `\n`, `\t`, `\\`, `\'`, `\"`, `\a`, `\b`, `\f`, `\r`, `\v`, `\0`, `\012`, `\1234`, `\377`, `\777`, `\x41`, `\xff`, "\\\n", `\q`, `\8`, `\xe9`)
			if !isBytes && g.IntN(3) == 0 {
				s = g.pick("é", "日", "😀", "\u00ff", "\u0100", `\u00e9`, `\u65e5`, `\U0001F600`, `\ud83d`, `\ud83d\ude00`, "\u2028", `\é`, "\u00a0")
			} else if isBytes && g.IntN(6) == 0 {
				s = g.pick(`\u1234`, `\N{SNOWMAN}`, `\U1`)
			}
			if len(quote) == 3 && g.IntN(4) == 0 {
				s = g.pick("\n", "\r\n", "\r", "\"x", "'x")
			}
			b.WriteString(s)
		}
		parts = append(parts, prefix+quote+b.String()+quote)
	}
	return strings.Join(parts, gap())
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
