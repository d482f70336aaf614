package commands

import (
	"context"
	"strconv"
	"time"

	"cachering/commands/internal/cluster"
)

func newTTL(s *session) *command {
	var o keyOptions
	return &command{
		name: "ttl", args: "KEY…", min: 1, max: -1,
		short: "tells how long keys have to live",
		long: "The answer is in whole seconds, rounded up; none for a key that never expires; missing for\n" +
			"a key that is not there. With --json it is in milliseconds, null for never.",
		flags: o.lookFlags(),
		examples: []string{
			"cachering ttl user:42",
			"cachering ttl user:42 user:43 --json",
			"cachering ttl - <keys.txt",
		},
		exits: []exit{
			{exitDone, "every key is there"},
			{exitFailed, "no key was answered: its shard is down, or refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some keys were not answered"},
			{exitNegative, "a key is missing"},
			{exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runTTL(ctx, s, &o, args) },
	}
}

func runTTL(ctx context.Context, s *session, o *keyOptions, args []string) error {
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
	err = ask(ctx, s, cache, o, list, &t, cl.TTL, func(a *answer) error {
		t.answered++
		if !a.Found {
			t.negative++
		}
		if s.ui.JSON {
			return s.ui.Document(struct {
				address
				Found bool   `json:"found"`
				TTL   *int64 `json:"ttl_ms"`
			}{a.address, a.Found, milliseconds(a.TTL)})
		}
		list.line(a.arg, lifetime(a.TTL))
		return nil
	})
	if err != nil {
		return err
	}
	return t.result(s)
}

// lifetime is what is left of a key's life in words.
func lifetime(ttl time.Duration) string {
	switch ttl {
	case cluster.Forever:
		return "none"
	case cluster.Missing:
		return "missing"
	}
	return strconv.FormatInt(int64((ttl+time.Second-1)/time.Second), 10)
}

// milliseconds is what is left of a key's life in JSON: nil for ever, and for a
// key that is missing.
func milliseconds(ttl time.Duration) *int64 {
	if ttl < 0 {
		return nil
	}
	ms := ttl.Milliseconds()
	return &ms
}
