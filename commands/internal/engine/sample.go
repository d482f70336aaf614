package engine

import (
	"context"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

const (
	sampleCount = 100 // COUNT of the scans for a sample
	// samplePages bounds a sample where few keys are selected.
	samplePages = 200
	// sampleBytes is how much is read of a sample's values at a time; larger
	// values are left out.
	sampleBytes = 4 << 20
	// sampleAfter is how many values of each shard are read again after a run.
	sampleAfter = 64
)

// Survey is what a sample of a shard's keys shows.
type Survey struct {
	Shard    string
	Keys     int64 // in the database, whoever's they are
	Seen     int64 // keys looked at
	Selected int64 // of those, keys that the selection takes
	Home     int64 // of the selected, keys on the shard where the library looks for them
	Codecs   map[string]int64
	Err      error

	keys [][]byte // the sample
}

// Estimate is how many keys of the shard the selection takes, by the sample; it
// is exact if every key was seen.
func (s *Survey) Estimate() int64 {
	if s.Seen == 0 {
		return 0
	}
	if s.Seen >= s.Keys {
		return s.Selected
	}
	return int64(float64(s.Keys) * float64(s.Selected) / float64(s.Seen))
}

// Sampled is how many keys the sample holds.
func (s *Survey) Sampled() int64 { return int64(len(s.keys)) }

// Sample is the stored keys of the sample.
func (s *Survey) Sample() [][]byte { return s.keys }

// Look takes a sample of up to n selected keys of every shard and
// describes their values; without describe no value is read. It writes nothing.
func Look(ctx context.Context, cl *cluster.Cluster, o Options, n int, describe func(stored, value []byte) string) []Survey {
	shards := o.Shards
	if shards == nil {
		shards = cl.Visit()
	}
	surveys := make([]Survey, len(shards))
	errs := cluster.AtOnce(shards, func(i int, s *cluster.Shard) error {
		out := &surveys[i]
		out.Shard, out.Codecs = s.Name, make(map[string]int64)
		var visit func(stored, value []byte)
		if describe != nil {
			visit = func(stored, value []byte) { out.Codecs[describe(stored, value)]++ }
		}
		err := sample(ctx, s, newFilter(o.Selection, cl, s), n, out, visit)
		for _, key := range out.keys {
			if home, err := cl.Home(key); err == nil && home.Same(s) {
				out.Home++
			}
		}
		return err
	})
	for i := range surveys {
		surveys[i].Err = errs[i]
	}
	return surveys
}

// lookAgain looks whether the application still writes what was rewritten. It
// asks on the connections of the scans: what another process holds by now, read
// from an older dump, is not the application's doing.
func (r *run) lookAgain(ctx context.Context, o *Reinsert) {
	errs := cluster.AtOnce(r.o.Shards, func(i int, s *cluster.Shard) error {
		scan, out := r.scans[i], &r.report.Shards[i]
		if out.Err != nil {
			return nil
		}
		t, err := o.NewTranscoder()
		if err != nil {
			return nil
		}
		var again ShardReport
		var survey Survey
		err = sampleOn(ctx, scan.conn, newFilter(r.o.Selection, r.cl, s), sampleAfter, &survey, func(stored, value []byte) {
			if o.Foreign != nil {
				if _, foreign := o.Foreign(stored, value); foreign {
					return
				}
			}
			_, changed, err := t.Transcode(nil, value)
			if err != nil {
				return
			}
			again.Sampled++
			if changed {
				again.StillOld++
			}
		})
		if err == nil {
			out.Sampled, out.StillOld = again.Sampled, again.StillOld
			return nil
		}
		// A sample that cannot be taken takes nothing from the run, unless
		// the server is not the same any more.
		if !lost(ctx, err) || scan.runID == "" {
			return nil
		}
		_, err = scan.still(ctx)
		return err
	})
	for i, err := range errs {
		if err != nil && ctx.Err() == nil {
			r.report.Shards[i].Err = r.o.Shards[i].Wrap(err)
		}
	}
}

// sample fills survey, and visits the values of the sampled keys unless visit is
// nil.
func sample(ctx context.Context, s *cluster.Shard, f *filter, n int, survey *Survey, visit func(stored, value []byte)) error {
	conn, err := s.Dial(ctx, 0)
	if err != nil {
		return err
	}
	defer conn.Close()
	return s.Wrap(sampleOn(ctx, conn, f, n, survey, visit))
}

func sampleOn(ctx context.Context, conn *cluster.Conn, f *filter, n int, survey *Survey, visit func(stored, value []byte)) error {
	about, err := serverInfo(ctx, conn)
	if err != nil {
		return err
	}
	survey.Keys = about.keys
	// SCAN goes through the keys by a hash that is seeded when the server
	// starts, so the first ones are as good a sample as any.
	scan := &scanner{shard: conn.Shard, pattern: "*", count: sampleCount, conn: conn}
	for page := 0; page < samplePages && len(survey.keys) < n && !scan.ended; page++ {
		keys, err := scan.ask(ctx)
		if err != nil {
			return err
		}
		for _, key := range keys {
			survey.Seen++
			if f.verdict(key) == take {
				survey.Selected++
				if len(survey.keys) < n {
					survey.keys = append(survey.keys, key)
				}
			}
		}
	}
	if visit == nil {
		return nil
	}
	return visitValues(ctx, conn, survey.keys, visit)
}

func visitValues(ctx context.Context, conn *cluster.Conn, keys [][]byte, visit func(stored, value []byte)) error {
	const batch = 32
	for len(keys) > 0 {
		n := min(batch, len(keys))
		args := []any{"mget"}
		for _, key := range keys[:n] {
			args = append(args, key)
		}
		reply := &cluster.Reply{Limit: sampleBytes}
		if err := conn.Do(ctx, []redis.Cmder{cluster.NewCommand(ctx, reply, args...)}); err != nil {
			return err
		}
		items, err := reply.Array(n)
		if err != nil {
			return err
		}
		for i, item := range items {
			if item.Kind == cluster.Bulk {
				visit(keys[i], reply.Bytes(item))
			}
		}
		keys = keys[n:]
	}
	return nil
}

// Census counts the keys of one shard.
type Census struct {
	Shard    string
	Keys     int64 // in the database
	Selected int64 // taken by the selection
	Spared   int64 // selected, but protected
	// Of a whole census only:
	Mine       int64 // of this cache, every version, selected or not
	Foreign    int64 // of no cache in the file
	Neighbours map[string]int64
	Err        error
}

// Count counts exactly, by a scan of every shard, what a Selection takes. A
// whole census also counts whose all the other keys are. Types are not asked.
func Count(ctx context.Context, cl *cluster.Cluster, o Options, whole bool) []Census {
	shards := o.Shards
	if shards == nil {
		shards = cl.Visit()
	}
	out := make([]Census, len(shards))
	errs := cluster.AtOnce(shards, func(i int, s *cluster.Shard) error {
		out[i] = Census{Shard: s.Name, Neighbours: make(map[string]int64)}
		return s.Wrap(out[i].count(ctx, s, newFilter(o.Selection, cl, s), whole))
	})
	for i := range out {
		out[i].Err = errs[i]
	}
	return out
}

func (c *Census) count(ctx context.Context, s *cluster.Shard, f *filter, whole bool) error {
	conn, err := s.Dial(ctx, 0)
	if err != nil {
		return err
	}
	scan := &scanner{shard: s, pattern: f.pattern, count: scanCount, conn: conn}
	defer func() { scan.conn.Close() }()
	about, err := serverInfo(ctx, conn)
	if err != nil {
		return err
	}
	c.Keys, scan.runID = about.keys, about.runID
	if whole {
		scan.pattern = "*"
	}
	for !scan.ended {
		keys, err := scan.page(ctx)
		if err != nil {
			return err
		}
		for _, key := range keys {
			c.one(f, key, whole)
		}
	}
	return nil
}

func (c *Census) one(f *filter, key []byte, whole bool) {
	if !whole || f.fits(key) {
		switch f.verdict(key) {
		case take:
			c.Selected++
		case spare:
			c.Spared++
		}
	}
	if !whole {
		return
	}
	if _, _, ok := f.mine(key); ok {
		c.Mine++
	} else if alias, ok := f.neighbour(key); ok {
		c.Neighbours[alias]++
	} else {
		c.Foreign++
	}
}
