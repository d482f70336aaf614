package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Level says how bad a finding is.
type Level string

// The levels of findings, worst first.
const (
	LevelError   Level = "error"   // commands refuse the file, or this cache
	LevelWarning Level = "warning" // allowed, and worth a look
	LevelNote    Level = "note"    // as it should be, and good to know
)

// Finding is one line of config check.
type Finding struct {
	Level Level  `json:"level"`
	File  string `json:"file"`
	Line  int    `json:"line,omitempty"`
	Key   string `json:"key,omitempty"`
	Msg   string `json:"message"`
	Hint  string `json:"hint,omitempty"`
}

// String is the finding on one line, without its level.
func (f Finding) String() string {
	return (&Error{File: f.File, Line: f.Line, Key: f.Key, Msg: f.Msg, Hint: f.Hint}).Error()
}

func findingOf(err *Error) Finding {
	return Finding{Level: LevelError, File: err.File, Line: err.Line, Key: err.Key, Msg: err.Msg, Hint: err.Hint}
}

// Check gives everything there is to say about a configuration file, in the
// order of its lines. Passwords in variables and files are looked up; a
// password_command is not run.
func Check(src Source) []Finding {
	f, errs := load(src)
	var list []Finding
	for _, err := range errs {
		list = append(list, findingOf(err))
	}
	if f == nil {
		return list
	}
	for _, w := range f.Warnings {
		list = append(list, Finding{Level: LevelWarning, File: w.File, Line: w.Line, Key: w.Key, Msg: w.Msg, Hint: w.Hint})
	}
	for _, c := range f.Caches {
		list = append(list, c.findings()...)
	}
	slices.SortStableFunc(list, func(a, b Finding) int { return a.Line - b.Line })
	return list
}

// findings are those that Load has no reason to look for.
func (c *Cache) findings() []Finding {
	var list []Finding
	at := func(level Level, n *node, msg, hint string) {
		list = append(list, Finding{Level: level, File: c.File, Line: n.line, Key: n.path(), Msg: msg, Hint: hint})
	}
	for _, n := range c.ignored {
		at(LevelNote, n, "without effect here", "")
	}
	for i, s := range c.Servers {
		for _, name := range slices.Sorted(maps.Keys(s.Query)) {
			if !slices.Contains([]string{"db", "host", "port", "path", "unix_socket_path", "username", "password"}, name) && !slices.Contains(tlsOptions, name) {
				at(LevelNote, c.node.get("location"), fmt.Sprintf("server %d: its URL option %s is without effect here", i+1, printable(name)), "")
			}
		}
	}
	if !c.ProtocolKnown() {
		e := c.ProtocolError()
		list = append(list, Finding{Level: LevelWarning, File: e.File, Line: e.Line, Key: e.Key, Msg: e.Msg, Hint: e.Hint})
	}
	from := c.secret.from
	if from == nil {
		return list
	}
	if from.name == "password_command" {
		at(LevelNote, from, "not run by this check", "")
		return list
	}
	var e *Error
	if _, err := c.secret.get(context.Background()); errors.As(err, &e) {
		list = append(list, findingOf(e))
	}
	return list
}
