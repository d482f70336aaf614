package commands

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
)

type ringDiffOptions struct {
	to        word
	toConfig  word
	add       wordList
	remove    wordList
	replace   wordList
	release   word
	passwords bool
	model     integer
	keys      bool
}

func (o *ringDiffOptions) flags() []cli.Flag {
	o.model.min = 1
	return []cli.Flag{
		&cli.GenericFlag{Name: "to", Value: &o.to,
			Usage: "compare with the cache `ALIAS` of the same file, or of that of --to-config"},
		&cli.GenericFlag{Name: "to-config", Value: &o.toConfig,
			Usage: "take the other cache from the configuration `FILE`"},
		&cli.GenericFlag{Name: "add", Value: &o.add,
			Usage: "compare with the cache after `LOCATION` is put behind the others; may be repeated"},
		&cli.GenericFlag{Name: "remove", Value: &o.remove,
			Usage: "compare with the cache without the shard `NAME|INDEX`; may be repeated"},
		&cli.GenericFlag{Name: "replace", Value: &o.replace,
			Usage: "compare with the cache that has one location in place of another, `OLD=NEW`; may be repeated"},
		&cli.GenericFlag{Name: "release", Value: &o.release,
			Usage: "compare with the cache under release `R` of its library"},
		&cli.BoolFlag{Name: "password-changed", Destination: &o.passwords,
			Usage: "compare with the cache after the passwords in its locations changed"},
		&cli.GenericFlag{Name: "model", Value: &o.model,
			Usage: "place `N` random keys instead of those that the shards hold; no server is asked"},
		&cli.BoolFlag{Name: "keys", Destination: &o.keys,
			Usage: "list the keys that would move, with the shards they go from and to"},
	}
}

