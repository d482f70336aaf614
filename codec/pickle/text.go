package pickle

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// Constants for looking at eight bytes at a time.
const (
	highBits    = 0x8080808080808080
	ones        = 0x0101010101010101
	backslashes = 0x5c5c5c5c5c5c5c5c
	newlines    = 0x0a0a0a0a0a0a0a0a
	points      = 0x2e2e2e2e2e2e2e2e
	zeros       = 0x3030303030303030
)

// asciiPrefix is the length of the ASCII text that b begins with.
func asciiPrefix(b []byte) int {
	n := len(b)
	for len(b) >= 32 {
		if (binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:])|binary.LittleEndian.Uint64(b[16:])|
			binary.LittleEndian.Uint64(b[24:]))&highBits != 0 {
			break
		}
		b = b[32:]
	}
	for len(b) >= 8 {
		if w := binary.LittleEndian.Uint64(b) & highBits; w != 0 {
			return n - len(b) + bits.TrailingZeros64(w)/8
		}
		b = b[8:]
	}
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return n - len(b) + i
		}
	}
	return n
}

// validText reports whether b is UTF-8, lone surrogates allowed: what Python decodes with the error handler surrogatepass.
func validText(b []byte) bool {
	for {
		for len(b) >= 16 && (binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:]))&highBits == 0 {
			b = b[16:]
		}
		if len(b) >= 8 {
			w := binary.LittleEndian.Uint64(b) & highBits
			if w == 0 {
				b = b[8:]
				continue
			}
			b = b[bits.TrailingZeros64(w)/8:]
		}
		for len(b) > 0 && b[0] < utf8.RuneSelf {
			b = b[1:]
		}
		for len(b) > 0 && b[0] >= utf8.RuneSelf {
			n := 2
			if len(b) < 2 || b[0]&0xe0 != 0xc0 || b[0] < 0xc2 || b[1]&0xc0 != 0x80 {
				if n = runeLen(b); n == 0 {
					return false
				}
			}
			b = b[n:]
		}
		if len(b) == 0 {
			return true
		}
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

