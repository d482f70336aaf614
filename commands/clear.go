package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
)

type clearOptions struct {
	deleteOptions
	versions versions
	database bool
}

func (o *clearOptions) flags() []cli.Flag {
	o.versions.many = true
	return slices.Concat([]cli.Flag{
		&cli.GenericFlag{Name: "version", Value: &o.versions,
			Usage: "delete the versions `N[,N]` only"},
		&cli.BoolFlag{Name: "database", Destination: &o.database,
			Usage: "flush the whole database of every shard, whoever's keys it holds, as Django's clear() does"},
	}, o.filters.flags(), o.deleteOptions.flags(), o.checkpointOptions.flags())
}

func newClear(s *session) *command {
	var o clearOptions
	return &command{
		name:  "clear",
		short: "deletes all keys of a cache, or of some versions of it",
		long: "Without --database the keys are found by a scan, and those of others in the same database\n" +
			"stay. Freshness markers go with their keys, locks stay. --database is what Django's clear()\n" +
			"does: it also takes other caches, sessions and whatever else the databases hold, and wants\n" +
			"the alias of the cache typed.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering clear --version 1 --dry-run",
			"cachering clear --version 1,2 --yes",
			"cachering clear --ttl-under 5m --smaller 1k --dry-run",
			"cachering clear -a sessions --include-protected",
			"cachering clear --database --yes --json",
		},
		exits: bulkExits("every key is deleted, or there was none",
			"refused: read_only, no terminal and no --yes, more than --max-deletes, only protected keys matched;\n"+
				"or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, _ []string) error { return runClear(ctx, s, &o) },
	}
}

func runClear(ctx context.Context, s *session, o *clearOptions) error {
	if o.database {
		if err := o.checkDatabase(); err != nil {
			return err
		}
	}
	b, err := s.openBulk(ctx, &o.bulkOptions)
	if err != nil {
		return err
	}
	defer b.close()
	if o.database {
		return b.flush(ctx, o)
	}
	b.does = "delete"
	b.what = "every version"
	if o.versions.list != nil && !b.cache.Keyspace.Versioned() {
		return versionless(b.cache)
	}
	if o.versions.list != nil {
		b.what = o.versions.what()
	}
	b.take(scan.Selection{Versions: o.versions.list})
	return b.delete(ctx, &o.deleteOptions, &engine.Delete{Command: "clear"})
}

// checkDatabase refuses flags that mean nothing to FLUSHDB.
func (o *clearOptions) checkDatabase() error {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"version", o.versions.list != nil}, {"rate", o.rate.set}, {"batch", o.batch.set},
		{"deadline", !o.deadline.IsZero()}, {"max-failures", o.maxFailures.Bound.Set}, {"failures", o.failures != ""}, {"include-protected", o.includeProtected},
		{"backup", o.backup != ""}, {besideFlag, o.beside}, {"max-deletes", o.maxDeletes.Bound.Set},
		{"checkpoint", o.checkpoint != ""}, {"from-start", o.fromStart},
	} {
		if f.set {
			return meaningless(f.name)
		}
	}
	if name := cmp.Or(o.filters.named(), o.guardOptions.given()); name != "" {
		return meaningless(name)
	}
	return nil
}

func meaningless(flag string) error {
	return usagef("--%s has no meaning with --database, which empties databases at once", flag)
}

// flush empties the database of every shard.
func (b *bulk) flush(ctx context.Context, o *clearOptions) error {
	b.does = "delete"
	if err := b.admit(); err != nil {
		return err
	}
	if !o.yes || o.dryRun {
		if err := b.showDatabase(ctx); err != nil {
			return err
		}
	}
	if !o.yes && !o.dryRun {
		answer, err := b.s.ui.Ask(ctx, "type the alias of the cache to delete all of this:")
		if err != nil {
			return err
		}
		if answer != b.cache.Alias {
			return b.s.declined(refusedUnconfirmed)
		}
	}
	return b.report(engine.Flush(ctx, b.cl, "clear", b.run))
}

// showDatabase tells what FLUSHDB would hit besides the cache.
func (b *bulk) showDatabase(ctx context.Context) error {
	warn := b.s.ui.WarnUnder
	warn("configuration  ", "%s", b.file.Path)
	warn("cache          ", "%s, %s, ring %s", b.cache.Alias, b.cache.Backend, ringName(b.cache))
	b.run.Selection = scan.Selection{Protect: b.cache.Protect}
	for _, c := range survey.Count(ctx, b.cl, b.scope(), true) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.Err != nil {
			warn("shard          ", "%s: no answer: %s", c.Shard, cluster.Bare(c.Err))
			continue
		}
		line := fmt.Sprintf("%s: %s, %d of this cache (%d protected)", c.Shard, plain.Count(c.Keys, "key"), c.Mine, c.Spared)
		for _, alias := range slices.Sorted(maps.Keys(c.Neighbours)) {
			line += fmt.Sprintf(", %d of cache %s", c.Neighbours[alias], alias)
		}
		warn("shard          ", "%s, %d foreign", line, c.Foreign)
	}
	return nil
}
