package codec_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
)

// serializeScript answers a literal with what json.dumps and msgpack.dumps make
// of its value, null where they refuse or msgpack is not there.
const serializeScript = `
import ast, base64, json, sys
try: import msgpack
except ImportError: msgpack = None
for line in sys.stdin:
    job = json.loads(line)
    value = ast.literal_eval(job["text"]) if job["from"] == "literal" else json.loads(job["text"])
    answer = {"json": base64.b64encode(json.dumps(value).encode()).decode() if job["plain"] else None, "msgpack": None, "missing": msgpack is None}
    try:
        if msgpack: answer["msgpack"] = base64.b64encode(msgpack.dumps(value)).decode()
    except Exception: pass
    print(json.dumps(answer), flush=True)
`

func TestSerializeLikePython(t *testing.T) {
	p := startPython(t, serializeScript)
	gen := newTextGen(t)
	texts := []string{`"hello"`, `true`, `null`, `1.5`, `{"a": 1}`, `[1, "a"]`, `"\u007f\u0080\ud800x\ud83d\ude00\b\f"`, `[-1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649, -9223372036854775808]`,
		`[0, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, 9223372036854775807, 9223372036854775808, 18446744073709551615]`, `[18446744073709551616]`,
		`["` + strings.Repeat("x", 31) + `", "` + strings.Repeat("x", 32) + `", "` + strings.Repeat("x", 255) + `", "` + strings.Repeat("x", 256) + `", "` + strings.Repeat("x", 65536) + `"]`,
		"[" + strings.Repeat("1, ", 14) + "1]", "[" + strings.Repeat("1, ", 15) + "1]", "[" + strings.Repeat("1, ", 70000) + "1]"}
	for i := range 1500 {
		texts = append(texts, gen.jsonText(1+i%4))
	}
	missing, compared := false, map[string]int{}
	for _, text := range texts {
		v, err := codec.FromJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if v.Graph.Kind(v.Root) == pyobj.Int {
			continue
		}
		var want struct {
			JSON, MsgPack *string
			Missing       bool
		}
		p.ask(map[string]any{"from": "json", "text": text, "plain": true}, &want)
		missing = want.Missing
		for name, out := range map[string]*string{"json": want.JSON, "msgpack": want.MsgPack} {
			got, err := codec.Encode(nil, v, mustParse(t, name))
			var e *codec.Error
			switch {
			case err != nil && (!errors.As(err, &e) || e.Kind != codec.KindUnrepresentable):
				t.Errorf("%.200s as %s: %v", text, name, err)
			case err != nil && name == "json" && !strings.Contains(text, "N") && !strings.Contains(text, "Infinity") && !strings.Contains(text, "1e400"):
				t.Errorf("%.200s as json: %v", text, err)
			case err != nil && name == "msgpack" && out != nil && !missing:
				t.Errorf("%.200s as msgpack: %v", text, err)
			case err != nil:
				continue
			case out != nil && b64(got) != *out:
				b, _ := base64.StdEncoding.DecodeString(*out)
				t.Errorf("%.200s as %s:\n got %.200q\nwant %.200q", text, name, got, b)
			default:
				compared[name]++
			}
			back, err := codec.Decode(got, codec.Stored(mustParse(t, name)), codec.Options{})
			if err != nil || back.Form.String() != name {
				t.Errorf("%.200q: %v", got, err)
				continue
			}
			a, b := v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{}), back.Graph.AppendRepr(nil, back.Root, pyobj.Limits{})
			if !bytes.Equal(a, b) {
				t.Errorf("%.200s as %s is read back as %.200s", a, name, b)
			}
		}
	}
	t.Logf("%v values compared", compared)
	if missing {
		t.Log("msgpack: not compared with Python, which has no msgpack (python3-msgpack)")
	}
}

