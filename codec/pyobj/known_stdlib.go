package pyobj

import (
	"encoding/binary"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
)

// Classes of the standard library in the notation of their own repr.

// global writes a class or function of the module builtins as Python does, where it is known which it is; what another name
// stands for only Python could find out.
func (p *printer) global(r Ref) {
	module, name := p.g.Name(r)
	if string(module) == "builtins" {
		switch {
		case string(name) == "Ellipsis" || string(name) == "NotImplemented":
			p.dst = append(p.dst, name...)
			return
		case isBuiltinFunc(name):
			p.text("<built-in function " + string(name) + ">")
			return
		case isBuiltinClass(string(name)):
			p.text("<class '" + string(name) + "'>")
			return
		}
	}
	p.text("<global ")
	p.className(module, name)
	p.text(">")
}

// isBuiltinClass tells the classes of the module builtins.
func isBuiltinClass(name string) bool {
	switch name {
	case "list", "dict", "set", "frozenset", "tuple", "str", "bytes", "bytearray", "memoryview", "int", "float", "complex", "bool", "object", "type",
		"range", "slice", "property", "classmethod", "staticmethod", "super", "enumerate", "zip", "map", "filter", "reversed":
		return true
	}
	return isException(name) && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// singletonType writes the class of a singleton, which is pickled as type(None).
func (p *printer) singletonType(c *call) bool {
	if c.made || len(c.args) != 1 || len(c.ops) > 0 {
		return false
	}
	switch r := c.args[0]; {
	case p.g.Kind(r) == None:
		p.text("<class 'NoneType'>")
	case p.g.isGlobal(r, "builtins", "Ellipsis"):
		p.text("<class 'ellipsis'>")
	case p.g.isGlobal(r, "builtins", "NotImplemented"):
		p.text("<class 'NotImplementedType'>")
	default:
		return false
	}
	return true
}

// address writes the addresses of module ipaddress that are pickled as numbers.
func (p *printer) address(c *call, name string) bool {
	if !p.is(c, Int) {
		return false
	}
	v := p.g.Big(c.args[0])
	var text string
	switch {
	case v.Sign() < 0:
		return false
	case name == "IPv4Address" && v.BitLen() <= 32:
		var b [4]byte
		text = netip.AddrFrom4([4]byte(v.FillBytes(b[:]))).String()
	case name == "IPv6Address" && v.BitLen() <= 128:
		text = hextets(v)
	default:
		return false
	}
	p.text(name + "('" + text + "')")
	return true
}

// hextets is an IPv6 address as _compress_hextets of ipaddress.py writes it: the first of the longest runs of zeros left out,
// and no part in the notation of IPv4.
func hextets(v *big.Int) string {
	var b [16]byte
	v.FillBytes(b[:])
	parts := make([]string, 8)
	from, longest := 0, 0
	for i := range parts {
		parts[i] = strconv.FormatUint(uint64(binary.BigEndian.Uint16(b[2*i:])), 16)
		n := 0
		for i+n < 8 && b[2*(i+n)] == 0 && b[2*(i+n)+1] == 0 {
			n++
		}
		if n > longest {
			from, longest = i, n
		}
	}
	if longest < 2 {
		return strings.Join(parts, ":")
	}
	return strings.Join(parts[:from], ":") + "::" + strings.Join(parts[from+longest:], ":")
}

// reFlags are the names of the flags of module re, by bit.
var reFlags = [...]string{"TEMPLATE", "IGNORECASE", "LOCALE", "MULTILINE", "DOTALL", "UNICODE", "VERBOSE", "DEBUG", "ASCII"}

// pattern writes a compiled regular expression (pattern_repr of Modules/_sre/sre.c).
func (p *printer) pattern(c *call) bool {
	if !p.is(c, Str, Int) && !p.is(c, Bytes, Int) {
		return false
	}
	flags, ok := p.g.Int64(c.args[1])
	if !ok || flags < 0 || flags > math.MaxInt32 {
		return false
	}
	const locale, unicode, ascii = 4, 32, 256
	if p.g.Kind(c.args[0]) == Str && flags&(locale|unicode|ascii) == unicode {
		flags &^= unicode
	}
	p.text("re.compile(")
	p.value(c.args[0])
	separator := ", "
	for bit, name := range reFlags {
		if flags&(1<<bit) != 0 {
			p.text(separator + "re." + name)
			separator = "|"
			flags &^= 1 << bit
		}
	}
	if flags != 0 {
		p.text(separator + "0x" + strconv.FormatInt(flags, 16))
	}
	p.text(")")
	return true
}

// arrayFormats are the machine formats of Modules/arraymodule.c, by number: as the kinds of elements.
var arrayFormats = [...]element{
	{'u', 1, nil}, {'i', 1, nil},
	{'u', 2, binary.LittleEndian}, {'u', 2, binary.BigEndian}, {'i', 2, binary.LittleEndian}, {'i', 2, binary.BigEndian},
	{'u', 4, binary.LittleEndian}, {'u', 4, binary.BigEndian}, {'i', 4, binary.LittleEndian}, {'i', 4, binary.BigEndian},
	{'u', 8, binary.LittleEndian}, {'u', 8, binary.BigEndian}, {'i', 8, binary.LittleEndian}, {'i', 8, binary.BigEndian},
	{'f', 4, binary.LittleEndian}, {'f', 4, binary.BigEndian}, {'f', 8, binary.LittleEndian}, {'f', 8, binary.BigEndian},
	{}, {},
	{'U', 4, binary.LittleEndian}, {'U', 4, binary.BigEndian},
}

// array writes an array.array: pickled as its items below protocol 3, as bytes in the format of the machine from there on.
func (p *printer) array(c *call, name string) bool {
	g := p.g
	switch {
	case name == "array" && (p.is(c, Str, List) || p.is(c, Str, Bytes)):
		items := c.args[1]
		if k := g.Kind(items); k == List && g.Len(items) > 0 && string(g.Data(c.args[0])) == "u" {
			var text []byte
			for _, r := range g.Items(items) {
				if g.Kind(r) != Str {
					return false
				}
				text = append(text, g.Data(r)...)
			}
			p.text("array('u', ")
			p.str(text)
			p.text(")")
			return true
		}
		p.text("array(")
		p.value(c.args[0])
		if g.Len(items) > 0 {
			p.text(", ")
			p.value(items)
		}
		p.text(")")
		return true
	case name == "_array_reconstructor" && p.is(c, Global, Str, Int, Bytes) && g.isGlobal(c.args[0], "array", "array"):
		format, _ := g.Int64(c.args[2])
		data := g.Data(c.args[3])
		if format < 0 || int(format) >= len(arrayFormats) {
			return false
		}
		e := arrayFormats[format]
		if e.size == 0 || len(data)%e.size != 0 {
			return false
		}
		p.text("array(")
		p.value(c.args[1])
		if e.kind == 'U' && len(data) > 0 {
			p.text(", ")
			p.str(e.text(data))
		} else if len(data) > 0 {
			p.text(", [")
			p.elements(e, data)
			p.text("]")
		}
		p.text(")")
		return true
	}
	return false
}

// namespace writes a types.SimpleNamespace.
func (p *printer) namespace(c *call) bool {
	g := p.g
	if c.made || len(c.args) > 0 || len(c.ops) > 1 {
		return false
	}
	var items []Ref
	if len(c.ops) == 1 {
		state := c.state(g)
		if state == 0 {
			return false
		}
		items = g.Items(state)
	}
	for i := 0; i < len(items); i += 2 {
		if g.Kind(items[i]) != Str {
			return false
		}
	}
	p.text("namespace(")
	p.keywords(items, "")
	p.text(")")
	return true
}

// keywords writes name=value pairs.
func (p *printer) keywords(items []Ref, separator string) {
	room := p.room(len(items) / 2)
	for i := 0; i < len(items); i += 2 {
		p.text(separator)
		separator = ", "
		if i/2 == room || p.full() {
			p.more(len(items)/2-i/2, "")
			return
		}
		if p.g.Kind(items[i]) == Str {
			p.dst = appendText(p.dst, p.g.Data(items[i]), 0)
		} else {
			p.value(items[i])
		}
		p.text("=")
		p.value(items[i+1])
	}
}

// partial writes a functools.partial, whose state is (function, arguments, keywords, attributes).
func (p *printer) partial(c *call) bool {
	g := p.g
	if len(c.ops) != 1 || c.ops[0].Kind != OpBuild || g.Kind(c.ops[0].State) != Tuple || g.Len(c.ops[0].State) != 4 {
		return false
	}
	parts := g.Items(c.ops[0].State)
	if g.Kind(parts[1]) != Tuple || g.Kind(parts[2]) != Dict && g.Kind(parts[2]) != None {
		return false
	}
	p.text("functools.partial(")
	p.value(parts[0])
	if g.Len(parts[1]) > 0 {
		p.text(", ")
		p.items(g.Items(parts[1]))
	}
	if g.Kind(parts[2]) == Dict {
		p.keywords(g.Items(parts[2]), ", ")
	}
	p.text(")")
	return true
}

// wrapped writes the classes of collections that keep what they wrap in one attribute.
func (p *printer) wrapped(c *call, name string) bool {
	g := p.g
	state := c.state(g)
	switch {
	case state == 0:
		return false
	case name == "ChainMap":
		maps := g.get(state, "maps")
		if maps == 0 || g.Kind(maps) != List {
			return false
		}
		p.arguments([]byte(name), g.Items(maps))
		return true
	case g.Len(state) == 1 && g.get(state, "data") != 0:
		p.arguments([]byte(name), []Ref{g.get(state, "data")})
		return true
	}
	return false
}

// path writes a path of pathlib, which is pickled as its parts, the root first.
func (p *printer) path(c *call, name string) bool {
	if c.made || len(c.ops) > 0 {
		return false
	}
	windows := name == "WindowsPath" || name == "PureWindowsPath"
	if !windows && name != "PosixPath" && name != "PurePosixPath" {
		return false
	}
	var path []byte
	for _, r := range c.args {
		if p.g.Kind(r) != Str {
			return false
		}
		if len(path) > 0 && path[len(path)-1] != '/' {
			path = append(path, '/')
		}
		part := p.g.Data(r)
		if windows {
			part = []byte(strings.ReplaceAll(string(part), `\`, "/"))
		}
		path = append(path, part...)
	}
	if len(path) == 0 {
		path = []byte(".")
	}
	p.text(name + "(")
	p.str(path)
	p.text(")")
	return true
}

// msgPackExt writes the extensions of MessagePack as package msgpack does.
func (p *printer) msgPackExt(c *call, name []byte) bool {
	g := p.g
	switch {
	case string(name) == "ExtType" && c.made && len(c.ops) == 0 && len(c.args) == 2:
		p.text("ExtType(code=")
		p.value(c.args[0])
		p.text(", data=")
		p.value(c.args[1])
		p.text(")")
		return true
	case string(name) == "Timestamp" && c.made && len(c.ops) == 1 && c.ops[0].Kind == OpBuild && g.Kind(c.ops[0].State) == Tuple && g.Len(c.ops[0].State) == 2:
		slots := g.Items(c.ops[0].State)[1]
		seconds, nanoseconds := g.get(slots, "seconds"), g.get(slots, "nanoseconds")
		if seconds == 0 || nanoseconds == 0 {
			return false
		}
		p.text("Timestamp(seconds=")
		p.value(seconds)
		p.text(", nanoseconds=")
		p.value(nanoseconds)
		p.text(")")
		return true
	}
	return false
}