func newRingDiff(s *session) *command {
	var o ringDiffOptions
	return &command{
		name:  "diff",
		short: "tells which keys a change would move from shard to shard",
		long: "The application finds a key only where its ring looks for it, so a key that would move is\n" +
			"lost to it. Compared are two caches of one file, of two files, or the cache and a change of\n" +
			"it; several changes are made at once. All keys of the cache are scanned; those that\n" +
			"are not at home now are left out and told. A location may be named with its password or with *** in its place.\n\n" +
			"The cause is named where the two differ in one thing only: spelling, password, order, db,\n" +
			"release, or others.",
		flags: o.flags(),
		examples: []string{
			"cachering ring diff --add cache-5:6379 --model 100000",
			"cachering ring diff --remove cache-2:6379",
			"cachering ring diff --replace cache-1:6379=redis://cache-1:6379/1 --keys",
			"cachering ring diff --release 3.0.1 --json",
			"cachering ring diff --password-changed",
			"cachering ring diff --cache old --to new",
			"cachering ring diff --to-config after.toml",
		},
		exits: []exit{
			{exitDone, "nothing would move"},
			{exitFailed, "no shard answered"},
			{exitUsage, "bad usage or configuration, that of the change included"},
			{exitPartial, "some shards did not answer, or with --keys: a key that a line cannot carry was left out"},
			{exitNegative, "some keys would move"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runRingDiff(ctx, s, &o) },
	}
}

// diffDocument is what ring diff prints under --json.
type diffDocument struct {
	Cache       string     `json:"cache"`
	To          string     `json:"to"`
	Ring        string     `json:"ring"`
	ToRing      string     `json:"to_ring"`
	Source      string     `json:"source"` // scan or model
	Keys        int64      `json:"keys"`
	Moved       int64      `json:"moved"`
	Share       float64    `json:"share"`
	Misplaced   int64      `json:"misplaced"` // not at home now, and not among keys
	Moves       []diffMove `json:"moves"`
	Differences []string   `json:"differences"`
	Cause       *string    `json:"cause"` // the only difference, if keys move
	Unanswered  []string   `json:"unanswered,omitempty"`
}

type diffMove struct {
	From      string  `json:"from"`
	FromIndex int     `json:"from_index"`
	To        string  `json:"to"`
	ToIndex   int     `json:"to_index"`
	Keys      int64   `json:"keys"`
	Share     float64 `json:"share"`
}

// movedKey is what ring diff --keys prints under --json.
type movedKey struct {
	listed
	To string `json:"to"`
}

func runRingDiff(ctx context.Context, s *session, o *ringDiffOptions) error {
	if o.keys && o.model.set {
		return usagef("--keys lists keys that there are, and --model makes some up")
	}
	file, from, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	to, err := o.other(ctx, s, file, from)
	if err != nil {
		return err
	}
	d, err := placement.NewDiff(from, to)
	if err != nil {
		return &usageError{msg: err.Error()}
	}
	doc := diffDocument{
		Cache: from.Alias, To: to.Alias, Ring: ringName(from), ToRing: ringName(to),
		Source: "scan", Moves: []diffMove{}, Differences: placement.Differences(from, to),
	}
	var sum placement.Tally
	code := exitDone
	if o.model.set {
		doc.Source = "model"
		if err := d.Model(ctx, o.model.value, &sum); err != nil {
			return err
		}
	} else {
		cl, err := s.open(ctx, file, from)
		if err != nil {
			return err
		}
		defer cl.Close()
		down, err := scanDiff(ctx, s, d, cl, to, o.keys, &sum)
		if errors.Is(err, errNobodyReads) {
			return nil
		} else if err != nil {
			return err
		}
		doc.Unanswered = down
		code = codeOfShards(len(down), len(cl.Visit()))
	}
	doc.describe(from, to, &sum)
	if doc.Moved > 0 {
		code = worse(code, exitNegative)
	}
	if doc.Misplaced > 0 {
		s.ui.Note("%s not at home even now, and left out: cachering ring guess tells which ring they fit",
			plain.Verb(doc.Misplaced, "key is", "keys are"))
	}
	switch {
	case o.keys:
		s.ui.Note("%d of %s would move (%s)", doc.Moved, plain.Count(doc.Keys, "key"), plain.Percent(doc.Share))
	case s.ui.JSON:
		err = s.ui.Document(doc)
	default:
		err = printDiff(s, &doc)
	}
	if err != nil {
		return err
	}
	if doc.Moved > 0 && !o.model.set {
		s.ui.Flush() // the proposal follows what it is for
		o.proposeMove(s, file, from, to)
	}
	return result(code)
}

// proposeMove names the command that moves what would move, once the change is made.
func (o *ringDiffOptions) proposeMove(s *session, file *config.File, from, to *config.Cache) {
	if s.ui.Quiet || !placement.SameKeyspace(from, to) || from.Alias != to.Alias {
		return
	}
	words, when := []string{"cachering", "rebalance", "--from-config", "before.toml"}, "keep this configuration as before.toml; with the changed one this moves them"
	if o.toConfig != "" {
		words, when = []string{"cachering", "rebalance", "--config", string(o.toConfig), "--from-config", file.Path}, "this moves them"
	}
	if len(file.Caches) > 1 {
		words = append(words, "--cache", from.Alias)
	}
	s.ui.WarnLine("hint: " + when + ": " + strings.Join(shellWords(words), " "))
}

// describe fills in what was counted.
func (doc *diffDocument) describe(from, to *config.Cache, t *placement.Tally) {
	doc.Keys, doc.Misplaced = t.Keys, t.Misplaced
	share := func(n int64) float64 { return float64(n) / float64(max(1, t.Keys)) }
	for _, m := range t.Moves() {
		doc.Moved += m.Keys
		doc.Moves = append(doc.Moves, diffMove{
			From: from.Servers[m.From].Masked(), FromIndex: m.From,
			To: to.Servers[m.To].Masked(), ToIndex: m.To,
			Keys: m.Keys, Share: share(m.Keys),
		})
	}
	doc.Share = share(doc.Moved)
	if doc.Moved > 0 && len(doc.Differences) == 1 {
		doc.Cause = &doc.Differences[0]
	}
}

// other is the cache to compare with.
func (o *ringDiffOptions) other(ctx context.Context, s *session, file *config.File, from *config.Cache) (*config.Cache, error) {
	change := config.Change{Add: o.add, Remove: o.remove, Replace: o.replace, Release: string(o.release), Passwords: o.passwords}
	named := o.to != "" || o.toConfig != ""
	switch {
	case named && !change.Empty():
		return nil, usagef("compare with another cache or with a change of this one, not with both")
	case !named && change.Empty():
		return nil, usagef("nothing to compare with").
			hinting("--to or --to-config names another cache; --add, --remove, --replace, --release or --password-changed a change of this one")
	case !named:
		for _, pair := range o.replace {
			if !strings.Contains(pair, "=") {
				return nil, usagef("--replace needs OLD=NEW")
			}
		}
		changed, warnings, err := from.With(change)
		if err == nil {
			s.warn(&config.File{Warnings: warnings}, changed)
		}
		return changed, err
	}
	_, other, err := s.otherCache(ctx, file, from, o.to, o.toConfig)
	return other, err
}

// scanDiff places the keys that the shards hold, and lists those that would move.
// It returns the shards that failed.
func scanDiff(ctx context.Context, s *session, d *placement.Diff, cl *cluster.Cluster, to *config.Cache, list bool, sum *placement.Tally) ([]string, error) {
	shards := cl.Visit()
	sums, errs := make([]placement.Tally, len(shards)), make([]error, len(shards))
	one := func(i int, shard *cluster.Shard) error {
		return survey.List(ctx, cl, shard, scan.Selection{}, func(found []survey.Listed) error {
			for _, l := range found {
				here, there, moved := d.Place(placement.Key{Stored: l.Stored, On: shard.Index}, &sums[i])
				if !moved || !list {
					continue
				}
				if err := printMoved(s, cl.Shards()[here], l, to.Servers[there].Masked()); err != nil {
					return err
				}
			}
			if list {
				return flushed(s)
			}
			return nil
		})
	}
	if list {
		for i, shard := range shards { // in order, for the reader
			errs[i] = one(i, shard)
		}
	} else {
		errs = cluster.AtOnce(shards, one)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var down []string
	for i, err := range errs {
		if errors.Is(err, errNobodyReads) {
			return nil, err
		}
		if err != nil {
			s.ui.Warn("cachering: %v", err)
			down = append(down, shards[i].Name)
		}
		sum.Merge(&sums[i])
	}
	return down, nil
}

func printMoved(s *session, shard *cluster.Shard, l survey.Listed, name string) error {
	if s.ui.JSON {
		return s.ui.Document(movedKey{listing(shard, l, l.Stored), name})
	}
	s.keyLine(string(l.Stored), string(l.Stored), shard.Name, name)
	return nil
}

func printDiff(s *session, doc *diffDocument) error {
	var rows [][]string
	for _, m := range doc.Moves {
		rows = append(rows, []string{m.From, m.To, strconv.FormatInt(m.Keys, 10), plain.Percent(m.Share)})
	}
	rows = append(rows, []string{"total", "of " + plain.Count(doc.Keys, "key"), strconv.FormatInt(doc.Moved, 10), plain.Percent(doc.Share)})
	if err := s.ui.Table([]ui.Column{{Name: "from"}, {Name: "to"}, {Name: "keys", Right: true}, {Name: "share", Right: true}}, rows); err != nil {
		return err
	}
	if doc.Cause != nil && s.ui.OutTerminal {
		s.ui.Sentence("cause: " + placement.Advice(*doc.Cause))
	} else if doc.Cause != nil {
		s.ui.Line("cause", *doc.Cause, placement.Advice(*doc.Cause))
	} else if doc.Moved > 0 && len(doc.Differences) > 0 {
		s.ui.Line("causes", strings.Join(doc.Differences, ", "))
	}
	return nil
}
