package commands

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cachering/commands/internal/areas"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/survey"
)

// samplePatience is how long a run that asks nothing waits for its sample.
const samplePatience = 2 * time.Second

// answered reports whether the command line has answered the question already.
func (b *bulk) answered() bool {
	return b.o.confirm != "" || b.o.yes && !b.byAlias
}

// answerable refuses an answer of the command line that does not do, and a question
// that nobody could answer.
func (b *bulk) answerable() error {
	alias := b.written().Alias
	switch {
	case b.o.confirm != "" && string(b.o.confirm) != alias:
		return refusef(refusedUnconfirmed, "--confirm %s: the cache is %s", plain.Quote(string(b.o.confirm)), alias)
	case b.answered():
		return nil
	case b.o.yes:
		return refusef(refusedUnconfirmed, "--yes is not enough here: the alias of the cache is wanted").
			hinting("--confirm %s goes ahead without a question, --dry-run only looks", alias)
	case b.s.ui.CanAsk():
		return nil
	case b.byAlias:
		return refusef(refusedNoTerminal, "there is no terminal to ask on").
			hinting("--confirm %s goes ahead without a question, --dry-run only looks", alias)
	}
	return refusef(refusedNoTerminal, "there is no terminal to ask on").
		hinting("--yes goes ahead without a question, --dry-run only looks")
}

// ask asks whether to do what was shown, in words as "delete about 20 keys".
func (b *bulk) ask(ctx context.Context, what string) error {
	if !b.byAlias {
		yes, err := b.s.ui.Confirm(ctx, labelled(b.written(), what+"?"))
		if err == nil && !yes {
			err = b.s.declined(refusedNo)
		}
		return err
	}
	answer, err := b.s.ui.Ask(ctx, labelled(b.written(), "type the alias of the cache to "+what+":"))
	if err == nil && answer != b.written().Alias {
		err = b.s.declined(refusedUnconfirmed)
	}
	return err
}

// labelled puts the label of a cache in front of a question.
func labelled(cache *config.Cache, question string) string {
	if cache.Label == "" {
		return question
	}
	return cache.Label + ": " + question
}

// about shows what every question is about.
func (b *bulk) about() {
	warn := b.s.ui.WarnUnder
	if label := b.written().Label; label != "" {
		warn("label          ", "%s", label)
	}
	warn("configuration  ", "%s", b.file.Path)
	warn("cache          ", "%s, %s, ring %s", b.cache.Alias, b.cache.Backend, ringName(b.cache))
	if to := b.intoCache; to != nil {
		warn("to             ", "%s, %s, ring %s, %s", to.Alias, to.Backend, ringName(to), to.Codec)
	}
}

// confirm admits the work, shows what is about to happen and asks. It does not
// ask where nothing will be written, or the command line has answered.
func (b *bulk) confirm(ctx context.Context) error {
	if err := b.admit(); err != nil {
		return err
	}
	if err := b.honour(ctx); err != nil {
		return err
	}
	if err := b.expected(ctx); err != nil {
		return err
	}
	if b.room != nil {
		if err := b.room(ctx); err != nil {
			return err
		}
	}
	if b.o.dryRun || b.answered() {
		b.sample(ctx)
		return nil
	}
	keys, err := b.preview(ctx)
	if err != nil {
		return err
	}
	if keys == 0 && b.o.checkpoint == "" {
		if b.none, err = b.nothing(ctx); err != nil || b.none {
			return err
		}
	}
	return b.ask(ctx, fmt.Sprintf("%s about %s", b.does, plain.Count(keys, "key")))
}

// nothing reports whether there is no key that the work is for, so that nobody need be
// asked: a sample that has none may have missed some. What is all protected is refused.
func (b *bulk) nothing(ctx context.Context) (bool, error) {
	var spared int64
	for _, c := range survey.Count(ctx, b.cl, b.scope(), false) {
		if c.Err != nil || c.Selected > 0 {
			return false, ctx.Err()
		}
		spared += c.Spared
	}
	if spared > 0 {
		return false, allProtected(spared)
	}
	return true, nil
}

// sample finds out what a run is about that asks nothing, and warns of keys that are
// not at home. Of a shard that fails the run itself tells.
func (b *bulk) sample(ctx context.Context) {
	homes, told := b.cache.Sharded && !b.s.ui.Quiet, b.tells && (b.s.ui.JSON || !b.s.ui.Quiet)
	if !homes && !told {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, samplePatience)
	defer cancel()
	samples := survey.Look(ctx, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), nil)
	if told && ctx.Err() == nil {
		b.hits = survey.Hits(samples, nil)
	}
	if homes {
		b.s.warnMisplaced(b.cache, b.cl, b.run.Shards, samples)
	}
}

// preview tells which configuration, cache, shards and keys a question is
// about, and returns about how many keys those are.
func (b *bulk) preview(ctx context.Context) (int64, error) {
	shapes := map[string]areas.Shape{}
	describe := func(stored, value []byte) string {
		r := reader.Of(b.cache, stored, value)
		shapes[string(stored)] = areas.ShapeOf(value, r.Value)
		return r.String()
	}
	if b.where.Idle.Set() {
		describe = nil // before Redis 7.2 it would make them look used
	}
	samples := survey.Look(ctx, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), describe)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	warn := b.s.ui.WarnUnder
	b.about()
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
		about := b.concerned(&v)
		warn(fmt.Sprintf("%-15s", head), "%s: about %s of %d", v.Shard, plain.Count(about, "key"), v.Keys)
		keys += about
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
		if b.tells {
			b.hits = survey.Hits(samples, shapes)
			warn("areas          ", "%s", areaText(b.hits))
		}
		b.s.warnHead(samples)
		b.s.warnMisplaced(b.cache, b.cl, b.run.Shards, samples)
	}
	for _, text := range b.beware {
		b.s.ui.Warn("warning: %s", text)
	}
	return keys, nil
}

// concerned is how many keys of a shard the run is for, by a sample.
func (b *bulk) concerned(v *survey.Sample) int64 {
	n := v.Estimate()
	if b.astray && v.Size() > 0 {
		n = int64(math.Round(float64(n) * float64(v.Size()-v.Home) / float64(v.Size())))
	}
	return n
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
