package commands

import (
	"context"
	"errors"
	"strings"

	"cachering/commands/internal/plain"
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
			{exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runCheck(ctx, s) },
	}
}

// finding is what check prints under --json.
type finding struct {
	Finding string `json:"finding"` // misplaced, duplicate, orphan or lock
	listed
	Home   string `json:"home"`
	Copies []held `json:"copies,omitempty"` // of a duplicate
	// Equal is null where a value is no string and was not compared.
	Equal *bool `json:"equal,omitempty"`
}

// held is one copy of a key.
type held struct {
	Shard string `json:"shard"`
	TTL   *int64 `json:"ttl_ms"`
	ttl   string
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
	shards := cl.Visit()
	c := &checkup{
		s: s, cl: cl, shards: shards, lines: make([]line, len(shards)),
		down: make([]error, len(shards)), held: make([][]finding, len(shards)), ended: make([]bool, len(shards)),
	}
	for i, shard := range shards {
		c.lines[i].Cluster = cl.Only(shard)
	}
	if err := c.scan(ctx); errors.Is(err, errNobodyReads) {
		return nil
	} else if err != nil {
		return err
	}
	failed := 0
	for _, err := range c.down {
		if err != nil {
			failed++
		}
	}
	s.ui.Note("%s on %s", plain.Count(c.found, "finding"), plain.Count(int64(len(c.shards)-failed), "shard"))
	code := codeOfShards(failed, len(c.shards))
	if c.found > 0 {
		code = worse(code, exitNegative)
	}
	return result(code)
}

func (c *checkup) print(f finding) error {
	c.found++
	if c.s.ui.JSON {
		return c.s.ui.Document(f)
	}
	fields := []string{f.Finding, string(f.Stored), f.Shard}
	switch f.Finding {
	case "misplaced":
		fields = append(fields, "home "+f.Home)
	case "duplicate":
		var copies []string
		for _, h := range f.Copies {
			copies = append(copies, h.Shard+" "+h.ttl)
		}
		values := "values not compared"
		if f.Equal != nil {
			values = map[bool]string{true: "values equal", false: "values differ"}[*f.Equal]
		}
		fields = append(fields, strings.Join(copies, ", "), values)
	}
	c.s.keyLine(string(f.Stored), fields...)
	return nil
}
