package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// parseInt reads -?(0|[1-9][0-9]*) of at most so many digits, and a leading + if plus is set. Values beyond 64 bits come as big.
func parseInt(s []byte, plus bool, most int) (v int64, x *big.Int, ok bool) {
	digits := s
	neg := false
	if len(s) > 0 && (s[0] == '-' || plus && s[0] == '+') {
		neg = s[0] == '-'
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > most || digits[0] == '0' && (len(digits) > 1 || neg && !plus) {
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

// digitsValue reads k digits that are the low bytes of w, first digit lowest; not ok if there are others among them. k is 1 to 7.
func digitsValue(w uint64, k int) (v uint32, ok bool) {
	w = w<<((64-8*k)&63) | zeros>>(8*k&63) // as eight digits
	d := w ^ zeros
	if (d|(d+0x0606060606060606))&0xf0f0f0f0f0f0f0f0 != 0 {
		return 0, false
	}
	d = d * (1 + 10<<8) >> 8 & 0x00ff00ff00ff00ff // now four numbers of two digits
	d = d * (1 + 100<<16) >> 16 & 0x0000ffff0000ffff
	return uint32(d * (1 + 10000<<32) >> 32), true
}

// smallInt reads a line of up to 7 digits without branching on each. end is 0 if it is longer, malformed or near the end of
// the input.
func smallInt(src []byte, p int) (v uint32, end int) {
	if len(src)-p < 8 {
		return 0, 0
	}
	w := binary.LittleEndian.Uint64(src[p:])
	x := w ^ newlines
	k := bits.TrailingZeros64((x-ones)&^x&highBits) / 8
	if k == 0 || k == 8 || w&0xff == '0' && k > 1 {
		return 0, 0
	}
	v, ok := digitsValue(w, k)
	if !ok {
		return 0, 0
	}
	return v, p + k + 1
}

// smallFloat does the same for digits with a point among them.
func smallFloat(src []byte, p int) (f float64, end int) {
	if len(src)-p < 8 {
		return 0, 0
	}
	w := binary.LittleEndian.Uint64(src[p:])
	x, y := w^newlines, w^points
	k := bits.TrailingZeros64((x-ones)&^x&highBits) / 8
	dot := bits.TrailingZeros64((y-ones)&^y&highBits) / 8
	if k == 8 || dot >= k || k < 2 {
		return 0, 0
	}
	v, ok := digitsValue(w&(1<<(8*dot&63)-1)|w>>((8*dot+8)&63)<<(8*dot&63), k-1)
	if !ok {
		return 0, 0
	}
	return float64(v) / powersOfTen[k-1-dot], p + k + 1 // both are exact, so the quotient is rounded once
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
