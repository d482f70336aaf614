package commands

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/ring"
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

// checkup is one run of check. Every set of copies has at least one that is not
// at home, so the copies of those alone are looked for: nothing is remembered
// from one page to the next.
type checkup struct {
	s      *session
	cl     *cluster.Cluster
	shards []*cluster.Shard
	only   []*cluster.Cluster // the cluster as each of the shards sees it
	down   []error
	found  int64
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
	c := &checkup{s: s, cl: cl, shards: cl.Visit(), down: make([]error, len(cl.Visit()))}
	for _, shard := range c.shards {
		c.only = append(c.only, cl.Only(shard))
	}
	for i, shard := range c.shards {
		err := engine.ListAndLocks(ctx, cl, shard, engine.Selection{}, codec.LockToken,
			func(found []engine.Listed) error { return c.entries(ctx, i, found) },
			func(found []engine.Held) error { return c.locks(ctx, i, found) })
		switch {
		case errors.Is(err, errNobodyReads):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			c.fail(i, err)
		}
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

// fail tells of a shard once.
func (c *checkup) fail(i int, err error) {
	if c.down[i] == nil {
		c.down[i] = err
		c.s.ui.Warn("cachering: %v", err)
	}
}

// place is where a shard stands among those that are visited.
func (c *checkup) place(shard *cluster.Shard) int {
	return slices.IndexFunc(c.shards, shard.Same)
}

// entries judges a page of the entries of one shard.
func (c *checkup) entries(ctx context.Context, on int, found []engine.Listed) error {
	var astray []engine.Listed
	var stored [][]byte
	for _, l := range found {
		home, err := c.cl.Home(l.Stored)
		if err != nil || home.Same(c.shards[on]) {
			continue
		}
		astray, stored = append(astray, l), append(stored, l.Stored)
	}
	if len(astray) == 0 {
		return nil
	}
	copies := make([][]cluster.Entry, len(c.shards))
	var wg sync.WaitGroup
	for i := range c.shards {
		if c.down[i] == nil {
			wg.Go(func() { copies[i] = c.only[i].TTL(ctx, stored) })
		}
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for k, l := range astray {
		home, _ := c.cl.Home(l.Stored)
		var holders []int
		first := -1 // of those that are not its home
		for i := range c.shards {
			if copies[i] == nil {
				continue
			}
			if err := copies[i][k].Err; err != nil {
				c.fail(i, err)
			} else if copies[i][k].Found {
				holders = append(holders, i)
				if first < 0 && !home.Same(c.shards[i]) {
					first = i
				}
			}
		}
		if first < 0 || !copies[on][k].Found {
			continue // it went after the scan
		}
		if err := c.print(finding{Finding: "misplaced", listed: listing(c.shards[on], l, l.Stored), Home: home.Name}); err != nil {
			return err
		}
		// Each of the copies that are not at home comes by here.
		if len(holders) < 2 || first != on {
			continue
		}
		f := finding{Finding: "duplicate", listed: listing(c.shards[on], l, l.Stored), Home: home.Name, Equal: c.equal(ctx, l.Stored, holders)}
		for _, i := range holders {
			ttl := copies[i][k].TTL
			f.Copies = append(f.Copies, held{c.shards[i].Name, milliseconds(ttl), lifetime(ttl)})
		}
		if err := c.print(f); err != nil {
			return err
		}
	}
	return flushed(c.s)
}

// equal compares the copies of a key, one value beside the first at a time.
func (c *checkup) equal(ctx context.Context, stored []byte, holders []int) *bool {
	var first []byte
	same := true
	for n, i := range holders {
		e := c.only[i].Get(ctx, [][]byte{stored})[0]
		if e.Err != nil || !e.Found {
			return nil
		}
		if n == 0 {
			first = e.Value
		} else if !bytes.Equal(first, e.Value) {
			same = false
		}
	}
	return &same
}

// locks judges a page of the locks and markers of one shard.
func (c *checkup) locks(ctx context.Context, on int, found []engine.Held) error {
	apart := c.cl.SideKeys() != ring.SideKeys{}
	var markers []engine.Held
	var entries [][]byte
	for _, h := range found {
		home, err := c.cl.Home(h.Stored)
		if err != nil {
			continue
		}
		f := finding{listed: listing(c.shards[on], h.Listed, h.Stored), Home: home.Name}
		// A lock that is named as an entry was judged as one.
		if apart && !home.Same(c.shards[on]) {
			f.Finding = "misplaced"
			if err := c.print(f); err != nil {
				return err
			}
		}
		switch {
		case h.Kind == ring.Lock && h.TTL == cluster.Forever:
			f.Finding = "lock"
			if err := c.print(f); err != nil {
				return err
			}
		case h.Kind == ring.Fresh:
			markers, entries = append(markers, h), append(entries, h.Listed.Stored)
		}
	}
	for k, e := range c.cl.Exists(ctx, entries) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.Err != nil {
			c.fail(c.place(e.Shard), e.Err)
		} else if !e.Found {
			h := markers[k]
			if err := c.print(finding{Finding: "orphan", listed: listing(c.shards[on], h.Listed, h.Stored), Home: e.Shard.Name}); err != nil {
				return err
			}
		}
	}
	return flushed(c.s)
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
