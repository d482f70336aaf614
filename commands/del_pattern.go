package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/engine"
)

type delPatternOptions struct {
	deleteOptions
	keyOptions
}

func (o *delPatternOptions) flags() []cli.Flag {
	return append(o.keyOptions.flags(), o.deleteOptions.flags()...)
}

func newDelPattern(s *session) *command {
	var o delPatternOptions
	return &command{
		name: "del-pattern", args: "PATTERN", min: 1, max: 1,
		short: "deletes the keys that match a pattern, on every shard",
		long: "PATTERN is a glob of Redis: * ? [abc] [^a] [a-z], a backslash before what is meant as it\n" +
			"stands. It is matched with the keys as the application names them; prefix and version are\n" +
			"added, and stand for themselves. Freshness markers go with their keys, locks stay.",
		flags: o.flags(),
		examples: []string{
			"cachering del-pattern 'user:*' --dry-run",
			"cachering del-pattern 'user:*' --yes --max-deletes 10%",
			"cachering del-pattern --stored ':2:view.[ab]*' --yes --json",
		},
		exits: bulkExits("every key that matched is deleted, or none matched",
			"refused: read_only, no terminal and no --yes, more than --max-deletes, only protected keys matched,\n"+
				"a PATTERN of nothing but *; or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runDelPattern(ctx, s, &o, args[0]) },
	}
}

// bulkExits are the exit codes that all bulk commands have.
func bulkExits(done, refused string) []exit {
	return []exit{
		{exitDone, done},
		{exitFailed, "no shard answered, or all refused the login"},
		{exitUsage, "bad usage or configuration"},
		{exitPartial, "finished, but some shards or keys failed"},
		{exitRefused, refused},
		{exitInterrupted, "interrupted: the batch in hand was finished and reported"},
		{exitTerminated, "terminated, likewise"},
	}
}

func runDelPattern(ctx context.Context, s *session, o *delPatternOptions, pattern string) error {
	if pattern == "" {
		return usagef("PATTERN is empty")
	}
	if err := o.check(nil); err != nil {
		return err
	}
	b, err := s.openBulk(ctx, &o.bulkOptions)
	if err != nil {
		return err
	}
	defer b.cl.Close()
	if err := b.selectKeys(pattern, &o.keyOptions); err != nil {
		return err
	}
	if strings.Trim(pattern, "*") == "" {
		return refusef("a PATTERN of nothing but * is the whole cache").
			hinting("cachering clear --version N deletes a version, cachering clear the whole cache")
	}
	b.does = "delete"
	return b.delete(ctx, &o.deleteOptions, &engine.Delete{Command: "del-pattern"})
}

// selectKeys selects keys by a pattern. Without --stored it is for one version.
func (b *bulk) selectKeys(pattern string, o *keyOptions) error {
	if err := o.fits(b.cache); err != nil {
		return err
	}
	sel, err := o.selection(b.cache, pattern)
	if err != nil {
		return err
	}
	b.run.Selection = sel
	switch {
	case o.stored:
		b.what = fmt.Sprintf("stored keys of this cache that match %s", pattern)
	case sel.Versions != nil:
		b.what = fmt.Sprintf("version %d, keys that match %s", sel.Versions[0], pattern)
	default:
		b.what = fmt.Sprintf("keys that match %s", pattern)
	}
	return nil
}

// delete spares protected keys, keeps to --max-deletes, asks, and deletes.
func (b *bulk) delete(ctx context.Context, o *deleteOptions, op engine.Operation) error {
	if err := b.protect(o.includeProtected); err != nil {
		return err
	}
	if err := b.admit(); err != nil {
		return err
	}
	if err := b.limit(ctx, o); err != nil {
		return err
	}
	if err := b.confirm(ctx); err != nil {
		return err
	}
	return b.work(ctx, op)
}

// protect spares protected keys. Where stored keys do not show the key it cannot
// tell which they are.
func (b *bulk) protect(include bool) error {
	if include {
		return nil
	}
	b.run.Selection.Protect = b.cache.Protect
	if len(b.cache.Protect) > 0 && !b.cache.Keyspace.Reversible() {
		return refusef("stored keys of cache %s do not show the key, so protected keys cannot be told from others", b.cache.Alias).
			hinting("--include-protected spares none; write protect = [] if there are none")
	}
	return nil
}

// limit counts before a deletion and refuses one that is larger than wanted. A
// shard that cannot be counted could not be held to the limit.
func (b *bulk) limit(ctx context.Context, o *deleteOptions) error {
	most := b.cache.Bulk.MaxDeletes
	if o.maxDeletes.MaxDeletes.Set {
		most = o.maxDeletes.MaxDeletes
	}
	if !most.Set {
		return nil
	}
	var selected, mine int64
	for _, c := range engine.Count(ctx, b.cl, b.run, true) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.Err != nil {
			return fmt.Errorf("--max-deletes cannot be held, nothing was deleted: %w", c.Err)
		}
		selected += c.Selected
		mine += c.Mine
	}
	if most.Allows(selected, mine) {
		return nil
	}
	return refusef("%s of the cache's %d would be deleted, and --max-deletes is %s", count(selected, "key"), mine, most).
		hinting("a larger --max-deletes allows it, --dry-run shows some of the keys")
}
