package commands

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/survey"
)

type compareOptions struct {
	readingOptions
	to        word
	toConfig  word
	toVersion integer
	quick     bool
	sample    integer
	tolerance measure
}

// ttlTolerance is by how many milliseconds expiries may differ.
const ttlTolerance = 1000

func (o *compareOptions) flags() []cli.Flag {
	o.sample.min, o.toVersion.min = 1, math.MinInt64
	o.tolerance.parse = milliseconds64(0)
	flags := []cli.Flag{
		&cli.GenericFlag{Name: "to", Value: &o.to,
			Usage: "compare with the cache `ALIAS` of the same file, or of that of --to-config"},
		&cli.GenericFlag{Name: "to-config", Value: &o.toConfig,
			Usage: "take the other cache from the configuration `FILE`"},
		&cli.GenericFlag{Name: "to-version", Value: &o.toVersion,
			Usage: "compare one version of the keys, that of --version or the configured one, with version `N` of the other cache"},
		&cli.BoolFlag{Name: "quick", Destination: &o.quick,
			Usage: "compare which keys there are, and when they expire, and read no value"},
		&cli.GenericFlag{Name: "sample", Value: &o.sample,
			Usage: "look at `N` entries of each cache, from all over the key space"},
		&cli.GenericFlag{Name: "ttl-tolerance", Value: &o.tolerance,
			Usage: "let expiries differ by `D`, 1s by default"},
	}
	return append(flags, without(o.readingOptions.flags(), "stored", readFromFlag, metricsFlag)...)
}

