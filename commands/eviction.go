package commands

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"cachering/codec"
	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
)

// fullFrom is the share of maxmemory above which a run that needs memory is refused: a
// server that is full evicts what others rely on, or refuses every write.
const fullFrom = 0.9

// entryOverhead is about how many bytes an entry takes beside its key and value, with an
// expiry (dictEntry, robj, sds).
const entryOverhead = 80

// growthPatience is how long it may take to find out what would come to the servers. Of
// one that takes longer nothing is known to come.
const growthPatience = 10 * time.Second

// sinks are what the servers of the run tell of their memory, by shard; nil where no
// limit of theirs is to be kept. A server that does not tell has none that is known.
func (b *bulk) sinks(ctx context.Context) []*cluster.Info {
	if b.o.allowEviction || b.cache.Bulk.AllowEviction {
		return nil
	}
	return b.limited(ctx, b.run.Shards)
}

// limited is sinks for some shards.
func (b *bulk) limited(ctx context.Context, shards []*cluster.Shard) []*cluster.Info {
	sinks := make([]*cluster.Info, len(shards))
	cluster.Queue(shards, b.run.Parallel, func(i int, s *cluster.Shard) error {
		if len(shards) > b.run.Parallel { // each would keep its connection until its turn
			defer s.Rest()
		}
		ctx, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		if about, err := s.Info(ctx); err == nil && about.MaxMemory > 0 {
			sinks[i] = about
		}
		return nil
	})
	for _, about := range sinks {
		if about != nil {
			return sinks
		}
	}
	return nil
}

// fits refuses a run that brings a server of the sinks near its limit: so many bytes come
// to each shard. A dry run only tells.
func (b *bulk) fits(shards []*cluster.Shard, sinks []*cluster.Info, coming []float64) error {
	for i, about := range sinks {
		if about == nil {
			continue
		}
		come := 0.0
		for j, s := range shards {
			if s.SameServer(shards[i]) {
				come += coming[j]
			}
		}
		used := about.UsedMemory - about.Number("mem_not_counted_for_evict")
		if come <= 0 || float64(used)+come <= fullFrom*float64(about.MaxMemory) {
			continue
		}
		name, more, limit := shards[i].Name, plain.Size(int64(come)), plain.Size(about.MaxMemory)
		const hint = "--allow-eviction goes ahead; more maxmemory, or fewer keys (--match, --version), does not need it"
		if b.o.dryRun {
			b.s.ui.Warn("warning: about %s would come to %s, which uses %s of %s (maxmemory): the run is refused", more, name, plain.Size(used), limit)
			b.s.ui.Warn("hint: %s", hint)
			return nil
		}
		return refusef(refusedEviction, "about %s would come to %s, which uses %s of %s (maxmemory), so that more than nine tenths of it would be used", more, name, plain.Size(used), limit).
			hinting(hint)
	}
	return nil
}

