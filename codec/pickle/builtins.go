package pickle

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// A builtin makes what a type of Python makes of arguments. It answers 0 where that is not known, as it is of objects, and then
// the call stays a call; refused tells that it is an exception, whatever the rest of the value is.
type builtin func(d *Decoder, args []pyobj.Ref) (x pyobj.Ref, refused bool)

// builtinOf are the types of module builtins whose values the graph has nodes for. Nothing else is ever called, such as getattr.
func builtinOf(name string) (make builtin, bare bool) {
	switch name {
	case "list":
		return (*Decoder).makeList, true
	case "dict":
		return (*Decoder).makeDict, true
	case "set":
		return (*Decoder).makeSet, true
	case "bytearray":
		return (*Decoder).makeByteArray, true
	case "tuple":
		return (*Decoder).makeTuple, false
	case "frozenset":
		return (*Decoder).makeFrozenSet, false
	case "str":
		return (*Decoder).makeStr, false
	case "bytes":
		return (*Decoder).makeBytes, false
	case "int":
		return (*Decoder).makeInt, false
	case "float":
		return (*Decoder).makeFloat, false
	case "complex":
		return (*Decoder).makeComplex, false
	case "bool":
		return (*Decoder).makeBool, false
	}
	return nil, false
}

// isBuiltin tells one of those types.
func (d *Decoder) isBuiltin(class pyobj.Ref) bool {
	module, name := d.g.Name(class)
	make, _ := builtinOf(string(name))
	return make != nil && string(module) == "builtins"
}

// evaluate makes the value of a call of a builtin type: by REDUCE, or if made, of its __new__, which of some types looks at no
// argument. 0: it is another call, or one whose value is not known.
func (d *Decoder) evaluate(at int, class pyobj.Ref, args []pyobj.Ref, made bool) (pyobj.Ref, *Error) {
	g := d.g
	if g.Kind(class) != pyobj.Global {
		return 0, nil
	}
	module, name := g.Name(class)
	if string(module) == "copyreg" && string(name) == "_reconstructor" && len(args) == 3 && !made && args[0] == args[1] {
		return d.evaluate(at, args[0], args[2:], false)
	}
	if string(module) != "builtins" {
		return 0, nil
	}
	make, bare := builtinOf(string(name))
	if make == nil {
		return 0, nil
	}
	if made && bare {
		args = nil
	}
	for _, x := range args {
		if g.Kind(x) == pyobj.Bytes && g.IsPy2(x) {
			return 0, nil // it may turn out to be text
		}
	}
	x, refused := make(d, args)
	if refused {
		return 0, d.fail(CallError, at, "%s() takes no such argument", name)
	}
	return x, nil
}

// iterate lists what iterating over x gives, within what may be copied. known is false where that depends on an object, or on
// an order or equality that is not known yet; refused tells what cannot be iterated.
func (d *Decoder) iterate(x pyobj.Ref) (items []pyobj.Ref, known, refused bool) {
	g := d.g
	switch k := g.Kind(x); k {
	case pyobj.List, pyobj.Tuple:
		items = g.Items(x)
		return items, d.spend(len(items)), false
	case pyobj.Dict:
		return d.keysOf(x)
	case pyobj.Set, pyobj.FrozenSet:
		items = g.Items(x)
		return items, len(items) < 2, false
	case pyobj.Str:
		if !d.spend(6 * g.Len(x)) {
			return nil, false, false
		}
		for text := g.Data(x); len(text) > 0; {
			_, n := decodeRune(text)
			items = append(items, g.NewStr(text[:n]))
			text = text[n:]
		}
		return items, true, false
	case pyobj.Bytes, pyobj.ByteArray:
		if !d.spend(6 * g.Len(x)) {
			return nil, false, false
		}
		for _, c := range g.Data(x) {
			items = append(items, g.NewInt(int64(c)))
		}
		return items, true, false
	default:
		return nil, false, !k.IsObj()
	}
}

// keysOf lists the keys of a dict, in which equal keys are not one yet: keys whose equality is plain, only.
func (d *Decoder) keysOf(x pyobj.Ref) (keys []pyobj.Ref, known, refused bool) {
	g := d.g
	items := g.Items(x)
	if !d.spend(2 * len(items)) {
		return nil, false, false
	}
	seen := make(map[string]bool, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		var key string
		switch g.Kind(items[i]) {
		case pyobj.None:
			key = "N"
		case pyobj.Str:
			key = "s" + string(g.Data(items[i]))
		case pyobj.Bytes:
			if g.IsPy2(items[i]) {
				return nil, false, false
			}
			key = "b" + string(g.Data(items[i]))
		case pyobj.Bool, pyobj.Int:
			v, ok := d.index(items[i])
			if !ok {
				return nil, false, false
			}
			key = "i" + strconv.FormatInt(v, 10)
		default:
			if len(items) > 2 {
				return nil, false, false
			}
		}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, items[i])
		}
	}
	return keys, true, false
}

