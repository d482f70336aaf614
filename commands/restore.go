package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/archive"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/ring"
)

type restoreOptions struct {
	deleteOptions
	keyOptions
	match    word
	existing choice
	asWas    bool
	undo     bool
	partial  bool
	list     bool
	verify   bool
}

// What becomes of an entry that exists.
const (
	existingKeep    = "keep"
	existingReplace = "replace"
)

func (o *restoreOptions) flags() []cli.Flag {
	o.existing.of, o.existing.value = []string{existingKeep, existingReplace}, existingKeep
	flags := []cli.Flag{
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "only the keys that match `PATTERN`"},
		&cli.GenericFlag{Name: "existing", Value: &o.existing,
			Usage: "what becomes of entries that exist: `keep|replace`"},
		&cli.BoolFlag{Name: "as-was", Destination: &o.asWas,
			Usage: "put entries on the shard that they came from, and not where the ring has them today"},
		&cli.BoolFlag{Name: "undo", Destination: &o.undo,
			Usage: "take back what the run did that kept DIR, where nobody wrote since"},
		&cli.BoolFlag{Name: "partial", Destination: &o.partial,
			Usage: "read a backup that was not brought to its end, or is damaged, as far as it is whole"},
		&cli.BoolFlag{Name: "list", Destination: &o.list,
			Usage: "print which keys are in DIR, as keys does, and ask no server"},
		&cli.BoolFlag{Name: "verify", Destination: &o.verify,
			Usage: "read all of DIR, compare its sums, and ask no server"},
	}
	return append(append(flags, o.keyOptions.manyFlags()...), without(o.deleteOptions.flags(), "backup", expectFlag, readFromFlag)...)
}

func newRestore(s *session) *command {
	var o restoreOptions
	return &command{
		name: "restore", args: "DIR", min: 1, max: 1,
		short: "puts entries of a backup back, or takes back what a run did",
		long: "DIR is what backup or a run with --backup made. Entries go where the ring has them today,\n" +
			"with their expiry to the millisecond; what has expired meanwhile is counted and not\n" +
			"written. Only missing keys are written unless --existing says replace. A key may be missing\n" +
			"on purpose, as after a logout: what the configuration protects is left out, and locks are\n" +
			"never written. With -a a backup goes to another cache, with values in its codec.\n\n" +
			"--undo puts back what a run changed or deleted, and only where the key still is as the run\n" +
			"left it: what was written since stays.\n\n" +
			"Before anything is written all of DIR is read and compared with its sums. --partial reads\n" +
			"what a run left that was killed. Without cachering, this fills the gaps of a shard:\n\n" +
			"  zstd -tq FILE && zstd -dc FILE | redis-cli -h HOST -n DB --pipe",
		flags: o.flags(),
		examples: []string{
			"cachering restore cache.backup --verify",
			"cachering restore cache.backup --list --match 'user:*'",
			"cachering restore cache.backup --dry-run",
			"cachering restore cache.backup --match 'user:*' --yes",
			"cachering restore reinsert.backup --undo --yes --json",
		},
		exits: []exit{
			{exitDone, "every entry is there again, or is left out by what was said"},
			{exitFailed, "no shard answered, or all refused the login; or DIR cannot be read, or is damaged"},
			{exitUsage, "bad usage or configuration, DIR holds no backup"},
			{exitPartial, "finished, but some shards or entries failed"},
			{exitNegative, "with --verify: DIR is damaged; or " + whenStray},
			{exitRefused, "refused: read_only, no terminal and no --yes, a backup of another cache or one that was not\n" +
				"brought to its end, more than --max-deletes, only protected keys, a server that would nearly be\n" +
				"full; or the answer was no"},
			{exitHungUp, "hung up: the batch in hand was finished and reported"},
			{exitInterrupted, "interrupted, likewise"},
			{exitTerminated, "terminated, likewise"},
		},
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runRestore(ctx, s, &o, args[0]) },
	}
}

// check refuses flags that contradict each other.
func (o *restoreOptions) check() error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	replace := o.existing.value == existingReplace
	switch {
	case o.stored && o.match == "":
		return usagef("--stored goes with --match")
	case o.list && o.verify, (o.list || o.verify) && (o.undo || o.asWas || replace):
		return usagef("--list and --verify only read, and exclude each other")
	case o.verify && (o.match != "" || o.version.set || o.bulkOptions.shard != ""):
		return usagef("--verify reads all of DIR; leave --match, --version and --shard out")
	case o.undo && (replace || o.existing.set):
		return usagef("--undo and --existing exclude each other: undo writes what is still as the run left it")
	case o.undo && o.includeProtected:
		return usagef("--undo spares no protected keys; leave --include-protected out")
	case o.maxDeletes.Bound.Set && !replace:
		return usagef("--max-deletes goes with --existing replace")
	}
	return nil
}

