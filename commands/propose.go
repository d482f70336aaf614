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

// remedy is advice for people: what follows one another in it, words or a command.
type remedy []saying

// saying is words for people, or those of a command, each quoted for a shell.
type saying struct {
	text    string
	command []string
}

// String is the remedy as one line.
func (r remedy) String() string {
	var b strings.Builder
	for _, part := range r {
		b.WriteString(part.text + strings.Join(part.command, " "))
	}
	return b.String()
}

// remedy is advice whose commands are for a shell: those of this program for the cache
// at hand.
func (s *session) remedy(file *config.File, cache *config.Cache, parts []advice.Part) remedy {
	var out remedy
	for _, part := range parts {
		switch p := part.(type) {
		case advice.Text:
			out = append(out, saying{text: string(p)})
		case advice.Shell:
			out = append(out, saying{command: shellWords(p)})
		case advice.Command:
			if s.global.config != "" {
				p.Flags = append(slices.Clone(p.Flags), advice.Set("config", string(s.global.config)))
			}
			if len(file.Caches) > 1 {
				p.Flags = append(slices.Clone(p.Flags), advice.Set("cache", cache.Alias))
			}
			out = append(out, saying{command: shellWords(append([]string{"cachering"}, typed(p)...))})
		}
	}
	return out
}

// showRemedy prints a remedy on a terminal behind a label: in one line, or, where that is too
// narrow, each command by itself, to be pasted.
func (s *session) showRemedy(label string, r remedy) {
	if line := r.String(); s.ui.Fits(label + line) {
		s.ui.Sentence(label + line)
		return
	}
	const and = "&&" // joins two commands into one line
	var line []string
	for i, part := range r {
		joins := strings.TrimSpace(part.text) == and
		if joins {
			line = append(line, and)
		}
		line = append(line, part.command...)
		if joins || part.command != nil && i+1 < len(r) && strings.TrimSpace(r[i+1].text) == and {
			continue
		}
		if part.command != nil {
			s.ui.CommandUnder(label, line)
			line = nil
		} else if text := strings.TrimSpace(part.text); text != "" {
			s.ui.Under(label, text)
		} else {
			continue
		}
		label = strings.Repeat(" ", len(label))
	}
}
