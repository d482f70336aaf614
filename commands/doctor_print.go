package commands

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/doctor"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// serverCells are the facts of a server for people.
func serverCells(f *doctor.Facts, sh *doctor.Shard) []string {
	cells := []string{sh.Name, "-", "-", strconv.Itoa(f.Cache.Endpoint(sh.Index).DB), "-", "-", "-", "-", "-", "-", "-"}
	if sh.Err != nil {
		cells[1] = "not reached"
		return cells
	}
	if sh.ClockErr == nil {
		cells[10] = clockCell(sh.Clock)
	}
	t := factsOf(f, sh)
	if t.Kind == nil {
		return cells
	}
	cells[1], cells[2], cells[4] = sh.Info.Program(), *t.Role, strconv.FormatInt(*t.Keys, 10)
	cells[5], cells[6] = plain.Size(*t.UsedMemory), "no limit"
	if *t.MaxMemory > 0 {
		cells[6] = plain.Size(*t.MaxMemory)
	}
	if *t.Policy != "" {
		cells[7] = *t.Policy
	}
	cells[8] = strconv.FormatInt(*t.Evicted, 10)
	if *t.Saves != "" {
		cells[9] = *t.Saves
	}
	return cells
}

// loadCells are the share of reads that found something, and the operations a second.
func loadCells(sh *doctor.Shard) []string {
	cells := []string{"-", "-"}
	t := loadOf(sh)
	if t == nil {
		return cells
	}
	if t.HitRatio != nil {
		cells[0] = plain.Percent(*t.HitRatio)
	}
	if t.OpsASecond != nil {
		cells[1] = strconv.FormatInt(*t.OpsASecond, 10)
	}
	return cells
}

// runs are the runs that write to servers of the cache, as far as these tell.
func (s *session) runs(f *doctor.Facts) []string {
	var list []string
	for _, sh := range f.Shards {
		var seen []string
		for _, c := range sh.Clients {
			if run := fmt.Sprintf("%s of %s on %s, process %d, writes to %s", c.Command, c.User, c.Host, c.PID, sh.Name); s.writesRuns(c.Command) && !slices.Contains(seen, run) {
				seen = append(seen, run)
			}
		}
		list = append(list, seen...)
	}
	return list
}

// nextOf is the one command to run next: the first that is proposed for the worst finding,
// else what tells of symptoms.
func (s *session) nextOf(found []doctor.Finding, do func([]advice.Part) remedy) []string {
	for _, d := range found {
		if d.Level == doctor.Notice {
			break
		}
		for _, part := range do(d.Remedy) {
			if part.command != nil {
				return part.command
			}
		}
	}
	return append(s.begin(false), "help", "incident")
}

// clockCell is a clock as far as it is certain.
func clockCell(c cluster.Clock) string {
	switch {
	case c.Low > 0:
		return "+" + c.Low.Round(time.Millisecond).String()
	case c.High < 0:
		return c.High.Round(time.Millisecond).String()
	}
	return "same"
}

// printDoctor prints a document for each server, one for the sample and one
// for each finding.
func printDoctor(s *session, o *doctorOptions, f *doctor.Facts, found []doctor.Finding, do func([]advice.Part) remedy) error {
	for _, sh := range f.Shards {
		what := serverCells(f, sh)[1]
		if t := factsOf(f, sh); t != nil && t.Role != nil {
			what += ", " + *t.Role
		}
		d := diagnosis{Cache: f.Cache.Alias, Shard: &sh.Name, Finding: "server", Level: string(doctor.Notice), What: what}
		facts := factsOf(f, sh)
		if facts != nil && o.quick {
			facts.serverLoad = loadOf(sh)
		}
		if err := s.ui.Document(serverDocument{d, facts}); err != nil {
			return err
		}
	}
	if !o.quick {
		t := f.Sample()
		d := diagnosis{Cache: f.Cache.Alias, Finding: "sample", Level: string(doctor.Notice), What: t.String()}
		if err := s.ui.Document(sampleDocument{d, sampleOf(t)}); err != nil {
			return err
		}
	}
	for _, d := range found {
		doc := diagnosis{Cache: f.Cache.Alias, Finding: d.Code, Level: string(d.Level), What: d.What, Why: d.Why, Remedy: do(d.Remedy).String()}
		if d.Shard != nil {
			doc.Shard = &d.Shard.Name
		}
		if err := s.ui.Document(doc); err != nil {
			return err
		}
	}
	return nil
}

// guardsOf names what runs can guard their writes to a shard by, the cheapest first.
func guardsOf(sh *doctor.Shard) string {
	switch {
	case sh.Err != nil || sh.Guarding == nil:
		return "-"
	case len(sh.Guarding.Guards()) == 0:
		return "nothing"
	}
	return strings.Join(sh.Guarding.Guards(), ", ")
}

