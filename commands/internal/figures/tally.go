// Package figures counts what is in a cache, by many properties of its entries at a
// time, and makes one document of it. It knows neither servers nor values: what there is
// to know of an entry it is told.
//
// Its memory is bounded. Up to [Exact] prefixes and as many classes are counted one by
// one; what comes beyond is summed as others. So is what would be too much of a [Cut].
package figures

import (
	"cmp"
	"slices"
	"strconv"
	"sync"

	"cachering/commands/internal/areas"
)

// Entry is what is known of one entry. Its bytes are the caller's.
type Entry struct {
	Shard   int // index among the shards of the tally
	Stored  []byte
	User    []byte // the key as the application names it; nil where that is not known
	Version []byte // nil where there is none
	Bytes   int64  // stored
	TTL     int64  // milliseconds left; below 0: it never expires

	Codec  string // how it is stored
	Damage string // why it cannot be read; "" if it can
	Area   areas.Area
	Extra  string // the area of the user's own that it is of; "" if of none

	Classes [][]byte // that it names, each once
	Models  [][]byte // labels, each once
	Djangos [][]byte // releases that wrote models in it, each once
	Python2 bool     // it has byte strings of Python 2

	// Pack tells the sizes that Compressors would make of it; nil where it is nothing that
	// the library compresses.
	Pack func() []int64
}

// Cut names a property by which figures are cut; "" is none.
type Cut string

// The properties.
const (
	ByArea    Cut = "area"
	ByPrefix  Cut = "prefix"
	ByClass   Cut = "class"
	ByCodec   Cut = "codec"
	ByVersion Cut = "version"
	ByShard   Cut = "shard"
)

// Cuts are all properties.
var Cuts = [...]Cut{ByArea, ByPrefix, ByClass, ByCodec, ByVersion, ByShard}

// Options say what is counted.
type Options struct {
	Shards []string // their names
	By     Cut
	Depth  int // segments of a prefix by which it is cut
	Top    int // rows of a list; 0: all
}

// section is a property whose values are counted in each group.
type section uint8

const (
	ofCodec section = iota
	ofDamage
	ofArea
	ofSize
	ofTerm
	ofClass
	ofModel
	ofDjango
	ofVersion
	ofShard
	ofPrefix
	sections
)

// cellKey is a value of a property in a group.
type cellKey struct {
	group, value uint32 // value: the section in its highest bits, and what it is
}

const sectionShift = 28

// mostCells bounds the cells of all groups together.
const mostCells = 250_000

// group is the entries that have something in common, or all of them.
type group struct {
	name       string
	sum        sum
	persistent sum
	python2    sum
	largest    int64
	key        string           // of the largest
	shard      uint32           // where it lies
	left       [sections]uint32 // entries of which a section has no cell
}

// words numbers texts.
type words struct {
	list []string
	ids  map[string]uint32
}

func (w *words) id(text []byte) uint32 {
	if id, ok := w.ids[string(text)]; ok {
		return id
	}
	if w.ids == nil {
		w.ids = make(map[string]uint32)
	}
	id := uint32(len(w.list))
	w.list = append(w.list, string(text))
	w.ids[w.list[id]] = id
	return id
}

// find is id where no more than most are numbered.
func (w *words) find(text []byte, most int) (uint32, bool) {
	if id, ok := w.ids[string(text)]; ok || len(w.list) < most {
		if ok {
			return id, true
		}
		return w.id(text), true
	}
	return 0, false
}

// class is one that pickles name.
type class struct {
	sum     sum
	example string // the stored key that comes first, if it is not too long
}

// longestExample is how many bytes a key has at most that is kept as an example.
const longestExample = 512

// Tally counts entries. It is for several goroutines.
type Tally struct {
	o Options

	mu      sync.Mutex
	groups  []group // the first is of all
	of      map[string]uint32
	beyond  group // what is in no group of its own
	cells   map[cellKey]sum
	words   [sections]words
	classes [2][]class // classes and models
	others  [2]sum     // beyond them
	tree    *tree
	largest []large
	packs   packs
	usage   []draw[Pick]
	keys    []int64 // bytes of the keys of each shard
	memory  []Memory
	around  Around
	found   forbidden

	folded []byte
}

// New makes a tally.
func New(o Options) *Tally {
	t := &Tally{o: o, groups: make([]group, 1), of: make(map[string]uint32), cells: make(map[cellKey]sum), tree: newTree()}
	t.usage, t.keys, t.memory = make([]draw[Pick], len(o.Shards)), make([]int64, len(o.Shards)), make([]Memory, len(o.Shards))
	for i := range t.usage {
		t.usage[i].most = max(leastPicks, mostPicks/max(1, len(o.Shards)))
	}
	t.packs.of = make(map[string]*pack)
	return t
}

// Add counts an entry.
func (t *Tally) Add(e *Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := e.User
	if name == nil {
		name = e.Stored
	}
	t.folded = Fold(t.folded[:0], name)
	t.tree.add(t.folded, e.Bytes, e.TTL < 0)
	prefix := Prefix(t.folded, t.o.Depth)

	var values [sections][]uint32
	one := func(s section, text []byte) { values[s] = append(values[s], t.words[s].id(text)) }
	one(ofCodec, []byte(e.Codec))
	if e.Damage != "" {
		one(ofDamage, []byte(e.Damage))
	}
	if e.Extra != "" {
		one(ofArea, []byte(e.Extra))
	} else {
		one(ofArea, []byte(e.Area.Name()))
	}
	values[ofSize] = append(values[ofSize], sizeOf(e.Bytes))
	values[ofTerm] = append(values[ofTerm], termOf(e.TTL))
	values[ofShard] = append(values[ofShard], uint32(e.Shard))
	if e.Version != nil {
		one(ofVersion, e.Version)
	}
	for _, release := range e.Djangos {
		if id, ok := t.words[ofDjango].find(release, Exact); ok {
			values[ofDjango] = append(values[ofDjango], id)
		}
	}
	values[ofClass] = t.named(0, ofClass, e.Classes, e)
	values[ofModel] = t.named(1, ofModel, e.Models, e)

	t.count(0, e, &values)
	if t.o.By != "" {
		if id, ok := t.words[ofPrefix].find(prefix, Exact); ok {
			values[ofPrefix] = append(values[ofPrefix], id)
		}
		t.cut(e, prefix, &values)
	}
	t.keys[e.Shard] += int64(len(e.Stored))
	t.keepLargest(e)
	t.draw(e, prefix)
}

