package pyobj

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// known writes an object of a well-known class in its own notation. It says
// false, having written nothing, when the object does not have the shape in
// which Python pickles that class.
func (p *printer) known(c *call) bool {
	if c.class == 0 || c.argsRef != 0 {
		return false
	}
	module, name := p.g.Name(c.class)
	if c.method != "" {
		return p.knownMethod(c, string(module), string(name))
	}
	switch string(module) {
	case "datetime":
		return p.dateTime(c, string(name))
	case "collections":
		return p.collection(c, string(name)) || p.wrapped(c, string(name))
	case "builtins":
		return p.builtin(c, string(name))
	case "django.db.models.base":
		return p.model(c, string(name))
	case "django.utils.safestring":
		return p.safeString(c, name)
	case "uuid":
		return string(name) == "UUID" && p.uuid(c)
	case "fractions", "decimal":
		return p.plainCall(c, string(module), name)
	case "pathlib", "pathlib._local":
		return p.path(c, string(name))
	case "ipaddress":
		if p.address(c, string(name)) {
			return true
		}
	case "re":
		if string(name) == "_compile" {
			return p.pattern(c)
		}
	case "array":
		return p.array(c, string(name))
	case "types":
		return string(name) == "SimpleNamespace" && p.namespace(c)
	case "functools":
		return string(name) == "partial" && p.partial(c)
	case "operator":
		if (string(name) == "itemgetter" || string(name) == "attrgetter") && !c.made && len(c.args) > 0 && len(c.ops) == 0 {
			p.text("operator.")
			p.arguments(name, c.args)
			return true
		}
	case "msgpack.ext":
		return p.msgPackExt(c, name)
	case "django.utils.functional", "django.utils.translation":
		return p.lazy(c, string(name))
	case "numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric":
		return p.numpy(c, string(module), string(name))
	}
	if strings.HasPrefix(string(module), "django.") && p.response(c, name) {
		return true
	}
	return p.enum(c, name)
}

// is reports whether the object was made by a call, with arguments of the given
// kinds and nothing done to it afterwards.
func (p *printer) is(c *call, kinds ...Kind) bool {
	return !c.made && len(c.ops) == 0 && slices.EqualFunc(c.args, kinds, func(r Ref, k Kind) bool { return p.g.Kind(r) == k })
}

func (p *printer) number(n int) { p.dst = strconv.AppendInt(p.dst, int64(n), 10) }

// arguments writes name(a, b).
func (p *printer) arguments(name []byte, args []Ref) {
	p.dst = appendText(p.dst, name, 0)
	p.text("(")
	p.items(args)
	p.text(")")
}

func (p *printer) builtin(c *call, name string) bool {
	switch {
	case name == "complex":
		re, im, ok := p.g.Complex(c.ref)
		if ok {
			p.complex(re, im)
		}
		return ok
	case name == "range" && p.is(c, Int):
		p.text("range(0, ")
		p.value(c.args[0])
		p.text(")")
		return true
	case name == "range" && (p.is(c, Int, Int) || p.is(c, Int, Int, Int)):
		args := c.args
		if step, ok := p.g.Int64(args[len(args)-1]); len(args) == 3 && ok && step == 1 {
			args = args[:2]
		}
		p.arguments([]byte(name), args)
		return true
	case name == "slice" && !c.made && len(c.args) == 3 && len(c.ops) == 0,
		isException(name) && !c.made && len(c.ops) == 0:
		p.arguments([]byte(name), c.args)
		return true
	case name == "type":
		return p.singletonType(c)
	case name == "memoryview" && p.is(c, ByteArray):
		p.arguments([]byte(name), c.args)
		return true
	case name == "getattr" && len(c.args) == 2 && !c.made && len(c.ops) == 0 &&
		p.g.Kind(c.args[0]) == Global && p.g.Kind(c.args[1]) == Str:
		// An enum member as protocol 4 writes it, or a method of a class.
		_, class := p.g.Name(c.args[0])
		p.text("getattr(")
		p.dst = appendText(p.dst, class, 0)
		p.text(", ")
		p.value(c.args[1])
		p.text(")")
		return true
	}
	return false
}

