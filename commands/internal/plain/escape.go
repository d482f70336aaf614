package plain

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Escape writes every character that could move a cursor or change a terminal
// as a Python escape: control characters, invisible and direction marks, bytes
// that are not UTF-8. The characters in keep stay as they are.
func Escape(s, keep string) string {
	clean := true
	for _, r := range s {
		if !harmless(r, keep) {
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
		case harmless(r, keep):
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

func harmless(r rune, keep string) bool {
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

// Quote shows a word in a sentence, on one line. Words that need no quotes get
// none.
func Quote(word string) string {
	shown := Escape(word, "")
	if word == "" || shown != word || strings.ContainsAny(word, " '\"") {
		return "'" + shown + "'"
	}
	return word
}
