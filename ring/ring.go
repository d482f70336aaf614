package ring

import (
	"errors"
	"fmt"
	"iter"
	"math/big"
	"unsafe"
)

var (
	// ErrForeign is a stored key that is not of the cache's key space, asked of
	// a ring that needs the bare key.
	ErrForeign = errors.New("not a key of this cache")
	// ErrOneWay is a stored key whose bare key a hashing key function hides,
	// asked of a ring that needs it.
	ErrOneWay = errors.New("the key function hashes the key, and this ring places by the unhashed key")
)

// A Ring maps keys to servers. It does not change and is safe for concurrent
// use.
type Ring struct {
	spec    // its gen is nil for Plain
	servers []Server
	heads   []uint64 // of the points, in ring order; searched first
	points  []point
	slots   *slots // of a Cluster, which has no points; nil for all others
	writer  int    // server that takes every write, or -1
	reads   Reads
}

// New makes a ring of servers in the order of LOCATION. A Plain ring writes to
// the first server; WithWriter chooses another.
func New(name Name, servers []Server) (*Ring, error) {
	if len(servers) == 0 {
		return nil, errors.New("a cache needs at least one server")
	}
	r := &Ring{servers: servers, writer: -1}
	if name == Plain {
		r.writer = 0
		return r, nil
	}
	s := name.spec()
	if s == nil {
		return nil, &UnknownNameError{name}
	}
	r.spec = *s
	labels, owners := make([]string, len(servers)), make([]int, len(servers))
	first := make(map[string]int, len(servers))
	for i, sv := range servers {
		labels[i], owners[i] = sv.Label, i
		if j, seen := first[sv.Label]; seen {
			owners[i] = j
		} else {
			first[sv.Label] = i
		}
	}
	r.points = r.gen.points(labels, owners)
	r.heads = make([]uint64, len(r.points))
	for i, p := range r.points {
		r.heads[i] = p.at.head
	}
	return r, nil
}

// Name is the ring's name, Plain for a cache that does not shard.
func (r *Ring) Name() Name { return r.name }

// Len is the number of servers, those listed twice counted twice.
func (r *Ring) Len() int { return len(r.servers) }

// Servers are those given to New.
func (r *Ring) Servers() []Server { return r.servers }

// Owner is the server that owns a hashed text, in O(log n) of the points. Of
// servers with one label it is the first. Most callers want Home or HomeOf,
// which know which text is hashed for a key. A slot that nobody has is the first
// server's here.
func (r *Ring) Owner(text []byte) int {
	if r.slots != nil {
		i, _ := r.slotOf(text)
		return i
	}
	if r.gen == nil {
		return r.writer
	}
	p := r.gen.position(text)
	return int(r.points[r.gen.owner(r.below(p), len(r.points))].server)
}

// OwnerString is Owner without a copy of the text.
func (r *Ring) OwnerString(text string) int {
	// Hashing only reads the bytes, so the string may lend them.
	return r.Owner(unsafe.Slice(unsafe.StringData(text), len(text)))
}

