package commands

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"cachering/codec"
	"cachering/codec/pickle"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
)

// reinserted is what reinsert saw of values, for all workers.
type reinserted struct {
	from, to codec.Codec

	py2      py2Seen
	sorted   atomic.Int64 // values whose dicts yaml.dump sorted
	mu       sync.Mutex
	unread   [][]byte // some of those that were not read
	unreadOf atomic.Int64
}

// How many values that were not read are kept, and of what size, to tell what
// reads them.
const (
	unreadKept = 20
	unreadSize = 64 << 10
)

// countingTranscoder is a transcoder whose notes are counted.
type countingTranscoder struct {
	*codec.Transcoder
	seen  *reinserted
	cache *config.Cache
}

func (t *countingTranscoder) Transcode(dst, stored []byte, room int) ([]byte, bool, error) {
	t.SetRoom(int64(room))
	out, changed, err := t.Transcoder.Transcode(dst, stored)
	if err == nil && t.Notes().LongInteger {
		err = reader.LongInteger(t.cache)
	}
	switch {
	case errors.Is(err, codec.ErrNoRoom):
		return nil, false, engine.ErrNoRoom
	case err != nil:
		t.seen.failed(stored)
		return nil, false, err
	default:
		t.seen.py2.add(t.Notes().Py2)
		if changed && t.seen.to.Serializer == codec.YAML {
			t.seen.sorted.Add(1)
		}
	}
	return out, changed, err
}

func (r *reinserted) failed(stored []byte) {
	if n := r.unreadOf.Add(1); n > unreadKept || len(stored) > unreadSize {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unread = append(r.unread, bytes.Clone(stored))
}

// goOn adds what runs before saw, by the names of notes.
func (r *reinserted) goOn(noted map[string]int64) {
	r.py2.goOn(noted)
	r.sorted.Add(noted["dict_order_lost.values"])
}

func (r *reinserted) notes() []engine.Note {
	notes := r.py2.notes()
	if n := r.sorted.Load(); n > 0 {
		notes = append(notes, engine.Note{Name: "dict_order_lost", Counts: []engine.Number{{Name: "values", Value: n}}})
	}
	return notes
}

// tell says of the values what the report does not.
func (r *reinserted) tell(s *session) {
	r.py2.tell(s)
	if r.sorted.Load() > 0 {
		s.ui.Note("yaml.dump sorts the keys of dicts: their order is lost, there as here")
	}
	if by, ok := reader.ReadBy(r.from, r.unread); ok {
		from := codec.Codec{Serializer: by, Compressor: r.from.Compressor, Level: codec.DefaultLevel}
		s.ui.Warn("hint: what failed is read as %s: cachering reinsert --from %s", by, from)
	}
}

// py2Seen counts what Python 2 left, for all workers.
type py2Seen struct {
	values              atomic.Int64 // with byte strings that are not ASCII
	latin1, utf8, bytes atomic.Int64 // such strings, by what they were read as
	merged              atomic.Int64 // values in which keys became one
}

func (p *py2Seen) add(n pickle.Py2Counts) {
	if n.NonASCII > 0 {
		p.values.Add(1)
		p.latin1.Add(int64(n.Latin1))
		p.utf8.Add(int64(n.UTF8))
		p.bytes.Add(int64(n.Bytes))
	}
	if n.Merged > 0 {
		p.merged.Add(1)
	}
}

// goOn adds what runs before saw, by the names that a checkpoint has for it.
func (p *py2Seen) goOn(noted map[string]int64) {
	for name, n := range map[string]*atomic.Int64{
		"values": &p.values, "latin1": &p.latin1, "utf8": &p.utf8, "bytes": &p.bytes, "merged": &p.merged,
	} {
		n.Add(noted["py2_strings."+name])
	}
}

func (p *py2Seen) notes() []engine.Note {
	if p.values.Load()+p.merged.Load() == 0 {
		return nil
	}
	return []engine.Note{{Name: "py2_strings", Counts: []engine.Number{
		{Name: "values", Value: p.values.Load()},
		{Name: "latin1", Value: p.latin1.Load()},
		{Name: "utf8", Value: p.utf8.Load()},
		{Name: "bytes", Value: p.bytes.Load()},
		{Name: "merged", Value: p.merged.Load()},
	}}}
}

func (p *py2Seen) tell(s *session) {
	if n := p.values.Load(); n > 0 {
		var as []string
		for _, k := range []struct {
			n    int64
			name string
		}{{p.latin1.Load(), "latin1"}, {p.utf8.Load(), "utf-8"}, {p.bytes.Load(), "bytes"}} {
			if k.n > 0 {
				as = append(as, fmt.Sprintf("%d as %s", k.n, k.name))
			}
		}
		s.ui.Warn("warning: %s held byte strings of Python 2 that are not ASCII (read %s); --py2-strings says how they are read",
			plain.Count(n, "value"), strings.Join(as, ", "))
	}
	if n := p.merged.Load(); n > 0 {
		s.ui.Warn("warning: in %s keys that differed in Python 2 became one", plain.Count(n, "value"))
	}
}
