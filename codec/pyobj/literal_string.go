package pyobj

import "bytes"

// stringPrefix returns the length of the letters before the quote if a string
// literal is in front, else -1.
func (p *literalParser) stringPrefix() int {
	for n := 0; n <= 2 && p.at+n < len(p.text); n++ {
		switch p.text[p.at+n] {
		case '"', '\'':
			switch string(bytes.ToLower(p.text[p.at : p.at+n])) {
			case "", "u", "b", "r", "br", "rb":
				return n
			case "f", "fr", "rf":
				p.fail(p.at, "an f-string is not a literal")
			}
			return -1
		}
	}
	return -1
}

// strings reads string literals that stand next to each other as one value.
func (p *literalParser) strings() Ref {
	p.buf = p.buf[:0]
	var isBytes bool
	for first := true; ; first = false {
		n := p.stringPrefix()
		if n < 0 {
			break
		}
		var raw, data bool
		for _, c := range p.text[p.at : p.at+n] {
			raw = raw || c|0x20 == 'r'
			data = data || c|0x20 == 'b'
		}
		if !first && data != isBytes {
			p.fail(p.at, "bytes and str cannot be joined")
		}
		isBytes = data
		p.at += n
		p.string(raw, isBytes)
		p.skip()
	}
	if isBytes {
		return p.bytes(p.buf)
	}
	return p.str(p.buf)
}

// string reads one quoted literal and appends what it holds to p.buf.
func (p *literalParser) string(raw, isBytes bool) {
	start := p.at
	quote := p.text[p.at : p.at+1]
	if bytes.HasPrefix(p.text[p.at+1:], quote) {
		if !bytes.HasPrefix(p.text[p.at+2:], quote) {
			p.at += 2 // the empty string
			return
		}
		quote = p.text[p.at : p.at+3]
	}
	p.at += len(quote)
	from := p.at
	for !bytes.HasPrefix(p.text[p.at:], quote) {
		switch {
		case p.at < len(p.text) && p.text[p.at] == '\\':
			p.at++
		case p.at < len(p.text) && p.text[p.at] == '\n' && len(quote) == 1:
			p.fail(start, "the quote is not closed on its line")
		}
		if p.at >= len(p.text) {
			p.fail(start, "the quote is never closed")
		}
		if isBytes && p.text[p.at] >= 0x80 {
			p.fail(p.at, "a bytes literal holds ASCII only: write \\x escapes")
		}
		p.at++
	}
	end := p.at
	p.at += len(quote)
	if raw {
		p.buf = append(p.buf, p.text[from:end]...)
		return
	}
	for at := from; at < end; {
		i := bytes.IndexByte(p.text[at:end], '\\')
		if i < 0 {
			p.buf = append(p.buf, p.text[at:end]...)
			return
		}
		p.buf = append(p.buf, p.text[at:at+i]...)
		at = p.escape(at+i, end, isBytes)
	}
}

// escape reads the escape whose backslash is at and returns where it ends. end
// is the end of the literal, before which at least one more byte stands.
func (p *literalParser) escape(at, end int, isBytes bool) int {
	c := p.text[at+1]
	next := at + 2
	if simple := bytes.IndexByte([]byte(`\'"abfnrtv`), c); simple >= 0 {
		p.buf = append(p.buf, "\\'\"\a\b\f\n\r\t\v"[simple])
		return next
	}
	switch {
	case c == '\n':
		return next
	case '0' <= c && c <= '7':
		r := rune(c - '0')
		for n := 1; n < 3 && next < end && '0' <= p.text[next] && p.text[next] <= '7'; n++ {
			r = r<<3 | rune(p.text[next]-'0')
			next++
		}
		if isBytes {
			p.buf = append(p.buf, byte(r)) // CPython drops the ninth bit too
		} else {
			p.buf = appendRune(p.buf, r)
		}
		return next
	case c == 'x':
		r := p.hex(at, end, 2)
		if isBytes {
			p.buf = append(p.buf, byte(r))
		} else {
			p.buf = appendRune(p.buf, r)
		}
		return next + 2
	case c == 'u' && !isBytes:
		p.buf = appendRune(p.buf, p.hex(at, end, 4))
		return next + 4
	case c == 'U' && !isBytes:
		r := p.hex(at, end, 8)
		if r < 0 || r > 0x10ffff {
			p.fail(at, "there is no code point beyond U+10FFFF")
		}
		p.buf = appendRune(p.buf, r)
		return next + 8
	case c == 'N' && !isBytes:
		if next == end || p.text[next] != '{' || bytes.IndexByte(p.text[next:end], '}') < 0 {
			p.fail(at, "\\N needs the name of a character in braces")
		}
		e := p.errorAt(at, "\\N{…} is not read here: write the character itself, or its number as \\uXXXX")
		e.cause = ErrNamedCharacter
		panic(e)
	}
	// An escape that Python does not know keeps its backslash.
	p.buf = append(p.buf, '\\')
	return at + 1
}

// hex reads the n digits of a \x, \u or \U escape at.
func (p *literalParser) hex(at, end, n int) rune {
	var v uint32
	for i := at + 2; i < at+2+n; i++ {
		d := -1
		if i < end {
			d = hexValue(p.text[i])
		}
		if d < 0 {
			p.fail(at, "\\%c needs %d hexadecimal digits", p.text[at+1], n)
		}
		v = v<<4 | uint32(d)
	}
	if v > 0x7fffffff {
		return -1
	}
	return rune(v)
}

// hexValue returns the value of a hexadecimal digit, else -1.
func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
