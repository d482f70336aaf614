package codec_test

import (
	"bytes"
	"slices"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/codec/same"
	"cachering/codec/vectors"
)

// What JSON says and we write back is the same value, and its pickle reads back
// as the same graph.
func FuzzFromJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -0, 1.5, "\ud83d\ude00", null, true], "b": {"a": 1, "a": 2}}`, `"\ud800"`, `NaN`, `[[[]], {}]`, `1e400`, "12345678901234567890", `"\"\\\/"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := codec.FromJSON(text)
		if err != nil {
			located(t, text, err)
			return
		}
		if again, err := v.Graph.AppendJSON(nil, v.Root, false); err == nil {
			w, err := codec.FromJSON(again)
			if err != nil {
				t.Fatalf("%q was written as %q: %v", text, again, err)
			}
			twice, err := w.Graph.AppendJSON(nil, w.Root, false)
			if err != nil || !bytes.Equal(again, twice) {
				t.Fatalf("%q was written as %q, then as %q, %v", text, again, twice, err)
			}
		}
		roundTrip(t, v)
	})
}

// What repr shows of a literal is the same literal, unless it holds something
// that has none: infinity, some complex numbers, the ellipsis, a huge integer.
func FuzzFromLiteral(f *testing.F) {
	for _, s := range []string{`{'a': [1, -0, 1.5, "x" b'' ''], (1,): {1, 2}}`, `b'\xff' rb'\'`, `-1+2j`, `set()`, "(1,\n# c\n)", `'\u0031\N{DIGIT ONE}'`, `0x_ff`, `{1.0, True, 1}`, "..."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := codec.FromLiteral(text)
		if err != nil {
			located(t, text, err)
			return
		}
		shown := v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{})
		for _, c := range shown {
			if c < ' ' || c == 0x7f {
				t.Fatalf("%q is shown as %q", text, shown)
			}
		}
		if bytes.ContainsAny(shown, "j") {
			// Python too reads (-0-1j) as another number than it shows.
		} else if w, err := codec.FromLiteral(shown); err == nil {
			twice := w.Graph.AppendRepr(nil, w.Root, pyobj.Limits{})
			a, b := slices.Sorted(slices.Values(shown)), slices.Sorted(slices.Values(twice))
			// A set that is made in the order in which another was shown may show another order, as in Python.
			if !bytes.Equal(a, b) || !bytes.ContainsRune(shown, '{') && !bytes.Equal(shown, twice) {
				t.Fatalf("%q is shown as %q, and that as %q", text, shown, twice)
			}
		} else if !bytes.Contains(shown, []byte("inf")) && !bytes.Contains(shown, []byte("nan")) && !bytes.Contains(shown, []byte("Ellipsis")) && len(shown) < 4000 {
			t.Fatalf("%q is shown as %q: %v", text, shown, err)
		}
		roundTrip(t, v)
	})
}

// located checks that an error of a text points into it.
func located(t *testing.T, text []byte, err error) {
	t.Helper()
	e, ok := err.(*pyobj.SyntaxError)
	if !ok || e.Line < 1 || e.Column < 1 || e.Line > 1+bytes.Count(text, []byte{'\n'})+bytes.Count(text, []byte{'\r'}) || e.Column > len(text)+1 || e.Text == "" {
		t.Fatalf("%q: %#v", text, err)
	}
}

// roundTrip checks that what Encode stores is read back as the same graph.
func roundTrip(t *testing.T, v *codec.Value) {
	t.Helper()
	to := codec.Codec{Serializer: codec.Pickle, Protocol: 4, Compressor: codec.Zlib, Level: 1}
	stored, err := codec.Encode(nil, v, to)
	if err != nil {
		if k := v.Graph.Kind(v.Root); k != pyobj.Int {
			t.Fatal(err)
		}
		return
	}
	w, err := codec.Decode(stored, codec.Stored(to), codec.Options{})
	if err != nil {
		t.Fatalf("%q: %v", stored, err)
	}
	if a, b := v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{}), w.Graph.AppendRepr(nil, w.Root, pyobj.Limits{}); !bytes.Equal(a, b) {
		t.Fatalf("%q was stored as %q, which is %q", a, stored, b)
	}
}

