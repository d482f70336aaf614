package commands

import (
	"context"
	"errors"
	"io"

	"github.com/urfave/cli/v2"
)

// execute runs the command that args name.
func (s *session) execute(ctx context.Context, args []string) error {
	root := root(s)
	line, err := arrange(root, args[1:])
	// Even a line that cannot be read may have asked for JSON or quiet.
	s.ui.JSON, s.ui.Quiet, s.ui.NoInput = line.has("json"), line.has("quiet"), line.has("no-input")
	s.ui.Color = s.colors(line.value(colorFlag))
	if errors.Is(err, errNoWords) && s.ui.OutTerminal {
		shortHelp(s)
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case line.version:
		return printVersion(s)
	case line.topic != "":
		return printTopic(s, line.topic)
	case line.help:
		return printHelp(s, root, line.command)
	}
	app := &cli.App{
		Name:  "cachering",
		Flags: declared(root.flags),
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
	s.typed = line.words()
	return app.RunContext(ctx, append([]string{"cachering"}, s.typed...))
}

// declare turns the description into one for the flag library.
func (s *session) declare(c *command) *cli.Command {
	out := &cli.Command{
		Name:         c.name,
		Flags:        declared(c.flags),
		HideHelp:     true,
		OnUsageError: onUsageError,
		Action: func(ctx *cli.Context) error {
			s.ui.Writes = c.writes
			s.running, s.args = c, ctx.Args().Slice()
			s.measure(c)
			return s.settle(c, c.run(ctx.Context, s.args))
		},
	}
	for _, sub := range c.subs {
		out.Subcommands = append(out.Subcommands, s.declare(sub))
	}
	return out
}

// flag is one for the flag library, which asks each for the names of every other.
type flag struct{ cli.Flag }

// Names are its name and its aliases.
func (f flag) Names() []string { return flagNames(f.Flag) }

func declared(flags []cli.Flag) []cli.Flag {
	out := make([]cli.Flag, len(flags))
	for i, f := range flags {
		out[i] = flag{f}
	}
	return out
}
