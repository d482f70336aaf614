package config

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"slices"
)

// Load reads and checks a configuration file. Its error is the first thing
// wrong in the file, an *Error; Check tells all of them. No password is looked
// up: see Cache.Login.
func Load(src Source) (*File, error) {
	f, errs := load(src)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return f, nil
}

func load(src Source) (*File, []*Error) {
	text, mode, err := src.read()
	if err != nil {
		return nil, []*Error{err.(*Error)}
	}
	env := src.env
	if env == nil {
		env = os.Getenv
	}
	return parse(src.Path, text, mode, env)
}

// parse checks the text of a file. The errors are in the order of the file.
func parse(path, content string, mode fs.FileMode, env func(string) string) (*File, []*Error) {
	root, err := decode(path, content)
	if err != nil {
		return nil, []*Error{err.(*Error)}
	}
	l := &loader{file: path, env: env}
	sum := sha256.Sum256([]byte(content))
	f := &File{Path: path, SHA256: hex.EncodeToString(sum[:])}
	l.root(root)
	if n := root.get("run_log"); text(n) != "" {
		f.RunLog = besides(path, text(n))
	}
	if caches := root.get("caches"); caches != nil && caches.kind == kindTable {
		for _, n := range caches.keys {
			if c := l.cache(n); c != nil {
				f.Caches = append(f.Caches, c)
			}
		}
		if len(caches.keys) == 0 {
			l.fail(caches, "no cache is described", "write a table such as [caches.default]")
		}
	} else if len(l.errs) == 0 {
		l.errs = append(l.errs, &Error{File: path, Line: 1, Key: "caches", Msg: "no cache is described", Hint: "write a table such as [caches.default]"})
	}
	l.readableByOthers(root, f, mode)
	slices.SortStableFunc(l.errs, func(a, b *Error) int { return a.Line - b.Line })
	slices.SortStableFunc(l.warnings, func(a, b Warning) int { return a.Line - b.Line })
	f.Warnings = l.warnings
	return f, l.errs
}

// root checks the top of the file; each cache is checked on its own, once its
// backend is known to be one whose settings are understood.
func (l *loader) root(root *node) {
	top := fileField
	for _, k := range root.keys {
		if k.name == "caches" && k.kind == kindTable {
			continue
		}
		l.validateKey(k, &top)
	}
}

// readableByOthers warns about a file that shows a password to everybody.
func (l *loader) readableByOthers(root *node, f *File, mode fs.FileMode) {
	for _, c := range f.Caches {
		// Secrets of containers are mounted that way, so it is no error.
		for _, s := range c.secrets() {
			n := s.from
			if n == nil || n.name != "password_file" {
				continue
			}
			if info, err := os.Stat(besides(l.file, text(n))); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0 {
				l.warnOf(CodePermissions, n, "every user can read this file", "run chmod o-r on it, if others use this machine")
			}
		}
	}
	if !mode.IsRegular() || mode.Perm()&0o004 == 0 {
		return
	}
	for _, c := range f.Caches {
		var n *node
		for _, s := range c.Servers {
			if s.Password != "" && c.holdsPassword() {
				n = c.node.get("location")
			}
		}
		for _, s := range c.secrets() {
			if s.from != nil && s.from.name == "password" {
				n = s.from
			}
		}
		if n != nil {
			l.warnOf(CodePermissions, n, "every user can read this file, and it holds a password", "run chmod o-r on it")
			// Whichever cache is worked on.
			l.warnings[len(l.warnings)-1].Cache = ""
			return
		}
	}
}
