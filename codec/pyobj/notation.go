package pyobj

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// AppendFloat appends Python's repr of f: the shortest digits that read back
// as f, in exponent form below 1e-4 and from 1e16 on, with ".0" after a whole
// number.
func AppendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e'
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	if format == 'f' && !slices.Contains(dst[start:], '.') {
		dst = append(dst, ".0"...)
	}
	return dst
}

// decodeRune is utf8.DecodeRune for text that may hold surrogates, each in
// three bytes of its own, the way Python's "surrogatepass" writes them. Text
// in a Graph is always of this form; in other text, a width of 1 with
// utf8.RuneError is a byte that is not.
func decodeRune(text []byte) (r rune, width int) {
	r, width = utf8.DecodeRune(text)
	if r == utf8.RuneError && width == 1 && len(text) >= 3 && text[0] == 0xed && text[1]&0xe0 == 0xa0 && text[2]&0xc0 == 0x80 {
		return 0xd000 | rune(text[1]&0x3f)<<6 | rune(text[2]&0x3f), 3
	}
	return r, width
}

// appendRune is utf8.AppendRune for any code point, surrogates included.
func appendRune(dst []byte, r rune) []byte {
	if 0xd800 <= r && r <= 0xdfff {
		return append(dst, 0xed, byte(0x80|r>>6&0x3f), byte(0x80|r&0x3f))
	}
	return utf8.AppendRune(dst, r)
}

// isPrintable is Python's str.isprintable for one code point, which decides
// what repr escapes (Unicode 14, as in CPython 3.11).
func isPrintable(r rune) bool {
	if r < 0x7f {
		return r >= ' '
	}
	if r < 0xa1 {
		return false
	}
	_, found := slices.BinarySearchFunc(unprintable[:], r, func(span [2]rune, r rune) int {
		switch {
		case span[1] < r:
			return -1
		case span[0] > r:
			return 1
		}
		return 0
	})
	return !found
}

const hexDigits = "0123456789abcdef"

// appendEscape writes a code point that is not shown as itself.
func appendEscape(dst []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r == '\\':
		return append(dst, `\\`...)
	case r < 0x100:
		return append(dst, '\\', 'x', hexDigits[r>>4], hexDigits[r&15])
	case r < 0x10000:
		dst = append(dst, '\\', 'u')
		for shift := 12; shift >= 0; shift -= 4 {
			dst = append(dst, hexDigits[r>>shift&15])
		}
		return dst
	}
	dst = append(dst, '\\', 'U')
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[r>>shift&15])
	}
	return dst
}

// quoteFor chooses as Python does: double quotes only around text that has
// single ones and no double ones.
func quoteFor(text []byte) byte {
	if slices.Contains(text, '\'') && !slices.Contains(text, '"') {
		return '"'
	}
	return '\''
}

// AppendString appends Python's repr of a str.
func AppendString(dst, text []byte) []byte {
	quote := quoteFor(text)
	dst = append(dst, quote)
	dst = appendText(dst, text, quote)
	return append(dst, quote)
}

// appendText escapes the inside of a string literal; quote is 0 for text that
// stands outside of quotes.
func appendText(dst, text []byte, quote byte) []byte {
	for len(text) > 0 {
		plain := 0
		for plain < len(text) && text[plain] >= ' ' && text[plain] < 0x7f && text[plain] != '\\' && text[plain] != quote {
			plain++
		}
		dst = append(dst, text[:plain]...)
		if text = text[plain:]; len(text) == 0 {
			break
		}
		r, width := decodeRune(text)
		switch {
		case r == rune(quote) && quote != 0:
			dst = append(dst, '\\', quote)
		case r == '\\' || !isPrintable(r):
			dst = appendEscape(dst, r)
		default:
			dst = append(dst, text[:width]...)
		}
		text = text[width:]
	}
	return dst
}

// AppendBytes appends Python's repr of a bytes object.
func AppendBytes(dst, data []byte) []byte {
	quote := quoteFor(data)
	dst = append(dst, 'b', quote)
	dst = appendData(dst, data, quote)
	return append(dst, quote)
}

// appendByteArray appends Python's repr of a bytearray, which escapes single
// quotes even between double ones (bytearray_repr in Objects/bytearrayobject.c).
func appendByteArray(dst, data []byte) []byte {
	quote := quoteFor(data)
	dst = append(dst, "bytearray(b"...)
	dst = append(dst, quote)
	for _, c := range data {
		if c == '\'' {
			dst = append(dst, '\\', c)
		} else {
			dst = appendData(dst, []byte{c}, quote)
		}
	}
	return append(dst, quote, ')')
}

// appendData escapes the inside of a bytes literal.
func appendData(dst, data []byte, quote byte) []byte {
	for _, c := range data {
		switch {
		case c == quote:
			dst = append(dst, '\\', c)
		case c >= ' ' && c < 0x7f && c != '\\':
			dst = append(dst, c)
		default:
			dst = appendEscape(dst, rune(c))
		}
	}
	return dst
}
