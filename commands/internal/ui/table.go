package ui

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"cachering/commands/internal/plain"
)

// Column heads a column of a table.
type Column struct {
	Name  string
	Right bool // numbers, which are never shortened
}

// Table prints rows: on a terminal aligned under their heads, names shortened in the
// middle where the width asks for it, and a record a row where even that does not fit;
// elsewhere one tab-separated line a row without heads, for cut and awk.
func (s *Streams) Table(columns []Column, rows [][]string) error {
	if !s.OutTerminal {
		for _, row := range rows {
			s.Line(row...)
		}
		return nil
	}
	return s.draw(columns, rows)
}

// Report is Table with its heads in a pipe too, for numbers that mean nothing
// without them.
func (s *Streams) Report(columns []Column, rows [][]string) error {
	if s.OutTerminal {
		return s.draw(columns, rows)
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	s.Line(names...)
	return s.Table(columns, rows)
}

// gap stands between columns, and between the fields of a line.
const gap = "  "

func (s *Streams) draw(columns []Column, rows [][]string) error {
	cells := make([][]string, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			cells[i] = append(cells[i], plain.Escape(cell, ""))
		}
	}
	fitted := fit(columns, cells, s.Width)
	if fitted == nil {
		s.records(columns, cells)
		return nil
	}
	heads := make([]string, len(columns))
	align := make(tw.Alignment, len(columns))
	for i, c := range columns {
		heads[i] = strings.ToUpper(c.Name)
		align[i] = tw.AlignLeft
		if c.Right {
			align[i] = tw.AlignRight
		}
	}
	var drawn bytes.Buffer
	t := tablewriter.NewTable(&drawn,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{
				Lines:      tw.LinesNone,
				Separators: tw.SeparatorsNone,
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align),
		tablewriter.WithPadding(tw.Padding{Right: gap, Overwrite: true}),
	)
	t.Header(heads)
	for _, row := range fitted {
		if err := t.Append(row); err != nil {
			return fmt.Errorf("table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	// A line that ends in blanks beyond the last column is broken by the terminal.
	for line := range strings.Lines(drawn.String()) {
		s.Out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return nil
}

// leastName is how wide a column of names stays, however narrow the terminal.
const leastName = 12

// fit returns rows that fit into width under their heads, the widest names shortened;
// nil where they do not fit, or rows would look alike that are not.
func fit(columns []Column, rows [][]string, width int) [][]string {
	widths := make([]int, len(columns))
	least := make([]int, len(columns))
	over := len(gap)*(len(columns)-1) - width
	for i, c := range columns {
		head := twwidth.Width(c.Name)
		widths[i] = head
		for _, row := range rows {
			widths[i] = max(widths[i], twwidth.Width(row[i]))
		}
		least[i] = widths[i]
		if !c.Right {
			least[i] = min(widths[i], max(head, leastName))
		}
		over += widths[i]
	}
	for ; over > 0; over-- {
		widest := -1
		for i := range columns {
			if widths[i] > least[i] && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return nil
		}
		widths[widest]--
	}
	fitted := make([][]string, len(rows))
	for i := range rows {
		fitted[i] = append(fitted[i], rows[i]...)
	}
	for i := range columns {
		column := make([]string, len(rows))
		for k, row := range rows {
			column[k] = row[i]
		}
		short := shorten(column, widths[i])
		if short == nil {
			return nil
		}
		for k := range fitted {
			fitted[k][i] = short[k]
		}
	}
	return fitted
}

// cut stands for what was left out of a name.
const cut = "…"

// shorten leaves out a part of each name that is wider than width: in the middle, or
// as near to it as names that differ still do; nil where they nowhere would.
func shorten(names []string, width int) []string {
	room := width - twwidth.Width(cut)
	for off := 0; off <= room/2-1; off++ {
		for _, head := range []int{room/2 - off, room/2 + off} {
			short := make([]string, len(names))
			was := map[string]string{}
			for i, name := range names {
				if short[i] = name; twwidth.Width(name) > width {
					short[i] = ends(name, head, room-head)
				}
				if other, seen := was[short[i]]; seen && other != name {
					short = nil
					break
				}
				was[short[i]] = name
			}
			if short != nil {
				return short
			}
		}
	}
	for _, name := range names {
		if twwidth.Width(name) > width {
			return nil
		}
	}
	return names
}

// ends is a name whose middle is left out: so much of its beginning and of its end.
func ends(name string, head, tail int) string {
	runes := []rune(name)
	i, j := 0, len(runes)
	for w := 0; i < j; i++ {
		if w += twwidth.Width(string(runes[i])); w > head {
			break
		}
	}
	for w := 0; j > i; j-- {
		if w += twwidth.Width(string(runes[j-1])); w > tail {
			break
		}
	}
	return string(runes[:i]) + cut + string(runes[j:])
}

// records prints each row as a paragraph: the name of a column, and its cell, shortened
// only where a word of it is wider than a line.
func (s *Streams) records(columns []Column, rows [][]string) {
	left := 0
	for _, c := range columns {
		left = max(left, twwidth.Width(c.Name)+len(gap))
	}
	for k := range columns {
		words := make([]string, len(rows))
		for i, row := range rows {
			words[i] = row[k]
		}
		if short := shorten(words, s.Width-left); short != nil {
			for i, row := range rows {
				if !strings.Contains(row[k], " ") {
					row[k] = short[i]
				}
			}
		}
	}
	for i, row := range rows {
		if i > 0 {
			s.Out.WriteString("\n")
		}
		for k, cell := range row {
			if cell != "" {
				name := columns[k].Name
				s.Under(name+strings.Repeat(" ", left-twwidth.Width(name)), cell)
			}
		}
	}
}
