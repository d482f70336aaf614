package figures

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"

	"cachering/commands/internal/areas"
	"cachering/commands/internal/ui"
)

// Build makes the report of what was counted. sample says what it was a sample of; nil:
// it was all there is. style says how keys stand in it. lost are the errors of shards that were not looked at to their
// end, by index. rules are those that findings are by; nil: nothing was looked for.
func (t *Tally) Build(sample *Sample, style KeyStyle, levels int, lost map[int]error, rules []string) *Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := &builder{Tally: t, by: make(map[uint32][sections][]valued), factor: 1, style: style, levels: levels}
	if sample != nil {
		sample.Entries = int64(t.groups[0].sum.entries)
		if sample.Entries > 0 && sample.Of > sample.Entries {
			b.factor, b.some = float64(sample.Of)/float64(sample.Entries), true
		}
	}
	order := t.order()
	shown := make(map[uint32]bool, len(order))
	shown[0] = true
	rows, _ := top(b, order)
	for _, n := range rows {
		shown[n] = true
	}
	for key, cell := range t.cells {
		if !shown[key.group] {
			continue
		}
		s := section(key.value >> sectionShift)
		lists := b.by[key.group]
		lists[s] = append(lists[s], valued{key.value & (1<<sectionShift - 1), cell})
		b.by[key.group] = lists
	}
	r := &Report{Schema: 1, Command: "audit", Keys: style, Sample: sample}
	r.Figures = b.figures(0)
	r.Largest = make([]Large, len(t.largest))
	for i, l := range t.largest {
		r.Largest[i] = Large{Shard: t.o.Shards[l.shard], Key: b.key(l.key), Bytes: l.bytes}
		if l.ttl >= 0 {
			r.Largest[i].TTL = &l.ttl
		}
	}
	r.Classes, r.Models = b.named(0, ofClass), b.named(1, ofModel)
	r.Prefixes = *b.tree()
	b.aside(r, sample != nil)
	r.Compression = b.compression()
	b.servers(r, lost)
	if t.o.By != "" {
		r.By = b.groupsOf(order)
	}
	if rules != nil {
		r.Security = b.security(rules)
	}
	return r
}

// builder makes a report.
type builder struct {
	*Tally
	by     map[uint32][sections][]valued // cells, by group and section
	factor float64                       // entries for each that was looked at
	some   bool                          // not all were
	style  KeyStyle
	levels int // of the tree
}

// valued is a cell with what it counts.
type valued struct {
	value uint32
	sum
}

// row is valued with its name.
type row struct {
	name string
	sum
}

// key is a stored key in the style that is asked for.
func (b *builder) key(stored string) ui.Bytes {
	switch b.style {
	case Folded:
		return ui.Bytes(Fold(nil, []byte(stored)))
	case Hashed:
		digest := sha256.Sum256([]byte(stored))
		return ui.Bytes(hex.EncodeToString(digest[:8]))
	}
	return ui.Bytes(stored)
}

// count is a sum as the report has it.
func (b *builder) count(s sum) Count {
	c := Count{Entries: b.scale(int64(s.entries)), Bytes: b.scale(s.bytes)}
	all := float64(b.Tally.groups[0].sum.entries)
	if all > 0 {
		c.Share = rounded(float64(s.entries)/all, 6)
	}
	if b.some {
		k := float64(s.entries)
		c.EntriesMargin = b.margin(k*(1-k/all), 1)
		c.BytesMargin = b.margin(float64(s.squares)-float64(s.bytes)*float64(s.bytes)/all, 1)
	}
	return c
}

// margin is how far to each side the true sum may be, of values whose squares around
// their mean have that sum.
func (b *builder) margin(squares, least float64) *int64 {
	left := 1 - 1/b.factor // of all entries, those that were not looked at
	return new(int64(math.Ceil(b.factor * (confident*math.Sqrt(max(0, squares)*left) + least))))
}

func (b *builder) scale(n int64) int64 { return int64(math.Round(float64(n) * b.factor)) }

func rounded(f float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(f*p) / p
}

// mean is the mean of bytes.
func (s *sum) mean() float64 {
	if s.entries == 0 {
		return 0
	}
	return rounded(float64(s.bytes)/float64(s.entries), 1)
}

// rows are the cells of a section, the most frequent first.
func (b *builder) rows(group uint32, s section) []row {
	cells := b.by[group][s]
	list := make([]row, len(cells))
	for i, c := range cells {
		list[i] = row{b.name(s, c.value), c.sum}
	}
	slices.SortFunc(list, byEntries)
	return list
}

func byEntries(a, b row) int {
	return cmp.Or(cmp.Compare(b.entries, a.entries), cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.name, b.name))
}

