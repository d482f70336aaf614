package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"
)

const highBits = 0x8080808080808080

// asciiPrefix is the length of the ASCII text that b begins with.
func asciiPrefix(b []byte) int {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		if binary.LittleEndian.Uint64(b[i:])&highBits != 0 {
			break
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// validText reports whether b is UTF-8, lone surrogates allowed: what Python decodes with the error handler surrogatepass.
func validText(b []byte) bool {
	for i := 0; ; {
		i += asciiPrefix(b[i:])
		if i == len(b) {
			return true
		}
		n := runeLen(b[i:])
		if n == 0 {
			return false
		}
		i += n
	}
}

// validUTF8 is validText without lone surrogates.
func validUTF8(b []byte) bool { return asciiPrefix(b) == len(b) || utf8.Valid(b) }

// printable quotes what cannot be shown in an error.
func printable(text []byte) string {
	q := strconv.QuoteToASCII(string(text))
	return q[1 : len(q)-1]
}

// runeLen is the length of the character that b begins with, not ASCII; 0 if it is malformed.
func runeLen(b []byte) int {
	cont := func(i int) bool { return b[i]&0xc0 == 0x80 }
	switch c := b[0]; {
	case c < 0xc2:
		return 0
	case c < 0xe0:
		if len(b) < 2 || !cont(1) {
			return 0
		}
		return 2
	case c < 0xf0:
		if len(b) < 3 || !cont(1) || !cont(2) || c == 0xe0 && b[1] < 0xa0 {
			return 0
		}
		return 3
	case c < 0xf5:
		if len(b) < 4 || !cont(1) || !cont(2) || !cont(3) || c == 0xf0 && b[1] < 0x90 || c == 0xf4 && b[1] > 0x8f {
			return 0
		}
		return 4
	}
	return 0
}

// appendRune appends a code point, surrogates included.
func appendRune(b []byte, r rune) []byte {
	if r >= 0xd800 && r < 0xe000 {
		return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0xbf, 0x80|byte(r)&0xbf)
	}
	return utf8.AppendRune(b, r)
}

// decodeRune reads the character that b begins with, which must be valid.
func decodeRune(b []byte) (r rune, n int) {
	switch c := b[0]; {
	case c < 0x80:
		return rune(c), 1
	case c < 0xe0:
		return rune(c&0x1f)<<6 | rune(b[1]&0x3f), 2
	case c < 0xf0:
		return rune(c&0x0f)<<12 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), 3
	default:
		return rune(c&0x07)<<18 | rune(b[1]&0x3f)<<12 | rune(b[2]&0x3f)<<6 | rune(b[3]&0x3f), 4
	}
}

// appendLatin1 appends Latin-1 text as UTF-8.
func appendLatin1(dst, text []byte) []byte {
	for len(text) > 0 {
		n := asciiPrefix(text)
		dst = append(dst, text[:n]...)
		text = text[n:]
		for len(text) > 0 && text[0] >= utf8.RuneSelf {
			dst = append(dst, 0xc0|text[0]>>6, 0x80|text[0]&0x3f)
			text = text[1:]
		}
	}
	return dst
}

// appendAsLatin1 appends UTF-8 text as Latin-1; not ok if it has a character above U+00FF.
func appendAsLatin1(dst, text []byte) (out []byte, ok bool) {
	for len(text) > 0 {
		n := asciiPrefix(text)
		dst = append(dst, text[:n]...)
		text = text[n:]
		for len(text) > 0 && text[0] >= utf8.RuneSelf {
			if text[0]&0xfe != 0xc2 {
				return dst, false
			}
			dst = append(dst, text[0]<<6|text[1]&0x3f)
			text = text[2:]
		}
	}
	return dst, true
}

// plainLine is the length of what needs no decoding at the start of a UNICODE line: ASCII without a backslash.
func plainLine(b []byte) int {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		x := w ^ 0x5c5c5c5c5c5c5c5c
		if (w|(x-0x0101010101010101)&^x)&highBits != 0 {
			break
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf && b[i] != '\\' {
		i++
	}
	return i
}

// appendUnicodeLine appends the text of a UNICODE line: Latin-1 with \uXXXX and \UXXXXXXXX, as Python's codec
// raw-unicode-escape reads it. A backslash before anything else stands for itself, and takes a backslash after it along.
func appendUnicodeLine(dst, line []byte) (out []byte, ok bool) {
	for len(line) > 0 {
		n := plainLine(line)
		dst = append(dst, line[:n]...)
		line = line[n:]
		for len(line) > 0 && line[0] >= utf8.RuneSelf {
			dst = append(dst, 0xc0|line[0]>>6, 0x80|line[0]&0x3f)
			line = line[1:]
		}
		if len(line) == 0 || line[0] != '\\' {
			continue
		}
		if len(line) == 1 {
			return append(dst, '\\'), true
		}
		digits := 0
		switch line[1] {
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default:
			dst = appendLatin1(dst, line[:2])
			line = line[2:]
			continue
		}
		if len(line) < 2+digits {
			return dst, false
		}
		var r uint32
		for _, c := range line[2 : 2+digits] {
			d := hexDigit(c)
			if d > 15 {
				return dst, false
			}
			r = r<<4 | uint32(d)
		}
		if r > utf8.MaxRune {
			return dst, false
		}
		dst = appendRune(dst, rune(r))
		line = line[2+digits:]
	}
	return dst, true
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// appendQuoted appends what a Python 2 byte string literal without its quotes stands for, as codecs.escape_decode reads it.
func appendQuoted(dst, s []byte) (out []byte, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			continue
		}
		if i++; i == len(s) {
			return dst, false
		}
		switch c := s[i]; c {
		case '\\', '\'', '"':
			dst = append(dst, c)
		case 'a':
			dst = append(dst, '\a')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'v':
			dst = append(dst, '\v')
		case 'x':
			if len(s)-i < 3 || hexDigit(s[i+1]) > 15 || hexDigit(s[i+2]) > 15 {
				return dst, false
			}
			dst = append(dst, hexDigit(s[i+1])<<4|hexDigit(s[i+2]))
			i += 2
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v := c - '0'
			for n := 1; n < 3 && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '7'; n++ {
				i++
				v = v<<3 | s[i] - '0' // beyond \377 Python drops the ninth bit, too
			}
			dst = append(dst, v)
		default:
			dst = append(dst, '\\', c)
		}
	}
	return dst, true
}

