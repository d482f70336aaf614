package codec

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// Source says how stored bytes are to be read. The zero Source reads nothing;
// make one with Stored, Fixed or ParseSource.
type Source struct {
	codec  Codec
	stored bool
	guess  bool // by no library's rules
}

// Stored is the whole pipeline of a cache: an integer, or else what may be
// compressed, or else what is serialized. Values of an older configuration are
// read too: the bytes decide, c only where they leave a choice.
func Stored(c Codec) Source { return Source{codec: c, stored: true} }

// Guess is Stored for a value whose library is not known. The text of a number that is no
// integer may be of JSON, or a float of django-valkey: it is a float.
func Guess(c Codec) Source { return Source{codec: c, stored: true, guess: true} }

// Fixed is one codec and nothing else: bytes that are an integer, or compressed
// in another way, are refused.
func Fixed(c Codec) Source { return Source{codec: c} }

// ParseSource reads what codec transcode --from takes: "stored", or a CODEC.
func ParseSource(spec string, base Codec) (Source, error) {
	if spec == "stored" {
		return Stored(base), nil
	}
	c, err := Parse(spec, base)
	return Fixed(c), err
}

// String is the spelling that ParseSource reads.
func (s Source) String() string {
	if s.stored {
		return "stored"
	}
	return s.codec.String()
}

// Options are the choices of a run.
type Options struct {
	Py2Strings pickle.Py2Strings // what the byte strings of Python 2 become
	Budget     int64             // bytes that one value may become; 0: the larger of 64 MiB and 16 times its own size
	// Room is how many bytes of memory one value may take, as it is unpacked, in pieces and written anew; 0 is
	// no bound. What would take more is an error for which errors.Is tells ErrNoRoom.
	Room int64
	// Accept tells of a pickle that would be stored whether its reader loads it; the error
	// is why not. nil: every pickle is.
	Accept func(pickle []byte) *Error
}

// ErrNoRoom is the cause of the error about a value that would take more memory
// than Options.Room says.
var ErrNoRoom = errors.New("no room")

func noRoom() *Error {
	return &Error{Kind: KindTooLarge, Text: "unpacked, it takes more memory than there is for one value", Err: ErrNoRoom}
}

func (o Options) budget(size int) int64 {
	if o.Budget > 0 {
		return o.Budget
	}
	return max(64<<20, 16*int64(size))
}

// opaque tells a cache whose values are bytes of the application's own. What they
// look like means nothing: the application may compress and pickle by itself.
func (s Source) opaque() bool { return s.stored && s.codec.Serializer == Dummy }

// compresses tells whether a compressor may have been at work here; target is that of
// an earlier run.
func (s Source) compresses(i, target int) bool {
	return compressions[i].name == s.codec.Compressor || !s.opaque() && (!compressions[i].unmarked || i == target)
}

// serializes says cheaply that no serializer can have made data: neither the configured
// one nor, where a run before this one may have written, that of the target.
func (o *opener) serializes(data []byte) bool {
	return len(data) > 0 && (serializationOf(o.source.codec.Serializer) > 0 || o.other || data[len(data)-1] == '.')
}

var (
	errLockToken = &Error{Kind: KindLockToken, Text: "a lock token, not a value"}
	errDamaged   = &Error{Kind: KindDamaged, Text: "damaged: repr of a Python object"}
)

// layers is a stored value with the outer layers taken off.
type layers struct {
	text       bool   // neither: the library passes the bytes on as they are
	integer    []byte // canonical digits; nil when it is not an integer
	digits     int
	float      bool   // the library reads a float, whatever else integer says
	compressed int    // index in compressions; 0 when it was not
	marked     bool   // a byte told that
	stream     []byte // the compressed stream
	serialized []byte
}

// left is what there is of the room once a value is unpacked.
func (o Options) left(l layers) int64 {
	if l.compressed == 0 {
		return o.Room
	}
	return max(1, o.Room-int64(len(l.serialized)))
}

// opener takes the outer layers off, with buffers that are reused.
type opener struct {
	source Source
	engines
	target  int  // index in compressions of what an earlier run may have written
	other   bool // by another serializer than pickle
	digits  []byte
	content []byte
}

// open takes the outer layers of stored off. Of the room half is for what is unpacked, which it was, too, as it grew.
func (o *opener) open(stored []byte, options Options) (layers, *Error) {
	budget := options.budget(len(stored))
	if options.Room == 0 || options.Room/2 >= budget {
		return o.take(stored, budget)
	}
	l, err := o.take(stored, options.Room/2)
	if err != nil && err.Kind == KindTooLarge {
		err = noRoom()
	}
	return l, err
}

func (o *opener) take(stored []byte, budget int64) (layers, *Error) {
	if !o.source.stored {
		switch i := compressionOf(o.source.codec.Compressor); {
		case i < 0:
			return layers{}, &Error{Kind: KindUnknown, Text: "compressor " + string(o.source.codec.Compressor) + " is not known"}
		case i > 0:
			return o.inflate(i, stored, budget)
		}
		return layers{serialized: stored}, nil
	}
	if !o.source.opaque() && LockToken(nil, stored) {
		return layers{}, errLockToken
	}
	if looksInteger(stored) {
		if out, digits, ok := AppendInteger(o.digits[:0], stored); ok {
			o.digits = out
			if o.source.codec.Rules.TextDigits {
				return layers{text: true, serialized: stored}, nil
			}
			l := layers{integer: out, digits: digits}
			if o.source.codec.Rules.FloatText && !allDigits(stored) {
				l.float, l.serialized = true, stored
			}
			return l, nil
		}
	}
	if (o.source.codec.Rules.FloatText || o.source.guess) && looksFloat(stored) {
		if _, ok := parseFloat(stored); ok {
			return layers{float: true, serialized: stored}, nil
		}
	}
	if o.source.codec.Serializer == YAML && isDamaged(stored) {
		return layers{}, errDamaged // which would pass for YAML
	}
	if l, err, is := o.marked(stored, budget); is {
		return l, err
	}
	for i := range compressions[1:] {
		if i++; o.source.compresses(i, o.target) && compressions[i].matches(stored) {
			l, err := o.inflate(i, stored, budget)
			if err == nil && compressions[i].unmarked && !o.serializes(l.serialized) {
				continue // a stream by chance
			}
			if err == nil || compressions[i].sure(stored) || err.Kind == KindTooLarge {
				return l, err
			}
		}
	}
	return layers{serialized: stored}, nil
}

