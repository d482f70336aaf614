// Package page makes the report of an audit one HTML file that can be handed on: no
// script, no request to anybody, light or dark as the reader likes it, printable. Every
// figure of the report stands in it, exactly, in a data element beside what people read.
//
// Keys, classes and names are text of others: html/template escapes what is HTML in them,
// plain.Escape what else would change how a line reads, and a bdi element keeps their
// direction to themselves. Values are not in a report, and so not here.
package page

import (
	"bytes"
	_ "embed"
	"html/template"
	"time"

	"cachering/commands/internal/figures"
)

// Head begins every page, and nothing else.
const Head = "<!DOCTYPE html>\n<html lang=\"en\" data-made-by=\"cachering audit\">\n"

// Ring is how the key space is divided among the shards.
type Ring struct {
	Name   string
	Slices []Slice
}

// Slice is a shard's part of the key space.
type Slice struct {
	Shard string
	Share float64
}

//go:embed page.html
var layout string

// Of makes the page of a report, as the program that is named made it then.
func Of(r *figures.Report, ring Ring, program string, at time.Time) ([]byte, error) {
	t, err := template.New("page").Parse(layout)
	if err != nil {
		return nil, err
	}
	b := &builder{report: r}
	d := document{Cache: r.Cache, Program: program, At: at.UTC().Format("2006-01-02 15:04 UTC"),
		Summary: summary(r), Findings: findings(r), Circle: circle(ring, r), Sections: b.sections(ring)}
	if r.By != nil {
		d.By, d.Groups = string(r.By.What), b.groups()
	}
	out := bytes.NewBufferString(Head)
	if err := t.Execute(out, &d); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// document is what the template fills in.
type document struct {
	Cache, Program, At string
	Summary            string
	Findings           []finding
	Circle             []ringArc
	Sections           []section
	By                 string
	Groups             []section
}

// section is a table under a title. Its ID is the name of its part of the JSON document.
type section struct {
	ID, Title, Note string
	Columns         []column
	Rows            []row
	Parts           []section // of a group
}

type column struct {
	Name   string
	Number bool
}

// row is the cells of a line. Level is how deep in a tree it stands.
type row struct {
	Level int
	Cells []cell
}

// cell holds what stands together in a column.
type cell struct {
	Label  string // the name of its column, where the page is narrow
	Number bool
	Wraps  bool // a sentence with figures, rather than one
	Level  int
	Parts  []part
	Bar    *float64 // of 100
	Color  string   // of a swatch before it
}

// part is a text: of outside if it is a Name, with the figure exactly if there is a Value.
type part struct {
	Text, Value string
	Name        bool
}
