package ring_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cachering/ring"
)

func keyspace(t testing.TB, prefix, function string) ring.Keyspace {
	t.Helper()
	ks, err := ring.NewKeyspace(prefix, function)
	if err != nil {
		t.Fatal(err)
	}
	return ks
}

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		prefix, function, stored string
		key, version             string
		ok                       bool
	}{
		{"", "", ":1:user:42", "user:42", "1", true},
		{"", "", ":1:", "", "1", true},
		{"", "", ":-3:k", "k", "-3", true},
		{"", "", ":007:k", "k", "007", true},
		{"", "", ":99999999999999999999:k", "k", "99999999999999999999", true},
		{"", "", ":1", "", "", false},
		{"", "", "::k", "", "", false},
		{"", "", ":-:k", "", "", false},
		{"", "", ":+1:k", "", "", false},
		{"", "", ":1a:k", "", "", false},
		{"", "", ":1.0:k", "", "", false},
		{"", "", ":\u0661:k", "", "", false},
		{"", "", "p:1:k", "", "", false},
		{"", "", "", "", "", false},
		{"p", "", "p:1:k", "k", "1", true},
		{"p", "", "p", "", "", false},
		{"p", "", "pp:1:k", "", "", false},
		{"p", "", "p:1:2:k", "2:k", "1", true},
		{"p:1", "", "p:1:2:k", "k", "2", true},
		{"p*[x]", "", "p*[x]:1:k", "k", "1", true},
		{"p*[x]", "", "pzx:1:k", "", "", false},
		{"", "", ":1:\xff\x00\n", "\xff\x00\n", "1", true},
		{"p", "{prefix}:{key}", "p:a:b", "a:b", "", true},
		{"p", "{key}", "anything", "anything", "", true},
		{"p", "{prefix}/{key}@v{version}", "p/a@v1@v2", "a@v1", "2", true},
		{"p", "{prefix}/{key}@v{version}", "p/a@v-2", "a", "-2", true},
		{"p", "{prefix}/{key}@v{version}", "p/a@v", "", "", false},
		{"p", "{key}0{version}", "a05", "", "5", true}, // the key could end before 0 or not
		{"p", "{version}0:{key}", "10:k", "k", "1", true},
		{"p", "{version}0:{key}", "100:k", "k", "10", true},
		{"p", "{version}0:{key}", "0:k", "", "", false},
		{"p", "{version}{key}", "12", "", "1", true},
		{"p", "x{version}:{key}y", "x1:ky", "k", "1", true},
		{"p", "x{version}:{key}y", "x1:k", "", "", false},
		{"p", "{prefix}:{version}:{key|md5}", "p:1:900150983cd24fb0d6963f7d28e17f72", "", "1", true},
		{"p", "{prefix}:{version}:{key|md5}", "p:1:900150983CD24FB0D6963F7D28E17F72", "", "", false},
		{"p", "{prefix}:{version}:{key|md5}", "p:1:900150983cd24fb0d6963f7d28e17f7", "", "", false},
		{"p", "{version}{key|md5}", "12900150983cd24fb0d6963f7d28e17f72", "", "12", true},
		{"p", "{key|md5}{version}", "900150983cd24fb0d6963f7d28e17f72-1", "", "-1", true},
		{"p", "{key|sha1}", "a9993e364706816aba3e25717850c26c9cd0d89d", "", "", true},
	} {
		ks := keyspace(t, test.prefix, test.function)
		key, version, ok := ks.Split([]byte(test.stored))
		if string(key) != test.key || string(version) != test.version || ok != test.ok {
			t.Errorf("prefix %q %s: %q: got key %q, version %q, %v, want %q, %q, %v",
				test.prefix, ks.Function(), test.stored, key, version, ok, test.key, test.version, test.ok)
		}
	}
}

func TestKeyspace(t *testing.T) {
	for _, test := range []struct {
		function                      string
		versioned, hashed, reversible bool
		stored, pattern, patternOfAll string
	}{
		{"", true, false, true, "p*:2:k", `p\*:2:a?*`, `p\*:*:a?*`},
		{"{prefix}:{version}:{key}", true, false, true, "p*:2:k", `p\*:2:a?*`, `p\*:*:a?*`},
		{"{prefix}:{key}", false, false, true, "p*:k", `p\*:a?*`, `p\*:a?*`},
		{"{key}[{version}]", true, false, true, "k[2]", `a?*\[2\]`, `a?*\[*\]`},
		{"{key}-{version}", true, false, false, "k-2", `a?*\-2`, `a?*\-*`},
		{"{version}{key}", true, false, false, "2k", `2a?*`, `*a?*`},
		{"{version}:{key|sha1}", true, true, false, "2:13fbd79c3d390e5d6585a21e11ff5ec1970cff0c", "", ""},
	} {
		ks := keyspace(t, "p*", test.function)
		if ks.Versioned() != test.versioned || ks.Hashed() != test.hashed || ks.Reversible() != test.reversible {
			t.Errorf("%s: got versioned %v, hashed %v, reversible %v", test.function, ks.Versioned(), ks.Hashed(), ks.Reversible())
		}
		if got := ks.Stored("k", 2); got != test.stored {
			t.Errorf("%s: got stored key %q, want %q", test.function, got, test.stored)
		}
		if test.hashed {
			continue
		}
		if got := ks.Pattern("a?*", 2); got != test.pattern {
			t.Errorf("%s: got pattern %q, want %q", test.function, got, test.pattern)
		}
		if got := ks.PatternAll("a?*"); got != test.patternOfAll {
			t.Errorf("%s: got pattern of all %q, want %q", test.function, got, test.patternOfAll)
		}
	}
	for _, function := range []string{
		"x", "{prefix}:{version}", "{prefix}:{key", "key}", "{Key}", "{key|md4}", "{key|}", "{prefix|md5}:{key}", "{version|md5}{key}",
		"{key}{key}", "{version}{version}{key}", "{}{key}", "{{key}}", "{ key }",
	} {
		_, err := ring.NewKeyspace("p", function)
		var bad *ring.TemplateError
		if !errors.As(err, &bad) {
			t.Errorf("%s: got %v, want a TemplateError", function, err)
		}
	}
}

