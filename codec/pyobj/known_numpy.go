package pyobj

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
)

// NumPy pickles arrays and scalars as a dtype and the bytes of the elements. They are shown as their elements, the dtype and the
// shape: array([1, 2], dtype=int64, shape=(2,)), and scalars as NumPy 2 does: np.float64(1.5).

// element is how one element lies in memory: its kind in the letters of NumPy, its size, and the order of its bytes.
type element struct {
	kind  byte
	size  int
	order binary.ByteOrder
}

func (e element) uint(data []byte) uint64 {
	switch e.size {
	case 1:
		return uint64(data[0])
	case 2:
		return uint64(e.order.Uint16(data))
	case 4:
		return uint64(e.order.Uint32(data))
	}
	return e.order.Uint64(data)
}

func (e element) int(data []byte) int64 {
	shift := 64 - 8*e.size
	return int64(e.uint(data)<<shift) >> shift
}

// text is what UTF-32 says, without the zeros that fill an element up.
func (e element) text(data []byte) []byte {
	var out []byte
	for ; len(data) >= 4; data = data[4:] {
		r := rune(e.order.Uint32(data))
		if r < 0 || r > 0x10ffff {
			r = '\ufffd'
		}
		out = appendRune(out, r)
	}
	return []byte(strings.TrimRight(string(out), "\x00"))
}

// elements writes what lies in data, one after the other.
func (p *printer) elements(e element, data []byte) {
	n := len(data) / e.size
	room := p.room(n)
	for i := range n {
		if i > 0 {
			p.text(", ")
		}
		if i == room || p.full() {
			p.more(n-i, "")
			return
		}
		p.left--
		p.element(e, "", data[i*e.size:][:e.size])
	}
}

// element writes one; unit is that of dates.
func (p *printer) element(e element, unit string, data []byte) {
	switch e.kind {
	case 'b':
		p.text(map[bool]string{false: "False", true: "True"}[data[0] != 0])
	case 'u':
		p.dst = strconv.AppendUint(p.dst, e.uint(data), 10)
	case 'i':
		p.dst = strconv.AppendInt(p.dst, e.int(data), 10)
	case 'f':
		p.real(e, data)
	case 'c':
		half := element{'f', e.size / 2, e.order}
		p.complex(half.float(data[:half.size]), half.float(data[half.size:]))
	case 'U':
		p.str(e.text(data))
	case 'S':
		p.bytes([]byte(strings.TrimRight(string(data), "\x00")), AppendBytes)
	case 'M':
		p.text("'" + dateText(e.int(data), unit) + "'")
	case 'm':
		p.dst = strconv.AppendInt(p.dst, e.int(data), 10)
	}
}

func (e element) float(data []byte) float64 {
	switch e.size {
	case 2:
		return halfFloat(uint16(e.uint(data)))
	case 4:
		return float64(math.Float32frombits(uint32(e.uint(data))))
	}
	return math.Float64frombits(e.uint(data))
}

// real writes a float with the digits that its size needs.
func (p *printer) real(e element, data []byte) {
	f := e.float(data)
	if a := math.Abs(f); e.size == 8 || f != f || math.IsInf(f, 0) || a != 0 && (a < 1e-4 || a >= 1e16) {
		if e.size == 4 && f == f && !math.IsInf(f, 0) {
			p.dst = strconv.AppendFloat(p.dst, f, 'e', -1, 32)
			return
		}
		p.dst = AppendFloat(p.dst, f)
		return
	}
	text := strconv.FormatFloat(f, 'f', -1, 32)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	p.text(text)
}

// halfFloat is the value of a float of 16 bits.
func halfFloat(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		if f = math.Inf(1); fraction != 0 {
			return nan
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits&0x8000 != 0 {
		f = math.Copysign(f, -1)
	}
	return f
}

// dateText is a datetime64 as NumPy writes it: up to its unit.
func dateText(v int64, unit string) string {
	if v == math.MinInt64 {
		return "NaT"
	}
	const days = "2006-01-02"
	format, scale := "", int64(0)
	switch unit {
	case "Y", "M":
		months := v
		if unit == "Y" {
			months *= 12
		}
		if v > 1<<20 || v < -1<<20 {
			break
		}
		t := time.Date(1970, time.Month(1+months), 1, 0, 0, 0, 0, time.UTC)
		return t.Format(days[:map[string]int{"Y": 4, "M": 7}[unit]])
	case "W":
		format, scale = days, 7*86400
	case "D":
		format, scale = days, 86400
	case "h":
		format, scale = days+"T15", 3600
	case "m":
		format, scale = days+"T15:04", 60
	case "s":
		format, scale = days+"T15:04:05", 1
	case "ms":
		format, scale = days+"T15:04:05.000", -1e3
	case "us":
		format, scale = days+"T15:04:05.000000", -1e6
	case "ns":
		format, scale = days+"T15:04:05.000000000", -1e9
	}
	var seconds, rest int64
	switch {
	case scale > 0 && v < 1<<40/scale && v > -1<<40/scale:
		seconds = v * scale
	case scale < 0:
		seconds, rest = v/-scale, v%-scale*(1e9/-scale)
	default:
		return strings.TrimSpace(strconv.FormatInt(v, 10) + " " + unit)
	}
	t := time.Unix(seconds, rest).UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return strconv.FormatInt(v, 10) + " " + unit
	}
	return t.Format(format)
}

