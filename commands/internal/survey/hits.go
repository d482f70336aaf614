package survey

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"cachering/commands/internal/areas"
	"cachering/commands/internal/scan"
)

// Hit is how many keys of an area work is about.
type Hit struct {
	Area      areas.Area
	Keys      int64
	Estimated bool // by a sample, and not counted
}

// Hits are the areas of the keys that samples are of, those whose loss is worst first,
// of these the largest. shapes are those of the values that were looked at, by stored
// key. What a shard that gave no sample holds is in none.
func Hits(samples []Sample, shapes map[string]areas.Shape) []Hit {
	keys := map[areas.Area]float64{}
	estimated := false
	for i := range samples {
		s := &samples[i]
		if s.Err != nil || s.Size() == 0 {
			estimated = estimated || s.Err != nil
			continue
		}
		estimated = estimated || s.estimate != s.Size()
		each := float64(s.estimate) / float64(s.Size())
		for _, stored := range s.stored {
			user, _, _ := s.filter.Mine(stored)
			keys[areas.Of(stored, user, shapes[string(stored)])] += each
		}
	}
	return sorted(keys, estimated)
}

// AreasOf are those of every key that was counted, in the order of Hits.
func AreasOf(counted []Census) []Hit {
	keys := map[areas.Area]float64{}
	missed := false
	for i := range counted {
		missed = missed || counted[i].Err != nil
		for a, n := range counted[i].areas {
			keys[a] += float64(n)
		}
	}
	return sorted(keys, missed)
}

func sorted(keys map[areas.Area]float64, estimated bool) []Hit {
	list := make([]Hit, 0, len(keys))
	for a := range maps.Keys(keys) {
		list = append(list, Hit{a, int64(math.Round(keys[a])), estimated})
	}
	slices.SortFunc(list, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Area.Loss(), a.Area.Loss()), cmp.Compare(b.Keys, a.Keys), cmp.Compare(a.Area, b.Area))
	})
	return list
}

// areaOf is the area of any key of a database, whoever's it is.
func areaOf(f *scan.Filter, stored []byte) areas.Area {
	user, _, mine := f.Mine(stored)
	if !mine {
		_, user, _ = djangoKey(stored)
	}
	return areas.Of(stored, user, areas.Unseen)
}
