package explain

import (
	"fmt"
	"slices"

	"cachering/commands/internal/plain"
)

// Notes are what else is worth knowing, in sentences.
func Notes(e *Evidence, c *Conclusion) []string {
	notes := []string{}
	if c.Verdict == Visible {
		notes = append(notes, e.visibleNotes()...)
	}
	for _, i := range e.Readers {
		if e.found(i) && !e.found(e.Home) && e.Down[e.Home] == nil {
			notes = append(notes, fmt.Sprintf("%s, which is written, does not have it any more", e.Shards[e.Home]))
			break
		}
	}
	if info := e.Servers[e.Home]; info != nil && info.Replica {
		note := e.Shards[e.Home] + " is written by the application, and is a replica of " + info.Master
		if !info.LinkUp {
			note += " that has lost it"
		}
		notes = append(notes, note)
	}
	if c.Verdict != StaleMarker && !e.found(e.Home) {
		for _, t := range e.Markers {
			if t.Home && t.Found() {
				notes = append(notes, "its freshness marker is there without it: get_or_set answers None")
			}
		}
	}
	if !e.Scanned && c.Verdict == Missing {
		notes = append(notes, fmt.Sprintf("looked at: versions 0 to %d, no prefix and those of the file; --scan looks at all, and at keys written nearly so", otherVersions))
	}
	if e.NearOf > 0 {
		notes = append(notes, fmt.Sprintf("keys written nearly so were looked for among the first %s of each shard", plain.Count(e.NearOf, "key")))
	}
	return notes
}

func (e *Evidence) visibleNotes() []string {
	var notes []string
	if t := e.copyOn(e.Readers[0]); t.Value != nil && t.Value.Large {
		notes = append(notes, "it is too large to be decoded here")
	}
	for i, t := range e.Copies {
		if !e.Sharded || t == nil || !t.Found() || e.Same[i] == e.Same[e.Home] {
			continue
		}
		note := "another copy is on " + e.Shards[i]
		if differ(t, e.copyOn(e.Home)) {
			note += ", with another value"
		}
		if e.GetMany {
			note += ": get_many answers it when it asks that shard last"
		}
		notes = append(notes, note)
	}
	if !e.Marked { // get_or_set answers what is there
		return notes
	}
	fresh := slices.ContainsFunc(e.Markers, func(t Trace) bool { return t.Home && t.Found() })
	if !fresh {
		notes = append(notes, "it has no freshness marker: get_or_set computes it anew, because the marker has expired or set stored it")
	}
	if slices.ContainsFunc(e.Locks, func(t Trace) bool { return t.Home && t.Found() }) {
		notes = append(notes, "a lock is held: get_or_set of others answers this value meanwhile")
	}
	return notes
}
