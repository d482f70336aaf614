package commands

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
)

type migrateOptions struct {
	deleteOptions
	keyOptions
	to           word
	toConfig     word
	toVersion    versions
	match        word
	existing     choice
	deleteSource bool
	journal      word
	maxTTL       positiveDuration
	py2          py2Strings
}

func (o *migrateOptions) flags() []cli.Flag {
	o.existing.of, o.existing.value = []string{existingKeep, existingReplace}, existingKeep
	flags := []cli.Flag{
		&cli.GenericFlag{Name: "to", Value: &o.to,
			Usage: "copy into the cache `ALIAS`"},
		&cli.GenericFlag{Name: "to-config", Value: &o.toConfig,
			Usage: "which is one of the configuration `FILE`; without --to that of the same alias"},
		&cli.GenericFlag{Name: "to-version", Value: &o.toVersion,
			Usage: "copy the keys of one version to the version `N`"},
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "only the keys that match `PATTERN`"},
		&cli.GenericFlag{Name: "existing", Value: &o.existing,
			Usage: "what becomes of entries that the other cache has: `keep|replace`"},
		&cli.BoolFlag{Name: "delete-source", Destination: &o.deleteSource,
			Usage: "delete what the other cache was read back to have equal, once nobody reads it here"},
		&cli.GenericFlag{Name: "journal", Value: &o.journal,
			Usage: "remember in `DIR` what was written: --existing replace with it replaces that, and nothing that others wrote"},
		&cli.GenericFlag{Name: "max-ttl", Value: &o.maxTTL,
			Usage: "what is copied expires in `D` at the latest"},
		o.py2.flag(),
	}
	return slices.Concat(flags, o.keyOptions.manyFlags(), o.filters.flags(), o.deleteOptions.flags(), o.checkpointOptions.flags())
}

func newMigrate(s *session) *command {
	var o migrateOptions
	return &command{
		name:  "migrate",
		short: "copies entries into another cache, as its application stores them",
		long: "Ring, servers, database, prefix, version, library, serializer, compressor and key function\n" +
			"may all differ. Entries that the application sees are copied, each with what is left of its\n" +
			"time, and stay where they are unless --delete-source is given, which spares what the\n" +
			"configuration protects. What the other application could not read, or its serializer\n" +
			"not hold, is counted by reason and type, and not written. What HerdClient puts around values\n" +
			"is made or taken off, markers of get_or_set go with their entries, locks are not copied.\n\n" +
			"The configured version goes to that of the other cache. Where the two are the same all\n" +
			"versions are copied, each to itself, else only that one, or those that --version lists.\n\n" +
			"To change settings without a cold cache: describe the cache as it will be under another\n" +
			"alias, with another VERSION or KEY_PREFIX, copy before the deploy and again after it, each\n" +
			"time with --existing replace and one --journal.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering migrate --to next --dry-run",
			"cachering migrate --to next --yes",
			"cachering migrate --to next --existing replace --journal copied --yes",
			"cachering migrate --to next --existing replace --yes --backup migrate.backup",
			"cachering migrate --to next --match 'user:*' --yes --checkpoint migrate.state",
			"cachering migrate --to next --delete-source --dry-run",
			"cachering migrate --to next --version 1 --to-version 2 --max-ttl 1h --yes",
			"cachering migrate --to next --yes --failures failed.jsonl --json | jq .total.failed",
		},
		exits: bulkExits("every entry is in the other cache, or stays out by what was said",
			"refused: read_only, no terminal and no --yes, a server that would nearly be full, with --delete-source more\n"+
				"than --max-deletes; or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, _ []string) error { return runMigrate(ctx, s, &o) },
	}
}

// check refuses flags that contradict each other.
func (o *migrateOptions) check() error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	switch {
	case o.stored && o.match == "":
		return usagef("--stored goes with --match")
	case o.to == "" && o.toConfig == "":
		return usagef("migrate needs --to ALIAS, or --to-config FILE").hinting("cachering migrate --to next --dry-run")
	case !o.deleteSource && (o.maxDeletes.Bound.Set || o.includeProtected):
		return usagef("--max-deletes and --include-protected go with --delete-source")
	case o.deleteSource && o.backup != "" && o.existing.value == existingReplace:
		return usagef("--backup is of one cache: what --existing replace overwrites is in the other, and what --delete-source deletes in this one").
			hinting("copy with --existing replace and a --backup first, then delete with another")
	}
	return nil
}