// dtype is a dtype taken apart.
type dtype struct {
	element
	unit string // of dates
	name string
}

// dtype reads what numpy.dtype.__reduce__ writes: the letters of a type, and a state with the order of bytes and of dates the unit.
func (g *Graph) dtype(r Ref) (d dtype, ok bool) {
	if !g.Kind(r).IsCall() {
		return d, false
	}
	c := g.call(r)
	if !g.isGlobal(c.class, "numpy", "dtype") || c.made || len(c.args) == 0 || g.Kind(c.args[0]) != Str || len(c.ops) > 1 {
		return d, false
	}
	letters := string(g.Data(c.args[0]))
	if letters == "" {
		return d, false
	}
	d.kind = letters[0]
	size, err := strconv.ParseUint(letters[1:], 10, 24)
	if err != nil {
		return d, false
	}
	d.size, d.order = int(size), binary.LittleEndian
	order := "<"
	if len(c.ops) == 1 {
		if c.ops[0].Kind != OpBuild || g.Kind(c.ops[0].State) != Tuple || g.Len(c.ops[0].State) < 8 {
			return d, false
		}
		state := g.Items(c.ops[0].State)
		if g.Kind(state[1]) == Str && string(g.Data(state[1])) == ">" {
			d.order, order = binary.BigEndian, ">"
		}
		if g.Kind(state[2]) != None || g.Kind(state[3]) != None {
			d.kind, d.name = 'V', letters // parts with names, or an array inside
			return d, true
		}
		if len(state) > 8 && g.Kind(state[8]) == Tuple && g.Len(state[8]) == 2 {
			if unit := g.Items(state[8])[1]; g.Kind(unit) == Tuple && g.Len(unit) > 1 {
				items := g.Items(unit)
				if n, _ := g.Int64(items[1]); n == 1 && (g.Kind(items[0]) == Bytes || g.Kind(items[0]) == Str) && g.Kind(items[1]) == Int {
					d.unit = string(g.Data(items[0]))
				}
			}
		}
	}
	names := map[byte]string{'b': "bool", 'i': "int", 'u': "uint", 'f': "float", 'c': "complex", 'M': "datetime64", 'm': "timedelta64", 'O': "object", 'U': "U", 'S': "S", 'V': "V"}
	d.name = names[d.kind]
	switch d.kind {
	case 'b':
		ok = d.size == 1
	case 'i', 'u':
		ok = d.size == 1 || d.size == 2 || d.size == 4 || d.size == 8
		d.name += strconv.Itoa(8 * d.size)
	case 'f', 'c':
		half := d.size
		if d.kind == 'c' {
			half /= 2
		}
		ok = half == 2 && d.kind == 'f' || half == 4 || half == 8
		d.name += strconv.Itoa(8 * d.size)
		if !ok && (d.size == 16 || d.size == 32) {
			d.kind, ok = 'V', true // long doubles, which only some machines have
		}
	case 'M', 'm':
		ok = d.size == 8
		if d.unit != "" {
			d.name += "[" + d.unit + "]"
		}
	case 'U':
		d.name, ok = order+letters, d.size < 1<<20
		d.size *= 4
		return d, ok
	case 'O':
		return d, true
	case 'S', 'V':
		d.name, ok = letters, true
		return d, ok
	}
	if order == ">" && d.size > 1 {
		d.name = order + letters
	}
	return d, ok
}

