package engine

import (
	"context"
	"math"
	"slices"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

const (
	// sampleBytes is how much is read of a sample's values at a time; larger
	// values are left out.
	sampleBytes = 4 << 20
	// sampleVolume is how much is read of one shard's in all.
	sampleVolume = 64 << 20
)

// SampleSize is how many keys of so many shards a sample takes in all. Where there
// are many shards those of each should still tell something.
func SampleSize(shards int) int { return max(1000, 100*shards) }

// Survey is what a sample of a shard's keys shows.
type Survey struct {
	Shard  string
	Keys   int64 // in the database, whoever's they are
	Home   int64 // of the sample, keys on the shard where the library looks for them
	Codecs map[string]int64
	// Head tells that the sample is of the keys that SCAN gives first, those that
	// an interrupted run changed: the server allows nothing else.
	Head bool
	Err  error

	estimate int64
	keys     [][]byte // the sample
	sight    [][]byte // as many of the database, whoever's they are
	filter   *scan.Filter
}

// Estimate is how many keys of the shard the selection takes, by the sample; it
// is exact if every key was looked at.
func (s *Survey) Estimate() int64 { return s.estimate }

// Sampled is how many keys the sample holds.
func (s *Survey) Sampled() int64 { return int64(len(s.keys)) }

// Sample is the stored keys of the sample.
func (s *Survey) Sample() [][]byte { return s.keys }

// Look takes a sample of n selected keys of all shards together, from all over
// their key spaces, and describes their values; without describe no value is read.
// Each shard has its share, so that all samples together are a fair one. It writes
// nothing.
func Look(ctx context.Context, cl *cluster.Cluster, o Options, n int, describe func(stored, value []byte) string) []Survey {
	shards := o.Shards
	if shards == nil {
		shards = cl.Visit()
	}
	surveys := make([]Survey, len(shards))
	from := make([]*sampler, len(shards))
	for i := range from {
		from[i] = new(sampler)
	}
	each := func(do func(i int, s *cluster.Shard)) {
		for i, err := range cluster.AtOnce(shards, func(i int, s *cluster.Shard) error { do(i, s); return nil }) {
			if err != nil {
				surveys[i].Err, from[i].err = err, err
			}
		}
	}
	each(func(i int, s *cluster.Shard) {
		surveys[i].filter = scan.NewFilter(o.Selection, cl, s)
		conn, err := s.Dial(ctx, 0)
		if from[i] = (&sampler{err: err}); err == nil {
			from[i] = newSampler(ctx, conn, surveys[i].filter.Pattern, surveys[i].filter.Takes)
		}
	})
	draw(ctx, from, n)
	each(func(i int, s *cluster.Shard) {
		out := &surveys[i]
		out.Shard, out.Codecs = s.Name, make(map[string]int64)
		err := from[i].err
		if err == nil && describe != nil {
			err = visitValues(ctx, from[i].conn, from[i].sample, func(stored, value []byte) { out.Codecs[describe(stored, value)]++ })
		}
		out.fill(cl, s, from[i], err)
	})
	return surveys
}

// fill takes over what a sampler found, and closes its connection.
func (s *Survey) fill(cl *cluster.Cluster, shard *cluster.Shard, of *sampler, err error) {
	if of.conn != nil {
		of.conn.Close()
	}
	s.Keys, s.Head, s.Err = max(0, of.size), of.head, shard.Wrap(err)
	s.estimate = int64(math.Round(of.estimate()))
	s.keys, s.sight = of.sample, of.sight
	for _, key := range s.keys {
		if home, err := cl.Home(key); err == nil && home.Same(shard) {
			s.Home++
		}
	}
}

// lookAgain looks whether the application still writes what was rewritten. It
// asks on the connections of the run: what another process holds by now, read
// from an older dump, is not the application's doing.
func (r *run) lookAgain(ctx context.Context, op resampler) {
	from := make([]*sampler, len(r.links))
	each := func(do func(i int, link *scan.Link)) {
		errs := cluster.AtOnce(r.o.Shards, func(i int, _ *cluster.Shard) error {
			if r.report.Shards[i].Err == nil {
				do(i, r.links[i])
			}
			return nil
		})
		for i, err := range errs {
			if err != nil {
				r.report.Shards[i].Err = err
			}
		}
	}
	each(func(i int, link *scan.Link) {
		f := scan.NewFilter(r.o.Selection, r.cl, link.Shard)
		from[i] = newSampler(ctx, link.Conn, f.Pattern, f.Takes)
	})
	draw(ctx, slices.DeleteFunc(slices.Clone(from), func(s *sampler) bool { return s == nil }), SampleSize(len(from)))
	each(func(i int, link *scan.Link) {
		err := from[i].err
		if err == nil {
			err = r.readAgain(ctx, op, from[i], &r.report.Shards[i])
		}
		// A sample that cannot be taken takes nothing from the run, unless the
		// server is not the same any more.
		if err == nil || !scan.Lost(ctx, err) || !link.Named() {
			return
		}
		if _, err := link.Still(ctx); err != nil && ctx.Err() == nil {
			r.report.Shards[i].Err = link.Shard.Wrap(err)
		}
	})
}

// readAgain counts the values of a sample that are not at the target.
func (r *run) readAgain(ctx context.Context, op resampler, of *sampler, out *ShardReport) error {
	judge, err := op.judge()
	if err != nil {
		return nil // that was told
	}
	var sampled, old int64
	err = visitValues(ctx, of.conn, of.sample, func(stored, value []byte) {
		was, known := judge(stored, value)
		if !known {
			return
		}
		sampled++
		if was {
			old++
		}
	})
	if err == nil {
		out.Sampled, out.StillOld, out.Head = sampled, old, of.head
	}
	return err
}

// visitValues reads the values of keys, in batches, until it has read enough.
func visitValues(ctx context.Context, conn *cluster.Conn, keys [][]byte, visit func(stored, value []byte)) error {
	const batch = 32
	for volume := int64(0); len(keys) > 0 && volume < sampleVolume; {
		n := min(batch, len(keys))
		args := []any{"mget"}
		for _, key := range keys[:n] {
			args = append(args, key)
		}
		reply := &cluster.Reply{Limit: sampleBytes}
		if err := conn.Do(ctx, []redis.Cmder{cluster.NewCommand(ctx, reply, args...)}); err != nil {
			return err
		}
		if len(reply.Items) != n+1 { // an error, or nothing
			return reply.Err(append(reply.Items, cluster.Item{})[0])
		}
		for i, item := range reply.Items[1:] {
			if item.Kind == cluster.Bulk {
				visit(keys[i], reply.Bytes(item))
			}
			if item.Kind == cluster.Bulk || item.Kind == cluster.Large {
				volume += item.Int
			}
		}
		keys = keys[n:]
	}
	return nil
}
