package config

import (
	"fmt"
	"strings"
	"time"
)

// kind is the TOML type of a value.
type kind uint8

const (
	kindTable  kind = 1 << iota
	kindArray       // of values or of tables
	kindString      //
	kindInt         //
	kindFloat       //
	kindBool        //
	kindTime        // date, time or both
	kindScalar      // not yet known which: scanned, not attached
)

// String names the kind as it is named to people.
func (k kind) String() string {
	switch k {
	case kindTable:
		return "a table"
	case kindArray:
		return "an array"
	case kindString:
		return "a string"
	case kindInt:
		return "an integer"
	case kindFloat:
		return "a number with a fraction"
	case kindBool:
		return "a boolean"
	case kindTime:
		return "a date or time"
	}
	return "a value"
}

// A node is one value of the file together with its place.
type node struct {
	parent *node
	name   string // key in the parent table; "" for array items and the root
	index  int    // place in the parent array
	line   int
	kind   kind
	given  bool   // by key = value, and not by a header or a longer key
	raw    string // a number, boolean or date as it is spelled in the file
	value  any    // string, int64, float64, bool or time.Time

	keys   []*node // of a table, in file order
	byName map[string]*node
	items  []*node // of an array
}

// child returns the node of a key, made at line if there is none.
func (n *node) child(name string, line int) *node {
	if c := n.byName[name]; c != nil {
		return c
	}
	c := &node{parent: n, name: name, line: line, kind: kindTable}
	if n.byName == nil {
		n.byName = map[string]*node{}
	}
	n.byName[name] = c
	n.keys = append(n.keys, c)
	return c
}

// item appends an item to an array.
func (n *node) item(line int) *node {
	c := &node{parent: n, index: len(n.items), line: line, kind: kindTable}
	n.items = append(n.items, c)
	return c
}

// innermost is the table that a header reaches through n: for an array of
// tables its newest one.
func (n *node) innermost() *node {
	for n.kind == kindArray && len(n.items) > 0 {
		n = n.items[len(n.items)-1]
	}
	return n
}

// get follows a path of keys; nil if there is no such value.
func (n *node) get(path ...string) *node {
	for _, name := range path {
		if n == nil {
			return nil
		}
		n = n.byName[name]
	}
	return n
}

// children are the keys of a table; none for nil.
func (n *node) children() []*node {
	if n == nil {
		return nil
	}
	return n.keys
}

// path is the place of n as TOML would spell it, with [i] for array items.
// A password inside a key (a URL may be a key of dial) is masked.
func (n *node) path() string {
	if n.parent == nil {
		return ""
	}
	up := n.parent.path()
	if n.parent.kind == kindArray {
		return fmt.Sprintf("%s[%d]", up, n.index)
	}
	if up == "" {
		return quoteKey(n.name)
	}
	return up + "." + quoteKey(n.name)
}

// quoteKey spells one part of a key, quoted only where TOML asks for it.
func quoteKey(name string) string {
	bare := name != ""
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-') {
			bare = false
		}
	}
	if bare {
		return name
	}
	if strings.Contains(name, "${") {
		return quote(ShownLocation(name))
	}
	return quote(mask(name))
}

// quote writes a TOML basic string on one line.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// attach gives the scanned nodes their decoded values. It reports whether the
// tree and the decoded value have the same shape; they always do, short of a
// defect here, and then positions would lie.
func (n *node) attach(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if n.kind != kindTable || len(v) != len(n.keys) {
			return false
		}
		for _, c := range n.keys {
			item, ok := v[c.name]
			if !ok || !c.attach(item) {
				return false
			}
		}
	case []map[string]any:
		if n.kind != kindArray || len(v) != len(n.items) {
			return false
		}
		for i, c := range n.items {
			if !c.attach(v[i]) {
				return false
			}
		}
	case []any:
		if n.kind != kindArray || len(v) != len(n.items) {
			return false
		}
		for i, c := range n.items {
			if !c.attach(v[i]) {
				return false
			}
		}
	case string:
		n.value = v
		return n.kind == kindString
	default:
		if n.kind != kindScalar {
			return false
		}
		n.value = v
		switch v.(type) {
		case int64:
			n.kind = kindInt
		case float64:
			n.kind = kindFloat
		case bool:
			n.kind = kindBool
		case time.Time:
			n.kind = kindTime
		default:
			return false
		}
	}
	return true
}
