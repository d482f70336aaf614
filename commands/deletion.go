package commands

import (
	"context"
	"fmt"

	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

// delete spares protected keys, keeps to --max-deletes, asks, and deletes.
func (b *bulk) delete(ctx context.Context, o *deleteOptions, op engine.Operation) error {
	b.byAlias = b.cache.Confirm
	if err := b.protect(o.includeProtected); err != nil {
		return err
	}
	if err := b.admit(); err != nil {
		return err
	}
	if err := b.honour(ctx); err != nil {
		return err
	}
	if err := b.limit(ctx, o); err != nil {
		return err
	}
	b.tells = true
	if err := b.confirm(ctx); err != nil {
		return err
	}
	return b.work(ctx, op)
}

// limit counts before a deletion and refuses one that is larger than wanted.
func (b *bulk) limit(ctx context.Context, o *deleteOptions) error {
	return b.limitBy(ctx, o, "deleted", nil)
}

// limitBy refuses a run of which more keys would be deleted, or replaced, than wanted:
// as many as count tells, or as are selected. A shard that cannot be counted could not
// be held to the limit.
func (b *bulk) limitBy(ctx context.Context, o *deleteOptions, done string, count func() (int64, error)) error {
	most := b.cache.Bulk.MaxDeletes
	if o.maxDeletes.Bound.Set {
		most = o.maxDeletes.Bound
	}
	if !most.Set {
		return nil
	}
	var selected, mine int64
	for _, c := range survey.Count(ctx, b.cl, b.scope(), true) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.Err != nil {
			return fmt.Errorf("--max-deletes cannot be held, nothing was %s: %w", done, c.Err)
		}
		selected += c.Selected
		mine += c.Mine
	}
	if count != nil {
		var err error
		if selected, err = count(); err != nil {
			return fmt.Errorf("--max-deletes cannot be held, nothing was %s: %w", done, err)
		}
	}
	if most.Allows(selected, mine) {
		return nil
	}
	return refusef(refusedMaxDeletes, "%s of the cache's %d would be %s, and --max-deletes is %s", plain.Count(selected, "key"), mine, done, most).
		of(selected).hinting("a larger --max-deletes allows it, --dry-run shows some of the keys")
}
