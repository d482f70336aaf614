package pyobj

import (
	"bytes"
	"testing"
)

// TestSharedText: a str that stands in a list again and again is not written without end, nor is the text of a class.
func TestSharedText(t *testing.T) {
	for name, part := range map[string]func(g *Graph) Ref{
		"str":   func(g *Graph) Ref { return g.NewStr(bytes.Repeat([]byte("x"), 1000)) },
		"class": func(g *Graph) Ref { return g.NewGlobal([]byte("m"), bytes.Repeat([]byte("x"), 1000)) },
	} {
		g := New()
		list, text := g.NewList(), part(g)
		dict := g.NewDict()
		for i := range 1000 {
			g.Append(list, text)
			g.SetItems(dict, g.NewInt(int64(i)), text)
		}
		g.Settle()
		for _, r := range []Ref{list, dict} {
			p := newPrinter(g, nil, Limits{})
			if p.end < 64<<20 {
				t.Errorf("no more than %d bytes may be written", p.end)
			}
			p.limits.Depth, p.end = 10, 10_000
			p.value(r)
			if out := p.dst; len(out) < 10_000 || len(out) > 12_000 || !bytes.Contains(out[len(out)-10:], []byte(" more>")) {
				t.Errorf("%s: %d bytes, end %q", name, len(out), out[max(0, len(out)-20):])
			}
			w := jsonWriter{printer: newPrinter(g, nil, Limits{}), typed: true}
			w.end = 10_000
			func() {
				defer func() {
					if _, ok := recover().(*NotJSONError); !ok || len(w.dst) > 12_000 {
						t.Errorf("%s as JSON: %d bytes", name, len(w.dst))
					}
				}()
				w.value(r)
			}()
		}
	}
}
