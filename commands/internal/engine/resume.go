package engine

import (
	"context"
	"strings"

	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/scan"
)

// The reasons for which a shard is worked on from its beginning, although a state of
// it was kept.
const (
	AnewRestarted   = "restarted"    // the server is another process, or has the data of another
	AnewFlushed     = "flushed"      // FLUSHALL, FLUSHDB or SWAPDB was called there
	AnewKeysLost    = "keys_lost"    // less than half of the keys are left
	AnewInfoRefused = "info_refused" // it does not tell, so that nobody knows
)

// anew is why the position in a state means nothing any more; "" if it does. own is how
// many keys the run itself may have removed since.
func anew(was *checkpoint.Shard, is scan.Identity, keys, own int64) string {
	switch {
	case was.RunID == "" || is.RunID == "":
		return AnewInfoRefused
	case was.RunID != is.RunID || was.ReplID != is.ReplID:
		return AnewRestarted
	case was.Flushes != is.Flushes:
		return AnewFlushed
	case keys < (was.Keys-own)/2:
		return AnewKeysLost
	}
	return ""
}

// resumed is the source that goes on from a state. What stands there by name is looked at
// as what a scan gives is: a file may have been written by anybody.
func resumed(from checkpoint.Shard, filter *scan.Filter, rest func(position string) source) source {
	r := &resumedSource{passed: from.Passed}
	if !from.Ended {
		r.rest = rest(from.Position)
	}
	if !from.Begun() {
		return r.rest
	}
	r.first = &part{passed: from.Passed, position: from.Position, last: from.Ended}
	for _, key := range from.Pending {
		if filter.Takes(key) {
			r.first.entries = append(r.first.entries, entry{key: key})
		}
	}
	return r
}

// resumedSource gives what stands in a state by name, and then what another source
// gives.
type resumedSource struct {
	first  *part // nil: it was given
	passed int64 // before this run
	rest   source
}

func (r *resumedSource) next(ctx context.Context) (part, error) {
	if first := r.first; first != nil {
		r.first = nil
		return *first, nil
	}
	p, err := r.rest.next(ctx)
	p.passed += r.passed
	return p, err
}

// numbers are the counts of t that are not zero, by name.
func (t *Tally) numbers() map[string]int64 {
	all := make(map[string]int64)
	for name, n := range t.named() {
		if *n != 0 {
			all[name] = *n
		}
	}
	for reason, n := range t.Skipped {
		all[skippedAs+reason] = n
	}
	for reason, n := range t.Failed {
		all[failedAs+reason] = n
	}
	return all
}

// tallyOf is the tally with those numbers. Names that it does not have are passed over.
func tallyOf(numbers map[string]int64) Tally {
	t := Tally{Skipped: map[string]int64{}, Failed: map[string]int64{}}
	for name, n := range t.named() {
		*n = numbers[name]
	}
	for name, n := range numbers {
		if reason, ok := strings.CutPrefix(name, skippedAs); ok {
			t.Skipped[reason] = n
		}
		if reason, ok := strings.CutPrefix(name, failedAs); ok {
			t.Failed[reason] = n
		}
	}
	return t
}

// How the counts by reason begin in a state.
const (
	skippedAs = "skipped."
	failedAs  = "failed."
)

// named are the single counts of t.
func (t *Tally) named() map[string]*int64 {
	return map[string]*int64{
		"scanned": &t.Scanned, "rewritten": &t.Rewritten, "unchanged": &t.Unchanged, "conflict": &t.Conflict,
		"gone": &t.Gone, "deleted": &t.Deleted, "markers": &t.Markers, "changed": &t.Changed, "spared": &t.Spared,
		"moved": &t.Moved, "kept": &t.Kept, "replaced": &t.Replaced, "stray_removed": &t.StrayRemoved, "expired": &t.Expired,
		"changed_at_target": &t.ChangedAtTarget, "clock": &t.Clock, "removed": &t.Removed,
		"unfit": &t.Unfit, "aborted": &t.Aborted, "bytes_before": &t.BytesBefore, "bytes_after": &t.BytesAfter,
	}
}