func byBytes(a, b row) int {
	return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(b.entries, a.entries), cmp.Compare(a.name, b.name))
}

// top divides a list after as many rows as are asked for.
func top[T any](b *builder, list []T) (rows, rest []T) {
	if b.o.Top == 0 || len(list) <= b.o.Top {
		return list, nil
	}
	return list[:b.o.Top], list[b.o.Top:]
}

// others sums what has no row; nil if there is nothing.
func (b *builder) others(distinct int, rest sum) *Others {
	if distinct == 0 && rest.entries == 0 {
		return nil
	}
	return &Others{int64(distinct), b.count(rest)}
}

func (b *builder) list(rows []row) []Row {
	list := make([]Row, len(rows))
	for i, r := range rows {
		list[i] = Row{ui.Bytes(r.name), b.count(r.sum)}
	}
	return list
}

// figures are those of a group.
func (b *builder) figures(n uint32) Figures {
	g := &b.Tally.groups[n]
	f := Figures{
		Count: b.count(g.sum), Mean: g.sum.mean(), Persistent: b.count(g.persistent), Python2: b.count(g.python2),
		Codecs: b.list(b.rows(n, ofCodec)), Damaged: b.list(b.rows(n, ofDamage)), Djangos: b.list(b.rows(n, ofDjango)),
		Versions: b.list(b.rows(n, ofVersion)), Shards: b.list(b.rows(n, ofShard)),
		Areas: make([]AreaRow, 0, 8), Sizes: make([]Size, 0, 8), Expiries: make([]Expiry, 0, 8),
	}
	for _, r := range b.rows(n, ofArea) {
		f.Areas = append(f.Areas, areaRow(Row{ui.Bytes(r.name), b.count(r.sum)}))
	}
	cells := b.by[n]
	inOrder := func(s section) []valued {
		return slices.SortedFunc(slices.Values(cells[s]), func(a, b valued) int { return cmp.Compare(a.value, b.value) })
	}
	for _, c := range inOrder(ofSize) {
		f.Sizes = append(f.Sizes, Size{sizeFrom(c.value), sizeFrom(c.value + 1), b.count(c.sum)})
	}
	for _, c := range inOrder(ofTerm) {
		f.Expiries = append(f.Expiries, b.expiry(c))
	}
	if n > 0 {
		f.Largest = []Large{{Shard: b.o.Shards[g.shard], Key: b.key(g.key), Bytes: g.largest}}
		f.Classes, f.Models = b.named2(n, ofClass), b.named2(n, ofModel)
		f.Prefixes = b.flat(n)
	}
	for s, name := range sectionNames {
		if left := g.left[s]; left > 0 {
			if f.Left == nil {
				f.Left = make(map[string]int64)
			}
			f.Left[name] = int64(left)
		}
	}
	return f
}

var sectionNames = [sections]string{"codecs", "damaged", "areas", "sizes", "expiries", "classes", "models", "django_versions", "versions", "shards", "prefixes"}

// areaRow adds what is known of an area.
func areaRow(r Row) AreaRow {
	a, ok := areas.ByName(string(r.Name))
	if !ok {
		return AreaRow{r, string(r.Name), areas.Unknown.String(), ""}
	}
	return AreaRow{r, a.Title(), a.Loss().String(), a.Means()}
}

// termNames name the buckets of expiries, by their ends.
var termNames = [...]string{"1m", "10m", "1h", "6h", "1d", "7d", "30d", "365d"}

func (b *builder) expiry(c valued) Expiry {
	e := Expiry{Count: b.count(c.sum)}
	switch {
	case c.value == never:
		e.Name = "never"
		return e
	case c.value == never-1:
		e.Name = "over " + termNames[len(termNames)-1]
	default:
		e.Name, e.Below = "under "+termNames[c.value], new(terms[c.value])
	}
	e.From = new(int64)
	if c.value > 0 {
		*e.From = terms[c.value-1]
	}
	return e
}

// named are the classes, or models, of all entries.
func (b *builder) named(kind int, s section) Named {
	list := make([]row, len(b.classes[kind]))
	for id, c := range b.classes[kind] {
		list[id] = row{b.words[s].list[id], c.sum}
	}
	n := b.ranked(list, b.Tally.others[kind])
	for i := range n.Rows {
		id := b.words[s].ids[string(n.Rows[i].Name)]
		n.Rows[i].Key = new(b.key(b.classes[kind][id].example))
	}
	return n
}

// named2 are those of a group.
func (b *builder) named2(group uint32, s section) Named {
	return b.ranked(b.rows(group, s), sum{})
}

