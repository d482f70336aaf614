package codec

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// parseFloat reads stored the way Python's float(bytes) does: blanks around it,
// one underscore between two digits, inf, infinity and nan in either case, no hex.
// What is too large for a float is inf, as it is there.
func parseFloat(stored []byte) (f float64, ok bool) {
	b := trimBlanks(stored)
	var digits, after bool // the last byte was a digit, an underscore
	text := make([]byte, 0, 32)
	for _, c := range b {
		digit := '0' <= c && c <= '9'
		switch {
		case c == '_' && digits:
			digits, after = false, true
			continue
		case after && !digit, !digit && !floatByte(c):
			return 0, false
		}
		digits, after = digit, false
		text = append(text, c)
	}
	if after {
		return 0, false
	}
	if len(text) > 1 && (text[0] == '+' || text[0] == '-') && bytes.EqualFold(text[1:], []byte("nan")) {
		text = text[1:] // strconv reads no sign here
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if errors.Is(err, strconv.ErrSyntax) {
		return 0, false
	}
	if math.IsNaN(f) {
		f = math.Float64frombits(0x7ff8000000000000) // math.NaN has a payload that Python's has not
	}
	return f, true
}

// floatByte tells a byte of a float that is no digit; with an x, which is none,
// strconv reads what Python does not.
func floatByte(c byte) bool {
	switch c | 0x20 {
	case 'i', 'n', 'f', 't', 'y', 'a', 'e':
		return true
	}
	return c == '.' || c == '+' || c == '-'
}

// looksFloat says cheaply that stored cannot be a float.
func looksFloat(stored []byte) bool {
	if looksInteger(stored) {
		return true
	}
	if len(stored) == 0 {
		return false
	}
	c := stored[0] | 0x20
	return stored[0] == '.' || c == 'i' || c == 'n'
}

// allDigits is bytes.isdigit of Python.
func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}
