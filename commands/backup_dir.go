package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

// spaceFactor is how much room there must be, as a multiple of what the entries are
// estimated to take.
const spaceFactor = 1.2

// keepIn begins the backup of the run in dir, or goes on with it, once there is room for
// it. In a dry run it only looks whether there is.
func (b *bulk) keepIn(ctx context.Context, dir, command string) error {
	if dir == "" {
		return usagef("DIR is empty")
	}
	if err := b.roomFor(ctx, dir); err != nil || b.o.dryRun {
		return err
	}
	w, err := b.openBackup(ctx, dir, b.manifest(ctx, command))
	switch {
	case errors.Is(err, archive.ErrPlace):
		return usagef("%v", err)
	case err != nil:
		return fmt.Errorf("the backup cannot be begun: %w", err)
	}
	b.run.Backup = w
	b.finish = func(r *engine.Report) error {
		total := r.Total()
		counts := map[string]int64{}
		for _, n := range r.Counts(&total) {
			counts[n.Name] = n.Value
		}
		// Of a run that changes what it stores all is there that was changed.
		whole := command != "backup" || r.Ended == engine.EndDone
		if err := w.Close(whole, counts); err != nil {
			return err
		}
		return b.kept.finish()
	}
	return nil
}

// openBackup opens the backup that m tells of, for writing. A checkpoint names it before
// there is anything in it, so that a kill leaves nothing that cannot be gone on with.
func (b *bulk) openBackup(ctx context.Context, dir string, m archive.Manifest) (*archive.Writer, error) {
	k := b.kept
	if k == nil {
		return archive.Create(dir, m)
	}
	at, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if !b.resumes() || k.was.Backup == nil {
		if err := archive.Vacant(dir); err != nil {
			return nil, err
		}
		if err := k.keepIn(at, m.Started, k.now.Shards); err != nil {
			return nil, err
		}
		return archive.Create(dir, m)
	}
	was := k.was.Backup
	m.Started = was.Started
	w, err := archive.GoOn(ctx, dir, m)
	if err != nil {
		return nil, err
	}
	if err := k.keepIn(at, m.Started, k.was.Shards); err != nil {
		_ = w.Close(false, nil) // what there is to tell is the other error
		return nil, err
	}
	if _, err := os.Lstat(was.Dir); err == nil && was.Dir != at {
		b.s.ui.Note("what was kept before is in %s", plain.Quote(was.Dir))
	}
	return w, nil
}

// roomFor refuses a backup that would fill the disk, by the values of a sample. What
// they take when they are packed is not known before.
func (b *bulk) roomFor(ctx context.Context, dir string) error {
	free, err := archive.Free(dir)
	if err != nil {
		return usagef("%s: %v", plain.Quote(dir), err)
	}
	sizes := map[string]int64{}
	samples := survey.Look(ctx, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), func(stored, value []byte) string {
		sizes[""] += int64(len(stored) + len(value))
		sizes["n"]++
		return ""
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	keys := int64(0)
	for i := range samples {
		keys += b.concerned(&samples[i])
	}
	keys -= min(keys, b.doneBefore())
	if sizes["n"] == 0 {
		return nil
	}
	const command = 60 // bytes of the words around a key and a value
	need := float64(keys) * (float64(sizes[""])/float64(sizes["n"]) + command)
	if float64(free) >= spaceFactor*need {
		return nil
	}
	return refusef(refusedNoSpace, "about %s of %s, and %s has %s free: too little for %.1f times as much",
		plain.Size(int64(need)), plain.Count(keys, "key"), plain.Quote(filepath.Clean(dir)), plain.Size(free), spaceFactor).
		hinting("another DIR, or fewer keys: --match, --version, --shard")
}

// doneBefore is how many of the keys that are there the runs before have done.
func (b *bulk) doneBefore() (keys int64) {
	if b.resumes() {
		for i := range b.kept.was.Shards {
			c := b.kept.was.Shards[i].Counts
			keys += c["scanned"] - c["deleted"]
		}
	}
	return keys
}

// manifest is what the backup of the run says it is of.
func (b *bulk) manifest(ctx context.Context, command string) archive.Manifest {
	m := archive.Manifest{
		Program: "cachering " + Version, Cache: fingerprint(b.written()),
		Command: command, What: b.what, Started: time.Now().UTC(),
	}
	shards, cl := b.changed(), b.cl
	switch {
	case b.empties:
		shards = b.run.Shards
	case b.into != nil:
		cl = b.into
	}
	m.Servers = make([]archive.Server, len(shards))
	cluster.Queue(shards, b.run.Parallel, func(i int, s *cluster.Shard) error {
		if len(shards) > b.run.Parallel { // each would keep its connection until its turn
			defer s.Rest()
		}
		m.Servers[i] = archive.Server{Index: cl.Number(s, b.run.Shards), Shard: s.Name}
		if clock, err := s.Clock(ctx); err == nil {
			m.Servers[i].Ahead = new(((clock.Low + clock.High) / 2).Milliseconds())
		}
		return nil
	})
	return m
}

// fingerprint says which cache it is, without its passwords.
func fingerprint(c *config.Cache) archive.Cache {
	f := archive.Cache{
		Alias: c.Alias, Backend: c.Backend, Ring: ringName(c), Locations: []string{},
		Prefix: c.Keyspace.Prefix, Function: c.Keyspace.Function(), Codec: c.Codec.String(),
	}
	for _, s := range c.Servers {
		f.Locations = append(f.Locations, s.Masked())
	}
	return f
}
