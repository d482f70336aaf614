package ring

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file is Python's str as far as labels need it: int(), repr(), lower().

// ParseInt is Python's int(text) for values that fit an int: DB may be written
// "3" in the settings.
func ParseInt(text string) (int, bool) {
	n, ok := pythonInt(text)
	if !ok || !n.IsInt64() || int64(int(n.Int64())) != n.Int64() {
		return 0, false
	}
	return int(n.Int64()), true
}

// maxIntDigits is sys.int_info.default_max_str_digits: int() refuses more.
const maxIntDigits = 4300

// pythonInt is int(text): blanks around, a sign, digits of any script, single
// underscores between them.
func pythonInt(text string) (*big.Int, bool) {
	ascii := make([]byte, 0, len(text))
	for _, r := range text {
		switch {
		case r < 0x7f:
			ascii = append(ascii, byte(r))
		case isPythonSpace(r):
			ascii = append(ascii, ' ')
		case unicode.Is(unicode.Nd, r):
			ascii = append(ascii, byte('0'+decimalValue(r)))
		default:
			return nil, false
		}
	}
	digits := strings.Trim(string(ascii), "\t\n\v\f\r ")
	sign := ""
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		sign, digits = digits[:1], digits[1:]
	}
	plain := make([]byte, 0, len(digits))
	for i := range len(digits) {
		switch {
		case isDigit(digits[i]):
			plain = append(plain, digits[i])
		case digits[i] != '_' || i == 0 || i == len(digits)-1 || digits[i-1] == '_':
			return nil, false
		}
	}
	if len(plain) == 0 || len(plain) > maxIntDigits {
		return nil, false
	}
	return new(big.Int).SetString(strings.TrimPrefix(sign, "+")+string(plain), 10)
}

// decimalValue is the value of a digit of category Nd: they come in runs of ten
// that begin with the zero.
func decimalValue(r rune) int {
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return int(r-zero) % 10
}

// isPythonSpace is str.isspace for one character above ASCII.
func isPythonSpace(r rune) bool {
	return r == 0x85 || unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp)
}

// pythonRepr is repr(text), as Python 3 or as Python 2 prints it.
func pythonRepr(text string, python Python) string {
	quote := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	b := make([]byte, 0, len(text)+3)
	if python == Python2Unicode {
		b = append(b, 'u')
	}
	b = append(b, quote)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if python == Python2Str || r == utf8.RuneError && size == 1 {
			r, size = rune(text[i]), 1 // a byte string is shown byte by byte
		}
		switch {
		case r == rune(quote) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case python != Python2Str && python != Python2Unicode && isPrintable(r) && size == utf8.RuneLen(r), ' ' <= r && r < 0x7f:
			b = append(b, text[i:i+size]...)
		case r < 0x100:
			b = appendHex(b, 'x', r, 2)
		case r < 0x10000:
			b = appendHex(b, 'u', r, 4)
		default:
			b = appendHex(b, 'U', r, 8)
		}
		i += size
	}
	return string(append(b, quote))
}

func appendHex(b []byte, letter byte, r rune, digits int) []byte {
	hex := strconv.FormatInt(int64(r), 16)
	b = append(b, '\\', letter)
	for range digits - len(hex) {
		b = append(b, '0')
	}
	return append(b, hex...)
}

// isPrintable is str.isprintable for one character: anything but the categories
// "other" and "separator", and the space. Unassigned characters have no
// category in Go.
func isPrintable(r rune) bool {
	return r == ' ' || unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S)
}

// pythonLower is str.lower: the simple mapping but for the two characters whose
// lower case depends on more.
func pythonLower(text string, python Python) string {
	if python == Python2Str {
		return strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, text)
	}
	runes := []rune(text)
	var b strings.Builder
	for i, r := range runes {
		switch {
		case r == 'Σ' && finalSigma(runes, i):
			b.WriteRune('ς')
		case r == 'İ' && python != Python2Unicode:
			b.WriteString("i̇")
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// finalSigma is the Final_Sigma condition of Unicode's SpecialCasing: a cased
// letter before, none after, skipping what case ignores.
func finalSigma(runes []rune, i int) bool {
	before, after := i-1, i+1
	for before >= 0 && caseIgnorable(runes[before]) {
		before--
	}
	for after < len(runes) && caseIgnorable(runes[after]) {
		after++
	}
	return before >= 0 && cased(runes[before]) && (after == len(runes) || !cased(runes[after]))
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:··՟״‘’․‧︓﹒﹕＇．：", r)
}
