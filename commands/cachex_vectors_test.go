package commands_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/codec/vectors"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/ring"
	"cachering/scripts/trials"
)

// cachexVector is what django-cachex stored; testdata/stored/README.md tells of it.
type cachexVector struct {
	Release    string `json:"release"`
	Serializer string `json:"serializer"`
	Compressor string `json:"compressor"`
	Prefix     string `json:"key_prefix"`
	Version    int64  `json:"version"`
	Asked      *int64 `json:"version_arg"`
	Key        any    `json:"key"`
	Kind       string `json:"kind"`
	StoredKey  []byte `json:"stored_key_b64"`
	Stored     []byte `json:"stored_b64"`
	Pickle2    []byte `json:"value_pickle2_b64"`
	Literal    string `json:"value_literal"`
	Repr       string `json:"value_repr"`
	ReadBack   string `json:"read_back_repr"`
	ReadError  string `json:"read_back_error"`
	WriteError string `json:"write_error"`
	Equal      bool   `json:"round_trip_equal"`
}

// kinds are what a spread of the vectors has each of.
func (v cachexVector) kinds() []string {
	return []string{v.Repr, v.Release + v.Serializer + v.Compressor}
}

// cachexClasses are the classes of a release.
func cachexClasses(release, serializer, compressor string) (string, string) {
	old := release < "0.4"
	class := map[string]string{"pickle": "pickle.PickleSerializer", "json": "json.JsonSerializer", "msgpack": "msgpack.MsgpackSerializer"}[serializer]
	if old {
		class = map[string]string{"pickle": "pickle.PickleSerializer", "json": "json.JSONSerializer", "msgpack": "msgpack.MessagePackSerializer"}[serializer]
	}
	name := strings.ToUpper(compressor[:1]) + compressor[1:]
	if old && compressor == "zstd" {
		name = "ZStd"
	}
	return "django_cachex.serializers." + class, "django_cachex.compressors." + compressor + "." + name + "Compressor"
}

// cachexConfig describes the application that made a vector, which ran on CPython 3.12
// whatever its release wants.
func cachexConfig(addr string, v cachexVector) string {
	serializer, compressor := cachexClasses(v.Release, v.Serializer, v.Compressor)
	text := fmt.Sprintf(`[caches.default]
backend = "django_cachex.cache.ValkeyCache"
release = %q
location = "unix://%s?db=1"
key_prefix = %q
version = %d
[caches.default.options]
python = "3.12"
serializer = %q
`, v.Release, addr, v.Prefix, v.Version, serializer)
	if v.Compressor != "none" {
		text += fmt.Sprintf("compressor = %q\n", compressor)
	}
	return text
}

func cachexVectors(t *testing.T) (values, keys []cachexVector) {
	for _, v := range vectors.Read[cachexVector](t, "../testdata/stored/django-cachex.jsonl.gz") {
		if v.Kind == "key" {
			keys = append(keys, v)
		} else {
			values = append(values, v)
		}
	}
	if len(values) < 1000 || len(keys) < 80 {
		t.Fatalf("only %d values and %d keys", len(values), len(keys))
	}
	return values, keys
}

// unpacked is what a stored value of a compressor holds: compressed bytes differ from one
// release of a compression library to the next.
func unpacked(t *testing.T, stored []byte) string {
	t.Helper()
	v, err := codec.Decode(stored, codec.Stored(codec.Codec{}), codec.Options{})
	if err == nil && v.Form.Compressor != codec.None && v.Serialized != nil {
		return string(v.Form.Compressor) + string(v.Serialized)
	}
	for _, c := range []codec.Serializer{codec.JSON, codec.MsgPack} {
		v, err := codec.Decode(stored, codec.Stored(codec.Codec{Serializer: c}), codec.Options{})
		if err == nil && v.Form.Plain == "" && v.Form.Compressor != codec.None {
			out, err := codec.Encode(nil, v, codec.Codec{Serializer: c, Compressor: codec.None, Rules: codec.Rules{AnyMapKeys: true}})
			if err != nil {
				t.Fatal(err)
			}
			return string(v.Form.Compressor) + string(out)
		}
	}
	return string(stored)
}