// growth refuses a run by which values of a sample grow so much that a server would
// nearly be full. What cannot be sampled, or transcoded, does not grow.
func (b *bulk) growth(ctx context.Context, t *codec.Transcoder) error {
	sinks := b.sinks(ctx)
	if sinks == nil {
		return ctx.Err()
	}
	scope, of := b.scope(), []int{}
	scope.Shards = nil
	for i, about := range sinks {
		if about != nil { // another may hang
			scope.Shards, of = append(scope.Shards, b.run.Shards[i]), append(of, i)
		}
	}
	grows := map[string]int{}
	within, cancel := context.WithTimeout(ctx, growthPatience)
	defer cancel()
	samples := survey.Look(within, b.cl, scope, survey.SampleSize(len(of)), func(stored, value []byte) string {
		if !codec.LockToken(stored, value) {
			if out, changed, err := t.Transcode(nil, value); err == nil && changed {
				grows[string(stored)] = len(out) - len(value)
			}
		}
		return ""
	})
	coming := make([]float64, len(sinks))
	for n := range samples {
		come := 0
		for _, stored := range samples[n].Stored() {
			come += grows[string(stored)]
		}
		if size := samples[n].Size(); size > 0 {
			coming[of[n]] = float64(come) * float64(samples[n].Estimate()) / float64(size)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.fits(b.run.Shards, sinks, coming)
}

// incomingStrays refuses a run that brings home so much that a server would nearly be full,
// by a sample.
func (b *bulk) incomingStrays(ctx context.Context) error {
	if b.o.allowEviction || b.cache.Bulk.AllowEviction {
		return nil
	}
	homes := b.cl.Visit()
	sinks := b.limited(ctx, homes)
	if sinks == nil {
		return ctx.Err()
	}
	bytes := map[string]int{}
	within, cancel := context.WithTimeout(ctx, growthPatience)
	defer cancel()
	samples := survey.Look(within, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), func(stored, value []byte) string {
		bytes[string(stored)] = len(stored) + len(value) + entryOverhead
		return ""
	})
	coming := make([]float64, len(homes))
	for n := range samples {
		for _, stored := range samples[n].Stored() {
			home, err := b.cl.Home(stored)
			if err != nil || home.Same(b.run.Shards[n]) {
				continue
			}
			if at := slices.IndexFunc(homes, home.Same); at >= 0 {
				coming[at] += float64(bytes[string(stored)]) * float64(samples[n].Estimate()) / float64(samples[n].Size())
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.fits(homes, sinks, coming)
}

// comes is how many bytes come to each of some homes by what is copied there: what is there
// already, and is kept, brings nothing.
func (b *bulk) comes(ctx context.Context, homes []*cluster.Shard, heaps []heap, replaces bool) []float64 {
	coming := make([]float64, len(heaps))
	cluster.Queue(homes, b.run.Parallel, func(i int, s *cluster.Shard) error {
		h := &heaps[i]
		if len(h.some) == 0 {
			return nil
		}
		if len(homes) > b.run.Parallel {
			defer s.Rest()
		}
		ctx, cancel := context.WithTimeout(ctx, growthPatience)
		defer cancel()
		var all, come int64
		for _, p := range h.some {
			all += int64(len(p.stored)) + p.value + entryOverhead
		}
		for some := range slices.Chunk(h.some, 250) {
			keys := make([][]byte, len(some))
			for j := range keys {
				keys[j] = some[j].stored
			}
			found, err := s.Glance(ctx, keys...)
			if err != nil { // of a shard that fails the run itself tells
				return err
			}
			for j := range found {
				switch {
				case !found[j].Found():
					come += int64(len(keys[j])) + some[j].value + entryOverhead
				case replaces:
					come += some[j].value - found[j].Bytes
				}
			}
		}
		coming[i] = float64(h.bytes) * float64(come) / float64(all)
		return nil
	})
	return coming
}

// heap is what of a backup would come to one shard: all entries, and some of them.
type heap struct {
	entries, bytes int64
	some           []piece
}

// piece is an entry of a sample.
type piece struct {
	stored []byte
	value  int64 // bytes
}

// drawn is how many entries for a shard are looked for on its server.
const drawn = 1000

// incoming adds up what of a backup goes where, as its files are checked.
type incoming struct {
	b       *bulk
	op      *engine.Restore
	convert engine.Convert
	sinks   []*cluster.Info
	filters []*scan.Filter
	heaps   []heap
}

// incoming is nil where nothing has to be added up.
func (b *bulk) incoming(ctx context.Context, op *engine.Restore) (*incoming, error) {
	sinks := b.sinks(ctx)
	if sinks == nil {
		return nil, ctx.Err()
	}
	in := &incoming{b: b, op: op, sinks: sinks, heaps: make([]heap, len(sinks))}
	for _, s := range b.run.Shards {
		in.filters = append(in.filters, scan.NewFilter(b.run.Selection, b.cl, s))
	}
	var err error
	if op.NewConvert != nil {
		in.convert, err = op.NewConvert()
	}
	return in, err
}

// visit adds an entry.
func (in *incoming) visit(f *archive.File, e *archive.Entry) error {
	key, value := e.Key, e.Value
	if in.convert != nil {
		var err error
		if key, value, _, err = in.convert(key, value); err != nil {
			return nil // of which the run tells
		}
	}
	i := in.op.Target(f.Shard, key)
	switch {
	case i < 0, in.sinks[i] == nil, e.ExpiryOnly, e.At != 0 && e.At <= time.Now().UnixMilli(), in.filters[i].Verdict(key) != scan.Take:
		return nil
	}
	if _, foreign := in.op.Foreign(key, value); foreign {
		return nil
	}
	h := &in.heaps[i]
	h.entries++
	h.bytes += int64(len(key)+len(value)) + entryOverhead
	p := piece{append([]byte(nil), key...), int64(len(value))}
	if len(h.some) < drawn {
		h.some = append(h.some, p)
	} else if at := rand.Int64N(h.entries); at < drawn { // each as likely as any other
		h.some[at] = p
	}
	return nil
}

// check refuses a restore that nearly fills a server. What exists and is kept brings
// nothing, and what is replaced the difference.
func (in *incoming) check(ctx context.Context) error {
	coming := in.b.comes(ctx, in.b.run.Shards, in.heaps, in.op.Replace || in.op.Undo)
	if err := ctx.Err(); err != nil {
		return err
	}
	return in.b.fits(in.b.run.Shards, in.sinks, coming)
}
