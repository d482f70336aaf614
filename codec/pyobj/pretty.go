package pyobj

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// prettyDepth is how deep containers are laid out; what is below stands in one line.
const prettyDepth = 200

// WritePretty writes r as AppendRepr does, laid out for lines of width characters as
// pprint.pprint(…, width=width, sort_dicts=False) of Python lays out plain data (pprint.py,
// CPython 3.13), but for sets, which stay in the order read. It ends at the first error of w.
func (g *Graph) WritePretty(w io.Writer, r Ref, width int) error {
	p := pretty{g: g, w: w, width: width, left: Limits{}.nodes(g), open: map[Ref]bool{}}
	p.format(r, 0, 0, 0)
	return p.err
}

type pretty struct {
	g     *Graph
	w     io.Writer
	err   error
	width int
	left  int // nodes that may still be laid out
	open  map[Ref]bool
}

func (p *pretty) write(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

// down goes to the next line, so far in.
func (p *pretty) down(indent int) { p.write("\n" + strings.Repeat(" ", indent)) }

// short is r in one line if that has at most room characters.
func (p *pretty) short(r Ref, room int) (string, bool) {
	if room <= 0 {
		return "", false
	}
	// Whatever is cut by these limits has more characters than there is room for.
	line := p.g.AppendRepr(nil, r, Limits{Nodes: room + 1, Chars: room + 1})
	return string(line), utf8.RuneCount(line) <= room
}

// format is _format of pprint.PrettyPrinter: behind r, allowance characters follow in the
// last line.
func (p *pretty) format(r Ref, indent, allowance, level int) {
	if p.left--; p.err != nil {
		return
	}
	if line, fits := p.short(r, p.width-indent-allowance); fits {
		p.write(line)
		return
	}
	g := p.g
	kind := g.Kind(r)
	if p.open[r] || p.left <= 0 || level > prettyDepth || kind != Str && kind != Bytes && g.Len(r) == 0 {
		kind = None
	}
	p.open[r] = true
	defer delete(p.open, r)
	switch kind {
	case Str:
		p.str(g.Data(r), indent, allowance, level+1)
	case Bytes:
		p.bytes(g.Data(r), indent, allowance, level+1)
	case List:
		p.items("[", g.Items(r), "]", indent, allowance, level+1)
	case Set:
		p.items("{", g.Items(r), "}", indent, allowance, level+1)
	case FrozenSet:
		const name = "frozenset("
		p.write(name)
		p.items("{", g.Items(r), "})", indent+len(name), allowance, level+1)
	case Tuple:
		if _, _, herd := g.Herd(r); herd {
			p.write(string(g.AppendRepr(nil, r, Limits{})))
			return
		}
		shut := ")"
		if g.Len(r) == 1 {
			shut = ",)"
		}
		p.items("(", g.Items(r), shut, indent, allowance, level+1)
	case Dict:
		p.pairs(g.Items(r), indent, allowance, level+1)
	default:
		p.write(string(g.AppendRepr(nil, r, Limits{})))
	}
}

func (p *pretty) items(open string, items []Ref, shut string, indent, allowance, level int) {
	p.write(open)
	for i, item := range items {
		behind := 1
		if i > 0 {
			p.write(",")
			p.down(indent + 1)
		}
		if i == len(items)-1 {
			behind = allowance + len(shut)
		}
		p.format(item, indent+1, behind, level)
	}
	p.write(shut)
}

func (p *pretty) pairs(items []Ref, indent, allowance, level int) {
	p.write("{")
	for i := 0; i < len(items); i += 2 {
		behind := 1
		if i > 0 {
			p.write(",")
			p.down(indent + 1)
		}
		if i == len(items)-2 {
			behind = allowance + 1
		}
		key := string(p.g.AppendRepr(nil, items[i], Limits{}))
		p.write(key + ": ")
		p.format(items[i+1], indent+1+utf8.RuneCountInString(key)+2, behind, level)
	}
	p.write("}")
}

// chunks writes parts of a str or bytes below one another, between parentheses where
// nothing else encloses them.
func (p *pretty) chunks(chunks []string, indent, level int) {
	if level == 1 {
		p.write("(")
	}
	for i, chunk := range chunks {
		if i > 0 {
			p.down(indent)
		}
		p.write(chunk)
	}
	if level == 1 {
		p.write(")")
	}
}

func quoted(text []byte) (string, int) {
	q := AppendString(nil, text)
	return string(q), utf8.RuneCount(q)
}

// str is _pprint_str: lines, and words where a line is too long.
func (p *pretty) str(text []byte, indent, allowance, level int) {
	if len(text) == 0 {
		p.write("''")
		return
	}
	if level == 1 {
		indent, allowance = indent+1, allowance+1
	}
	var chunks []string
	for len(text) > 0 {
		line := text[:endOf(text, isLineEnd, false)]
		text = text[len(line):]
		last := len(text) == 0
		room := p.width - indent
		if last {
			room -= allowance
		}
		if q, n := quoted(line); n <= room {
			chunks = append(chunks, q)
			continue
		}
		room = p.width - indent
		current := line[:0]
		for rest := line; len(rest) > 0; {
			word := endOf(rest, isBlank, true)
			rest = rest[word:]
			if last && len(rest) == 0 {
				room -= allowance
			}
			candidate := line[len(line)-len(rest)-word-len(current) : len(line)-len(rest)]
			if _, n := quoted(candidate); n > room {
				if len(current) > 0 {
					q, _ := quoted(current)
					chunks = append(chunks, q)
				}
				candidate = candidate[len(current):]
			}
			current = candidate
		}
		if len(current) > 0 {
			q, _ := quoted(current)
			chunks = append(chunks, q)
		}
	}
	if len(chunks) == 1 {
		p.write(chunks[0])
		return
	}
	p.chunks(chunks, indent, level)
}

// endOf is where the first run of ends in text ends, with all that run or its first one.
func endOf(text []byte, ends func(rune) bool, run bool) int {
	found := false
	for at := 0; at < len(text); {
		r, width := decodeRune(text[at:])
		switch is := ends(r); {
		case is && !run && r == '\r' && bytes.HasPrefix(text[at:], []byte("\r\n")):
			return at + 2
		case is && !run:
			return at + width
		case found && !is:
			return at
		case is:
			found = true
		}
		at += width
	}
	return len(text)
}

// isLineEnd is where str.splitlines breaks.
func isLineEnd(r rune) bool {
	return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

// isBlank is str.isspace.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// bytes is _pprint_bytes: by four.
func (p *pretty) bytes(data []byte, indent, allowance, level int) {
	if len(data) <= 4 {
		p.write(string(AppendBytes(nil, data)))
		return
	}
	if level == 1 {
		indent, allowance = indent+1, allowance+1
	}
	room := p.width - indent
	var chunks []string
	current := data[:0]
	last := len(data) / 4 * 4
	for at := 0; at < len(data); at += 4 {
		if at == last {
			room -= allowance
		}
		candidate := data[at-len(current) : min(at+4, len(data))]
		if len(AppendBytes(nil, candidate)) > room {
			if len(current) > 0 {
				chunks = append(chunks, string(AppendBytes(nil, current)))
			}
			candidate = candidate[len(current):]
		}
		current = candidate
	}
	p.chunks(append(chunks, string(AppendBytes(nil, current))), indent, level)
}