func (b *builder) ranked(list []row, rest sum) Named {
	slices.SortFunc(list, byEntries)
	rows, more := top(b, list)
	for _, r := range more {
		rest.plus(&r.sum)
	}
	n := Named{Distinct: int64(len(list)), Rows: make([]Example, len(rows)), Others: b.others(len(more), rest)}
	for i, r := range b.list(rows) {
		n.Rows[i].Row = r
	}
	return n
}

// flat are the prefixes of a group.
func (b *builder) flat(group uint32) Prefixes {
	list := b.rows(group, ofPrefix)
	slices.SortFunc(list, byBytes)
	rows, more := top(b, list)
	var rest sum
	for _, r := range more {
		rest.plus(&r.sum)
	}
	p := Prefixes{Rows: make([]Prefixed, len(rows)), Others: b.others(len(more), rest)}
	for i, r := range rows {
		p.Rows[i].Row, p.Rows[i].Mean = Row{ui.Bytes(r.name), b.count(r.sum)}, r.sum.mean()
	}
	return p
}

// tree is the tree of prefixes. What leads to one place alone is one row.
func (b *builder) tree() *Prefixes {
	below := make(map[uint32][]uint32)
	for i := range b.Tally.tree.nodes[1:] {
		n := uint32(i + 1)
		parent := b.Tally.tree.nodes[n].parent
		below[parent] = append(below[parent], n)
	}
	return b.level(below, 0, "", b.levels)
}

func (b *builder) level(below map[uint32][]uint32, at uint32, prefix string, levels int) *Prefixes {
	type branch struct {
		row
		node uint32
	}
	t := b.Tally.tree
	nodes := t.nodes
	list := make([]branch, 0, len(below[at]))
	for _, n := range below[at] {
		name := prefix + t.text(n)
		for len(below[n]) == 1 && nodes[below[n][0]].sum.entries == nodes[n].sum.entries {
			n = below[n][0]
			name += t.text(n)
		}
		list = append(list, branch{row{name, nodes[n].sum}, n})
	}
	slices.SortFunc(list, func(a, b branch) int { return byBytes(a.row, b.row) })
	rows, more := top(b, list)
	var rest sum
	if r := t.rest[at]; r != nil {
		rest = *r
	}
	for _, m := range more {
		rest.plus(&m.sum)
	}
	out := &Prefixes{Rows: make([]Prefixed, 0, len(rows)), Others: b.others(len(more), rest)}
	for _, r := range rows {
		n := &nodes[r.node]
		p := Prefixed{Row: Row{ui.Bytes(r.name), b.count(r.sum)}, Mean: r.sum.mean(), Largest: int64(n.largest),
			Persistent: rounded(float64(n.persistent)/float64(n.sum.entries), 6)}
		if levels > 1 && len(below[r.node]) > 0 {
			p.Below = b.level(below, r.node, r.name, levels-1)
		}
		out.Rows = append(out.Rows, p)
	}
	return out
}

// aside tells what lies around the entries.
func (b *builder) aside(r *Report, sampled bool) {
	a := &b.around
	r.Types = counted(a.Types)
	if a.Wide {
		r.Foreign = &Foreign{a.Foreign, counted(a.ForeignTypes), counted(a.ForeignAreas), counted(a.Neighbours)}
	}
	if !sampled {
		r.Locks = &Side{Keys: a.Locks, Persistent: a.LocksPersistent}
		r.Markers = &Side{Keys: a.Markers, Persistent: a.MarkersPersistent, Orphaned: &a.MarkersOrphaned}
	}
}

func counted(m map[string]int64) []Counted {
	list := make([]Counted, 0, len(m))
	for name, n := range m {
		list = append(list, Counted{name, n})
	}
	slices.SortFunc(list, func(a, b Counted) int {
		return cmp.Or(cmp.Compare(b.Keys, a.Keys), strings.Compare(a.Name, b.Name))
	})
	return list
}

// compression estimates what compressors would save.
func (b *builder) compression() Compression {
	list := make([]Saving, 0, len(b.packs.of)+1)
	add := func(name string, p *pack) {
		drawn := p.drawn.sorted()
		if len(drawn) == 0 {
			return
		}
		s := Saving{Name: ui.Bytes(name), Entries: b.scale(int64(p.sum.entries)), Bytes: b.scale(p.sum.bytes), Sampled: len(drawn), By: make(map[string]Gain)}
		x, y := make([]float64, len(drawn)), make([]float64, len(drawn))
		for i, compressor := range Compressors {
			for k, d := range drawn {
				x[k], y[k] = float64(d.stored), float64(d.by[i])
			}
			r, margin := ratio(x, y, s.Entries)
			s.By[compressor] = Gain{rounded(r, 4), rounded(margin, 4), int64(math.Round(float64(s.Bytes) * (1 - r)))}
		}
		list = append(list, s)
	}
	for name, p := range b.packs.of {
		add(name, p)
	}
	slices.SortFunc(list, func(a, b Saving) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Name, b.Name))
	})
	if b.o.Top > 0 {
		list = list[:min(len(list), b.o.Top)]
	}
	return Compression{list}
}