func runMigrate(ctx context.Context, s *session, o *migrateOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	b, err := s.openEvery(ctx, &o.bulkOptions, &o.keyOptions, string(o.match))
	if err != nil {
		return err
	}
	defer b.close()
	file, to, err := s.otherCache(ctx, b.file, b.cache, o.to, o.toConfig)
	if err != nil {
		return err
	}
	if to.Cluster {
		return usagef("cache %s is a Redis Cluster, into which nothing is copied yet", to.Alias)
	}
	m := &conversion{from: b.cache, to: to, maxTTL: time.Duration(o.maxTTL), options: codec.Options{Py2Strings: o.py2.policy}}
	list := []int64(nil)
	if m.version, list, err = o.mapped(b.cache, to); err != nil {
		return err
	}
	if err := m.readable(); err != nil {
		return err
	}
	if err := o.openBoth(ctx, b, file, m); err != nil {
		return err
	}
	if list != nil && !o.version.set {
		b.run.Selection.Versions = list
		b.what = (&versions{list: list}).what() + ", the configured one"
		if o.match != "" {
			b.what += ", keys that match " + string(o.match)
		}
	}
	if err := o.otherPlace(ctx, b, m, list); err != nil {
		return err
	}
	return o.copy(ctx, b, m)
}

// openBoth opens the two caches so that each knows the other's keys for its own.
func (o *migrateOptions) openBoth(ctx context.Context, b *bulk, file *config.File, m *conversion) error {
	from, to := *m.from, *m.to
	if file.Path != b.file.Path { // an alias may be that of both
		from.Alias, to.Alias = from.Alias+" of "+b.file.Path, to.Alias+" of "+file.Path
		b.cl.Close()
		both := *b.file
		both.Caches = append(slices.Clone(b.file.Caches), &to)
		cl, err := b.s.open(ctx, &both, m.from)
		if err != nil {
			return err
		}
		b.reopen(cl)
		other := *file
		other.Caches = append(slices.Clone(file.Caches), &from)
		file = &other
	}
	cl, err := b.s.open(ctx, file, m.to)
	if err != nil {
		return err
	}
	b.into, b.intoCache = cl, m.to
	return nil
}

// otherPlace refuses to copy a cache into itself, however its servers are spelled.
func (o *migrateOptions) otherPlace(ctx context.Context, b *bulk, m *conversion, list []int64) error {
	from, to := m.from.Keyspace, m.to.Keyspace
	if from.Prefix != to.Prefix || list != nil && from.Versioned() && to.Versioned() &&
		!slices.ContainsFunc(list, func(n int64) bool { return slices.Contains(list, m.version(n)) }) {
		return nil
	}
	targets := b.into.Visit()
	here, there := processes(ctx, b.run.Shards), processes(ctx, targets)
	for i, shard := range targets {
		j := slices.IndexFunc(b.run.Shards, shard.Same)
		if j < 0 && there[i] != "" {
			j = slices.Index(here, there[i])
		}
		if j >= 0 {
			return usagef("cache %s has keys of the same names on %s as cache %s on %s: what is copied could not be told from what is there",
				m.to.Alias, shard.Name, m.from.Alias, b.run.Shards[j].Name).
				hinting("give it another version, key_prefix or database; cachering rebalance moves entries of one cache after its ring changed")
		}
	}
	return ctx.Err()
}

