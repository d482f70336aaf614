package ui

import (
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"cachering/commands/internal/plain"
)

// Line prints fields: separated by tabs for a program, by blanks for a person, who
// gets them on several lines where one is too narrow. On a terminal each is escaped,
// and stays in one piece: it may be a key.
func (s *Streams) Line(fields ...string) {
	if !s.OutTerminal {
		s.Out.WriteString(strings.Join(fields, "\t") + "\n")
		return
	}
	line := ""
	for i, f := range fields {
		f = plain.Escape(f, "")
		switch {
		case i == 0:
			line = f
		case twwidth.Width(line+gap+f) > s.Width:
			s.Out.WriteString(line + "\n")
			line = gap + f
		default:
			line += gap + f
		}
	}
	s.Out.WriteString(line + "\n")
}

// Sentence prints words for people, broken at blanks on a terminal.
func (s *Streams) Sentence(text string) { s.Under("", text) }

// Under prints fields behind a label, under whose end they go on where a terminal is
// too narrow for one line. Elsewhere the label is a field like others.
func (s *Streams) Under(label string, fields ...string) {
	if !s.OutTerminal {
		if name := strings.TrimSpace(label); name != "" {
			fields = append([]string{name}, fields...)
		}
		s.Line(fields...)
		return
	}
	hang := strings.Repeat(" ", twwidth.Width(label))
	var lines []string
	line, empty := label, true
	for _, f := range fields {
		f = plain.Escape(f, "")
		if !empty && twwidth.Width(line+gap+f) > s.Width {
			lines = append(lines, line)
			line, empty = hang, true
		}
		if !empty {
			line += gap
		}
		parts := Wrap(f, s.Width-twwidth.Width(line))
		for _, part := range parts[:len(parts)-1] {
			lines = append(lines, line+part)
			line = hang
		}
		line += parts[len(parts)-1]
		empty = false
	}
	s.lines(append(lines, line))
}

// CommandUnder prints the words of a command, each quoted for a shell, behind a label. What
// goes on in another line on a terminal is still one command to whoever pastes it.
func (s *Streams) CommandUnder(label string, words []string) {
	if line := label + strings.Join(words, " "); !s.OutTerminal || twwidth.Width(line) <= s.Width {
		s.Under(label, strings.Join(words, " "))
		return
	}
	const onward = ` \`
	hang := strings.Repeat(" ", twwidth.Width(label)+len(gap))
	var lines []string
	line := label
	for i, word := range words {
		word = plain.Escape(word, "")
		switch {
		case i == 0:
			line += word
		case twwidth.Width(line)+1+twwidth.Width(word)+len(onward) > s.Width && strings.TrimSpace(line) != "":
			lines = append(lines, line+onward)
			line = hang + word
		default:
			line += " " + word
		}
	}
	s.lines(append(lines, line))
}

func (s *Streams) lines(lines []string) {
	for _, line := range lines {
		s.Out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// Wrap breaks a text at blanks into lines of at most width columns, but for a word
// that is wider; there is at least one line. Blanks within a line stay as they are.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.SplitAfter(text, " ") {
		if fits := strings.TrimRight(line+word, " "); line != "" && strings.TrimSpace(word) != "" && twwidth.Width(fits) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
		line += word
	}
	return append(lines, strings.TrimRight(line, " "))
}

// beginsCommand is where a sentence ends and a command of this program begins.
const beginsCommand = ": cachering "

// told are the lines of a message for a person: broken at blanks, but for a command that
// it ends in, which is to be pasted.
func (s *Streams) told(label, text string) []string {
	if !s.ErrTerminal || twwidth.Width(label+text) <= s.Width {
		return []string{label + text}
	}
	hang := gap
	if label != "" {
		hang = strings.Repeat(" ", twwidth.Width(label))
	}
	command := ""
	if i := strings.LastIndex(text, beginsCommand); i >= 0 {
		text, command = text[:i+1], text[i+2:]
	}
	var lines []string
	for i, line := range Wrap(text, s.Width-twwidth.Width(hang)) {
		switch {
		case i > 0:
			line = hang + line
		case label != "":
			line = label + line
		}
		lines = append(lines, line)
	}
	if command != "" {
		lines = append(lines, hang+command)
	}
	return lines
}

// Fits reports whether a line is no wider than the terminal.
func (s *Streams) Fits(line string) bool { return twwidth.Width(plain.Escape(line, "")) <= s.Width }