func newCompare(s *session) *command {
	var o compareOptions
	return &command{
		name:  "compare",
		short: "tells whether another cache has the same entries with the same values",
		long: "Every entry of every version is looked for where the other cache looks for its key and version,\n" +
			"and the values are compared as Python values: serializer, compressor, protocol and the wrapping\n" +
			"of HerdClient count nothing, types do. Each line is a finding: missing (the other cache has no\n" +
			"such key), extra (it alone has it), different (in value), expiry (the values are the same, and\n" +
			"one lives longer by more than --ttl-tolerance). What differs is looked at again before it is\n" +
			"told; a key that is written all the time may be told wrongly. Nothing is written.\n\n" +
			"Locks and markers are no entries, and what is not at home no application sees: they are left\n" +
			"out. With --quick a lock that is named as an entry is known as one only where it differs. The\n" +
			"expiry of what a cache keeps longer than it says is that which it says. Differences of\n" +
			"expiry shorter than the way to both servers are not seen.\n\n" +
			"Filters leave out entries that are otherwise; all that are given have to hold. They are of this\n" +
			"cache, and for extra of the other.",
		flags: o.flags(),
		examples: []string{
			"cachering compare --to new",
			"cachering compare --to-config after.toml --quick",
			"cachering compare --to new --match 'user:*' --ttl-tolerance 5s",
			"cachering compare --to new --sample 10000 --json | tail -n 1 | jq .different",
			"cachering compare --to default --to-config next.toml --version 1 --to-version 2",
		},
		exits: []exit{
			{exitDone, "the caches have the same entries"},
			{exitFailed, "no shard answered"},
			{exitUsage, "bad usage or configuration, that of the other cache included, or it is the same cache"},
			{exitPartial, "some shards did not answer, a key was left out, as a line cannot carry it, or a value was not\n" +
				"compared, as it is too large"},
			{exitNegative, "there are findings"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runCompare(ctx, s, &o) },
	}
}

func runCompare(ctx context.Context, s *session, o *compareOptions) error {
	if o.to == "" && o.toConfig == "" {
		return usagef("nothing to compare with").hinting("cachering compare --to ALIAS, or --to-config FILE, names the other cache")
	}
	b, err := s.openReading(ctx, &o.readingOptions, false)
	if err != nil {
		return err
	}
	defer b.close()
	cache := b.cache
	toFile, to, err := s.otherCache(ctx, b.file, cache, o.to, o.toConfig)
	if err != nil {
		return err
	}
	told, err := o.comparison(b, to)
	if err != nil {
		return err
	}
	if told.To.Cluster, err = s.open(ctx, toFile, to); err != nil {
		return err
	}
	defer told.To.Cluster.Close()
	if err := honoured(ctx, told.To.Cluster.Visit(), &told.To.Selection.Where, true); err != nil {
		return err
	}
	if sameCache(ctx, told.From.Cluster, told.To.Cluster, told.From.There) {
		return usagef("cache %s and cache %s are the same entries on the same servers", cache.Alias, to.Alias)
	}
	if told.To.There == nil {
		s.ui.Note("stored keys of cache %s do not show the key (%s), so nobody can tell what it alone has", to.Alias, to.Keyspace.Function())
	}
	began := time.Now()
	told.Found = func(page []survey.Difference) error {
		for i := range page {
			if err := s.printDifference(&page[i]); err != nil {
				return err
			}
		}
		return flushed(s)
	}
	doc := compareReport{Command: "compare", Schema: 1, Cache: cache.Alias, To: to.Alias, Quick: o.quick, Unanswered: []unanswered{}}
	late := false
	told.Lost = func(cl *cluster.Cluster, err error) {
		if ctx.Err() != nil {
			return
		}
		doc.lose(cl, err)
		if errors.Is(err, survey.ErrDeadline) {
			late = true
		} else {
			s.ui.Warn("cachering: cache %s: %v", cl.Alias(), err)
		}
	}
	var end func()
	told.Pacing, end = b.survey(ctx)
	sum, err := survey.Compare(ctx, told)
	end()
	if errors.Is(err, errNobodyReads) {
		return nil
	} else if err != nil && ctx.Err() == nil {
		return err
	}
	doc.Interrupted, doc.Elapsed = ctx.Err() != nil, time.Since(began).Milliseconds()
	doc.fill(&sum, told.To.There != nil)
	if err := s.printCompared(&doc); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if late {
		s.warnLost([]error{survey.ErrDeadline})
	}
	code := codeOfShards(sum.Failed, len(told.Shards))
	if sum.Lost > 0 || doc.unknown() > 0 {
		code = worse(code, exitPartial)
	}
	if doc.findings() > 0 {
		code = worse(code, exitNegative)
	}
	return result(code)
}

// comparison is what is compared, without the servers.
func (o *compareOptions) comparison(b *bulk, to *config.Cache) (told survey.Comparison, err error) {
	cache := b.cache
	from, other, err := o.versionsOf(cache, to)
	if err != nil {
		return told, err
	}
	alike := sameKeyspace(cache, to)
	if !cache.Keyspace.Reversible() && !(alike && !o.toVersion.set) {
		return told, usagef("stored keys of cache %s do not show the key (%s), so they can be found only where they are the same", cache.Alias, cache.Keyspace.Function())
	}
	here, there := b.run.Selection, b.run.Selection
	here.Versions, there.Versions, there.Where = from.selected, other.selected, o.filters.where(to)
	told = survey.Comparison{
		Shards:    b.run.Shards,
		From:      survey.Compared{Cluster: b.cl, Selection: here, There: namer(cache, to, other.only), Left: leftOf(cache)},
		To:        survey.Compared{Selection: there, There: namer(to, cache, from.only), Left: leftOf(to)},
		Quick:     o.quick,
		Sample:    int(o.sample.value),
		Tolerance: ttlTolerance * time.Millisecond,
		IsToken:   codec.LockToken,
	}
	if o.tolerance.set {
		told.Tolerance = time.Duration(o.tolerance.n) * time.Millisecond
	}
	if !to.Keyspace.Reversible() && !(alike && !o.toVersion.set) {
		told.To.There = nil
	}
	heavy := new(sync.Mutex)
	told.NewJudge = func() survey.Judge {
		pair := reader.NewPair(cache, to, heavy)
		return func(from, value, to, other []byte) (survey.Sameness, string) {
			alike, why := pair.Compare(from, value, to, other)
			return map[reader.Alike]survey.Sameness{reader.Equal: survey.Same, reader.Different: survey.Differs,
				reader.NoValue: survey.NoValue, reader.Unknown: survey.Unknown}[alike], why
		}
	}
	return told, nil
}

// versionsOn are the versions of one side.
type versionsOn struct {
	selected []int64 // nil: all
	only     *int64  // that of every key; nil: the other side tells it
}

// versionsOf tells which versions of the two caches belong together.
func (o *compareOptions) versionsOf(cache, to *config.Cache) (from, other versionsOn, err error) {
	if o.toVersion.set && !to.Keyspace.Versioned() {
		return from, other, usagef("the key function of cache %s has no version, so --to-version says nothing", to.Alias)
	}
	if o.version.set {
		from.selected, other.selected = o.version.list, o.version.list
	}
	if o.toVersion.set || cache.Keyspace.Versioned() != to.Keyspace.Versioned() {
		if len(o.version.list) > 1 {
			return from, other, usagef("several versions cannot be compared with one of cache %s: give one to --version", to.Alias)
		}
		from.only, other.only = &cache.Version, &to.Version
		if o.version.set {
			from.only = &o.version.value
		}
		if o.toVersion.set {
			other.only = &o.toVersion.value
		}
		from.selected, other.selected = []int64{*from.only}, []int64{*other.only}
	}
	if !cache.Keyspace.Versioned() {
		from.selected = nil
	}
	if !to.Keyspace.Versioned() {
		other.selected = nil
	}
	return from, other, nil
}