func isException(name string) bool {
	return strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Exception") || strings.HasSuffix(name, "Warning") ||
		name == "KeyboardInterrupt" || name == "StopIteration" || name == "SystemExit"
}

// complex writes as Python does: without a real part of 0.0, unless that is
// negative.
func (p *printer) complex(re, im float64) {
	short := func(f float64, sign bool) {
		text := string(AppendFloat(nil, f))
		if sign && text[0] != '-' {
			p.text("+")
		}
		p.text(strings.TrimSuffix(text, ".0"))
	}
	if re == 0 && re == re && !isNegativeZero(re) {
		short(im, false)
		p.text("j")
		return
	}
	p.text("(")
	short(re, false)
	short(im, true)
	p.text("j)")
}

func isNegativeZero(f float64) bool { return f == 0 && 1/f < 0 }

func (p *printer) dateTime(c *call, name string) bool {
	switch {
	case name == "timedelta" && p.is(c, Int, Int, Int):
		p.timedelta(c.args)
		return true
	case name == "timezone":
		return p.timezone(c)
	}
	m, ok := p.g.moment(c, name)
	if !ok {
		return false
	}
	fields := []int{m.year, m.month, m.day, m.hour, m.minute, m.second, m.microsecond}
	switch name {
	case "date":
		fields = fields[:3]
	case "time":
		fields = fields[3:]
		fallthrough
	default:
		// repr leaves out microseconds of zero, and then seconds of zero.
		for n := 0; n < 2 && fields[len(fields)-1] == 0; n++ {
			fields = fields[:len(fields)-1]
		}
	}
	p.text("datetime." + name + "(")
	for i, f := range fields {
		if i > 0 {
			p.text(", ")
		}
		p.number(f)
	}
	if m.fold {
		p.text(", fold=1")
	}
	if m.tz != 0 {
		p.text(", tzinfo=")
		p.value(m.tz)
	}
	p.text(")")
	return true
}

func (p *printer) timedelta(args []Ref) {
	p.text("datetime.timedelta(")
	comma := ""
	for i, name := range []string{"days", "seconds", "microseconds"} {
		if v, ok := p.g.Int64(args[i]); ok && v == 0 {
			continue
		}
		p.text(comma + name + "=")
		p.value(args[i])
		comma = ", "
	}
	if comma == "" {
		p.text("0")
	}
	p.text(")")
}

func (p *printer) timezone(c *call) bool {
	g := p.g
	delta, name, ok := g.timezone(c.ref)
	if !ok {
		return false
	}
	d := g.call(delta)
	zero := !slices.ContainsFunc(d.args, func(r Ref) bool { v, ok := g.Int64(r); return !ok || v != 0 })
	if zero && name == 0 {
		p.text("datetime.timezone.utc")
		return true
	}
	p.text("datetime.timezone(")
	p.items(c.args)
	p.text(")")
	return true
}

// collection writes OrderedDict and its neighbours as CPython 3.11 does.
func (p *printer) collection(c *call, name string) bool {
	g := p.g
	if c.made || len(c.ops) > 1 {
		return false
	}
	var op Op
	if len(c.ops) == 1 {
		op = c.ops[0]
	}
	switch {
	case name == "OrderedDict" && len(c.args) == 0 && (op.Items == 0 || op.Kind == OpSetItem):
		p.text("OrderedDict(")
		if op.Items != 0 {
			p.text("[")
			p.tuples(g.Items(op.Items))
			p.text("]")
		}
		p.text(")")
	case name == "OrderedDict" && p.is(c, List): // Python 2
		p.arguments([]byte(name), c.args)
	case name == "defaultdict" && len(c.args) <= 1 && (op.Items == 0 || op.Kind == OpSetItem):
		p.text("defaultdict(")
		if len(c.args) == 1 {
			p.factory(c.args[0])
		} else {
			p.text("None")
		}
		p.text(", {")
		if op.Items != 0 {
			p.pairs(g.Items(op.Items))
		}
		p.text("})")
	case name == "deque" && len(c.args) <= 2 && (op.Items == 0 || op.Kind == OpAppend && (len(c.args) == 0 || g.Len(c.args[0]) == 0)):
		items := []Ref(nil)
		if len(c.args) > 0 {
			if k := g.Kind(c.args[0]); k != Tuple && k != List {
				return false
			}
			items = g.Items(c.args[0])
		}
		if op.Items != 0 {
			items = g.Items(op.Items)
		}
		p.text("deque([")
		p.items(items)
		p.text("]")
		if len(c.args) == 2 && g.Kind(c.args[1]) != None {
			p.text(", maxlen=")
			p.value(c.args[1])
		}
		p.text(")")
	case name == "Counter" && p.is(c, Dict):
		p.counter(c.args[0])
	default:
		return false
	}
	return true
}

