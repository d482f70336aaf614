package sidetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// literal is a random value of the kinds that the serializer keeps, as Python
// writes it.
func (w *walk) literal(depth int) string {
	kinds := strings.Fields(w.side.ways.keeps)
	for {
		switch kind := w.pick("int", "int", "int", "big", "bool", "none", "float", "bytes", "str", "str", "list", "tuple", "dict", "set"); {
		case !slices.Contains(kinds, kind) || depth == 3 && strings.Contains("list tuple dict set", kind):
		case kind == "int":
			return strconv.Itoa(w.rnd.IntN(2000) - 1000)
		case kind == "big":
			return w.pick("-", "") + "9223372036854775" + strconv.Itoa(100+w.rnd.IntN(900)) + w.pick("", "123")
		case kind == "bool":
			return w.pick("True", "False")
		case kind == "none":
			return "None"
		case kind == "float":
			return strconv.FormatFloat(w.rnd.NormFloat64()*1e3, 'e', -1, 64)
		case kind == "bytes":
			return "b'" + strings.Repeat(w.pick(`\x00`, `\xff`, "a"), w.rnd.IntN(5)) + "'"
		case kind == "str":
			return "'" + strings.Repeat(w.pick("a", "é", "12", `\n`, "\U0001f600", `\x00`), w.rnd.IntN(300)) + "'"
		case kind == "set": // of one, or the order would be Python's
			return "{" + strconv.Itoa(w.rnd.IntN(100)) + "}"
		default:
			return w.container(kind, depth)
		}
	}
}

func (w *walk) container(kind string, depth int) string {
	var items []string
	for i := range w.rnd.IntN(4) {
		item := w.literal(depth + 1)
		if kind == "dict" {
			item = fmt.Sprintf("'k%d': %s", i, item)
		}
		items = append(items, item)
	}
	inside := strings.Join(items, ", ")
	switch kind {
	case "list":
		return "[" + inside + "]"
	case "dict":
		return "{" + inside + "}"
	}
	if len(items) == 1 {
		inside += ","
	}
	return "(" + inside + ")"
}
