package pyobj

// Globals that reading or writing a pickle needs by itself. They are nodes of every Graph, so that data which names the same
// class or function shares the node.
const (
	SymBytes Ref = fixedEnd + iota
	SymByteArray
	SymSet
	SymFrozenSet
	SymComplex
	SymGetattr
	SymEncode
	SymNewObj
	SymNewObjEx
	SymDateTime
	SymDate
	SymTime

	SymEnd // no symbol, but the first Ref beyond them
)

const (
	modBuiltins     = SymEnd + iota
	modBuiltinsFunc // a second "builtins": that of functions, see isBuiltinFunc
	modCodecs
	modCopyreg
	modDatetime
	symNames  // texts of the names, one Str for each symbol
	symbolEnd = symNames + (SymEnd - fixedEnd)
)

var symbols = [...]struct {
	module Ref
	name   string
}{
	{modBuiltins, "bytes"}, {modBuiltins, "bytearray"}, {modBuiltins, "set"}, {modBuiltins, "frozenset"}, {modBuiltins, "complex"},
	{modBuiltinsFunc, "getattr"}, {modCodecs, "encode"}, {modCopyreg, "__newobj__"}, {modCopyreg, "__newobj_ex__"},
	{modDatetime, "datetime"}, {modDatetime, "date"}, {modDatetime, "time"},
}

func (g *Graph) addSymbols(put func(Ref, Kind, []byte)) {
	for i, text := range []string{"builtins", "builtins", "_codecs", "copyreg", "datetime"} {
		put(SymEnd+Ref(i), Str, []byte(text))
	}
	for i, s := range symbols {
		name := symNames + Ref(i)
		put(name, Str, []byte(s.name))
		g.nodes[fixedEnd+Ref(i)] = node{kind: Global, v: pair(name, s.module)}
	}
}

// symbol finds the fixed node of a global, 0 if it has none.
func symbol(module, name []byte) Ref {
	var from, to Ref
	switch string(module) {
	case "builtins":
		from, to = SymBytes, SymGetattr
	case "_codecs":
		from, to = SymEncode, SymEncode
	case "copyreg":
		from, to = SymNewObj, SymNewObjEx
	case "datetime":
		from, to = SymDateTime, SymTime
	default:
		return 0
	}
	for r := from; r <= to; r++ {
		if string(name) == symbols[r-fixedEnd].name {
			return r
		}
	}
	return 0
}

// isBuiltinFunc tells the functions of the module builtins from its types. CPython keeps the module's name of all built-in
// functions in one str and that of all types in another (Python/bltinmodule.c; type_module in Objects/typeobject.c), and
// which of them is written again or referred to shows in a pickle of protocol 4.
func isBuiltinFunc(name []byte) bool {
	switch string(name) {
	case "__build_class__", "__import__", "abs", "aiter", "all", "anext", "any", "ascii", "bin", "breakpoint", "callable", "chr",
		"compile", "delattr", "dir", "divmod", "eval", "exec", "format", "getattr", "globals", "hasattr", "hash", "hex", "id",
		"input", "isinstance", "issubclass", "iter", "len", "locals", "max", "min", "next", "oct", "ord", "pow", "print", "repr",
		"round", "setattr", "sorted", "sum", "vars":
		return true
	}
	return false
}

type globalKey struct {
	module Ref
	name   string
}

// linearGlobals is the number of globals (and of modules) up to which comparing beats hashing.
const linearGlobals = 8

// NewGlobal returns the node of the class or function of that module and qualified name. There is one node per pair.
func (g *Graph) NewGlobal(module, name []byte) Ref {
	if r := symbol(module, name); r != 0 {
		return r
	}
	mod := g.module(module, name)
	if len(g.globals) <= linearGlobals {
		for _, r := range g.globals {
			if v := g.nodes[r].v; Ref(hi(v)) == mod && string(g.Data(Ref(lo(v)))) == string(name) {
				return r
			}
		}
	} else if r, ok := g.globalMap[globalKey{mod, string(name)}]; ok {
		return r
	}
	r := g.add(node{kind: Global, v: pair(g.symbolText(name), mod)})
	g.globals = append(g.globals, r)
	switch n := len(g.globals); {
	case n == linearGlobals+1:
		if g.globalMap == nil {
			g.globalMap = make(map[globalKey]Ref)
		}
		for _, r := range g.globals {
			v := g.nodes[r].v
			g.globalMap[globalKey{Ref(hi(v)), string(g.Data(Ref(lo(v))))}] = r
		}
	case n > linearGlobals:
		g.globalMap[globalKey{mod, string(name)}] = r
	}
	return r
}

// module returns the text of the module as the pickler sees it: one str per module.
func (g *Graph) module(module, name []byte) Ref {
	switch string(module) {
	case "builtins":
		if isBuiltinFunc(name) {
			return modBuiltinsFunc
		}
		return modBuiltins
	case "_codecs":
		return modCodecs
	case "copyreg":
		return modCopyreg
	case "datetime":
		return modDatetime
	}
	if len(g.modules) <= linearGlobals {
		for _, r := range g.modules {
			if string(g.Data(r)) == string(module) {
				return r
			}
		}
	} else if r, ok := g.moduleMap[string(module)]; ok {
		return r
	}
	r := g.symbolText(module)
	g.modules = append(g.modules, r)
	switch n := len(g.modules); {
	case n == linearGlobals+1:
		if g.moduleMap == nil {
			g.moduleMap = make(map[string]Ref)
		}
		for _, r := range g.modules {
			g.moduleMap[string(g.Data(r))] = r
		}
	case n > linearGlobals:
		g.moduleMap[string(module)] = r
	}
	return r
}

// symbolText makes a Str that no data shares, single characters excepted: those Python has once.
func (g *Graph) symbolText(text []byte) Ref {
	if r := sharedStr(text); r != 0 {
		return r
	}
	return g.addData(Str, text)
}

// Name is the module and the qualified name of a Global, as Python 3 spells them.
func (g *Graph) Name(r Ref) (module, name []byte) {
	v := g.nodes[r].v
	return g.Data(Ref(hi(v))), g.Data(Ref(lo(v)))
}

// NameRefs is Name as Str nodes. They stand for the strings that the pickler itself writes; no data shares them.
func (g *Graph) NameRefs(r Ref) (module, name Ref) {
	v := g.nodes[r].v
	return Ref(hi(v)), Ref(lo(v))
}
