package yaml

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"cachering/codec/pyobj"
)

// integer reads what construct_yaml_int of yaml/constructor.py does.
func (c *constructor) integer(text []byte, at int) pyobj.Ref {
	digits, negative := unsigned(text)
	var n *big.Int
	switch {
	case strings.HasPrefix(digits, "0b"):
		n = pythonInt(digits[2:], 1, 0)
	case strings.HasPrefix(digits, "0x"):
		n = pythonInt(digits[2:], 4, 0)
	case len(digits) > 1 && digits[0] == '0':
		n = pythonInt(digits, 3, 0)
	case strings.Contains(digits, ":"):
		n = sixtyInt(digits, at, c.g.Digits())
	case len(strings.Trim(digits, blanks+"+-")) > c.g.Digits():
		fail(Number, at, "an int of %d digits, Python reads at most %d", len(digits), c.g.Digits())
	default:
		n = pythonInt(digits, 0, c.g.Digits())
	}
	if n == nil {
		fail(Number, at, "%q is no int", text)
	}
	if negative {
		n.Neg(n)
	}
	return c.g.NewBigInt(n)
}

// blanks are what int and float of Python pass over on both sides of a number.
const blanks = " \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

// pythonInt is int(text, 1<<bits) of Python, or int(text) for no bits: with blanks
// around it, a sign, and what tells the base; nil where that is an error. Beyond
// so many digits in base ten it is one.
func pythonInt(text string, bits, most int) *big.Int {
	digits := strings.Trim(text, blanks)
	negative := strings.HasPrefix(digits, "-")
	if negative || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	if prefix := [...]string{1: "bB", 3: "oO", 4: "xX"}; bits > 0 && len(digits) > 1 && digits[0] == '0' && strings.IndexByte(prefix[bits], digits[1]) >= 0 {
		digits = digits[2:]
	}
	var n *big.Int
	switch {
	case bits > 0:
		n = powerInt(digits, bits)
	case digits != "" && len(digits) <= most && strings.Trim(digits, decimals) == "":
		n, _ = new(big.Int).SetString(digits, 10)
	}
	if n != nil && negative {
		n.Neg(n)
	}
	return n
}

// powerInt reads digits of so many bits each, in time linear in their number;
// nil if they are not digits.
func powerInt(digits string, bits int) *big.Int {
	if digits == "" {
		return nil
	}
	packed := make([]byte, (len(digits)*bits+7)/8)
	at := 0 // the bit, from the end
	for i := len(digits) - 1; i >= 0; i-- {
		v, err := strconv.ParseUint(digits[i:i+1], 1<<bits, 8)
		if err != nil {
			return nil
		}
		wide := uint16(v) << (at % 8)
		last := len(packed) - 1 - at/8
		packed[last] |= byte(wide)
		if high := byte(wide >> 8); high != 0 {
			packed[last-1] |= high
		}
		at += bits
	}
	return new(big.Int).SetBytes(packed)
}

// unsigned takes the sign off a number, and the underscores out of it.
func unsigned(text []byte) (digits string, negative bool) {
	digits = strings.ReplaceAll(string(text), "_", "")
	negative = strings.HasPrefix(digits, "-")
	if negative || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	return digits, negative
}

// maxSixties bounds the groups of a number of base sixty, whose value takes the
// square of their number to compute. PyYAML has no bound.
const maxSixties = 2000

func sixtyInt(digits string, at, most int) *big.Int {
	groups := strings.Split(digits, ":")
	if len(groups) > maxSixties {
		fail(TooLarge, at, "a number of %d groups of base sixty", len(groups))
	}
	n, sixty := new(big.Int), big.NewInt(60)
	for _, g := range groups {
		d := pythonInt(g, 0, most)
		if d == nil {
			return nil
		}
		n.Add(n.Mul(n, sixty), d)
	}
	return n
}

