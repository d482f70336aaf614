package codec_test

import (
	"bytes"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
)

// TestRules writes and rewrites values at the thresholds of the libraries. A
// pickle of protocol 4 holds a short text in 15 bytes more than the text has.
func TestRules(t *testing.T) {
	none := codec.Codec{Serializer: codec.Pickle, Protocol: 4, Compressor: codec.None}
	zlib := func(r codec.Rules) codec.Codec {
		return codec.Codec{Serializer: codec.Pickle, Protocol: 4, Compressor: codec.Zlib, Level: 6, Rules: r}
	}
	encode := func(v *codec.Value, c codec.Codec) []byte {
		t.Helper()
		out, err := codec.Encode([]byte("before"), v, c)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.TrimPrefix(out, []byte("before"))
	}
	for _, tt := range []struct {
		name   string
		length int // serialized
		unlike bool
		rules  codec.Rules
		packed bool
	}{
		{"always", 20, false, codec.Rules{}, true},
		{"at the threshold", 40, false, codec.Rules{MinLength: 40}, false},
		{"above the threshold", 41, false, codec.Rules{MinLength: 40}, true},
		{"larger than before", 41, true, codec.Rules{MinLength: 40}, true},
		{"not smaller", 41, true, codec.Rules{MinLength: 40, OnlySmaller: true}, false},
		{"smaller", 141, false, codec.Rules{MinLength: 40, OnlySmaller: true}, true},
		{"under both", 40, false, codec.Rules{MinLength: 40, OnlySmaller: true}, false},
	} {
		text := strings.Repeat("a", tt.length-15)
		if tt.unlike {
			text = "q8Z!k2#Lw0@xR7$vN4%bT9^m"[:tt.length-15-2] + "é" // é has two bytes
		}
		v := codec.FromText([]byte(text))
		plain := encode(v, none)
		if len(plain) != tt.length {
			t.Fatalf("%s: the pickle has %d bytes, want %d", tt.name, len(plain), tt.length)
		}
		want := zlib(tt.rules)
		stored := encode(v, want)
		if packed := stored[0] == 0x78; packed != tt.packed {
			t.Errorf("%s: stored as %q", tt.name, stored)
		}
		// Whatever it was before, it becomes what the library would store, and
		// then stays so.
		for _, before := range [][]byte{plain, encode(v, zlib(codec.Rules{})), encode(v, codec.Codec{Serializer: codec.Pickle, Protocol: 2, Compressor: codec.BZ2, Level: codec.DefaultLevel})} {
			tr, err := codec.NewTranscoder(codec.Stored(want), want, codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out, changed, err := tr.Transcode([]byte("x"), before)
			if err != nil {
				t.Fatal(err)
			}
			if !changed {
				out = append([]byte("x"), before...)
			}
			if !bytes.Equal(out[1:], stored) || changed == bytes.Equal(before, stored) {
				t.Errorf("%s: %q became %q (changed %v), want %q", tt.name, before, out, changed, stored)
			}
			if _, changed, err := tr.Transcode(nil, stored); changed || err != nil {
				t.Errorf("%s: %q did not stay: %v", tt.name, stored, err)
			}
		}
	}
}

// TestSerializeInts: django-dredis-cache pickles an int, and gives digits back
// as text.
func TestSerializeInts(t *testing.T) {
	c := codec.Codec{Serializer: codec.Pickle, Compressor: codec.None, Rules: codec.Rules{SerializeInts: true, TextDigits: true}}
	v, err := codec.FromJSON([]byte("42"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := codec.Encode(nil, v, c)
	if string(out) != "I42\n." || err != nil {
		t.Errorf("42 is stored as %q, %v", out, err)
	}
	for stored, want := range map[string]string{"I42\n.": "pickle:0 42", "42": "text '42'"} {
		v, err := codec.Decode([]byte(stored), codec.Stored(c), codec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Form.String() + " " + string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{})); got != want {
			t.Errorf("%q is read as %s, want %s", stored, got, want)
		}
		tr, err := codec.NewTranscoder(codec.Stored(c), c, codec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if out, changed, err := tr.Transcode(nil, []byte(stored)); changed || err != nil {
			t.Errorf("%q became %q, %v", stored, out, err)
		}
	}
}

// TestParseKeepsRules: --to changes the codec, not the library.
func TestParseKeepsRules(t *testing.T) {
	rules := codec.Rules{MinLength: 15, OnlySmaller: true, SerializeInts: true}
	for _, spec := range []string{"5", "pickle+zlib:9", "pickle:2+none"} {
		c, err := codec.Parse(spec, codec.Codec{Serializer: codec.Pickle, Rules: rules})
		if err != nil || c.Rules != rules {
			t.Errorf("%s: %+v, %v", spec, c, err)
		}
	}
}
