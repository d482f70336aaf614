package survey

import (
	"context"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

const (
	// wholeKeys is how many keys a database has at most that is looked at whole: a
	// few pages of SCAN cost no more than a sample, and what they tell is exact.
	wholeKeys = 5000
	// leastKeys is how many keys of a database are looked at, however few are its
	// share of a sample: what is estimated of it is shown.
	leastKeys = 100
	// rare is where SCAN with a pattern is cheaper than RANDOMKEY: fewer than one
	// key in so many is wanted.
	rare = 20
	// effort bounds the keys that are passed over for each that is wanted.
	effort = 200
	// headPages is how many pages of SCAN are read where nothing else is allowed.
	headPages = 20
	// flushed is how many commands of a sample are sent at a time.
	flushed = 250
)

// Sampler takes a sample of the keys of the database that a connection is in. It
// takes them from all over the key space, and not from the beginning of SCAN, whose
// keys are those that an interrupted run changed first: by RANDOMKEY, or by SCAN
// from cursors of its own choice, with a pattern where few keys are wanted. Where
// the server lets it do neither, head says so. A small database is looked at whole.
// It reads no value and writes nothing.
type Sampler struct {
	conn   *cluster.Conn
	random *rand.Rand
	// match is a pattern of SCAN that lets through what is wanted, and perhaps more.
	match  string
	wanted func(stored []byte) bool
	filter *scan.Filter // asks about the entries of wanted keys; nil: nobody does

	size    int64 // keys of the database; -1: not known
	drawn   bool  // RANDOMKEY is answered, as far as is known
	cursors bool  // SCAN goes on from any cursor, as far as is known

	whole bool // all wanted keys were found
	head  bool // what was seen is of the beginning of SCAN

	seen  [][]byte            // keys looked at, whoever's, each once
	mine  int                 // of those, wanted
	found [][]byte            // wanted, each once: of seen, and what the pattern let through
	known map[string]struct{} // seen and found
	// matched is how many wanted keys the pattern let through, those that were met
	// twice counted twice, and part how much of the key space was passed for them.
	matched, part float64
	passed        int // how many keys those are, about

	// What Draw was asked for: a sample of the wanted keys, and of all. Of the sample
	// are those whose entries are wanted, too, and fitting is their share.
	sample, sight [][]byte
	fitting       float64
	err           error // why it ended early
}

// Head reports whether the sample is of the keys that SCAN gives first.
func (s *Sampler) Head() bool { return s.head }

// Err is why the sample could not be taken; nil if it was.
func (s *Sampler) Err() error { return s.err }

// NewSampler makes one of the selected keys. It asks the server what it must know.
func NewSampler(ctx context.Context, conn *cluster.Conn, f *scan.Filter) *Sampler {
	s := newSampler(ctx, conn, f.Pattern, f.Takes)
	s.filter = f
	return s
}

func newSampler(ctx context.Context, conn *cluster.Conn, match string, wanted func(stored []byte) bool) *Sampler {
	s := &Sampler{
		conn: conn, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		match: match, wanted: wanted,
		size: -1, drawn: true, known: make(map[string]struct{}), fitting: 1,
	}
	server := redis.NewStringCmd(ctx, "info", "server")
	size := redis.NewIntCmd(ctx, "dbsize")
	// Who may not SCAN may do nothing that a sample is for.
	first := redis.NewScanCmd(ctx, nil, "scan", 0, "count", 1)
	if s.err = conn.Do(ctx, []redis.Cmder{server, size, first, scan.NoTouch(ctx)}); s.err == nil {
		s.err = first.Err()
	}
	if size.Err() == nil {
		s.size = size.Val()
	}
	s.cursors = anyCursor(cluster.ParseInfo(server.Val()))
	return s
}

// anyCursor reports whether SCAN of a server walks over a hash table, from 6.0 on.
// One that does not tell what it is is tried: what follows no cursor is noticed.
func anyCursor(about *cluster.Info) bool {
	switch about.Kind {
	case "", "redis", "valkey", "keydb", "redict":
		major, _, _ := strings.Cut(about.Version, ".")
		n, err := strconv.Atoi(major)
		return err != nil || n >= 6
	}
	return false
}

// Draw samples n wanted keys in all from several databases, of each as many as are
// its share, so that those of all together are a fair sample; and n whoever's they
// are. What fails is in the Err of a sampler, and the others go on.
func Draw(ctx context.Context, from []*Sampler, n int) {
	each := func(do func(int, *Sampler) error) {
		var wg sync.WaitGroup
		for i, s := range from {
			if s.err == nil {
				wg.Go(func() { s.err = s.conn.Shard.Contain(func() error { return do(i, s) }) })
			}
		}
		wg.Wait()
	}
	shares := shared(n, from, func(s *Sampler) float64 { return float64(s.size) })
	each(func(i int, s *Sampler) error {
		if s.size < 0 {
			return s.look(ctx, n)
		}
		return s.look(ctx, max(leastKeys, shares[i]))
	})
	shares = shared(n, from, func(s *Sampler) float64 { return float64(s.size) })
	each(func(i int, s *Sampler) error {
		if !s.few() {
			return nil
		}
		// What is rare is not to be estimated from what was seen.
		return s.find(ctx, max(leastKeys, shares[i]))
	})
	wanted := shared(n, from, (*Sampler).estimate)
	each(func(i int, s *Sampler) error {
		err := s.find(ctx, wanted[i])
		s.sight, s.sample = s.some(s.seen, shares[i]), s.some(s.found, wanted[i])
		if err == nil {
			err = s.sift(ctx)
		}
		return err
	})
}

// sift leaves the keys of the sample whose entries are wanted.
func (s *Sampler) sift(ctx context.Context) error {
	if s.filter == nil || !s.filter.Asks() || len(s.sample) == 0 {
		return nil
	}
	fits, err := s.filter.Sift(ctx, s.conn, s.sample)
	if err != nil {
		return err
	}
	kept := s.sample[:0]
	for i, key := range s.sample {
		if fits[i] == scan.Fits {
			kept = append(kept, key)
		}
	}
	s.fitting = float64(len(kept)) / float64(len(s.sample))
	s.sample = kept
	return nil
}

// shared divides n by the shares that some databases have.
func shared(n int, from []*Sampler, share func(*Sampler) float64) []int {
	var all, part float64
	for _, s := range from {
		all += max(0, share(s))
	}
	out := make([]int, len(from))
	given := 0
	for i, s := range from {
		if part += max(0, share(s)); all > 0 {
			out[i] = int(math.Ceil(float64(n)*part/all-1e-9)) - given
			given += out[i]
		}
	}
	return out
}

// some are n of the keys, in no order.
func (s *Sampler) some(keys [][]byte, n int) [][]byte {
	s.random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys[:min(n, len(keys))]
}

// estimate is how many keys are wanted; it is exact where all were looked at.
func (s *Sampler) estimate() float64 {
	switch {
	case s.whole:
		return float64(len(s.found))
	case s.part > 0:
		return s.matched / s.part
	case len(s.seen) == 0:
		return 0
	}
	return float64(s.size) * float64(s.mine) / float64(len(s.seen))
}

// look looks at n keys, whoever's they are, or at all that there are.
func (s *Sampler) look(ctx context.Context, n int) error {
	enough := func() bool { return s.whole || len(s.seen) >= n }
	var all func() error
	if s.size <= int64(max(wholeKeys, 2*n)) { // or not known
		all = func() error { return s.lookAtAll(ctx, max(wholeKeys, 2*n)) }
	} else {
		all = func() error { return errNoSample }
	}
	return firstOf(all,
		func() error { return s.drawKeys(ctx, rare*n, enough) },
		func() error { return s.jump(ctx, n, enough) },
		func() error { return s.begin(ctx, enough) },
	)
}

// few reports whether the wanted keys are so few that it is cheaper to ask for them.
func (s *Sampler) few() bool { return s.mine*rare < len(s.seen) }

// find finds n wanted keys, or all that there are, if it may pass over so many.
func (s *Sampler) find(ctx context.Context, n int) error {
	enough := func() bool { return s.whole || len(s.found) >= n }
	if enough() {
		return nil
	}
	drawn := func() error { return s.drawKeys(ctx, effort/4*n, enough) }
	matched := func() error { return s.jumpMatching(ctx, n, enough) }
	head := func() error { return s.begin(ctx, enough) }
	if s.few() {
		return firstOf(matched, drawn, head)
	}
	return firstOf(drawn, matched, head)
}

// see takes in a key that was met whoever's it is.
func (s *Sampler) see(stored []byte) {
	if !s.learn(stored) {
		return
	}
	s.seen = append(s.seen, stored)
	if s.wanted(stored) {
		s.mine++
		s.found = append(s.found, stored)
	}
}

// learn reports whether a key is new.
func (s *Sampler) learn(stored []byte) bool {
	before := len(s.known)
	s.known[string(stored)] = struct{}{}
	return len(s.known) > before
}
