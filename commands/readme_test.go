package commands

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cachering/commands/internal/ui"
)

// What the README says must exist: a flag that it names is one that some command
// takes, a heading that it links to is there, and the list of contents has all.
// Its examples are run by TestReadmeRuns.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program := root(testSession(t))
	fenced := false
	var contents, sections []string
	linked, headings := map[string]int{}, map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced {
			continue
		}
		for _, code := range regexp.MustCompile("`[^`]+`").FindAllString(line, -1) {
			for _, flag := range regexp.MustCompile(`(?:^|[\s\x60|])--([a-z][a-z0-9-]*)`).FindAllStringSubmatch(code, -1) {
				if anyFlag(program, flag[1]) == nil && flag[1] != "help" && flag[1] != "version" {
					t.Errorf("README.md:%d: no command takes --%s", i+1, flag[1])
				}
			}
		}
		if m := regexp.MustCompile(`^##+ (.*)`).FindStringSubmatch(line); m != nil {
			// The anchor that GitHub and others make of a heading.
			anchor := strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
			headings[anchor] = true
			if strings.HasPrefix(line, "## ") {
				sections = append(sections, anchor)
			}
		}
		for _, m := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(line, -1) {
			linked[m[1]] = i + 1
			if len(sections) == 0 {
				contents = append(contents, m[1])
			}
		}
	}
	for anchor, line := range linked {
		if !headings[anchor] {
			t.Errorf("README.md:%d: no heading is #%s", line, anchor)
		}
	}
	if !slices.Equal(contents, sections) {
		t.Errorf("README.md: the list of contents is\n%q\nand the sections are\n%q", contents, sections)
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