// factory writes the class that a defaultdict calls: a builtin by its name.
func (p *printer) factory(r Ref) {
	if p.g.Kind(r) == Global {
		if module, name := p.g.Name(r); string(module) == "builtins" {
			p.dst = appendText(p.dst, name, 0)
			return
		}
	}
	p.value(r)
}

// tuples writes keys and values in turn as pairs in round brackets.
func (p *printer) tuples(items []Ref) {
	room := p.room(len(items) / 2)
	for i := 0; i < len(items); i += 2 {
		if i > 0 {
			p.text(", ")
		}
		if i/2 == room || p.full() {
			p.more(len(items)/2-i/2, "")
			return
		}
		p.text("(")
		p.value(items[i])
		p.text(", ")
		p.value(items[i+1])
		p.text(")")
	}
}

// counter writes the most common first, as Counter.__repr__ does when the
// counts can be compared.
func (p *printer) counter(dict Ref) {
	g := p.g
	items := slices.Clone(g.Items(dict))
	if len(items) == 0 {
		p.text("Counter()")
		return
	}
	type entry struct {
		key, value Ref
		count      int64
	}
	entries := make([]entry, 0, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		v, ok := int64(0), false
		if g.Kind(items[i+1]) == Int {
			v, ok = g.Int64(items[i+1])
		}
		if !ok {
			entries = nil
			break
		}
		entries = append(entries, entry{items[i], items[i+1], v})
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		switch {
		case a.count > b.count:
			return -1
		case a.count < b.count:
			return 1
		}
		return 0
	})
	for i, e := range entries {
		items[2*i], items[2*i+1] = e.key, e.value
	}
	p.text("Counter({")
	p.pairs(items)
	p.text("})")
}

// uuid reads the state that UUID.__getstate__ makes: the number.
func (p *printer) uuid(c *call) bool {
	g := p.g
	state := c.state(g)
	n := g.get(state, "int")
	if !c.made || len(c.args) > 0 || n == 0 || g.Kind(n) != Int {
		return false
	}
	v := g.Big(n)
	if v.Sign() < 0 || v.BitLen() > 128 {
		return false
	}
	hex := new(big.Int).SetBit(v, 128, 1).Text(16)[1:]
	p.text("UUID('" + hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:] + "')")
	return true
}

func (p *printer) plainCall(c *call, module string, name []byte) bool {
	switch {
	case module == "decimal" && string(name) == "Decimal" && p.is(c, Str),
		module == "fractions" && string(name) == "Fraction" && (p.is(c, Int, Int) || p.is(c, Str)):
		p.arguments(name, c.args)
		return true
	}
	return false
}

func (p *printer) knownMethod(c *call, module, class string) bool {
	if module != "zoneinfo" || class != "ZoneInfo" || c.method != "_unpickle" || !p.is(c, Str, Int) && !p.is(c, Str, Bool) {
		return false
	}
	p.text("zoneinfo.ZoneInfo(key=")
	p.value(c.args[0])
	p.text(")")
	return true
}

// enum writes Color(1): a class called with one plain value, which is how
// members of an enum are pickled below protocol 4 or before Python 3.11.
func (p *printer) enum(c *call, name []byte) bool {
	if !p.is(c, Int) && !p.is(c, Str) {
		return false
	}
	base := name[strings.LastIndexByte(string(name), '.')+1:]
	if len(base) == 0 || base[0] < 'A' || base[0] > 'Z' {
		return false
	}
	p.arguments(name, c.args)
	return true
}
