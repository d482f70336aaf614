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
	sourceOptions
	filters filterOptions
	shards  word
	locks   bool
	count   bool
	limit   integer
	with    columns
	unknown int // keys of which nobody knows whether they are selected

	found   int64 // keys, or locks, that are selected
	counted int64
	sights  map[string]string // how the values of the keys in hand are stored, by stored key
	rows    [][]string        // of a table, which wait for others
}

func (o *keysOptions) flags() []cli.Flag {
	o.limit.min = 1
	return append(append(o.keyOptions.manyFlags(), o.filters.flags()...),
		&cli.GenericFlag{Name: "shard", Value: &o.shards,
			Usage: "list the shards `NAME|INDEX|FROM-TO[,…]` only"},
		o.sourceOptions.flag(),
		&cli.BoolFlag{Name: "0", Destination: &o.nul,
			Usage: "end each key with a NUL instead of a line feed"},
		&cli.BoolFlag{Name: "locks", Destination: &o.locks,
			Usage: "list locks and freshness markers, who holds them and how long they live"},
		&cli.BoolFlag{Name: "count", Destination: &o.count,
			Usage: "print how many there are, and nothing else"},
		&cli.GenericFlag{Name: "limit", Value: &o.limit,
			Usage: "end after `N` keys, and ask no server for more"},
		&cli.GenericFlag{Name: "with", Value: &o.with,
			Usage: "tell of each key, behind it, `ttl,bytes,codec`, or some of these: what ttl says, the size of what is stored, and how"})
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
			"With --with each line is KEY and what is asked, in that order. A codec is told by the words of\n" +
			"--codec; - is a codec and a size of what is no string, and a codec of what is too large.\n\n" +
			"In a pipe a key that holds what ends it, or is empty, would be taken for others: it is left\n" +
			"out and named. -0 lists those that hold a line feed, --json lists all.",
		flags: o.flags(),
		examples: []string{
			"cachering keys",
			"cachering keys 'user:*' --version 2",
			"cachering keys 'user:*' -0 | cachering ttl - -0",
			"cachering keys --persistent --larger 1M",
			"cachering keys 'user:*' --count",
			"cachering keys --limit 10 --with ttl,bytes,codec",
			"cachering keys --larger 100k --with bytes | sort -t \"$(printf '\\t')\" -k2 -rn | head",
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
			{exitNegative, "PATTERN is one of stored keys, and matches none without --stored"},
			stale,
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
	if o.nul && (o.locks || s.ui.JSON || o.count) {
		return usagef("-0 goes with the plain list of keys")
	}
	if o.count && o.limit.set {
		return usagef("--count and --limit exclude each other: one counts all keys, the other ends early")
	}
	if o.with != nil && (o.count || o.locks) {
		return usagef("--with goes with a list of keys, not with --count or --locks")
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
	if err := o.readReplicas(ctx, s, cl, cache, shards); err != nil {
		return err
	}
	if err := honoured(ctx, shards, &sel.Where, o.with.reads()); err != nil {
		return err
	}
	lister := o.lister(cache, cl, sel)
	down := 0
	for _, shard := range shards {
		if o.locks {
			err = survey.Locks(ctx, cl, shard, sel, codec.LockToken, func(found []survey.Held) error { return o.printLocks(s, shard, found) })
		} else {
			err = lister.List(ctx, shard, func(found []survey.Detailed) error { return o.print(s, shard, found) })
		}
		if err == nil {
			err = o.draw(s)
		}
		switch {
		case errors.Is(err, errNobodyReads):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !errors.Is(err, errEnough):
			s.ui.Warn("cachering: %v", err)
			down++
		}
		if errors.Is(err, errEnough) || lister.Full() {
			break
		}
	}
	if o.count && down < len(shards) {
		if err := o.printCount(s, cache); err != nil {
			return err
		}
	}
	code := codeOfShards(down, len(shards))
	if down == 0 && o.unknown > 0 {
		code = exitPartial
	}
	if down == 0 && o.found == 0 && s.strayed(ctx, cl, cache, shards, sel) {
		code = worse(code, exitNegative)
	}
	return result(code)
}

// errEnough ends a list of locks that has as many as it is to have.
var errEnough = errors.New("the list is full")

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

func (o *keysOptions) print(s *session, shard *cluster.Shard, found []survey.Detailed) error {
	o.found += int64(len(found))
	for i := range found {
		l := &found[i]
		switch {
		case l.TooLarge:
			o.unknown++
			s.ui.Warn("cachering: %s is left out: its value is too large to be looked at", plain.Escape(o.name(l.Listed), ""))
		case o.count:
			o.counted++
		case s.ui.JSON:
			doc := detailed{listed: listing(shard, l.Listed, l.Stored)}
			o.with.fill(&doc, l, o.sight(l))
			if err := s.ui.Document(doc); err != nil {
				return err
			}
		case o.nul:
			s.keyItem(o.name(l.Listed), o.fields(l)...)
		case s.ui.OutTerminal && o.with != nil:
			if err := o.row(s, l); err != nil {
				return err
			}
		default:
			s.keyLine(o.name(l.Listed), o.fields(l)...)
		}
	}
	clear(o.sights)
	return flushed(s)
}

func (o *keysOptions) printLocks(s *session, shard *cluster.Shard, found []survey.Held) error {
	o.found += int64(len(found))
	for _, h := range found {
		if o.counted++; o.count {
			continue
		}
		if err := o.printLock(s, shard, &h); err != nil {
			return err
		}
		if o.limit.set && o.counted == o.limit.value {
			s.ui.Flush()
			return errEnough
		}
	}
	return flushed(s)
}

func (o *keysOptions) printLock(s *session, shard *cluster.Shard, h *survey.Held) error {
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
		return nil
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
	return s.ui.Document(doc)
}

// flushed hands a page of answers on.
func flushed(s *session) error {
	s.ui.Flush()
	if s.ui.Gone() {
		return errNobodyReads
	}
	return nil
}