// What a format cannot hold exactly is refused where a stored value is rewritten, with
// the place.
func TestSerializeRefuses(t *testing.T) {
	for _, c := range []struct{ literal, json, msgpack string }{
		{"{'user': [{'tags': (1,)}]}", "$.user[0].tags: tuple has no JSON form", "$.user[0].tags: tuple has no MessagePack form"},
		{"{'a b': {1}}", "$['a b']: set has no JSON form", "$['a b']: set has no MessagePack form"},
		{"[b'x']", "$[0]: bytes has no JSON form", ""},
		{"{1: 2}", "$[1]: a dict key of type int has no JSON form", "$[1]: a dict key of type int has no MessagePack form"},
		{"{'a': [{None: 2}]}", "$.a[0][None]: a dict key of type None has no JSON form", "$.a[0][None]: a dict key of type None has no MessagePack form"},
		{"[{True: 2}]", "$[0][True]: a dict key of type bool has no JSON form", "$[0][True]: a dict key of type bool has no MessagePack form"},
		{"{b'': {1.5: 2}}", "$[b'']: a dict key of type bytes has no JSON form", "$[b''][1.5]: a dict key of type float has no MessagePack form"},
		{"{(1,): 2}", "$[(1,)]: a dict key of type tuple has no JSON form", "$[(1,)]: a dict key of type tuple has no MessagePack form"},
		{"[1e400]", "$[0]: inf has no JSON form", ""},
		{"[18446744073709551616]", "", "$[0]: an int beyond 64 bits has no MessagePack form"},
		{"[-9223372036854775809]", "", "$[0]: an int beyond 64 bits has no MessagePack form"},
		{"['\\ud800']", "", "$[0]: a str with a lone surrogate has no MessagePack form"},
		{"['\\ud83d\\ude00']", "$[0]: a str with a surrogate pair in two halves has no JSON form", "$[0]: a str with a lone surrogate has no MessagePack form"},
		{"[1j]", "$[0]: complex has no JSON form", "$[0]: complex has no MessagePack form"},
		{"[" + strings.Repeat("[", 190) + strings.Repeat("]", 190) + "]", "", ""},
	} {
		v, err := codec.FromLiteral([]byte(c.literal))
		if err != nil {
			t.Fatal(err)
		}
		pickled, err := codec.Encode(nil, v, mustParse(t, "pickle:4"))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"json": c.json, "msgpack": c.msgpack} {
			tr, err := codec.NewTranscoder(codec.Stored(mustParse(t, "pickle:4")), mustParse(t, name), codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := tr.Transcode([]byte("kept"), pickled)
			if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil || err != nil && out != nil {
				t.Errorf("%.100s as %s: %.40q, %s; want %s", c.literal, name, out, got, want)
			}
		}
	}
	g := pyobj.New()
	list := g.NewList(g.NewInt(1))
	twice := &codec.Value{Graph: g, Root: g.NewList(list, list)}
	loop := g.NewList()
	g.Append(loop, loop)
	for _, name := range []string{"json", "msgpack"} {
		if _, err := codec.Encode(nil, twice, mustParse(t, name)); err == nil || !strings.HasPrefix(err.Error(), "$[1]: a list that occurs twice") {
			t.Errorf("a shared list as %s: %v", name, err)
		}
		if _, err := codec.Encode(nil, &codec.Value{Graph: g, Root: loop}, mustParse(t, name)); err == nil || !strings.HasPrefix(err.Error(), "$[0]: a list that contains itself") {
			t.Errorf("a cycle as %s: %v", name, err)
		}
	}
}