// needs is what the server needs for an entry, about, beside key and value.
const needs = 64

// usage estimates the memory of some entries from that of those that were asked for.
func usage(m *Memory, entries, bytes, keys int64) Usage {
	x, y := make([]float64, len(m.Picks)), make([]float64, len(m.Picks))
	for i, p := range m.Picks {
		x[i], y[i] = float64(p.Bytes+int64(len(p.Stored))+needs), float64(m.Takes[i])
	}
	r, margin := ratio(x, y, entries)
	all := float64(bytes + keys + needs*entries)
	return Usage{len(x), int64(math.Round(r * all)), int64(math.Ceil(margin * all))}
}

// servers tells of each shard, and of all together.
func (b *builder) servers(r *Report, lost map[int]error) {
	sums := make([]sum, len(b.o.Shards))
	for _, c := range b.by[0][ofShard] {
		sums[c.value] = c.sum
	}
	r.Servers = make([]Server, len(sums))
	var most, all [3]float64
	squares := 0.0
	for i, name := range b.o.Shards {
		s := Server{Shard: name, Entries: b.scale(int64(sums[i].entries)), Bytes: b.scale(sums[i].bytes)}
		s.Memory = usage(&b.memory[i], s.Entries, s.Bytes, b.scale(b.keys[i]))
		if used := b.memory[i].Used; used > 0 {
			s.Used = &used
		}
		if err := lost[i]; err != nil {
			s.Err = new(err.Error())
		}
		r.Servers[i] = s
		r.Memory.Sampled += s.Memory.Sampled
		r.Memory.Bytes += s.Memory.Bytes
		squares += float64(s.Memory.Margin) * float64(s.Memory.Margin)
		for k, n := range [3]int64{s.Entries, s.Bytes, s.Memory.Bytes} {
			most[k], all[k] = max(most[k], float64(n)), all[k]+float64(n)
		}
	}
	r.Memory.Margin = int64(math.Ceil(math.Sqrt(squares)))
	for k, to := range [3]*float64{&r.Imbalance.Entries, &r.Imbalance.Bytes, &r.Imbalance.Memory} {
		if all[k] > 0 {
			*to = rounded(most[k]*float64(len(sums))/all[k], 4)
		}
	}
}

// groups are the figures cut by a property, the largest group first.
func (b *builder) groupsOf(order []uint32) *Groups {
	rows, more := top(b, order)
	rest := b.beyond.sum
	for _, n := range more {
		rest.plus(&b.Tally.groups[n].sum)
	}
	g := &Groups{What: b.o.By, Distinct: int64(len(order)), Rows: make([]Group, len(rows)), Others: b.others(len(more), rest)}
	for i, n := range rows {
		g.Rows[i].Figures = b.figures(n)
		if name := b.Tally.groups[n].name; name != "" {
			g.Rows[i].Name = new(ui.Bytes(name))
		}
	}
	return g
}

// order is the numbers of the groups by which figures are cut, the largest first.
func (t *Tally) order() []uint32 {
	order := make([]uint32, len(t.groups)-1)
	for i := range order {
		order[i] = uint32(i + 1)
	}
	of := func(n uint32) row { return row{t.groups[n].name, t.groups[n].sum} }
	slices.SortFunc(order, func(x, y uint32) int { return byEntries(of(x), of(y)) })
	return order
}

// security lists what was found, by shards and keys.
func (b *builder) security(rules []string) *Security {
	list := slices.SortedFunc(slices.Values(b.found.list), func(x, y found) int {
		return cmp.Or(cmp.Compare(x.Shard, y.Shard), cmp.Compare(x.key, y.key), cmp.Compare(x.Offset, y.Offset), cmp.Compare(x.Name, y.Name))
	})
	s := &Security{Rules: rules, Entries: b.found.entries, Names: b.found.names, Listed: make([]Forbidden, len(list))}
	for i, f := range list {
		s.Listed[i] = Forbidden{b.o.Shards[f.Shard], b.key(f.key), ui.Bytes(f.Name), f.Offset, f.Where, f.Rule}
	}
	s.Unlisted = s.Names - int64(len(list))
	return s
}
