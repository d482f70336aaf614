package pyobj

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// number is a numeric constant before it becomes a node: an int (whole), or a
// float, which imaginary makes the second half of a complex.
type number struct {
	whole     *big.Int
	float     float64
	imaginary bool
}

// number reads a numeric constant by the tokenizer's rules.
func (p *literalParser) number() number {
	start := p.at
	if p.text[p.at] == '0' && p.at+1 < len(p.text) {
		base, digits := 0, ""
		switch p.text[p.at+1] | 0x20 {
		case 'x':
			base, digits = 16, "0123456789abcdefABCDEF"
		case 'o':
			base, digits = 8, "01234567"
		case 'b':
			base, digits = 2, "01"
		}
		if base != 0 {
			p.at += 2
			if p.peek() == '_' {
				p.at++
			}
			text := p.digits(digits)
			if text == "" || isNameByte(p.peek()) {
				p.fail(p.at, "not a digit of a number of base %d", base)
			}
			n, _ := new(big.Int).SetString(text, base)
			return number{whole: n}
		}
	}
	const decimal = "0123456789"
	whole := p.digits(decimal)
	text := whole
	isFloat := false
	if p.peek() == '.' {
		p.at++
		isFloat = true
		text += "." + p.digits(decimal)
	}
	if p.peek()|0x20 == 'e' {
		i := p.at + 1
		if i < len(p.text) && (p.text[i] == '+' || p.text[i] == '-') {
			i++
		}
		if i < len(p.text) && isDigit(p.text[i]) {
			text += string(p.text[p.at:i])
			p.at = i
			isFloat = true
			text += p.digits(decimal)
		}
	}
	imaginary := p.peek()|0x20 == 'j'
	if imaginary {
		p.at++
	}
	if isNameByte(p.peek()) || p.peek() >= utf8.RuneSelf {
		p.fail(p.at, "the number is not spelt as Python does")
	}
	if isFloat || imaginary {
		// A number too large is infinite, in Python as here.
		f, _ := strconv.ParseFloat(text, 64)
		return number{float: f, imaginary: imaginary}
	}
	significant := strings.TrimLeft(whole, "0")
	switch {
	case significant == "":
		return number{whole: new(big.Int)}
	case len(significant) < len(whole):
		p.fail(start, "an integer does not begin with 0")
	case len(whole) > p.g.Digits():
		p.fail(start, "the integer has %d digits, Python reads at most %d", len(whole), p.g.Digits())
	}
	n, _ := new(big.Int).SetString(whole, 10)
	return number{whole: n}
}

// digits reads digits with single underscores between them and returns them
// without.
func (p *literalParser) digits(allowed string) string {
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c == '_' && b.Len() > 0 && p.at+1 < len(p.text) && strings.IndexByte(allowed, p.text[p.at+1]) >= 0 {
			p.at++
			continue
		}
		if strings.IndexByte(allowed, c) < 0 {
			break
		}
		b.WriteByte(c)
		p.at++
	}
	return b.String()
}

// wholeToFloat is float(n); false means that Python raises OverflowError.
func wholeToFloat(n *big.Int) (float64, bool) {
	f, _ := n.Float64()
	return f, !math.IsInf(f, 0)
}
