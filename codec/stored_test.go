package codec_test

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"io"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/codec/vectors"
)

// stored is a line of testdata/stored: what django-redis-cache made of a value
// that was typed as text.
type stored struct {
	PickleVersion int    `json:"pickle_version"`
	Compressor    string `json:"compressor"`
	From          string `json:"from"`
	Text          string `json:"text"`
	Raw           []byte `json:"raw"`
	Repr          string `json:"repr"`
}

func TestStoredVectors(t *testing.T) {
	n := 0
	for _, line := range vectors.Read[json.RawMessage](t, "../testdata/stored/django-redis-cache.jsonl.gz") {
		var v stored
		// Lone surrogates in the text are escapes of JSON, which encoding/json
		// would replace: the text is read by our own parser.
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		v.Text, v.Repr = field(t, line, "text"), field(t, line, "repr")
		n++
		parse := codec.FromJSON
		if v.From == "literal" {
			parse = codec.FromLiteral
		}
		value, err := parse([]byte(v.Text))
		if err != nil {
			t.Errorf("%s %q: %v", v.From, v.Text, err)
			continue
		}
		to := codec.Codec{Serializer: codec.Pickle, Protocol: v.PickleVersion, Compressor: codec.Compressor(v.Compressor), Level: codec.DefaultLevel}
		raw, err := codec.Encode(nil, value, to)
		if err != nil || !bytes.Equal(inflated(t, to, raw), inflated(t, to, v.Raw)) {
			t.Errorf("%s %.200q as %v: stored %.200q, %v; want %.200q", v.From, v.Text, to, raw, err, v.Raw)
		}
		back, err := codec.Decode(v.Raw, codec.Stored(to), codec.Options{})
		if err != nil {
			t.Errorf("%.200q: %v", v.Raw, err)
			continue
		}
		form := codec.Form{Serializer: codec.Pickle, Protocol: v.PickleVersion, Compressor: codec.Compressor(v.Compressor)}
		old := form
		old.Protocol = 0
		if back.Form.Plain != codec.PlainInt && back.Form != form && !(v.PickleVersion == 1 && back.Form == old && len(v.Raw) < 30) {
			t.Errorf("%.200q is said to be %s", v.Raw, back.Form)
		}
		if got := string(back.Graph.AppendRepr(nil, back.Root, pyobj.Limits{})); got != v.Repr {
			t.Errorf("%.200q shown as %.200s, want %.200s", v.Raw, got, v.Repr)
		}
		same, err := codec.NewTranscoder(codec.Stored(to), to, codec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if out, changed, err := same.Transcode(nil, v.Raw); err != nil || changed {
			t.Errorf("%.200q transcoded to its own codec %v: %.200q, %v, %v", v.Raw, to, out, changed, err)
		}
	}
	t.Logf("%d values", n)
	if n < 1500 {
		t.Errorf("only %d values", n)
	}
}

func field(t *testing.T, line []byte, name string) string {
	g := pyobj.New()
	root, err := pyobj.ParseJSON(g, line)
	if err != nil {
		t.Fatal(err)
	}
	items := g.Items(root)
	for i := 0; i < len(items); i += 2 {
		if string(g.Data(items[i])) == name {
			return string(g.Data(items[i+1]))
		}
	}
	t.Fatalf("no %s in %s", name, line)
	return ""
}

// inflated is the content of a zlib value, which is what must be equal: the
// compressed bytes depend on the library.
func inflated(t *testing.T, c codec.Codec, raw []byte) []byte {
	t.Helper()
	if c.Compressor != codec.Zlib || len(raw) == 0 || raw[0] != 0x78 {
		return raw
	}
	r, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Errorf("%q: %v", raw, err)
		return raw
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("%q: %v", raw, err)
	}
	return content
}
