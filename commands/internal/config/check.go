package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
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

// Code says what a finding is about, for programs.
type Code string

// What findings that are no errors are about.
const (
	CodeSetting     Code = "setting"                // worth a look, and none of those below
	CodeNoEffect    Code = "setting_without_effect" // the application gets nothing from it
	CodeIgnored     Code = "ignored_setting"        // it matters to the application, and not here
	CodeLocation    Code = "location_spelling"      // accepted, and hardly meant
	CodeTwice       Code = "listed_twice"           // a server
	CodeSeveral     Code = "several_locations"      // of a backend that does not shard
	CodeCertificate Code = "certificate_unchecked"  // of servers
	CodeProtocol    Code = "protocol_unknown"       // to write
	CodePermissions Code = "file_permissions"       // others may read or write a file
)

// Finding is one line of config check.
type Finding struct {
	Code  Code   `json:"-"` // empty for an error
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
// order of its lines, and what Load would: nil where that fails. Passwords in
// variables and files, and the files of TLS, are looked up; a password_command is
// not run. The file is read once: it may be a pipe.
func Check(ctx context.Context, src Source) (*File, []Finding) {
	f, errs := load(src)
	var list []Finding
	for _, err := range errs {
		list = append(list, findingOf(err))
	}
	if f == nil {
		return nil, list
	}
	for _, w := range f.Warnings {
		list = append(list, findingOfWarning(w))
	}
	list = append(list, f.permissions()...)
	for _, c := range f.Caches {
		list = append(list, c.findings()...)
		list = append(list, c.lookUp(ctx)...)
	}
	slices.SortStableFunc(list, func(a, b Finding) int { return a.Line - b.Line })
	if len(errs) > 0 {
		f = nil
	}
	return f, list
}

// About gives what Check says about one cache of a file that is right, and about
// the file itself. No password is looked up.
func (f *File) About(c *Cache) []Finding {
	var list []Finding
	for _, w := range f.Warnings {
		if w.Cache == "" || w.Cache == c.Alias {
			list = append(list, findingOfWarning(w))
		}
	}
	return append(append(list, f.permissions()...), c.findings()...)
}

func findingOfWarning(w Warning) Finding {
	return Finding{Code: w.Code, Level: LevelWarning, File: w.File, Line: w.Line, Key: w.Key, Msg: w.Msg, Hint: w.Hint}
}

// permissions tells of a file that others may write. One that was found by
// search is refused then; one that was named is used, and says where passwords
// go and which command is run.
func (f *File) permissions() []Finding {
	info, err := os.Stat(f.Path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o022 == 0 {
		return nil
	}
	return []Finding{{Code: CodePermissions, Level: LevelWarning, File: f.Path, Line: 1,
		Msg: fmt.Sprintf("others may write this file (mode %04o)", info.Mode().Perm()), Hint: "run chmod go-w on it"}}
}

// findings are those that Load has no reason to look for.
func (c *Cache) findings() []Finding {
	var list []Finding
	ignored := func(n *node, msg string) {
		list = append(list, Finding{Code: CodeIgnored, Level: LevelNote, File: c.File, Line: n.line, Key: n.path(), Msg: msg})
	}
	for _, n := range c.ignored {
		ignored(n, "without effect here")
	}
	for i, s := range c.Servers {
		for _, name := range slices.Sorted(maps.Keys(s.Query)) {
			if !slices.Contains([]string{"db", "host", "port", "path", "unix_socket_path", "username", "password", "is_master", maxConnections}, name) && !slices.Contains(tlsOptions, name) {
				ignored(c.node.get("location"), fmt.Sprintf("server %d: its URL option %s is without effect here", i+1, printable(name)))
			}
		}
	}
	if !c.ProtocolKnown() {
		e := c.ProtocolError()
		list = append(list, Finding{Code: CodeProtocol, Level: LevelWarning, File: e.File, Line: e.Line, Key: e.Key, Msg: e.Msg, Hint: e.Hint})
	}
	return list
}

// lookUp looks for the passwords, unless that would run a command, and for what
// TLS needs.
func (c *Cache) lookUp(ctx context.Context) []Finding {
	var list []Finding
	var e *Error
	for _, s := range c.secrets() {
		if s.from != nil && s.from.name == "password_command" {
			list = append(list, Finding{Level: LevelNote, File: c.File, Line: s.from.line, Key: s.from.path(), Msg: "not run by this check"})
			continue
		}
		if _, err := s.get(ctx); errors.As(err, &e) {
			list = append(list, findingOf(e))
		}
	}
	add := func(err error) {
		if errors.As(err, &e) && !slices.Contains(list, findingOf(e)) {
			list = append(list, findingOf(e))
		}
	}
	for i := range c.Servers {
		if c.endpoints[i].TLS {
			_, err := c.TLS(i)
			add(err)
		}
	}
	if c.Sentinels != nil && c.Sentinels.TLS {
		_, err := c.Sentinels.TLSConfig()
		add(err)
	}
	return list
}
