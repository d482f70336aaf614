package readmetest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// block is a fenced block of a document.
type block struct {
	doc           string // the path of the document
	lang, section string
	first         int // number of its first line, from 1
	lines         []string
}

// fenced are the blocks of a document in Markdown, and the ## heading each stands under.
func fenced(doc string, text []string) []block {
	var all []block
	section, open := "", false
	for i, line := range text {
		switch {
		case strings.HasPrefix(line, "```"):
			if open = !open; open {
				all = append(all, block{doc: doc, lang: line[3:], section: section, first: i + 2})
			}
		case open:
			last := &all[len(all)-1]
			last.lines = append(last.lines, line)
		case strings.HasPrefix(line, "## "):
			section = line[3:]
		}
	}
	return all
}

// exchange is a command of a console block, and what the block shows of its
// output.
type exchange struct {
	line    int // of the $
	end     int // of the last line of the output
	command string
	shown   []string
}

// exchanges takes a console block apart. A blank line in front of a prompt is for
// the eye.
func (b block) exchanges() []exchange {
	var all []exchange
	for i, line := range b.lines {
		if strings.HasPrefix(line, "$ ") {
			all = append(all, exchange{line: b.first + i, end: b.first + i, command: line[2:]})
			continue
		}
		if len(all) == 0 {
			continue
		}
		last := &all[len(all)-1]
		if len(last.shown) == 0 && strings.HasPrefix(line, "> ") {
			last.command += "\n" + line[2:]
			last.line++
		} else if line != "" || i+1 < len(b.lines) && !strings.HasPrefix(b.lines[i+1], "$ ") {
			last.shown = append(last.shown, line)
		}
		last.end = b.first + i
		if line == "" {
			last.end--
		}
	}
	return all
}

// stated is the exit code that a line states in a comment; 0 without.
func stated(line string) int {
	if m := regexp.MustCompile(`#.*\bexit code ([0-9]+)`).FindStringSubmatch(line); m != nil {
		code, _ := strconv.Atoi(m[1])
		return code
	}
	return 0
}

// figures are what varies from run to run: how long something took, and what
// memory and a sample happened to be. Two lines that differ in them alone agree.
var figures = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:keys?|lines?) in [0-9].*$`),
	regexp.MustCompile(`"elapsed_ms":[0-9]+`),
	regexp.MustCompile(`^used_memory: .*$`),
	regexp.MustCompile(`"used_memory_(?:before|after)":[0-9]+`),
	regexp.MustCompile(`^in a sample .*$`),
}

// ticking are expiries: they may be less by what it takes to get here, which is
// less than half. Among the answers of ttl and keys --locks every number is one.
var (
	ticking  = regexp.MustCompile(`"ttl_ms":[0-9]+`)
	expiries = regexp.MustCompile(`"ttl_ms":[0-9]+|(?:\t|  )[0-9]+$|^[0-9]+$`)
)

// differs tells where the output of a command is not what a block shows; "" if it
// is. A line … stands for any lines, and … in a line for any text.
func differs(command string, shown, got []string) string {
	for i, want := range shown {
		if want == "…" {
			rest := shown[i+1:]
			for j := i; j <= len(got); j++ {
				if differs(command, rest, got[j:]) == "" {
					return ""
				}
			}
			return fmt.Sprintf("nothing of it is %q", strings.Join(rest, "\n"))
		}
		if i >= len(got) {
			return fmt.Sprintf("no line %q", want)
		}
		if !agree(command, want, got[i]) {
			return fmt.Sprintf("got  %q\nwant %q", got[i], want)
		}
	}
	if len(got) > len(shown) {
		return fmt.Sprintf("more than is shown: %q", got[len(shown)])
	}
	return ""
}

func agree(command, want, got string) bool {
	for _, f := range figures {
		want, got = f.ReplaceAllString(want, "FIGURE"), f.ReplaceAllString(got, "FIGURE")
	}
	ticks := ticking
	if strings.Contains(command, "cachering ttl ") || strings.Contains(command, " --locks") {
		ticks = expiries
	}
	if a, b := ticks.FindAllString(want, -1), ticks.FindAllString(got, -1); len(a) == len(b) {
		for i := range a {
			if !late(a[i], b[i]) {
				return false
			}
		}
		want, got = ticks.ReplaceAllString(want, "TICKING"), ticks.ReplaceAllString(got, "TICKING")
	}
	parts := strings.Split(want, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(got)
}

// late: the same expiry, read later.
func late(want, got string) bool {
	number := func(s string) int {
		n, _ := strconv.Atoi(s[strings.IndexAny(s, "0123456789"):])
		return n
	}
	w, g := number(want), number(got)
	return w/2 < g && g <= w
}

func TestDiffers(t *testing.T) {
	for _, c := range []struct {
		name, shown, got string
		same             bool
		command          string
	}{
		{"equal", "a\nb", "a\nb", true, ""},
		{"other", "a\nb", "a\nc", false, ""},
		{"less", "a\nb", "a", false, ""},
		{"more", "a", "a\nb", false, ""},
		{"nothing shown", "", "a", false, ""},
		{"any lines", "a\n…\nd", "a\nb\nc\nd", true, ""},
		{"no lines", "a\n…\nb", "a\nb", true, ""},
		{"any lines, other end", "a\n…\nd", "a\nb\nc", false, ""},
		{"any text", "{'id': 7, …}", "{'id': 7, 'name': 'x'}", true, ""},
		{"any text, other start", "{'id': 8, …}", "{'id': 7, 'name': 'x'}", false, ""},
		{"time", "22000 keys in 190ms", "22000 keys in 1.3s", true, ""},
		{"time, other count", "22000 keys in 190ms", "2200 keys in 190ms", false, ""},
		{"report", `{"elapsed_ms":12,"n":1}`, `{"elapsed_ms":3000,"n":1}`, true, ""},
		{"report, other count", `{"elapsed_ms":12,"n":1}`, `{"elapsed_ms":12,"n":2}`, false, ""},
		{"memory", "used_memory: 23.8 MB before, 21.0 MB after", "used_memory: 24.8 MB before, 22.0 MB after", true, ""},
		{"a second later", "k\t3600", "k\t3599", true, "cachering ttl k"},
		{"a second later, in a table", "k  3600", "k  3599", true, "cachering ttl k n"},
		{"another key, in a table", "k  3600", "n  3600", false, "cachering ttl k n"},
		{"a second later, alone", "300", "299", true, "cachering ttl k"},
		{"a lock, a second later", "k\tfresh\t-\t300", "k\tfresh\t-\t299", true, "cachering keys --locks"},
		{"long before", "k\t3600", "k\t1000", false, "cachering ttl k"},
		{"longer", "k\t3600", "k\t3601", false, "cachering ttl k"},
		{"milliseconds later", `{"ttl_ms":3600000,"bytes":4}`, `{"ttl_ms":3598123,"bytes":4}`, true, ""},
		{"a count is no expiry", "k\t700", "k\t699", false, "cachering get k"},
		{"not an expiry", `{"ttl_ms":null,"bytes":41}`, `{"ttl_ms":null,"bytes":40}`, false, ""},
	} {
		lines := func(s string) []string {
			if s == "" {
				return nil
			}
			return strings.Split(s, "\n")
		}
		if why := differs(c.command, lines(c.shown), lines(c.got)); (why == "") != c.same {
			t.Errorf("%s: %q and %q: %s", c.name, c.shown, c.got, why)
		}
	}
}
