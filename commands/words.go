package commands

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// The flag library stops reading flags at the first argument, and reads a
// global flag only before the command. So that people may write flags where
// they like, arrange reads the words first and puts them in the one order that
// the library understands. On the way it refuses everything that is not
// declared, so the library only converts values.

// errNoWords is a call of the program without a word: somebody looks what it is.
var errNoWords = usagef("no command given").hinting(startHere + "; cachering --help lists the commands")

// commandLine is what the words of a command line mean.
type commandLine struct {
	command *command // the command asked for; the root when there is none
	flags   []setFlag
	args    []string
	help    bool   // --help was among the words
	topic   string // of help; "": it is of a command
	version bool   // --version was the only word
}

// setFlag is a flag as given. The name is the long one, for the library to
// see every flag under one name.
type setFlag struct {
	flag     cli.Flag
	name     string
	value    string
	hasValue bool
	global   bool
}

func (l *commandLine) has(name string) bool {
	for _, f := range l.flags {
		if f.name == name {
			return true
		}
	}
	return false
}

// value is that of a flag, "" where it is not given.
func (l *commandLine) value(name string) string {
	for _, f := range l.flags {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// words is the line in the library's order: global flags, command, its flags,
// "--", arguments.
func (l *commandLine) words() []string {
	var globals, own []string
	for _, f := range l.flags {
		word := "--" + f.name
		if f.hasValue {
			word += "=" + f.value
		}
		if f.global {
			globals = append(globals, word)
		} else {
			own = append(own, word)
		}
	}
	words := append(globals, strings.Fields(l.command.path())...)
	words = append(words, own...)
	return append(append(words, "--"), l.args...)
}

// arrange reads the words of a command line, the program's name left out. The
// line it returns is never nil, and holds what was read before an error.
func arrange(root *command, words []string) (*commandLine, error) {
	l := &commandLine{command: root}
	if len(words) == 1 && words[0] == "--version" {
		l.version = true
		return l, nil
	}
	var early []setFlag // flags before the command, not yet known to be its own
	for i := 0; i < len(words); i++ {
		if single := singly(l.command, root, words[i]); single != nil {
			words = slices.Concat(words[:i], single, words[i+1:])
		}
		word := words[i]
		if err := l.hostOrDatabase(word, words[i+1:]); err != nil {
			return l, err
		}
		switch {
		case word == "--":
			l.args = append(l.args, words[i+1:]...)
			i = len(words)
		case word == "-h" || word == "--help":
			l.help = true
		case !isFlag(l.command, root, word):
			if l.command.subs == nil {
				l.args = append(l.args, word)
				break
			}
			if l.command == root && word == "help" {
				l.help = true
				break
			}
			sub := l.command.sub(word)
			if sub == nil && l.help && l.topic == "" {
				if _, ok := findTopic(word); ok && l.command == root {
					l.topic = word
					break
				}
				return l, unknownTopic(l.command, word)
			}
			if l.topic != "" {
				return l, usagef("help takes one topic, got one more: %s", misplacedWord(word)).about(word, "")
			}
			if sub == nil {
				return l, unknownCommand(l.command, word)
			}
			l.command = sub
		default:
			f, err := readFlag(l.command, root, word, words[i+1:]...)
			if err != nil {
				return l, err
			}
			if takesValue(f.flag) && !f.hasValue {
				if i+1 == len(words) {
					return l, usagef("--%s needs a value", f.name)
				}
				i++
				// A forgotten value must not swallow the next flag.
				if next := words[i]; looksLikeFlag(next) {
					return l, lacking(l.command, root, f.name, next)
				}
				f.value, f.hasValue = words[i], true
			}
			if l.command.subs != nil && !f.global {
				early = append(early, f)
			}
			for _, g := range l.flags {
				if g.name == f.name && g.value != f.value && !repeats(f.flag) {
					return l, twice(f.name, g.value, f.value)
				}
			}
			if !l.has(f.name) || repeats(f.flag) {
				l.flags = append(l.flags, f)
			}
		}
	}
	if l.help {
		return l, nil
	}
	return l, l.check(root, early)
}

// check refuses what only the whole line shows to be wrong.
func (l *commandLine) check(root *command, early []setFlag) error {
	c := l.command
	for _, f := range early {
		if f.name == "version" {
			e := usagef("--version N belongs behind its command")
			if c.flag("version") != nil {
				return e.hinting("cachering %s --version %s", c.path(), f.value)
			}
			return e.hinting("cachering --version, alone, prints the version of the program")
		}
	}
	if c == root {
		if len(l.args) > 0 {
			return usagef("no command before --").hinting("cachering --help lists the commands")
		}
		if len(l.flags) == 0 {
			return errNoWords
		}
		return usagef("no command given").hinting(startHere + "; cachering --help lists the commands")
	}
	if c.subs != nil {
		return usagef("%s needs one of: %s", c.path(), strings.Join(names(c.subs), ", ")).
			hinting("cachering %s --help", c.path())
	}
	for _, f := range early {
		if c.flag(f.name) == nil {
			return unknownFlag(c, root, f.name)
		}
	}
	n := len(l.args)
	switch {
	case n > c.max && c.max == 0:
		return usagef("%s takes no argument, got %s", c.path(), misplacedWord(l.args[0])).
			about(l.args[0], "cachering %s --help", c.path())
	case c.max >= 0 && n > c.max:
		return usagef("%s takes %s, got one more: %s", c.path(), c.args, misplacedWord(l.args[c.max])).
			about(l.args[c.max], "cachering %s --help", c.path())
	case n < c.min && !l.has(keysFromFlag):
		return usagef("%s needs %s", c.path(), c.args).hinting("cachering %s --help", c.path())
	}
	return nil
}

// singly is a word of several short flags as a word for each, -qv as -q -v; nil
// if it is none. The last may take a value. A long name behind one dash is left
// to be refused.
func singly(c, root *command, word string) []string {
	letters, _, _ := strings.Cut(word, "=")
	if len(letters) < 3 || word[0] != '-' || word[1] == '-' || isNumber(word) || anyFlag(root, letters[1:]) != nil {
		return nil
	}
	var single []string
	for i := 1; i < len(letters); i++ {
		one := "-" + letters[i:i+1]
		last := i == len(letters)-1
		if last {
			one = "-" + word[i:]
		}
		if f, err := readFlag(c, root, one); one != "-h" && (err != nil || !last && takesValue(f.flag)) {
			return nil
		}
		single = append(single, one)
	}
	return single
}

// isFlag tells flags from arguments. A negative number is an argument unless
// the command has a flag of that name, as -0.
func isFlag(c, root *command, word string) bool {
	if len(word) < 2 || word[0] != '-' {
		return false
	}
	if !isNumber(word) {
		return true
	}
	if c.subs != nil {
		return anyFlag(root, word[1:]) != nil
	}
	return c.flag(word[1:]) != nil
}

// looksLikeFlag reports whether a word in the place of a value may be a flag.
func looksLikeFlag(word string) bool {
	return strings.HasPrefix(word, "-") && word != "-" && !isNumber(word)
}

// isNumber reports whether a word that starts with - is a negative number.
func isNumber(word string) bool {
	digits := strings.TrimPrefix(word, "-")
	digits = strings.TrimPrefix(digits, ".")
	return digits != "" && digits[0] >= '0' && digits[0] <= '9'
}

// readFlag finds the flag that a word names. Before the command is known any
// command's flag will do; where they differ in whether they take a value, it is that of
// the command which the words behind it name.
func readFlag(c, root *command, word string, behind ...string) (setFlag, error) {
	name, value, hasValue := strings.Cut(word, "=")
	short := !strings.HasPrefix(name, "--")
	name = strings.TrimLeft(name, "-")
	f := setFlag{flag: root.flag(name), value: value, hasValue: hasValue}
	switch {
	case name == "":
	case f.flag != nil:
		f.global = true
	case c.subs != nil:
		if f.flag = anyFlag(root, name); f.flag != nil {
			f.flag = earlyFlag(root, name, behind, f.flag)
		}
	default:
		f.flag = c.flag(name)
	}
	switch single := utf8.RuneCountInString(name) == 1; {
	case f.flag == nil && short && !single:
		return f, dashed(c, root, word, together(c, root, name))
	case f.flag == nil:
		return f, unknownFlag(c, root, name)
	case short != single:
		e := unknownFlag(c, root, name)
		if short {
			e.hint = "--" + name
		}
		return f, e
	}
	f.name = flagNames(f.flag)[0]
	if hasValue && !takesValue(f.flag) {
		e := usagef("--%s takes no value, got %s", f.name, misplacedWord(value))
		if hint := habit(name); hint != "" {
			return f, e.hinting("%s", hint)
		}
		return f, e.about(value, "")
	}
	return f, nil
}

// earlyFlag is that flag of the command that is named first, of those which have one.
func earlyFlag(root *command, name string, behind []string, otherwise cli.Flag) cli.Flag {
	for _, word := range behind {
		var found cli.Flag
		if c := root.sub(word); c != nil {
			c.each(func(c *command) {
				if found == nil {
					found = c.flag(name)
				}
			})
		}
		if found != nil {
			return found
		}
	}
	return otherwise
}

// anyFlag finds a flag of any command. That commands agree on which flags take a value,
// but for a few, is held by a test.
func anyFlag(root *command, name string) cli.Flag {
	var found cli.Flag
	root.each(func(c *command) {
		if found == nil {
			found = c.flag(name)
		}
	})
	return found
}
