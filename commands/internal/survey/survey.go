// Package survey is what only reads: samples of the keys of a cache and of those
// around them, lists, locks, counts, searches, the check of where keys lie, and the
// comparison of two caches. It writes nothing to any server, and reads no more values
// than it says.
package survey

import (
	"context"
	"math"
	"slices"
	"sync"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// SampleSize is how many keys of so many shards a sample takes in all. Where there
// are many shards those of each should still tell something.
func SampleSize(shards int) int { return max(1000, 100*shards) }

// Options say what a survey is of.
type Options struct {
	Selection scan.Selection
	Shards    []*cluster.Shard // nil: every shard that bulk work visits
}

func (o *Options) shards(cl *cluster.Cluster) []*cluster.Shard {
	if o.Shards == nil {
		return cl.Visit()
	}
	return o.Shards
}

// Sample is what a sample of a shard's keys shows.
type Sample struct {
	Shard  string
	Keys   int64 // in the database, whoever's they are
	Home   int64 // of the sample, keys on the shard where the library looks for them
	Codecs map[string]int64
	// Head tells that the sample is of the keys that SCAN gives first, those that
	// an interrupted run changed: the server allows nothing else.
	Head bool
	Err  error

	estimate int64
	stored   [][]byte // the sample
	sight    [][]byte // as many of the database, whoever's they are
	filter   *scan.Filter
}

// Estimate is how many keys of the shard the selection takes, by the sample; it
// is exact if every key was looked at.
func (s *Sample) Estimate() int64 { return s.estimate }

// Size is how many keys the sample holds.
func (s *Sample) Size() int64 { return int64(len(s.stored)) }

// Stored are the stored keys of the sample.
func (s *Sample) Stored() [][]byte { return s.stored }

// Look takes a sample of n selected keys of all shards together, from all over
// their key spaces, and describes their values; without describe no value is read. It is called for one value at a time.
// Each shard has its share, so that all samples together are a fair one. It writes
// nothing.
func Look(ctx context.Context, cl *cluster.Cluster, o Options, n int, describe func(stored, value []byte) string) []Sample {
	var samples []Sample
	shards := o.shards(cl)
	// A connection to each at a time; there is no more than one part as a rule.
	for part := range slices.Chunk(shards, cluster.MostConnections) {
		samples = append(samples, look(ctx, cl, o.Selection, part, n*len(part)/len(shards), describe)...)
	}
	return samples
}

func look(ctx context.Context, cl *cluster.Cluster, sel scan.Selection, shards []*cluster.Shard, n int, describe func(stored, value []byte) string) []Sample {
	samples := make([]Sample, len(shards))
	from := make([]*Sampler, len(shards))
	for i := range from {
		from[i] = new(Sampler)
	}
	each := func(do func(i int, s *cluster.Shard)) {
		for i, err := range cluster.AtOnce(shards, func(i int, s *cluster.Shard) error { do(i, s); return nil }) {
			if err != nil {
				samples[i].Err, from[i].err = err, err
			}
		}
	}
	each(func(i int, s *cluster.Shard) {
		samples[i].filter = scan.NewFilter(sel, cl, s)
		conn, err := s.Dial(ctx, 0)
		if from[i] = (&Sampler{err: err}); err == nil {
			from[i] = NewSampler(ctx, conn, samples[i].filter)
		}
	})
	Draw(ctx, from, n)
	var mu sync.Mutex
	each(func(i int, s *cluster.Shard) {
		out := &samples[i]
		out.Shard, out.Codecs = s.Name, make(map[string]int64)
		err := from[i].err
		if err == nil && describe != nil {
			err = from[i].Values(ctx, func(stored, value []byte) {
				mu.Lock()
				defer mu.Unlock()
				out.Codecs[describe(stored, value)]++
			})
		}
		out.fill(cl, s, from[i], err)
	})
	return samples
}

// fill takes over what a sampler found, and closes its connection.
func (s *Sample) fill(cl *cluster.Cluster, shard *cluster.Shard, of *Sampler, err error) {
	if of.conn != nil {
		of.conn.Close()
	}
	s.Keys, s.Head, s.Err = max(0, of.size), of.head, shard.Wrap(err)
	s.estimate = int64(math.Round(of.estimate() * of.fitting))
	s.stored, s.sight = of.sample, of.sight
	for _, key := range s.stored {
		if home, err := cl.Home(key); err == nil && home.Same(shard) {
			s.Home++
		}
	}
}
