package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/wrong.txt")

// A wrongCase is a block of testdata/wrong.txt: a title, a configuration, and
// every line that it draws.
type wrongCase struct{ title, text, want string }

func readWrong(t *testing.T) []wrongCase {
	t.Helper()
	data, err := os.ReadFile("testdata/wrong.txt")
	if err != nil {
		t.Fatal(err)
	}
	var cases []wrongCase
	for _, block := range strings.Split(string(data), "=== ")[1:] {
		title, rest, _ := strings.Cut(block, "\n")
		text, want, ok := strings.Cut("\n"+rest, "\n---\n")
		if !ok {
			t.Fatalf("case %q has no --- line", title)
		}
		cases = append(cases, wrongCase{title, strings.TrimPrefix(text+"\n", "\n"), strings.Trim(want, "\n")})
	}
	return cases
}

// replaceBytes puts in what a text file cannot hold well.
var replaceBytes = strings.NewReplacer("<ff>", "\xff", "<01>", "\x01", "<00>", "\x00", "<cr>", "\r")

func TestWrong(t *testing.T) {
	var out strings.Builder
	seen := map[string]bool{}
	for _, c := range readWrong(t) {
		if seen[c.title] {
			t.Errorf("two cases are called %q", c.title)
		}
		seen[c.title] = true
		f, errs := parse("c.toml", replaceBytes.Replace(c.text), 0o600, func(string) string { return "" })
		var lines []string
		for _, err := range errs {
			line := err.Error()
			lines = append(lines, line)
			if strings.Contains(line, "s3cret") || strings.Contains(line, "hunter2") || strings.Contains(line, "cret") {
				t.Errorf("%s: a password in %q", c.title, line)
			}
			if err.File == "" || err.Line < 1 || err.Msg == "" || err.Hint == "" {
				t.Errorf("%s: file, line, message or remedy missing in %q", c.title, line)
			}
			if strings.ContainsAny(line, "\n\r\x1b") {
				t.Errorf("%s: %q is more than plain text on one line", c.title, line)
			}
		}
		if len(errs) == 0 {
			t.Errorf("%s: accepted: %v", c.title, f)
		}
		got := strings.Join(lines, "\n")
		if got != c.want && !*update {
			t.Errorf("%s:\n got %s\nwant %s", c.title, got, c.want)
		}
		out.WriteString("=== " + c.title + "\n" + c.text + "---\n" + got + "\n\n")
	}
	if *update {
		if err := os.WriteFile("testdata/wrong.txt", []byte(out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