// named counts classes, or models, and numbers them.
func (t *Tally) named(kind int, s section, names [][]byte, e *Entry) (ids []uint32) {
	for _, name := range names {
		id, ok := t.words[s].find(name, Exact)
		if !ok {
			t.others[kind].add(e.Bytes)
			continue
		}
		if int(id) == len(t.classes[kind]) {
			t.classes[kind] = append(t.classes[kind], class{})
		}
		c := &t.classes[kind][id]
		c.sum.add(e.Bytes)
		if len(e.Stored) <= longestExample && (c.example == "" || string(e.Stored) < c.example) {
			c.example = string(e.Stored)
		}
		ids = append(ids, id)
	}
	return ids
}

// cut counts an entry in the groups that it is of.
func (t *Tally) cut(e *Entry, prefix []byte, values *[sections][]uint32) {
	switch t.o.By {
	case ByArea:
		t.in(e, t.words[ofArea].list[values[ofArea][0]], values)
	case ByPrefix:
		t.in(e, string(prefix), values)
	case ByCodec:
		t.in(e, e.Codec, values)
	case ByVersion:
		t.in(e, string(e.Version), values)
	case ByShard:
		t.in(e, t.o.Shards[e.Shard], values)
	case ByClass:
		if len(e.Classes) == 0 {
			t.in(e, "", values)
		}
		for _, name := range e.Classes {
			t.in(e, string(name), values)
		}
	}
}

// in counts an entry in the group of a name.
func (t *Tally) in(e *Entry, name string, values *[sections][]uint32) {
	g, ok := t.of[name]
	if !ok {
		if len(t.groups) > Exact {
			t.beyond.count(e)
			return
		}
		g = uint32(len(t.groups))
		t.groups = append(t.groups, group{name: name})
		t.of[name] = g
	}
	t.count(g, e, values)
}

// count counts an entry in a group, and in its cells.
func (t *Tally) count(n uint32, e *Entry, values *[sections][]uint32) {
	g := &t.groups[n]
	g.count(e)
	for s := range sections {
		if n == 0 && (s == ofClass || s == ofModel) {
			continue // they are counted with their examples
		}
		for _, value := range values[s] {
			key := cellKey{n, uint32(s)<<sectionShift | value}
			cell, ok := t.cells[key]
			if !ok && n > 0 && len(t.cells) >= mostCells {
				g.left[s]++
				continue
			}
			cell.add(e.Bytes)
			t.cells[key] = cell
		}
	}
}

func (g *group) count(e *Entry) {
	g.sum.add(e.Bytes)
	if e.TTL < 0 {
		g.persistent.add(e.Bytes)
	}
	if e.Python2 {
		g.python2.add(e.Bytes)
	}
	if g.sum.entries == 1 || e.Bytes > g.largest || e.Bytes == g.largest && string(e.Stored) < g.key {
		g.largest, g.shard, g.key = e.Bytes, uint32(e.Shard), kept(e.Stored)
	}
}

// Prefix is the first segments of a folded key, so many at most.
func Prefix(folded []byte, depth int) []byte {
	n := 0
	for ; depth > 0 && n < len(folded); depth-- {
		n += segment(folded[n:])
	}
	if n > longestPrefix {
		return append(folded[:longestPrefix:longestPrefix], "…"...)
	}
	return folded[:n]
}

// longestPrefix is how many bytes of a prefix are kept by which figures are cut.
const longestPrefix = 256

// kept is a key as it is remembered: one that is very long not whole.
func kept(key []byte) string {
	if len(key) > longestKey {
		return string(key[:longestKey]) + "…"
	}
	return string(key)
}

// longestKey is how many bytes of a key are remembered.
const longestKey = 4096

// large is one of the largest entries.
type large struct {
	shard int
	key   string // stored
	bytes int64
	ttl   int64 // milliseconds; below 0: it never expires
}

// mostLargest is how many of the largest entries are kept where all are asked for.
const mostLargest = 1000

func (t *Tally) keepLargest(e *Entry) {
	most := t.o.Top
	if most == 0 || most > mostLargest {
		most = mostLargest
	}
	if n := len(t.largest); n == most {
		if last := &t.largest[n-1]; e.Bytes < last.bytes || e.Bytes == last.bytes && string(e.Stored) >= last.key {
			return
		}
	}
	l := large{e.Shard, kept(e.Stored), e.Bytes, e.TTL}
	at, _ := slices.BinarySearchFunc(t.largest, l, func(a, b large) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.key, b.key))
	})
	t.largest = slices.Insert(t.largest, at, l)
	t.largest = t.largest[:min(most, len(t.largest))]
}

// name is the text of a value of a section.
func (t *Tally) name(s section, value uint32) string {
	switch s {
	case ofShard:
		return t.o.Shards[value]
	case ofSize, ofTerm:
		return strconv.Itoa(int(value))
	}
	return t.words[s].list[value]
}
