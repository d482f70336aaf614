package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
)

type preflightOptions struct {
	readingOptions
	reader   word
	asConfig word
	maxLost  bound
}

func (o *preflightOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		&cli.GenericFlag{Name: "reader", Value: &o.reader,
			Usage: "who is to read: `WHAT[,WHAT…]`, as python=3.12, django=5.2, django-redis=6.0, msgpack=1.0; the rest is as configured"},
		&cli.GenericFlag{Name: "as-config", Value: &o.asConfig,
			Usage: "read as the cache of that alias in the configuration `FILE`, which is to be deployed"},
		&cli.GenericFlag{Name: "max-lost", Value: &o.maxLost,
			Usage: "exit 0 as long as no more than `N|N%` of the entries would be lost or changed"},
	}, o.readingOptions.flags()...)
}

func newPreflight(s *session) *command {
	var o preflightOptions
	return &command{
		name:  "preflight",
		short: "which entries a new Python, Django or cache library could not read",
		long: "Every entry of every version is read, unless --version or --match says less, and nothing is\n" +
			"written. Each line is a reason: lost (the reader does not load it), changed (it loads something\n" +
			"else) or warned, with the number of entries, their share, how many of them reinsert would mend\n" +
			"when the reader is configured, and examples. What modules and names a Python has is what that\n" +
			"Python says of its standard library; the application's own classes are taken to be there.\n" +
			"Nothing that a pickle names is called.\n\n" +
			"Filters leave out entries that are otherwise; all that are given have to hold.",
		flags: o.flags(),
		examples: []string{
			"cachering preflight --reader python=3.13",
			"cachering preflight --reader python=3.12,django=5.2 --match 'user:*'",
			"cachering preflight --as-config next.toml --max-lost 1%",
			"cachering preflight --reader python=3.7 --json | jq '.reasons[] | {reason, count}'",
		},
		exits: []exit{
			{exitDone, "the reader loads every entry as it is, or --max-lost was not exceeded"},
			{exitFailed, "no shard answered"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some shards did not answer, or a value is too large to be looked at"},
			{exitNegative, "entries would be lost or changed, more than --max-lost if that is given"},
			stale,
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runPreflight(ctx, s, &o) },
	}
}

// preflightReport is what preflight prints under --json.
type preflightReport struct {
	Command     string            `json:"command"`
	Schema      int               `json:"schema"`
	Cache       string            `json:"cache"`
	Reader      string            `json:"reader"`
	Notes       []string          `json:"notes"`
	Ended       string            `json:"ended"` // done, signal, deadline, shard_lost
	Interrupted bool              `json:"interrupted"`
	Entries     int64             `json:"entries"` // that were judged
	Lost        int64             `json:"lost"`
	Changed     int64             `json:"changed"`
	Warned      int64             `json:"warned"`
	Mended      int64             `json:"mended"`
	Skipped     map[string]int64  `json:"skipped"`
	MaxLost     *string           `json:"max_lost"`
	Exceeded    bool              `json:"exceeded"`
	Reasons     []preflightReason `json:"reasons"`
	Shards      []preflightShard  `json:"shards"`
}

type preflightReason struct {
	Reason   reader.Cause  `json:"reason"`
	Effect   reader.Effect `json:"effect"`
	Count    int64         `json:"count"`
	Share    float64       `json:"share"` // of the entries
	Mended   int64         `json:"mended"`
	Detail   string        `json:"detail"` // of the first example
	Examples []listed      `json:"examples"`
}

type preflightShard struct {
	Shard   string  `json:"shard"`
	Entries int64   `json:"entries"`
	Error   *string `json:"error"`
}

// mostExamples is how many keys are shown for a reason.
const mostExamples = 3

// foreseen gathers verdicts, of all shards.
type foreseen struct {
	mu      sync.Mutex
	reasons map[reader.Cause]*preflightReason
	skipped map[string]int64
	effects []map[reader.Effect]int64 // by shard
}

func (f *foreseen) add(shard int, v *reader.Verdict, key func() listed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	effect := reader.EffectOf(v.Cause)
	if effect == "" {
		if v.Cause != reader.Read {
			f.skipped[string(v.Cause)]++
		}
		return
	}
	f.effects[shard][effect]++
	r := f.reasons[v.Cause]
	if r == nil {
		r = &preflightReason{Reason: v.Cause, Effect: effect, Detail: v.Why}
		f.reasons[v.Cause] = r
	}
	r.Count++
	if v.Mended {
		r.Mended++
	}
	if len(r.Examples) < mostExamples {
		r.Examples = append(r.Examples, key())
	}
}

func runPreflight(ctx context.Context, s *session, o *preflightOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if (o.reader == "") == (o.asConfig == "") {
		return usagef("preflight takes --reader or --as-config, one of the two").
			hinting("cachering preflight --reader python=3.13")
	}
	_, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	target, err := o.target(s, cache)
	if err != nil {
		return err
	}
	b, err := s.openReading(ctx, &o.readingOptions, false)
	if err != nil {
		return err
	}
	defer b.close()
	shards := b.run.Shards
	for _, note := range target.Notes {
		s.ui.Note("%s", note)
	}
	seen := foreseen{reasons: map[reader.Cause]*preflightReason{}, skipped: map[string]int64{}}
	for range shards {
		seen.effects = append(seen.effects, map[reader.Effect]int64{})
	}
	pacing, told := b.survey(ctx)
	looked := survey.Every(ctx, b.cl, shards, b.run.Selection, pacing,
		func() (func(stored, value []byte) reader.Verdict, error) {
			e, err := target.Examiner()
			if err != nil {
				return nil, err
			}
			return e.Examine, nil
		},
		func(i int, l survey.Listed, v reader.Verdict) {
			seen.add(i, &v, func() listed { return listing(shards[i], l, l.Stored) })
		})
	told()
	report := o.report(cache, target, &seen, looked)
	report.Interrupted = ctx.Err() != nil
	lost, measure := make([]error, len(looked)), make([]measured, len(looked))
	for i := range looked {
		lost[i] = looked[i].Err
		measure[i] = measured{shard: looked[i].Shard, scanned: looked[i].Entries, failed: lost[i] != nil}
		for _, effect := range []reader.Effect{reader.Lost, reader.Changed, reader.Warned} {
			measure[i].outcomes = append(measure[i].outcomes, engine.Number{Name: string(effect), Value: seen.effects[i][effect]})
		}
	}
	s.measured.Load().saw(measure)
	report.Ended = string(endedBy(ctx, lost))
	if ctx.Err() == nil {
		s.warnLost(lost)
	}
	if err := s.printPreflight(&report); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	code := codeOfLost(lost, len(looked))
	if report.Skipped[string(reader.TooLarge)] > 0 {
		code = worse(code, exitPartial)
	}
	if report.Exceeded {
		code = worse(code, exitNegative)
	}
	return result(code)
}

// target is who is to read.
func (o *preflightOptions) target(s *session, cache *config.Cache) (*reader.Target, error) {
	if o.reader != "" {
		t, err := reader.ParseTarget(cache, string(o.reader))
		if err != nil {
			return nil, usagef("--reader: %v", err)
		}
		return t, nil
	}
	src, err := config.Find(string(o.asConfig), s.getenv)
	if err != nil {
		return nil, err
	}
	file, err := config.Load(src)
	if err != nil {
		return nil, err
	}
	then, err := file.Cache(cache.Alias)
	if err != nil {
		return nil, err
	}
	return reader.Described(cache, then)
}

// report sums up.
func (o *preflightOptions) report(cache *config.Cache, target *reader.Target, seen *foreseen, looked []survey.Looked) preflightReport {
	r := preflightReport{Command: "preflight", Schema: 1, Cache: cache.Alias, Reader: string(o.reader), Skipped: seen.skipped,
		Notes: target.Notes, Reasons: []preflightReason{}}
	if r.Reader == "" {
		r.Reader = string(o.asConfig)
	}
	if r.Notes == nil {
		r.Notes = []string{}
	}
	for i := range looked {
		l := &looked[i]
		shard := preflightShard{Shard: l.Shard, Entries: l.Entries}
		if l.Err != nil {
			shard.Error = new(l.Err.Error())
		}
		r.Shards = append(r.Shards, shard)
		r.Entries += l.Entries
		for name, n := range map[string]int64{"not_a_string": l.NotText, string(reader.TooLarge): l.TooLarge} {
			if n > 0 {
				r.Skipped[name] += n
			}
		}
	}
	r.Entries -= r.Skipped[string(reader.LockToken)]
	for _, cause := range slices.Sorted(maps.Keys(seen.reasons)) {
		reason := *seen.reasons[cause]
		reason.Share = float64(reason.Count) / float64(max(1, r.Entries))
		r.Reasons = append(r.Reasons, reason)
		switch reason.Effect {
		case reader.Lost:
			r.Lost += reason.Count
		case reader.Changed:
			r.Changed += reason.Count
		case reader.Warned:
			r.Warned += reason.Count
		}
		r.Mended += reason.Mended
	}
	rank := map[reader.Effect]int{reader.Lost: 0, reader.Changed: 1, reader.Warned: 2}
	slices.SortStableFunc(r.Reasons, func(a, b preflightReason) int {
		return cmp.Or(cmp.Compare(rank[a.Effect], rank[b.Effect]), cmp.Compare(b.Count, a.Count))
	})
	r.Exceeded = r.Lost+r.Changed > 0
	if o.maxLost.Bound.Set {
		r.MaxLost = new(o.maxLost.String())
		r.Exceeded = !o.maxLost.Allows(r.Lost+r.Changed, r.Entries)
	}
	return r
}

func (s *session) printPreflight(r *preflightReport) error {
	if s.ui.JSON {
		return s.ui.Document(r)
	}
	var rows [][]string
	for i := range r.Reasons {
		reason := &r.Reasons[i]
		var keys []string
		for _, key := range reason.Examples {
			keys = append(keys, string(key.Stored))
		}
		rows = append(rows, []string{string(reason.Effect), string(reason.Reason), strconv.FormatInt(reason.Count, 10),
			fmt.Sprintf("%.2f %%", 100*reason.Share), strconv.FormatInt(reason.Mended, 10), strings.Join(keys, " ")})
	}
	if len(rows) > 0 {
		err := s.ui.Report([]ui.Column{{Name: "effect"}, {Name: "reason"}, {Name: "entries", Right: true}, {Name: "share", Right: true},
			{Name: "mended", Right: true}, {Name: "examples"}}, rows)
		if err != nil {
			return err
		}
	}
	for i := range r.Reasons {
		s.ui.Note("%s: %s", r.Reasons[i].Reason, r.Reasons[i].Detail)
	}
	s.ui.Note("%s: %d lost, %d changed, %d with a warning; reinsert under the new settings would mend %d",
		plain.Count(r.Entries, "value"), r.Lost, r.Changed, r.Warned, r.Mended)
	return nil
}
