package engine

// Every key that was read is counted once, however the work ends. An entry is in
// one place at a time: in the batch in hand, in the next, on the list of what is
// to do, or among those without a value. What a worker leaves in any of them when
// it ends is counted by leave, all else by done where it became known.

// kind is what became of a key.
type kind uint8

const (
	rewritten kind = iota // reinsert
	unchanged             // reinsert, persist, expire
	conflict              // reinsert: it kept changing
	gone                  // deleted or expired before it could be looked at
	deleted
	changed // persist, expire
	stored  // backup
	restored
	replaced        // restore: it existed
	kept            // restore: it exists
	expired         // restore: its time is up
	changedSince    // undo: others wrote it
	moved           // carried home; the stray is gone, or stays if it is to
	strayRemoved    // it was at home already
	changedAtTarget // home has what no run of the journal wrote
	clock           // home's clock says that its time is up, its own does not
	skipped         // with a reason: not to be read
	failed          // with a reason and details
	unfit           // it is not as the selection wants it, any more
)

// outcome is what became of a key and why.
type outcome struct {
	kind           kind
	reason, detail string
	what           string // see Failure
}

func skip(reason string) outcome { return outcome{kind: skipped, reason: reason} }
func failure(reason, detail string) outcome {
	return outcome{kind: failed, reason: reason, detail: detail}
}

// done counts e, of which nothing is to be done any more.
func (w *worker) done(e *entry, o outcome) {
	e.done = true
	t := &w.tally
	if w.o.DryRun {
		w.foreseen.foresee(e, o.kind)
	}
	if e.from != nil && !w.returned(e, o.kind) {
		return
	}
	before, after := len(e.old), len(e.old)
	// A deletion meets its own when SCAN gives a key twice.
	if o.kind != unfit && (o.kind != gone || w.report.columns == reinsertColumns) {
		t.Scanned++
	}
	switch o.kind {
	case unfit:
		t.Unfit++
		before, after = 0, 0
	case rewritten:
		t.Rewritten++
		after = len(e.new)
		w.show(e.key)
	case unchanged:
		t.Unchanged++
	case conflict:
		t.Conflict++
		w.fail(Failure{Shard: w.shard.Name, Stored: e.key, Reason: o.reason, Detail: o.detail})
	case gone:
		t.Gone++
		before, after = 0, 0
	case deleted:
		t.Deleted++
		after = 0
		w.show(e.key)
	case changed:
		t.Changed++
		w.show(e.key)
	case stored:
		t.Stored++
		w.show(e.key)
	case restored:
		t.Restored++
		w.show(e.key)
	case replaced:
		t.Replaced++
		w.show(e.key)
	case kept:
		t.Kept++
	case expired:
		t.Expired++
	case changedSince:
		t.ChangedSince++
	case moved:
		t.Moved++
		w.show(e.key)
	case strayRemoved:
		t.StrayRemoved++
		w.show(e.key)
	case changedAtTarget:
		t.ChangedAtTarget++
	case clock:
		t.Clock++
	case skipped:
		t.Skipped = plusOne(t.Skipped, o.reason)
	case failed:
		t.Failed = plusOne(t.Failed, o.reason)
		w.fail(Failure{Shard: w.shard.Name, Stored: e.key, Reason: o.reason, Detail: o.detail, What: o.what})
	}
	if e.trip != nil && (o.kind == moved || o.kind == replaced) {
		after = len(e.trip.value)
	}
	t.BytesBefore += int64(before)
	t.BytesAfter += int64(after)
}

func plusOne(counts map[string]int64, reason string) map[string]int64 {
	if counts == nil {
		counts = make(map[string]int64)
	}
	counts[reason]++
	return counts
}

// giveUp counts a key that was tried often enough.
func (w *worker) giveUp(e *entry) {
	if e.lost {
		w.done(e, failure(ReasonUnsettled, "the connection was lost whenever this key was written"))
		return
	}
	w.done(e, outcome{kind: conflict, reason: ReasonConflict, detail: "changed between every read and write"})
}

// leave counts what was read of entries that nobody will look at again.
func (w *worker) leave(entries []entry) {
	w.leaveOver(entries)
	for i := range entries {
		switch e := &entries[i]; {
		case e.done:
		case e.lost:
			w.done(e, failure(ReasonUnsettled, "the connection ended before the answer"))
		case e.read:
			w.done(e, failure(ReasonUnfinished, "the work ended after it was read; it was not written"))
		}
	}
}

// abandon leaves all there is. After a worker has done everything there is
// nothing left.
func (w *worker) abandon() {
	if w.hand != nil || w.next != nil || w.held != nil || len(w.todo)+len(w.nils) > 0 {
		w.undone.Store(true)
	}
	w.release(w.hand)
	w.release(w.next)
	w.hand, w.next = nil, nil
	for _, t := range w.todo {
		w.leave(t.entries)
	}
	w.leave(w.nils)
	w.leave(w.held)
	w.todo, w.nils, w.held = nil, nil, nil
}

// show offers a key to the report as an example.
func (w *worker) show(key []byte) {
	if !w.full {
		w.full = !w.example(w.shard, key)
	}
}