// FuzzSplit: taking a stored key apart gives what it was made of, for every key
// function that claims so, and every stored key is of its own key space.
func FuzzSplit(f *testing.F) {
	f.Add("", "", "user:42", int64(1))
	f.Add("p:1", "{prefix}:{version}:{key}", ":2:x", int64(-7))
	f.Add("p", "{key}/{version}", "a/1", int64(0))
	f.Add("9", "{version}{prefix}:{key}", "1:", int64(9))
	f.Add("-", "{key}{prefix}0{version}", "1-0", int64(-1))
	f.Add("{", "{key|md5}{version}{prefix}", "}", int64(12))
	f.Add("", "{prefix}{version}:{key|sha256}", "\xff", int64(1)<<62)
	f.Add("", "__fresh__{key}", "__fresh__", int64(1))
	f.Fuzz(func(t *testing.T, prefix, function, key string, version int64) {
		ks, err := ring.NewKeyspace(prefix, function)
		if err != nil {
			t.Skip()
		}
		stored := []byte(ks.Stored(key, version))
		gotKey, gotVersion, ok := ks.Split(stored)
		if !ok {
			t.Fatalf("%q %q: %q is foreign", prefix, function, stored)
		}
		if ks.Reversible() && string(gotKey) != key {
			t.Errorf("%q %q: %q: got key %q, want %q", prefix, function, stored, gotKey, key)
		}
		// A version found where the key hides it may be cut short.
		if want := fmt.Sprint(version); ks.Versioned() && (ks.Reversible() || ks.Hashed()) && string(gotVersion) != want {
			t.Errorf("%q %q: %q: got version %q, want %s", prefix, function, stored, gotVersion, want)
		}
		if !ks.Hashed() {
			for _, pattern := range []string{ks.Pattern(ring.EscapeGlob(key), version), ks.Pattern("*", version), ks.PatternAll("*")} {
				if !ring.Match([]byte(pattern), stored) {
					t.Errorf("%q %q: pattern %q does not find %q", prefix, function, pattern, stored)
				}
			}
		}
		if !bytes.Equal(stored, []byte(ks.Stored(key, version))) {
			t.Error("splitting changed the stored key")
		}
	})
}

func TestClassify(t *testing.T) {
	newest, old := ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"}, ring.SideKeys{Lock: "_lock"}
	for _, test := range []struct {
		side             ring.SideKeys
		prefix, function string
		stored           string
		kind             ring.Kind
		main             string
	}{
		{newest, "", "", ":1:k", ring.Entry, ":1:k"},
		{newest, "", "", "__fresh__:1:k", ring.Fresh, ":1:k"},
		{newest, "", "", "__lock__:1:k", ring.Lock, ":1:k"},
		{newest, "", "", "_lock:1:k", ring.Foreign, ""},
		{newest, "", "", "__fresh__p:1:k", ring.Foreign, ""},
		{newest, "p", "", "__fresh__p:1:k", ring.Fresh, "p:1:k"},
		{newest, "", "", ":1:__fresh__:1:k", ring.Entry, ":1:__fresh__:1:k"},
		{newest, "__fresh__", "", "__fresh__:1:k", ring.Entry, "__fresh__:1:k"},
		{newest, "__fresh__", "", "__fresh____fresh__:1:k", ring.Fresh, "__fresh__:1:k"},
		{newest, "", "{key}", "__fresh__k", ring.Fresh, "k"},
		{old, "", "", "_lock:1:k", ring.Lock, ":1:k"},
		{old, "", "", "__fresh__:1:k", ring.Foreign, ""},
		{ring.SideKeys{}, "", "", "_lock:1:k", ring.Foreign, ""},
		{ring.SideKeys{}, "", "", "__fresh__:1:k", ring.Foreign, ""},
		{ring.SideKeys{}, "", "", ":1:k", ring.Entry, ":1:k"},
	} {
		kind, main := test.side.Classify(keyspace(t, test.prefix, test.function), []byte(test.stored))
		if kind != test.kind || string(main) != test.main {
			t.Errorf("%+v prefix %q: %q: got %d of %q, want %d of %q", test.side, test.prefix, test.stored, kind, main, test.kind, test.main)
		}
	}
}

