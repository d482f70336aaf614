package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/document"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
)

// bulk is one bulk command on its way from its flags to its report.
type bulk struct {
	s     *session
	o     *bulkOptions
	file  *config.File
	cache *config.Cache
	cl    *cluster.Cluster
	run   engine.Options
	kept  *kept // nil: the run keeps no checkpoint
	// memory is the limit of memory before; 0: it is as it was.
	memory int64
	// into is the cache into which entries are copied, and the only one that is changed unless
	// empties is set; nil: there is none.
	into      *cluster.Cluster
	intoCache *config.Cache
	empties   bool // what was copied is deleted where it was
	// byAlias has the alias of the cache be wanted, and not only a yes.
	byAlias bool
	// decides is what flags mean where their text does not say it.
	decides map[string]string

	// what names the keys in the question: "keys of version 1 that match a*".
	what string
	// where is what entries have to be like, and reads tells that the work reads values.
	where    scan.Where
	reads    bool
	honoured bool   // by the servers, as far as is known
	progress string // how it is told
	// types has what a serializer cannot hold be counted by type.
	types bool
	// astray tells that the work is for keys alone that are not at home.
	astray bool
	// beware are warnings that stand before the question.
	beware []string
	// does says what will become of them: "delete", "rewrite as pickle:5".
	does string
	// tells is set where it matters which areas of the application lose keys; hits are
	// those, once that is known.
	tells bool
	hits  []survey.Hit
	// none is set where nobody was asked, because there is no key to do anything with.
	none bool
	// stray, if there is one, tells in place of the servers whether the pattern is one of
	// stored keys.
	stray func(ctx context.Context) bool
	// room, if there is one, refuses a run for which the servers have too little memory.
	room func(context.Context) error
	// finish, if there is one, is told the report when the work has ended, before it is
	// printed.
	finish func(*engine.Report) error
	// notes, if there are any, are added to the report.
	notes func() []engine.Note
}

// scope is what the run is for, as a survey before it takes it.
func (b *bulk) scope() survey.Options {
	return survey.Options{Selection: b.run.Selection, Shards: b.run.Shards}
}

// openBulk opens what a bulk command works on. Nothing is dialled yet.
func (s *session) openBulk(ctx context.Context, o *bulkOptions) (*bulk, error) {
	if o.failures != "" { // before anything is asked or dialled
		if _, err := replaceable(string(o.failures)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("--failures: %v", err)
		}
	}
	if err := checkMetrics(string(o.metrics)); err != nil {
		return nil, err
	}
	if o.source.value == fromReplica && !o.dryRun && s.running.writes {
		return nil, usagef("--read-from replica goes with --dry-run: what is written goes to the server that was read")
	}
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return nil, err
	}
	if !o.surveys {
		err = s.fitsNodes(cache, o)
	}
	if err != nil {
		return nil, err
	}
	s.measured.Load().of(cache.Alias, o.dryRun)
	way, err := o.progressOptions.way(s, &cache.Bulk)
	if err != nil {
		return nil, err
	}
	s.alongside = ""
	if o.dryRun {
		s.alongside = alongsideDry
	}
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return nil, err
	}
	s.runOf = cache.Alias
	b := &bulk{s: s, o: o, file: file, cache: cache, cl: cl, where: o.filters.where(cache), progress: way}
	b.run.DryRun = o.dryRun
	b.run.Rate, b.run.Batch, b.run.Parallel = o.pacing(&cache.Bulk)
	b.run.Guards = o.guards(&cache.Bulk)
	if b.run.Deadline = o.deadline.Time; b.run.Deadline.IsZero() && cache.Bulk.Deadline != "" {
		if b.run.Deadline, err = config.ParseDeadline(cache.Bulk.Deadline, time.Now()); err != nil {
			return nil, err
		}
	}
	b.run.Enough = enough(o.maxFailures.Bound, cache.Bulk.MaxFailures)
	b.run.Shards = cl.Visit()
	if o.shard != "" {
		if b.run.Shards, err = findShards(cl, cache, o.shard); err != nil {
			return nil, err
		}
	}
	if len(b.run.Shards) > cluster.MostConnections && debug.SetMemoryLimit(-1) == memoryLimit {
		b.memory = debug.SetMemoryLimit(queueMemory)
	}
	return b, nil
}

