package codec

import (
	"bytes"
	"cmp"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// Transcoder rewrites stored values. It keeps its buffers and the state of the
// compressor from one value to the next, so that a value costs no allocation
// once they have grown. It is not safe for concurrent use.
type Transcoder struct {
	opener
	to      Codec
	options Options
	pickle  pickle.Transcoder
	packed  []byte // the serialized value, before compression
	notes   Notes
}

// Notes is what is worth counting about the value transcoded last.
type Notes struct {
	LongInteger bool // more digits than Python reads, see MaxIntegerDigits
	Py2         pickle.Py2Counts
}

// NewTranscoder returns a Transcoder that reads from and writes to. The error
// is a *SpecError.
func NewTranscoder(from Source, to Codec, o Options) (*Transcoder, error) {
	if err := to.check(); err != nil {
		return nil, err
	}
	t := &Transcoder{opener: opener{source: from, target: compressionOf(to.Compressor), other: serializationOf(to.Serializer) > 0}, to: to.resolveLevel(), options: o}
	t.pickle.Py2Strings, t.pickle.Digits = o.Py2Strings, from.codec.Rules.digits()
	return t, nil
}

// SetRoom changes Options.Room.
func (t *Transcoder) SetRoom(bytes int64) { t.options.Room = bytes }

// Notes describes the value transcoded last.
func (t *Transcoder) Notes() Notes { return t.notes }

// Transcode appends to dst what stored becomes. changed is false, and out dst, with
// more room perhaps, or nil, when stored is what it would become: the same bytes,
// or, if it is compressed the way the target is, the same content. A level that the
// stream does not show cannot be told from the wanted one.
//
// Integers stay integers, in the form that Redis can count with. The error is
// an *Error.
func (t *Transcoder) Transcode(dst, stored []byte) (out []byte, changed bool, err error) {
	if t.options.Room > 0 {
		g := t.pickle.Graph()
		g.SetRoom(t.options.Room)
		defer func() {
			if g.Lacking() {
				recover() // a pyobj.NoRoom, if anything
				out, changed, err = nil, false, noRoom()
			}
		}()
	}
	t.notes = Notes{}
	if t.source.opaque() && LockToken(nil, stored) {
		return nil, false, errLockToken
	}
	defer t.forget(stored)
	l, e := t.open(stored, t.options)
	if e != nil {
		return nil, false, e
	}
	if l.float && t.to.Rules.FloatText {
		return nil, false, nil
	}
	if l.integer != nil && !(t.source.stored && t.to.pickles()) {
		t.notes.LongInteger = l.digits > t.pickle.Digits
		if bytes.Equal(l.integer, stored) {
			return nil, false, nil
		}
		return append(dst, l.integer...), true, nil
	}
	if l.text {
		return nil, false, nil
	}
	t.pickle.Budget = t.options.budget(len(l.serialized))
	if t.options.Room > 0 {
		t.pickle.Graph().SetRoom(t.options.left(l))
	}
	if t.target > 0 {
		return t.compressed(dst, l)
	}
	var plain bool
	if out, plain, err = t.reserialize(dst, l); err == nil {
		err = t.accepted(out[len(dst):], plain)
	}
	if err != nil {
		return nil, false, err
	}
	if l.compressed == 0 && bytes.Equal(out[len(dst):], stored) {
		return out[:len(dst)], false, nil
	}
	return out, true, nil
}

// accepted asks about what would be stored, unless it is a number past the serializer.
func (t *Transcoder) accepted(serialized []byte, plain bool) error {
	if plain || t.options.Accept == nil || serializationOf(t.to.Serializer) != 0 {
		return nil
	}
	if e := t.options.Accept(serialized); e != nil {
		return e
	}
	return nil
}

// forget gives up what was large.
func (t *Transcoder) forget(stored []byte) {
	lacked := t.pickle.Graph().Lacking()
	if t.release(stored) || lacked {
		old := &t.pickle
		t.pickle = pickle.Transcoder{Digits: old.Digits}
		t.pickle.Py2Strings = old.Py2Strings
	}
}

// reserialize appends the value to dst as the target serializes it; plain tells
// that it is a number that a cache stores as text, whatever the compressor.
func (t *Transcoder) reserialize(dst []byte, l layers) (out []byte, plain bool, err error) {
	g := t.pickle.Graph()
	if l.float || l.integer != nil {
		g.Reset(nil)
		var root pyobj.Ref
		if l.float {
			f, _ := parseFloat(l.serialized)
			root = g.NewFloat(f)
		} else {
			root = g.NewDecimal(l.integer)
		}
		out, err = t.to.serialize(&t.pickle.Encoder, dst, g, root, -1)
		return out, false, err
	}
	target := serializationOf(t.to.Serializer)
	t.pickle.Evaluate = target != 0 // a pickle says how its values are made, other formats say what they are
	c := t.source.candidates(l.serialized, target)
	if t.source.stored && t.source.codec.pickles() && !t.to.Rules.SerializeInts && target == 0 {
		if v, err := t.source.read(&t.pickle.Decoder, g, &c, l.serialized); err == nil && g.Kind(v.root) == pyobj.Int {
			if out, ok := g.AppendInt(dst, v.root); ok {
				return out, true, nil
			}
		}
	}
	var first error
	if target == 0 && c.list[0].index == 0 {
		out, err := t.pickle.Transcode(dst, l.serialized, t.to.Protocol)
		if err == nil {
			t.notes.Py2 = t.pickle.Py2()
			return out, false, nil
		}
		if c.n == 1 {
			return nil, false, t.explain(err, l)
		}
		first, c = err, c.rest()
	}
	v, err := t.source.read(&t.pickle.Decoder, g, &c, l.serialized)
	if err != nil {
		return nil, false, t.explain(cmp.Or(first, err), l)
	}
	if v.refused != nil && serializations[v.from].inert {
		return nil, false, v.refused
	}
	if v.from == 0 {
		t.notes.Py2 = t.pickle.Py2()
	}
	if t.source.stored && target != 0 && g.Kind(v.root) == pyobj.Int && !t.to.Rules.SerializeInts {
		// The library takes what looks like digits for them: in MessagePack 49 is "1".
		out, ok := g.AppendInt(dst, v.root)
		if !ok {
			return nil, false, tooManyDigits(t.pickle.Digits)
		}
		return out, true, nil
	}
	if t.source.stored && t.to.Rules.FloatText && g.Kind(v.root) == pyobj.Float {
		return pyobj.AppendFloat(dst, g.Float(v.root)), true, nil
	}
	out, err = t.to.serialize(&t.pickle.Encoder, dst, g, v.root, v.from)
	return out, false, err
}

// compressed is Transcode for a target that is compressed.
func (t *Transcoder) compressed(dst []byte, l layers) (out []byte, changed bool, err error) {
	packed, plain, err := t.reserialize(t.packed[:0], l)
	if err == nil {
		err = t.accepted(packed, plain)
	}
	if err != nil {
		return nil, false, err
	}
	if t.packed = packed; cap(packed) > keepBuffer {
		t.packed = nil
	}
	same := bytes.Equal(packed, l.serialized)
	if plain || !t.to.Rules.compresses(len(packed)) {
		return t.plain(dst, packed, same && l.compressed == 0)
	}
	if same && l.compressed == t.target && l.marked == t.to.Form().Marked && compressions[t.target].fits(l.stream, t.to.Level, len(packed)) &&
		!(t.to.Rules.OnlySmaller && len(l.stream) >= len(packed)) {
		return nil, false, nil
	}
	if out, err = t.to.compress(t.engines.of(t.target), dst, packed); err != nil {
		t.engines[t.target] = nil
		return nil, false, &Error{Kind: KindTooLarge, Text: string(t.to.Compressor) + ": " + err.Error(), Err: err}
	}
	if t.to.Rules.OnlySmaller && len(out)-len(dst) >= len(packed) {
		return t.plain(dst, packed, same && l.compressed == 0)
	}
	return out, true, nil
}

// pickles tells whether the library has no digits for an int.
func (c Codec) pickles() bool { return c.Rules.SerializeInts && !c.Rules.TextDigits }

// plain is the answer for a value that is stored uncompressed.
func (t *Transcoder) plain(dst, serialized []byte, already bool) (out []byte, changed bool, err error) {
	if already {
		return nil, false, nil
	}
	return append(dst, serialized...), true, nil
}
