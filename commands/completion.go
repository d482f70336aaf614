package commands

import (
	"context"
	_ "embed"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/plain"
)

// The scripts that make shells complete the words of a command line. They know nothing
// of the commands: they ask the program what may come next.
var (
	//go:embed completion/cachering.bash
	completionBash string
	//go:embed completion/cachering.zsh
	completionZsh string
	//go:embed completion/cachering.fish
	completionFish string
)

// Completions are the scripts by their shells.
func Completions() map[string]string {
	return map[string]string{"bash": completionBash, "zsh": completionZsh, "fish": completionFish}
}

type completionOptions struct{ words bool }

func newCompletion(s *session) *command {
	var o completionOptions
	return &command{
		name: "completion", args: "bash|zsh|fish", min: 1, max: -1,
		short: "prints what makes a shell complete command lines",
		long: "A shell that reads it completes commands, topics, flags, their values, and, of the configuration\n" +
			"in force, caches and shards. No server is asked for that. With " + keysEnv + "=1 in the\n" +
			"environment keys are completed, too: servers have 200 ms to name some.\n\n" +
			"With --words the answer is what may come next on a command line: WORD… are its words behind\n" +
			"the program's name as they are typed, with their quotes, the last of them, which may be empty,\n" +
			"the one to complete. Each line is a word, and behind a tab what it means; one of no word and\n" +
			"file or dir stands for the names of those. Where nothing is known, there is no line.",
		flags: []cli.Flag{&cli.BoolFlag{Name: "words", Destination: &o.words,
			Usage: "print what may come next behind the WORD… that follow the shell"}},
		examples: []string{
			"source <(cachering completion bash)",
			"cachering completion bash >/etc/bash_completion.d/cachering",
			"cachering completion zsh >/usr/local/share/zsh/site-functions/_cachering",
			"cachering completion fish >~/.config/fish/completions/cachering.fish",
			"cachering completion bash --words -- ring lo",
		},
		exits: []exit{
			{exitDone, "printed"},
			{exitUsage, "bad usage"},
		},
		run: func(ctx context.Context, args []string) error { return runCompletion(ctx, s, &o, args) },
	}
}

func runCompletion(ctx context.Context, s *session, o *completionOptions, args []string) error {
	script, known := Completions()[args[0]]
	switch {
	case !known:
		return usagef("no completion for %s", misplacedWord(args[0])).hinting("one of: bash, zsh, fish")
	case !o.words && len(args) > 1:
		return usagef("completion takes one shell, got one more: %s", misplacedWord(args[1])).about(args[1], "")
	case !o.words && s.ui.JSON:
		return s.ui.Document(struct {
			Shell  string `json:"shell"`
			Script string `json:"script"`
		}{args[0], script})
	case !o.words:
		s.ui.Out.WriteString(script)
		return nil
	}
	root := s.running
	for root.parent != nil {
		root = root.parent
	}
	before, begun := []string{}, ""
	if n := len(args) - 1; n > 0 {
		before, begun = args[1:n], unquoted(args[n])
	}
	for i, word := range before {
		before[i] = unquoted(word)
	}
	all := newGuess(s, root, before).complete(ctx, begun)
	// What cannot stand on a line is typed by whoever wants it.
	all = slices.DeleteFunc(all, func(c candidate) bool { return plain.Escape(c.word, "") != c.word })
	for _, c := range all {
		switch {
		case s.ui.JSON:
			if err := s.ui.Document(struct {
				Word  string `json:"word"`
				About string `json:"about"`
			}{c.word, c.about}); err != nil {
				return err
			}
		case c.about == "":
			s.ui.Line(c.word)
		default:
			s.ui.Line(c.word + "\t" + c.about)
		}
	}
	return nil
}

// unquoted is a word as a shell would read it, which may end within quotes. What else
// shells replace stays.
func unquoted(word string) string {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(word); i++ {
		switch c := word[i]; {
		case c == '\\' && quote != '\'' && i+1 < len(word):
			i++
			b.WriteByte(word[i])
		case c == quote && quote != 0:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