// one is what is iterated over in a call with one argument or none.
func (d *Decoder) one(args []pyobj.Ref) (items []pyobj.Ref, known, refused bool) {
	switch len(args) {
	case 0:
		return nil, true, false
	case 1:
		return d.iterate(args[0])
	}
	return nil, false, true
}

func (d *Decoder) makeList(args []pyobj.Ref) (pyobj.Ref, bool) {
	items, known, refused := d.one(args)
	if !known {
		return 0, refused
	}
	return d.g.NewList(items...), false
}

func (d *Decoder) makeTuple(args []pyobj.Ref) (pyobj.Ref, bool) {
	if len(args) == 1 && d.g.Kind(args[0]) == pyobj.Tuple {
		return args[0], false
	}
	items, known, refused := d.one(args)
	if !known {
		return 0, refused
	}
	return d.g.NewTuple(items...), false
}

// setItems is what a set is made of: equal items become one later, and order is that of reading.
func (d *Decoder) setItems(args []pyobj.Ref) (items []pyobj.Ref, known, refused bool) {
	g := d.g
	if len(args) == 1 {
		switch g.Kind(args[0]) {
		case pyobj.Set, pyobj.FrozenSet:
			items = g.Items(args[0])
			return items, d.spend(len(items)), false
		case pyobj.Dict:
			all := g.Items(args[0])
			if !d.spend(len(all)) {
				return nil, false, false
			}
			for i := 0; i < len(all); i += 2 {
				items = append(items, all[i])
			}
			return items, true, false
		}
	}
	if items, known, refused = d.one(args); known {
		for _, x := range items {
			if !g.Hashable(x) {
				return nil, false, true
			}
		}
	}
	return items, known, refused
}

func (d *Decoder) makeSet(args []pyobj.Ref) (pyobj.Ref, bool) {
	items, known, refused := d.setItems(args)
	if !known {
		return 0, refused
	}
	return d.g.NewSet(items...), false
}

func (d *Decoder) makeFrozenSet(args []pyobj.Ref) (pyobj.Ref, bool) {
	if len(args) == 1 && d.g.Kind(args[0]) == pyobj.FrozenSet {
		return args[0], false
	}
	items, known, refused := d.setItems(args)
	if !known {
		return 0, refused
	}
	return d.g.NewFrozenSet(items...), false
}

// makeDict copies a dict, or takes pairs.
func (d *Decoder) makeDict(args []pyobj.Ref) (pyobj.Ref, bool) {
	g := d.g
	if len(args) == 1 && g.Kind(args[0]) == pyobj.Dict {
		items := g.Items(args[0])
		if !d.spend(len(items)) {
			return 0, false
		}
		return g.NewDict(items...), false
	}
	items, known, refused := d.one(args)
	if !known {
		return 0, refused
	}
	pairs := make([]pyobj.Ref, 0, 2*len(items))
	for _, x := range items {
		pair, known, refused := d.iterate(x)
		switch {
		case !known:
			return 0, refused
		case len(pair) != 2 || !g.Hashable(pair[0]):
			return 0, true
		}
		pairs = append(pairs, pair...)
	}
	return g.NewDict(pairs...), false
}

// textCodec is an encoding that is known here.
type textCodec struct {
	encode func(text []byte) (data []byte, ok bool)
	decode func(data []byte) (text []byte, ok bool)
}

