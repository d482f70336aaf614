package pickle_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/codec/same"
)

// seeds adds vectors of every sort that are small enough to be mutated well.
func seeds(f *testing.F) {
	for _, file := range []string{"builtin-named", "stdlib", "py2", "py2-objects", "hostile"} {
		for i, v := range vectorsOf(f, file) {
			if len(v.In) < 300 && (i%3 == 0 || file == "hostile") {
				f.Add(v.In, uint8(i))
			}
		}
	}
}

// FuzzDecode: any input gives a value or a typed error that points into it, in memory that is bounded by the input.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, policy uint8) {
		d := pickle.Decoder{Py2Strings: pickle.Py2Strings(policy % 5), Lenient: policy >= 128, AsLoads: policy&32 != 0, Evaluate: policy&64 != 0}
		g := pyobj.New()
		given := bytes.Clone(in)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		root, err := d.Decode(g, in)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64*uint64(len(in))+1<<17 {
			t.Errorf("%d bytes allocated for %d", used, len(in))
		}
		if !bytes.Equal(in, given) {
			t.Error("the input was changed")
		}
		if err != nil {
			var e *pickle.Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(in) || e.Kind == "" || root != 0 {
				t.Errorf("got %#v", err)
			}
			return
		}
		if int(root) >= g.Size() {
			t.Errorf("root %d of %d", root, g.Size())
		}
	})
}

// FuzzTranscode: what is written can be read, means the same, and is written again the same way.
func FuzzTranscode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, options uint8) {
		var d pickle.Decoder
		e := pickle.Encoder{Budget: 1 << 20}
		a, b := pyobj.New(), pyobj.New()
		protocol := int(options) % 6
		d.Py2Strings = pickle.Py2Strings(options / 6 % 5)
		x, err := d.Decode(a, in)
		if err != nil {
			return
		}
		once, err := e.Append(nil, a, x, protocol)
		if err != nil {
			if k := pickle.ErrorKind(kindOf(err)); k != pickle.Cycle && k != pickle.Unrepresentable && k != pickle.TooLarge && k != pickle.NumberError {
				t.Errorf("to %d: %v", protocol, err)
			}
			return
		}
		y, err := d.Decode(b, once)
		if err != nil {
			t.Fatalf("to %d: %v\n%s", protocol, err, short(once))
		}
		// Where the protocol has a form for everything, the graph is the same. Only what Python looks up by a code or an id,
		// and the input did not memoize, is looked up each time again.
		if protocol >= 4 && !looksUp(a) && !same.Graph(a, x, b, y) {
			t.Errorf("to %d: another graph\n%s\n%s", protocol, short(in), short(once))
		}
		twice, err := e.Append(nil, b, y, protocol)
		if err != nil || !bytes.Equal(once, twice) && protocol >= 3 {
			t.Errorf("to %d and again: %v\n%s\n%s", protocol, err, short(once), short(twice))
		}
		// Before protocol 3 bytes are computed, and Python computes each single byte once: two b'0' may become one, but no
		// more than that.
		if z, err := d.Decode(b, twice); err != nil {
			t.Errorf("to %d twice: %v", protocol, err)
		} else if thrice, err := e.Append(nil, b, z, protocol); err != nil || !bytes.Equal(twice, thrice) {
			t.Errorf("to %d and again and again: %v\n%s\n%s", protocol, err, short(twice), short(thrice))
		}
		// By way of the newest protocol nothing is lost for the older one.
		newest, err := e.Append(nil, a, x, 5)
		if err != nil {
			return
		}
		z, err := d.Decode(b, newest)
		if err != nil {
			t.Fatal(err)
		}
		if detour, err := e.Append(nil, b, z, protocol); err != nil || !bytes.Equal(once, detour) {
			t.Errorf("to %d by way of 5: %v\n%s\n%s", protocol, err, short(once), short(detour))
		}
	})
}

// looksUp reports whether the graph has an extension or persistent object that its pickle did not memoize.
func looksUp(g *pyobj.Graph) bool {
	for r := range pyobj.Ref(g.Size()) {
		if k := g.Kind(r); (k == pyobj.Ext || k == pyobj.PersID) && !g.IsPut(r) {
			return true
		}
	}
	return false
}

// FuzzReuse: what a used Transcoder writes is what a new one writes.
func FuzzReuse(f *testing.F) {
	for _, v := range vectorsOf(f, "builtin-named") {
		if len(v.In) < 200 {
			f.Add(v.In, v.Out["0"], uint8(len(v.In)))
		}
	}
	var used pickle.Transcoder
	used.Budget = 1 << 20
	f.Fuzz(func(t *testing.T, first, second []byte, options uint8) {
		used.Transcode(nil, first, int(options)%6)
		fresh := pickle.Transcoder{Encoder: pickle.Encoder{Budget: 1 << 20}}
		want, wantErr := fresh.Transcode(nil, second, int(options)/6%6)
		got, err := used.Transcode(make([]byte, 3, 5000), second, int(options)/6%6)
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() || !bytes.Equal(got[3:], want) {
			t.Errorf("got %s, %v\nwant %s, %v", short(got[3:]), err, short(want), wantErr)
		}
	})
}

// FuzzDisassemble: never a panic, and as far as the decoder comes the disassembler comes too.
func FuzzDisassemble(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, _ uint8) {
		var out bytes.Buffer
		err := pickle.Disassemble(&out, in)
		if bytes.ContainsFunc(out.Bytes(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
			t.Errorf("control characters in the output")
		}
		var d pickle.Decoder
		if _, derr := d.Decode(pyobj.New(), in); derr == nil && err != nil {
			t.Errorf("decodes, but %v", err)
		}
	})
}

// FuzzRewrite: what a Transcoder writes, which avoids the graph where it can, is what comes of the graph.
func FuzzRewrite(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, options uint8) {
		protocol := 2 + int(options)%4
		var d pickle.Decoder
		e := pickle.Encoder{Budget: 1 << 20}
		g := pyobj.New()
		var want []byte
		root, wantErr := d.Decode(g, in)
		if wantErr == nil {
			want, wantErr = e.Append(nil, g, root, protocol)
		}
		tr := pickle.Transcoder{Encoder: pickle.Encoder{Budget: 1 << 20}}
		got, err := tr.Transcode(nil, in, protocol)
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() || !bytes.Equal(got, want) {
			t.Errorf("%s to %d:\n got %s, %v\nwant %s, %v", short(in), protocol, short(got), err, short(want), wantErr)
		}
	})
}
