package commands

import (
	"fmt"
	"strconv"
	"strings"

	"cachering/commands/internal/figures"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// printAudit prints a report for people: a table a section. In a pipe each line begins
// with the name of its section.
func printAudit(s *session, r *figures.Report) error {
	p := &auditPrinter{s: s, r: r}
	p.head()
	p.figures(&r.Figures, "")
	p.around()
	if r.By != nil {
		for i := range r.By.Rows {
			g := &r.By.Rows[i]
			name := "none"
			if g.Name != nil {
				name = string(*g.Name)
			}
			p.figures(&g.Figures, string(r.By.What)+" "+name)
		}
		p.section(string(r.By.What)+" others", countColumns("distinct"), othersRow(r.By.Others))
	}
	p.security()
	return p.err
}

// auditPrinter prints the sections of a report, those that have rows.
type auditPrinter struct {
	s   *session
	r   *figures.Report
	err error
}

// section prints one.
func (p *auditPrinter) section(name string, columns []ui.Column, rows [][]string) {
	if len(rows) == 0 || p.err != nil {
		return
	}
	if p.s.ui.OutTerminal {
		p.s.ui.Line()
		p.s.ui.Sentence(name)
		p.err = p.s.ui.Table(columns, rows)
		return
	}
	for _, row := range rows {
		line := []string{name}
		for _, cell := range row {
			line = append(line, plain.Escape(cell, "")) // a key may hold a tab, or a line feed
		}
		p.s.ui.Line(line...)
	}
}

// countColumns are those of a count, behind a name.
func countColumns(name string) []ui.Column {
	return []ui.Column{{Name: name}, {Name: "entries", Right: true}, {Name: "share", Right: true}, {Name: "bytes", Right: true}}
}

// cells are those of a count.
func cells(name string, c *figures.Count) []string {
	return []string{name, strconv.FormatInt(c.Entries, 10), plain.Percent(c.Share), strconv.FormatInt(c.Bytes, 10)}
}

// head says of what the report is.
func (p *auditPrinter) head() {
	r := p.r
	text := fmt.Sprintf("cache %s: %s, %s stored", r.Cache, plural(r.Entries, "entry", "entries"), plain.Size(r.Bytes))
	if r.Sample != nil {
		text = fmt.Sprintf("cache %s: about %s, %s stored, estimated from %s", r.Cache, plural(r.Entries, "entry", "entries"), plain.Size(r.Bytes), plural(r.Sample.Entries, "entry", "entries"))
		if r.Sample.Head {
			text += ", the first that SCAN gives, as a server allows no other"
		}
	}
	if r.Ended != "done" {
		text += ", not all were looked at"
	}
	p.s.ui.Sentence(text)
}

// plural is a number of things.
func plural(n int64, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return plain.Grouped(n) + " " + several
}

// rowsOf are the rows of a list.
func rowsOf(list []figures.Row) (rows [][]string) {
	for i := range list {
		rows = append(rows, cells(string(list[i].Name), &list[i].Count))
	}
	return rows
}

// othersRow sums what is in no row; there is none where there is nothing.
func othersRow(o *figures.Others) [][]string {
	if o == nil {
		return nil
	}
	name := "others"
	if o.Distinct > 0 {
		name = plural(o.Distinct, "other", "others")
	}
	return [][]string{cells(name, &o.Count)}
}

// figures prints the sections of all entries, or of a group, which is named.
func (p *auditPrinter) figures(f *figures.Figures, of string) {
	called := func(name string) string {
		if of != "" {
			return of + ": " + name
		}
		return name
	}
	if of != "" {
		p.section(called("entries"), countColumns("all"), [][]string{cells("all", &f.Count)})
	}
	p.section(called("codecs"), countColumns("codec"), rowsOf(f.Codecs))
	p.section(called("damaged"), countColumns("why"), rowsOf(f.Damaged))
	var rows [][]string
	for i := range f.Areas {
		a := &f.Areas[i]
		loss := a.Loss
		if a.Means != "" {
			loss += " (" + a.Means + ")"
		}
		rows = append(rows, append(cells(a.Title, &a.Count), loss))
	}
	p.section(called("areas"), append(countColumns("area"), ui.Column{Name: "a delete"}), rows)
	p.section(called("prefixes"), append(countColumns("prefix"), ui.Column{Name: "mean", Right: true}, ui.Column{Name: "largest", Right: true}, ui.Column{Name: "persistent", Right: true}),
		prefixRows(&f.Prefixes, 0, of == ""))
	rows = nil
	for i := range f.Sizes {
		z := &f.Sizes[i]
		rows = append(rows, cells(fmt.Sprintf("%d to %d", z.From, z.Below-1), &z.Count))
	}
	p.section(called("sizes"), countColumns("bytes each"), rows)
	rows = nil
	for i := range f.Expiries {
		rows = append(rows, cells(f.Expiries[i].Name, &f.Expiries[i].Count))
	}
	p.section(called("expiries"), countColumns("left"), rows)
	rows = nil
	for _, l := range f.Largest {
		ttl := "none"
		if l.TTL != nil {
			ttl = lifetimeOf(*l.TTL)
		}
		rows = append(rows, []string{string(l.Key), l.Shard, strconv.FormatInt(l.Bytes, 10), ttl})
	}
	p.section(called("largest"), []ui.Column{{Name: "stored key"}, {Name: "shard"}, {Name: "bytes", Right: true}, {Name: "ttl", Right: true}}, rows)
	p.section(called("classes"), append(countColumns("class"), ui.Column{Name: "for example"}), namedRows(&f.Classes))
	p.section(called("models"), append(countColumns("model"), ui.Column{Name: "for example"}), namedRows(&f.Models))
	p.section(called("django"), countColumns("release"), rowsOf(f.Djangos))
	if f.Python2.Entries > 0 {
		p.section(called("python 2"), countColumns("strings"), [][]string{cells("byte strings", &f.Python2)})
	}
	p.section(called("versions"), countColumns("version"), rowsOf(f.Versions))
	if of != "" {
		p.section(called("shards"), countColumns("shard"), rowsOf(f.Shards))
	}
}

// lifetimeOf is a time left in milliseconds as ttl says it.
func lifetimeOf(ms int64) string { return strconv.FormatInt((ms+999)/1000, 10) }

// prefixRows are the rows of a level of the tree, and of those below it.
func prefixRows(f *figures.Prefixes, level int, whole bool) (rows [][]string) {
	for i := range f.Rows {
		r := &f.Rows[i]
		row := append(cells(strings.Repeat("  ", level)+string(r.Name), &r.Count), strconv.FormatFloat(r.Mean, 'f', 0, 64))
		if whole {
			row = append(row, strconv.FormatInt(r.Largest, 10), plain.Percent(r.Persistent))
		} else {
			row = append(row, "", "")
		}
		rows = append(rows, row)
		if r.Below != nil {
			rows = append(rows, prefixRows(r.Below, level+1, whole)...)
		}
	}
	for _, row := range othersRow(f.Others) {
		row[0] = strings.Repeat("  ", level) + row[0]
		rows = append(rows, append(row, "", "", ""))
	}
	return rows
}

func namedRows(n *figures.Named) (rows [][]string) {
	for i := range n.Rows {
		r := &n.Rows[i]
		example := ""
		if r.Key != nil {
			example = string(*r.Key)
		}
		rows = append(rows, append(cells(string(r.Name), &r.Count), example))
	}
	for _, row := range othersRow(n.Others) {
		rows = append(rows, append(row, ""))
	}
	return rows
}

// around prints what is of the whole cache alone.
func (p *auditPrinter) around() {
	r := p.r
	var rows [][]string
	columns := []ui.Column{{Name: "prefix"}, {Name: "compressed to see", Right: true}}
	for _, name := range figures.Compressors {
		columns = append(columns, ui.Column{Name: name, Right: true})
	}
	for _, row := range r.Compression.Rows {
		line := []string{string(row.Name), strconv.Itoa(row.Sampled)}
		for _, name := range figures.Compressors {
			g := row.By[name]
			line = append(line, fmt.Sprintf("%+.0f%% ±%.0f", 100*(g.Ratio-1), 100*g.Margin))
		}
		rows = append(rows, line)
	}
	p.section("compression", columns, rows)
	rows = nil
	for i := range r.Servers {
		v := &r.Servers[i]
		row := []string{v.Shard, strconv.FormatInt(v.Entries, 10), strconv.FormatInt(v.Bytes, 10), "-", "-"}
		if v.Memory.Sampled > 0 {
			row[3] = fmt.Sprintf("%d ±%d", v.Memory.Bytes, v.Memory.Margin)
		}
		if v.Used != nil {
			row[4] = strconv.FormatInt(*v.Used, 10)
		}
		rows = append(rows, row)
	}
	p.section("shards", []ui.Column{{Name: "shard"}, {Name: "entries", Right: true}, {Name: "bytes", Right: true}, {Name: "memory of entries", Right: true}, {Name: "memory used", Right: true}}, rows)
	if len(r.Servers) > 1 && r.Entries > 0 {
		p.section("imbalance", []ui.Column{{Name: "the fullest shard to the mean"}, {Name: "times", Right: true}}, [][]string{
			{"entries", times(r.Imbalance.Entries)}, {"bytes", times(r.Imbalance.Bytes)}, {"memory", times(r.Imbalance.Memory)}})
	}
	rows = nil
	if r.Locks != nil && r.Locks.Keys > 0 {
		rows = append(rows, []string{"locks", strconv.FormatInt(r.Locks.Keys, 10), strconv.FormatInt(r.Locks.Persistent, 10), ""})
	}
	if r.Markers != nil && r.Markers.Keys > 0 {
		rows = append(rows, []string{"markers", strconv.FormatInt(r.Markers.Keys, 10), strconv.FormatInt(r.Markers.Persistent, 10), strconv.FormatInt(*r.Markers.Orphaned, 10)})
	}
	p.section("locks and markers", []ui.Column{{Name: "kind"}, {Name: "keys", Right: true}, {Name: "without expiry", Right: true}, {Name: "orphaned", Right: true}}, rows)
	keys := []ui.Column{{Name: "kind"}, {Name: "keys", Right: true}}
	p.section("other types", keys, countedRows(r.Types))
	if r.Foreign != nil {
		p.section("keys of other caches", keys, countedRows(r.Foreign.Neighbours))
		if r.Foreign.Keys > 0 {
			p.section("keys of nobody in the file", keys, [][]string{{"all", strconv.FormatInt(r.Foreign.Keys, 10)}})
			p.section("their types", keys, countedRows(r.Foreign.Types))
			p.section("their areas", keys, countedRows(r.Foreign.Areas))
		}
	}
}

func times(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

func countedRows(list []figures.Counted) (rows [][]string) {
	for _, c := range list {
		rows = append(rows, []string{c.Name, strconv.FormatInt(c.Keys, 10)})
	}
	return rows
}

// security lists what was found.
func (p *auditPrinter) security() {
	r := p.r.Security
	if r == nil {
		return
	}
	var rows [][]string
	for _, f := range r.Listed {
		where := f.Where
		if where == "" {
			where = "-"
		}
		rows = append(rows, []string{f.Shard, string(f.Key), string(f.Name), strconv.FormatInt(f.Offset, 10), where, f.Rule})
	}
	p.section("forbidden", []ui.Column{{Name: "shard"}, {Name: "stored key"}, {Name: "name"}, {Name: "offset", Right: true}, {Name: "where"}, {Name: "found by"}}, rows)
	switch {
	case r.Unlisted > 0:
		p.s.ui.Warn("cachering: %s more are not listed", plain.Count(r.Unlisted, "name"))
	case r.Entries == 0:
		p.s.ui.Note("no entry names what is forbidden")
	}
}
