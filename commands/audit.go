package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/areas"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/danger"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/figures"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

type auditOptions struct {
	keyOptions
	progressOptions
	filters filterOptions
	match   word
	shards  word
	sample  integer
	by      choice
	depth   integer
	top     integer
	style   choice
	areas   word
	forbid  word
	allow   word
}

// auditMemory is memoryLimit of an audit that is not cut by what there may be very many
// of: without it as much again would wait to be collected.
const auditMemory = 44 << 20

// Defaults of flags.
const (
	auditDepth = 3
	auditTop   = 10
)

func (o *auditOptions) flags() []cli.Flag {
	o.sample.min, o.depth.min, o.depth.max = 1, 1, 8
	for _, cut := range figures.Cuts {
		o.by.of = append(o.by.of, string(cut))
	}
	o.style.of, o.style.value = []string{string(figures.Shown), string(figures.Folded), string(figures.Hashed)}, string(figures.Shown)
	return slices.Concat([]cli.Flag{
		&cli.GenericFlag{Name: "sample", Value: &o.sample,
			Usage: "look at `N` entries from all over the key space, and estimate the rest"},
		&cli.GenericFlag{Name: "by", Value: &o.by,
			Usage: "tell all figures for each `area|prefix|class|codec|version|shard`, too"},
		&cli.GenericFlag{Name: "depth", Value: &o.depth,
			Usage: "show the tree of prefixes `N` levels deep, 3 by default; with --by prefix, cut after so many segments"},
		&cli.GenericFlag{Name: "top", Value: &o.top,
			Usage: "show the first `N` rows of a long list, 10 by default, and the sum of the others; 0: all"},
		&cli.GenericFlag{Name: "keys", Value: &o.style,
			Usage: "print keys `shown|folded|hashed`: as they are, without what varies, or as a part of their SHA-256"},
		&cli.GenericFlag{Name: "areas", Value: &o.areas,
			Usage: "put keys into areas of your own, by lines NAME GLOB of `FILE`; the first that fits counts"},
		&cli.GenericFlag{Name: "forbid", Value: &o.forbid,
			Usage: "list entries whose pickles name what fits `default|GLOB[,…]`; default is the list of the program"},
		&cli.GenericFlag{Name: "allow-classes", Value: &o.allow,
			Usage: "list entries whose pickles name anything that fits none of the globs in `FILE`, one a line"},
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "look at the keys that match `PATTERN` only"},
		&cli.GenericFlag{Name: "shard", Value: &o.shards,
			Usage: "look at the shards `NAME|INDEX|FROM-TO[,…]` only"},
	}, o.keyOptions.manyFlags(), o.filters.flags(), o.progressOptions.flags())
}

func newAudit(s *session) *command {
	var o auditOptions
	return &command{
		name:  "audit",
		short: "counts what is in the cache, and finds pickles that name what they should not",
		long: "All entries are read once, of every version, or a sample of them: how they are stored, which\n" +
			"part of the application made them (areas), what their keys begin with, how large they are and\n" +
			"how long they live, which classes pickles name, what compressors would save, how much memory\n" +
			"they take, and what lies around them. Nothing is written, and no pickle is loaded.\n\n" +
			"Prefixes are a tree by : . and /, in which numbers, UUIDs, hashes and e-mail addresses are one.\n" +
			"Up to 100,000 prefixes and classes are counted one by one, the rest as others. With --sample\n" +
			"figures are estimates; under --json margins say how far off, 95 of 100 times. What compressors\n" +
			"save and the memory are estimates from a part of the entries always, with their margins.\n\n" +
			"--forbid default lists what lets whoever wrote a pickle run something when it is loaded: names as\n" +
			"os.system, however they are put together, also behind the end, behind damage, and in bytes and\n" +
			"texts, encoded or compressed. A list of your own replaces it, default,GLOB adds to it.\n\n" +
			"Filters leave out entries that are otherwise; all that are given have to hold. With --match and\n" +
			"--version keys of others are not looked for, with any other locks and markers are not.",
		flags: o.flags(),
		examples: []string{
			"cachering audit",
			"cachering audit --sample 10000 --json | jq .codecs",
			"cachering audit --by area --top 5",
			"cachering audit --match 'user:*' --depth 5",
			"cachering audit --keys hashed --json > audit.json",
			"cachering audit --forbid default",
			"cachering audit --forbid 'default,shop.legacy.*' --json | jq .security",
			"cachering audit --allow-classes allowed.txt",
		},
		exits: []exit{
			{exitDone, "every shard was looked at, and nothing is forbidden, or nothing was asked"},
			{exitFailed, "no shard answered"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some shards did not answer, or not to the end"},
			{exitNegative, "entries name what is forbidden, or not allowed"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runAudit(ctx, s, &o) },
	}
}

func runAudit(ctx context.Context, s *session, o *auditOptions) error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	if o.stored && o.match == "" {
		return usagef("--stored goes with --match")
	}
	own, err := o.ownAreas()
	if err != nil {
		return err
	}
	rules, named, err := o.rules()
	if err != nil {
		return err
	}
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	if err := o.fits(cache); err != nil {
		return err
	}
	sel, err := o.selection(cache, string(o.match))
	if err != nil {
		return err
	}
	if !o.version.set {
		sel.Versions = nil
	}
	sel.Where = o.filters.where(cache)
	way, err := o.way(s, false)
	if err != nil {
		return err
	}
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return err
	}
	defer cl.Close()
	shards := cl.Visit()
	if o.shards != "" {
		if shards, err = findShards(cl, cache, o.shards); err != nil {
			return err
		}
	}
	if err := honoured(ctx, shards, &sel.Where, true); err != nil {
		return err
	}
	if few := o.by.value != string(figures.ByPrefix) && o.by.value != string(figures.ByClass); few && debug.SetMemoryLimit(-1) == memoryLimit {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(auditMemory))
	}
	began := time.Now()
	look := &auditLook{cache: cache, tally: figures.New(o.counted(shards)), rules: rules, areas: own}
	tell := s.tellProgress(way, progressRun{command: "audit", cache: cache.Alias, does: "audit"})
	auditor := survey.Auditor{Selection: sel, Shards: shards, Sample: int(o.sample.value), Tally: look.tally,
		NewEye: func() survey.Eye { return look.eye() }, TooLarge: look.large, Passed: passing(ctx, shards, tell)}
	lost, sample := auditor.Audit(ctx, cl)
	tell.done()
	report := look.tally.Build(sample, o.levels(), lost, named)
	report.Cache, report.Elapsed = cache.Alias, time.Since(began).Milliseconds()
	report.Interrupted = ctx.Err() != nil
	switch {
	case report.Interrupted:
		report.Ended = string(engine.EndSignal)
	case len(lost) > 0:
		report.Ended = string(engine.EndShardLost)
	default:
		report.Ended = string(engine.EndDone)
	}
	return o.tell(ctx, s, report, lost)
}

