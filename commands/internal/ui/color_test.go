package ui

import (
	"strings"
	"testing"
)

// Literals are painted, names and what stands between are not, and without the colours the
// text is what it was.
func TestLiterals(t *testing.T) {
	s := &Streams{Color: true}
	marks := strings.NewReplacer(string(text), "<s:", string(number), "<n:", string(keyword), "<k:", plainAgain, ">")
	for notation, want := range map[string]string{
		`{'a': 1, "b'": b'x\'y'}`:          `{<s:'a'>: <n:1>, <s:"b'">: <s:b'x\'y'>}`,
		`[None, True, Falsehood, x1, -2]`:  `[<k:None>, <k:True>, Falsehood, x1, -<n:2>]`,
		`(1.5, 1e+20, 2.5e-07, 0x1f, nan)`: `(<n:1.5>, <n:1e+20>, <n:2.5e-07>, <n:0x1f>, nan)`,
		`Decimal('1.50')`:                  `Decimal(<s:'1.50'>)`,
		"'cut\n 'é'":                       "<s:'cut>\n <s:'é'>",
		`'ends in \`:                       `<s:'ends in \>`,
		"":                                 "",
	} {
		got := s.Literals(notation)
		if marked := marks.Replace(got); marked != want {
			t.Errorf("%s: %s, want %s", notation, marked, want)
		}
		if without := strings.NewReplacer(string(text), "", string(number), "", string(keyword), "", plainAgain, "").Replace(got); without != notation {
			t.Errorf("%q became %q", notation, without)
		}
		if none := (&Streams{}).Literals(notation); none != notation {
			t.Errorf("%q without colour: %q", notation, none)
		}
	}
}
