package commands

import (
	"strings"
	"unicode/utf8"

	"cachering/commands/internal/ui"
)

// printTopic answers help TOPIC.
func printTopic(s *session, name string) error {
	t, _ := findTopic(name)
	width := helpWidth
	if s.ui.OutTerminal {
		width = min(s.ui.Width, 100)
	}
	return s.helped(t.show(width))
}

// show is the guide as lines of a width, for people. What is to be typed stays whole.
func (t topic) show(width int) string {
	var b strings.Builder
	for _, line := range ui.Wrap(t.name+": "+t.about, width) {
		b.WriteString(line + "\n")
	}
	for i, p := range t.text {
		if i == 0 || p.kind != bullet || t.text[i-1].kind != bullet {
			b.WriteString("\n")
		}
		switch p.kind {
		case verbatim:
			for _, line := range p.lines {
				b.WriteString(strings.TrimRight("    "+line, " ") + "\n")
			}
		case table:
			showTable(&b, p.rows, width)
		case bullet:
			mark, text, _ := strings.Cut(p.text, " ")
			for i, line := range ui.Wrap(text, width-len(mark)-1) {
				if i > 0 {
					mark = strings.Repeat(" ", len(mark))
				}
				b.WriteString(mark + " " + line + "\n")
			}
		default:
			for _, line := range ui.Wrap(strings.ReplaceAll(p.text, "**", ""), width) {
				b.WriteString(line + "\n")
			}
		}
	}
	return b.String()
}

// showTable prints rows in columns, the head in capitals as those of tables are. The last
// column is broken at blanks, and each stands under the others where they are too wide.
func showTable(b *strings.Builder, rows [][]string, width int) {
	const gap = 2
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	left := 0
	for _, w := range widths[:len(widths)-1] {
		left += w + gap
	}
	for r, row := range rows {
		if r == 0 {
			for i := range row {
				row[i] = strings.ToUpper(row[i])
			}
		}
		if left > width/2 { // each cell by itself
			for i, cell := range row {
				for j, line := range ui.Wrap(cell, width-2*gap) {
					indent := 0
					if i > 0 {
						indent += gap
					}
					if j > 0 {
						indent += gap
					}
					b.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+line, " ") + "\n")
				}
			}
			continue
		}
		line := ""
		for i, cell := range row[:len(row)-1] {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap)
		}
		for i, part := range ui.Wrap(row[len(row)-1], width-left) {
			if i > 0 {
				line = strings.Repeat(" ", left)
			}
			b.WriteString(strings.TrimRight(line+part, " ") + "\n")
		}
	}
}