// Whatever the bytes, reading them ends in a value or a typed error; what was
// transcoded is at its target, and transcoding back loses nothing.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{hello0, hello2, hello5, "42", " 1_0 ", "<Color.RED: 1>", "f5e9a674e4d711f1930d02fc00000001", deflated(f, hello5, 6), "\x78\x9c", `{"a": 1}`, "(dp0\nVa\np1\nI1\ns.",
		"cdatetime\ndate\n(S'\\x07\\xe8\\x01\\x02'\ntR.", "ccollections\nOrderedDict\n)RX\x01\x00\x00\x00aK\x01s.", "\x80\x04\x8f(K\x01K\x02\x90."} {
		f.Add([]byte(s))
	}
	for _, v := range vectors.Read[struct{ In []byte }](f, "../testdata/pickle/stdlib.jsonl.gz") {
		f.Add(v.In)
	}
	// Responses, model instances and query sets, a few of each.
	for i, e := range vectors.Read[struct{ Value string }](f, "../testdata/demo/entries.jsonl.gz") {
		if i%500 == 499 && len(e.Value) < 2000 {
			f.Add([]byte(e.Value))
		}
	}
	source := codec.Stored(codec.Codec{})
	up := newTranscoder(f, "stored", "pickle:5", codec.Options{Budget: 1 << 20})
	down := newTranscoder(f, "stored", "pickle:2+zlib:1", codec.Options{Budget: 1 << 20})
	f.Fuzz(func(t *testing.T, stored []byte) {
		v, err := codec.Decode(stored, source, codec.Options{Budget: 1 << 20})
		if err != nil {
			if e, ok := err.(*codec.Error); !ok || e.Kind == "" || e.Offset < 0 || e.Text == "" {
				t.Fatalf("%q: %#v", stored, err)
			}
			return
		}
		limits := pyobj.Limits{Depth: 20, Items: 100, Chars: 1000, Nodes: 1000}
		for _, c := range v.Graph.AppendRepr(nil, v.Root, limits) {
			if c < ' ' || c == 0x7f {
				t.Fatalf("%q is shown with a control character", stored)
			}
		}
		v.Graph.AppendJSON(nil, v.Root, true)
		v.Graph.Describe(v.Root)

		out, changed, err := up.Transcode(nil, stored)
		if err != nil {
			return
		}
		if !changed {
			out = stored
		}
		if _, again, err := up.Transcode(nil, out); err != nil || again {
			t.Fatalf("%q became %q, which is not at its target: %v, %v", stored, out, again, err)
		}
		low, changed, err := down.Transcode(nil, out)
		if err != nil {
			return
		}
		if !changed {
			low = out
		}
		back, changed, err := up.Transcode(nil, low)
		if !changed {
			back = low
		}
		getattr := []byte("getattr")
		if err == nil && bytes.Contains(back, getattr) && !bytes.Contains(out, getattr) {
			return // a class inside a class has no name below protocol 4, and stays the getattr that it becomes there
		}
		if err != nil || !bytes.Equal(back, out) {
			a, _ := codec.Decode(out, source, codec.Options{})
			b, err2 := codec.Decode(back, source, codec.Options{})
			// Below protocol 3 bytes are computed, and single bytes then are one object.
			single := bytes.Contains(out, []byte("C\x01"))
			if err2 != nil || !single && !same.Graph(a.Graph, a.Root, b.Graph, b.Root) {
				t.Fatalf("%q at protocol 5, %q at 2, %q back: %v", out, low, back, err)
			}
		}
	})
}

// What MessagePack says and we write back is the same value, and one that the
// library reads; what it does not read is written only if it then does.
func FuzzDecodeMsgPack(f *testing.F) {
	for _, s := range []string{"\x82\xa1a\x01\xa1b\x92\xc0\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", "\xd9\x03abc", "\xc4\x01x", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\xa2\xff\xfe", "\xdc\x00\x01\xd0\x80", "\xdf\x00\x00\x00\x01\xc2\xc3", "\xd4\x05x", "\xd6\xff\x00\x00\x00\x01", "\xd7\xff\x00\x00\x00\x04\x00\x00\x00\x00", "\xc7\x0c\xff\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff", "\xc7\x03\x7fabc"} {
		f.Add([]byte(s))
	}
	source := codec.Fixed(codec.Codec{Serializer: codec.MsgPack})
	tr := newTranscoder(f, "msgpack", "msgpack", codec.Options{})
	f.Fuzz(func(t *testing.T, stored []byte) {
		v, err := codec.Decode(stored, source, codec.Options{})
		if err != nil {
			if e, ok := err.(*codec.Error); !ok || e.Kind == "" || e.Offset < 0 || e.Offset > len(stored) {
				t.Fatalf("%q: %#v", stored, err)
			}
			return
		}
		out, changed, err := tr.Transcode(nil, stored)
		if err != nil && v.Refused == nil {
			t.Fatalf("%q: %v", stored, err)
		}
		if !changed {
			return
		}
		w, err := codec.Decode(out, source, codec.Options{})
		if err != nil || w.Refused != nil {
			t.Fatalf("%q became %q: %v, %v", stored, out, err, w.Refused)
		}
		if !same.Graph(v.Graph, v.Root, w.Graph, w.Root) {
			t.Fatalf("%q became %q, another value", stored, out)
		}
		if _, again, err := tr.Transcode(nil, out); again || err != nil {
			t.Fatalf("%q became %q, and that another: %v", stored, out, err)
		}
	})
}
