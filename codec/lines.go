package codec

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// TranscodeLines is the engine of codec transcode. It reads lines
// {"v": BASE64} of any length from r and answers each on w, in order, with
// {"v":BASE64} or {"error":TEXT,"kind":KIND,"offset":N}. Answers are flushed
// whenever the next line is not there yet, so a caller may wait for each one.
// bad counts the lines that were not of that form; they are answered with the
// kind "input". err is an error of r or w.
func TranscodeLines(r io.Reader, w io.Writer, t *Transcoder) (bad int, err error) {
	l := lines{w: w, t: t}
	in := lineReader{r: r, pause: l.flush}
	for {
		line, err := in.next()
		if err != nil {
			if ferr := l.flush(); ferr != nil && err == io.EOF {
				err = ferr
			}
			if err == io.EOF {
				err = nil
			}
			return l.bad, err
		}
		l.answer(line)
		if len(l.out) >= flushSize {
			if err := l.flush(); err != nil {
				return l.bad, err
			}
		}
	}
}

// flushSize is how much output is gathered while input keeps coming.
const flushSize = 64 << 10

// lines holds the buffers that are reused from one line to the next.
type lines struct {
	w      io.Writer
	t      *Transcoder
	stored []byte
	value  []byte
	out    []byte
	bad    int
}

func (l *lines) flush() error {
	if len(l.out) == 0 {
		return nil
	}
	_, err := l.w.Write(l.out)
	l.out = l.out[:0]
	return err
}

func (l *lines) answer(line []byte) {
	stored, err := l.decode(line)
	if err != nil {
		l.refuse(&Error{Kind: KindInput, Text: err.Error()})
		l.bad++
		return
	}
	out, changed, err := l.t.Transcode(l.value[:0], stored)
	if err != nil {
		l.refuse(err)
		return
	}
	if changed {
		l.value = out
	} else {
		out = stored
	}
	l.out = append(l.out, `{"v":"`...)
	l.out = base64.StdEncoding.AppendEncode(l.out, out)
	l.out = append(l.out, '"', '}', '\n')
}

// decode finds the stored bytes in a line.
func (l *lines) decode(line []byte) (stored []byte, err error) {
	if text, ok := scanLine(line); ok {
		if l.stored, err = base64.StdEncoding.AppendDecode(l.stored[:0], text); err == nil {
			return l.stored, nil
		}
	}
	text, err := parseLine(line)
	if err != nil {
		return nil, err
	}
	if l.stored, err = base64.StdEncoding.AppendDecode(l.stored[:0], text); err != nil {
		return nil, errors.New("input: \"v\" is not base64")
	}
	return l.stored, nil
}

func (l *lines) refuse(err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Kind: KindUnknown, Text: err.Error()}
	}
	// A *Error holds only text of this project and printable names, but names
	// in a pickle may be anything, so the text is quoted as JSON demands.
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(e.Text)
	l.out = append(l.out, `{"error":`...)
	l.out = append(l.out, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
	l.out = append(l.out, `,"kind":"`...)
	l.out = append(l.out, e.Kind...)
	l.out = append(l.out, `","offset":`...)
	l.out = strconv.AppendInt(l.out, int64(e.Offset), 10)
	l.out = append(l.out, '}', '\n')
}

// scanLine finds the text of member "v" in a line that is spelt plainly: one
// object, members that are strings without escapes. It says false for any
// other line, which then goes to parseLine, as does one whose text turns out to
// be no base64: an escape in it is left for that to find.
func scanLine(line []byte) (text []byte, ok bool) {
	b := skipSpace(line)
	if len(b) == 0 || b[0] != '{' {
		return nil, false
	}
	b = b[1:]
	found := false
	for {
		var name, value []byte
		if name, b, ok = scanString(skipSpace(b)); !ok || hasEscape(name) {
			return nil, false
		}
		if b = skipSpace(b); len(b) == 0 || b[0] != ':' {
			return nil, false
		}
		if value, b, ok = scanString(skipSpace(b[1:])); !ok {
			return nil, false
		}
		if len(name) == 1 && name[0] == 'v' {
			if found {
				return nil, false
			}
			text, found = value, true
		} else if hasEscape(value) {
			return nil, false
		}
		if b = skipSpace(b); len(b) == 0 {
			return nil, false
		}
		if b[0] == '}' {
			return text, found && len(skipSpace(b[1:])) == 0
		}
		if b[0] != ',' {
			return nil, false
		}
		b = b[1:]
	}
}

func hasEscape(s []byte) bool { return bytes.IndexByte(s, '\\') >= 0 }

// scanString takes a string off the front of b, up to the first quote.
func scanString(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	b = b[1:]
	end := bytes.IndexByte(b, '"')
	if end < 0 {
		return nil, nil, false
	}
	return b[:end], b[end+1:], true
}

func skipSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// parseLine reads any other JSON spelling of the same object. Names are
// compared exactly, which encoding/json does for maps only.
func parseLine(line []byte) ([]byte, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("input: the line is not UTF-8")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil || object == nil {
		return nil, errors.New("input: the line is not a JSON object")
	}
	v, ok := object["v"]
	if !ok {
		return nil, errors.New("input: the object has no member \"v\"")
	}
	var text *string
	if err := json.Unmarshal(v, &text); err != nil || text == nil {
		return nil, errors.New("input: \"v\" is not a string")
	}
	return []byte(*text), nil
}

// lineReader cuts lines of any length out of a stream and calls pause before
// it has to wait for more.
type lineReader struct {
	r        io.Reader
	pause    func() error
	buf      []byte
	from, to int
	seen     int // bytes after from that hold no newline
	err      error
}

// next returns the next line without its newline, valid until the next call.
func (l *lineReader) next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.from+l.seen:l.to], '\n'); i >= 0 {
			line := l.buf[l.from : l.from+l.seen+i]
			l.from += l.seen + i + 1
			l.seen = 0
			return line, nil
		}
		l.seen = l.to - l.from
		if l.err != nil {
			if l.err == io.EOF && l.seen > 0 {
				line := l.buf[l.from:l.to]
				l.from, l.seen = l.to, 0
				return line, nil
			}
			return nil, l.err
		}
		if err := l.pause(); err != nil {
			return nil, fmt.Errorf("write: %w", err)
		}
		l.fill()
	}
}

// fill reads once, after making room: by moving what is left to the front when
// that leaves half of the buffer free, else by doubling.
func (l *lineReader) fill() {
	if l.from > 0 {
		copy(l.buf, l.buf[l.from:l.to])
		l.to -= l.from
		l.from = 0
	}
	if l.to > len(l.buf)/2 || len(l.buf) == 0 {
		bigger := make([]byte, max(128<<10, 2*len(l.buf)))
		copy(bigger, l.buf[:l.to])
		l.buf = bigger
	}
	n, err := l.r.Read(l.buf[l.to:])
	l.to += n
	l.err = err
}
