package pyobj

import (
	"fmt"
	"strings"
	"testing"
)

// A sample of all names, every alias, and names that do not exist.
func TestCharByName(t *testing.T) {
	names := python(t, `
import unicodedata
for c in [*range(0, 0x110000, 997), *range(0x3400, 0x3134a, 4001), 0x9fff, 0xac00, 0xd7a3, 0x2b738, 0x2b739, 0x2b81d, 0x30000, 0x3134a]:
    print(c, unicodedata.name(chr(c), "").lower() if c % 2 and not 0x3400 <= c < 0x40000 else unicodedata.name(chr(c), ""))
for n in "NUL", "BELL", "ALERT", "ZWNBSP", "PRESENTATION FORM FOR VERTICAL RIGHT WHITE LENTICULAR BRACKET", "BYTE ORDER MARK", "VS256", "sgc":
    print(ord(unicodedata.lookup(n)), n)
`)
	for _, line := range names {
		var c rune
		fmt.Sscan(line, &c)
		_, name, _ := strings.Cut(line, " ")
		if name == "" {
			continue
		}
		if got, ok := charByName(name); !ok || got != c {
			t.Errorf("charByName(%q) = %U, %v; want %U", name, got, ok, c)
		}
	}
	for _, name := range []string{"", "SNOWMEN", "SNOWMA", "HANGUL SYLLABLE ", "CJK UNIFIED IDEOGRAPH-", "@", "@0 NULL"} {
		if got, ok := charByName(name); ok {
			t.Errorf("charByName(%q) = %U", name, got)
		}
	}
}