// maxDigits is the most decimal digits that Python converts to an int (sys.int_info.default_max_str_digits).
const maxDigits = 4300

// parseInt reads -?(0|[1-9][0-9]*), and a leading + if plus is set. Values beyond 64 bits come as big.
func parseInt(s []byte, plus bool) (v int64, x *big.Int, ok bool) {
	digits := s
	neg := false
	if len(s) > 0 && (s[0] == '-' || plus && s[0] == '+') {
		neg = s[0] == '-'
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > maxDigits || digits[0] == '0' && (len(digits) > 1 || neg && !plus) {
		return 0, nil, false
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, nil, false
		}
		n = n*10 + uint64(c-'0')
	}
	if len(digits) > 18 {
		x, _ := new(big.Int).SetString(string(digits), 10)
		if neg {
			x.Neg(x)
		}
		return 0, x, true
	}
	if neg {
		return -int64(n), nil, true
	}
	return int64(n), nil, true
}

// powersOfTen are exact as floats.
var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
	1e19, 1e20, 1e21, 1e22}

// parseFloat reads what Python's float() reads, without blanks and underscores.
func parseFloat(s []byte) (f float64, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	neg := i == 1 && s[0] == '-'
	if i < len(s) && s[i] > '9' {
		switch n := len(s) - i; {
		case n == 3 && fold(s[i:], "inf"), n == 8 && fold(s[i:], "infinity"):
			f = math.Inf(1)
		case n == 3 && fold(s[i:], "nan"):
			f = math.Float64frombits(0x7ff8000000000000) // math.NaN has a payload that Python's has not
		default:
			return 0, false
		}
		return signed(f, neg), true
	}
	var mantissa uint64
	digits, fraction, dot := 0, 0, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !dot {
			dot = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		digits++
		mantissa = mantissa*10 + uint64(c-'0')
		if dot {
			fraction++
		}
	}
	if digits == 0 {
		return 0, false
	}
	if i == len(s) && digits <= 15 && fraction < len(powersOfTen) {
		return signed(float64(mantissa)/powersOfTen[fraction], neg), true // both are exact, so the quotient is rounded once
	}
	if i < len(s) {
		if s[i]|0x20 != 'e' {
			return 0, false
		}
		if i++; i < len(s) && (s[i] == '-' || s[i] == '+') {
			i++
		}
		if i == len(s) {
			return 0, false
		}
		for _, c := range s[i:] {
			if c < '0' || c > '9' {
				return 0, false
			}
		}
	}
	f, err := strconv.ParseFloat(string(s), 64)
	return f, err == nil
}

func signed(f float64, neg bool) float64 {
	if neg {
		return math.Float64frombits(math.Float64bits(f) | 1<<63)
	}
	return f
}

// fold compares with a word in lower case.
func fold(s []byte, word string) bool {
	for i := range s {
		if s[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

// appendFloat appends Python's repr of f.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	n := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[n:] {
		if c == '.' {
			return b
		}
	}
	return append(b, '.', '0')
}

// appendUnicode appends str data as a UNICODE line without the newline.
func appendUnicode(b, text []byte) []byte {
	const hex = "0123456789abcdef"
	for len(text) > 0 {
		n := cleanLine(text)
		b = append(b, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		r, n := decodeRune(text)
		text = text[n:]
		switch {
		case r > 0xffff:
			b = append(b, '\\', 'U', '0', '0', hex[r>>20&15], hex[r>>16&15], hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		case r > 0xff || r == 0 || r == '\n' || r == '\r' || r == 0x1a || r == '\\':
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			b = append(b, byte(r))
		}
	}
	return b
}

// cleanLine is the length of what a UNICODE line holds as it is, at the start of text: ASCII but for the five escaped ones.
func cleanLine(text []byte) int {
	i := 0
	for {
		for ; len(text)-i >= 8; i += 8 {
			w := binary.LittleEndian.Uint64(text[i:])
			x := w ^ 0x5c5c5c5c5c5c5c5c
			low := w - 0x2020202020202020 // borrows from bytes below the blank; a false alarm only costs the loop below
			if (w|low|(x-0x0101010101010101)&^x)&highBits != 0 {
				break
			}
		}
		end := min(i+8, len(text))
		for ; i < end; i++ {
			switch c := text[i]; {
			case c >= utf8.RuneSelf, c == 0, c == '\n', c == '\r', c == 0x1a, c == '\\':
				return i
			}
		}
		if i == len(text) {
			return i
		}
	}
}
