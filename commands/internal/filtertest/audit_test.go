package filtertest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cachering/commands/internal/figures"
)

// bruteForce is what testdata/python/audit_figures.py answers: names, entries, bytes.
type bruteForce struct {
	Entries, Bytes, Persistent                                                 int64
	Codecs, Areas, Sizes, Expiries, Classes, Models, Versions, Shards, Damaged [][]any
	Prefixes                                                                   [][]any
	Djangos                                                                    [][]any `json:"django_versions"`
	Examples                                                                   map[string]string
	Tree                                                                       [][]any
	Largest                                                                    [][]any
	By                                                                         []json.RawMessage
}

// count asks Python to count samples.
func count(t *testing.T, samples []*sample, depth int, by string) *bruteForce {
	t.Helper()
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		t.Skip("/usr/bin/python3 is missing")
	}
	var in strings.Builder
	enc := json.NewEncoder(&in)
	for _, s := range samples {
		var ttl *int64
		if s.ttl > 0 {
			ttl = &s.ttl
		}
		if err := enc.Encode(map[string]any{"key": s.stored(), "shard": fmt.Sprintf("10.0.0.%d:6379", s.shard+1), "ttl": ttl, "value": s.value}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "../../../testdata/python/audit_figures.py", fmt.Sprint(depth), by)
	cmd.Stdin, cmd.Stderr = strings.NewReader(in.String()), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	b := new(bruteForce)
	if err := json.Unmarshal(out, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// same compares rows of a report with those of Python, in any order.
func same(t *testing.T, what string, got []string, want [][]any) {
	t.Helper()
	var list []string
	for _, row := range want {
		for i, cell := range row {
			if f, ok := cell.(float64); ok {
				row[i] = int64(f)
			}
		}
		list = append(list, fmt.Sprint(row...))
	}
	slices.Sort(got)
	slices.Sort(list)
	if !slices.Equal(got, list) {
		t.Errorf("%s: %d rows, want %d; not the same: %q", what, len(got), len(list), differing(got, list))
	}
}

func line(name any, c *figures.Count) string { return fmt.Sprint(name, c.Entries, c.Bytes) }

func lines(rows []figures.Row) (out []string) {
	for i := range rows {
		out = append(out, line(string(rows[i].Name), &rows[i].Count))
	}
	return out
}

// equal compares figures with those of Python.
func equal(t *testing.T, what string, f *figures.Figures, b *bruteForce) {
	t.Helper()
	if f.Entries != b.Entries || f.Bytes != b.Bytes || f.Persistent.Entries != b.Persistent {
		t.Errorf("%s: %d entries, %d bytes, %d persistent; want %d, %d, %d", what, f.Entries, f.Bytes, f.Persistent.Entries, b.Entries, b.Bytes, b.Persistent)
	}
	same(t, what+" codecs", lines(f.Codecs), b.Codecs)
	same(t, what+" django", lines(f.Djangos), b.Djangos)
	same(t, what+" versions", lines(f.Versions), b.Versions)
	same(t, what+" shards", lines(f.Shards), b.Shards)
	var areas, sizes, expiries, classes, models, largest []string
	for i := range f.Areas {
		areas = append(areas, line(string(f.Areas[i].Name), &f.Areas[i].Count))
	}
	for i := range f.Sizes {
		sizes = append(sizes, line(f.Sizes[i].From, &f.Sizes[i].Count))
	}
	for i := range f.Expiries {
		expiries = append(expiries, line(f.Expiries[i].Name, &f.Expiries[i].Count))
	}
	for i := range f.Classes.Rows {
		classes = append(classes, line(string(f.Classes.Rows[i].Name), &f.Classes.Rows[i].Count))
	}
	for i := range f.Models.Rows {
		models = append(models, line(string(f.Models.Rows[i].Name), &f.Models.Rows[i].Count))
	}
	for _, l := range f.Largest {
		largest = append(largest, fmt.Sprint(string(l.Key), l.Shard, l.Bytes))
	}
	same(t, what+" areas", areas, b.Areas)
	same(t, what+" sizes", sizes, b.Sizes)
	same(t, what+" expiries", expiries, b.Expiries)
	same(t, what+" classes", classes, b.Classes)
	same(t, what+" models", models, b.Models)
	if len(f.Largest) > 10 {
		largest = nil
		for _, l := range f.Largest[:10] {
			largest = append(largest, fmt.Sprint(string(l.Key), l.Shard, l.Bytes))
		}
	}
	same(t, what+" largest", largest, b.Largest)
	damaged := int64(0)
	for _, d := range f.Damaged {
		damaged += d.Entries
	}
	want := 0.0
	if len(b.Damaged) > 0 {
		want = b.Damaged[0][1].(float64)
	}
	if float64(damaged) != want {
		t.Errorf("%s: %d damaged, want %v", what, damaged, want)
	}
}

// audited runs an audit.
func (f *filterFarm) audited(t *testing.T, code int, words ...string) *figures.Report {
	t.Helper()
	got, out, errs := f.run(append([]string{"audit", "--json"}, words...)...)
	r := new(figures.Report)
	if err := json.Unmarshal([]byte(out), r); err != nil || got != code {
		t.Fatalf("audit %q: exit %d, want %d, %v\n%s", words, got, code, err, errs)
	}
	return r
}

// TestAudit compares every figure with those of a program in Python that counts entry by
// entry; with CACHERING_AUDIT_WHOLE of all 22,000 entries of the demo.
func TestAudit(t *testing.T) {
	t.Parallel()
	each := 8
	if os.Getenv("CACHERING_AUDIT_WHOLE") != "" {
		each = 1
	}
	f := newFilterFarm(t, each)
	whole := count(t, f.samples, 3, "-")
	r := f.audited(t, 0, "--top", "0", "--depth", "8", "--forbid", "default")
	equal(t, "all", &r.Figures, whole)
	for i := range r.Classes.Rows {
		if c := &r.Classes.Rows[i]; string(*c.Key) != whole.Examples[string(c.Name)] {
			t.Errorf("class %s: example %s, want %s", c.Name, *c.Key, whole.Examples[string(c.Name)])
		}
	}
	f.tree(t, &r.Prefixes, whole)
	if r.Security.Entries != 0 || r.Security.Names != 0 || len(r.Security.Listed) != 0 {
		t.Errorf("false alarms: %+v", r.Security)
	}
	for _, by := range []string{"area", "prefix", "class", "codec", "version", "shard"} {
		want := count(t, f.samples, 2, by)
		r := f.audited(t, 0, "--top", "0", "--depth", "2", "--by", by)
		groups := map[string]*figures.Figures{}
		for i := range r.By.Rows {
			g := &r.By.Rows[i]
			name := ""
			if g.Name != nil {
				name = string(*g.Name)
			}
			groups[name] = &g.Figures
		}
		if len(groups) != len(want.By) {
			t.Errorf("by %s: %d groups, want %d", by, len(groups), len(want.By))
		}
		for _, raw := range want.By {
			var name *string
			b := new(bruteForce)
			if err := json.Unmarshal(raw, &[]any{&name, b}); err != nil {
				t.Fatal(err)
			}
			if name == nil {
				name = new("")
			}
			if g := groups[*name]; g == nil {
				t.Errorf("by %s: no group %q", by, *name)
			} else {
				equal(t, "by "+by+" "+*name, g, b)
			}
		}
	}
	f.estimates(t, r)
}

// tree compares the tree of prefixes; what leads to one place alone is one row of it.
func (f *filterFarm) tree(t *testing.T, p *figures.Prefixes, b *bruteForce) {
	t.Helper()
	want := map[string][]any{}
	for _, row := range b.Tree {
		want[row[0].(string)] = row
	}
	rows := 0
	var visit func(p *figures.Prefixes)
	visit = func(p *figures.Prefixes) {
		for i := range p.Rows {
			r := &p.Rows[i]
			rows++
			row := want[string(r.Name)]
			if row == nil || float64(r.Entries) != row[1] || float64(r.Bytes) != row[2] || float64(r.Largest) != row[3] ||
				math.Abs(r.Persistent*float64(r.Entries)-row[4].(float64)) > 0.01*float64(r.Entries) {
				t.Errorf("prefix %q: %+v, want %v", r.Name, r, row)
			}
			if r.Below != nil {
				visit(r.Below)
			}
		}
	}
	visit(p)
	if rows < 20 {
		t.Errorf("a tree of %d rows", rows)
	}
}

// estimates looks whether what a sample says lies within its margins.
func (f *filterFarm) estimates(t *testing.T, whole *figures.Report) {
	t.Helper()
	outside, looked := 0, 0
	within := func(name string, got *figures.Count, want *figures.Count) {
		for _, pair := range [][3]int64{{got.Entries, want.Entries, *got.EntriesMargin}, {got.Bytes, want.Bytes, *got.BytesMargin}} {
			if looked++; pair[0]-pair[1] > pair[2] || pair[1]-pair[0] > pair[2] {
				outside++
				t.Logf("%s: %d ±%d, in truth %d", name, pair[0], pair[2], pair[1])
			}
		}
	}
	for range 4 {
		r := f.audited(t, 0, "--top", "0", "--sample", "900")
		if r.Sample == nil || r.Sample.Entries < 850 || r.Sample.Entries > 1000 || math.Abs(float64(r.Sample.Of-whole.Entries)) > 0.2*float64(whole.Entries) {
			t.Fatalf("%+v of %d", r.Sample, whole.Entries)
		}
		within("bytes", &r.Count, &whole.Count)
		for _, list := range [][2][]figures.Row{{r.Codecs, whole.Codecs}, {r.Versions, whole.Versions}, {r.Shards, whole.Shards}} {
			for i := range list[0] {
				n := slices.IndexFunc(list[1], func(w figures.Row) bool { return w.Name == list[0][i].Name })
				within(string(list[0][i].Name), &list[0][i].Count, &list[1][n].Count)
			}
		}
	}
	if outside > looked/6 {
		t.Errorf("%d of %d estimates are outside of their margins", outside, looked)
	}
}
