package codec

import "cachering/codec/pyobj"

// MaxIntegerDigits is how many digits CPython's int() reads since 3.11 (and
// the security releases of 3.7 to 3.10), see Rules.AnyDigits. Longer stored
// integers are still integers here, and are flagged.
const MaxIntegerDigits = pyobj.MaxDigits

// AppendInteger reads stored the way Python's int(bytes) does, which is what
// the cache libraries try first, and appends the canonical form to dst: a
// minus sign if it is below zero, no leading zeros, no underscores, no blanks.
// digits counts what int() counts against its limit, leading zeros included.
// When stored is not an integer, ok is false and dst is as it was.
func AppendInteger(dst, stored []byte) (out []byte, digits int, ok bool) {
	b := trimBlanks(stored)
	if len(b) == 0 {
		return dst, 0, false
	}
	start := len(dst)
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	if negative {
		dst = append(dst, '-')
	}
	first := len(dst)
	underscore := true // one may not begin the digits, end them, or follow another
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits++
			underscore = false
			if len(dst) == first+1 && dst[first] == '0' {
				dst = dst[:first]
			}
			dst = append(dst, c)
		case c == '_' && !underscore:
			underscore = true
		default:
			return dst[:start], 0, false
		}
	}
	if underscore {
		return dst[:start], 0, false
	}
	if negative && dst[first] == '0' {
		dst = append(dst[:start], '0')
	}
	return dst, digits, true
}

// looksInteger says cheaply that stored cannot be an integer, so that the
// common case, a pickle, costs one look at its first byte.
func looksInteger(stored []byte) bool {
	if len(stored) == 0 {
		return false
	}
	c := stored[0]
	return '0' <= c && c <= '9' || c == '-' || c == '+' || isBlank(c)
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// isBlank is bytes.isspace of Python for one byte.
func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
