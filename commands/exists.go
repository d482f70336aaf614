package commands

import "context"

func newExists(s *session) *command {
	var o keyOptions
	return &command{
		name: "exists", args: "KEY…", min: 1, max: -1,
		short: "tells whether keys are there",
		long: "The answer for a key that is there is exists; a missing key prints nothing, and makes the\n" +
			"exit code 4.",
		flags: o.lookFlags(),
		examples: []string{
			"cachering exists user:42 && echo cached",
			"cachering exists - --json <keys.txt | jq -r 'select(.found) | .key'",
		},
		exits: []exit{
			{exitDone, "every key is there"},
			{exitFailed, "no key was answered: its shard is down, or refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some keys were not answered"},
			{exitNegative, "a key is missing"},
			{exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runExists(ctx, s, &o, args) },
	}
}

func runExists(ctx context.Context, s *session, o *keyOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	cache, cl, err := s.openKeys(ctx, o)
	if err != nil {
		return err
	}
	defer cl.Close()
	list := s.keys(args, o)
	var t tally
	err = ask(ctx, s, cache, o, list, &t, cl.Exists, func(a *answer) error {
		t.answered++
		if !a.Found {
			t.negative++
			s.noteMissing(a.arg)
		}
		if s.ui.JSON {
			return s.ui.Document(struct {
				address
				Found bool `json:"found"`
			}{a.address, a.Found})
		}
		if a.Found {
			list.line(a.arg, "exists")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.result(s)
}
