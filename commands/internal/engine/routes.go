package engine

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// The entries of a backup go to the shards in another order than they lie in its files:
// a ring may have changed. Each file is read once, from its end to its beginning, and
// what it gives goes to whom it is for. So what was stored last of a key comes first,
// and an undo goes back by the way that the run came. A shard whose work has ended is
// passed over, and takes nothing from the others.

const (
	// routeBudget is how many bytes of entries are on their way at a time.
	routeBudget = archive.MaxValue + 2<<20
	// routeBytes and routeFrames are how much is read of a file at a time.
	routeBytes, routeFrames = 128 << 10, 16
)

// fromBackup is what is known of an entry beside its key, value and expiry.
type fromBackup struct {
	expiryOnly bool
	wrote      *archive.Wrote
	marker     bool     // it is a freshness marker, and counted as one
	ahead      *int64   // the clock of its moments, against this machine's, in ms; nil: unknown
	again      bool     // a later one of the same key came before
	cannot     *outcome // why it cannot be written; nil: it can
	weight     int64

	found bool // its key exists
}

// routes are the ways from the files of a backup to the shards of a wave.
type routes struct {
	op     *Restore
	run    *run
	room   *semaphore.Weighted
	wave   int
	first  int     // of the shards, among those of the run
	shards []route // from there on
	each   int64   // entries, of each shard about
	known  map[*archive.File][]waves
	wg     sync.WaitGroup
	cancel context.CancelFunc
	ended  chan struct{} // closed when all files were read, or not

	mu  sync.Mutex
	err error
}

// route is the way to one shard.
type route struct {
	entries chan []entry
	gone    chan struct{} // closed when nobody takes any

	mu   sync.Mutex
	left bool  // gone is closed
	held int64 // of the room
}

// hold counts room for the route. It is false where that is of no use any more.
func (to *route) hold(weight int64) bool {
	to.mu.Lock()
	defer to.mu.Unlock()
	if !to.left {
		to.held += weight
	}
	return !to.left
}

// waves are those for which a frame has entries, a bit for each; the last is for all
// that have none of their own. Of a frame that was not read every bit is set.
type waves uint64

func bitOf(wave int) waves { return 1 << min(wave, 63) }

// restore does the work on all shards, in waves.
func (r *run) restore(ctx context.Context, op *Restore) {
	known := map[*archive.File][]waves{}
	for _, f := range op.Archive.Files {
		known[f] = slices.Repeat([]waves{^waves(0)}, f.Frames())
	}
	for wave, first := 0, 0; first < len(r.o.Shards); wave++ {
		end := min(first+r.parallel, len(r.o.Shards))
		r.routes = r.route(op, wave, first, end, known)
		r.queue(ctx, first, end)
		r.routes.stop()
		first = end
	}
}

// each is how many entries there are for each of so many shards, about.
func (o *Restore) each(shards int) int64 {
	total := int64(0)
	for _, f := range o.Archive.Files {
		total += f.Entries
	}
	return (total + int64(shards) - 1) / int64(shards)
}

// route begins to read the files for the shards from first to before end.
func (r *run) route(op *Restore, wave, first, end int, known map[*archive.File][]waves) *routes {
	rt := &routes{op: op, run: r, room: semaphore.NewWeighted(routeBudget), ended: make(chan struct{}),
		wave: wave, first: first, shards: make([]route, end-first), known: known}
	for i := range rt.shards {
		rt.shards[i].entries, rt.shards[i].gone = make(chan []entry), make(chan struct{})
	}
	files := map[int][]*archive.File{}
	for _, f := range op.Archive.Files {
		files[f.Shard] = append(files[f.Shard], f)
	}
	rt.each = op.each(len(r.o.Shards))
	var ctx context.Context
	ctx, rt.cancel = context.WithCancel(r.going)
	for _, list := range files {
		rt.wg.Go(func() {
			if err := rt.read(ctx, list); err != nil {
				rt.mu.Lock()
				rt.err = err
				rt.mu.Unlock()
			}
		})
	}
	go func() {
		rt.wg.Wait()
		close(rt.ended)
	}()
	return rt
}

