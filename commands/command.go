package commands

import (
	"context"
	"io"
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
		for _, n := range f.Names() {
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

// root declares the whole program. Every call makes new options, so that runs
// in one process share nothing.
func (s *session) root() *command {
	root := &command{
		flags: s.global.flags(),
		subs: []*command{
			newGet(s),
			newSet(s),
			newDelete(s),
			newExists(s),
			newKeys(s),
			newIncr(s),
			newDecr(s),
			newIncrVersion(s),
			newDecrVersion(s),
			newGetOrSet(s),
			newTTL(s),
			newUnlock(s),
			newPersist(s),
			newExpire(s),
			newDelPattern(s),
			newClear(s),
			newReinsert(s),
			newRing(s),
			newExplain(s),
			newCheck(s),
			newDoctor(s),
			newCodec(s),
			newConfig(s),
			newVersion(s),
		},
	}
	root.each(func(c *command) {
		for _, sub := range c.subs {
			sub.parent = c
		}
	})
	return root
}

// execute runs the command that args name.
func (s *session) execute(ctx context.Context, args []string) error {
	root := s.root()
	line, err := arrange(root, args[1:])
	// Even a line that cannot be read may have asked for JSON or quiet.
	s.ui.JSON, s.ui.Quiet = line.has("json"), line.has("quiet")
	if err != nil {
		return err
	}
	switch {
	case line.version:
		return printVersion(s)
	case line.help:
		return printHelp(s, line.command)
	}
	app := &cli.App{
		Name:  "cachering",
		Flags: root.flags,
		// Everything that the library would print or decide on its own is
		// switched off: help, version, suggestions, usage after an error,
		// exiting.
		HideHelp:        true,
		HideHelpCommand: true,
		HideVersion:     true,
		Writer:          io.Discard,
		ErrWriter:       io.Discard,
		ExitErrHandler:  func(*cli.Context, error) {},
		OnUsageError:    onUsageError,
	}
	for _, c := range root.subs {
		app.Commands = append(app.Commands, s.declare(c))
	}
	return app.RunContext(ctx, append([]string{"cachering"}, line.words()...))
}

// declare turns the description into one for the flag library.
func (s *session) declare(c *command) *cli.Command {
	out := &cli.Command{
		Name:         c.name,
		Flags:        c.flags,
		HideHelp:     true,
		OnUsageError: onUsageError,
		Action: func(ctx *cli.Context) error {
			s.ui.Writes = c.writes
			return s.settle(c, c.run(ctx.Context, ctx.Args().Slice()))
		},
	}
	for _, sub := range c.subs {
		out.Subcommands = append(out.Subcommands, s.declare(sub))
	}
	return out
}
