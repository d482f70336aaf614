package commands

import (
	"fmt"
	"strconv"
	"strings"

	"cachering/commands/internal/explain"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// showExplained prints what is said of a key, with the next command, for people and
// scripts, where next is the words of one; single tells that no other key was asked about, first that none was yet.
func showExplained(ui *ui.Streams, e *explain.Evidence, c *explain.Conclusion, next []string, single, first bool) {
	if ui.OutTerminal && !single {
		if !first {
			ui.Line()
		}
		ui.Line(e.Arg)
	}
	// What is known of a key is wanted whatever the key is: one that a line
	// cannot carry is written for a shell, as the next command writes it.
	name := func(key string) string {
		if ui.Obstacle('\n', key, "") != "" {
			return shellWordOf(key)
		}
		return key
	}
	line := func(label string, fields ...string) {
		switch {
		case ui.OutTerminal:
			ui.Under(fmt.Sprintf("%-9s", label), fields...)
		case single:
			ui.Line(append([]string{label}, fields...)...)
		default:
			ui.Line(append([]string{name(e.Arg), label}, fields...)...)
		}
	}
	line("verdict", string(c.Verdict), c.Summary)
	if c.Reason != "" {
		fields := []string{c.Reason}
		if c.Cause != "" {
			fields = []string{c.Cause, c.Reason}
		}
		line("cause", fields...)
	}
	if ui.OutTerminal {
		ui.CommandUnder(fmt.Sprintf("%-9s", "next"), next)
	} else {
		line("next", strings.Join(next, " "))
	}
	for _, i := range e.Concerned() {
		line("server", append([]string{e.Shards[i], strings.Join(e.Roles(i), ", ")}, describeServer(e, i)...)...)
	}
	show := func(label string, list []explain.Trace) {
		for _, t := range list {
			line(label, append([]string{whereTrace(e, t), name(string(t.Stored))}, describeTrace(t)...)...)
		}
	}
	show("copy", e.Found())
	show("marker", e.Markers)
	show("lock", e.Locks)
	show("version", e.Versions)
	show("renamed", e.Renamed)
	show("prefix", e.Prefixes)
	show("database", e.Databases)
	show("near", e.Near)
	if e.More > 0 {
		line("more", plain.Count(e.More, "stored key")+" were found and are not listed")
	}
	for _, f := range e.Fits {
		line("fit", string(f.Cause), f.Sentence())
	}
	for _, note := range explain.Notes(e, c) {
		line("note", note)
	}
}

// describe is what a server tells of itself, in words.
func describeServer(e *explain.Evidence, i int) []string {
	info := e.Servers[i]
	switch {
	case e.Down[i] != nil:
		return []string{"no answer"}
	case info == nil || info.Refused != nil:
		return []string{"it does not answer INFO"}
	}
	role := "master"
	if info.Replica {
		role = "replica of " + info.Master
		switch n, ok := explain.Behind(info, e.Servers[e.Home]); {
		case !info.LinkUp:
			role += ", link down for " + info.LinkSilent.String()
		case ok && i != e.Home:
			role += ", " + plain.Size(n) + " behind"
		}
	}
	for _, r := range info.Replicas {
		role += fmt.Sprintf(", replica %s %s behind", r.Addr, plain.Size(max(0, info.Offset-r.Offset)))
		if !r.Online {
			role += " and being synchronised"
		}
	}
	memory := "no memory limit"
	if info.MaxMemory > 0 {
		memory = fmt.Sprintf("%s of %s, %s", plain.Size(info.UsedMemory), plain.Size(info.MaxMemory), info.Policy)
	}
	return []string{info.Program() + " " + role, memory,
		fmt.Sprintf("evicted %d, expired %d, up %s", info.Evicted, info.Expired, info.Uptime)}
}

func whereTrace(e *explain.Evidence, t explain.Trace) string {
	if e.Elsewhere(t) {
		return e.Shards[t.On] + " database " + strconv.Itoa(t.DB)
	}
	return e.Shards[t.On]
}

func describeTrace(t explain.Trace) []string {
	if t.Expired {
		return []string{"expired, not yet removed"}
	}
	what := t.Type
	if v := t.Value; v != nil {
		if v.Codec != "" {
			what = v.Codec
		}
		if v.Fault != nil {
			what = strings.TrimPrefix(v.Codec+", ", ", ") + "not readable: " + v.Fault.Cause
		}
	}
	fields := []string{what}
	if t.Type == "string" {
		fields = append(fields, plain.Count(t.Bytes, "byte"))
	}
	fields = append(fields, explain.Expires(t.TTL))
	if t.Home {
		fields = append(fields, "at home")
	}
	if t.Cache != "" {
		fields = append(fields, "of cache "+t.Cache)
	}
	return fields
}
