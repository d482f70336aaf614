package commands

import (
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/reader"
)

type reinsertOptions struct {
	bulkOptions
	keyOptions
	from  word
	to    word
	match word
	force bool
	py2   py2Strings
}

func (o *reinsertOptions) flags() []cli.Flag {
	flags := []cli.Flag{
		&cli.GenericFlag{Name: "from", Value: &o.from,
			Usage: "read what could be of several codecs as `CODEC`, as yaml, msgpack+zlib (default: the configured one)"},
		&cli.GenericFlag{Name: "to", Value: &o.to,
			Usage: "the `CODEC` to write, as pickle:5, pickle:highest, pickle:2+zlib:9 (default: the configured one)"},
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "only the keys that match `PATTERN`"},
		&cli.BoolFlag{Name: "force", Destination: &o.force,
			Usage: "write a CODEC that the configured application could not read"},
		o.py2.flag(),
	}
	return slices.Concat(flags, o.keyOptions.manyFlags(), o.filters.flags(), o.bulkOptions.flags(), o.checkpointOptions.flags())
}

func newReinsert(s *session) *command {
	var o reinsertOptions
	return &command{
		name:  "reinsert",
		short: "rewrites values in place under another codec, expiries kept",
		long: "Every value of every version is read and written again, unless --version or --match says\n" +
			"less. A part that --to leaves out is the configured one. A value is replaced only if nobody\n" +
			"changed it meanwhile, and only if it can be represented exactly; what cannot is counted and\n" +
			"stays. A second run rewrites nothing. --from goes back: it reads what a run with --to and\n" +
			"--force wrote, or what an application wrote before its settings were changed.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering reinsert --dry-run",
			"cachering reinsert --to pickle:5 --yes",
			"cachering reinsert --to pickle:2 --version 3 --match 'user:*' --yes --failures failed.jsonl",
			"cachering reinsert --to pickle:5 --yes --backup before.backup",
			"cachering reinsert --to pickle:5 --codec pickle:2 --yes",
			"cachering reinsert --to pickle:5+zlib --force --larger 10k --dry-run",
			"cachering reinsert --to pickle:5 --yes --checkpoint reinsert.state",
			"cachering reinsert --from msgpack --yes",
			"cachering reinsert --to 5 --yes --rate 20000 --json | jq .total",
		},
		exits: patternExits("every value is at the target, or was skipped as not the cache's own",
			"refused: read_only, no terminal and no --yes, a CODEC that the application cannot read, a server that would\n"+
				"nearly be full; or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, _ []string) error { return runReinsert(ctx, s, &o) },
	}
}

func runReinsert(ctx context.Context, s *session, o *reinsertOptions) error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	if o.stored && o.match == "" {
		return usagef("--stored goes with --match")
	}
	b, err := s.openBulk(ctx, &o.bulkOptions)
	if err != nil {
		return err
	}
	defer b.close()
	from, to, err := o.codecs(b.cache)
	if err != nil {
		return err
	}
	b.decide("--from", from.String())
	b.decide("--to", to.String())
	seen := reinserted{from: from, to: to}
	op := &engine.Reinsert{
		To: to.String(),
		NewTranscoder: func() (engine.Transcoder, error) {
			options := codec.Options{Py2Strings: o.py2.policy}
			if !o.force {
				options.Accept = reader.Accept(b.cache)
			}
			t, err := codec.NewTranscoder(codec.Stored(from), to, options)
			return &countingTranscoder{t, &seen, b.cache}, err
		},
		Keeps:    to.Keeps(),
		Classify: classify,
		Foreign: func(stored, value []byte) (string, bool) {
			return string(codec.KindLockToken), codec.LockToken(stored, value)
		},
	}
	if err := o.fits(b.cache); err != nil {
		return err
	}
	b.does, b.reads = "rewrite", true
	if err := b.selectEvery(string(o.match), &o.keyOptions); err != nil {
		return err
	}
	b.what += ", to " + to.String()
	if !o.force {
		if err := b.refuseTarget(ctx, from, to, codec.Options{Py2Strings: o.py2.policy}); err != nil {
			return err
		}
	}
	b.room = func(ctx context.Context) error {
		t, err := codec.NewTranscoder(codec.Stored(from), to, codec.Options{Py2Strings: o.py2.policy})
		if err != nil {
			return err
		}
		return b.growth(ctx, t)
	}
	if err := b.confirm(ctx); err != nil {
		return err
	}
	seen.goOn(b.noted())
	b.notes = seen.notes
	err = b.work(ctx, op)
	seen.tell(s)
	return err
}

// codecs are those to read and to write.
func (o *reinsertOptions) codecs(cache *config.Cache) (from, to codec.Codec, err error) {
	from, to = cache.Codec, cache.Codec
	for _, given := range []struct {
		spec word
		is   *codec.Codec
	}{{o.from, &from}, {o.to, &to}} {
		if given.spec == "" {
			continue
		}
		if *given.is, err = codec.Parse(string(given.spec), cache.Codec); err != nil {
			return from, to, err
		}
	}
	if to.Serializer == codec.Pickle && to.Protocol == codec.AnyProtocol || cache.Traits.Unwritten != "" {
		return from, to, cache.WriteError()
	}
	if err := codec.Stored(from).Repeatable(to); err != nil {
		return from, to, err
	}
	return from, to, nil
}

// classify names the reason of a value that was not transcoded.
func classify(err error) (reason, what string, skip bool) {
	var e *codec.Error
	if errors.As(err, &e) {
		return string(e.Kind), e.What, e.Kind.Skipped()
	}
	return string(codec.KindUnknown), "", false
}
