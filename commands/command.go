package commands

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"
)

// command declares a command. The help text, the order of words, the flag
// library and the tests all read this one description.
type command struct {
	name     string
	aliases  []string // other names, which help shows with the command
	args     string   // as help shows them: "KEY…"
	min, max int      // number of arguments; max < 0: any number
	short    string   // one line, for the list of commands
	long     string   // paragraphs, for the command's own help
	flags    []cli.Flag
	examples []string // whole command lines
	exits    []exit
	// writes says that the command changes entries: it goes on to its end when
	// nobody reads its answers any more, where one that only answers stops.
	writes bool
	run    func(ctx context.Context, args []string) error
	subs   []*command // of a group, which has nothing else but short
	parent *command
}

// exit is an exit code that a command can return, and when.
type exit struct {
	code int
	when string
}

// keysFromFlag is the name of the flag that takes the place of all arguments.
const keysFromFlag = "keys-from"

// path is the command as it is typed, without the program's name.
func (c *command) path() string {
	if c.parent == nil || c.parent.name == "" {
		return c.name
	}
	return c.parent.path() + " " + c.name
}

func (c *command) sub(name string) *command {
	for _, s := range c.subs {
		if s.name == name || slices.Contains(s.aliases, name) {
			return s
		}
	}
	return nil
}

func (c *command) flag(name string) cli.Flag {
	for _, f := range c.flags {
		for _, n := range flagNames(f) {
			if n == name {
				return f
			}
		}
	}
	return nil
}

// each visits c and everything below it.
func (c *command) each(visit func(*command)) {
	visit(c)
	for _, s := range c.subs {
		s.each(visit)
	}
}

// takesValue reports whether a flag is followed by a value.
func takesValue(f cli.Flag) bool {
	doc, ok := f.(cli.DocGenerationFlag)
	return ok && doc.TakesValue()
}

// flagNames are a flag's name and its aliases. The Names of the flag library itself run a regular expression over each.
func flagNames(f cli.Flag) []string {
	switch f := f.(type) {
	case *cli.BoolFlag:
		return append([]string{f.Name}, f.Aliases...)
	case *cli.GenericFlag:
		return append([]string{f.Name}, f.Aliases...)
	}
	return f.Names()
}
