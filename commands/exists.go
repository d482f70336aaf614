package commands

import (
	"context"

	"cachering/commands/internal/cluster"
)

func newExists(s *session) *command {
	return newLookup(s, &lookup{
		command: command{
			name:  "exists",
			short: "tells whether keys are there",
			long: "The answer for a key that is there is exists; a missing key prints nothing, and makes the\n" +
				"exit code 4.",
			examples: []string{
				"cachering exists user:42 && echo cached",
				"cachering exists - --json <keys.txt | jq -r 'select(.found) | .key'",
			},
		},
		request: (*cluster.Cluster).Exists,
		show: func(list *keyList, a *answer) error {
			if !a.Found {
				a.noteMissing(s)
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
		},
	})
}

// lookup is a command that asks each key's shard one thing: exists and ttl.
type lookup struct {
	command
	request func(*cluster.Cluster, context.Context, [][]byte) []cluster.Entry
	show    func(list *keyList, a *answer) error
}

func newLookup(s *session, l *lookup) *command {
	var o keyOptions
	c := &l.command
	c.args, c.min, c.max = "KEY…", 1, -1
	c.flags = o.lookFlags()
	c.exits = []exit{
		{exitDone, "every key is there"},
		{exitFailed, "no key was answered: its shard is down, or refused the login"},
		{exitUsage, "bad usage or configuration"},
		{exitPartial, "some keys were not answered, or their lines left out"},
		{exitNegative, "a key is missing"},
		{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
	}
	c.run = func(ctx context.Context, args []string) error { return runLookup(ctx, s, l, &o, args) }
	return c
}

func runLookup(ctx context.Context, s *session, l *lookup, o *keyOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	cache, cl, err := s.openKeys(ctx, o)
	if err != nil {
		return err
	}
	defer cl.Close()
	list := s.keys(args, o)
	request := func(ctx context.Context, stored [][]byte) []cluster.Entry { return l.request(cl, ctx, stored) }
	var t tally
	err = ask(ctx, s, cl, cache, o, list, &t, request, func(a *answer) error {
		t.answered++
		if !a.Found {
			t.negative++
		}
		return l.show(list, a)
	})
	if err != nil {
		return err
	}
	return t.result(s)
}
