package settings

import (
	"math"
	"math/big"
	"slices"
	"strings"
)

// arithmetic is x op y.
func (r *runner) arithmetic(line int, op string, x, y *Value) *Value {
	switch {
	case op == "+" && x.Pieces() != nil && y.Pieces() != nil:
		var b textBuilder
		if !b.value(x) {
			return x.derived()
		}
		if !b.value(y) {
			return y.derived()
		}
		if b.tooLong() || r.step(b.size>>10) {
			return unknown(line, "the text is too long")
		}
		return b.result(line)
	case x.Kind == Unknown:
		return x.derived()
	case op == "%" && x.Kind == Str:
		return at(r.percent(x, y, line), line)
	case y.Kind == Unknown:
		return y.derived()
	}
	var v *Value
	switch {
	case x.isNumber() && y.isNumber():
		v = calculate(op, x, y)
	case op == "+" && x.Kind == y.Kind && (x.Kind == List || x.Kind == Tuple):
		if r.step(len(x.Items) + len(y.Items)) {
			return unknown(line, "the list is too long")
		}
		v = &Value{Kind: x.Kind, Items: slices.Concat(x.Items, y.Items), Why: x.Why}
		if v.Why == nil {
			v.Why = y.Why
		}
	case op == "*" && (y.Kind == Int || x.Kind == Int):
		v = r.repeat(x, y, line)
	case op == "|" && x.Kind == Dict && y.Kind == Dict:
		v = x.snapshot()
		r.update(v, y, line)
	case op == "/" && (x.Kind == Name || y.Kind == Name):
		return unknown(line, "a path is not followed")
	}
	if v == nil {
		if x.Kind == Name {
			return reason(x, line)
		}
		if y.Kind == Name {
			return reason(y, line)
		}
		return unknown(line, "Python has no such operation")
	}
	v.Line = line
	if v.Kind == Unknown {
		return v
	}
	return v.dependsOn(x, y)
}

// repeat is a sequence times a number.
func (r *runner) repeat(x, y *Value, line int) *Value {
	if x.Kind == Int {
		x, y = y, x
	}
	size := int64(max(len(x.Text), len(x.Items)))
	if y.Int > 0 && size > 0 && y.Int > maxText/size || r.step(int(max(0, y.Int)*size)>>6) {
		return unknown(line, "the value is too long")
	}
	switch n := int(max(y.Int, 0)); x.Kind {
	case Str:
		return text(strings.Repeat(x.Text, n))
	case List, Tuple:
		return &Value{Kind: x.Kind, Items: slices.Repeat(x.Items, n), Why: x.Why}
	}
	return nil
}

// calculate is arithmetic on numbers; nil for what Python refuses.
func calculate(op string, x, y *Value) *Value {
	if x.Kind == Float || y.Kind == Float || op == "/" {
		return calculateFloat(op, x.float(), y.float())
	}
	a, b := big.NewInt(x.Int), big.NewInt(y.Int)
	n := new(big.Int)
	switch op {
	case "+":
		n.Add(a, b)
	case "-":
		n.Sub(a, b)
	case "*":
		n.Mul(a, b)
	case "//", "%":
		if y.Int == 0 {
			return nil
		}
		// Python rounds down; Div of math/big so that the rest is not negative.
		q, m := new(big.Int).DivMod(a, b, new(big.Int))
		if m.Sign() != 0 && y.Int < 0 {
			q.Sub(q, big.NewInt(1))
			m.Add(m, b)
		}
		if n = q; op == "%" {
			n = m
		}
	case "**":
		switch {
		case y.Int < 0:
			return calculateFloat(op, x.float(), y.float())
		case y.Int > 64 && (x.Int > 1 || x.Int < -1):
			return unknown(0, "the number is too large")
		}
		n.Exp(a, b, nil)
	case "<<", ">>":
		if y.Int < 0 || op == "<<" && y.Int > 64 {
			return unknown(0, "the number is too large")
		}
		if op == "<<" {
			n.Lsh(a, uint(y.Int))
		} else {
			n.Rsh(a, uint(min(y.Int, 64)))
		}
	case "|":
		n.Or(a, b)
	case "&":
		n.And(a, b)
	case "^":
		n.Xor(a, b)
	default:
		return nil
	}
	if !n.IsInt64() {
		return unknown(0, "the number is too large")
	}
	v := integer(n.Int64())
	if x.Kind == Bool && y.Kind == Bool && strings.Contains("|&^", op) {
		v.Kind = Bool
	}
	return v
}

func calculateFloat(op string, a, b float64) *Value {
	var f float64
	switch op {
	case "+":
		f = a + b
	case "-":
		f = a - b
	case "*":
		f = a * b
	case "/":
		if b == 0 {
			return nil
		}
		f = a / b
	case "//", "%":
		// As float_floor_div and float_rem of CPython.
		if b == 0 {
			return nil
		}
		m := math.Mod(a, b)
		d := (a - m) / b
		if m != 0 && (b < 0) != (m < 0) {
			m += b
			d--
		}
		if f = m; op == "//" {
			if f = math.Floor(d); d-f > 0.5 {
				f++
			}
		}
	case "**":
		f = math.Pow(a, b)
	default:
		return nil
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return unknown(0, "the number is too large")
	}
	return &Value{Kind: Float, Float: f}
}
