package codec_test

import (
	"strings"
	"testing"

	"cachering/codec"
)

func TestAppendInteger(t *testing.T) {
	for _, c := range []struct {
		stored, want string
		digits       int
	}{
		{"42", "42", 2},
		{"-7", "-7", 1},
		{"+5", "5", 1},
		{"007", "7", 3},
		{"1_000", "1000", 4},
		{"0_0_1", "1", 3},
		{"-0", "0", 1},
		{"-0_0", "0", 2},
		{"+0", "0", 1},
		{"00", "0", 2},
		{" 12\n", "12", 2},
		{"\t\n\v\f\r 12\t\n\v\f\r ", "12", 2},
		{"\v12", "12", 2},
		{"1180591620717411303424", "1180591620717411303424", 22},
		{"-" + strings.Repeat("9", 5000), "-" + strings.Repeat("9", 5000), 5000},
	} {
		got, digits, ok := codec.AppendInteger([]byte("x"), []byte(c.stored))
		if !ok || string(got) != "x"+c.want || digits != c.digits {
			t.Errorf("AppendInteger(%.40q) = %.40q, %d, %v; want %.40q, %d", c.stored, got, digits, ok, "x"+c.want, c.digits)
		}
	}
	for _, stored := range []string{"", " ", "-", "+", "_1", "1_", "1__0", "--1", "+-1", "+ 1", "- 1", "1 2", "1e3", "0x10", "1\x00", "\x1c12", "12\x1c", "\xc2\xa01", "\xd9\xa1", "1.0", "True", "-_1", "1_ "} {
		if got, _, ok := codec.AppendInteger([]byte("x"), []byte(stored)); ok || string(got) != "x" {
			t.Errorf("AppendInteger(%q) = %q, %v; want it refused", stored, got, ok)
		}
	}
}

// Python is the judge of the grammar: every string of up to four characters of
// a telling alphabet.
func TestAppendIntegerLikePython(t *testing.T) {
	p := startPython(t, `
import sys, json
for line in sys.stdin:
    answers = []
    for s in json.loads(line):
        try: answers.append(str(int(s.encode("latin-1"))))
        except ValueError: answers.append(None)
    print(json.dumps(answers), flush=True)
`)
	const alphabet = "019_-+ \n\v\x1c.ex\x00"
	texts := []string{""}
	for from := 0; len(texts[from]) < 4; from++ {
		for _, c := range alphabet {
			texts = append(texts, texts[from]+string(c))
		}
	}
	var want []*string
	p.ask(texts, &want)
	for i, text := range texts {
		got, _, ok := codec.AppendInteger(nil, []byte(text))
		if ok != (want[i] != nil) || ok && string(got) != *want[i] {
			t.Errorf("AppendInteger(%q) = %q, %v; Python says %v", text, got, ok, want[i])
		}
	}
	t.Logf("%d strings", len(texts))
}
