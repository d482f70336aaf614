package commands

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/ui"
)

// printHelp answers --help for c, the root included.
func printHelp(s *session, root, c *command) error { return s.helped(helpText(root, c)) }

// helped prints a text of help.
func (s *session) helped(text string) error {
	if s.ui.JSON {
		return s.ui.Document(struct {
			Help string `json:"help"`
		}{text})
	}
	s.ui.Out.WriteString(text)
	return nil
}

func helpText(root, c *command) string {
	var b strings.Builder
	section := func(title string, rows [][2]string) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s:\n", title)
		left := 0
		for _, r := range rows {
			left = max(left, utf8.RuneCountInString(r[0]))
		}
		for _, r := range rows {
			lines := ui.Wrap(r[1], helpWidth-left-4)
			fmt.Fprintf(&b, "  %-*s  %s\n", left, r[0], lines[0])
			for _, line := range lines[1:] {
				fmt.Fprintf(&b, "  %*s  %s\n", left, "", line)
			}
		}
	}
	if c.name == "" {
		b.WriteString("cachering administers Django caches that live in several Redis servers\n\n" +
			"usage: cachering COMMAND [flags] [arguments]\n")
		var rows [][2]string
		c.each(func(c *command) {
			if c.run != nil {
				rows = append(rows, [2]string{strings.TrimSpace(c.path() + " " + c.args), c.short})
			}
		})
		section("commands", rows)
		rows = nil
		for _, t := range topics() {
			rows = append(rows, [2]string{t.name, t.about})
		}
		section("topics (cachering help TOPIC)", rows)
		section("flags of every command", flagRows(root.flags))
		section("values", valueRows(root.flags))
		b.WriteString("\nFlags may stand anywhere; after -- every word is an argument.\n" +
			"cachering COMMAND --help tells more; cachering --version prints the version.\n")
		return b.String()
	}
	if c.subs != nil {
		fmt.Fprintf(&b, "cachering %s: %s\n\nusage: cachering %s COMMAND\n", c.path(), c.short, c.path())
		var rows [][2]string
		for _, sub := range c.subs {
			rows = append(rows, [2]string{strings.TrimSpace(sub.path() + " " + sub.args), sub.short})
		}
		section("commands", rows)
		return b.String()
	}
	fmt.Fprintf(&b, "cachering %s: %s\n\nusage: cachering %s\n", c.path(), c.short,
		strings.Join(strings.Fields(c.path()+" [flags] "+c.args), " "))
	if c.aliases != nil {
		fmt.Fprintf(&b, "also: cachering %s\n", strings.Join(c.aliases, ", cachering "))
	}
	b.WriteString("\nexamples:\n")
	for _, line := range c.examples {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	if c.long != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(ui.Wrap(strings.Join(strings.Fields(c.long), " "), helpWidth), "\n"))
	}
	section("flags", flagRows(c.flags))
	section("flags of every command", flagRows(root.flags))
	section("values", valueRows(slices.Concat(c.flags, root.flags)))
	var rows [][2]string
	for _, e := range c.exits {
		rows = append(rows, [2]string{fmt.Sprintf("%3d", e.code), e.when})
	}
	section("exit codes", rows)
	return b.String()
}

// helpWidth fits a terminal of the usual width.
const helpWidth = 80

// valueRows tell how the values are written that flags take in a notation of their own.
func valueRows(flags []cli.Flag) [][2]string {
	var rows [][2]string
	for _, notation := range [...][2]string{
		{"D", "a duration: a number of seconds, or numbers with ms, s, m, h, d or w behind them, as 500ms, 90s, 1h30m"},
		{"SIZE", "a number of bytes, or one with k, M, G or T behind it, each 1024 times the one before, as 500, 10k, 1.5G"},
	} {
		for _, f := range flags {
			value, _ := placeholder(f)
			if slices.Contains(strings.Split(value, "|"), notation[0]) {
				rows = append(rows, notation)
				break
			}
		}
	}
	return rows
}

// shortHelp is what the program says that was called without a command on a terminal.
func shortHelp(s *session) {
	for _, line := range []string{
		"cachering administers Django caches that live in several Redis servers.",
		"",
		startHere,
		"",
		"then, with the configuration that it writes:",
		"  cachering doctor         what is wrong with servers, keys and settings",
		"  cachering get KEY        the value of a key, as the application gets it",
		"  cachering explain KEY    why the application does not see a key",
		"",
		"cachering --help lists all commands and topics,",
		"cachering COMMAND --help tells of one.",
	} {
		s.ui.Line(line)
	}
}

// startHere is for who has no configuration.
const startHere = "start here: cachering config import settings.py"

func flagRows(flags []cli.Flag) [][2]string {
	var rows [][2]string
	for _, f := range flags {
		var dashed []string
		for _, n := range flagNames(f) {
			if len(n) == 1 {
				dashed = append(dashed, "-"+n)
			} else {
				dashed = append(dashed, "--"+n)
			}
		}
		value, usage := placeholder(f)
		rows = append(rows, [2]string{strings.TrimSpace(strings.Join(dashed, ", ") + " " + value), usage})
	}
	return rows
}

// placeholder splits a flag's description into the name of its value, which
// stands between backquotes, and the description without them.
func placeholder(f cli.Flag) (value, usage string) {
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return "", ""
	}
	usage = doc.GetUsage()
	if before, rest, ok := strings.Cut(usage, "`"); ok {
		if name, after, ok := strings.Cut(rest, "`"); ok {
			return name, before + name + after
		}
	}
	return "", usage
}