// openBackup opens what is to be read.
func (o *restoreOptions) openBackup(dir string) (*archive.Archive, error) {
	a, err := archive.Open(dir, o.partial || o.verify || o.list)
	switch {
	case errors.Is(err, archive.ErrNone):
		return nil, usagef("%v", err)
	case errors.Is(err, archive.ErrUnfinished):
		return nil, refusef(refusedUnexpected, "%s: %v", plain.Quote(dir), err).
			hinting("--partial reads it as far as it is whole")
	}
	return a, err
}

// checkFiles reads all of a backup, and tells what is left out.
func (o *restoreOptions) checkFiles(ctx context.Context, s *session, a *archive.Archive, visit func(*archive.File, *archive.Entry) error) error {
	for _, f := range a.Files {
		var each func(*archive.Entry) error
		if visit != nil {
			each = func(e *archive.Entry) error { return visit(f, e) }
		}
		if err := f.Check(ctx, o.partial, each); err != nil {
			return err
		}
		if f.Dropped != nil {
			s.ui.Warn("warning: left out, with all behind it that cannot be read: %v", f.Dropped)
		}
	}
	return nil
}

func runRestore(ctx context.Context, s *session, o *restoreOptions, dir string) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.list || o.verify {
		return o.read(ctx, s, dir)
	}
	b, err := s.openEvery(ctx, &o.bulkOptions, &o.keyOptions, string(o.match))
	if err != nil {
		return err
	}
	defer b.close()
	a, err := o.openBackup(dir)
	if err != nil {
		return err
	}
	defer a.Close()
	op, err := o.operation(b, a)
	if err != nil {
		return err
	}
	if err := b.protect(o.includeProtected || o.undo); err != nil {
		return err
	}
	b.does = "restore"
	if o.undo {
		b.does = "take back"
	}
	b.byAlias = b.cache.Confirm && op.Replace
	if err := b.admit(); err != nil {
		return err
	}
	in, err := b.incoming(ctx, op)
	if err != nil {
		return err
	}
	var visit func(*archive.File, *archive.Entry) error
	if in != nil {
		visit = in.visit
	}
	if err := o.checkFiles(ctx, s, a, visit); err != nil {
		return err
	}
	if in != nil {
		if err := in.check(ctx); err != nil {
			return err
		}
	}
	if err := o.limitReplaced(ctx, b, op); err != nil {
		return err
	}
	if err := o.confirm(ctx, b, a); err != nil {
		return err
	}
	b.stray = func(ctx context.Context) bool { return o.strayed(ctx, s, a) }
	return b.work(ctx, op)
}

// operation is what is to be done with a backup.
func (o *restoreOptions) operation(b *bulk, a *archive.Archive) (*engine.Restore, error) {
	op := &engine.Restore{
		Archive: a, Undo: o.undo, Replace: o.existing.value == existingReplace,
		Foreign: func(stored, value []byte) (string, bool) {
			return string(codec.KindLockToken), codec.LockToken(stored, value)
		},
	}
	if o.undo && a.Manifest.Command == "backup" {
		return nil, usagef("this backup is of no run that changed anything, so there is nothing to undo").
			hinting("without --undo it is restored")
	}
	was, is := a.Manifest.Cache, fingerprint(b.cache)
	other := was.Alias != is.Alias || was.Prefix != is.Prefix || was.Function != is.Function
	if other {
		if b.s.global.cache == "" {
			return nil, refusef(refusedUnconfirmed, "this is a backup of cache %s with the prefix %s, and not of cache %s with the prefix %s",
				was.Alias, plain.Quote(was.Prefix), is.Alias, plain.Quote(is.Prefix)).
				hinting("-a %s restores it there", is.Alias)
		}
		if o.undo || o.asWas {
			return nil, usagef("--undo and --as-was are for the cache that the backup is of, %s", was.Alias)
		}
		var err error
		if op.NewConvert, err = converter(was, b); err != nil {
			return nil, err
		}
	}
	var err error
	op.Target, err = o.target(b, a)
	return op, err
}

