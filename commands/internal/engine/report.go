package engine

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/document"
	"cachering/commands/internal/survey"
)

// Reasons that the engine itself gives for a key it could not finish; those of
// values that cannot be transcoded come from the transcoder.
const (
	ReasonNotAString = "not_a_string" // skipped: another type
	ReasonLock       = "lock_token"   // skipped: a lock of get_or_set
	ReasonTooLarge   = "too_large"    // skipped: it does not fit into memory, as it is or unpacked
	ReasonConflict   = "conflict"     // kept changing while it was read and written
	ReasonRefused    = "refused"      // the server did not write it
	ReasonUnsettled  = "unsettled"    // the connection was lost and nothing could be asked
	ReasonUnfinished = "unfinished"   // read, and not written when the work ended
)

// Tally counts what became of keys. Every key scanned is in one of the counts
// from Rewritten to Failed, but for Markers, which are keys beside them. Only
// reinsert counts keys that are gone as scanned: a deletion meets its own when
// SCAN gives a key twice.
type Tally struct {
	Scanned                                     int64
	Rewritten                                   int64 // reinsert
	Unchanged                                   int64 // reinsert, persist, expire
	Conflict                                    int64 // reinsert
	Gone                                        int64 // deleted or expired before it could be looked at
	Deleted                                     int64
	Markers                                     int64 // freshness markers deleted, stored or restored with their keys
	Changed                                     int64 // persist, expire
	Spared                                      int64 // protected
	Stored                                      int64 // backup
	Restored                                    int64 // restore
	Replaced                                    int64 // restore: existed, and were overwritten
	Kept                                        int64 // restore: existed, and stay
	Expired                                     int64 // restore: their time is up
	Moved, StrayRemoved, ChangedAtTarget, Clock int64 // carry
	// Removed were taken away from the shard by carry.
	Removed int64
	// ChangedSince were written by others after the run that is undone.
	ChangedSince int64
	Skipped      map[string]int64
	Failed       map[string]int64

	Unfit       int64 // were selected, and were not any more when their turn came
	Aborted     int64 // transactions that a write of the application aborted
	BytesBefore int64 // of all values read
	BytesAfter  int64
}

func (t *Tally) add(o *Tally) {
	t.Scanned += o.Scanned
	t.Rewritten += o.Rewritten
	t.Unchanged += o.Unchanged
	t.Conflict += o.Conflict
	t.Gone += o.Gone
	t.Deleted += o.Deleted
	t.Markers += o.Markers
	t.Changed += o.Changed
	t.Spared += o.Spared
	t.Stored += o.Stored
	t.Restored += o.Restored
	t.Replaced += o.Replaced
	t.Kept += o.Kept
	t.Expired += o.Expired
	t.ChangedSince += o.ChangedSince
	t.Moved += o.Moved
	t.StrayRemoved += o.StrayRemoved
	t.ChangedAtTarget += o.ChangedAtTarget
	t.Clock += o.Clock
	t.Removed += o.Removed
	t.Unfit += o.Unfit
	t.Aborted += o.Aborted
	t.BytesBefore += o.BytesBefore
	t.BytesAfter += o.BytesAfter
	t.Skipped = addCounts(t.Skipped, o.Skipped)
	t.Failed = addCounts(t.Failed, o.Failed)
}

func addCounts(to, from map[string]int64) map[string]int64 {
	if to == nil {
		to = make(map[string]int64, len(from))
	}
	for reason, n := range from {
		to[reason] += n
	}
	return to
}

// removed is how many keys are taken away from the shard, about.
func (t *Tally) removed() int64 { return t.Deleted + t.Markers + t.Removed }

// failures is how many keys were not done.
func (t *Tally) failures() int64 {
	n := t.Conflict + t.Clock
	for _, k := range t.Failed {
		n += k
	}
	return n
}

