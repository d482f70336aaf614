package filtertest

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hostileKeys are text that a page must not take for its own.
var hostileKeys = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "'onmouseover='x", "javascript:alert(1)", "{{.Cache}}", "</td></table><h1>",
	"<!-- ", "]]>", "&lt;b&gt;", "\u202egnp.exe", "\xff\xfe\x00\x01", "a\tb\nc", strings.Repeat("wide", 700), strings.Repeat("x:", 300), "漢字:ключ:🗝",
}

// newPageFarm is a filterFarm with what is hostile, forbidden, damaged and of others, too.
func newPageFarm(t *testing.T) *filterFarm {
	t.Helper()
	f := newFilterFarm(t, 40)
	ctx := context.Background()
	for i, key := range hostileKeys {
		value := "(i__main__\n" + strings.NewReplacer("\n", "", "\x00", "").Replace(key) + "\n."
		if err := f.clients[i%4].Set(ctx, ":1:"+key, value+strings.Repeat(" ", 9000+i), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	f.clients[0].Set(ctx, ":1:poison:<b>", "cos\nsystem\n(S'true'\ntR.", 0)
	f.clients[1].Set(ctx, "<i>:foreign", "x", 0)
	f.clients[2].LPush(ctx, ":1:<u>list", "x")
	f.clients[3].Set(ctx, "__lock__:1:<s>", "0123456789abcdef0123456789abcdef", 0)
	if err := f.clients[3].Set(ctx, "__fresh__:1:gone", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

// paged runs an audit that writes a page, and prints the same as JSON.
func (f *filterFarm) paged(t *testing.T, words ...string) (page []byte, doc map[string]any) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.html")
	code, out, errs := f.run(append([]string{"audit", "--json", "--forbid", "default", "--html", path}, words...)...)
	if code != 0 && code != 4 { // a sample may not have what is forbidden
		t.Fatalf("audit %q: exit %d\n%s", words, code, errs)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	dec := json.NewDecoder(strings.NewReader(out))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return page, doc
}

// pageParts are what stands in the sections of a page.
type pageParts struct {
	figures map[string][]string // values of the data elements, by section
	text    map[string]string
	anchors []string
}

// parsePage reads a page as XML, which it is as well, so that nothing in it is read by guess.
func parsePage(t *testing.T, page []byte) *pageParts {
	t.Helper()
	p := &pageParts{figures: map[string][]string{}, text: map[string]string{}}
	dec := xml.NewDecoder(bytes.NewReader(page))
	var sections []string
	allowed := strings.Fields("html head meta title style body header main section h1 h2 h3 p ul li b a table thead tbody tr th td data bdi svg circle rect details summary span")
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		in := ""
		for _, s := range sections {
			if s != "" {
				in = s
			}
		}
		switch e := token.(type) {
		case xml.StartElement:
			if !slices.Contains(allowed, e.Name.Local) {
				t.Errorf("<%s> in a page", e.Name.Local)
			}
			id := ""
			for _, a := range e.Attr {
				switch name := a.Name.Local; {
				case name == "data-section":
					id = a.Value
				case e.Name.Local == "data" && name == "value":
					p.figures[in] = append(p.figures[in], a.Value)
				case name == "href":
					if !strings.HasPrefix(a.Value, "#") {
						t.Errorf("a link to %q", a.Value)
					}
					p.anchors = append(p.anchors, a.Value[1:])
				case strings.HasPrefix(name, "on") || name == "src" || name == "style":
					t.Errorf("<%s %s=%q>", e.Name.Local, name, a.Value)
				}
			}
			sections = append(sections, id)
		case xml.EndElement:
			sections = sections[:len(sections)-1]
		case xml.CharData:
			p.text[in] += string(e)
		}
	}
}

// numbers are all numbers in a document.
func numbers(v any, skip ...string) (list []string) {
	switch v := v.(type) {
	case json.Number:
		list = append(list, v.String())
	case []any:
		for _, item := range v {
			list = append(list, numbers(item, skip...)...)
		}
	case map[string]any:
		for name, item := range v {
			if !slices.Contains(skip, name) {
				list = append(list, numbers(item, skip...)...)
			}
		}
	}
	return list
}

// TestPageHasTheFigures compares each section of the page with that of the JSON document of
// the same run: every number is there, exactly, as often as it is in the other.
func TestPageHasTheFigures(t *testing.T) {
	t.Parallel()
	f := newPageFarm(t)
	for _, words := range [][]string{{"--top", "0", "--depth", "8", "--by", "area"}, {"--by", "class", "--top", "3"}, {"--sample", "300", "--by", "prefix"}, {"--shard", "1", "--match", "*<*"}} {
		page, doc := f.paged(t, words...)
		p := parsePage(t, page)
		want := map[string][]string{}
		all := func(section string, names ...string) {
			for _, name := range names {
				want[section] = append(want[section], numbers(doc[name])...)
			}
		}
		for _, section := range []string{"codecs", "damaged", "areas", "prefixes", "sizes", "expiries", "largest", "models", "django_versions", "versions", "shards",
			"compression", "servers", "imbalance", "other_types", "foreign", "security"} {
			all(section, section)
		}
		all("classes", "classes")
		all("sides", "locks", "markers")
		all("all", "entries", "bytes", "share", "entries_margin", "bytes_margin", "mean_bytes", "persistent", "python2_strings", "sample", "memory", "elapsed_ms")
		if by, ok := doc["by"].(map[string]any); ok {
			want["by"] = numbers(by, "largest_bytes", "persistent_share") // of a prefix in a group they are not counted
		}
		if len(doc["models"].(map[string]any)["rows"].([]any)) == 0 {
			delete(want, "models") // 0 different
		}
		if f, ok := doc["foreign"].(map[string]any); ok && f["keys"].(json.Number) == "0" {
			delete(want, "foreign")
		}
		for section, list := range want {
			got := slices.Sorted(slices.Values(p.figures[section]))
			slices.Sort(list)
			if section == "by" {
				got, list = noZeros(got), noZeros(list)
			}
			if !slices.Equal(got, list) {
				t.Errorf("%v: %s: %d figures, want %d; not the same: %q", words, section, len(got), len(list), differing(got, list))
			}
		}
		for _, id := range p.anchors {
			if _, ok := p.text[id]; !ok {
				t.Errorf("%v: a link to %q, which is no section", words, id)
			}
		}
		if ring := p.figures["ring"]; !slices.Equal(slices.Sorted(slices.Values(ring)), shares(t, f)) {
			t.Errorf("%v: shares %v", words, ring)
		}
	}
}

// noZeros leaves out the sums of sections of a group that has no rows for them.
func noZeros(list []string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "0" })
}

// shares are those that ring show tells.
func shares(t *testing.T, f *filterFarm) (list []string) {
	t.Helper()
	code, out, errs := f.run("ring", "show", "--json")
	var doc struct{ Shards []struct{ Share json.Number } }
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 {
		t.Fatal(code, err, errs)
	}
	for _, s := range doc.Shards {
		list = append(list, s.Share.String())
	}
	slices.Sort(list)
	return list
}

// TestPageEscapes: nothing that others chose is markup, and keys stand in the page as it is
// asked for.
func TestPageEscapes(t *testing.T) {
	t.Parallel()
	f := newPageFarm(t)
	page, _ := f.paged(t, "--keys", "shown", "--top", "0", "--depth", "8", "--by", "class")
	p := parsePage(t, page)
	for _, want := range []string{":1:<script>alert(1)</script>", `:1:"><img src=x onerror=alert(1)>`, "{{.Cache}}", `\u202egnp.exe`, `\xff\xfe\x00\x01`, "漢字:ключ:🗝", `a\tb\nc`} {
		if !strings.Contains(p.text["largest"], want) {
			t.Errorf("%q is not among the largest", want)
		}
	}
	for _, never := range []string{"<script", "http:", "https:", "url(", "@import", "javascript:\"", "<img", "<link", "<iframe"} {
		if bytes.Contains(bytes.ToLower(page), []byte(never)) {
			t.Errorf("%q is in the page", never)
		}
	}
	if !strings.Contains(p.text["security"], "os.system") && !strings.Contains(p.text["security"], "posix.system") {
		t.Errorf("security: %s", p.text["security"])
	}
	// Without a word keys are folded in the page, and shown in what is printed.
	page, doc := f.paged(t)
	_ = doc
	folded := parsePage(t, page).text["largest"]
	if !strings.Contains(folded, ":<n>:") || strings.Contains(folded, ":1:") {
		t.Errorf("folded: %s", folded)
	}
	page, _ = f.paged(t, "--keys", "hashed")
	if text := parsePage(t, page).text; strings.Contains(text["largest"], "alert") || strings.Contains(text["security"], "poison") {
		t.Errorf("hashed: %s %s", text["largest"], text["security"])
	}
}
