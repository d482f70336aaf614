package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/areas"
	"cachering/commands/internal/document"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
)

// report prints what a bulk run did, and returns its exit code.
func (b *bulk) report(ctx context.Context, r *engine.Report) error {
	total := r.Total()
	b.s.record.counted(r)
	b.s.measured.Load().counted(r)
	var err error
	protected := b.into == nil && r.Ended == engine.EndDone && total.Spared > 0 && total.Spared == total.Scanned
	switch {
	case b.s.ui.JSON && protected:
	case b.s.ui.JSON:
		err = b.s.ui.Document(r)
	case total.Scanned == 0 && r.Ended == engine.EndDone:
		b.s.ui.Line("0 keys matched")
	default:
		err = b.table(r, &total)
	}
	if err != nil {
		return err
	}
	b.s.ui.Flush()
	b.examples(r)
	for i := range r.Shards {
		if err := r.Shards[i].Err; err != nil {
			b.s.ui.Warn("cachering: %v", err)
		}
	}
	b.failures(r, &total)
	b.summary(r, &total)
	if protected {
		return allProtected(total.Spared)
	}
	code := b.code(r, &total)
	if code == exitDone && total.Scanned == 0 && r.Ended == engine.EndDone && b.strayed(ctx) {
		code = exitNegative
	}
	return result(code)
}

func allProtected(keys int64) error {
	return refusef(refusedProtected, "every key that matched is protected").of(keys).
		hinting("--include-protected does not spare them")
}

// code is the exit code of a report. A signal has one of its own.
func (b *bulk) code(r *engine.Report, total *engine.Tally) int {
	switch {
	case r.Ended == engine.EndNotWritable:
		return exitFailed
	case r.Lost() == len(r.Shards) && r.Lost() > 0 && r.Replaced() == 0:
		return exitFailed
	case !r.Complete(), r.Ended != engine.EndDone && r.Ended != engine.EndSignal:
		return exitPartial
	}
	return exitDone
}

// table prints a line for each shard and one for all.
func (b *bulk) table(r *engine.Report, total *engine.Tally) error {
	columns := []ui.Column{{Name: "shard"}}
	row := func(name string, t *engine.Tally) []string {
		cells := []string{name}
		for _, n := range r.Counts(t) {
			cells = append(cells, strconv.FormatInt(n.Value, 10))
		}
		return cells
	}
	for _, n := range r.Counts(total) {
		columns = append(columns, ui.Column{Name: n.Name, Right: true})
	}
	var rows [][]string
	for i := range r.Shards {
		rows = append(rows, row(r.Shards[i].Shard, &r.Shards[i].Tally))
	}
	return b.s.ui.Report(columns, append(rows, row("total", total)))
}

// examples shows keys of a dry run.
func (b *bulk) examples(r *engine.Report) {
	if !r.DryRun {
		return
	}
	for _, key := range r.Examples {
		line := fmt.Sprintf("would %s %s on %s", b.does, plain.Escape(string(key.Stored), ""), key.Shard)
		if b.s.ui.JSON {
			b.s.ui.Note("%s", line)
		} else {
			b.s.ui.Line(line)
		}
	}
	b.s.ui.Flush()
}

// failures names the first keys of each reason for which a key was not done.
// Keys that were skipped are not failures; their reasons are only counted.
func (b *bulk) failures(r *engine.Report, total *engine.Tally) {
	for _, reason := range r.Reasons() {
		n := total.Failed[reason]
		if reason == engine.ReasonConflict || reason == engine.ReasonDiffer {
			n = total.Conflict
		}
		if n == 0 || b.s.global.verbose {
			continue
		}
		for _, f := range r.First[reason] {
			b.s.warnFailure(f)
		}
		if more := n - int64(len(r.First[reason])); more > 0 {
			b.s.ui.Warn("cachering: %s: %d more", reason, more)
		}
	}
	if len(total.Skipped) > 0 {
		b.s.ui.Note("skipped: %s", counts(total.Skipped))
	}
	if len(total.Failed) > 0 {
		b.s.ui.Warn("failed: %s", counts(total.Failed))
	}
}

func (s *session) warnFailure(f engine.Failure) {
	line := fmt.Sprintf("cachering: %s: %s on %s", f.Reason, plain.Escape(string(f.Stored), ""), f.Shard)
	if f.Detail != "" {
		line += ": " + f.Detail
	}
	s.ui.Warn("%s", line)
}

// counts lists reasons and how often each occurred.
func counts(reasons map[string]int64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, reasons[reason]))
	}
	return strings.Join(parts, ", ")
}