// ShardReport is what happened on one shard.
type ShardReport struct {
	Shard string
	Tally
	UsedMemoryBefore int64 // used_memory of INFO; 0 if it could not be asked
	UsedMemoryAfter  int64
	// Sampled values were read again after a reinsert; StillOld of them were
	// not at the target, so something still writes them as before.
	Sampled  int64
	StillOld int64
	Head     bool // those values are of the keys that SCAN gives first
	// Ways name what guarded the writes. Each but the last was refused in the
	// middle of the work.
	Ways []string
	// Unguarded tells that keys were changed which may have become another type
	// since they were looked at: the server refuses all that would have told.
	Unguarded bool
	// Left is about how many keys were not looked at; -1 where that is unknown.
	Left int64
	// Anew is why the work began at the beginning although a state of it was kept; ""
	// if it did not.
	Anew string
	// AsTimeLeft tells that the clock of the server differs, by so many milliseconds that
	// it is ahead of this machine's, and expiries were written as time left.
	AsTimeLeft bool
	ClockAhead int64
	// Err ended the work on this shard.
	Err error
}

// Report is the outcome of a run, shards in the order of the configuration. It
// marshals to the JSON that scripts read.
type Report struct {
	Command     string
	Cache       string
	To          string // reinsert: the target codec
	DryRun      bool
	Ended       End   // "" while the run goes on
	Cause       error // of Ended, where it needs words
	Interrupted bool  // Ended is EndSignal
	Elapsed     time.Duration
	Shards      []ShardReport
	// Examples are the first keys that were, or in a dry run would have been,
	// written or deleted.
	Examples []Key
	// First has the first few failures of each reason.
	First map[string][]Failure
	// Resumed tells that the counts are those of runs before, too. Of what these did,
	// when they were killed, Uncounted keys at most were counted as they were found.
	Resumed   bool
	Uncounted int64
	// NotKept is why a state of the run was not written down, if one was not.
	NotKept error
	// Areas are what the work is about, as far as was known before it; nil where nobody
	// asked.
	Areas []survey.Hit
	// Plan names what a dry run was a run of, for scripts; "" is left out.
	Plan string
	// Estimate is what a dry run tells of the run; nil where it tells nothing.
	Estimate *Estimate
	// Notes are counts of the command's own, each an object at the end of the
	// JSON.
	Notes []Note
	// Targets are the shards of another cache to which entries were carried.
	Targets []TargetReport

	columns columns
}

// Key is a stored key and its shard.
type Key struct {
	Shard  string
	Stored []byte
}

// Note is a number of counts under one name.
type Note struct {
	Name   string
	Counts []Number
}

// Failure is one key that was not done.
type Failure struct {
	Shard  string
	Stored []byte
	Reason string
	Detail string
	What   string // what of the value the target cannot hold, a type in general; else ""
}

// Total is the sum over all shards.
func (r *Report) Total() Tally {
	var t Tally
	for i := range r.Shards {
		t.add(&r.Shards[i].Tally)
	}
	t.Skipped, t.Failed = addCounts(t.Skipped, nil), addCounts(t.Failed, nil)
	return t
}

// StillOld is how many values of how many that were read again after the run
// are not at the target.
func (r *Report) StillOld() (old, sampled int64) {
	for i := range r.Shards {
		old += r.Shards[i].StillOld
		sampled += r.Shards[i].Sampled
	}
	return old, sampled
}

// Head are the shards of which no more than the keys that SCAN gives first could
// be read again.
func (r *Report) Head() []string {
	var names []string
	for i := range r.Shards {
		if r.Shards[i].Head {
			names = append(names, r.Shards[i].Shard)
		}
	}
	return names
}

// Lost is the number of shards whose work ended early.
func (r *Report) Lost() int {
	n := 0
	for i := range r.Shards {
		if r.Shards[i].Err != nil {
			n++
		}
	}
	return n
}

// Replaced is the number of those whose server was, or may have been, replaced by
// another during the run, so that what was done may be undone.
func (r *Report) Replaced() int {
	n := 0
	for i := range r.Shards {
		if errors.Is(r.Shards[i].Err, cluster.ErrReplaced) {
			n++
		}
	}
	return n
}

// Unguarded names the shards where keys were changed unguarded.
func (r *Report) Unguarded() []string {
	var names []string
	for i := range r.Shards {
		if r.Shards[i].Unguarded {
			names = append(names, r.Shards[i].Shard)
		}
	}
	return names
}

// Complete reports whether every key of every shard was done.
func (r *Report) Complete() bool {
	t := r.Total()
	return r.Lost() == 0 && t.failures() == 0
}

