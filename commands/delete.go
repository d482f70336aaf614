package commands

import (
	"context"

	"github.com/urfave/cli/v2"
)

type deleteKeysOptions struct {
	keyOptions
	dryRun bool
}

func (o *deleteKeysOptions) flags() []cli.Flag { return append(o.readFlags(), dryRunFlag(&o.dryRun)) }

func newDelete(s *session) *command {
	var o deleteKeysOptions
	return &command{
		name: "delete", args: "KEY…", min: 1, max: -1,
		short: "deletes keys",
		long: "The answer for a key that was there is deleted; a missing key prints nothing, and makes the\n" +
			"exit code 4. Where get_or_set of the library keeps a freshness marker beside an entry, that\n" +
			"goes with it; locks stay.",
		flags: o.flags(),
		examples: []string{
			"cachering delete user:42",
			"cachering delete user:42 --dry-run",
			"cachering delete user:42 user:43 --json",
			"cachering delete --stored :1:user:42",
			"cachering keys 'user:4?' -0 | cachering delete - -0",
		},
		exits: []exit{
			{exitDone, "every key was there, and is no more"},
			{exitFailed, "no key was answered: its shard is down, or refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some keys were not answered"},
			{exitNegative, "a key was missing"},
			{exitRefused, "the configuration says read_only, or --shard names a replica"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runDelete(ctx, s, &o, args) },
	}
}

func runDelete(ctx context.Context, s *session, o *deleteKeysOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	cache, cl, err := s.openFor(ctx, &o.keyOptions, o.dryRun)
	if err != nil {
		return err
	}
	defer cl.Close()
	list := s.keys(args, &o.keyOptions)
	request := cl.Delete
	if o.dryRun {
		request = cl.WouldDelete
	}
	var t tally
	err = ask(ctx, s, cl, cache, &o.keyOptions, list, &t, request, func(a *answer) error {
		t.answered++
		if !a.Found {
			t.negative++
			a.noteMissing(s)
		}
		if s.ui.JSON {
			markers := 0
			if a.Marker {
				markers = 1
			}
			return s.ui.Document(struct {
				address
				Found   bool `json:"found"`
				Markers int  `json:"markers"`
				DryRun  bool `json:"dry_run,omitempty"`
			}{a.address, a.Found, markers, o.dryRun})
		}
		if a.Found && o.dryRun {
			list.line(a.arg, "would be deleted")
		} else if a.Found {
			list.did(a.arg, "deleted")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.result(s)
}