// TestCachexVectors has get show what django-cachex read back, set store what it stored,
// and reinsert leave that alone, and make it of a pickle by another protocol: a spread of
// the vectors, or all with CACHERING_WHOLE.
func TestCachexVectors(t *testing.T) {
	t.Parallel()
	values, _ := cachexVectors(t)
	server := redistest.RunT(t)
	client, ctx := server.Client(1), context.Background()
	configs := map[string]string{}
	for _, v := range trials.Cover(t, values, cachexVector.kinds) {
		if v.WriteError != "" {
			continue
		}
		name := fmt.Sprint(v.Release, v.Serializer, v.Compressor, v.Prefix, v.Version)
		if configs[name] == "" {
			configs[name] = filepath.Join(t.TempDir(), "cachering.toml")
			if err := os.WriteFile(configs[name], []byte(cachexConfig(server.Addr, v)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		at := fmt.Sprintf("%s %s+%s %.60s", v.Release, v.Serializer, v.Compressor, v.Repr)
		run := func(words ...string) (int, string, string) {
			return programtest.InProcess("", append([]string{"-c", configs[name], "-q"}, words...)...)
		}
		stored := func() []byte {
			raw, err := client.Get(ctx, string(v.StoredKey)).Bytes()
			if err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			return raw
		}
		put := func(raw []byte) {
			if err := client.Set(ctx, string(v.StoredKey), raw, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		key := fmt.Sprint(v.Key)

		put(v.Stored)
		code, stdout, stderr := run("get", "--", key)
		rewritten := v.Serializer == "msgpack" && len(v.Stored) == 1 && v.Stored[0] < 0x80 // a number, and digits from then on
		switch damaged := strings.HasPrefix(string(v.Stored), "<"); {
		case damaged && (code == 0 || !strings.Contains(stderr, "damaged: repr of a Python object")):
			t.Errorf("%s: get: exit code %d, %s, %s", at, code, stdout, stderr)
		case damaged:
		case code != 0, v.ReadError == "" && !sameRepr(stdout, v.ReadBack+"\n"):
			t.Errorf("%s: get: exit code %d, %s\ngot  %swant %s", at, code, stderr, stdout, v.ReadBack)
		}

		if code, stdout, stderr := run("reinsert", "--yes", "--json"); code != 0 && v.ReadError == "" || !bytes.Equal(stored(), v.Stored) && !(rewritten && string(stored()) == v.ReadBack) {
			t.Errorf("%s: reinsert: exit code %d, %s%s: %q became %q", at, code, stdout, stderr, v.Stored, stored())
		}

		if v.Literal != "" && v.ReadError == "" && !bytes.Contains(v.Pickle2, []byte("SafeString")) {
			if code, _, stderr := run("set", "--from", "literal", "--ttl", "none", "--", key, v.Literal); code != 0 {
				t.Errorf("%s: set: exit code %d, %s", at, code, stderr)
			} else if got, want := unpacked(t, stored()), unpacked(t, v.Stored); got != want && !sameValue(t, stored(), v.Stored) {
				t.Errorf("%s: set stored\n%q, want\n%q", at, got, want)
			}
		}

		// A pickle that another library left there, and what django-cachex would have
		// stored of it; what comes back as something else is not written.
		if (v.Serializer == "pickle" || v.Equal) && v.Repr[0] != '<' && v.Repr != "inf" {
			put(v.Pickle2)
			_, stdout, stderr := run("reinsert", "--yes", "--json")
			got, want := unpacked(t, stored()), unpacked(t, v.Stored)
			if pickled := len(v.Stored) > 0 && bytes.Trim(v.Stored, "-0123456789") == nil; !pickled && got != want && !sameValue(t, stored(), v.Stored) {
				t.Errorf("%s: reinsert of its pickle gave %q, want %q\n%s%s", at, got, want, stdout, stderr)
			}
		}
	}
}

// sameRepr compares two reprs: the vectors have the begin of a long one, and that of the
// value itself for an object.
func sameRepr(got, want string) bool {
	switch want = strings.TrimSuffix(want, "\n"); {
	case strings.HasPrefix(want, "<Color."):
		return strings.Contains(got, "Color")
	case strings.HasPrefix(want, "'<b>"):
		return strings.Contains(got, want)
	case len(want) >= 300:
		return strings.HasPrefix(got, want[:290])
	}
	return got == want+"\n"
}

// sameValue: pickles of an object differ in what was memoized.
func sameValue(t *testing.T, a, b []byte) bool {
	t.Helper()
	show := func(data []byte) string {
		for _, s := range []codec.Serializer{codec.Pickle, codec.JSON, codec.MsgPack} {
			if v, err := codec.Decode(data, codec.Stored(codec.Codec{Serializer: s, Rules: codec.Rules{AnyMapKeys: true}}), codec.Options{}); err == nil {
				return v.Form.String() + string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{}))
			}
		}
		return string(data)
	}
	return show(a) == show(b)
}

// TestCachexKeys: the stored keys are those of the library, of every key and version.
func TestCachexKeys(t *testing.T) {
	t.Parallel()
	_, keys := cachexVectors(t)
	for _, v := range keys {
		ks := ring.Keyspace{Prefix: v.Prefix}
		version := v.Version
		if v.Asked != nil {
			version = *v.Asked
		}
		key := fmt.Sprint(v.Key)
		if f, ok := v.Key.(float64); ok {
			key = strconv.FormatFloat(f, 'f', -1, 64)
		}
		if got := ks.Stored(key, version); got != string(v.StoredKey) {
			t.Errorf("%q, prefix %q, version %d: %q, want %q", key, v.Prefix, version, got, v.StoredKey)
		}
		back, number, ok := ks.Split(v.StoredKey)
		if !ok || string(back) != key || string(number) != strconv.FormatInt(version, 10) {
			t.Errorf("%q is split into %q, %q, %v", v.StoredKey, back, number, ok)
		}
	}
}