// Reasons are the reasons in First, sorted.
func (r *Report) Reasons() []string { return slices.Sorted(maps.Keys(r.First)) }

// columns are the fields that a command's report has.
type columns uint8

const (
	reinsertColumns columns = iota
	deleteColumns
	expiryColumns
	backupColumns
	restoreColumns
	undoColumns
	carryColumns
	transferColumns
)

// field is one name and value of a JSON object; encoding/json would sort the
// names of a map, and the order is part of the contract.
type field struct {
	name  string
	value any
}

type object []field

func (o object) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := document.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		name, err := document.Marshal(f.name) // it may be the name of a class
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// counts are the fields of t. That keys failed is so rare where values are not
// read that those reports have a field for it only then.
func (r *Report) counts(t *Tally) object {
	skipped, failed := field{"skipped", addCounts(nil, t.Skipped)}, addCounts(nil, t.Failed)
	if r.columns == reinsertColumns {
		return object{
			{"scanned", t.Scanned}, {"rewritten", t.Rewritten}, {"unchanged", t.Unchanged},
			{"conflict", t.Conflict}, {"gone", t.Gone}, skipped, {"failed", failed},
			{"bytes_before", t.BytesBefore}, {"bytes_after", t.BytesAfter},
		}
	}
	if r.columns == carryColumns {
		return object{
			{"scanned", t.Scanned}, {"moved", t.Moved}, {"kept", t.Kept}, {"replaced", t.Replaced}, {"stray_removed", t.StrayRemoved},
			{"conflict", t.Conflict}, {"expired", t.Expired}, {"changed_at_target", t.ChangedAtTarget}, {"clock", t.Clock},
			{"markers", t.Markers}, skipped, {"failed", failed},
		}
	}
	if r.columns == transferColumns {
		return object{
			{"scanned", t.Scanned}, {"copied", t.Moved}, {"kept", t.Kept}, {"replaced", t.Replaced}, {"conflict", t.Conflict},
			{"expired", t.Expired}, {"changed_at_target", t.ChangedAtTarget}, {"clock", t.Clock}, {"markers", t.Markers},
			{"deleted", t.Removed}, {"spared", t.Spared}, skipped, {"failed", failed},
		}
	}
	var o object
	switch r.columns {
	case expiryColumns:
		o = object{{"scanned", t.Scanned}, {"changed", t.Changed}, {"unchanged", t.Unchanged}, {"spared", t.Spared}, skipped}
	case backupColumns:
		o = object{{"scanned", t.Scanned}, {"stored", t.Stored}, {"markers", t.Markers}, {"gone", t.Gone}, skipped, {"bytes_before", t.BytesBefore}}
	case restoreColumns:
		o = object{{"scanned", t.Scanned}, {"restored", t.Restored}, {"replaced", t.Replaced}, {"kept", t.Kept},
			{"expired", t.Expired}, {"markers", t.Markers}, {"spared", t.Spared}, skipped}
	case undoColumns:
		o = object{{"scanned", t.Scanned}, {"restored", t.Restored}, {"unchanged", t.Unchanged}, {"changed_since", t.ChangedSince},
			{"expired", t.Expired}, {"markers", t.Markers}, skipped}
	default:
		o = object{{"scanned", t.Scanned}, {"deleted", t.Deleted}, {"markers", t.Markers}, {"spared", t.Spared}, skipped}
	}
	if total := r.Total(); total.failures() > 0 {
		if t.Conflict > 0 {
			failed[ReasonConflict] = t.Conflict
		}
		o = append(o, field{"failed", failed})
	}
	return o
}

// Number is one count of a report and its name in JSON.
type Number struct {
	Name  string
	Value int64
}

// Counts are the numbers that a report of this command has for keys, in the
// order of its JSON; reasons are added up.
func (r *Report) Counts(t *Tally) []Number {
	var list []Number
	for _, f := range r.counts(t) {
		switch v := f.value.(type) {
		case int64:
			if !strings.HasPrefix(f.name, "bytes_") {
				list = append(list, Number{f.name, v})
			}
		case map[string]int64:
			sum := Number{Name: f.name}
			for _, n := range v {
				sum.Value += n
			}
			list = append(list, sum)
		}
	}
	return list
}

