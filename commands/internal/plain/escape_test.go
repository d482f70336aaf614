package plain_test

import (
	"testing"
	"unicode"

	"cachering/commands/internal/plain"
)

func TestEscape(t *testing.T) {
	for _, tc := range []struct{ in, keep, want string }{
		{"user:42", "", "user:42"},
		{"é €", "", "é €"},
		{"a b", "", "a b"},
		{"\x1b[2J\x07", "", `\x1b[2J\x07`},
		{"a\nb\tc\r", "", `a\nb\tc\r`},
		{"a\nb\tc\r", "\n\t", "a\nb\tc" + `\r`},
		{"\x80\xff", "", `\x80\xff`},
		{"\u009b31m", "", `\x9b31m`},
		{"\u202eabc", "", `\u202eabc`},
		{"\u2028", "", `\u2028`},
		{"\U000e0001", "", `\U000e0001`},
		{"\ufffd", "", `\ufffd`},
		{"\u00a0", "", `\xa0`},
	} {
		if got := plain.Escape(tc.in, tc.keep); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.in, got, tc.want)
		}
	}
}

// No input makes Escape let a control character through, and what it leaves
// alone it leaves as it was.
func FuzzEscape(f *testing.F) {
	f.Add("a\x1b[0m\xc2\x9b\xe2\x80\xae")
	f.Fuzz(func(t *testing.T, s string) {
		out := plain.Escape(s, "")
		for _, r := range out {
			if unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
				t.Fatalf("%q: %U is in %q", s, r, out)
			}
		}
		if again := plain.Escape(out, ""); again != out {
			t.Fatalf("%q: %q, escaped again %q", s, out, again)
		}
		if plain.Printable([]byte(s)) && plain.Escape(s, "\n\t") != s {
			t.Fatalf("%q: printable, and yet escaped", s)
		}
	})
}