// summary says the rest of what a person wants to know.
func (b *bulk) summary(r *engine.Report, total *engine.Tally) {
	b.ended(r)
	b.areas(r)
	if r.DryRun {
		b.s.ui.Note("dry run: nothing was written")
		if r.Estimate != nil && total.Scanned > 0 {
			b.s.ui.Note("the run: %s", r.Estimate)
		}
	}
	b.began(r)
	b.clocks(r)
	b.guards(r)
	took := r.Elapsed.Round(10 * time.Millisecond)
	b.s.ui.Note("%s: %s in %v", r.Ended, plain.Count(total.Scanned, "key"), took)
	var before, after int64
	for i := range r.Shards {
		before += r.Shards[i].UsedMemoryBefore
		after += r.Shards[i].UsedMemoryAfter
	}
	if total.BytesBefore > 0 {
		b.s.ui.Note("values: %s before, %s after", plain.Size(total.BytesBefore), plain.Size(total.BytesAfter))
	}
	if before > 0 && after > 0 && !r.DryRun {
		b.s.ui.Note("used_memory: %s before, %s after", plain.Size(before), plain.Size(after))
	}
	if old, sampled := r.StillOld(); old > 0 {
		b.s.ui.Warn("warning: %d of %d values read again are not at %s: something still writes them as before", old, sampled, r.To)
		b.s.ui.Warn("hint: change the application's settings first, then run again")
		if head := r.Head(); head != nil {
			b.s.ui.Warn("warning: what was read again is %s", headOf(head))
		}
	}
}

// soFar prints the report of a run that goes on.
func (b *bulk) soFar(r *engine.Report) {
	if b.s.ui.JSON {
		if text, err := document.Marshal(r); err == nil {
			b.s.ui.WarnLine(string(text))
		}
		return
	}
	total := r.Total()
	line := func(name string, t *engine.Tally, rest string) {
		var parts []string
		for _, n := range r.Counts(t) {
			parts = append(parts, fmt.Sprintf("%s %d", n.Name, n.Value))
		}
		b.s.ui.Warn("%s: %s%s", name, strings.Join(parts, ", "), rest)
	}
	for i := range r.Shards {
		line(r.Shards[i].Shard, &r.Shards[i].Tally, "")
	}
	rest := ""
	if keys, known := r.Left(); known {
		rest = fmt.Sprintf("; about %s left", plain.Count(keys, "key"))
	}
	line("so far", &total, fmt.Sprintf("%s, after %v", rest, r.Elapsed.Round(10*time.Millisecond)))
}

// ended says how the run ended, how much is left, and whether the same command helps.
func (b *bulk) ended(r *engine.Report) {
	if r.Ended == engine.EndDone {
		return
	}
	if r.Cause != nil {
		b.s.ui.Warn("cachering: %v", r.Cause)
	}
	line := "cachering: ended: " + string(r.Ended)
	if r.Interrupted {
		line = "cachering: interrupted"
	}
	if keys, known := r.Left(); known {
		line += fmt.Sprintf("; about %s were not looked at", plain.Count(keys, "key"))
	} else {
		line += "; nobody knows how many keys were not looked at"
	}
	if r.Retry() {
		line += ", the same command does the rest"
	}
	b.s.ui.Warn("%s", line)
}

// guards says what guarded the writes, if that is asked for, and where nothing did.
func (b *bulk) guards(r *engine.Report) {
	if b.s.global.verbose {
		for i := range r.Shards {
			if s := &r.Shards[i]; len(s.Ways) > 0 {
				b.s.ui.Note("writes on %s guarded by %s", s.Shard, strings.Join(s.Ways, ", then by "))
			}
		}
	}
	if shards := r.Unguarded(); len(shards) > 0 {
		b.s.ui.Warn("warning: unguarded on %s: scripts and transactions are refused there, and what became another type just before it was written was written all the same",
			strings.Join(shards, ", "))
		b.s.ui.Warn("hint: allow EVAL, or WATCH, MULTI and EXEC")
	}
}

// areas says what the work hit, and what that means: all of it in a dry run, else what
// does not come back by itself.
func (b *bulk) areas(r *engine.Report) {
	hits := r.Areas
	if !r.DryRun {
		hits = slices.DeleteFunc(slices.Clone(hits), func(h survey.Hit) bool { return h.Area.Loss() <= areas.Recomputed })
	}
	if len(hits) > 0 {
		b.s.ui.Note("areas: %s", areaText(hits))
	}
}

// areaText lists areas: "sessions about 1,000 (logs users out), pages 12".
func areaText(hits []survey.Hit) string {
	parts := make([]string, len(hits))
	for i, h := range hits {
		parts[i] = h.Area.Title() + " " + plain.Grouped(h.Keys)
		if h.Estimated {
			parts[i] = h.Area.Title() + " about " + plain.Grouped(plain.Rounded(h.Keys))
		}
		if means := h.Area.Means(); means != "" {
			parts[i] += " (" + means + ")"
		}
	}
	return strings.Join(parts, ", ")
}

// clocks says where a clock differs, and what was done about it.
func (b *bulk) clocks(r *engine.Report) {
	warn := func(shard string, ahead int64) {
		off, word := time.Duration(ahead)*time.Millisecond, "ahead of"
		if off < 0 {
			off, word = -off, "behind"
		}
		b.s.ui.Warn("warning: the clock of %s is %v %s this machine's: expiries were written there as what is left of the time", shard, off, word)
	}
	for i := range r.Shards {
		if s := &r.Shards[i]; s.AsTimeLeft {
			warn(s.Shard, s.ClockAhead)
		}
	}
	for i := range r.Targets {
		if t := &r.Targets[i]; t.AsTimeLeft {
			warn(t.Shard, t.ClockAhead)
		} else {
			b.s.ui.Note("expiries on %s: written as moments, since its clock is that of the source", t.Shard)
		}
	}
}
