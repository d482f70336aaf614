package page

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"cachering/commands/internal/figures"
	"cachering/commands/internal/plain"
)

// builder makes the sections of a report.
type builder struct{ report *figures.Report }

// sections are those of the whole cache that have anything to tell.
func (b *builder) sections(ring Ring) []section {
	r := b.report
	all := b.figures(&r.Figures, true)
	shares := section{ID: "ring", Title: "Shares of the key space", Columns: []column{{Name: "shard"}, {"share", true}}, Note: "ring " + ring.Name}
	for i, s := range ring.Slices {
		label, part := name(s.Shard), share(s.Share)
		label.Color, part.Bar = color(i), new(100*s.Share)
		shares.add(0, label, part)
	}
	all = slices.Insert(all, 1, shares, b.servers(), b.imbalance())
	all = slices.Insert(all, 0, b.security())
	all = append(all, b.compression(), b.sides(), list("other_types", "Keys that hold no string", "type", r.Types))
	if f := r.Foreign; f != nil {
		others := section{ID: "foreign", Title: "Keys of others", Columns: []column{{Name: "whose"}, {"keys", true}}}
		if f.Keys > 0 {
			others.add(0, text("of no cache in the file"), number(f.Keys))
		}
		for _, of := range [][]figures.Counted{f.Types, f.Areas, f.Neighbours} {
			for _, c := range of {
				others.add(0, name(c.Name), number(c.Keys))
			}
		}
		all = append(all, others)
	}
	return slices.DeleteFunc(all, func(s section) bool { return len(s.Rows) == 0 && s.Note == "" })
}

// figures are the sections of all entries, or of a group.
func (b *builder) figures(f *figures.Figures, whole bool) []section {
	return []section{
		b.totals(f, whole),
		rows("codecs", "How values are stored", "codec", f.Codecs),
		rows("damaged", "Values that cannot be read", "why", f.Damaged),
		areaRows(f.Areas),
		prefixes(&f.Prefixes, whole),
		sizes(f.Sizes),
		expiries(f.Expiries),
		largest(f.Largest),
		named("classes", "Classes that pickles name", "class", &f.Classes),
		named("models", "Models in pickles", "model", &f.Models),
		rows("django_versions", "Releases of Django that pickled models", "release", f.Djangos),
		rows("versions", "Versions of keys", "version", f.Versions),
		rows("shards", "Entries by shard", "shard", f.Shards),
		left(f.Left),
	}
}

// totals is what is true of all entries of a group, or of the cache.
func (b *builder) totals(f *figures.Figures, whole bool) section {
	s := section{ID: "all", Title: "All entries", Columns: counted("which")}
	s.add(0, join(text("all"), counts(&f.Count))...)
	s.add(0, join(text("that never expire"), counts(&f.Persistent))...)
	s.add(0, join(text("with byte strings of Python 2"), counts(&f.Python2))...)
	mean := decimal(f.Mean)
	mean.Label = "bytes"
	s.Rows = append(s.Rows, row{Cells: []cell{text("bytes of an entry on average"), {}, {}, mean}})
	if whole {
		if m := b.report.Memory; m.Sampled > 0 {
			takes := size(m.Bytes).within(size, &m.Margin)
			takes.Wraps = true
			takes.Parts = append(takes.Parts, part{Text: ", by "}, figure(plain.Grouped(int64(m.Sampled)), m.Sampled), part{Text: " of them"})
			s.Rows = append(s.Rows, row{Cells: []cell{text("memory that entries take"), {}, {}, takes}})
		}
		if x := b.report.Sample; x != nil {
			seen := number(x.Entries)
			seen.Wraps = true
			seen.Parts = append(seen.Parts, part{Text: " of about "}, figure(plain.Grouped(x.Of), x.Of))
			s.Rows = append(s.Rows, row{Cells: []cell{text("entries that were looked at"), seen, {}, {}}})
		}
		s.Rows = append(s.Rows, row{Cells: []cell{text("time that the audit took"), {}, {}, duration(b.report.Elapsed)}})
	}
	return s
}

func rows(id, title, what string, list []figures.Row) section {
	s := section{ID: id, Title: title, Columns: counted(what)}
	for i := range list {
		s.add(0, join(name(string(list[i].Name)), counts(&list[i].Count))...)
	}
	return s
}

// rest adds what is in no row of its own.
func (s *section) rest(level int, o *figures.Others, more ...cell) {
	if o == nil {
		return
	}
	others := cell{Parts: []part{figure(plain.Grouped(o.Distinct), o.Distinct), {Text: " others"}}}
	s.add(level, append(join(others, counts(&o.Count)), more...)...)
}