// stop ends the reading.
func (rt *routes) stop() {
	rt.cancel()
	<-rt.ended
}

// to is the way to shard i of the run.
func (rt *routes) to(i int) *route { return &rt.shards[i-rt.first] }

// leave says that shard i takes no more.
func (rt *routes) leave(i int) {
	if rt == nil {
		return
	}
	to := rt.to(i)
	to.mu.Lock()
	defer to.mu.Unlock()
	to.left = true
	close(to.gone)
	rt.room.Release(to.held)
	to.held = 0
}

// read reads the files of one shard of the backup.
func (rt *routes) read(ctx context.Context, files []*archive.File) error {
	given := scan.NewRecent()
	var convert Convert
	if rt.op.NewConvert != nil {
		var err error
		if convert, err = rt.op.NewConvert(); err != nil {
			return err
		}
	}
	for _, f := range slices.Backward(files) {
		for end := f.Frames(); end > 0; {
			if !rt.wanted(f, end-1) {
				end--
				continue
			}
			size, begin := int64(f.Size(end-1)), end-1
			for begin > 0 && end-begin < routeFrames && size+int64(f.Size(begin-1)) <= routeBytes && rt.wanted(f, begin-1) {
				begin--
				size += int64(f.Size(begin))
			}
			size = min(size, routeBudget)
			if rt.room.Acquire(ctx, size) != nil {
				return nil // the run was told to stop
			}
			if err := rt.readSome(ctx, f, begin, end, size, given, convert); err != nil {
				return err
			}
			end = begin
		}
	}
	return nil
}

// wanted reports whether a frame may have entries for the wave.
func (rt *routes) wanted(f *archive.File, frame int) bool {
	return rt.known[f][frame]&bitOf(rt.wave) != 0
}

// readSome reads frames of a file, for which there is room, and sends their entries.
func (rt *routes) readSome(ctx context.Context, f *archive.File, begin, end int, room int64, given *scan.Recent, convert Convert) error {
	defer func() { rt.room.Release(room) }()
	parts := make([][]entry, len(rt.shards))
	send := func(i int) {
		to := &rt.shards[i]
		part := parts[i]
		parts[i] = nil
		weight := int64(0)
		for j := range part {
			w := min(room, int64(len(part[j].key)+len(part[j].new)))
			part[j].from.weight = w
			room -= w
			weight += w
		}
		if !to.hold(weight) {
			room += weight
			return
		}
		select {
		case to.entries <- part:
			return
		case <-to.gone:
		case <-ctx.Done():
		}
		if to.hold(-weight) { // else it was given back with all else
			room += weight
		}
	}
	for n := end - 1; n >= begin; n-- {
		list, err := f.Frame(n)
		if err != nil {
			return err
		}
		has := waves(0)
		for _, stored := range slices.Backward(list) {
			was := stored.Key
			var cannot *outcome
			if convert != nil {
				key, value, reason, err := convert(stored.Key, stored.Value)
				if err != nil {
					cannot, value = new(failure(reason, err.Error())), stored.Value
				}
				stored.Key, stored.Value = key, value
			}
			i := 0 // any: it has no key, and is only counted
			if stored.Key != nil {
				i = rt.op.Target(f.Shard, stored.Key)
			}
			if i < 0 {
				continue
			}
			wave := i / rt.run.parallel
			has |= bitOf(wave)
			if wave != rt.wave {
				continue
			}
			again := given.Again(was)
			if again && !rt.op.Undo {
				continue
			}
			i -= rt.first
			e := entry{key: stored.Key, new: stored.Value, expireAt: stored.At,
				from: &fromBackup{ahead: rt.op.ahead(f.Shard), expiryOnly: stored.ExpiryOnly, wrote: stored.Wrote, again: again, cannot: cannot}}
			// The same key twice in a batch would be looked at before either is done.
			if again && slices.ContainsFunc(parts[i], func(o entry) bool { return bytes.Equal(o.key, e.key) }) {
				send(i)
			}
			parts[i] = append(parts[i], e)
		}
		rt.known[f][n] = has
	}
	for i := range parts {
		if len(parts[i]) > 0 {
			send(i)
		}
	}
	return nil
}

