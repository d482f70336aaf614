package commands

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
)

// difference is what compare prints of a finding under --json.
type difference struct {
	Finding survey.Unlike `json:"finding"`
	listed
	ToStored ui.Bytes `json:"to_stored_key"`
	ToShard  string   `json:"to_shard"`
	TTL      *int64   `json:"ttl_ms"`
	ToTTL    *int64   `json:"to_ttl_ms"`
	Detail   *string  `json:"detail"` // why values differ, where they do not tell it themselves
}

func (s *session) printDifference(d *survey.Difference) error {
	if s.ui.JSON {
		doc := difference{Finding: d.Kind, listed: listing(d.On, d.Listed, d.Stored), ToStored: ui.Bytes(d.There), ToShard: d.OnThere.Name,
			TTL: lasting(d.TTL), ToTTL: lasting(d.ThereTTL)}
		if d.Why != "" {
			doc.Detail = &d.Why
		}
		return s.ui.Document(doc)
	}
	fields := []string{string(d.Kind), string(d.Stored), d.On.Name, d.OnThere.Name}
	switch d.Kind {
	case survey.OtherOne:
		if d.Why == "" {
			d.Why = "values differ"
		}
		fields = append(fields, d.Why)
	case survey.OtherLife:
		fields = append(fields, fmt.Sprintf("%s here, %s there", lifetimeText(*d.TTL), lifetimeText(*d.ThereTTL)))
	}
	s.keyLine(string(d.Stored), fields...)
	return nil
}

// lasting is what is left in JSON: nil for ever.
func lasting(ms *int64) *int64 {
	if ms == nil || *ms < 0 {
		return nil
	}
	return ms
}

// lifetimeText is what is left in seconds to the millisecond, as a difference may be of less
// than a second.
func lifetimeText(ms int64) string {
	if ms < 0 {
		return "none"
	}
	return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
}

// compareReport is the last line of compare under --json.
type compareReport struct {
	Command     string           `json:"command"`
	Schema      int              `json:"schema"`
	Cache       string           `json:"cache"`
	To          string           `json:"to"`
	Quick       bool             `json:"quick"`
	Interrupted bool             `json:"interrupted"`
	Elapsed     int64            `json:"elapsed_ms"`
	Equal       int64            `json:"equal"`
	Missing     int64            `json:"missing"`
	Extra       *int64           `json:"extra"` // null where nobody can tell
	Different   int64            `json:"different"`
	Expiry      int64            `json:"expiry"`
	Gone        int64            `json:"gone"` // before it was known
	Skipped     map[string]int64 `json:"skipped"`
	Sample      *compareSample   `json:"sample"`
	Unanswered  []unanswered     `json:"unanswered"`
}

type compareSample struct {
	From *survey.Sampled `json:"from"`
	To   *survey.Sampled `json:"to"`
}

type unanswered struct {
	Cache string `json:"cache"`
	Error string `json:"error"`
}

func (r *compareReport) lose(cl *cluster.Cluster, err error) {
	r.Unanswered = append(r.Unanswered, unanswered{cl.Alias(), err.Error()})
}

func (r *compareReport) fill(sum *survey.Agreement, extra bool) {
	r.Equal, r.Missing, r.Different, r.Expiry, r.Gone, r.Skipped = sum.Equal, sum.Missing, sum.Different, sum.Expiry, sum.Gone, sum.Skipped
	if extra {
		r.Extra = &sum.Extra
	}
	if sum.From != nil {
		r.Sample = &compareSample{sum.From, sum.To}
	}
}

func (r *compareReport) findings() int64 {
	n := r.Missing + r.Different + r.Expiry
	if r.Extra != nil {
		n += *r.Extra
	}
	return n
}

// unknown is how many entries were not compared that should have been.
func (r *compareReport) unknown() int64 { return r.Skipped["too_large"] + r.Skipped["nameless"] }

func (s *session) printCompared(r *compareReport) error {
	if s.ui.JSON {
		return s.ui.Document(r)
	}
	s.ui.Flush() // the findings come first
	text := fmt.Sprintf("%s: %d equal, %d missing, ", plain.Verb(r.Equal+r.findings(), "entry", "entries"), r.Equal, r.Missing)
	if r.Extra != nil {
		text += fmt.Sprintf("%d extra, ", *r.Extra)
	}
	text += fmt.Sprintf("%d different, %d with another expiry", r.Different, r.Expiry)
	var skipped []string
	for _, why := range slices.Sorted(maps.Keys(r.Skipped)) {
		skipped = append(skipped, fmt.Sprintf("%s %d", why, r.Skipped[why]))
	}
	if skipped != nil {
		text += "; left out: " + strings.Join(skipped, ", ")
	}
	if r.Sample != nil {
		text += "; a sample of about " + plain.Verb(r.Sample.From.Of, "entry", "entries")
	}
	s.ui.Note("%s", text)
	return nil
}