// copy copies entries.
func (o *migrateOptions) copy(ctx context.Context, b *bulk, m *conversion) error {
	b.does, b.reads, b.types = "copy", true, true
	b.beware = append(b.beware, o.warnings(m)...)
	b.decide("--to", fmt.Sprintf("%s %s %s %s version %d", m.describe(), m.to.Keyspace.Prefix, m.to.Keyspace.Function(), locations(m.to), m.to.Version))
	replaces := o.existing.value == existingReplace
	b.byAlias = m.to.Confirm && replaces
	if o.deleteSource {
		b.does, b.empties = "move", true
		b.byAlias = b.cache.Confirm || b.byAlias
		if !o.dryRun {
			if err := writable(m.to); err != nil {
				return err
			}
		}
		b.beware = append(b.beware, "what was copied is deleted here: every reader of this cache must be gone")
	}
	if err := b.admit(); err != nil {
		return err
	}
	op := &engine.Carry{
		KeepSource: !o.deleteSource, Existing: engine.ExistingKeep, MaxTTL: time.Duration(o.maxTTL),
		Foreign: func(stored, value []byte) (string, bool) {
			return string(codec.KindLockToken), codec.LockToken(stored, value)
		},
		Transfer: &engine.Transfer{To: b.into, NewConverter: m.converter, Keeps: m.to.Codec.Keeps(), Classify: classifyMigrated},
	}
	if replaces {
		op.Existing = engine.ExistingReplace
	}
	if o.deleteSource {
		if err := o.spare(b, op.Transfer); err != nil {
			return err
		}
		if err := b.honour(ctx); err != nil {
			return err
		}
		if err := b.limit(ctx, &o.deleteOptions); err != nil {
			return err
		}
	}
	var err error
	if op.Journal, err = b.openJournal(o.journal, m.to.Keyspace); err != nil {
		return err
	}
	if op.Journal != nil {
		defer op.Journal.Close()
	} else if o.journal != "" { // a dry run, and nothing was written before it
		op.Existing = engine.ExistingKeep
	}
	b.room = func(ctx context.Context) error { return b.incomingCopies(ctx, m, replaces) }
	if err := b.confirm(ctx); err != nil {
		return err
	}
	m.py2.goOn(b.noted())
	b.notes = m.py2.notes
	err = b.work(ctx, op)
	m.py2.tell(b.s)
	return err
}

// spare has protected keys be copied, and stay.
func (o *migrateOptions) spare(b *bulk, of *engine.Transfer) error {
	if err := b.protect(o.includeProtected); err != nil {
		return err
	}
	if b.run.Selection.Protect != nil {
		filter := scan.NewFilter(scan.Selection{Protect: b.run.Selection.Protect}, b.cl, b.run.Shards[0])
		of.Protected = func(stored []byte) bool { return filter.Verdict(stored) == scan.Spare }
		b.run.Selection.Protect = nil
	}
	return nil
}

// warnings stand before the question.
func (o *migrateOptions) warnings(m *conversion) []string {
	var list []string
	if m.from.Traits.Side.Fresh != "" && m.to.Traits.Side.Fresh == "" {
		list = append(list, "what get_or_set stored for ever, and has a marker, expires with that: the library of the other cache has none")
	}
	return list
}

// incomingCopies refuses a run that brings so much to a server of the other cache that it
// would nearly be full, by a sample.
func (b *bulk) incomingCopies(ctx context.Context, m *conversion, replaces bool) error {
	if b.o.allowEviction || m.to.Bulk.AllowEviction {
		return nil
	}
	homes := b.into.Visit()
	sinks := b.limited(ctx, homes)
	if sinks == nil {
		return ctx.Err()
	}
	c, err := m.converter()
	if err != nil {
		return err
	}
	parts := map[string]piece{}
	within, cancel := context.WithTimeout(ctx, growthPatience)
	defer cancel()
	samples := survey.Look(within, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), func(stored, value []byte) string {
		p := engine.Parcel{Key: stored, Value: value}
		if out, changed, err := c.Convert(nil, &p, growthRoom); err == nil {
			if !changed {
				out = value
			}
			parts[string(stored)] = piece{p.Key, int64(len(out))}
		}
		return ""
	})
	heaps := make([]heap, len(homes))
	for n := range samples {
		for _, stored := range samples[n].Stored() {
			p, ok := parts[string(stored)]
			if !ok {
				continue
			}
			home, err := b.into.Home(p.stored)
			if at := slices.IndexFunc(homes, func(s *cluster.Shard) bool { return err == nil && s.Same(home) }); at >= 0 {
				h := &heaps[at]
				h.bytes += (int64(len(p.stored)) + p.value + entryOverhead) * samples[n].Estimate() / samples[n].Size()
				h.some = append(h.some, p)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	coming := b.comes(ctx, homes, heaps, replaces)
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.fits(homes, sinks, coming)
}

// growthRoom is how many bytes it may take to convert a value of a sample.
const growthRoom = 16 << 20