// tell prints the report, and returns its exit code.
func (o *auditOptions) tell(ctx context.Context, s *session, report *figures.Report, lost map[int]error) error {
	var err error
	if s.ui.JSON {
		err = s.ui.Document(report)
	} else {
		err = printAudit(s, report)
	}
	if err != nil {
		return err
	}
	s.ui.Flush()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code := codeOfShards(len(lost), len(report.Servers))
	for i := range report.Servers {
		if err := lost[i]; err != nil {
			if errors.Is(err, cluster.ErrClusterNode) {
				return err
			}
			s.ui.Warn("cachering: %v", err)
		}
	}
	if report.Security != nil && report.Security.Entries > 0 {
		s.ui.Note("%s what is forbidden", plain.Verb(report.Security.Entries, "entry names", "entries name"))
		code = worse(code, exitNegative)
	}
	return result(code)
}

// counted says what is counted.
func (o *auditOptions) counted(shards []*cluster.Shard) figures.Options {
	c := figures.Options{By: figures.Cut(o.by.value), Depth: o.levels(), Top: auditTop, Keys: figures.KeyStyle(o.style.value)}
	if o.top.set {
		c.Top = int(o.top.value)
	}
	for _, shard := range shards {
		c.Shards = append(c.Shards, shard.Name)
	}
	return c
}

func (o *auditOptions) levels() int {
	if o.depth.set {
		return int(o.depth.value)
	}
	return auditDepth
}

// passing is told how many keys were passed, and tells the progress of it, of the keys
// that the databases had at the beginning.
func passing(ctx context.Context, shards []*cluster.Shard, tell *progress) func(int64) {
	if tell == nil {
		return nil
	}
	var total, done atomic.Int64
	for _, err := range cluster.AtOnce(shards, func(_ int, s *cluster.Shard) error {
		n, err := s.DBSize(ctx)
		total.Add(n)
		return err
	}) {
		_ = err // the audit tells of a shard that does not answer
	}
	return func(n int64) {
		tell.set(engine.Progress{Done: min(done.Add(n), total.Load()), Total: total.Load()})
	}
}

// rules are those of --forbid and --allow-classes, and how they are called; nil if there
// are none.
func (o *auditOptions) rules() (rules *danger.Rules, named []string, err error) {
	if o.forbid == "" && o.allow == "" {
		return nil, nil, nil
	}
	var forbidden []danger.Rule
	if o.forbid != "" {
		forbidden = make([]danger.Rule, 0, 200)
		globs, err := classGlobs(string(o.forbid))
		if err != nil {
			return nil, nil, usagef("--forbid: %v", err)
		}
		for _, glob := range globs {
			if named = append(named, glob); glob == "default" {
				forbidden = append(forbidden, danger.Default()...)
			} else {
				forbidden = append(forbidden, danger.Rule{Glob: glob})
			}
		}
	}
	var allowed []string
	if o.allow != "" {
		named = append(named, danger.NotAllowed)
		in, err := os.Open(string(o.allow))
		if err != nil {
			return nil, nil, usagef("--allow-classes: %v", err)
		}
		defer in.Close()
		if allowed, err = danger.ReadAllowed(in); err != nil {
			return nil, nil, usagef("--allow-classes: %s: %v", o.allow, err)
		}
	}
	return danger.New(forbidden, allowed), named, nil
}

// ownAreas reads the file of --areas: lines of a name and a glob of keys.
func (o *auditOptions) ownAreas() ([]ownArea, error) {
	if o.areas == "" {
		return nil, nil
	}
	in, err := os.Open(string(o.areas))
	if err != nil {
		return nil, usagef("--areas: %v", err)
	}
	defer in.Close()
	var list []ownArea
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		name, glob, _ := strings.Cut(text, " ")
		if glob = strings.TrimSpace(glob); glob == "" {
			return nil, usagef("--areas: %s, line %d: %s has no glob; write NAME GLOB, as carts cart:*", o.areas, n, plain.Quote(name))
		}
		if _, known := areas.ByName(name); known {
			return nil, usagef("--areas: %s, line %d: %s is an area that is known already", o.areas, n, name)
		}
		list = append(list, ownArea{name, []byte(glob)})
	}
	if err := lines.Err(); err != nil {
		return nil, usagef("--areas: %v", fmt.Errorf("%s: %w", o.areas, err))
	}
	return list, nil
}
