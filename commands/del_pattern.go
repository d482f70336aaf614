package commands

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/engine"
)

type delPatternOptions struct {
	deleteOptions
	keyOptions
}

func (o *delPatternOptions) flags() []cli.Flag {
	return slices.Concat(o.keyOptions.manyFlags(), []cli.Flag{o.allFlag()}, o.filters.flags(), o.deleteOptions.flags(), o.checkpointOptions.flags())
}

func newDelPattern(s *session) *command {
	var o delPatternOptions
	return &command{
		name: "del-pattern", args: "PATTERN", min: 1, max: 1,
		short: "deletes the keys that match a pattern, on every shard",
		long: "PATTERN is a glob of Redis: * ? [abc] [^a] [a-z], a backslash before what is meant as it\n" +
			"stands. It is matched with the keys as the application names them; prefix and version are\n" +
			"added, and stand for themselves. Freshness markers go with their keys, locks stay.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering del-pattern 'user:*' --dry-run",
			"cachering del-pattern 'user:*' --yes --max-deletes 10%",
			"cachering del-pattern 'user:*' --yes --checkpoint users.state",
			"cachering del-pattern '*' --persistent --larger 100k --dry-run",
			"cachering del-pattern '*' --django '<4.2' --yes --max-deletes 20%",
			"cachering del-pattern 'page:*' --idle-over 30d --version 1,2 --shard 0-1 --yes",
			"cachering del-pattern --stored ':2:view.[ab]*' --yes --json",
		},
		exits: patternExits("every key that matched is deleted, or none matched",
			"refused: read_only, no terminal and no --yes, more than --max-deletes, only protected keys matched,\n"+
				"a PATTERN that selects everything and no --all; or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runDelPattern(ctx, s, &o, args[0]) },
	}
}

func runDelPattern(ctx context.Context, s *session, o *delPatternOptions, pattern string) error {
	if pattern == "" {
		return usagef("PATTERN is empty")
	}
	if err := o.check(nil); err != nil {
		return err
	}
	b, err := s.openBulk(ctx, &o.bulkOptions)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.selectKeys(pattern, &o.keyOptions); err != nil {
		return err
	}
	if err := b.narrow(pattern, &o.keyOptions); err != nil {
		return err
	}
	b.does = "delete"
	return b.delete(ctx, &o.deleteOptions, &engine.Delete{Command: "del-pattern"})
}
