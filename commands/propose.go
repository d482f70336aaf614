package commands

import (
	"strings"

	"cachering/commands/internal/advice"
)

// typed is a proposed command as it is typed behind the program's name.
func typed(c advice.Command) []string {
	words := strings.Fields(c.Path)
	for _, f := range c.Flags {
		switch {
		case !f.Valued:
			words = append(words, "--"+f.Name)
		case looksLikeFlag(f.Value):
			words = append(words, "--"+f.Name+"="+f.Value)
		default:
			words = append(words, "--"+f.Name, f.Value)
		}
	}
	for _, arg := range c.Args {
		if strings.HasPrefix(arg, "-") {
			words = append(words, "--")
			break
		}
	}
	return append(words, c.Args...)
}

// begin begins a command line with the configuration and the cache in force, where
// flags chose them; other tells that the command names a cache itself.
func (s *session) begin(other bool) []string {
	words := []string{"cachering"}
	if s.global.config != "" {
		words = append(words, "--config", string(s.global.config))
	}
	if s.global.cache != "" && !other {
		words = append(words, "--cache", string(s.global.cache))
	}
	return words
}
