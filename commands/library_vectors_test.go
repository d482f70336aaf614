package commands_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/codec/vectors"
	"cachering/commands/internal/config"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// libraryVector is a value as a library stores it, and what it makes of that again;
// testdata/stored says how the vectors were made.
type libraryVector struct {
	Library    string
	Release    string
	Serializer string
	Compressor string
	Prefix     string `json:"key_prefix"`
	Version    int64
	Key        any
	StoredKey  []byte `json:"stored_key_b64"`
	Stored     []byte `json:"stored_b64"`
	Literal    string `json:"value_literal"` // of ast.literal_eval
	Pickle     []byte `json:"value_pickle2_b64"`
	Repr       string `json:"value_repr"`
	Read       string `json:"read_back_repr"` // up to 300 characters
	ReadError  string `json:"read_back_error"`
	WriteError string `json:"write_error"`
	VersionArg *int64 `json:"version_arg"`
}

// setting is what the vectors of one cache share.
type setting struct{ library, release, serializer, compressor, prefix string }

func (v libraryVector) setting() setting {
	return setting{v.Library, v.Release, v.Serializer, v.Compressor, v.Prefix}
}

// text is the description of a cache of the setting.
func (s setting) text(addr string, version int64) string {
	backend := map[string]string{
		"django-valkey": "django_valkey.cache.ValkeyCache", "django-redis": "django_redis.cache.RedisCache",
		"django-core": "django.core.cache.backends.redis.RedisCache", "django-vcache": "django_vcache.backend.ValkeyCache",
	}[s.library]
	protocol := 4
	compressor, serializer := s.compressor, strings.TrimRight(s.serializer, "25")
	switch {
	case s.serializer == "pickle2":
		protocol = 2
	case s.library == "django-core", s.library == "django-vcache":
		protocol = 5
	}
	if compressor == "identity" {
		compressor = "none"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[caches.default]\nbackend = %q\nlocation = %q\nkey_prefix = %q\nversion = %d\n", backend, "unix://"+addr+"?db=0", s.prefix, version)
	switch s.library {
	case "django-core":
		fmt.Fprintf(&b, "options = { python = \"3.12\", pickle_version = %d }\n", protocol)
		return b.String()
	case "django-vcache":
		fmt.Fprintf(&b, "release = \"0.9\"\noptions = { python = \"3.12\", compressor = %q }\n", compressor)
		return b.String()
	}
	fmt.Fprintf(&b, "release = %q\n[caches.default.options]\npython = \"3.12\"\n", s.release)
	if s.serializer != "-" {
		fmt.Fprintf(&b, "serializer = %q\ncompressor = %q\n", serializer, compressor)
		if s.prefix != "" && compressor != "none" {
			b.WriteString("compress_min_length = 100\ncompress_level = 9\n") // as these were made
		}
		if serializer == "pickle" {
			fmt.Fprintf(&b, "pickle_version = %d\n", protocol)
		}
	}
	return b.String()
}

func (s setting) cache(t *testing.T, addr string, version int64) *config.Cache {
	t.Helper()
	f, errs := config.Parse("c.toml", s.text(addr, version), func(string) string { return "" })
	if len(errs) > 0 {
		t.Fatalf("%+v: %v", s, errs[0])
	}
	return f.Caches[0]
}

func readLibraries(t *testing.T, names ...string) map[setting][]libraryVector {
	t.Helper()
	all := map[setting][]libraryVector{}
	for _, name := range names {
		for _, v := range vectors.Read[libraryVector](t, "../testdata/stored/"+name+".jsonl.gz") {
			all[v.setting()] = append(all[v.setting()], v)
		}
	}
	return all
}

// wants is what the library reads, as far as the vector tells it.
func (v libraryVector) wants() string {
	switch {
	case v.Read != "" || v.ReadError != "":
		return v.Read
	case v.Literal != "":
		return v.Literal
	}
	return v.Repr
}

// shows tells whether a repr is what the library reads.
func (v libraryVector) shows(repr string) bool {
	want := v.wants()
	if v.Repr == "'<b>hi</b>'" && v.Serializer[0] == 'p' {
		want = "SafeString(" + v.Repr + ")" // a str by its repr
	}
	if strings.HasPrefix(want, "<Color.RED") {
		want = "Color(1)"
	}
	return repr == want || len([]rune(want)) == 300 && strings.HasPrefix(repr, want)
}

func reprOf(v *codec.Value) string { return string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{})) }

