package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Environment variables that choose the file and the cache, and hold the password of
// every cache whose configuration names none.
const (
	EnvFile     = "CACHERING_CONFIG"
	EnvCache    = "CACHERING_CACHE"
	EnvPassword = "CACHERING_PASSWORD"
)

// Source is a configuration file to load, and how it was chosen.
type Source struct {
	Path     string
	From     string // FromFlag, FromEnv or FromSearch
	Searched bool   // found, not named: then Load insists on who owns it

	env func(string) string // where password_env is looked up; nil: the process
}

// How a configuration file is chosen. The words are stable: scripts branch on them.
const (
	FromFlag   = "flag"
	FromEnv    = "environment"
	FromSearch = "found"
)

// Find chooses the configuration file: the one that --config names, then
// $CACHERING_CONFIG, then the first that exists of ./cachering.toml, the
// user's configuration directory and /etc/cachering/config.toml. Named files
// need not exist for Find; Load says so. Load looks up password_env with env, too.
func Find(flag string, env func(string) string) (Source, error) {
	if flag != "" {
		return Source{Path: flag, From: FromFlag, env: env}, nil
	}
	if path := env(EnvFile); path != "" {
		return Source{Path: path, From: FromEnv, env: env}, nil
	}
	paths := searchPaths(env)
	for _, path := range paths {
		// A directory that this user may not enter counts as absent: under
		// sudo, HOME is often that of somebody else.
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return Source{Path: path, From: FromSearch, Searched: true, env: env}, nil
		}
	}
	return Source{}, &Error{
		Msg:  "no configuration file: looked for " + printable(strings.Join(paths, ", ")),
		Hint: "start here: cachering config import settings.py, or name one with --config or " + EnvFile,
	}
}

// searchPaths lists where a file is looked for. The user's directory follows
// the XDG rules on every system, as most command-line programs do.
func searchPaths(env func(string) string) []string {
	paths := []string{"cachering.toml"}
	dir := env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // the XDG rules: a relative one counts as unset
		dir = ""
		if home := env("HOME"); filepath.IsAbs(home) {
			dir = filepath.Join(home, ".config")
		}
	}
	if dir != "" {
		paths = append(paths, filepath.Join(dir, "cachering", "config.toml"))
	}
	return append(paths, "/etc/cachering/config.toml")
}

// Readable returns the error with which Load would fail before it looks at a word of the
// file.
func (s Source) Readable() error {
	_, _, err := s.read()
	return err
}

// read returns the text of the file and its permissions. What is checked is
// the open file, so that nobody can exchange it in between.
func (s Source) read() (string, fs.FileMode, error) {
	if s.Searched {
		// Opening a pipe that somebody left there would wait for ever.
		if info, err := os.Stat(s.Path); err == nil && !info.Mode().IsRegular() {
			return "", 0, &Error{File: s.Path, Line: 1, Msg: "not a regular file", Hint: "remove it, or name a file with --config"}
		}
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return "", 0, unreadable(s.Path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", 0, unreadable(s.Path, err)
	}
	if info.IsDir() {
		return "", 0, &Error{File: s.Path, Msg: "is a directory", Hint: "name the file inside it"}
	}
	if s.Searched {
		if err := trusted(s.Path, info, os.Geteuid()); err != nil {
			return "", 0, err
		}
	}
	// One byte more than allowed tells decode that there is too much.
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", 0, unreadable(s.Path, err)
	}
	return string(text), info.Mode(), nil
}

func unreadable(path string, err error) *Error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	e := &Error{File: path, Msg: err.Error(), Hint: "name another file with --config", err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = "write it after config.example.toml, or name another file with --config"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "make it readable for this user"
	}
	return e
}

// trusted refuses a file that somebody but the caller and root may have written: passwords would
// be sent wherever it says, and its password_command would be run.
func trusted(path string, info fs.FileInfo, caller int) error {
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return &Error{
			File: path, Line: 1,
			Msg:  fmt.Sprintf("others may write this file (mode %04o), and it was found by search", perm),
			Hint: "run chmod go-w on it, or name it with --config",
		}
	}
	if uid, ok := owner(info); ok && uid != 0 && uid != caller {
		return &Error{
			File: path, Line: 1,
			Msg:  fmt.Sprintf("user %d owns this file, and it was found by search", uid),
			Hint: "take it over with chown, or name it with --config",
		}
	}
	return nil
}
