package commands

import "testing"

func TestShellLine(t *testing.T) {
	for _, tc := range []struct{ word, want string }{
		{"user:42", "user:42"},
		{"", "''"},
		{"a b", "'a b'"},
		{"it's", `'it'\''s'`},
		{"$HOME*", "'$HOME*'"},
		{"é", "'é'"},
		{"~", "'~'"},
		{"a\nb'\\", `$'a\012b\'\\'`},
		{"\xff", `$'\377'`},
	} {
		if got := shellLine([]string{tc.word}); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.word, got, tc.want)
		}
	}
}
