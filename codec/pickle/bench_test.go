package pickle_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// values are of the sorts that caches hold, written at a protocol by our own encoder.
func values(tb testing.TB, protocol int) map[string][]byte {
	g := pyobj.New()
	str := func(s string) pyobj.Ref { return g.NewStr([]byte(s)) }
	keys := []pyobj.Ref{str("sku"), str("title"), str("price"), str("stock"), str("rating")}
	row := func(i int) pyobj.Ref {
		return g.NewDict(keys[0], str(fmt.Sprintf("SKU-%06d", i)), keys[1], str("a small café table"), keys[2], g.NewInt(int64(1000+i)),
			keys[3], pyobj.RefTrue, keys[4], g.NewFloat(4.3))
	}
	var rows []pyobj.Ref
	for i := range 12 {
		rows = append(rows, row(i))
	}
	date := g.NewReduce(pyobj.SymDateTime, g.NewTuple(g.NewBytes([]byte("\x07\xe8\x02\x1d\x0c\x1e\x0f\x01\xe2@"))))
	roots := map[string]pyobj.Ref{
		"small": g.NewDict(str("id"), g.NewInt(7), str("name"), str("member-7"), str("active"), pyobj.RefTrue, str("score"), g.NewFloat(87.123),
			str("groups"), g.NewList(str("staff"), str("beta"))),
		"list": g.NewList(rows...),
		"html": str(strings.Repeat("<article><h2>Zürich Москва</h2><p>a garden by the lake</p></article>\n", 70)),
		"safe": g.NewCall(pyobj.NewObj, g.NewGlobal([]byte("django.utils.safestring"), []byte("SafeString")), g.NewTuple(str("<b>text</b>"))),
		"date": date,
	}
	g.Settle()
	out := map[string][]byte{}
	for name, root := range roots {
		var e pickle.Encoder
		b, err := e.Append(nil, g, root, protocol)
		if err != nil {
			tb.Fatal(err)
		}
		out[name] = b
	}
	return out
}

func BenchmarkTranscode(b *testing.B) {
	for _, d := range [][2]int{{0, 5}, {2, 5}, {5, 2}, {5, 0}} {
		for name, in := range values(b, d[0]) {
			b.Run(fmt.Sprintf("%dto%d/%s", d[0], d[1], name), func(b *testing.B) {
				var t pickle.Transcoder
				var out []byte
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				for b.Loop() {
					var err error
					if out, err = t.Transcode(out[:0], in, d[1]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkGraph is BenchmarkTranscode without the shortcut that avoids the graph.
func BenchmarkGraph(b *testing.B) {
	for _, d := range [][2]int{{0, 5}, {2, 5}, {5, 2}} {
		for name, in := range values(b, d[0]) {
			b.Run(fmt.Sprintf("%dto%d/%s", d[0], d[1], name), func(b *testing.B) {
				var dec pickle.Decoder
				var enc pickle.Encoder
				g := pyobj.New()
				var out []byte
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				for b.Loop() {
					root, err := dec.Decode(g, in)
					if err != nil {
						b.Fatal(err)
					}
					if out, err = enc.Append(out[:0], g, root, d[1]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestAllocs: a Transcoder that has seen values of the size allocates nothing.
func TestAllocs(t *testing.T) {
	for from := range 6 {
		for name, in := range values(t, from) {
			for to := range 6 {
				var tr pickle.Transcoder
				var out []byte
				allocs := testing.AllocsPerRun(50, func() {
					var err error
					if out, err = tr.Transcode(out[:0], in, to); err != nil {
						t.Fatal(err)
					}
				})
				if allocs > 0 {
					t.Errorf("%s from %d to %d: %v allocations", name, from, to, allocs)
				}
				if from == to && !bytes.Equal(in, out) {
					t.Errorf("%s at %d is written differently", name, from)
				}
			}
		}
	}
}
