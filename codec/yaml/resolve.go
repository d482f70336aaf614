package yaml

import (
	"bytes"
	"strings"
)

const (
	tagPrefix    = "tag:yaml.org,2002:"
	pythonPrefix = tagPrefix + "python/"
)

// Numbers of the tags that are known by themselves; others follow.
const (
	tagBang int32 = iota // the lone exclamation mark: no tag, really
	tagNull
	tagBool
	tagInt
	tagFloat
	tagBinary
	tagTimestamp
	tagOmap
	tagPairs
	tagSet
	tagStr
	tagSeq
	tagMap
	tagMerge
	tagValue
	tagPyNone
	tagPyBool
	tagPyStr
	tagPyUnicode
	tagPyBytes
	tagPyInt
	tagPyLong
	tagPyFloat
	tagPyComplex
	tagPyList
	tagPyTuple
	tagPyDict
	knownTags
)

var tagNames = [knownTags]string{"!", tagPrefix + "null", tagPrefix + "bool", tagPrefix + "int", tagPrefix + "float", tagPrefix + "binary",
	tagPrefix + "timestamp", tagPrefix + "omap", tagPrefix + "pairs", tagPrefix + "set", tagPrefix + "str", tagPrefix + "seq", tagPrefix + "map",
	tagPrefix + "merge", tagPrefix + "value", pythonPrefix + "none", pythonPrefix + "bool", pythonPrefix + "str", pythonPrefix + "unicode",
	pythonPrefix + "bytes", pythonPrefix + "int", pythonPrefix + "long", pythonPrefix + "float", pythonPrefix + "complex", pythonPrefix + "list",
	pythonPrefix + "tuple", pythonPrefix + "dict"}

// tagTable numbers the tags of a document.
type tagTable struct {
	others  []string
	numbers map[string]int32
}

func (t *tagTable) number(name string) int32 {
	for i, known := range tagNames {
		if name == known {
			return int32(i)
		}
	}
	n, ok := t.numbers[name]
	if !ok {
		if t.numbers == nil {
			t.numbers = make(map[string]int32)
		}
		n = knownTags + int32(len(t.others))
		t.numbers[name] = n
		t.others = append(t.others, name)
	}
	return n
}

func (t *tagTable) name(n int32) string {
	if n < knownTags {
		return tagNames[n]
	}
	return t.others[n-knownTags]
}

// resolve finds the tag of a plain scalar: the implicit resolvers of
// yaml/resolver.py.
func resolve(text []byte) int32 {
	if len(text) == 0 {
		return tagNull
	}
	switch c := text[0]; {
	case '0' <= c && c <= '9', c == '.', c == '-', c == '+':
		switch {
		case isFloat(text):
			return tagFloat
		case isInt(text):
			return tagInt
		case isTimestamp(text):
			return tagTimestamp
		}
	case len(text) > 5:
	default:
		switch string(text) {
		case "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF":
			return tagBool
		case "~", "null", "Null", "NULL":
			return tagNull
		case "<<":
			return tagMerge
		case "=":
			return tagValue
		}
	}
	return tagStr
}

// resolveMarked finds the tag of a scalar with the lone exclamation mark, which may
// be in quotes or a block: PyYAML's patterns end before a last line feed, too.
func resolveMarked(text []byte) int32 {
	if len(text) == 0 || text[0] == '\n' {
		return resolve(text)
	}
	return resolve(withoutLast(text))
}

// withoutLast is text up to where a $ of Python's re may match: a last line feed.
func withoutLast(text []byte) []byte { return bytes.TrimSuffix(text, []byte("\n")) }

// A cursor eats what a pattern describes.
type cursor []byte

// one eats one of the bytes.
func (c *cursor) one(of string) bool {
	if len(*c) == 0 || strings.IndexByte(of, (*c)[0]) < 0 {
		return false
	}
	*c = (*c)[1:]
	return true
}

// all eats as many of the bytes as there are.
func (c *cursor) all(of string) int {
	n := 0
	for c.one(of) {
		n++
	}
	return n
}

const (
	decimals = "0123456789"
	grouped  = decimals + "_"
)

// sixties eats groups such as :30, of base sixty.
func (c *cursor) sixties() int {
	n := 0
	for len(*c) > 1 && (*c)[0] == ':' {
		rest := (*c)[1:]
		digits := rest.all(decimals)
		group := (*c)[1 : 1+digits]
		switch {
		case digits == 1, digits == 2 && group[0] <= '5':
		default:
			return n
		}
		*c = rest
		n++
	}
	return n
}

func isInt(text []byte) bool {
	c := cursor(text)
	c.one("+-")
	if c.one("0") {
		switch {
		case len(c) == 0:
			return true
		case c.one("b"):
			return c.all("01_") > 0 && len(c) == 0
		case c.one("x"):
			return c.all(grouped+"abcdefABCDEF") > 0 && len(c) == 0
		}
		return c.all("01234567_") > 0 && len(c) == 0
	}
	if !c.one("123456789") {
		return false
	}
	c.all(grouped)
	c.sixties()
	return len(c) == 0
}

func isFloat(text []byte) bool {
	c := cursor(text)
	signed := c.one("+-")
	switch string(c) {
	case ".inf", ".Inf", ".INF":
		return true
	case ".nan", ".NaN", ".NAN":
		return !signed
	}
	if c.one(".") {
		return !signed && c.one(decimals) && c.fraction()
	}
	if !c.one(decimals) {
		return false
	}
	c.all(grouped)
	if c.sixties() > 0 {
		return c.one(".") && (c.all(grouped) >= 0) && len(c) == 0
	}
	return c.one(".") && c.fraction()
}

// fraction eats the digits after the point and an exponent, to the end. The
// sign of the exponent must be there.
func (c *cursor) fraction() bool {
	c.all(grouped)
	if c.one("eE") && !(c.one("+-") && c.all(decimals) > 0) {
		return false
	}
	return len(*c) == 0
}

func isTimestamp(text []byte) bool {
	_, ok := parseMoment(text, true)
	return ok
}
