package pickle

import (
	"bytes"
	"math"
	"math/big"
	"strconv"

	"cachering/codec/pyobj"
)

func (d *Decoder) makeInt(args []pyobj.Ref) (pyobj.Ref, bool) {
	g := d.g
	if len(args) == 0 {
		return g.NewInt(0), false
	}
	base := int64(10)
	text, isText, known := d.asciiText(args[0])
	switch {
	case len(args) > 2:
		return 0, true
	case len(args) == 2:
		var ok bool
		if base, ok = d.index(args[1]); !ok {
			return 0, !g.Kind(args[1]).IsObj()
		}
		if !isText || base != 0 && (base < 2 || base > 36) {
			return 0, !g.Kind(args[0]).IsObj()
		}
	}
	switch k := g.Kind(args[0]); {
	case isText && !known:
		return 0, false
	case isText:
		if bytes.IndexByte(text, 0) >= 0 {
			return 0, true
		}
		x, ok := parseLong(text, int(base), g.Digits())
		if !ok {
			return 0, true
		}
		return g.NewBigInt(x), false
	case k == pyobj.Bool:
		v, _ := d.index(args[0])
		return g.NewInt(v), false
	case k == pyobj.Int:
		return args[0], false
	case k == pyobj.Float:
		f := g.Float(args[0])
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, true
		}
		x, _ := big.NewFloat(f).Int(nil)
		return g.NewBigInt(x), false
	default:
		return 0, !k.IsObj()
	}
}

func (d *Decoder) makeFloat(args []pyobj.Ref) (pyobj.Ref, bool) {
	g := d.g
	if len(args) == 0 {
		return g.NewFloat(0), false
	}
	if len(args) > 1 {
		return 0, true
	}
	text, isText, known := d.asciiText(args[0])
	if isText {
		if !known {
			return 0, false
		}
		text, ok := withoutUnderscores(bytes.Trim(text, " \t\n\v\f\r"))
		f, valid := parseFloat(text)
		if !valid && isOverflow(text) {
			f, valid = math.Inf(1), true
			if text[0] == '-' {
				f = math.Inf(-1)
			}
		}
		if !ok || !valid {
			return 0, true
		}
		return g.NewFloat(f), false
	}
	return d.real(args[0])
}

// isOverflow tells the text of a float that is too large for one: float() makes infinity of it, where reading a pickle fails.
func isOverflow(text []byte) bool {
	_, err := strconv.ParseFloat(string(text), 64)
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange && len(text) > 0 && !bytes.ContainsAny(text, "xX_")
}

// withoutUnderscores takes out those between two digits, as float() does; not ok if there are others.
func withoutUnderscores(s []byte) (out []byte, ok bool) {
	digit := func(i int) bool { return i >= 0 && i < len(s) && '0' <= s[i] && s[i] <= '9' }
	if bytes.IndexByte(s, '_') < 0 {
		return s, true
	}
	for i, c := range s {
		if c != '_' {
			out = append(out, c)
		} else if !digit(i-1) || !digit(i+1) {
			return s, false
		}
	}
	return out, true
}

// real is float() of a number.
func (d *Decoder) real(x pyobj.Ref) (pyobj.Ref, bool) {
	g := d.g
	switch k := g.Kind(x); k {
	case pyobj.Float:
		return x, false
	case pyobj.Bool, pyobj.Int:
		f, _ := d.floatOf(x)
		if math.IsInf(f, 0) {
			return 0, true
		}
		return g.NewFloat(f), false
	default:
		return 0, !k.IsObj()
	}
}

func (d *Decoder) floatOf(x pyobj.Ref) (f float64, ok bool) {
	switch d.g.Kind(x) {
	case pyobj.Float:
		return d.g.Float(x), true
	case pyobj.Bool:
		v, _ := d.index(x)
		return float64(v), true
	case pyobj.Int:
		f, _ = new(big.Float).SetInt(d.g.Big(x)).Float64()
		return f, true
	}
	return 0, false
}

func (d *Decoder) makeComplex(args []pyobj.Ref) (pyobj.Ref, bool) {
	g := d.g
	switch len(args) {
	case 0:
	case 1:
		if _, _, ok := g.Complex(args[0]); ok {
			return args[0], false
		}
	case 2:
	default:
		return 0, true
	}
	var parts [2]float64
	for i, x := range args {
		f, ok := d.floatOf(x)
		switch k := g.Kind(x); {
		case k == pyobj.Str && len(args) == 1:
			return 0, false // a text of its own
		case !ok:
			return 0, !k.IsObj()
		case math.IsInf(f, 0) && k != pyobj.Float:
			return 0, true
		}
		parts[i] = f
	}
	return g.NewComplex(parts[0], parts[1]), false
}

func (d *Decoder) makeBool(args []pyobj.Ref) (pyobj.Ref, bool) {
	g := d.g
	switch len(args) {
	case 0:
		return pyobj.RefFalse, false
	case 1:
	default:
		return 0, true
	}
	switch k := g.Kind(args[0]); k {
	case pyobj.None:
		return pyobj.RefFalse, false
	case pyobj.Bool:
		return args[0], false
	case pyobj.Int, pyobj.Float:
		f, _ := d.floatOf(args[0])
		return g.NewBool(f != 0), false
	default:
		if k.IsObj() {
			return 0, false
		}
		return g.NewBool(g.Len(args[0]) > 0), false
	}
}
