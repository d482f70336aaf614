package commands

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// roff is the text of a page with the macros of man(7), as groff and mandoc read them.
type roff struct{ strings.Builder }

// begin writes what every page begins with. No word is broken, as it may be one to type.
func (r *roff) begin(name string, section int, short string) {
	fmt.Fprintf(r, ".TH %q %d \"\" \"cachering %s\" \"cachering\"\n.nh\n.ad l\n", plainRoff(strings.ToUpper(name)), section, Version)
	r.section("NAME")
	r.line(plainRoff(name) + ` \- ` + plainRoff(short))
}

// request writes a line for the formatter.
func (r *roff) request(text string) { r.WriteString("." + text + "\n") }

// line writes a line of text. One that begins as those for the formatter do is kept from
// being taken for one.
func (r *roff) line(text string) {
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	r.WriteString(text + "\n")
}

func (r *roff) section(title string) {
	r.request(`SH "` + plainRoff(strings.ReplaceAll(title, `"`, "")) + `"`)
}

// tagged writes a paragraph with what it is about in front.
func (r *roff) tagged(tag, text string) {
	r.request("TP")
	r.line(strings.TrimSpace(tag))
	r.line(text)
}

func (r *roff) flags(title string, flags []cli.Flag) {
	if len(flags) == 0 {
		return
	}
	r.section(title)
	for _, row := range flagRows(flags) {
		r.tagged(bold(row[0]), plainRoff(row[1]))
	}
}

// verbatim writes lines as they are.
func (r *roff) verbatim(lines []string) {
	r.request("PP")
	r.request("RS 4")
	r.request("nf")
	for _, line := range lines {
		r.line(plainRoff(line))
	}
	r.request("fi")
	r.request("RE")
}

// table writes rows as paragraphs: what stands in the first column, and below it the
// others, in a table of more than two with what the head calls them.
func (r *roff) table(rows [][]string) {
	head := rows[0]
	for _, row := range rows[1:] {
		r.request("TP")
		r.line(markedRoff(row[0]))
		for i, cell := range row[1:] {
			if cell == "" {
				continue
			}
			if i > 0 {
				r.request("br")
			}
			if len(head) > 2 {
				cell = head[i+1] + ": " + cell
			}
			r.line(markedRoff(cell))
		}
	}
}

// seeAlso refers to other pages by name and section.
func (r *roff) seeAlso(pages [][2]string) {
	r.section("SEE ALSO")
	for i, page := range pages {
		end := ","
		if i == len(pages)-1 {
			end = ""
		}
		r.line(reference(page) + end)
	}
}

func reference(page [2]string) string { return bold(page[0]) + "(" + page[1] + ")" }

// longWord is how many bytes a word may have that is not to be broken.
const longWord = 40

func bold(text string) string { return `\fB` + plainRoff(text) + `\fR` }

// plainRoff is text that a page shows as it is, in signs that can be pasted: left alone, a
// hyphen, a grave accent, a circumflex, a tilde and an apostrophe may become others. A word
// that is wider than some columns may be broken behind a comma.
func plainRoff(text string) string {
	var b strings.Builder
	for i, c := range text {
		switch c {
		case '\\':
			b.WriteString(`\e`)
		case '-':
			b.WriteString(`\-`)
		case '\'':
			b.WriteString(`\(aq`)
		case '`':
			b.WriteString(`\(ga`)
		case '^':
			b.WriteString(`\(ha`)
		case '~':
			b.WriteString(`\(ti`)
		case '"':
			b.WriteString(`\(dq`)
		case ',':
			b.WriteByte(',')
			if word := text[strings.LastIndexByte(text[:i], ' ')+1:]; len(word) > longWord && !strings.Contains(word[:longWord], " ") {
				b.WriteString(`\:`)
			}
		case '…':
			b.WriteString("...")
		default:
			if c > '~' {
				fmt.Fprintf(&b, `\[u%04X]`, c)
			} else {
				b.WriteRune(c)
			}
		}
	}
	return b.String()
}

// markedRoff is text of a guide: what stands between backquotes, or two stars, is bold.
func markedRoff(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString(bold(part))
			continue
		}
		for j, part := range strings.Split(part, "**") {
			if j%2 == 1 {
				b.WriteString(bold(part))
			} else {
				b.WriteString(plainRoff(part))
			}
		}
	}
	return b.String()
}