// schema is that of the JSON of a report: it grows by fields, and only changes when
// one means something else.
const schema = 1

// MarshalJSON writes the report as one object.
func (r *Report) MarshalJSON() ([]byte, error) {
	o := object{{"command", r.Command}, {"cache", r.Cache}}
	if r.To != "" || r.columns == reinsertColumns {
		o = append(o, field{"to", r.To})
	}
	shards := make([]object, 0, len(r.Shards))
	for i := range r.Shards {
		s := &r.Shards[i]
		line := append(object{{"shard", s.Shard}}, r.counts(&s.Tally)...)
		if r.columns == reinsertColumns {
			line = append(line, field{"used_memory_before", s.UsedMemoryBefore}, field{"used_memory_after", s.UsedMemoryAfter})
		}
		var text *string
		if s.Err != nil {
			text = new(cluster.Bare(s.Err))
		}
		if s.Anew != "" {
			line = append(line, field{"started_anew", s.Anew})
		}
		if s.AsTimeLeft {
			line = append(line, field{"expiries", "as_time_left"}, field{"clock_ahead_ms", s.ClockAhead})
		}
		shards = append(shards, append(line, field{"error", text}))
	}
	total := r.Total()
	var left *int64
	var ended *End
	if r.Ended != "" { // the run goes on
		ended = &r.Ended
	}
	if n, known := r.Left(); known {
		left = &n
	}
	o = append(o,
		field{"dry_run", r.DryRun}, field{"interrupted", r.Interrupted}, field{"elapsed_ms", r.Elapsed.Milliseconds()},
		field{"shards", shards}, field{"schema", schema}, field{"ended", ended}, field{"retry", r.Retry()}, field{"left", left})
	if r.columns == transferColumns {
		targets := make([]object, 0, len(r.Targets))
		for i := range r.Targets {
			t := &r.Targets[i]
			line := object{{"shard", t.Shard}, {"expiries", t.expiries()}}
			if t.AsTimeLeft {
				line = append(line, field{"clock_ahead_ms", t.ClockAhead})
			}
			targets = append(targets, line)
		}
		o = append(o, field{"targets", targets})
	}
	if r.Areas != nil {
		o = append(o, field{"areas", areaList(r.Areas)})
	}
	if r.Plan != "" {
		plan := object{{"id", r.Plan}}
		if r.Estimate != nil {
			plan = append(plan, field{"estimate", r.Estimate.object()})
		}
		o = append(o, field{"plan", plan})
	}
	o = append(o, field{"total", r.counts(&total)})
	if r.Resumed {
		o = append(o, field{"resumed", true})
	}
	if r.Uncounted > 0 {
		o = append(o, field{"uncounted_at_most", r.Uncounted})
	}
	if old, sampled := r.StillOld(); old > 0 {
		still := object{{"sampled", sampled}, {"old", old}}
		if head := r.Head(); head != nil {
			still = append(still, field{"head_of_scan", head})
		}
		o = append(o, field{"still_old", still})
	}
	if len(r.Unguarded()) > 0 {
		o = append(o, field{"unguarded", true})
	}
	for _, note := range r.Notes {
		counts := make(object, 0, len(note.Counts))
		for _, n := range note.Counts {
			counts = append(counts, field{n.Name, n.Value})
		}
		o = append(o, field{note.Name, counts})
	}
	return document.Marshal(o)
}

func areaList(hits []survey.Hit) []object {
	list := make([]object, 0, len(hits))
	for _, h := range hits {
		list = append(list, object{{"name", h.Area.Name()}, {"count", h.Keys}, {"estimated", h.Estimated},
			{"effect", h.Area.Loss().String()}, {"means", h.Area.Means()}})
	}
	return list
}

// MarshalJSON writes the failure as one object; a key that is not UTF-8 is
// {"base64": …}.
func (f Failure) MarshalJSON() ([]byte, error) {
	var key any = string(f.Stored)
	if !utf8.Valid(f.Stored) {
		key = object{{"base64", base64.StdEncoding.EncodeToString(f.Stored)}}
	}
	return document.Marshal(object{{"shard", f.Shard}, {"stored_key", key}, {"reason", f.Reason}, {"detail", f.Detail}})
}
