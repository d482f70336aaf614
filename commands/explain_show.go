package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/library"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// explained is what explain prints under --json.
type explained struct {
	address
	Verdict string  `json:"verdict"`
	Cause   *string `json:"cause"`
	Visible *bool   `json:"visible"` // null: not known
	Certain bool    `json:"certain"`
	Summary string  `json:"summary"`
	Reason  string  `json:"reason"`
	Next    string  `json:"next"`
	Scanned bool    `json:"scanned"`

	Servers   []explainedServer `json:"servers"` // home first, then what else is read
	Copies    []traceDocument   `json:"copies"`
	Markers   []traceDocument   `json:"markers"`
	Locks     []traceDocument   `json:"locks"`
	Versions  []traceDocument   `json:"versions"`
	Renamed   []traceDocument   `json:"renamed"`
	Prefixes  []traceDocument   `json:"prefixes"`
	Databases []traceDocument   `json:"databases"`
	More      int64             `json:"more"` // found by the scan and not listed
	Fits      []fitDocument     `json:"fits"`
	Notes     []string          `json:"notes"`

	Unanswered []string `json:"unanswered"`
}

// explainedServer is what a server that the key depends on tells of itself.
type explainedServer struct {
	Shard      string   `json:"shard"`
	Roles      []string `json:"roles"` // home, read
	Kind       string   `json:"kind"`
	Version    string   `json:"version"`
	Replica    *bool    `json:"replica"`
	MaxMemory  int64    `json:"maxmemory"`
	UsedMemory int64    `json:"used_memory"`
	Policy     string   `json:"maxmemory_policy"`
	Evicted    int64    `json:"evicted_keys"`
	Expired    int64    `json:"expired_keys"`
	UptimeMS   int64    `json:"uptime_ms"`
	LinkUp     *bool    `json:"link_up"`      // of a replica, to its master
	Behind     *int64   `json:"behind_bytes"` // of a replica, behind the home
	// Replicas are those that a master knows of.
	Replicas []replicaDocument `json:"replicas"`
}

type replicaDocument struct {
	Addr   string `json:"addr"`
	Online bool   `json:"online"`
	Behind int64  `json:"behind_bytes"`
	LagMS  int64  `json:"lag_ms"` // since it last answered
}

// traceDocument is one stored key somewhere.
type traceDocument struct {
	Stored  ui.Bytes  `json:"stored_key"`
	Shard   string    `json:"shard"`
	DB      int       `json:"db"`
	Home    bool      `json:"at_home"`
	Found   bool      `json:"found"`
	Expired bool      `json:"expired"` // and not yet removed
	Type    *string   `json:"type"`
	TTL     *int64    `json:"ttl_ms"`
	Bytes   *int64    `json:"bytes"`
	Version *string   `json:"version,omitempty"`
	Prefix  *ui.Bytes `json:"prefix,omitempty"`
	Cache   string    `json:"cache,omitempty"` // of the file, whose it is
	Codec   *string   `json:"codec,omitempty"`
	Decodes *bool     `json:"decodes,omitempty"` // by the configured application
	Problem *string   `json:"problem,omitempty"`
}

// fitDocument is one way in which a key may have come where it is.
type fitDocument struct {
	Cause    string `json:"cause"`
	Ring     string `json:"ring"`
	From     string `json:"release_from"`
	To       string `json:"release_to"`
	Location string `json:"location,omitempty"`
	Python   string `json:"python,omitempty"`
	Without  string `json:"without,omitempty"`
	Explains int64  `json:"explains"` // of the sampled keys that are astray
	Astray   int64  `json:"astray"`
}

func (x *explainer) print(e *evidence, c *conclusion, single, first bool) error {
	if x.s.ui.JSON {
		return x.s.ui.Document(x.document(e, c))
	}
	ui := x.s.ui
	if ui.OutTerminal && !single {
		if !first {
			ui.Line()
		}
		ui.Line(e.arg)
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
			ui.Line(fmt.Sprintf("%-9s", label) + strings.Join(fields, "  "))
		case single:
			ui.Line(append([]string{label}, fields...)...)
		default:
			ui.Line(append([]string{name(e.arg), label}, fields...)...)
		}
	}
	line("verdict", string(c.verdict), c.summary)
	if c.reason != "" {
		fields := []string{c.reason}
		if c.cause != "" {
			fields = []string{c.cause, c.reason}
		}
		line("cause", fields...)
	}
	line("next", c.next)
	for _, i := range e.concerned() {
		line("server", append([]string{e.shards[i], strings.Join(e.roles(i), ", ")}, e.describe(i)...)...)
	}
	show := func(label string, list []trace) {
		for _, t := range list {
			line(label, append([]string{e.where(t), name(string(t.Stored))}, describeTrace(t)...)...)
		}
	}
	show("copy", e.copyList())
	show("marker", e.markers)
	show("lock", e.locks)
	show("version", e.versions)
	show("renamed", e.renamed)
	show("prefix", e.prefixes)
	show("database", e.databases)
	if e.more > 0 {
		line("more", plain.Count(e.more, "stored key")+" were found and are not listed")
	}
	for _, f := range e.fits {
		line("fit", string(f.Cause), f.Sentence())
	}
	for _, note := range e.notes(c) {
		line("note", note)
	}
	return nil
}

