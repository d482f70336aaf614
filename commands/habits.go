package commands

import (
	"strings"

	"cachering/commands/internal/plain"
)

// What people type who know redis-cli is told from other mistakes, and by a rule no
// word is repeated that may be a password for them: what stands behind -a, is written
// in one word with a flag, or is a URL.

// habit is a hint for who gives a flag by its name in redis-cli; "" where it has none.
func habit(name string) string {
	switch name {
	case "h", "p", "s", "host", "hostname", "port", "socket":
		return "servers are named in the configuration, by location; --config FILE chooses another"
	case "u", "uri", "url":
		return "the URL of a server goes into the configuration, as its location"
	case "n", "db":
		return "the database is named in the configuration, by db; -n is --dry-run, and takes no number"
	case "a", "auth", "pass", "password", "askpass", "user", "username":
		return "-a names a cache of the configuration, where passwords are found by password_env, password_file or password_command"
	}
	return ""
}

// habitualCommand is the command of this program for a word that is one in redis-cli or a
// shell, or a command of a group without its group; "" if it is none.
func habitualCommand(root *command, word string) string {
	switch strings.ToLower(word) {
	case "del", "rm", "remove", "unlink":
		return "delete"
	case "ls", "list", "scan":
		return "keys"
	case "mget", "cat":
		return "get"
	case "pttl":
		return "ttl"
	case "rewrite", "convert", "reserialize":
		return "reinsert"
	case "flushall", "flushdb", "flush":
		return "clear"
	case "ping", "info", "status":
		return "doctor"
	}
	for _, group := range root.subs {
		if sub := group.sub(word); sub != nil {
			return sub.path()
		}
	}
	return ""
}

// habitualFlag is a hint for who gives a flag by the name that it has elsewhere; "" where
// the command has nothing like it.
func habitualFlag(c *command, name string) string {
	switch name {
	case "ex", "px", "exat", "pxat", "expire", "expires", "expiry":
		if c.flag("ttl") != nil {
			return "--ttl sets an expiry"
		}
	case "raw":
		if c.flag("as") != nil {
			return "--as raw prints the stored bytes, --as text a str as it is"
		}
	case "format", "output", "o":
		if c.flag("as") != nil {
			return "--json prints one JSON document a line, --as json a value as JSON"
		}
		return "--json prints one JSON document a line"
	}
	return ""
}

// hostOrDatabase refuses a flag that takes no value here, where a value follows that
// redis-cli takes; rest are the words behind it.
func (l *commandLine) hostOrDatabase(word string, rest []string) error {
	if len(rest) == 0 {
		return nil
	}
	switch next := rest[0]; {
	case word == "-h" && !looksLikeFlag(next) && next != "-" && l.command.sub(next) == nil:
		return usagef("-h takes no value: it is --help").hinting("%s", habit("h"))
	case word == "-n" && isDigits(strings.TrimPrefix(next, "-")):
		return usagef("-n takes no number: it is --dry-run").hinting("%s", habit("n"))
	}
	return nil
}

func isDigits(word string) bool { return word != "" && strings.Trim(word, "0123456789") == "" }

// together names what is wrong with a word of short flags that are not all known. Of a
// value in the word nothing is told.
func together(c, root *command, letters string) *usageError {
	for _, letter := range letters {
		name := string(letter)
		f := root.flag(name)
		switch {
		case f == nil && c.subs != nil:
			f = anyFlag(root, name)
		case f == nil:
			f = c.flag(name)
		}
		switch {
		case name == "h":
			return usagef("-h takes no value: it is --help").hinting("%s", habit(name))
		case name == "n" && isDigits(letters[strings.Index(letters, name)+1:]):
			return usagef("-n takes no number: it is --dry-run").hinting("%s", habit(name))
		case f == nil:
			e := unknownFlag(c, root, name)
			if near := nearFlag(c, root, letters); near != "" && habit(name) == "" {
				e.hint = "did you mean --" + near + "?"
			}
			return e
		case takesValue(f):
			e := usagef("-%s takes its value as a word of its own", name)
			if hint := habit(name); hint != "" {
				return e.hinting("%s", hint)
			}
			return e.hinting("-%s VALUE", name)
		}
	}
	return unknownFlag(c, root, letters)
}

// lacking is a flag without its value, behind which next looks like a flag.
func lacking(c, root *command, name, next string) *usageError {
	if known, err := readFlag(c, root, next); err == nil {
		e := usagef("--%s needs a value, and %s looks like a flag", name, strings.TrimSuffix(next, "="+known.value))
		if known.hasValue {
			return e.hinting("--%s=VALUE if that is the value", name)
		}
		return e.hinting("--%s=%s if that is the value", name, next)
	}
	e := usagef("--%s needs a value, and the word behind it looks like a flag", name)
	if name == "cache" {
		return e.hinting("%s", habit("a"))
	}
	return e.hinting("--%s=VALUE if that is the value", name)
}

// twice is a flag that has two values.
func twice(name, one, other string) *usageError {
	if name == "cache" {
		return usagef("--cache is given twice, with different values").hinting("%s", habit("a"))
	}
	return usagef("--%s is given twice, as %s and as %s", name, one, other)
}

// misplacedWord is a word of the command line in a sentence. A URL may hold a password.
func misplacedWord(word string) string {
	if strings.Contains(word, "://") {
		return "a URL"
	}
	return plain.Quote(word)
}

// about gives e a hint, another where word is a URL in the wrong place.
func (e *usageError) about(word, format string, args ...any) *usageError {
	if strings.Contains(word, "://") {
		return e.hinting("%s", habit("u"))
	}
	return e.hinting(format, args...)
}
