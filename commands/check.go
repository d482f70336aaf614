package commands

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

type checkOptions struct {
	keyOptions
	filters filterOptions
	match   word
	shards  word
}

func (o *checkOptions) flags() []cli.Flag {
	return append(append([]cli.Flag{&cli.GenericFlag{Name: "match", Value: &o.match,
		Usage: "look at the keys that match `PATTERN` only"},
		&cli.GenericFlag{Name: "shard", Value: &o.shards,
			Usage: "scan the shards `NAME|INDEX|FROM-TO[,…]` only"}},
		o.keyOptions.manyFlags()...), o.filters.flags()...)
}

// checkFilters is what the help of check says of its filters.
const checkFilters = "Filters leave out entries that are otherwise; all that are given have to hold. Those of keys,\n" +
	"--match and --version, are of the locks and markers of these keys, too; with any other locks\n" +
	"and markers are left out. With --shard these shards are scanned, and copies looked for on all."

func newCheck(s *session) *command {
	var o checkOptions
	return &command{
		name:  "check",
		short: "finds keys that are not where the application looks, and what was left behind",
		long: "All shards are scanned, for every version. Each line is a finding: misplaced (the key is\n" +
			"not on its home), duplicate (it is on several shards; the expiry of each follows, and\n" +
			"whether the values are the same), orphan (a freshness marker whose entry is gone),\n" +
			"lock (a lock that never expires). A key that is written meanwhile may be told wrongly.\n" +
			"Hints with commands that repair the first of them follow on standard error; where more than\n" +
			"a tenth of the keys is misplaced it is ring guess alone.\n\n" + checkFilters,
		flags: o.flags(),
		examples: []string{
			"cachering check",
			"cachering check --match 'user:*' --version 2",
			"cachering check --persistent --larger 1M --shard 0-1",
			"cachering check --json | jq -r 'select(.finding == \"misplaced\").stored_key'",
		},
		exits: []exit{
			{exitDone, "nothing was found"},
			{exitFailed, "no shard answered"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some shards did not answer, or a key was left out: a line cannot carry it, or nobody\n" +
				"knows whether it is selected"},
			{exitNegative, "there are findings; or the pattern is one of stored keys, and matches none without --stored"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runCheck(ctx, s, &o) },
	}
}

// finding is what check prints under --json.
type finding struct {
	Finding survey.Wrong `json:"finding"`
	listed
	Home   string `json:"home"`
	Copies []held `json:"copies,omitempty"` // of a duplicate
	// Equal, of a duplicate, is null where a value is no string and was not compared; it is
	// null for every other finding.
	Equal *bool `json:"equal"`
}

// held is one copy of a key.
type held struct {
	Shard string `json:"shard"`
	TTL   *int64 `json:"ttl_ms"`
}

func runCheck(ctx context.Context, s *session, o *checkOptions) error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	if o.stored && o.match == "" {
		return usagef("--stored goes with --match")
	}
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	if _, err := cache.Place.Home(cache.Keyspace, []byte(cache.Keyspace.Stored("key", cache.Version))); err != nil {
		return usagef("cache %s: %v", cache.Alias, err)
	}
	if err := o.fits(cache); err != nil {
		return err
	}
	sel, err := o.selection(cache, string(o.match))
	if err != nil {
		return err
	}
	if !o.version.set {
		sel.Versions = nil
	}
	sel.Where = o.filters.where(cache)
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return err
	}
	defer cl.Close()
	shards := cl.Visit()
	if o.shards != "" {
		if shards, err = findShards(cl, cache, o.shards); err != nil {
			return err
		}
	}
	if err := honoured(ctx, shards, &sel.Where, true); err != nil {
		return err
	}
	found, unknown := int64(0), 0
	var mend repairs
	checked, err := survey.Check(ctx, cl, survey.Checker{
		Selection: sel, Shards: shards, IsToken: codec.LockToken,
		Found: func(page []survey.Finding) error {
			for i := range page {
				f := &page[i]
				if f.TooLarge {
					unknown++
					s.ui.Warn("cachering: %s is left out: its value is too large to be looked at", plain.Escape(string(f.Stored), ""))
					continue
				}
				found++
				mend.add(f)
				if err := s.printFinding(f); err != nil {
					return err
				}
			}
			return flushed(s)
		},
		Lost: func(err error) { s.ui.Warn("cachering: %v", err) },
	})
	if errors.Is(err, errNobodyReads) {
		return nil
	} else if err != nil {
		return err
	}
	s.ui.Note("%s on %s", plain.Count(found, "finding"), plain.Count(int64(checked.Scanned-checked.Failed), "shard"))
	mend.propose(s, file, cache, checked.Keys)
	code := codeOfShards(checked.Failed, checked.Scanned)
	if checked.Lost > 0 || unknown > 0 {
		code = worse(code, exitPartial)
	}
	if found > 0 || checked.Keys == 0 && checked.Lost == 0 && s.strayed(ctx, cl, cache, shards, sel) {
		code = worse(code, exitNegative)
	}
	return result(code)
}

func (s *session) printFinding(f *survey.Finding) error {
	if s.ui.JSON {
		doc := finding{Finding: f.Kind, listed: listing(f.On, f.Listed, f.Stored), Home: f.Home, Equal: f.Equal}
		for _, c := range f.Copies {
			doc.Copies = append(doc.Copies, held{c.On.Name, milliseconds(c.TTL)})
		}
		return s.ui.Document(doc)
	}
	fields := []string{string(f.Kind), string(f.Stored), f.On.Name}
	switch f.Kind {
	case survey.Misplaced:
		fields = append(fields, "home "+f.Home)
	case survey.Duplicate:
		var copies []string
		for _, c := range f.Copies {
			copies = append(copies, c.On.Name+" "+lifetime(c.TTL))
		}
		values := "values not compared"
		if f.Equal != nil {
			values = map[bool]string{true: "values equal", false: "values differ"}[*f.Equal]
		}
		fields = append(fields, strings.Join(copies, ", "), values)
	}
	s.keyLine(string(f.Stored), fields...)
	return nil
}