func (o *opener) inflate(i int, stored []byte, budget int64) (layers, *Error) {
	content, err := o.engines.of(i).decompress(o.content[:0], stored, budget)
	o.content = content
	if err != nil {
		// What was left in the middle of a stream is not relied on: a reader of
		// bzip2 gives the rest of it before the next.
		o.engines[i] = nil
		return layers{}, err
	}
	return layers{compressed: i, stream: stored, serialized: content}, nil
}

// keepBuffer is how large a buffer is kept for the next value.
const keepBuffer = 1 << 20

// release forgets what was large about the value taken last: its content, and the state of the compressor, which may refer to
// it and be as large.
func (o *opener) release(stored []byte) (large bool) {
	large = cap(o.content) > keepBuffer || len(stored) > keepBuffer
	if large {
		o.content, o.engines = nil, engines{}
	}
	return large
}

// explain makes an Error of the refusal of a reader. For a whole pipeline it
// says what the bytes are instead, where that is plain to see.
func (o *opener) explain(err error, l layers) *Error {
	e, ok := err.(*Error)
	if !ok {
		if e = wrapPickle(err); err.(*pickle.Error).Offset < 0 {
			return e // it was read, and cannot be written
		}
	}
	if !o.source.stored {
		return e
	}
	if what := foreign(l.serialized); what != "" {
		return &Error{Kind: KindUnknown, Text: what + ", which is not read here", Err: err}
	}
	if isDamaged(l.serialized) {
		return errDamaged
	}
	if l.compressed == 0 && maybeBrotli(l.serialized) {
		return &Error{Kind: KindUnknown, Text: "no " + string(serializations[max(serializationOf(o.source.codec.Serializer), 0)].name) + ", but perhaps compressed with Brotli, which is read only where it is the compressor", Err: err}
	}
	return e
}

// wrapPickle makes an Error of one of package pickle.
func wrapPickle(err error) *Error {
	p := err.(*pickle.Error) // the only type that package returns
	return &Error{Kind: Kind(p.Kind), Offset: max(p.Offset, 0), Text: p.Error(), Err: p}
}

// LockToken reports whether a stored value is the token of a lock and not a
// value: 32 lower-case hexadecimal digits, as redis-py writes. Digits alone
// could be an integer, so they are a token only where storedKey says so, or
// where they begin with a zero, as no integer is written.
func LockToken(storedKey, value []byte) bool {
	if len(value) != 32 {
		return false
	}
	letter := false
	for _, c := range value {
		switch {
		case 'a' <= c && c <= 'f':
			letter = true
		case !('0' <= c && c <= '9'):
			return false
		}
	}
	return letter || value[0] == '0' || bytes.HasPrefix(storedKey, []byte("__lock__"))
}

// isDamaged recognizes what redis-py stores for a value of a class derived from
// int whose repr is not a number: <Color.RED: 1>; and the default repr of any
// object. No library can read it back.
func isDamaged(b []byte) bool {
	if len(b) < 4 || len(b) > 1000 || b[0] != '<' || b[len(b)-1] != '>' || !utf8.Valid(b) {
		return false
	}
	inside := string(b[1 : len(b)-1])
	name := 0
	for name < len(inside) && (isWordByte(inside[name]) || inside[name] == '.' || name > 0 && inside[name] == '|') {
		name++
	}
	if name == 0 || '0' <= inside[0] && inside[0] <= '9' {
		return false
	}
	rest := inside[name:]
	if number, ok := bytes.CutPrefix([]byte(rest), []byte(": ")); ok {
		_, _, ok = AppendInteger(nil, number)
		return ok
	}
	return bytes.HasPrefix([]byte(rest), []byte(" object at 0x"))
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

// foreign names bytes that are plainly of another codec, or may well be.
func foreign(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("!\x80")):
		return "a pickle after \"!\", as Flask-Caching writes it"
	case len(b) == 0:
		return ""
	case bytes.IndexByte([]byte("\"{[tfn"), b[0]) >= 0:
		if _, err := pyobj.ParseJSON(pyobj.New(), b); err == nil {
			return "JSON"
		}
	}
	if _, ok := parseFloat(b); ok {
		return "the text of a number, as django-valkey stores a float"
	}
	// A byte or two is MessagePack by chance, and so is much text.
	if len(b) > 2 && b[0] > 0x80 && b[0] < 0xe0 {
		if _, _, err := decodeMsgPack(pyobj.New(), b, Rules{AnyMapKeys: true}); err == nil {
			return "MessagePack"
		}
	}
	return ""
}

// maybeBrotli tells what a stream of Brotli may be, which has no mark of its own: no text, and at its begin what brotli.compress
// writes for the window that it takes by default (RFC 7932, section 9.1).
func maybeBrotli(b []byte) bool {
	const window22 = 0x0b
	return len(b) > 4 && b[0]&0x0f == window22 && !utf8.Valid(b)
}