// writesLines tell for people how runs write, once for all shards where it is the same.
func writesLines(f *doctor.Facts) (lines [][2]string) {
	of := map[string][]string{}
	for _, sh := range f.Shards {
		if guards := guardsOf(sh); guards != "-" {
			of[guards] = append(of[guards], sh.Name)
		}
	}
	for _, guards := range slices.Sorted(maps.Keys(of)) {
		text := "guarded by " + guards
		if len(of) > 1 {
			text += ": " + strings.Join(of[guards], ", ")
		}
		lines = append(lines, [2]string{"writes", text})
	}
	return lines
}

// sampleLines are the sample for people: what about, and what was seen.
func sampleLines(t *doctor.Sample) [][2]string {
	lines := [][2]string{{"keys", t.String()}}
	for _, l := range []struct {
		about  string
		counts map[string]int64
		show   func(string) string
	}{{"versions", t.Versions, plain.Verbatim}, {"prefixes", t.Prefixes, strconv.Quote}, {"codecs", t.Codecs, plain.Verbatim}} {
		if len(l.counts) > 0 {
			lines = append(lines, [2]string{l.about, plain.Frequencies(l.counts, l.show)})
		}
	}
	if t.Ring != "" {
		lines = append(lines, [2]string{"ring", t.Ring})
	}
	if t.Head != nil {
		lines = append(lines, [2]string{"drawn", headOf(t.Head)})
	}
	return lines
}

// listDoctor prints lines that begin with server, for each of them, with run, for each run
// that writes there, with sample, for what was seen there, or load where nothing was looked
// at, and with the level of each finding.
func listDoctor(s *session, o *doctorOptions, f *doctor.Facts, found []doctor.Finding, do func([]advice.Part) remedy) {
	for _, sh := range f.Shards {
		s.ui.Line(slices.Concat([]string{"server"}, serverCells(f, sh), []string{guardsOf(sh)})...)
	}
	for _, run := range s.runs(f) {
		s.ui.Line("run", run)
	}
	if o.quick {
		for _, sh := range f.Shards {
			s.ui.Line(slices.Concat([]string{"load", sh.Name}, loadCells(sh))...)
		}
	} else {
		for _, l := range sampleLines(f.Sample()) {
			s.ui.Line("sample", l[0], l[1])
		}
	}
	for _, d := range found {
		shard := "-"
		if d.Shard != nil {
			shard = d.Shard.Name
		}
		s.ui.Line(s.level(d.Level), d.Code, shard, d.What, d.Why, do(d.Remedy).String())
	}
}

// level is how bad a finding is, in colour.
func (s *session) level(l doctor.Level) string {
	switch l {
	case doctor.Error:
		return s.ui.Paint(ui.Bad, string(l))
	case doctor.Warning:
		return s.ui.Paint(ui.Doubt, string(l))
	}
	return string(l)
}

// showDoctor prints a table of the servers and a paragraph for each finding.
func showDoctor(s *session, o *doctorOptions, f *doctor.Facts, found []doctor.Finding, do func([]advice.Part) remedy) error {
	s.ui.Sentence("cache " + f.Cache.Alias + ", " + f.Cache.Backend + ", ring " + ringName(f.Cache))
	// Of a narrow terminal the table would be paragraphs. What is left out there is told
	// where it is a finding.
	brief := o.quick || s.ui.Width < 120
	var rows [][]string
	for _, sh := range f.Shards {
		cells, load := serverCells(f, sh), loadCells(sh)
		if brief { // what fits a screen
			rows = append(rows, slices.Concat(cells[:1], cells[1:3], cells[4:6], cells[8:9], load))
			continue
		}
		rows = append(rows, slices.Concat(cells[:9], load, cells[9:]))
	}
	hits, ops := ui.Column{Name: "hits", Right: true}, ui.Column{Name: "ops/s", Right: true}
	columns := []ui.Column{{Name: "shard"}, {Name: "server"}, {Name: "role"}, {Name: "db", Right: true}, {Name: "keys", Right: true},
		{Name: "memory", Right: true}, {Name: "limit", Right: true}, {Name: "policy"}, {Name: "evicted", Right: true}, hits, ops, {Name: "saves"},
		{Name: "clock", Right: true}}
	if brief {
		columns = []ui.Column{{Name: "shard"}, {Name: "server"}, {Name: "role"}, {Name: "keys", Right: true}, {Name: "memory", Right: true},
			{Name: "evicted", Right: true}, hits, ops}
	}
	if err := s.ui.Table(columns, rows); err != nil {
		return err
	}
	lines := writesLines(f)
	for _, run := range s.runs(f) {
		lines = append(lines, [2]string{"run", run})
	}
	if !o.quick {
		lines = append(lines, sampleLines(f.Sample())...)
	}
	for _, l := range lines {
		s.ui.Under(fmt.Sprintf("%-10s", l[0]), l[1])
	}
	s.ui.CommandUnder(fmt.Sprintf("%-10s", "next"), s.nextOf(found, do))
	for _, d := range found {
		s.ui.Line()
		head := d.Code
		if d.Shard != nil {
			head += ", shard " + d.Shard.Name
		}
		s.ui.Under(s.level(d.Level)+": ", head)
		s.ui.Under("  what  ", d.What)
		s.ui.Under("  why   ", d.Why)
		s.showRemedy("  do    ", do(d.Remedy))
	}
	return nil
}
