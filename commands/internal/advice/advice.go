// Package advice is what to do next, as values: whoever judges proposes a command
// with its flags and arguments, and only the command line, which knows how it was
// called itself, makes a line for a shell of it.
package advice

import "slices"

// A Command is a command of this program.
type Command struct {
	Path  string // as it is typed, without the program's name: "ring guess"
	Flags []Flag
	Args  []string
}

// A Flag of a command, by its long name.
type Flag struct {
	Name   string
	Value  string
	Valued bool // else it takes no value
}

// Run is a command with flags and no argument.
func Run(path string, flags ...Flag) Command { return Command{Path: path, Flags: flags} }

// On is a flag without a value.
func On(name string) Flag { return Flag{Name: name} }

// Set is a flag with a value.
func Set(name, value string) Flag { return Flag{Name: name, Value: value, Valued: true} }

// Of is the command on arguments.
func (c Command) Of(args ...string) Command {
	c.Args = args
	return c
}

// Has reports whether a flag is among those of the command.
func (c Command) Has(name string) bool {
	for _, f := range c.Flags {
		if f.Name == name {
			return true
		}
	}
	return false
}

// A Part of what is proposed in words and commands, which follow one another as they
// stand: a Text, a Command of this program or a Shell line of another.
type Part interface{ part() }

// Text is words for people.
type Text string

// Shell is the words of a command line, the program's name first.
type Shell []string

// And is the line with more words.
func (s Shell) And(words ...string) Shell { return append(slices.Clone(s), words...) }

func (Text) part()    {}
func (Shell) part()   {}
func (Command) part() {}
