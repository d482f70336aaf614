package commands

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// Every command and every guide has a page that can be written down: in ASCII, with macros that
// every formatter knows, and no line that is taken for one.
func TestManual(t *testing.T) {
	known := []string{"TH", "SH", "PP", "TP", "IP", "RS", "RE", "nf", "fi", "br", "nh", "ad", "so"}
	pages := map[string]string{}
	for _, p := range Manual() {
		if pages[p.File()] != "" {
			t.Errorf("%s is there twice", p.File())
		}
		pages[p.File()] = p.Text
		for line := range strings.Lines(p.Text) {
			line = strings.TrimSuffix(line, "\n")
			macro, _, _ := strings.Cut(strings.TrimPrefix(line, "."), " ")
			switch {
			case strings.HasPrefix(line, "'"), strings.HasPrefix(line, ".") && !slices.Contains(known, macro):
				t.Errorf("%s: no macro: %s", p.File(), line)
			case regexp.MustCompile(`[^ -~\t]`).MatchString(line):
				t.Errorf("%s: %q is not all ASCII", p.File(), line)
			case strings.HasSuffix(line, " "):
				t.Errorf("%s: %q ends in a blank", p.File(), line)
			}
		}
	}
	root(testSession(t)).each(func(c *command) {
		page := pages[manualName(c.path())+".1"]
		for _, f := range c.flags {
			if name := plainRoff("--" + flagNames(f)[0]); len(name) > len(`\-\-0`) && !strings.Contains(page, `\fB`+name) {
				t.Errorf("the page of %s has no %s", c.path(), name)
			}
		}
		if c.run != nil && (!strings.Contains(page, plainRoff(c.examples[0])) || !strings.Contains(page, `.SH "EXIT STATUS"`)) {
			t.Errorf("the page of %s lacks examples or exit codes", c.path())
		}
	})
	for _, topic := range topics() {
		if pages[manualName(topic.name)+".7"] == "" {
			t.Errorf("%s has no page", topic.name)
		}
	}
	if !strings.Contains(pages["cachering-reinsert.1"], `\fBcachering\-changing\-protocol\fR(7)`) {
		t.Error("the page of reinsert does not refer to changing-protocol")
	}
	if !strings.Contains(pages["cachering.toml.5"], `\fBcachering\fR(1)`) {
		t.Error("the page of the configuration file is not there")
	}
}

// man shows each page without a warning, and what is to be typed as it is.
func TestManualShown(t *testing.T) {
	trials.Optional(t, "release")
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip(trials.NotHad + "man")
	}
	dir := t.TempDir()
	for _, p := range Manual() {
		section := filepath.Join(dir, "man"+p.File()[len(p.File())-1:])
		if err := os.MkdirAll(section, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(section, p.File()), []byte(p.Text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	show := func(name, width string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), man, "--warnings", "-P", "cat", name)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "MANPATH=" + dir, "MANWIDTH=" + width, "LC_ALL=C.UTF-8", "GROFF_NO_SGR=1", "TERM=dumb"}
		var warned strings.Builder
		cmd.Stderr = &warned
		out, err := cmd.Output()
		if err != nil || warned.String() != "" {
			t.Errorf("man %s at %s columns: %v %s", name, width, err, warned.String())
		}
		return regexp.MustCompile(".\b").ReplaceAllString(string(out), "")
	}
	has := func(name, page, line string) {
		t.Helper()
		// A tab is shown as blanks.
		if !strings.Contains(strings.Join(strings.Fields(page), " "), strings.Join(strings.Fields(strings.ReplaceAll(line, "…", "...")), " ")) {
			t.Errorf("man %s does not show %q", name, line)
		}
	}
	root(testSession(t)).each(func(c *command) {
		name := manualName(c.path())
		show(name, "80")
		page := show(name, "1000")
		has(name, page, name+" - "+c.short)
		for _, line := range c.examples {
			has(name, page, line)
		}
		for _, row := range flagRows(c.flags) {
			has(name, page, row[0])
			has(name, page, row[1])
		}
	})
	for _, topic := range topics() {
		name := manualName(topic.name)
		show(name, "80")
		page := show(name, "1000")
		for _, p := range topic.text {
			for _, line := range p.lines {
				has(name, page, line)
			}
			for _, row := range p.rows[min(1, len(p.rows)):] {
				for _, cell := range row {
					has(name, page, strings.ReplaceAll(strings.ReplaceAll(cell, "`", ""), "**", ""))
				}
			}
			if p.kind == paragraph || p.kind == bullet {
				text := p.text
				if p.kind == bullet {
					_, text, _ = strings.Cut(text, " ")
				}
				if len(text) < 900 {
					has(name, page, strings.ReplaceAll(strings.ReplaceAll(text, "`", ""), "**", ""))
				}
			}
		}
	}
}
