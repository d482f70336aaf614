package commands

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
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
	readingOptions
	sample integer
	by     choice
	depth  integer
	top    integer
	style  choice
	areas  word
	html   word
	forbid word
	allow  word
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
	o.style.of = []string{string(figures.Shown), string(figures.Folded), string(figures.Hashed)}
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
			Usage: "print keys `shown|folded|hashed`: as they are, without what varies, or as a part of their SHA-256;\nshown by default, and folded in the page"},
		&cli.GenericFlag{Name: "html", Value: &o.html,
			Usage: "write the report to `FILE`, too, as a page that can be handed on"},
		&cli.GenericFlag{Name: "areas", Value: &o.areas,
			Usage: "put keys into areas of your own, by lines NAME GLOB of `FILE`; the first that fits counts"},
		&cli.GenericFlag{Name: "forbid", Value: &o.forbid,
			Usage: "list entries whose pickles name what fits `default|GLOB[,…]`; default is the list of the program"},
		&cli.GenericFlag{Name: "allow-classes", Value: &o.allow,
			Usage: "list entries whose pickles name anything that fits none of the globs in `FILE`, one a line"},
	}, o.readingOptions.flags())
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
			"--html writes one file for the browser that has all of it: no script, nothing fetched, readable by\n" +
			"you alone. Of the file that is there it takes the place if that is such a page.\n\n" +
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
			"cachering audit --html audit.html",
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
			stale,
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runAudit(ctx, s, &o) },
	}
}

func runAudit(ctx context.Context, s *session, o *auditOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	own, err := o.ownAreas()
	if err != nil {
		return err
	}
	rules, named, err := o.rules()
	if err != nil {
		return err
	}
	if err := o.checkPage(); err != nil {
		return err
	}
	b, err := s.openReading(ctx, &o.readingOptions, false)
	if err != nil {
		return err
	}
	defer b.close()
	cache, shards := b.cache, b.run.Shards
	if few := o.by.value != string(figures.ByPrefix) && o.by.value != string(figures.ByClass); few && debug.SetMemoryLimit(-1) == memoryLimit {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(auditMemory))
	}
	began := time.Now()
	look := &auditLook{cache: cache, tally: figures.New(o.counted(shards)), rules: rules, areas: own}
	pacing, told := b.survey(ctx)
	auditor := survey.Auditor{Selection: b.run.Selection, Shards: shards, Sample: int(o.sample.value), Tally: look.tally,
		NewEye: func() survey.Eye { return look.eye() }, TooLarge: look.large, Pacing: pacing}
	lost, sample := auditor.Audit(ctx, b.cl)
	told()
	took := time.Since(began).Milliseconds()
	errs := make([]error, len(shards))
	for i := range errs {
		errs[i] = lost[i]
	}
	ended := endedBy(ctx, errs)
	build := func(style figures.KeyStyle) *figures.Report {
		r := look.tally.Build(sample, style, o.levels(), lost, named)
		r.Cache, r.Elapsed, r.Ended, r.Interrupted = cache.Alias, took, string(ended), ctx.Err() != nil
		return r
	}
	var page error
	if o.html != "" {
		page = o.writePage(cache, build(o.keyStyle(figures.Folded)))
	}
	report := build(o.keyStyle(figures.Shown))
	seen := make([]measured, len(shards))
	for i := range report.Servers {
		of := &report.Servers[i]
		seen[i] = measured{shard: of.Shard, scanned: of.Entries, failed: of.Err != nil, sizes: []engine.Number{{Name: "bytes_before", Value: of.Bytes}}}
	}
	s.measured.Load().saw(seen)
	err = o.tell(ctx, s, report, errs)
	if page != nil {
		s.ui.Warn("cachering: --html: %s: %v", plain.Quote(string(o.html)), fileless(page))
		err = worseResult(err, exitFailed)
	}
	return err
}

// keyStyle is how keys stand, unless it was said otherwise.
func (o *auditOptions) keyStyle(usual figures.KeyStyle) figures.KeyStyle {
	return cmp.Or(figures.KeyStyle(o.style.value), usual)
}

// tell prints the report, and returns its exit code.
func (o *auditOptions) tell(ctx context.Context, s *session, report *figures.Report, lost []error) error {
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
	for _, err := range lost {
		if errors.Is(err, cluster.ErrClusterNode) {
			return err
		}
	}
	s.warnLost(lost)
	code := codeOfLost(lost, len(lost))
	if report.Security != nil && report.Security.Entries > 0 {
		s.ui.Note("%s what is forbidden", plain.Verb(report.Security.Entries, "entry names", "entries name"))
		code = worse(code, exitNegative)
	}
	return result(code)
}

// counted says what is counted.
func (o *auditOptions) counted(shards []*cluster.Shard) figures.Options {
	c := figures.Options{By: figures.Cut(o.by.value), Depth: o.levels(), Top: auditTop}
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
