package ui

import "strings"

// A Style is how a word looks on a terminal that shows colours.
type Style string

// The styles: few, and none without a word that says the same.
const (
	Bad     Style = "\x1b[31m" // red
	Doubt   Style = "\x1b[33m" // yellow
	text    Style = "\x1b[32m" // green
	number  Style = "\x1b[36m" // cyan
	keyword Style = "\x1b[35m" // magenta

	plainAgain = "\x1b[0m"
)

// Paint is words in a style where standard output shows colours. What is painted was
// escaped before, and its width is that of the words.
func (s *Streams) Paint(style Style, words string) string {
	if !s.Color || words == "" {
		return words
	}
	return string(style) + words + plainAgain
}

// Literals is text in Python's notation with its literals in colour: strings, numbers and
// the constants.
func (s *Streams) Literals(notation string) string {
	if !s.Color {
		return notation
	}
	var b strings.Builder
	for i := 0; i < len(notation); {
		n, style := literal(notation[i:])
		if style == "" {
			b.WriteString(notation[i : i+n])
		} else {
			b.WriteString(s.Paint(style, notation[i:i+n]))
		}
		i += n
	}
	return b.String()
}

// literal is how long the word is that text begins with, and its style, "" if it is no
// literal. A string that is cut short ends with its line.
func literal(of string) (n int, style Style) {
	for n < len(of) && inWord(of[n]) {
		n++
	}
	if n < len(of) && (of[n] == '\'' || of[n] == '"') && n <= 1 {
		quote := of[n]
		for n++; n < len(of) && of[n] != '\n'; n++ {
			if of[n] == '\\' && n+1 < len(of) {
				n++
			} else if of[n] == quote {
				return n + 1, text
			}
		}
		return n, text
	}
	switch word := of[:n]; {
	case n == 0:
		return 1, ""
	case word == "None" || word == "True" || word == "False":
		return n, keyword
	case word[0] >= '0' && word[0] <= '9':
		for n+1 < len(of) && (of[n] == '.' || (of[n] == '+' || of[n] == '-') && of[n-1] == 'e') && inWord(of[n+1]) {
			for n++; n < len(of) && inWord(of[n]); n++ {
			}
		}
		return n, number
	}
	return n, ""
}

// inWord reports whether a byte is one of a name or a number.
func inWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
