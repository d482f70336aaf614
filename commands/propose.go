package commands

import (
	"slices"
	"strings"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/config"
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

// remedy is advice as a line for people, whose commands are for a shell: those of
// this program for the cache at hand.
func (s *session) remedy(file *config.File, cache *config.Cache, parts []advice.Part) string {
	var b strings.Builder
	for _, part := range parts {
		switch p := part.(type) {
		case advice.Text:
			b.WriteString(string(p))
		case advice.Shell:
			b.WriteString(shellLine(p))
		case advice.Command:
			if s.global.config != "" {
				p.Flags = append(slices.Clone(p.Flags), advice.Set("config", string(s.global.config)))
			}
			if len(file.Caches) > 1 {
				p.Flags = append(slices.Clone(p.Flags), advice.Set("cache", cache.Alias))
			}
			b.WriteString(shellLine(append([]string{"cachering"}, typed(p)...)))
		}
	}
	return b.String()
}
