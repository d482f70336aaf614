package commands

import (
	"bytes"
	"slices"
	"sync"

	"cachering/codec"
	"cachering/codec/pickle"
	"cachering/commands/internal/areas"
	"cachering/commands/internal/config"
	"cachering/commands/internal/danger"
	"cachering/commands/internal/figures"
	"cachering/commands/internal/reader"
	"cachering/ring"
)

// auditLook is what all that look at the values of an audit have in common.
type auditLook struct {
	cache *config.Cache
	tally *figures.Tally
	rules *danger.Rules // nil: nothing is looked for
	areas []ownArea

	heavy   sync.Mutex // held by who needs much memory for a value
	packing sync.Mutex // held by who compresses
	packer  codec.Packer
}

// ownArea is an area of the user's own.
type ownArea struct {
	name string
	glob []byte
}

// auditEye looks at values, for one goroutine.
type auditEye struct {
	*auditLook
	looker   *reader.Looker
	finder   *codec.Finder
	unpacker *codec.Unpacker
	scanner  *danger.Scanner
	text     []byte
	classes  [][]byte
	models   [][]byte
	djangos  [][]byte
}

// eye makes one.
func (l *auditLook) eye() func(e *figures.Entry, value []byte) {
	source := codec.Stored(l.cache.Codec)
	eye := &auditEye{auditLook: l, looker: reader.NewLooker(l.cache, &l.heavy), finder: codec.NewFinder(source), unpacker: codec.NewUnpacker(source)}
	if l.rules != nil {
		eye.scanner = danger.NewScanner(l.rules, source, reader.Room)
	}
	return eye.see
}

// see says what a value tells.
func (l *auditEye) see(e *figures.Entry, value []byte) {
	r := l.looker.Of(e.Stored, value)
	e.Codec = reader.Word(r.Sight)
	if (r.Form == codec.Form{}) && r.Cause != reader.LockToken {
		e.Damage = string(r.Cause)
	}
	e.Area = areas.Of(e.Stored, e.User, areas.ShapeOf(value, r.Value))
	l.own(e)
	if r.Value != nil {
		py2 := &r.Value.Notes.Py2
		e.Python2 = py2.ASCII+py2.NonASCII > 0
	}
	if r.Cause != reader.LockToken {
		l.names(e, value)
	}
	if (r.Form != codec.Form{}) && r.Form.Plain == "" {
		e.Pack = func() []int64 { return l.pack(value) }
	}
	if l.scanner != nil {
		l.search(e, value)
	}
}

// own puts an entry into an area of the user's own, if it is of one.
func (l *auditLook) own(e *figures.Entry) {
	key := e.User
	if key == nil {
		key = e.Stored
	}
	for _, a := range l.areas {
		if ring.Match(a.glob, key) {
			e.Extra = a.name
			return
		}
	}
}

// large says what is known of a value that was not read.
func (l *auditLook) large(e *figures.Entry) {
	e.Codec, e.Damage = reader.Word(reader.Sight{Cause: reader.TooLarge}), string(reader.TooLarge)
	e.Area = areas.Of(e.Stored, e.User, areas.Unseen)
	l.own(e)
	if l.rules != nil {
		l.tally.Find([]figures.Finding{{Shard: e.Shard, Stored: e.Stored, Name: "?", Rule: danger.Unread}})
	}
}

// names tells the classes, models and releases that a pickle names, each once.
func (l *auditEye) names(e *figures.Entry, value []byte) {
	names, err := l.finder.Find(value, codec.Options{Room: reader.Room})
	if err != nil || names == nil {
		return
	}
	l.text, l.classes, l.models, l.djangos = l.text[:0], l.classes[:0], l.models[:0], l.djangos[:0]
	add := func(list [][]byte, module, name []byte) [][]byte {
		from := len(l.text)
		l.text = append(append(append(l.text, module...), '.'), name...)
		full := l.text[from:len(l.text):len(l.text)]
		if slices.ContainsFunc(list, func(old []byte) bool { return bytes.Equal(old, full) }) || len(list) == mostNames {
			return list
		}
		return append(list, full)
	}
	var last *pickle.Global
	for i := range names.Globals {
		g := &names.Globals[i]
		if last != nil && bytes.Equal(last.Name, g.Name) && bytes.Equal(last.Module, g.Module) {
			continue
		}
		module, name := g.Python3()
		l.classes, last = add(l.classes, module, name), g
	}
	for _, m := range names.Models {
		l.models = add(l.models, m.App, m.Name)
	}
	for _, version := range names.Djangos {
		if len(l.djangos) < mostNames && !slices.ContainsFunc(l.djangos, func(old []byte) bool { return bytes.Equal(old, version) }) {
			l.djangos = append(l.djangos, version)
		}
	}
	e.Classes, e.Models, e.Djangos = l.classes, l.models, l.djangos
}

// mostNames is how many different names of one entry are counted.
const mostNames = 1000

// mostPacked is how many bytes of a value are compressed to see; the rest is taken to
// shrink alike.
const mostPacked = 1 << 20

// pack tells the sizes that compressors would make of a value.
func (l *auditEye) pack(value []byte) []int64 {
	out := make([]int64, len(figures.Compressors))
	content, is, err := l.unpacker.Unpack(value, codec.Options{Room: reader.Room})
	if err != nil || !is || len(content) == 0 {
		return out
	}
	part := content[:min(len(content), mostPacked)]
	l.packing.Lock()
	defer l.packing.Unlock()
	for i, name := range figures.Compressors {
		size := l.packer.Size(part, codec.Compressor(name))
		out[i] = int64(float64(size) * float64(len(content)) / float64(len(part)))
	}
	return out
}

// search looks for names that are not to be there.
func (l *auditEye) search(e *figures.Entry, value []byte) {
	found, err := l.scanner.Scan(value)
	if err != nil {
		found = []danger.Found{{Name: "?", Rule: danger.Unread}}
	}
	list := make([]figures.Finding, len(found))
	for i, f := range found {
		list[i] = figures.Finding{Shard: e.Shard, Stored: e.Stored, Name: f.Name, Offset: int64(f.Offset), Where: f.Where, Rule: f.Rule}
	}
	l.tally.Find(list)
}
