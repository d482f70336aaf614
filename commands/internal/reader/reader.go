// Package reader is the configured application as a reader of stored values: it
// tells whether the Python library would read one, with the application's
// serializer, compressor and Python, and if not, why. Every command that says so
// asks here.
//
// What is known of the value is its bytes alone, and of the application its
// configuration: whether the classes that a pickle names are there, and what they
// do, is not known. The package knows no Redis.
package reader

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cachering/codec"
	"cachering/codec/pickle"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
)

// Cause is why a value is not read: one of the words below, or the kind of a
// codec.Error, with underscores, for bytes that nothing here reads. The words are
// stable: scripts branch on them.
type Cause string

// The causes that depend on who reads.
const (
	Read       Cause = ""           // it is read
	LockToken  Cause = "lock_token" // no value at all
	Integer    Cause = "integer"    // more digits than Python's int() takes
	Compressor Cause = "compressor" // another than the application's
	Serializer Cause = "serializer" // another than the application's
	Protocol   Cause = "protocol"   // of pickle, newer than the application's Python
	Refused    Cause = "refused"    // by the serializer, which is the right one
	TooLarge   Cause = "too_large"  // to be looked at here; the application may read it
)

// Sight is how a value is stored and whether it is read. Sights compare.
type Sight struct {
	Form  codec.Form // the zero Form of what is no value, or cannot be decoded
	Cause Cause
}

// String names the sight for lists that count: a CODEC, which says by itself whether
// it is the application's, unless nothing but the value tells that it is not read.
func (s Sight) String() string {
	switch {
	case s.Cause == LockToken:
		return "lock token"
	case s.Cause == TooLarge:
		return "too large"
	case s.Form == codec.Form{}:
		return "unreadable"
	case s.Cause == Refused, s.Cause == Integer:
		return s.Form.String() + " (not readable)"
	}
	return s.Form.String()
}

// Reading is a value as the application sees it.
type Reading struct {
	Sight
	Why   string       // a clause for people; "" if it is read
	Value *codec.Value // what there is to show of it; nil if that is nothing
}

// Room is how many bytes of memory it may take to look at a value, beside what is
// stored. Who looks at many does so at one after the other.
const Room = 64 << 20

// Of reads what is stored under a key. The Reading refers to data.
func Of(cache *config.Cache, stored, data []byte) Reading {
	return newEye(cache).within(Room, stored, data)
}

// eye reads one value after the other; what a Reading shows is valid until the next.
type eye struct {
	cache *config.Cache
	codec *codec.Reader
}

func newEye(cache *config.Cache) *eye {
	return &eye{cache, codec.NewReader(codec.Stored(cache.Codec))}
}

// within is Of in so many bytes.
func (e *eye) within(room int64, stored, data []byte) Reading {
	cache := e.cache
	if codec.LockToken(stored, data) {
		return Reading{Sight: Sight{Cause: LockToken}, Why: "it is the token of a lock"}
	}
	options := codec.Options{Room: room}
	if strings.HasPrefix(cache.Python, "2") || cache.Python == "" && cache.Library().Python2 {
		options.Py2Strings = pickle.Py2Latin1 // they are what it writes and reads, whatever is in them
	}
	v, err := e.codec.Read(data, options)
	if errors.Is(err, codec.ErrNoRoom) {
		return Reading{Sight: Sight{Cause: TooLarge}, Why: err.Error()}
	}
	if err != nil {
		if v = otherwise(room, cache.Codec, data); v == nil {
			return Reading{Sight: Sight{Cause: causeOf(err)}, Why: err.Error()}
		}
	}
	r := Reading{Sight: Sight{Form: v.Form}, Value: v}
	switch cause, why := Form(cache, v.Form); {
	case cause != Read:
		r.Cause, r.Why = cause, why
	case v.Form.Plain == codec.PlainInt && v.Notes.LongInteger && !passesOn(cache.Codec):
		r.Cause, r.Why = Integer, tooLong(cache)
	case v.Refused != nil:
		r.Cause, r.Why = Refused, "its own serializer does not read it: "+v.Refused.Error()
	}
	return r
}

