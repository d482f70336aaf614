package commands

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// serverDocument is what doctor prints of each server under --json, in the form
// of a finding.
type serverDocument struct {
	diagnosis
	Facts *serverFacts `json:"facts"` // null where it was not reached
}

// sampleDocument is what doctor prints of the keys and values under --json, in
// the form of a finding.
type sampleDocument struct {
	diagnosis
	Facts *sampleFacts `json:"facts"`
}

// serverFacts are what a server told; what it refused to tell is null.
type serverFacts struct {
	Kind       *string `json:"kind"`
	Version    *string `json:"version"`
	Role       *string `json:"role"`
	DB         int     `json:"db"`
	Keys       *int64  `json:"db_keys"`
	Uptime     *int64  `json:"uptime_ms"`
	UsedMemory *int64  `json:"used_memory"`
	MaxMemory  *int64  `json:"maxmemory"` // 0: no limit
	Policy     *string `json:"maxmemory_policy"`
	Evicted    *int64  `json:"evicted_keys"`
	Replicas   *int    `json:"replicas"`
	Saves      *string `json:"saves"`
	// The server's clock less ours lies between these.
	ClockLow  *int64 `json:"clock_low_ms"`
	ClockHigh *int64 `json:"clock_high_ms"`
}

func (f *facts) of(sh *shardFacts) *serverFacts {
	if sh.err != nil {
		return nil
	}
	out := &serverFacts{DB: f.cache.Endpoint(sh.index).DB}
	if sh.clockErr == nil {
		low, high := sh.clock.Low.Milliseconds(), sh.clock.High.Milliseconds()
		out.ClockLow, out.ClockHigh = &low, &high
	}
	i := sh.info
	if i.Refused != nil {
		return out
	}
	role := "master"
	if i.Replica {
		role = "replica"
	}
	var keys int64
	for _, db := range i.Databases {
		if db.DB == out.DB {
			keys = db.Keys
		}
	}
	uptime, replicas, saves := i.Uptime.Milliseconds(), len(i.Replicas), saves(i)
	out.Kind, out.Version, out.Role, out.Keys, out.Uptime = &i.Kind, &i.Version, &role, &keys, &uptime
	out.UsedMemory, out.MaxMemory, out.Policy, out.Evicted = &i.UsedMemory, &i.MaxMemory, &i.Policy, &i.Evicted
	out.Replicas, out.Saves = &replicas, &saves
	return out
}

// saves is how a server keeps its data: none, rdb, aof, rdb+aof, or empty where
// it does not tell.
func saves(i *cluster.Info) string {
	var ways []string
	save, known := i.Setting("save")
	if save != "" {
		ways = append(ways, "rdb")
	}
	if i.Field("aof_enabled") == "1" {
		ways = append(ways, "aof")
	}
	if len(ways) == 0 && known {
		return "none"
	}
	return strings.Join(ways, "+")
}

// cells are the facts for people.
func (f *facts) cells(sh *shardFacts) []string {
	cells := []string{sh.name, "-", "-", strconv.Itoa(f.cache.Endpoint(sh.index).DB), "-", "-", "-", "-", "-", "-", "-"}
	if sh.err != nil {
		cells[1] = "not reached"
		return cells
	}
	if sh.clockErr == nil {
		cells[10] = clockCell(sh.clock)
	}
	t := f.of(sh)
	if t.Kind == nil {
		return cells
	}
	cells[1], cells[2], cells[4] = kindOf(sh.info), *t.Role, strconv.FormatInt(*t.Keys, 10)
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

// printDiagnoses prints a document for each server, one for the sample and one
// for each finding.
func printDiagnoses(s *session, f *facts, found []diagnosis) error {
	for _, sh := range f.shards {
		what := f.cells(sh)[1]
		if t := f.of(sh); t != nil && t.Role != nil {
			what += ", " + *t.Role
		}
		d := diagnosis{Cache: f.cache.Alias, Shard: &sh.name, Finding: "server", Level: levelNotice, What: what}
		if err := s.ui.Document(serverDocument{d, f.of(sh)}); err != nil {
			return err
		}
	}
	t := f.sample()
	d := diagnosis{Cache: f.cache.Alias, Finding: "sample", Level: levelNotice, What: t.String()}
	if err := s.ui.Document(sampleDocument{d, t}); err != nil {
		return err
	}
	for _, d := range found {
		if err := s.ui.Document(d); err != nil {
			return err
		}
	}
	return nil
}

// lines are the sample for people: what about, and what was seen.
func (t *sampleFacts) lines() [][2]string {
	lines := [][2]string{{"keys", t.String()}}
	for _, l := range []struct {
		about  string
		counts map[string]int64
		show   func(string) string
	}{{"versions", t.Versions, verbatim}, {"prefixes", t.Prefixes, strconv.Quote}, {"codecs", t.Codecs, verbatim}} {
		if len(l.counts) > 0 {
			lines = append(lines, [2]string{l.about, frequencies(l.counts, l.show)})
		}
	}
	if t.Ring != nil {
		lines = append(lines, [2]string{"ring", *t.Ring})
	}
	if t.Head != nil {
		lines = append(lines, [2]string{"drawn", headOf(t.Head)})
	}
	return lines
}

// listDoctor prints lines that begin with server, for each of them, with sample,
// for what was seen there, and with the level of each finding.
func listDoctor(s *session, f *facts, found []diagnosis) {
	for _, sh := range f.shards {
		s.ui.Line(append([]string{"server"}, f.cells(sh)...)...)
	}
	for _, l := range f.sample().lines() {
		s.ui.Line("sample", l[0], l[1])
	}
	for _, d := range found {
		shard := "-"
		if d.Shard != nil {
			shard = *d.Shard
		}
		s.ui.Line(d.Level, d.Finding, shard, d.What, d.Why, d.Remedy)
	}
}

// showDoctor prints a table of the servers and a paragraph for each finding.
func showDoctor(s *session, f *facts, found []diagnosis) error {
	s.ui.Line("cache " + f.cache.Alias + ", " + f.cache.Backend + ", ring " + ringName(f.cache))
	var rows [][]string
	for _, sh := range f.shards {
		rows = append(rows, f.cells(sh))
	}
	columns := []ui.Column{{Name: "shard"}, {Name: "server"}, {Name: "role"}, {Name: "db", Right: true}, {Name: "keys", Right: true},
		{Name: "memory", Right: true}, {Name: "limit", Right: true}, {Name: "policy"}, {Name: "evicted", Right: true}, {Name: "saves"},
		{Name: "clock", Right: true}}
	if err := s.ui.Table(columns, rows); err != nil {
		return err
	}
	for _, l := range f.sample().lines() {
		s.ui.Line(fmt.Sprintf("%-9s %s", l[0], l[1]))
	}
	for _, d := range found {
		s.ui.Line()
		head := d.Level + ": " + d.Finding
		if d.Shard != nil {
			head += ", shard " + *d.Shard
		}
		s.ui.Line(head)
		for _, part := range [][2]string{{"what", d.What}, {"why", d.Why}} {
			label := part[0]
			for _, line := range wrap(part[1], max(40, s.ui.Width-8)) {
				s.ui.Line("  " + label + strings.Repeat(" ", 6-len(label)) + line)
				label = ""
			}
		}
		// Commands are to be pasted, so the terminal breaks the line and not we.
		s.ui.Line("  do    " + d.Remedy)
	}
	return nil
}
