package danger

import (
	"errors"
	"strings"

	"cachering/codec"
	"cachering/codec/pickle"
)

// Found is a name that was found.
type Found struct {
	Name string // as Python 3 spells it; ? where nobody knows it
	// Offset of the opcode that names it, in the unpacked bytes; where it stands in what is
	// written otherwise there, as in Base64, that of what it stands in.
	Offset int
	Where  string // in what it stands, from the outside inwards; "": in the value itself
	Rule   string // a glob, or one of the names above
}

const (
	// deepest is how many times something is looked for in what was found in something.
	deepest = 8
	// workFor is how many bytes are looked at for each byte of a value, beside unpackable.
	workFor = 16
	// unpackable is how many bytes may come out of what is compressed in a value.
	unpackable = 8 << 20
	// mostOfOne is how many names of one value are told.
	mostOfOne = 100
)

// Scanner looks through values. It is for one goroutine.
type Scanner struct {
	rules  *Rules
	source codec.Source
	unpack *codec.Unpacker // of the stored value
	inner  *codec.Unpacker // of what stands in it
	room   int64

	found   []Found
	walks   [deepest + 3]pickle.Names // by depth
	work    int                       // bytes that may still be looked at
	content int                       // bytes that may still be unpacked
}

// NewScanner makes one of values that are stored so. room is how much memory a value may
// take.
func NewScanner(rules *Rules, source codec.Source, room int64) *Scanner {
	plain := codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol, Compressor: codec.None}
	return &Scanner{rules: rules, source: source, unpack: codec.NewUnpacker(source), inner: codec.NewUnpacker(codec.Stored(plain)), room: room}
}

// place is where something is looked for.
type place struct {
	offset int  // of its first byte, in the unpacked value
	inside bool // it is not there as it is: whatever is found has that offset
	depth  uint8
	path   [2*deepest + 4]container // from the outside inwards
}

// container is what something stands in.
type container uint8

const (
	constant container = iota
	startsThere
	somewhere
	afterStop
	afterDamage
	unread
	inBase64
	inHex
	inEscapes
	inLatin1
	compressed
	inTag
)

var containers = [...]string{
	constant: "in a constant", startsThere: "a pickle", somewhere: "a pickle inside", afterStop: "after STOP", afterDamage: "after damage",
	unread: "unread", inBase64: "in base64", inHex: "in hex", inEscapes: "in escapes", inLatin1: "in latin-1", compressed: "compressed", inTag: "a tag of YAML",
}

func (p place) at(n int) int {
	if p.inside {
		return p.offset
	}
	return p.offset + n
}

// in is a place within another; same tells that its bytes are bytes of that.
func (p place) in(n int, same bool, what container) place {
	p.offset, p.inside = p.at(n), p.inside || !same
	if int(p.depth) < len(p.path) {
		p.path[p.depth] = what
		p.depth++
	}
	return p
}

// where says it in words.
func (p *place) where() string {
	words := make([]string, p.depth)
	for i := range words {
		words[i] = containers[p.path[i]]
	}
	return strings.Join(words, ", ")
}

// Scan looks through one stored value. What it returns is valid until the next call. err
// is codec.ErrNoRoom where the value takes more memory than there is for it.
func (s *Scanner) Scan(stored []byte) ([]Found, error) {
	s.found, s.work, s.content = s.found[:0], workFor*len(stored)+unpackable, unpackable
	serialized, is, err := s.unpack.Unpack(stored, codec.Options{Room: s.room})
	switch {
	case errors.Is(err, codec.ErrNoRoom):
		return nil, codec.ErrNoRoom
	case err != nil: // a stream that ends early, perhaps: no library reads it, but what is it?
		s.region(stored, place{}.in(0, true, unread), 0)
		return s.found, nil
	case !is:
		return nil, nil
	}
	s.work += workFor * len(serialized)
	if len(serialized) > 0 && (serialized[0] == opProto || s.pickles()) {
		s.whole(serialized, place{}, 0)
	} else {
		s.region(serialized, place{}, 0)
		s.tags(serialized, place{})
	}
	return s.found, nil
}

// pickles tells whether the application loads pickles.
func (s *Scanner) pickles() bool { return s.source.Serializer() == codec.Pickle }

const opProto = 0x80

// tell takes a name in, once.
func (s *Scanner) tell(rule, name string, offset int, in place) {
	at := in.at(offset)
	for i := range s.found {
		if s.found[i].Name == name && s.found[i].Offset == at {
			return
		}
	}
	if len(s.found) < mostOfOne {
		s.found = append(s.found, Found{name, at, in.where(), rule})
	}
}

// whole looks through what is loaded as a pickle, or was to be: whatever it names counts.
func (s *Scanner) whole(src []byte, at place, depth int) {
	for first := true; len(src) > 0; first = false {
		n, ok := s.walk(src, at, depth)
		if !ok {
			s.tell(Unread, "?", 0, at)
			return
		}
		s.names(n, at, func(int) bool { return true }, true)
		end, what := n.End, afterStop
		if !n.Stopped {
			what = afterDamage
		}
		if end >= len(src) || s.work <= 0 {
			return
		}
		if end == 0 { // it is none
			s.region(src, at, depth)
			return
		}
		rest := at.in(end, true, what)
		if !first || !n.Stopped {
			s.region(src[end:], rest, depth+1)
			return
		}
		// loads reads no more; load, which is called again, would.
		src, at = src[end:], rest
		if src[0] != opProto {
			s.region(src, at, depth+1)
			return
		}
	}
}

// walk goes through a pickle, and looks into its constants, unless depth is below 0.
func (s *Scanner) walk(src []byte, at place, depth int) (*pickle.Names, bool) {
	// Of each depth there is one walk at a time.
	n := &s.walks[depth+1]
	n.Constant = nil
	if depth >= 0 {
		n.Constant = func(offset, from int, content []byte) {
			if len(content) >= shortest {
				s.region(content, at.in(max(offset, from), from >= 0, constant), depth+1)
			}
		}
	}
	ok := n.Find(src)
	s.work -= n.End
	return n, ok
}

// names judges what a pickle names, as far as it counts. all tells that what nobody knows
// counts, too.
func (s *Scanner) names(n *pickle.Names, at place, counts func(offset int) bool, all bool) {
	judge := func(g *pickle.Global) {
		if !counts(g.Offset) || !all && (!g.Known() || !identifiers(g.Module) || !identifiers(g.Name)) {
			return
		}
		if rule, name := s.rules.judge(g); rule != "" {
			s.tell(rule, name, g.Offset, at)
		}
	}
	for i := range n.Globals {
		if g := &n.Globals[i]; !isGetattr(g) { // what it is asked for counts
			judge(g)
		}
	}
	for i := range n.Attributes {
		judge(&n.Attributes[i])
	}
	for _, e := range n.Extensions {
		if name := extension(e.Code); all && counts(e.Offset) && !s.rules.allows([]byte(name)) {
			s.tell(Extension, name, e.Offset, at)
		}
	}
}

func isGetattr(g *pickle.Global) bool {
	return string(g.Name) == "getattr" && (string(g.Module) == "builtins" || string(g.Module) == "__builtin__")
}

// identifiers tells whether text is words of Python with full stops between them.
func identifiers(text []byte) bool {
	begins := true
	for _, c := range text {
		switch {
		case c == '.':
			if begins {
				return false
			}
			begins = true
			continue
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_', c >= 0x80, '0' <= c && c <= '9' && !begins:
		default:
			return false
		}
		begins = false
	}
	return !begins
}
