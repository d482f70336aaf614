package commands

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/config"
)

// candidate is a word that may come next on a command line, and what it means. One that
// is no word stands for names of files, which shells know themselves.
type candidate struct{ word, about string }

// Names of files are wanted, or of directories.
const (
	fileNames = "file"
	dirNames  = "dir"
)

// guess is what is known of a command line that is still being typed.
type guess struct {
	s       *session
	root    *command
	command *command
	flags   []setFlag
	args    int
	help    bool     // it asks for help
	only    bool     // behind --: arguments alone follow
	pending cli.Flag // whose value comes next
}

// newGuess reads the words that are there. What cannot be read is passed over: somebody
// is still typing.
func newGuess(s *session, root *command, words []string) *guess {
	g := &guess{s: s, root: root, command: root}
	for i := 0; i < len(words); i++ {
		if single := singly(g.command, root, words[i]); single != nil && g.pending == nil && !g.only {
			words = slices.Concat(words[:i], single, words[i+1:])
		}
		g.read(words[i])
	}
	return g
}

func (g *guess) read(word string) {
	switch {
	case g.pending != nil:
		g.flags = append(g.flags, setFlag{flag: g.pending, name: flagNames(g.pending)[0], value: word})
		g.pending = nil
	case g.only:
		g.args++
	case word == "--":
		g.only = true
	case word == "--help" || word == "-h":
		g.help = true
	case isFlag(g.command, g.root, word):
		f, err := readFlag(g.command, g.root, word)
		switch {
		case err != nil:
		case takesValue(f.flag) && !f.hasValue:
			g.pending = f.flag
		default:
			g.flags = append(g.flags, f)
		}
	case g.command == g.root && word == "help" && g.args == 0:
		g.help = true
	default:
		if sub := g.command.sub(word); sub != nil && g.args == 0 {
			g.command = sub
		} else {
			g.args++
		}
	}
}

// complete is what may stand in the place of a word that has been begun.
func (g *guess) complete(ctx context.Context, begun string) []candidate {
	var all []candidate
	name, value, assigned := strings.Cut(begun, "=")
	switch {
	case g.pending != nil:
		all = g.values(g.pending, begun)
	case !g.only && assigned && strings.HasPrefix(name, "--"):
		if f, err := readFlag(g.command, g.root, name); err == nil && takesValue(f.flag) {
			for _, c := range g.values(f.flag, value) {
				if c.word != "" {
					c.word = name + "=" + c.word
				}
				all = append(all, c)
			}
		}
	case !g.only && strings.HasPrefix(begun, "-"):
		all = g.names()
	case g.command.subs != nil && g.args == 0 && !g.only:
		all = g.subs()
	case g.command.subs == nil && !g.help:
		all = g.arguments(ctx, begun)
	}
	return slices.DeleteFunc(all, func(c candidate) bool { return c.word != "" && !strings.HasPrefix(c.word, begun) })
}

// names are the flags that may come next; those given already are left out.
func (g *guess) names() []candidate {
	all := []candidate{{"--help", "tells of the command"}}
	if g.help {
		return nil
	}
	flags := g.root.flags
	if g.command != g.root {
		flags = slices.Concat(g.command.flags, flags)
	} else {
		all = append(all, candidate{"--version", "prints the version of the program"})
	}
	for _, f := range flags {
		name := flagNames(f)[0]
		if slices.ContainsFunc(g.flags, func(given setFlag) bool { return given.name == name }) && !repeats(f) {
			continue
		}
		word := "--" + name
		if len(name) == 1 {
			word = "-" + name
		}
		_, usage := placeholder(f)
		all = append(all, candidate{word, usage})
	}
	return all
}

// subs are the commands, and topics of help, that may come next.
func (g *guess) subs() []candidate {
	var all []candidate
	for _, c := range g.command.subs {
		for _, name := range append([]string{c.name}, c.aliases...) {
			all = append(all, candidate{name, c.short})
		}
	}
	switch {
	case g.command != g.root:
	case g.help:
		for _, t := range topics() {
			all = append(all, candidate{t.name, t.about})
		}
	default:
		all = append(all, candidate{"help", "tells of a command or topic"})
	}
	return all
}

