package survey

import (
	"context"
	"math"
	"math/bits"
	"strconv"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// place is where SCAN is, as a fraction of 2^64 of the key space. SCAN walks over
// a hash table by the bits of the buckets' numbers in reverse, so its cursor read
// backwards grows, and means the same whatever the size of the table. Any number
// is a cursor: bits that the table does not have are ignored (dictScan of Redis,
// hashtableScan of Valkey).
type place uint64

// share is how much of the key space lies before the place.
func (p place) share() float64 { return math.Ldexp(float64(p), -64) }

// nth is where the i-th of n equal parts of the key space begins.
func nth(i, n int) place {
	if i == n {
		return 0 // the end is where SCAN is at the beginning again
	}
	q, _ := bits.Div64(uint64(i), 0, uint64(n))
	return place(q)
}

// stretch is a part of the key space that is walked over: from at on, up to end.
type stretch struct {
	at, end place
	cursor  string // that the server gave, where it is no place
	done    bool
}

// stretches are n equal ones that make up the key space.
func stretches(n int) []stretch {
	list := make([]stretch, n)
	for i := range list {
		list[i] = stretch{at: nth(i, n), end: nth(i+1, n)}
	}
	return list
}

// places are n stretches that begin somewhere in each of n equal parts.
func (s *Sampler) places(n int) []stretch {
	list := stretches(n)
	for i := range list {
		list[i].at += place(s.random.Uint64N(uint64(list[i].end - list[i].at)))
	}
	return list
}

// passAtOnce is how many keys may be passed in one flush, which is a few
// milliseconds of the server's time.
const passAtOnce = 10_000

// page is what is asked of SCAN.
type page struct {
	match string
	count int
	// bucket leaves out keys that lie behind empty buckets: of one alone every key
	// of the table is as likely as another.
	bucket bool
}

// walk asks once for a page of each stretch that is not at its end. It returns
// how much of the key space was passed, and whether all are at their ends.
func (s *Sampler) walk(ctx context.Context, list []stretch, p page, use func(stored []byte)) (part float64, done bool, err error) {
	var open []*stretch
	for i := range list {
		if !list[i].done {
			open = append(open, &list[i])
		}
	}
	done = true
	for len(open) > 0 {
		n := min(len(open), flushed, max(1, passAtOnce/p.count))
		passed, err := s.pages(ctx, open[:n], p, use)
		if err != nil {
			return part, false, err
		}
		if !s.cursors && len(list) > 1 {
			return part, false, errNoSample
		}
		part += passed
		for _, l := range open[:n] {
			done = done && l.done
		}
		open = open[n:]
	}
	return part, done, nil
}

// pages asks for one page of each stretch in one flush.
func (s *Sampler) pages(ctx context.Context, list []*stretch, p page, use func(stored []byte)) (part float64, err error) {
	reply := new(cluster.Reply)
	cmds := make([]redis.Cmder, len(list))
	for i, l := range list {
		cursor := l.cursor
		if cursor == "" {
			cursor = strconv.FormatUint(bits.Reverse64(uint64(l.at)), 10)
		}
		cmds[i] = cluster.NewCommand(ctx, reply, "scan", cursor, "match", p.match, "count", p.count)
	}
	if err := s.conn.Do(ctx, cmds); err != nil {
		return 0, err
	}
	next := make([]place, len(list))
	keys := make([][]cluster.Item, len(list))
	table := 0 // its size, in bits
	items := reply.Items
	for i, l := range list {
		if l.cursor, keys[i], items, err = scan.ReadPage(reply, items); err != nil {
			return 0, err
		}
		n, err := strconv.ParseUint(l.cursor, 10, 64)
		s.cursors = s.cursors && err == nil
		table = max(table, bits.Len64(n))
		next[i] = place(bits.Reverse64(n))
	}
	bucket := place(1) << (64 - table) // its width; 0 where that is the whole table
	for i, l := range list {
		from := l.at
		if bucket != 0 { // the bucket in which the place is was passed whole
			from &^= bucket - 1
		}
		end := l.cursor == "0"
		switch {
		case end:
			part += 1 - from.share()
		case next[i] > from:
			part += next[i].share() - from.share()
		default:
			s.cursors = false // it follows none but its own
		}
		l.at, l.done = next[i], end || l.end != 0 && next[i] >= l.end
		if p.bucket && next[i]-from != bucket {
			continue
		}
		for _, key := range keys[i] {
			use(reply.Bytes(key))
		}
	}
	return part, nil
}