// float reads what construct_yaml_float of yaml/constructor.py does.
func (c *constructor) float(text []byte, at int) pyobj.Ref {
	digits, negative := unsigned(bytes.ToLower(text))
	v, ok := 0.0, true
	switch {
	case digits == ".inf":
		v = math.Inf(1)
	case digits == ".nan":
		// PyYAML computes its NaN as -inf/inf, which sets the sign on the
		// processors that Python runs on most.
		return c.g.NewFloat(math.Float64frombits(0xfff8000000000000))
	case strings.Contains(digits, ":"):
		groups := strings.Split(digits, ":")
		unit := 1.0
		for i := len(groups) - 1; i >= 0; i-- {
			d, valid := pythonFloat(groups[i])
			ok = ok && valid
			v += d * unit
			unit *= 60
		}
	default:
		v, ok = pythonFloat(digits)
	}
	if !ok {
		fail(Number, at, "%q is no float", text)
	}
	if negative && v == v { // the product of -1 and a NaN has the sign of the NaN
		v = -v
	}
	return c.g.NewFloat(v)
}

// pythonFloat is float() of Python for text without underscores.
func pythonFloat(text string) (float64, bool) {
	text = strings.Trim(text, blanks)
	if text == "" || strings.ContainsAny(text, "xXpP") {
		return 0, false // Go reads hexadecimal floats
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// complex reads complex() of Python: two floats with a sign between them and a
// j behind the second, either of them alone, parentheses around it or not.
func (c *constructor) complex(text []byte, at int) pyobj.Ref {
	s := strings.ReplaceAll(strings.TrimSpace(string(text)), "_", "")
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	re, im, ok := 0.0, 0.0, false
	if body, imaginary := strings.CutSuffix(strings.ToLower(s), "j"); !imaginary {
		re, ok = pythonFloat(body)
	} else {
		split := 0 // where the sign of the imaginary part stands
		for i := len(body) - 1; i > 0; i-- {
			if (body[i] == '+' || body[i] == '-') && body[i-1] != 'e' {
				split = i
				break
			}
		}
		ok = true
		if split > 0 {
			re, ok = pythonFloat(body[:split])
		}
		switch rest := body[split:]; rest {
		case "", "+", "-":
			im = 1
			if rest == "-" {
				im = -1
			}
		default:
			var fits bool
			im, fits = pythonFloat(rest)
			ok = ok && fits
		}
	}
	if !ok {
		fail(Number, at, "%q is no complex", text)
	}
	return c.g.NewComplex(re, im)
}

// moment is a date, or a date with a time.
type moment struct {
	year, month, day, hour, minute, second, microsecond int
	timed, zoned                                        bool
	offset                                              int // of the zone, in minutes
}

// parseMoment reads a timestamp: timestamp_regexp of yaml/constructor.py or, if
// strict, what the resolver takes for one, where a date by itself has two digits
// for month and day.
func parseMoment(text []byte, strict bool) (m moment, ok bool) {
	c := cursor(text)
	number := func(low, high int) int {
		n, v := 0, 0
		for n < high && len(c) > 0 && '0' <= c[0] && c[0] <= '9' {
			v = v*10 + int(c[0]-'0')
			c = c[1:]
			n++
		}
		ok = ok && n >= low
		return v
	}
	wants := func(sign string) { ok = ok && c.one(sign) }
	ok = true
	m.year = number(4, 4)
	wants("-")
	m.month = number(1, 2)
	wants("-")
	m.day = number(1, 2)
	if len(c) == 0 {
		return m, ok && (!strict || len(text) == len("2006-01-02"))
	}
	if !c.one("Tt") && c.all(" \t") == 0 {
		return m, false
	}
	m.timed = true
	m.hour = number(1, 2)
	wants(":")
	m.minute = number(2, 2)
	wants(":")
	m.second = number(2, 2)
	if c.one(".") {
		digits := []byte("000000")
		copy(digits, c[:len(c)-len(bytes.TrimLeft(c, decimals))])
		m.microsecond, _ = strconv.Atoi(string(digits))
		c.all(decimals)
	}
	if len(c) == 0 {
		return m, ok
	}
	c.all(" \t")
	m.zoned = true
	if c.one("Z") {
		return m, ok && len(c) == 0
	}
	negative := len(c) > 0 && c[0] == '-'
	wants("+-")
	m.offset = 60 * number(1, 2)
	if c.one(":") {
		m.offset += number(2, 2)
	}
	if negative {
		m.offset = -m.offset
	}
	return m, ok && len(c) == 0
}

// exists tells whether the class datetime takes the moment.
func (m moment) exists() bool {
	const minutes = 24 * 60
	day := time.Date(m.year, time.Month(m.month), m.day, 0, 0, 0, 0, time.UTC)
	return m.year > 0 && 1 <= m.month && m.month <= 12 && m.day == day.Day() && m.hour < 24 && m.minute < 60 && m.second < 60 &&
		-minutes < m.offset && m.offset < minutes
}

// timestamp makes the date or datetime as Python pickles it.
func (c *constructor) timestamp(text []byte, at int) pyobj.Ref {
	m, ok := parseMoment(withoutLast(text), false)
	if !ok || !m.exists() {
		fail(Number, at, "%q is no date", text)
	}
	packed := binary.BigEndian.AppendUint16(nil, uint16(m.year))
	packed = append(packed, byte(m.month), byte(m.day))
	if !m.timed {
		return c.g.NewReduce(pyobj.SymDate, c.g.NewTuple(c.g.NewBytes(packed)))
	}
	packed = append(packed, byte(m.hour), byte(m.minute), byte(m.second), byte(m.microsecond>>16), byte(m.microsecond>>8), byte(m.microsecond))
	args := []pyobj.Ref{c.g.NewBytes(packed)}
	if m.zoned {
		args = append(args, c.zone(m.offset))
	}
	return c.g.NewReduce(pyobj.SymDateTime, c.g.NewTuple(args...))
}

// zone makes datetime.timezone of an offset. Python has only one of no offset.
func (c *constructor) zone(minutes int) pyobj.Ref {
	if minutes == 0 && c.utc != 0 {
		return c.utc
	}
	days, rest := 0, minutes
	if minutes < 0 {
		days, rest = -1, minutes+24*60
	}
	class := func(name string) pyobj.Ref { return c.g.NewGlobal([]byte("datetime"), []byte(name)) }
	delta := c.g.NewReduce(class("timedelta"), c.g.NewTuple(c.g.NewInt(int64(days)), c.g.NewInt(int64(rest*60)), c.g.NewInt(0)))
	tz := c.g.NewReduce(class("timezone"), c.g.NewTuple(delta))
	if minutes == 0 {
		c.utc = tz
	}
	return tz
}

// base64 reads what binascii.a2b_base64 does: characters that are none of
// base64 are passed over, and what follows the padding.
func (c *constructor) base64(text []byte, at int) pyobj.Ref {
	out := make([]byte, 0, len(text)*3/4+2)
	var bits uint32
	have, pads := 0, 0 // characters of a group of four
	for _, b := range text {
		var v byte
		switch {
		case 'A' <= b && b <= 'Z':
			v = b - 'A'
		case 'a' <= b && b <= 'z':
			v = b - 'a' + 26
		case '0' <= b && b <= '9':
			v = b - '0' + 52
		case b == '+':
			v = 62
		case b == '/':
			v = 63
		case b >= 0x80:
			fail(Text, at, "base64 is ASCII")
		case b == '=':
			if have >= 2 {
				if pads++; have+pads >= 4 {
					return c.bytes(out)
				}
			}
			continue
		default:
			continue
		}
		pads = 0
		bits = bits<<6 | uint32(v)
		if have++; have > 1 {
			out = append(out, byte(bits>>(8-2*have)))
		}
		have %= 4
	}
	if have != 0 {
		fail(Text, at, "the base64 is not complete")
	}
	return c.bytes(out)
}

func (c *constructor) bytes(data []byte) pyobj.Ref {
	if len(data) == 1 {
		return pyobj.ByteRef(data[0]) // computed bytes, of which Python has one each
	}
	return c.g.NewBytes(data)
}