// TestHome: what is hashed for a stored key, told by owners.
func TestHome(t *testing.T) {
	var servers []ring.Server
	for i := range 50 { // so many that an equal owner is no accident
		servers = append(servers, ring.Server{Label: fmt.Sprint("server ", i)})
	}
	digest := fmt.Sprintf("p:1:%x", md5.Sum([]byte("k")))
	for _, test := range []struct {
		name             ring.Name
		prefix, function string
		stored           string
		text             string
		err              error
	}{
		{ring.RedisCache, "p", "", "p:1:k", "p:1:k", nil},
		{ring.RedisCache, "p", "", "__fresh__p:1:k", "p:1:k", nil},
		{ring.RedisCache, "p", "", "__lock__p:1:k", "__lock__p:1:k", nil},
		{ring.RedisCache, "p", "", "biglock", "biglock", nil},
		{ring.RedisCache, "p", "", "__fresh__biglock", "__fresh__biglock", nil},
		{ring.RedisCache, "p", "{prefix}:{version}:{key|md5}", digest, digest, nil},
		{ring.RedisCache15, "p", "", "p:1:a:b", "a:b", nil},
		{ring.RedisCache15, "p", "", "p:22:a:b", "a:b", nil},
		{ring.RedisCache15, "p", "", "_lockp:1:a:b", "a:b", nil},
		{ring.RedisCache15, "p", "", "p:1:_lockp:1:a:b", "_lockp:1:a:b", nil},
		{ring.RedisCache15, "p", "", "q:1:a:b", "", ring.ErrForeign},
		{ring.RedisCache12, "p", "{prefix}:{version}:{key|md5}", digest, "", ring.ErrOneWay},
		{ring.RedisCache10, "", "", ":1:", "", nil},
		{ring.RedisCache10x32, "", "", ":1:k", "k", nil},
		{ring.Dredis, "p", "", "__fresh__p:1:k", "__fresh__p:1:k", nil},
		{ring.DjangoRedis, "p", "", "p:1:{a}b", "p:1:{a}b", nil},
		{ring.DjangoRedis, "{x}", "", "{x}:1:k", "x", nil},
		{ring.DjangoRedis33, "", "", ":1:{a}{b}", "b", nil},
		{ring.DjangoRedis33, "", "", ":1:{}k", "", nil},
	} {
		r, err := ring.New(test.name, servers)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if test.err == nil {
			want = r.OwnerString(test.text)
			if test.name == ring.DjangoRedis && strings.Contains(test.text, "{") {
				want = r.OwnerString(string(ring.HashTag([]byte(test.text))))
			}
		}
		got, err := r.Home(keyspace(t, test.prefix, test.function), []byte(test.stored))
		if got != want || !errors.Is(err, test.err) {
			t.Errorf("%s: %q: got %d, %v, want %d, %v", test.name, test.stored, got, err, want, test.err)
		}
	}
	// A hashing key function hides the bare key of stored keys, not of keys.
	r, err := ring.New(ring.RedisCache15, servers)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.HomeOf(keyspace(t, "p", "{key|md5}"), "k", 1), r.OwnerString("k"); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

// A glob of stored keys is told from one of keys by prefix and version.
func TestSplitPattern(t *testing.T) {
	for _, c := range []struct {
		prefix, function, glob, key, version string
		ok                                   bool
	}{
		{"shop", "", "shop:1:views:*", "views:*", "1", true},
		{"shop", "", "shop:-3:*", "*", "-3", true},
		{"shop", "", "shop:*:views", "views", "*", true},
		{"shop", "", "shop:[12]:v", "v", "[12]", true},
		{"shop", "", "shop:1:", "", "1", true},
		{"shop", "", "shop:views:*", "", "", false},
		{"shop", "", "shop::*", "", "", false},
		{"shop", "", "shop*", "", "", false},
		{"shop", "", "shop:1", "", "", false},
		{"", "", ":1:a:b", "a:b", "1", true},
		{"", "", "1:a", "", "", false},
		{"a-b*", "", `a\-b\*:1:x`, "x", "1", true},
		{"a-b", "", `a-b:1:x`, "x", "1", true},
		{"p", "{prefix}-{version}-{key}", "p-1-x*", "x*", "1", true},
		{"p", "{prefix}.{key}", "p.x*", "x*", "", true},
		{"p", "{key}", "x*", "", "", false},
		{"p", "{prefix}-{version}-{key|md5}", "p-1-*", "", "", false},
	} {
		ks := keyspace(t, c.prefix, c.function)
		key, version, ok := ks.SplitPattern(c.glob)
		if ok != c.ok || ok && (key != c.key || version != c.version) {
			t.Errorf("%q %q: %q: got %q, %q, %t; want %q, %q, %t", c.prefix, c.function, c.glob, key, version, ok, c.key, c.version, c.ok)
		}
	}
}
