package commands

import (
	"context"
	"errors"
	"slices"
	"sync"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
	"cachering/ring"
)

// checkup is one run of check. Every set of copies has at least one that is not
// at home, so the copies of those alone are looked for: nothing is remembered
// from one page to the next. All shards are scanned at once.
type checkup struct {
	s      *session
	cl     *cluster.Cluster
	shards []*cluster.Shard
	lines  []line

	mu    sync.Mutex
	down  []error
	found int64
	// The findings of a shard wait until those before it have had their say, if
	// they are not too many.
	held  [][]finding
	ended []bool
	turn  int
}

// line is what one shard is asked on, by one goroutine at a time.
type line struct {
	sync.Mutex
	*cluster.Cluster // as the shard sees it
}

// heldFindings bounds the findings of one shard that wait for their turn.
const heldFindings = 10000

// scan looks through all shards.
func (c *checkup) scan(ctx context.Context) error {
	scans, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i, shard := range c.shards {
		wg.Go(func() {
			err := survey.ListAndLocks(scans, c.cl, shard, scan.Selection{}, codec.LockToken,
				func(found []survey.Listed) error { return c.entries(scans, i, found) },
				func(found []survey.Held) error { return c.locks(scans, i, found) })
			if err != nil && scans.Err() == nil && !errors.Is(err, errNobodyReads) {
				c.fail(i, err)
			}
			if err := c.tell(i, nil, true); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(scans)
}

// tell keeps findings until it is their shard's turn, and prints those whose turn
// it is.
func (c *checkup) tell(on int, found []finding, ended bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[on] = append(c.held[on], found...)
	c.ended[on] = ended
	if len(c.held[on]) > heldFindings {
		if err := c.printHeld(on); err != nil {
			return err
		}
	}
	for c.turn < len(c.shards) {
		if err := c.printHeld(c.turn); err != nil {
			return err
		}
		if !c.ended[c.turn] {
			break
		}
		c.turn++
	}
	return flushed(c.s)
}

func (c *checkup) printHeld(on int) error {
	for _, f := range c.held[on] {
		if err := c.print(f); err != nil {
			return err
		}
	}
	c.held[on] = nil
	return nil
}

// fail tells of a shard once.
func (c *checkup) fail(i int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down[i] == nil {
		c.down[i] = err
		c.s.ui.Warn("cachering: %v", err)
	}
}

// place is where a shard stands among those that are visited.
func (c *checkup) place(shard *cluster.Shard) int {
	return slices.IndexFunc(c.shards, shard.Same)
}

// each lets do ask the shards that there are stored keys for, all at once, but for
// those that failed before.
func (c *checkup) each(stored [][][]byte, do func(i int)) {
	c.mu.Lock()
	down := slices.Clone(c.down)
	c.mu.Unlock()
	var wg sync.WaitGroup
	for i := range c.shards {
		if down[i] == nil && len(stored[i]) > 0 {
			wg.Go(func() {
				c.lines[i].Lock()
				defer c.lines[i].Unlock()
				do(i)
			})
		}
	}
	wg.Wait()
}

// entries judges a page of the entries of one shard.
func (c *checkup) entries(ctx context.Context, on int, page []survey.Listed) error {
	var astray []survey.Listed
	var stored [][]byte
	for _, l := range page {
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
	c.each(slices.Repeat([][][]byte{stored}, len(c.shards)), func(i int) { copies[i] = c.lines[i].TTL(ctx, stored) })
	if err := ctx.Err(); err != nil {
		return err
	}
	var found []finding
	var pairs []*pair
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
		if first < 0 || copies[on] == nil || !copies[on][k].Found {
			continue // it went after the scan
		}
		found = append(found, finding{Finding: "misplaced", listed: listing(c.shards[on], l, l.Stored), Home: home.Name})
		// Each of the copies that are not at home comes by here.
		if len(holders) < 2 || first != on {
			continue
		}
		f := finding{Finding: "duplicate", listed: listing(c.shards[on], l, l.Stored), Home: home.Name}
		for _, i := range holders {
			ttl := copies[i][k].TTL
			f.Copies = append(f.Copies, held{c.shards[i].Name, milliseconds(ttl), lifetime(ttl)})
		}
		pairs = append(pairs, &pair{stored: l.Stored, on: holders, at: len(found)})
		found = append(found, f)
	}
	c.compare(ctx, pairs)
	for _, p := range pairs {
		found[p.at].Equal = p.equal
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.tell(on, found, false)
}

// locks judges a page of the locks and markers of one shard.
func (c *checkup) locks(ctx context.Context, on int, page []survey.Held) error {
	apart := c.cl.SideKeys() != ring.SideKeys{}
	var found []finding
	markers := make([][]survey.Held, len(c.shards)) // by the home of the entry
	entries := make([][][]byte, len(c.shards))
	for _, h := range page {
		home, err := c.cl.Home(h.Stored)
		if err != nil {
			continue
		}
		f := finding{listed: listing(c.shards[on], h.Listed, h.Stored), Home: home.Name}
		// A lock that is named as an entry was judged as one.
		if apart && !home.Same(c.shards[on]) {
			f.Finding = "misplaced"
			found = append(found, f)
		}
		switch {
		case h.Kind == ring.Lock && h.TTL == cluster.Forever:
			f.Finding = "lock"
			found = append(found, f)
		case h.Kind == ring.Fresh:
			if entry, err := c.cl.Home(h.Listed.Stored); err == nil {
				i := c.place(entry)
				markers[i], entries[i] = append(markers[i], h), append(entries[i], h.Listed.Stored)
			}
		}
	}
	exist := make([][]cluster.Entry, len(c.shards))
	c.each(entries, func(i int) { exist[i] = c.lines[i].Exists(ctx, entries[i]) })
	for i, there := range exist {
		for k, e := range there {
			switch h := markers[i][k]; {
			case ctx.Err() != nil:
				return ctx.Err()
			case e.Err != nil:
				c.fail(i, e.Err)
			case !e.Found:
				found = append(found, finding{Finding: "orphan", listed: listing(c.shards[on], h.Listed, h.Stored), Home: c.shards[i].Name})
			}
		}
	}
	return c.tell(on, found, false)
}
