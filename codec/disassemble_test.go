package codec_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"cachering/codec"
)

func TestDisassemble(t *testing.T) {
	from := codec.Stored(codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol, Compressor: codec.None})
	// pickle.dumps("hi", 2), also through zlib.compress of Python 3.11
	plain := "\x80\x02X\x02\x00\x00\x00hiq\x00."
	packed := "x\x9ck`\x8a`b``\xc8\xc8,d\xd0\x03\x00\x0e\xd1\x02M"
	for _, tc := range []struct {
		name, stored, path string
		opcodes            int
		kind               codec.Kind
	}{
		{"pickle", plain, "pickle:2", 4, ""},
		{"compressed", packed, "pickle:2+zlib", 4, ""},
		{"cut", plain[:len(plain)-1], "pickle:2", 3, "truncated"},
		{"integer", "42", "int", 0, codec.KindNumber},
	} {
		var out bytes.Buffer
		path, err := codec.Disassemble(&out, []byte(tc.stored), from, codec.Options{})
		var e *codec.Error
		if errors.As(err, &e) != (tc.kind != "") || e != nil && e.Kind != tc.kind {
			t.Errorf("%s: got error %v, want kind %q", tc.name, err, tc.kind)
		}
		if n := strings.Count(out.String(), "\n"); path.String() != tc.path || n != tc.opcodes {
			t.Errorf("%s: got %s with %d opcodes, want %s with %d\n%s", tc.name, path, n, tc.path, tc.opcodes, &out)
		}
	}
	path, err := codec.Disassemble(&bytes.Buffer{}, []byte(`{"a": 1}`), codec.Stored(codec.Codec{Serializer: codec.JSON}), codec.Options{})
	if path.String() != "json" || err == nil || err.Error() != "stored as json: there are no opcodes" {
		t.Errorf("JSON: got %s, %v", path, err)
	}
}
