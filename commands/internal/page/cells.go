package page

import (
	"encoding/json"
	"strconv"

	"cachering/commands/internal/figures"
	"cachering/commands/internal/plain"
)

// exactly is a number as JSON has it.
func exactly(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // no number of a report is infinite
		return "?"
	}
	return string(text)
}

func text(s string) cell { return cell{Parts: []part{{Text: s}}} }

// name is a cell with text from outside.
func name(s string) cell { return cell{Parts: []part{{Text: plain.Escape(s, ""), Name: true}}} }

// figure is a number as it is shown, and as it is.
func figure(shown string, v any) part { return part{Text: shown, Value: exactly(v)} }

func number(n int64) cell { return cell{Number: true, Parts: []part{figure(plain.Grouped(n), n)}} }

func size(n int64) cell { return cell{Number: true, Parts: []part{figure(plain.Size(n), n)}} }

func share(f float64) cell { return cell{Number: true, Parts: []part{figure(plain.Percent(f), f)}} }

func decimal(f float64) cell {
	return cell{Number: true, Parts: []part{figure(strconv.FormatFloat(f, 'f', -1, 64), f)}}
}

// within adds a margin.
func (c cell) within(shown func(int64) cell, margin *int64) cell {
	if margin != nil {
		c.Parts = append(c.Parts, part{Text: " ±"}, shown(*margin).Parts[0])
	}
	return c
}

// counts are the cells of a count.
func counts(c *figures.Count) []cell {
	bar := min(100, 100*c.Share)
	s := share(c.Share)
	s.Bar = &bar
	return []cell{number(c.Entries).within(number, c.EntriesMargin), s, size(c.Bytes).within(size, c.BytesMargin)}
}

// counted are the columns of a count, behind what is counted.
func counted(what string, more ...string) []column {
	list := []column{{Name: what}, {"entries", true}, {"share", true}, {"stored", true}}
	for _, name := range more {
		list = append(list, column{name, true})
	}
	return list
}

// lastly is a column of words.
func lastly(columns []column, name string) []column { return append(columns, column{Name: name}) }

// add adds a row, and labels its cells.
func (s *section) add(level int, cells ...cell) {
	for i := range cells {
		if i == 0 {
			cells[i].Level = level
		} else {
			cells[i].Label = s.Columns[i].Name
		}
	}
	s.Rows = append(s.Rows, row{level, cells})
}

// join is cells, and lists of them.
func join(first cell, rest []cell, more ...cell) []cell {
	return append(append([]cell{first}, rest...), more...)
}

// duration is a number of milliseconds, as people say it.
func duration(ms int64) cell {
	shown := plain.Grouped(ms) + " ms"
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", 86_400_000}, {"h", 3_600_000}, {"min", 60_000}, {"s", 1000}} {
		if ms >= u.ms {
			shown = strconv.FormatFloat(float64(ms)/float64(u.ms), 'f', 1, 64) + " " + u.name
			break
		}
	}
	return cell{Number: true, Parts: []part{figure(shown, ms)}}
}
