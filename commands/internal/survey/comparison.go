package survey

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// Comparison says which entries of two caches are compared, and is told what differs, by
// one goroutine at a time. Entries of both belong together that have one key and version,
// wherever each cache has them and whatever it calls them. An entry that is not at home is
// none: no application sees it.
type Comparison struct {
	From, To Compared
	// Shards are those of From whose entries are compared, and at which those of To would be
	// at home.
	Shards    []*cluster.Shard
	Quick     bool          // values are not read
	Sample    int           // how many entries of each cache are looked at; 0: all
	Tolerance time.Duration // by which expiries may differ
	// NewJudge makes what compares values, for one goroutine.
	NewJudge func() Judge
	// IsToken tells the locks, as that of Locks.
	IsToken func(stored, value []byte) bool
	// Found is handed what differs: what From has by its shards, then what To alone has by
	// its own; nothing where a page had none. Its error ends the comparison.
	Found func([]Difference) error
	// Lost is told once of each shard that does not answer; the others go on.
	Lost func(cl *cluster.Cluster, err error)
	// Pacing is of both caches; Passed is told of the keys of From alone.
	Pacing
}

// Compared is one of two caches.
type Compared struct {
	Cluster   *cluster.Cluster
	Selection scan.Selection
	// There is how the other cache calls the entry; false where that cannot be known. It is
	// nil where it never can.
	There func(stored, key, version []byte) (other []byte, ok bool)
	// Left is what the application sees of the milliseconds that PTTL tells, below zero for
	// ever; missing is an entry that it does not see any more.
	Left func(pttl int64) (left int64, missing bool)
}

// Judge compares what is stored for one entry in both caches. It keeps nothing of the
// values; why is a clause for people.
type Judge func(from, value, to, other []byte) (sameness Sameness, why string)

// Sameness is what a Judge says.
type Sameness uint8

const (
	Same    Sameness = iota
	Differs          // for who reads them
	NoValue          // the first is no value, but the token of a lock
	Unknown          // it takes too much to tell
)

// Unlike is how entries of two caches differ.
type Unlike string

const (
	NotThere  Unlike = "missing"   // From has it, and To has not
	NotHere   Unlike = "extra"     // To has it, and From has not
	OtherOne  Unlike = "different" // their values differ
	OtherLife Unlike = "expiry"    // their values do not, and their expiries do
)

// Difference is one.
type Difference struct {
	Kind    Unlike
	Listed                 // the entry, as From has it, or would have it
	On      *cluster.Shard // its home in From
	There   []byte         // its stored key in To
	OnThere *cluster.Shard // its home in To
	// Milliseconds that the applications see left, below zero for ever; of the side that has
	// no entry nil.
	TTL, ThereTTL *int64
	Why           string // of values that differ; a clause for people, or ""
}

// Sampled is of how many entries a sample was taken.
type Sampled struct {
	Entries int64 `json:"entries"` // that were looked at
	Of      int64 `json:"of"`      // how many there are, about
	Head    bool  `json:"head"`    // it is of those that SCAN gives first, as the server allows nothing else
}

// Agreement is what a comparison found.
type Agreement struct {
	Equal, Missing, Extra, Different, Expiry int64
	Gone                                     int64            // before it was known
	Skipped                                  map[string]int64 // entries that were not compared, by why
	From, To                                 *Sampled         // nil: all were looked at
	Lost, Failed                             int              // shards of both that do not answer; of From's, which were scanned
}

// Reasons of entries that are not compared.
const (
	skipToken      = "lock_token"
	skipType       = "not_a_string"
	skipMisplaced  = "misplaced"
	skipTooLarge   = "too_large"
	skipNameless   = "nameless" // how the other cache calls it is not known
	skipUnanswered = "unanswered"
)

// Compare compares two caches. It returns the error of Found or of the context, too. An
// entry that differs is looked at again before it is told, as it may have been written
// meanwhile; one that is written all the time may be told wrongly.
func Compare(ctx context.Context, told Comparison) (Agreement, error) {
	c := &comparing{Comparison: told, course: told.begin(), sum: Agreement{Skipped: map[string]int64{}}}
	c.from, c.to = newSide(&c.From, c.lose), newSide(&c.To, c.lose)
	defer c.from.close()
	defer c.to.close()
	workers := max(1, min(max(len(told.Shards), len(c.to.shards)), cluster.MostConnections))
	c.limit = max(leastBatch, min(mostBatch, allBatches/2/workers))
	scans, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.stop = cancel
	c.here(scans)
	if scans.Err() == nil && told.To.There != nil {
		c.course.Passed = nil
		c.there(scans)
	}
	return c.sum, context.Cause(scans)
}