// close ends what the run has open.
func (b *bulk) close() {
	if b.memory > 0 {
		debug.SetMemoryLimit(b.memory)
	}
	b.cl.Close()
	if b.into != nil {
		b.into.Close()
	}
	if b.kept != nil {
		b.kept.file.Close()
	}
}

// shareOf is of how many keys at least a share of them means something.
const shareOf = 1000

// enough tells when too many keys have failed; most is the flag, else what is
// configured.
func enough(most, configured config.Bound) func(failed, looked int64) bool {
	if !most.Set {
		most = configured
	}
	if !most.Set {
		return nil
	}
	return func(failed, looked int64) bool {
		return !most.Allows(failed, looked) && (!most.Percent || looked >= shareOf)
	}
}

// admit refuses work that may not be done, or that would have to be asked for
// where nobody can answer. It comes after every check of the usage, whose exit
// code goes before, and before any connection.
func (b *bulk) admit() error {
	if err := b.openCheckpoint(); err != nil {
		return err
	}
	if b.o.dryRun {
		return nil
	}
	if err := writable(b.written()); err != nil {
		return err
	}
	for _, shard := range b.run.Shards {
		if (b.into == nil || b.empties) && !shard.Writable() {
			return refusef(refusedReplica, "shard %s is a replica: what is written there is lost", shard.Name)
		}
	}
	return b.answerable()
}

// written is the cache that the run changes, or in which it deletes.
func (b *bulk) written() *config.Cache {
	if b.intoCache != nil && !b.empties {
		return b.intoCache
	}
	return b.cache
}

// reopen has the run work with another cluster of the cache, in which the shards are the
// same.
func (b *bulk) reopen(cl *cluster.Cluster) {
	for i, shard := range b.run.Shards {
		b.run.Shards[i] = cl.Shards()[shard.Index]
	}
	b.cl = cl
}

// changed are the shards that the run may change: what is not at home goes to any.
func (b *bulk) changed() []*cluster.Shard {
	switch {
	case b.empties:
		return slices.Concat(b.into.Visit(), b.run.Shards)
	case b.into != nil:
		return b.into.Visit()
	}
	shards := b.run.Shards
	if b.astray {
		shards = slices.Clone(shards)
		for _, home := range b.cl.Visit() {
			if !slices.ContainsFunc(shards, home.Same) {
				shards = append(shards, home)
			}
		}
	}
	return shards
}

