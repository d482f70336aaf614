package ring

import (
	"cmp"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
)

// A generation is what one released placement code does differently from the
// others. Everything it does not say is common to all rings.
type generation interface {
	// points sets the points of all servers, in ring order. Equal labels carry
	// equal indexes in owners, the lowest of their group.
	points(labels []string, owners []int) []point
	// position places a hashed text on the ring.
	position(text []byte) position
	// owner is the point, of n, that owns a position with below points at or
	// under it.
	owner(below, n int) int
	// text is what is hashed for the stored key of an entry. The result may
	// alias stored.
	text(ks Keyspace, stored []byte) ([]byte, error)
}

// A spec is a ring as the outside knows it.
type spec struct {
	name    Name
	library Library
	assumed string // the release by which locations are read if none is given; "" is the newest
	bareKey bool
	digits  int      // hex digits of a position
	beside  SideKeys // those that lie on the server of their entry
	gen     generation
}

// get_or_set of 2.0 writes entry and marker in one pipeline to one server, and
// the lock as a key of its own; before, the lock was looked for beside the entry.
var (
	beside20 = SideKeys{Fresh: "__fresh__"}
	beside1  = SideKeys{Lock: "_lock"}
)

var specs = []spec{
	{RedisCache, LibRedisCache, "", false, 8, beside20, redisCache20{}},
	{RedisCache15, LibRedisCache, "1.8.1", true, 8, beside1, redisCache15{}},
	{RedisCache12, LibRedisCache, "1.5.2", true, 8, beside1, redisCache12{}},
	{RedisCache10, LibRedisCache, "1.1.1", true, 15, beside1, redisCache10{}},
	{RedisCache10x32, LibRedisCache, "1.1.1", true, 7, beside1, redisCache10x32{}},
	{Dredis, LibDredis, "", false, 7, SideKeys{}, dredis{}},
	{DjangoRedis, LibDjangoRedis, "", false, 64, SideKeys{}, djangoRedis{}},
	{DjangoRedis33, LibDjangoRedis, "3.3.0", false, 64, SideKeys{}, djangoRedis33{}},
}

// A position is a place on a ring of up to 2^256 places, most significant word
// first. Rings of at most 64 bits use head alone.
type position struct {
	head uint64
	tail [3]uint64
}

func (p position) compare(q position) int {
	if c := cmp.Compare(p.head, q.head); c != 0 {
		return c
	}
	return slices.Compare(p.tail[:], q.tail[:])
}

// hex prints the position at the ring's width.
func (p position) hex(digits int) string {
	if digits < 64 {
		return fmt.Sprintf("%0*x", digits, p.head)
	}
	return fmt.Sprintf("%016x%016x%016x%016x", p.head, p.tail[0], p.tail[1], p.tail[2])
}

// A point is where a server's stretch of the ring begins (django-redis-3.3:
// ends).
type point struct {
	at     position
	server int32
}

// replicas sets n points for each server and sorts them. The sort is stable
// because the libraries insert a point after those at its own position: among
// colliding servers the last one listed wins, and only there does the order of
// LOCATION matter.
func replicas(labels []string, owners []int, n int, text func(dst []byte, label string, replica int) []byte, at func([]byte) position) []point {
	points := make([]point, 0, n*len(labels))
	var buf []byte
	for i, label := range labels {
		for r := range n {
			buf = text(buf[:0], label, r)
			points = append(points, point{at(buf), int32(owners[i])})
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return a.at.compare(b.at) })
	return points
}

// replicaThenLabel is the text of a point in django-redis-cache, "3:label".
func replicaThenLabel(dst []byte, label string, replica int) []byte {
	dst = strconv.AppendInt(dst, int64(replica), 10)
	return append(append(dst, ':'), label...)
}

// labelThenReplica is the text of a point in django-redis, "label:3".
func labelThenReplica(dst []byte, label string, replica int) []byte {
	dst = append(append(dst, label...), ':')
	return strconv.AppendInt(dst, int64(replica), 10)
}

// predecessor is the owner rule of most rings: the greatest point that is not
// above the key, and below the first point the last.
func predecessor(below, n int) int {
	if below == 0 {
		return n - 1
	}
	return below - 1
}

// md5Last8 is the last eight hex digits of the MD5.
func md5Last8(text []byte) position {
	sum := md5.Sum(text)
	return position{head: uint64(binary.BigEndian.Uint32(sum[12:]))}
}

// md5First is the first hex digits of the MD5, 16 at most.
func md5First(text []byte, digits uint) position {
	sum := md5.Sum(text)
	return position{head: binary.BigEndian.Uint64(sum[:]) >> (64 - 4*digits)}
}

// sha256All is the whole SHA-256.
func sha256All(text []byte) position {
	sum := sha256.Sum256(text)
	return position{
		head: binary.BigEndian.Uint64(sum[:]),
		tail: [3]uint64{
			binary.BigEndian.Uint64(sum[8:]),
			binary.BigEndian.Uint64(sum[16:]),
			binary.BigEndian.Uint64(sum[24:]),
		},
	}
}
