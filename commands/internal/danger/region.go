package danger

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"unicode/utf8"

	"cachering/codec"
)

// shortest is how many bytes a pickle has at least that does anything: cX\nY\n)R.
const shortest = 8

func extension(code uint32) string { return "extension." + strconv.FormatUint(uint64(code), 10) }

// region looks for pickles anywhere in bytes that need not be one: where a protocol is
// named, where a name stands as GLOBAL and INST have it, and in what Base64, digits,
// escapes and compressors hide.
func (s *Scanner) region(content []byte, at place, depth int) {
	if len(content) < shortest || s.work <= 0 {
		return
	}
	if depth > deepest {
		if i := protocol(content, 0); i >= 0 {
			s.tell(TooDeep, "?", i, at)
		}
		return
	}
	s.work -= len(content)
	s.protocols(content, at, depth)
	s.lines(content, at)
	s.base64(content, at, depth)
	s.digits(content, at, depth)
	s.escapes(content, at, depth)
	s.packed(content, at, depth)
}

// protocol is where the next PROTO of a protocol that there is begins; -1 if there is
// none.
func protocol(content []byte, from int) int {
	for from < len(content)-1 {
		i := bytes.IndexByte(content[from:len(content)-1], opProto)
		if i < 0 {
			return -1
		}
		if from += i; content[from+1] <= codec.HighestProtocol {
			return from
		}
		from++
	}
	return -1
}

// protocols walks each pickle that names its protocol.
func (s *Scanner) protocols(content []byte, at place, depth int) {
	for i := protocol(content, 0); i >= 0 && s.work > 0; {
		what := somewhere
		if i == 0 {
			what = startsThere
		}
		here := at.in(i, true, what)
		n, ok := s.walk(content[i:], here, depth)
		if !ok {
			s.tell(Unread, "?", 0, here)
			return
		}
		// Bytes that are none look like one for a few opcodes.
		does := n.Calls >= 0 || n.Stopped && n.Lacks > n.End-1
		s.names(n, here, func(offset int) bool { return offset <= n.Lacks }, does && n.End > shortest)
		i = protocol(content, i+max(2, n.End))
	}
}

// lines looks for GLOBAL and INST: a c or an i, a module and a line feed, a name and a
// line feed, after which something is called, or the pickle ends. A text may have such
// lines, too.
func (s *Scanner) lines(content []byte, at place) {
	for from := 0; from < len(content) && s.work > 0; {
		feed := bytes.IndexByte(content[from:], '\n')
		if feed < 0 {
			return
		}
		feed += from
		begin := feed
		for begin > from && feed-begin < longestModule && isName(content[begin-1]) {
			begin--
		}
		end := feed + 1
		for end < len(content) && end-feed <= longestModule && isName(content[end]) {
			end++
		}
		if end < len(content) && content[end] == '\n' && end > feed+1 {
			for i := begin; i < feed-1; i++ {
				if c := content[i]; c == 'c' || c == 'i' {
					s.line(content, i, end, at)
				}
			}
		}
		from = feed + 1
	}
}

// longestModule is how long the name of a module is at most.
const longestModule = 120

