// Package danger finds names in stored values that a pickle is not to name: those by
// which whoever wrote it gets the application to run something, or those that are not on
// a list. It looks where scanners of pickles are known not to look, unpacks what is
// compressed, and makes no value of anything: nothing that it reads is ever called.
//
// It knows no Redis and no configuration.
package danger

import (
	"bufio"
	"bytes"
	_ "embed" // the table
	"fmt"
	"io"
	"strings"
	"sync"

	"cachering/codec/pickle"
	"cachering/ring"
)

//go:embed forbidden.txt
var table []byte

// Rule is what a name is found by.
type Rule struct {
	Glob   string // of module.name
	Why    string // what the name is good for; "" where nobody said
	Source string // where that is written, by the words at the top of the table
}

// Default is the rules of the table, which is a copy of the caller's own.
func Default() []Rule {
	rules := defaults()
	return append(make([]Rule, 0, len(rules)), rules...)
}

var defaults = sync.OnceValue(func() (rules []Rule) {
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		// Columns are apart by two blanks, or by one where the first is long.
		glob, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		words := strings.Fields(rest)
		last := len(words) - 1
		rules = append(rules, Rule{glob, strings.Join(words[:last], " "), words[last]})
	}
	return rules
})

// The names of the rules that are no globs.
const (
	Computed   = "computed name"       // nobody knows it before it is loaded
	Extension  = "extension code"      // of copyreg: the application alone knows what it is
	Within     = "name inside a name"  // a module is reached through another
	Special    = "special name"        // __class__, __globals__, …, from which all can be reached
	NotAllowed = "not on the list"     // of what is allowed
	TooDeep    = "nested too deep"     // pickles in pickles in pickles
	Unread     = "too large to search" // it takes more memory than there is for a value
)

// Rules say which names are found.
type Rules struct {
	forbidden []Rule
	globs     [256][]int // of forbidden, by the first byte of the glob
	loose     []int      // those that begin with a glob character
	allowed   [][]byte
	allow     bool
}

// New makes rules of what is forbidden, and of globs of all that is allowed; allowed is
// nil where anything is that is not forbidden.
func New(forbidden []Rule, allowed []string) *Rules {
	r := &Rules{forbidden: forbidden, allow: allowed != nil}
	for i, rule := range forbidden {
		if c := rule.Glob[0]; strings.IndexByte(`*?[\`, c) >= 0 {
			r.loose = append(r.loose, i)
		} else {
			r.globs[c] = append(r.globs[c], i)
		}
	}
	for _, glob := range allowed {
		r.allowed = append(r.allowed, []byte(glob))
	}
	return r
}

// ReadAllowed reads globs, one a line; empty lines, and what stands behind a #, say
// nothing. They are not nil.
func ReadAllowed(r io.Reader) ([]string, error) {
	globs := make([]string, 0, 64)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if strings.ContainsAny(text, " \t") {
			return nil, fmt.Errorf("line %d: %q is no glob of module.name", n, text)
		}
		globs = append(globs, text)
	}
	return globs, lines.Err()
}

// reached are modules that are dangerous to reach by another's name.
var reached = map[string]bool{
	"os": true, "posix": true, "nt": true, "sys": true, "subprocess": true, "builtins": true, "__builtin__": true, "importlib": true, "shutil": true,
	"socket": true, "ctypes": true, "pickle": true, "runpy": true, "pty": true, "multiprocessing": true, "posixpath": true, "ntpath": true, "types": true,
}

// verbs are attributes that are dangerous of whatever they are asked.
var verbs = map[string]bool{
	"system": true, "popen": true, "Popen": true, "eval": true, "exec": true, "execute": true, "load": true, "loads": true, "import_module": true,
	"check_output": true, "check_call": true, "call": true, "run": true, "spawn": true, "open": true, "exec_module": true, "load_module": true,
}

// judge tells by what a name is found, and how it is spelled; "" if it is not.
func (r *Rules) judge(n *pickle.Global) (rule, name string) {
	if n.Name == nil || n.Module == nil && len(n.Name) == 0 {
		return Computed, "?"
	}
	module, attr := n.Module, n.Name
	if n.Module == nil {
		module = []byte("?")
	} else if n.Known() {
		module, attr = n.Python3()
		if string(module) == "__builtin__" { // in a protocol that does not map it
			module = []byte("builtins")
		}
	}
	full := append(append(append(make([]byte, 0, len(module)+1+len(attr)), module...), '.'), attr...)
	if rule := r.find(full); rule != "" {
		return rule, string(full)
	}
	if rule := r.inside(module, attr); rule != "" && r.forbidden != nil {
		return rule, string(full)
	}
	if r.allow && !r.allows(full) {
		return NotAllowed, string(full)
	}
	return "", ""
}

// find is the glob of what is forbidden that fits a name.
func (r *Rules) find(full []byte) string {
	for _, list := range [...][]int{r.globs[full[0]], r.loose} {
		for _, i := range list {
			if ring.Match([]byte(r.forbidden[i].Glob), full) {
				return r.forbidden[i].Glob
			}
		}
	}
	return ""
}

// inside looks at the parts of a name that has several, as STACK_GLOBAL and getattr
// reach them.
func (r *Rules) inside(module, attr []byte) string {
	for rest, first := attr, true; ; first = false {
		part, after, more := bytes.Cut(rest, []byte("."))
		switch {
		case len(part) > 4 && bytes.HasPrefix(part, []byte("__")) && bytes.HasSuffix(part, []byte("__")) && !remade(module, part):
			return Special
		case reached[string(part)]:
			return Within
		case string(module) == "?" && verbs[string(part)]:
			return Within
		case more && r.find(rest) != "" && !(first && string(module) == "?"):
			return Within
		}
		if !more {
			return ""
		}
		rest = after
	}
}

// remade tells the functions by which pickles make objects.
func remade(module, name []byte) bool {
	return string(name) == "__new__" || string(module) == "copyreg" && (string(name) == "__newobj__" || string(name) == "__newobj_ex__")
}

func (r *Rules) allows(full []byte) bool {
	for _, glob := range r.allowed {
		if ring.Match(glob, full) {
			return true
		}
	}
	return false
}

// judgeText is judge of a name that stands in a text.
func (r *Rules) judgeText(module, attr []byte) (rule, name string) {
	return r.judge(&pickle.Global{Module: module, Name: attr})
}