// numpy writes a dtype, an array or a scalar.
func (p *printer) numpy(c *call, module, name string) bool {
	g := p.g
	switch {
	case module == "numpy" && name == "dtype":
		d, ok := g.dtype(c.ref)
		if ok {
			p.text("dtype('" + d.name + "')")
		}
		return ok
	case name == "scalar" && !c.made && len(c.args) == 2 && len(c.ops) == 0:
		d, ok := g.dtype(c.args[0])
		if !ok || d.kind == 'V' || d.kind == 'O' || g.Kind(c.args[1]) != Bytes || g.Len(c.args[1]) != d.size {
			return false
		}
		p.scalar(d, g.Data(c.args[1]))
		return true
	case name == "_frombuffer" && len(c.args) == 4 && len(c.ops) == 0 && g.Kind(c.args[3]) == Str:
		return p.ndarray(c.args[1], c.args[2], c.args[0], string(g.Data(c.args[3])) == "F")
	case name == "_reconstruct" && len(c.args) == 3 && g.isGlobal(c.args[0], "numpy", "ndarray") && len(c.ops) == 1 && c.ops[0].Kind == OpBuild:
		state := c.ops[0].State
		if g.Kind(state) != Tuple || g.Len(state) != 5 {
			return false
		}
		items := g.Items(state)
		return p.ndarray(items[2], items[1], items[4], items[3] == RefTrue)
	}
	return false
}

func (p *printer) scalar(d dtype, data []byte) {
	name := strings.SplitN(d.name, "[", 2)[0]
	switch d.kind {
	case 'b':
		p.text("np.")
		p.element(d.element, d.unit, data)
		p.text("_")
		return
	case 'U':
		name = "str_"
	case 'S':
		name = "bytes_"
	}
	if strings.HasPrefix(name, ">") {
		name = "dtype('" + name + "').type"
	}
	p.text("np." + name + "(")
	p.element(d.element, d.unit, data)
	if d.kind == 'm' && d.unit != "" {
		p.text(",'")
		p.dst = appendText(p.dst, []byte(d.unit), '\'')
		p.text("'")
	}
	p.text(")")
}

// maxDimensions is how many dimensions NumPy 2 has at most.
const maxDimensions = 64

// ndarray writes an array if its parts fit together.
func (p *printer) ndarray(dtypeRef, shapeRef, content Ref, fortran bool) bool {
	g := p.g
	d, ok := g.dtype(dtypeRef)
	if !ok || g.Kind(shapeRef) != Tuple || g.Len(shapeRef) > maxDimensions {
		return false
	}
	a := ndarray{dtype: d, total: 1}
	for _, r := range g.Items(shapeRef) {
		n, small := g.Int64(r)
		if g.Kind(r) != Int || !small || n < 0 || n > math.MaxInt32 || n > 0 && int64(a.total) > math.MaxInt32/n {
			return false
		}
		a.shape = append(a.shape, int(n))
		a.total *= int(n)
	}
	switch k := g.Kind(content); {
	case d.kind == 'O' && k == List && g.Len(content) == a.total:
		a.objects = g.Items(content)
	case d.kind != 'O' && (k == Bytes || k == ByteArray) && g.Len(content) == a.total*d.size:
		a.data = g.Data(content)
	default:
		return false
	}
	a.steps = make([]int, len(a.shape))
	step := 1
	for i := range a.shape {
		if !fortran {
			i = len(a.shape) - 1 - i
		}
		a.steps[i] = step
		step *= a.shape[i]
	}
	p.text("array(")
	switch {
	case d.kind == 'V':
		p.text("<")
		p.number(len(a.data))
		p.text(" bytes>")
	case a.total == 0:
		p.text("[]")
	default:
		a.room = p.room(a.total)
		p.dimension(&a, 0, 0)
	}
	p.text(", dtype=")
	p.dst = appendText(p.dst, []byte(d.name), 0)
	p.text(", shape=")
	p.value(shapeRef)
	p.text(")")
	return true
}

// ndarray is an array that is being written.
type ndarray struct {
	dtype
	shape, steps   []int // and how many elements the next index is away
	total, written int
	room           int  // how many elements may be written
	cut            bool // the rest is left out
	data           []byte
	objects        []Ref
}

// dimension writes what begins at an element, from one dimension on.
func (p *printer) dimension(a *ndarray, dimension, at int) {
	if dimension == len(a.shape) {
		p.left--
		if a.objects != nil {
			p.value(a.objects[at])
		} else {
			p.element(a.element, a.unit, a.data[at*a.size:][:a.size])
		}
		a.written++
		return
	}
	p.text("[")
	for i := range a.shape[dimension] {
		if i > 0 {
			p.text(", ")
		}
		if a.written >= a.room || p.full() {
			p.more(a.total-a.written, "")
			a.cut = true
		} else {
			p.dimension(a, dimension+1, at+i*a.steps[dimension])
		}
		if a.cut {
			break
		}
	}
	p.text("]")
}
