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
	"cachering/commands/internal/plain"
)

type rebalanceOptions struct {
	deleteOptions
	keyOptions
	match      word
	drop       bool
	keepSource bool
	existing   choice
	fromConfig word
	journal    word
	maxTTL     positiveDuration
}

// existingLater has the copy stay that expires later.
const existingLater = "later"

func (o *rebalanceOptions) flags() []cli.Flag {
	o.existing.of = []string{existingKeep, existingReplace, existingLater}
	flags := []cli.Flag{
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "only the keys that match `PATTERN`"},
		&cli.BoolFlag{Name: "drop", Destination: &o.drop,
			Usage: "delete what is not at home, and move nothing"},
		&cli.BoolFlag{Name: "keep-source", Destination: &o.keepSource,
			Usage: "copy, and leave what is not at home where it is, for an application that still looks there"},
		&cli.GenericFlag{Name: "existing", Value: &o.existing,
			Usage: "what becomes of entries that have another value at home: `keep|replace|later`; later is the copy that expires later"},
		&cli.GenericFlag{Name: "from-config", Value: &o.fromConfig,
			Usage: "look at the servers of the configuration `FILE`, too: that of before, with servers that left"},
		&cli.GenericFlag{Name: "journal", Value: &o.journal,
			Usage: "remember in `DIR` what was written at home: a later run with it replaces that, and nothing that others wrote"},
		&cli.GenericFlag{Name: "max-ttl", Value: &o.maxTTL,
			Usage: "what is moved expires in `D` at the latest"},
	}
	return slices.Concat(flags, o.keyOptions.manyFlags(), o.filters.flags(), o.deleteOptions.flags(), o.checkpointOptions.flags())
}

func newRebalance(s *session) *command {
	var o rebalanceOptions
	return &command{
		name:  "rebalance",
		short: "moves entries to where the ring has them, after it changed or before",
		long: "Every entry that is not at home goes there, with its marker and its expiry: it is written at\n" +
			"home, read back, and removed where it was if it is unchanged. At every moment there is a\n" +
			"whole copy; a run that was cut short loses nothing, and a second one does the rest. Locks\n" +
			"never move.\n\n" +
			"Where an entry has another value at home nobody can know which is newer: without --existing\n" +
			"or --journal the run is refused then, and --dry-run counts such keys. What the application\n" +
			"has deleted at home since the ring changed comes back with its old copy, so run it right\n" +
			"after the deploy; --drop, which moves nothing, is often all that is wanted.\n\n" +
			"To add a shard without a cold cache: with the new file as the configuration, copy while the\n" +
			"old application runs, again minutes before the deploy, and again after it, each time with\n" +
			"--keep-source and one --journal; when the last old worker is gone, without --keep-source.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering rebalance --dry-run",
			"cachering rebalance --existing later --yes",
			"cachering rebalance -c new.toml --from-config old.toml --keep-source --journal moved --yes",
			"cachering rebalance -c new.toml --from-config old.toml --journal moved --yes --checkpoint moved/state",
			"cachering rebalance --match user:42 --existing keep --yes",
			"cachering rebalance --existing replace --yes --backup rebalance.backup",
			"cachering rebalance --drop --dry-run --json",
		},
		exits: bulkExits("every entry is at home, or stays by what was said",
			"refused: read_only, no terminal and no --yes, entries that have another value at home and neither --existing\n"+
				"nor --journal, a server that would nearly be full; with --drop more than --max-deletes, or only protected\n"+
				"keys; or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, _ []string) error { return runRebalance(ctx, s, &o) },
	}
}

// check refuses flags that contradict each other.
func (o *rebalanceOptions) check() error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	switch {
	case o.stored && o.match == "":
		return usagef("--stored goes with --match")
	case o.drop && (o.keepSource || o.existing.set || o.journal != "" || o.maxTTL != 0):
		return usagef("--drop moves nothing; leave --keep-source, --existing, --journal and --max-ttl out")
	case !o.drop && o.maxDeletes.Bound.Set:
		return usagef("--max-deletes goes with --drop: a move deletes nothing that is not at home")
	case !o.drop && o.includeProtected:
		return usagef("--include-protected goes with --drop: protected keys are moved like others")
	case o.journal != "" && o.existing.value == existingLater:
		return usagef("--journal and --existing later exclude each other: the journal tells what is to give way")
	case o.fromConfig != "" && o.bulkOptions.shard != "":
		return usagef("--shard names shards of the cache, and --from-config adds others; leave one of the two out")
	}
	return nil
}

func runRebalance(ctx context.Context, s *session, o *rebalanceOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	b, err := s.openEvery(ctx, &o.bulkOptions, &o.keyOptions, string(o.match))
	if err != nil {
		return err
	}
	defer b.close()
	if _, err := b.cache.Place.Home(b.cache.Keyspace, []byte(b.cache.Keyspace.Stored("key", b.cache.Version))); err != nil {
		return usagef("cache %s: %v", b.cache.Alias, err)
	}
	b.astray = true
	b.what += ", not at home"
	if o.fromConfig != "" {
		old, err := o.addSources(ctx, b)
		if err != nil {
			return err
		}
		defer old.Close()
	}
	if o.drop {
		b.does = "delete"
		return b.delete(ctx, &o.deleteOptions, &engine.Delete{Command: "rebalance", Astray: true})
	}
	return o.move(ctx, b)
}