func TestTranscodeSerializers(t *testing.T) {
	const dict2 = "\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s."
	for _, c := range []struct{ name, from, to, stored, want string }{
		{"JSON to pickle", "json", "pickle:2", `{"a": 1}`, dict2},
		{"pickle to JSON", "pickle", "json", dict2, `{"a": 1}`},
		{"pickle to JSON, compressed", "pickle", "json+zlib", dict2, deflated(t, `{"a": 1}`, 6)},
		{"MessagePack to pickle", "msgpack", "pickle:2", "\x81\xa1a\x01", dict2},
		{"pickle to MessagePack", "pickle", "msgpack", dict2, "\x81\xa1a\x01"},
		{"JSON to MessagePack", "json", "msgpack", `[1, "a"]`, "\x92\x01\xa1a"},
		{"JSON as others write it", "json", "json", `{"a":1,"é":[ ]}`, `{"a": 1, "\u00e9": []}`},
		{"JSON already", "json", "json", `{"a": 1}`, ""},
		{"NaN stays", "json", "json", `[NaN, Infinity, -Infinity]`, ""},
		{"old MessagePack", "msgpack", "pickle:3", "\xa2\xff\xfe", "\x80\x03C\x02\xff\xfeq\x00."},
		{"float of 32 bits", "msgpack", "pickle:1", "\xca\x3f\xc0\x00\x00", "G\x3f\xf8\x00\x00\x00\x00\x00\x00."},
	} {
		tr := newTranscoder(t, c.from, c.to, codec.Options{})
		for range 2 {
			out, changed, err := tr.Transcode(nil, []byte(c.stored))
			if err != nil || changed != (c.want != "") || !bytes.Equal(inflated(t, mustParse(t, c.to), out), inflated(t, mustParse(t, c.to), []byte(c.want))) {
				t.Errorf("%s: %q, %v, %v; want %q", c.name, out, changed, err, c.want)
			}
		}
	}
	// The whole pipeline of a cache that changed its serializer: what the
	// configuration says, what it said before, and what is being written.
	for _, configured := range []string{"json", "msgpack", "pickle:5"} {
		for _, to := range []string{"json", "msgpack", "pickle:4+zlib"} {
			tr, err := codec.NewTranscoder(codec.Stored(mustParse(t, configured)), mustParse(t, to), codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, serializer := range []string{configured, "pickle:0", "pickle:2", "pickle:5", to} {
				v, err := codec.FromJSON([]byte(`{"a": [1, 2.5, null], "b": "x"}`))
				if err != nil {
					t.Fatal(err)
				}
				stored, err := codec.Encode(nil, v, mustParse(t, serializer))
				if err != nil {
					t.Fatal(err)
				}
				out, changed, err := tr.Transcode(nil, stored)
				if err != nil || changed == (serializer == to) {
					t.Errorf("a %s cache to %s: %q: %v, %v", configured, to, stored, changed, err)
				}
				if !changed {
					out = stored
				}
				if _, changed, err := tr.Transcode(nil, out); changed || err != nil {
					t.Errorf("a %s cache to %s again: %q: %v, %v", configured, to, out, changed, err)
				}
			}
			if out, changed, err := tr.Transcode(nil, []byte("42")); changed || err != nil {
				t.Errorf("an integer to %s: %q, %v", to, out, err)
			}
		}
	}
}

// An int of a cache is its digits, in no serializer and under no compressor: as
// MessagePack 49 would be "1", which every library reads as the int 1.
func TestTranscodeStoredInt(t *testing.T) {
	for _, from := range []struct{ codec, stored string }{{"pickle", "\x80\x02K1."}, {"pickle+zlib", deflated(t, "\x80\x02K1.", 6)}, {"yaml", "49\n...\n"}} {
		for _, to := range []string{"msgpack", "msgpack+zlib", "json", "json+bz2", "yaml+zlib", "dummy"} {
			tr, err := codec.NewTranscoder(codec.Stored(mustParse(t, from.codec)), mustParse(t, to), codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out, changed, err := tr.Transcode(nil, []byte(from.stored))
			if err != nil || !changed || string(out) != "49" {
				t.Errorf("%q to %s: %q, %v, %v", from.stored, to, out, changed, err)
			}
		}
	}
	// A file of MessagePack is nothing else.
	if out, _, err := newTranscoder(t, "pickle", "msgpack", codec.Options{}).Transcode(nil, []byte("\x80\x02K1.")); err != nil || string(out) != "1" {
		t.Errorf("%q, %v", out, err)
	}
}

// What msgpack.loads(raw=False) of msgpack 1.0 and later refuses is shown, and it
// is said that the library does not read it; so is a dict that it reads only where
// it is told to.
func TestDecodeMsgPackRefused(t *testing.T) {
	for _, c := range []struct {
		stored, shown, refused string
		anyKeys                bool // makes no difference where it is false
	}{
		{"\x81\xa1a\x81\xc4\x01b\x01", "{'a': {b'b': 1}}", "", false},
		{"\x81\x01\xa1x", "{1: 'x'}", "msgpack: byte 1: a dict key of type int, which msgpack 1.0 and later refuse", true},
		{"\x92\x01\x81\xa1a\x81\xc0\x01", "[1, {'a': {None: 1}}]", "msgpack: byte 6: a dict key of type None, which msgpack 1.0 and later refuse", true},
		{"\x82\xc3\x01\xcb?\xf8\x00\x00\x00\x00\x00\x00\x01", "{True: 1, 1.5: 1}", "msgpack: byte 1: a dict key of type bool, which msgpack 1.0 and later refuse", true},
		{"\x91\xa1\xff", "[b'\\xff']", "msgpack: byte 1: a str that is not UTF-8, which msgpack 1.0 and later refuse", false},
	} {
		for _, any := range []bool{false, true} {
			as := mustParse(t, "msgpack")
			as.Rules.AnyMapKeys = any
			v, err := codec.Decode([]byte(c.stored), codec.Stored(as), codec.Options{})
			if err != nil {
				t.Errorf("%q: %v", c.stored, err)
				continue
			}
			if shown := string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{})); shown != c.shown {
				t.Errorf("%q is shown as %s", c.stored, shown)
			}
			want := c.refused
			if c.anyKeys && any {
				want = ""
			}
			if got := v.Refused; (got == nil) != (want == "") || got != nil && (got.Error() != want || got.Kind != codec.KindUnrepresentable) {
				t.Errorf("%q, any keys: %v: %v; want %s", c.stored, any, got, want)
			}
			again, err := codec.Encode(nil, v, as)
			if (err == nil) != (want == "" || c.refused != "" && !c.anyKeys) {
				t.Errorf("%q, any keys: %v, again: %q, %v", c.stored, any, again, err)
			}
		}
	}
	// Another serializer may hold what this one does not read.
	out, _, err := newTranscoder(t, "msgpack", "pickle:2", codec.Options{}).Transcode(nil, []byte("\x81\x01\xa1x"))
	if want := "\x80\x02}q\x00K\x01X\x01\x00\x00\x00xq\x01s."; err != nil || string(out) != want {
		t.Errorf("%q, %v", out, err)
	}
}

