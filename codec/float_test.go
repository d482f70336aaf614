package codec_test

import (
	"encoding/hex"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/scripts/trials"
)

var floatText = codec.Codec{Serializer: codec.Pickle, Protocol: 4, Compressor: codec.Zlib, Level: 6, Rules: codec.Rules{MinLength: 15, FloatText: true}}

// floatScript reads stored bytes in hexadecimal and answers with what a library that
// stores floats as text makes of them before its serializer is asked.
const floatScript = `
import json, sys
for line in sys.stdin:
    b = bytes.fromhex(json.loads(line))
    try:
        value = repr(int(b) if b.isdigit() else float(b))
    except ValueError:
        value = ""
    print(json.dumps(value), flush=True)
`

// TestFloatText reads what looks like numbers as Python does.
func TestFloatText(t *testing.T) {
	python := startPython(t, floatScript)
	r := trials.Rand(t)
	pieces := []string{"0", "1", "9", "007", "-", "+", ".", "e", "E5", "_", "inf", "Infinity", "nan", "NaN", " ", "\n", "\x0b", "x", "0x10", "1e308", "1e309", "\x00", "p", "12345678901234567890", "\u0661"}
	read := 0
	for range trials.Count(t, "CACHERING_FLOATS", 3000) {
		stored := ""
		for range 1 + r.IntN(5) {
			stored += pieces[r.IntN(len(pieces))]
		}
		var want string
		python.ask(hex.EncodeToString([]byte(stored)), &want)
		v, err := codec.Decode([]byte(stored), codec.Stored(floatText), codec.Options{})
		got := ""
		if err == nil && v.Form.Plain != "" {
			got = string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{}))
		}
		if got != want {
			t.Errorf("%q is read as %q, %v; Python reads %q", stored, got, err, want)
		}
		if want != "" {
			read++
		}
	}
	if read < 100 {
		t.Errorf("only %d of the texts are numbers", read)
	}
}

// TestFloatTextWritten: each value becomes what its library stores, and what it
// reads, to the byte, stays.
func TestFloatTextWritten(t *testing.T) {
	plainFloats := floatText
	plainFloats.Compressor = codec.None
	others := plainFloats
	others.Rules.FloatText = false
	for _, tt := range []struct {
		name, stored string
		from, to     codec.Codec
		want         string // "" if it stays
	}{
		{"text stays", "1.50", floatText, floatText, ""},
		{"a float without a dot stays", "-7", floatText, floatText, ""},
		{"so does one in blanks", " 12\n", floatText, floatText, ""},
		{"digits are an int", "007", floatText, floatText, "7"},
		{"a pickled float is read", "\x80\x04G?\xf8\x00\x00\x00\x00\x00\x00.", plainFloats, plainFloats, "\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00G?\xf8\x00\x00\x00\x00\x00\x00."},
		{"from MessagePack", "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", with(floatText, codec.MsgPack), floatText, "1.5"},
		{"to a library that pickles it", "1.5", floatText, others, "\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00G?\xf8\x00\x00\x00\x00\x00\x00."},
		{"to one that writes JSON", "+1_0.5", floatText, with(others, codec.JSON), "10.5"},
		{"what was written as an int is one elsewhere", "-7", floatText, others, ""},
		{"from JSON to text", "1.5", with(others, codec.JSON), floatText, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, err := codec.NewTranscoder(codec.Stored(tt.from), tt.to, codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out, changed, err := tr.Transcode(nil, []byte(tt.stored))
			if err != nil || string(out) != tt.want && tt.want != tt.stored || changed != (tt.want != "" && tt.want != tt.stored) {
				t.Errorf("%q became %q (changed %v), %v, want %q", tt.stored, out, changed, err, tt.want)
			}
		})
	}
	for literal, want := range map[string]string{"1.5": "1.5", "1e22": "1e+22", "1e-7": "1e-07", "-0.0": "-0.0", "1e999": "inf", "7": "7", "True": "\x80\x04\x88."} {
		v, err := codec.FromLiteral([]byte(literal))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := codec.Encode(nil, v, floatText); string(out) != want || err != nil {
			t.Errorf("%s is stored as %q, %v, want %q", literal, out, err, want)
		}
	}
	v, err := codec.Decode([]byte("1.5"), codec.Stored(others), codec.Options{})
	if err == nil {
		t.Errorf("a library that stores no such text reads %v", v.Form)
	}
}

func with(c codec.Codec, s codec.Serializer) codec.Codec {
	c.Serializer, c.Protocol = s, 0
	return c
}
