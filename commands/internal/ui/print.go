package ui

import (
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"cachering/commands/internal/document"
)

// Document prints v as one JSON document on a line of its own.
func (s *Streams) Document(v any) error {
	line, err := document.Marshal(v)
	if err != nil {
		return err
	}
	s.Out.Write(append(line, '\n'))
	return nil
}

// Line prints fields separated by tabs. On a terminal each is escaped.
func (s *Streams) Line(fields ...string) {
	for i, f := range fields {
		if i > 0 {
			s.Out.WriteString("\t")
		}
		if s.OutTerminal {
			f = Escape(f, "")
		}
		s.Out.WriteString(f)
	}
	s.Out.WriteString("\n")
}

// Column heads a column of a table.
type Column struct {
	Name  string
	Right bool // numbers
}

// Table prints rows: aligned under their heads on a terminal, elsewhere one
// tab-separated line a row without heads, for cut and awk.
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

func (s *Streams) draw(columns []Column, rows [][]string) error {
	heads := make([]string, len(columns))
	align := make(tw.Alignment, len(columns))
	for i, c := range columns {
		heads[i] = strings.ToUpper(c.Name)
		align[i] = tw.AlignLeft
		if c.Right {
			align[i] = tw.AlignRight
		}
	}
	t := tablewriter.NewTable(s.Out,
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
		tablewriter.WithPadding(tw.Padding{Right: "  ", Overwrite: true}),
	)
	t.Header(heads)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = Escape(cell, "")
		}
		if err := t.Append(cells); err != nil {
			return fmt.Errorf("table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return nil
}
