// Package engine runs bulk work over the shards of a cache while the
// application goes on using it. What it promises: a value is replaced only if
// it is still, byte for byte, what was read; expiries stay as they are; keys of
// others are not touched; memory does not grow with the number of keys; a dry
// run cannot write.
//
// On every shard a source, as a scan is one, gives keys, which go to a few workers
// in batches. A worker sends, in one flush, the writes of one batch and the
// questions about the next, on one connection that is never silently replaced:
//
//	SET k v XX KEEPTTL …, EXEC      of batch n
//	WATCH …, MGET …, MULTI          of batch n+1
//
// and never waits for work while it holds watched keys, so that the time in
// which an application's write can abort a transaction stays short. An aborted
// transaction is tried again in halves, down to single keys. Where nearly nothing was
// to be written of late, as in a second run, keys are read in larger batches that
// are not watched, and the few to be written are read again, watched.
//
// The keys of a batch lie far apart in the server's table, which keeps it cheap to
// watch them: package scan says why. A key that SCAN gives twice, while a table is
// resized, is passed over the second time.
package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

const (
	// batchBudget is how many bytes of values one batch reads: enough that a
	// round trip is worth it, and little enough to hold for every worker.
	batchBudget = 256 << 10
	// heavyBudget is how many bytes of values larger than a batch are held at a
	// time by all workers together. Working on such a value, as it is unpacked and
	// written anew, may take as much again. A larger one is left as it is.
	heavyBudget = cluster.LargestValue
	// lightRoom is how many bytes working on one value of an ordinary batch may take.
	// Once its new values have lightOutput bytes, the rest goes into another.
	lightRoom, lightOutput = 1 << 20, 256 << 10
	// heavier is how much more room than before a value gets that lacked it.
	heavier = 8
	// maxTries is how often a key that keeps changing is tried alone. A try
	// takes a fraction of a millisecond, so this settles keys that are written
	// thousands of times a second.
	maxTries = 50
	// lostTries is how many of those tries a lost connection costs.
	lostTries = 15
	// plainKeys is how many keys are read at a time where they are not watched.
	plainKeys = 100
	// examples is how many keys a report shows.
	examples = 10
	// firstFailures is how many failures of each reason a report names.
	firstFailures = 3
)

// Options are what a run may be told.
type Options struct {
	Selection scan.Selection
	Shards    []*cluster.Shard // nil: every shard that bulk work visits
	DryRun    bool
	// Batch is the number of keys in a batch; 0 is the operation's own.
	Batch int
	// Rate limits the keys per second of all shards together; 0 does not.
	Rate float64
	// Deadline is when no new batch is begun any more; zero is never.
	Deadline time.Time
	// Enough is asked, with the keys that failed and all that were looked at,
	// whether the run is to end, when one has failed; nil is never.
	Enough func(failed, looked int64) bool
	// Guards are what the servers are watched for.
	Guards Guards
	// Waits is told why the work on a shard waits, "" when it goes on, by one
	// goroutine at a time, which does not wait for it long.
	Waits func(shard, why string)
	// Look asks for the report so far, which SoFar is given by a goroutine of its
	// own.
	Look  <-chan struct{}
	SoFar func(*Report)
	// Stop, when closed, ends the run after the batches in hand, or in five
	// seconds if the servers take longer over them. The end of the context of Run
	// ends it at once.
	Stop <-chan struct{}
	// Progress is told now and then, and at the end, how far the run is. It is called
	// by one goroutine at a time, and no work waits for it.
	Progress func(Progress)
	// Failure is told every key that was not done, by one goroutine at a time.
	// Work that fails waits for it when it is far behind, and no other work does.
	// Run returns when all were told.
	Failure func(Failure)
	// Backup takes in what is stored or, before that happens, changed. The run syncs it
	// once a second, and leaves it open.
	Backup *archive.Writer
	// Parallel is how many shards are worked on at a time; 0 is as many as there may
	// be connections for, which bound it also where it is larger.
	Parallel int
	// Workers per shard; 0 lets the round trip decide.
	Workers int
	// Keeper has the state of the run written down; nil: nobody asks. The backup, if
	// there is one, is synced before that.
	Keeper Keeper
	// Resume is a state to go on from, one for each of Shards; nil: from the beginning.
	// The report is then the sum of this run and those before.
	Resume []checkpoint.Shard

	hugeSlot   int64         // keys of a slot that is scanned, from which on; 0 is the default
	patience   time.Duration // of a run that was told to stop; 0 is the default
	stateEvery time.Duration // 0 is the default
	// beforeState is called before each state is written, nil: the backup is synced.
	beforeState func() error
}

// CommandOf is the name that the report of an operation has.
func CommandOf(op Operation) string {
	name, _ := op.command()
	return name
}

// Operation is one kind of bulk work.
type Operation interface {
	command() (name, to string)
	columns() columns
	batch() int     // keys in a batch
	way(*lacks) way // in which a server is written to
	// start makes the steps of one worker.
	start(w *worker) (steps, error)
}

