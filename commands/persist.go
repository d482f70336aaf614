package commands

import (
	"context"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/engine"
)

type persistOptions struct {
	keyOptions
	bulk             bulkOptions
	match            word
	includeProtected bool
}

func (o *persistOptions) flags() []cli.Flag {
	return append(append(o.keyOptions.flags(), o.nulFlag(),
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "work on the keys that match `PATTERN` instead of keys given"},
		includeProtectedFlag(&o.includeProtected)), o.bulk.flags()...)
}

func newPersist(s *session) *command {
	var o persistOptions
	return &command{
		name: "persist", args: "KEY…", max: -1,
		short: "removes the expiry of keys",
		long: "The answer for a key is changed, or unchanged where it had no expiry. With --match every\n" +
			"key of the version that matches is changed; the flags for bulk work go with --match.",
		flags: o.flags(),
		examples: []string{
			"cachering persist user:42",
			"cachering persist --match 'settings:*' --dry-run",
			"cachering persist --match 'settings:*' --yes",
		},
		exits: []exit{
			{exitDone, "no key has an expiry any more"},
			{exitFailed, "no key was answered, or no shard: down, or the login refused"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some keys were not answered, or some shards failed"},
			{exitNegative, "a key is missing"},
			{exitRefused, "refused: read_only, no terminal and no --yes, only protected keys matched; or the answer was no"},
			{exitInterrupted, "interrupted: the batch in hand was finished and reported"},
			{exitTerminated, "terminated, likewise"},
		},
		run: func(ctx context.Context, args []string) error { return runPersist(ctx, s, &o, args) },
	}
}

func runPersist(ctx context.Context, s *session, o *persistOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	if o.match != "" {
		return persistMatching(ctx, s, o)
	}
	cache, cl, err := s.openKeys(ctx, &o.keyOptions)
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := writable(cache); err != nil {
		return err
	}
	list := s.keys(args, &o.keyOptions)
	var t tally
	err = ask(ctx, s, cache, &o.keyOptions, list, &t, cl.Persist, func(a *answer) error {
		t.answered++
		if !a.Found {
			t.negative++
		}
		if s.ui.JSON {
			return s.ui.Document(struct {
				address
				Found   bool `json:"found"`
				Changed bool `json:"changed"`
			}{a.address, a.Found, a.Done})
		}
		if !a.Found {
			return nil
		}
		word := "unchanged"
		if a.Done {
			word = "changed"
		}
		if list.single() {
			s.ui.Line(word)
		} else {
			s.ui.Line(a.arg, word)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.result(s)
}

// check refuses keys and a pattern together, and the flags of one with the
// other.
func (o *persistOptions) check(args []string) error {
	switch {
	case o.match != "" && len(args) > 0:
		return usagef("--match takes the place of keys, got %s", quote(args[0]))
	case o.match == "" && len(args) == 0:
		return usagef("persist needs KEY… or --match PATTERN")
	case o.match == "" && o.includeProtected:
		return usagef("--include-protected goes with --match")
	case o.match == "":
		if name := o.bulk.given(); name != "" {
			return usagef("--%s goes with --match", name)
		}
		return o.keyOptions.check(args)
	}
	return o.keyOptions.check([]string{"-"})
}

func persistMatching(ctx context.Context, s *session, o *persistOptions) error {
	b, err := s.openBulk(ctx, &o.bulk)
	if err != nil {
		return err
	}
	defer b.cl.Close()
	b.selectKeys(string(o.match), &o.keyOptions)
	b.protect(o.includeProtected)
	b.does = "persist"
	if err := b.confirm(ctx); err != nil {
		return err
	}
	return b.work(ctx, &engine.Persist{})
}
