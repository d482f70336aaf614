package ui_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"cachering/commands/internal/ui"
)

var update = flag.Bool("update", false, "rewrite testdata")

// Names of servers as sites have them, of a length, which differ near their end.
func siteNames(length int) []string {
	var names []string
	for i := 1; i <= 4; i++ {
		tail := fmt.Sprintf("-%02d:6379", i)
		if length > 30 {
			tail = fmt.Sprintf("-%02d.internal.example.net:6379", i)
		}
		names = append(names, "redis-cache-production-eu-west-1-blue-pages-and-sessions"[:length-len(tail)]+tail)
	}
	return names
}

func terminal(out io.Writer, width int) *ui.Streams {
	s := ui.New(strings.NewReader(""), out, io.Discard)
	s.OutTerminal, s.Width = true, width
	return s
}

// TestTablesFit: a table is no wider than the terminal, no line ends in blanks, rows
// that differ look different, and numbers are whole.
func TestTablesFit(t *testing.T) {
	kinds := []struct {
		name    string
		columns []ui.Column
		cells   []string // behind the name
	}{
		{"report", []ui.Column{{Name: "shard"}, {Name: "scanned", Right: true}, {Name: "deleted", Right: true}, {Name: "markers", Right: true}, {Name: "spared", Right: true}}, []string{"123456", "120000", "12", "3444"}},
		{"doctor", []ui.Column{{Name: "shard"}, {Name: "server"}, {Name: "role"}, {Name: "db", Right: true}, {Name: "keys", Right: true}, {Name: "memory", Right: true}, {Name: "limit", Right: true}, {Name: "policy"}, {Name: "clock", Right: true}},
			[]string{"Redis 7.0.15", "master", "1", "123456", "812.3 MB", "no limit", "allkeys-lru", "same"}},
	}
	for _, kind := range kinds {
		for _, length := range []int{12, 60} {
			names := siteNames(length)
			var rows [][]string
			for _, name := range names {
				rows = append(rows, append([]string{name}, kind.cells...))
			}
			for _, width := range []int{40, 80, 120, 200} {
				var out bytes.Buffer
				s := terminal(&out, width)
				if err := s.Table(kind.columns, rows); err != nil {
					t.Fatal(err)
				}
				s.Flush()
				seen := map[string]bool{}
				for line := range strings.Lines(out.String()) {
					line = strings.TrimSuffix(line, "\n")
					if twwidth.Width(line) > width || strings.TrimRight(line, " ") != line || strings.Contains(line, "\t") {
						t.Errorf("%s, names of %d, %d columns: %q", kind.name, length, width, line)
					}
					if strings.Contains(line, ":6379") {
						seen[line] = true
					}
				}
				if len(seen) != len(names) || !strings.Contains(out.String(), kind.cells[0]) {
					t.Errorf("%s, names of %d, %d columns: lost\n%s", kind.name, length, width, out.String())
				}
				golden(t, fmt.Sprintf("%s_%d_%d.txt", kind.name, length, width), out.String())
			}
		}
	}
}

// golden compares with a file of testdata; go test -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s (%v)", name, got, want, err)
	}
}

// Rows whose names differ where the middle is are cut elsewhere; those that differ in
// so many places that no cut tells them apart are records.
func TestShortNamesDiffer(t *testing.T) {
	long := strings.Repeat("x", 30)
	for _, tc := range []struct {
		names []string
		want  string
	}{
		{[]string{long + "a" + long, long + "b" + long}, "SHARD"},
		{[]string{"a" + long + long, "b" + long + long}, "a"},
		{[]string{long + long + "a", long + long + "b"}, "b"},
	} {
		var out bytes.Buffer
		s := terminal(&out, 40)
		var rows [][]string
		for _, name := range tc.names {
			rows = append(rows, []string{name, "7"})
		}
		if err := s.Table([]ui.Column{{Name: "shard"}, {Name: "keys", Right: true}}, rows); err != nil {
			t.Fatal(err)
		}
		s.Flush()
		text := out.String()
		if lines := strings.Split(text, "\n"); !strings.Contains(text, "…") && !strings.Contains(text, tc.names[0]) || lines[1] == lines[2] {
			t.Errorf("got\n%s", text)
		}
		if strings.Contains(text, "…") == strings.Contains(text, tc.names[0]) {
			t.Errorf("neither shortened nor in full:\n%s", text)
		}
	}
}

// Words are broken between them, under the end of their label; a key is not, nor a tab printed.
func TestTextFits(t *testing.T) {
	for _, width := range []int{40, 80, 120, 200} {
		var out, errs bytes.Buffer
		s := ui.New(strings.NewReader(""), &out, &errs)
		s.OutTerminal, s.ErrTerminal, s.Width = true, true, width
		words := strings.TrimSpace(strings.Repeat("the application does not see it ", 10))
		s.Under("verdict   ", "wrong_version", words)
		s.Sentence(words)
		s.Warn("cachering: %s", words)
		s.WarnUnder("shards         ", "%s", words)
		s.Line("misplaced", strings.Repeat("k", 35), strings.Repeat("s", 35), "home of it")
		s.Flush()
		for line := range strings.Lines(out.String() + errs.String()) {
			line = strings.TrimSuffix(line, "\n")
			if len(line) > width || strings.TrimRight(line, " ") != line || strings.Contains(line, "\t") {
				t.Errorf("%d columns: %q", width, line)
			}
		}
		if got := strings.Join(strings.Fields(errs.String()), " "); got != "cachering: "+words+" shards "+words {
			t.Errorf("%d columns: got %q", width, got)
		}
	}
	var out, errs bytes.Buffer
	s := ui.New(strings.NewReader(""), &out, &errs)
	s.OutTerminal, s.ErrTerminal, s.Width = true, true, 40
	key := strings.Repeat("a  key ", 10)
	s.Line(key)
	s.CommandUnder("next     ", []string{"cachering", "delete", "--stored", "--shard", "10.0.0.1:6379", "--", "'a  key of some length'"})
	s.Warn("hint: what failed is read as another thing than it is: cachering reinsert --from pickle:5 --to pickle:2")
	s.WarnLine(`{"schema": 1, "` + words10 + `": 1}`)
	s.Flush()
	want := key + "\n" +
		"next     cachering delete --stored \\\n" +
		"           --shard 10.0.0.1:6379 -- \\\n" +
		"           'a  key of some length'\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	want = "hint: what failed is read as another\n" +
		"  thing than it is:\n" +
		"  cachering reinsert --from pickle:5 --to pickle:2\n" +
		`{"schema": 1, "` + words10 + `": 1}` + "\n"
	if errs.String() != want {
		t.Errorf("got\n%s\nwant\n%s", errs.String(), want)
	}
}

const words10 = "one two three four five six seven eight nine ten one two three four five"
