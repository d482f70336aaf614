package commands

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/ui"
)

// printHelp answers --help for c, the root included.
func printHelp(s *session, root, c *command) error {
	text := helpText(root, c)
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
		section("flags of every command", flagRows(root.flags))
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
	if c.long != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(ui.Wrap(strings.Join(strings.Fields(c.long), " "), helpWidth), "\n"))
	}
	section("flags", flagRows(c.flags))
	section("flags of every command", flagRows(root.flags))
	b.WriteString("\nexamples:\n")
	for _, line := range c.examples {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	var rows [][2]string
	for _, e := range c.exits {
		rows = append(rows, [2]string{fmt.Sprintf("%3d", e.code), e.when})
	}
	section("exit codes", rows)
	return b.String()
}

// helpWidth fits a terminal of the usual width.
const helpWidth = 80

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
