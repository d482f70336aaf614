package ring_test

import (
	"testing"

	"cachering/ring"
)

func TestKin(t *testing.T) {
	const md5OfK = "8ce4b16b22b58894aa86c421e8759df3"
	for _, tc := range []struct {
		name, function, key, stored string
		prefix, version             string
		ok                          bool
	}{
		{"own", "", "k", ":1:k", "", "1", true},
		{"other prefix", "", "k", "app:1:k", "app", "1", true},
		{"prefix with colons", "", "k", "a:7:b:2:k", "a:7:b", "2", true},
		{"negative version", "", "k", "a:-3:k", "a", "-3", true},
		{"colons in the key", "", "user:1:x", "a:2:user:1:x", "a", "2", true},
		{"glob in the key", "", "a*[b]", "p:1:a*[b]", "p", "1", true},
		{"line feed", "", "a\nb", "p\n:1:a\nb", "p\n", "1", true},
		{"not UTF-8 before the key", "", "k", "\xff:1:k", "\xff", "1", true},
		{"another key", "", "k", ":1:xk", "", "", false},
		{"a longer key", "", "k", ":1:k2", "", "", false},
		{"no version", "", "k", "app:k", "", "", false},
		{"versionless", "{prefix}:{key}", "k", "app:k", "app", "", true},
		{"hashed", "{prefix}:{version}:{key|md5}", "k", "x:2:" + md5OfK, "x", "2", true},
		{"key before version", "{prefix}/{key}@{version}", "k", "x/k@12", "x", "12", true},
		{"prefix twice", "{prefix}:{prefix}:{version}:{key}", "k", "x:x:1:k", "x", "1", true},
		{"prefix twice, unlike", "{prefix}:{prefix}:{version}:{key}", "k", "x:y:1:k", "", "", false},
		{"prefix behind", "{version}:{key}:{prefix}", "k", "4:k:x", "x", "4", true},
		{"no prefix", "{version}:{key}", "k", "4:k", "", "4", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ks, err := ring.NewKeyspace("conf", tc.function)
			if err != nil {
				t.Fatal(err)
			}
			kin, ok := ks.KinOf(tc.key)
			if !ok {
				t.Fatal("no kin")
			}
			prefix, version, ok := kin.Split([]byte(tc.stored))
			if string(prefix) != tc.prefix || string(version) != tc.version || ok != tc.ok {
				t.Errorf("got %q, %q, %v, want %q, %q, %v", prefix, version, ok, tc.prefix, tc.version, tc.ok)
			}
			if ok && !ring.Match([]byte(kin.Pattern), []byte(tc.stored)) {
				t.Errorf("pattern %q does not let %q through", kin.Pattern, tc.stored)
			}
		})
	}
	if _, ok := (ring.Keyspace{}).KinOf("\xff"); ok {
		t.Error("a key that is not UTF-8 has kin")
	}
}