// values are those that a flag may have, by what its help calls them.
func (g *guess) values(f cli.Flag, begun string) []candidate {
	if generic, ok := f.(*cli.GenericFlag); ok {
		switch of := generic.Value.(type) {
		case *choice:
			return wordsOf("", of.of...)
		case *py2Strings:
			return wordsOf("", py2Policies()...)
		}
	}
	value, _ := placeholder(f)
	listed := begun[:strings.LastIndex(begun, ",")+1] // of several, those before
	switch kind, _, _ := strings.Cut(value, "|"); {
	case value == "FILE":
		return []candidate{{"", fileNames}}
	case value == "DIR":
		return []candidate{{"", dirNames}}
	case value == "CODEC":
		return codecWords(begun)
	case value == "ALIAS":
		return g.aliases()
	case kind == "NAME" && strings.Contains(value, ","):
		return wordsOf(listed, g.shards()...)
	case kind == "NAME":
		return wordsOf("", g.shards()...)
	case value == "OLD=NEW":
		var all []string
		for _, shard := range g.shards() {
			all = append(all, shard+"=")
		}
		return wordsOf("", all...)
	case strings.ToLower(value) == value && strings.Contains(value, ","):
		left := slices.DeleteFunc(strings.Split(value, ","), func(name string) bool { return slices.Contains(strings.Split(listed, ","), name) })
		return wordsOf(listed, left...)
	case strings.Contains(value, "|"):
		return wordsOf("", spelled(value)...)
	}
	return nil
}

// spelled are, of alternatives, those that are words and not names of words.
func spelled(alternatives string) []string {
	return slices.DeleteFunc(strings.Split(alternatives, "|"), func(name string) bool { return strings.ToLower(name) != name })
}

func wordsOf(head string, list ...string) (all []candidate) {
	for _, w := range list {
		all = append(all, candidate{head + w, ""})
	}
	return all
}

// codecWords are codecs: serializers, protocols of pickle and, behind a +, compressors;
// these too once the serializer is known.
func codecWords(begun string) []candidate {
	compressed := func(head string) (list []string) {
		for _, c := range codec.Compressors() {
			list = append(list, head+"+"+string(c))
		}
		return list
	}
	if head, _, ok := strings.Cut(begun, "+"); ok {
		return wordsOf("", compressed(head)...)
	}
	var fit []string
	for _, name := range codec.Serializers() {
		fit = append(fit, string(name))
		if name == codec.Pickle {
			for _, protocol := range []string{"0", "1", "2", "3", "4", "5", "highest"} {
				fit = append(fit, string(name)+":"+protocol)
			}
		}
	}
	fit = slices.DeleteFunc(fit, func(name string) bool { return !strings.HasPrefix(name, begun) })
	if len(fit) == 1 {
		fit = append(fit, compressed(fit[0])...)
	}
	return wordsOf("", fit...)
}

// arguments are those of the command: files, words of which one is wanted, and keys where
// they are asked for.
func (g *guess) arguments(ctx context.Context, begun string) []candidate {
	before, behind, ends := strings.Cut(g.command.args, " -- ")
	places := strings.Fields(before)
	if ends && g.only {
		places = append(places, behind)
	}
	if len(places) == 0 || g.args >= len(places) && !strings.HasSuffix(places[len(places)-1], "…") {
		return nil
	}
	place := places[min(g.args, len(places)-1)]
	switch place = strings.TrimSuffix(strings.Trim(place, "[]"), "…"); place {
	case "KEY":
		return g.keys(ctx, begun)
	case "FILE", "COMMAND":
		return []candidate{{"", fileNames}}
	case "DIR":
		return []candidate{{"", dirNames}}
	}
	if strings.Contains(place, "|") {
		return wordsOf("", spelled(place)...)
	}
	return nil
}

func (g *guess) aliases() []candidate {
	file, _ := g.file()
	if file == nil {
		return nil
	}
	var all []candidate
	for _, c := range file.Caches {
		all = append(all, candidate{c.Alias, c.Backend})
	}
	return all
}

// shards are the names of those of the cache, each once.
func (g *guess) shards() []string {
	_, cache := g.file()
	if cache == nil {
		return nil
	}
	var all []string
	for i, name := range cache.Locations() {
		if cache.Duplicate(i) == i {
			all = append(all, name)
		}
	}
	return all
}

// file is the configuration that the line chooses and its cache; nil where there is none.
func (g *guess) file() (*config.File, *config.Cache) {
	of := &session{ui: g.s.ui, env: g.s.env}
	for _, f := range g.flags {
		switch f.name {
		case "config":
			of.global.config = word(g.expand(f.value))
		case "cache":
			of.global.cache = word(f.value)
		}
	}
	file, err := of.file()
	if err != nil {
		return nil, nil
	}
	cache, err := of.cacheOf(file)
	if err != nil {
		return file, nil
	}
	return file, cache
}

// expand does for the name of a file what the shell will do once the line is whole.
func (g *guess) expand(path string) string {
	if strings.HasPrefix(path, "~/") {
		path = "$HOME" + path[1:]
	}
	return os.Expand(path, g.s.getenv)
}
