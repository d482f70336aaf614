package library

import (
	"slices"
	"strings"

	"cachering/codec"
	"cachering/ring"
)

// A Span is a range of releases that are one as far as placement goes.
type Span struct {
	From, To string // the first and the last; "6.1" is all of the series
	// Ring of the classes that shard, Plain where there are none.
	Ring ring.Name
	// Other is a ring that these releases have on another kind of Python, which
	// a release does not tell.
	Other ring.Name
	// Widest is the release that reads most forms of locations, where To does not.
	Widest string
	// Shown names the range, where From and To say it badly.
	Shown string
}

// String names the span.
func (s Span) String() string {
	switch {
	case s.Shown != "":
		return s.Shown
	case s.From == s.To:
		return s.From
	}
	return s.From + " to " + s.To
}

func (s Span) holds(release string) bool {
	return !ring.Before(release, s.From) && !s.before(release)
}

// before tells whether a release comes after the span.
func (s Span) before(release string) bool {
	return ring.Before(s.To, release) && !strings.HasPrefix(strings.TrimSpace(release), s.To+".")
}

// A Change is what releases do from one on.
type Change struct {
	From string // "" is all of them
	To   func(*Traits)
}

// Traits are what one release does.
type Traits struct {
	// LocationForms says how a location is written, for the remedy of an error.
	LocationForms string
	// OneServer: a cache that does not shard takes one server.
	OneServer bool
	// WritesToMaster: of a sharded cache every write goes to MASTER_CACHE, if
	// that is given.
	WritesToMaster bool
	// Sentinels: it can ask Redis Sentinel for servers. OneService: a class that makes
	// master and replicas of one location refuses several.
	Sentinels, OneService bool

	// Side are the keys that get_or_set leaves beside an entry. Guards: get_or_set
	// lets one caller make a value; before, what lies at the key of the lock says
	// that it was made.
	Side   ring.SideKeys
	Guards bool

	// Zero and Negative are what set does with a timeout of 0 and below.
	Zero, Negative Deed
	// XX: set takes xx, and stores nothing where nothing is.
	XX bool
	// Milliseconds: fractions of a second reach the server.
	Milliseconds bool
	// AddDeletes: add with a timeout of 0 deletes what is there; others leave it
	// alone.
	AddDeletes bool
	// NoneIsDefault: a timeout of None is the configured one.
	NoneIsDefault bool
	// IgnoresTimeout: TIMEOUT is not read, and entries live for ever.
	IgnoresTimeout bool

	// BareFalsy: a key that is false to Python gets neither prefix nor version.
	BareFalsy bool

	// AddIgnores: add with a timeout of 0 stores nothing, and says so whatever is there.
	AddIgnores bool
	// Unwritten is why no value can be written as the release does; it is read.
	Unwritten string

	// Serializer is the one that the release has, where it has no choice; "" is pickle.
	Serializer codec.Serializer
	// Protocol is the pickle protocol of a cache that is told none.
	Protocol Protocol
	// OldestPython is the first Python that the release runs on, where that tells a
	// protocol; "" where it does not.
	OldestPython string
	// Rules are those of its codec.
	Rules codec.Rules
	// MinLengthOf are thresholds of compressors that differ from that of Rules.
	MinLengthOf map[codec.Compressor]int
	// Threshold: COMPRESS_MIN_LEN is the length up to which values stay as they are, and 0
	// turns compression off.
	Threshold bool
	// CompressMinLen: the option COMPRESS_MIN_LEN turns zlib on. Later releases
	// have compressors in its place, and pay it no heed.
	CompressMinLen bool
	// ClearsVersion: clear() deletes the keys of the configured prefix and version, and does
	// not empty the database.
	ClearsVersion bool
	// IncrCreates: incr of a key that is missing makes one without an expiry, and of what
	// is no plain int of 64 bits is an error (INCRBY).
	IncrCreates bool
	// Stampede: the option stampede_prevention keeps entries longer.
	Stampede bool
	// Lacks are serializers and compressors that only later releases have.
	Lacks []string
	// PlainReads: what the compressor cannot read is taken as it is.
	PlainReads bool

	// GetManyAstray: get_many reads what is not at home, too.
	GetManyAstray bool
	// IncrVersion is where incr_version of a class that shards leaves the entry,
	// IncrRenames what of its key.
	IncrVersion Place
	IncrRenames Naming
}

// A Deed is what a library makes of a timeout when it stores a value.
type Deed uint8

const (
	Store  Deed = iota // the value is stored: for that long, or for ever
	Delete             // what is there is deleted, and nothing stored
	Ignore             // nothing happens
)

// A Protocol is the default of a pickle protocol.
type Protocol uint8

