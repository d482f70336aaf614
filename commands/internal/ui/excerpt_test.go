package ui_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"cachering/commands/internal/ui"
)

func TestExcerpt(t *testing.T) {
	s := ui.New(strings.NewReader(""), io.Discard, io.Discard)
	s.Width, s.Height = 10, 7 // three lines for an answer
	for _, tc := range []struct {
		text, want string
		more       int
	}{
		{"", "", 0},
		{"a\nb\nc", "a\nb\nc", 0},
		{"a\nb\nc\nd", "a\nb\nc", 1},
		{"a\nb\nc\nd\ne", "a\nb\nc", 2},
		{strings.Repeat("x", 30), strings.Repeat("x", 30), 0},
		{strings.Repeat("x", 31), strings.Repeat("x", 30), 1},
		{strings.Repeat("é", 45), strings.Repeat("é", 30), 2},
		{"a\n" + strings.Repeat("x", 25) + "\nb", "a\n" + strings.Repeat("x", 20), 2},
	} {
		e := s.Excerpt()
		for i := range len(tc.text) { // however it comes
			fmt.Fprint(e, tc.text[i:i+1])
		}
		if text, more := e.Shown(); string(text) != tc.want || more != tc.more {
			t.Errorf("%q: got %q, %d more; want %q, %d", tc.text, text, more, tc.want, tc.more)
		}
	}
}