// Form tells whether the application reads values that are stored in a form, if
// nothing else is wrong with them, and if not, why.
func Form(cache *config.Cache, form codec.Form) (cause Cause, why string) {
	configured, highest := cache.Codec, cache.HighestProtocol()
	switch {
	case form.Plain == codec.PlainInt && configured.Rules.SerializeInts && !configured.Rules.TextDigits:
		return Serializer, "it is stored as digits, and the library stores and reads numbers as it does other values"
	case form.Plain != "":
		return Read, ""
	case form.Compressor != codec.None && form.Marked != configured.Rules.Marked && !configured.Rules.AnyMark:
		if form.Marked {
			return Compressor, "it is compressed as django-vcache does, with a byte before it that the application does not take off"
		}
		return Compressor, fmt.Sprintf("it is stored as %s without the byte before it that tells how", form)
	case !slices.Contains(configured.Compressors(), form.Compressor) && (form.Compressor != codec.None || !cache.Traits.PlainReads):
		return Compressor, fmt.Sprintf("it is stored as %s, and %s", form, known("compressor", configured.Compressors()))
	case !slices.Contains(configured.Serializers(), form.Serializer):
		return Serializer, fmt.Sprintf("it is stored as %s, and %s", form, known("serializer", configured.Serializers()))
	case form.Serializer == codec.Pickle && highest != codec.AnyProtocol && form.Protocol > highest:
		return Protocol, fmt.Sprintf("it is a pickle of protocol %d, and Python %s of the application reads protocols up to %d", form.Protocol, cache.Python, highest)
	}
	return Read, ""
}

// known says what the application reads by.
func known[T ~string](what string, list []T) string {
	text := "the " + what + " of the application is "
	if len(list) > 1 {
		text = "the " + what + "s of the application are "
	}
	for i, name := range list {
		if i > 0 {
			text += ", "
		}
		text += string(name)
	}
	return text
}

// otherwise decodes a value that the configured serializer does not read by the
// others that leave no doubt: text is MessagePack by chance, and so is a byte or
// two.
func otherwise(room int64, configured codec.Codec, data []byte) *codec.Value {
	for _, s := range []codec.Serializer{codec.Pickle, codec.JSON, codec.MsgPack} {
		if slices.Contains(configured.Serializers(), s) || s == codec.MsgPack && (len(data) < 3 || plain.Printable(data)) {
			continue
		}
		as := by(configured, s)
		if v, err := codec.Decode(data, codec.Stored(as), codec.Options{Room: room}); err == nil {
			return v
		}
	}
	return nil
}

// by is another serializer in the place of those of c, and no fallbacks.
func by(c codec.Codec, s codec.Serializer) codec.Codec {
	c.Serializer, c.Protocol, c.Fallbacks, c.Rules.Rust = s, codec.AnyProtocol, codec.Fallbacks{}, false
	return c
}

// passesOn tells whether the application gets what is no int to Python as it is.
func passesOn(c codec.Codec) bool { return c.Serializer == codec.Dummy && c.Compressor == codec.None }

// causeOf is the cause of what cannot be decoded.
func causeOf(err error) Cause {
	kind := codec.KindUnknown
	var e *codec.Error
	if errors.As(err, &e) {
		kind = e.Kind
	}
	return Cause(strings.ReplaceAll(string(kind), "-", "_"))
}

// ReadBy is the serializer, other than those of c, by which every one of some stored
// values is read; false where there is none, or no value. The bytes have to leave
// little doubt: text is MessagePack by chance, and anything may be YAML that is not
// as yaml.dump writes it.
func ReadBy(c codec.Codec, values [][]byte) (codec.Serializer, bool) {
	for _, s := range []codec.Serializer{codec.Pickle, codec.JSON, codec.MsgPack, codec.YAML} {
		if slices.Contains(c.Serializers(), s) || len(values) == 0 {
			continue
		}
		as := by(c, s)
		if !slices.ContainsFunc(values, func(data []byte) bool { return !reads(as, data) }) {
			return s, true
		}
	}
	return "", false
}

func reads(as codec.Codec, data []byte) bool {
	v, err := codec.Decode(data, codec.Stored(as), codec.Options{})
	switch {
	case err != nil || v.Form.Serializer != as.Serializer:
		return false
	case v.Form.Compressor != codec.None:
		return true
	case as.Serializer == codec.MsgPack:
		return len(data) > 2 && !plain.Printable(data)
	case as.Serializer == codec.YAML:
		return bytes.HasSuffix(data, []byte("\n"))
	}
	return true
}
