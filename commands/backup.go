package commands

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/engine"
)

type backupOptions struct {
	bulkOptions
	keyOptions
	match word
}

func (o *backupOptions) flags() []cli.Flag {
	flags := []cli.Flag{&cli.GenericFlag{Name: "match", Value: &o.match,
		Usage: "only the keys that match `PATTERN`"}}
	return slices.Concat(flags, o.keyOptions.manyFlags(), o.filters.flags(), without(o.bulkOptions.flags(), "yes", "backup", besideFlag, expectFlag)) // it changes nothing
}

// without leaves out flags that a command has no use for.
func without(flags []cli.Flag, names ...string) []cli.Flag {
	return slices.DeleteFunc(flags, func(f cli.Flag) bool { return slices.Contains(names, flagNames(f)[0]) })
}

func newBackup(s *session) *command {
	var o backupOptions
	return &command{
		name: "backup", args: "DIR", min: 1, max: 1,
		short: "stores entries with their expiries in files",
		long: "Every entry of every version is stored, unless --version, --match or --shard says less. DIR\n" +
			"must be empty or not there; nobody but its owner may look into it. Nothing is written to\n" +
			"the servers, and nothing is asked. restore puts the entries back. Without cachering, zstd\n" +
			"and redis-cli fill the gaps of a shard with one of the files: help restore shows how.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering backup today.backup",
			"cachering backup users.backup --match 'user:*' --json",
			"cachering backup keep.backup --ttl-over 7d --version 1,2",
			"cachering backup today.backup --dry-run",
		},
		exits: []exit{
			{exitDone, "every entry is in DIR, also where there was none"},
			{exitFailed, "no shard answered, or all refused the login; or DIR could not be written"},
			{exitUsage, "bad usage or configuration, DIR is no place for a backup"},
			{exitPartial, "finished, but some shards or entries failed"},
			{exitNegative, whenStray},
			{exitRefused, "refused: there is too little room for DIR, or with --read-from replica: one is cut off, behind, or not there"},
			{exitHungUp, "hung up: what was read by then is in DIR, as a backup that was not finished"},
			{exitInterrupted, "interrupted, likewise"},
			{exitTerminated, "terminated, likewise"},
		},
		run: func(ctx context.Context, args []string) error { return runBackup(ctx, s, &o, args[0]) },
	}
}

func runBackup(ctx context.Context, s *session, o *backupOptions, dir string) error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	if o.stored && o.match == "" {
		return usagef("--stored goes with --match")
	}
	b, err := s.openEvery(ctx, &o.bulkOptions, &o.keyOptions, string(o.match))
	if err != nil {
		return err
	}
	defer b.close()
	b.does, b.reads = "store", true
	if err := b.honour(ctx); err != nil {
		return err
	}
	if err := b.keepIn(ctx, dir, "backup"); err != nil {
		return err
	}
	return b.work(ctx, &engine.Backup{})
}
