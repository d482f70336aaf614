package ui

import (
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"cachering/commands/internal/document"
	"cachering/commands/internal/plain"
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
			f = plain.Escape(f, "")
		}
		s.Out.WriteString(f)
	}
	s.Out.WriteString("\n")
}

// Item prints a key and ends it with a NUL. On a terminal it is escaped.
func (s *Streams) Item(key string) {
	if s.OutTerminal {
		key = plain.Escape(key, "")
	}
	s.Out.WriteString(key + "\x00")
}

// Obstacle is what would keep a program that reads fields separated by tabs, or
// one alone, up to an end from finding them as they are: empty where nothing
// would, and on a terminal, where a person reads. end is a line feed, or the NUL
// of Item.
func (s *Streams) Obstacle(end byte, fields ...string) string {
	if s.OutTerminal {
		return ""
	}
	for _, f := range fields {
		switch {
		case strings.IndexByte(f, end) >= 0 && end == 0:
			return "a NUL would end it early"
		case strings.IndexByte(f, end) >= 0:
			return "a line feed would end its line early"
		case len(fields) > 1 && strings.IndexByte(f, '\t') >= 0:
			return "a tab would end its field early"
		}
	}
	if len(fields) == 1 && fields[0] == "" {
		return "what reads keys passes over an empty one" // as Items.Next does
	}
	return ""
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
			cells[i] = plain.Escape(cell, "")
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