// textCodecOf finds the encoding that the arguments after the first name, of str() and bytes(). known is false for others, and
// for a way of handling errors that might be needed.
func (d *Decoder) textCodecOf(args []pyobj.Ref) (c textCodec, strict, known, refused bool) {
	strict = true
	for i, x := range args {
		if d.g.Kind(x) != pyobj.Str {
			return c, false, false, !d.g.Kind(x).IsObj()
		}
		if i > 0 {
			strict = string(d.g.Data(x)) == "strict"
		}
	}
	same := func(valid func([]byte) bool) func([]byte) ([]byte, bool) {
		return func(b []byte) ([]byte, bool) { return b, valid(b) }
	}
	switch strings.ReplaceAll(strings.ToLower(string(d.g.Data(args[0]))), "_", "-") {
	case "utf-8", "utf8":
		c = textCodec{same(utf8.Valid), same(utf8.Valid)}
	case "ascii", "us-ascii":
		ascii := func(b []byte) bool { return asciiPrefix(b) == len(b) }
		c = textCodec{same(ascii), same(ascii)}
	case "latin-1", "latin1", "iso-8859-1", "iso8859-1":
		c = textCodec{
			func(text []byte) ([]byte, bool) { return appendAsLatin1(nil, text) },
			func(data []byte) ([]byte, bool) { return appendLatin1(nil, data), true },
		}
	default:
		return c, false, false, false
	}
	return c, strict, true, false
}

func (d *Decoder) makeStr(args []pyobj.Ref) (pyobj.Ref, bool) {
	g := d.g
	switch len(args) {
	case 0:
		return pyobj.RefEmptyStr, false
	case 1:
		switch g.Kind(args[0]) {
		case pyobj.Str:
			return args[0], false
		case pyobj.Int:
			text, ok := g.AppendInt(nil, args[0])
			if !ok {
				return 0, true
			}
			return g.NewStr(text), false
		case pyobj.None, pyobj.Bool, pyobj.Float, pyobj.Bytes:
			if !d.spend(4 * g.Len(args[0])) {
				return 0, false
			}
			return g.NewStr(g.AppendRepr(nil, args[0], pyobj.Limits{})), false
		}
		return 0, false
	case 2, 3:
		c, strict, known, refused := d.textCodecOf(args[1:])
		switch k := g.Kind(args[0]); {
		case refused || k != pyobj.Bytes && k != pyobj.ByteArray && !k.IsObj():
			return 0, true
		case !known || k.IsObj() || !d.spend(2*g.Len(args[0])):
			return 0, false
		}
		text, ok := c.decode(g.Data(args[0]))
		if !ok {
			return 0, strict
		}
		return g.NewStr(text), false
	}
	return 0, true
}

// dataOf is what bytes() and bytearray() make of their arguments.
func (d *Decoder) dataOf(args []pyobj.Ref) (data []byte, known, refused bool) {
	g := d.g
	if len(args) == 0 {
		return nil, true, false
	}
	k := g.Kind(args[0])
	if len(args) > 1 {
		if len(args) > 3 || k != pyobj.Str && !k.IsObj() {
			return nil, false, true
		}
		c, strict, known, refused := d.textCodecOf(args[1:])
		if !known || k.IsObj() || !d.spend(g.Len(args[0])) {
			return nil, false, refused
		}
		data, ok := c.encode(g.Data(args[0]))
		return data, ok, !ok && strict
	}
	switch k {
	case pyobj.Bytes, pyobj.ByteArray:
		return g.Data(args[0]), d.spend(g.Len(args[0])), false
	case pyobj.Str:
		return nil, false, true
	case pyobj.Bool, pyobj.Int:
		n, ok := d.index(args[0])
		if !ok || n < 0 {
			return nil, false, true
		}
		if n > int64(d.room) || !d.spend(int(n)) {
			return nil, false, false
		}
		return make([]byte, n), true, false
	}
	items, known, refused := d.iterate(args[0])
	if !known {
		return nil, false, refused
	}
	data, known, ok := d.byteItems(items)
	return data, ok, known && !ok
}

func (d *Decoder) makeBytes(args []pyobj.Ref) (pyobj.Ref, bool) {
	if len(args) == 1 && d.g.Kind(args[0]) == pyobj.Bytes {
		return args[0], false
	}
	data, known, refused := d.dataOf(args)
	switch {
	case !known:
		return 0, refused
	case len(data) == 1:
		return pyobj.ByteRef(data[0]), false
	}
	return d.g.NewBytes(data), false
}

func (d *Decoder) makeByteArray(args []pyobj.Ref) (pyobj.Ref, bool) {
	data, known, refused := d.dataOf(args)
	if !known {
		return 0, refused
	}
	return d.g.NewByteArray(data), false
}

// asciiText is the text of what int() and float() read as text. known is false where it is not ASCII: Python knows other
// digits and blanks, too.
func (d *Decoder) asciiText(x pyobj.Ref) (text []byte, isText, known bool) {
	switch d.g.Kind(x) {
	case pyobj.Str, pyobj.Bytes, pyobj.ByteArray:
		text = d.g.Data(x)
		return text, true, asciiPrefix(text) == len(text)
	}
	return nil, false, false
}