// putRune writes a code point, surrogates included, to b, which has room for 4 bytes.
func putRune(b []byte, r rune) int {
	_ = b[3]
	switch {
	case r < 0x80:
		b[0] = byte(r)
		return 1
	case r < 0x800:
		b[0], b[1] = 0xc0|byte(r>>6), 0x80|byte(r)&0x3f
		return 2
	case r < 0x10000:
		b[0], b[1], b[2] = 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f
		return 3
	}
	b[0], b[1], b[2], b[3] = 0xf0|byte(r>>18), 0x80|byte(r>>12)&0x3f, 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f
	return 4
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

// plainLine is the length of what needs no decoding at the start of a UNICODE line: ASCII without a backslash or newline.
func plainLine(b []byte) int {
	n := len(b)
	for len(b) >= 8 {
		if w := unplain(binary.LittleEndian.Uint64(b)); w != 0 {
			return n - len(b) + bits.TrailingZeros64(w)/8
		}
		b = b[8:]
	}
	for i, c := range b {
		if c >= utf8.RuneSelf || c == '\\' || c == '\n' {
			return n - len(b) + i
		}
	}
	return n
}

// copyShortLine copies a UNICODE line that needs no decoding, if it has from 2 to 31 bytes, and returns its length; otherwise 0.
// What dst holds after it may change; dst must have 32 bytes.
func copyShortLine(dst, line []byte) (n int) {
	if len(line) < 32 {
		return 0
	}
	s, d := line[:32:32], dst[:32:32]
	for k := 0; k < 32; k += 8 {
		w := binary.LittleEndian.Uint64(s[k:])
		binary.LittleEndian.PutUint64(d[k:], w)
		if m := unplain(w); m != 0 {
			if n = k + bits.TrailingZeros64(m)/8; n < 2 || s[n] != '\n' {
				return 0
			}
			return n
		}
	}
	return 0
}

// copyShort copies the first n bytes of text if they are ASCII and from 2 to 32; otherwise it returns false. What dst holds after
// them may change; dst must have 32 bytes.
func copyShort(dst, text []byte, n int) bool {
	if n < 2 || n > 32 || len(text) < 32 {
		return false
	}
	s, d := text[:32:32], dst[:32:32]
	var all uint64
	k := 0
	for ; k < n-8; k += 8 {
		w := binary.LittleEndian.Uint64(s[k:])
		binary.LittleEndian.PutUint64(d[k:], w)
		all |= w
	}
	w := binary.LittleEndian.Uint64(s[k:])
	binary.LittleEndian.PutUint64(d[k:], w)
	return (all|w<<(8*(8-n+k)&63))&highBits == 0
}

// unplain sets the high bit of the first byte of w, in the order of memory, that ends a plain line; bytes after it may have
// theirs set for no reason.
func unplain(w uint64) uint64 {
	x, y := w^backslashes, w^newlines
	return (w | (x-ones)&^x | (y-ones)&^y) & highBits
}

// decodeUnicodeLine writes to dst the text of a UNICODE line: Latin-1 with \uXXXX and \UXXXXXXXX, as Python's codec
// raw-unicode-escape reads it. A backslash before anything else stands for itself, and takes a backslash after it along. dst
// must be twice as long as line and 8 bytes more.
func decodeUnicodeLine(dst, line []byte) (n int, ok bool) {
	for {
		k := copyPlain(dst[n:], line)
		n += k
		line = line[k:]
		if len(line) >= 8 && binary.LittleEndian.Uint64(line)<<16 == escapedNewline<<16 { // the most frequent by far
			dst[n] = '\n'
			n++
			line = line[6:]
			continue
		}
		for len(line) > 0 && line[0] >= utf8.RuneSelf {
			dst[n], dst[n+1] = 0xc0|line[0]>>6, 0x80|line[0]&0x3f
			n += 2
			line = line[1:]
		}
		for len(line) >= 6 && line[0] == '\\' && line[1] == 'u' {
			r, valid := hex4(line[2:6])
			if !valid {
				return 0, false
			}
			line = line[6:]
			if d := dst[n : n+4]; r >= 0x80 && r < 0x800 {
				d[0], d[1] = 0xc0|byte(r>>6), 0x80|byte(r)&0x3f
				n += 2
			} else {
				n += putRune(d, rune(r))
			}
		}
		if len(line) == 0 {
			return n, true
		}
		if line[0] != '\\' {
			continue
		}
		switch {
		case len(line) > 1 && line[1] == 'u':
			return 0, false
		case len(line) > 1 && line[1] == 'U':
			if len(line) < 10 {
				return 0, false
			}
			high, valid := hex4(line[2:])
			low, valid2 := hex4(line[6:])
			if !valid || !valid2 || high > 0x10 {
				return 0, false
			}
			n += putRune(dst[n:], rune(high<<16|low))
			line = line[10:]
		case len(line) > 1 && line[1] == '\\':
			dst[n], dst[n+1] = '\\', '\\'
			n += 2
			line = line[2:]
		default:
			dst[n] = '\\'
			n++
			line = line[1:]
		}
	}
}

// escapedNewline is \u000a as the low bytes of a word.
const escapedNewline = '\\' | 'u'<<8 | '0'<<16 | '0'<<24 | '0'<<32 | 'a'<<40

// copyPlain copies the ASCII text without a backslash that line begins with, and returns its length. What dst holds after it
// may change: dst must not be shorter than line.
func copyPlain(dst, line []byte) (n int) {
	for len(line)-n >= 32 { // one check of bounds for four words
		s, d := line[n:n+32:n+32], dst[n:n+32:n+32]
		w := binary.LittleEndian.Uint64(s)
		binary.LittleEndian.PutUint64(d, w)
		if m := special(w); m != 0 {
			return n + bits.TrailingZeros64(m)/8
		}
		w = binary.LittleEndian.Uint64(s[8:])
		binary.LittleEndian.PutUint64(d[8:], w)
		if m := special(w); m != 0 {
			return n + 8 + bits.TrailingZeros64(m)/8
		}
		w = binary.LittleEndian.Uint64(s[16:])
		binary.LittleEndian.PutUint64(d[16:], w)
		if m := special(w); m != 0 {
			return n + 16 + bits.TrailingZeros64(m)/8
		}
		w = binary.LittleEndian.Uint64(s[24:])
		binary.LittleEndian.PutUint64(d[24:], w)
		if m := special(w); m != 0 {
			return n + 24 + bits.TrailingZeros64(m)/8
		}
		n += 32
	}
	for ; len(line)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(line[n : n+8])
		binary.LittleEndian.PutUint64(dst[n:n+8], w)
		if m := special(w); m != 0 {
			return n + bits.TrailingZeros64(m)/8
		}
	}
	for n < len(line) && line[n] < utf8.RuneSelf && line[n] != '\\' {
		dst[n] = line[n]
		n++
	}
	return n
}

// special sets the high bit of the first byte of w, in the order of memory, that is a backslash or not ASCII; bytes after it
// may have theirs set for no reason.
func special(w uint64) uint64 {
	x := w ^ backslashes
	return (w | (x-ones)&^x) & highBits
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (v uint32, ok bool) {
	_ = b[3]
	w, x, y, z := hexValues[b[0]], hexValues[b[1]], hexValues[b[2]], hexValues[b[3]]
	return uint32(w&15)<<12 | uint32(x&15)<<8 | uint32(y&15)<<4 | uint32(z&15), w&x&y&z != 0
}

// hexValues has 16 more than the value of each hexadecimal digit, 0 for all else.
var hexValues = [256]byte{
	'0': 16, '1': 17, '2': 18, '3': 19, '4': 20, '5': 21, '6': 22, '7': 23, '8': 24, '9': 25,
	'a': 26, 'b': 27, 'c': 28, 'd': 29, 'e': 30, 'f': 31, 'A': 26, 'B': 27, 'C': 28, 'D': 29, 'E': 30, 'F': 31,
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
			if len(s)-i < 3 || hexValues[s[i+1]]&hexValues[s[i+2]] == 0 {
				return dst, false
			}
			dst = append(dst, hexValues[s[i+1]]<<4|hexValues[s[i+2]]&15)
			i += 2
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v := c - '0'
			for n := 1; n < 3 && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '7'; n++ {
				i++
				v = v<<3 | (s[i] - '0') // beyond \377 Python drops the ninth bit, too
			}
			dst = append(dst, v)
		default:
			dst = append(dst, '\\', c)
		}
	}
	return dst, true
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
			x := w ^ backslashes
			low := w - 0x2020202020202020 // borrows from bytes below the blank; a false alarm only costs the loop below
			if (w|low|(x-ones)&^x)&highBits != 0 {
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
