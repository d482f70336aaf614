package ui

import (
	"strings"

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

// Item prints fields, separated by tabs, and ends them with a NUL. On a terminal they are
// escaped.
func (s *Streams) Item(fields ...string) {
	line := strings.Join(fields, "\t")
	if s.OutTerminal {
		line = plain.Escape(line, "\t")
	}
	s.Out.WriteString(line + "\x00")
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
