package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/survey"
)

// samplePatience is how long a run that asks nothing waits for its sample.
const samplePatience = 2 * time.Second

// confirm admits the work, shows what is about to happen and asks. It does not
// ask where nothing will be written, or --yes was given.
func (b *bulk) confirm(ctx context.Context) error {
	if err := b.admit(); err != nil {
		return err
	}
	if err := b.honour(ctx); err != nil {
		return err
	}
	if b.o.dryRun || b.o.yes {
		b.sample(ctx)
		return nil
	}
	keys, err := b.preview(ctx)
	if err != nil {
		return err
	}
	yes, err := b.s.ui.Confirm(ctx, fmt.Sprintf("%s about %s?", b.does, plain.Count(keys, "key")))
	if err != nil {
		return err
	}
	if !yes {
		return b.s.declined(refusedNo)
	}
	return nil
}

// sample warns of keys that are not at home where no question will show it. Of a
// shard that fails the run itself tells.
func (b *bulk) sample(ctx context.Context) {
	if !b.cache.Sharded || b.s.ui.Quiet {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, samplePatience)
	defer cancel()
	b.s.warnMisplaced(b.cache, b.cl, b.run.Shards, survey.Look(ctx, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), nil))
}

// preview tells which configuration, cache, shards and keys a question is
// about, and returns about how many keys those are.
func (b *bulk) preview(ctx context.Context) (int64, error) {
	describe := func(stored, value []byte) string { return reader.Of(b.cache, stored, value).String() }
	if b.where.Idle.Set() {
		describe = nil // before Redis 7.2 it would make them look used
	}
	samples := survey.Look(ctx, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), describe)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	warn := b.s.ui.WarnUnder
	warn("configuration  ", "%s", b.file.Path)
	warn("cache          ", "%s, %s, ring %s", b.cache.Alias, b.cache.Backend, ringName(b.cache))
	warn("keys           ", "%s", b.whatOf())
	if b.resumes() {
		warn("goes on from   ", "%s, %s", b.kept.path, b.kept.far())
	}
	var keys, sampled, home int64
	codecs := map[string]int64{}
	for i, v := range samples {
		head := "shard"
		if i == 0 {
			head = "shards"
		}
		if v.Err != nil {
			warn(fmt.Sprintf("%-15s", head), "%s: no answer: %s", v.Shard, cluster.Bare(v.Err))
			continue
		}
		warn(fmt.Sprintf("%-15s", head), "%s: about %s of %d", v.Shard, plain.Count(v.Estimate(), "key"), v.Keys)
		keys += v.Estimate()
		sampled += v.Size()
		home += v.Home
		for name, n := range v.Codecs {
			codecs[name] += n
		}
	}
	if sampled > 0 {
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(codecs)) {
			parts = append(parts, fmt.Sprintf("%s %d", name, codecs[name]))
		}
		if parts != nil {
			warn("in a sample    ", "%s", strings.Join(parts, ", "))
		}
		warn("at home        ", "%d of %d sampled keys (%s)", home, sampled, plain.Percent(float64(home)/float64(sampled)))
		b.s.warnHead(samples)
		b.s.warnMisplaced(b.cache, b.cl, b.run.Shards, samples)
	}
	return keys, nil
}

// warnHead warns of a sample that is of the keys which SCAN gives first.
func (s *session) warnHead(samples []survey.Sample) {
	var names []string
	for _, v := range samples {
		if v.Head {
			names = append(names, v.Shard)
		}
	}
	if names != nil {
		s.ui.Warn("warning: the sample is %s", headOf(names))
	}
}

// headOf says of which keys the sample of some shards is, and why.
func headOf(shards []string) string {
	return "of the first keys of SCAN on " + strings.Join(shards, ", ") + ", which are those that a run that was interrupted changed: RANDOMKEY is refused, allow it by +randomkey"
}
