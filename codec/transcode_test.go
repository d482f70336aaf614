package codec_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"strings"
	"testing"

	"cachering/codec"
)

func mustParse(t testing.TB, spec string) codec.Codec {
	t.Helper()
	c, err := codec.Parse(spec, codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol, Compressor: codec.None})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newTranscoder(t testing.TB, from, to string, o codec.Options) *codec.Transcoder {
	t.Helper()
	source, err := codec.ParseSource(from, codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol, Compressor: codec.None})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := codec.NewTranscoder(source, mustParse(t, to), o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func deflated(t testing.TB, data string, level int) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(data))
	w.Close()
	return b.String()
}

const (
	hello0 = "Vhello\np0\n."
	hello2 = "\x80\x02X\x05\x00\x00\x00helloq\x00."
	hello5 = "\x80\x05\x95\x09\x00\x00\x00\x00\x00\x00\x00\x8c\x05hello\x94."
)

func TestTranscode(t *testing.T) {
	for _, c := range []struct {
		name             string
		from, to, stored string
		want             string // empty: unchanged
	}{
		{"up", "pickle", "pickle:5", hello0, hello5},
		{"down", "pickle", "pickle:0", hello5, hello0},
		{"already there", "pickle", "pickle:5", hello5, ""},
		{"another PUT than Python writes", "pickle", "pickle:0", "Vhello\np7\n.", hello0},
		{"zlib off", "pickle+zlib", "pickle:2", deflated(t, hello2, 6), hello2},
		{"zlib found", "stored", "pickle:2", deflated(t, hello2, 6), hello2},
		{"zlib already", "stored", "pickle:2+zlib", deflated(t, hello2, 6), ""},
		{"zlib of another protocol", "stored", "pickle:5+zlib", deflated(t, hello2, 6), deflated(t, hello5, 6)},
		{"zlib of another level", "stored", "pickle:2+zlib:9", deflated(t, hello2, 6), deflated(t, hello2, 9)},
		{"zlib of a level that shows the same", "stored", "pickle:2+zlib:8", deflated(t, hello2, 9), ""},
		{"zlib on", "pickle", "pickle:2+zlib:1", hello2, deflated(t, hello2, 1)},
		{"integer", "stored", "pickle:5", "42", ""},
		{"integer with compression", "stored", "pickle:5+zlib", "-42", ""},
		{"integer as people type it", "stored", "pickle:5", " 1_000\n", "1000"},
		{"pickled int", "stored", "pickle:2", "I42\n.", "\x80\x02K*."},
		{"a pickle that looks like zlib at first", "stored", "pickle:2", "X\x09\x00\x00\x00hello you.", "\x80\x02X\x09\x00\x00\x00hello youq\x00."},
	} {
		tr := newTranscoder(t, c.from, c.to, codec.Options{})
		for range 2 { // the second time with used buffers
			out, changed, err := tr.Transcode([]byte("kept"), []byte(c.stored))
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if !changed {
				if out != nil && string(out) != "kept" || c.want != "" {
					t.Errorf("%s: unchanged, %q; want %q", c.name, out, c.want)
				}
				continue
			}
			got, ok := bytes.CutPrefix(out, []byte("kept"))
			same := bytes.Equal(got, []byte(c.want)) || tr != nil && strings.Contains(c.to, "zlib") && len(got) > 2 && len(c.want) > 2 &&
				got[1] == c.want[1] && bytes.Equal(inflated(t, mustParse(t, c.to), got), inflated(t, mustParse(t, c.to), []byte(c.want)))
			if !ok || !same {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
	}
}

func TestTranscodeRefuses(t *testing.T) {
	whole := deflated(t, hello2, 6)
	checksum := []byte(whole)
	checksum[len(checksum)-1] ^= 1
	for _, c := range []struct {
		name, from, stored string
		kind               codec.Kind
		skipped            bool
	}{
		{"integer as a pickle", "pickle", "42", "opcode", false},
		{"JSON as a pickle", "pickle", `{"a": 1}`, "opcode", false},
		{"zlib as a pickle", "pickle", whole, "opcode", false},
		{"pickle as zlib", "pickle+zlib", hello2, codec.KindCorrupt, false},
		{"nothing", "stored", "", "truncated", false},
		{"cut pickle", "stored", hello5[:12], "truncated", false},
		{"pickle of the future", "stored", "\x80\x06N.", "protocol", false},
		{"two pickles", "stored", hello5 + hello5, codec.KindTrailing, false},
		{"lock token", "stored", "f5e9a674e4d711f1930d02fc00000001", codec.KindLockToken, true},
		{"lock token of digits", "stored", "05090674040711010930020000000001", codec.KindLockToken, true},
		{"enum that redis-py spoilt", "stored", "<Color.RED: 1>", codec.KindDamaged, false},
		{"flags that redis-py spoilt", "stored", "<Perm.R|W: 6>", codec.KindDamaged, false},
		{"any object", "stored", "<__main__.Thing object at 0x7f00de0>", codec.KindDamaged, false},
		{"JSON", "stored", `{"a": 1}`, codec.KindUnknown, false},
		{"JSON text", "stored", `"hello"`, codec.KindUnknown, false},
		{"cut gzip", "stored", "\x1f\x8b\x08\x00", codec.KindCorrupt, false},
		{"Flask-Caching", "stored", "!" + hello5, codec.KindUnknown, false},
		{"bytes after zlib", "stored", whole + "x", codec.KindTrailing, false},
		{"cut zlib", "stored", whole[:len(whole)-1], codec.KindCorrupt, false},
		{"cut zlib header", "pickle+zlib", "\x78", codec.KindCorrupt, false},
		{"zlib with a wrong checksum", "stored", string(checksum), codec.KindCorrupt, false},
		{"zlib bomb", "stored", deflated(t, strings.Repeat("\x00", 2<<20), 9), codec.KindTooLarge, false},
		{"zlib in zlib", "stored", deflated(t, whole, 6), "opcode", false},
	} {
		tr := newTranscoder(t, c.from, "pickle:5", codec.Options{Budget: 1 << 20})
		for range 2 {
			out, changed, err := tr.Transcode([]byte("kept"), []byte(c.stored))
			var e *codec.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Kind.Skipped() != c.skipped || out != nil || changed || e.Text == "" || e.Offset < 0 {
				t.Errorf("%s: got %q, %v, %#v; want kind %s", c.name, out, changed, err, c.kind)
			}
		}
		if out, changed, err := tr.Transcode(nil, []byte(deflated(t, hello2, 6))); c.from == "stored" && (err != nil || !changed || string(out) != hello5) {
			t.Errorf("%s: the value after it: %q, %v, %v", c.name, out, changed, err)
		}
	}
}

func TestNewTranscoderRefuses(t *testing.T) {
	for _, to := range []codec.Codec{
		{},
		{Serializer: codec.Pickle, Protocol: codec.AnyProtocol},
		{Serializer: codec.Pickle, Protocol: 6},
		{Serializer: codec.Pickle, Protocol: 5, Compressor: "snappy"},
		{Serializer: codec.Pickle, Protocol: 5, Compressor: codec.Zlib, Level: 10},
		{Serializer: "marshal", Protocol: 5},
	} {
		_, err := codec.NewTranscoder(codec.Stored(codec.Codec{}), to, codec.Options{})
		var spelt *codec.SpecError
		if !errors.As(err, &spelt) {
			t.Errorf("NewTranscoder to %+v: %v; want a *SpecError", to, err)
		}
	}
}

func TestNotes(t *testing.T) {
	tr := newTranscoder(t, "stored", "pickle:5", codec.Options{})
	for _, c := range []struct {
		stored string
		long   bool
		ascii  int
	}{
		{strings.Repeat("9", codec.MaxIntegerDigits), false, 0},
		{strings.Repeat("9", codec.MaxIntegerDigits+1), true, 0},
		{"S'abc'\n.", false, 1},
		{hello0, false, 0},
	} {
		if _, _, err := tr.Transcode(nil, []byte(c.stored)); err != nil {
			t.Fatal(err)
		}
		if n := tr.Notes(); n.LongInteger != c.long || n.Py2.ASCII != c.ascii {
			t.Errorf("%.20q: notes %+v", c.stored, n)
		}
	}
}

func TestLockToken(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       bool
	}{
		{"", "f5e9a674e4d711f1930d02fc00000001", true},
		{"", "F5E9A674E4D711F1930D02FC00000001", false},
		{"", "f5e9a674e4d711f1930d02fc0000000", false},
		{"", "f5e9a674e4d711f1930d02fc000000012", false},
		{"", "g5e9a674e4d711f1930d02fc00000001", false},
		{"", "15090674040711010930020000000001", false},
		{"__lock__:1:k", "15090674040711010930020000000001", true},
		{"", "05090674040711010930020000000001", true},
	} {
		if got := codec.LockToken([]byte(c.key), []byte(c.value)); got != c.want {
			t.Errorf("LockToken(%q, %q) = %v", c.key, c.value, got)
		}
	}
}

// A value costs no allocation once the buffers have grown.
func TestTranscodeAllocates(t *testing.T) {
	value := []byte("(dp0\nVname\np1\nVuser\np2\nsVtags\np3\n(lp4\nVa\np5\naI42\naF1.5\nas.")
	packed := []byte(deflated(t, string(value), 6))
	for _, c := range []struct {
		to     string
		stored []byte
		most   float64
	}{{"pickle:5", value, 0}, {"pickle:5", packed, 0}, {"pickle:5+zlib", value, 0}, {"pickle:5+zlib", packed, 0}, {"pickle:5", []byte(" 1234567890"), 0}} {
		tr := newTranscoder(t, "stored", c.to, codec.Options{})
		var dst []byte
		got := testing.AllocsPerRun(200, func() {
			out, changed, err := tr.Transcode(dst[:0], c.stored)
			if err != nil || !changed {
				t.Fatal(changed, err)
			}
			dst = out
		})
		if got > c.most {
			t.Errorf("%.10q to %s: %v allocations a value, want %v", c.stored, c.to, got, c.most)
		}
	}
}