// move brings entries home.
func (o *rebalanceOptions) move(ctx context.Context, b *bulk) error {
	b.does, b.reads = "move", true
	if o.keepSource {
		b.does = "copy"
	}
	b.byAlias = b.cache.Confirm && (o.existing.value == existingReplace || o.existing.value == existingLater)
	if err := b.admit(); err != nil {
		return err
	}
	op := o.operation(b.cache)
	var err error
	if op.Journal, err = b.openJournal(o.journal, b.cache.Keyspace); err != nil {
		return err
	}
	if op.Journal != nil {
		defer op.Journal.Close()
	} else if o.journal != "" {
		op.Existing = engine.ExistingKeep
	}
	b.room = func(ctx context.Context) error {
		if err := b.incomingStrays(ctx); err != nil {
			return err
		}
		return o.refuseUndecided(ctx, b)
	}
	b.beware = append(b.beware, ageOf(b.cache))
	if err := b.confirm(ctx); err != nil {
		return err
	}
	noted := b.noted()
	op.GoOn(noted["both.differ"], noted["both.stray_later"])
	b.notes = func() []engine.Note {
		differ, later := op.Differ()
		return []engine.Note{{Name: "both", Counts: []engine.Number{{Name: "differ", Value: differ}, {Name: "stray_later", Value: later}}}}
	}
	err = b.work(ctx, op)
	if differ, later := op.Differ(); differ > 0 {
		b.s.ui.Note("%s", undecided(differ, later))
		if o.dryRun && !o.decided() {
			b.s.ui.Warn("warning: without --existing or --journal the run is refused")
		}
	}
	return err
}

// operation is what is done with each stray.
func (o *rebalanceOptions) operation(cache *config.Cache) *engine.Carry {
	return &engine.Carry{
		KeepSource: o.keepSource,
		Existing: map[string]engine.Existing{"": engine.ExistingAsk, existingKeep: engine.ExistingKeep,
			existingLater: engine.ExistingLater, existingReplace: engine.ExistingReplace}[o.existing.value],
		MaxTTL: cache.Kept(time.Duration(o.maxTTL)),
		Foreign: func(stored, value []byte) (string, bool) {
			return string(codec.KindLockToken), codec.LockToken(stored, value)
		},
	}
}

// decided reports whether it is said what becomes of an entry that has another value at
// home.
func (o *rebalanceOptions) decided() bool { return o.existing.set || o.journal != "" }

// addSources adds the servers of another configuration that the cache does not have any
// more. It returns what they were opened with.
func (o *rebalanceOptions) addSources(ctx context.Context, b *bulk) (*cluster.Cluster, error) {
	src, err := config.Find(string(o.fromConfig), b.s.getenv)
	if err != nil {
		return nil, err
	}
	file := b.file
	if src.Path != file.Path {
		if file, err = config.Load(src); err != nil {
			return nil, err
		}
	}
	alias := ""
	if len(file.Caches) > 1 {
		alias = b.cache.Alias
	}
	was, err := file.Cache(alias)
	if err != nil {
		return nil, err
	}
	b.s.warn(file, was)
	if was.Cluster {
		return nil, usagef("--from-config: its cache %s is a Redis Cluster, and entries are not moved from one yet", was.Alias)
	}
	if was.Keyspace.Prefix != b.cache.Keyspace.Prefix || was.Keyspace.Function() != b.cache.Keyspace.Function() {
		return nil, usagef("--from-config: its cache %s has other stored keys (key_prefix or key_function), and rebalance moves keys as they are", was.Alias)
	}
	if !o.keepSource && !o.dryRun {
		if err := writable(was); err != nil {
			return nil, err
		}
	}
	cl, err := b.s.open(ctx, file, was)
	if err != nil {
		return nil, err
	}
	here := processes(ctx, b.run.Shards)
	left := slices.DeleteFunc(slices.Clone(cl.Visit()), func(s *cluster.Shard) bool { return slices.ContainsFunc(b.run.Shards, s.Same) })
	for i, id := range processes(ctx, left) {
		if id == "" || !slices.Contains(here, id) {
			b.run.Shards = append(b.run.Shards, left[i])
		}
	}
	return cl, nil
}

// processes tells shards by the process and the database, whatever they are called; "" where
// the server does not tell.
func processes(ctx context.Context, shards []*cluster.Shard) []string {
	ids := make([]string, len(shards))
	cluster.AtOnce(shards, func(i int, s *cluster.Shard) error {
		defer s.Rest()
		ctx, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		if about, err := s.Info(ctx); err == nil && about.RunID != "" {
			ids[i] = fmt.Sprint(about.RunID, " ", s.DB())
		}
		return nil
	})
	return ids
}

// refuseUndecided refuses a run that would come to entries with another value at home,
// where nobody said which stays.
func (o *rebalanceOptions) refuseUndecided(ctx context.Context, b *bulk) error {
	if o.dryRun || o.decided() {
		return nil
	}
	options := b.run
	options.DryRun, options.Stop = true, ctx.Done()
	op := o.operation(b.cache)
	engine.Run(context.WithoutCancel(ctx), b.cl, op, options) // of a shard that fails the run itself tells
	if err := ctx.Err(); err != nil {
		return err
	}
	differ, later := op.Differ()
	if differ == 0 {
		return nil
	}
	return refusef(refusedDiffer, "%s", undecided(differ, later)).of(differ).
		hinting("--existing keep leaves what is at home, later goes by the expiry, replace takes what is elsewhere; --dry-run shows some")
}

// undecided says how many keys have two values.
func undecided(differ, later int64) string {
	return fmt.Sprintf("%s another value at home, and nobody can know which is newer: %s later",
		plain.Verb(differ, "key has", "keys have"), plain.Verb(later, "of those elsewhere expires", "of those elsewhere expire"))
}

// ageOf says how old what is moved may be.
func ageOf(cache *config.Cache) string {
	age := "of any age"
	if t := cache.Timeout; !t.Forever {
		age = fmt.Sprintf("up to %v old, by the timeout of the cache", t.After)
	}
	return "what is not at home may be " + age + ": what the application has deleted at home since comes back"
}
