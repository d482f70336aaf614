package commands

import (
	"embed"
	"slices"
	"strings"
)

// topicFiles are the guides: one source for help TOPIC, the manual pages and whoever
// follows the README's links.
//
//go:embed topics/*.md
var topicFiles embed.FS

// topic is a guide.
type topic struct {
	name  string
	about string // one line
	text  []passage
}

// topics are all guides, by name.
func topics() []topic {
	entries, err := topicFiles.ReadDir("topics")
	if err != nil {
		panic(err) // it is part of the program
	}
	var list []topic
	for _, e := range entries {
		if t, ok := findTopic(strings.TrimSuffix(e.Name(), ".md")); ok {
			list = append(list, t)
		}
	}
	return list
}

func findTopic(name string) (topic, bool) {
	text, err := topicFiles.ReadFile("topics/" + name + ".md")
	if err != nil {
		return topic{}, false
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	_, about, _ := strings.Cut(first, ": ")
	return topic{name, about, passages(rest)}, true
}

func topicNames() []string {
	var names []string
	for _, t := range topics() {
		names = append(names, t.name)
	}
	return names
}

// passageKind is what a part of a guide is.
type passageKind uint8

const (
	paragraph passageKind = iota
	heading
	bullet // an item of a list, its mark in front
	verbatim
	table
)

// passage is a part of a guide.
type passage struct {
	kind  passageKind
	text  string     // of all but verbatim and table; links are what they say
	lines []string   // of verbatim
	rows  [][]string // of a table, its head first
}

// passages takes apart the Markdown in which the guides are written.
func passages(text string) []passage {
	var list []passage
	var open *passage // a paragraph or bullet that may go on
	fenced := false
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			if fenced = !fenced; fenced {
				list = append(list, passage{kind: verbatim})
			}
			open = nil
		case fenced:
			last := &list[len(list)-1]
			last.lines = append(last.lines, line)
		case line == "":
			open = nil
		case strings.HasPrefix(line, "## "):
			list, open = append(list, passage{kind: heading, text: line[3:]}), nil
		case strings.HasPrefix(line, "|"):
			if open = nil; len(list) == 0 || list[len(list)-1].kind != table {
				list = append(list, passage{kind: table})
			}
			last := &list[len(list)-1]
			if row := rowOf(line); !slices.ContainsFunc(row, func(cell string) bool { return strings.Trim(cell, "-: ") == "" && cell != "" }) {
				last.rows = append(last.rows, row)
			}
		case open != nil && !isItem(line):
			open.text += " " + unlinked(strings.TrimSpace(line))
		default:
			kind := paragraph
			if isItem(line) {
				kind = bullet
			}
			list = append(list, passage{kind: kind, text: unlinked(line)})
			open = &list[len(list)-1]
		}
	}
	return list
}

// isItem reports whether a line begins an item of a list.
func isItem(line string) bool {
	mark, _, ok := strings.Cut(line, " ")
	return ok && (mark == "-" || strings.HasSuffix(mark, ".") && strings.Trim(mark, "0123456789") == ".")
}

// rowOf is a row of a table as its cells; a bar behind a backslash is part of one.
func rowOf(line string) []string {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.Trim(line, "| "), `\|`, bar)
	var row []string
	for cell := range strings.SplitSeq(line, "|") {
		row = append(row, unlinked(strings.ReplaceAll(strings.TrimSpace(cell), bar, "|")))
	}
	return row
}

// unlinked leaves of links what they say.
func unlinked(text string) string {
	for {
		before, rest, ok := strings.Cut(text, "](")
		if !ok {
			return text
		}
		open := strings.LastIndex(before, "[")
		_, after, closed := strings.Cut(rest, ")")
		if open < 0 || !closed {
			return text
		}
		text = before[:open] + before[open+1:] + after
	}
}
