package commands

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// shellLine puts words into a line that a shell reads back as them.
func shellLine(words []string) string { return strings.Join(shellWords(words), " ") }

// shellWords are words as a shell reads each of them back.
func shellWords(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellWordOf(w)
	}
	return quoted
}

// shellWordOf quotes a word where that is needed. Control characters and bytes
// that are no text are written as escapes in $'…', which bash, zsh and ksh read: in octal,
// which ends after three digits, where ksh and mksh read on behind \x and two.
func shellWordOf(w string) string {
	plain := w != ""
	text := utf8.ValidString(w)
	for _, r := range w {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@=,+%", r) {
			plain = false
		}
		text = text && r >= ' ' && r != 0x7f && (r < 0x80 || r > 0x9f)
	}
	switch {
	case plain:
		return w
	case text:
		return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(w) {
		switch c := w[i]; {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	b.WriteString("'")
	return b.String()
}