// comparing is one run.
type comparing struct {
	Comparison
	course   *course
	from, to *side
	limit    int // of the values of a batch of one side, in bytes
	stop     context.CancelCauseFunc
	heavy    sync.Mutex // held by who reads values that are larger than a batch

	mu    sync.Mutex
	turns *turns[Difference] // of the cache that is scanned
	sum   Agreement
}

// add counts.
func (c *comparing) add(count func(*Agreement)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.sum)
}

func (c *comparing) skip(why string, n int) {
	if n > 0 {
		c.add(func(a *Agreement) { a.Skipped[why] += int64(n) })
	}
}

// lose tells of a shard that does not answer.
func (c *comparing) lose(cl *cluster.Cluster, err error) {
	c.add(func(a *Agreement) { a.Lost++ })
	c.turns.alone(func() { c.Lost(cl, err) })
}

// found counts what differs, and hands it over in its turn.
func (c *comparing) found(on int, list []Difference) error {
	c.add(func(a *Agreement) {
		for i := range list {
			switch list[i].Kind {
			case NotThere:
				a.Missing++
			case NotHere:
				a.Extra++
			case OtherOne:
				a.Different++
			case OtherLife:
				a.Expiry++
			}
		}
	})
	err := c.turns.tell(on, list, false)
	if err != nil {
		c.stop(err)
	}
	return err
}

// here compares the entries of From with those of To.
func (c *comparing) here(ctx context.Context) {
	var failed int
	c.sum.From, failed = c.scan(ctx, c.from, c.Shards, func(i int, s *cluster.Shard) (work, func() error) {
		p := newPairing(ctx, c, i, s)
		return p.page, p.end
	})
	c.sum.Failed = failed
}

// there looks for the entries of To that From has not.
func (c *comparing) there(ctx context.Context) {
	c.sum.To, _ = c.scan(ctx, c.to, c.to.shards, func(i int, s *cluster.Shard) (work, func() error) {
		return func(ctx context.Context, link *scan.Link, f *scan.Filter, keys []Listed) error {
			return c.lacking(ctx, i, link, f, keys)
		}, func() error { return nil }
	})
}

// work is what is done with a page of the entries of a shard, which are at home and as
// the selection says by their keys alone.
type work func(ctx context.Context, link *scan.Link, f *scan.Filter, keys []Listed) error

// scan goes through some shards of a side, all of them at once, or through a sample.
func (c *comparing) scan(ctx context.Context, s *side, shards []*cluster.Shard, begin func(i int, s *cluster.Shard) (work, func() error)) (*Sampled, int) {
	c.turns = newTurns(len(shards), c.Found)
	var keys [][][]byte
	var errs []error
	var sample *Sampled
	if c.Sample > 0 {
		if keys, errs, sample = s.sample(ctx, shards, c.Sample); ctx.Err() != nil {
			return sample, 0
		}
	}
	failed := 0
	for i, err := range c.course.each(shards, func(i int, shard *cluster.Shard) error {
		if errs != nil && errs[i] != nil {
			return errs[i]
		}
		f := s.filter(shard)
		do, end := begin(i, shard)
		page := func(g *gait, link *scan.Link, stored [][]byte) error {
			listed := c.entries(s, shard, f, stored)
			if c.Sample > 0 {
				c.add(func(*Agreement) { sample.Entries += int64(len(listed)) })
			}
			if err := g.pay(ctx, len(listed)); err != nil {
				return err
			}
			return do(ctx, link, f, listed)
		}
		if keys != nil {
			return errors.Join(linked(ctx, shard, func(link *scan.Link) error { return page(nil, link, keys[i]) }), end())
		}
		return errors.Join(c.course.walk(ctx, shard, f.Pattern, page), end())
	}) {
		if err != nil && ctx.Err() == nil {
			if !errors.Is(err, ErrDeadline) {
				failed++
			}
			s.fail(shards[i], shards[i].Wrap(err))
		}
		if err := c.turns.tell(i, nil, true); err != nil {
			c.stop(err)
		}
	}
	return sample, failed
}

// entries are those of some keys that are selected and at home.
func (c *comparing) entries(s *side, on *cluster.Shard, f *scan.Filter, stored [][]byte) []Listed {
	astray := 0
	listed := make([]Listed, 0, len(stored))
	for _, key := range stored {
		if kind, _ := s.Cluster.SideKeys().Classify(f.Space, key); kind != ring.Entry || !f.Takes(key) {
			continue
		}
		if home, err := s.Cluster.Home(key); err != nil || !home.Same(on) {
			astray++
			continue
		}
		user, version, _ := f.Space.Split(key)
		listed = append(listed, Listed{Stored: key, Key: user, Version: version})
	}
	if s == c.from {
		c.skip(skipMisplaced, astray)
	}
	return listed
}

