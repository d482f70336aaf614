package codec_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
)

// chain is a codec that writes by its first serializer and reads by all; names as in the
// settings of django-cachex.
func chain(serializers string, compressors ...codec.Compressor) codec.Codec {
	c := codec.Codec{Protocol: 5, Compressor: codec.None, Level: codec.DefaultLevel, Rules: codec.Rules{MinLength: 256, AnyMapKeys: true}}
	for i, name := range strings.Fields(serializers) {
		s, rust := codec.Serializer(name), false
		switch name {
		case "orjson":
			s, rust = codec.JSON, true
		case "ormsgpack":
			s, rust = codec.MsgPack, true
		}
		if i == 0 {
			c.Serializer, c.Rules.Rust = s, rust
		}
		c.Fallbacks = c.Fallbacks.Serializer(s, rust)
	}
	for i, k := range compressors {
		if i == 0 {
			c.Compressor = k
		}
		c.Fallbacks = c.Fallbacks.Compressor(k)
	}
	return c
}

func seen(v *codec.Value) string {
	return v.Form.String() + " " + string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{}))
}

// TestFallbacks: what any link reads is read, and what it becomes is the first one's.
func TestFallbacks(t *testing.T) {
	t.Parallel()
	const list = "\x80\x05\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01\x8c\x01a\x94e."
	const unwritten = "-" // the first link has no form for it
	for _, c := range []struct {
		chain, stored string
		read          string // "" where nothing reads it
		refused       bool
		becomes       string // "" where it stays
	}{
		{"pickle json", `[1, "a"]`, "json [1, 'a']", false, list},
		{"pickle json", "1.5", "json 1.5", false, "\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00G?\xf8\x00\x00\x00\x00\x00\x00."},
		{"pickle json", "NaN", "json nan", false, "\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00G\x7f\xf8\x00\x00\x00\x00\x00\x00."},
		{"pickle json msgpack", "\x92\x01\xa1a", "msgpack [1, 'a']", false, list},
		{"pickle msgpack", "\x80", "msgpack {}", false, "\x80\x05}\x94."},
		{"pickle json msgpack", list, "pickle:5 [1, 'a']", false, ""},
		{"json pickle", list, "pickle:5 [1, 'a']", false, `[1, "a"]`},
		{"json pickle", "(lp0\nI1\naVa\np1\na.", "pickle:0 [1, 'a']", false, `[1, "a"]`},
		{"json msgpack", "\x92\x01\xa1a", "msgpack [1, 'a']", false, `[1, "a"]`},
		{"msgpack json pickle", `{"a": null}`, "json {'a': None}", false, "\x81\xa1a\xc0"},
		{"msgpack json", "12", "int 12", false, ""},
		{"msgpack pickle", "\x0d", "msgpack 13", false, "13"},
		{"json orjson", `["NaN",NaN]`, "json ['NaN', nan]", false, `["NaN", NaN]`},
		{"orjson", `[NaN]`, "json [nan]", true, ""},
		{"orjson json", `[NaN]`, "json [nan]", false, unwritten},
		{"orjson", `[1180591620717411303424]`, "json [1180591620717411303424]", true, ""},
		{"orjson", `["\ud800"]`, `json ['\ud800']`, true, ""},
		{"orjson", `{"a": [1, "\u00e9"]}`, "json {'a': [1, 'é']}", false, `{"a":[1,"é"]}`},
		{"ormsgpack", "\x81\x01\x02", "msgpack {1: 2}", true, ""},
		{"ormsgpack msgpack", "\x81\x01\x02", "msgpack {1: 2}", false, unwritten},
		{"ormsgpack", "\xd4\x05\x01", "msgpack ext", true, ""},
		{"pickle", "\x92\x01\xa1a", "", false, ""},
		{"json msgpack", "\xc1", "", false, ""},
	} {
		codecs := chain(c.chain)
		v, err := codec.Decode([]byte(c.stored), codec.Stored(codecs), codec.Options{})
		if c.read == "" {
			if err == nil {
				t.Errorf("%s: %q is read as %s", c.chain, c.stored, seen(v))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %q: %v", c.chain, c.stored, err)
			continue
		}
		if got := seen(v); got != c.read && !(strings.HasSuffix(c.read, " ext") && strings.Contains(got, "ExtType")) || (v.Refused != nil) != c.refused {
			t.Errorf("%s: %q is read as %s, refused %v", c.chain, c.stored, got, v.Refused)
		}
		tr, err := codec.NewTranscoder(codec.Stored(codecs), codecs, codec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out, changed, err := tr.Transcode(nil, []byte(c.stored))
		switch {
		case c.refused:
			if err == nil && changed {
				t.Errorf("%s: %q, which is refused, became %q", c.chain, c.stored, out)
			}
		case err != nil:
			if c.becomes != unwritten {
				t.Errorf("%s: %q: %v", c.chain, c.stored, err)
			}
		case changed != (c.becomes != "") || changed && string(out) != c.becomes:
			t.Errorf("%s: %q became %q (%v), want %q", c.chain, c.stored, out, changed, c.becomes)
		}
	}
}

// What --to and --from say is one codec, read as the chain has it.
func TestFallbacksParse(t *testing.T) {
	t.Parallel()
	base := chain("pickle orjson msgpack", codec.Zlib, codec.Zstd)
	if got := base.Serializers(); !slices.Equal(got, []codec.Serializer{codec.Pickle, codec.JSON, codec.MsgPack}) {
		t.Errorf("it reads %v", got)
	}
	if got := base.Compressors(); !slices.Equal(got, []codec.Compressor{codec.Zlib, codec.Zstd}) {
		t.Errorf("it reads %v", got)
	}
	for spec, rust := range map[string]bool{"json": true, "msgpack": false, "5": false} {
		c, err := codec.Parse(spec, base)
		if err != nil || c.Rules.Rust != rust || c.Fallbacks != (codec.Fallbacks{}) || c.Compressor != codec.Zlib {
			t.Errorf("%s: %+v, %v", spec, c, err)
		}
	}
	if c, _ := codec.Parse("json", chain("json orjson")); c.Rules.Rust {
		t.Error("json before orjson is orjson")
	}
}

// TestOrjson writes what orjson 3.8.3 did, and refuses what it refused.
func TestOrjson(t *testing.T) {
	t.Parallel()
	to := chain("orjson")
	for literal, want := range map[string]string{
		"1.5": "1.5", "1e22": "1e22", "1e16": "1e16", "1e15": "1000000000000000.0", "123456789012345680.0": "1.2345678901234568e17",
		"1e-5": "0.00001", "1e-7": "1e-7", "1.25e-7": "1.25e-7", "0.0001": "0.0001", "5e-324": "5e-324", "1.7976931348623157e308": "1.7976931348623157e308",
		"-0.0": "-0.0", "-1e21": "-1e21", "100000.0": "100000.0", "0.1": "0.1", "3.0": "3.0", "1e999": "null",
		`'é€😀\x00\x1f\x7f\b\f\n\r\t"\\/'`:              `"é€😀\u0000\u001f` + "\x7f" + `\b\f\n\r\t\"\\/"`,
		"[18446744073709551615, -9223372036854775808]": "[18446744073709551615,-9223372036854775808]",
		"{'a': (1, 2), 'b': {}}":                       `{"a":[1,2],"b":{}}`,
		"True":                                         "true",
		"1180591620717411303424":                       "1180591620717411303424", // digits go past it
		"[18446744073709551616]":                       "",
		"{1: 2}":                                       "",
		"[b'x']":                                       "",
		`'\ud800'`:                                     "",
		strings.Repeat("[", 254) + strings.Repeat("]", 254): strings.Repeat("[", 254) + strings.Repeat("]", 254),
		strings.Repeat("[", 255) + strings.Repeat("]", 255): "",
	} {
		v, err := codec.FromLiteral([]byte(literal))
		if err != nil {
			if strings.HasPrefix(literal, "[[[") {
				continue // deeper than ast.literal_eval reads
			}
			t.Fatal(literal, err)
		}
		out, err := codec.Encode(nil, v, to)
		var e *codec.Error
		if want == "" && !errors.As(err, &e) || want != "" && (err != nil || string(out) != want) {
			t.Errorf("%.60s: %q, %v, want %q", literal, out, err, want)
		}
	}
	// NaN of other values is null, which is no float any more.
	nan := &codec.Value{Graph: pyobj.New()}
	nan.Root = nan.Graph.NewFloat(math.NaN())
	stored, err := codec.Encode(nil, nan, chain("pickle"))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := codec.NewTranscoder(codec.Stored(chain("orjson pickle")), to, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if out, changed, err := tr.Transcode(nil, stored); err == nil {
		t.Errorf("nan became %q, %v", out, changed)
	}
}
