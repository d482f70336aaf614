package ui

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"cachering/commands/internal/document"
)

// Escape writes every character that could move a cursor or change a terminal
// as a Python escape: control characters, invisible and direction marks, bytes
// that are not UTF-8. The characters in keep stay as they are.
func Escape(s, keep string) string {
	clean := true
	for _, r := range s {
		if !plain(r, keep) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case plain(r, keep):
			b.WriteString(s[i : i+size])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

func plain(r rune, keep string) bool {
	return r != utf8.RuneError && strconv.IsPrint(r) || strings.ContainsRune(keep, r) && r != utf8.RuneError
}

// Printable reports whether b can go to a terminal as it is: UTF-8 without
// control characters, line feeds and tabs allowed.
func Printable(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !strconv.IsPrint(r) && r != '\n' && r != '\t' {
			return false
		}
	}
	return true
}

// Bytes is a key or raw value in JSON: a string when it is UTF-8, else
// {"base64":"…"}.
type Bytes string

// MarshalJSON implements json.Marshaler.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(b)) {
		return document.Marshal(string(b))
	}
	return document.Marshal(struct {
		Base64 string `json:"base64"`
	}{base64.StdEncoding.EncodeToString([]byte(b))})
}