func isName(c byte) bool {
	return c == '.' || c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// line walks from what looks like GLOBAL or INST, whose name ends at end.
func (s *Scanner) line(content []byte, i, end int, at place) {
	n, ok := s.walk(content[i:min(len(content), end+longestLine)], place{}, -1)
	if !ok || len(n.Globals) == 0 || n.Globals[0].Offset != 0 {
		return
	}
	// INST takes what lies above a mark, which stands before it.
	if calls := n.Calls >= 0 && n.Calls < n.Lacks || content[i] == 'i' && marked(content[:i]); calls || n.Stopped && n.Lacks >= n.End-1 {
		s.names(n, at.in(i, true, somewhere), func(offset int) bool { return offset <= n.Lacks }, false)
	}
}

// longestLine is how far behind a name it is looked what becomes of it.
const longestLine = 4096

// marked tells whether a mark stands shortly before.
func marked(before []byte) bool {
	return bytes.IndexByte(before[max(0, len(before)-longestLine):], '(') >= 0
}

// run is how long the run of bytes is that begin content and are something.
func run(content []byte, is *[256]bool) int {
	n := 0
	for n < len(content) && is[content[n]] {
		n++
	}
	return n
}

func alphabet(text string) (set [256]bool) {
	for i := range len(text) {
		set[text[i]] = true
	}
	return set
}

const (
	shortestBase64 = 12
	shortestHex    = 16
)

// base64 decodes what may be Base64, of either alphabet, and looks into it. Long lines of
// it go together.
func (s *Scanner) base64(content []byte, at place, depth int) {
	is := alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
	for i := 0; i < len(content) && s.work > 0; {
		n := run(content[i:], &is)
		if n < shortestBase64 {
			i += n + 1
			continue
		}
		text, begin := append([]byte(nil), content[i:i+n]...), i
		i += n
		for n >= 60 && i+1 < len(content) && content[i] == '\n' {
			n = run(content[i+1:], &is)
			text = append(text, content[i+1:i+1+n]...)
			i += 1 + n
		}
		for k, c := range text {
			switch c {
			case '-':
				text[k] = '+'
			case '_':
				text[k] = '/'
			}
		}
		// What stands before it, as its length, may look like a part of it.
		for shift := range 4 {
			part := text[shift:]
			if len(part)%4 == 1 {
				part = part[:len(part)-1]
			}
			if out, err := base64.RawStdEncoding.AppendDecode(nil, part); err == nil {
				s.region(out, at.in(begin, false, inBase64), depth+1)
			}
		}
	}
}

// digits decodes hexadecimal digits, and looks into what they are.
func (s *Scanner) digits(content []byte, at place, depth int) {
	is := alphabet("0123456789abcdefABCDEF")
	for i := 0; i < len(content) && s.work > 0; {
		n := run(content[i:], &is)
		if n >= shortestHex {
			for shift := range 2 {
				if out, err := hex.AppendDecode(nil, content[i+shift:i+shift+(n-shift)&^1]); err == nil {
					s.region(out, at.in(i, false, inHex), depth+1)
				}
			}
		}
		i += n + 1
	}
}

// escapes looks into text with its escapes undone, and into text as the bytes that it
// stands for in Latin-1.
func (s *Scanner) escapes(content []byte, at place, depth int) {
	if bytes.IndexByte(content, '\\') >= 0 {
		s.region(unescaped(content), at.in(0, false, inEscapes), depth+1)
	}
	for rest := content; s.work > 0; {
		i := bytes.Index(rest, []byte("\u0080"))
		if i < 0 {
			return
		}
		var out []byte
		for rest = rest[i:]; len(rest) > 0; {
			r, n := utf8.DecodeRune(rest)
			if r > 0xff || r == utf8.RuneError {
				break
			}
			out, rest = append(out, byte(r)), rest[n:]
		}
		s.region(out, at.in(len(content)-len(rest)-1, false, inLatin1), depth+1)
	}
}

// unescaped undoes the escapes of JSON and of Python; \u0080 is the byte.
func unescaped(text []byte) []byte {
	out := make([]byte, 0, len(text))
	simple := map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', '0': 0}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
		if n, err := strconv.ParseUint(string(text[i+1:min(len(text), i+1+digits)]), 16, 32); digits > 0 && err == nil {
			if n <= 0xff {
				out = append(out, byte(n))
			} else {
				out = utf8.AppendRune(out, rune(n))
			}
			i += digits
			continue
		}
		if c, ok := simple[text[i]]; ok {
			out = append(out, c)
		} else {
			out = append(out, text[i])
		}
	}
	return out
}

// packed looks into what is compressed.
func (s *Scanner) packed(content []byte, at place, depth int) {
	if s.content <= 0 {
		return
	}
	out, is, err := s.inner.Unpack(content, codec.Options{Budget: int64(s.content)})
	if err != nil || !is || len(out) == 0 || &out[0] == &content[0] {
		return
	}
	s.content -= len(out)
	s.work += len(out)
	// What is unpacked next takes the place of it.
	s.region(bytes.Clone(out), at.in(0, false, compressed), depth+1)
}

// tags looks for what YAML makes of tags.
func (s *Scanner) tags(content []byte, at place) {
	for _, begin := range [...]string{"!!python/", "tag:yaml.org,2002:python/"} {
		for i := 0; ; {
			n := bytes.Index(content[i:], []byte(begin))
			if n < 0 {
				break
			}
			i += n
			tag := content[i+len(begin):]
			kind, name, _ := bytes.Cut(tag[:tagEnd(tag)], []byte(":"))
			switch string(kind) {
			case "object/apply", "object/new", "object", "name", "module":
				dot := bytes.LastIndexByte(name, '.')
				module, attr := []byte("builtins"), name
				if dot >= 0 {
					module, attr = name[:dot], name[dot+1:]
				}
				if string(kind) == "module" {
					module, attr = name, []byte("*")
				}
				if rule, full := s.rules.judgeText(module, attr); rule != "" {
					s.tell(rule, full, 0, at.in(i, true, inTag))
				}
			}
			i += len(begin)
		}
	}
}

func tagEnd(tag []byte) int {
	if n := bytes.IndexAny(tag, " \t\r\n,[]{}>"); n >= 0 {
		return n
	}
	return len(tag)
}