// work runs op and reports.
func (b *bulk) work(ctx context.Context, op engine.Operation) error {
	if !b.o.dryRun && !b.o.beside && b.s.running.flag(besideFlag) != nil {
		if err := b.s.alone(ctx, b.changed(), b.run.Parallel); err != nil {
			return err
		}
	}
	if !b.o.dryRun && b.s.running.writes {
		if err := b.s.startRecord(ctx, b.written(), b.recorded(), nil); err != nil {
			return err
		}
	}
	b.keep()
	if b.o.backup != "" {
		if err := b.keepIn(ctx, string(b.o.backup), engine.CommandOf(op)); err != nil {
			return err
		}
	}
	sink, err := b.openFailures()
	if err != nil {
		return err
	}
	if sink.wanted() {
		b.run.Failure = sink.add
	}
	far := b.s.tellProgress(b.progress, progressRun{engine.CommandOf(op), b.cache.Alias, b.does, b.resumes()})
	if far != nil {
		b.run.Progress = far.set
	}
	b.run.Waits = b.waits(far)
	// The first signal ends the run after the batches in hand; Main returns at
	// the second, whatever is still going on here.
	b.run.Stop = ctx.Done()
	b.run.Look, b.run.SoFar = b.s.look, b.soFar
	b.s.bulk.Store(true)
	if b.none { // a key that has come since is one that nobody was asked about
		b.run.DryRun = true
	}
	report := engine.Run(context.WithoutCancel(ctx), b.cl, op, b.run)
	b.s.bulk.Store(false)
	if total := report.Total(); b.none && total.Scanned == 0 {
		report.DryRun = false
	}
	far.done()
	if b.notes != nil {
		report.Notes = b.notes()
	}
	if b.types {
		report.Notes = append(report.Notes, sink.lost.notes()...)
	}
	report.Areas = b.hits
	if err := b.plan(report); err != nil {
		return err
	}
	if b.finish != nil {
		if err := b.finish(report); err != nil {
			b.s.ui.Warn("cachering: %v", err)
			sink.close()
			return worseResult(b.report(ctx, report), exitFailed)
		}
	}
	if err := sink.close(); err != nil {
		b.s.ui.Warn("cachering: %v", err)
		return worseResult(b.report(ctx, report), exitFailed)
	}
	err = b.report(ctx, report)
	sink.tellLosses(b)
	return err
}

// recorded are the shards that the record of the run names.
func (b *bulk) recorded() []*cluster.Shard {
	if b.into != nil && !b.empties {
		return b.into.Visit()
	}
	return b.run.Shards
}

// waits shows what the run waits for: in its progress and, where --verbose asks for it, in
// lines.
func (b *bulk) waits(far *progress) func(shard, why string) {
	return func(shard, why string) {
		far.waitsFor(shard, why)
		if !b.s.global.verbose {
			return
		}
		if why == "" {
			b.s.ui.Note("%s: goes on", shard)
		} else {
			b.s.ui.Note("%s: waits: %s", shard, why)
		}
	}
}

// failureSink writes the file of --failures, and names failures as they come
// where --verbose asks for it.
type failureSink struct {
	s    *session
	file *os.File
	err  error
	lost losses // of the lines

	types bool
}

func (b *bulk) openFailures() (*failureSink, error) {
	sink := &failureSink{s: b.s, types: b.types}
	if b.o.failures == "" {
		return sink, nil
	}
	var err error
	if sink.file, err = failuresFile(string(b.o.failures), b.resumes()); err != nil {
		return nil, usagef("--failures: %v", err)
	}
	return sink, nil
}

// wanted reports whether anything is to be written as failures come.
func (k *failureSink) wanted() bool { return k.file != nil || k.types || k.s.global.verbose }

// add is called by one goroutine at a time, which only waits for it.
func (k *failureSink) add(f engine.Failure) {
	if k.s.global.verbose {
		k.s.warnFailure(f)
	}
	k.addLoss(f)
	if k.file == nil || k.err != nil {
		return
	}
	line, err := document.Marshal(f)
	if err == nil {
		_, err = k.file.Write(append(line, '\n'))
	}
	k.err = err
}

func (k *failureSink) close() error {
	if k.file == nil {
		return nil
	}
	if err := k.file.Close(); k.err == nil {
		k.err = err
	}
	if k.err != nil {
		return fmt.Errorf("--failures: %w", k.err)
	}
	return nil
}

// strayed reports whether a pattern that found nothing is one of stored keys, and says so.
func (b *bulk) strayed(ctx context.Context) bool {
	if b.stray != nil {
		return b.stray(ctx)
	}
	return b.s.strayed(ctx, b.cl, b.cache, b.run.Shards, b.run.Selection)
}

// whenStray is when the exit code of commands that take a pattern is exitNegative.
const whenStray = "nothing matched: PATTERN is one of stored keys, and --stored is not given"

