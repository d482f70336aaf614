package explain

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/survey"
	"cachering/ring"
)

// A key that is nowhere may be one that is there, with a slip in it. It is looked for
// among keys of the same prefix and version, within bounds: of a run over many keys only
// so many are compared, with so many keys of each shard.
const (
	nearWanted = 20      // keys that are looked for together
	nearLooked = 200_000 // keys of each shard
	nearKept   = 3
	nearBytes  = 512 // of a longer key no near one is looked for
)

// candidate is a key that is near to one that is not there.
type candidate struct {
	Trace
	distance int
}

// lookNear adds to the evidence of keys of which nothing was found those that are near.
func (x *Explainer) lookNear(ctx context.Context, about []*Evidence) error {
	if !x.cache.Keyspace.Reversible() {
		return nil
	}
	about = slices.DeleteFunc(slices.Clone(about), func(e *Evidence) bool {
		return !e.Named || len(e.Key) > nearBytes || len(e.Versions)+len(e.Renamed)+len(e.Prefixes)+len(e.Databases)+len(e.Found()) > 0
	})
	about = about[:min(len(about), nearWanted)]
	if len(about) == 0 {
		return nil
	}
	var mu sync.Mutex
	near := make([][]candidate, len(about))
	bounded := false
	enough := errors.New("enough keys were looked at")
	x.each(func(i int, shard *cluster.Shard) error {
		looked := int64(0)
		err := survey.Search(ctx, shard, x.cache.Keyspace.PatternAll("*"), func(n int64) { looked += n }, func(found [][]byte) error {
			for _, stored := range found {
				if x.file.Owner(x.cache, i, stored) != x.cache {
					continue
				}
				kind, _ := x.cache.Traits.Side.Classify(x.cache.Keyspace, stored)
				key, version, ok := x.cache.Keyspace.Split(stored)
				if kind != ring.Entry || !ok {
					continue
				}
				for k, e := range about {
					distance, close := nearness(e.Key, string(key))
					if !close || string(version) != e.Version {
						continue
					}
					mu.Lock()
					near[k] = append(near[k], candidate{Trace{On: i, DB: shard.DB(), Glimpse: cluster.Glimpse{Stored: slices.Clone(stored)}}, distance})
					near[k] = nearest(near[k])
					mu.Unlock()
				}
			}
			if looked >= nearLooked {
				return enough
			}
			return nil
		})
		if errors.Is(err, enough) {
			mu.Lock()
			bounded = true
			mu.Unlock()
			return nil
		}
		return err
	})
	for k, e := range about {
		if bounded {
			e.NearOf = nearLooked
		}
		for _, c := range near[k] {
			glimpses, err := x.shards[c.On].Glance(ctx, c.Stored)
			if err == nil && glimpses[0].Found() {
				c.Glimpse, c.Home = glimpses[0], x.isHome(c.On, c.Stored)
				e.Near = append(e.Near, c.Trace)
			}
		}
	}
	return ctx.Err()
}

// nearest are the first of some candidates.
func nearest(list []candidate) []candidate {
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(a.distance-b.distance, strings.Compare(string(a.Stored), string(b.Stored)))
	})
	return list[:min(len(list), nearKept)]
}

// nearness is in how many letters two keys differ, in upper and lower case alike; close
// tells that a slip could have made one of the other. Other numbers make other keys and no
// slip: where there is user:41, nobody who asked for user:42 meant that.
func nearness(a, b string) (distance int, close bool) {
	limit := min(2, len(a)/4)
	if d := len(a) - len(b); d > limit || -d > limit || a == b {
		if zeros(a) == zeros(b) && a != b {
			return 1, len(a) >= 4
		}
		return 0, false
	}
	if numbers(a) != numbers(b) {
		return 0, false
	}
	distance = config.Distance(strings.ToLower(a), strings.ToLower(b))
	return distance, distance <= limit
}

// numbers are the digits of a key, but for zeros in front of a number.
func numbers(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; isDigit(c) && !leadingZero(key, i) {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// zeros is a key without zeros in front of its numbers.
func zeros(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if !leadingZero(key, i) {
			b.WriteByte(key[i])
		}
	}
	return b.String()
}

// leadingZero reports whether a byte is a zero in front of a number.
func leadingZero(key string, i int) bool {
	if key[i] != '0' || i+1 == len(key) || !isDigit(key[i+1]) {
		return false
	}
	for i--; i >= 0 && key[i] == '0'; i-- {
	}
	return i < 0 || !isDigit(key[i])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