// What the libraries store is read as they read it, and refused where they do;
// rewritten to what they read it is the same value, and so is what is rewritten from
// pickles to what they store.
func TestLibraryVectors(t *testing.T) {
	for s, list := range readLibraries(t, "django-valkey", "django-redis", "django", "django-vcache") {
		name := fmt.Sprint(s)
		cache := s.cache(t, "/redis.sock", list[0].Version)
		plainly := codec.Codec{Serializer: codec.Pickle, Protocol: 4, Compressor: codec.None}
		if s.library == "django-valkey" && s.release >= "0.2" {
			plainly.Rules.FloatText = true
		}
		out, err := codec.NewTranscoder(codec.Stored(cache.Codec), plainly, codec.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		in, err := codec.NewTranscoder(codec.Stored(codec.Codec{Serializer: codec.Pickle, Compressor: codec.None}), cache.Codec, codec.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same, err := codec.NewTranscoder(codec.Stored(cache.Codec), cache.Codec, codec.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, v := range list {
			at := fmt.Sprintf("%s %.40s %.40q", name, v.Repr, v.Stored)
			if v.WriteError == "" {
				r := reader.Of(cache, v.StoredKey, v.Stored)
				switch {
				case v.ReadError != "":
					if r.Cause == reader.Read {
						t.Errorf("%s: read, but the library says %s", at, v.ReadError)
					}
				case r.Cause != reader.Read:
					t.Errorf("%s: %s, %s", at, r.Cause, r.Why)
				case !v.shows(reprOf(r.Value)):
					t.Errorf("%s: read as %.60s, want %.60s", at, reprOf(r.Value), v.wants())
				}
				again, changed, err := same.Transcode(nil, v.Stored)
				if changed && v.ReadError == "" {
					if a, err := codec.Decode(again, codec.Stored(cache.Codec), codec.Options{}); err != nil || !v.shows(reprOf(a)) || v.Repr != "<Color.RED: 1>" && s.compressor != "gzip" && s.compressor != "lzma" {
						t.Errorf("%s: rewritten to %.60q, %v", at, again, err)
					}
				}
				if err != nil && v.ReadError == "" {
					t.Errorf("%s: not rewritten: %v", at, err)
				}
				if v.ReadError == "" {
					p, changed, err := out.Transcode(nil, v.Stored)
					if !changed {
						p = v.Stored
					}
					if err != nil {
						t.Errorf("%s to pickle: %v", at, err)
					} else if a, err := codec.Decode(p, codec.Stored(plainly), codec.Options{}); err != nil || !v.shows(reprOf(a)) {
						t.Errorf("%s to pickle: %.60q, %v", at, p, err)
					}
				}
			}
			if len(v.Pickle) == 0 {
				continue
			}
			out, changed, err := in.Transcode(nil, v.Pickle)
			if !changed {
				out = v.Pickle
			}
			lossy := v.ReadError != "" || v.WriteError != "" || s.serializer == "json" || s.serializer == "msgpack"
			if err != nil {
				if !lossy {
					t.Errorf("%s from pickle: %v", at, err)
				}
				continue
			}
			a, err := codec.Decode(out, codec.Stored(cache.Codec), codec.Options{})
			if err != nil || v.WriteError == "" && v.ReadError == "" && !v.shows(reprOf(a)) && reprOf(a) != v.Repr {
				t.Errorf("%s from pickle: %.60q, %v", at, out, err)
			}
		}
	}
}

// kinds are what a spread of the vectors has each of: the value, and the setting.
func (v libraryVector) kinds() []string { return []string{v.Repr, fmt.Sprint(v.setting())} }

// get shows what the libraries read, and set stores what they store: a spread of the
// vectors, or all with CACHERING_WHOLE.
func TestLibraryCommands(t *testing.T) {
	t.Parallel()
	server := redistest.RunT(t)
	client, ctx := server.Client(0), context.Background()
	file := filepath.Join(t.TempDir(), "c.toml")
	var all []libraryVector
	for _, list := range readLibraries(t, "django-valkey", "django-redis", "django", "django-vcache") {
		for _, v := range list {
			if v.Literal != "" && v.ReadError == "" && v.Repr != "'<b>hi</b>'" { // a SafeString
				all = append(all, v)
			}
		}
	}
	for _, v := range trials.Cover(t, all, libraryVector.kinds) {
		at := fmt.Sprintf("%v %.60s", v.setting(), v.Literal)
		if err := os.WriteFile(file, []byte(v.setting().text(server.Addr, v.Version)), 0o600); err != nil {
			t.Fatal(err)
		}
		cache := v.setting().cache(t, server.Addr, v.Version)
		code, _, stderr := programtest.InProcess("", "-c", file, "set", "--from", "literal", "--", v.Key.(string), v.Literal)
		if v.WriteError != "" {
			if code == 0 {
				t.Errorf("%s: stored, but the library says %s", at, v.WriteError)
			}
			continue
		}
		if code != 0 {
			t.Errorf("%s: set: exit code %d, %s", at, code, stderr)
			continue
		}
		raw, err := client.Get(ctx, string(v.StoredKey)).Bytes()
		if err != nil {
			t.Errorf("%s: %q: %v", at, v.StoredKey, err)
			continue
		}
		got, err := codec.Decode(raw, codec.Stored(cache.Codec), codec.Options{})
		want, werr := codec.Decode(v.Stored, codec.Stored(cache.Codec), codec.Options{})
		if err != nil || werr != nil || got.Form != want.Form || reprOf(got) != reprOf(want) ||
			want.Form.Compressor == codec.None && !bytes.Equal(raw, v.Stored) && !strings.Contains(v.Literal, "rows") { // which shares its strings
			t.Errorf("%s: stored as %.60q, want %.60q, %v, %v", at, raw, v.Stored, err, werr)
		}
		if err := client.Set(ctx, string(v.StoredKey), v.Stored, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if code, stdout, stderr := programtest.InProcess("", "-c", file, "get", "--", v.Key.(string)); code != 0 || !v.shows(strings.TrimSuffix(stdout, "\n")) {
			t.Errorf("%s: get: exit code %d, %s%s", at, code, stdout, stderr)
		}
	}
}

// Keys are stored as the libraries store them.
func TestLibraryKeys(t *testing.T) {
	for s, list := range readLibraries(t, "keys") {
		for _, v := range list {
			cache := s.cache(t, "/redis.sock", v.Version)
			version := v.Version
			if v.VersionArg != nil {
				version = *v.VersionArg
			}
			key := fmt.Sprint(v.Key)
			if text, is := v.Key.(string); is {
				key = text
			}
			if got := cache.Keyspace.Stored(key, version); got != string(v.StoredKey) {
				t.Errorf("%v: %q of version %d is stored as %q, want %q", s, key, version, got, v.StoredKey)
			}
		}
	}
}
