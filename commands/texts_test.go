package commands

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// text is a text of the program and where it stands.
type text struct {
	at    string
	words string
}

// programTexts are the strings in the source of the program, errors, hints, help and
// remedies among them, and the example of a configuration.
func programTexts(t *testing.T) []text {
	t.Helper()
	var all []text
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			if err == nil && d.IsDir() && (d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test")) {
				return fs.SkipDir
			}
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		var s scanner.Scanner
		s.Init(files.AddFile(path, -1, len(source)), source, nil, 0)
		for {
			at, tok, literal := s.Scan()
			if tok == token.EOF {
				return nil
			}
			if tok == token.STRING {
				if words, err := strconv.Unquote(literal); err == nil {
					all = append(all, text{files.Position(at).String(), words})
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	return append(all, text{"config.example.toml", string(example)})
}

// ofOthers are the texts that are command lines of another program, or what such a program
// is told, and the file whose flags are those of redis-cli.
var ofOthers = regexp.MustCompile(`^internal/doctor/cli\.go|redis-cli|--askpass|kubectl|complete -|compadd`)

// saidOf are words that follow the name of the program in a sentence about it.
var saidOf = strings.Fields(`administers checkpoint journal configuration write writes reads`)

// naming finds in texts what names commands and flags.
type naming struct {
	program              *command
	flag, called, joined *regexp.Regexp
}

func newNaming(program *command) *naming {
	var paths []string
	program.each(func(c *command) {
		if c != program {
			paths = append(append(paths, c.path()), c.aliases...)
		}
	})
	slices.SortFunc(paths, func(a, b string) int { return len(b) - len(a) }) // the longest first
	return &naming{program,
		regexp.MustCompile(`(?:^|[\s(\x60'"|=])--([a-z][a-z0-9-]*)`),
		regexp.MustCompile(`\bcachering (?:--(?:config|cache|socket-timeout)[ =]\S+ )*([a-z][a-z-]*)(?: ([a-z][a-z-]*))?`),
		regexp.MustCompile(`(?:^|[^a-z_.-])(` + strings.Join(paths, "|") + `) --([a-z][a-z0-9-]*)`),
	}
}

// wrong are the names in a text that are none of the program's.
func (n *naming) wrong(text string) (wrong []string) {
	text, _, _ = strings.Cut(text, " -- ") // behind it are arguments
	for _, m := range n.flag.FindAllStringSubmatch(text, -1) {
		if name := m[1]; anyFlag(n.program, name) == nil && n.program.flag(name) == nil && name != "help" && name != "version" {
			wrong = append(wrong, "--"+name)
		}
	}
	for _, m := range n.called.FindAllStringSubmatch(text, -1) {
		c := n.program.sub(m[1])
		switch {
		case m[1] == "help":
			if _, ok := findTopic(m[2]); m[2] != "" && !ok && n.program.sub(m[2]) == nil {
				wrong = append(wrong, "help "+m[2])
			}
		case c == nil && !slices.Contains(saidOf, m[1]):
			wrong = append(wrong, m[1])
		case c != nil && c.subs != nil && m[2] != "" && c.sub(m[2]) == nil:
			wrong = append(wrong, m[1]+" "+m[2])
		}
	}
	for _, m := range n.joined.FindAllStringSubmatch(text, -1) {
		c := n.program
		for _, word := range strings.Fields(m[1]) {
			c = c.sub(word)
		}
		if c.subs == nil && c.flag(m[2]) == nil && n.program.flag(m[2]) == nil && m[2] != "help" {
			wrong = append(wrong, m[1]+" --"+m[2])
		}
	}
	return wrong
}

// No text of the program names a command or a flag that it does not have, nor a flag with a
// command that does not take it. Those of the README and the guides are held by TestReadme.
func TestTextsNameWhatThereIs(t *testing.T) {
	n := newNaming(root(testSession(t)))
	for _, text := range programTexts(t) {
		if ofOthers.MatchString(text.at) || ofOthers.MatchString(text.words) {
			continue
		}
		for _, name := range n.wrong(text.words) {
			t.Errorf("%s names %s, which there is not: %q", text.at, name, text.words)
		}
	}
	for said, want := range map[string]string{
		"try cachering frobnicate":                      "frobnicate",
		"cachering --config a.toml ring lokate KEY":     "ring lokate",
		"hint: cachering help mooving tells":            "help mooving",
		"no key; --stroed explains it":                  "--stroed",
		"clear --by 3 would do":                         "clear --by",
		"cachering get-or-set k -- ./program --of-it":   "",
		"cachering keys --ttl-over 1h | delete - -0 -n": "",
		"restore --undo, or touch --ttl 5":              "",
		"cachering --help lists the commands":           "",
	} {
		if got := strings.Join(n.wrong(said), ", "); got != want {
			t.Errorf("%q: wrong is %q, want %q", said, got, want)
		}
	}
}
