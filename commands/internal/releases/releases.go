// Package releases is what releases of Python and of Django have: the modules of the
// standard library and of Django, the names in them, and which calls that pickles make
// of them succeed. It is data, made by asking the interpreters themselves; README.md
// says how. The package knows no cache and no pickle, and dials nothing.
package releases

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the data
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed names.txt.gz
var names []byte

//go:embed calls.txt
var calls string

// A Package is one of those whose releases are known.
type Package string

// The packages.
const (
	Python Package = "python" // with its standard library
	Django Package = "django"
)

// A Release is one of those of a package, or one between two of them. The zero Release
// is none: it has everything.
type Release struct {
	table   *table
	between uint16 // those of the table that it may be like: one, or its neighbours
}

// Presence is what is known of a name.
type Presence uint8

// What is known of a name.
const (
	Unknown  Presence = iota // nothing: it is not of the package, or lies between two releases of which one has it
	There                    // it can be looked up
	NoModule                 // there is no such module
	NoName                   // the module has no such name
)

// table is what is known of a package.
type table struct {
	releases []string
	modules  map[string]*module
	calls    map[string]uint16 // releases in which a call fails, by its key
}

// module is one module: bits are of releases.
type module struct {
	there, unknown uint16
	names          map[string]uint16
}

// tables reads the data once, where it is first asked for.
var tables = sync.OnceValue(func() map[Package]*table {
	z, err := gzip.NewReader(bytes.NewReader(names))
	if err != nil {
		panic(err) // it is part of the program
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	all := make(map[Package]*table)
	var t *table
	var m *module
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case line[0] == ' ':
			for _, name := range words[1:] {
				m.names[name] = bits(words[0])
			}
		case words[0] == string(Python) && len(words) > 3 || words[0] == string(Django) && len(words) > 3:
			t = &table{releases: words[1:], modules: make(map[string]*module)}
			all[Package(words[0])] = t
		default:
			m = &module{there: bits(words[1]), unknown: bits(words[2]), names: make(map[string]uint16)}
			t.modules[words[0]] = m
		}
	}
	t = all[Python]
	t.calls = make(map[string]uint16)
	for line := range strings.Lines(calls) {
		if mask, key, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok && mask != "#" {
			t.calls[key] = bits(mask)
		}
	}
	return all
})

func bits(hex string) uint16 {
	n, err := strconv.ParseUint(hex, 16, 16)
	if err != nil {
		panic(err)
	}
	return uint16(n)
}

// Known lists the releases of a package that were asked, oldest first.
func Known(p Package) []string { return slices.Clone(tables()[p].releases) }

// Find finds a release by its number, of which two parts count. One that was not asked
// is like its neighbours: what one of them has it may have. exact tells whether it was
// asked. The error names what is no release.
func Find(p Package, number string) (r Release, exact bool, err error) {
	t := tables()[p]
	at, ok := order(number)
	if !ok {
		return Release{}, false, fmt.Errorf("%q is no release of %s: write one as %s", number, p, t.releases[len(t.releases)-1])
	}
	below, above := -1, -1
	for i, known := range t.releases {
		switch is, _ := order(known); {
		case is == at:
			return Release{t, 1 << i}, true, nil
		case is < at:
			below = i
		case above < 0:
			above = i
		}
	}
	for _, i := range [...]int{below, above} {
		// Python 2 and 3 are no neighbours.
		if i >= 0 && !(p == Python && t.releases[i][0] != number[0]) {
			r.between |= 1 << i
		}
	}
	r.table = t
	return r, false, nil
}

// order is the first two parts of a number, as one that can be compared.
func order(number string) (n int, ok bool) {
	first, rest, _ := strings.Cut(number, ".")
	second, _, _ := strings.Cut(rest, ".")
	if second == "" {
		second = "0"
	}
	a, err := strconv.ParseUint(first, 10, 8)
	b, wrong := strconv.ParseUint(second, 10, 8)
	return int(a)<<8 | int(b), err == nil && wrong == nil
}

// Has tells whether a name can be looked up in a module, as an unpickler does it. A
// name with dots is known by what stands before the first.
func (r Release) Has(moduleName, name []byte) Presence {
	if r.table == nil {
		return Unknown
	}
	m := r.table.modules[string(moduleName)]
	if m == nil {
		if r.parent(moduleName) {
			return NoModule
		}
		return Unknown
	}
	if m.unknown&r.between != 0 {
		return Unknown
	}
	if m.there&r.between == 0 {
		return NoModule
	}
	first, _, _ := bytes.Cut(name, []byte("."))
	if len(first) > 4 && bytes.HasPrefix(first, []byte("__")) && bytes.HasSuffix(first, []byte("__")) {
		return Unknown
	}
	mask, known := m.names[string(first)]
	switch {
	case mask&r.between != 0:
		return There
	case known, r.table.modules["builtins"] != nil: // of the standard library every name is known
		return NoName
	}
	return Unknown
}

// parent reports whether a module that is not known would lie in a package that is
// known whole: one of the standard library.
func (r Release) parent(name []byte) bool {
	top, _, dotted := bytes.Cut(name, []byte("."))
	if !dotted || r.table.modules["builtins"] == nil {
		return false
	}
	m := r.table.modules[string(top)]
	return m != nil && m.there&r.between == r.between && m.unknown == 0
}

// Fails reports whether a call is known to fail in r. Keys are those of calls.txt.
func (r Release) Fails(key string) bool {
	return r.table != nil && r.between != 0 && r.table.calls[key]&r.between == r.between
}

// Calls is the table of calls, as calls.txt has it.
func Calls() string { return calls }
