package commands

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// TestShellLineInShells: each shell reads back the words of a command that is proposed.
// Control characters and bytes that are no text are told to bash, zsh, ksh and busybox
// alone: dash knows no escapes.
func TestShellLineInShells(t *testing.T) {
	trials.Optional(t, "shells")
	random := trials.Rand(t)
	for name, shell := range trials.Shells() {
		t.Run(name, func(t *testing.T) {
			if shell == nil {
				t.Skip(trials.NotHad + name)
			}
			alphabet := []string{"a", "Z", "0", " ", "'", `"`, "\\", "$", "`", "!", "*", "?", "[", "]", "{", "}", "~", "#", "&", ";", "|", "<", ">", "(", ")", "=", "^", "%", "-", "é", "☃", ":1:"}
			if name != "dash" {
				alphabet = append(alphabet, "\n", "\t", "\r", "\x01", "\x7f", "\xff", "\xc3", "\u0085")
			}
			words := make([]string, 400)
			for i := range words {
				for range random.IntN(8) {
					words[i] += alphabet[random.IntN(len(alphabet))]
				}
			}
			if got := read(t, shell, words); !slices.Equal(got, words) {
				for i := range words {
					if i >= len(got) || got[i] != words[i] {
						t.Fatalf("%s is read as %q, want %q", shellWordOf(words[i]), append(got, make([]string, len(words))...)[i], words[i])
					}
				}
			}
		})
	}
}

// read has a shell read a line of words.
func read(t *testing.T, shell, words []string) []string {
	t.Helper()
	line := `printf '%s\0' ` + shellLine(words)
	out, err := exec.Command(shell[0], append(shell[1:], "-c", line)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}
