package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
)

// flush empties the database of every shard.
func (b *bulk) flush(ctx context.Context, o *clearOptions) error {
	b.does, b.byAlias = "delete", true
	if err := b.admit(); err != nil {
		return err
	}
	ask := !o.dryRun && !b.answered()
	var barred []error
	if ask || o.dryRun || !o.foreign {
		b.run.Selection = scan.Selection{Protect: b.cache.Protect}
		counts := survey.Count(ctx, b.cl, b.scope(), true)
		if err := ctx.Err(); err != nil {
			return err
		}
		b.hits = survey.AreasOf(counts)
		if ask || o.dryRun {
			b.showDatabase(counts)
		}
		var err error
		if !o.foreign {
			barred, err = b.alone(counts)
		}
		switch {
		case err != nil && !o.dryRun:
			return err
		case err != nil:
			b.s.ui.Note("without --foreign the run would be refused: %v", err)
		}
	}
	if ask {
		if err := b.ask(ctx, "delete all of this"); err != nil {
			return err
		}
	}
	if !o.dryRun {
		if err := b.s.startRecord(ctx, b.cache, b.run.Shards, nil); err != nil {
			return err
		}
	}
	report := engine.Flush(ctx, b.cl, "clear", b.run, barred)
	report.Areas = b.hits
	return b.report(ctx, report)
}

// alone refuses databases that hold, or are to hold, more than the cache. A shard whose
// keys could not be counted is left alone, by its error.
func (b *bulk) alone(counts []survey.Census) (barred []error, err error) {
	var foreign, all int64
	others := map[string]int64{}
	for i, c := range counts {
		if errors.Is(c.Err, cluster.ErrClusterNode) {
			return nil, c.Err
		}
		barred = append(barred, c.Err)
		for _, n := range b.run.Shards[i].Neighbours() {
			others[n.Alias] += c.Neighbours[n.Alias]
			all += c.Neighbours[n.Alias]
		}
		foreign += c.Foreign
	}
	if all += foreign; all == 0 && len(others) == 0 {
		return barred, nil
	}
	var more []string
	if foreign > 0 {
		more = append(more, plain.Count(foreign, "foreign key"))
	}
	for _, alias := range slices.Sorted(maps.Keys(others)) {
		more = append(more, plain.Count(others[alias], "key")+" of cache "+alias)
	}
	return barred, refusef(refusedForeign, "FLUSHDB would also delete %s", strings.Join(more, ", ")).of(all).
		hinting("--foreign goes ahead; without --database only the keys of cache %s are deleted", b.cache.Alias)
}

// showDatabase tells what FLUSHDB would hit besides the cache.
func (b *bulk) showDatabase(counts []survey.Census) {
	b.about()
	warn := b.s.ui.WarnUnder
	for _, c := range counts {
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
	if b.cache.Traits.ClearsVersion {
		warn("clear()        ", "of the application deletes version %d of the cache alone; clear --version %[1]d does", b.cache.Version)
	}
	if len(b.hits) > 0 {
		warn("areas          ", "%s", areaText(b.hits))
	}
}