// below counts the points at or under p.
func (r *Ring) below(p position) int {
	lo, hi := 0, len(r.heads)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if h := r.heads[mid]; h < p.head || h == p.head && r.points[mid].at.compare(p) <= 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Home is the server on which the application looks for a stored key. It knows
// the side keys of get_or_set, the hash tags of django-redis, and the bare key
// of the 1.x rings; only the last can fail, with ErrForeign or ErrOneWay, and a
// Cluster, with an *UncoveredError.
func (r *Ring) Home(ks Keyspace, stored []byte) (int, error) {
	if r.slots != nil {
		return r.slotOf(stored)
	}
	if r.gen == nil {
		return r.writer, nil
	}
	if _, main := r.beside.Classify(ks, stored); main != nil {
		stored = main
	}
	text, err := r.gen.text(ks, stored)
	if err != nil {
		return 0, err
	}
	return r.Owner(text), nil
}

// HomeOf is the home of a key as the application names it. Unlike Home it
// cannot fail: the bare key is at hand.
func (r *Ring) HomeOf(ks Keyspace, key string, version int64) int {
	if r.slots != nil {
		return r.OwnerString(ks.Stored(key, version))
	}
	if r.gen == nil {
		return r.writer
	}
	if r.bareKey {
		return r.OwnerString(key)
	}
	text, _ := r.gen.text(ks, []byte(ks.Stored(key, version))) // only bare keys can be missing
	return r.Owner(text)
}

// A Point is one of the places at which a server's keys begin.
type Point struct {
	Position string // in hex, as wide as the ring's hash
	Server   int
}

// Points yields the points in ring order; a Plain ring has none, and a Cluster has
// SlotRanges.
func (r *Ring) Points() iter.Seq[Point] {
	return func(yield func(Point) bool) {
		for _, p := range r.points {
			if !yield(Point{p.at.hex(r.digits), int(p.server)}) {
				return
			}
		}
	}
}

// PointCounts is the number of points of each server, of slots in a Cluster. All
// points of servers with one label are the first one's.
func (r *Ring) PointCounts() []int {
	if r.slots != nil {
		return r.slotCounts()
	}
	counts := make([]int, len(r.servers))
	for _, p := range r.points {
		counts[p.server]++
	}
	return counts
}

// Shares is the part of all positions that each server owns, exact before it is
// rounded to a float64. The shares add up to 1, but for slots that nobody has.
func (r *Ring) Shares() []float64 {
	shares := make([]float64, len(r.servers))
	if r.slots != nil {
		for i, n := range r.slotCounts() {
			shares[i] = float64(n) / Slots
		}
		return shares
	}
	if r.gen == nil {
		shares[r.writer] = 1
		return shares
	}
	sums := make([]big.Int, len(r.servers))
	whole := new(big.Int).Lsh(big.NewInt(1), uint(4*r.digits))
	var from, to, length big.Int
	for below := 0; below <= len(r.points); below++ {
		if below < len(r.points) {
			r.points[below].at.big(&to, r.digits)
		} else {
			to.Set(whole)
		}
		// Positions in [from, to) have exactly below points at or under them.
		owner := r.points[r.gen.owner(below, len(r.points))].server
		sums[owner].Add(&sums[owner], length.Sub(&to, &from))
		from.Set(&to)
	}
	for i := range sums {
		shares[i], _ = new(big.Rat).SetFrac(&sums[i], whole).Float64()
	}
	return shares
}

// big sets z to the position as an integer.
func (p position) big(z *big.Int, digits int) {
	z.SetUint64(p.head)
	if digits < 64 {
		return
	}
	var word big.Int
	for _, w := range p.tail {
		z.Lsh(z, 64)
		z.Or(z, word.SetUint64(w))
	}
}

// Reads says where a get of an unsharded cache looks.
type Reads uint8

const (
	ReadHome   Reads = iota // at the home
	ReadAny                 // at a random server, the writer included (redis_cache.RedisCache)
	ReadOthers              // at a random server but the writer, unless it is alone (django-redis, Django)
)

// WithWriter is the same ring with one server that takes every write, whoever
// the home is: the master of RedisCache, and MASTER_CACHE of the sharded
// django-redis-cache 1.0, which goes on reading by ring.
func (r *Ring) WithWriter(server int, reads Reads) (*Ring, error) {
	if server < 0 || server >= len(r.servers) {
		return nil, fmt.Errorf("writer %d is not one of %d servers", server, len(r.servers))
	}
	c := *r
	c.writer, c.reads = server, reads
	return &c, nil
}

// WithMaster is WithWriter of a server that need not be one of the ring's, as
// MASTER_CACHE of 1.0 need not be in LOCATION: servers are those of the ring and
// perhaps others behind them, which own no key.
func (r *Ring) WithMaster(servers []Server, master int) (*Ring, error) {
	if len(servers) < len(r.servers) {
		return nil, fmt.Errorf("%d servers are not those of a ring of %d", len(servers), len(r.servers))
	}
	c := *r
	c.servers = servers
	return c.WithWriter(master, ReadHome)
}

// Writer is the server that takes every write, if there is only one.
func (r *Ring) Writer() (server int, ok bool) { return r.writer, r.writer >= 0 }

// Readers are the servers one of which the application asks for a key whose
// home is given.
func (r *Ring) Readers(home int) []int {
	if r.reads == ReadHome || len(r.servers) == 1 {
		return []int{home}
	}
	var readers []int
	for i := range r.servers {
		if r.reads == ReadAny || i != r.writer {
			readers = append(readers, i)
		}
	}
	return readers
}
