package config

import (
	"slices"
	"strings"

	"cachering/commands/internal/library"
)

// What follows is for those who write configurations: which keys there are, how
// text is spelled, and whether what was written would be read.

// An Option is what may stand under a key of OPTIONS.
type Option struct {
	Name    string
	Text    bool     // a string may, such as the name of a class
	None    bool     // the string "none" may, for Python's None
	Idle    bool     // it is without effect here
	Refused string   // why nothing may, with the remedy after "; "
	Table   []Option // a table of these may; nil: none with a fixed set of keys
}

// OptionsOf lists what a library reads of OPTIONS, and what every cache may say
// there.
func OptionsOf(lib *library.Library) []Option { return optionList(optionsOf(lib)) }

func optionList(fields []field) []Option {
	list := make([]Option, len(fields))
	for i, f := range fields {
		list[i] = Option{Name: f.name, Text: f.kinds&kindString != 0, None: strings.Contains(f.want, `"none"`), Idle: f.idle, Refused: f.refused}
		if f.kinds&kindTable != 0 && f.table != nil {
			list[i].Table = optionList(f.table)
		}
	}
	return list
}

// Parse reads a configuration that is not in a file yet. path is what errors call
// it.
func Parse(path, text string, env func(string) string) (*File, []*Error) {
	return parse(path, text, 0, env)
}

// CheckPython tells what is wrong with the version of a Python, and the remedy;
// both are empty if it is one.
func CheckPython(version string) (msg, hint string) {
	p := checkPython(&node{kind: kindString, value: version})
	return p.msg, p.hint
}

// IsPython2 reports whether a checked version is of Python 2.
func IsPython2(version string) bool { return python2(version) }

// ClusterNames are the options that name what makes a client of a Redis Cluster, where an
// application uses one.
func ClusterNames() []string { return slices.Clone(clusterNames) }

// IsEnvName reports whether password_env takes a name.
func IsEnvName(name string) bool {
	return checkEnvName(&node{kind: kindString, value: name}).msg == ""
}

// Quote is a text as TOML, and Python, spell it.
func Quote(text string) string { return quote(text) }

// QuoteKey is one part of a key as TOML spells it, quoted where it has to be.
func QuoteKey(name string) string { return quoteKey(name) }

// Printable is a text without what could disturb a terminal.
func Printable(text string) string { return printable(text) }

// Mask hides the passwords in a location that may be none.
func Mask(location string) string { return mask(location) }

// Hidden stands where a password is.
const Hidden = hidden

// A Node is a value of the file as it stands there. The zero Node is none.
type Node struct{ n *node }

// Node is the table of the cache.
func (c *Cache) Node() Node { return Node{c.node} }

// Get follows a path of keys; the zero Node if there is no such value.
func (n Node) Get(path ...string) Node { return Node{n.n.get(path...)} }

// Given reports whether there is such a value.
func (n Node) Given() bool { return n.n != nil }

// Name is its key.
func (n Node) Name() string { return n.n.name }

// Table and Text report its type.
func (n Node) Table() bool { return n.n.kind == kindTable }
func (n Node) Text() bool  { return n.n.kind == kindString }

// Value is a string, int64, float64 or bool; nil for tables, arrays and moments.
func (n Node) Value() any { return n.n.value }

// String is its text, empty where it is none.
func (n Node) String() string { return text(n.n) }

// Seconds is its value as a duration of so many seconds, or as a duration is
// spelled; 0 for "none".
func (n Node) Seconds() float64 { return duration(n.n).Seconds() }

// Keys are those of a table, in the order of the file.
func (n Node) Keys() []Node { return wrap(n.n.children()) }

// Items are those of an array.
func (n Node) Items() []Node { return wrap(n.n.items) }

func wrap(nodes []*node) []Node {
	list := make([]Node, len(nodes))
	for i, n := range nodes {
		list[i] = Node{n}
	}
	return list
}