// steps are what a worker does with each batch.
type steps struct {
	prepare preparer
	commit  committer
	// rehearse is what a dry run has in place of commit: it asks, and never writes.
	rehearse committer
	// serial has a batch be settled before the next is asked about.
	serial bool
	// ready does, before a decided batch is committed, what that depends on; nil: nothing.
	// An error keeps the batch from being committed.
	ready func(ctx context.Context, b *batch) error
	// before keeps an entry in the backup before it is changed, where there is one.
	before func(b *batch, e *entry)
}

// preparer asks about the keys of a batch and decides what to write.
type preparer interface {
	// ask queues the questions about b.
	ask(q *queue, b *batch)
	// decide reads the answers by batch.keep: it gives keys that need no write
	// their outcome, and leaves the others in b. An error ends the work on the
	// shard.
	decide(q *queue, b *batch) error
}

// committer writes what a preparer decided.
type committer interface {
	// guards tells whether b is to be written in a transaction, which the
	// worker begins before b is asked about and ends after its writes.
	guards(b *batch) bool
	// commit queues the writes of b. In a transaction the answer to each must
	// be one item, as a status or a number is.
	commit(q *queue, b *batch)
	// settle reads the answers to commit, in a transaction the results, and
	// gives every key its outcome. An error ends the work on the shard.
	settle(q *queue, b *batch) error
}

// run is one call of Run.
type run struct {
	cl    *cluster.Cluster
	op    Operation
	o     Options
	pace  scan.Pace
	heavy *semaphore.Weighted

	routes *routes // of a restore; nil: keys come from a scan
	sinks  *sinks  // nil: nothing is carried, and no home is asked about
	// segments are those of a backup that stay open, by the number of their shard.
	segments map[int]*archive.Segment

	parallel int // shards at a time
	each     int // connections to each of them at the most

	going   context.Context // no new batch is begun after its end
	stop    context.CancelCauseFunc
	told    told
	keeping *keeping // nil: nothing is kept

	looked, failed atomic.Int64 // keys

	mu     sync.Mutex
	report *Report
	live   []*shardRun // by shard; nil where work has not begun
	cut    bool        // work is undone because no new batch was to be begun
	// links are those to the shards, open as long as there may be something to ask;
	// nil where there is none.
	links []*scan.Link
}

// Run does op on every shard at once and reports. It returns when all work has
// ended, whether done, failed or stopped.
func Run(ctx context.Context, cl *cluster.Cluster, op Operation, o Options) *Report {
	begin := time.Now()
	if o.Shards == nil {
		o.Shards = cl.Visit()
	}
	if o.Batch <= 0 {
		o.Batch = op.batch()
	}
	if o.patience <= 0 {
		o.patience = patience
	}
	ctx, going, stop, cancel := o.stopping(ctx)
	defer cancel()
	r := &run{
		cl: cl, op: op, o: o, pace: scan.NewPace(o.Rate, o.Batch),
		going: going, stop: stop,
		heavy: semaphore.NewWeighted(heavyBudget),
		links: make([]*scan.Link, len(o.Shards)),
		live:  make([]*shardRun, len(o.Shards)),
		report: &Report{
			Cache:   cl.Alias(),
			DryRun:  o.DryRun,
			Shards:  make([]ShardReport, len(o.Shards)),
			First:   make(map[string][]Failure),
			columns: op.columns(),
		},
	}
	r.report.Command, r.report.To = op.command()
	if r.carries() {
		r.sinks, r.segments = newSinks(r), make(map[int]*archive.Segment)
		defer r.sinks.close()
	}
	r.budget()
	r.tellProgress(going)
	defer r.tellSoFar()()
	defer r.keepDeadline()()
	defer r.syncBackup()()
	r.keep()
	if of, ok := op.(*Restore); ok {
		r.restore(ctx, of)
	} else {
		r.queue(ctx, 0, len(o.Shards))
	}
	if re, ok := op.(resampler); ok && !o.DryRun && going.Err() == nil {
		r.lookAgain(going, re)
	}
	for _, link := range r.links {
		if link != nil {
			link.Close()
		}
	}
	r.sinks.tell()
	r.closeSegments()
	r.told.wait()
	r.stopKeeping()
	r.report.conclude(r.reason())
	r.report.Elapsed = time.Since(begin)
	r.report.Estimate = r.estimate()
	return r.report
}

// queue does the work on the shards from one to before another, a few at a time.
func (r *run) queue(ctx context.Context, from, to int) {
	for i, defect := range cluster.Queue(r.o.Shards[from:to], r.parallel, func(i int, s *cluster.Shard) error {
		r.shard(ctx, from+i, s)
		r.rest(from + i)
		return nil
	}) {
		if defect != nil {
			r.report.Shards[from+i].Err = defect
		}
	}
}

// example notes a key that is written or deleted, if there is room.
func (r *run) example(s *cluster.Shard, stored []byte) (more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.report.Examples) < examples {
		r.report.Examples = append(r.report.Examples, Key{s.Name, append([]byte(nil), stored...)})
	}
	return len(r.report.Examples) < examples
}