func areaRows(list []figures.AreaRow) section {
	s := section{ID: "areas", Title: "What made them", Columns: lastly(counted("area"), "a delete")}
	for i := range list {
		a := &list[i]
		loss := a.Loss
		if a.Means != "" {
			loss += ": " + a.Means
		}
		s.add(0, join(name(a.Title), counts(&a.Count), text(loss))...)
	}
	return s
}

// prefixes is the tree, or in a group one level.
func prefixes(p *figures.Prefixes, whole bool) section {
	s := section{ID: "prefixes", Title: "What keys begin with", Columns: counted("prefix", "mean", "largest", "never expire")}
	s.below(p, 0, whole)
	return s
}

func (s *section) below(p *figures.Prefixes, level int, whole bool) {
	for i := range p.Rows {
		r := &p.Rows[i]
		more := []cell{{Number: true, Parts: []part{figure(plain.Size(int64(r.Mean+0.5)), r.Mean)}}, {}, {}}
		if whole {
			more[1], more[2] = size(r.Largest), share(r.Persistent)
		}
		s.add(level, join(name(string(r.Name)), counts(&r.Count), more...)...)
		if r.Below != nil {
			s.below(r.Below, level+1, whole)
		}
	}
	s.rest(level, p.Others, cell{}, cell{}, cell{})
}

func sizes(list []figures.Size) section {
	s := section{ID: "sizes", Title: "How large they are", Columns: counted("bytes of a value")}
	for i := range list {
		z := &list[i]
		from := cell{Parts: []part{figure(plain.Grouped(z.From), z.From), {Text: " to below "}, figure(plain.Grouped(z.Below), z.Below)}}
		s.add(0, join(from, counts(&z.Count))...)
	}
	return s
}

func expiries(list []figures.Expiry) section {
	s := section{ID: "expiries", Title: "How long they have left", Columns: counted("time left")}
	for i := range list {
		e := &list[i]
		left := text(e.Name)
		if e.From != nil && *e.From > 0 && e.Below != nil {
			left.Parts = []part{duration(*e.From).Parts[0], {Text: " to below "}, duration(*e.Below).Parts[0]}
		} else if e.Below != nil {
			left.Parts = []part{{Text: "from "}, figure("0", e.From), {Text: " to below "}, duration(*e.Below).Parts[0]}
		} else if e.From != nil {
			left.Parts = []part{duration(*e.From).Parts[0], {Text: " and more"}}
		}
		s.add(0, join(left, counts(&e.Count))...)
	}
	return s
}

func largest(list []figures.Large) section {
	s := section{ID: "largest", Title: "The largest", Columns: []column{{Name: "stored key"}, {Name: "shard"}, {"stored", true}, {"time left", true}}}
	for i := range list {
		l := &list[i]
		left := text("for ever")
		left.Number = true
		if l.TTL != nil {
			left = duration(*l.TTL)
		}
		s.add(0, name(string(l.Key)), name(l.Shard), size(l.Bytes), left)
	}
	return s
}

func named(id, title, what string, n *figures.Named) section {
	s := section{ID: id, Title: title, Columns: lastly(counted(what), "for example")}
	for i := range n.Rows {
		e := &n.Rows[i]
		example := cell{}
		if e.Key != nil {
			example = name(string(*e.Key))
		}
		s.add(0, join(name(string(e.Name)), counts(&e.Count), example)...)
	}
	s.rest(0, n.Others, cell{})
	if len(n.Rows) > 0 {
		all := cell{Parts: []part{figure(plain.Grouped(n.Distinct), n.Distinct), {Text: " different in all"}}}
		s.Rows = append(s.Rows, row{Cells: []cell{all, {}, {}, {}, {}}})
	}
	return s
}

func left(of map[string]int64) section {
	s := section{ID: "left", Title: "Entries that stand in no row", Columns: []column{{Name: "section"}, {"entries", true}}}
	for _, section := range slices.Sorted(maps.Keys(of)) {
		s.add(0, text(section), number(of[section]))
	}
	return s
}

func list(id, title, what string, of []figures.Counted) section {
	s := section{ID: id, Title: title, Columns: []column{{Name: what}, {"keys", true}}}
	for _, c := range of {
		s.add(0, name(c.Name), number(c.Keys))
	}
	return s
}