// target tells where entries go: on which shard of the run.
func (o *restoreOptions) target(b *bulk, a *archive.Archive) (func(int, []byte) int, error) {
	place := make([]int, len(b.cl.Shards())) // by its place among the locations
	for i, s := range b.cl.Shards() {
		place[i] = -1
		for j, of := range b.run.Shards {
			if of.Same(s) {
				place[i] = j
			}
		}
	}
	if !o.asWas && !o.undo {
		sides, space := b.cl.SideKeys(), b.cl.Keyspace()
		return func(_ int, stored []byte) int {
			if kind, of := sides.Classify(space, stored); kind != ring.Foreign {
				stored = of
			}
			home, err := b.cl.Home(stored)
			if err != nil {
				return -1
			}
			return place[home.Index]
		}, nil
	}
	was := map[int]int{}
	for _, f := range a.Files {
		name := a.ShardName(f.Shard)
		i, err := b.cache.FindServer(name)
		if err != nil {
			return nil, usagef("entries came from shard %s, which cache %s does not have any more", plain.Quote(name), b.cache.Alias).
				hinting("without --as-was entries go where the ring has them today")
		}
		was[f.Shard] = place[i]
	}
	return func(shard int, _ []byte) int { return was[shard] }, nil
}

// converter makes what turns entries of another cache into those of this one.
func converter(was archive.Cache, b *bulk) (func() (engine.Convert, error), error) {
	from, err := ring.NewKeyspace(was.Prefix, was.Function)
	if err != nil {
		return nil, err
	}
	to := b.cache.Keyspace
	if !from.Reversible() {
		return nil, usagef("stored keys of cache %s do not show the key, so they cannot be those of another", was.Alias)
	}
	read, err := codec.Parse(was.Codec, b.cache.Codec)
	if err != nil {
		return nil, err
	}
	if err := b.cache.WriteError(); err != nil {
		return nil, err
	}
	return func() (engine.Convert, error) {
		t, err := codec.NewTranscoder(codec.Stored(read), b.cache.Codec, codec.Options{})
		if err != nil {
			return nil, err
		}
		return func(stored, value []byte) ([]byte, []byte, string, error) {
			key, version, ok := from.Split(stored)
			if !ok {
				return nil, nil, "foreign_key", fmt.Errorf("it is no key of cache %s", was.Alias)
			}
			n := b.cache.Version
			if version != nil {
				if n, ok = versionNumber(version); !ok {
					return nil, nil, "foreign_key", fmt.Errorf("%q is no version", version)
				}
			}
			stored = []byte(to.Stored(string(key), n))
			out, changed, err := t.Transcode(nil, value)
			if err != nil {
				reason, _, _ := classify(err)
				return stored, nil, reason, err
			}
			if !changed {
				out = value
			}
			return stored, out, "", nil
		}, nil
	}, nil
}

// limitReplaced keeps to --max-deletes, by a dry run.
func (o *restoreOptions) limitReplaced(ctx context.Context, b *bulk, op *engine.Restore) error {
	if !op.Replace || !o.maxDeletes.Bound.Set && !b.cache.Bulk.MaxDeletes.Set {
		return nil
	}
	return b.limitBy(ctx, &o.deleteOptions, "replaced", func() (int64, error) {
		options := b.run
		options.DryRun, options.Stop = true, ctx.Done()
		r := engine.Run(context.WithoutCancel(ctx), b.cl, op, options)
		for i := range r.Shards {
			if r.Shards[i].Err != nil {
				return 0, r.Shards[i].Err
			}
		}
		total := r.Total()
		return total.Replaced, ctx.Err()
	})
}

// confirm shows what is about to happen and asks.
func (o *restoreOptions) confirm(ctx context.Context, b *bulk, a *archive.Archive) error {
	if b.o.dryRun || b.answered() {
		return nil
	}
	var entries int64
	for _, f := range a.Files {
		entries += f.Entries
	}
	m := a.Manifest
	age := time.Since(m.Started).Round(time.Second)
	warn := b.s.ui.Warn
	b.about()
	warn("backup         of cache %s by %s, %s", m.Cache.Alias, m.Command, m.What)
	warn("age            %v, begun at %s", age, m.Started.Local().Format(time.RFC3339))
	warn("entries        %d in the backup", entries)
	warn("keys           %s", b.what)
	if !o.undo {
		warn("warning: a key may be missing on purpose, as after a logout; one that comes back is %v old", age)
	} else if m.Command == "del-pattern" || m.Command == "clear" {
		warn("warning: what the application itself deleted in the last %v comes back as well", age)
	}
	return b.ask(ctx, fmt.Sprintf("%s up to %s", b.does, plain.Count(entries, "key")))
}