// patternExits are bulkExits of a command that takes a pattern.
func patternExits(done, refused string) []exit {
	exits := bulkExits(done, refused)
	i := slices.IndexFunc(exits, func(e exit) bool { return e.code > exitNegative })
	return slices.Insert(exits, i, exit{exitNegative, whenStray})
}

// bulkExits are the exit codes that all bulk commands have.
func bulkExits(done, refused string) []exit {
	return []exit{
		{exitDone, done},
		{exitFailed, "no shard answered, or all refused the login; or --checkpoint could not be written"},
		{exitUsage, "bad usage or configuration"},
		{exitPartial, "finished, but some shards or keys failed"},
		{exitRefused, refused},
		{exitHungUp, "hung up: the batch in hand was finished and reported"},
		{exitInterrupted, "interrupted, likewise"},
		{exitTerminated, "terminated, likewise"},
	}
}

// selectKeys selects keys by a pattern. Without --stored it is for one version.
func (b *bulk) selectKeys(pattern string, o *keyOptions) error {
	if err := o.fits(b.cache); err != nil {
		return err
	}
	sel, err := o.selection(b.cache, pattern)
	if err != nil {
		return err
	}
	b.take(sel)
	switch {
	case o.stored:
		b.what = fmt.Sprintf("stored keys of this cache that match %s", pattern)
	case sel.Versions != nil:
		versions := versions{list: sel.Versions}
		b.what = fmt.Sprintf("%s, keys that match %s", versions.what(), pattern)
	default:
		b.what = fmt.Sprintf("keys that match %s", pattern)
	}
	return nil
}

// take selects keys, of which only those are meant that the filters let through.
func (b *bulk) take(sel scan.Selection) {
	sel.Where = b.where
	b.run.Selection = sel
}

// whatOf is what the keys are called in the question, with the filters.
func (b *bulk) whatOf() string {
	return strings.Join(append([]string{b.what}, b.o.filters.given()...), ", ")
}

// honour refuses filters that the servers cannot tell about, before anything is asked
// of them.
func (b *bulk) honour(ctx context.Context) error {
	if b.honoured {
		return nil
	}
	b.honoured = true
	if err := b.o.readReplicas(ctx, b.s, b.cl, b.cache, b.changed()); err != nil {
		return err
	}
	return honoured(ctx, b.run.Shards, &b.where, b.reads || b.o.backup != "")
}

// openEvery is openBulk with selectEvery, for work that needs no more of the cache before.
func (s *session) openEvery(ctx context.Context, o *bulkOptions, k *keyOptions, pattern string) (*bulk, error) {
	b, err := s.openBulk(ctx, o)
	if err != nil {
		return nil, err
	}
	if err = k.fits(b.cache); err == nil {
		err = b.selectEvery(pattern, k)
	}
	if err != nil {
		b.cl.Close()
		return nil, err
	}
	return b, nil
}

// selectEvery selects the keys of every version, unless one is given, that match a
// pattern if there is one.
func (b *bulk) selectEvery(pattern string, o *keyOptions) error {
	b.what = "every version"
	b.take(scan.Selection{})
	if pattern != "" {
		if err := b.selectKeys(pattern, o); err != nil {
			return err
		}
	}
	if o.version.set {
		b.run.Selection.Versions = o.version.list
		if pattern == "" {
			b.what = o.version.what()
		}
		return nil
	}
	b.run.Selection.Versions = nil
	if pattern != "" && !o.stored {
		b.what = "every version, keys that match " + pattern
	}
	return nil
}

// protect spares protected keys. Where stored keys do not show the key it cannot
// tell which they are.
func (b *bulk) protect(include bool) error {
	if include {
		return nil
	}
	b.run.Selection.Protect = b.cache.Protect
	if len(b.cache.Protect) > 0 && !b.cache.Keyspace.Reversible() {
		return refusef(refusedProtected, "stored keys of cache %s do not show the key, so protected keys cannot be told from others", b.cache.Alias).
			hinting("--include-protected spares none; write protect = [] if there are none")
	}
	return nil
}
