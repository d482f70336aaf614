package survey

import (
	"context"
	"slices"
	"sync"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// Finding is one thing that Check finds wrong with a stored key.
type Finding struct {
	Kind   Wrong
	On     *cluster.Shard
	Listed        // the entry that it is about
	Stored []byte // the key: the entry's own, or that of its lock or marker
	Home   string // name of the shard where the key, of an orphan the entry, should be
	// Copies, of a Duplicate, are all there are, by shards.
	Copies []Copy
	// Equal, of a Duplicate, is whether the values are the same; nil where one is no
	// string or was not read.
	Equal *bool
}

// Copy is one copy of a key.
type Copy struct {
	On  *cluster.Shard
	TTL time.Duration // as cluster.Entry has it
}

// Wrong is what is wrong with a key.
type Wrong string

const (
	Misplaced Wrong = "misplaced" // not on its home
	Duplicate Wrong = "duplicate" // on several shards
	Orphan    Wrong = "orphan"    // a freshness marker whose entry is gone
	Undying   Wrong = "lock"      // a lock that never expires
)

// Checker says what Check looks at and is told what it finds, by one goroutine at a time.
type Checker struct {
	// Selection is the entries that are looked at, and whose locks and markers are. Where
	// it says what entries have to be like, locks and markers are left out: they are none.
	Selection scan.Selection
	// Shards are those that are scanned; nil: all. Copies are looked for on all.
	Shards []*cluster.Shard
	// IsToken tells the locks, as that of Locks.
	IsToken func(stored, value []byte) bool
	// Found is handed findings as they are made, those of one shard after those of
	// another, unless they are very many; none where a page had none. A Misplaced that is
	// Listed.TooLarge is perhaps not selected. Its error ends the check.
	Found func([]Finding) error
	// Lost is told once of each shard that does not answer; the others go on.
	Lost func(error)
	Pacing
}

// Checked is how far a check came.
type Checked struct {
	Scanned int   // shards, those included that failed
	Failed  int   // of them
	Lost    int   // of all shards
	Keys    int64 // entries that were looked at
	// Shards are those that were scanned, in order.
	Shards []CheckedShard
}

// CheckedShard is what was seen of one shard.
type CheckedShard struct {
	Shard string
	Keys  int64 // entries that were looked at
	Found map[Wrong]int64
	Err   error // why it was not scanned to its end; nil: it was
}

// Check scans shards for keys that are not where the application looks, and for what was
// left behind. It returns the error of Found or of the context, too. A key that is written
// meanwhile may be told wrongly.
func Check(ctx context.Context, cl *cluster.Cluster, told Checker) (Checked, error) {
	shards := cl.Visit()
	c := &checkup{
		Checker: told, cl: cl, course: told.begin(), sums: make([]CheckedShard, len(shards)), shards: shards, lines: make([]line, len(shards)), scanned: make([]bool, len(shards)),
		down: make([]error, len(shards)), turns: newTurns(len(shards), told.Found),
	}
	for i, shard := range shards {
		c.lines[i].Cluster = cl.Only(shard)
		c.scanned[i] = told.Shards == nil || slices.ContainsFunc(told.Shards, shard.Same)
		c.turns.ended[i] = !c.scanned[i]
	}
	err := c.scan(ctx)
	var sum Checked
	for i, down := range c.down {
		if c.scanned[i] {
			sum.Scanned++
			c.sums[i].Shard, c.sums[i].Err = shards[i].Name, down
			sum.Shards = append(sum.Shards, c.sums[i])
			sum.Keys += c.sums[i].Keys
		}
		if down != nil {
			sum.Lost++
			if c.scanned[i] {
				sum.Failed++
			}
		}
	}
	return sum, err
}

// checkup is one run of Check. Every set of copies has at least one that is not
// at home, so the copies of those alone are looked for: nothing is remembered
// from one page to the next. All shards are scanned at once.
type checkup struct {
	Checker
	cl      *cluster.Cluster
	shards  []*cluster.Shard
	lines   []line
	scanned []bool
	course  *course
	sums    []CheckedShard // each is for who scans the shard

	mu   sync.Mutex
	down []error
	// The findings of a shard wait until those before it have had their say, if
	// they are not too many.
	turns *turns[Finding]
}

// line is what one shard is asked on, by one goroutine at a time.
type line struct {
	sync.Mutex
	*cluster.Cluster // as the shard sees it
}

// scan looks through all shards.
func (c *checkup) scan(ctx context.Context) error {
	scans, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var numbers []int
	var scanned []*cluster.Shard
	for i, shard := range c.shards {
		if c.scanned[i] {
			numbers, scanned = append(numbers, i), append(scanned, shard)
		}
	}
	for n, err := range c.course.each(scanned, func(n int, shard *cluster.Shard) error {
		i := numbers[n]
		pass := func(found []Finding, err error) error {
			if err == nil {
				c.sums[i].count(found)
				if err = c.turns.tell(i, found, false); err != nil {
					cancel(err)
				}
			}
			return err
		}
		entries := func(page []Listed) error { return pass(c.entries(scans, i, page)) }
		var err error
		if c.Selection.Where.Asks() {
			err = c.course.list(scans, c.cl, shard, c.Selection, entries)
		} else {
			err = c.course.listAndLocks(scans, c.cl, shard, c.Selection, c.IsToken, entries,
				func(page []Held) error { return pass(c.locks(scans, i, page)) })
		}
		if err != nil && scans.Err() == nil {
			c.fail(i, err)
		}
		if err := c.turns.tell(i, nil, true); err != nil {
			cancel(err)
		}
		return nil
	}) {
		if err != nil { // a panic
			c.fail(numbers[n], err)
		}
	}
	return context.Cause(scans)
}

func (s *CheckedShard) count(found []Finding) {
	if s.Found == nil && len(found) > 0 {
		s.Found = make(map[Wrong]int64)
	}
	for i := range found {
		if !found[i].TooLarge {
			s.Found[found[i].Kind]++
		}
	}
}

// fail tells of a shard once.
func (c *checkup) fail(i int, err error) {
	c.mu.Lock()
	first := c.down[i] == nil
	if first {
		c.down[i] = err
	}
	c.mu.Unlock()
	if first {
		c.turns.alone(func() { c.Lost(err) })
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
func (c *checkup) entries(ctx context.Context, on int, page []Listed) ([]Finding, error) {
	var astray []Listed
	var stored [][]byte
	c.sums[on].Keys += int64(len(page))
	for _, l := range page {
		home, err := c.cl.Home(l.Stored)
		if err != nil || home.Same(c.shards[on]) {
			continue
		}
		astray, stored = append(astray, l), append(stored, l.Stored)
	}
	if len(astray) == 0 {
		return nil, nil
	}
	if found, settled, err := c.strays(ctx, on, astray); settled {
		return found, err
	}
	copies := make([][]cluster.Entry, len(c.shards))
	c.each(slices.Repeat([][][]byte{stored}, len(c.shards)), func(i int) { copies[i] = c.lines[i].TTL(ctx, stored) })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var found []Finding
	var pairs []*pair
	for k, l := range astray {
		home, _ := c.cl.Home(l.Stored)
		var holders []int
		first := -1 // of those that are scanned and not its home
		for i := range c.shards {
			if copies[i] == nil {
				continue
			}
			if err := copies[i][k].Err; err != nil {
				c.fail(i, err)
			} else if copies[i][k].Found {
				holders = append(holders, i)
				if first < 0 && c.scanned[i] && !home.Same(c.shards[i]) {
					first = i
				}
			}
		}
		if first < 0 || copies[on] == nil || !copies[on][k].Found {
			continue // it went after the scan
		}
		found = append(found, Finding{Kind: Misplaced, On: c.shards[on], Listed: l, Stored: l.Stored, Home: home.Name})
		// Each of the copies that are not at home comes by here.
		if len(holders) < 2 || first != on || l.TooLarge {
			continue
		}
		f := Finding{Kind: Duplicate, On: c.shards[on], Listed: l, Stored: l.Stored, Home: home.Name}
		for _, i := range holders {
			f.Copies = append(f.Copies, Copy{c.shards[i], copies[i][k].TTL})
		}
		pairs = append(pairs, &pair{stored: l.Stored, on: holders, at: len(found)})
		found = append(found, f)
	}
	c.compare(ctx, pairs)
	for _, p := range pairs {
		found[p.at].Equal = p.equal
	}
	return found, ctx.Err()
}

// strays are findings of keys that a node of a Redis Cluster has kept of slots which it has
// no more: it gives them to nobody, so that they cannot be asked for. settled is false where
// the shard is no such node. What is on its way to the node is none of them.
func (c *checkup) strays(ctx context.Context, on int, astray []Listed) (found []Finding, settled bool, err error) {
	if !c.cl.OfNodes() {
		return nil, false, nil
	}
	var coming map[int]bool
	c.lines[on].Lock()
	coming, err = c.shards[on].Importing(ctx)
	c.lines[on].Unlock()
	if err != nil {
		return nil, true, err
	}
	for _, l := range astray {
		if home, err := c.cl.Home(l.Stored); err == nil && !coming[ring.Slot(l.Stored)] {
			found = append(found, Finding{Kind: Misplaced, On: c.shards[on], Listed: l, Stored: l.Stored, Home: home.Name})
		}
	}
	return found, true, nil
}

// locks judges a page of the locks and markers of one shard.
func (c *checkup) locks(ctx context.Context, on int, page []Held) ([]Finding, error) {
	apart := c.cl.SideKeys() != ring.SideKeys{}
	var found []Finding
	markers := make([][]Held, len(c.shards)) // by the home of the entry
	entries := make([][][]byte, len(c.shards))
	for _, h := range page {
		home, err := c.cl.Home(h.Stored)
		if err != nil {
			continue
		}
		f := Finding{On: c.shards[on], Listed: h.Listed, Stored: h.Stored, Home: home.Name}
		// A lock that is named as an entry was judged as one.
		if apart && !home.Same(c.shards[on]) {
			f.Kind = Misplaced
			found = append(found, f)
		}
		switch {
		case h.Kind == ring.Lock && h.TTL == cluster.Forever:
			f.Kind = Undying
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
				return nil, ctx.Err()
			case e.Err != nil:
				c.fail(i, e.Err)
			case !e.Found:
				found = append(found, Finding{Kind: Orphan, On: c.shards[on], Listed: h.Listed, Stored: h.Stored, Home: c.shards[i].Name})
			}
		}
	}
	return found, nil
}
