package ring

import (
	"crypto/sha1"
	"encoding/binary"
	"slices"
	"sort"
)

// dredis is django-dredis-cache 1.3.0a (dredis_cache/sharder.py). Servers are
// not hashed: each one listed halves the longest interval so far, so only the
// order of the list matters, and a server listed twice has two points.
type dredis struct{}

// dredisBits is the width of a position. Halving is exact until there are more
// than 2^28 servers.
const dredisBits = 28

func (dredis) points(labels []string, _ []int) []point {
	type interval struct{ from, to uint64 }
	intervals := []interval{{0, 1 << dredisBits}} // by length, stable
	points := []point{{server: 0}}
	for server := 1; server < len(labels); server++ {
		last := len(intervals) - 1
		cut := intervals[last]
		intervals = intervals[:last]
		middle := (cut.from + cut.to) / 2
		half := middle - cut.from
		points = append(points, point{position{head: middle}, int32(server)})
		// The library appends both halves and sorts by length: they end up
		// behind every interval that is not longer.
		i := sort.Search(len(intervals), func(i int) bool { return intervals[i].to-intervals[i].from > half })
		intervals = slices.Insert(intervals, i, interval{cut.from, middle}, interval{middle, cut.to})
	}
	slices.SortFunc(points, func(a, b point) int { return a.at.compare(b.at) })
	return points
}

func (dredis) position(text []byte) position {
	sum := sha1.Sum(text)
	return position{head: uint64(binary.BigEndian.Uint32(sum[:]) >> (32 - dredisBits))}
}

// owner never wraps: the first server's point is at 0.
func (dredis) owner(below, n int) int { return predecessor(below, n) }

func (dredis) text(_ Keyspace, stored []byte) ([]byte, error) { return stored, nil }