// routed is the source that a backup is.
type routed struct {
	*routes
	s      *shardRun
	filter *scan.Filter
	passed int64
}

func (r *routed) next(context.Context) (part, error) {
	to := r.to(r.s.index)
	select {
	case list := <-to.entries:
		return r.part(list), nil
	case <-r.s.going.Done():
		return part{}, r.s.going.Err()
	case <-r.ended:
		r.mu.Lock()
		defer r.mu.Unlock()
		return part{last: true, passed: r.passed}, r.err
	}
}

// part judges entries by the selection.
func (r *routed) part(list []entry) part {
	r.passed += int64(len(list))
	p := part{passed: r.passed, whole: true}
	for i := range list {
		e := &list[i]
		kind, of := r.s.cl.SideKeys().Classify(r.s.cl.Keyspace(), e.key)
		verdict := scan.Other
		if of != nil && r.filter.Fits(of) {
			verdict = r.filter.Verdict(of)
		}
		e.from.marker = kind == ring.Fresh
		if verdict == scan.Take && kind == ring.Lock {
			p.settled.Scanned++
			p.settled.Skipped = plusOne(p.settled.Skipped, ReasonLock)
			verdict = scan.Other
		}
		reason, foreign := "", false
		if verdict == scan.Take && r.op.Foreign != nil && !e.from.expiryOnly {
			reason, foreign = r.op.Foreign(e.key, e.new)
		}
		switch cannot := e.from.cannot; {
		case verdict == scan.Spare && !e.from.marker && !e.from.again:
			p.settled.Scanned++
			p.settled.Spared++
			r.s.giveBack(e)
		case foreign && e.from.again:
			r.s.giveBack(e)
		case foreign:
			p.settled.Scanned++
			p.settled.Skipped = plusOne(p.settled.Skipped, reason)
			r.s.giveBack(e)
		case cannot != nil && (verdict == scan.Take || e.key == nil):
			p.settled.Scanned++
			p.settled.Failed = plusOne(p.settled.Failed, cannot.reason)
			r.s.fail(Failure{Shard: r.s.shard.Name, Stored: e.key, Reason: cannot.reason, Detail: cannot.detail})
			r.s.giveBack(e)
		case verdict == scan.Take && !foreign:
			p.entries = append(p.entries, *e)
		default:
			r.s.giveBack(e)
		}
	}
	return p
}

// giveBack gives back the room of an entry that is done with.
func (s *shardRun) giveBack(e *entry) {
	weight := e.from.weight
	e.from.weight = 0
	if s.routes.to(s.index).hold(-weight) {
		s.routes.room.Release(weight)
	}
}

// returned notes that an entry of a backup is done with, and reports whether it is to be
// counted as others are.
func (w *worker) returned(e *entry, k kind) bool {
	w.giveBack(e)
	if e.from.marker && (k == restored || k == replaced) {
		w.tally.Markers++
	}
	return !e.from.marker && !e.from.again
}

// next asks a source for its next part. That of a backup needs no connection, and may
// wait for what a worker does with one.
func (s *shardRun) next(ctx context.Context, from source) (part, error) {
	if _, apart := from.(*routed); !apart {
		s.shared.Lock()
		defer s.shared.Unlock()
	}
	return from.next(ctx)
}

// origin is the source of the shard's keys, and about how many there are; the database
// has so many.
func (s *shardRun) origin(keys int64) (int64, source) {
	filter := scan.NewFilter(s.o.Selection, s.cl, s.shard)
	if s.routes != nil {
		return s.routes.each, &routed{routes: s.routes, s: s, filter: filter}
	}
	if s.cl.OfNodes() {
		return keys, s.slotted(filter)
	}
	return keys, s.scanned(filter, "", keys)
}
