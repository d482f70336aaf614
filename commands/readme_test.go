package commands

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cachering/commands/internal/ui"
)

// What the README and the guides say must exist: a flag that they name is one that some
// command takes, a heading or file that they link to is there, and the README's list of
// contents has all. Their examples are run by TestReadmeRuns.
func TestReadme(t *testing.T) {
	guides, err := filepath.Glob("topics/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts, headings := map[string][]string{}, map[string][]string{}
	for _, path := range append([]string{"../README.md"}, guides...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = strings.Split(string(text), "\n")
		outside(texts[path], func(_ int, line string) {
			if m := regexp.MustCompile(`^##+ (.*)`).FindStringSubmatch(line); m != nil {
				// The anchor that GitHub and others make of a heading.
				headings[path] = append(headings[path], strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
			}
		})
	}
	if n := len(texts["../README.md"]); n > 250 {
		t.Errorf("README.md has %d lines: it is for the newcomer; detail belongs into a guide", n)
	}
	program := root(testSession(t))
	var contents []string
	for path, lines := range texts {
		begun := false
		outside(lines, func(i int, line string) {
			begun = begun || strings.HasPrefix(line, "## ")
			for _, code := range regexp.MustCompile("`[^`]+`").FindAllString(line, -1) {
				for _, flag := range regexp.MustCompile(`(?:^|[\s\x60|])--([a-z][a-z0-9-]*)`).FindAllStringSubmatch(code, -1) {
					if anyFlag(program, flag[1]) == nil && program.flag(flag[1]) == nil && flag[1] != "help" && flag[1] != "version" {
						t.Errorf("%s:%d: no command takes --%s", path, i+1, flag[1])
					}
				}
				for _, words := range invocations(strings.Trim(code, "`")) {
					_, err := arrange(root(testSession(t)), words)
					var usage *usageError
					if errors.As(err, &usage) && (strings.HasPrefix(usage.msg, "no command ") && usage != errNoWords || strings.HasPrefix(usage.msg, "no help on")) && words[0] != "COMMAND" && !slices.Contains(words, "TOPIC") {
						t.Errorf("%s:%d: %s: %v", path, i+1, code, err)
					}
				}
			}
			for _, m := range regexp.MustCompile(`\]\(([^)#]*)#?([^)]*)\)`).FindAllStringSubmatch(line, -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				to := path
				if m[1] != "" {
					to = strings.TrimPrefix(filepath.Join(filepath.Dir(path), m[1]), "../commands/")
				}
				if _, err := os.Stat(to); err != nil {
					t.Errorf("%s:%d: %v", path, i+1, err)
				} else if m[2] != "" && !slices.Contains(headings[to], m[2]) {
					t.Errorf("%s:%d: no heading of %s is #%s", path, i+1, to, m[2])
				}
				if path == "../README.md" && !begun {
					contents = append(contents, m[2])
				}
			}
		})
	}
	if !slices.Equal(contents, headings["../README.md"]) {
		t.Errorf("README.md: the list of contents is\n%q\nand the sections are\n%q", contents, headings["../README.md"])
	}
}

// outside visits the lines that stand outside fenced blocks.
func outside(lines []string, visit func(i int, line string)) {
	fenced := false
	for i, line := range lines {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if !fenced {
			visit(i, line)
		}
	}
}

// All guides are shown within the width, but for what is to be typed, and the README's table
// has them.
func TestTopics(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := topics()
	if len(all) < 14 {
		t.Errorf("%d topics", len(all))
	}
	for _, guide := range all {
		if guide.about == "" || len(guide.text) < 2 {
			t.Errorf("%s: about %q, %d passages", guide.name, guide.about, len(guide.text))
		}
		if row := "| [" + guide.name + "](commands/topics/" + guide.name + ".md) | " + guide.about + " |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row %s", row)
		}
		if root(testSession(t)).sub(guide.name) != nil {
			t.Errorf("%s is a command, too", guide.name)
		}
		for _, width := range []int{80, 100} {
			for line := range strings.Lines(guide.show(width)) {
				line = strings.TrimSuffix(line, "\n")
				if strings.HasSuffix(line, " ") || strings.Contains(line, "](") {
					t.Errorf("%s: %q", guide.name, line)
				}
				if utf8.RuneCountInString(line) > width && !strings.HasPrefix(line, "    ") && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%s: wider than %d: %q", guide.name, width, line)
				}
			}
		}
	}
}

