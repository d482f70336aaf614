package commands

import (
	"context"
	"errors"
	"strconv"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
	"cachering/ring"
)

type keysOptions struct {
	keyOptions
	filters filterOptions
	shards  word
	locks   bool
	unknown int // keys of which nobody knows whether they are selected
}

func (o *keysOptions) flags() []cli.Flag {
	return append(append(o.keyOptions.manyFlags(), o.filters.flags()...),
		&cli.GenericFlag{Name: "shard", Value: &o.shards,
			Usage: "list the shards `NAME|INDEX|FROM-TO[,…]` only"},
		&cli.BoolFlag{Name: "0", Destination: &o.nul,
			Usage: "end each key with a NUL instead of a line feed"},
		&cli.BoolFlag{Name: "locks", Destination: &o.locks,
			Usage: "list locks and freshness markers, who holds them and how long they live"})
}

func newKeys(s *session) *command {
	var o keysOptions
	return &command{
		name: "keys", args: "[PATTERN]", max: 1,
		short: "lists keys",
		long: "Keys of one version that match PATTERN, or all of them, from one shard after the other, as\n" +
			"they are found: one that comes or goes meanwhile may be missed. With --stored PATTERN is\n" +
			"one of stored keys, of every version, and stored keys are listed.\n\n" + filterHelp + "\n\n" +
			"With --locks each line is KEY, lock or fresh, the token of the holder, and how long the lock\n" +
			"or marker has to live, as ttl says it.\n\n" +
			"In a pipe a key that holds what ends it, or is empty, would be taken for others: it is left\n" +
			"out and named. -0 lists those that hold a line feed, --json lists all.",
		flags: o.flags(),
		examples: []string{
			"cachering keys",
			"cachering keys 'user:*' --version 2",
			"cachering keys 'user:*' -0 | cachering ttl - -0",
			"cachering keys --persistent --larger 1M",
			"cachering keys --class 'decimal.*,auth.User' --codec pickle:2",
			"cachering keys --codec undecodable --stored",
			"cachering keys 'page:*' --idle-over 1d --version 1,2 --shard 0,2-3",
			"cachering keys --json | jq -r .stored_key",
			"cachering keys 'user:*' --json | cachering ttl - --keys-json",
			"cachering keys --locks",
		},
		exits: []exit{
			{exitDone, "every shard was listed, also where nothing matched"},
			{exitFailed, "no shard answered, or all refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some shards failed, or keys were left out"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runKeys(ctx, s, &o, args) },
	}
}

func runKeys(ctx context.Context, s *session, o *keysOptions, args []string) error {
	// -0 is about the output here, so it stands without a - for the keys.
	if err := o.check([]string{"-"}); err != nil {
		return err
	}
	if o.nul && (o.locks || s.ui.JSON) {
		return usagef("-0 goes with the plain list of keys")
	}
	if name := o.filters.named(); name != "" && o.locks {
		return usagef("--locks and --%s exclude each other: filters are of entries", name)
	}
	var sel scan.Selection
	if len(args) > 0 {
		if args[0] == "" {
			return usagef("PATTERN is empty")
		}
		sel.Match = args[0]
	}
	cache, cl, err := s.openKeys(ctx, &o.keyOptions)
	if err != nil {
		return err
	}
	defer cl.Close()
	if sel, err = o.selection(cache, sel.Match); err != nil {
		return err
	}
	sel.Where = o.filters.where(cache)
	shards := cl.Visit()
	if o.shards != "" {
		if shards, err = findShards(cl, cache, o.shards); err != nil {
			return err
		}
	}
	if err := honoured(ctx, shards, &sel.Where, false); err != nil {
		return err
	}
	down := 0
	for _, shard := range shards {
		if o.locks {
			err = survey.Locks(ctx, cl, shard, sel, codec.LockToken, func(found []survey.Held) error { return o.printLocks(s, shard, found) })
		} else {
			err = survey.List(ctx, cl, shard, sel, func(found []survey.Listed) error { return o.print(s, shard, found) })
		}
		switch {
		case errors.Is(err, errNobodyReads):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.ui.Warn("cachering: %v", err)
			down++
		}
	}
	switch down {
	case 0:
		if o.unknown > 0 {
			return outcome(exitPartial)
		}
		return nil
	case len(shards):
		return outcome(exitFailed)
	}
	return outcome(exitPartial)
}

// errNobodyReads ends a listing whose reader is gone.
var errNobodyReads = errors.New("nobody reads the answer")

// listed is what keys prints under --json.
type listed struct {
	Key     *ui.Bytes `json:"key"` // null where the key function hides it
	Version any       `json:"version"`
	Stored  ui.Bytes  `json:"stored_key"`
	Shard   string    `json:"shard"`
}

func listing(shard *cluster.Shard, l survey.Listed, stored []byte) listed {
	doc := listed{Version: versionJSON(l.Version), Stored: ui.Bytes(stored), Shard: shard.Name}
	if l.Key != nil {
		key := ui.Bytes(l.Key)
		doc.Key = &key
	}
	return doc
}

// versionJSON is a version as it stands in a stored key: a number, if it is
// written as one; null where there is none.
func versionJSON(version []byte) any {
	if version == nil {
		return nil
	}
	if n, err := strconv.ParseInt(string(version), 10, 64); err == nil && strconv.FormatInt(n, 10) == string(version) {
		return n
	}
	return string(version)
}

// name is what a listed key is called in a line.
func (o *keysOptions) name(l survey.Listed) string {
	if o.stored || l.Key == nil {
		return string(l.Stored)
	}
	return string(l.Key)
}

func (o *keysOptions) print(s *session, shard *cluster.Shard, found []survey.Listed) error {
	for _, l := range found {
		switch {
		case l.TooLarge:
			o.unknown++
			s.ui.Warn("cachering: %s is left out: its value is too large to be looked at", plain.Escape(o.name(l), ""))
		case s.ui.JSON:
			if err := s.ui.Document(listing(shard, l, l.Stored)); err != nil {
				return err
			}
		case o.nul:
			s.keyItem(o.name(l))
		default:
			s.keyLine(o.name(l), o.name(l))
		}
	}
	return flushed(s)
}

func (o *keysOptions) printLocks(s *session, shard *cluster.Shard, found []survey.Held) error {
	for _, h := range found {
		kind := "lock"
		if h.Kind == ring.Fresh {
			kind = "fresh"
		}
		if !s.ui.JSON {
			token := "-"
			if h.Token != nil {
				token = string(h.Token)
			}
			s.keyLine(o.name(h.Listed), o.name(h.Listed), kind, token, lifetime(h.TTL))
			continue
		}
		doc := struct {
			listed
			Kind  string    `json:"kind"`
			Token *ui.Bytes `json:"token"`
			TTL   *int64    `json:"ttl_ms"`
		}{listing(shard, h.Listed, h.Stored), kind, nil, milliseconds(h.TTL)}
		if h.Token != nil {
			token := ui.Bytes(h.Token)
			doc.Token = &token
		}
		if err := s.ui.Document(doc); err != nil {
			return err
		}
	}
	return flushed(s)
}

// flushed hands a page of answers on.
func flushed(s *session) error {
	s.ui.Flush()
	if s.ui.Gone() {
		return errNobodyReads
	}
	return nil
}