func TestDecodeMsgPackRefuses(t *testing.T) {
	for _, c := range []struct {
		name, stored string
		kind         codec.Kind
	}{
		{"nothing", "", "truncated"},
		{"cut str", "\xa5hell", "truncated"},
		{"a list of 4 G items", "\xdd\xff\xff\xff\xff\x01", "truncated"},
		{"a map of 4 G items", "\xdf\xff\xff\xff\xff\x01\x01", "truncated"},
		{"4 GB of bytes", "\xc6\xff\xff\xff\xffx", "truncated"},
		{"bytes after it", "\x91\x01\x02", codec.KindTrailing},
		{"text", "hello", codec.KindTrailing},
		{"no value", "\xc1", codec.KindUnknown},
		{"a timestamp of two bytes", "\xd5\xff\x00\x00", codec.KindUnknown},
		{"an extension of a code below zero", "\xd4\xfe\x00", codec.KindUnrepresentable},
		{"4 GB of an extension", "\xc9\xff\xff\xff\xff\x05x", "truncated"},
		{"a list as key", "\x81\x90\x01", "unhashable"},
		{"deep", strings.Repeat("\x91", 600) + "\x01", codec.KindTooLarge},
	} {
		_, err := codec.Decode([]byte(c.stored), codec.Fixed(mustParse(t, "msgpack")), codec.Options{})
		var e *codec.Error
		if !errors.As(err, &e) || e.Kind != c.kind {
			t.Errorf("%s: %v; want %s", c.name, err, c.kind)
		}
	}
}

// TestBuiltinCalls: what Django REST framework stores for its lists and dicts is a call of the builtin type, and the value of
// that call in every format but pickle, where it stays as it was written.
func TestBuiltinCalls(t *testing.T) {
	p := startPython(t, showScript)
	var made struct{ Out []string }
	p.ask("ReturnList([ReturnDict(id=1, tags=ReturnList(['a']))])", &made)
	for protocol, out := range made.Out {
		data, err := base64.StdEncoding.DecodeString(out)
		if err != nil {
			t.Fatal(err)
		}
		for to, want := range map[string]string{
			"json":    `[{"id": 1, "tags": ["a"]}]`,
			"msgpack": "\x91\x82\xa2id\x01\xa4tags\x91\xa1a",
			"yaml":    "- id: 1\n  tags:\n  - a\n",
		} {
			got, _, err := newTranscoder(t, "stored", to, codec.Options{}).Transcode(nil, data)
			if err != nil || string(got) != want {
				t.Errorf("protocol %d to %s: %q, %v", protocol, to, got, err)
			}
		}
		got, changed, err := newTranscoder(t, "stored", "pickle:2", codec.Options{}).Transcode(nil, data)
		if !changed {
			got = data
		}
		if err != nil || bytes.Count(got, []byte("R")) != 3 {
			t.Errorf("protocol %d to pickle: %q, %v", protocol, got, err)
		}
	}
}
