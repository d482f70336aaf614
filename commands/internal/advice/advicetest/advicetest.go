// Package advicetest holds advice against the program: what is proposed must be a
// command line that it takes. Tests alone import it.
package advicetest

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"cachering/commands"
	"cachering/commands/internal/advice"
)

// Takes fails the test unless the program takes a command with its flags and
// arguments.
func Takes(tb testing.TB, c advice.Command) {
	tb.Helper()
	words := strings.Fields(c.Path)
	for _, f := range c.Flags {
		word := "--" + f.Name
		if f.Valued {
			word += "=" + f.Value
		}
		words = append(words, word)
	}
	TakesWords(tb, append(append(words, "--"), c.Args...))
}

// TakesWords is Takes of a command line without the program's name, which names no
// configuration. Nothing is done: what the program takes gets as far as a
// configuration that is not there.
func TakesWords(tb testing.TB, words []string) {
	tb.Helper()
	absent := filepath.Join(tb.TempDir(), "absent.toml")
	var errs strings.Builder
	commands.Main(append([]string{"cachering", "--config", absent}, words...), strings.NewReader(""), io.Discard, &errs)
	if !strings.Contains(errs.String(), absent) {
		tb.Errorf("proposed is %q, and the program says: %s", words, errs.String())
	}
}
