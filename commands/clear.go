package commands

import (
	"cmp"
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/engine"
	"cachering/commands/internal/scan"
)

type clearOptions struct {
	deleteOptions
	versions versions
	database bool
	foreign  bool
}

func (o *clearOptions) flags() []cli.Flag {
	o.versions.many = true
	return slices.Concat([]cli.Flag{
		&cli.GenericFlag{Name: "version", Value: &o.versions,
			Usage: "delete the versions `N[,N]` only"},
		&cli.BoolFlag{Name: "database", Destination: &o.database,
			Usage: "flush the whole database of every shard, whoever's keys it holds, as Django's clear() does;\nthat of django-cachex from 0.4.0 deletes one version"},
		&cli.BoolFlag{Name: "foreign", Destination: &o.foreign,
			Usage: "with --database: delete the keys of other caches, and foreign ones, as well"},
	}, o.filters.flags(), o.deleteOptions.flags(), o.checkpointOptions.flags())
}

func newClear(s *session) *command {
	var o clearOptions
	return &command{
		name:  "clear",
		short: "deletes all keys of a cache, or of some versions of it",
		long: "Without --database the keys are found by a scan, and those of others in the same database\n" +
			"stay. Freshness markers go with their keys, locks stay. --database is what Django's clear()\n" +
			"does (that of django-cachex from 0.4.0 deletes the configured version alone), by FLUSHDB ASYNC where the server has it. It wants the alias of the cache, typed or by\n" +
			"--confirm ALIAS; and --foreign where a database holds foreign keys, or is that of another\n" +
			"cache of the file as well. What is written between that look and FLUSHDB goes unseen.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering clear --version 1 --dry-run",
			"cachering clear --version 1,2 --yes",
			"cachering clear --ttl-under 5m --smaller 1k --dry-run",
			"cachering clear -a sessions --include-protected",
			"cachering clear --database --dry-run",
			"cachering clear --database --confirm default --foreign --json",
		},
		exits: bulkExits("every key is deleted, or there was none",
			"refused: read_only, no terminal and no --yes, more than --max-deletes, only protected keys matched,\n"+
				"no alias or foreign keys with --database; or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, _ []string) error { return runClear(ctx, s, &o) },
	}
}

func runClear(ctx context.Context, s *session, o *clearOptions) error {
	if o.database {
		if err := o.checkDatabase(); err != nil {
			return err
		}
	} else if o.foreign {
		return usagef("--foreign goes with --database")
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
		{"backup", o.backup != ""}, {besideFlag, o.beside}, {expectFlag, o.expect != ""}, {"max-deletes", o.maxDeletes.Bound.Set},
		{"checkpoint", o.checkpoint != ""}, {"from-start", o.fromStart}, {"progress", o.progress.set}, {metricsFlag, o.metrics != ""},
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
