package ui

import (
	"cachering/commands/internal/plain"
	"context"
	"io"
	"strings"
)

// Ask writes a question to the terminal and returns the answer, blanks cut.
// Call it only where CanAsk says that somebody is there. The end of the input
// is an empty answer.
func (s *Streams) Ask(ctx context.Context, question string) (string, error) {
	s.Flush()
	s.mu.Lock()
	_, _ = io.WriteString(s.err, plain.Escape(question, "")+" ")
	s.mu.Unlock()
	var line []byte
	r := s.In.Reader(ctx)
	var c [1]byte
	for {
		n, err := r.Read(c[:])
		if n == 1 && c[0] == '\n' {
			break
		}
		line = append(line, c[:n]...)
		if err == io.EOF {
			s.Warn("") // the cursor stands behind the question
			break
		}
		if err != nil {
			s.Warn("")
			return "", err
		}
	}
	return strings.TrimSpace(string(line)), nil
}

// Confirm asks a question that yes answers; everything else is a no.
func (s *Streams) Confirm(ctx context.Context, question string) (bool, error) {
	answer, err := s.Ask(ctx, question+" [y/N]")
	if err != nil {
		return false, err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
