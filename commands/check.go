package commands

import (
	"context"
	"errors"
	"strings"

	"cachering/codec"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

func newCheck(s *session) *command {
	return &command{
		name:  "check",
		short: "finds keys that are not where the application looks, and what was left behind",
		long: "All shards are scanned, for every version. Each line is a finding: misplaced (the key is\n" +
			"not on its home), duplicate (it is on several shards; the expiry of each follows, and\n" +
			"whether the values are the same), orphan (a freshness marker whose entry is gone),\n" +
			"lock (a lock that never expires). A key that is written meanwhile may be told wrongly.",
		examples: []string{
			"cachering check",
			"cachering check --json | jq -r 'select(.finding == \"misplaced\").stored_key'",
		},
		exits: []exit{
			{exitDone, "nothing was found"},
			{exitFailed, "no shard answered"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some shards did not answer, or a key that a line cannot carry was left out"},
			{exitNegative, "there are findings"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runCheck(ctx, s) },
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

func runCheck(ctx context.Context, s *session) error {
	file, cache, err := s.fileAndCache()
	if err != nil {
		return err
	}
	if _, err := cache.Place.Home(cache.Keyspace, []byte(cache.Keyspace.Stored("key", cache.Version))); err != nil {
		return usagef("cache %s: %v", cache.Alias, err)
	}
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return err
	}
	defer cl.Close()
	found, of := int64(0), len(cl.Visit())
	failed, err := survey.Check(ctx, cl, survey.Checker{
		IsToken: codec.LockToken,
		Found: func(page []survey.Finding) error {
			found += int64(len(page))
			for _, f := range page {
				if err := s.printFinding(&f); err != nil {
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
	s.ui.Note("%s on %s", plain.Count(found, "finding"), plain.Count(int64(of-failed), "shard"))
	code := codeOfShards(failed, of)
	if found > 0 {
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