// concerned are the servers on which the verdict depends.
func (e *evidence) concerned() []int {
	list := []int{e.home}
	for _, i := range e.readers {
		if !slices.ContainsFunc(list, func(j int) bool { return e.same[j] == e.same[i] }) {
			list = append(list, i)
		}
	}
	return list
}

func (e *evidence) roles(i int) []string {
	var roles []string
	if e.same[i] == e.same[e.home] {
		roles = append(roles, "home")
	}
	if slices.ContainsFunc(e.readers, func(r int) bool { return e.same[r] == e.same[i] }) {
		roles = append(roles, "read")
	}
	return roles
}

// describe is what a server tells of itself, in words.
func (e *evidence) describe(i int) []string {
	info := e.servers[i]
	switch {
	case e.down[i] != nil:
		return []string{"no answer"}
	case info == nil || info.Refused != nil:
		return []string{"it does not answer INFO"}
	}
	role := "master"
	if info.Replica {
		role = "replica of " + info.Master
		switch n, ok := behind(info, e.servers[e.home]); {
		case !info.LinkUp:
			role += ", link down for " + info.LinkSilent.String()
		case ok && i != e.home:
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
	return []string{strings.TrimSpace(info.Kind+" "+info.Version) + " " + role, memory,
		fmt.Sprintf("evicted %d, expired %d, up %s", info.Evicted, info.Expired, info.Uptime)}
}

func (e *evidence) where(t trace) string {
	own := slices.ContainsFunc(e.databases, func(d trace) bool { return d.on == t.on && d.db == t.db })
	if own {
		return e.shards[t.on] + " database " + strconv.Itoa(t.db)
	}
	return e.shards[t.on]
}

func describeTrace(t trace) []string {
	if t.Expired {
		return []string{"expired, not yet removed"}
	}
	what := t.Type
	if v := t.value; v != nil {
		if v.codec != "" {
			what = v.codec
		}
		if v.fault != nil {
			what = strings.TrimPrefix(v.codec+", ", ", ") + "not readable: " + v.fault.cause
		}
	}
	fields := []string{what}
	if t.Type == "string" {
		fields = append(fields, plain.Count(t.Bytes, "byte"))
	}
	fields = append(fields, expires(t.TTL))
	if t.home {
		fields = append(fields, "at home")
	}
	if t.alias != "" {
		fields = append(fields, "of cache "+t.alias)
	}
	return fields
}

func (e *evidence) copyList() []trace {
	var list []trace
	for i, t := range e.copies {
		if t != nil && e.same[i] == i {
			list = append(list, *t)
		}
	}
	return list
}

// notes are what else is worth knowing.
func (e *evidence) notes(c *conclusion) []string {
	notes := []string{}
	if c.verdict == verdictVisible {
		notes = append(notes, e.visibleNotes()...)
	}
	for _, i := range e.readers {
		if e.found(i) && !e.found(e.home) && e.down[e.home] == nil {
			notes = append(notes, fmt.Sprintf("%s, which is written, does not have it any more", e.shards[e.home]))
			break
		}
	}
	for _, i := range e.concerned() {
		if info := e.servers[i]; info != nil && info.Replica && i == e.home {
			note := e.shards[i] + " is written by the application, and is a replica of " + info.Master
			if !info.LinkUp {
				note += " that has lost it"
			}
			notes = append(notes, note)
		}
	}
	if c.verdict != verdictStaleMarker && !e.found(e.home) {
		for _, t := range e.markers {
			if t.home && t.Found() {
				notes = append(notes, "its freshness marker is there without it: get_or_set answers None")
			}
		}
	}
	if !e.scanned && c.verdict == verdictMissing {
		notes = append(notes, fmt.Sprintf("looked at: versions 0 to %d, no prefix and those of the file; --scan looks at all", otherVersions))
	}
	return notes
}

func (e *evidence) visibleNotes() []string {
	var notes []string
	if t := e.copyOn(e.readers[0]); t.value != nil && t.value.large {
		notes = append(notes, "it is too large to be decoded here")
	}
	for i, t := range e.copies {
		if !e.sharded || t == nil || !t.Found() || e.same[i] == e.same[e.home] {
			continue
		}
		note := "another copy is on " + e.shards[i]
		if differ(t, e.copyOn(e.home)) {
			note += ", with another value"
		}
		if e.getMany {
			note += ": get_many answers it when it asks that shard last"
		}
		notes = append(notes, note)
	}
	if !e.marked { // get_or_set answers what is there
		return notes
	}
	fresh := slices.ContainsFunc(e.markers, func(t trace) bool { return t.home && t.Found() })
	if !fresh {
		notes = append(notes, "it has no freshness marker: get_or_set computes it anew, because the marker has expired or set stored it")
	}
	if slices.ContainsFunc(e.locks, func(t trace) bool { return t.home && t.Found() }) {
		notes = append(notes, "a lock is held: get_or_set of others answers this value meanwhile")
	}
	return notes
}

func (x *explainer) document(e *evidence, c *conclusion) *explained {
	doc := &explained{
		address: address{ui.Bytes(e.arg), ui.Bytes(e.stored), e.shards[e.home]},
		Verdict: string(c.verdict), Certain: !c.likely, Summary: c.summary, Reason: c.reason, Next: c.next,
		Scanned: e.scanned, More: e.more, Notes: e.notes(c), Unanswered: []string{},
		Servers: []explainedServer{}, Fits: []fitDocument{},
		Copies: traces(e, e.copyList()), Markers: traces(e, e.markers), Locks: traces(e, e.locks), Versions: traces(e, e.versions),
		Renamed: traces(e, e.renamed), Prefixes: traces(e, e.prefixes), Databases: traces(e, e.databases),
	}
	if x.o.stored && e.named {
		doc.Key = ui.Bytes(e.key)
	}
	if c.cause != "" {
		doc.Cause = &c.cause
	}
	if c.verdict != verdictUnreachable {
		visible := c.verdict == verdictVisible
		doc.Visible = &visible
	} else {
		doc.Certain = false
	}
	for _, i := range e.concerned() {
		doc.Servers = append(doc.Servers, e.explainedServer(i))
	}
	for _, f := range e.fits {
		_, span := library.OfRing(f.Ring)
		doc.Fits = append(doc.Fits, fitDocument{string(f.Cause), string(f.Ring), span.From, span.To, f.Location, string(f.Python), f.Without, f.Explains, f.Astray})
	}
	for i, err := range e.down {
		if err != nil {
			doc.Unanswered = append(doc.Unanswered, e.shards[i])
		}
	}
	return doc
}

func (e *evidence) explainedServer(i int) explainedServer {
	d := explainedServer{Shard: e.shards[i], Roles: e.roles(i), Replicas: []replicaDocument{}}
	info := e.servers[i]
	if info == nil || info.Refused != nil {
		return d
	}
	d.Kind, d.Version, d.Replica = info.Kind, info.Version, &info.Replica
	d.MaxMemory, d.UsedMemory, d.Policy = info.MaxMemory, info.UsedMemory, info.Policy
	d.Evicted, d.Expired, d.UptimeMS = info.Evicted, info.Expired, info.Uptime.Milliseconds()
	for _, r := range info.Replicas {
		d.Replicas = append(d.Replicas, replicaDocument{r.Addr, r.Online, max(0, info.Offset-r.Offset), r.Lag.Milliseconds()})
	}
	if !info.Replica {
		return d
	}
	d.LinkUp = &info.LinkUp
	if master := e.servers[e.home]; master != nil && i != e.home {
		if n, ok := behind(info, master); ok {
			d.Behind = &n
		}
	}
	return d
}

func traces(e *evidence, list []trace) []traceDocument {
	docs := []traceDocument{}
	for _, t := range list {
		d := traceDocument{Stored: ui.Bytes(t.Stored), Shard: e.shards[t.on], DB: t.db, Home: t.home, Found: t.Found(), Expired: t.Expired,
			TTL: milliseconds(t.TTL), Cache: t.alias}
		if t.Found() {
			d.Type = &t.Type
		}
		if t.Type == "string" {
			d.Bytes = &t.Bytes
		}
		if t.version != "" {
			d.Version = &t.version
			prefix := ui.Bytes(t.prefix)
			d.Prefix = &prefix
		}
		if v := t.value; v != nil && !v.large {
			reads := v.fault == nil
			d.Decodes = &reads
			if v.codec != "" {
				d.Codec = &v.codec
			}
			if v.fault != nil {
				d.Problem = &v.fault.why
			}
		}
		docs = append(docs, d)
	}
	return docs
}