func (b *builder) compression() section {
	s := section{ID: "compression", Title: "What compressors would save", Columns: []column{{Name: "prefix"}, {"entries", true}, {"stored", true}, {"compressed to see", true}}}
	for _, compressor := range figures.Compressors {
		s.Columns = append(s.Columns, column{compressor, true})
	}
	for i := range b.report.Compression.Rows {
		v := &b.report.Compression.Rows[i]
		cells := []cell{name(string(v.Name)), number(v.Entries), size(v.Bytes), number(int64(v.Sampled))}
		for _, compressor := range figures.Compressors {
			g := v.By[compressor]
			saved := part{Text: plain.Size(g.Saved), Value: exactly(g.Saved)}
			if g.Saved < 0 {
				saved.Text = "−" + plain.Size(-g.Saved)
			}
			cells = append(cells, cell{Number: true, Wraps: true, Parts: []part{figure("to "+strconv.FormatFloat(100*g.Ratio, 'f', 0, 64), g.Ratio),
				figure(fmt.Sprintf(" ±%.0f%%", 100*g.Margin), g.Margin), {Text: ", saves "}, saved}})
		}
		s.add(0, cells...)
	}
	return s
}

func (b *builder) servers() section {
	s := section{ID: "servers", Title: "Shards", Columns: []column{{Name: "shard"}, {"entries", true}, {"stored", true}, {"memory of entries", true}, {"asked of", true}, {"memory used", true}}}
	for i := range b.report.Servers {
		v := &b.report.Servers[i]
		used := text("not told")
		used.Number = true
		if v.Used != nil {
			used = size(*v.Used)
		}
		s.add(0, name(v.Shard), number(v.Entries), size(v.Bytes), size(v.Memory.Bytes).within(size, &v.Memory.Margin), number(int64(v.Memory.Sampled)), used)
	}
	return s
}

func (b *builder) imbalance() section {
	s := section{ID: "imbalance", Title: "The fullest shard to the mean", Columns: []column{{Name: "by"}, {"times", true}}}
	for _, of := range []struct {
		name  string
		times float64
	}{{"entries", b.report.Imbalance.Entries}, {"bytes stored", b.report.Imbalance.Bytes}, {"memory of entries", b.report.Imbalance.Memory}} {
		s.add(0, text(of.name), decimal(of.times))
	}
	return s
}

// sides are the locks and the freshness markers.
func (b *builder) sides() section {
	s := section{ID: "sides", Title: "Locks and markers", Columns: []column{{Name: "kind"}, {"keys", true}, {"without expiry", true}, {"orphaned", true}}}
	for _, of := range []struct {
		name string
		side *figures.Side
	}{{"locks", b.report.Locks}, {"freshness markers", b.report.Markers}} {
		if of.side == nil {
			continue
		}
		orphaned := cell{}
		if of.side.Orphaned != nil {
			orphaned = number(*of.side.Orphaned)
		}
		s.add(0, text(of.name), number(of.side.Keys), number(of.side.Persistent), orphaned)
	}
	return s
}

func (b *builder) security() section {
	s := section{ID: "security", Title: "Names that are forbidden", Columns: []column{{Name: "stored key"}, {Name: "shard"}, {Name: "name"}, {"offset", true}, {Name: "where"}, {Name: "found by"}}}
	r := b.report.Security
	if r == nil {
		return s
	}
	for i := range r.Listed {
		f := &r.Listed[i]
		s.add(0, name(string(f.Key)), name(f.Shard), name(string(f.Name)), number(f.Offset), text(f.Where), name(f.Rule))
	}
	sum := cell{Parts: []part{figure(plain.Grouped(r.Names), r.Names), {Text: " names in "}, figure(plain.Grouped(r.Entries), r.Entries), {Text: " entries, "},
		figure(plain.Grouped(r.Unlisted), r.Unlisted), {Text: " of them not listed"}}}
	s.Rows = append(s.Rows, row{Cells: []cell{sum, {}, {}, {}, {}, {}}})
	return s
}

// groups are the figures cut by a property.
func (b *builder) groups() []section {
	by := b.report.By
	var all []section
	for i := range by.Rows {
		g := &by.Rows[i]
		title := "none"
		if g.Name != nil {
			title = plain.Escape(string(*g.Name), "")
		}
		parts := slices.DeleteFunc(b.figures(&g.Figures, false), func(s section) bool { return len(s.Rows) == 0 })
		all = append(all, section{Title: title, Note: fmt.Sprintf("%s, %s stored", entries(g.Entries), plain.Size(g.Bytes)), Parts: parts})
	}
	rest := section{ID: "others", Title: "Others", Columns: counted(string(by.What))}
	rest.rest(0, by.Others)
	rest.Rows = append(rest.Rows, row{Cells: []cell{{Parts: []part{figure(plain.Grouped(by.Distinct), by.Distinct), {Text: " different in all"}}}, {}, {}, {}}})
	return append(all, section{Title: "others", Parts: []section{rest}})
}

func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return plain.Grouped(n) + " entries"
}
