package page

import (
	"fmt"
	"strings"

	"cachering/commands/internal/figures"
	"cachering/commands/internal/plain"
)

// finding is what somebody should look at first.
type finding struct {
	Level string // bad, warn, note, good
	Text  string
	In    string // the section that tells more; "" if none does
}

// uneven is how many times the mean the fullest shard may have before it is told.
const uneven = 1.25

// summary is the report in one sentence.
func summary(r *figures.Report) string {
	if s := r.Sample; s != nil {
		text := fmt.Sprintf("About %s, %s stored, estimated from %s on %s", entries(r.Entries), plain.Size(r.Bytes), entries(s.Entries), plain.Count(int64(len(r.Servers)), "shard"))
		if s.Head {
			text += ", the first that SCAN gives, as a server allows no other"
		}
		return text + ". Margins hold 95 of 100 times."
	}
	return fmt.Sprintf("%s, %s stored, on %s.", entries(r.Entries), plain.Size(r.Bytes), plain.Count(int64(len(r.Servers)), "shard"))
}

// findings are what the figures say is wrong, or may be, the worst first.
func findings(r *figures.Report) []finding {
	var list []finding
	add := func(level, in, format string, args ...any) {
		list = append(list, finding{level, fmt.Sprintf(format, args...), in})
	}
	if r.Interrupted {
		add("bad", "", "The audit was interrupted: not all entries were looked at.")
	}
	for i := range r.Servers {
		if err := r.Servers[i].Err; err != nil {
			add("bad", "servers", "%s was not looked at to its end: %s", plain.Escape(r.Servers[i].Shard, ""), plain.Escape(*err, ""))
		}
	}
	if s := r.Security; s != nil && s.Entries > 0 {
		add("bad", "security", "%s what is forbidden.", plain.Verb(s.Entries, "entry names", "entries name"))
	}
	if len(r.Damaged) > 0 {
		n, why := int64(0), make([]string, len(r.Damaged))
		for i := range r.Damaged {
			n += r.Damaged[i].Entries
			why[i] = plain.Escape(string(r.Damaged[i].Name), "")
		}
		add("bad", "damaged", "%s be read as the configuration says: %s.", plain.Verb(n, "entry cannot", "entries cannot"), strings.Join(why, ", "))
	}
	if s := r.Locks; s != nil && s.Persistent > 0 {
		add("warn", "sides", "%s no expiry: nobody gets them before they are deleted.", plain.Verb(s.Persistent, "lock has", "locks have"))
	}
	if s := r.Markers; s != nil && *s.Orphaned > 0 {
		add("warn", "sides", "%s of entries that are gone.", plain.Count(*s.Orphaned, "freshness marker"))
	}
	if x := r.Imbalance; len(r.Servers) > 1 && max(x.Entries, x.Memory) > uneven {
		add("warn", "imbalance", "Shards are uneven: the fullest has %.2f times the entries of the mean, and %.2f times the memory.", x.Entries, x.Memory)
	}
	if r.Python2.Entries > 0 {
		add("warn", "all", "%s byte strings of Python 2.", plain.Verb(r.Python2.Entries, "entry holds", "entries hold"))
	}
	if r.Persistent.Entries > 0 {
		add("note", "expiries", "%s, %s of all.", plain.Verb(r.Persistent.Entries, "entry never expires", "entries never expire"), plain.Percent(r.Persistent.Share))
	}
	if f := r.Foreign; f != nil && f.Keys > 0 {
		add("note", "foreign", "%s of no cache in the configuration.", plain.Verb(f.Keys, "key is", "keys are"))
	}
	if s := r.Security; s != nil && s.Entries == 0 && len(list) == 0 || s != nil && s.Entries == 0 && r.Ended == "done" {
		add("good", "", "No entry that was looked at names what is forbidden.")
	}
	return list
}
