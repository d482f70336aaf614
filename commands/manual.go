package commands

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cachering/commands/internal/ui"
)

// ManualPage is a page of the manual, for man.
type ManualPage struct {
	Name    string // as "cachering-ring-show"
	Section int    // 1 of a command, 5 of the configuration file, 7 of a guide
	Text    string // in roff, with the macros of man(7)
}

// File is the name of the page's file, "cachering-get.1".
func (p ManualPage) File() string { return fmt.Sprintf("%s.%d", p.Name, p.Section) }

// configurationTopic is the guide that is the page of the configuration file as well.
const configurationTopic = "configuration"

// Manual is every page: of the program, of each command and of each guide. What they say is
// what help says.
func Manual() []ManualPage {
	s := &session{ui: ui.New(strings.NewReader(""), new(strings.Builder), new(strings.Builder)), env: func(string) (string, bool) { return "", false }}
	root := root(s)
	guides := topics()
	var pages []ManualPage
	root.each(func(c *command) { pages = append(pages, manualOf(root, c, guides)) })
	for _, t := range guides {
		pages = append(pages, manualOfTopic(root, t))
	}
	// The page of the file is found by the name of the guide, too.
	return append(pages, ManualPage{manualName(configurationTopic), 7, ".so man5/cachering.toml.5\n"})
}

// manualName is the name of the page of a command, or of a guide.
func manualName(path string) string {
	return strings.TrimSuffix("cachering-"+strings.ReplaceAll(path, " ", "-"), "-")
}

// manualOf is the page of a command, or of the program.
func manualOf(root, c *command, guides []topic) ManualPage {
	r := roff{}
	name := manualName(c.path())
	short := c.short
	if c == root {
		short = "administers Django caches that live in several Redis servers"
	}
	r.begin(name, 1, short)
	r.section("SYNOPSIS")
	switch called := strings.TrimSpace("cachering " + c.path()); {
	case c.subs != nil:
		r.line(bold(called) + " " + plainRoff("COMMAND [flags] [arguments]"))
	default:
		r.line(bold(called) + " " + plainRoff(strings.TrimSpace("[flags] "+c.args)))
	}
	for _, alias := range c.aliases {
		r.request("br")
		r.line(bold("cachering "+alias) + " " + plainRoff(strings.TrimSpace("[flags] "+c.args)))
	}
	if c.long != "" {
		r.section("DESCRIPTION")
		for text := range strings.SplitSeq(c.long, "\n\n") {
			r.request("PP")
			r.line(plainRoff(strings.Join(strings.Fields(text), " ")))
		}
	}
	if c.subs != nil {
		r.section("COMMANDS")
		c.each(func(c *command) {
			if c.run != nil {
				r.tagged(bold(c.path())+" "+plainRoff(c.args), plainRoff(c.short))
			}
		})
	}
	if c == root {
		r.section("TOPICS")
		for _, t := range guides {
			r.tagged(reference(topicPage(t.name)), plainRoff(t.about))
		}
	}
	if c != root {
		r.flags("OPTIONS", c.flags)
	}
	r.flags("OPTIONS OF EVERY COMMAND", root.flags)
	if rows := valueRows(slices.Concat(c.flags, root.flags)); len(rows) > 0 {
		r.section("VALUES")
		for _, row := range rows {
			r.tagged(bold(row[0]), plainRoff(row[1]))
		}
	}
	if len(c.exits) > 0 {
		r.section("EXIT STATUS")
		for _, e := range c.exits {
			r.tagged(bold(fmt.Sprint(e.code)), plainRoff(e.when))
		}
	}
	if len(c.examples) > 0 {
		r.section("EXAMPLES")
		r.verbatim(c.examples)
	}
	r.seeAlso(manualsBeside(root, c, guides))
	return ManualPage{name, 1, r.String()}
}

// manualsBeside are the pages that one of a command refers to: of the program, of its group, of
// what is in the group, and of the guides that show the command.
func manualsBeside(root, c *command, guides []topic) [][2]string {
	if c == root {
		return [][2]string{topicPage("getting-started"), topicPage(configurationTopic)}
	}
	pages := [][2]string{{manualName(""), "1"}}
	if c.parent != root {
		pages = append(pages, [2]string{manualName(c.parent.path()), "1"})
	}
	for _, sub := range c.subs {
		pages = append(pages, [2]string{manualName(sub.path()), "1"})
	}
	for _, t := range guides {
		shown := slices.ContainsFunc(t.text, func(p passage) bool {
			rows := strings.Join(slices.Concat(p.rows...), " ")
			return strings.Contains(p.text+"\n"+rows+"\n"+strings.Join(p.lines, "\n"), "cachering "+c.path())
		})
		if shown {
			pages = append(pages, topicPage(t.name))
		}
	}
	return pages
}

// topicPage are name and section of the page of a guide.
func topicPage(name string) [2]string {
	if name == configurationTopic {
		return [2]string{"cachering.toml", "5"}
	}
	return [2]string{manualName(name), "7"}
}

// manualOfTopic is the page of a guide.
func manualOfTopic(root *command, t topic) ManualPage {
	r := roff{}
	at := topicPage(t.name)
	section := int(at[1][0] - '0')
	r.begin(at[0], section, t.about)
	if t.text[0].kind != heading {
		r.section("DESCRIPTION")
	}
	for i, p := range t.text {
		switch p.kind {
		case heading:
			r.section(strings.ToUpper(p.text))
		case verbatim:
			r.verbatim(p.lines)
		case table:
			r.table(p.rows)
		case bullet:
			mark, text, _ := strings.Cut(p.text, " ")
			if mark == "-" {
				mark = `\(bu`
			}
			r.request(fmt.Sprintf("IP %s %d", mark, utf8.RuneCountInString(strings.TrimPrefix(mark, `\(b`))+1))
			r.line(markedRoff(text))
		default:
			if i > 0 {
				r.request("PP")
			}
			r.line(markedRoff(p.text))
		}
	}
	r.seeAlso([][2]string{{manualName(""), "1"}})
	return ManualPage{at[0], section, r.String()}
}