// Every example of every help text can be read by the program, and shows the
// command that it stands under.
func TestHelp(t *testing.T) {
	program := root(testSession(t))
	takes := map[string]bool{}
	differs := map[string]bool{"keys": true} // of ring show and of audit: TestFlagsBeforeTheCommand
	program.each(func(c *command) {
		for _, f := range c.flags {
			name := f.Names()[0]
			if was, seen := takes[name]; seen && was != takesValue(f) && !differs[name] {
				t.Errorf("%s: --%s takes a value in one command and none in another", c.path(), name)
			}
			takes[name] = takesValue(f)
			if value, usage := placeholder(f); usage == "" || takesValue(f) != (value != "") {
				t.Errorf("%s: --%s: the help names its value %q and says %q", c.path(), name, value, usage)
			}
			if c != program && program.flag(name) != nil {
				t.Errorf("%s: --%s hides a flag of every command", c.path(), name)
			}
		}
		if c.subs != nil {
			return
		}
		if c.short == "" || len(c.examples) == 0 || len(c.exits) == 0 {
			t.Errorf("%s: no description, example or exit code", c.path())
		}
		for i, e := range c.exits {
			if i > 0 && c.exits[i-1].code >= e.code {
				t.Errorf("%s: exit codes are not in order", c.path())
			}
		}
		for _, code := range []int{exitDone, exitUsage} {
			found := false
			for _, e := range c.exits {
				found = found || e.code == code
			}
			if !found {
				t.Errorf("%s: exit code %d is not listed", c.path(), code)
			}
		}
		shown := false
		for _, line := range c.examples {
			for _, words := range invocations(line) {
				l, err := arrange(root(testSession(t)), words)
				if err != nil {
					t.Errorf("%s: example %q: %v", c.path(), line, err)
				}
				shown = shown || l.command.path() == c.path()
			}
		}
		if !shown {
			t.Errorf("%s: no example shows it", c.path())
		}
		// Words of the help that look like flags are flags.
		text := c.short + "\n" + c.long
		for _, f := range c.flags {
			_, usage := placeholder(f)
			text += "\n" + usage
		}
		text = regexp.MustCompile(`redis-cli .*`).ReplaceAllString(text, "") // it has flags of its own
		for _, flag := range regexp.MustCompile(`--([a-z][a-z0-9-]*)`).FindAllStringSubmatch(text, -1) {
			if anyFlag(program, flag[1]) == nil {
				t.Errorf("%s: the help mentions --%s, which is not declared", c.path(), flag[1])
			}
		}
	})
}

// invocations finds the runs of cachering in a line of shell and returns their
// words: pipes, lists and redirections end one.
func invocations(line string) [][]string {
	line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
	var found [][]string
	var words []string
	flush := func() {
		if len(words) > 0 && words[0] == "cachering" {
			found = append(found, words[1:])
		}
		words = nil
	}
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ':
			i++
		case c == '#':
			i = len(line)
		case strings.ContainsRune("|&;()", rune(c)):
			flush()
			i++
		case c == '<' || c == '>':
			for i++; i < len(line) && line[i] == ' '; i++ {
			}
			_, i = shellWord(line, i) // the file
		default:
			var word string
			word, i = shellWord(line, i)
			if word == "2" && i < len(line) && line[i] == '>' {
				continue
			}
			if len(words) == 0 && (strings.Contains(word, "=") || word == "while" || word == "do" || word == "if" || word == "then" || word == "!" || word == "time") {
				continue // in front of a command
			}
			words = append(words, word)
		}
	}
	flush()
	return found
}

// shellWord reads one word, its quotes removed, and returns where it ends.
func shellWord(line string, i int) (string, int) {
	var b strings.Builder
	for i < len(line) && !strings.ContainsRune(" |&;()<>", rune(line[i])) {
		switch c := line[i]; c {
		case '\'', '"':
			end := strings.IndexByte(line[i+1:], c)
			if end < 0 {
				end = len(line) - i - 1
			}
			b.WriteString(line[i+1 : i+1+end])
			i += end + 2
		case '\\':
			if i+1 < len(line) {
				b.WriteByte(line[i+1])
			}
			i += 2
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), min(i, len(line))
}

func TestInvocations(t *testing.T) {
	for line, want := range map[string]string{
		"$ cachering get k":                                 "get,k",
		"cachering get 'a b' \"c d\" | jq .":                "get,a b,c d",
		"X=1 cachering get k || cachering set k v # note":   "get,k;set,k,v",
		"seq 3 | cachering get - >out 2> err":               "get,-",
		"while read k; do cachering ttl \"$k\"; done <keys": "ttl,$k",
		"make demo": "",
	} {
		var got []string
		for _, words := range invocations(line) {
			got = append(got, strings.Join(words, ","))
		}
		if g := strings.Join(got, ";"); g != want {
			t.Errorf("%s: got %s, want %s", line, g, want)
		}
	}
}

// testSession is a run with empty streams and no environment.
func testSession(t *testing.T) *session {
	t.Helper()
	return &session{
		ui:  ui.New(strings.NewReader(""), new(strings.Builder), new(strings.Builder)),
		env: func(string) (string, bool) { return "", false },
	}
}