// side is one of the two caches, and how it is asked about keys.
type side struct {
	*Compared
	shards []*cluster.Shard
	lose   func(*cluster.Cluster, error)

	mu     sync.Mutex
	lines  []*sideLine
	open   int
	failed []bool
}

// sideLine is a connection to a shard that many use in turns.
type sideLine struct {
	sync.Mutex
	link *scan.Link
}

func newSide(of *Compared, lose func(*cluster.Cluster, error)) *side {
	s := &side{Compared: of, shards: of.Cluster.Visit(), lose: lose}
	s.lines, s.failed = make([]*sideLine, len(s.shards)), make([]bool, len(s.shards))
	for i := range s.lines {
		s.lines[i] = new(sideLine)
	}
	return s
}

func (s *side) filter(on *cluster.Shard) *scan.Filter {
	return scan.NewFilter(s.Selection, s.Cluster, on)
}

func (s *side) close() {
	for _, l := range s.lines {
		if l.link != nil {
			l.link.Close()
		}
	}
}

// place is where a shard stands among those of the side.
func (s *side) place(shard *cluster.Shard) int { return slices.IndexFunc(s.shards, shard.Same) }

// home is the place of the home of a stored key; -1 where there is none.
func (s *side) home(stored []byte) int {
	home, err := s.Cluster.Home(stored)
	if err != nil {
		return -1
	}
	if home.Index < len(s.shards) && s.shards[home.Index] == home { // as a rule
		return home.Index
	}
	return s.place(home)
}

// is reports whether the application sees an entry, and for how long.
func (s *side) is(e *copied) (left int64, is bool) {
	if e.ttl == int64(cluster.Missing) {
		return 0, false
	}
	left, missing := s.Left(e.ttl)
	return left, !missing
}

// down reports whether a shard is known not to answer.
func (s *side) down(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed[i]
}

// fail tells of a shard once.
func (s *side) fail(shard *cluster.Shard, err error) {
	i := s.place(shard)
	s.mu.Lock()
	told := i >= 0 && s.failed[i]
	if i >= 0 {
		s.failed[i] = true
	}
	s.mu.Unlock()
	if !told {
		s.lose(s.Cluster, err)
	}
}

// ask asks a shard something, one after the other, and reports whether it answered.
func (s *side) ask(ctx context.Context, i int, question func(*scan.Link) error) bool {
	if s.down(i) {
		return false
	}
	l := s.lines[i]
	l.Lock()
	defer l.Unlock()
	err := s.shards[i].Contain(func() (err error) {
		if l.link == nil {
			if l.link, err = scan.Open(ctx, s.shards[i]); err != nil {
				return err
			}
			s.count(1)
			if _, err := l.link.Begin(ctx); err != nil {
				return err
			}
		}
		return question(l.link)
	})
	// Where the shards are very many not all connections stay.
	if l.link != nil && (err != nil || s.count(0) > cluster.MostConnections) {
		l.link.Close()
		l.link = nil
		s.count(-1)
	}
	if err != nil && ctx.Err() == nil {
		s.fail(s.shards[i], s.shards[i].Wrap(err))
	}
	return err == nil
}

// count counts the connections that are open.
func (s *side) count(more int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += more
	return s.open
}

// sample takes a sample of the keys of some shards, and says why a shard gave none.
func (s *side) sample(ctx context.Context, shards []*cluster.Shard, n int) (keys [][][]byte, errs []error, of *Sampled) {
	from := make([]*Sampler, len(shards))
	errs = cluster.AtOnce(shards, func(i int, shard *cluster.Shard) error {
		conn, err := shard.Dial(ctx, 0)
		if from[i] = (&Sampler{err: err}); err == nil {
			from[i] = NewSampler(ctx, conn, s.filter(shard))
		}
		return nil
	})
	Draw(ctx, from, n)
	keys, of = make([][][]byte, len(shards)), new(Sampled)
	estimate := 0.0
	for i, sampler := range from {
		if sampler.conn != nil {
			sampler.conn.Close()
		}
		if errs[i] == nil {
			errs[i] = shards[i].Wrap(sampler.err)
		}
		keys[i] = sampler.sample
		estimate += sampler.estimate() * sampler.fitting
		of.Head = of.Head || sampler.head
	}
	of.Of = int64(math.Round(estimate))
	return keys, errs, of
}
