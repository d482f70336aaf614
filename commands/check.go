package commands

import (
	"context"
	"errors"
	"strings"

	"cachering/codec"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

type checkOptions struct {
	readingOptions
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
			stale,
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
	if err := o.check(); err != nil {
		return err
	}
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	if _, err := cache.Place.Home(cache.Keyspace, []byte(cache.Keyspace.Stored("key", cache.Version))); err != nil {
		return usagef("cache %s: %v", cache.Alias, err)
	}
	b, err := s.openReading(ctx, &o.readingOptions, true)
	if err != nil {
		return err
	}
	defer b.close()
	found, unknown := int64(0), 0
	var late error
	var mend repairs
	if s.ui.OutTerminal && !o.progress.set { // where findings are told
		b.progress = progressNone
	}
	pacing, told := b.survey(ctx)
	checked, err := survey.Check(ctx, b.cl, survey.Checker{
		Selection: b.run.Selection, Shards: b.run.Shards, IsToken: codec.LockToken, Pacing: pacing,
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
		Lost: func(err error) {
			if !errors.Is(err, survey.ErrDeadline) {
				s.ui.Warn("cachering: %v", err)
			}
		},
	})
	told()
	if errors.Is(err, errNobodyReads) {
		return nil
	} else if err != nil {
		return err
	}
	s.ui.Note("%s on %s", plain.Count(found, "finding"), plain.Count(int64(checked.Scanned-checked.Failed), "shard"))
	mend.propose(s, file, cache, checked.Keys)
	lost, seen := make([]error, len(checked.Shards)), make([]measured, len(checked.Shards))
	for i := range lost {
		of := &checked.Shards[i]
		seen[i] = measured{shard: of.Shard, scanned: of.Keys, failed: of.Err != nil}
		for _, wrong := range []survey.Wrong{survey.Misplaced, survey.Duplicate, survey.Orphan, survey.Undying} {
			seen[i].outcomes = append(seen[i].outcomes, engine.Number{Name: string(wrong), Value: of.Found[wrong]})
		}
		if lost[i] = checked.Shards[i].Err; errors.Is(lost[i], survey.ErrDeadline) {
			late = lost[i]
		}
	}
	s.measured.Load().saw(seen)
	s.warnLost([]error{late})
	code := codeOfLost(lost, len(lost))
	if checked.Lost > 0 || unknown > 0 {
		code = worse(code, exitPartial)
	}
	if found > 0 || checked.Keys == 0 && checked.Lost == 0 && b.strayed(ctx) {
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
