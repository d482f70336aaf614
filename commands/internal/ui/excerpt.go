package ui

import (
	"bytes"
	"unicode/utf8"
)

// leftOver are the lines of a screen that an excerpt leaves for what is said of it and
// for the prompt.
const leftOver = 4

// Excerpt keeps of what is written to it as much as a screen shows, and counts the rest.
type Excerpt struct {
	kept   bytes.Buffer
	width  int
	rows   int
	row    int
	column int
}

// Excerpt is one for this terminal.
func (s *Streams) Excerpt() *Excerpt {
	return &Excerpt{width: s.Width, rows: max(1, s.Height-leftOver)}
}

// Write implements io.Writer; it never fails.
func (e *Excerpt) Write(p []byte) (int, error) {
	for _, c := range p {
		switch {
		case c == '\n':
			e.row, e.column = e.row+1, 0
			if e.row == e.rows {
				continue // it would begin a line that is not shown
			}
		case utf8.RuneStart(c):
			if e.column == e.width {
				e.row, e.column = e.row+1, 0
			}
			e.column++
		}
		if e.row < e.rows {
			e.kept.WriteByte(c)
		}
	}
	return len(p), nil
}

// Shown is what fits on the screen, and how many lines more there are.
func (e *Excerpt) Shown() (text []byte, more int) { return e.kept.Bytes(), max(0, e.row+1-e.rows) }