const (
	ProtocolHighest   Protocol = iota // pickle.HIGHEST_PROTOCOL of the application's Python
	ProtocolPreferred                 // pickle.DEFAULT_PROTOCOL of it
	ProtocolZero                      // 0
)

// A Place is a server to which a key goes.
type Place uint8

const (
	Home       Place = iota // where the library looks for it
	HomeOfBare              // the home of the key without prefix and version
	HomeBefore              // the home of the key before its version was changed
)

// A Naming is what incr_version makes of a key.
type Naming uint8

const (
	KeepsKey  Naming = iota // the same key, of another version
	LastColon               // only what follows its last colon
)

// At is what a release does; one that is not given does what the newest does.
func (l *Library) At(release string) Traits {
	var t Traits
	for _, c := range l.Changes {
		if c.From == "" || !ring.Before(release, c.From) {
			c.To(&t)
		}
	}
	return t
}

// Newer tells whether a release comes after the newest that is known; it is taken
// to do what that one does.
func (l *Library) Newer(release string) bool {
	return ring.IsRelease(release) && l.Spans[len(l.Spans)-1].before(release)
}

// span finds the releases that one belongs to.
func (l *Library) span(release string) (Span, bool) {
	if !ring.IsRelease(release) {
		return Span{}, false
	}
	if l.Newer(release) {
		return l.Spans[len(l.Spans)-1], true
	}
	i := slices.IndexFunc(l.Spans, func(s Span) bool { return s.holds(release) })
	if i < 0 {
		return Span{}, false
	}
	return l.Spans[i], true
}

// Known tells whether the settings of a release, as pip shows it, are understood,
// those of one that is Newer included; with sharding, whether the ring of its classes that shard is known.
func (l *Library) Known(release string, sharding bool) bool {
	s, ok := l.span(release)
	return ok && (!sharding || s.Ring != ring.Plain)
}

// Ring is the ring of a release that is Known.
func (l *Library) Ring(release string) ring.Name {
	s, _ := l.span(release)
	return s.Ring
}

// Ranges lists the releases that are Known, newest first.
func (l *Library) Ranges(sharding bool) []string {
	var list []string
	for _, s := range slices.Backward(l.Spans) {
		if !sharding || s.Ring != ring.Plain {
			list = append(list, s.String())
		}
	}
	return list
}

// Newest is the newest release that is known.
func (l *Library) Newest() string { return l.Spans[len(l.Spans)-1].To }

// Only is the one release that there is, "" where there are several.
func (l *Library) Only() string {
	if len(l.Spans) == 1 && l.Spans[0].From == l.Spans[0].To {
		return l.Spans[0].From
	}
	return ""
}

// Rings lists the rings of the library, newest first.
func (l *Library) Rings() []ring.Name {
	var list []ring.Name
	for _, s := range slices.Backward(l.Spans) {
		for _, name := range []ring.Name{s.Ring, s.Other} {
			if name != ring.Plain {
				list = append(list, name)
			}
		}
	}
	return list
}

// OfRing is the library that a ring is called after, and its releases that have
// the ring; nil for an unknown name.
func OfRing(name ring.Name) (*Library, Span) {
	if l := Named(name.Library()); l != nil {
		return l, l.spanOf(name)
	}
	return nil, Span{}
}

// Holders names the releases that have a ring: the library's name, from which
// release to which, and on which Python where that is not any.
func Holders(name ring.Name) string {
	l, s := OfRing(name)
	if l == nil {
		return string(name)
	}
	text := string(l.Name) + " " + s.String()
	if s.Other == name {
		text += " on a 32-bit Python"
	}
	return text
}

// spanOf finds the releases that have a ring.
func (l *Library) spanOf(name ring.Name) Span {
	i := slices.IndexFunc(l.Spans, func(s Span) bool { return name != ring.Plain && (s.Ring == name || s.Other == name) })
	if i < 0 {
		return Span{}
	}
	return l.Spans[i]
}

// Reading is which library and release to take for a reader of locations of
// servers that are to be tried under a ring: this library if it has the ring,
// else the one that the ring is called after.
func (l *Library) Reading(name ring.Name) (*Library, string) {
	if !slices.Contains(l.Rings(), name) {
		l, _ = OfRing(name)
	}
	return l, l.spanOf(name).Widest
}

// HasRing tells whether a release has a ring, on whatever Python.
func (l *Library) HasRing(release string, name ring.Name) bool {
	s, _ := l.span(release)
	return name != ring.Plain && (s.Ring == name || s.Other == name)
}

// LastOf is the release to go by where a cache names its ring and no release.
func (l *Library) LastOf(name ring.Name) string {
	return l.spanOf(name).To
}
