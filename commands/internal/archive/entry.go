package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Entry is one entry of a backup.
type Entry struct {
	Key   []byte // stored key
	Value []byte
	// ExpiryOnly tells that the value was not touched, and is not known.
	ExpiryOnly bool
	// At is when it expires, in milliseconds since 1970; 0 is never.
	At int64
	// Wrote is what a run put in its place; nil where it was deleted, or nothing was
	// done to it.
	Wrote *Wrote
}

// Wrote is what a run put in the place of an entry.
type Wrote struct {
	// Sum is that of the new value; empty where only the expiry was changed.
	Sum string
	At  int64 // when it expires; 0 is never
}

// Sum is how a backup names a value: the first 16 hexadecimal digits of its SHA-256.
func Sum(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:8])
}

// Frame gathers entries that go into a backup together. The zero Frame is empty.
type Frame struct {
	buf     []byte
	entries int
}

// Len is how many bytes the entries take, before they are packed.
func (f *Frame) Len() int { return len(f.buf) }

// Reset forgets the entries and keeps the memory unless it is large.
func (f *Frame) Reset() {
	f.entries = 0
	if f.buf = f.buf[:0]; cap(f.buf) > 1<<20 {
		f.buf = nil
	}
}

// Add adds an entry.
func (f *Frame) Add(e *Entry) {
	f.entries++
	if w := e.Wrote; w != nil {
		line := []byte{'{'}
		if w.Sum != "" {
			line = append(append(append(line, `"sha256":"`...), w.Sum...), `",`...)
		}
		line = append(line, `"pxat":`...)
		if w.At == 0 {
			line = append(line, "null"...)
		} else {
			line = strconv.AppendInt(line, w.At, 10)
		}
		f.command([]byte("ECHO"), append(line, '}'))
	}
	var at [20]byte
	moment := strconv.AppendInt(at[:0], e.At, 10)
	switch {
	case e.ExpiryOnly && e.At == 0:
		f.command([]byte("PERSIST"), e.Key)
	case e.ExpiryOnly:
		f.command([]byte("PEXPIREAT"), e.Key, moment)
	case e.At == 0:
		f.command([]byte("SET"), e.Key, e.Value, []byte("NX"))
	default:
		f.command([]byte("SET"), e.Key, e.Value, []byte("NX"), []byte("PXAT"), moment)
	}
}

func (f *Frame) command(words ...[]byte) {
	b := strconv.AppendInt(append(f.buf, '*'), int64(len(words)), 10)
	b = append(b, '\r', '\n')
	for _, word := range words {
		b = strconv.AppendInt(append(b, '$'), int64(len(word)), 10)
		b = append(b, '\r', '\n')
		b = append(append(b, word...), '\r', '\n')
	}
	f.buf = b
}

// heading is what a segment begins with.
type heading struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

func (h heading) text() []byte {
	return fmt.Appendf(nil, `{"format":%q,"version":%d}`, h.Format, h.Version)
}

// readHeading reads the content of the first frame.
func readHeading(content []byte) error {
	words, rest, err := readCommand(content)
	if err != nil {
		return err
	}
	var h heading
	if len(words) != 2 || string(words[0]) != "ECHO" || len(rest) > 0 || json.Unmarshal(words[1], &h) != nil || h.Format != format {
		return errors.New("it does not begin as a backup does")
	}
	if h.Version != version {
		return fmt.Errorf("it is of version %d of the format, and version %d is known here", h.Version, version)
	}
	if !bytes.Equal(words[1], h.text()) {
		return errors.New("it does not begin as a backup does")
	}
	return nil
}

// parse reads the entries of a frame. Their bytes are those of content.
func parse(content []byte) ([]Entry, error) {
	var list []Entry
	var wrote *Wrote
	for rest := content; len(rest) > 0; {
		at := len(content) - len(rest)
		words, after, err := readCommand(rest)
		if err == nil && string(words[0]) == "ECHO" {
			if wrote != nil {
				err = errors.New("two ECHO, one after the other")
			} else {
				wrote, err = readWrote(words)
			}
		} else if err == nil {
			var e Entry
			if e, err = readEntry(words); err == nil {
				if wrote != nil && (wrote.Sum == "") != e.ExpiryOnly {
					err = errors.New("an ECHO that does not fit the command behind it")
				}
				e.Wrote, wrote = wrote, nil
				list = append(list, e)
			}
		}
		if err != nil {
			return list, fmt.Errorf("in its content at byte %d: %w", at, err)
		}
		rest = after
	}
	if wrote != nil {
		return list, errors.New("an ECHO with nothing behind it")
	}
	return list, nil
}

// said is the only form of an ECHO before an entry.
var said = regexp.MustCompile(`^\{(?:"sha256":"([0-9a-f]{16})",)?"pxat":(null|[1-9][0-9]{0,18})\}$`)

func readWrote(words [][]byte) (*Wrote, error) {
	var parts [][]byte
	if len(words) == 2 {
		parts = said.FindSubmatch(words[1])
	}
	if parts == nil {
		return nil, errors.New("an ECHO that none writes")
	}
	w := &Wrote{Sum: string(parts[1])}
	if string(parts[2]) == "null" {
		return w, nil
	}
	var err error
	w.At, err = strconv.ParseInt(string(parts[2]), 10, 64)
	return w, err
}

func readEntry(words [][]byte) (Entry, error) {
	name, n := string(words[0]), len(words)
	switch {
	case name == "PERSIST" && n == 2:
		return Entry{Key: words[1], ExpiryOnly: true}, nil
	case name == "PEXPIREAT" && n == 3:
		at, err := moment(words[2])
		return Entry{Key: words[1], ExpiryOnly: true, At: at}, err
	case name == "SET" && n == 4 && string(words[3]) == "NX":
		return Entry{Key: words[1], Value: words[2]}, nil
	case name == "SET" && n == 6 && string(words[3]) == "NX" && string(words[4]) == "PXAT":
		at, err := moment(words[5])
		return Entry{Key: words[1], Value: words[2], At: at}, err
	}
	return Entry{}, errors.New("a command that none writes")
}

func moment(text []byte) (int64, error) {
	at, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || at <= 0 || strconv.FormatInt(at, 10) != string(text) {
		return 0, errors.New("an expiry that is none")
	}
	return at, nil
}

// maxWords is how many words a command has at most.
const maxWords = 6

var errCommand = errors.New("this is no command")

// readCommand reads the command that text begins with.
func readCommand(text []byte) (words [][]byte, rest []byte, err error) {
	n, rest, ok := readLength(text, '*')
	if !ok || n < 2 || n > maxWords {
		return nil, nil, errCommand
	}
	words = make([][]byte, n)
	for i := range words {
		var size int
		if size, rest, ok = readLength(rest, '$'); !ok || len(rest)-2 < size || rest[size] != '\r' || rest[size+1] != '\n' {
			return nil, nil, errCommand
		}
		words[i], rest = rest[:size:size], rest[size+2:]
	}
	return words, rest, nil
}

// readLength reads a line of a mark and a number, as it is written here and not
// otherwise.
func readLength(text []byte, mark byte) (n int, rest []byte, ok bool) {
	line, _, ok := bytes.Cut(text[:min(len(text), 16)], []byte("\r\n"))
	if !ok || len(line) < 2 || line[0] != mark {
		return 0, nil, false
	}
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil || n < 0 || strconv.Itoa(n) != string(line[1:]) {
		return 0, nil, false
	}
	return n, text[len(line)+2:], true
}
